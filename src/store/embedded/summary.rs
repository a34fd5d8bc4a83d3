//! What one segment put into the index, told at the head of the next.
//!
//! The index holds ids, references and ends of notices that are long settled, so the snapshot of
//! what is live is not enough to build it anew. With the summary of each closed segment beside that
//! snapshot it is: a rebuild reads the heads of the segments, and of the segments themselves only
//! the newest. A segment that the process which closed it had not begun has no summary, and is read.
//!
//! ```text
//! summary    := version 4 | length 4 | references | others
//! reference  := home area 6 | keyed hash 16 | position 8 | length 4 | day 4
//! other      := length 4 | key | 0 or (1 | length 4 | value)
//! ```
//! The first bytes of the layout before this one were a length, and never so high. A summary of it
//! counts as none.

use super::{
    index::{Index, IndexError},
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

/// What some groups put into the index, but for what is live behind them.
#[derive(Default)]
pub(crate) struct Summary {
    references: Put,
    /// All that is not told by a reference, as it is by now.
    others: Changes,
}

impl Summary {
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
    pub(crate) fn absorb(&mut self, next: Self) {
        self.references.raw(&next.references.0);
        self.others.extend(next.others);
    }

    /// Its bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut put = Put::default();
        put.u32(THIS_VERSION).long(&self.references.0);
        for (key, value) in &self.others {
            put.long(key);
            match value {
                Some(value) => put.u8(1).long(value),
                None => put.u8(0),
            };
        }
        put.0
    }

    /// Reads the bytes of [`encode`](Self::encode); none if they are of another version.
    ///
    /// # Errors
    /// [`Unreadable`] if they are of this one and no summary.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Option<Self>, Unreadable> {
        let mut take = Take(bytes);
        if take.u32()? != THIS_VERSION {
            return Ok(None);
        }
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
        Ok(Some(Self { references, others }))
    }

    /// What it changes in an index.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn enter<'a>(
        &self,
        index: &'a Index,
        references: &mut References,
    ) -> Result<Projection<'a>, IndexError> {
        let mut projection = Projection::new(index);
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

const THIS_VERSION: u32 = 0x8000_0002;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_of_the_layout_before_counts_as_none() {
        let mut put = Put::default();
        put.long(&[0; 69]).long(&[]).long(b"Wkey").u8(0);
        assert!(Summary::decode(&put.0).unwrap().is_none());
    }
}
