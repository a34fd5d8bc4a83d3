//! So many within a time, and no more.

use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};

/// A bound on how fast something is done: so many at once, and as many again evenly over a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    period: Duration,
    /// From one to the next.
    between: Duration,
}

/// What was taken of a pace lately. Nothing, at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// When none of it counts any more.
    forgotten_at: Option<Instant>,
}

impl Pace {
    /// So many in each minute.
    pub const fn per_minute(count: NonZeroU32) -> Self {
        Self::within(Duration::from_secs(60), count)
    }

    /// So many in each period.
    pub const fn within(period: Duration, count: NonZeroU32) -> Self {
        let between = match period.checked_div(count.get()) {
            Some(between) => between,
            // No count is zero.
            None => period,
        };
        Self { period, between }
    }

    /// Takes one.
    ///
    /// # Errors
    /// After how long one can be taken; none was taken now.
    pub fn take(self, taken: &mut Taken, now: Instant) -> Result<(), Duration> {
        let counts = taken
            .forgotten_at
            .map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let with_this = counts.saturating_add(self.between);
        if let Some(wait) = with_this
            .checked_sub(self.period)
            .filter(|wait| !wait.is_zero())
        {
            return Err(wait);
        }
        // Beyond the end of all clocks nothing is counted.
        taken.forgotten_at = now.checked_add(with_this);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    const SECOND: Duration = Duration::from_secs(1);

    fn sixty() -> Pace {
        Pace::per_minute(NonZeroU32::new(60).unwrap())
    }

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_one_a_second() {
        let (mut taken, now) = (Taken::default(), Clock::system().monotonic());
        for _ in 0..60 {
            assert_eq!(sixty().take(&mut taken, now), Ok(()));
        }
        assert_eq!(sixty().take(&mut taken, now), Err(SECOND));
        let then = now + SECOND / 4;
        assert_eq!(sixty().take(&mut taken, then), Err(SECOND * 3 / 4));
        assert_eq!(sixty().take(&mut taken, now + SECOND), Ok(()));
        assert_eq!(sixty().take(&mut taken, now + SECOND), Err(SECOND));
        let later = now + SECOND * 61;
        for _ in 0..60 {
            assert_eq!(sixty().take(&mut taken, later), Ok(()));
        }
        assert!(sixty().take(&mut taken, later).is_err());
    }

    #[test]
    fn what_is_refused_counts_for_nothing() {
        let (mut taken, now) = (Taken::default(), Clock::system().monotonic());
        while sixty().take(&mut taken, now).is_ok() {}
        let before = taken;
        for _ in 0..1_000 {
            assert_eq!(sixty().take(&mut taken, now), Err(SECOND));
        }
        assert_eq!(taken, before);
    }

    /// However thinly they are spread: what counts by whole units would lose the rests.
    #[test]
    fn one_a_second_is_always_within_sixty_a_minute() {
        let (mut taken, now) = (Taken::default(), Clock::system().monotonic());
        for step in 0..600 {
            assert_eq!(sixty().take(&mut taken, now + SECOND * step), Ok(()));
        }
    }

    #[test]
    fn a_count_that_does_not_divide_its_period_is_let_through_whole() {
        for count in [1_u32, 7, 59, 600, 59_999] {
            let pace = Pace::per_minute(NonZeroU32::new(count).unwrap());
            let (mut taken, now) = (Taken::default(), Clock::system().monotonic());
            for _ in 0..count {
                assert_eq!(pace.take(&mut taken, now), Ok(()), "{count}");
            }
            assert!(pace.take(&mut taken, now).is_err(), "{count}");
        }
    }
}
