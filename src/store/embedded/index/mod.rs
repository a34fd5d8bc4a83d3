//! The index: what follows from the journal, so that it is found.
//!
//! The changes of a group are read by everyone as soon as they are applied. They gather in a
//! [memtable], and become part of sled some groups at a time, as one atomic batch that also tells
//! how far it reflects the journal ([flusher]).
//!
//! sled's flush is no fsync, and opening after a hard stop can fail or panic. Neither matters:
//! nothing is acknowledged on its word, and whatever it holds, or does not have yet, follows from
//! the journal. A journal that lost synced groups is found out by an index that is ahead of it; so
//! of the last tenth of a second before a hard stop only what a peer shows can tell.

mod cursor;
mod flusher;
mod mark;
mod memtable;
mod tree;

use std::{
    ops::Bound::{Excluded, Included, Unbounded},
    path::Path,
    sync::Arc,
};

use sled::IVec;

pub(super) use self::mark::{distrust, is_distrusted, remove, set_aside, trust};
use self::{
    cursor::Cursor,
    flusher::{Flusher, Shared},
    memtable::Order,
    tree::Tree,
};
use super::keys::{REFLECTION, Reflection, THIS_VERSION, VERSION};

/// The index.
#[derive(Clone)]
pub(crate) struct Index {
    // Ends before sled is closed.
    _flusher: Arc<Flusher>,
    shared: Arc<Shared>,
}

/// What a test has sled do.
#[cfg(test)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Whatever is written fails.
    WriteFails,
    /// Whatever is read panics.
    ReadPanics,
}

/// sled failed. The remedy is always the same: set it aside and rebuild it from the journal.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the index failed: {0}")]
pub(crate) struct IndexError(pub(crate) String);

impl From<sled::Error> for IndexError {
    fn from(error: sled::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<crate::store::journal::bytes::Unreadable> for IndexError {
    fn from(error: crate::store::journal::bytes::Unreadable) -> Self {
        Self(error.to_string())
    }
}

impl Index {
    /// Opens the index of a directory.
    ///
    /// # Errors
    /// [`IndexError`] if sled fails or panics.
    pub(crate) fn open(directory: &Path, cache_bytes: u64) -> Result<Self, IndexError> {
        let shared = Shared::new(Tree::open(directory, cache_bytes)?);
        shared.tree.ask(|db| {
            if db.is_empty() {
                db.insert(VERSION, THIS_VERSION.as_slice())?;
            }
            Ok(())
        })?;
        Ok(Self {
            _flusher: Arc::new(Flusher::start(&shared)?),
            shared,
        })
    }

    /// How far it reflects the journal; none for a fresh index.
    pub(crate) fn reflection(&self) -> Result<Option<Reflection>, IndexError> {
        match self.get(REFLECTION)? {
            Some(bytes) => Ok(Some(Reflection::decode(&bytes)?)),
            None => Ok(None),
        }
    }

    /// True if its keys and values are those of this program: one of another version tells how far
    /// it had come, and nothing else.
    pub(crate) fn is_of_this_version(&self) -> Result<bool, IndexError> {
        Ok(self.get(VERSION)?.is_some_and(|held| held == THIS_VERSION))
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<IVec>, IndexError> {
        // The memtable first: what leaves it is in sled before that.
        let changed = self.shared.read().get(key).cloned();
        match changed {
            Some(value) => Ok(value),
            None => self.shared.tree.get(key),
        }
    }

    /// The entry with the greatest key that begins with `prefix` and is not above `key`.
    pub(crate) fn floor(
        &self,
        prefix: &[u8],
        key: &[u8],
    ) -> Result<Option<(IVec, IVec)>, IndexError> {
        self.down_from(prefix, key).next().transpose()
    }

    /// The entries of a prefix from `from` on, ascending.
    pub(crate) fn from(
        &self,
        prefix: &[u8],
        from: &[u8],
    ) -> impl Iterator<Item = Result<(IVec, IVec), IndexError>> + use<> {
        let high = behind(prefix).map_or(Unbounded, Excluded);
        let low = Included(from.to_vec());
        Cursor::new(Arc::clone(&self.shared), low, high, Order::Ascending)
    }

    /// The entries of a prefix up to and with `to`, descending.
    pub(crate) fn down_from(
        &self,
        prefix: &[u8],
        to: &[u8],
    ) -> impl Iterator<Item = Result<(IVec, IVec), IndexError>> + use<> {
        let (low, high) = (Included(prefix.to_vec()), Included(to.to_vec()));
        Cursor::new(Arc::clone(&self.shared), low, high, Order::Descending)
    }

    /// Changes many keys at once: those of a whole group, or of several.
    ///
    /// # Errors
    /// [`IndexError`] if sled has failed since; then nothing of it is to be believed.
    pub(crate) fn apply(
        &self,
        changes: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>,
    ) -> Result<(), IndexError> {
        self.shared.enter(changes)
    }

    /// Waits until sled has everything and has written it; used when the node stops.
    pub(crate) fn flush(&self) -> Result<(), IndexError> {
        self.shared.drain()?;
        self.shared.tree.ask(|db| db.flush())?;
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn break_by(&self, fault: Option<Fault>) {
        *self.shared.tree.fault.lock().unwrap() = fault;
    }
}

/// The least key that is above all that begin with a prefix; none if there is none.
fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let rising = prefix.iter().rposition(|&byte| byte < u8::MAX)?;
    let mut behind = prefix.get(..=rising)?.to_vec();
    let last = behind.last_mut()?;
    *last = last.saturating_add(1);
    Some(behind)
}

#[cfg(test)]
mod tests;
