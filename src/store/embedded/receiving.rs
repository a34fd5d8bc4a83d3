//! Receiving: sequence, heads and ids are compared at the moment of commit.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use super::{
    erasing::{Asked, erase_as_asked, erased_before, is_held, outlives},
    places::{PlaceError, id_of, outcome_in},
    settling,
    stage::{Stage, StageError},
    state::InState,
};
use crate::{
    domain::{
        channel::{Channel, Digest, Sequence},
        field::Field,
        notice::{Kind, NoticeId},
        problem::Code,
        receipt::{Outcome, Receipt},
        refusal::{Pause, Refusal},
    },
    guard::Guard,
    store::{
        journal::{
            payload::{Payload, Seal, Slot},
            record::{
                self, Direction, ParcelReceived, PlaceUsed, Position, Record, Side, StopReason,
            },
        },
        verb::{Arriving, InContent, Received, Verdict},
    },
    trust::chain::chain,
};

/// What one group knows of ids.
#[derive(Default)]
pub(crate) struct Arrivals {
    /// Ids that came in earlier in the same group.
    ids: HashMap<(Channel, NoticeId), Known>,
    /// Under which keys the cases of this group are sealed.
    cases: HashMap<(Channel, NoticeId), Slot>,
    /// The highest counter of each epoch before this group: most ids are above it, so new.
    epochs: HashMap<(Side, u64), Option<u64>>,
    /// The ids of stretches that were read for this group, by where they begin: a peer that repeats
    /// many ids makes the writer read them once.
    stretches: HashMap<Position, HashMap<NoticeId, Known>>,
}

/// Digest and outcome of an id.
type Known = (Digest, Outcome);

impl Arrivals {
    /// Takes a parcel, or the prefix of it that has final outcomes.
    pub(crate) fn receive(
        &mut self,
        stage: &mut Stage<'_>,
        arriving: Arriving,
    ) -> Result<Received, StageError> {
        let Arriving {
            channel,
            origin,
            first,
            previous_head,
            places,
            evidence,
            allowance,
            at_ms,
        } = arriving;
        let state = stage
            .state
            .ins
            .get(&channel)
            .cloned()
            .unwrap_or_else(|| InState::new(origin));
        // What this node lost it asks for first. Any other stop a parcel that fits proves wrong.
        if let Some(stop) = state.stop
            && stop.reason == StopReason::ReceiverSetBack
        {
            return Ok(Received::Stopped {
                reason: stop.reason,
                sequence: stop.sequence,
            });
        }
        if first > state.held.next() {
            return Ok(Received::Gap { held: state.held });
        }
        // The sender's idea of the chain before its first place must be ours.
        let before = Sequence::new(first.get().saturating_sub(1));
        let own = if before == Sequence::ZERO {
            Some(origin)
        } else if before == state.held {
            Some(state.head)
        } else {
            stage
                .places
                .head_at(Direction::In, channel, before, origin)?
        };
        if own != Some(previous_head) {
            return stop(stage, channel, before, at_ms);
        }
        let mut outcomes = Vec::with_capacity(places.len());
        let mut places = places.into_iter();
        let mut head = previous_head;
        // Repeats: the same digest at the same place is answered from the record.
        if first <= state.held && Guard::Once.holds() {
            let last = state.held.min(before.plus(places.len() as u64));
            for place in stage.places.range(Direction::In, channel, first, last)? {
                let Some(repeat) = places.next() else { break };
                if repeat.digest != place.digest {
                    return stop(stage, channel, place.sequence, at_ms);
                }
                head = chain(head, place.digest);
                let outcome = place
                    .record
                    .as_ref()
                    .and_then(|placed| outcome_in(&placed.record));
                outcomes.push(outcome.unwrap_or(Outcome::Stored));
            }
        }
        let mut sequence = before.plus(outcomes.len() as u64);
        let mut records = Vec::new();
        let mut seen = HashMap::new();
        let mut pause = None;
        let mut conflicts = 0u64;
        let mut idle_bytes = 0u64;
        let (mut erasures, mut again) = (Vec::new(), Vec::new());
        for place in places {
            let next = sequence.next();
            let digest = place.digest;
            let case = place.content.case();
            let disposed = match place.content {
                InContent::Void(_) => Disposed {
                    id: None,
                    outcome: Outcome::Voided,
                    known: false,
                    bytes: bytes::Bytes::new(),
                    case,
                    facts: None,
                },
                InContent::Unreadable { bytes, refusal } => Disposed {
                    id: None,
                    outcome: Outcome::Refused(refusal),
                    known: false,
                    bytes,
                    case,
                    facts: None,
                },
                InContent::Notice {
                    facts,
                    bytes,
                    verdict,
                } => {
                    let known = self.known(stage, channel, facts.id, &seen)?;
                    match (known, verdict) {
                        (Some((first_digest, outcome)), _) => Disposed {
                            id: Some(facts.id),
                            outcome: if first_digest == digest {
                                outcome
                            } else {
                                conflicts = conflicts.saturating_add(1);
                                Outcome::Refused(Refusal::whole(Code::IdConflict))
                            },
                            known: true,
                            bytes,
                            // It may be what was sealed before.
                            case: case.or(Some(facts.id)),
                            facts: None,
                        },
                        (None, Verdict::Pause(why)) => {
                            pause = Some(why);
                            break;
                        }
                        (None, Verdict::Refuse(refusal)) => Disposed {
                            id: Some(facts.id),
                            outcome: Outcome::Refused(refusal),
                            known: false,
                            bytes,
                            case,
                            facts: None,
                        },
                        (None, Verdict::Take(_)) => Disposed {
                            id: Some(facts.id),
                            outcome: Outcome::Stored,
                            known: false,
                            bytes,
                            case,
                            facts: Some(facts),
                        },
                    }
                }
            };
            if disposed.facts.is_none() {
                if idle_bytes >= allowance.bytes {
                    pause = Some(Pause::RetryLater {
                        after_seconds: allowance.after_seconds,
                        refusal: Refusal::whole(Code::QuotaExceeded),
                    });
                    break;
                }
                idle_bytes = idle_bytes
                    .saturating_add(PLACE_BYTES)
                    .saturating_add(disposed.bytes.len() as u64);
            }
            sequence = next;
            head = chain(head, digest);
            if let (Some(id), false) = (disposed.id, disposed.known) {
                seen.insert(id, (digest, disposed.outcome.clone()));
            }
            outcomes.push(disposed.outcome.clone());
            let seal = self.seal(stage, channel, &disposed)?;
            if let (Some(facts), Some(seal), Some(_)) = (&disposed.facts, &seal, state.disowned) {
                // Only what this node lost, and asks for once more, can be what it had erased.
                again.extend(erased_before(stage, channel, facts.id, seal.slot, at_ms)?);
            }
            if let (Some(facts), Some(seal)) = (&disposed.facts, &seal)
                && facts.kind == Kind::Erasure
            {
                let asked = self.asked(stage, channel, facts, seal.slot, &seen, at_ms)?;
                // Of what is held it is stored and waits: the release carries it out.
                let asked = unheld(stage, asked)?;
                if let Some(asked) = &asked {
                    // What comes behind it in this parcel has another key than what goes.
                    self.cases.insert((channel, asked.case), seal.slot);
                }
                erasures.extend(asked);
            }
            records.push(disposed.record(channel, sequence, digest, at_ms, seal));
        }
        if conflicts > 0 {
            tracing::error!(%channel, conflicts, "Known ids came with other bytes; they are refused.");
        }
        if !records.is_empty() {
            settling::set_stop(stage, channel, Direction::In, None, at_ms)?;
            if records
                .iter()
                .all(|record| matches!(record, Record::PlaceUsed(_)))
            {
                idle_bytes = idle_bytes
                    .saturating_add(PLACE_BYTES)
                    .saturating_add(evidence.len() as u64);
            }
            stage.push(Record::ParcelReceived(ParcelReceived {
                channel,
                first,
                origin,
                at_ms,
                evidence,
            }))?;
            for record in records {
                stage.push(record)?;
            }
            for asked in erasures {
                erase_as_asked(stage, asked)?;
            }
            for erased in again {
                stage.push(Record::Erased(erased))?;
            }
            for (id, known) in seen {
                self.ids.insert((channel, id), known);
            }
        }
        let held = stage
            .state
            .ins
            .get(&channel)
            .map_or(Sequence::ZERO, |state| state.held);
        Ok(Received::Answered {
            receipt: Receipt {
                channel,
                first,
                outcomes,
                head,
                held,
            },
            pause,
            idle_bytes,
        })
    }

    /// What to seal a place with: as its case is, or anew; with nothing where nothing is said.
    fn seal(
        &mut self,
        stage: &Stage<'_>,
        channel: Channel,
        disposed: &Disposed,
    ) -> Result<Option<Arc<Seal>>, StageError> {
        if disposed.bytes.is_empty() {
            return Ok(None);
        }
        let (places, side) = (stage.places, Side::of(channel, Direction::In));
        let outlives = (disposed.facts.as_ref()).is_some_and(|facts| outlives(facts.kind));
        let seal = match disposed.case.filter(|_| !outlives) {
            None => places.vault.seal_anew().map_err(PlaceError::from)?,
            Some(case) => {
                // Its first notice may have come in the same group.
                let slot = self.cases.get(&(channel, case)).copied();
                let seal = slot.map(|slot| places.vault.seal_at(slot)).transpose();
                match seal.map_err(PlaceError::from)?.flatten() {
                    Some(seal) => seal,
                    None => places.seal_for(side, case)?,
                }
            }
        };
        if let Some(facts) = disposed.facts.as_ref().filter(|_| !outlives) {
            self.cases.insert((channel, facts.case_id), seal.slot);
        }
        Ok(Some(seal))
    }

    /// The case that a notice asks to be erased, where its sender opened it: whoever only answered in
    /// a case has no say over all of it.
    fn asked(
        &self,
        stage: &Stage<'_>,
        channel: Channel,
        erasure: &record::Facts,
        next: Slot,
        seen: &HashMap<NoticeId, Known>,
        at_ms: i64,
    ) -> Result<Option<Asked>, StageError> {
        let side = Side::of(channel, Direction::In);
        let Some(named) = erasure.answers else {
            return Ok(None);
        };
        let asked = |case, slot| Asked {
            side,
            by: erasure.id,
            case,
            slot,
            next,
            at_ms,
        };
        if seen.contains_key(&named) || self.ids.contains_key(&(channel, named)) {
            // It came with this group, and opened its case if that has its id.
            let slot = self.cases.get(&(channel, named)).copied();
            return Ok(slot.map(|slot| asked(named, slot)));
        }
        let of = |id| stage.places.find(side, id);
        let opened = match of(named)?.map(|found| found.placed.record) {
            Some(Record::Received(r)) if r.facts.case_id == r.facts.id => Some(Record::Received(r)),
            Some(Record::Received(r)) => of(r.facts.case_id)?.map(|found| found.placed.record),
            refused => refused,
        };
        Ok(match opened {
            Some(Record::Received(r)) => {
                (r.payload.slot()).map(|slot| asked(r.facts.case_id, slot))
            }
            // It was refused, and yet its bytes are kept.
            Some(Record::PlaceUsed(r)) => {
                r.payload.slot().zip(r.id).map(|(slot, id)| asked(id, slot))
            }
            _ => None,
        })
    }

    /// Digest and outcome of an id that the receiving side has seen.
    fn known(
        &mut self,
        stage: &Stage<'_>,
        channel: Channel,
        id: NoticeId,
        seen: &HashMap<NoticeId, Known>,
    ) -> Result<Option<Known>, StageError> {
        if !Guard::Once.holds() {
            return Ok(None);
        }
        if let Some(known) = seen.get(&id) {
            return Ok(Some(known.clone()));
        }
        if let Some(known) = self.ids.get(&(channel, id)) {
            return Ok(Some(known.clone()));
        }
        let (side, pending) = (Side::of(channel, Direction::In), Some(&stage.projection));
        let (epoch, counter) = id.halves();
        let highest = match self.epochs.entry((side, epoch)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => *place.insert(stage.projection.highest(side, epoch)?),
        };
        if highest.is_none_or(|highest| counter > highest) {
            return Ok(None);
        }
        if let Some(found) = stage.places.stray(side, id, pending)? {
            return Ok(Some(known_by(found.placed.record)));
        }
        let Some((_, stretch)) = stage.places.among_ids(side, id)? else {
            return Ok(None);
        };
        let ids = match self.stretches.entry(stretch.at) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let placed = stage
                    .places
                    .segments
                    .run(stretch.at, stretch.len)
                    .map_err(PlaceError::from)?;
                let ids = placed
                    .into_iter()
                    .filter_map(|placed| Some((id_of(&placed.record)?, known_by(placed.record))));
                place.insert(ids.collect())
            }
        };
        Ok(ids.get(&id).cloned())
    }
}

/// What the record of an id says of it.
fn known_by(record: Record) -> Known {
    match record {
        Record::Received(r) => (r.facts.digest, Outcome::Stored),
        Record::PlaceUsed(r) => (r.digest, r.outcome),
        // An id of our own: whatever comes under it is no notice of the peer's.
        _ => (
            Digest::default(),
            Outcome::Refused(Refusal::of(Code::IdConflict, Field::Reference)),
        ),
    }
}

/// What is asked to be erased, unless it is held.
fn unheld(stage: &Stage<'_>, asked: Option<Asked>) -> Result<Option<Asked>, StageError> {
    match asked {
        Some(Asked { side, case, .. }) if is_held(stage, side, case)? => Ok(None),
        asked => Ok(asked),
    }
}

/// What becomes of one place.
struct Disposed {
    id: Option<NoticeId>,
    outcome: Outcome,
    known: bool,
    bytes: bytes::Bytes,
    /// The case that it says it belongs to; none if it opens one.
    case: Option<NoticeId>,
    facts: Option<record::Facts>,
}

impl Disposed {
    fn record(
        self,
        channel: Channel,
        sequence: Sequence,
        digest: Digest,
        at_ms: i64,
        seal: Option<Arc<Seal>>,
    ) -> Record {
        let payload = Payload::Said {
            bytes: self.bytes,
            seal,
        };
        match self.facts {
            Some(facts) => Record::Received(record::Received {
                channel,
                sequence,
                facts,
                received_at_ms: at_ms,
                payload,
            }),
            None => Record::PlaceUsed(PlaceUsed {
                channel,
                sequence,
                digest,
                id: self.id,
                outcome: self.outcome,
                at_ms,
                known: self.known,
                payload,
            }),
        }
    }
}

fn stop(
    stage: &mut Stage<'_>,
    channel: Channel,
    sequence: Sequence,
    at_ms: i64,
) -> Result<Received, StageError> {
    let reason = StopReason::HeadDiffers;
    settling::set_stop(
        stage,
        channel,
        Direction::In,
        Some((reason, sequence)),
        at_ms,
    )?;
    Ok(Received::Stopped { reason, sequence })
}

/// What a record takes beside the bytes of its notice, about.
const PLACE_BYTES: u64 = 192;
