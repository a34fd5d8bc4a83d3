//! Under which key a case is sealed: as its first notice is, and everything that was told of it.
//!
//! It stands in the journal. What was looked up lately is remembered, since whoever publishes or
//! receives an answer has just looked at the notice that it answers, and the writer need not. Nothing
//! is looked up on the way to the writer: what is asked of it would overtake one another.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::places::{PlaceError, Places};
use crate::{
    domain::notice::NoticeId,
    store::journal::{
        payload::{Seal, Slot},
        record::{Record, Side},
    },
};

/// The slots of notices that were looked up lately. Shared by all who read.
#[derive(Clone, Default)]
pub(crate) struct CaseSlots(Arc<Mutex<HashMap<(Side, NoticeId), Slot>>>);

impl CaseSlots {
    fn get(&self, side: Side, id: NoticeId) -> Option<Slot> {
        self.lock().get(&(side, id)).copied()
    }

    fn keep(&self, side: Side, ids: [NoticeId; 2], slot: Slot) {
        let mut slots = self.lock();
        if slots.len() >= MOST_KEPT {
            slots.clear();
        }
        slots.extend(ids.map(|id| ((side, id), slot)));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Side, NoticeId), Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    /// Remembers under which key a notice and its case are sealed.
    pub(crate) fn note_slot(&self, side: Side, record: &Record) {
        let (facts, payload) = match record {
            Record::Published(r) => (&r.facts, &r.payload),
            Record::Received(r) => (&r.facts, &r.payload),
            _ => return,
        };
        if let Some(slot) = payload.slot() {
            self.slots.keep(side, [facts.id, facts.case_id], slot);
        }
    }

    /// The slot under which a notice is sealed, and with it its case; none if the side does not
    /// have it, or only its id.
    pub(crate) fn slot_of(&self, side: Side, id: NoticeId) -> Result<Option<Slot>, PlaceError> {
        if let Some(slot) = self.slots.get(side, id) {
            return Ok(Some(slot));
        }
        let Some(found) = self.find(side, id)? else {
            return Ok(None);
        };
        let record = match found.placed.record {
            Record::Requeued(requeued) => self.segments.entry_at(requeued.origin)?.record,
            record => record,
        };
        self.note_slot(side, &record);
        Ok(record.payload().and_then(|payload| payload.slot()))
    }

    /// What to seal with what is told of a case that one side has; under a key of its own if it has
    /// none, or has it no more.
    pub(crate) fn seal_for(&self, side: Side, case: NoticeId) -> Result<Arc<Seal>, PlaceError> {
        if let Some(slot) = self.slot_of(side, case)?
            && let Some(seal) = self.seal_behind(slot)?
        {
            return Ok(seal);
        }
        Ok(self.vault.seal_anew()?)
    }

    /// What to seal with what belongs to what was sealed under a slot: with its key, or where that was
    /// destroyed with the one that was drawn then for what is told later. None if that is gone too.
    pub(crate) fn seal_behind(&self, slot: Slot) -> Result<Option<Arc<Seal>>, PlaceError> {
        let mut slot = Some(slot);
        while let Some(at) = slot {
            if let Some(seal) = self.vault.seal_at(at)? {
                return Ok(Some(seal));
            }
            slot = self.slot_behind(at)?;
        }
        Ok(None)
    }
}

/// Some 5 MiB of them.
const MOST_KEPT: usize = 1 << 16;
