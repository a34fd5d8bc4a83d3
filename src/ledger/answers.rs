//! The columns of a feedback sheet: those in which an office answers, and those by which a person knows
//! the row again, which do not travel.

use std::{collections::HashMap, sync::LazyLock};

use super::columns::{Column, Mapping, column, normal};
use crate::domain::{cleaning::compact, field::Field, problem::Text};

/// What a column of a feedback sheet means, by its heading.
pub(super) fn answer_column(heading: &str, mapping: &Mapping) -> Column {
    own(heading, mapping).unwrap_or_else(|| {
        // Whatever it is in a ledger of moves, here it is only shown.
        match column(heading, None, &Mapping::default()) {
            meaning @ (Column::Forbidden | Column::Unknown) => meaning,
            _ => Column::Dropped,
        }
    })
}

/// Whether a column by that heading says which notice is answered, or how.
pub(super) fn names_an_answer(heading: &str, mapping: &Mapping) -> bool {
    matches!(
        own(heading, mapping),
        Some(Column::Field(Field::Answers | Field::Outcome))
    )
}

/// What the heading means in a feedback sheet and nowhere else.
fn own(heading: &str, mapping: &Mapping) -> Option<Column> {
    let normal = normal(heading);
    if let Some(field) = mapping.field(&normal) {
        let answers = ANSWERS.iter().any(|(answer, ..)| *answer == field);
        return Some(if answers {
            Column::Field(field)
        } else {
            Column::Dropped
        });
    }
    let known = KNOWN.get(&normal);
    let known = known.or_else(|| KNOWN.get(&compact(heading).to_ascii_lowercase()));
    known.cloned()
}

/// The columns by their headings without spaces and marks, and by the names of their fields.
static KNOWN: LazyLock<HashMap<String, Column>> = LazyLock::new(|| {
    let mut known = HashMap::new();
    for text in SHOWN {
        known.extend([text.zh, text.en].map(|heading| (normal(heading), Column::Dropped)));
    }
    for (field, text, others) in ANSWERS {
        let headings = [text.zh, text.en].into_iter().chain(others.iter().copied());
        known.extend(headings.map(|heading| (normal(heading), Column::Field(field))));
        known.insert(field.name().to_owned(), Column::Field(field));
    }
    known
});

/// The columns in which an office answers: how we head them, and how others do.
pub(super) const ANSWERS: [(Field, Text, &[&str]); 7] = [
    (
        Field::Answers,
        NOTICE,
        &["所答通报编号", "通报号", "通报id"],
    ),
    (Field::Outcome, OUTCOME, &["反馈结论"]),
    (Field::EventDate, FEEDBACK_DAY, &["反馈时间"]),
    (
        Field::MovedToArea,
        MOVED_TO,
        &[
            "再流往地",
            "再流往地代码",
            "再流往地区划",
            "再流入地",
            "再流入地区划代码",
        ],
    ),
    (Field::DuplicateOf, DUPLICATE_OF, &["重复通报编号"]),
    (Field::Note, NOTE, &["反馈说明", "情况说明"]),
    (
        Field::Reference,
        Field::Reference.label(),
        &["业务流水号", "业务号", "参考号"],
    ),
];

/// The columns by which a person knows the row again.
const SHOWN: [Text; 9] = [
    KIND,
    NAME,
    NUMBER,
    PHONE,
    DAY,
    ORIGIN,
    DESTINATION,
    ADDRESS,
    DUE,
];

pub(super) const NOTICE: Text = Text {
    zh: "通报编号",
    en: "notice id",
};
pub(super) const KIND: Text = Field::Kind.label();
pub(super) const NAME: Text = Field::Name.label();
pub(super) const NUMBER: Text = Field::ResidentId.label();
pub(super) const PHONE: Text = Field::Phone.label();
pub(super) const DAY: Text = Text {
    zh: "流动日期",
    en: "date of the move",
};
pub(super) const ORIGIN: Text = Text {
    zh: "户籍地",
    en: "origin",
};
pub(super) const DESTINATION: Text = Text {
    zh: "现居住地",
    en: "destination",
};
pub(super) const ADDRESS: Text = Field::DestinationAddress.label();
pub(super) const DUE: Text = Text {
    zh: "应反馈日期",
    en: "answer due",
};
pub(super) const OUTCOME: Text = Field::Outcome.label();
pub(super) const FEEDBACK_DAY: Text = Text {
    zh: "反馈日期",
    en: "feedback date",
};
pub(super) const MOVED_TO: Text = Field::MovedToArea.label();
pub(super) const DUPLICATE_OF: Text = Field::DuplicateOf.label();
pub(super) const NOTE: Text = Field::Note.label();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::forbidden::is_forbidden;

    #[test]
    fn no_heading_means_two_things() {
        let mut seen = std::collections::HashSet::new();
        for (_, text, others) in ANSWERS {
            for heading in [text.zh, text.en].iter().chain(others) {
                assert!(seen.insert(normal(heading)), "{heading}");
                assert!(!is_forbidden(heading), "{heading}");
            }
            assert!(others.iter().all(|other| normal(other) == *other));
        }
        for heading in SHOWN.iter().flat_map(|text| [text.zh, text.en]) {
            assert!(seen.insert(normal(heading)), "{heading}");
            assert!(!is_forbidden(heading), "{heading}");
        }
    }

    #[test]
    fn only_answers_are_kept_and_whatever_names_a_person_is_dropped() {
        let none = Mapping::default();
        for (heading, expected) in [
            ("通报编号*", Column::Field(Field::Answers)),
            ("反馈结果（必填）", Column::Field(Field::Outcome)),
            ("反 馈 日 期", Column::Field(Field::EventDate)),
            ("再流往地", Column::Field(Field::MovedToArea)),
            ("说明", Column::Field(Field::Note)),
            ("Notice ID", Column::Field(Field::Answers)),
            ("event_date", Column::Field(Field::EventDate)),
            ("流动日期", Column::Dropped),
            ("应反馈日期", Column::Dropped),
            ("身份证号码", Column::Dropped),
            ("subject.name", Column::Dropped),
            ("发送方区划代码", Column::Dropped),
            ("备注", Column::Dropped),
            ("户籍地", Column::Dropped),
            ("丈夫姓名", Column::Unknown),
            ("社会抚养费", Column::Forbidden),
            ("", Column::Unknown),
        ] {
            assert_eq!(answer_column(heading, &none), expected, "{heading}");
        }
        let mapping = "[columns]\n\"结果\" = \"outcome\"\n\"证件\" = \"subject.resident_id\"";
        let mapping = Mapping::parse(mapping).unwrap();
        assert_eq!(
            answer_column("结果", &mapping),
            Column::Field(Field::Outcome)
        );
        assert_eq!(answer_column("证件", &mapping), Column::Dropped);
    }
}
