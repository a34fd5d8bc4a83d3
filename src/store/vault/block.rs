//! A block of keys as a file: wrapped by the master key, read and written as a whole.
//!
//! ```text
//! block := magic 16 | format 4 | number 8 | keys 2 | id of the master key 8 | nonce 12 |
//!          wrapped keys, 32 each | tag 16 | CRC-32C 4 (of all before it)
//! ```
//! The tag covers everything before the nonce too. A key of nothing but zeros is one that was
//! destroyed: its place stays, so that every other key keeps its own.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::VaultError;
use crate::{
    store::journal::{
        bytes::{Put, Take},
        segment::put_in_place,
    },
    trust::{
        keys::NoRandomness,
        master_key::{MasterKey, MasterKeyId, MasterKeys},
        sealing::{KEY_BYTES, NONCE_BYTES, TAG_BYTES},
    },
};

/// The keys of a block, opened. Wiped when dropped; it cannot be printed.
pub(super) struct Block {
    pub(super) number: u64,
    keys: Zeroizing<Vec<u8>>,
}

/// A key's place in a block.
pub(super) enum Place<'a> {
    /// The key.
    Key(&'a [u8; KEY_BYTES]),
    /// It was destroyed.
    Destroyed,
    /// The block has no such place.
    Beyond,
}

impl Block {
    /// Draws the keys of a new block.
    pub(super) fn draw(number: u64, count: u16) -> Result<Self, NoRandomness> {
        let mut keys = Zeroizing::new(vec![0; usize::from(count).saturating_mul(KEY_BYTES)]);
        rand::fill(&mut keys).map_err(|_| NoRandomness)?;
        Ok(Self { number, keys })
    }

    /// Places in it.
    fn count(&self) -> u16 {
        u16::try_from(self.keys.len() / KEY_BYTES).unwrap_or(u16::MAX)
    }

    /// What stands at a place.
    pub(super) fn place(&self, place: u16) -> Place<'_> {
        let at = usize::from(place).saturating_mul(KEY_BYTES);
        let key = self.keys.get(at..at.saturating_add(KEY_BYTES));
        let key: Option<&[u8; KEY_BYTES]> = key.and_then(|key| key.try_into().ok());
        match key {
            Some(key) if *key == DESTROYED => Place::Destroyed,
            Some(key) => Place::Key(key),
            None => Place::Beyond,
        }
    }

    /// The same block without the keys at those places; none if it holds none of them any more.
    pub(super) fn without(&self, places: &[u16]) -> Option<Self> {
        let mut keys = self.keys.clone();
        let mut found = false;
        for place in places {
            let at = usize::from(*place).saturating_mul(KEY_BYTES);
            let key = keys.get_mut(at..at.saturating_add(KEY_BYTES));
            if let Some(key) = key.filter(|key| **key != DESTROYED) {
                key.copy_from_slice(&DESTROYED);
                found = true;
            }
        }
        let number = self.number;
        found.then_some(Self { number, keys })
    }

    /// Writes it in the place of whatever stands in its file; once this returns, it survives a power
    /// cut.
    pub(super) fn write(&self, directory: &Path, master: &MasterKey) -> Result<(), VaultError> {
        let path = path_of(directory, self.number);
        let mut put = Put(Vec::with_capacity(self.keys.len().saturating_add(HEAD)));
        put.raw(MAGIC)
            .u32(FORMAT)
            .u64(self.number)
            .u16(self.count())
            .raw(master.id().as_bytes());
        let mut keys = self.keys.clone();
        let (nonce, tag) = master
            .wrap(&put.0, &mut keys)
            .map_err(|_| VaultError::NoRandomness(NoRandomness))?;
        put.raw(&nonce).raw(&keys).raw(&tag);
        let crc = crc32c::crc32c(&put.0);
        put.u32(crc);
        put_in_place(&path, &[&put.0]).map_err(disk(&path))?;
        Ok(())
    }

    /// Reads a block and opens it.
    pub(super) fn read(
        directory: &Path,
        number: u64,
        masters: &MasterKeys,
    ) -> Result<Self, VaultError> {
        let path = path_of(directory, number);
        let bytes = fs::read(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => VaultError::Missing { path: path.clone() },
            _ => disk(&path)(source),
        })?;
        let damaged = || VaultError::Damaged { path: path.clone() };
        let Head { count, wrapped_by } = proven_head(&bytes, number).ok_or_else(damaged)?;
        let len = usize::from(count).saturating_mul(KEY_BYTES);
        let mut take = Take(bytes.get(ABOUT..).unwrap_or_default());
        let mut part = |len| take.raw(len).map_err(|_| damaged());
        let nonce = part(NONCE_BYTES)?.try_into().map_err(|_| damaged())?;
        let wrapped = part(len.saturating_add(TAG_BYTES))?;
        let master = masters
            .of(wrapped_by)
            .ok_or_else(|| super::wrong_key(&path, wrapped_by, masters))?;
        let mut keys = Zeroizing::new(vec![0; len]);
        let about = bytes.get(..ABOUT).unwrap_or_default();
        master
            .unwrap(nonce, about, wrapped, &mut keys)
            .map_err(|_| damaged())?;
        Ok(Self { number, keys })
    }
}

/// What a block says in clear.
struct Head {
    count: u16,
    wrapped_by: MasterKeyId,
}

/// What the block of that number says, if its checksum holds.
fn proven_head(bytes: &[u8], number: u64) -> Option<Head> {
    let (rest, crc) = bytes.split_last_chunk::<4>()?;
    if crc32c::crc32c(rest) != u32::from_be_bytes(*crc) {
        return None;
    }
    let mut take = Take(rest);
    if take.raw(MAGIC.len()).ok()? != MAGIC
        || take.u32().ok()? != FORMAT
        || take.u64().ok()? != number
    {
        return None;
    }
    let count = take.u16().ok()?;
    let id = take.raw(MasterKeyId::BYTES).ok()?.try_into().ok()?;
    Some(Head {
        count,
        wrapped_by: MasterKeyId::from_bytes(id),
    })
}

/// How many places the block of that number has, and by which master key it is wrapped; none if these
/// are not its bytes, as far as that shows without the key.
pub(super) fn proven(bytes: &[u8], number: u64) -> Option<(u16, MasterKeyId)> {
    let Head { count, wrapped_by } = proven_head(bytes, number)?;
    let whole = usize::from(count)
        .saturating_mul(KEY_BYTES)
        .saturating_add(HEAD);
    (bytes.len() == whole).then_some((count, wrapped_by))
}

/// By which master key a block is wrapped. Looks at its head alone, which proves nothing.
pub(super) fn wrapped_by(directory: &Path, number: u64) -> Result<MasterKeyId, VaultError> {
    let path = path_of(directory, number);
    let mut head = [0; ABOUT];
    let read =
        fs::File::open(&path).and_then(|mut file| io::Read::read_exact(&mut file, &mut head));
    match read {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(VaultError::Damaged { path });
        }
        Err(error) => return Err(disk(&path)(error)),
    }
    let id = head.last_chunk().copied().unwrap_or_default();
    Ok(MasterKeyId::from_bytes(id))
}

/// The numbers of the blocks in a directory, rising.
pub(super) fn numbers(directory: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        let number = name.strip_suffix(SUFFIX);
        numbers.extend(number.and_then(|number| u64::from_str_radix(number, 16).ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Removes what writes that were cut off left behind. Nobody may be writing.
pub(super) fn clean(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "new") {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

pub(super) fn path_of(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:012x}{SUFFIX}"))
}

pub(super) fn disk(path: &Path) -> impl FnOnce(io::Error) -> VaultError + use<> {
    let path = path.to_owned();
    move |source| VaultError::Disk { path, source }
}

const MAGIC: &[u8] = b"hongyan keys\0\0\0\0";
const FORMAT: u32 = 1;
/// Bytes that the tag covers beside the keys.
const ABOUT: usize = 38;
/// All but the keys.
const HEAD: usize = ABOUT + NONCE_BYTES + TAG_BYTES + 4;
const SUFFIX: &str = ".keys";
const DESTROYED: [u8; KEY_BYTES] = [0; KEY_BYTES];
