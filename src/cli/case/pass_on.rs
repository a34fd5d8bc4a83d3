//! `hongyan case pass-on`.

use clap::Args;

use super::{
    super::exit::{Exit, Failure},
    work::{self, WorkArguments},
};
use crate::{domain::problem::Text, office::client::CaseAct};

/// Arguments of `case pass-on`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// 已用其他办法告知：只记一笔，不发通报。 Told by other means: only note it, and send nothing
    #[arg(long)]
    told: bool,
    #[command(flatten)]
    work: WorkArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { told, work } = arguments;
    let (doing, act) = if told {
        let doing = Text {
            zh: "记为已转告",
            en: "note as passed on",
        };
        (doing, CaseAct::PassedOn)
    } else {
        let doing = Text {
            zh: "转告下一个区县",
            en: "pass on to the next county",
        };
        (doing, CaseAct::PassOn)
    };
    work::run(work, doing, |_| Ok(act))
}
