//! `hongyan case forward`.

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
use crate::{
    domain::{area::AreaCode, problem::Text},
    office::client::CaseAct,
};

/// Arguments of `case forward`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 转给哪个乡镇街道或村居（9或12位）。 To which township or village
    #[arg(long, value_name = "AREA")]
    to: AreaCode,
    #[command(flatten)]
    chosen: ChosenArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        to,
        chosen,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let doing = Text {
        zh: "转办",
        en: "hand on",
    };
    work::run(&home, &link, chosen, output, doing, CaseAct::Forward(to))
}
