//! `hongyan agreement suspend`, `resume` and `end`.

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::{
    super::{
        exit::{Exit, Failure},
        link::LinkArguments,
        output::OutputArguments,
    },
    told::say,
};
use crate::{
    agreement::life::Reason,
    domain::{calendar, notice::Kind},
    pairing::life::{Act, Way, Which},
};

/// Arguments of `agreement suspend`.
#[derive(Args)]
pub(in crate::cli) struct Suspend {
    #[command(flatten)]
    link: LinkArguments,
    /// 协议编号，可带版本。 Which agreement, with its version or the one in force
    #[arg(value_name = "ID")]
    which: Which,
    /// 只暂停这一种通报；省略即全部。 Only this kind; every one if left out
    #[arg(long, value_name = "KIND")]
    kind: Option<Kind>,
    /// 只暂停这一方向；省略即双向。 Only this way; both if left out
    #[arg(long, value_enum)]
    direction: Option<Direction>,
    /// 原因，一行，告知对方，不得含个人信息。 Why, for the other side; nothing about a person
    #[arg(long, value_name = "TEXT")]
    reason: Reason,
    #[command(flatten)]
    output: OutputArguments,
}

/// Which way, seen from this node.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Direction {
    /// 收到的。 What comes in
    In,
    /// 发出的。 What goes out
    Out,
}

/// Arguments of `agreement resume`.
#[derive(Args)]
pub(in crate::cli) struct Resume {
    #[command(flatten)]
    link: LinkArguments,
    /// 协议编号，可带版本。 Which agreement, with its version or the newest suspended
    #[arg(value_name = "ID")]
    which: Which,
    #[command(flatten)]
    output: OutputArguments,
}

/// Arguments of `agreement end`.
#[derive(Args)]
pub(in crate::cli) struct End {
    #[command(flatten)]
    link: LinkArguments,
    /// 协议编号，可带版本。 Which agreement, with its version or the one in force
    #[arg(value_name = "ID")]
    which: Which,
    /// 自该日起不再生效，今天或以后，如 2026-12-31。 The first day without it, today or later
    #[arg(long = "on", value_name = "DATE", value_parser = day)]
    from: Date,
    /// 原因，一行，告知对方，不得含个人信息。 Why, for the other side; nothing about a person
    #[arg(long, value_name = "TEXT")]
    reason: Reason,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn suspend(arguments: Suspend) -> Result<Exit, Failure> {
    let Suspend {
        link,
        which,
        kind,
        direction,
        reason,
        output,
    } = arguments;
    let way = direction.map(|direction| match direction {
        Direction::In => Way::In,
        Direction::Out => Way::Out,
    });
    let act = Act::Suspend {
        which,
        kind,
        way,
        reason,
    };
    say(&link, output, act)
}

pub(super) fn resume(arguments: Resume) -> Result<Exit, Failure> {
    let Resume {
        link,
        which,
        output,
    } = arguments;
    say(&link, output, Act::Resume(which))
}

pub(super) fn end(arguments: End) -> Result<Exit, Failure> {
    let End {
        link,
        which,
        from,
        reason,
        output,
    } = arguments;
    let act = Act::End {
        which,
        from,
        reason,
    };
    say(&link, output, act)
}

fn day(text: &str) -> Result<Date, String> {
    calendar::parse_day(text).ok_or_else(|| "a day is written as 2026-12-31".to_owned())
}
