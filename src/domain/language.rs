//! The languages that people are spoken to in.

use super::problem::{Sentence, Text};

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
}

impl Language {
    /// The one of the two in this language.
    pub fn pick<T>(self, zh: T, en: T) -> T {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }

    /// The sentence in this language.
    pub fn of(self, sentence: &Sentence) -> &str {
        self.pick(&sentence.zh, &sentence.en)
    }

    /// The word in this language.
    pub fn word(self, word: Text) -> &'static str {
        self.pick(word.zh, word.en)
    }
}
