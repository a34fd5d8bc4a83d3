//! When to try again: the `backoff` crate, behind this one file.
//!
//! It stops by itself after 15 minutes unless told otherwise; a courier never stops.

use std::time::Duration;

use backoff::{ExponentialBackoff, ExponentialBackoffBuilder, backoff::Backoff as _};

/// Intervals between tries: exponential, jittered, capped, without end.
pub(super) struct Retry {
    intervals: ExponentialBackoff,
    cap: Duration,
}

impl Retry {
    /// Intervals that grow up to `cap`.
    pub(super) fn new(cap: Duration) -> Self {
        Self {
            intervals: ExponentialBackoffBuilder::new()
                .with_initial_interval(FIRST.min(cap))
                .with_randomization_factor(0.5)
                .with_multiplier(2.0)
                .with_max_interval(cap)
                .with_max_elapsed_time(None)
                .build(),
            cap,
        }
    }

    /// How long to wait before the next try.
    pub(super) fn next(&mut self) -> Duration {
        self.intervals
            .next_backoff()
            .map_or(self.cap, |interval| interval.min(self.cap))
    }

    /// A try went well.
    pub(super) fn reset(&mut self) {
        self.intervals.reset();
    }
}

const FIRST: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_grow_to_the_cap_and_never_end() {
        let cap = Duration::from_secs(5);
        let mut retry = Retry::new(cap);
        assert!(retry.next() < Duration::from_secs(1));
        let late: Vec<_> = (0..200).map(|_| retry.next()).skip(20).collect();
        assert!(late.iter().all(|interval| *interval <= cap));
        assert!(late.iter().any(|interval| *interval > cap / 2));
        retry.reset();
        assert!(retry.next() < Duration::from_secs(1));
    }
}
