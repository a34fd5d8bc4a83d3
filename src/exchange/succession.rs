//! Signing keys that change while two nodes exchange.
//!
//! A node shows the statements of its successions wherever something signed may follow: in both
//! openings of a stream, in both halves of a probe, and on an open stream before the first thing
//! that it signs with another key than the one it signed with before. Whoever is shown them walks
//! from the key that it has pinned, has the new pin kept durably, and only then goes on reading, so
//! nothing is ever held against a key that is not known yet.
//!
//! What a peer had signed with its old key and not yet brought across when the new one was taken by
//! another way is refused like any late signature; the stream is opened anew and it comes again.

use tokio::task::spawn_blocking;

use super::Exchange;
use crate::trust::{
    identity::SpiffeId,
    lineage::{Lineage, SuccessionError},
    signature::Signed,
};

/// Where the pins of peers are kept.
pub trait PeerKeys: Send + Sync + 'static {
    /// Pins the key to which the statements lead that a peer shows; done when it is durable and in
    /// the snapshot of trust that holds. To repeat it does no harm. Blocks.
    ///
    /// # Errors
    /// [`PinError`]; what was pinned stays pinned.
    fn succeed(&self, peer: &SpiffeId, shown: &[Signed]) -> Result<(), PinError>;
}

/// Why a peer's new key was not taken up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// The peer is not paired any more.
    #[error("the peer is not paired any more")]
    NotPaired,
    /// The pin could not be kept; the statements were good.
    #[error("the peer's new signing key could not be put in place: {0}")]
    NotKept(String),
    /// The statements are not believed.
    #[error("{code}: {0}", code = .0.code())]
    Refused(#[from] SuccessionError),
}

impl Exchange {
    /// The keys of a peer as they are pinned now.
    pub(super) fn lineage(&self, peer: &SpiffeId) -> Option<Lineage> {
        self.trust().lineage(peer).cloned()
    }

    /// Takes up what a peer shows of its keys before anything that it signed is looked at.
    pub(super) async fn follow(&self, peer: &SpiffeId, shown: Vec<Signed>) -> Result<(), PinError> {
        let lineage = self.lineage(peer).ok_or(PinError::NotPaired)?;
        let followed = match lineage.follow(&shown) {
            Ok(taken) if taken.is_empty() => return Ok(()),
            Ok(_) => {
                let (keys, of) = (self.0.peer_keys.clone(), peer.clone());
                // Runs to its end even if the stream that brought it does not.
                spawn_blocking(move || keys.succeed(&of, &shown))
                    .await
                    .unwrap_or_else(|error| Err(PinError::NotKept(error.to_string())))
            }
            Err(error) => Err(error.into()),
        };
        if let Err(error) = &followed {
            self.0.links.note_error(peer, &error.clone().into());
        }
        match &followed {
            Ok(()) => {}
            Err(PinError::Refused(error)) => {
                tracing::error!(%peer, code = error.code(), reason = %error, "A peer's new signing key is refused; nothing was changed.");
            }
            Err(error) => {
                tracing::error!(%peer, %error, "A peer's new signing key is not taken up yet.");
            }
        }
        followed
    }
}
