//! Notices whose business deadline passed.
//!
//! A clock that jumps must not end anything: a deadline has passed when that is [`Certain`].

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Exchange;
use crate::{
    clock::Certain,
    domain::{channel::Sequence, receipt::VoidReason},
    store::{Direction, NotNow},
};

/// Looks at what waits, until told to stop.
pub(super) async fn watch(exchange: Exchange, stop: CancellationToken) {
    let mut certain = Certain::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let Some(passed_ms) = certain.read(&exchange.0.clock) else {
            continue;
        };
        if let Err(error) = sweep(&exchange, passed_ms).await {
            tracing::warn!(%error, "Deadlines could not be looked at.");
        }
    }
}

/// Ends what is not answered and whose deadline lies before that time.
async fn sweep(exchange: &Exchange, passed_ms: i64) -> Result<(), NotNow> {
    let store = &exchange.0.store;
    for view in store.channels().await? {
        if view.direction != Direction::Out {
            continue;
        }
        let channel = view.channel;
        let mut after = Some(Sequence::ZERO);
        while let Some(from) = after {
            let page = store.waiting(channel, from, PAGE).await?;
            for notice in page.notices {
                if notice.deadline_ms >= passed_ms {
                    continue;
                }
                let sequence = notice.sequence;
                tracing::warn!(%channel, %sequence, "A notice was not answered by its deadline; it ends as expired.");
                let at_ms = exchange.0.clock.now_ms();
                // What it waited for last is why nobody answered.
                let code = notice.on_hold.flatten();
                store
                    .end(channel, sequence, VoidReason::Expired, code, at_ms)
                    .await?;
            }
            after = page.next;
        }
    }
    Ok(())
}

const EVERY: Duration = Duration::from_secs(600);
const PAGE: usize = 1_000;
