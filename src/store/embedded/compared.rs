//! A journal compared with heads that were signed of it and kept elsewhere.

use std::path::Path;

use super::open::{Layout, OpenError, lock};
use crate::{
    domain::{area::County, journal::JournalHead},
    store::journal::{
        record::Position,
        recovery::{JournalError, Proven, contiguous},
        segment::Chains,
    },
};

/// How a journal stands to a head that was signed of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadCompared {
    /// What it held up to there is another: it was rewritten, cut, or put back from an old copy.
    Differs,
    /// It is the same up to there.
    Same,
}

/// Compares the journal with heads that were signed of it, in their order. The journal is to be
/// proven before: see [`check`](super::maintenance::check).
///
/// # Errors
/// [`OpenError`]: where it is damaged, or that a node uses it.
pub fn compare_heads(
    data: &Path,
    signed: &[(County, JournalHead)],
) -> Result<Vec<HeadCompared>, OpenError> {
    let layout = Layout::of(data);
    let _lock = lock(data)?;
    let segments = contiguous(&layout.journal)?;
    let mut compared = vec![HeadCompared::Differs; signed.len()];
    let mut look = |end: Position, chains: &Chains| {
        for ((home, head), compared) in signed.iter().zip(&mut compared) {
            let found = chains.get(home).copied().unwrap_or_default();
            if head.position == end.get() && head.head == found {
                *compared = HeadCompared::Same;
            }
        }
    };
    for file in &segments {
        let proven = Proven::read(file)?;
        let mut chains = proven.header.chains.clone();
        look(file.first, &chains);
        proven.walk(&mut chains, |end, chains, _| {
            look(end, chains);
            Ok::<_, JournalError>(())
        })?;
    }
    Ok(compared)
}
