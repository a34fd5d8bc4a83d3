//! `hongyan report`: what is counted, what waits, and what both sides make of it.

pub(super) mod bulletin;
mod compare;
mod counted;
mod indicators;
mod lists;
mod period;

use clap::Subcommand;

use super::exit::{Exit, Failure};

/// What to report.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 指标：合计、各地区，双向各一份；默认上月。 Indicators of last month, or of other days
    #[command(
        after_help = "示例 Examples:\n  hongyan report indicators --node ./jinjiang\n  hongyan report indicators --node ./jinjiang --month 2026-10 --by kind --out 指标.xlsx"
    )]
    Indicators(indicators::Arguments),
    /// 逾期清单：我方应反馈的、对方应反馈的。 What is late, of ours and of theirs
    #[command(
        after_help = "示例 Examples:\n  hongyan report overdue --node ./jinjiang\n  hongyan report overdue --node ./jinjiang --side they --peer 530111 --out 逾期.xlsx"
    )]
    Overdue(lists::Overdue),
    /// 一方未建卡清单。 Cases that only one side has a record of
    #[command(
        after_help = "示例 Example:\n  hongyan report one-sided --node ./jinjiang --out 未建卡.xlsx"
    )]
    OneSided(lists::OneSided),
    /// 月度通报：一个网页文件，可打印。 The month as one page, to read and to print
    #[command(
        after_help = "示例 Example:\n  hongyan report bulletin --node ./jinjiang --month 2026-10"
    )]
    Bulletin(bulletin::Arguments),
    /// 双方核对：两个节点对同一个月的统计是否一致，逐件列出差异。 Whether both nodes count the same
    #[command(
        after_help = "退出码 Exit codes: 0 一致 equal; 1 不一致 different; 3 无法连接 could not be reached.\n\n示例 Example:\n  hongyan report compare --node ./jinjiang 530111 --month 2026-10"
    )]
    Compare(compare::Arguments),
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Indicators(arguments) => indicators::run(arguments),
        Command::Overdue(arguments) => lists::overdue(arguments),
        Command::OneSided(arguments) => lists::one_sided(arguments),
        Command::Bulletin(arguments) => bulletin::run(arguments),
        Command::Compare(arguments) => compare::run(arguments),
    }
}
