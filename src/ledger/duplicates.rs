//! Rows of one file that tell the same move, or answer a notice the same way, twice.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher, Hash, RandomState},
};

use crate::domain::{
    calendar::parse_day,
    draft::RawDraft,
    field::Field,
    notice::{Kind, NoticeId},
    resident::ResidentNumber,
};

/// Remembers what every row tells, as digests that mean nothing outside of this reading.
pub(super) struct Duplicates {
    hasher: RandomState,
    seen: HashMap<(u64, u64), Option<u64>>,
    other: RandomState,
}

impl Duplicates {
    pub(super) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            seen: HashMap::new(),
            other: RandomState::new(),
        }
    }

    /// The field by which the row repeats an earlier one, whatever became of that: its readable number,
    /// where kind, day and the notice that it speaks of are the same as well, or the notice that it
    /// answers, where the outcome is.
    /// Rows under one reference are left to the node, which knows a repeat from a conflict.
    pub(super) fn repeated(&mut self, raw: &RawDraft) -> Option<Field> {
        let (field, key) = if raw.get(Field::Kind) == Some(Kind::Feedback.name()) {
            (Field::Answers, self.digest(&answer(raw)?))
        } else {
            (Field::ResidentId, self.digest(&movement(raw)?))
        };
        let reference = raw.get(Field::Reference);
        let reference = reference.map(|reference| self.hasher.hash_one(reference));
        match self.seen.entry(key) {
            Entry::Vacant(place) => {
                place.insert(reference);
                None
            }
            Entry::Occupied(first) => {
                (reference.is_none() || *first.get() != reference).then_some(field)
            }
        }
    }

    fn digest(&self, row: &impl Hash) -> (u64, u64) {
        (self.hasher.hash_one(row), self.other.hash_one(row))
    }
}

fn movement(raw: &RawDraft) -> Option<impl Hash + use<>> {
    let number = ResidentNumber::readable(raw.get(Field::ResidentId)?).ok()?;
    let day = parse_day(raw.get(Field::EventDate)?)?;
    let text = |field| raw.get(field).map(str::to_owned);
    Some((number, day, text(Field::Kind), text(Field::Answers)))
}

fn answer(raw: &RawDraft) -> Option<impl Hash + use<>> {
    let notice: NoticeId = raw.get(Field::Answers)?.parse().ok()?;
    Some((notice, raw.get(Field::Outcome)?.to_owned()))
}
