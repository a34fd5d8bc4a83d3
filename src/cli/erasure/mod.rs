//! `hongyan erasure`: what was erased, and what became of it at those who had it.

mod export;
mod list;
mod told;
mod verify;

use clap::Subcommand;

use super::exit::{Exit, Failure};

/// What to do with erasures.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 列出删除及各接收方的办理情况。 Every erasure, and how far each receiver is with it
    #[command(after_help = "示例 Example:\n  hongyan erasure list --node ./jinjiang")]
    List(list::Arguments),
    /// 导出一次删除的签名证明。 Write the node's signed word on an erasure
    #[command(
        after_help = "示例 Example:\n  hongyan erasure export --node ./jinjiang 01010101-0101-8101-8000-000000000002 --out erasure.json"
    )]
    Export(export::Arguments),
    /// 核验删除证明，不需要节点。 Tell what such a file proves; needs no node
    #[command(after_help = "示例 Example:\n  hongyan erasure verify erasure.json")]
    Verify(verify::Arguments),
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List(arguments) => list::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
    }
}
