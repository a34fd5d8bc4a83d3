//! `hongyan agreement`: on what terms notices travel.

mod diff;
mod export;
mod list;
mod named;
mod show;

use clap::Subcommand;

use super::exit::{Exit, Failure};

/// What to do with agreements.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 列出协议、状态和剩余天数。 List them, how they stand and for how long
    #[command(after_help = "示例 Example:\n  hongyan agreement list --node ./jinjiang")]
    List(list::Arguments),
    /// 用通俗文字说明一份协议。 Show one in plain words
    #[command(
        after_help = "示例 Examples:\n  hongyan agreement show --node ./jinjiang 350582-530111\n  hongyan agreement show --node ./jinjiang 350582-530111/1"
    )]
    Show(show::Arguments),
    /// 与对方逐项比较所持协议。 Compare with what a peer holds, field by field
    #[command(after_help = "示例 Example:\n  hongyan agreement diff --node ./jinjiang 530111")]
    Diff(diff::Arguments),
    /// 导出一份协议和核对所需的内容。 Write one to a file, with what proves it
    #[command(
        after_help = "示例 Example:\n  hongyan agreement export --node ./jinjiang 350582-530111 --out agreement.toml"
    )]
    Export(export::Arguments),
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List(arguments) => list::run(arguments),
        Command::Show(arguments) => show::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Export(arguments) => export::run(arguments),
    }
}
