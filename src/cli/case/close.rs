//! `hongyan case close`.

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::{
    super::{
        exit::{Exit, Failure},
        language::both,
    },
    answer::day,
    work::{self, WorkArguments},
};
use crate::{
    domain::{
        area::AreaCode,
        notice::{CloseReason, Return},
        problem::Text,
    },
    office::client::CaseAct,
};

/// Arguments of `case close`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// 结案原因。 Why
    #[arg(long, value_enum)]
    reason: Why,
    /// 又流往他处的：流往哪里。 With moved_on: where she went
    #[arg(long, value_name = "AREA", required_if_eq("reason", "moved_on"))]
    moved_to: Option<AreaCode>,
    /// 发生日期；省略即今天。 Day on which that came about; today if left out
    #[arg(long, value_name = "DAY", value_parser = day)]
    event_date: Option<Date>,
    #[command(flatten)]
    work: WorkArguments,
}

/// Why a case is closed, without where she went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Why {
    /// 已返回户籍地。 She came home
    Returned,
    /// 又流往他处。 She moved on
    MovedOn,
    /// 已在现居住地落户。 She is registered where she lives
    RegisteredHere,
    /// 死亡。 She died
    Deceased,
    /// 不再属服务对象。 No longer of those whom the notices are about
    LeftScope,
    /// 误立个案。 It should never have been
    Error,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        reason,
        moved_to,
        event_date,
        work,
    } = arguments;
    let reason = reason_of(reason, moved_to)?;
    let doing = Text {
        zh: "结案",
        en: "close",
    };
    work::run(work, doing, |home| {
        let event_date = event_date.map_or_else(|| home.today(), Ok)?;
        Ok(CaseAct::Close(Return { event_date, reason }))
    })
}

/// The reason with what belongs to it.
fn reason_of(why: Why, moved_to: Option<AreaCode>) -> Result<CloseReason, Failure> {
    Ok(match (why, moved_to) {
        (Why::MovedOn, Some(area)) => CloseReason::MovedOn(area),
        (Why::Returned, None) => CloseReason::Returned,
        (Why::RegisteredHere, None) => CloseReason::RegisteredHere,
        (Why::Deceased, None) => CloseReason::Deceased,
        (Why::LeftScope, None) => CloseReason::LeftScope,
        (Why::Error, None) => CloseReason::Error,
        _ => {
            return Err(Failure::usage(both(
                "--moved-to 只与原因 moved_on 同用。",
                "--moved-to goes with the reason moved_on, and with no other",
            )));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::office::client::CLOSE_REASONS;

    #[test]
    fn the_reasons_are_those_of_the_field_with_what_belongs_to_each() {
        let area: AreaCode = "350583104".parse().unwrap();
        for (why, name) in Why::value_variants().iter().zip(CLOSE_REASONS) {
            let moved_to = (*why == Why::MovedOn).then_some(area);
            assert_eq!(reason_of(*why, moved_to).unwrap().name(), name);
            let value = why.to_possible_value().unwrap();
            assert_eq!(value.get_name(), name);
            let other = match moved_to {
                Some(_) => None,
                None => Some(area),
            };
            assert_eq!(reason_of(*why, other).unwrap_err().exit, Exit::Usage);
        }
    }
}
