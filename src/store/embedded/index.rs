//! sled as the index: opened with care, changed by one atomic batch a group.
//!
//! sled's flush is no fsync, and opening after a hard stop can fail or panic. Neither matters:
//! nothing is acknowledged on its word, and whatever it holds follows from the journal.

use std::{
    fs, iter,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    thread,
};

use sled::{Batch, Config, Db, IVec, Mode};

use super::keys::{REFLECTION, Reflection, THIS_VERSION, VERSION};

/// The index.
#[derive(Clone)]
pub(crate) struct Index {
    db: Db,
    #[cfg(test)]
    pub(crate) fault: std::sync::Arc<std::sync::Mutex<Option<Fault>>>,
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
#[derive(Debug, thiserror::Error)]
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
    /// Opens the index of a directory, on a thread of its own so that a panic inside sled is only
    /// an error here.
    ///
    /// # Errors
    /// [`IndexError`] if sled fails or panics.
    pub(crate) fn open(directory: &Path, cache_bytes: u64) -> Result<Self, IndexError> {
        let path = directory.to_owned();
        let opened = thread::Builder::new()
            .name("index-open".into())
            .spawn(move || {
                catch_unwind(AssertUnwindSafe(|| {
                    Config::default()
                        .path(&path)
                        .cache_capacity(cache_bytes)
                        .mode(Mode::HighThroughput)
                        .open()
                }))
            })
            .map_err(|error| IndexError(error.to_string()))?
            .join();
        match opened {
            Ok(Ok(Ok(db))) => {
                if db.is_empty() {
                    db.insert(VERSION, THIS_VERSION.as_slice())?;
                }
                Ok(Self {
                    db,
                    #[cfg(test)]
                    fault: std::sync::Arc::default(),
                })
            }
            Ok(Ok(Err(error))) => Err(error.into()),
            Ok(Err(_)) | Err(_) => Err(IndexError("sled panicked".into())),
        }
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
        self.guarded(|db| db.get(key))
    }

    /// Asks sled; a panic inside it is only an error here.
    fn guarded<T>(&self, ask: impl FnOnce(&Db) -> sled::Result<T>) -> Result<T, IndexError> {
        let asked = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(test)]
            assert!(!self.breaks(Fault::ReadPanics), "as the test wants it");
            ask(&self.db)
        }));
        match asked {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(IndexError("sled panicked".into())),
        }
    }

    #[cfg(test)]
    fn breaks(&self, fault: Fault) -> bool {
        *self.fault.lock().unwrap() == Some(fault)
    }

    /// The entry with the greatest key that begins with `prefix` and is not above `key`.
    pub(crate) fn floor(
        &self,
        prefix: &[u8],
        key: &[u8],
    ) -> Result<Option<(IVec, IVec)>, IndexError> {
        self.guarded(|db| {
            db.range(prefix.to_vec()..=key.to_vec())
                .next_back()
                .transpose()
        })
    }

    /// The entries of a prefix from `from` on, ascending.
    pub(crate) fn from(
        &self,
        prefix: &[u8],
        from: &[u8],
    ) -> impl Iterator<Item = Result<(IVec, IVec), IndexError>> + use<> {
        let prefix = prefix.to_vec();
        let index = self.clone();
        let mut found = self.db.range(from.to_vec()..);
        iter::from_fn(move || index.guarded(|_| found.next().transpose()).transpose()).take_while(
            move |found| {
                found
                    .as_ref()
                    .map_or(true, |(key, _)| key.starts_with(&prefix))
            },
        )
    }

    /// The entries of a prefix up to and with `to`, descending.
    pub(crate) fn down_from(
        &self,
        prefix: &[u8],
        to: &[u8],
    ) -> impl Iterator<Item = Result<(IVec, IVec), IndexError>> + use<> {
        let index = self.clone();
        let mut found = self.db.range(prefix.to_vec()..=to.to_vec());
        iter::from_fn(move || index.guarded(|_| found.next_back().transpose()).transpose())
    }

    /// Changes many keys at once.
    pub(crate) fn apply(
        &self,
        changes: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>,
    ) -> Result<(), IndexError> {
        let mut batch = Batch::default();
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        #[cfg(test)]
        if self.breaks(Fault::WriteFails) {
            return Err(IndexError("as the test wants it".into()));
        }
        self.guarded(|db| db.apply_batch(batch))
    }

    /// Writes what sled still holds in memory; used when the node stops.
    pub(crate) fn flush(&self) -> Result<(), IndexError> {
        self.guarded(|db| db.flush())?;
        Ok(())
    }
}

/// Writes down that the index failed while it was in use: sled may open it again as if nothing had
/// been, and fail again at the same page.
///
/// # Errors
/// The disk's.
pub(crate) fn distrust(directory: &Path) -> std::io::Result<()> {
    fs::File::create(mark_of(directory))?.sync_all()
}

/// True if the index failed while it was in use.
pub(crate) fn is_distrusted(directory: &Path) -> bool {
    mark_of(directory).exists()
}

/// The index was built anew.
///
/// # Errors
/// The disk's.
pub(crate) fn trust(directory: &Path) -> std::io::Result<()> {
    match fs::remove_file(mark_of(directory)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn mark_of(directory: &Path) -> PathBuf {
    directory.with_extension("failed")
}

/// Moves an index that cannot be used out of the way, so that a fresh one is built. Returns where
/// it went; none if there was nothing.
///
/// # Errors
/// The disk's.
pub(crate) fn set_aside(directory: &Path) -> std::io::Result<Option<PathBuf>> {
    if !directory.exists() {
        return Ok(None);
    }
    let aside = directory.with_extension("aside");
    if aside.exists() {
        fs::remove_dir_all(&aside)?;
    }
    fs::rename(directory, &aside)?;
    Ok(Some(aside))
}
