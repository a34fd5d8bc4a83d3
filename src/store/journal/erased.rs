//! That keys of a case were destroyed, as the journal says it: ids, times, places of keys and the
//! office that did it, and nothing of the person.

use super::{
    bytes::{Put, Take, Unreadable},
    payload::Slot,
    record::Side,
};
use crate::domain::{erasure::ErasureReason, notice::NoticeId};

/// Keys of a case are destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Erased {
    pub(crate) side: Side,
    /// Its own id.
    pub(crate) id: NoticeId,
    pub(crate) case: NoticeId,
    pub(crate) reason: ErasureReason,
    pub(crate) at_ms: i64,
    /// The notice of the other side that asked for it; none where an office did.
    pub(crate) asked_by: Option<NoticeId>,
    /// SPIFFE id of that office; empty where the other side asked.
    pub(crate) office: String,
    /// The notices of the case that were known then.
    pub(crate) notices: Vec<NoticeId>,
    /// The keys.
    pub(crate) slots: Vec<Slot>,
    /// What is told later of what was sealed under them is sealed under this one.
    pub(crate) next: Slot,
}

impl Erased {
    pub(super) fn put_header(&self, put: &mut Put) {
        put.county(self.side.home)
            .county(self.side.other)
            .id(self.id)
            .id(self.case)
            .u8(self.reason.number())
            .i64(self.at_ms)
            .option_id(self.asked_by)
            .u64(self.next.get());
    }

    pub(super) fn put_payload(&self, put: &mut Put) {
        put.text(&self.office).u32(count(self.slots.len()));
        for slot in &self.slots {
            put.u64(slot.get());
        }
        for notice in &self.notices {
            put.id(*notice);
        }
    }

    pub(super) fn from_parts(header: &mut Take<'_>, payload: &[u8]) -> Result<Self, Unreadable> {
        let side = Side {
            home: header.county()?,
            other: header.county()?,
        };
        let (id, case) = (header.id()?, header.id()?);
        let reason = ErasureReason::from_number(header.u8()?).ok_or(Unreadable)?;
        let (at_ms, asked_by) = (header.i64()?, header.option_id()?);
        let next = Slot::new(header.u64()?);
        let mut take = Take(payload);
        let office = take.text()?;
        let mut slots = Vec::new();
        for _ in 0..take.u32()? {
            slots.push(Slot::new(take.u64()?));
        }
        let mut notices = Vec::new();
        while !take.0.is_empty() {
            notices.push(take.id()?);
        }
        Ok(Self {
            side,
            id,
            case,
            reason,
            at_ms,
            asked_by,
            office,
            notices,
            slots,
            next,
        })
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
