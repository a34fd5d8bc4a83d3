//! A tree for what follows from the store and is read apart from it: lists, counts.
//!
//! It lies beside the index, and nothing that is answered to a peer or to an office's publication
//! hangs on it. Whoever fills it keeps in it how far it has come; whatever fails, it is set aside
//! and filled anew. It holds many small entries a notice, at places that have no order, which a tree
//! of pages would spread over half-filled ones; so it is a log-structured tree (fjall), whose blocks
//! are compressed.

use std::{
    io,
    ops::Bound::{self, Excluded, Included, Unbounded},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use fjall::{
    CompressionType, Database, Iter, Keyspace, KeyspaceCreateOptions, PersistMode, Slice,
    config::{BlockSizePolicy, CompressionPolicy},
};

use super::index;

/// Such a tree.
#[derive(Clone)]
pub struct Shelf {
    db: Database,
    entries: Keyspace,
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

impl From<fjall::Error> for ShelfError {
    fn from(error: fjall::Error) -> Self {
        Self(error.to_string())
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
        if !index::is_distrusted(&directory) {
            let opened = Self::at(&directory, cache_bytes).and_then(|shelf| {
                let held = shelf.get(STAMP)?;
                Ok((shelf, held))
            });
            match opened {
                Ok((shelf, Some(held))) if held == stamp => return Ok(shelf),
                // Closed before it is removed.
                Ok((shelf, _)) => drop(shelf),
                Err(error) => {
                    tracing::warn!(%error, tree = name, "It is set aside and filled anew.");
                }
            }
        }
        index::remove(&directory)?;
        let shelf = Self::at(&directory, cache_bytes)?;
        shelf.apply([(STAMP.to_vec(), Some(stamp.to_vec()))])?;
        Ok(shelf)
    }

    fn at(directory: &Path, cache_bytes: u64) -> Result<Self, ShelfError> {
        caught(|| {
            let db = Database::builder(directory)
                .cache_size(cache_bytes)
                .max_journaling_size(LEAST_LOG_BYTES)
                .worker_threads(1)
                .open()?;
            let options = || {
                KeyspaceCreateOptions::default()
                    .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
                    .data_block_size_policy(BlockSizePolicy::all(BLOCK_BYTES))
                    .max_memtable_size(MEMTABLE_BYTES)
            };
            Ok(Self {
                entries: db.keyspace("entries", options)?,
                db,
                directory: directory.to_owned(),
            })
        })
    }

    /// The value of a key.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Slice>, ShelfError> {
        caught(|| Ok(self.entries.get(key)?))
    }

    /// The entries of a prefix from `from` on, ascending, as they are now.
    pub fn from(&self, prefix: &[u8], from: &[u8]) -> Entries {
        let high = behind(prefix).map_or(Unbounded, Excluded);
        self.range(Included(from.to_vec()), high, Iter::next)
    }

    /// The entries of a prefix up to and with `to`, descending, as they are now.
    pub fn down_from(&self, prefix: &[u8], to: &[u8]) -> Entries {
        let (low, high) = (Included(prefix.to_vec()), Included(to.to_vec()));
        self.range(low, high, Iter::next_back)
    }

    fn range(&self, low: Bound<Vec<u8>>, high: Bound<Vec<u8>>, step: Step) -> Entries {
        let left = caught(|| Ok(self.entries.range((low, high))));
        Entries {
            left: Some(left),
            step,
        }
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
        let mut batch = self.db.batch();
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(&self.entries, key, value),
                None => batch.remove(&self.entries, key),
            }
        }
        caught(|| Ok(batch.commit()?))
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn flush(&self) -> Result<(), ShelfError> {
        caught(|| Ok(self.db.persist(PersistMode::SyncData)?))
    }

    /// Notes that it failed: opened again, it is empty.
    ///
    /// # Errors
    /// The disk's.
    pub fn distrust(&self) -> io::Result<()> {
        index::distrust(&self.directory)
    }
}

type Step = fn(&mut Iter) -> Option<fjall::Guard>;

/// Entries of a range. They end with the first error.
pub struct Entries {
    left: Option<Result<Iter, ShelfError>>,
    step: Step,
}

impl Iterator for Entries {
    type Item = Result<(Slice, Slice), ShelfError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut left = match self.left.take()? {
            Ok(left) => left,
            Err(error) => return Some(Err(error)),
        };
        let step = self.step;
        match caught(|| Ok(step(&mut left).map(fjall::Guard::into_inner).transpose()?)) {
            Ok(Some(entry)) => {
                self.left = Some(Ok(left));
                Some(Ok(entry))
            }
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

/// Asks the tree; that it panics is only an error here.
fn caught<T>(ask: impl FnOnce() -> Result<T, ShelfError>) -> Result<T, ShelfError> {
    catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|_| Err(ShelfError("it panicked".into())))
}

/// The least key that is above all that begin with a prefix; none if there is none.
fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let rising = prefix.iter().rposition(|&byte| byte < u8::MAX)?;
    let mut behind = prefix.get(..=rising)?.to_vec();
    let last = behind.last_mut()?;
    *last = last.saturating_add(1);
    Some(behind)
}

/// Below every key of who fills it: their keys begin with a letter.
const STAMP: &[u8] = b"#";
/// What is changed gathers in memory up to so much before it is written in order.
const MEMTABLE_BYTES: u64 = 8 << 20;
/// What is compressed, and read, as one.
const BLOCK_BYTES: u32 = 16 << 10;
/// The least that fjall allows for what is not written in order yet.
const LEAST_LOG_BYTES: u64 = 64 << 20;

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
