//! What a running node does now and then: takes up changed files, warns of what expires, reports
//! and removes silent consumers, forgets references of long ago.

use std::{sync::Arc, time::Duration};

use tokio::{task::spawn_blocking, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{NodeError, operations::Node};
use crate::{
    agreement::EndsSoon,
    clock::Certain,
    domain::calendar,
    store::{NotNow, Store},
};

/// Runs until told to stop.
pub(super) async fn upkeep(
    node: Arc<Node>,
    store: Store,
    stop: CancellationToken,
) -> Result<(), NodeError> {
    let mut failed = None;
    let mut certain = Certain::default();
    let mut rounds_at = Instant::now();
    let mut forgot_at = Instant::now();
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
            let passed_ms = certain.read(&node.clock);
            if let Some(passed_ms) = passed_ms
                && forgot_at <= Instant::now()
            {
                forgot_at = Instant::now() + FORGOTTEN_EVERY;
                forget_references(&store, passed_ms).await;
            }
            rounds(&node, &store, passed_ms).await;
        }
    }
}

async fn forget_references(store: &Store, passed_ms: i64) {
    match store.forget_references(passed_ms).await {
        Ok(0) => {}
        Ok(forgotten) => tracing::info!(forgotten, "References of long ago are forgotten."),
        Err(error) => tracing::warn!(%error, "References could not be forgotten."),
    }
}

/// `passed_ms` is the time that has passed for certain.
async fn rounds(node: &Node, store: &Store, passed_ms: Option<i64>) {
    for warning in node.trust.current().warnings(node.clock.now()) {
        tracing::warn!(?warning, "Trust runs out.");
    }
    let agreements = Arc::clone(&node.directory.current.agreements.borrow());
    // A clock beyond the calendar has no day; doctor says so.
    let today = calendar::day_of(node.clock.now_ms());
    for agreement in today.map_or_else(Vec::new, |today| agreements.not_in_force(today)) {
        tracing::warn!(%agreement, "An agreement is not in force today; nothing travels under it. To renew it: hongyan agreement amend.");
    }
    for EndsSoon { version, on, days } in
        today.map_or_else(Vec::new, |today| agreements.ending_soon(today))
    {
        tracing::warn!(agreement = %version, last_day = %on, within_days = days, "An agreement ends soon, and nothing follows it. To renew it: hongyan agreement amend.");
    }
    let workdays = Arc::clone(&node.directory.current.workdays.borrow());
    for unknown in today.map_or_else(Vec::new, |today| workdays.lacking(today)) {
        tracing::warn!(
            year = unknown.year,
            "The table of holidays lacks a year, so what is due in it cannot be reckoned. To add it: holidays.toml."
        );
    }
    if let Err(error) = silent_consumers(node, store, passed_ms).await {
        tracing::warn!(%error, "Consumers could not be looked at.");
    }
}

/// One is removed only once its silence is certain; until then it is reported.
async fn silent_consumers(
    node: &Node,
    store: &Store,
    passed_ms: Option<i64>,
) -> Result<(), NotNow> {
    let now = node.clock.now_ms();
    for consumer in store.consumers().await? {
        let silent = |until_ms: i64| until_ms.saturating_sub(consumer.seen_ms) / DAY_MS;
        let days = silent(now);
        let certain = passed_ms.is_some_and(|passed_ms| silent(passed_ms) >= REMOVED_AFTER_DAYS);
        let (home, name) = (consumer.home, consumer.name);
        if certain {
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
/// References are remembered by the day.
const FORGOTTEN_EVERY: Duration = Duration::from_secs(86_400);
const REPORTED_AFTER_DAYS: i64 = 30;
const REMOVED_AFTER_DAYS: i64 = 90;
const DAY_MS: i64 = 86_400_000;
