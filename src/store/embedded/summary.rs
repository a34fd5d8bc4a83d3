//! What one segment put into the index, told at the head of the next.
//!
//! The index holds ids, references and ends of notices that are long settled, so the snapshot of
//! what is live is not enough to build it anew. With the summary of each closed segment beside that
//! snapshot it is: a rebuild reads the heads of the segments, and of the segments themselves only
//! the newest. A segment that the process which closed it had not begun has no summary, and is read.
//!
//! ```text
//! summary    := length 4 | runs | count 4 | references | count 4 | others
//! run        := run 69 | 0 or (1 | epoch 8 | first counter 8 | last counter 8)
//! reference  := home area 6 | keyed hash 16 | position 8 | length 4 | day 4
//! other      := key | 0 or (1 | value)
//! ```

use super::{
    index::{Index, IndexError},
    keys::{self, Run},
    projection::{Changes, Projection},
    references::{Hash, References, Use},
};
use crate::{
    domain::area::County,
    store::journal::{
        bytes::{Put, Take, Unreadable},
        record::Position,
    },
};

/// Rising ids of one epoch along a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) epoch: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// What some groups put into the index, but for what is live behind them.
#[derive(Default)]
pub(crate) struct Summary {
    runs: Put,
    references: Put,
    /// All that is told neither by a run nor by a reference. It counts behind the runs.
    others: Changes,
}

impl Summary {
    /// A run was entered.
    pub(crate) fn run(&mut self, run: &Run, ids: Option<Ids>) {
        self.others
            .remove(&keys::run(run.direction, run.channel, run.first));
        self.runs.raw(&run.encode());
        match ids {
            Some(ids) => self.runs.u8(1).u64(ids.epoch).u64(ids.first).u64(ids.last),
            None => self.runs.u8(0),
        };
    }

    /// A reference was used.
    pub(crate) fn reference(&mut self, home: County, hash: &Hash, last: Use) {
        self.references
            .county(home)
            .raw(hash)
            .u64(last.at.get())
            .u32(last.len)
            .u32(last.day);
    }

    /// Another key was changed.
    pub(crate) fn other(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.others.insert(key, value);
    }

    /// Adds what the next groups did.
    ///
    /// # Errors
    /// [`Unreadable`] if that is no summary, which would be a defect.
    pub(crate) fn absorb(&mut self, next: Self) -> Result<(), Unreadable> {
        if !self.others.is_empty() {
            // A place that was given up and is used again.
            for run in Runs(Take(&next.runs.0)) {
                let (run, _) = run?;
                self.others
                    .remove(&keys::run(run.direction, run.channel, run.first));
            }
        }
        self.runs.raw(&next.runs.0);
        self.references.raw(&next.references.0);
        self.others.extend(next.others);
        Ok(())
    }

    /// Its bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut put = Put::default();
        put.long(&self.runs.0).long(&self.references.0);
        for (key, value) in &self.others {
            put.long(key);
            match value {
                Some(value) => put.u8(1).long(value),
                None => put.u8(0),
            };
        }
        put.0
    }

    /// Reads the bytes of [`encode`](Self::encode).
    ///
    /// # Errors
    /// [`Unreadable`] if they are none.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut take = Take(bytes);
        let runs = Put(take.long()?.to_vec());
        let references = Put(take.long()?.to_vec());
        let mut others = Changes::new();
        while !take.0.is_empty() {
            let key = take.long()?.to_vec();
            let value = match take.u8()? {
                0 => None,
                _ => Some(take.long()?.to_vec()),
            };
            others.insert(key, value);
        }
        Ok(Self {
            runs,
            references,
            others,
        })
    }

    /// Enters it into an index, all but its last changes, which are returned.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn enter<'a>(
        &self,
        index: &'a Index,
        references: &mut References,
    ) -> Result<Projection<'a>, IndexError> {
        let mut projection = Projection::new(index);
        for (number, run) in (1usize..).zip(Runs(Take(&self.runs.0))) {
            let (run, ids) = run?;
            projection.enter(run, ids);
            if number % RUNS_A_BATCH == 0 {
                index.apply(projection.take_changes())?;
            }
        }
        for (key, value) in &self.others {
            projection.change(key.clone(), value.clone());
        }
        let mut take = Take(&self.references.0);
        while !take.0.is_empty() {
            let (home, hash) = (take.county()?, take.key()?);
            let last = Use {
                at: Position::new(take.u64()?),
                len: take.u32()?,
                day: take.u32()?,
            };
            references.used(home, hash, last);
        }
        Ok(projection)
    }
}

/// Reads runs one by one.
struct Runs<'a>(Take<'a>);

impl Iterator for Runs<'_> {
    type Item = Result<(Run, Option<Ids>), Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.0.is_empty()).then(|| {
            let run = Run::take(&mut self.0)?;
            let ids = match self.0.u8()? {
                0 => None,
                _ => Some(Ids {
                    epoch: self.0.u64()?,
                    first: self.0.u64()?,
                    last: self.0.u64()?,
                }),
            };
            Ok((run, ids))
        })
    }
}

/// So many runs are entered by one batch.
const RUNS_A_BATCH: usize = 2_000;
