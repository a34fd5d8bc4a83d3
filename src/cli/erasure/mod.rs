//! `hongyan erasure`: what was erased, and what became of it at those who had it.

mod list;

use clap::Subcommand;

use super::exit::{Exit, Failure};

/// What to do with erasures.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 列出删除及各接收方的办理情况。 Every erasure, and how far each receiver is with it
    #[command(after_help = "示例 Example:\n  hongyan erasure list --node ./jinjiang")]
    List(list::Arguments),
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List(arguments) => list::run(&arguments),
    }
}
