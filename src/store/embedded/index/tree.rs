//! sled, opened with care. A panic inside it is only an error here.

use std::{
    ops::Bound,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    thread,
    time::Duration,
};

use sled::{Batch, Config, Db, IVec, Mode};

use super::{IndexError, memtable::Layer};

/// The one tree.
pub(super) struct Tree {
    db: Db,
    #[cfg(test)]
    pub(super) fault: std::sync::Mutex<Option<super::Fault>>,
}

impl Tree {
    /// Opens it on a thread of its own.
    pub(super) fn open(directory: &Path, cache_bytes: u64) -> Result<Self, IndexError> {
        let path = directory.to_owned();
        let opened = thread::Builder::new()
            .name("index-open".into())
            .spawn(move || {
                let open = || {
                    Config::default()
                        .path(&path)
                        .cache_capacity(cache_bytes)
                        .mode(Mode::HighThroughput)
                        .open()
                };
                catch_unwind(AssertUnwindSafe(|| {
                    let mut tries = 0..TRIES;
                    loop {
                        match open() {
                            Err(error) if is_locked(&error) && tries.next().is_some() => {
                                thread::sleep(BETWEEN_TRIES);
                            }
                            opened => return opened,
                        }
                    }
                }))
            })
            .map_err(|error| IndexError(error.to_string()))?
            .join();
        match opened {
            Ok(Ok(Ok(db))) => Ok(Self {
                db,
                #[cfg(test)]
                fault: std::sync::Mutex::default(),
            }),
            Ok(Ok(Err(error))) => Err(error.into()),
            Ok(Err(_)) | Err(_) => Err(IndexError("sled panicked".into())),
        }
    }

    /// Asks sled.
    pub(super) fn ask<T>(&self, ask: impl FnOnce(&Db) -> sled::Result<T>) -> Result<T, IndexError> {
        let asked = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(test)]
            assert!(
                !self.breaks(super::Fault::ReadPanics),
                "as the test wants it"
            );
            ask(&self.db)
        }));
        match asked {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(IndexError("sled panicked".into())),
        }
    }

    #[cfg(test)]
    fn breaks(&self, fault: super::Fault) -> bool {
        *self.fault.lock().unwrap() == Some(fault)
    }

    /// Entries of a range.
    pub(super) fn range(&self, bounds: (Bound<Vec<u8>>, Bound<Vec<u8>>)) -> sled::Iter {
        self.db.range::<Vec<u8>, _>(bounds)
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<IVec>, IndexError> {
        self.ask(|db| db.get(key))
    }

    /// Changes all of these keys, or none.
    pub(super) fn apply(&self, layer: &Layer) -> Result<(), IndexError> {
        let mut batch = Batch::default();
        for (key, value) in layer {
            match value {
                Some(value) => batch.insert(key.as_slice(), value.clone()),
                None => batch.remove(key.as_slice()),
            }
        }
        #[cfg(test)]
        if self.breaks(super::Fault::WriteFails) {
            return Err(IndexError("as the test wants it".into()));
        }
        self.ask(|db| db.apply_batch(batch))
    }
}

/// The data directory is ours, so only sled itself can hold its file: a thread of a tree that was
/// closed a moment ago.
fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

const TRIES: u32 = 200;
const BETWEEN_TRIES: Duration = Duration::from_millis(5);
