//! Times as offices read them.

use jiff::{Timestamp, tz};

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
pub(super) fn age(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) if seconds == 0 => "–".to_owned(),
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, ..) => format!("{hours} h {minutes} min"),
        (..) => format!("{days} d {hours} h"),
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
        for (seconds, expected) in [
            (0, "–"),
            (59, "59 s"),
            (61, "1 min"),
            (3_700, "1 h 1 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(age(seconds), expected);
        }
    }
}
