//! The store by hand, while no node runs: the store's faults as failures of a command.

use std::path::Path;

use super::{exit::Failure, language::both};
use crate::{
    clock::Clock,
    domain::{area::County, journal::JournalHead},
    store::{self, CheckReport, HeadCompared, LossReport, OpenError},
};

/// Looks through the whole journal.
pub(super) fn check(data: &Path) -> Result<CheckReport, Failure> {
    store::check(data).map_err(failed)
}

/// Compares the journal with heads that were signed of it.
pub(super) fn compare_heads(
    data: &Path,
    signed: &[(County, JournalHead)],
) -> Result<Vec<HeadCompared>, Failure> {
    store::compare_heads(data, signed).map_err(failed)
}

/// Goes on without what the journal has lost.
pub(super) fn accept_loss(data: &Path) -> Result<LossReport, Failure> {
    store::accept_loss(data, Clock::system().now_ms()).map_err(failed)
}

/// Builds the index anew from the journal.
pub(super) fn rebuild_index(data: &Path) -> Result<(), Failure> {
    store::rebuild_index(data).map(drop).map_err(failed)
}

fn failed(error: OpenError) -> Failure {
    Failure::refused(both(format!("日志无法使用：{error}"), error.to_string()))
}
