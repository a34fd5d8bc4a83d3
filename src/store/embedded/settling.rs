//! Settling, holding, ending, adopting: what changes places of a channel after they were given.

use std::collections::BTreeMap;

use super::{
    keys,
    leases::Leases,
    places::{Place, sequence_at_end},
    stage::{Stage, StageError},
    state::OutState,
    under_way::Claimed,
};
use crate::{
    domain::{
        channel::{Channel, Digest, Sequence},
        notice::NoticeId,
        problem::Code,
        receipt::{Outcome, VoidReason},
    },
    store::{
        journal::record::{
            AdoptedIn, AdoptedOut, Direction, Ended, Position, Record, Requeued, Settled,
            StopReason, Stopped,
        },
        verb::{self, Adopted, Holdings, Lease, NotNow, Settlement},
    },
    trust::chain::chain,
};

/// Settles the places that a receipt answers. A repeat changes nothing.
pub(crate) fn settle(
    stage: &mut Stage<'_>,
    leases: &Leases,
    lease: Lease,
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
    let first = out.settled.next();
    let head_behind = |places: &[Claimed]| {
        let digests = places.iter().map(|place| place.digest);
        digests.fold(out.settled_head, chain)
    };
    // What does not fit may be remembered wrongly; what stands in the journal decides.
    let remembered = leases.answered(lease, first, last);
    let places = match remembered.filter(|places| head_behind(places) == receipt.head) {
        Some(places) => places,
        None => {
            let places = stage.places.range(Direction::Out, channel, first, last)?;
            places.iter().map(Place::claimed).collect()
        }
    };
    let outcomes: Vec<Outcome> = receipt
        .outcomes
        .into_iter()
        .skip(usize::try_from(skip).unwrap_or(usize::MAX))
        .collect();
    let mut erased = Vec::new();
    for (place, outcome) in places.iter().zip(&outcomes) {
        if *outcome == Outcome::Voided
            && (stage.places.exception(channel, place.sequence)?)
                .ended
                .is_none()
        {
            if is_erased(stage, channel, place.sequence)? {
                // It went out as a void, for nothing else was left of it.
                erased.push(place.sequence);
                continue;
            }
            return stop(
                stage,
                channel,
                place.sequence,
                StopReason::PeerNonsense,
                at_ms,
            );
        }
    }
    let head = head_behind(&places);
    if places.len() != outcomes.len() || head != receipt.head {
        return stop(stage, channel, last, StopReason::HeadDiffers, at_ms);
    }
    for sequence in erased {
        stage.push(Record::Ended(Ended {
            channel,
            sequence,
            reason: VoidReason::Withdrawn,
            at_ms,
            code: None,
        }))?;
    }
    stage.push(Record::Settled(Settled {
        channel,
        first,
        outcomes,
        head,
        at_ms,
        offices: offices_of(places),
        evidence,
    }))?;
    Ok(verb::Settled::Upto(last))
}

/// Whether nothing is left of what stands at a place of this node's own.
fn is_erased(stage: &Stage<'_>, channel: Channel, sequence: Sequence) -> Result<bool, StageError> {
    let range = (stage.places).range(Direction::Out, channel, sequence, sequence)?;
    let Some(placed) = range.first().and_then(|place| place.record.as_ref()) else {
        return Ok(false);
    };
    let published = stage.places.published(placed)?;
    Ok(stage.places.told_by(&published)?.is_none())
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
    if sequence > out.last {
        return Ok(false);
    }
    let key = keys::exception(Direction::Out, channel, sequence);
    let exception = match stage.projection.get(&key)? {
        Some(value) => keys::Exception::decode(&value).map_err(super::index::IndexError::from)?,
        None => keys::Exception::default(),
    };
    let on_hold = matches!(exception.ended, Some((VoidReason::OnHold, _)));
    let open = match exception.ended {
        None => sequence > out.settled,
        // What waits for an agreement can still end, whether its void was answered or not.
        Some(_) => on_hold && reason != VoidReason::OnHold && exception.moved_to.is_none(),
    };
    let answered = sequence <= out.settled && exception.outcome != Some(Outcome::Voided);
    if !open || answered {
        return Ok(false);
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

/// Stops a channel, or lets it go on. What already stands is not written again, so that a peer
/// that says the same over and over adds nothing; where it was first found stays. Only how far this
/// node had receipted may still rise: that is proven by its own signature.
pub(crate) fn set_stop(
    stage: &mut Stage<'_>,
    channel: Channel,
    direction: Direction,
    stop: Option<(StopReason, Sequence)>,
    at_ms: i64,
) -> Result<(), StageError> {
    if let Some((StopReason::ReceiverSetBack, found)) = stop
        && direction == Direction::In
        && let Some((asked, _)) = stage.state.ins.get(&channel).and_then(|it| it.disowned)
        && found <= asked
    {
        // Found before the operator had this node ask for it, and told after.
        return Ok(());
    }
    let standing = match direction {
        Direction::Out => stage.state.outs.get(&channel).map(|out| out.stop),
        Direction::In => stage.state.ins.get(&channel).map(|it| it.stop),
    };
    let known = match (standing.flatten(), stop) {
        (None, None) => true,
        (Some(standing), Some((reason, sequence))) => {
            standing.reason == reason
                && (reason != StopReason::ReceiverSetBack || standing.sequence == sequence)
        }
        (None, Some(_)) | (Some(_), None) => false,
    };
    if !known {
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
    let mut out = stage
        .state
        .outs
        .get(&channel)
        .cloned()
        .unwrap_or_else(|| OutState::new(origin));
    out.begin(origin);
    if places
        .first()
        .is_some_and(|place| place.sequence != out.settled.next())
    {
        // Somebody settled or adopted since the peer was asked.
        return Err(StageError::NotNow(NotNow::Busy));
    }
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
    // Own places that are the peer's from now on come behind it, ended ones as voids again. What
    // the peer holds under the same id at another place it answers from its record.
    let mut displaced = Vec::new();
    for place in own.iter().skip(alike) {
        if place.exception.moved_to.is_none()
            && let Some(placed) = &place.record
        {
            let published = stage.places.published(placed)?;
            displaced.push(Displaced {
                left: place.sequence,
                id: published.facts.id,
                office_key: published.office_key,
                digest: place.digest,
                origin: place.exception.origin.unwrap_or(placed.position),
                ended: place
                    .exception
                    .ended
                    .filter(|(reason, _)| *reason != VoidReason::OnHold),
            });
        }
    }
    let mut head_before = out.settled_head;
    for place in same {
        head_before = chain(head_before, place.digest);
    }
    let mut settled_head = out.settled_head;
    let parts = same.chunks(SETTLED_AT_ONCE);
    for (part, own) in parts.zip(own.chunks(SETTLED_AT_ONCE)) {
        let Some(first) = part.first() else { break };
        for place in part {
            settled_head = chain(settled_head, place.digest);
        }
        stage.push(Record::Settled(Settled {
            channel,
            first: first.sequence,
            outcomes: part.iter().map(|place| place.outcome.clone()).collect(),
            head: settled_head,
            at_ms,
            offices: offices_of(own.iter().take(part.len()).map(Place::claimed)),
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
    let renumbered = displaced.len() as u64;
    for displaced in displaced {
        let sequence = next_of(stage, channel);
        stage.push(Record::Requeued(Requeued {
            channel,
            sequence,
            id: displaced.id,
            digest: displaced.digest,
            left: displaced.left,
            origin: displaced.origin,
            office_key: displaced.office_key,
        }))?;
        if let Some((reason, code)) = displaced.ended {
            stage.push(Record::Ended(Ended {
                channel,
                sequence,
                reason,
                at_ms,
                code,
            }))?;
        }
    }
    Ok(Adopted {
        taken_over,
        renumbered,
    })
}

/// An own notice whose place is the peer's now.
struct Displaced {
    left: Sequence,
    id: NoticeId,
    office_key: [u8; 16],
    digest: Digest,
    origin: Position,
    ended: Option<(VoidReason, Option<Code>)>,
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
        office_key: published.office_key,
    }))?;
    Ok(true)
}

/// How many of these places each office had published or sent again.
fn offices_of(places: impl IntoIterator<Item = Claimed>) -> BTreeMap<[u8; 16], u64> {
    let mut offices = BTreeMap::new();
    for office in places.into_iter().filter_map(|place| place.office) {
        let places: &mut u64 = offices.entry(office).or_default();
        *places = places.saturating_add(1);
    }
    offices
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

/// A receipt of its own for so many places at most.
const SETTLED_AT_ONCE: usize = 4_096;
