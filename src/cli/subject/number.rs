//! Reading an identity number where nobody else can.

use std::path::Path;

use super::super::{exit::Failure, language::both, unseen};
use crate::{
    domain::{
        problem::{Code, Text},
        resident::{NotAResidentNumber, ResidentNumber},
    },
    office::client::ClientError,
};

/// Reads a number from the first line of that file, else of standard input; on a terminal it is asked
/// for, and not shown.
///
/// # Errors
/// A fault of usage if it is none. It does not name what was read.
pub(super) fn read(file: Option<&Path>) -> Result<ResidentNumber, Failure> {
    let asked = Text {
        zh: "身份证号（不显示）：",
        en: "identity number (not shown): ",
    };
    let line = unseen::line(file, asked)?;
    let number: String = (line.chars())
        .filter(|c| !c.is_whitespace())
        .map(|c| if c == 'x' { 'X' } else { c })
        .collect();
    ResidentNumber::readable(&number).map_err(|error| {
        let code = match error {
            NotAResidentNumber::Format => Code::ResidentIdFormat,
            NotAResidentNumber::BirthDate => Code::ResidentIdBirthDate,
            NotAResidentNumber::CheckDigit => return wrong_check_digit().into_usage(),
        };
        let Text { zh, en } = code.text();
        Failure::usage(both(zh, format!("{en} ({code})")))
    })
}

/// What the node's no means where a person is looked up: the code alone speaks of a notice.
pub(super) fn refused(error: ClientError) -> Failure {
    match error {
        ClientError::Refused(refusal) if refusal.code == Code::ResidentIdCheckDigit.name() => {
            wrong_check_digit()
        }
        error => error.into(),
    }
}

fn wrong_check_digit() -> Failure {
    let code = Code::ResidentIdCheckDigit;
    Failure::refused(both(
        "身份证号校验位不符，也不持有该号码的信息；请与证件逐位核对后重新输入。",
        format!(
            "the identity number fails its check digit, and nothing is held under it; compare it with the card and give it again ({code})"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<ResidentNumber, Failure> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("number");
        std::fs::write(&path, text).unwrap();
        read(Some(&path))
    }

    #[test]
    fn a_number_is_read_however_it_is_spaced_and_nothing_else_is() {
        for text in [
            "34052419800101001X",
            " 340524 19800101 001x \r\nmore\n",
            "\u{feff}34052419800101001X\n",
        ] {
            assert_eq!(of(text).unwrap().as_str(), "34052419800101001X");
        }
        for text in [
            "",
            "\n34052419800101001X",
            "3405241980010100",
            "34052419801301001X",
        ] {
            let failure = of(text).unwrap_err();
            let said = format!("{failure:?}");
            assert!(said.contains("resident_id_"), "{said}");
            assert!(!said.contains("3405"), "{said}");
        }
    }
}
