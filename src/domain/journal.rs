//! How far the journal of a home area has come.

use super::channel::Digest;

/// The head of a home area's journal chain, as of a commit. Whoever was told it can say later
/// whether the journal up to there is still the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalHead {
    /// The position behind the group that was committed: every entry before it is in the head.
    pub position: u64,
    /// Head of the chain there; 32 zero bytes before the first entry of the home area.
    pub head: Digest,
}
