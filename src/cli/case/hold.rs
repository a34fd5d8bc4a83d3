//! `hongyan case hold`.

use clap::Args;

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        language::both,
        link::LinkArguments,
        output::OutputArguments,
    },
    chosen::ChosenArguments,
    work,
};
use crate::{
    domain::{
        problem::{Code, Text},
        work::Note,
    },
    office::client::CaseAct,
};

/// Arguments of `case hold`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 理由，最多1000字。 Why, up to 1,000 characters
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    chosen: ChosenArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        reason,
        chosen,
        output,
    } = arguments;
    let reason: Note = reason.parse().map_err(|code: Code| {
        let Text { zh, en } = code.text();
        Failure::usage(both(zh, en))
    })?;
    let home = Home::open(&link.node)?;
    let doing = Text {
        zh: "留存",
        en: "hold",
    };
    work::run(&home, &link, chosen, output, doing, CaseAct::Hold(reason))
}
