//! Cells of figures as the tree keeps them: sums that go up and down.

use std::collections::BTreeMap;

use prost::Message as _;

use super::keys::{self, Cell};
use crate::{
    domain::{
        case::{Count, Response},
        indicator::Figures,
    },
    store::{Shelf, ShelfError},
};

/// A key with its value; none for one that is removed.
type Entry = (Vec<u8>, Option<Vec<u8>>);

/// What changes in cells.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<Cell, Vec<i64>>);

#[derive(Clone, PartialEq, prost::Message)]
struct Stored {
    #[prost(uint64, repeated, tag = "1")]
    numbers: Vec<u64>,
}

impl Changes {
    /// Puts figures into their cells.
    pub(super) fn add(&mut self, figures: &BTreeMap<Cell, Figures>) {
        self.change(figures, i64::saturating_add);
    }

    /// Takes figures out of their cells.
    pub(super) fn take(&mut self, figures: &BTreeMap<Cell, Figures>) {
        self.change(figures, i64::saturating_sub);
    }

    fn change(&mut self, figures: &BTreeMap<Cell, Figures>, change: fn(i64, i64) -> i64) {
        for (cell, figures) in figures {
            let numbers = numbers(figures);
            let sums = self.0.entry(*cell).or_default();
            sums.resize(numbers.len().max(sums.len()), 0);
            for (sum, number) in sums.iter_mut().zip(numbers) {
                *sum = change(*sum, number.try_into().unwrap_or(i64::MAX));
            }
        }
    }

    /// The entries of the tree that have changed.
    pub(super) fn entries(self, shelf: &Shelf) -> Result<Vec<Entry>, ShelfError> {
        let mut entries = Vec::new();
        for (cell, changes) in self.0 {
            if changes.iter().all(|change| *change == 0) {
                continue;
            }
            let key = keys::cell(&cell);
            let mut held = match shelf.get(&key)? {
                Some(bytes) => read(&bytes),
                None => Vec::new(),
            };
            held.resize(held.len().max(changes.len()), 0);
            for (held, change) in held.iter_mut().zip(changes) {
                *held = held.saturating_add_signed(change);
            }
            while held.last() == Some(&0) {
                held.pop();
            }
            let value = (!held.is_empty()).then(|| Stored { numbers: held }.encode_to_vec());
            entries.push((key, value));
        }
        Ok(entries)
    }
}

/// The figures of a value.
pub(super) fn decode(bytes: &[u8]) -> Figures {
    figures(&read(bytes))
}

/// The numbers of a value; none of one that cannot be read.
fn read(bytes: &[u8]) -> Vec<u64> {
    Stored::decode(bytes).unwrap_or_default().numbers
}

/// What is counted, in an order that never changes within a version of the tree.
fn numbers(figures: &Figures) -> Vec<u64> {
    let Figures {
        owed:
            Count {
                to_take_up,
                taken_up_in_time,
                to_answer,
                answered,
                answered_in_time,
                response,
            },
        sent,
        stored,
        records,
        records_mended,
        fields_asked,
        fields_filled,
        answers,
        answers_matched,
        answers_not_found,
        cases,
        cases_one_sided,
        persons_active,
        persons_served,
        trips_saved,
    } = figures;
    let mut numbers = vec![
        *to_take_up,
        *taken_up_in_time,
        *to_answer,
        *answered,
        *answered_in_time,
        *sent,
        *stored,
        *records,
        *records_mended,
        *fields_asked,
        *fields_filled,
        *answers,
        *answers_matched,
        *answers_not_found,
        *cases,
        *cases_one_sided,
        *persons_active,
        *persons_served,
        *trips_saved,
    ];
    numbers.extend(response.by_days());
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    numbers
}

fn figures(numbers: &[u64]) -> Figures {
    let mut numbers = numbers.iter().copied();
    let mut next = || numbers.next().unwrap_or(0);
    Figures {
        owed: Count {
            to_take_up: next(),
            taken_up_in_time: next(),
            to_answer: next(),
            answered: next(),
            answered_in_time: next(),
            response: Response::default(),
        },
        sent: next(),
        stored: next(),
        records: next(),
        records_mended: next(),
        fields_asked: next(),
        fields_filled: next(),
        answers: next(),
        answers_matched: next(),
        answers_not_found: next(),
        cases: next(),
        cases_one_sided: next(),
        persons_active: next(),
        persons_served: next(),
        trips_saved: next(),
    }
    .with_response(numbers)
}

impl Figures {
    fn with_response(mut self, by_days: impl Iterator<Item = u64>) -> Self {
        self.owed.response = Response::from_days(by_days);
        self
    }
}
