//! Months of the calendar.

use std::{fmt, str::FromStr};

use jiff::civil::Date;

use super::calendar::parse_day;

/// A month of a year, shown as `2026-10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month in which a day lies.
    pub fn of(day: Date) -> Self {
        Self {
            year: day.year(),
            month: day.month(),
        }
    }

    /// Its first day.
    pub const fn first_day(self) -> Date {
        Date::constant(self.year, self.month, 1)
    }
}

impl FromStr for Month {
    type Err = NotAMonth;

    /// Parses exactly `YYYY-MM`, a month that exists.
    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        parse_day(&format!("{text}-01"))
            .map(Self::of)
            .ok_or(NotAMonth)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// Not a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a month is written as 2026-10")]
pub struct NotAMonth;

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn months_round_trip_and_are_in_order() {
        let october: Month = "2026-10".parse().unwrap();
        assert_eq!(october.to_string(), "2026-10");
        assert_eq!(Month::of(date(2026, 10, 31)), october);
        assert!(Month::of(date(2026, 2, 28)) < october);
        assert!(october < Month::of(date(2027, 1, 1)));
        assert_eq!(october.first_day(), date(2026, 10, 1));
        assert_eq!("0001-01".parse::<Month>().unwrap().to_string(), "0001-01");
    }

    #[test]
    fn other_texts_are_no_month() {
        for text in [
            "",
            "2026",
            "2026-13",
            "2026-1",
            "2026-10-08",
            "202610",
            "2026-10-",
        ] {
            assert_eq!(text.parse::<Month>(), Err(NotAMonth), "{text}");
        }
    }
}
