//! What a notice says, in words for her.

use crate::{
    agreement::{kind_words, purpose_words},
    domain::{
        area::AreaCode,
        field::{Field, Group},
        language::Language,
        notice::Kind,
        outcome::OUTCOMES,
    },
    report::words,
};

/// The groups of some fields, each once, without what a kind cannot do without.
pub(super) fn groups_of(fields: impl Iterator<Item = Field>) -> Vec<Group> {
    let filled: Vec<Group> = fields.map(Field::group).collect();
    let groups = Group::ALL.into_iter();
    groups
        .filter(|group| *group != Group::Frame && filled.contains(group))
        .collect()
}

/// The purpose of an agreement as people call it, or its code where only its parties know it.
pub fn purpose(code: &str, language: Language) -> String {
    let words = purpose_words(code);
    words
        .map_or(code, |words| language.pick(words.zh, words.en))
        .to_owned()
}

/// A value as people write it: areas by name, codes in words.
pub fn field_value(field: Field, value: &str, language: Language) -> String {
    let coded = |words: &str| format!("{words}（{value}）");
    match field {
        Field::DestinationArea
        | Field::FromArea
        | Field::ManagingArea
        | Field::MovedToArea
        | Field::OriginArea
        | Field::ToArea => match value.parse::<AreaCode>() {
            Ok(area) => words::area(area),
            Err(_) => value.to_owned(),
        },
        Field::Kind | Field::Corrects => match value.parse::<Kind>() {
            Ok(it) => kind(it, language),
            Err(_) => value.to_owned(),
        },
        Field::MaritalStatus => match (value, language) {
            ("20", Language::Zh) => coded("已婚"),
            ("21", Language::Zh) => coded("初婚"),
            ("22", Language::Zh) => coded("再婚"),
            ("23", Language::Zh) => coded("复婚"),
            ("20", Language::En) => "married (20)".to_owned(),
            ("21", Language::En) => "first marriage (21)".to_owned(),
            ("22", Language::En) => "remarried (22)".to_owned(),
            ("23", Language::En) => "remarried to the former spouse (23)".to_owned(),
            _ => value.to_owned(),
        },
        Field::Outcome => {
            let known = OUTCOMES.iter().find(|(name, _)| *name == value);
            match (known, language) {
                (Some((_, [words, ..])), Language::Zh) => (*words).to_owned(),
                _ => value.replace('_', " "),
            }
        }
        _ => value.to_owned(),
    }
}

/// One notice of a kind.
pub(super) fn kind(kind: Kind, language: Language) -> String {
    match language {
        Language::Zh => kind_words(kind).zh.to_owned(),
        Language::En => kind.name().replace('_', " "),
    }
}
