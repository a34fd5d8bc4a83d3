//! Days as the offices count them: the calendar of Asia/Shanghai, which has had one offset, eight
//! hours before UTC, since 1991.

use jiff::{Timestamp, civil::Date, tz};

/// The day in Asia/Shanghai of a time in milliseconds since 1970-01-01T00:00:00Z. `None` for a time
/// beyond what a calendar can show.
pub fn day_of(milliseconds: i64) -> Option<Date> {
    let at = Timestamp::from_millisecond(milliseconds).ok()?;
    Some(tz::offset(8).to_datetime(at).date())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_eight_hours_before_that_of_utc() {
        assert_eq!(day_of(0), Date::new(1970, 1, 1).ok());
        let evening = 1_795_276_800_000; // 2026-11-21T16:00:00Z
        assert_eq!(day_of(evening), Date::new(2026, 11, 22).ok());
        assert_eq!(day_of(evening - 1), Date::new(2026, 11, 21).ok());
        assert_eq!(day_of(i64::MAX), None);
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
