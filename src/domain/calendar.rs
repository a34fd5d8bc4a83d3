//! Days as the offices count them: the calendar of Asia/Shanghai, which has had one offset, eight
//! hours before UTC, since 1991.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, civil::Date, tz};

/// The day in Asia/Shanghai of a time in milliseconds since 1970-01-01T00:00:00Z. `None` for a time
/// beyond what a calendar can show.
pub fn day_of(milliseconds: i64) -> Option<Date> {
    let at = Timestamp::from_millisecond(milliseconds).ok()?;
    Some(tz::offset(8).to_datetime(at).date())
}

/// When a day begins in Asia/Shanghai, in milliseconds since 1970-01-01T00:00:00Z. `None` beyond what
/// a clock can show.
pub fn begin_ms(day: Date) -> Option<i64> {
    let at = tz::offset(8).to_timestamp(day.at(0, 0, 0, 0)).ok()?;
    Some(at.as_millisecond())
}

/// When a day is over in Asia/Shanghai, in milliseconds since 1970-01-01T00:00:00Z: its 24:00, which
/// is the next day's beginning. What is due on that day is in time before that instant, and late at
/// it. `None` beyond what a clock can show.
pub fn end_ms(day: Date) -> Option<i64> {
    begin_ms(day.tomorrow().ok()?)
}

/// RFC 3339 with the offset of Asia/Shanghai, for programs; empty for a time beyond what a calendar
/// can show. In milliseconds since 1970-01-01T00:00:00Z.
pub fn rfc3339(milliseconds: i64) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(at) => at.display_with_offset(tz::offset(8)).to_string(),
        Err(_) => String::new(),
    }
}

/// Day and minute in Asia/Shanghai, for people: `2026-11-22 00:00`.
pub fn minute(milliseconds: i64) -> String {
    rfc3339(milliseconds)
        .chars()
        .take(16)
        .map(|c| if c == 'T' { ' ' } else { c })
        .collect()
}

/// Parses exactly `YYYY-MM-DD`, a day that exists.
pub fn parse_day(text: &str) -> Option<Date> {
    let [a, b, c, d, b'-', e, f, b'-', g, h] = text.as_bytes() else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i16, |sum, digit| {
            let value = digit.is_ascii_digit().then(|| digit.wrapping_sub(b'0'))?;
            sum.checked_mul(10)?.checked_add(i16::from(value))
        })
    };
    let year = number(&[*a, *b, *c, *d])?;
    let month = i8::try_from(number(&[*e, *f])?).ok()?;
    let day = i8::try_from(number(&[*g, *h])?).ok()?;
    Date::new(year, month, day).ok()
}

/// A number of days within which something is due: `15 working days`, `7 calendar days`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Days {
    /// How many.
    pub count: u16,
    /// Which days count.
    pub reckoning: Reckoning,
}

/// Which days count towards a number of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reckoning {
    /// Those on which offices work, by the yearly holiday arrangement.
    Working,
    /// All of them.
    Calendar,
}

impl Days {
    /// That many days, holidays and all.
    pub const fn calendar(count: u16) -> Self {
        Self {
            count,
            reckoning: Reckoning::Calendar,
        }
    }

    /// That many days on which offices work.
    pub const fn working(count: u16) -> Self {
        Self {
            count,
            reckoning: Reckoning::Working,
        }
    }

    /// How people call them in Chinese: `15个工作日`, `7日`.
    pub fn zh(self) -> String {
        match self.reckoning {
            Reckoning::Working => format!("{}个工作日", self.count),
            Reckoning::Calendar => format!("{}日", self.count),
        }
    }
}

impl Reckoning {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Calendar => "calendar",
        }
    }
}

impl FromStr for Days {
    type Err = NotDays;

    fn from_str(text: &str) -> Result<Self, NotDays> {
        let mut words = text.split(' ');
        let words = [words.next(), words.next(), words.next(), words.next()];
        let [Some(count), Some(which), Some("day" | "days"), None] = words else {
            return Err(NotDays);
        };
        let reckoning = [Reckoning::Working, Reckoning::Calendar]
            .into_iter()
            .find(|reckoning| reckoning.name() == which)
            .ok_or(NotDays)?;
        if count.starts_with(['0', '+']) {
            return Err(NotDays);
        }
        Ok(Self {
            count: count.parse().map_err(|_| NotDays)?,
            reckoning,
        })
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, reckoning } = self;
        let days = if *count == 1 { "day" } else { "days" };
        write!(f, "{count} {} {days}", reckoning.name())
    }
}

/// Not a number of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("days are written as \"15 working days\" or \"7 calendar days\"")]
pub struct NotDays;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_days_round_trip() {
        for text in [
            "15 working days",
            "7 calendar days",
            "1 working day",
            "1 calendar day",
            "65535 calendar days",
        ] {
            assert_eq!(text.parse::<Days>().unwrap().to_string(), text);
        }
        assert_eq!(Days::working(15).zh(), "15个工作日");
        assert_eq!(Days::calendar(7).zh(), "7日");
    }

    #[test]
    fn other_texts_are_no_number_of_days() {
        for text in [
            "",
            "15",
            "15 days",
            "0 working days",
            "015 working days",
            "+5 working days",
            "-5 working days",
            "65536 calendar days",
            "15  working days",
            "15 working days ",
            "15 working day off",
            "15 Working days",
            "十五 working days",
        ] {
            assert_eq!(text.parse::<Days>(), Err(NotDays), "{text}");
        }
    }

    #[test]
    fn a_day_begins_eight_hours_before_that_of_utc() {
        assert_eq!(day_of(0), Date::new(1970, 1, 1).ok());
        let evening = 1_795_276_800_000; // 2026-11-21T16:00:00Z
        assert_eq!(day_of(evening), Date::new(2026, 11, 22).ok());
        assert_eq!(day_of(evening - 1), Date::new(2026, 11, 21).ok());
        assert_eq!(day_of(i64::MAX), None);
    }

    #[test]
    fn times_are_those_of_shanghai() {
        assert_eq!(rfc3339(1_795_276_800_123), "2026-11-22T00:00:00.123+08:00");
        assert_eq!(minute(1_795_276_800_123), "2026-11-22 00:00");
        assert_eq!(minute(i64::MAX), "");
    }

    #[test]
    fn a_day_ends_where_the_next_begins() {
        let day = Date::new(2026, 11, 21).unwrap();
        let evening = 1_795_276_800_000; // 2026-11-21T16:00:00Z
        assert_eq!(end_ms(day), Some(evening));
        assert_eq!(day_of(evening - 1), Some(day));
        assert_eq!(end_ms(day), begin_ms(day.tomorrow().unwrap()));
        assert_eq!(end_ms(Date::MAX), None);
    }

    #[test]
    fn only_days_that_exist_are_read_and_only_in_one_form() {
        assert_eq!(parse_day("2024-02-29"), Date::new(2024, 2, 29).ok());
        for text in [
            "2026-02-29",
            "2026-13-40",
            "2026-1-2",
            "20260102",
            "2026-01-02 ",
            "+026-01-02",
            "",
            "２０２６-01-02",
        ] {
            assert_eq!(parse_day(text), None, "{text}");
        }
    }
}
