//! Forgetting references that are too old to be repeated.
//!
//! References are the one thing of which the index holds an entry a notice, so those that do not
//! count any more must go. From which day on they count is written in the journal: the index
//! follows from it, and a rebuild forgets exactly what was forgotten. The entries themselves are
//! looked through in small steps beside the writer, who removes what a step found.

use std::collections::BTreeMap;

use super::{
    index::{Index, IndexError},
    keys::{self, ReferenceEntry},
    stage::{Stage, StageError},
};
use crate::{
    domain::area::County,
    store::journal::{
        bytes::{Take, Unreadable},
        record::{Record, ReferencesForgotten},
    },
};

/// The first day that counts, counted from 1970-01-01, of each home area that forgot any.
pub(crate) type Forgotten = BTreeMap<County, u32>;

/// The day of a time in milliseconds since 1970, counted from 1970-01-01.
pub(crate) fn day_of(at_ms: i64) -> u32 {
    u32::try_from(at_ms / MS_PER_DAY).unwrap_or(0)
}

/// The first day whose references count on a day.
pub(crate) const fn first_remembered(today: u32) -> u32 {
    today.saturating_sub(REMEMBERED_DAYS)
}

/// Writes down that references of before a day are forgotten, once for each home area.
pub(crate) fn forget(stage: &mut Stage<'_>, before: u32) -> Result<(), StageError> {
    let mut homes: Vec<County> = stage.state.outs.keys().map(|it| it.from).collect();
    homes.dedup();
    for home in homes {
        if stage
            .state
            .forgotten
            .get(&home)
            .is_none_or(|day| *day < before)
        {
            stage.push(Record::ReferencesForgotten(ReferencesForgotten {
                home,
                before,
            }))?;
        }
    }
    Ok(())
}

/// What one step found.
pub(crate) struct Step {
    /// Keys of references that are forgotten.
    pub(crate) stale: Vec<Vec<u8>>,
    /// Where the next step begins; none at the end.
    pub(crate) next: Option<Vec<u8>>,
}

/// Looks through the next references from a key on.
pub(crate) fn look(index: &Index, forgotten: &Forgotten, from: &[u8]) -> Result<Step, IndexError> {
    let mut stale = Vec::new();
    for (looked, entry) in index.from(keys::REFERENCES, from).enumerate() {
        let (key, value) = entry?;
        if looked == LOOKED_AT_ONCE {
            return Ok(Step {
                stale,
                next: Some(key.to_vec()),
            });
        }
        if is_stale(forgotten, &key, &value)? {
            stale.push(key.to_vec());
        }
    }
    Ok(Step { stale, next: None })
}

/// Removes what a step found, but for references that were used again since. Says how many.
pub(crate) fn sweep(
    index: &Index,
    forgotten: &Forgotten,
    stale: Vec<Vec<u8>>,
) -> Result<u64, IndexError> {
    let mut removed = Vec::with_capacity(stale.len());
    for key in stale {
        if let Some(value) = index.get(&key)?
            && is_stale(forgotten, &key, &value)?
        {
            removed.push((key, None));
        }
    }
    let count = removed.len() as u64;
    index.apply(removed)?;
    Ok(count)
}

/// Removes everything that is forgotten: a rebuild brings back what the journal still holds.
pub(crate) fn sweep_all(index: &Index, forgotten: &Forgotten) -> Result<(), IndexError> {
    if forgotten.is_empty() {
        return Ok(());
    }
    let mut next = Some(keys::REFERENCES.to_vec());
    while let Some(from) = next {
        let step = look(index, forgotten, &from)?;
        sweep(index, forgotten, step.stale)?;
        next = step.next;
    }
    Ok(())
}

fn is_stale(forgotten: &Forgotten, key: &[u8], value: &[u8]) -> Result<bool, Unreadable> {
    let home = Take(key.get(keys::REFERENCES.len()..).unwrap_or_default()).county()?;
    let day = ReferenceEntry::decode(value)?.day;
    Ok(forgotten.get(&home).is_some_and(|before| day < *before))
}

/// How many days a reference is remembered.
const REMEMBERED_DAYS: u32 = 400;
/// So many references are looked at in a step; the writer is held up for no more removals.
const LOOKED_AT_ONCE: usize = 500;
const MS_PER_DAY: i64 = 86_400_000;
