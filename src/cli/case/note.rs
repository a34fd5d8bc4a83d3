//! `hongyan case note`.

use clap::Args;

use super::{
    super::{
        exit::{Exit, Failure},
        language::both,
    },
    work::{self, WorkArguments},
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
    /// 内容，最多1000字。 What to write down, up to 1,000 characters
    #[arg(long)]
    text: String,
    #[command(flatten)]
    work: WorkArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { text, work } = arguments;
    let doing = Text {
        zh: "备注",
        en: "note this about",
    };
    work::run(work, doing, |_| Ok(CaseAct::Note(noted(&text)?)))
}

/// A text as a case keeps it; a refusal does not show it.
pub(super) fn noted(text: &str) -> Result<Note, Failure> {
    text.parse().map_err(|code: Code| {
        let Text { zh, en } = code.text();
        Failure::usage(both(zh, en))
    })
}
