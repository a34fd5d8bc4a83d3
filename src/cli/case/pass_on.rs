//! `hongyan case pass-on`.

use clap::Args;

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        link::LinkArguments,
        output::OutputArguments,
    },
    chosen::ChosenArguments,
    work,
};
use crate::{domain::problem::Text, office::client::CaseAct};

/// Arguments of `case pass-on`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    #[command(flatten)]
    chosen: ChosenArguments,
    /// 已用其他办法告知：只记一笔，不发通报。 Told by other means: only note it, and send nothing
    #[arg(long)]
    told: bool,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        chosen,
        told,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
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
    work::run(&home, &link, chosen, output, doing, act)
}
