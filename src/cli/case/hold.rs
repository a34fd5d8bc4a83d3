//! `hongyan case hold`.

use clap::Args;

use super::{
    super::exit::{Exit, Failure},
    note::noted,
    work::{self, WorkArguments},
};
use crate::{domain::problem::Text, office::client::CaseAct};

/// Arguments of `case hold`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// 理由，最多1000字。 Why, up to 1,000 characters
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    work: WorkArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { reason, work } = arguments;
    let doing = Text {
        zh: "留存",
        en: "hold",
    };
    work::run(work, doing, |_| Ok(CaseAct::Hold(noted(&reason)?)))
}
