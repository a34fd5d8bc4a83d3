//! Publishing: references, numbers, ids.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use bytes::Bytes;

use super::{
    erasing::outlives,
    places::PlaceError,
    references::{day_of, first_remembered},
    stage::{Stage, StageError},
    views::delivery_of,
};
use crate::{
    domain::{
        area::County,
        audit::{Entry, On},
        channel::{Channel, Sequence},
        delivery::{Confirmation, Delivery},
        field::Field,
        notice::NoticeId,
        problem::Code,
        refusal::Refusal,
    },
    envelope,
    store::{
        journal::{
            payload::{Payload, Seal},
            record::{Direction, Facts, Published, Record, Side},
        },
        verb::{Accepted, NotNow, Outgoing, PublishError},
    },
    trust::chain::notice_digest,
};

/// The notices of one group that are waiting for their numbers.
#[derive(Default)]
pub(crate) struct Publications {
    waiting: BTreeMap<Channel, Vec<(usize, Outgoing, Arc<Seal>)>>,
    /// How many of them each office has on each channel.
    offices: HashMap<(Channel, [u8; 16]), u64>,
    ids: Vec<Option<NoticeId>>,
    references: HashMap<(County, [u8; 16]), (usize, [u8; 16])>,
}

/// So many notices of a channel may wait for an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quotas {
    /// Of all offices together.
    pub(crate) channel: u64,
    /// Of one office.
    pub(crate) office: u64,
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
        quotas: Quotas,
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
        let out = stage.state.outs.get(&item.channel);
        let given = out.map_or(0, |out| out.last.since(out.settled));
        let waiting = self.waiting.get(&item.channel).map_or(0, Vec::len) as u64;
        if given.saturating_add(waiting) >= quotas.channel {
            return Ok(ItemAnswer::Known(Err(PublishError::NotNow(NotNow::Busy))));
        }
        let given = out.and_then(|out| out.offices.get(&item.office_key).copied());
        let waiting = self.offices.get(&(item.channel, item.office_key)).copied();
        if given.unwrap_or(0).saturating_add(waiting.unwrap_or(0)) >= quotas.office {
            return Ok(ItemAnswer::Known(Err(PublishError::Refused(
                Refusal::whole(Code::QuotaExceeded),
            ))));
        }
        let seal = match item.case_id.filter(|_| !outlives(item.kind)) {
            Some(case) => stage
                .places
                .seal_for(Side::of(item.channel, Direction::Out), case)?,
            None => stage.places.vault.seal_anew().map_err(PlaceError::from)?,
        };
        // What cannot be sealed has used up nothing.
        let waiting = self
            .offices
            .entry((item.channel, item.office_key))
            .or_default();
        *waiting = waiting.saturating_add(1);
        let slot = self.ids.len();
        self.ids.push(None);
        self.references
            .insert((home, item.reference_key), (slot, item.content_key));
        self.waiting
            .entry(item.channel)
            .or_default()
            .push((slot, item, seal));
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
            for (slot, item, seal) in items {
                sequence = sequence.next();
                let id = next_id();
                if let Some(known) = self.ids.get_mut(slot) {
                    *known = Some(id);
                }
                let published = record(item, id, sequence, opposite, seal);
                stage.push(Record::Published(published))?;
            }
        }
        Ok(())
    }

    /// Counts what became of the items of a call, and once the group is numbered names a single one.
    /// None if none of them is accepted.
    pub(crate) fn counted(&self, answers: &[ItemAnswer], mut act: Entry) -> Option<Entry> {
        let counts = &mut act.counts;
        for answer in answers {
            let count = match answer {
                ItemAnswer::New(_) => &mut counts.done,
                ItemAnswer::RepeatOf(_) | ItemAnswer::Known(Ok(_)) => &mut counts.repeated,
                ItemAnswer::Known(Err(_)) => &mut counts.refused,
            };
            *count = count.saturating_add(1);
        }
        if let [answer] = answers {
            let id = match answer {
                ItemAnswer::Known(known) => known.as_ref().ok().map(|accepted| accepted.id),
                ItemAnswer::New(slot) | ItemAnswer::RepeatOf(slot) => {
                    self.ids.get(*slot).copied().flatten()
                }
            };
            act.on.extend(id.map(On::Notice));
        }
        (act.counts.done > 0 || act.counts.repeated > 0).then_some(act)
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

fn record(
    item: Outgoing,
    id: NoticeId,
    sequence: Sequence,
    opposite: Sequence,
    seal: Arc<Seal>,
) -> Published {
    let prefix = envelope::prefix(id, opposite);
    let parts = [prefix.as_slice(), &item.body, item.reference.as_bytes()];
    let mut said = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    let [prefix, body, reference] = parts;
    said.extend_from_slice(prefix);
    said.extend_from_slice(body);
    let digest = notice_digest(&said);
    let notice_len = u32::try_from(said.len()).unwrap_or(u32::MAX);
    said.extend_from_slice(reference);
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
        office_key: item.office_key,
        reference_key: item.reference_key,
        content_key: item.content_key,
        notice_len,
        payload: Payload::sealed(Bytes::from(said), seal),
    }
}

/// The answer for a reference that was used before; none if it may be used.
fn earlier(
    stage: &Stage<'_>,
    item: &Outgoing,
) -> Result<Option<Result<Accepted, PublishError>>, StageError> {
    let references = &stage.state.references;
    let index = &stage.places.index;
    let Some(entry) = references.find(index, item.channel.from, &item.reference_key)? else {
        return Ok(None);
    };
    if entry.day < first_remembered(day_of(item.published_at_ms)) {
        return Ok(None);
    }
    let Record::Published(published) = stage
        .places
        .segments
        .entry(entry.at, entry.len)
        .map_err(PlaceError::from)?
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
