//! Reading an identity number where nobody else can: never from the command line, which every process
//! of the machine sees.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, IsTerminal as _},
    path::Path,
};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::super::{
    exit::Failure,
    language::{Language, both},
};
use crate::domain::{
    problem::{Code, Text},
    resident::{NotAResidentNumber, ResidentNumber},
};

/// Reads a number from the first line of that file, else of standard input; on a terminal it is asked
/// for, and not shown.
///
/// # Errors
/// A fault of usage if it is none. It does not name what was read.
pub(super) fn read(file: Option<&Path>) -> Result<ResidentNumber, Failure> {
    let line = match file {
        Some(path) => {
            let file = File::open(path).map_err(|error| {
                let shown = path.display();
                Failure::usage(both(
                    format!("无法读取 {shown}：{error}"),
                    format!("cannot read {shown}: {error}"),
                ))
            })?;
            first_line(file)?
        }
        None if io::stdin().is_terminal() => {
            let prompt = Language::of_process()
                .pick("身份证号（不显示）：", "identity number (not shown): ");
            eprint!("{prompt}");
            let hidden = Hidden::begin()?;
            let line = first_line(io::stdin());
            drop(hidden);
            eprintln!();
            line?
        }
        None => first_line(io::stdin())?,
    };
    let number: String = (line.chars())
        .filter(|c| !c.is_whitespace() && *c != '\u{feff}')
        .map(|c| if c == 'x' { 'X' } else { c })
        .collect();
    ResidentNumber::readable(&number).map_err(|error| {
        let code = match error {
            NotAResidentNumber::Format => Code::ResidentIdFormat,
            NotAResidentNumber::BirthDate => Code::ResidentIdBirthDate,
            NotAResidentNumber::CheckDigit => Code::ResidentIdCheckDigit,
        };
        let Text { zh, en } = code.text();
        Failure::usage(both(zh, format!("{en} ({code})")))
    })
}

fn first_line(from: impl io::Read) -> Result<String, Failure> {
    let mut line = Vec::new();
    BufReader::new(from.take(LONGEST)).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// While it lives, the terminal does not show what is typed.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        hidden.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Where the terminal has gone nothing is left to show.
        tcsetattr(io::stdin(), OptionalActions::Now, &self.0).unwrap_or_default();
    }
}

/// A number with whatever may stand around it.
const LONGEST: u64 = 128;

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
