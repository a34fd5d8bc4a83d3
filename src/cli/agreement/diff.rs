//! `hongyan agreement diff`.

use clap::Args;
use serde_json::{Value, json};

use super::super::{
    exit::{Exit, Failure},
    home::Home,
    language::both,
    link::{LinkArguments, block_on, connect},
    moment::{rfc3339, short},
    output::{Output, OutputArguments},
    peer::agreement_object,
};
use crate::{
    agreement::Difference,
    domain::{area::County, problem::Sentence},
    office::client::{AgreementComparison, Compared},
};

/// Arguments of `agreement diff`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 对方的区县。 An area of the peer
    #[arg(value_name = "AREA")]
    area: County,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let home = Home::open(&arguments.link.node)?;
    let output = Output::new(arguments.output);
    let area = arguments.area;
    let Compared {
        agreements,
        told_at_ms,
        failure,
    } = block_on(async {
        let client = connect(&home, &arguments.link.office).await?;
        Ok(client.compare(area).await?)
    })?;
    if let Some(failure) = failure {
        let label = area.label();
        let Some(at) = told_at_ms else {
            return Err(Failure::refused(both(
                format!("{label}没有应答（{failure}），也从未告知过它所持的协议。"),
                format!("{label} does not answer ({failure}), and never told what it holds"),
            )));
        };
        let at = short(at);
        let old = both(
            format!("{label}没有应答（{failure}）；以下按其 {at} 告知的内容比较。"),
            format!("{label} does not answer ({failure}); this compares with what it told at {at}"),
        );
        eprintln!("{}", output.language.of(&old));
    }
    for compared in &agreements {
        output.result(&object(compared, told_at_ms), &words(compared))?;
    }
    if agreements.is_empty() {
        output.say(&both(
            "双方之间没有协议。",
            "there is no agreement between the two",
        ))?;
    }
    Ok(if agreements.iter().all(|compared| compared.equal) {
        Exit::Done
    } else {
        Exit::Refused
    })
}

/// How both hold one version: equal, only here, only there, or different; and in what.
fn words(compared: &AgreementComparison) -> Sentence {
    let version = compared.version();
    let other = compared.compared_version;
    let Sentence { mut zh, mut en } = match (compared.here, compared.there, other) {
        _ if compared.equal => both("一致", "equal"),
        (0, _, 0) => both("仅对方持有", "only there"),
        (_, 0, 0) => both("仅本方持有", "only here"),
        (0, ..) => both(
            format!("仅对方持有；与本方第{other}版比较："),
            format!("only there; compared with version {other} here:"),
        ),
        (_, 0, _) => both(
            format!("仅本方持有；与对方第{other}版比较："),
            format!("only here; compared with version {other} there:"),
        ),
        _ if compared.differences.is_empty() => both(
            "文本不同，对方文本尚未取得",
            "the texts differ; that of the peer is not known yet",
        ),
        _ => both("文本不同：", "the texts differ:"),
    };
    for difference in &compared.differences {
        let line = difference.sentence();
        zh += &format!("\n  {}", line.zh);
        en += &format!("\n  {}", line.en);
    }
    both(format!("{version}　{zh}"), format!("{version}  {en}"))
}

fn object(compared: &AgreementComparison, told_at_ms: Option<i64>) -> Value {
    let mut object = agreement_object(compared);
    let differences = compared.differences.iter().map(difference).collect();
    object.insert("differences".to_owned(), differences);
    object.insert("told_at".to_owned(), told_at_ms.map(rfc3339).into());
    object.into()
}

fn difference(difference: &Difference) -> Value {
    let Difference {
        key,
        label,
        here,
        there,
    } = difference;
    let said = |said: &Sentence| json!({"zh": said.zh, "en": said.en});
    json!({
        "key": key,
        "label": said(label),
        "here": here.as_ref().map(said),
        "there": there.as_ref().map(said),
    })
}
