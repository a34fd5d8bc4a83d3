//! A courier for every channel that appears.

use std::collections::HashSet;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Exchange, expiry, outbound::courier};
use crate::store::{Direction, NotNow};

impl Exchange {
    /// Runs couriers, probes and the watch over deadlines until told to stop; then waits until
    /// what is in flight has ended.
    ///
    /// # Errors
    /// [`NotNow`] if the channels cannot be read.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), NotNow> {
        let mut tasks = JoinSet::new();
        tasks.spawn(expiry::watch(self.clone(), stop.clone()));
        tasks.spawn(self.clone().probe_all(stop.clone()));
        let mut bell = self.0.store.new_channel_bell();
        let mut known = HashSet::new();
        loop {
            bell.mark_unchanged();
            for view in self.0.store.channels().await? {
                if view.direction == Direction::Out && known.insert(view.channel) {
                    tasks.spawn(courier(self.clone(), view.channel, stop.clone()));
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                changed = bell.changed() => if changed.is_err() {
                    break;
                },
                Some(ended) = tasks.join_next() => if let Err(error) = ended {
                    tracing::error!(%error, "A task of the exchange failed.");
                },
            }
        }
        while tasks.join_next().await.is_some() {}
        Ok(())
    }
}
