//! The words by which offices name what they found.

/// The outcomes of a feedback, in the order in which people are offered them: the stable name of each,
/// and the words for it, the one that is offered first.
pub const OUTCOMES: [(&str, &[&str]); 8] = [
    ("confirmed", &["属实", "一致", "情况属实"]),
    ("corrected", &["已更正", "更正"]),
    ("not_found", &["查无此人"]),
    ("not_ours", &["不属本辖区", "非本辖区"]),
    ("moved_on", &["已再流出", "再流出"]),
    ("duplicate_of", &["重复", "重复通报"]),
    ("needs_information", &["需补充信息"]),
    ("consent_withdrawn", &["撤回同意", "已撤回同意"]),
];

/// The stable name of the outcome that those words name.
pub fn outcome_named(words: &str) -> Option<&'static str> {
    OUTCOMES
        .iter()
        .find(|(_, known)| known.contains(&words))
        .map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        cleaning::clean,
        field::Field,
        forbidden::is_forbidden,
        notice::{NoticeId, Outcome},
    };

    #[test]
    fn every_outcome_has_words_and_no_words_name_two() {
        let outcomes = [
            Outcome::Confirmed,
            Outcome::Corrected,
            Outcome::NotFound,
            Outcome::NotOurs,
            Outcome::MovedOn("530111".parse().unwrap()),
            Outcome::DuplicateOf(NoticeId::new([1; 8], 1)),
            Outcome::NeedsInformation,
            Outcome::ConsentWithdrawn,
        ];
        assert_eq!(
            OUTCOMES.map(|(name, _)| name),
            outcomes.map(|outcome| outcome.name())
        );
        let mut seen = std::collections::HashSet::new();
        for (name, words) in OUTCOMES {
            assert!(!words.is_empty(), "{name}");
            for word in words {
                assert!(seen.insert(*word), "{word}");
                assert!(!is_forbidden(word), "{word}");
                assert_eq!(clean(Field::Outcome, &format!(" {word} ")), name);
            }
            assert_eq!(clean(Field::Outcome, &name.to_uppercase()), name);
        }
        assert_eq!(clean(Field::Outcome, "不清楚"), "不清楚");
    }
}
