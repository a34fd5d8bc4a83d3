//! TOML documents that people write, with errors that name the key and never show a value.

use serde::de::DeserializeOwned;
use strsim::jaro_winkler;

/// Reads a document into its raw form, whose every struct denies unknown fields.
///
/// # Errors
/// The first fault, with its line and key; for an unknown key the known one that is nearest.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, DocumentError> {
    toml::from_str(text).map_err(|error| DocumentError::new(text, &error))
}

/// The name of `known` that is most like a name, if any is like it at all.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

/// The line that the byte at that offset of a document stands on, from 1.
pub fn line_at(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or_default();
    before.matches('\n').count().saturating_add(1)
}

/// Why a document cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// A key that the document does not know.
    #[error("line {line}: unknown key `{key}`{}", hint(.nearest))]
    UnknownKey {
        /// Line, from 1.
        line: usize,
        /// The key as written.
        key: String,
        /// The known key that is most like it.
        nearest: Option<String>,
    },
    /// A key that must be there.
    #[error("{}`{key}` is missing", at(.line))]
    MissingKey {
        /// Line of the head of its table, from 1; none for a key that stands in no table.
        line: Option<usize>,
        /// The key.
        key: String,
    },
    /// A value of another type than the key takes.
    #[error("line {line}: `{key}` takes {expected}")]
    WrongType {
        /// Line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// What it takes.
        expected: String,
    },
    /// No TOML.
    #[error("line {line}: cannot be read as TOML{}", near(.key))]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// The key that the line begins with, or its section.
        key: String,
    },
}

impl DocumentError {
    fn new(text: &str, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or_default();
        let line = line_at(text, span.start);
        let message = error.message();
        let quoted = |from: &str| -> Option<String> {
            let (_, rest) = message.split_once(from)?;
            rest.split('`').next().map(ToOwned::to_owned)
        };
        if let Some(key) = quoted("unknown field `") {
            let known = message.split_once("expected").map_or("", |(_, rest)| rest);
            let nearest = nearest(&key, known.split('`').skip(1).step_by(2)).map(ToOwned::to_owned);
            return Self::UnknownKey { line, key, nearest };
        }
        if let Some(key) = quoted("missing field `") {
            let line = (!span.is_empty()).then_some(line);
            return Self::MissingKey { line, key };
        }
        let key = key_at(text, line);
        let expected = message.rsplit_once("expected ").map(|(_, what)| what);
        match expected {
            Some(expected)
                if ["type", "value", "length"].into_iter().any(|what| {
                    message
                        .strip_prefix("invalid ")
                        .is_some_and(|rest| rest.starts_with(what))
                }) =>
            {
                Self::WrongType {
                    line,
                    key,
                    expected: in_words(expected),
                }
            }
            Some(_) | None => Self::Syntax { line, key },
        }
    }
}

/// Begins and ends a value of several lines.
const QUOTES: &str = "\"\"\"";

fn at(line: &Option<usize>) -> String {
    line.map(|line| format!("line {line}: "))
        .unwrap_or_default()
}

fn near(key: &str) -> String {
    match key {
        "" => String::new(),
        key => format!(" near `{key}`"),
    }
}

/// A type in words for people.
fn in_words(expected: &str) -> String {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number".to_owned(),
        other => other.to_owned(),
    }
}

/// The key of a line, behind the section that it stands in.
fn key_at(text: &str, line: usize) -> String {
    let mut section = "";
    let mut key = "";
    let mut inside = false;
    for line in text.lines().take(line) {
        let line = line.trim();
        let began_inside = inside;
        inside ^= (line.matches(QUOTES).count() % 2) == 1;
        if began_inside {
            // A line of a value, whatever it looks like.
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_matches(['[', ']', ' ']);
            key = "";
        } else if let Some((name, _)) = line.split_once('=') {
            key = name.trim();
        }
    }
    match (section, key) {
        ("", key) => key.to_owned(),
        (section, "") => section.to_owned(),
        (section, key) => format!("{section}.{key}"),
    }
}

fn hint(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Sample {
        listen: String,
        limits: Option<Limits>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Limits {
        streams: u32,
        connections: Option<u32>,
    }

    #[test]
    fn errors_name_the_key_and_show_no_value() {
        let cases = [
            (
                "listn = 1",
                "line 1: unknown key `listn`; did you mean `listen`?",
            ),
            (
                "listen = ''\n[limits]\nstreams = 1\nconections = 2",
                "line 4: unknown key `conections`; did you mean `connections`?",
            ),
            ("zzz = 1", "line 1: unknown key `zzz`"),
            ("[limits]\nstreams = 1", "`listen` is missing"),
            (
                "listen = ''\n[limits]\nconnections = 1",
                "line 2: `streams` is missing",
            ),
            ("listen = 12345", "line 1: `listen` takes a string"),
            (
                "listen = ''\n[limits]\nstreams = 'secret'",
                "line 3: `limits.streams` takes a whole number",
            ),
            (
                "listen = ''\n[limits]\nstreams = -5",
                "line 3: `limits.streams` takes a whole number",
            ),
            (
                "listen = 'secret",
                "line 1: cannot be read as TOML near `listen`",
            ),
            (
                "listen = \"\"\"\nsecret= \n\"\"\"\nsecret",
                "line 4: cannot be read as TOML near `listen`",
            ),
            (
                "listen = 'a'\nlisten = 'secret'",
                "line 2: cannot be read as TOML near `listen`",
            ),
        ];
        for (text, expected) in cases {
            let error = parse::<Sample>(text).unwrap_err().to_string();
            assert_eq!(error, expected, "{text}");
        }
    }
}
