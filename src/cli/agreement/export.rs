//! `hongyan agreement export`.

use std::path::PathBuf;

use clap::Args;
use data_encoding::HEXLOWER;
use serde::Serialize;

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        language::both,
        link::{LinkArguments, block_on, connect},
        output::{Output, OutputArguments},
    },
    list::object,
    named::Named,
};
use crate::{agreement::Agreement, office::client::AgreementShown, trust::files};

/// Arguments of `agreement export`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 协议编号，可带版本。 Which; without a version that in force today, else the newest
    #[arg(value_name = "ID[/VERSION]")]
    agreement: Named,
    /// 写到哪个文件。 The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let home = Home::open(&arguments.link.node)?;
    let output = Output::new(arguments.output);
    let Named { id, version } = arguments.agreement;
    let AgreementShown {
        state, agreement, ..
    } = block_on(async {
        let client = connect(&home, &arguments.link.office).await?;
        Ok(client.agreement(id, version).await?)
    })?;
    files::write_public(&arguments.out, document(&agreement)?.as_bytes())?;
    let path = arguments.out.display();
    let (name, digest) = (state.version, state.digest);
    output.result(
        &object(&state),
        &both(
            format!("协议 {name} 已写到 {path}，摘要 {digest}"),
            format!("agreement {name} is written to {path}, digest {digest}"),
        ),
    )?;
    Ok(Exit::Done)
}

/// The file: whoever has it needs nothing else to check it.
fn document(agreement: &Agreement) -> Result<String, Failure> {
    let export = Export {
        agreement: agreement.version.to_string(),
        digest: agreement.digest().to_string(),
        canonical: HEXLOWER.encode(&agreement.canonical()),
        text: agreement.text(),
    };
    let body = toml::to_string_pretty(&export).map_err(|error| {
        Failure::refused(both(
            format!("协议无法写成文件：{error}"),
            format!("the agreement cannot be written: {error}"),
        ))
    })?;
    Ok(format!("{HEAD}\n{body}"))
}

/// What the file holds. What both sides signed of it stands behind, a table each.
#[derive(Serialize)]
struct Export<'a> {
    agreement: String,
    digest: String,
    canonical: String,
    text: &'a str,
}

const HEAD: &str = "\
# 鸿雁协议导出文件。text 是双方所持协议的文本，canonical 是其规范字节（十六进制），
# digest 是规范字节的 SHA-256，双方签署的就是它。
# An agreement, exported by hongyan. `text` is what both sides hold, `canonical` its canonical bytes
# in hexadecimal, `digest` their SHA-256: it is what both sides sign.
";

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};

    use super::*;
    use crate::agreement::TEMPLATES;

    #[test]
    fn what_is_exported_can_be_checked_with_nothing_else() {
        let areas = ["350582", "530111"].map(|code| code.parse().unwrap());
        let opening = crate::agreement::Opening {
            a: areas[0],
            sandbox: true,
            valid_from: jiff::civil::date(2026, 10, 8),
            valid_until: jiff::civil::date(2026, 12, 7),
        };
        let template = TEMPLATES.iter().find(|(name, _)| *name == "trial").unwrap();
        let opened = crate::agreement::open(template.1, &opening).unwrap();
        let text = crate::agreement::close(&opened, areas[0], areas[1]).unwrap();
        let agreement = Agreement::parse(&text).unwrap();

        let file: toml::Table = document(&agreement).unwrap().parse().unwrap();
        let canonical = HEXLOWER.decode(file["canonical"].as_str().unwrap().as_bytes());
        let canonical = canonical.unwrap();
        let sum = HEXLOWER.encode(digest(&SHA256, &canonical).as_ref());
        assert_eq!(file["digest"].as_str(), Some(sum.as_str()));
        assert_eq!(file["text"].as_str(), Some(text.as_str()), "to the byte");
        let again = Agreement::parse(file["text"].as_str().unwrap()).unwrap();
        assert_eq!(again.canonical(), canonical);
    }
}
