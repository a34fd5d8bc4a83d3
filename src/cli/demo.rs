//! `hongyan demo`: five sandbox nodes on this machine.

use std::path::PathBuf;

use clap::Args;

use super::{
    exit::{Exit, Failure},
    language::both,
    output::OutputArguments,
};

/// Arguments of `demo`.
#[derive(Args)]
#[command(after_help = "示例 Example:\n  hongyan demo --notices 1000 --exit")]
pub(super) struct Arguments {
    /// 另生成多少条通报。 How many notices to generate
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(super) notices: u64,
    /// 放在哪个目录；省略则用临时目录。 In which directory; a temporary one if left out
    #[arg(long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
    /// 结束后退出，不再等待 Ctrl-C。 Exit at the end
    #[arg(long)]
    pub(super) exit: bool,
    #[command(flatten)]
    pub(super) output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    // SEAM: the demonstration comes in here.
    let Arguments {
        notices: _,
        dir: _,
        exit: _,
        output: _,
    } = arguments;
    Err(Failure::refused(both(
        "演示尚未接入。",
        "the demonstration is not linked yet",
    )))
}
