//! `hongyan consent record`.

use clap::Args;
use jiff::civil::Date;
use serde_json::json;

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        language::both,
        link::{LinkArguments, block_on, connect},
        moment::day,
        output::{Output, OutputArguments},
    },
    ReferenceArguments,
};
use crate::domain::{
    area::County,
    consent::{How, NotAConsent, RawConsent, Registered},
};

/// Arguments of `consent record`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    #[command(flatten)]
    reference: ReferenceArguments,
    /// 同意的日期。 The day on which she gave it
    #[arg(long, value_name = "DAY", value_parser = day)]
    date: Date,
    /// 同意提供的敏感信息：care 为全部，或栏目名，可重复。 What she agreed to: care for all that is sensitive, or a field; may repeat
    #[arg(long = "scope", value_name = "FIELD", required = true)]
    scope: Vec<String>,
    /// 告知文本的版本。 Version of the text that she was shown
    #[arg(long, value_name = "VERSION")]
    text_version: String,
    /// 方式：paper 书面、screen 屏幕、witnessed 口头并有见证、electronic 电子。 How: paper, screen, witnessed, electronic
    #[arg(long, value_name = "HOW")]
    how: How,
    /// 哪个本方区县。 Which home area
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        reference,
        date,
        scope,
        text_version,
        how,
        home: of,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let output = Output::new(output);
    let read = Registered::read(RawConsent {
        reference: reference.read()?,
        date: date.to_string(),
        scope,
        text_version,
        how: how.name().to_owned(),
        withdrawn_on: String::new(),
    });
    let consent = read.map_err(|NotAConsent(member, code)| {
        let text = code.text();
        Failure::usage(both(
            format!("{member}：{}", text.zh),
            format!("{member}: {}", text.en),
        ))
    })?;
    let repeated = block_on(async {
        let client = connect(&home, &link.office).await?;
        Ok(client.record_consent(of, &consent).await?)
    })?;
    let words = if repeated {
        both("此前已登记，没有变化。", "it was registered before")
    } else {
        both("已登记。", "registered")
    };
    output.result(&json!({"repeated": repeated}), &words)?;
    Ok(Exit::Done)
}
