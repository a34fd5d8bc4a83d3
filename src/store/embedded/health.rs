//! Whether the store can still work, and why not.

use std::path::PathBuf;

use tokio::sync::watch;

use super::index::{self, IndexError};
use crate::store::verb::Trouble;

/// What the writer and every reader tell, for those who ask.
pub(crate) struct Health {
    trouble: watch::Sender<Option<Trouble>>,
    index: PathBuf,
}

impl Health {
    /// Of a store whose index lies there.
    pub(crate) fn new(index: PathBuf) -> Self {
        Self {
            trouble: watch::Sender::default(),
            index,
        }
    }

    /// Why no new work is taken; none while it is.
    pub(crate) fn poisoned(&self) -> watch::Receiver<Option<Trouble>> {
        self.trouble.subscribe()
    }

    /// The same, now.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.trouble.borrow().clone()
    }

    /// The journal cannot be written any more.
    pub(crate) fn journal_failed(&self, error: &impl ToString) {
        self.trouble
            .send_replace(Some(Trouble::Journal(error.to_string())));
    }

    /// Notes, first of all for the next opening, that the index is not to be believed any more.
    pub(crate) fn index_failed(&self, error: &IndexError) {
        if self.trouble().is_some() {
            return;
        }
        tracing::error!(%error, "The index failed; it is set aside and rebuilt from the journal.");
        if let Err(error) = index::distrust(&self.index) {
            tracing::error!(%error, "That the index failed cannot be written down.");
        }
        self.trouble.send_if_modified(|trouble| {
            let first = trouble.is_none();
            trouble.get_or_insert_with(|| Trouble::Index(error.to_string()));
            first
        });
    }
}
