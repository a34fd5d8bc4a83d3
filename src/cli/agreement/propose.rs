//! `hongyan agreement propose` and `amend`.

use std::path::PathBuf;

use clap::Args;

use super::{
    super::{
        exit::{Exit, Failure},
        link::LinkArguments,
        output::OutputArguments,
        peer::template,
    },
    told::say,
};
use crate::{
    domain::{agreement::AgreementId, area::County},
    pairing::life::Act,
};

/// Arguments of `agreement propose`.
#[derive(Args)]
pub(in crate::cli) struct Propose {
    #[command(flatten)]
    link: LinkArguments,
    /// 协议模板：default、regional、departures-only、trial 或文件。 One of these, or a file
    #[arg(value_name = "TEMPLATE")]
    text: PathBuf,
    /// 对方的区县。 An area of the peer
    #[arg(long, value_name = "AREA")]
    to: County,
    #[command(flatten)]
    output: OutputArguments,
}

/// Arguments of `agreement amend`.
#[derive(Args)]
pub(in crate::cli) struct Amend {
    #[command(flatten)]
    link: LinkArguments,
    /// 协议编号，如 350582-530111。 Which agreement
    #[arg(value_name = "ID")]
    id: AgreementId,
    /// 新文本或模板；版本号由节点填写。 The new text, or a template; the node gives the version
    #[arg(value_name = "FILE")]
    text: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn propose(arguments: Propose) -> Result<Exit, Failure> {
    let Propose {
        link,
        text,
        to,
        output,
    } = arguments;
    let text = template(Some(&text))?;
    say(&link, output, Act::Propose { text, to })
}

pub(super) fn amend(arguments: Amend) -> Result<Exit, Failure> {
    let Amend {
        link,
        id,
        text,
        output,
    } = arguments;
    let text = template(Some(&text))?;
    say(&link, output, Act::Amend { id, text })
}
