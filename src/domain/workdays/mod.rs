//! Working days, and the day on which something is due.
//!
//! Offices work on weekdays, but for the days off of the State Council's yearly arrangement, and on
//! the weekend days that it swaps for them (调休上班). An [`Arrangement`] is that of one year;
//! [`Workdays`] are those that are known. Of a year that is not known nothing is guessed: what
//! depends on it ends with [`UnknownYear`].
//!
//! # How a period is counted
//!
//! By 《中华人民共和国民法典》:
//!
//! - 第二百零一条: the day on which a period begins does not count; it runs from the next day.
//! - 第二百零三条第一款: where its last day is a statutory day off, the period ends on the day after
//!   the days off. Every day on which offices do not work counts as one here, plain weekends too:
//!   nobody is there to act. A weekend day that is swapped in is none.
//! - 第二百零三条第二款: the last day ends at 24:00, or at the close of business where there are hours
//!   of business. 24:00 counts here ([`end_ms`](super::calendar::end_ms)), since a node takes answers
//!   at any hour.
//!
//! The code governs civil matters and lets the parties agree otherwise (第二百零四条); nothing
//! prescribes how offices count what they owe each other. Its rules are taken, being those that every
//! office knows (ours). A period of working days counts those alone, so its last day is never off.

mod arrangement;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};

pub use self::arrangement::{Arrangement, Misarranged, Notice};
use super::{
    calendar::{Days, Reckoning},
    problem::Sentence,
};

/// Which days are worked on, for the years of which that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workdays(BTreeMap<i16, Arrangement>);

impl Workdays {
    /// Adds a year.
    ///
    /// # Errors
    /// [`Misarranged::NothingOff`] if it has no day off: no year is so, and taking one for it would
    /// count holidays as worked. [`Misarranged::YearTwice`] if it is known already.
    pub fn add(&mut self, arrangement: Arrangement) -> Result<(), Misarranged> {
        let year = arrangement.year();
        if arrangement.is_empty() {
            return Err(Misarranged::NothingOff { year });
        }
        if self.0.contains_key(&year) {
            return Err(Misarranged::YearTwice { year });
        }
        self.0.insert(year, arrangement);
        Ok(())
    }

    /// The years that are known, rising.
    pub fn years(&self) -> impl Iterator<Item = &Arrangement> {
        self.0.values()
    }

    /// Which of these is not known: the year of `today`, and from 1 November on the next, since periods
    /// begin to reach into it and its notice comes out about then.
    pub fn lacking(&self, today: Date) -> Vec<UnknownYear> {
        let (this, next) = (today.year(), today.year().saturating_add(1));
        let wanted = [Some(this), (today.month() >= 11).then_some(next)];
        let wanted = wanted.into_iter().flatten();
        let lacking = wanted.filter(|year| !self.0.contains_key(year));
        lacking.map(|year| UnknownYear { year }).collect()
    }

    /// Whether offices work on that day.
    ///
    /// # Errors
    /// [`UnknownYear`] of the day.
    pub fn is_working(&self, day: Date) -> Result<bool, UnknownYear> {
        let year = day.year();
        let arrangement = self.0.get(&year).ok_or(UnknownYear { year })?;
        Ok(arrangement.is_working(day))
    }

    /// The last day on which something is in time that is due within so many days of `from`, always
    /// a working day. Within no days at all it is `from` itself, if that is one, else the next.
    ///
    /// # Errors
    /// [`UnknownYear`] of a day that counts: of working days all after `from`, of calendar days the
    /// last.
    pub fn due(&self, from: Date, within: Days) -> Result<Date, UnknownYear> {
        let Days { count, reckoning } = within;
        let last = match reckoning {
            Reckoning::Working => self.after(from, count)?,
            Reckoning::Calendar => {
                from.checked_add(i64::from(count).days())
                    .map_err(|_| UnknownYear {
                        year: Date::MAX.year(),
                    })?
            }
        };
        if self.is_working(last)? {
            Ok(last)
        } else {
            self.after(last, 1)
        }
    }

    /// The working days from the day after `from` up to `to`: how long something took of which `from`
    /// is the day on which it began. None if it ended on that day, or before.
    ///
    /// # Errors
    /// [`UnknownYear`] of the first day in between of which it is not known.
    pub fn between(&self, from: Date, to: Date) -> Result<u32, UnknownYear> {
        let days = from.series(1.day()).skip(1).take_while(|day| *day <= to);
        days.map(|day| self.is_working(day).map(u32::from)).sum()
    }

    /// The working day that is so many working days after `day`, which itself does not count; for
    /// none, `day`.
    ///
    /// # Errors
    /// [`UnknownYear`] of a day in between.
    pub fn after(&self, day: Date, count: u16) -> Result<Date, UnknownYear> {
        (0..count).try_fold(day, |day, _| self.step(day, Date::tomorrow))
    }

    /// The working day that is so many working days before `day`, which itself does not count; for
    /// none, `day`.
    ///
    /// # Errors
    /// [`UnknownYear`] of a day in between.
    pub fn before(&self, day: Date, count: u16) -> Result<Date, UnknownYear> {
        (0..count).try_fold(day, |day, _| self.step(day, Date::yesterday))
    }

    /// The next working day in one direction.
    fn step(
        &self,
        mut day: Date,
        onward: impl Fn(Date) -> Result<Date, jiff::Error>,
    ) -> Result<Date, UnknownYear> {
        loop {
            // The calendar ends in a year of which nobody knows.
            day = onward(day).map_err(|_| UnknownYear { year: day.year() })?;
            if self.is_working(day)? {
                return Ok(day);
            }
        }
    }
}

/// It is not known which days of that year are worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error(
    "the table of holidays lacks {year}; add that year by the notice of the State Council to holidays.toml in the node's directory, which begins as a copy of the shipped config/holidays.toml"
)]
pub struct UnknownYear {
    /// The year.
    pub year: i16,
}

impl UnknownYear {
    /// What a person reads of it.
    pub fn sentence(self) -> Sentence {
        let year = self.year;
        Sentence {
            zh: format!(
                "节假日表没有{year}年：请按国务院办公厅关于{year}年部分节假日安排的通知，补进节点目录的 holidays.toml（没有该文件的，先复制随程序提供的 config/holidays.toml）"
            ),
            en: self.to_string(),
        }
    }
}
