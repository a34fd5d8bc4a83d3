//! What is told.

use super::Reference;
use crate::domain::case::{Rate, Response};

/// What is told of an indicator, or why nothing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A rate of at least [`Rate::FEWEST`].
    Rate(Rate),
    /// How long it took, in working days; [`Response::LONGEST`] stands for that and more.
    Days {
        /// Half of them took no longer.
        median: u32,
        /// Nine in ten took no longer.
        p90: u32,
        /// How many there are, at least [`Rate::FEWEST`].
        n: u64,
    },
    /// A number: none, or at least [`Rate::FEWEST`].
    Count(u64),
    /// There is nothing that it could be told of: n is 0.
    Nothing,
    /// There are some, but fewer than [`Rate::FEWEST`].
    Fewer,
    /// It could be told, or there are fewer than [`Rate::FEWEST`]: the one is left out so that
    /// nobody can work out the other, and which it is is not told.
    Withheld,
    /// Nobody has entered what it is measured by, or what was entered is less than what is there.
    NotKnown,
}

impl Value {
    pub(super) const fn of(rate: Rate) -> Self {
        match Self::of_so_many(rate.whole) {
            Some(value) => value,
            None if rate.part > rate.whole => Self::NotKnown,
            None => Self::Rate(rate),
        }
    }

    /// What is told of none and of few; none of enough.
    pub(super) const fn of_so_many(n: u64) -> Option<Self> {
        match n {
            0 => Some(Self::Nothing),
            1..Rate::FEWEST => Some(Self::Fewer),
            _ => None,
        }
    }

    pub(super) const fn count(count: u64) -> Self {
        match count {
            1..Rate::FEWEST => Self::Fewer,
            count => Self::Count(count),
        }
    }

    pub(super) fn days(response: &Response) -> Self {
        let n = response.total();
        match (n, response.percentile(50), response.percentile(90)) {
            (1..Rate::FEWEST, ..) => Self::Fewer,
            (_, Some(median), Some(p90)) => Self::Days { median, p90, n },
            _ => Self::Nothing,
        }
    }

    /// Whether it is as good as that; none where there is no value to compare. A rate is compared as
    /// it is shown, in thousandths.
    pub fn reaches(self, reference: Reference) -> Option<bool> {
        match (self, reference) {
            (Self::Rate(rate), Reference::AtLeast(least)) => {
                rate.thousandths().map(|rate| rate >= least)
            }
            (
                Self::Days { median, p90, .. },
                Reference::Within {
                    median: half,
                    p90: most,
                },
            ) => Some(median <= half && p90 <= most),
            _ => None,
        }
    }
}
