//! Finding what is kept of both sides' signatures over one place.
//!
//! Nobody asks for it but a person who exports evidence, so the index has nothing for it, and what
//! every notice costs stays as it is. Each segment begins with a snapshot that says how far every
//! channel had come: the one segment in which a place was answered is found by halving, and read.

use bytes::Bytes;

use super::{
    index::IndexError,
    places::{PlaceError, Places, place_of},
    state::State,
};
use crate::{
    domain::channel::{Channel, Sequence},
    store::journal::{
        group::{GROUP_HEADER, read_group},
        reader::ReadError,
        record::{Direction, Position, Record},
    },
};

impl Places {
    /// What was kept with the answer to a place: the record of its receipt, or of the parcel that
    /// brought it. None if it has none, or was taken over from the peer.
    pub(super) fn evidence_of(
        &self,
        channel: Channel,
        direction: Direction,
        sequence: Sequence,
    ) -> Result<Option<Bytes>, PlaceError> {
        let reached = match direction {
            Direction::Out => self.settled(channel)?,
            Direction::In => self
                .in_state(channel)?
                .map_or(Sequence::ZERO, |state| state.held),
        };
        if sequence == Sequence::ZERO || sequence > reached {
            return Ok(None);
        }
        let firsts = self.segments.firsts();
        // Of the segments at whose beginning the place had no answer, the newest.
        let (mut low, mut high) = (0usize, firsts.len());
        while low < high {
            let middle = low.midpoint(high);
            let Some(first) = firsts.get(middle) else {
                break;
            };
            if self.reached_at(*first, channel, direction)? < sequence {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        let Some(segment) = low.checked_sub(1).and_then(|at| firsts.get(at)) else {
            return Ok(None);
        };
        let end = match firsts.get(low) {
            Some(next) => *next,
            None => self
                .index
                .reflection()?
                .map_or(*segment, |reflection| reflection.position),
        };
        self.search(*segment, end, channel, direction, sequence)
    }

    /// How far a channel had come when a segment began.
    fn reached_at(
        &self,
        first: Position,
        channel: Channel,
        direction: Direction,
    ) -> Result<Sequence, PlaceError> {
        let snapshot = self.segments.entry_at(first.plus(GROUP_HEADER as u64))?;
        let Record::Snapshot(snapshot) = snapshot.record else {
            return Err(ReadError::Damaged { at: first.get() }.into());
        };
        let state = State::decode(&snapshot.state).map_err(IndexError::from)?;
        Ok(match direction {
            Direction::Out => state.outs.get(&channel).map(|out| out.settled),
            Direction::In => state.ins.get(&channel).map(|state| state.held),
        }
        .unwrap_or_default())
    }

    /// Reads a segment for the answer to a place.
    fn search(
        &self,
        first: Position,
        end: Position,
        channel: Channel,
        direction: Direction,
        sequence: Sequence,
    ) -> Result<Option<Bytes>, PlaceError> {
        let mut at = first;
        while at < end {
            let group = self.segments.group(at)?;
            let placed = read_group(&group, at, |_, _| {})
                .map_err(|_| ReadError::Damaged { at: at.get() })?;
            let mut parcel = None;
            for placed in placed {
                match (direction, placed.record) {
                    (Direction::Out, Record::Settled(settled)) if settled.channel == channel => {
                        let behind = settled.first.plus(settled.outcomes.len() as u64);
                        if settled.first <= sequence && sequence < behind {
                            return Ok(Some(settled.evidence));
                        }
                    }
                    (Direction::In, Record::ParcelReceived(received)) => {
                        parcel = (received.channel == channel).then_some(received.evidence);
                    }
                    (Direction::In, record @ (Record::Received(_) | Record::PlaceUsed(_)))
                        if parcel.is_some()
                            && place_of(&record).is_some_and(|(place, _)| place == sequence) =>
                    {
                        return Ok(parcel);
                    }
                    _ => {}
                }
            }
            at = at.plus(group.len() as u64);
        }
        Ok(None)
    }
}
