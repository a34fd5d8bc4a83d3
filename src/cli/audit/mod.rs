//! `hongyan audit`: what was done with the node, on record.

mod export;
mod list;
mod verify;

use clap::{Args, Subcommand};
use jiff::{Timestamp, civil::Date};

use super::{
    exit::{Exit, Failure},
    language::both,
};
use crate::domain::{area::County, calendar};

/// What to do with the record.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 导出审计记录，附节点签名，文件可独立核验。 Write it as a file that proves itself
    #[command(
        after_help = "示例 Example:\n  hongyan audit export --node ./jinjiang --from 2026-10-01 --out audit.jsonl"
    )]
    Export(export::Arguments),
    /// 列出审计记录，新的在前。 List it, newest first
    #[command(
        after_help = "示例 Example:\n  hongyan audit list --node ./jinjiang --act notice_read --from 2026-10-01"
    )]
    List(list::Arguments),
    /// 核验：节点的全部记录，或导出的文件。 Find whatever was changed, in the node or in a file
    #[command(
        after_help = "示例 Example:\n  hongyan audit verify --node ./jinjiang\n  hongyan audit verify audit.jsonl"
    )]
    Verify(verify::Arguments),
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Export(arguments) => export::run(&arguments),
        Command::List(arguments) => list::run(arguments),
        Command::Verify(arguments) => verify::run(&arguments),
    }
}

/// Of which part of the record.
#[derive(Args, Clone, Copy)]
struct Span {
    /// 从何时起：日期或时间。 From then on: a day, or a moment such as 2026-10-08T09:00:00+08:00
    #[arg(long, value_name = "WHEN", value_parser = from)]
    from: Option<i64>,
    /// 到何时止（含）：日期或时间。 Up to then: a day with all of it, or a moment
    #[arg(long, value_name = "WHEN", value_parser = until)]
    until: Option<i64>,
    /// 哪个本方区县。 Which home area
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
}

impl Span {
    /// # Errors
    /// A fault of usage if it ends before it begins.
    fn must_make_sense(&self) -> Result<(), Failure> {
        if (self.from.zip(self.until)).is_some_and(|(from, until)| until < from) {
            return Err(Failure::usage(both(
                "--until 早于 --from。",
                "--until is before --from",
            )));
        }
        Ok(())
    }
}

fn from(text: &str) -> Result<i64, &'static str> {
    moment(text, calendar::begin_ms)
}

fn until(text: &str) -> Result<i64, &'static str> {
    moment(text, |day| Some(calendar::end_ms(day)?.saturating_sub(1)))
}

fn moment(text: &str, of_day: impl Fn(Date) -> Option<i64>) -> Result<i64, &'static str> {
    let day = calendar::parse_day(text).and_then(of_day);
    let moment = || {
        let at: Timestamp = text.parse().ok()?;
        Some(at.as_millisecond())
    };
    day.or_else(moment)
        .ok_or("a day is written as 2026-10-08, a moment as 2026-10-08T09:00:00+08:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_all_of_it_and_a_moment_that_moment() {
        let nine = from("2026-10-08T09:00:00+08:00").unwrap();
        assert_eq!(nine - from("2026-10-08").unwrap(), 9 * 3_600_000);
        assert_eq!(
            until("2026-10-08").unwrap() + 1,
            from("2026-10-09").unwrap()
        );
        assert_eq!(until("2026-10-08T01:00:00Z"), Ok(nine));
        assert!(from("yesterday").is_err());
    }
}
