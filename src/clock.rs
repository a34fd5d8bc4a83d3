//! The time, by which everything is judged: the system's in a node, a hand-set one in tests.

use std::{
    collections::VecDeque,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::time_provider::TimeProvider;
use rustls_pki_types::UnixTime;

use crate::guard::Guard;

/// Where the time comes from. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock {
    /// The system's clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the system is asked for the time"
    )]
    pub fn system() -> Self {
        Self(Arc::new(|| {
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap_or_default()
        }))
    }

    /// The time that `now` tells, to the second.
    pub fn new(now: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(move || Duration::from_secs(now().as_secs())))
    }

    /// The time, to the second: what certificates are judged by.
    pub fn now(&self) -> UnixTime {
        UnixTime::since_unix_epoch((self.0)())
    }

    /// The time in milliseconds since 1970-01-01T00:00:00Z.
    pub fn now_ms(&self) -> i64 {
        i64::try_from((self.0)().as_millis()).unwrap_or(i64::MAX)
    }

    /// A reading that only ever rises, for intervals; unmoved by changes of the clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the system is asked for monotonic time"
    )]
    pub fn monotonic(&self) -> Instant {
        Instant::now()
    }
}

/// The time that has passed for certain: what cannot be undone waits for it.
///
/// A clock that is ahead, for a moment or until somebody sets it, must end no notice and forget
/// nothing that an office relies on. So a time counts as passed only where readings say so that
/// are an hour of monotonic time apart, and none between them says otherwise.
#[derive(Debug, Default)]
pub struct Certain(VecDeque<(Instant, i64)>);

impl Certain {
    /// Reads the clock. Returns the earliest time that it has told within the last hour, in
    /// milliseconds since 1970; none before this has been asked for an hour.
    pub fn read(&mut self, clock: &Clock) -> Option<i64> {
        self.take(clock.monotonic(), clock.now_ms())
    }

    fn take(&mut self, at: Instant, told_ms: i64) -> Option<i64> {
        if !Guard::Deadline.holds() {
            return Some(told_ms);
        }
        self.0.push_back((at, told_ms));
        let long_ago = |reading: &(Instant, i64)| at.saturating_duration_since(reading.0) >= HOUR;
        // One that is an hour old is kept: without it nothing is known of that hour.
        while self.0.get(1).is_some_and(long_ago) {
            self.0.pop_front();
        }
        if self.0.front().is_some_and(long_ago) {
            self.0.iter().map(|(_, told)| *told).min()
        } else {
            None
        }
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.now())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

const HOUR: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(start: Instant, minutes: u64) -> Instant {
        start + Duration::from_secs(60 * minutes)
    }

    #[test]
    fn a_time_has_passed_once_two_readings_an_hour_apart_say_so() {
        let start = Clock::system().monotonic();
        let mut certain = Certain::default();
        assert_eq!(certain.take(start, 10), None);
        assert_eq!(certain.take(minutes(start, 59), 20), None);
        assert_eq!(certain.take(minutes(start, 60), 30), Some(10));
        assert_eq!(certain.take(minutes(start, 119), 40), Some(20));
        assert_eq!(certain.take(minutes(start, 300), 50), Some(40));
    }

    #[test]
    fn a_clock_that_jumps_either_way_tells_nothing_before_its_time() {
        let start = Clock::system().monotonic();
        let mut certain = Certain::default();
        assert_eq!(certain.take(start, 10), None);
        assert_eq!(certain.take(minutes(start, 60), 9_000), Some(10));
        // It came back for a moment, and an hour begins anew.
        assert_eq!(certain.take(minutes(start, 90), 12), Some(10));
        assert_eq!(certain.take(minutes(start, 130), 9_001), Some(12));
        assert_eq!(certain.take(minutes(start, 149), 9_002), Some(12));
        assert_eq!(certain.take(minutes(start, 190), 9_003), Some(9_001));
    }

    #[test]
    fn no_more_readings_are_kept_than_an_hour_has() {
        let start = Clock::system().monotonic();
        let mut certain = Certain::default();
        for minute in 0..600 {
            certain.take(minutes(start, minute), 1);
        }
        assert_eq!(certain.0.len(), 61);
    }
}
