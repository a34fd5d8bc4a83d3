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
        let mut after = view.settled;
        loop {
            let waiting = store.waiting(view.channel, after, PAGE).await?;
            let Some(last) = waiting.last() else { break };
            after = last.sequence;
            for place in &waiting {
                overdue.insert((view.channel, place.sequence), place.deadline_ms);
            }
        }
    }
    for (channel, sequence) in suspects.read(&overdue, now) {
        tracing::warn!(%channel, %sequence, "A notice was not answered by its deadline; it ends as expired.");
        store
            .end(channel, sequence, VoidReason::Expired, None, now.wall_ms)
            .await?;
    }
    Ok(())
}

/// Notices that were once found behind their deadline, and when.
#[derive(Default)]
struct Suspects(HashMap<(Channel, Sequence), Instant>);

/// Both clocks at one moment.
#[derive(Clone, Copy)]
struct Reading {
    wall_ms: i64,
    monotonic: Instant,
}

impl Suspects {
    /// Takes a reading of the deadlines of what waits; returns what is found behind its deadline
    /// for the second time, an hour after the first.
    fn read(
        &mut self,
        deadlines: &HashMap<(Channel, Sequence), i64>,
        now: Reading,
    ) -> Vec<(Channel, Sequence)> {
        self.0.retain(|place, _| {
            deadlines
                .get(place)
                .is_some_and(|deadline| *deadline < now.wall_ms)
        });
        let mut expired = Vec::new();
        for (place, deadline) in deadlines {
            if *deadline >= now.wall_ms {
                continue;
            }
            let first = *self.0.entry(*place).or_insert(now.monotonic);
            if now.monotonic.saturating_duration_since(first) >= APART {
                expired.push(*place);
            }
        }
        for place in &expired {
            self.0.remove(place);
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

    fn place() -> (Channel, Sequence) {
        let channel = Channel {
            from: "350582".parse().unwrap(),
            to: "530111".parse().unwrap(),
        };
        (channel, Sequence::new(1))
    }

    #[test]
    fn expiry_needs_two_readings_an_hour_apart() {
        let deadlines = HashMap::from([(place(), 1_000)]);
        let start = crate::clock::Clock::system().monotonic();
        let mut suspects = Suspects::default();
        let at = |wall_ms, minutes: u64| Reading {
            wall_ms,
            monotonic: start + Duration::from_secs(60 * minutes),
        };
        assert!(suspects.read(&deadlines, at(999, 0)).is_empty());
        assert!(suspects.read(&deadlines, at(2_000, 10)).is_empty());
        assert!(suspects.read(&deadlines, at(2_000, 60)).is_empty());
        assert_eq!(suspects.read(&deadlines, at(2_000, 70)), [place()]);
    }

    #[test]
    fn a_clock_that_jumped_and_came_back_ends_nothing() {
        let deadlines = HashMap::from([(place(), 1_000)]);
        let start = crate::clock::Clock::system().monotonic();
        let mut suspects = Suspects::default();
        let at = |wall_ms, minutes: u64| Reading {
            wall_ms,
            monotonic: start + Duration::from_secs(60 * minutes),
        };
        assert!(suspects.read(&deadlines, at(9_000, 0)).is_empty());
        assert!(suspects.read(&deadlines, at(500, 30)).is_empty());
        assert!(suspects.read(&deadlines, at(9_000, 61)).is_empty());
    }
}
