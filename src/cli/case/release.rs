//! `hongyan case release`.

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

/// Arguments of `case release`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    #[command(flatten)]
    chosen: ChosenArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        chosen,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let doing = Text {
        zh: "解除留存",
        en: "release",
    };
    work::run(&home, &link, chosen, output, doing, CaseAct::Release)
}
