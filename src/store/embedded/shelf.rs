//! A tree for what follows from the store and is read apart from it: lists, counts.
//!
//! It lies beside the index, and nothing that is answered to a peer or to an office's publication
//! hangs on it. Whoever fills it keeps in it how far it has come; whatever fails, it is set aside
//! and filled anew. It holds many small entries a notice, at places that have no order, which a tree
//! of pages would spread over half-filled ones; so it is a log-structured tree (fjall), whose blocks
//! are compressed.
//!
//! What leaves such a tree stays in its files for a while. So that nothing does that must not, it can
//! be written anew: each tree lies in a numbered directory of its own, and the newest that is whole
//! counts.

use std::{
    fs, io,
    ops::Bound::{self, Excluded, Included, Unbounded},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use fjall::{
    CompressionType, Database, Iter, Keyspace, KeyspaceCreateOptions, PersistMode, Slice,
    config::{BlockSizePolicy, CompressionPolicy},
};

use super::index;

/// Such a tree.
#[derive(Clone)]
pub struct Shelf(Arc<Tree>);

/// A tree that is open. Its fields go in this order.
struct Tree {
    entries: Keyspace,
    db: Database,
    room: Room,
    /// Where it lies among others.
    root: PathBuf,
    number: u64,
    cache_bytes: u64,
}

/// The directory of a tree; it goes with the last who reads in it, once another took its place or it
/// is not to be one.
struct Room {
    directory: PathBuf,
    given_up: AtomicBool,
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.given_up.load(Ordering::Relaxed)
            && let Err(error) = index::remove(&self.directory)
        {
            tracing::warn!(%error, "What was written anew is still there as it was; the next start removes it.");
        }
    }
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
        let root = data.join(name);
        if !index::is_distrusted(&root)
            && let Some(shelf) = Self::newest(&root, stamp, cache_bytes)
        {
            return Ok(shelf);
        }
        index::remove(&root)?;
        let shelf = Self::at(&root, 1, cache_bytes)?;
        shelf.apply([(STAMP.to_vec(), Some(stamp.to_vec()))])?;
        Ok(shelf)
    }

    /// The newest tree that is whole, if that is what `stamp` says. The others are removed.
    fn newest(root: &Path, stamp: &[u8], cache_bytes: u64) -> Option<Self> {
        let numbers = numbers(root);
        for number in numbers.iter().rev() {
            let opened = Self::at(root, *number, cache_bytes).and_then(|shelf| {
                let held = shelf.get(STAMP)?;
                Ok((shelf, held))
            });
            match opened {
                Ok((shelf, Some(held))) if held == stamp => {
                    for other in numbers.iter().filter(|other| *other != number) {
                        if let Err(error) = index::remove(&root.join(other.to_string())) {
                            tracing::warn!(%error, "A tree whose place was taken is still there.");
                        }
                    }
                    return Some(shelf);
                }
                Ok((_, Some(_))) => return None,
                // It was never whole.
                Ok((_, None)) => {}
                Err(error) => tracing::warn!(%error, "It is set aside and filled anew."),
            }
        }
        None
    }

    fn at(root: &Path, number: u64, cache_bytes: u64) -> Result<Self, ShelfError> {
        let directory = root.join(number.to_string());
        caught(|| {
            let db = Database::builder(&directory)
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
            Ok(Self(Arc::new(Tree {
                entries: db.keyspace("entries", options)?,
                db,
                room: Room {
                    directory,
                    given_up: AtomicBool::new(false),
                },
                root: root.to_owned(),
                number,
                cache_bytes,
            })))
        })
    }

    /// An empty tree that is to take the place of this one, and counts for nothing before
    /// [`Shelf::replaces`].
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn successor(&self) -> Result<Self, ShelfError> {
        let number = self.0.number.saturating_add(1);
        index::remove(&self.0.root.join(number.to_string()))?;
        Self::at(&self.0.root, number, self.0.cache_bytes)
    }

    /// This tree is whole, and counts from now on. What `old` held is gone with the last who reads it.
    ///
    /// # Errors
    /// [`ShelfError`]; then the old one counts.
    pub fn replaces(&self, old: &Self) -> Result<(), ShelfError> {
        let stamp = old.get(STAMP)?;
        let stamp = stamp.ok_or_else(|| ShelfError::unreadable("a stamp"))?;
        self.flush()?;
        self.apply([(STAMP.to_vec(), Some(stamp.to_vec()))])?;
        self.flush()?;
        old.0.room.given_up.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// This one is not to take the place of any: what it holds is gone with the last who has it.
    pub fn give_up(&self) {
        self.0.room.given_up.store(true, Ordering::Relaxed);
    }

    /// Every entry of who fills it.
    pub fn all(&self) -> Entries {
        self.range(Excluded(STAMP.to_vec()), Unbounded, Iter::next)
    }

    /// The value of a key.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Slice>, ShelfError> {
        caught(|| Ok(self.0.entries.get(key)?))
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
        let left = caught(|| Ok(self.0.entries.range((low, high))));
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
        let mut batch = self.0.db.batch();
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(&self.0.entries, key, value),
                None => batch.remove(&self.0.entries, key),
            }
        }
        caught(|| Ok(batch.commit()?))
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn flush(&self) -> Result<(), ShelfError> {
        caught(|| Ok(self.0.db.persist(PersistMode::SyncData)?))
    }

    /// Notes that it failed: opened again, it is empty.
    ///
    /// # Errors
    /// The disk's.
    pub fn distrust(&self) -> io::Result<()> {
        index::distrust(&self.0.root)
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

/// The numbers of the trees that lie there, rising.
fn numbers(root: &Path) -> Vec<u64> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut numbers: Vec<u64> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    numbers
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
    fn what_left_a_tree_is_in_no_file_once_it_is_written_anew() {
        let data = tempfile::tempdir().unwrap();
        let open = || Shelf::open(data.path(), "cases", b"1", 1 << 20).unwrap();
        let old = open();
        old.apply([change("a", "kept"), change("b", "her")])
            .unwrap();
        old.apply([("b".into(), None)]).unwrap();
        old.flush().unwrap();
        let found = || {
            let mut left = vec![data.path().to_owned()];
            let mut found = false;
            while let Some(path) = left.pop() {
                match path.is_dir() {
                    true => left.extend(fs::read_dir(path).unwrap().map(|it| it.unwrap().path())),
                    false => found |= fs::read(path).unwrap().windows(3).any(|it| it == b"her"),
                }
            }
            found
        };
        assert!(found(), "it is in the files still");
        // One that is broken off counts for nothing, and one that is given up leaves nothing.
        let broken = old.successor().unwrap();
        broken.apply([change("a", "half")]).unwrap();
        broken.give_up();
        drop(broken);
        assert!(!data.path().join("cases/2").exists());
        let broken = old.successor().unwrap();
        broken.apply([change("a", "half")]).unwrap();
        drop((broken, old));
        let old = open();
        assert_eq!(old.get(b"a").unwrap().unwrap(), *b"kept");
        let anew = old.successor().unwrap();
        for entry in old.all() {
            let (key, value) = entry.unwrap();
            anew.apply([(key.to_vec(), Some(value.to_vec()))]).unwrap();
        }
        anew.replaces(&old).unwrap();
        let reader = old.clone();
        drop(old);
        assert!(holds(&reader, "a"), "who reads reads on");
        drop(reader);
        assert!(!found());
        drop(anew);
        let anew = open();
        assert!(holds(&anew, "a") && !holds(&anew, "b"));
    }

    #[test]
    fn one_that_cannot_be_opened_is_filled_anew() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("cases"), "no directory").unwrap();
        let shelf = Shelf::open(data.path(), "cases", b"1", 1 << 20).unwrap();
        shelf.apply([change("a", "1")]).unwrap();
        assert!(holds(&shelf, "a"));
    }
}
