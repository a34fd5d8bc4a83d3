//! What convinces a third party: one file about one notice that proves itself.
//!
//! Both sides sign what they tell each other: the sender a parcel over the heads of its channel,
//! the receiver a receipt over the parcel. A file of evidence brings those two forms together with
//! the digests of the parcel's places, the keys that signed, the files by which the two nodes were
//! paired, the statements by which keys followed each other, and the agreement that is named; and
//! the node that writes it signs the whole, so that nothing in it is nobody's word.
//!
//! Everything here is pure: [`Showing::seal`] makes a file of parts, [`verify()`] tells from the
//! bytes of a file alone what is [proven](Claim) and what is [not](Gap), or what is
//! [wrong](EvidenceError) with it. The layout is a contract, written down in `deploy/evidence.md`
//! for whoever writes a verifier of his own; one stands in `tests/evidence/verify.py`.
//!
//! | part | is |
//! |---|---|
//! | `document` | the bytes of a file, and their one canonical form |
//! | `showing` | from what a node holds to a file |
//! | `nodes` | whose keys signed, and how they are known |
//! | `verify` | each part judged, in order |
//! | `claim`, `gap` | what is proven and what is not, in words |
//! | `erasure` | one file about one erasure |
//! | `error` | what is wrong with a file, by part |

mod claim;
mod document;
mod erasure;
mod error;
mod gap;
mod nodes;
mod showing;
mod verify;

#[cfg(test)]
pub(crate) mod tests;

pub use self::{
    claim::{Accord, Claim},
    document::End,
    erasure::{ErasureFault, ErasureProven, verify_erasure, write_erasure},
    error::{EvidenceError, Part},
    gap::Gap,
    showing::{SealError, Showing, ShownAgreement, ShownKey, ShownNode, ShownParcel},
    verify::{Verdict, verify},
};
