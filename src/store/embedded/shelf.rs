//! A tree for what follows from the store and is read apart from it: lists, counts.
//!
//! It lies beside the index and is of the same make, but nothing that is answered to a peer or an
//! office's publication hangs on it. Whoever fills it keeps in it how far it has come; whatever
//! fails, it is set aside and filled anew.

use std::{io, path::Path, path::PathBuf};

use sled::IVec;

use super::index::{self, Index, IndexError};

/// Such a tree.
#[derive(Clone)]
pub struct Shelf {
    index: Index,
    directory: PathBuf,
}

/// The tree cannot be used; opened again, it is empty.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the tree of what follows failed: {0}")]
pub struct ShelfError(String);

impl ShelfError {
    /// What stands there is not of this version.
    pub(crate) fn unreadable(what: &str) -> Self {
        Self(format!("{what} cannot be read"))
    }
}

impl From<IndexError> for ShelfError {
    fn from(IndexError(why): IndexError) -> Self {
        Self(why)
    }
}

impl From<io::Error> for ShelfError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

impl Shelf {
    /// Opens the tree of that name in a data directory. It is empty if it was, if it failed while
    /// it was in use, or if what fills it is not what `stamp` says any more.
    ///
    /// # Errors
    /// [`ShelfError`] if not even an empty one can be made.
    pub fn open(
        data: &Path,
        name: &str,
        stamp: &[u8],
        cache_bytes: u64,
    ) -> Result<Self, ShelfError> {
        let directory = data.join(name);
        if index::is_distrusted(&directory) {
            return Self::begin(directory, stamp, cache_bytes);
        }
        match Index::open(&directory, cache_bytes).and_then(|index| {
            let held = index.get(STAMP)?;
            Ok((index, held))
        }) {
            Ok((index, Some(held))) if held == stamp => Ok(Self { index, directory }),
            // Closed before it is moved.
            Ok((index, _)) => {
                drop(index);
                Self::begin(directory, stamp, cache_bytes)
            }
            Err(error) => {
                tracing::warn!(%error, tree = name, "It is set aside and filled anew.");
                Self::begin(directory, stamp, cache_bytes)
            }
        }
    }

    fn begin(directory: PathBuf, stamp: &[u8], cache_bytes: u64) -> Result<Self, ShelfError> {
        index::remove(&directory)?;
        let index = Index::open(&directory, cache_bytes)?;
        index.apply([(STAMP.to_vec(), Some(stamp.to_vec()))])?;
        Ok(Self { index, directory })
    }

    /// The value of a key.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn get(&self, key: &[u8]) -> Result<Option<IVec>, ShelfError> {
        Ok(self.index.get(key)?)
    }

    /// The entries of a prefix from `from` on, ascending. No snapshot: what changes before it is
    /// reached is seen changed.
    pub fn from(
        &self,
        prefix: &[u8],
        from: &[u8],
    ) -> impl Iterator<Item = Result<(IVec, IVec), ShelfError>> + use<> {
        let entries = self.index.from(prefix, from);
        entries.map(|entry| entry.map_err(ShelfError::from))
    }

    /// The entries of a prefix up to and with `to`, descending.
    pub fn down_from(
        &self,
        prefix: &[u8],
        to: &[u8],
    ) -> impl Iterator<Item = Result<(IVec, IVec), ShelfError>> + use<> {
        let entries = self.index.down_from(prefix, to);
        entries.map(|entry| entry.map_err(ShelfError::from))
    }

    /// Changes many keys at once; after a hard stop all of them are there, or none. What was applied
    /// before is there wherever this is.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn apply(
        &self,
        changes: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>,
    ) -> Result<(), ShelfError> {
        Ok(self.index.apply(changes)?)
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn flush(&self) -> Result<(), ShelfError> {
        Ok(self.index.flush()?)
    }

    /// Notes that it failed: opened again, it is empty.
    ///
    /// # Errors
    /// The disk's.
    pub fn distrust(&self) -> io::Result<()> {
        index::distrust(&self.directory)
    }
}

/// Below every key of who fills it: their keys begin with a letter.
const STAMP: &[u8] = b"#";

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: &str, value: &str) -> (Vec<u8>, Option<Vec<u8>>) {
        (key.into(), Some(value.into()))
    }

    fn holds(shelf: &Shelf, key: &str) -> bool {
        shelf.get(key.as_bytes()).unwrap().is_some()
    }

    #[test]
    fn what_is_on_it_stays_until_its_stamp_changes_or_it_fails() {
        let data = tempfile::tempdir().unwrap();
        let open = |stamp: &[u8]| Shelf::open(data.path(), "cases", stamp, 1 << 20).unwrap();
        let shelf = open(b"1");
        shelf.apply([change("a", "1"), change("b", "2")]).unwrap();
        shelf.flush().unwrap();
        drop(shelf);
        let shelf = open(b"1");
        assert!(holds(&shelf, "a") && holds(&shelf, "b"));
        drop(shelf);
        let shelf = open(b"2");
        assert!(!holds(&shelf, "a"));
        shelf.apply([change("a", "1")]).unwrap();
        shelf.flush().unwrap();
        shelf.distrust().unwrap();
        drop(shelf);
        let shelf = open(b"2");
        assert!(!holds(&shelf, "a"));
        shelf.apply([change("a", "1")]).unwrap();
        shelf.flush().unwrap();
        drop(shelf);
        assert!(holds(&open(b"2"), "a"), "what was begun anew is trusted");
    }

    #[test]
    fn one_that_cannot_be_opened_is_filled_anew() {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join("cases"), "no directory").unwrap();
        let shelf = Shelf::open(data.path(), "cases", b"1", 1 << 20).unwrap();
        shelf.apply([change("a", "1")]).unwrap();
        assert!(holds(&shelf, "a"));
    }
}
