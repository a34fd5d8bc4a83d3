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
        new_file::must_be_new,
        output::{Output, OutputArguments},
    },
    list::object,
    named::Named,
};
use crate::{
    agreement::Agreement,
    office::client::{AgreementShown, AgreementSignature},
    trust::files,
};

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
    must_be_new(&arguments.out)?;
    let output = Output::new(arguments.output);
    let Named { id, version } = arguments.agreement;
    let AgreementShown {
        state,
        agreement,
        signed,
        ..
    } = block_on(async {
        let client = connect(&home, &arguments.link.office).await?;
        Ok(client.agreement(id, version).await?)
    })?;
    files::write_public(&arguments.out, document(&agreement, &signed)?.as_bytes())?;
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
fn document(agreement: &Agreement, signed: &[AgreementSignature]) -> Result<String, Failure> {
    let export = Export {
        agreement: agreement.version.to_string(),
        digest: agreement.digest().to_string(),
        canonical: HEXLOWER.encode(&agreement.canonical()),
        text: agreement.text(),
        signed: signed.iter().map(Signature::of).collect(),
    };
    let body = toml::to_string_pretty(&export).map_err(|error| {
        Failure::refused(both(
            format!("协议无法写成文件：{error}"),
            format!("the agreement cannot be written: {error}"),
        ))
    })?;
    Ok(format!("{HEAD}\n{body}"))
}

/// What the file holds.
#[derive(Serialize)]
struct Export<'a> {
    agreement: String,
    digest: String,
    canonical: String,
    text: &'a str,
    signed: Vec<Signature<'a>>,
}

#[derive(Serialize)]
struct Signature<'a> {
    by: String,
    kind: &'a str,
    key: String,
    form: String,
    signature: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<&'a str>,
}

impl<'a> Signature<'a> {
    fn of(signed: &'a AgreementSignature) -> Self {
        let AgreementSignature {
            by,
            kind,
            document,
            form,
            signature,
            key_spki,
        } = signed;
        Self {
            by: by.to_string(),
            kind,
            key: HEXLOWER.encode(key_spki),
            form: HEXLOWER.encode(form),
            signature: HEXLOWER.encode(signature),
            document: document.as_deref(),
        }
    }
}

const HEAD: &str = "\
# 鸿雁协议导出文件。text 是协议文本，canonical 是其规范字节（十六进制），digest 是规范字节的 SHA-256。
# 每个 [[signed]] 是一方的签名：signature 是用 key（公钥，SubjectPublicKeyInfo）对 form 的 ECDSA P-256
# SHA-256 签名。form 中含所签内容的 SHA-256：statement 含本协议的 digest；invitation 和 answer 含
# document 中签名之前文字的 SHA-256，answer 的文字中有协议全文。
# An agreement, exported by hongyan: its text, its canonical bytes in hexadecimal and their SHA-256.
# Each [[signed]] is what one side signed: `signature` is ECDSA P-256 with SHA-256 by `key`
# (SubjectPublicKeyInfo) over `form`. A statement's form holds the digest above; that of an
# invitation or an answer the SHA-256 of its `document` up to the signature, and the answer's text
# holds the agreement.
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

        let file: toml::Table = document(&agreement, &[]).unwrap().parse().unwrap();
        let canonical = HEXLOWER.decode(file["canonical"].as_str().unwrap().as_bytes());
        let canonical = canonical.unwrap();
        let sum = HEXLOWER.encode(digest(&SHA256, &canonical).as_ref());
        assert_eq!(file["digest"].as_str(), Some(sum.as_str()));
        assert_eq!(file["text"].as_str(), Some(text.as_str()), "to the byte");
        let again = Agreement::parse(file["text"].as_str().unwrap()).unwrap();
        assert_eq!(again.canonical(), canonical);
    }
}
