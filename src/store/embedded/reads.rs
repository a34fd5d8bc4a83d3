//! Channels, batches and evidence as readers see them.

use bytes::Bytes;

use super::{
    index, keys,
    places::{PlaceError, Places},
    state::{InState, OutState},
    under_way::Claimed,
};
use crate::{
    domain::{
        channel::{Channel, Digest, Sequence},
        receipt::{Outcome, VoidReason},
    },
    store::{
        journal::{
            bytes::Take,
            record::{Direction, Position, Record},
        },
        verb::{Batch, ChannelView, OutPlace},
    },
    trust::chain::chain,
};

impl Places {
    pub(super) fn out_state(&self, channel: Channel) -> Result<Option<OutState>, PlaceError> {
        Ok(match self.index.get(&keys::out_state(channel))? {
            Some(value) => {
                Some(OutState::take(&mut Take(&value)).map_err(index::IndexError::from)?)
            }
            None => None,
        })
    }

    pub(super) fn in_state(&self, channel: Channel) -> Result<Option<InState>, PlaceError> {
        Ok(match self.index.get(&keys::in_state(channel))? {
            Some(value) => Some(InState::take(&mut Take(&value)).map_err(index::IndexError::from)?),
            None => None,
        })
    }

    pub(super) fn settled(&self, channel: Channel) -> Result<Sequence, PlaceError> {
        Ok(self
            .out_state(channel)?
            .map_or(Sequence::ZERO, |out| out.settled))
    }

    pub(super) fn channel_view(
        &self,
        channel: Channel,
        direction: Direction,
    ) -> Result<Option<ChannelView>, PlaceError> {
        Ok(match direction {
            Direction::Out => self
                .out_state(channel)?
                .map(|out| view_of_out(channel, &out)),
            Direction::In => self.in_state(channel)?.map(|it| view_of_in(channel, &it)),
        })
    }

    /// The next places behind `after`, bounded by count and bytes; at least one if there is any.
    /// `known` is the head there, if it is known.
    pub(super) fn batch(
        &self,
        channel: Channel,
        origin: Digest,
        (after, known): (Sequence, Option<Digest>),
        max_places: usize,
        max_bytes: usize,
    ) -> Result<Option<(Batch, Vec<Claimed>)>, PlaceError> {
        let Some(out) = self.out_state(channel)? else {
            return Ok(None);
        };
        if after >= out.last {
            return Ok(None);
        }
        let previous_head = if after == out.settled {
            out.settled_head
        } else if let Some(known) = known {
            known
        } else {
            match self.head_at(Direction::Out, channel, after, origin)? {
                Some(head) => head,
                None => return Ok(None),
            }
        };
        let last = out.last.min(after.plus(max_places as u64));
        let mut head = previous_head;
        let mut places = Vec::new();
        let mut claimed = Vec::new();
        let mut bytes = 0usize;
        for place in self.range(Direction::Out, channel, after.next(), last)? {
            // Asked for once more by a set-back peer, what it had refused stays refused.
            let refused = matches!(place.exception.outcome, Some(Outcome::Refused(_)));
            // What the peer had after all stays stored, however it ended here.
            let stored = place.sequence <= out.settled && place.exception.outcome.is_none();
            let content = match (place.exception.ended, &place.record) {
                (Some((reason, _)), _) if !stored => Err(reason),
                (_, Some(placed)) if !refused => {
                    let told = self.told_by(&self.published(placed)?)?;
                    told.map(|(notice, _)| notice).ok_or(VoidReason::Withdrawn)
                }
                // Refused, or taken over from the peer, who has answered for it.
                (_, _) => Err(VoidReason::Withdrawn),
            };
            let len = content.as_ref().map_or(0, Bytes::len);
            if !places.is_empty() && bytes.saturating_add(len) > max_bytes {
                break;
            }
            bytes = bytes.saturating_add(len);
            head = chain(head, place.digest);
            claimed.push(place.claimed());
            places.push(OutPlace {
                digest: place.digest,
                content,
            });
        }
        let batch = Batch {
            first: after.next(),
            previous_head,
            places,
            head,
        };
        Ok((!claimed.is_empty()).then_some((batch, claimed)))
    }

    pub(super) fn evidence_at(&self, at: Option<Position>) -> Result<Bytes, PlaceError> {
        let Some(at) = at else {
            return Ok(Bytes::new());
        };
        Ok(match self.segments.entry_at(at)?.record {
            Record::Settled(r) => r.evidence,
            Record::ParcelReceived(r) => r.evidence,
            Record::AdoptedIn(r) => r.statement,
            _ => Bytes::new(),
        })
    }
}

pub(super) fn view_of_out(channel: Channel, out: &OutState) -> ChannelView {
    ChannelView {
        channel,
        direction: Direction::Out,
        last: out.last,
        head: out.head,
        settled: out.settled,
        settled_head: out.settled_head,
        stop: out.stop.map(|stop| (stop.reason, stop.sequence)),
        disowned: None,
    }
}

pub(super) fn view_of_in(channel: Channel, state: &InState) -> ChannelView {
    ChannelView {
        channel,
        direction: Direction::In,
        last: state.held,
        head: state.head,
        settled: state.held,
        settled_head: state.head,
        stop: state.stop.map(|stop| (stop.reason, stop.sequence)),
        disowned: state.disowned.map(|(upto, _)| upto),
    }
}
