//! `hongyan erasure verify`.

use std::{fs, path::PathBuf};

use clap::Args;
use serde_json::json;

use super::{
    super::{
        exit::{Exit, Failure},
        language::both,
        output::{Output, OutputArguments},
    },
    told::{object, sentence},
};
use crate::evidence::verify_erasure;

/// Arguments of `erasure verify`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// 删除证明文件，可多个。 The files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { files, output } = arguments;
    let output = Output::new(*output);
    let mut exit = Exit::Done;
    for path in files {
        let name = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| {
            Failure::usage(both(
                format!("无法读取 {name}：{error}"),
                format!("cannot read {name}: {error}"),
            ))
        })?;
        match verify_erasure(&bytes) {
            Ok(proven) => output.result(&object(&name, &proven), &sentence(&name, &proven))?,
            Err(fault) => {
                exit = Exit::Refused;
                let words = fault.sentence();
                let told = both(
                    format!("✗ {name}：不可信：{}。", words.zh),
                    format!("✗ {name}: not to be believed: {}", words.en),
                );
                output.result(
                    &json!({"file": name, "status": "refused", "code": fault.code()}),
                    &told,
                )?;
            }
        }
    }
    Ok(exit)
}
