//! What a statement on an erasure proves, as an object and in words.

use serde_json::{Value, json};

use super::super::{
    language::both,
    moment::{last_day, rfc3339, short},
};
use crate::{domain::problem::Sentence, evidence::ErasureProven};

pub(super) fn object(file: &str, proven: &ErasureProven) -> Value {
    let ErasureProven {
        trust_domain,
        key,
        form,
    } = proven;
    let notices = form
        .notices
        .iter()
        .map(|(id, digest)| json!({"notice_id": id.to_string(), "digest": digest.to_string()}));
    let confirmed = form
        .confirmed
        .iter()
        .map(|(id, at_ms)| json!({"notice_id": id.to_string(), "confirmed_at": rfc3339(*at_ms)}));
    json!({
        "file": file,
        "status": "holds",
        "trust_domain": trust_domain.as_str(),
        "signing_key": key.to_string(),
        "fingerprint": key.fingerprint().spoken(),
        "sandbox": form.frame.sandbox,
        "home_area": form.frame.channel.from.as_str(),
        "peer_area": form.frame.channel.to.as_str(),
        "erasure_id": form.erasure.to_string(),
        "case_id": form.case.to_string(),
        "reason": form.reason.name(),
        "erased_at": rfc3339(form.erased_at_ms),
        "notices": notices.collect::<Vec<_>>(),
        "confirmed": confirmed.collect::<Vec<_>>(),
        "pending_in_backups_until": until(proven).map(rfc3339),
        "signed_at": rfc3339(form.time_ms),
    })
}

fn until(proven: &ErasureProven) -> Option<i64> {
    let until = proven.form.pending_until_ms;
    (until != 0).then_some(until)
}

/// In plain words: what is proven, by whom, when, and what is not.
pub(super) fn sentence(file: &str, proven: &ErasureProven) -> Sentence {
    let ErasureProven {
        trust_domain,
        key,
        form,
    } = proven;
    let (home, other) = (form.frame.channel.from, form.frame.channel.to);
    let (signed, erased) = (short(form.time_ms), short(form.erased_at_ms));
    // As `key list` shows it: people compare it.
    let key = key.fingerprint().spoken();
    let (count, confirmed) = (form.notices.len(), form.confirmed.len());
    let reason = form.reason.text();
    let (held_zh, held_en) = match until(proven) {
        Some(until) => {
            let until = last_day(until);
            (
                format!("备份中的密钥留存至 {until}（含当日）。"),
                format!("A backup holds the keys until {until}, that day included."),
            )
        }
        None => (
            "签署时没有登记在册的备份还留有密钥。".to_owned(),
            "No backup that was on the node's register held the keys when this was signed."
                .to_owned(),
        ),
    };
    let (there_zh, there_en) = match confirmed {
        0 => (
            format!("{other} 的节点所持的是否删除，本文件不能证明。"),
            format!("It does not prove that the node of {other} erased what it holds of them."),
        ),
        _ if confirmed == count => (
            "接收方节点均已确认删除。".to_owned(),
            "For each of them the receiver's node confirmed the same.".to_owned(),
        ),
        _ => (
            format!(
                "其中{confirmed}条已由接收方节点确认删除；其余各条，{other} 的节点所持的是否删除，本文件不能证明。"
            ),
            format!(
                "For {confirmed} of them the receiver's node confirmed the same; for the others it does not prove that the node of {other} erased what it holds."
            ),
        ),
    };
    both(
        format!(
            "✓ {file}：{trust_domain} 中负责 {home} 的节点于 {signed} 签署（签名密钥 {key}，请与该节点的核对）：与 {other} 的个案 {} 已于 {erased} 删除（{}），其中{count}条通报的内容在该节点已无法读取，只留编号和摘要。{there_zh}{held_zh}本文件不能证明节点之外另存的副本也已删除。",
            form.case, reason.zh
        ),
        format!(
            "✓ {file}: the node that speaks for {home} in {trust_domain} signed at {signed} (with the key {key}: compare it with the node's): the case {} with {other} was erased at {erased} ({}); the content of {count} of its notices can no longer be read at that node, only their ids and digests are left. {there_en} {held_en} Nor does it prove that copies kept outside of the nodes are gone.",
            form.case, reason.en
        ),
    )
}
