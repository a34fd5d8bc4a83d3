//! References: which were used, where, and until when they count.
//!
//! A reference is a keyed hash, so where it falls among the others is chance. One entry of the
//! index for each would touch a page of the tree for each, the slower the more there are. Instead
//! they are kept in generations, each of some [`GENERATION`] references in the order of their use:
//!
//! - the *open* generation is held in memory, and stands in the index in blocks, the last of which
//!   is lengthened while it is short;
//! - a *closed* one stands there sorted, in pages, with a filter that tells without looking, and
//!   hardly ever in vain, that a reference is not in it. The filters are held in memory: two bytes
//!   a reference.
//!
//! So using a reference costs a share of a block, and looking for a new one no read at all. What
//! was used long ago leaves by the generation. From which day on references count is written in
//! the journal: the index follows from it, and a rebuild forgets exactly what was forgotten.

mod filter;
mod generation;

use std::collections::{BTreeMap, HashMap};

use self::generation::{Closed, close};
use super::{
    index::{Index, IndexError},
    keys,
    projection::Changes,
    stage::{Stage, StageError},
};
use crate::{
    domain::area::County,
    store::journal::{
        bytes::{Put, Take, Unreadable},
        record::{Position, Record, ReferencesForgotten},
    },
};

/// Keyed hash of a reference.
pub(crate) type Hash = [u8; 16];

/// The first day that counts, counted from 1970-01-01, of each home area that forgot any.
pub(crate) type Forgotten = BTreeMap<County, u32>;

/// Where a reference was last used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) at: Position,
    pub(crate) len: u32,
    /// Counted from 1970-01-01.
    pub(crate) day: u32,
}

/// The references of every home area.
#[derive(Default)]
pub(crate) struct References(BTreeMap<County, Home>);

/// Those of one.
#[derive(Default)]
struct Home {
    open: HashMap<Hash, Use>,
    /// Number of the open generation.
    number: u32,
    /// Number of its last block, which may still be lengthened.
    last_block: u32,
    /// What stands in that, or will.
    tail: Vec<(Hash, Use)>,
    /// True if the index does not have all of that yet.
    is_new: bool,
    /// Oldest first.
    closed: Vec<Closed>,
}

impl References {
    /// As the index has them.
    pub(crate) fn load(index: &Index) -> Result<Self, IndexError> {
        let mut homes: BTreeMap<County, Home> = BTreeMap::new();
        for found in index.from(keys::GENERATIONS, keys::GENERATIONS) {
            let (key, value) = found?;
            let mut key = Take(key.get(keys::GENERATIONS.len()..).unwrap_or_default());
            let (county, number) = (key.county()?, key.u32()?);
            let home = homes.entry(county).or_default();
            home.closed
                .push(Closed::load(index, county, number, &value)?);
            home.number = number.saturating_add(1);
        }
        for found in index.from(keys::BLOCKS, keys::BLOCKS) {
            let (key, value) = found?;
            let mut key = Take(key.get(keys::BLOCKS.len()..).unwrap_or_default());
            let (county, number, block) = (key.county()?, key.u32()?, key.u32()?);
            let home = homes.entry(county).or_default();
            home.number = number;
            home.last_block = block;
            home.tail = entries(&value)?;
            home.open.extend(home.tail.iter().copied());
        }
        Ok(Self(homes))
    }

    /// Where a reference was last used.
    pub(crate) fn find(
        &self,
        index: &Index,
        county: County,
        hash: &Hash,
    ) -> Result<Option<Use>, IndexError> {
        let Some(home) = self.0.get(&county) else {
            return Ok(None);
        };
        if let Some(last) = home.open.get(hash) {
            return Ok(Some(*last));
        }
        for closed in home.closed.iter().rev() {
            if let Some(last) = closed.find(index, county, hash)? {
                return Ok(Some(last));
            }
        }
        Ok(None)
    }

    /// A reference was used.
    pub(crate) fn used(&mut self, county: County, hash: Hash, last: Use) {
        let home = self.0.entry(county).or_default();
        home.open.insert(hash, last);
        home.tail.push((hash, last));
        home.is_new = true;
    }

    /// How many would leave if those of before a day are forgotten.
    fn leaving(&self, county: County, before: u32) -> u64 {
        let Some(home) = self.0.get(&county) else {
            return 0;
        };
        let open = home.open.values().filter(|last| last.day < before).count() as u64;
        let closed = home.closed.iter().filter(|it| it.newest < before);
        closed
            .map(|closed| u64::from(closed.count))
            .sum::<u64>()
            .saturating_add(open)
    }

    /// References of before a day leave, but for those in a closed generation with newer ones:
    /// whoever finds one of these looks at its day.
    pub(crate) fn forget(
        &mut self,
        index: &Index,
        county: County,
        before: u32,
        changes: &mut Changes,
    ) -> Result<(), IndexError> {
        let Some(home) = self.0.get_mut(&county) else {
            return Ok(());
        };
        for closed in home.closed.extract_if(.., |closed| closed.newest < before) {
            closed.remove(index, county, changes)?;
        }
        let count = home.open.len();
        home.open.retain(|_, last| last.day >= before);
        if home.open.len() < count {
            home.remove_blocks(county, changes);
            home.tail = home
                .open
                .iter()
                .map(|(hash, last)| (*hash, *last))
                .collect();
            home.tail.sort_unstable_by_key(|(_, last)| last.at);
            home.is_new = true;
        }
        Ok(())
    }

    /// What the index has to learn.
    pub(crate) fn write(&mut self, changes: &mut Changes) {
        for (county, home) in &mut self.0 {
            if std::mem::take(&mut home.is_new) {
                home.write_blocks(*county, changes);
            }
            if home.open.len() >= GENERATION {
                home.remove_blocks(*county, changes);
                home.tail.clear();
                let open = std::mem::take(&mut home.open);
                home.closed.push(close(*county, home.number, open, changes));
                home.number = home.number.saturating_add(1);
            }
        }
    }
}

impl Home {
    fn write_blocks(&mut self, county: County, changes: &mut Changes) {
        let tail = std::mem::take(&mut self.tail);
        for block in tail.chunks(MOST_A_BLOCK) {
            let mut put = Put(Vec::with_capacity(block.len().saturating_mul(ENTRY)));
            for (hash, last) in block {
                put_entry(&mut put, hash, *last);
            }
            changes.insert(
                keys::block(county, self.number, self.last_block),
                Some(put.0),
            );
            if block.len() < LEAST_A_BLOCK {
                self.tail = block.to_vec();
            } else {
                self.last_block = self.last_block.saturating_add(1);
            }
        }
    }

    fn remove_blocks(&mut self, county: County, changes: &mut Changes) {
        for block in 0..=std::mem::take(&mut self.last_block) {
            changes.insert(keys::block(county, self.number, block), None);
        }
    }
}

/// The day of a time in milliseconds since 1970, counted from 1970-01-01.
pub(crate) fn day_of(at_ms: i64) -> u32 {
    u32::try_from(at_ms / MS_PER_DAY).unwrap_or(0)
}

/// The first day whose references count on a day.
pub(crate) const fn first_remembered(today: u32) -> u32 {
    today.saturating_sub(REMEMBERED_DAYS)
}

/// Writes down that references of before a day are forgotten, once for each home area. Says how
/// many leave.
pub(crate) fn forget(stage: &mut Stage<'_>, before: u32) -> Result<u64, StageError> {
    let mut homes: Vec<County> = stage.state.outs.keys().map(|it| it.from).collect();
    homes.dedup();
    let mut leaving = 0_u64;
    for home in homes {
        if stage
            .state
            .forgotten
            .get(&home)
            .is_none_or(|day| *day < before)
        {
            leaving = leaving.saturating_add(stage.state.references.leaving(home, before));
            stage.push(Record::ReferencesForgotten(ReferencesForgotten {
                home,
                before,
            }))?;
        }
    }
    Ok(leaving)
}

fn put_entry(put: &mut Put, hash: &Hash, last: Use) {
    put.raw(hash).u64(last.at.get()).u32(last.len).u32(last.day);
}

/// The entries of a block or page.
fn entries(bytes: &[u8]) -> Result<Vec<(Hash, Use)>, Unreadable> {
    let mut take = Take(bytes);
    let mut entries = Vec::with_capacity(bytes.len() / ENTRY);
    while !take.0.is_empty() {
        entries.push((
            take.key()?,
            Use {
                at: Position::new(take.u64()?),
                len: take.u32()?,
                day: take.u32()?,
            },
        ));
    }
    Ok(entries)
}

/// A generation is closed when it has so many references.
const GENERATION: usize = if cfg!(test) { 64 } else { 1 << 17 };
/// Entries of a block, at most: what sled holds as one value stays small.
const MOST_A_BLOCK: usize = 128;
/// A block of fewer is written once more, longer, with the next group.
const LEAST_A_BLOCK: usize = 8;
/// Bytes of an entry.
const ENTRY: usize = 32;
/// How many days a reference is remembered.
const REMEMBERED_DAYS: u32 = 400;
const MS_PER_DAY: i64 = 86_400_000;

#[cfg(test)]
mod tests;
