//! A closed generation: sorted pages in the index, a filter in memory.

use std::collections::HashMap;

use super::{Hash, Use, entries, filter::Filter, put_entry};
use crate::{
    domain::area::County,
    store::{
        embedded::{
            index::{Index, IndexError},
            keys,
            projection::Changes,
        },
        journal::bytes::{Put, Take},
    },
};

/// References that are not added to any more.
pub(super) struct Closed {
    number: u32,
    pub(super) count: u32,
    /// The newest day of use among them.
    pub(super) newest: u32,
    filter: Filter,
}

/// Writes a generation in its closed form.
pub(super) fn close(
    county: County,
    number: u32,
    open: HashMap<Hash, Use>,
    changes: &mut Changes,
) -> Closed {
    let mut sorted: Vec<(Hash, Use)> = open.into_iter().collect();
    sorted.sort_unstable_by_key(|(hash, _)| *hash);
    let mut filter = Filter::of(sorted.len());
    let mut newest = 0;
    for page in sorted.chunks(ENTRIES_A_PAGE) {
        let mut put = Put::default();
        for (hash, last) in page {
            filter.add(hash);
            newest = last.day.max(newest);
            put_entry(&mut put, hash, *last);
        }
        let first = page.first().map_or([0; 16], |(hash, _)| *hash);
        changes.insert(keys::page(county, number, &first), Some(put.0));
    }
    for (chunk, bytes) in (0..).zip(filter.bytes().chunks(CHUNK)) {
        changes.insert(keys::filter(county, number, chunk), Some(bytes.to_vec()));
    }
    let count = u32::try_from(sorted.len()).unwrap_or(u32::MAX);
    let mut put = Put::default();
    put.u32(count).u32(newest);
    changes.insert(keys::generation(county, number), Some(put.0));
    Closed {
        number,
        count,
        newest,
        filter,
    }
}

impl Closed {
    /// As the index has it.
    pub(super) fn load(
        index: &Index,
        county: County,
        number: u32,
        value: &[u8],
    ) -> Result<Self, IndexError> {
        let mut take = Take(value);
        let (count, newest) = (take.u32()?, take.u32()?);
        take.end()?;
        let prefix = keys::filters(county, number);
        let mut bytes = Vec::new();
        for found in index.from(&prefix, &prefix) {
            bytes.extend_from_slice(&found?.1);
        }
        Ok(Self {
            number,
            count,
            newest,
            filter: Filter::from_bytes(bytes),
        })
    }

    /// Where a reference was last used, if it was in this generation.
    pub(super) fn find(
        &self,
        index: &Index,
        county: County,
        hash: &Hash,
    ) -> Result<Option<Use>, IndexError> {
        if !self.filter.may_have(hash) {
            return Ok(None);
        }
        let prefix = keys::pages(county, self.number);
        let Some((_, page)) = index.floor(&prefix, &keys::page(county, self.number, hash))? else {
            return Ok(None);
        };
        let found = entries(&page)?.into_iter().find(|(other, _)| other == hash);
        Ok(found.map(|(_, last)| last))
    }

    /// Takes it out of the index.
    pub(super) fn remove(
        &self,
        index: &Index,
        county: County,
        changes: &mut Changes,
    ) -> Result<(), IndexError> {
        for prefix in [
            keys::pages(county, self.number),
            keys::filters(county, self.number),
        ] {
            for found in index.from(&prefix, &prefix) {
                changes.insert(found?.0.to_vec(), None);
            }
        }
        changes.insert(keys::generation(county, self.number), None);
        Ok(())
    }
}

/// A page is some 4 KiB.
const ENTRIES_A_PAGE: usize = 128;
/// Bytes of a filter that stand under one key.
const CHUNK: usize = 16 << 10;
