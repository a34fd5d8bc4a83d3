//! What a running node does now and then: takes up changed files, warns of what expires, reports
//! and removes silent consumers.

use std::{sync::Arc, time::Duration};

use tokio::{task::spawn_blocking, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{NodeError, operations::Node};
use crate::store::{NotNow, Store};

/// Runs until told to stop.
pub(super) async fn upkeep(
    node: Arc<Node>,
    store: Store,
    stop: CancellationToken,
) -> Result<(), NodeError> {
    let mut failed = None;
    let mut rounds_at = Instant::now();
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(RELOAD_EVERY) => {}
        }
        let reader = Arc::clone(&node.directory);
        let taken = spawn_blocking(move || reader.take_up().map_err(|error| error.to_string()));
        match taken.await {
            Ok(Ok(_)) => failed = None,
            Ok(Err(error)) => {
                // Once for each new fault, not every few seconds.
                if failed.as_ref() != Some(&error) {
                    tracing::error!(%error, "Changed files are not taken up; what was in use stays in use.");
                    failed = Some(error);
                }
            }
            Err(error) => tracing::error!(%error, "Files could not be read."),
        }
        if rounds_at <= Instant::now() {
            rounds_at = Instant::now() + ROUNDS_EVERY;
            rounds(&node, &store).await;
        }
    }
}

async fn rounds(node: &Node, store: &Store) {
    for warning in node.trust.current().warnings(node.clock.now()) {
        tracing::warn!(?warning, "Trust runs out.");
    }
    if let Err(error) = silent_consumers(node, store).await {
        tracing::warn!(%error, "Consumers could not be looked at.");
    }
}

async fn silent_consumers(node: &Node, store: &Store) -> Result<(), NotNow> {
    let now = node.clock.now_ms();
    for consumer in store.consumers().await? {
        let days = now.saturating_sub(consumer.seen_ms) / DAY_MS;
        let (home, name) = (consumer.home, consumer.name);
        if days >= REMOVED_AFTER_DAYS {
            tracing::error!(%home, consumer = %name, days, "A consumer was silent too long; it is removed.");
            store.remove_consumer(home, name).await?;
        } else if days >= REPORTED_AFTER_DAYS {
            tracing::warn!(%home, consumer = %name, days, "A consumer is silent; it will be removed after 90 days.");
        }
    }
    Ok(())
}

const RELOAD_EVERY: Duration = Duration::from_secs(2);
const ROUNDS_EVERY: Duration = Duration::from_secs(3_600);
const REPORTED_AFTER_DAYS: i64 = 30;
const REMOVED_AFTER_DAYS: i64 = 90;
const DAY_MS: i64 = 86_400_000;
