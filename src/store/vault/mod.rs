//! The vault: the keys under which the store seals what tells of people.
//!
//! Constraints first. A key is drawn at random, with many others, in a *block*; a block is wrapped by
//! the node's master key, and its file synced, before the first of its keys is used. What is sealed
//! names the slot of its key, so the journal never holds a key, and losing one block loses what was
//! sealed under it and nothing else. A block is rewritten as a whole beside its file and put in its
//! place: at any moment it is the old one or the new one, and each opens with a master key that the
//! node was given.
//!
//! A block's number is drawn too, so that a store that was set back never gives an old slot a new key.
//! Every start begins a block of its own: which keys of the last one are used stands in the journal
//! alone, and a torn tail may have named more. Blocks grow as a process goes on, so that a short life
//! leaves small blocks and a busy one draws seldom; the next is drawn, on a thread of its own, as soon
//! as the present one is begun. Block 0 holds no case: its keys are the node's own, for what is looked up
//! by a keyed hash.
//!
//! A key is destroyed by writing its block anew without it: its place stays, filled with zeros, and
//! whatever was sealed under it can be opened by nobody. Destroying once more changes nothing, so a
//! start does again what the last one may have left undone.

mod block;
mod blocks;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use bytes::Bytes;

use self::{
    block::{Block, Place, disk},
    blocks::{Blocks, all_opened_by, stale},
};
use super::journal::{
    payload::{Payload, Seal, Slot},
    segment::sync_directory_of,
};
use crate::trust::{
    keys::{NoRandomness, draw},
    master_key::{MasterKeyId, MasterKeys},
    reference::ReferenceKey,
    sealing::{KEY_BYTES, NONCE_BYTES, SealingKey},
};

/// Why keys cannot be had. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// A block is not what was written.
    #[error(
        "the keys in {} are damaged; put this one file back from the backup: what is sealed under them cannot be opened without it", path.display()
    )]
    Damaged {
        /// Its file.
        path: PathBuf,
    },
    /// What stands in the journal was sealed under other keys.
    #[error(
        "the keys in {} do not open what the journal says was sealed under them: one of the two is of another copy, or was changed; restore both from one backup", path.display()
    )]
    Differs {
        /// The file of keys.
        path: PathBuf,
    },
    /// The disk failed.
    #[error("cannot use {path}: {source}; check that the disk is mounted, has room, and is writable for this user", path = path.display())]
    Disk {
        /// File or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A block, or all of them, are not there.
    #[error(
        "the keys in {} are missing; put them back from the backup: what is sealed under them cannot be opened without them", path.display()
    )]
    Missing {
        /// Where they were.
        path: PathBuf,
    },
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The master key is another.
    #[error(
        "the wrong master key: {} is wrapped by the key {wrapped_by}, and the one given is {given}; give the node that key again (see [master_key] in node.toml)", path.display()
    )]
    WrongKey {
        /// The file of a block.
        path: PathBuf,
        /// The key that opens it.
        wrapped_by: MasterKeyId,
        /// The first of the keys that were given.
        given: MasterKeyId,
    },
}

impl VaultError {
    /// The block of that number is not in that directory, or is too short.
    pub(crate) fn missing(directory: &Path, block: u64) -> Self {
        Self::Missing {
            path: block::path_of(directory, block),
        }
    }
}

/// Whether there is anything that needs keys yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// Nothing: keys may be made.
    Nothing,
    /// A journal: its keys must be there.
    Journal,
}

/// The keys of a store. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Vault(Arc<Shared>);

struct Shared {
    blocks: Arc<Blocks>,
    fresh: Mutex<Fresh>,
    nonces: Nonces,
    index_key: Arc<ReferenceKey>,
}

/// Where the next keys come from.
#[derive(Default)]
struct Fresh {
    open: Option<(Arc<Block>, u16)>,
    coming: Option<JoinHandle<Result<Arc<Block>, VaultError>>>,
    /// Places of the block drawn last.
    count: u16,
}

/// Nobody may draw any more when the next process may.
impl Drop for Fresh {
    fn drop(&mut self) {
        if let Some(coming) = self.coming.take() {
            drop(coming.join());
        }
    }
}

/// Nonces that no two seals share: what was drawn at this start, and a count.
struct Nonces {
    start: [u8; 6],
    count: AtomicU64,
}

impl Vault {
    /// Opens the keys in a data directory, and makes those of the node where nothing is held yet.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn open(data: &Path, masters: MasterKeys, held: Held) -> Result<Self, VaultError> {
        let directory = data.join("keys");
        fs::create_dir_all(&directory).map_err(disk(&directory))?;
        sync_directory_of(&directory).map_err(disk(data))?;
        block::clean(&directory).map_err(disk(&directory))?;
        let numbers = block::numbers(&directory).map_err(disk(&directory))?;
        if numbers.first() != Some(&NODE) {
            if held == Held::Journal || !numbers.is_empty() {
                return Err(VaultError::Missing { path: directory });
            }
            Block::draw(NODE, NODE_KEYS)?.write(&directory, masters.first())?;
        }
        all_opened_by(&directory, &masters)?;
        let node = Block::read(&directory, NODE, &masters)?;
        let Place::Key(index_key) = node.place(INDEX_KEY) else {
            return Err(VaultError::Missing { path: directory });
        };
        let blocks = Blocks::new(directory, masters);
        Ok(Self(Arc::new(Shared {
            blocks: Arc::new(blocks),
            fresh: Mutex::default(),
            nonces: Nonces {
                start: draw()?,
                count: AtomicU64::new(0),
            },
            index_key: Arc::new(ReferenceKey::new(*index_key)),
        })))
    }

    /// The key of what is looked up by a keyed hash.
    pub(crate) fn index_key(&self) -> Arc<ReferenceKey> {
        Arc::clone(&self.0.index_key)
    }

    /// Draws the first block now, so that nobody waits for it later.
    pub(crate) fn draw_ahead(&self) {
        let mut fresh = self.fresh();
        if fresh.open.is_none() && fresh.coming.is_none() {
            fresh.coming = self.begin_drawing(&mut fresh.count);
        }
    }

    /// What to seal with under a key that nothing was sealed under.
    ///
    /// # Errors
    /// [`VaultError`] if no block can be drawn; the next call tries anew.
    pub(crate) fn seal_anew(&self) -> Result<Arc<Seal>, VaultError> {
        let mut fresh = self.fresh();
        loop {
            if let Some((block, next)) = &mut fresh.open
                && let Place::Key(key) = block.place(*next)
            {
                let slot = Slot::at(block.number, *next);
                *next = next.saturating_add(1);
                let seal = self.seal(slot, key);
                // A whole block ahead: a disk or a system that is short of something for a while
                // stops nobody.
                if fresh.coming.is_none() {
                    fresh.coming = self.begin_drawing(&mut fresh.count);
                }
                return seal;
            }
            let drawn = match fresh.coming.take().map(JoinHandle::join) {
                Some(Ok(Ok(drawn))) => drawn,
                // What failed then may be well now.
                Some(Ok(Err(_)) | Err(_)) | None => {
                    fresh.count = grown(fresh.count);
                    self.0.blocks.draw(fresh.count)?
                }
            };
            fresh.open = Some((drawn, 0));
        }
    }

    /// What to seal with under the key of a slot; none if the key was destroyed.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn seal_at(&self, slot: Slot) -> Result<Option<Arc<Seal>>, VaultError> {
        let block = self.0.blocks.get(slot.block())?;
        match block.place(slot.place()) {
            Place::Key(key) => self.seal(slot, key).map(Some),
            Place::Destroyed => Ok(None),
            Place::Beyond => Err(self.0.blocks.damaged(slot.block())),
        }
    }

    /// What a payload says; none if its key was destroyed.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn open_payload(&self, payload: &Payload) -> Result<Option<Bytes>, VaultError> {
        let kept = match payload {
            Payload::Said { bytes, .. } => return Ok(Some(bytes.clone())),
            Payload::Kept(kept) => kept,
        };
        let block = self.0.blocks.get(kept.slot.block())?;
        match block.place(kept.slot.place()) {
            Place::Key(key) => {
                let open = SealingKey::new(key).and_then(|key| kept.open(&key));
                open.map(Some)
                    .map_err(|_| self.0.blocks.differs(kept.slot.block()))
            }
            Place::Destroyed => Ok(None),
            Place::Beyond => Err(self.0.blocks.damaged(kept.slot.block())),
        }
    }

    /// Destroys the keys of those slots: once this returns, no file of this vault and no memory of it
    /// holds them. A slot that never had a key, or has none any more, is passed over.
    ///
    /// # Errors
    /// [`VaultError`]: said again it goes on where it ended.
    pub(crate) fn destroy(&self, slots: &[Slot]) -> Result<(), VaultError> {
        let mut places: BTreeMap<u64, Vec<u16>> = BTreeMap::new();
        // The node's own keys are nobody's case.
        for slot in slots.iter().filter(|slot| slot.block() != NODE) {
            places.entry(slot.block()).or_default().push(slot.place());
        }
        for (number, places) in places {
            let left = self.0.blocks.destroy(number, &places)?;
            if let Some(left) = left
                && let Some((open, _)) = &mut self.fresh().open
                && open.number == number
            {
                *open = left;
            }
        }
        Ok(())
    }

    /// Wraps every block by the first of these keys, one after the other, while the store is used;
    /// says how many were wrapped by another. From the beginning on, new blocks are wrapped by it.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`] if they do not open all that is there: then nothing has changed. Any
    /// other: said again it goes on where it ended.
    pub(crate) fn wrap_by(&self, masters: MasterKeys) -> Result<u64, VaultError> {
        self.0.blocks.wrap_by(masters)
    }

    /// Reads and opens every block; says how many there are.
    ///
    /// # Errors
    /// The first [`VaultError`].
    pub(crate) fn check(&self) -> Result<u64, VaultError> {
        self.0.blocks.check()
    }

    fn fresh(&self) -> MutexGuard<'_, Fresh> {
        self.0.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seal(&self, slot: Slot, key: &[u8; KEY_BYTES]) -> Result<Arc<Seal>, VaultError> {
        let key = SealingKey::new(key).map_err(|_| self.0.blocks.damaged(slot.block()))?;
        let nonce = self.0.nonces.next();
        Ok(Arc::new(Seal { slot, key, nonce }))
    }

    fn begin_drawing(&self, count: &mut u16) -> Option<JoinHandle<Result<Arc<Block>, VaultError>>> {
        *count = grown(*count);
        let (blocks, count) = (Arc::clone(&self.0.blocks), *count);
        let drawing = thread::Builder::new().name("keys".into());
        // Without a thread, whoever needs the block draws it.
        drawing.spawn(move || blocks.draw(count)).ok()
    }
}

impl Nonces {
    fn next(&self) -> [u8; NONCE_BYTES] {
        let mut nonce = [0; NONCE_BYTES];
        let count = self.count.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        // The lower six bytes of a count last longer than any process.
        let bytes = self.start.iter().chain(count.iter().skip(2));
        for (to, from) in nonce.iter_mut().zip(bytes) {
            *to = *from;
        }
        nonce
    }
}

/// The files of the key blocks in a directory, by their numbers; none if it is not there.
///
/// # Errors
/// [`VaultError::Disk`].
pub(crate) fn block_paths(directory: &Path) -> Result<Vec<(u64, PathBuf)>, VaultError> {
    let numbers = match block::numbers(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        numbers => numbers.map_err(disk(directory))?,
    };
    let paths = numbers.into_iter();
    Ok(paths
        .map(|number| (number, block::path_of(directory, number)))
        .collect())
}

/// How many places the block of that number has, and which master key opens it, as its bytes say; none
/// if they are no such block.
pub(crate) fn block_in(bytes: &[u8], number: u64) -> Option<(u16, MasterKeyId)> {
    block::proven(bytes, number)
}

/// How many blocks of a data directory are not wrapped by the first of these keys. Looks at their heads
/// alone, so a node may run.
///
/// # Errors
/// [`VaultError::WrongKey`] if they do not open all that is there, or any other.
pub(crate) fn not_wrapped_by(data: &Path, masters: &MasterKeys) -> Result<u64, VaultError> {
    let directory = data.join("keys");
    if !directory.exists() {
        return Ok(0);
    }
    all_opened_by(&directory, masters)?;
    Ok(stale(&directory, masters.first().id())?.len() as u64)
}

fn wrong_key(path: &Path, wrapped_by: MasterKeyId, given: &MasterKeys) -> VaultError {
    VaultError::WrongKey {
        path: path.to_owned(),
        wrapped_by,
        given: given.first().id(),
    }
}

/// Places of the block behind one of so many.
const fn grown(count: u16) -> u16 {
    match count {
        0 => FIRST_COUNT,
        count => {
            let count = count.saturating_mul(4);
            if count < MOST_COUNT {
                count
            } else {
                MOST_COUNT
            }
        }
    }
}

/// The block of the node's own keys,
const NODE: u64 = 0;
/// as many as these:
const NODE_KEYS: u16 = 1;
/// that of what is looked up by a keyed hash.
const INDEX_KEY: u16 = 0;
/// Places of the first block of a start,
const FIRST_COUNT: u16 = 1 << 10;
/// and of the largest: half a megabyte, drawn and synced in milliseconds, and used up by the fastest
/// node in most of a second.
const MOST_COUNT: u16 = 1 << 14;

#[cfg(test)]
mod tests;
