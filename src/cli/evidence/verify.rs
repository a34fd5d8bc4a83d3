//! `hongyan evidence verify`.

use std::{fs, path::PathBuf};

use clap::Args;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use super::{
    super::{
        exit::{Exit, Failure},
        language::both,
        output::{Output, OutputArguments},
    },
    told::{held, wrong},
};
use crate::{
    domain::problem::Sentence,
    evidence::{Claim, Gap, Verdict, verify, verify_erasure},
};

/// Arguments of `evidence verify`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// 证据文件，可多个。 The files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// 所信任的根证书（PEM），可重复；不给则列出指纹供核对。 A root that you trust, PEM; may repeat
    #[arg(long = "root", value_name = "FILE")]
    roots: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments {
        files,
        roots,
        output,
    } = arguments;
    let output = Output::new(*output);
    let mut trusted = Vec::new();
    for path in roots {
        trusted.extend(certificates(path)?);
    }
    let mut exit = Exit::Done;
    for path in files {
        let bytes = read(path)?;
        let name = path.display().to_string();
        match verify(&bytes, &trusted) {
            Ok(verdict) if output.is_json() => output.object(&held(&name, &verdict))?,
            Ok(verdict) => show(output, &name, &verdict)?,
            Err(error) => {
                exit = Exit::Refused;
                let Sentence { mut zh, mut en } = error.sentence();
                if verify_erasure(&bytes).is_ok() {
                    zh += "，而是删除证明，请用 hongyan erasure verify 核验";
                    en += ", but the statement of an erasure: hongyan erasure verify tells what it proves";
                }
                let sentence = both(
                    format!("✗ {name}：不可信：{zh}。"),
                    format!("✗ {name}: not to be believed: {en}"),
                );
                output.result(&wrong(&name, &error), &sentence)?;
            }
        }
    }
    Ok(exit)
}

/// What holds, for people: what is proven, then what is not.
fn show(output: Output, name: &str, verdict: &Verdict) -> Result<(), Failure> {
    let say = |sentence: &Sentence| output.line(output.language.of(sentence));
    let marked = |mark: &str, Sentence { zh, en }: Sentence| {
        both(format!("  {mark} {zh}。"), format!("  {mark} {en}"))
    };
    if verdict.sandbox {
        say(&both("【测试数据】", "[TRIAL DATA]"))?;
    }
    say(&both(
        format!("✓ {name}：文件成立。已证明："),
        format!("✓ {name}: the file holds. Proven:"),
    ))?;
    for claim in verdict.proven.iter().map(Claim::sentence) {
        say(&marked("✓", claim))?;
    }
    say(&both("未证明：", "Not proven:"))?;
    for gap in verdict.not_proven.iter().map(Gap::sentence) {
        say(&marked("–", gap))?;
    }
    Ok(())
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| {
        let path = path.display();
        Failure::usage(both(
            format!("无法读取 {path}：{error}"),
            format!("cannot read {path}: {error}"),
        ))
    })
}

fn certificates(path: &PathBuf) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let bytes = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) | Err(_) => {
            let path = path.display();
            Err(Failure::usage(both(
                format!("{path} 不是 PEM 格式的证书。"),
                format!("{path} is no certificate in PEM"),
            )))
        }
    }
}
