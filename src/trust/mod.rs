//! Who is who, and who said what: identities, keys, signatures, certificates, connections.
//!
//! Three proofs are made here and nowhere else: [`identity::PeerId`] and [`identity::OfficeId`] from
//! a chain that the [`verifier`] accepted, and [`signature::Verified`] from a signature that a
//! [`signature::PinnedKey`] accepted. Whoever holds one need not check again.
//!
//! All that a node believes at one moment is a [`material::TrustSnapshot`], immutable; a
//! [`material::TrustStore`] publishes the next one when files or pairings change, and every live
//! connection is then judged anew.

pub mod alert;
pub mod audit_head;
pub mod authority;
pub mod calls;
pub mod certification;
pub mod chain;
pub mod connection;
pub mod connector;
pub mod erasure_statement;
pub mod expiry;
pub mod files;
pub mod forms;
#[cfg(any(test, fuzzing))]
#[path = "../../tests/fuzz/targets/trust.rs"]
pub(crate) mod fuzz;
mod handshakes;
pub mod identity;
pub mod identity_error;
pub mod issue;
pub mod keys;
pub mod lineage;
pub mod listener;
mod load;
pub mod master_key;
pub mod material;
pub mod office_authority;
mod outcomes;
pub mod pairing;
pub mod reference;
mod register;
pub mod rotation;
pub(crate) mod sealing;
pub mod segment_head;
pub mod showing;
pub mod signature;
pub mod statement;
pub mod succession;
pub mod tls;
pub mod verifier;

#[cfg(test)]
mod tests;
