//! The tree, written anew after an erasure: what left it would stay in its files for a while.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{keys, rests::Rests};
use crate::store::{Shelf, ShelfError};

/// When the tree was written anew, and when that is due again.
#[derive(Default)]
pub(super) struct Renewals {
    tried: Option<Instant>,
    pub(super) due: Option<Instant>,
}

impl Renewals {
    /// The tree written anew, if something was erased and that was not done a moment ago. Else the
    /// one that is there goes on, and it is tried again.
    pub(super) async fn renewed(
        &mut self,
        shelf: &Shelf,
        rests: &Rests<'_>,
        stop: &CancellationToken,
    ) -> Option<Shelf> {
        self.due = None;
        let owed = shelf.get(keys::TO_RENEW);
        if !owed.is_ok_and(|owed| owed.is_some()) {
            return None;
        }
        let now = Instant::now();
        if let Some(due) = self.tried.map(|tried| tried + APART)
            && now < due
        {
            self.due = Some(due);
            return None;
        }
        self.tried = Some(now);
        match begun_and_copied(shelf, rests, stop).await {
            Ok(anew) => anew,
            Err(error) => {
                tracing::warn!(%error, "What was erased of cases is in the files of their tree still; it is written anew later.");
                self.due = Some(now + APART);
                None
            }
        }
    }
}

/// A tree of what that one holds; none if the node stops meanwhile. One that does not get whole, on a
/// full disk for one, leaves nothing.
async fn begun_and_copied(
    shelf: &Shelf,
    rests: &Rests<'_>,
    stop: &CancellationToken,
) -> Result<Option<Shelf>, ShelfError> {
    let anew = shelf.successor()?;
    let copied = copied(shelf, &anew, rests, stop).await;
    if !matches!(copied, Ok(true)) {
        anew.give_up();
    }
    Ok(copied?.then_some(anew))
}

/// Copies everything; false if the node stops meanwhile.
async fn copied(
    shelf: &Shelf,
    anew: &Shelf,
    rests: &Rests<'_>,
    stop: &CancellationToken,
) -> Result<bool, ShelfError> {
    let mut entries = shelf.all();
    loop {
        let part = entries
            .by_ref()
            .take(ENTRIES)
            .collect::<Result<Vec<_>, _>>()?;
        if part.is_empty() {
            anew.replaces(shelf)?;
            return Ok(true);
        }
        let kept = part.into_iter();
        let kept = kept.filter(|(key, _)| key.as_ref() != keys::TO_RENEW);
        anew.apply(kept.map(|(key, value)| (key.to_vec(), Some(value.to_vec()))))?;
        rests.take(stop).await;
        if stop.is_cancelled() {
            return Ok(false);
        }
    }
}

/// So many entries are copied at a time: a millisecond of work.
const ENTRIES: usize = 512;
/// One renewal serves all that was erased meanwhile.
const APART: Duration = Duration::from_secs(600);
