//! In which language people are spoken to.

use std::env;

pub(super) use crate::domain::language::Language;
use crate::domain::problem::Sentence;

impl Language {
    /// The one that the locale of the process asks for: Chinese where it begins with `zh`.
    pub(super) fn of_process() -> Self {
        Self::of_locale(|name| env::var(name).ok())
    }

    /// The first of the variables of POSIX that is filled decides.
    fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(variable)
            .find(|value| !value.is_empty())
            .unwrap_or_default();
        if locale.to_ascii_lowercase().starts_with("zh") {
            Self::Zh
        } else {
            Self::En
        }
    }
}

/// A sentence in both languages.
pub(super) fn both(zh: impl Into<String>, en: impl Into<String>) -> Sentence {
    Sentence {
        zh: zh.into(),
        en: en.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_filled_variable_decides() {
        let of = |all: &str, messages: &str, lang: &str| {
            Language::of_locale(|name| {
                Some(
                    match name {
                        "LC_ALL" => all,
                        "LC_MESSAGES" => messages,
                        _ => lang,
                    }
                    .to_owned(),
                )
            })
        };
        assert_eq!(of("", "", "zh_CN.UTF-8"), Language::Zh);
        assert_eq!(of("", "zh_CN", "C"), Language::Zh);
        assert_eq!(of("C.UTF-8", "zh_CN", "zh_CN"), Language::En);
        assert_eq!(of("", "", ""), Language::En);
    }
}
