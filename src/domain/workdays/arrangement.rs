//! The arrangement of one year: its days off, and the weekend days worked for them.

use std::collections::BTreeSet;

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};

use crate::domain::problem::Sentence;

/// Which days of a year are off besides weekends, and which weekend days are worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrangement {
    year: i16,
    notice: Notice,
    /// Weekend days among them too.
    off: BTreeSet<Date>,
    /// Weekend days only, none of them off.
    swapped: BTreeSet<Date>,
}

/// The notice by which a year was arranged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its number: `国办发明电〔2025〕7号`.
    pub number: String,
    /// Day on which it was issued.
    pub issued: Date,
}

impl Arrangement {
    /// That of a year by its notice, with no day off yet.
    pub const fn new(year: i16, notice: Notice) -> Self {
        Self {
            year,
            notice,
            off: BTreeSet::new(),
            swapped: BTreeSet::new(),
        }
    }

    /// The year.
    pub const fn year(&self) -> i16 {
        self.year
    }

    /// The notice by which it was arranged.
    pub const fn notice(&self) -> &Notice {
        &self.notice
    }

    /// The days from `first` to `last` are off, both included.
    ///
    /// # Errors
    /// [`Misarranged::Backwards`], [`Misarranged::OtherYear`], [`Misarranged::OffTwice`],
    /// [`Misarranged::OffAndWorked`].
    pub fn rest(&mut self, first: Date, last: Date) -> Result<(), Misarranged> {
        if last < first {
            return Err(Misarranged::Backwards { first, last });
        }
        for day in [first, last] {
            self.check_year(day)?;
        }
        for day in first.series(1.day()).take_while(|day| *day <= last) {
            if self.swapped.contains(&day) {
                return Err(Misarranged::OffAndWorked { day });
            }
            if !self.off.insert(day) {
                return Err(Misarranged::OffTwice { day });
            }
        }
        Ok(())
    }

    /// That weekend day is worked on.
    ///
    /// # Errors
    /// [`Misarranged::OtherYear`], [`Misarranged::NotWeekend`], [`Misarranged::OffAndWorked`],
    /// [`Misarranged::WorkedTwice`].
    pub fn work(&mut self, day: Date) -> Result<(), Misarranged> {
        self.check_year(day)?;
        if !is_weekend(day) {
            return Err(Misarranged::NotWeekend { day });
        }
        if self.off.contains(&day) {
            return Err(Misarranged::OffAndWorked { day });
        }
        if !self.swapped.insert(day) {
            return Err(Misarranged::WorkedTwice { day });
        }
        Ok(())
    }

    /// True if it has no day off but weekends.
    pub(super) fn is_empty(&self) -> bool {
        self.off.is_empty()
    }

    /// Whether offices work on that day of its year.
    pub(super) fn is_working(&self, day: Date) -> bool {
        self.swapped.contains(&day) || !is_weekend(day) && !self.off.contains(&day)
    }

    fn check_year(&self, day: Date) -> Result<(), Misarranged> {
        let year = self.year;
        if day.year() == year {
            Ok(())
        } else {
            Err(Misarranged::OtherYear { day, year })
        }
    }
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Why days make no arrangement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misarranged {
    /// A range that ends before it begins.
    #[error("{first} to {last} runs backwards; write the first day off, then the last")]
    Backwards {
        /// Its first day.
        first: Date,
        /// Its last day.
        last: Date,
    },
    /// A year without days off.
    #[error("{year} has no day off; list its festivals as the notice does")]
    NothingOff {
        /// The year.
        year: i16,
    },
    /// Only weekend days are swapped.
    #[error("{day} is no Saturday or Sunday; only those are worked in exchange")]
    NotWeekend {
        /// The day.
        day: Date,
    },
    /// A day that is both.
    #[error("{day} is listed as off and as worked; keep the one that the notice says")]
    OffAndWorked {
        /// The day.
        day: Date,
    },
    /// A day off that stands there already.
    #[error("{day} is listed twice as off; keep one of them")]
    OffTwice {
        /// The day.
        day: Date,
    },
    /// A day of another year.
    #[error("{day} does not lie in {year}; list each day under the year in which it lies")]
    OtherYear {
        /// The day.
        day: Date,
        /// The year under which it stands.
        year: i16,
    },
    /// A swapped day that stands there already.
    #[error("{day} is listed twice as worked; keep one of them")]
    WorkedTwice {
        /// The day.
        day: Date,
    },
    /// A year that stands there already.
    #[error("{year} is listed twice; keep one of them")]
    YearTwice {
        /// The year.
        year: i16,
    },
}

impl Misarranged {
    /// What a person reads of it.
    pub fn sentence(self) -> Sentence {
        let zh = match self {
            Self::Backwards { first, last } => {
                format!("{first}至{last}前后颠倒，请先写放假第一天，再写最后一天")
            }
            Self::NothingOff { year } => format!("{year}年没有放假日，请照通知逐个节日填写"),
            Self::NotWeekend { day } => format!("{day}不是周六、周日，只有周末才会调休上班"),
            Self::OffAndWorked { day } => {
                format!("{day}既写为放假又写为上班，请按通知保留一处")
            }
            Self::OffTwice { day } => format!("{day}重复写为放假，请保留一处"),
            Self::OtherYear { day, year } => {
                format!("{day}不在{year}年，请写在它自己所在的年份下")
            }
            Self::WorkedTwice { day } => format!("{day}重复写为上班，请保留一处"),
            Self::YearTwice { year } => format!("{year}年写了两次，请保留一处"),
        };
        Sentence {
            zh,
            en: self.to_string(),
        }
    }
}
