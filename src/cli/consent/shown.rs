//! Consents, for people and for programs.

use std::io;

use serde_json::json;

use super::super::{language::both, output::Output};
use crate::domain::consent::Registered;

pub(super) fn print(consents: &[Registered], output: Output) -> io::Result<()> {
    let language = output.language;
    let mut table = output.table(&[
        ("编号", "reference"),
        ("日期", "date"),
        ("范围", "scope"),
        ("文本版本", "text"),
        ("方式", "how"),
        ("撤回", "withdrawn"),
    ]);
    for consent in consents {
        let Registered {
            reference,
            date,
            scope,
            text_version,
            how,
            withdrawn_on,
        } = consent;
        let withdrawn_on = withdrawn_on.map(|day| day.to_string());
        if output.is_json() {
            let scope: Vec<&str> = scope.iter().map(|field| field.name()).collect();
            output.object(&json!({
                "reference": reference,
                "date": date.to_string(),
                "scope": scope,
                "text_version": text_version,
                "how": how.name(),
                "withdrawn_on": withdrawn_on,
            }))?;
            continue;
        }
        let scope = scope.iter().map(|field| language.word(field.label()));
        let scope: Vec<&str> = scope.collect();
        table.add_row([
            reference.clone(),
            date.to_string(),
            scope.join(language.pick("、", ", ")),
            text_version.clone(),
            language.word(how.text()).to_owned(),
            withdrawn_on.unwrap_or_default(),
        ]);
    }
    if output.is_json() {
        return Ok(());
    }
    if table.is_empty() {
        return output.say(&both("没有已登记的同意书。", "no consent is registered"));
    }
    output.line(&table.to_string())
}
