//! Times as offices read them.

use jiff::civil::Date;

use super::language::both;
use crate::domain::{calendar, problem::Sentence};

pub(super) use crate::domain::calendar::{minute as short, rfc3339};

/// Reads a day of the command line.
///
/// # Errors
/// How days are written.
pub(super) fn day(text: &str) -> Result<Date, &'static str> {
    calendar::parse_day(text).ok_or("日期写作 2026-10-08。 a day is written as 2026-10-08")
}

/// The last day of what ends at that moment, in milliseconds since 1970; empty beyond any calendar.
pub(super) fn last_day(until_ms: i64) -> String {
    let day = calendar::day_of(until_ms.saturating_sub(1));
    day.map_or_else(String::new, |day| day.to_string())
}

/// An age: the largest two units of it, as people count.
pub(super) fn age(seconds: u64) -> Sentence {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) if seconds == 0 => both("–", "–"),
        (0, 0, 0) => both(format!("{seconds} 秒"), format!("{seconds} s")),
        (0, 0, _) => both(format!("{minutes} 分钟"), format!("{minutes} min")),
        (0, ..) => both(
            format!("{hours} 小时 {minutes} 分钟"),
            format!("{hours} h {minutes} min"),
        ),
        (..) => both(
            format!("{days} 天 {hours} 小时"),
            format!("{days} d {hours} h"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_with_a_day_has_that_as_its_last() {
        let until_ms = calendar::end_ms(day("2026-12-31").unwrap()).unwrap();
        assert_eq!(last_day(until_ms), "2026-12-31");
        assert_eq!(last_day(until_ms + 1), "2027-01-01");
    }

    #[test]
    fn ages_show_two_units() {
        for (seconds, zh, en) in [
            (0, "–", "–"),
            (59, "59 秒", "59 s"),
            (61, "1 分钟", "1 min"),
            (3_700, "1 小时 1 分钟", "1 h 1 min"),
            (90_000, "1 天 1 小时", "1 d 1 h"),
        ] {
            assert_eq!(age(seconds), both(zh, en));
        }
    }
}
