//! Publishing: references, numbers, ids.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use super::{
    keys::{self, ReferenceEntry},
    stage::{Stage, StageError},
    views::delivery_of,
};
use crate::{
    domain::{
        area::County,
        channel::{Channel, Sequence},
        delivery::{Confirmation, Delivery},
        field::Field,
        notice::NoticeId,
        problem::Code,
        refusal::Refusal,
    },
    envelope,
    store::{
        journal::record::{Direction, Facts, Published, Record, Side},
        verb::{Accepted, NotNow, Outgoing, PublishError},
    },
    trust::chain::notice_digest,
};

/// The notices of one group that are waiting for their numbers.
#[derive(Default)]
pub(crate) struct Publications {
    waiting: BTreeMap<Channel, Vec<(usize, Outgoing)>>,
    ids: Vec<Option<NoticeId>>,
    references: HashMap<(County, [u8; 16]), (usize, [u8; 16])>,
}

/// What one item of a publication will be answered with.
pub(crate) enum ItemAnswer {
    Known(Result<Accepted, PublishError>),
    /// Gets its id when the group is numbered.
    New(usize),
    /// The same reference and content came earlier in this group.
    RepeatOf(usize),
}

impl Publications {
    /// Decides what becomes of one item; a new one waits for its number.
    pub(crate) fn add(
        &mut self,
        stage: &Stage<'_>,
        item: Outgoing,
        quota: u64,
    ) -> Result<ItemAnswer, StageError> {
        let home = item.channel.from;
        if let Some(&(slot, content)) = self.references.get(&(home, item.reference_key)) {
            return Ok(if content == item.content_key {
                ItemAnswer::RepeatOf(slot)
            } else {
                ItemAnswer::Known(Err(conflict()))
            });
        }
        if let Some(answer) = earlier(stage, &item)? {
            return Ok(ItemAnswer::Known(answer));
        }
        if let Some(out) = stage.state.outs.get(&item.channel) {
            let waiting = self.waiting.get(&item.channel).map_or(0, Vec::len) as u64;
            if out.last.since(out.settled).saturating_add(waiting) >= quota {
                return Ok(ItemAnswer::Known(Err(PublishError::NotNow(NotNow::Busy))));
            }
        }
        let slot = self.ids.len();
        self.ids.push(None);
        self.references
            .insert((home, item.reference_key), (slot, item.content_key));
        self.waiting
            .entry(item.channel)
            .or_default()
            .push((slot, item));
        Ok(ItemAnswer::New(slot))
    }

    /// Numbers what waits, channel by channel, so that each channel's entries stand together.
    pub(crate) fn number(
        &mut self,
        stage: &mut Stage<'_>,
        mut next_id: impl FnMut() -> NoticeId,
    ) -> Result<(), StageError> {
        for (channel, items) in std::mem::take(&mut self.waiting) {
            let opposite = stage
                .state
                .ins
                .get(&channel.opposite())
                .map_or(Sequence::ZERO, |it| it.held);
            let mut sequence = stage
                .state
                .outs
                .get(&channel)
                .map_or(Sequence::ZERO, |out| out.last);
            for (slot, item) in items {
                sequence = sequence.next();
                let id = next_id();
                if let Some(known) = self.ids.get_mut(slot) {
                    *known = Some(id);
                }
                stage.push(Record::Published(record(item, id, sequence, opposite)))?;
            }
        }
        Ok(())
    }

    /// The final answer for an item, once the group is numbered.
    pub(crate) fn answer(&self, answer: ItemAnswer) -> Result<Accepted, PublishError> {
        let (slot, repeated) = match answer {
            ItemAnswer::Known(known) => return known,
            ItemAnswer::New(slot) => (slot, false),
            ItemAnswer::RepeatOf(slot) => (slot, true),
        };
        match self.ids.get(slot).copied().flatten() {
            Some(id) => Ok(Accepted { id, repeated }),
            None => Err(PublishError::NotNow(NotNow::Unknown)),
        }
    }
}

fn record(item: Outgoing, id: NoticeId, sequence: Sequence, opposite: Sequence) -> Published {
    let prefix = envelope::prefix(id, opposite);
    let mut notice = Vec::with_capacity(prefix.as_slice().len().saturating_add(item.body.len()));
    notice.extend_from_slice(prefix.as_slice());
    notice.extend_from_slice(&item.body);
    let digest = notice_digest(&notice);
    Published {
        channel: item.channel,
        sequence,
        facts: Facts {
            id,
            kind: item.kind,
            case_id: item.case_id.unwrap_or(id),
            answers: item.answers,
            agreement: item.agreement,
            published_at_ms: item.published_at_ms,
            deadline_ms: item.deadline_ms,
            digest,
        },
        origin: item.origin,
        reference_key: item.reference_key,
        content_key: item.content_key,
        notice: Bytes::from(notice),
        reference: item.reference,
    }
}

/// The answer for a reference that was used before; none if it may be used.
fn earlier(
    stage: &Stage<'_>,
    item: &Outgoing,
) -> Result<Option<Result<Accepted, PublishError>>, StageError> {
    let key = keys::reference(item.channel.from, &item.reference_key);
    let Some(value) = stage.projection.get(&key)? else {
        return Ok(None);
    };
    let entry = ReferenceEntry::decode(&value).map_err(super::index::IndexError::from)?;
    let today = item.published_at_ms / MS_PER_DAY;
    if i64::from(entry.day).saturating_add(REMEMBERED_DAYS) < today {
        return Ok(None);
    }
    let Record::Published(published) = stage
        .places
        .segments
        .entry(entry.at, entry.len)
        .map_err(super::places::PlaceError::from)?
    else {
        return Err(StageError::NotNow(NotNow::Unreadable));
    };
    // A notice that ended refused or void may be tried anew under its reference.
    let side = Side::of(published.channel, Direction::Out);
    let found = stage.places.find(side, published.facts.id)?;
    if let Some(found) = found.filter(|found| found.direction == Direction::Out) {
        let settled = stage
            .state
            .outs
            .get(&found.channel)
            .map_or(Sequence::ZERO, |out| out.settled);
        let exception = stage.places.exception(found.channel, found.sequence)?;
        let (delivery, _) = delivery_of(&exception, found.sequence, settled, Sequence::ZERO);
        if matches!(
            delivery,
            Delivery::Refused(_)
                | Delivery::Expired(Confirmation::Confirmed)
                | Delivery::Withdrawn(Confirmation::Confirmed)
        ) {
            return Ok(None);
        }
    }
    Ok(Some(if published.content_key == item.content_key {
        Ok(Accepted {
            id: published.facts.id,
            repeated: true,
        })
    } else {
        Err(conflict())
    }))
}

fn conflict() -> PublishError {
    PublishError::Refused(Refusal::of(Code::ReferenceConflict, Field::Reference))
}

/// How long a reference is remembered.
pub(crate) const REMEMBERED_DAYS: i64 = 400;
const MS_PER_DAY: i64 = 86_400_000;
