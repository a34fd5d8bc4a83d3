//! The time, by which everything is judged: the system's in a node, a hand-set one in tests.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::time_provider::TimeProvider;
use rustls_pki_types::UnixTime;

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
