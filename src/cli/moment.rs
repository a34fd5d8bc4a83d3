//! Times as offices read them.

use jiff::{Timestamp, tz};

use super::language::both;
use crate::domain::problem::Sentence;

/// RFC 3339 with the offset of Asia/Shanghai, for programs.
pub(super) fn rfc3339(milliseconds: i64) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(at) => at.display_with_offset(tz::offset(8)).to_string(),
        Err(_) => String::new(),
    }
}

/// Day and minute in Asia/Shanghai, for people.
pub(super) fn short(milliseconds: i64) -> String {
    rfc3339(milliseconds)
        .chars()
        .take(16)
        .map(|c| if c == 'T' { ' ' } else { c })
        .collect()
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
    fn times_are_those_of_shanghai() {
        assert_eq!(rfc3339(1_795_276_800_123), "2026-11-22T00:00:00.123+08:00");
        assert_eq!(short(1_795_276_800_123), "2026-11-22 00:00");
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
