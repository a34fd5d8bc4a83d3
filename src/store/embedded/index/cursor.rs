//! Going through a range of keys, in the memtable and in sled.

use std::{
    cmp::Ordering,
    ops::Bound::{self, Excluded, Included, Unbounded},
    sync::Arc,
};

use sled::IVec;

use super::{IndexError, flusher::Shared, memtable::Order};

/// What is left of a range. No snapshot: what changes before it is reached is seen changed.
pub(super) struct Cursor {
    shared: Arc<Shared>,
    low: Bound<Vec<u8>>,
    high: Bound<Vec<u8>>,
    order: Order,
    asked: Option<Asked>,
}

/// What sled says of the range. It counts as long as no layer of the memtable becomes part of sled:
/// until then the memtable hides what has changed since.
struct Asked {
    generation: u64,
    entries: sled::Iter,
    next: Next,
}

/// sled's next entry.
enum Next {
    Unknown,
    Known(Option<(IVec, IVec)>),
}

impl Cursor {
    pub(super) const fn new(
        shared: Arc<Shared>,
        low: Bound<Vec<u8>>,
        high: Bound<Vec<u8>>,
        order: Order,
    ) -> Self {
        Self {
            shared,
            low,
            high,
            order,
            asked: None,
        }
    }

    fn is_empty(&self) -> bool {
        match (&self.low, &self.high) {
            (Unbounded, _) | (_, Unbounded) => false,
            (Included(low), Included(high)) => low > high,
            (Included(low) | Excluded(low), Excluded(high) | Included(high)) => low >= high,
        }
    }

    /// Goes on behind that key.
    fn pass(&mut self, key: &[u8]) {
        let passed = Excluded(key.to_vec());
        match self.order {
            Order::Ascending => self.low = passed,
            Order::Descending => self.high = passed,
        }
    }

    /// One step: an entry, a key that is removed, or that the memtable has changed under it.
    fn step(&mut self) -> Result<Step, IndexError> {
        let generation = self.shared.read().generation();
        let shared = Arc::clone(&self.shared);
        let asked = match &mut self.asked {
            Some(asked) if asked.generation == generation => asked,
            asked => asked.insert(Asked {
                generation,
                entries: shared.tree.range((self.low.clone(), self.high.clone())),
                next: Next::Unknown,
            }),
        };
        if matches!(asked.next, Next::Unknown) {
            let entries = &mut asked.entries;
            let found = shared.tree.ask(|_| match self.order {
                Order::Ascending => entries.next().transpose(),
                Order::Descending => entries.next_back().transpose(),
            })?;
            asked.next = Next::Known(found);
        }
        let Next::Known(there) = &mut asked.next else {
            return Ok(Step::Again);
        };
        let memtable = shared.read();
        if memtable.generation() != generation {
            return Ok(Step::Again);
        }
        let bounds = (
            self.low.as_ref().map(Vec::as_slice),
            self.high.as_ref().map(Vec::as_slice),
        );
        let here = memtable.first(bounds, self.order);
        let order = match (&here, &there) {
            (None, None) => return Ok(Step::End),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((here, _)), Some((there, _))) => match self.order {
                Order::Ascending => (*here).cmp(there.as_ref()),
                Order::Descending => there.as_ref().cmp(*here),
            },
        };
        let found = match (order, here) {
            (Ordering::Less | Ordering::Equal, Some((key, value))) => {
                Step::Found(IVec::from(key), value.clone())
            }
            _ => match there.take() {
                Some((key, value)) => Step::Found(key, Some(value)),
                None => Step::End,
            },
        };
        if order != Ordering::Less {
            asked.next = Next::Unknown;
        }
        Ok(found)
    }
}

enum Step {
    Found(IVec, Option<IVec>),
    Again,
    End,
}

impl Iterator for Cursor {
    type Item = Result<(IVec, IVec), IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.is_empty() {
                return None;
            }
            match self.step() {
                Ok(Step::Found(key, value)) => {
                    self.pass(&key);
                    if let Some(value) = value {
                        return Some(Ok((key, value)));
                    }
                }
                Ok(Step::Again) => {}
                Ok(Step::End) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
