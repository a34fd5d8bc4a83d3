//! Reading what must not stand on the command line, which every process of the machine sees.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, IsTerminal as _},
    path::Path,
};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::{
    exit::Failure,
    language::{Language, both},
};
use crate::domain::problem::Text;

/// The first line of that file, else of standard input; on a terminal it is asked for, and not shown.
///
/// # Errors
/// A fault of usage if the file cannot be read.
pub(super) fn line(file: Option<&Path>, asked: Text) -> Result<String, Failure> {
    match file {
        Some(path) => {
            let line = File::open(path).and_then(first_line);
            line.map_err(|error| {
                let shown = path.display();
                Failure::usage(both(
                    format!("无法读取 {shown}：{error}"),
                    format!("cannot read {shown}: {error}"),
                ))
            })
        }
        None if io::stdin().is_terminal() => {
            eprint!("{}", Language::of_process().word(asked));
            let hidden = Hidden::begin()?;
            let line = first_line(io::stdin());
            drop(hidden);
            line.map_err(|error| unread(&error))
        }
        None => first_line(io::stdin()).map_err(|error| unread(&error)),
    }
}

fn unread(error: &io::Error) -> Failure {
    Failure::usage(both(
        format!("无法读取标准输入：{error}"),
        format!("cannot read standard input: {error}"),
    ))
}

fn first_line(from: impl io::Read) -> io::Result<String> {
    let mut line = Vec::new();
    BufReader::new(from.take(LONGEST)).read_until(b'\n', &mut line)?;
    let line = String::from_utf8_lossy(&line);
    let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
    Ok(line.trim().to_owned())
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

/// What is read this way is shorter.
const LONGEST: u64 = 1_024;
