//! `hongyan evidence export`.

use std::path::PathBuf;

use clap::Args;

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        language::both,
        link::{LinkArguments, block_on, connect},
        new_file::must_be_new,
        output::{Output, OutputArguments},
    },
    told::{held, wrong},
};
use crate::{domain::notice::NoticeId, evidence::verify, trust::files};

/// Arguments of `evidence export`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 通报编号。 The id of the notice
    #[arg(value_name = "NOTICE")]
    notice: NoticeId,
    /// 写到哪个文件；含通报原文时即含个人信息，请妥善保管。 The file to write; it holds what the notice says, if you may see that
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        notice,
        out,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    must_be_new(out)?;
    let output = Output::new(*output);
    let file = block_on(async {
        let client = connect(&home, &link.office).await?;
        Ok(client.evidence(*notice).await?)
    })?;
    // It may hold a person.
    files::write_new_secret(out, &file)?;
    let path = out.display().to_string();
    let written = both(
        format!("证据已写到 {path}。它证明什么，请用 hongyan evidence verify 查看。"),
        format!("the evidence is written to {path}; what it proves, hongyan evidence verify tells"),
    );
    // Whoever exports is told at once what a reader would be told.
    match verify(&file, &[]) {
        Ok(verdict) => {
            output.result(&held(&path, &verdict), &written)?;
            Ok(Exit::Done)
        }
        Err(error) => {
            let sentence = error.sentence();
            let told = both(
                format!("证据已写到 {path}，但无法通过核验：{}。", sentence.zh),
                format!(
                    "the evidence is written to {path}, but does not hold: {}",
                    sentence.en
                ),
            );
            output.result(&wrong(&path, &error), &told)?;
            Ok(Exit::Refused)
        }
    }
}
