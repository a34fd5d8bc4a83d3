//! In what two texts of an agreement differ, for the two who thought that they held the same.

use super::{
    attachments::{Desk, ImpactAssessment},
    grants::{AnswerTimes, KindTerms, Times},
    side::Side,
    terms::Agreement,
    words::kind_words,
};
use crate::domain::{
    calendar::Days,
    field::{Field, Group},
    notice::Kind,
    problem::Sentence,
};

/// One thing that two agreements say differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What, by its place in the text: `valid_until`, `desk.a.telephone`,
    /// `grant.a.departure.next_check_on`, `kind.a.departure.keep_for`; behind `grant` and `kind`
    /// stands the side that sends.
    pub key: String,
    /// How people call it.
    pub label: Sentence,
    /// What the one says; `None` if it is silent.
    pub here: Option<Sentence>,
    /// What the other says.
    pub there: Option<Sentence>,
}

impl Difference {
    /// The difference as a line for a person.
    pub fn sentence(&self) -> Sentence {
        let Self {
            key,
            label,
            here,
            there,
        } = self;
        let zh = |said: &Option<Sentence>| {
            said.as_ref()
                .map_or_else(|| "无".into(), |it| it.zh.clone())
        };
        let en = |said: &Option<Sentence>| {
            said.as_ref()
                .map_or_else(|| "none".into(), |it| it.en.clone())
        };
        Sentence {
            zh: format!(
                "{}（{key}）：本方 {}，对方 {}",
                label.zh,
                zh(here),
                zh(there)
            ),
            en: format!(
                "{} ({key}): here {}, there {}",
                label.en,
                en(here),
                en(there)
            ),
        }
    }
}

/// All that two agreements say differently, in the order of the text: what they are, who stands
/// behind them, then, side by side and kind by kind, what may travel and within what times. Where
/// only one of them lets a kind through, that is all that is told of it. Empty exactly where the
/// digests are equal.
pub fn diff(here: &Agreement, there: &Agreement) -> Vec<Difference> {
    let mut found = Found::default();
    found.all("", head(here), head(there));
    for from in Side::ALL {
        for kind in Kind::ALL {
            let key = format!("{}.{kind}", from.name());
            let label = Sentence {
                zh: format!("{}方{}", zh_of(from), kind_words(kind).zh),
                en: format!("{} from {}", kind_words(kind).en, from.name()),
            };
            match (here.terms(from, kind), there.terms(from, kind)) {
                (Some(here), Some(there)) => {
                    let under = format!("grant.{key}.");
                    found.all(&under, fields(here, &label), fields(there, &label));
                    let under = format!("kind.{key}.");
                    found.all(&under, times(here, &label), times(there, &label));
                }
                (None, None) => {}
                (here, there) => found.0.push(Difference {
                    key: format!("grant.{key}"),
                    label,
                    here: Some(allowed(here.is_some())),
                    there: Some(allowed(there.is_some())),
                }),
            }
        }
    }
    found.0
}

#[derive(Default)]
struct Found(Vec<Difference>);

impl Found {
    /// Compares two lists that hold the same keys in the same order.
    fn all(&mut self, under: &str, here: Vec<Entry>, there: Vec<Entry>) {
        for (here, there) in here.into_iter().zip(there) {
            if here.said != there.said {
                self.0.push(Difference {
                    key: format!("{under}{}", here.key),
                    label: here.label,
                    here: here.said,
                    there: there.said,
                });
            }
        }
    }
}

/// One thing that every agreement says, or is silent about.
struct Entry {
    key: &'static str,
    label: Sentence,
    said: Option<Sentence>,
}

/// What stands before the grants.
fn head(agreement: &Agreement) -> Vec<Entry> {
    let Agreement {
        version,
        a,
        b,
        sandbox,
        purpose,
        legal_basis,
        valid_from,
        valid_until,
        desk_a,
        desk_b,
        impact_assessment,
        grants: _,
        digest: _,
        text: _,
    } = agreement;
    let mode = if *sandbox {
        sentence("测试", "sandbox")
    } else {
        sentence("正式", "production")
    };
    let assessment = impact_assessment.as_ref();
    let assessed = assessment.map(|ImpactAssessment { digest, date }| (digest, date));
    let office = |desk: &Option<Desk>| desk.as_ref().map(|desk| same(&desk.office));
    let telephone = |desk: &Option<Desk>| desk.as_ref().map(|desk| same(&desk.telephone));
    [
        ("id", "协议编号", "id", Some(same(version.id))),
        ("version", "版本", "version", Some(same(version.version))),
        ("parties.a", "甲方", "party a", Some(same(a.label()))),
        ("parties.b", "乙方", "party b", Some(same(b.label()))),
        ("sandbox", "环境", "environment", Some(mode)),
        ("purpose", "目的", "purpose", Some(same(purpose))),
        (
            "legal_basis",
            "合法性基础",
            "legal basis",
            Some(same(legal_basis)),
        ),
        (
            "valid_from",
            "生效日期",
            "first day",
            Some(same(valid_from)),
        ),
        (
            "valid_until",
            "截止日期",
            "last day",
            Some(same(valid_until)),
        ),
        (
            "desk.a.office",
            "甲方联系科室",
            "contact of a",
            office(desk_a),
        ),
        (
            "desk.a.telephone",
            "甲方联系电话",
            "telephone of a",
            telephone(desk_a),
        ),
        (
            "desk.b.office",
            "乙方联系科室",
            "contact of b",
            office(desk_b),
        ),
        (
            "desk.b.telephone",
            "乙方联系电话",
            "telephone of b",
            telephone(desk_b),
        ),
        (
            "impact_assessment.digest",
            "影响评估文件摘要",
            "digest of the impact assessment",
            assessed.map(|(digest, _)| same(digest)),
        ),
        (
            "impact_assessment.date",
            "影响评估日期",
            "day of the impact assessment",
            assessed.map(|(_, date)| same(date)),
        ),
    ]
    .into_iter()
    .map(|(key, zh, en, said)| Entry {
        key,
        label: sentence(zh, en),
        said,
    })
    .collect()
}

/// Every field that can be granted, and whether it is.
fn fields(terms: &KindTerms, of: &Sentence) -> Vec<Entry> {
    let granted = Field::ALL
        .into_iter()
        .filter(|field| field.group() != Group::Frame);
    granted
        .map(|field| Entry {
            key: field.name(),
            label: part(of, field.label().zh, field.label().en),
            said: Some(allowed(terms.fields.contains(&field))),
        })
        .collect()
}

fn times(terms: &KindTerms, of: &Sentence) -> Vec<Entry> {
    let Times {
        deliver_within,
        take_up_within,
        answer,
        keep_for,
    } = &terms.times;
    let days = |days: Days| sentence(&days.zh(), &days.to_string());
    let within = answer.map(|AnswerTimes { within, .. }| within);
    let urgent = answer.map(|AnswerTimes { urgent_within, .. }| urgent_within);
    [
        (
            "deliver_within",
            "送达期限",
            "delivery",
            Some(*deliver_within),
        ),
        ("take_up_within", "接收期限", "take-up", *take_up_within),
        ("answer_within", "反馈期限", "answer", within),
        (
            "answer_urgent_within",
            "急件反馈期限",
            "urgent answer",
            urgent,
        ),
        ("keep_for", "保存期限", "retention", Some(*keep_for)),
    ]
    .into_iter()
    .map(|(key, zh, en, said)| Entry {
        key,
        label: part(of, zh, en),
        said: said.map(days),
    })
    .collect()
}

fn part(of: &Sentence, zh: &str, en: &str) -> Sentence {
    Sentence {
        zh: format!("{}的{zh}", of.zh),
        en: format!("{}, {en}", of.en),
    }
}

fn allowed(granted: bool) -> Sentence {
    if granted {
        sentence("允许", "allowed")
    } else {
        sentence("不允许", "not allowed")
    }
}

const fn zh_of(side: Side) -> &'static str {
    match side {
        Side::A => "甲",
        Side::B => "乙",
    }
}

fn sentence(zh: &str, en: &str) -> Sentence {
    Sentence {
        zh: zh.to_owned(),
        en: en.to_owned(),
    }
}

/// What reads alike in both languages.
fn same(value: impl ToString) -> Sentence {
    let value = value.to_string();
    sentence(&value, &value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::samples::TEXT;

    /// What differs if that is replaced by this.
    fn keys(from: &str, to: &str) -> Vec<String> {
        let here = Agreement::parse(TEXT).unwrap();
        let text = TEXT.replacen(from, to, 1);
        assert_ne!(text, TEXT, "{from}");
        let there = Agreement::parse(&text).unwrap_or_else(|error| panic!("{from}: {error}"));
        assert_ne!(here.digest(), there.digest(), "{from}");
        diff(&here, &there).into_iter().map(|it| it.key).collect()
    }

    #[test]
    fn every_part_of_the_text_that_changes_is_named() {
        for (from, to, expected) in [
            ("version = 1", "version = 2", &["version"][..]),
            ("sandbox = true", "sandbox = false", &["sandbox"]),
            ("mobility_service", "mobility", &["purpose"]),
            ("basis of the test", "basis", &["legal_basis"]),
            ("2026-01-01", "2026-01-02", &["valid_from"]),
            ("2028-12-31", "2028-12-30", &["valid_until"]),
            (
                "[desk.b]",
                "[desk.a]",
                &[
                    "desk.a.office",
                    "desk.a.telephone",
                    "desk.b.office",
                    "desk.b.telephone",
                ],
            ),
            ("0871-00000000", "0871-00000001", &["desk.b.telephone"]),
            ("9999", "0000", &["impact_assessment.digest"]),
            ("2025-12-01", "2025-12-02", &["impact_assessment.date"]),
            (
                "\"next_check_on\"",
                "\"last_check_on\"",
                &[
                    "grant.a.departure.last_check_on",
                    "grant.a.departure.next_check_on",
                    "grant.a.feedback.last_check_on",
                    "grant.a.feedback.next_check_on",
                ],
            ),
            (
                "20 calendar days",
                "21 calendar days",
                &["kind.a.departure.deliver_within"],
            ),
            (
                "10 working days",
                "10 calendar days",
                &["kind.a.departure.answer_within"],
            ),
            (", \"message\"]", "]", &["grant.b.message"]),
            (
                "answer_within = \"10 working days\"",
                "keep_for = \"731 calendar days\"",
                &[
                    "kind.a.departure.answer_within",
                    "kind.a.departure.keep_for",
                ],
            ),
            (
                "[\"departure\", \"feedback\"]",
                "[\"departure\", \"feedback\", \"arrival\"]",
                &["grant.a.arrival"],
            ),
        ] {
            assert_eq!(keys(from, to), expected, "{from}");
        }
    }

    #[test]
    fn a_text_does_not_differ_from_itself() {
        let agreement = Agreement::parse(TEXT).unwrap();
        assert_eq!(diff(&agreement, &agreement), []);
    }

    #[test]
    fn people_read_a_difference_as_a_line() {
        let here = Agreement::parse(TEXT).unwrap();
        let text = TEXT
            .replace("10 working days", "7 calendar days")
            .replace("\"next_check_on\"", "\"provider\"");
        let there = Agreement::parse(&text).unwrap();
        let told = diff(&here, &there);
        let told: Vec<Sentence> = told.iter().map(Difference::sentence).collect();
        assert_eq!(
            told[0].zh,
            "甲方流出通报的下次产检日期（grant.a.departure.next_check_on）：本方 允许，对方 不允许"
        );
        assert_eq!(
            told[2].en,
            "departures from a, answer (kind.a.departure.answer_within): here 10 working days, there 7 calendar days"
        );
        let desks = text.replace("[desk.b]", "[desk.a]");
        let told = diff(&there, &Agreement::parse(&desks).unwrap());
        assert_eq!(
            told[0].sentence().zh,
            "甲方联系科室（desk.a.office）：本方 无，对方 流动人口办公室"
        );
    }
}
