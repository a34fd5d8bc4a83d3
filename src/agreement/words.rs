//! An agreement in plain words, for the person who says yes to it.

use std::fmt::Write as _;

use super::{
    attachments::{Desk, ImpactAssessment},
    grants::{AnswerTimes, KindTerms, Times},
    side::Side,
    terms::Agreement,
};
use crate::domain::{
    field::{Field, Group},
    notice::Kind,
    problem::Text,
};

/// What the agreement says, a line a grant, in Chinese and in English.
pub fn plain_words(agreement: &Agreement) -> (String, String) {
    let Agreement {
        version,
        a: _,
        b: _,
        sandbox,
        purpose,
        legal_basis,
        valid_from,
        valid_until,
        desk_a,
        desk_b,
        impact_assessment,
        grants,
        digest: _,
        text: _,
    } = agreement;
    let mut words = Words::default();
    let (environment_zh, environment_en) = if *sandbox {
        ("测试环境，仅限测试通报", "sandbox, trial notices only")
    } else {
        ("正式环境", "production")
    };
    words.line(
        &format!("协议 {version}（{environment_zh}）"),
        &format!("Agreement {version} ({environment_en})"),
    );
    for (side, desk) in [(Side::A, desk_a), (Side::B, desk_b)] {
        words.party(agreement, side, desk.as_ref());
    }
    words.line(
        &format!("有效期：{valid_from} 至 {valid_until}，首尾两日均含"),
        &format!("In force: {valid_from} to {valid_until}, both days included"),
    );
    words.line(
        &format!("目的：{purpose}；合法性基础：{legal_basis}"),
        &format!("Purpose: {purpose}; legal basis: {legal_basis}"),
    );
    match impact_assessment {
        Some(ImpactAssessment { digest, date }) => words.line(
            &format!("个人信息保护影响评估：{date}，文件 SHA-256 为 {digest}"),
            &format!("Impact assessment: of {date}, SHA-256 of the document {digest}"),
        ),
        None => words.line(
            "个人信息保护影响评估：未附",
            "Impact assessment: none attached",
        ),
    }
    for ((from, kind), terms) in grants {
        words.grant(agreement, *from, *kind, terms);
    }
    words.following();
    (words.zh, words.en)
}

#[derive(Default)]
struct Words {
    zh: String,
    en: String,
}

impl Words {
    fn line(&mut self, zh: &str, en: &str) {
        // Writing to a string does not fail.
        writeln!(self.zh, "{zh}").unwrap_or_default();
        writeln!(self.en, "{en}").unwrap_or_default();
    }

    fn party(&mut self, agreement: &Agreement, side: Side, desk: Option<&Desk>) {
        let (side_zh, side_en) = match side {
            Side::A => ("甲方", "Party a"),
            Side::B => ("乙方", "Party b"),
        };
        let area = agreement.party(side).label();
        let (desk_zh, desk_en) = match desk {
            Some(Desk { office, telephone }) => (
                format!("，联系：{office}，电话 {telephone}"),
                format!(", contact: {office}, telephone {telephone}"),
            ),
            None => (String::new(), String::new()),
        };
        self.line(
            &format!("{side_zh}：{area}{desk_zh}"),
            &format!("{side_en}: {area}{desk_en}"),
        );
    }

    /// What travels without a grant.
    fn following(&mut self) {
        let kinds = || Kind::ALL.into_iter().filter(|kind| kind.follows());
        let zh: Vec<&str> = kinds().map(|kind| kind_words(kind).zh).collect();
        let en: Vec<&str> = kinds().map(|kind| kind_words(kind).en).collect();
        self.line(
            &format!(
                "随上述通报双向传递：{}；更正所含字段与被更正的通报相同",
                zh.join("、")
            ),
            &format!(
                "With these, both ways: {}; a correction holds the fields of what it corrects",
                en.join(", ")
            ),
        );
    }

    fn grant(&mut self, agreement: &Agreement, from: Side, kind: Kind, terms: &KindTerms) {
        let KindTerms { fields, times } = terms;
        let (out, into) = (agreement.party(from), agreement.party(from.other()));
        let (out, into) = (out.label(), into.label());
        let kind = kind_words(kind);
        let (what_zh, what_en) = field_words(fields.iter().copied().collect());
        let (times_zh, times_en) = times_words(times);
        self.line(
            &format!("{out} → {into}：{}，{what_zh}；{times_zh}", kind.zh),
            &format!("{out} → {into}: {}, {what_en}; {times_en}", kind.en),
        );
    }
}

fn times_words(times: &Times) -> (String, String) {
    let Times {
        deliver_within,
        take_up_within,
        answer,
        keep_for,
    } = times;
    let mut zh = format!("{}内送达", deliver_within.zh());
    let mut en = format!("delivered within {deliver_within}");
    if let Some(days) = take_up_within {
        zh += &format!("，{}内接收", days.zh());
        en += &format!(", taken up within {days}");
    }
    if let Some(AnswerTimes {
        within,
        urgent_within,
    }) = answer
    {
        zh += &format!("，{}内反馈（急件{}内）", within.zh(), urgent_within.zh());
        en += &format!(", answered within {within} (urgent ones within {urgent_within})");
    }
    zh += &format!("，接收方保存{}", keep_for.zh());
    en += &format!(", kept by the receiver for {keep_for}");
    (zh, en)
}

/// Whole groups by their name, the rest field by field.
fn field_words(mut fields: Vec<Field>) -> (String, String) {
    let mut zh = Vec::new();
    let mut en = Vec::new();
    for group in WHOLE {
        let whole: Vec<Field> = Field::ALL
            .into_iter()
            .filter(|field| field.group() == group)
            .collect();
        if whole.iter().all(|field| fields.contains(field)) {
            fields.retain(|field| !whole.contains(field));
            let words = group.label();
            zh.push(words.zh.to_owned());
            en.push(words.en.to_owned());
        }
    }
    for field in fields {
        let label = field.label();
        let (note_zh, note_en) = if field.group() == Group::Care {
            (
                "（敏感，须本人单独同意）",
                " (sensitive, needs her consent)",
            )
        } else {
            ("", "")
        };
        zh.push(format!("{}{note_zh}", label.zh));
        en.push(format!("{}{note_en}", label.en));
    }
    if zh.is_empty() {
        return ("不含个人信息字段".into(), "no personal field".into());
    }
    (zh.join("、"), en.join(", "))
}

/// How people call a purpose of the templates; none for another, which is named by its code.
pub fn purpose_words(code: &str) -> Option<Text> {
    let (zh, en) = match code {
        "mobility_service" => ("流动人口服务", "services for people who move"),
        "regional_cooperation" => ("区域协作服务", "services in regional cooperation"),
        "trial" => ("试运行", "trial"),
        _ => return None,
    };
    Some(Text { zh, en })
}

/// How people call a kind.
pub const fn kind_words(kind: Kind) -> Text {
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
        Kind::VerificationRequest => Text {
            zh: "协查",
            en: "verification requests",
        },
        Kind::ServiceRecord => Text {
            zh: "服务通报",
            en: "service records",
        },
        Kind::ContinuityRequest => Text {
            zh: "服务接续请求",
            en: "continuity requests",
        },
        Kind::ContinuityTransfer => Text {
            zh: "服务接续信息",
            en: "continuity transfers",
        },
        Kind::CertificateQuery => Text {
            zh: "婚育证明查验",
            en: "certificate queries",
        },
        Kind::CertificateResult => Text {
            zh: "婚育证明查验结果",
            en: "certificate results",
        },
        Kind::Return => Text {
            zh: "返回通报",
            en: "returns",
        },
        Kind::Correction => Text {
            zh: "更正",
            en: "corrections",
        },
        Kind::Withdrawal => Text {
            zh: "撤回",
            en: "withdrawals",
        },
        Kind::Erasure => Text {
            zh: "删除",
            en: "erasures",
        },
        Kind::TakenUp => Text {
            zh: "接收通知",
            en: "take-ups",
        },
        Kind::Reminder => Text {
            zh: "催办",
            en: "reminders",
        },
        Kind::Bulletin => Text {
            zh: "月报",
            en: "bulletins",
        },
    }
}

/// The groups that are named whole.
const WHOLE: [Group; 4] = [
    Group::Identity,
    Group::Movement,
    Group::Entitlement,
    Group::FreeText,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::samples::TEXT;

    #[test]
    fn the_sample_in_plain_words() {
        let (zh, en) = plain_words(&Agreement::parse(TEXT).unwrap());
        let nines = "9".repeat(64);
        assert_eq!(
            zh,
            format!(
                "协议 350582-530111/1（测试环境，仅限测试通报）\n\
                 甲方：晋江市 350582\n\
                 乙方：官渡区 530111，联系：流动人口办公室，电话 0871-00000000\n\
                 有效期：2026-01-01 至 2028-12-31，首尾两日均含\n\
                 目的：mobility_service；合法性基础：basis of the test\n\
                 个人信息保护影响评估：2025-12-01，文件 SHA-256 为 {nines}\n\
                 晋江市 350582 → 官渡区 530111：流出通报，身份信息、流动信息、下次产检日期（敏感，须本人单独同意）；20日内送达，3个工作日内接收，10个工作日内反馈（急件7日内），接收方保存730日\n\
                 晋江市 350582 → 官渡区 530111：反馈，身份信息、下次产检日期（敏感，须本人单独同意）；30日内送达，接收方保存730日\n\
                 官渡区 530111 → 晋江市 350582：反馈，自由文本；30日内送达，接收方保存730日\n\
                 官渡区 530111 → 晋江市 350582：留言，自由文本；30日内送达，接收方保存730日\n\
                 随上述通报双向传递：更正、撤回、删除、接收通知、催办；更正所含字段与被更正的通报相同\n"
            )
        );
        assert_eq!(
            en,
            format!(
                "Agreement 350582-530111/1 (sandbox, trial notices only)\n\
                 Party a: 晋江市 350582\n\
                 Party b: 官渡区 530111, contact: 流动人口办公室, telephone 0871-00000000\n\
                 In force: 2026-01-01 to 2028-12-31, both days included\n\
                 Purpose: mobility_service; legal basis: basis of the test\n\
                 Impact assessment: of 2025-12-01, SHA-256 of the document {nines}\n\
                 晋江市 350582 → 官渡区 530111: departures, identity, movement, next check (sensitive, needs her consent); delivered within 20 calendar days, taken up within 3 working days, answered within 10 working days (urgent ones within 7 calendar days), kept by the receiver for 730 calendar days\n\
                 晋江市 350582 → 官渡区 530111: feedback, identity, next check (sensitive, needs her consent); delivered within 30 calendar days, kept by the receiver for 730 calendar days\n\
                 官渡区 530111 → 晋江市 350582: feedback, free text; delivered within 30 calendar days, kept by the receiver for 730 calendar days\n\
                 官渡区 530111 → 晋江市 350582: messages, free text; delivered within 30 calendar days, kept by the receiver for 730 calendar days\n\
                 With these, both ways: corrections, withdrawals, erasures, take-ups, reminders; a correction holds the fields of what it corrects\n"
            )
        );
    }
}
