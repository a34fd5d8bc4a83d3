//! Laws of working days, on the true years and on any.

use jiff::{ToSpan, civil::Date};
use proptest::{collection::vec, prelude::*};

use super::{
    samples::{day, notice, two_years},
    *,
};

#[test]
fn weekends_are_off_but_for_those_swapped_in_and_festivals_are_off() {
    let workdays = two_years();
    for (text, working) in [
        // A plain week, with its weekend.
        ("2026-11-20", true),
        ("2026-11-21", false),
        ("2026-11-22", false),
        ("2026-11-23", true),
        // Days off on weekdays, and a weekend among them.
        ("2026-02-16", false),
        ("2026-02-21", false),
        ("2026-02-23", false),
        ("2026-02-24", true),
        // A Saturday and a Sunday that are worked on.
        ("2026-02-14", true),
        ("2026-02-28", true),
        ("2026-01-04", true),
        ("2025-09-28", true),
        ("2025-10-11", true),
        // The Sunday beside one of them is not.
        ("2025-10-12", false),
        ("2026-03-01", false),
    ] {
        assert_eq!(workdays.is_working(day(text)), Ok(working), "{text}");
    }
}

#[test]
fn a_period_ends_on_the_day_that_the_calendar_on_the_wall_gives() {
    let workdays = two_years();
    for (from, within, due) in [
        // A plain week: the day on which it begins does not count, nor do weekends.
        ("2026-11-16", "1 working day", "2026-11-17"),
        ("2026-11-20", "1 working day", "2026-11-23"),
        ("2026-11-20", "3 working days", "2026-11-25"),
        ("2026-11-22", "1 working day", "2026-11-23"),
        ("2026-11-16", "4 calendar days", "2026-11-20"),
        // Its last day a weekend: the next working day.
        ("2026-11-16", "5 calendar days", "2026-11-23"),
        ("2026-11-16", "6 calendar days", "2026-11-23"),
        ("2026-11-16", "7 calendar days", "2026-11-23"),
        // Spring Festival 2026: Saturday 14th is worked on, then nine days off, and Saturday 28th.
        ("2026-02-12", "2 working days", "2026-02-14"),
        ("2026-02-12", "3 working days", "2026-02-24"),
        ("2026-02-14", "1 working day", "2026-02-24"),
        ("2026-02-18", "5 working days", "2026-02-28"),
        ("2026-02-18", "6 working days", "2026-03-02"),
        ("2026-02-09", "15 working days", "2026-03-06"),
        ("2026-02-12", "2 calendar days", "2026-02-14"),
        ("2026-02-12", "7 calendar days", "2026-02-24"),
        ("2026-02-21", "7 calendar days", "2026-02-28"),
        // National Day and Mid-Autumn 2025: Sunday 28 September is worked on, eight days off,
        // Saturday 11 October.
        ("2025-09-26", "1 working day", "2025-09-28"),
        ("2025-09-26", "4 working days", "2025-10-09"),
        ("2025-09-30", "3 working days", "2025-10-11"),
        ("2025-09-30", "4 working days", "2025-10-13"),
        ("2025-09-24", "7 calendar days", "2025-10-09"),
        ("2025-10-04", "7 calendar days", "2025-10-11"),
        // The same in 2026, apart: Sunday 20 September, 25 to 27 September, 1 to 7 October,
        // Saturday 10 October.
        ("2026-09-18", "1 working day", "2026-09-20"),
        ("2026-09-24", "1 working day", "2026-09-28"),
        ("2026-09-30", "1 working day", "2026-10-08"),
        ("2026-09-30", "3 working days", "2026-10-10"),
        ("2026-09-30", "4 working days", "2026-10-12"),
        ("2026-09-18", "15 working days", "2026-10-15"),
        ("2026-09-18", "7 calendar days", "2026-09-28"),
        ("2026-09-24", "7 calendar days", "2026-10-08"),
        // May Day 2026, with Saturday the 9th.
        ("2026-04-30", "1 working day", "2026-05-06"),
        ("2026-04-30", "4 working days", "2026-05-09"),
        ("2026-04-30", "5 working days", "2026-05-11"),
        ("2026-04-24", "7 calendar days", "2026-05-06"),
        // May Day 2025, with Sunday 27 April before.
        ("2025-04-25", "1 working day", "2025-04-27"),
        ("2025-04-25", "5 working days", "2025-05-06"),
        // Over the turn of the year: 1 to 3 January 2026 are off, Sunday the 4th is worked on.
        ("2025-12-30", "1 working day", "2025-12-31"),
        ("2025-12-31", "1 working day", "2026-01-04"),
        ("2025-12-31", "2 working days", "2026-01-05"),
        ("2025-12-19", "15 working days", "2026-01-12"),
        ("2025-12-25", "7 calendar days", "2026-01-04"),
        // No days at all.
        ("2026-11-20", "0", "2026-11-20"),
        ("2026-11-21", "0", "2026-11-23"),
    ] {
        let within = within.parse().unwrap_or(Days::working(0));
        let told = workdays.due(day(from), within);
        assert_eq!(told, Ok(day(due)), "{from} + {within}");
    }
}

#[test]
fn what_took_as_long_is_counted_in_working_days() {
    let workdays = two_years();
    for (from, to, expected) in [
        ("2026-11-20", "2026-11-20", 0),
        ("2026-11-20", "2026-11-19", 0),
        ("2026-11-20", "2026-11-22", 0),
        ("2026-11-20", "2026-11-23", 1),
        ("2026-02-12", "2026-02-24", 3),
        ("2026-02-14", "2026-02-23", 0),
        ("2025-09-26", "2025-10-13", 7),
        ("2025-12-31", "2026-01-05", 2),
        // 261 weekdays, 19 of them off, and 6 weekend days worked on.
        ("2025-12-31", "2026-12-31", 248),
    ] {
        assert_eq!(
            workdays.between(day(from), day(to)),
            Ok(expected),
            "{from} to {to}"
        );
    }
}

#[test]
fn nothing_is_guessed_of_a_year_that_is_not_known() {
    let workdays = two_years();
    let unknown = |year| Err::<(), _>(UnknownYear { year });
    assert_eq!(
        workdays.is_working(day("2027-01-04")),
        unknown(2027).map(|()| true)
    );
    assert_eq!(
        workdays.is_working(day("2024-12-31")),
        unknown(2024).map(|()| true)
    );
    let due = |from: &str, within: &str| workdays.due(day(from), within.parse().unwrap());
    assert_eq!(due("2026-12-30", "1 working day"), Ok(day("2026-12-31")));
    assert_eq!(due("2026-12-30", "2 working days").map(drop), unknown(2027));
    assert_eq!(due("2026-12-30", "1 calendar day"), Ok(day("2026-12-31")));
    assert_eq!(
        due("2026-12-30", "2 calendar days").map(drop),
        unknown(2027)
    );
    // Only the days that count are asked for.
    assert_eq!(due("2024-12-31", "1 working day"), Ok(day("2025-01-02")));
    assert_eq!(due("2024-12-01", "40 calendar days"), Ok(day("2025-01-10")));
    assert_eq!(due("2024-12-30", "1 working day").map(drop), unknown(2024));
    assert_eq!(
        workdays
            .between(day("2026-12-30"), day("2027-01-04"))
            .map(drop),
        unknown(2027)
    );
    assert_eq!(
        workdays.before(day("2025-01-02"), 1).map(drop),
        unknown(2024)
    );
    // Nor beyond the calendar.
    let (far, most) = (Date::MAX, Days::calendar(u16::MAX));
    assert_eq!(workdays.due(far, most).map(drop), unknown(9999));
    assert_eq!(workdays.after(far, 1).map(drop), unknown(9999));
    assert_eq!(workdays.before(Date::MIN, 1).map(drop), unknown(-9999));
    assert_eq!(workdays.between(Date::MIN, far).map(drop), unknown(-9999));
    assert_eq!(workdays.between(far, far), Ok(0));
}

#[test]
fn an_unknown_year_is_named_with_what_to_do() {
    let Sentence { zh, en } = UnknownYear { year: 2027 }.sentence();
    for words in ["2027", "holidays.toml"] {
        assert!(zh.contains(words) && en.contains(words), "{zh} {en}");
    }
    assert!(zh.contains("2027年部分节假日安排的通知"), "{zh}");
}

#[test]
fn the_next_year_is_wanted_from_november_on_and_this_one_always() {
    let workdays = two_years();
    let lacking = |today: &str| -> Vec<i16> {
        let years = workdays.lacking(day(today)).into_iter();
        years.map(|unknown| unknown.year).collect()
    };
    for (today, expected) in [
        ("2026-10-31", &[][..]),
        ("2026-11-01", &[2027]),
        ("2026-12-31", &[2027]),
        ("2027-01-01", &[2027]),
        ("2027-10-31", &[2027]),
        ("2027-11-01", &[2027, 2028]),
        ("2025-11-01", &[]),
        ("2024-11-30", &[2024]),
    ] {
        assert_eq!(lacking(today), expected, "{today}");
    }
}

#[test]
fn what_no_arrangement_can_say_is_refused_by_name() {
    let rest = |days: &[(&str, &str)]| {
        let mut arrangement = Arrangement::new(2026, notice());
        let days = days.iter().map(|(first, last)| (day(first), day(last)));
        days.map(|(first, last)| arrangement.rest(first, last))
            .find(Result::is_err)
            .unwrap_or(Ok(()))
    };
    let one = day("2026-05-03");
    assert_eq!(
        rest(&[("2026-05-01", "2026-05-03"), ("2026-05-04", "2026-05-04")]),
        Ok(())
    );
    for twice in [("2026-05-03", "2026-05-03"), ("2026-05-03", "2026-05-04")] {
        assert_eq!(
            rest(&[("2026-05-01", "2026-05-03"), twice]),
            Err(Misarranged::OffTwice { day: one })
        );
    }
    assert_eq!(
        rest(&[("2026-05-03", "2026-05-01")]),
        Err(Misarranged::Backwards {
            first: one,
            last: day("2026-05-01")
        })
    );
    for (first, last, outside) in [
        ("2025-12-31", "2026-01-03", "2025-12-31"),
        ("2026-12-31", "2027-01-03", "2027-01-03"),
        ("2027-01-01", "2027-01-03", "2027-01-01"),
    ] {
        let expected = Misarranged::OtherYear {
            day: day(outside),
            year: 2026,
        };
        assert_eq!(rest(&[(first, last)]), Err(expected));
    }

    let mut arrangement = Arrangement::new(2026, notice());
    arrangement
        .rest(day("2026-05-01"), day("2026-05-03"))
        .unwrap();
    arrangement.work(day("2026-05-09")).unwrap();
    for (text, expected) in [
        (
            "2026-05-09",
            Misarranged::WorkedTwice {
                day: day("2026-05-09"),
            },
        ),
        (
            "2026-05-08",
            Misarranged::NotWeekend {
                day: day("2026-05-08"),
            },
        ),
        ("2026-05-03", Misarranged::OffAndWorked { day: one }),
        (
            "2027-05-09",
            Misarranged::OtherYear {
                day: day("2027-05-09"),
                year: 2026,
            },
        ),
    ] {
        assert_eq!(arrangement.work(day(text)), Err(expected), "{text}");
    }
    let expected = Misarranged::OffAndWorked {
        day: day("2026-05-09"),
    };
    assert_eq!(
        arrangement.rest(day("2026-05-08"), day("2026-05-10")),
        Err(expected)
    );

    let mut workdays = two_years();
    let empty = Arrangement::new(2027, notice());
    assert_eq!(
        workdays.add(empty),
        Err(Misarranged::NothingOff { year: 2027 })
    );
    assert_eq!(
        workdays.add(arrangement),
        Err(Misarranged::YearTwice { year: 2026 })
    );
    assert_eq!(workdays, two_years());
}

/// Three years of any days off and any weekend days worked on.
fn any_table() -> impl Strategy<Value = Workdays> {
    let ranges = vec((0_i32..365, 1_i32..12), 1..20);
    let swapped = vec(0_i32..365, 0..20);
    vec((ranges, swapped), 3).prop_map(|years| {
        let mut workdays = Workdays::default();
        for (year, (ranges, swapped)) in (2025..).zip(years) {
            let mut arrangement = Arrangement::new(year, notice());
            let at = |number: i32| Date::new(year, 1, 1).unwrap() + number.days();
            for (first, count) in ranges {
                for number in first..(first + count).min(365) {
                    // Those that are there already are.
                    arrangement.rest(at(number), at(number)).ok();
                }
            }
            for number in swapped {
                arrangement.work(at(number)).ok();
            }
            workdays.add(arrangement).unwrap();
        }
        workdays
    })
}

/// A day of the first of the three years.
fn any_day() -> impl Strategy<Value = Date> {
    (0_i32..365).prop_map(|number| day("2025-01-01") + number.days())
}

/// Up to a hundred: whatever is off, they end within the three years.
fn any_count() -> impl Strategy<Value = u16> {
    1_u16..100
}

proptest! {
    #[test]
    fn so_many_working_days_later_so_many_have_passed(
        workdays in any_table(), from in any_day(), count in any_count(),
    ) {
        let due = workdays.due(from, Days::working(count)).unwrap();
        prop_assert_eq!(workdays.is_working(due), Ok(true));
        prop_assert_eq!(workdays.between(from, due), Ok(u32::from(count)));
        // On the day before it was one fewer.
        let before = due.yesterday().unwrap();
        prop_assert_eq!(workdays.between(from, before), Ok(u32::from(count - 1)));
    }

    #[test]
    fn calendar_days_end_on_the_first_working_day_from_their_last_on(
        workdays in any_table(), from in any_day(), count in any_count(),
    ) {
        let due = workdays.due(from, Days::calendar(count)).unwrap();
        let last = from + i64::from(count).days();
        prop_assert_eq!(workdays.is_working(due), Ok(true));
        prop_assert!(due >= last);
        for day in last.series(1.day()).take_while(|day| *day < due) {
            prop_assert_eq!(workdays.is_working(day), Ok(false));
        }
    }

    #[test]
    fn nothing_that_begins_later_or_may_take_longer_is_due_earlier(
        workdays in any_table(), from in any_day(), count in any_count(),
    ) {
        for days in [Days::working, Days::calendar] {
            let due = workdays.due(from, days(count)).unwrap();
            prop_assert!(workdays.due(from.tomorrow().unwrap(), days(count)).unwrap() >= due);
            prop_assert!(workdays.due(from, days(count + 1)).unwrap() >= due);
        }
    }

    #[test]
    fn working_days_add_up(
        workdays in any_table(), a in any_day(), b in any_day(), c in any_day(),
    ) {
        let mut days = [a, b, c];
        days.sort();
        let [a, b, c] = days;
        let sum = workdays.between(a, b).unwrap() + workdays.between(b, c).unwrap();
        prop_assert_eq!(workdays.between(a, c), Ok(sum));
    }

    #[test]
    fn so_many_working_days_back_and_forth_is_where_one_was(
        workdays in any_table(), from in any_day(), count in any_count(),
    ) {
        let working = workdays.after(from, 1).unwrap();
        let later = workdays.after(working, count).unwrap();
        prop_assert_eq!(workdays.before(later, count), Ok(working));
    }
}
