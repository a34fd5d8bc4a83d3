//! Settling, holding, ending, adopting: what changes places of a channel after they were given.

use super::{
    keys,
    places::sequence_at_end,
    stage::{Stage, StageError},
    state::OutState,
};
use crate::{
    domain::{
        channel::{Channel, Sequence},
        problem::Code,
        receipt::{Outcome, VoidReason},
    },
    store::{
        journal::record::{
            AdoptedIn, AdoptedOut, Direction, Ended, Record, Requeued, Settled, StopReason, Stopped,
        },
        verb::{self, Adopted, Holdings, Settlement},
    },
    trust::chain::chain,
};

/// Settles the places that a receipt answers. A repeat changes nothing.
pub(crate) fn settle(
    stage: &mut Stage<'_>,
    settlement: Settlement,
) -> Result<verb::Settled, StageError> {
    let Settlement {
        receipt,
        evidence,
        at_ms,
    } = settlement;
    let channel = receipt.channel;
    let Some(out) = stage.state.outs.get(&channel).cloned() else {
        return stop(
            stage,
            channel,
            receipt.first,
            StopReason::PeerNonsense,
            at_ms,
        );
    };
    let last = receipt.last();
    if last <= out.settled {
        return Ok(verb::Settled::Upto(out.settled));
    }
    if receipt.first > out.settled.next() || last > out.last {
        return stop(
            stage,
            channel,
            receipt.first,
            StopReason::PeerNonsense,
            at_ms,
        );
    }
    let skip = out.settled.next().since(receipt.first);
    let places = stage
        .places
        .range(Direction::Out, channel, out.settled.next(), last)?;
    let outcomes: Vec<Outcome> = receipt
        .outcomes
        .into_iter()
        .skip(usize::try_from(skip).unwrap_or(usize::MAX))
        .collect();
    let mut head = out.settled_head;
    for (place, outcome) in places.iter().zip(&outcomes) {
        head = chain(head, place.digest);
        if *outcome == Outcome::Voided && place.exception.ended.is_none() {
            return stop(
                stage,
                channel,
                place.sequence,
                StopReason::PeerNonsense,
                at_ms,
            );
        }
    }
    if places.len() != outcomes.len() || head != receipt.head {
        return stop(stage, channel, last, StopReason::HeadDiffers, at_ms);
    }
    stage.push(Record::Settled(Settled {
        channel,
        first: out.settled.next(),
        outcomes,
        head,
        at_ms,
        evidence,
    }))?;
    Ok(verb::Settled::Upto(last))
}

/// Turns an unanswered place into a void from now on. A place that has its answer stays.
pub(crate) fn end(
    stage: &mut Stage<'_>,
    channel: Channel,
    sequence: Sequence,
    reason: VoidReason,
    code: Option<Code>,
    at_ms: i64,
) -> Result<bool, StageError> {
    let Some(out) = stage.state.outs.get(&channel) else {
        return Ok(false);
    };
    if sequence <= out.settled || sequence > out.last {
        return Ok(false);
    }
    let key = keys::exception(Direction::Out, channel, sequence);
    if let Some(value) = stage.projection.get(&key)? {
        let exception = keys::Exception::decode(&value).map_err(super::index::IndexError::from)?;
        let ended_for_good = exception.ended.is_some_and(|(before, _)| {
            before != VoidReason::OnHold || reason == VoidReason::OnHold
        });
        if ended_for_good {
            return Ok(false);
        }
    }
    stage.push(Record::Ended(Ended {
        channel,
        sequence,
        reason,
        at_ms,
        code,
    }))?;
    Ok(true)
}

/// Sends again, behind the others, what waits for an agreement.
pub(crate) fn release(stage: &mut Stage<'_>, channel: Channel) -> Result<u64, StageError> {
    let prefix = keys::holds(channel);
    let mut waiting = Vec::new();
    for entry in stage.places.index.from(&prefix, &prefix) {
        let (key, _) = entry?;
        // An earlier release of the same group may have taken it.
        if stage.projection.get(&key)?.is_some() {
            waiting.push(sequence_at_end(&key));
        }
    }
    let mut released = 0u64;
    for left in waiting {
        if requeue(stage, channel, left)? {
            released = released.saturating_add(1);
        }
    }
    Ok(released)
}

/// Stops a channel, or lets it go on.
pub(crate) fn set_stop(
    stage: &mut Stage<'_>,
    channel: Channel,
    direction: Direction,
    stop: Option<(StopReason, Sequence)>,
    at_ms: i64,
) -> Result<(), StageError> {
    let standing = match direction {
        Direction::Out => stage.state.outs.get(&channel).map(|out| out.stop),
        Direction::In => stage.state.ins.get(&channel).map(|it| it.stop),
    };
    let standing = standing.flatten().map(|stop| (stop.reason, stop.sequence));
    if standing != stop {
        stage.push(Record::Stopped(Stopped {
            channel,
            direction,
            reason: stop.map(|(reason, _)| reason),
            sequence: stop.map_or(Sequence::ZERO, |(_, sequence)| sequence),
            at_ms,
        }))?;
    }
    Ok(())
}

/// Takes over what the peer holds, and numbers this node's own unanswered notices behind it.
/// What both hold alike is settled with the peer's outcomes.
pub(crate) fn adopt_out(stage: &mut Stage<'_>, holdings: Holdings) -> Result<Adopted, StageError> {
    let Holdings {
        channel,
        origin,
        places,
        head,
        at_ms,
    } = holdings;
    let out = stage
        .state
        .outs
        .get(&channel)
        .cloned()
        .unwrap_or_else(|| OutState::new(origin));
    let own = stage
        .places
        .range(Direction::Out, channel, out.settled.next(), out.last)?;
    let alike = own
        .iter()
        .zip(&places)
        .take_while(|(own, theirs)| {
            own.digest == theirs.digest
                && (theirs.outcome != Outcome::Voided || own.exception.ended.is_some())
        })
        .count();
    let (same, foreign) = places.split_at(alike);
    // Own places that are no longer in the channel, and are neither ended nor held by the peer.
    let mut renumber = Vec::new();
    for place in own.iter().skip(alike) {
        let ended_for_good = place
            .exception
            .ended
            .is_some_and(|(reason, _)| reason != VoidReason::OnHold);
        if place.exception.moved_to.is_none() && !ended_for_good {
            renumber.push(place.sequence);
        }
    }
    let mut requeued = Vec::new();
    for place in own.iter().skip(alike) {
        if renumber.contains(&place.sequence)
            && let Some(placed) = &place.record
        {
            let published = stage.places.published(placed)?;
            requeued.push((
                place.sequence,
                published.facts.id,
                place.digest,
                placed.position,
                place.exception.origin,
            ));
        }
    }
    let mut head_before = out.settled_head;
    for place in same {
        head_before = chain(head_before, place.digest);
    }
    if let (Some(first), false) = (same.first(), same.is_empty()) {
        stage.push(Record::Settled(Settled {
            channel,
            first: first.sequence,
            outcomes: same.iter().map(|place| place.outcome.clone()).collect(),
            head: head_before,
            at_ms,
            evidence: bytes::Bytes::new(),
        }))?;
    }
    let taken_over = foreign.len() as u64;
    if foreign.is_empty() {
        set_stop(stage, channel, Direction::Out, None, at_ms)?;
        return Ok(Adopted::default());
    }
    stage.push(Record::AdoptedOut(AdoptedOut {
        channel,
        holdings: foreign.to_vec(),
        head_before,
        head,
        at_ms,
    }))?;
    let renumbered = requeued.len() as u64;
    for (left, id, digest, position, origin) in requeued {
        // What the peer already holds under that id need not come again.
        if foreign.iter().any(|holding| holding.id == Some(id)) {
            continue;
        }
        let sequence = next_of(stage, channel);
        stage.push(Record::Requeued(Requeued {
            channel,
            sequence,
            id,
            digest,
            left,
            origin: origin.unwrap_or(position),
        }))?;
    }
    Ok(Adopted {
        taken_over,
        renumbered,
    })
}

/// Records the operator's decision to ask for lost notices once more.
pub(crate) fn adopt_in(
    stage: &mut Stage<'_>,
    channel: Channel,
    disowned: Sequence,
    statement: bytes::Bytes,
    at_ms: i64,
) -> Result<(), StageError> {
    stage.push(Record::AdoptedIn(AdoptedIn {
        channel,
        disowned,
        statement,
        at_ms,
    }))?;
    Ok(())
}

/// Gives the notice at `left` a new place behind the others.
fn requeue(stage: &mut Stage<'_>, channel: Channel, left: Sequence) -> Result<bool, StageError> {
    let places = stage.places.range(Direction::Out, channel, left, left)?;
    let Some(place) = places.into_iter().next() else {
        return Ok(false);
    };
    let Some(placed) = place.record else {
        return Ok(false);
    };
    let published = stage.places.published(&placed)?;
    let sequence = next_of(stage, channel);
    stage.push(Record::Requeued(Requeued {
        channel,
        sequence,
        id: published.facts.id,
        digest: place.digest,
        left,
        origin: place.exception.origin.unwrap_or(placed.position),
    }))?;
    Ok(true)
}

fn next_of(stage: &Stage<'_>, channel: Channel) -> Sequence {
    stage
        .state
        .outs
        .get(&channel)
        .map_or(Sequence::new(1), |out| out.last.next())
}

fn stop(
    stage: &mut Stage<'_>,
    channel: Channel,
    sequence: Sequence,
    reason: StopReason,
    at_ms: i64,
) -> Result<verb::Settled, StageError> {
    set_stop(
        stage,
        channel,
        Direction::Out,
        Some((reason, sequence)),
        at_ms,
    )?;
    Ok(verb::Settled::Stopped(reason))
}
