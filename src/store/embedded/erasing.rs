//! Erasing: which keys go, what is written of it, and what a start does again.

use std::{
    collections::{BTreeSet, HashMap},
    io::Write,
};

use super::{
    index::IndexError,
    keys,
    open::{Layout, OpenError, Opened},
    places::{Found, PlaceError, Places},
    settling,
    stage::{Stage, StageError},
};
use crate::{
    domain::{
        area::County,
        channel::Channel,
        erasure::ErasureReason,
        notice::{Kind, NoticeId},
        receipt::VoidReason,
    },
    store::{
        journal::{
            bytes::Take,
            erased::Erased,
            payload::Slot,
            reader::ReadError,
            record::{Direction, Position, Record, Side},
        },
        verb::{Erasing, Erasure, ToErase},
    },
};

/// What speaks of an erasure and of nobody has a key of its own: it outlives the case's.
pub(crate) const fn outlives(kind: Kind) -> bool {
    matches!(kind, Kind::Erasure | Kind::TakenUp)
}

/// Puts down that the keys of a case go, and ends what of it was not answered yet; unless it is held.
pub(crate) fn erase(
    stage: &mut Stage<'_>,
    what: ToErase,
    id: NoticeId,
) -> Result<Erasing, StageError> {
    let ToErase {
        side,
        case,
        notices,
        reason,
        asked_by,
        office,
        at_ms,
    } = what;
    let newest = newest_erasure(stage, side, case)?;
    let carried_out =
        asked_by.is_some() && newest.as_ref().is_some_and(|it| it.asked_by == asked_by);
    if carried_out {
        return Ok(Erasing::NothingLeft);
    }
    let mut slots = BTreeSet::new();
    let mut open = Vec::new();
    for notice in notices.iter().copied().chain([case]) {
        if is_held(stage, side, notice)? {
            return Ok(Erasing::Held);
        }
        let Some(found) = stage.places.find(side, notice)? else {
            continue;
        };
        let Some(slot) = stage.places.slot_of_found(&found)? else {
            continue;
        };
        let acts = newest_act(stage, side, notice)?;
        for slot in [Some(slot), acts].into_iter().flatten() {
            if (stage.places.vault.seal_at(slot).map_err(PlaceError::from)?).is_some() {
                slots.insert(slot);
            }
        }
        open.push(found);
    }
    let by_time = ErasureReason::RetentionEnded;
    let went_by_time = newest.is_some_and(|it| it.reason == by_time);
    // What went by this node's own time may be there still wherever it was sent.
    if slots.is_empty() && (reason == by_time || !went_by_time) {
        return Ok(Erasing::NothingLeft);
    }
    for Found {
        direction,
        channel,
        sequence,
        ..
    } in open
    {
        if direction == Direction::Out {
            settling::end(stage, channel, sequence, VoidReason::Withdrawn, None, at_ms)?;
        }
    }
    let next = stage.places.vault.seal_anew().map_err(PlaceError::from)?;
    stage.push(Record::Erased(Erased {
        side,
        id,
        case,
        reason,
        at_ms,
        asked_by,
        office,
        notices,
        slots: slots.into_iter().collect(),
        next: next.slot,
    }))?;
    Ok(Erasing::Done(id))
}

/// Whether what a notice opened is kept for a legal reason.
pub(crate) fn is_held(stage: &Stage<'_>, side: Side, notice: NoticeId) -> Result<bool, StageError> {
    Ok(stage.projection.get(&keys::held(side, notice))?.is_some())
}

/// A case whose area of origin asks, with a notice, that it be erased.
pub(crate) struct Asked {
    pub(crate) side: Side,
    /// The notice that asks.
    pub(crate) by: NoticeId,
    pub(crate) case: NoticeId,
    /// Under which key the case is sealed.
    pub(crate) slot: Slot,
    /// The key of the notice that asks.
    pub(crate) next: Slot,
    pub(crate) at_ms: i64,
}

/// Puts down that the keys of a case go, as the area that opened it asks.
pub(crate) fn erase_as_asked(stage: &mut Stage<'_>, asked: Asked) -> Result<(), StageError> {
    let Asked {
        side,
        by,
        case,
        slot,
        next,
        at_ms,
    } = asked;
    // What was erased before is put down once more: whoever asked is to hear of it.
    let left = stage.places.seal_behind(slot)?.map(|seal| seal.slot);
    stage.push(Record::Erased(Erased {
        side,
        id: by,
        case,
        reason: ErasureReason::SenderAsked,
        at_ms,
        asked_by: Some(by),
        office: String::new(),
        notices: vec![case],
        slots: left.into_iter().collect(),
        next,
    }))?;
    Ok(())
}

/// That a notice which comes once more, after this node was set back, was erased before: its new key
/// goes as its old one did. None if it was not.
pub(crate) fn erased_before(
    stage: &Stage<'_>,
    channel: Channel,
    id: NoticeId,
    slot: Slot,
    at_ms: i64,
) -> Result<Option<Erased>, StageError> {
    let side = Side::of(channel, Direction::In);
    let Some(erased) = newest_erasure(stage, side, id)? else {
        return Ok(None);
    };
    let next = stage.places.vault.seal_anew().map_err(PlaceError::from)?;
    Ok(Some(Erased {
        id,
        at_ms,
        asked_by: None,
        notices: vec![id],
        slots: vec![slot],
        next: next.slot,
        ..erased
    }))
}

/// The newest erasure that names a notice.
fn newest_erasure(
    stage: &Stage<'_>,
    side: Side,
    id: NoticeId,
) -> Result<Option<Erased>, StageError> {
    let Some(at) = stage.projection.get(&keys::erased_notice(side, id))? else {
        return Ok(None);
    };
    let at = Position::new(Take(&at).u64().map_err(IndexError::from)?);
    match stage.record_at(at)? {
        Record::Erased(erased) => Ok(Some(erased)),
        _ => Err(PlaceError::from(ReadError::Damaged { at: at.get() }).into()),
    }
}

/// Under which key the acts about a notice are sealed.
fn newest_act(stage: &Stage<'_>, side: Side, about: NoticeId) -> Result<Option<Slot>, StageError> {
    let Some(at) = stage.projection.get(&keys::newest_act(side, about))? else {
        return Ok(None);
    };
    let at = Position::new(Take(&at).u64().map_err(IndexError::from)?);
    let record = stage.record_at(at)?;
    Ok(record.payload().and_then(|payload| payload.slot()))
}

impl Places {
    /// Under which key a notice that was found is sealed; none for what outlives its case.
    fn slot_of_found(&self, found: &Found) -> Result<Option<Slot>, PlaceError> {
        let record = match &found.placed.record {
            Record::Requeued(requeued) => self.segments.entry_at(requeued.origin)?.record,
            record => record.clone(),
        };
        let kind = match &record {
            Record::Published(r) => Some(r.facts.kind),
            Record::Received(r) => Some(r.facts.kind),
            _ => None,
        };
        Ok(match kind {
            Some(kind) if outlives(kind) => None,
            _ => record.payload().and_then(|payload| payload.slot()),
        })
    }

    /// The erasures of a home area behind a position, in order, `limit` at most.
    pub(super) fn erasures(
        &self,
        home: County,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, Erasure)>, PlaceError> {
        let prefix = keys::erasures(home);
        let mut found = Vec::new();
        for entry in self
            .index
            .from(&prefix, &keys::erasure(home, after.plus(1)))
            .take(limit)
        {
            let (at, erased) = self.erased(&entry?.0)?;
            found.push((at, erasure(erased)));
        }
        Ok(found)
    }

    /// The record that a key of the index tells of.
    fn erased(&self, key: &[u8]) -> Result<(Position, Erased), PlaceError> {
        let at = key
            .last_chunk::<8>()
            .ok_or_else(|| IndexError("a key of an erasure".into()))?;
        let at = Position::new(u64::from_be_bytes(*at));
        match self.segments.entry_at(at)?.record {
            Record::Erased(erased) => Ok((at, erased)),
            _ => Err(ReadError::Damaged { at: at.get() }.into()),
        }
    }

    /// Whether the newest erasure of a case lies in an archived segment whose file is missing.
    fn is_missing(&self, side: Side, case: NoticeId) -> Result<bool, IndexError> {
        let Some(at) = self.index.get(&keys::erased_notice(side, case))? else {
            return Ok(false);
        };
        let at = Position::new(Take(&at).u64()?);
        let read = self.segments.entry_at(at);
        Ok(matches!(read, Err(ReadError::ArchiveMissing { .. })))
    }

    /// The key under which is sealed what is told later of what was sealed under that one.
    pub(super) fn slot_behind(&self, slot: Slot) -> Result<Option<Slot>, PlaceError> {
        let Some(value) = self.index.get(&keys::slot_behind(slot))? else {
            return Ok(None);
        };
        let next = Take(&value).u64().map_err(IndexError::from)?;
        Ok(Some(Slot::new(next)))
    }
}

fn erasure(erased: Erased) -> Erasure {
    let Erased {
        side,
        id,
        case,
        reason,
        at_ms,
        asked_by,
        office,
        notices,
        slots: _,
        next: _,
    } = erased;
    Erasure {
        id,
        side,
        case,
        reason,
        at_ms,
        asked_by,
        office,
        notices,
    }
}

/// Brings journal, list and keys together: what one of the first two knows the other learns, and no
/// key that either names is there any more. Done before anything is served.
///
/// # Errors
/// [`OpenError`].
pub(super) fn reconcile(
    opened: &mut Opened,
    layout: &Layout,
    listed: &[Erased],
) -> Result<(), OpenError> {
    let list = &mut opened.erasures;
    let places = opened.places.clone();
    let mut known = Vec::new();
    let mut missing = false;
    for entry in places.index.from(keys::ERASURES, keys::ERASURES) {
        match places.erased(&entry?.0) {
            Ok((_, erased)) => known.push(erased),
            Err(PlaceError::Journal(ReadError::ArchiveMissing { .. })) => missing = true,
            Err(error) => return Err(OpenError::Index(error.to_string())),
        }
    }
    let of_id = |all: &[Erased]| -> HashMap<NoticeId, usize> {
        (all.iter().map(|erased| erased.id)).zip(0..).collect()
    };
    let (by_list, by_journal) = (of_id(listed), of_id(&known));
    let mut unlisted: Vec<&Erased> = Vec::new();
    for erased in &known {
        match by_list.get(&erased.id).and_then(|at| listed.get(*at)) {
            Some(line) if line == erased => {}
            Some(_) => {
                let at = by_list.get(&erased.id).map_or(0, |at| *at as u64);
                return Err(list.damaged(at.saturating_add(1)).into());
            }
            None => unlisted.push(erased),
        }
    }
    if !unlisted.is_empty() {
        tracing::warn!(
            count = unlisted.len(),
            "The list of erasures did not have all that the journal knows; they are added."
        );
        list.add(unlisted)?;
    }
    let mut unknown = Vec::new();
    for erased in listed {
        let is_known = by_journal.contains_key(&erased.id)
            || (missing && places.is_missing(erased.side, erased.case)?);
        if !is_known {
            unknown.push(erased);
        }
    }
    if !unknown.is_empty() {
        tracing::warn!(
            count = unknown.len(),
            "Erasures of the list that the journal does not know are done again."
        );
        put_on_record(opened, layout, unknown)?;
    }
    let slots: Vec<Slot> = (known.iter().chain(listed))
        .flat_map(|erased| erased.slots.iter().copied())
        .collect();
    Ok(opened.places.vault.destroy(&slots)?)
}

fn put_on_record(
    opened: &mut Opened,
    layout: &Layout,
    erased: Vec<&Erased>,
) -> Result<(), OpenError> {
    let end = opened.end;
    let mut stage = Stage::new(
        &opened.places,
        &mut opened.state,
        &mut opened.chains,
        end,
        Vec::new(),
    );
    for erased in erased {
        stage.push(Record::Erased(erased.clone()))?;
    }
    let behind = end.plus(stage.len() as u64);
    let finished = stage.finish(behind)?;
    let disk = |source| OpenError::Disk {
        path: layout.journal.clone(),
        source,
    };
    opened
        .file
        .write_all(&finished.bytes)
        .and_then(|()| opened.file.sync_data())
        .map_err(disk)?;
    opened.places.index.apply(finished.changes)?;
    if let Some(summary) = &mut opened.summary {
        summary.absorb(finished.summary);
    }
    opened.end = behind;
    Ok(())
}
