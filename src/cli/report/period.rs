//! The days that a report is of.

use clap::Args;
use jiff::{ToSpan, civil::Date};

use super::super::moment::day;
use crate::domain::month::Month;

/// Which days; without any, the last whole month.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct PeriodArguments {
    /// 哪个月；不写则为上月。 Which month; else the last whole one
    #[arg(long, value_name = "YYYY-MM", conflicts_with = "from")]
    month: Option<Month>,
    /// 从哪天起。 First day
    #[arg(long, value_name = "DAY", value_parser = day)]
    from: Option<Date>,
    /// 到哪天止，不写则到昨天。 Last day; else yesterday
    #[arg(long, value_name = "DAY", value_parser = day, requires = "from")]
    until: Option<Date>,
}

/// Days in a row, both of them included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) from: Date,
    pub(super) until: Date,
}

impl PeriodArguments {
    pub(super) fn period(self, today: Date) -> Period {
        match (self.month, self.from) {
            (None, Some(from)) => Period {
                from,
                until: self.until.unwrap_or_else(|| today.saturating_sub(1.day())),
            },
            (Some(month), _) => Period::of(month),
            (None, None) => Period::of(last_whole(today)),
        }
    }
}

impl Period {
    pub(super) fn of(month: Month) -> Self {
        let from = month.first_day();
        Self {
            from,
            until: from.last_of_month(),
        }
    }
}

/// The last month that is over.
pub(super) fn last_whole(today: Date) -> Month {
    Month::of(today.first_of_month().saturating_sub(1.day()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn without_a_word_it_is_the_last_whole_month() {
        let none = PeriodArguments {
            month: None,
            from: None,
            until: None,
        };
        for (today, from, until) in [
            (date(2026, 11, 1), date(2026, 10, 1), date(2026, 10, 31)),
            (date(2026, 3, 31), date(2026, 2, 1), date(2026, 2, 28)),
            (date(2027, 1, 15), date(2026, 12, 1), date(2026, 12, 31)),
        ] {
            assert_eq!(none.period(today), Period { from, until });
        }
        let from = Some(date(2026, 10, 8));
        let open = PeriodArguments { from, ..none };
        assert_eq!(open.period(date(2026, 11, 2)).until, date(2026, 11, 1));
    }
}
