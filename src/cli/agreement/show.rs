//! `hongyan agreement show`.

use clap::Args;
use serde_json::json;

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        language::both,
        link::{LinkArguments, block_on, connect},
        output::{Output, OutputArguments},
    },
    list::{object, state_words, suspended_words},
    named::Named,
};
use crate::{domain::problem::Sentence, office::client::AgreementShown};

/// Arguments of `agreement show`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 协议编号，可带版本；不带则为今天生效的版本，否则最新版本。 Which; without a version that in force today, else the newest
    #[arg(value_name = "ID[/VERSION]")]
    agreement: Named,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let home = Home::open(&arguments.link.node)?;
    let output = Output::new(arguments.output);
    let Named { id, version } = arguments.agreement;
    let shown = block_on(async {
        let client = connect(&home, &arguments.link.office).await?;
        Ok(client.agreement(id, version).await?)
    })?;
    let AgreementShown {
        state,
        agreement,
        words: Sentence { zh, en },
        signed: _,
    } = shown;
    let mut shown = object(&state);
    shown.insert("words".to_owned(), json!({"zh": zh, "en": en}));
    shown.insert("text".to_owned(), agreement.text().into());
    let language = output.language;
    let stands = state_words(&state.state, language);
    let left = match state.days_left {
        Some(days) => both(format!("，剩余{days}天"), format!(", {days} days left")),
        None => both("", ""),
    };
    let suspended = suspended_words(&state, language);
    let suspended = match suspended.as_str() {
        "" => both("", ""),
        held => both(format!("暂停：{held}\n"), format!("Suspended: {held}\n")),
    };
    let digest = state.digest;
    output.result(
        &shown,
        &both(
            format!(
                "{zh}状态：{stands}{}\n{}摘要：{digest}",
                left.zh, suspended.zh
            ),
            format!(
                "{en}State: {stands}{}\n{}Digest: {digest}",
                left.en, suspended.en
            ),
        ),
    )?;
    Ok(Exit::Done)
}
