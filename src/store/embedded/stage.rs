//! One group being gathered: what the next verb of the same group is decided on.

use super::{
    index::IndexError,
    places::{PlaceError, Places},
    projection::{Changes, Projection},
    state::State,
    summary::Summary,
};
use crate::store::{
    journal::{
        group::{GroupWriter, Placed},
        record::{Position, Record},
        segment::Chains,
    },
    verb::NotNow,
};

/// The group, the live state as it will be behind it, and the index changes.
pub(crate) struct Stage<'a> {
    pub(crate) places: &'a Places,
    pub(crate) state: &'a mut State,
    pub(crate) projection: Projection<'a>,
    chains: &'a mut Chains,
    group: GroupWriter,
    placed: Vec<Placed>,
}

/// Why a verb cannot be staged.
pub(crate) enum StageError {
    /// The caller is told; nothing of the verb was staged.
    NotNow(NotNow),
    /// The index is broken: the writer stops.
    Index(IndexError),
}

impl From<IndexError> for StageError {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

impl From<PlaceError> for StageError {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Index(error) => Self::Index(error),
            PlaceError::Journal(error) => Self::NotNow(error.into()),
            PlaceError::Vault(error) => Self::NotNow(error.into()),
        }
    }
}

impl<'a> Stage<'a> {
    /// An empty group; its bytes will stand in `buffer`.
    pub(crate) fn new(
        places: &'a Places,
        state: &'a mut State,
        chains: &'a mut Chains,
        start: Position,
        buffer: Vec<u8>,
    ) -> Self {
        Self {
            places,
            state,
            projection: Projection::new(&places.index),
            chains,
            group: GroupWriter::new(start, buffer),
            placed: Vec::new(),
        }
    }

    /// Adds a record to the group, the chain, the state and the index changes.
    pub(crate) fn push(&mut self, record: Record) -> Result<(), IndexError> {
        let chain = record
            .home()
            .map(|home| self.chains.entry(home).or_default());
        let placed = self
            .group
            .push(record, chain)
            .map_err(|error| IndexError(error.to_string()))?;
        self.projection.follow(self.state, &placed)?;
        self.placed.push(placed);
        Ok(())
    }

    /// Where the next record will stand.
    pub(crate) fn next_position(&self) -> Position {
        self.group.next_position()
    }

    /// The record at a position, be it of this group or of the journal.
    pub(crate) fn record_at(&self, at: Position) -> Result<Record, PlaceError> {
        let staged = self.placed.binary_search_by_key(&at, |it| it.position);
        match staged.ok().and_then(|number| self.placed.get(number)) {
            Some(placed) => Ok(placed.record.clone()),
            None => Ok(self.places.segments.entry_at(at)?.record),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.group.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.group.len()
    }

    /// Bytes, records and index changes of the finished group that ends at `end`.
    pub(crate) fn finish(self, end: Position) -> Result<Finished, IndexError> {
        let (changes, summary) = self.projection.finish(self.state, end, self.chains)?;
        Ok(Finished {
            bytes: self.group.finish(),
            placed: self.placed,
            changes,
            summary,
        })
    }
}

/// A group that is ready to be written.
pub(crate) struct Finished {
    pub(crate) bytes: Vec<u8>,
    pub(crate) placed: Vec<Placed>,
    pub(crate) changes: Changes,
    pub(crate) summary: Summary,
}
