//! The store by hand, while no node runs.

use std::path::Path;

use super::{exit::Failure, language::both};

// SEAM: the three functions and two reports of `crate::store::maintenance` come in here.

/// What a look through the journal found.
#[derive(Clone, Debug, Default)]
pub(super) struct CheckReport {
    /// Segments.
    pub(super) segments: u64,
    /// Entries.
    pub(super) entries: u64,
}

/// What was lost.
#[derive(Clone, Debug, Default)]
pub(super) struct LossReport {
    /// Groups of entries that the index knew and the journal does not.
    pub(super) groups: u64,
}

/// Looks through the whole journal.
pub(super) fn check(_data: &Path) -> Result<CheckReport, Failure> {
    Err(not_linked())
}

/// Goes on without what the journal has lost.
pub(super) fn accept_loss(_data: &Path) -> Result<LossReport, Failure> {
    Err(not_linked())
}

/// Builds the index anew from the journal.
pub(super) fn rebuild_index(_data: &Path) -> Result<(), Failure> {
    Err(not_linked())
}

fn not_linked() -> Failure {
    Failure::refused(both("尚未接入。", "not linked yet"))
}
