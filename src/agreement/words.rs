//! An agreement in plain words, for the person who says yes to it.

use std::fmt::Write as _;

use super::{grants::KindTerms, terms::Agreement};
use crate::domain::{
    channel::Channel,
    field::{Field, Group},
    notice::Kind,
    problem::Text,
};

/// What the agreement says, a line a grant, in Chinese and in English.
pub fn plain_words(agreement: &Agreement) -> (String, String) {
    let mut zh = String::new();
    let mut en = String::new();
    let (environment_zh, environment_en) = if agreement.sandbox {
        ("测试环境，仅限测试通报", "sandbox, trial notices only")
    } else {
        ("正式环境", "production")
    };
    let Agreement {
        version,
        valid_from,
        valid_until,
        purpose,
        legal_basis,
        ..
    } = agreement;
    line(&mut zh, &format!("协议 {version}（{environment_zh}）"));
    line(&mut en, &format!("Agreement {version} ({environment_en})"));
    line(
        &mut zh,
        &format!("有效期：{valid_from} 至 {valid_until}，首尾两日均含"),
    );
    line(
        &mut en,
        &format!("In force: {valid_from} to {valid_until}, both days included"),
    );
    line(
        &mut zh,
        &format!("目的：{purpose}；合法性基础：{legal_basis}"),
    );
    line(
        &mut en,
        &format!("Purpose: {purpose}; legal basis: {legal_basis}"),
    );
    for ((Channel { from, to }, kind), terms) in &agreement.grants {
        let KindTerms {
            fields,
            deadline_days,
        } = terms;
        let kind = kind_words(*kind);
        let (what_zh, what_en) = field_words(fields.iter().copied().collect());
        line(
            &mut zh,
            &format!(
                "{} → {}：{}，{what_zh}，{deadline_days}日内送达",
                from.label(),
                to.label(),
                kind.zh
            ),
        );
        line(
            &mut en,
            &format!(
                "{} → {}: {}, {what_en}, delivered within {deadline_days} days",
                from.label(),
                to.label(),
                kind.en
            ),
        );
    }
    (zh, en)
}

fn line(out: &mut String, text: &str) {
    // Writing to a string does not fail.
    writeln!(out, "{text}").unwrap_or_default();
}

/// Whole groups by their name, the rest field by field.
fn field_words(mut fields: Vec<Field>) -> (String, String) {
    let mut zh = Vec::new();
    let mut en = Vec::new();
    for (group, words) in GROUPS {
        let whole: Vec<Field> = Field::ALL
            .into_iter()
            .filter(|field| field.group() == group)
            .collect();
        if whole.iter().all(|field| fields.contains(field)) {
            fields.retain(|field| !whole.contains(field));
            zh.push(words.zh.to_owned());
            en.push(words.en.to_owned());
        }
    }
    for field in fields {
        let sensitive = field.group() == Group::Care;
        zh.push(format!(
            "{field}{}",
            if sensitive {
                "（敏感，须单独同意）"
            } else {
                ""
            }
        ));
        en.push(format!(
            "{field}{}",
            if sensitive {
                " (sensitive, needs her consent)"
            } else {
                ""
            }
        ));
    }
    if zh.is_empty() {
        return ("不含个人字段".into(), "no personal field".into());
    }
    (zh.join("、"), en.join(", "))
}

const fn kind_words(kind: Kind) -> Text {
    match kind {
        Kind::Departure => Text {
            zh: "流出通报",
            en: "departures",
        },
        Kind::Arrival => Text {
            zh: "流入通报",
            en: "arrivals",
        },
        Kind::Feedback => Text {
            zh: "反馈",
            en: "feedback",
        },
        Kind::Message => Text {
            zh: "留言",
            en: "messages",
        },
    }
}

const GROUPS: [(Group, Text); 4] = [
    (
        Group::Identity,
        Text {
            zh: "身份信息",
            en: "identity",
        },
    ),
    (
        Group::Movement,
        Text {
            zh: "流动信息",
            en: "movement",
        },
    ),
    (
        Group::Entitlement,
        Text {
            zh: "婚育证明",
            en: "entitlement certificate",
        },
    ),
    (
        Group::FreeText,
        Text {
            zh: "自由文本",
            en: "free text",
        },
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::samples::TEXT;

    #[test]
    fn the_sample_in_plain_words() {
        let (zh, en) = plain_words(&Agreement::parse(TEXT).unwrap());
        assert_eq!(
            zh,
            "协议 350582-530111/1（测试环境，仅限测试通报）\n\
             有效期：2026-01-01 至 2028-12-31，首尾两日均含\n\
             目的：mobility_service；合法性基础：basis of the test\n\
             晋江市 350582 → 官渡区 530111：流出通报，身份信息、流动信息、next_check_on（敏感，须单独同意），20日内送达\n\
             晋江市 350582 → 官渡区 530111：反馈，身份信息、next_check_on（敏感，须单独同意），30日内送达\n\
             官渡区 530111 → 晋江市 350582：反馈，自由文本，30日内送达\n\
             官渡区 530111 → 晋江市 350582：留言，自由文本，30日内送达\n"
        );
        assert_eq!(
            en,
            "Agreement 350582-530111/1 (sandbox, trial notices only)\n\
             In force: 2026-01-01 to 2028-12-31, both days included\n\
             Purpose: mobility_service; legal basis: basis of the test\n\
             晋江市 350582 → 官渡区 530111: departures, identity, movement, next_check_on (sensitive, needs her consent), delivered within 20 days\n\
             晋江市 350582 → 官渡区 530111: feedback, identity, next_check_on (sensitive, needs her consent), delivered within 30 days\n\
             官渡区 530111 → 晋江市 350582: feedback, free text, delivered within 30 days\n\
             官渡区 530111 → 晋江市 350582: messages, free text, delivered within 30 days\n"
        );
    }
}
