//! Days as the tree writes them.

use jiff::{
    ToSpan,
    civil::{Date, date},
};

/// Days since 1970-01-01.
pub(super) fn days(day: Date) -> i32 {
    day.since(EPOCH).map_or(0, |span| span.get_days())
}

/// The date so many days after 1970-01-01; none beyond the calendar.
pub(super) fn date_of(days: i32) -> Option<Date> {
    EPOCH.checked_add(days.days()).ok()
}

const EPOCH: Date = date(1970, 1, 1);
