//! `hongyan case forward`.

use clap::Args;

use super::{
    super::exit::{Exit, Failure},
    work::{self, WorkArguments},
};
use crate::{
    domain::{area::AreaCode, problem::Text},
    office::client::CaseAct,
};

/// Arguments of `case forward`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// 转给哪个乡镇街道或村居（9或12位）。 To which township or village
    #[arg(long, value_name = "AREA")]
    to: AreaCode,
    #[command(flatten)]
    work: WorkArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { to, work } = arguments;
    let doing = Text {
        zh: "转办",
        en: "hand on",
    };
    work::run(work, doing, |_| Ok(CaseAct::Forward(to)))
}
