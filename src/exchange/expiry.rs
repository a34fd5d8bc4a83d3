//! Notices whose business deadline passed.
//!
//! A clock that jumps must not end anything: expiry needs two readings an hour of monotonic time
//! apart that both lie behind the deadline.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::Exchange;
use crate::{
    domain::{
        channel::{Channel, Sequence},
        notice::NoticeId,
        receipt::VoidReason,
    },
    store::{Direction, NotNow},
};

/// Looks at what waits, until told to stop.
pub(super) async fn watch(exchange: Exchange, stop: CancellationToken) {
    let mut suspects = Suspects::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        if let Err(error) = sweep(&exchange, &mut suspects).await {
            tracing::warn!(%error, "Deadlines could not be looked at.");
        }
    }
}

async fn sweep(exchange: &Exchange, suspects: &mut Suspects) -> Result<(), NotNow> {
    let store = &exchange.0.store;
    let now = Reading {
        wall_ms: exchange.0.clock.now_ms(),
        monotonic: exchange.0.clock.monotonic(),
    };
    let mut overdue = HashMap::new();
    for view in store.channels().await? {
        if view.direction != Direction::Out {
            continue;
        }
        let mut after = Some(Sequence::ZERO);
        while let Some(from) = after {
            let page = store.waiting(view.channel, from, PAGE).await?;
            for notice in page.notices {
                if notice.deadline_ms < now.wall_ms {
                    overdue.insert((view.channel, notice.id), notice.sequence);
                }
            }
            after = page.next;
        }
    }
    for (channel, sequence) in suspects.read(&overdue, now.monotonic) {
        tracing::warn!(%channel, %sequence, "A notice was not answered by its deadline; it ends as expired.");
        store
            .end(channel, sequence, VoidReason::Expired, None, now.wall_ms)
            .await?;
    }
    Ok(())
}

/// Notices that were once found behind their deadline, and when.
#[derive(Default)]
struct Suspects(HashMap<(Channel, NoticeId), Instant>);

/// Both clocks at one moment.
#[derive(Clone, Copy)]
struct Reading {
    wall_ms: i64,
    monotonic: Instant,
}

impl Suspects {
    /// Takes a reading of what is behind its deadline; returns where what is found so for the
    /// second time, an hour after the first, stands now.
    fn read(
        &mut self,
        overdue: &HashMap<(Channel, NoticeId), Sequence>,
        now: Instant,
    ) -> Vec<(Channel, Sequence)> {
        self.0.retain(|notice, _| overdue.contains_key(notice));
        let mut expired = Vec::new();
        for (notice, sequence) in overdue {
            let first = *self.0.entry(*notice).or_insert(now);
            if now.saturating_duration_since(first) >= APART {
                self.0.remove(notice);
                expired.push((notice.0, *sequence));
            }
        }
        expired
    }
}

const EVERY: Duration = Duration::from_secs(600);
const APART: Duration = Duration::from_secs(3_600);
const PAGE: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn overdue() -> (HashMap<(Channel, NoticeId), Sequence>, (Channel, Sequence)) {
        let channel = Channel {
            from: "350582".parse().unwrap(),
            to: "530111".parse().unwrap(),
        };
        let place = Sequence::new(1);
        let id = NoticeId::new([1; 8], 1);
        (HashMap::from([((channel, id), place)]), (channel, place))
    }

    fn minutes(start: Instant, minutes: u64) -> Instant {
        start + Duration::from_secs(60 * minutes)
    }

    #[test]
    fn expiry_needs_two_readings_an_hour_apart() {
        let (overdue, place) = overdue();
        let start = crate::clock::Clock::system().monotonic();
        let mut suspects = Suspects::default();
        assert!(suspects.read(&HashMap::new(), start).is_empty());
        assert!(suspects.read(&overdue, minutes(start, 10)).is_empty());
        assert!(suspects.read(&overdue, minutes(start, 60)).is_empty());
        assert_eq!(suspects.read(&overdue, minutes(start, 70)), [place]);
    }

    #[test]
    fn a_clock_that_jumped_and_came_back_ends_nothing() {
        let (overdue, _) = overdue();
        let start = crate::clock::Clock::system().monotonic();
        let mut suspects = Suspects::default();
        assert!(suspects.read(&overdue, start).is_empty());
        assert!(
            suspects
                .read(&HashMap::new(), minutes(start, 30))
                .is_empty()
        );
        assert!(suspects.read(&overdue, minutes(start, 61)).is_empty());
    }
}
