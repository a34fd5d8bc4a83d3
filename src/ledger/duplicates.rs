//! Rows of one file that tell the same move twice.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher, RandomState},
};

use crate::domain::{calendar::parse_day, draft::RawDraft, field::Field, resident::ResidentNumber};

/// Remembers number, kind and day of every row, and what it speaks of, as digests that mean nothing
/// outside of this reading.
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

    /// Whether an earlier row has the same readable number, kind and day and speaks of the same
    /// notice, if of any, whatever became of it. Rows under one reference are left to the node, which
    /// knows a repeat from a conflict.
    pub(super) fn repeats(&mut self, raw: &RawDraft) -> bool {
        let number = raw.get(Field::ResidentId).map(ResidentNumber::readable);
        let day = raw.get(Field::EventDate).and_then(parse_day);
        let (Some(Ok(number)), Some(day)) = (number, day) else {
            return false;
        };
        let row = (
            number,
            day,
            raw.get(Field::Kind).map(str::to_owned),
            raw.get(Field::Answers).map(str::to_owned),
        );
        let key = (self.hasher.hash_one(&row), self.other.hash_one(&row));
        let reference = raw.get(Field::Reference);
        let reference = reference.map(|reference| self.hasher.hash_one(reference));
        match self.seen.entry(key) {
            Entry::Vacant(place) => {
                place.insert(reference);
                false
            }
            Entry::Occupied(first) => reference.is_none() || *first.get() != reference,
        }
    }
}
