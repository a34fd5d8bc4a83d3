//! A peer's next signing key, put in its pairing on disk.

use super::{error::PairingError, file::PairingFile};
use crate::{
    config::NodeDir,
    trust::{
        files::{self, FileError},
        identity::SpiffeId,
        lineage::SuccessionError,
        signature::Signed,
    },
};

/// Why a peer's next key was not put on disk. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SucceedError {
    /// The file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is no pairing with that peer.
    #[error("peers/{}.toml: {error}", peer.area())]
    Pairing {
        /// The peer.
        peer: SpiffeId,
        /// Why.
        error: PairingError,
    },
    /// The statements are not believed.
    #[error(transparent)]
    Refused(#[from] SuccessionError),
}

/// Walks the statements that a peer shows from the key that its pairing on disk pins, and pins
/// there the key to which they lead, whole and synced. Gives how many changes were new; to repeat it
/// does no harm. Blocks.
///
/// # Errors
/// [`SucceedError`].
pub fn succeed(
    dir: &NodeDir,
    peer: &SpiffeId,
    shown: &[Signed],
    at_ms: i64,
) -> Result<usize, SucceedError> {
    let unusable = |error| SucceedError::Pairing {
        peer: peer.clone(),
        error,
    };
    let _turn = files::lock(&dir.peers())?;
    let path = dir.peer(peer.area());
    let bytes = files::read_public(&path)?;
    let text = str::from_utf8(&bytes).map_err(|_| unusable(PairingError::NotAFile))?;
    let mut file = PairingFile::parse(text).map_err(unusable)?;
    if file.pairing.id != *peer {
        return Err(unusable(PairingError::Value("identity")));
    }
    let taken = file.pairing.follow(shown, at_ms)?;
    if taken > 0 {
        let text = file.to_text().map_err(unusable)?;
        files::write_public(&path, text.as_bytes())?;
    }
    Ok(taken)
}
