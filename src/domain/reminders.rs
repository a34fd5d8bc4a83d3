//! When the one who waits is reminded of an answer, or of a take-up, that is due.
//!
//! The days of a plan (ours), rising, each with its number from 1:
//!
//! | number | day |
//! |---|---|
//! | 1 | 3 working days before the due day; where it is urgent, 1 calendar day before |
//! | 2 | the working day after the due day |
//! | 3, 4, 5 | 7, 14 and 21 calendar days after that |
//!
//! After the fifth nobody is reminded any more: by then people have to talk to each other.
//!
//! # Neither lost nor doubled
//!
//! What is kept of a notice is one number, the highest that was sent, committed together with the
//! reminder itself. [`next_reminder`] compares it with the days that have come and names the next to
//! send. So a restart in between repeats nothing, nor does a clock that is set back: a number that
//! was sent is behind. Where several days have come at once, because the node or its clock stood
//! still, only the latest is sent, and the numbers before it count as sent: two reminders on one day
//! say no more than one. For the same reason a clock that is ahead for a moment would use up
//! numbers: the day to go by is that of a time that has passed for certain, as `clock::Certain`
//! reads it.
//!
//! If the table of holidays changes, days move and numbers stay: none is sent twice.

use jiff::{ToSpan, civil::Date};

use super::{
    urgency::Urgency,
    workdays::{UnknownYear, Workdays},
};

/// The days on which to remind of what is due on that day: the number of each is its place, from 1.
///
/// Days may lie on or before that of publication, where little time is given. They remind of nothing:
/// count them as sent from the first, by [`next_reminder`] on that day.
///
/// # Errors
/// [`UnknownYear`] of a day within 3 working days before the due day, or of the one after it.
pub fn reminders(
    due: Date,
    urgency: Urgency,
    workdays: &Workdays,
) -> Result<Vec<Date>, UnknownYear> {
    let before = match urgency {
        Urgency::Ordinary => workdays.before(due, WORKING_DAYS_BEFORE)?,
        Urgency::Urgent => due.saturating_sub(CALENDAR_DAYS_BEFORE_URGENT.days()),
    };
    let first_after = workdays.after(due, 1)?;
    let after = (0..AFTER).map(|week| first_after.saturating_add((week * EVERY_DAYS).days()));
    Ok(std::iter::once(before).chain(after).collect())
}

/// The number of the reminder to send on that day, if any, where `already_sent` is the highest that
/// was sent, 0 for none. Whoever sends it keeps its number as the highest, in one commit.
pub fn next_reminder(plan: &[Date], already_sent: u8, today: Date) -> Option<u8> {
    let numbered = (1..=u8::MAX).zip(plan);
    let come = numbered.filter(|(_, day)| **day <= today);
    let latest = come.map(|(number, _)| number).max()?;
    (latest > already_sent).then_some(latest)
}

const WORKING_DAYS_BEFORE: u16 = 3;
const CALENDAR_DAYS_BEFORE_URGENT: i64 = 1;
/// How many reminders follow the due day.
const AFTER: i64 = 4;
const EVERY_DAYS: i64 = 7;

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::domain::workdays::samples::{day, two_years};

    fn plan(due: &str, urgency: Urgency) -> Vec<String> {
        let days = reminders(day(due), urgency, &two_years()).unwrap();
        days.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_reminder_goes_before_and_four_after() {
        let (ordinary, urgent) = (Urgency::Ordinary, Urgency::Urgent);
        for (due, urgency, expected) in [
            // A Friday in a plain month.
            (
                "2026-11-20",
                ordinary,
                [
                    "2026-11-17",
                    "2026-11-23",
                    "2026-11-30",
                    "2026-12-07",
                    "2026-12-14",
                ],
            ),
            (
                "2026-11-20",
                urgent,
                [
                    "2026-11-19",
                    "2026-11-23",
                    "2026-11-30",
                    "2026-12-07",
                    "2026-12-14",
                ],
            ),
            // Across Spring Festival 2026, with the Saturdays on either side.
            (
                "2026-02-24",
                ordinary,
                [
                    "2026-02-12",
                    "2026-02-25",
                    "2026-03-04",
                    "2026-03-11",
                    "2026-03-18",
                ],
            ),
            (
                "2026-02-24",
                urgent,
                [
                    "2026-02-23",
                    "2026-02-25",
                    "2026-03-04",
                    "2026-03-11",
                    "2026-03-18",
                ],
            ),
            // Into National Day 2026 and the new year: reminders every 7 days do not move.
            (
                "2026-09-30",
                ordinary,
                [
                    "2026-09-24",
                    "2026-10-08",
                    "2026-10-15",
                    "2026-10-22",
                    "2026-10-29",
                ],
            ),
            (
                "2026-12-18",
                ordinary,
                [
                    "2026-12-15",
                    "2026-12-21",
                    "2026-12-28",
                    "2027-01-04",
                    "2027-01-11",
                ],
            ),
        ] {
            assert_eq!(plan(due, urgency), expected, "{due} {urgency:?}");
        }
    }

    #[test]
    fn a_plan_needs_the_years_by_whose_working_days_it_goes() {
        let of = |due: &str, urgency| reminders(day(due), urgency, &two_years()).map(drop);
        let unknown = |year| Err(UnknownYear { year });
        assert_eq!(of("2026-12-31", Urgency::Ordinary), unknown(2027));
        assert_eq!(of("2025-01-03", Urgency::Ordinary), unknown(2024));
        assert_eq!(of("2025-01-03", Urgency::Urgent), Ok(()));
    }

    #[test]
    fn a_reminder_goes_on_its_day_or_as_soon_after_as_it_can() {
        let plan = reminders(day("2026-11-20"), Urgency::Ordinary, &two_years()).unwrap();
        for (sent, today, expected) in [
            (0, "2026-11-16", None),
            (0, "2026-11-17", Some(1)),
            (1, "2026-11-17", None),
            (0, "2026-11-20", Some(1)),
            (1, "2026-11-22", None),
            (1, "2026-11-23", Some(2)),
            // Three days came while nobody looked: one reminder, and none of the others later.
            (1, "2026-12-10", Some(4)),
            (4, "2026-12-10", None),
            (4, "2026-12-14", Some(5)),
            // A clock that is set back, and the day coming again.
            (2, "2026-11-17", None),
            (2, "2026-11-23", None),
            // Nothing after the last.
            (5, "2030-01-01", None),
            (0, "2030-01-01", Some(5)),
            // More than any plan has.
            (u8::MAX, "2030-01-01", None),
        ] {
            assert_eq!(
                next_reminder(&plan, sent, day(today)),
                expected,
                "{sent} {today}"
            );
        }
        assert_eq!(next_reminder(&[], 0, day("2026-11-20")), None);
    }

    #[test]
    fn a_day_that_had_come_when_the_notice_was_published_is_no_reminder() {
        // Taken up within 3 working days: the day 3 working days before is that of publication.
        let published = day("2026-11-17");
        let plan = reminders(day("2026-11-20"), Urgency::Ordinary, &two_years()).unwrap();
        let sent = next_reminder(&plan, 0, published).unwrap_or(0);
        assert_eq!(sent, 1);
        assert_eq!(next_reminder(&plan, sent, day("2026-11-20")), None);
        assert_eq!(next_reminder(&plan, sent, day("2026-11-23")), Some(2));
    }

    /// What a node does on one day.
    #[derive(Clone, Copy, Debug)]
    struct Look {
        /// The day by its clock, in days from some day on; it may go anywhere.
        today: i64,
        /// Killed before what it did was committed: nothing was sent, nothing kept.
        killed: bool,
    }

    fn looks() -> impl Strategy<Value = Vec<Look>> {
        let look = (0_i64..60, any::<bool>()).prop_map(|(today, killed)| Look { today, killed });
        vec(look, 0..40)
    }

    proptest! {
        #[test]
        fn whatever_the_clock_does_none_is_lost_and_none_sent_twice(
            looks in looks(), due in 0_i64..30, urgent in any::<bool>(),
        ) {
            let begin = day("2026-10-01");
            let urgency = if urgent { Urgency::Urgent } else { Urgency::Ordinary };
            let plan = reminders(begin + due.days(), urgency, &two_years()).unwrap();
            prop_assert!(plan.is_sorted_by(|one, next| one < next));
            let (mut kept, mut sent) = (0, Vec::new());
            let mut latest = None;
            for Look { today, killed } in looks {
                let today = begin + today.days();
                let number = next_reminder(&plan, kept, today);
                if killed {
                    continue;
                }
                latest = latest.max(Some(today));
                if let Some(number) = number {
                    // Its day has come, and that of no later one.
                    let place = usize::from(number);
                    prop_assert!(plan[place - 1] <= today);
                    prop_assert!(plan.get(place).is_none_or(|day| *day > today));
                    sent.push(number);
                    kept = number;
                }
                // Once it has looked, nothing that has come is left to send.
                prop_assert_eq!(next_reminder(&plan, kept, today), None);
            }
            // Each number at most once, and rising.
            prop_assert!(sent.is_sorted_by(|one, next| one < next), "{:?}", sent);
            // Every day that the clock has ever shown as come was told of, by its own number or a
            // later one.
            let come = plan.iter().filter(|day| Some(**day) <= latest).count();
            prop_assert_eq!(usize::from(kept), come);
        }
    }
}
