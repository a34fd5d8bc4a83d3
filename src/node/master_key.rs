//! A change of the master key while the node serves.

use std::sync::{Mutex, PoisonError};

use super::directory::ReloadError;
use crate::{
    config::NodeDir,
    store::Store,
    trust::master_key::{MasterKeyError, MasterKeyId, MasterKeySource, MasterKeys},
};

/// The master keys of a running node, as their file says. What comes from elsewhere is asked for at a
/// start alone.
pub(super) struct MasterKeyFile {
    store: Store,
    in_use: Mutex<Vec<MasterKeyId>>,
}

impl MasterKeyFile {
    /// These keys are in use.
    pub(super) fn new(store: Store, masters: MasterKeys) -> Self {
        Self {
            store,
            in_use: Mutex::new(masters.ids()),
        }
    }

    /// Takes up the file as it is now; once this returns, everything is wrapped by its first key.
    /// Blocks.
    pub(super) fn take_up(
        &self,
        source: &MasterKeySource,
        dir: &NodeDir,
    ) -> Result<(), ReloadError> {
        if source.file(dir.path()).is_none() {
            return Ok(());
        }
        let masters = match MasterKeys::load(source, dir.path()) {
            Ok(masters) => masters,
            // It may be there for a start alone.
            Err(MasterKeyError::Missing { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = masters.ids();
        if *in_use != ids {
            let first = masters.first().id();
            let wrapped = self.store.wrap_by(masters)?;
            tracing::info!(%first, wrapped, "The master key is taken up from its file.");
            *in_use = ids;
        }
        Ok(())
    }
}

/// Wraps what a change of the master key that was cut off left. Blocks.
pub(super) fn wrap_what_is_left(store: &Store, masters: MasterKeys) {
    match store.wrap_by(masters) {
        Ok(0) => {}
        Ok(wrapped) => {
            tracing::info!(
                wrapped,
                "Everything is wrapped by the first master key now."
            );
        }
        Err(error) => {
            tracing::error!(%error, "Not everything could be wrapped by the first master key.");
        }
    }
}
