//! The one order in which both nodes read the notices of a pair of areas.

use std::cmp::Ordering;

use super::fact::Fact;

/// Puts facts between two areas into the order that both of their nodes come to: each channel by its
/// sequence; of two on opposite channels first the one that the other's node had stored; and where
/// neither had the other's, first the one of the lower area code.
///
/// The order of any two that are there does not hang on what else has come, as long as what came
/// before each on its channel is there: which a channel without gaps sees to.
pub fn in_order(mut facts: Vec<Fact>) -> Vec<Fact> {
    facts.sort_by(|a, b| {
        let channels = (a.channel, a.sequence);
        channels.cmp(&(b.channel, b.sequence))
    });
    let lower = facts.first().map(|fact| fact.channel);
    let (ours, theirs): (Vec<_>, Vec<_>) = facts
        .into_iter()
        .partition(|fact| Some(fact.channel) == lower);
    let mut ordered = Vec::with_capacity(ours.len().saturating_add(theirs.len()));
    let (mut ours, mut theirs) = (ours.into_iter().peekable(), theirs.into_iter().peekable());
    loop {
        let next = match (ours.peek(), theirs.peek()) {
            (Some(a), Some(b)) => match first(a, b) {
                Ordering::Less | Ordering::Equal => ours.next(),
                Ordering::Greater => theirs.next(),
            },
            (Some(_), None) => ours.next(),
            (None, _) => theirs.next(),
        };
        match next {
            Some(fact) => ordered.push(fact),
            None => return ordered,
        }
    }
}

/// Which of two on opposite channels comes first.
fn first(a: &Fact, b: &Fact) -> Ordering {
    match (b.saw(a), a.saw(b)) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        // Each before the other is what no two honest nodes tell.
        (false, false) | (true, true) => a.channel.from.cmp(&b.channel.from),
    }
}
