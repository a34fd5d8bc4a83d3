//! What a thing that is owed counts for in the indicators, and sums of that.

use std::ops::AddAssign;

use jiff::civil::Date;

use super::owed::{Owed, Standing};
use crate::domain::{
    calendar::day_of,
    workdays::{UnknownYear, Workdays},
};

/// What has become of things that were owed, summed up. Both sides of a channel sum up the same.
///
/// What is summed up belongs to the day on which it was due, and counts once that day has passed:
/// whoever asks for a period leaves out the days that have not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Waited for a desk.
    pub to_take_up: u64,
    /// Were taken up by their day (接收率).
    pub taken_up_in_time: u64,
    /// Waited for an answer.
    pub to_answer: u64,
    /// Were answered at any time (反馈率).
    pub answered: u64,
    /// Were answered by their day (反馈及时率).
    pub answered_in_time: u64,
    /// Working days from the notice to its answer.
    pub response: Response,
}

/// How long answers took, in working days: how many took none, one, two … The last place holds
/// all that took longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response([u64; PLACES]);

impl Response {
    /// The most working days that are told apart: it stands for that many and more.
    pub const LONGEST: u32 = 45;

    /// One answer that took so many working days.
    pub fn of(days: u32) -> Self {
        let mut response = Self::default();
        let last = PLACES.saturating_sub(1);
        let place = usize::try_from(days).unwrap_or(last).min(last);
        if let Some(place) = response.0.get_mut(place) {
            *place = 1;
        }
        response
    }

    /// How many took none, one, two … working days.
    pub const fn by_days(&self) -> &[u64] {
        &self.0
    }

    /// Those numbers; what is not said is none, and what is behind the last place is left out.
    pub fn from_days(numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut response = Self::default();
        for (place, number) in response.0.iter_mut().zip(numbers) {
            *place = number;
        }
        response
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// How many took from the one to the other, both included.
    pub fn taking(&self, from: u32, to: u32) -> u64 {
        let places = (0..).zip(self.0);
        let within = places.filter(|(days, _)| (from..=to).contains(days));
        within.map(|(_, count)| count).sum()
    }

    /// The fewest working days within which that many in a hundred were answered: 50 for the
    /// median, 90 for the p90. None without answers. [`Self::LONGEST`] stands for that and
    /// more.
    pub fn percentile(&self, of_hundred: u64) -> Option<u32> {
        let wanted = self.total().checked_mul(of_hundred)?.div_ceil(100).max(1);
        let mut seen = 0_u64;
        for (days, count) in (0..).zip(self.0) {
            seen = seen.saturating_add(count);
            if seen >= wanted {
                return Some(days);
            }
        }
        None
    }
}

impl Default for Response {
    fn default() -> Self {
        Self([0; PLACES])
    }
}

impl AddAssign<&Self> for Response {
    fn add_assign(&mut self, other: &Self) {
        for (sum, count) in self.0.iter_mut().zip(other.0) {
            *sum = sum.saturating_add(count);
        }
    }
}

impl AddAssign<&Self> for Count {
    fn add_assign(&mut self, other: &Self) {
        let Self {
            to_take_up,
            taken_up_in_time,
            to_answer,
            answered,
            answered_in_time,
            response,
        } = other;
        for (sum, count) in [
            (&mut self.to_take_up, to_take_up),
            (&mut self.taken_up_in_time, taken_up_in_time),
            (&mut self.to_answer, to_answer),
            (&mut self.answered, answered),
            (&mut self.answered_in_time, answered_in_time),
        ] {
            *sum = sum.saturating_add(*count);
        }
        self.response += response;
    }
}

impl Owed {
    /// What it counts for on the day by which it was to be taken up, and on the day by which it was
    /// to be answered. What nobody waited for any more when its day ended counts for nothing.
    ///
    /// # Errors
    /// [`UnknownYear`] of a day between notice and answer.
    pub fn counts(&self, workdays: &Workdays) -> Result<Vec<(Date, Count)>, UnknownYear> {
        let mut counts = Vec::new();
        let lapsed = match self.standing {
            Standing::Lapsed { at_ms } => day_of(at_ms),
            Standing::Open | Standing::Answered(_) => None,
        };
        let waited = |due: &Date| lapsed.is_none_or(|lapsed| *due < lapsed);
        // An answer without a word that it was taken up shows that it was.
        let answered = match self.standing {
            Standing::Answered(answer) => day_of(answer.at_ms),
            Standing::Open | Standing::Lapsed { .. } => None,
        };
        let taken_up = self.taken_up_at_ms.and_then(day_of);
        let taken_up = [taken_up, answered].into_iter().flatten().min();
        if let Some(due) = self.due.take_up.filter(waited) {
            let in_time = taken_up.is_some_and(|day| day <= due);
            let count = Count {
                to_take_up: 1,
                taken_up_in_time: u64::from(in_time),
                ..Count::default()
            };
            counts.push((due, count));
        }
        if let Some(due) = self.due.answer.filter(waited) {
            let mut count = Count {
                to_answer: 1,
                ..Count::default()
            };
            if let (Some(day), Some(since)) = (answered, day_of(self.since_ms)) {
                count.answered = 1;
                count.answered_in_time = u64::from(day <= due);
                count.response = Response::of(workdays.between(since, day)?);
            }
            counts.push((due, count));
        }
        Ok(counts)
    }
}

/// Up to nine weeks are told apart: three times the ordinary period of the default agreement.
const PLACES: usize = Response::LONGEST as usize + 1;

/// A rate with what it is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Those that count.
    pub part: u64,
    /// Those of which they are (n).
    pub whole: u64,
}

impl Rate {
    /// Of fewer than these nothing is told: a cell of so few may tell of one person.
    pub const FEWEST: u64 = 5;

    /// Thousandths, rounded half up; none of fewer than [`Self::FEWEST`].
    pub fn thousandths(self) -> Option<u64> {
        let Self { part, whole } = self;
        if whole < Self::FEWEST {
            return None;
        }
        let twice = part.saturating_mul(2_000).saturating_add(whole);
        twice.checked_div(whole.saturating_mul(2))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{
        super::{
            fact::Due,
            owed::{Answer, Standing},
        },
        *,
    };
    use crate::domain::{area::County, calendar::begin_ms, notice::NoticeId, workdays::samples};

    fn at(day: Date) -> i64 {
        begin_ms(day).unwrap() + 9 * 3_600_000
    }

    fn owed(standing: Standing) -> Owed {
        let by: County = "530111".parse().unwrap();
        Owed {
            notice: NoticeId::new([1; 8], 1),
            by,
            since_ms: at(date(2026, 10, 12)),
            due: Due {
                take_up: Some(date(2026, 10, 15)),
                answer: Some(date(2026, 11, 2)),
            },
            taken_up_at_ms: None,
            standing,
        }
    }

    fn answered(day: Date) -> Standing {
        Standing::Answered(Answer {
            notice: NoticeId::new([2; 8], 1),
            at_ms: at(day),
            outcome: None,
        })
    }

    /// take up, in time, answer, answered, in time, median
    fn summed(owed: &Owed) -> ([u64; 5], Option<u32>) {
        let mut sum = Count::default();
        for (_, count) in owed.counts(&samples::two_years()).unwrap() {
            sum += &count;
        }
        let counts = [
            sum.to_take_up,
            sum.taken_up_in_time,
            sum.to_answer,
            sum.answered,
            sum.answered_in_time,
        ];
        (counts, sum.response.percentile(50))
    }

    #[test]
    fn what_is_owed_counts_once_by_the_days_on_which_it_was_due() {
        let lapsed = |day| Standing::Lapsed { at_ms: at(day) };
        for (standing, expected) in [
            (Standing::Open, ([1, 0, 1, 0, 0], None)),
            (answered(date(2026, 10, 15)), ([1, 1, 1, 1, 1], Some(3))),
            (answered(date(2026, 10, 16)), ([1, 0, 1, 1, 1], Some(4))),
            (answered(date(2026, 11, 2)), ([1, 0, 1, 1, 1], Some(15))),
            (answered(date(2026, 11, 3)), ([1, 0, 1, 1, 0], Some(16))),
            // Taken back before its day, nobody waited on that day.
            (lapsed(date(2026, 10, 15)), ([0, 0, 0, 0, 0], None)),
            (lapsed(date(2026, 10, 16)), ([1, 0, 0, 0, 0], None)),
            (lapsed(date(2026, 11, 3)), ([1, 0, 1, 0, 0], None)),
        ] {
            assert_eq!(summed(&owed(standing.clone())), expected, "{standing:?}");
        }
        let taken_up = Owed {
            taken_up_at_ms: Some(at(date(2026, 10, 13))),
            ..owed(answered(date(2026, 11, 3)))
        };
        assert_eq!(summed(&taken_up).0, [1, 1, 1, 1, 0]);
    }

    #[test]
    fn percentiles_are_those_of_all_answers() {
        let mut response = Response::default();
        assert_eq!(response.percentile(50), None);
        for days in [1, 2, 3, 4, 5, 6, 7, 8, 9, 400] {
            response += &Response::of(days);
        }
        let percentiles = [1, 50, 90, 100].map(|of| response.percentile(of));
        assert_eq!(percentiles, [Some(1), Some(5), Some(9), Some(45)]);
        assert_eq!(response.total(), 10);
        assert_eq!(response.taking(0, 3), 3);
        assert_eq!(response.taking(9, Response::LONGEST), 2);
    }

    #[test]
    fn a_rate_of_few_is_not_told() {
        let rate = |part, whole| Rate { part, whole }.thousandths();
        assert_eq!(rate(4, 4), None);
        assert_eq!(rate(0, 0), None);
        assert_eq!(rate(5, 5), Some(1_000));
        assert_eq!(rate(2, 3_000), Some(1), "half up");
        assert_eq!(rate(1, 6), Some(167));
        assert_eq!(rate(0, 5), Some(0));
    }
}
