//! When a notice must be taken up and answered.

use jiff::civil::Date;

use super::grants::Times;
use crate::domain::{
    urgency::Urgency,
    workdays::{UnknownYear, Workdays},
};

/// The days on which things are due for one notice: on each it is in time, at its
/// [end](crate::domain::calendar::end_ms) it is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// Last day to take it up. None for what no one waits for.
    pub take_up: Option<Date>,
    /// Last day to answer it. None for what is not answered.
    pub answer: Option<Date>,
}

impl Times {
    /// The deadline of a notice under these times, published on that day in Asia/Shanghai.
    ///
    /// # Errors
    /// [`UnknownYear`] where the table of holidays does not reach.
    pub fn deadline(
        &self,
        published: Date,
        urgency: Urgency,
        workdays: &Workdays,
    ) -> Result<Deadline, UnknownYear> {
        let answer = self.answer.map(|times| times.of(urgency));
        let due = |within| workdays.due(published, within);
        Ok(Deadline {
            take_up: self.take_up_within.map(due).transpose()?,
            answer: answer.map(due).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        agreement::AnswerTimes,
        domain::{
            calendar::Days,
            workdays::samples::{day, two_years},
        },
    };

    const ANSWERED: Times = Times {
        deliver_within: Days::calendar(30),
        take_up_within: Some(Days::working(3)),
        answer: Some(AnswerTimes {
            within: Days::working(15),
            urgent_within: Days::calendar(7),
        }),
        keep_for: Days::calendar(730),
    };

    fn deadline(times: Times, published: &str, urgency: Urgency) -> Result<Deadline, UnknownYear> {
        times.deadline(day(published), urgency, &two_years())
    }

    #[test]
    fn an_urgent_answer_has_its_own_day_and_taking_up_does_not() {
        // On the Thursday before Spring Festival 2026, and in a plain month.
        for (published, urgency, take_up, answer) in [
            ("2026-02-12", Urgency::Ordinary, "2026-02-24", "2026-03-11"),
            ("2026-02-12", Urgency::Urgent, "2026-02-24", "2026-02-24"),
            ("2026-11-02", Urgency::Ordinary, "2026-11-05", "2026-11-23"),
            ("2026-11-02", Urgency::Urgent, "2026-11-05", "2026-11-09"),
        ] {
            let expected = Deadline {
                take_up: Some(day(take_up)),
                answer: Some(day(answer)),
            };
            let told = deadline(ANSWERED, published, urgency);
            assert_eq!(told, Ok(expected), "{published} {urgency:?}");
        }
    }

    #[test]
    fn what_no_one_waits_for_is_never_due() {
        let times = Times {
            take_up_within: None,
            answer: None,
            ..ANSWERED
        };
        let expected = Deadline {
            take_up: None,
            answer: None,
        };
        // Not even where the table does not reach.
        let told = deadline(times, "2027-06-01", Urgency::Urgent);
        assert_eq!(told, Ok(expected));
        let times = Times {
            answer: None,
            ..ANSWERED
        };
        let told = deadline(times, "2026-11-02", Urgency::Ordinary).unwrap();
        assert_eq!(told.answer, None);
        assert_eq!(told.take_up, Some(day("2026-11-05")));
    }

    #[test]
    fn a_deadline_beyond_the_table_is_an_error_and_no_guess() {
        let told = deadline(ANSWERED, "2026-12-28", Urgency::Ordinary);
        assert_eq!(told, Err(UnknownYear { year: 2027 }));
    }
}
