//! What figures, areas and states are called by those who read them.

use super::{Owes, spread::Band};
use crate::{
    agreement::kind_words,
    domain::{
        area::{AreaCode, County},
        case::{Response, WorkList},
        indicator::{Indicator, Reference, Unit, Value},
        language::Language,
        notice::Kind,
        problem::Text,
    },
};

/// A value without its n.
pub(super) fn value(value: Value, language: Language) -> String {
    match value {
        Value::Rate(rate) => rate.thousandths().map_or_else(String::new, per_cent),
        Value::Days { median, p90, .. } => format!("{} / {}", days(median), days(p90)),
        Value::Count(count) => count.to_string(),
        Value::Nothing => language.pick("无", "none").to_owned(),
        Value::Fewer => "<5".to_owned(),
        Value::Withheld => "—".to_owned(),
        Value::NotKnown => language.pick("未知", "not known").to_owned(),
    }
}

/// Of how many a value is, where that stands beside it.
pub(super) const fn n(value: Value) -> Option<u64> {
    match value {
        Value::Rate(rate) => Some(rate.whole),
        Value::Days { n, .. } => Some(n),
        Value::Count(_) | Value::Nothing | Value::Fewer | Value::Withheld | Value::NotKnown => None,
    }
}

/// A value with its n: `95.3% (128)`.
pub(super) fn with_n(it: Value, language: Language) -> String {
    let value = value(it, language);
    match n(it) {
        Some(n) => format!("{value} ({n})"),
        None => value,
    }
}

/// How people call an indicator, with what it is measured in where that does not follow.
pub(super) fn heading(indicator: Indicator, language: Language) -> String {
    let label = language.word(indicator.label());
    match (indicator.unit(), language) {
        (Unit::WorkingDays, Language::Zh) => format!("{label}（中位/九成，工作日）"),
        (Unit::WorkingDays, Language::En) => format!("{label} (median / p90, working days)"),
        (Unit::Rate | Unit::Count, _) => label.to_owned(),
    }
}

/// Thousandths as a percentage with one decimal.
pub(super) fn per_cent(thousandths: u64) -> String {
    format!("{}.{}%", thousandths / 10, thousandths % 10)
}

/// A number of working days.
pub(super) fn days(days: u32) -> String {
    if days < Response::LONGEST {
        days.to_string()
    } else {
        format!("{days}+")
    }
}

/// A band of working days: `4–7`, `31+`.
pub(super) fn band(band: Band) -> String {
    let Band { from, to, .. } = band;
    if to < Response::LONGEST {
        format!("{from}–{to}")
    } else {
        format!("{from}+")
    }
}

/// What an indicator is measured against.
pub(super) fn reference(reference: Reference) -> String {
    match reference {
        Reference::AtLeast(1_000) => "100%".to_owned(),
        Reference::AtLeast(least) if least.is_multiple_of(10) => format!("≥ {}%", least / 10),
        Reference::AtLeast(least) => format!("≥ {}", per_cent(least)),
        Reference::Within { median, p90 } => format!("≤ {median} / {p90}"),
    }
}

/// The whole name of an area: its county's with prefecture and province, then its code.
pub(super) fn area(area: AreaCode) -> String {
    match area.county().entry() {
        Some(entry) => {
            let names = [entry.province, entry.prefecture, entry.name].concat();
            format!("{names} {area}")
        }
        None => area.to_string(),
    }
}

/// What an area is called in a heading: the name of its county, with the code where that is finer.
pub(super) fn own_name(area: AreaCode) -> String {
    match area.county().entry() {
        Some(entry) if area.as_str().len() == 6 => entry.name.to_owned(),
        Some(entry) => format!("{} {area}", entry.name),
        None => area.to_string(),
    }
}

/// The other area of a row.
pub(super) fn peer(peer: Option<County>, language: Language) -> String {
    match peer {
        Some(peer) => peer.label(),
        None => language.pick("全部地区", "all areas").to_owned(),
    }
}

/// The kind of a row.
pub(super) fn kind(kind: Option<Kind>, language: Language) -> &'static str {
    match kind {
        Some(kind) => language.word(kind_words(kind)),
        None => language.pick("全部类别", "all kinds"),
    }
}

/// Who owed, in a word or two.
pub(super) const fn side(side: Owes) -> Text {
    match side {
        Owes::They => Text {
            zh: "对方反馈我方",
            en: "they answered us",
        },
        Owes::We => Text {
            zh: "我方反馈对方",
            en: "we answered them",
        },
    }
}

/// The question that the rows of a side answer.
pub(super) const fn question(side: Owes) -> Text {
    match side {
        Owes::They => Text {
            zh: "各地对我方通报的反馈情况",
            en: "Who answered us in time",
        },
        Owes::We => Text {
            zh: "我方对各地通报的反馈情况",
            en: "How we answered others",
        },
    }
}

/// Why there are gaps.
pub(super) const GAPS: Text = Text {
    zh: "“<5”表示不足5件，不予公布；“—”表示不足5件，或者公布后可由合计推算出不足5件的数字，一并略去。",
    en: "“<5” stands for fewer than five, of which nothing is told; “—” for what is fewer than five, or would let such a number be worked out from a sum.",
};

/// A side, in a word.
pub(super) const fn party(side: Owes) -> Text {
    match side {
        Owes::They => Text {
            zh: "对方",
            en: "they",
        },
        Owes::We => Text {
            zh: "我方",
            en: "we",
        },
    }
}

/// For what a list waits for a side.
pub(super) const fn waits_for(list: WorkList) -> Text {
    match list {
        WorkList::OneSided => Text {
            zh: "未建卡方",
            en: "no record",
        },
        WorkList::ToTakeUp
        | WorkList::ToVerify
        | WorkList::ToAnswer
        | WorkList::Overdue
        | WorkList::CorrectionsWaiting
        | WorkList::ToPassOn => Text {
            zh: "应办方",
            en: "whose turn",
        },
    }
}

/// What a list of cases is called.
pub(super) const fn list(list: WorkList) -> Text {
    let (zh, en) = match list {
        WorkList::ToTakeUp => ("待接收个案", "Cases to take up"),
        WorkList::ToVerify => ("待核实个案", "Cases to verify"),
        WorkList::ToAnswer => ("待反馈个案", "Cases to answer"),
        WorkList::Overdue => ("逾期未反馈个案", "Cases that are overdue"),
        WorkList::OneSided => ("一方未建卡个案", "Cases that one side has no record of"),
        WorkList::CorrectionsWaiting => ("待处理更正", "Cases with corrections to take up"),
        WorkList::ToPassOn => ("待转告个案", "Cases to pass on"),
    };
    Text { zh, en }
}
