//! `hongyan case answer`.

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::{
    super::{
        exit::{Exit, Failure},
        language::both,
    },
    work::{self, WorkArguments},
};
use crate::{
    domain::{
        area::AreaCode,
        calendar,
        notice::{Feedback, NoticeId, Outcome},
        problem::Text,
    },
    office::client::CaseAct,
};

/// Arguments of `case answer`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// 反馈结果。 What was found
    #[arg(long, value_enum)]
    outcome: Answer,
    /// 结果为已再流出时：流往哪里。 With moved_on: where she went
    #[arg(long, value_name = "AREA", required_if_eq("outcome", "moved_on"))]
    moved_to: Option<AreaCode>,
    /// 结果为重复时：以哪条通报为准。 With duplicate_of: the notice that stands
    #[arg(long, value_name = "ID", required_if_eq("outcome", "duplicate_of"))]
    duplicate_of: Option<NoticeId>,
    /// 核实日期；省略即今天。 Day on which it was found; today if left out
    #[arg(long, value_name = "DAY", value_parser = day)]
    event_date: Option<Date>,
    /// 说明，须协议允许。 Free text, where the agreement lets it travel
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    work: WorkArguments,
}

/// What was found, without what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Answer {
    /// 属实。 As told
    Confirmed,
    /// 已更正。 Found, and mended
    Corrected,
    /// 查无此人。 Nobody like this
    NotFound,
    /// 不属本辖区。 The place is not of this area
    NotOurs,
    /// 已再流出。 She moved on
    MovedOn,
    /// 重复。 The same as another notice
    DuplicateOf,
    /// 需补充信息。 More is needed
    NeedsInformation,
    /// 撤回同意。 She withdrew her consent
    ConsentWithdrawn,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        outcome,
        moved_to,
        duplicate_of,
        event_date,
        note,
        work,
    } = arguments;
    let outcome = outcome_of(outcome, moved_to, duplicate_of)?;
    let doing = Text {
        zh: "反馈",
        en: "answer",
    };
    work::run(work, doing, |home| {
        let event_date = event_date.map_or_else(|| home.today(), Ok)?;
        Ok(CaseAct::Answer(Feedback {
            outcome,
            event_date,
            note,
        }))
    })
}

/// The outcome with what belongs to it.
fn outcome_of(
    found: Answer,
    moved_to: Option<AreaCode>,
    duplicate_of: Option<NoticeId>,
) -> Result<Outcome, Failure> {
    Ok(match (found, moved_to, duplicate_of) {
        (Answer::MovedOn, Some(area), None) => Outcome::MovedOn(area),
        (Answer::DuplicateOf, None, Some(id)) => Outcome::DuplicateOf(id),
        (Answer::Confirmed, None, None) => Outcome::Confirmed,
        (Answer::Corrected, None, None) => Outcome::Corrected,
        (Answer::NotFound, None, None) => Outcome::NotFound,
        (Answer::NotOurs, None, None) => Outcome::NotOurs,
        (Answer::NeedsInformation, None, None) => Outcome::NeedsInformation,
        (Answer::ConsentWithdrawn, None, None) => Outcome::ConsentWithdrawn,
        _ => {
            return Err(Failure::usage(both(
                "--moved-to 只与结果 moved_on 同用，--duplicate-of 只与结果 duplicate_of 同用。",
                "--moved-to goes with the outcome moved_on and --duplicate-of with duplicate_of, and with no other",
            )));
        }
    })
}

/// A day as people write it.
pub(super) fn day(text: &str) -> Result<Date, &'static str> {
    calendar::parse_day(text).ok_or("日期写作 2026-10-08。 a day is written as 2026-10-08")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outcome::OUTCOMES;

    #[test]
    fn the_outcomes_are_those_of_the_field_with_what_belongs_to_each() {
        let area: AreaCode = "350583104".parse().unwrap();
        let id = NoticeId::new([1; 8], 1);
        for (found, (name, _)) in Answer::value_variants().iter().zip(OUTCOMES) {
            let (moved_to, duplicate_of) = match found {
                Answer::MovedOn => (Some(area), None),
                Answer::DuplicateOf => (None, Some(id)),
                _ => (None, None),
            };
            let outcome = outcome_of(*found, moved_to, duplicate_of).unwrap();
            assert_eq!(outcome.name(), name);
            let value = found.to_possible_value().unwrap();
            assert_eq!(value.get_name(), name);
            let other = outcome_of(*found, Some(area), Some(id));
            assert_eq!(other.unwrap_err().exit, Exit::Usage, "{name}");
        }
        assert!(outcome_of(Answer::MovedOn, None, None).is_err());
    }
}
