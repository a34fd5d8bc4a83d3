//! `hongyan erasure export`.

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
    told::object,
};
use crate::{
    domain::notice::NoticeId,
    evidence::{verify_erasure, write_erasure},
    trust::files,
};

/// Arguments of `erasure export`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 删除编号，见 erasure list。 The id of the erasure, as erasure list names it
    #[arg(value_name = "ERASURE")]
    erasure: NoticeId,
    /// 写到哪个文件。 The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        erasure,
        out,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    must_be_new(out)?;
    let output = Output::new(*output);
    let statement = block_on(async {
        let client = connect(&home, &link.office).await?;
        Ok(client.erasure_statement(*erasure).await?)
    })?;
    let domain = home.config.trust_domain();
    let file = write_erasure(domain, statement.home, &statement.signed, &statement.key);
    files::write_new_secret(out, file.as_bytes())?;
    let path = out.display().to_string();
    match verify_erasure(file.as_bytes()) {
        Ok(proven) => {
            let written = both(
                format!("证明已写到 {path}。它证明什么，请用 hongyan erasure verify 查看。"),
                format!(
                    "the statement is written to {path}; what it proves, hongyan erasure verify tells"
                ),
            );
            output.result(&object(&path, &proven), &written)?;
            Ok(Exit::Done)
        }
        Err(fault) => {
            let sentence = fault.sentence();
            Err(Failure::refused(both(
                format!("证明已写到 {path}，但无法通过核验：{}。", sentence.zh),
                format!(
                    "the statement is written to {path}, but does not hold: {}",
                    sentence.en
                ),
            )))
        }
    }
}
