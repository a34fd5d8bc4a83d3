//! A command line that cannot be read, told without what it holds: a value may be somebody's number
//! or name, and what is printed may stand in a log for years.

use std::{error::Error as _, ffi::OsString};

use clap::{
    Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::language::both;
use crate::domain::{audit::NotAReason, problem::Sentence};

/// What to say where the words of clap would show a value; none where they show names alone.
pub(super) fn told(error: &Error) -> Option<Sentence> {
    let option = text(error, ContextKind::InvalidArg);
    let Sentence { mut zh, mut en } = match error.kind() {
        ErrorKind::ValueValidation | ErrorKind::InvalidValue | ErrorKind::TooManyValues => {
            let value = text(error, ContextKind::InvalidValue).filter(|value| !value.is_empty())?;
            let Sentence { zh, en } = why(error, value);
            let option = option?;
            both(
                format!("“{option}”的值不可用{zh}"),
                format!("the value of '{option}' cannot be used{en}"),
            )
        }
        ErrorKind::UnknownArgument => stray(option?),
        ErrorKind::InvalidSubcommand => {
            match text(error, ContextKind::InvalidSubcommand).filter(|word| is_a_name(word)) {
                Some(word) => both(
                    format!("没有“{word}”这个命令"),
                    format!("there is no command '{word}'"),
                ),
                None => both(
                    "命令行中有一处应为命令，写的却不是任何命令",
                    "where a command should stand on the command line, something else does",
                ),
            }
        }
        _ => return None,
    };
    for kind in [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
    ] {
        // These are names of ours.
        if let Some(names) = names(error, kind) {
            zh = format!("{zh}；是否指 {names}？");
            en = format!("{en}; is {names} meant?");
        }
    }
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        zh = format!("{zh}\n\n{usage}");
        en = format!("{en}\n\n{usage}");
    }
    Some(both(
        format!("{zh}\n\n用法说明：加 --help。"),
        format!("{en}\n\nFor more information, try '--help'."),
    ))
}

/// The sentence without those parts of the command line that hold what may be an identity number. Names
/// of backups and ids of notices have as many digits, but dashes between them.
pub(super) fn without_numbers(told: Sentence, words: &[OsString]) -> Sentence {
    let Sentence { mut zh, mut en } = told;
    for word in words {
        let word = word.to_string_lossy();
        // Of a path and of `--option=value` what stands between may be shown on its own.
        for part in word.split(['/', '=']).filter(|part| has_a_number(part)) {
            zh = zh.replace(part, "…");
            en = en.replace(part, "…");
        }
    }
    Sentence { zh, en }
}

/// Whether so many digits stand together as in an identity number, the old ones included.
fn has_a_number(text: &str) -> bool {
    let mut run = 0_u32;
    text.chars().any(|c| {
        run = if c.is_numeric() {
            run.saturating_add(1)
        } else {
            0
        };
        run >= 15
    })
}

/// Why a value is refused, or which ones there are.
fn why(error: &Error, value: &str) -> Sentence {
    if let Some(values) = names(error, ContextKind::ValidValue) {
        return both(format!("，可用：{values}"), format!("; one of: {values}"));
    }
    let Some(source) = error.source() else {
        return both("", "");
    };
    if let Some(refused) = source.downcast_ref::<NotAReason>() {
        let Sentence { zh, en } = refused.sentence();
        return both(format!("：{zh}"), format!(": {en} ({})", refused.code()));
    }
    // A library may show the value itself, as where a number lies outside a range.
    let source = source.to_string().replace(value, "…");
    // Or as it read it.
    if has_a_number(&source) {
        return both("", "");
    }
    // What our own readers say is Chinese, then English.
    let (zh, en) = source.split_once("。 ").unwrap_or((&source, &source));
    both(format!("：{zh}"), format!(": {en}"))
}

/// An argument that no command asked for: named where it is an option's name, which holds nobody's.
fn stray(word: &str) -> Sentence {
    match word.strip_prefix("--").filter(|name| is_a_name(name)) {
        Some(_) => both(
            format!("没有选项“{word}”"),
            format!("there is no option '{word}'"),
        ),
        None => both(
            "命令行中多了一个参数：它不属于任何选项，本命令也不需要它（不显示其内容）。身份证号不要写在命令行上",
            "the command line holds an argument too many: it belongs to no option, and the command takes none such (it is not shown); an identity number never goes on the command line",
        ),
    }
}

/// Whether it is written as the names of commands and options are.
fn is_a_name(word: &str) -> bool {
    word.len() <= LONGEST_NAME
        && word.starts_with(|first: char| first.is_ascii_lowercase())
        && (word.bytes()).all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

fn text(error: &Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}

fn names(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(name) => Some(name.clone()),
        ContextValue::Strings(names) if !names.is_empty() => Some(names.join(", ")),
        _ => None,
    }
}

/// No name of ours is longer.
const LONGEST_NAME: usize = 24;

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::{super::Arguments, *};

    /// What is said of the words of that line and one more; none where they can be read.
    fn refused(line: &str, last: &str) -> Option<Sentence> {
        let words = line.split(' ').chain([last]);
        let error = (Arguments::command().try_get_matches_from(words)).err()?;
        let words = error.to_string();
        Some(told(&error).unwrap_or_else(|| both(words.clone(), words)))
    }

    fn said(line: &str, last: &str) -> Sentence {
        refused(line, last).unwrap()
    }

    #[test]
    fn no_value_is_shown_whatever_it_is_refused_for() {
        for line in [
            "hongyan",
            "hongyan subject",
            "hongyan subject report --node n --purpose p",
            "hongyan subject report --node n --purpose",
            "hongyan subject report --node n --lang",
            "hongyan notice show --node n --reason",
            "hongyan case show --node n --reason",
            "hongyan case list --node n --list",
            "hongyan authority sign --valid-hours",
            "hongyan audit list --node n --act",
            "hongyan audit list --node n --home",
            "hongyan audit list --node n --from",
            "hongyan breach report --node n --until",
            "hongyan backup --node n --to t --keep-until",
            "hongyan consent record --node n --how",
            "hongyan certificate ask --node n --wait",
            "hongyan agreement end --node n --reason",
            "hongyan case take --node n",
        ] {
            for number in ["990001199001050082", "她的号码是990001199001050082"] {
                let Sentence { zh, en } = said(line, number);
                for told in [&zh, &en] {
                    assert!(!told.contains("990001"), "{line}: {told}");
                    assert!(!told.contains("号码是"), "{line}: {told}");
                }
            }
            // A name may be a purpose; where it is refused it is not shown.
            if let Some(Sentence { zh, en }) = refused(line, "张三") {
                assert!(!zh.contains("张三") && !en.contains("张三"), "{line}: {en}");
            }
        }
    }

    #[test]
    fn it_is_told_which_argument_is_meant_and_why() {
        let number = "990001199001050082";
        let Sentence { zh, en } = said("hongyan subject report --node n --purpose", number);
        assert!(
            zh.contains("“--purpose <TEXT>”的值不可用：事由中似有身份证号"),
            "{zh}"
        );
        assert!(en.contains("'--purpose <TEXT>'"), "{en}");
        assert!(en.contains("reason_identity_number"), "{en}");
        let stray = said("hongyan subject report --node n --purpose p", number);
        assert!(stray.en.contains("an argument too many"), "{}", stray.en);
        assert!(stray.en.contains("Usage: "), "{}", stray.en);
        let Sentence { zh, en } = said("hongyan", "publsh");
        assert!(
            zh.contains("没有“publsh”这个命令；是否指 publish？"),
            "{zh}"
        );
        assert!(
            en.contains("no command 'publsh'; is publish meant?"),
            "{en}"
        );
        let option = said(
            "hongyan subject report --node n --purpose p",
            "--nmber-file=x",
        );
        assert!(option.en.contains("'--nmber-file'"), "{}", option.en);
        let listed = said("hongyan subject report --node n --lang", "xx");
        assert!(listed.en.contains("; one of: zh, en"), "{}", listed.en);
    }

    #[test]
    fn a_word_that_may_be_a_number_is_not_told_wherever_it_was_written() {
        let number = "990001199001050082";
        let failure = both(
            format!("无法读取 {number}"),
            format!("cannot read ./{number}: No such file"),
        );
        for word in [number.to_owned(), format!("--number-file={number}")] {
            let Sentence { zh, en } = without_numbers(failure.clone(), &[word.into()]);
            assert_eq!(zh, "无法读取 …");
            assert_eq!(en, "cannot read ./…: No such file");
        }
        let within = both("", format!("there is no directory out/{number}"));
        let told = without_numbers(within, &[format!("--out=out/{number}/page.html=").into()]);
        assert_eq!(told.en, "there is no directory out/…");
        // What has as many digits and is nobody's number.
        let backup = "/backup/350582-20261123-150405123/manifest.jsonl";
        let told = without_numbers(both("", backup), &[backup.into()]);
        assert_eq!(told.en, backup);
    }
}
