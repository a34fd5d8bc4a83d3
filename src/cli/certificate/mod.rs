//! `hongyan certificate`: whether an entitlement certificate (婚育证明) holds: asked where a woman lives,
//! answered where she is registered.

mod answer;
mod answering;
mod ask;
mod desk;
mod shelf;

use clap::Subcommand;

use super::exit::{Exit, Failure};

/// Which end of the question.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 自动答复查验：按本单位的登记册逐条答复。 Answer queries by the office's own register
    Answer(answer::Arguments),
    /// 查验一份婚育证明，并等待答复。 Ask whether a certificate holds, and wait for the answer
    Ask(ask::Arguments),
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Answer(arguments) => answer::run(arguments),
        Command::Ask(arguments) => ask::run(arguments),
    }
}
