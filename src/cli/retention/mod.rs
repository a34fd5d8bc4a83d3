//! `hongyan retention`: what the node purges by itself once its time is over.

mod list;

use clap::Subcommand;

use super::exit::{Exit, Failure};

/// What to do with what is kept.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 列出即将到期清除的个案，以及不清除的原因。 What is purged next, and what is not and why
    #[command(after_help = "示例 Example:\n  hongyan retention list --node ./jinjiang --within 90")]
    List(list::Arguments),
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List(arguments) => list::run(&arguments),
    }
}
