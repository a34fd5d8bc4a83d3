//! The years 2025 and 2026 for tests, written down a second time from the official notices.

use jiff::civil::{Date, date};

use super::{Arrangement, Notice, Workdays};

/// Ranges of days off within a year: month and day of the first, then of the last.
type Off = [(i8, i8, i8, i8)];

/// Month and day of each weekend day that is worked on.
type Swapped = [(i8, i8)];

const OFF_2025: &Off = &[
    (1, 1, 1, 1),
    (1, 28, 2, 4),
    (4, 4, 4, 6),
    (5, 1, 5, 5),
    (5, 31, 6, 2),
    (10, 1, 10, 8),
];
const SWAPPED_2025: &Swapped = &[(1, 26), (2, 8), (4, 27), (9, 28), (10, 11)];

const OFF_2026: &Off = &[
    (1, 1, 1, 3),
    (2, 15, 2, 23),
    (4, 4, 4, 6),
    (5, 1, 5, 5),
    (6, 19, 6, 21),
    (9, 25, 9, 27),
    (10, 1, 10, 7),
];
const SWAPPED_2026: &Swapped = &[(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)];

/// Both years.
pub(crate) fn two_years() -> Workdays {
    let mut workdays = Workdays::default();
    for (year, off, swapped) in [
        (2025, OFF_2025, SWAPPED_2025),
        (2026, OFF_2026, SWAPPED_2026),
    ] {
        let mut arrangement = Arrangement::new(year, notice());
        for &(month, day, last_month, last_day) in off {
            let (first, last) = (date(year, month, day), date(year, last_month, last_day));
            arrangement.rest(first, last).unwrap();
        }
        for &(month, day) in swapped {
            arrangement.work(date(year, month, day)).unwrap();
        }
        workdays.add(arrangement).unwrap();
    }
    workdays
}

/// Some notice.
pub(crate) fn notice() -> Notice {
    Notice {
        number: "国办发明电〔2025〕7号".to_owned(),
        issued: date(2025, 11, 4),
    }
}

/// A day as tests write it.
pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}
