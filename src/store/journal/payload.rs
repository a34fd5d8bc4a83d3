//! What an entry says beside its header: in clear, or sealed under a key of the vault.
//!
//! ```text
//! sealed payload := nonce 12 | sealed bytes | tag 16
//! ```
//! A seal is bound to all of the entry that stands in clear: its header with the ids, the digest and
//! the sizes, and its key slot. So a payload proves nothing, and opens nowhere, but in its own place.

use std::sync::Arc;

use bytes::Bytes;

use super::bytes::{Take, Unreadable};
use crate::trust::sealing::{NONCE_BYTES, SealingKey, TAG_BYTES, Unsealed};

/// Which key of the vault: a block, whose number has 48 bits, and a place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(u64);

impl Slot {
    /// Stands for no key: what is said there is not sealed.
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn new(number: u64) -> Self {
        Self(number)
    }

    pub(crate) const fn get(self) -> u64 {
        self.0
    }

    /// The slot at a place of a block.
    pub(crate) const fn at(block: u64, place: u16) -> Self {
        Self((block << 16) | place as u64)
    }

    /// Its block.
    pub(crate) const fn block(self) -> u64 {
        self.0 >> 16
    }

    /// Its place in the block.
    pub(crate) const fn place(self) -> u16 {
        (self.0 & 0xffff) as u16
    }
}

/// What one entry is sealed with: the key of a slot, and a nonce that is used once.
pub(crate) struct Seal {
    pub(crate) slot: Slot,
    pub(crate) key: SealingKey,
    pub(crate) nonce: [u8; NONCE_BYTES],
}

/// What an entry says.
#[derive(Clone)]
pub(crate) enum Payload {
    /// In clear. It is written under the seal, or as it is if it has none.
    Said {
        bytes: Bytes,
        seal: Option<Arc<Seal>>,
    },
    /// As it stands in the journal.
    Kept(Kept),
}

/// A sealed payload, with the entry that it is bound to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) slot: Slot,
    /// The entry from behind its checksum on.
    entry: Bytes,
    /// Where the payload begins in it.
    at: usize,
}

impl Payload {
    /// What is to be written under that seal.
    pub(crate) const fn sealed(bytes: Bytes, seal: Arc<Seal>) -> Self {
        Self::Said {
            bytes,
            seal: Some(seal),
        }
    }

    /// What tells of nobody.
    pub(crate) const fn clear(bytes: Bytes) -> Self {
        Self::Said { bytes, seal: None }
    }

    /// The slot of its key; none if it is not sealed.
    pub(crate) fn slot(&self) -> Option<Slot> {
        match self {
            Self::Said { seal, .. } => seal.as_ref().map(|seal| seal.slot),
            Self::Kept(kept) => Some(kept.slot),
        }
    }

    /// Bytes that it says.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Said { bytes, .. } => bytes.len(),
            Self::Kept(kept) => kept.raw().len().saturating_sub(NONCE_BYTES + TAG_BYTES),
        }
    }

    /// The bytes of a payload that is never sealed.
    ///
    /// # Errors
    /// [`Unreadable`] if it is.
    pub(crate) fn said(self) -> Result<Bytes, Unreadable> {
        match self {
            Self::Said { bytes, .. } => Ok(bytes),
            Self::Kept(_) => Err(Unreadable),
        }
    }
}

/// Two are the same if they say the same, or stand in the journal as the same.
impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Said { bytes, .. }, Self::Said { bytes: others, .. }) => bytes == others,
            (Self::Kept(kept), Self::Kept(others)) => kept == others,
            (Self::Said { .. }, Self::Kept(_)) | (Self::Kept(_), Self::Said { .. }) => false,
        }
    }
}

impl Eq for Payload {}

impl Kept {
    /// The payload of an entry, given from behind its checksum on, that begins at `at`.
    pub(crate) const fn new(slot: Slot, entry: Bytes, at: usize) -> Self {
        Self { slot, entry, at }
    }

    /// Nonce, sealed bytes and tag, as they stand.
    pub(crate) fn raw(&self) -> &[u8] {
        self.entry.get(self.at..).unwrap_or_default()
    }

    /// What it says, opened with the key of its slot.
    ///
    /// # Errors
    /// [`Unsealed`] if it is not what was sealed there.
    pub(crate) fn open(&self, key: &SealingKey) -> Result<Bytes, Unsealed> {
        let mut take = Take(self.raw());
        let nonce = take.raw(NONCE_BYTES).map_err(|_| Unsealed)?;
        let nonce = nonce.try_into().map_err(|_| Unsealed)?;
        let len = take.0.len().checked_sub(TAG_BYTES).ok_or(Unsealed)?;
        let about = self.entry.get(..self.at).ok_or(Unsealed)?;
        let mut open = vec![0; len];
        key.open(nonce, about, take.0, &mut open)?;
        Ok(open.into())
    }
}
