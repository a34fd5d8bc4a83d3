//! `hongyan evidence`: what convinces a third party.

mod export;
mod told;
mod verify;

use clap::Subcommand;

use super::exit::{Exit, Failure};

/// What to do with evidence.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 导出一条通报的证据文件。 Write what convinces others of one notice
    #[command(
        after_help = "示例 Example:\n  hongyan evidence export --node ./jinjiang 01010101-0101-8101-8000-000000000002 --out evidence.json"
    )]
    Export(export::Arguments),
    /// 核验证据文件，不需要节点。 Tell what a file proves, and what not; needs no node
    #[command(after_help = "示例 Example:\n  hongyan evidence verify evidence.json --root ca.crt")]
    Verify(verify::Arguments),
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Export(arguments) => export::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
    }
}
