//! How two nodes come to know each other, by two files that people carry.
//!
//! The inviter writes an invitation: who it is, how it is reached, its root, its signing key, the
//! agreement that it proposes. The accepter answers with the same facts about itself and the final
//! agreement, over the digest of the invitation. The inviter counter-signs that agreement
//! ([`life::countersign()`]), and its node hands that over. Each file is signed with the key that stands in
//! it, so it shows only that nobody changed it on the way; whose key it is, two people find out by
//! comparing fingerprints.
//!
//! Everything that decides is pure: it takes texts, pairings and the time, and gives what is to be
//! written. [`install()`] writes it, the pairing last, so that a kill leaves nothing half done and
//! the same step can simply be repeated.
//!
//! Later only one thing of a pairing changes by itself: the peer's signing key, when the peer shows
//! that the key pinned here has signed for its successor ([`succeed()`]). The agreement has a life of
//! its own: what either side signs of it later is kept beside it ([`life`]).

mod accept;
mod agreements;
mod answer;
mod error;
mod file;
mod install;
mod invitation;
mod issued;
mod kept;
pub mod life;
mod nonce;
mod own;
mod party;
mod signed;
mod succession;
mod summary;

#[cfg(test)]
mod tests;

pub use accept::{AgreementText, Here, Joined, SignedFiles, accept_answer, accept_invitation};
pub use agreements::{AgreementsError, load_agreements};
pub use answer::{Answer, read_answer};
pub use error::PairingError;
pub use file::{LoadError, PairingFile, load_all};
pub use install::{InstallError, install};
pub use invitation::{Invitation, Inviting, invite, read_invitation};
pub use issued::Issued;
pub use kept::{NotVouched, SignedPair, read_signed_pair, signed_between};
pub use nonce::{Nonce, NotANonce};
pub use own::{OwnAgreement, agree_at_home, own_endpoint};
pub use party::Party;
pub use signed::Statement;
pub use succession::{SucceedError, succeed};
pub use summary::Summary;
