//! `hongyan case note`.

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

/// Arguments of `case note`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 内容，最多1000字。 What to write down, up to 1,000 characters
    #[arg(long)]
    text: String,
    #[command(flatten)]
    chosen: ChosenArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        text,
        chosen,
        output,
    } = arguments;
    let note: Note = text.parse().map_err(|code: Code| {
        let Text { zh, en } = code.text();
        Failure::usage(both(zh, en))
    })?;
    let home = Home::open(&link.node)?;
    let doing = Text {
        zh: "备注",
        en: "note this about",
    };
    work::run(&home, &link, chosen, output, doing, CaseAct::Note(note))
}
