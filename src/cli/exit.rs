//! How commands end.

use std::{io, process::ExitCode};

use super::language::{Language, both};
use crate::domain::problem::Sentence;

/// What a command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done.
    Done,
    /// Something was refused or failed.
    Refused,
    /// The command line, the configuration or a file named there cannot be meant so.
    Usage,
    /// The node could not be reached.
    Unreachable,
}

impl Exit {
    const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command ends before its end.
#[derive(Debug)]
pub(super) struct Failure {
    /// With which exit code.
    pub(super) exit: Exit,
    /// What to say; nothing where nobody listens.
    pub(super) sentence: Option<Sentence>,
}

impl Failure {
    /// Something was refused or failed.
    pub(super) const fn refused(sentence: Sentence) -> Self {
        Self {
            exit: Exit::Refused,
            sentence: Some(sentence),
        }
    }

    /// It cannot be meant so.
    pub(super) const fn usage(sentence: Sentence) -> Self {
        Self {
            exit: Exit::Usage,
            sentence: Some(sentence),
        }
    }

    /// The node could not be reached.
    pub(super) const fn unreachable(sentence: Sentence) -> Self {
        Self {
            exit: Exit::Unreachable,
            sentence: Some(sentence),
        }
    }

    /// The same, with the exit code of a fault of usage.
    pub(super) fn into_usage(self) -> Self {
        Self {
            exit: Exit::Usage,
            ..self
        }
    }

    /// Says it on standard error and gives the exit code.
    pub(super) fn tell(self) -> Exit {
        if let Some(sentence) = &self.sentence {
            let language = Language::of_process();
            let prefix = language.pick("错误：", "error: ");
            eprintln!("{prefix}{}", language.of(sentence));
        }
        self.exit
    }
}

/// Standard output that cannot be written: where its reader has gone nobody is told.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let sentence = (error.kind() != io::ErrorKind::BrokenPipe).then(|| {
            both(
                format!("无法写出：{error}"),
                format!("cannot write: {error}"),
            )
        });
        Self {
            exit: Exit::Refused,
            sentence,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_the_documented_ones() {
        let codes = [
            (Exit::Done, 0),
            (Exit::Refused, 1),
            (Exit::Usage, 2),
            (Exit::Unreachable, 3),
        ];
        for (exit, code) in codes {
            assert_eq!(exit.code(), code);
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_told_nothing() {
        let gone: Failure = io::Error::from(io::ErrorKind::BrokenPipe).into();
        assert_eq!((gone.exit, gone.sentence), (Exit::Refused, None));
    }
}
