//! What readers are shown: notices with their states, pages, the feed.

use bytes::Bytes;

use super::{
    index::IndexError,
    keys::{self, Exception},
    newest::List,
    places::{Found, Place, PlaceError, Places, place_of},
    stretches::Stretches,
};
use crate::{
    domain::{
        area::County,
        channel::{Channel, Sequence},
        delivery::{Delivery, Event},
        notice::{Kind, NoticeId},
        problem::Code,
        receipt::{Outcome, VoidReason},
    },
    store::{
        journal::{
            bytes::{Take, Unreadable},
            group::Placed,
            record::{Direction, Position, Record, Side},
        },
        verb::{NoticeFilter, NoticeView, Page, Told},
    },
};

/// The delivery of a place of a channel out, and, while it waits for an agreement, why.
pub(crate) fn delivery_of(
    exception: &Exception,
    sequence: Sequence,
    settled: Sequence,
    sent: Sequence,
) -> (Delivery, Option<Option<Code>>) {
    let mut events = Vec::new();
    let mut on_hold = None;
    if sequence <= sent && sequence > settled {
        events.push(Event::Sent);
    }
    if let Some((reason, code)) = exception.ended {
        if reason == VoidReason::OnHold && exception.moved_to.is_none() {
            on_hold = Some(code);
        }
        events.push(Event::Ended(reason));
    }
    if sequence <= settled {
        events.push(Event::Answered(
            exception.outcome.clone().unwrap_or(Outcome::Stored),
        ));
    }
    let mut delivery = Delivery::Queued;
    for event in events {
        // A void on hold that the peer confirmed leaves the notice queued: the one step that the
        // machine does not know.
        delivery = delivery.clone().step(event).unwrap_or(delivery);
    }
    if delivery == Delivery::Stored {
        on_hold = None;
    }
    (delivery, on_hold)
}

impl Places {
    /// Everything there is to say of a notice that was found.
    pub(crate) fn view(
        &self,
        found: Found,
        settled: Sequence,
        sent: Sequence,
    ) -> Result<Option<NoticeView>, PlaceError> {
        match found.direction {
            // Taken over from the peer: what it said is not known here.
            Direction::Out if matches!(found.placed.record, Record::AdoptedOut(_)) => Ok(None),
            Direction::Out => {
                let exception = self.exception(found.channel, found.sequence)?;
                let published = self.published(&found.placed)?;
                let told = self.told_by(&published)?;
                let (bytes, reference) = told
                    .map_or_else(Default::default, |(bytes, reference)| {
                        (Some(bytes), reference)
                    });
                let (delivery, on_hold) = delivery_of(&exception, found.sequence, settled, sent);
                Ok(Some(NoticeView {
                    at_ms: published.facts.published_at_ms,
                    facts: published.facts,
                    channel: found.channel,
                    direction: Direction::Out,
                    sequence: found.sequence,
                    position: found.placed.position,
                    delivery,
                    on_hold,
                    ended_for: match exception.ended {
                        Some((VoidReason::OnHold, _)) | None => None,
                        Some((_, code)) => code,
                    },
                    size_bytes: published.notice_len,
                    reference,
                    bytes,
                }))
            }
            Direction::In => {
                let Record::Received(received) = found.placed.record else {
                    return Ok(None);
                };
                Ok(Some(NoticeView {
                    bytes: self.said(&received.payload)?,
                    facts: received.facts,
                    channel: found.channel,
                    direction: Direction::In,
                    sequence: found.sequence,
                    position: found.placed.position,
                    delivery: Delivery::Stored,
                    on_hold: None,
                    ended_for: None,
                    at_ms: received.received_at_ms,
                    size_bytes: u32::try_from(received.payload.len()).unwrap_or(u32::MAX),
                    reference: String::new(),
                }))
            }
        }
    }

    /// The last correction of a notice that has not ended.
    pub(crate) fn correction(
        &self,
        side: Side,
        corrected: NoticeId,
        marks: &dyn Fn(Channel) -> Result<(Sequence, Sequence), PlaceError>,
    ) -> Result<Option<NoticeView>, PlaceError> {
        let mut newest: Option<NoticeView> = None;
        let prefix = keys::corrections(side, corrected);
        let last = keys::correction(side, corrected, Sequence::new(u64::MAX));
        for entry in self.index.down_from(&prefix, &last) {
            let id = id_told(&entry?.1).map_err(IndexError::from)?;
            let Some(found) = self.find(side, id)? else {
                continue;
            };
            let (settled, sent) = marks(found.channel)?;
            let Some(view) = self.view(found, settled, sent)? else {
                continue;
            };
            if view.delivery.has_ended() {
                continue;
            }
            // One that came in stays at its place, so that the others came before it.
            if view.direction == Direction::In {
                return Ok(Some(view));
            }
            if newest
                .as_ref()
                .is_none_or(|newest| newest.sequence < view.sequence)
            {
                newest = Some(view);
            }
        }
        Ok(newest)
    }

    /// The notices that ask for the erasure of a notice, in the order in which they were told.
    pub(crate) fn askings(
        &self,
        side: Side,
        erased: NoticeId,
        marks: &dyn Fn(Channel) -> Result<(Sequence, Sequence), PlaceError>,
    ) -> Result<Vec<NoticeView>, PlaceError> {
        let prefix = keys::askings(side, erased);
        let mut views = Vec::new();
        for entry in self.index.from(&prefix, &prefix) {
            let id = id_told(&entry?.1).map_err(IndexError::from)?;
            if let Some(found) = self.find(side, id)? {
                let (settled, sent) = marks(found.channel)?;
                views.extend(self.view(found, settled, sent)?);
            }
        }
        Ok(views)
    }

    /// A page of notices of a home area, newest first, from `before` down.
    pub(crate) fn page(
        &self,
        home: County,
        filter: &NoticeFilter,
        before: Position,
        limit: usize,
        marks: &dyn Fn(Channel) -> (Sequence, Sequence),
    ) -> Result<Page, PlaceError> {
        let mut notices = Vec::new();
        let mut next = None;
        let top = Position::new(before.get().saturating_sub(1));
        'feed: for entry in self
            .index
            .down_from(&keys::feeds(home), &keys::feed(home, top))
        {
            let feed = Stretches::decode(&entry?.1).map_err(IndexError::from)?;
            for stretch in feed.iter().rev() {
                let wanted = filter
                    .direction
                    .is_none_or(|wanted| u64::from(wanted.number()) == stretch.mark);
                if !wanted || stretch.at >= before {
                    continue;
                }
                for placed in self
                    .segments
                    .run(stretch.at, stretch.len)?
                    .into_iter()
                    .rev()
                {
                    let at = placed.position;
                    if at >= before {
                        continue;
                    }
                    if notices.len() >= limit {
                        next = Some(at.plus(1));
                        break 'feed;
                    }
                    if let Some(view) = self.view_placed(placed, marks)?
                        && (filter.kinds.is_empty() || filter.kinds.contains(&view.facts.kind))
                        && (filter.states.is_empty()
                            || filter
                                .states
                                .iter()
                                .any(|state| state == view.delivery.name()))
                    {
                        notices.push(view);
                    }
                }
            }
        }
        Ok(Page { notices, next })
    }

    /// The notices at the `limit` places of a channel behind `after`.
    pub(crate) fn told(
        &self,
        channel: Channel,
        direction: Direction,
        after: Sequence,
        limit: usize,
        sent: Sequence,
    ) -> Result<Told, PlaceError> {
        let (last, settled) = match direction {
            Direction::Out => self
                .out_state(channel)?
                .map_or_else(Default::default, |out| (out.last, out.settled)),
            Direction::In => self
                .in_state(channel)?
                .map_or_else(Default::default, |it| (it.held, it.held)),
        };
        let last = last.min(after.plus(limit as u64));
        let mut told = Told {
            notices: Vec::new(),
            looked: after,
        };
        for place in self.range(direction, channel, after.next(), last)? {
            let Place {
                sequence,
                exception,
                record,
                ..
            } = place;
            told.looked = sequence;
            let Some(placed) = record.filter(|_| exception.moved_to.is_none()) else {
                continue;
            };
            let found = Found {
                direction,
                channel,
                sequence,
                placed,
            };
            told.notices.extend(self.view(found, settled, sent)?);
        }
        Ok(told)
    }

    /// A notice in a list is shown at its newest place only.
    fn view_placed(
        &self,
        placed: Placed,
        marks: &dyn Fn(Channel) -> (Sequence, Sequence),
    ) -> Result<Option<NoticeView>, PlaceError> {
        let Some((direction, channel)) = whose(&placed.record) else {
            return Ok(None);
        };
        let Some((sequence, digest)) = place_of(&placed.record) else {
            return Ok(None);
        };
        if direction == Direction::Out {
            let exception = self.exception(channel, sequence)?;
            let taken = exception
                .adopted
                .is_some_and(|(theirs, _)| theirs != digest);
            if exception.moved_to.is_some() || taken {
                return Ok(None);
            }
        }
        let found = Found {
            direction,
            channel,
            sequence,
            placed,
        };
        let (settled, sent) = marks(channel);
        self.view(found, settled, sent)
    }

    /// The stored notices of a home area behind a position, in order, of some kinds. Returns them
    /// and how far was looked.
    pub(crate) fn feed(
        &self,
        home: County,
        behind: Position,
        kinds: &[Kind],
        limit: usize,
    ) -> Result<(Vec<FeedItem>, Position), PlaceError> {
        let mut items = Vec::new();
        let mut looked = behind;
        for feed in self.listed(List::Feed, home, behind)? {
            for stretch in feed?.iter().filter(|stretch| stretch.end() > behind) {
                if stretch.mark != u64::from(Direction::In.number()) {
                    looked = looked.max(Position::new(stretch.end().get().saturating_sub(1)));
                    continue;
                }
                for placed in self.segments.run(stretch.at, stretch.len)? {
                    if placed.position <= behind {
                        continue;
                    }
                    if items.len() >= limit {
                        return Ok((items, looked));
                    }
                    looked = placed.position;
                    if let Record::Received(received) = placed.record
                        && (kinds.is_empty() || kinds.contains(&received.facts.kind))
                        && let Some(notice) = self.said(&received.payload)?
                    {
                        items.push(FeedItem {
                            position: placed.position,
                            notice,
                            received,
                        });
                    }
                }
            }
        }
        Ok((items, looked))
    }
}

/// The channel that a record takes a place of, and which way that goes.
fn whose(record: &Record) -> Option<(Direction, Channel)> {
    match record {
        Record::Published(r) => Some((Direction::Out, r.channel)),
        Record::Requeued(r) => Some((Direction::Out, r.channel)),
        Record::Received(r) => Some((Direction::In, r.channel)),
        Record::PlaceUsed(r) => Some((Direction::In, r.channel)),
        _ => None,
    }
}

fn id_told(value: &[u8]) -> Result<NoticeId, Unreadable> {
    let mut take = Take(value);
    let id = take.id()?;
    take.end()?;
    Ok(id)
}

/// A stored notice in the feed.
pub(crate) struct FeedItem {
    pub(crate) position: Position,
    /// Its exact bytes.
    pub(crate) notice: Bytes,
    pub(crate) received: crate::store::journal::record::Received,
}
