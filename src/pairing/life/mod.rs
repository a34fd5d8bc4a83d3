//! The life of agreements after pairing: what either side signs of them, on disk.
//!
//! Each act of a person is one statement of this node's side, numbered, signed with the node's key
//! and written beside the text ([`say()`]). What the peer signs is verified and written the same way
//! ([`hear()`]), and what the peer lacks is shown to it ([`show()`]), its own words included: a node
//! that was set back gets them back. How an agreement stands follows from these files alone, so a
//! kill at any point leaves nothing to repair, and to repeat a step does no harm.
//!
//! An agreement can be changed so only where one paired node is on its other side: then it is clear
//! who says what, and in which order.

mod book;
mod hear;
mod proof;
mod refusal;
mod say;
mod signers;

#[cfg(test)]
mod tests;

use self::{
    book::Books,
    signers::{Signer, Signers},
};
pub use self::{
    hear::{Handed, Heard, Holding, NotHeard, Shown, Words, hear, show},
    proof::{Proof, Proven, proofs},
    refusal::Unsaid,
    say::{Act, Said, SayError, Way, Which, countersign, say},
    signers::SignersError,
};
use super::AgreementsError;
use crate::{agreement::Agreements, config::NodeDir};

/// All agreements of a node, and how they stand.
pub(super) fn load(dir: &NodeDir) -> Result<Agreements, AgreementsError> {
    let (mut texts, mut standings) = (Vec::new(), Vec::new());
    for book in Books::load(dir, |_| true)?.into_books() {
        texts.extend(book.texts.into_values().map(|text| text.agreement));
        standings.push(book.standing);
    }
    Ok(Agreements::new(texts, standings)?)
}
