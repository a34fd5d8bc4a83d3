//! What a person sees before saying yes.

use std::fmt::Write as _;

use super::party::Party;
use crate::agreement::{Agreement, plain_words};

/// Who the other side is, and on what terms, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// The fingerprint of the other side's signing key, for two people on the telephone. All that
    /// the other side says is signed with that key, so this one comparison covers it.
    pub fingerprint: String,
}

impl Summary {
    pub(super) fn new(other: &Party, agreement: &Agreement) -> Self {
        let fingerprint = other.signing_key.id().fingerprint().spoken();
        let areas: Vec<String> = other.areas.iter().map(|area| area.label()).collect();
        let (terms_zh, terms_en) = plain_words(agreement);
        let mut zh = String::new();
        let mut en = String::new();
        for (line_zh, line_en) in [
            (
                format!("对方节点：{}", other.id),
                format!("Node: {}", other.id),
            ),
            (
                format!("代表区县：{}", areas.join("、")),
                format!("Speaks for: {}", areas.join(", ")),
            ),
            (
                format!("地址：{}", other.endpoint),
                format!("Address: {}", other.endpoint),
            ),
            (
                format!("签名密钥指纹：{fingerprint}"),
                format!("Fingerprint of its signing key: {fingerprint}"),
            ),
        ] {
            // Writing to a string does not fail.
            writeln!(zh, "{line_zh}").unwrap_or_default();
            writeln!(en, "{line_en}").unwrap_or_default();
        }
        Self {
            zh: zh + &terms_zh,
            en: en + &terms_en,
            fingerprint,
        }
    }
}
