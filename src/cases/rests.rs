//! How the thread that follows leaves the machine to those who exchange.
//!
//! A lower priority would not do: it reads what the journal's writer changes, and a thread that is
//! put off while it holds a lock holds up whoever comes first.

use std::{cell::Cell, time::Duration};

use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::Shared;

/// While notices keep coming, and nobody waits for what is made of them, it rests most of the time;
/// the less, the longer it is behind.
pub(super) struct Rests<'a> {
    shared: &'a Shared,
    commits: watch::Receiver<u64>,
    seen: Cell<u64>,
    /// Since then it is behind.
    behind: Instant,
    /// The end of the last rest.
    begun: Cell<Instant>,
}

impl<'a> Rests<'a> {
    pub(super) fn new(shared: &'a Shared, commits: watch::Receiver<u64>) -> Self {
        let (seen, now) = (*commits.borrow(), Instant::now());
        Self {
            shared,
            commits,
            seen: Cell::new(seen),
            behind: now,
            begun: Cell::new(now),
        }
    }

    /// Takes a rest from what was done since the last one.
    pub(super) async fn take(&self, stop: &CancellationToken) {
        if self.others_work() {
            let rest = rest(self.begun.get().elapsed(), self.behind.elapsed());
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.shared.waited_for() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
        self.begun.set(Instant::now());
    }

    /// Whether there were commits since the last rest.
    fn others_work(&self) -> bool {
        let now = *self.commits.borrow();
        self.seen.replace(now) != now
    }
}

/// How long it rests from that work. What it makes costs about as much again where it is written.
fn rest(worked: Duration, behind: Duration) -> Duration {
    let times = match behind.as_secs() {
        0..60 => 49,
        60..120 => 19,
        _ => 4,
    };
    worked.saturating_mul(times).min(LONGEST)
}

const LONGEST: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_behind_it_rests_less_and_never_long() {
        let worked = Duration::from_millis(10);
        let rests = [0, 59, 60, 120].map(|behind| rest(worked, Duration::from_secs(behind)));
        assert_eq!(rests.map(|it| it.as_millis()), [490, 490, 190, 40]);
        assert_eq!(rest(Duration::from_secs(1), Duration::ZERO), LONGEST);
    }
}
