//! What a command prints.

use std::io::{self, IsTerminal as _, Write as _};

use clap::{Args, ValueEnum};
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use serde::Serialize;

use super::language::Language;
use crate::domain::problem::Sentence;

/// How to print.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct OutputArguments {
    /// 输出格式：表格供人阅读，json 每行一个对象。 For people, or an object a line
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,
}

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Table,
    /// One object a line, and nothing else.
    Json,
}

/// Where a command prints.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    pub(super) format: Format,
    pub(super) language: Language,
}

impl Output {
    /// As the arguments and the locale say.
    pub(super) fn new(arguments: OutputArguments) -> Self {
        Self {
            format: arguments.format,
            language: Language::of_process(),
        }
    }

    /// True where objects are wanted.
    pub(super) const fn is_json(self) -> bool {
        matches!(self.format, Format::Json)
    }

    /// Prints an object as one line and flushes it.
    pub(super) fn object(self, object: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(object)?;
        line.push(b'\n');
        let mut out = io::stdout().lock();
        out.write_all(&line)?;
        out.flush()
    }

    /// Prints a line for people on standard output and flushes it.
    pub(super) fn line(self, line: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }

    /// Says something to people: on standard output, but on standard error where that holds
    /// objects.
    pub(super) fn say(self, sentence: &Sentence) -> io::Result<()> {
        let text = self.language.of(sentence);
        match self.format {
            Format::Table => self.line(text),
            Format::Json => {
                eprintln!("{text}");
                Ok(())
            }
        }
    }

    /// One result: the object, or the words for it.
    pub(super) fn result(self, object: &impl Serialize, sentence: &Sentence) -> io::Result<()> {
        match self.format {
            Format::Table => self.line(self.language.of(sentence)),
            Format::Json => self.object(object),
        }
    }

    /// An empty table with those headings, Chinese and English.
    pub(super) fn table(self, headings: &[(&str, &str)]) -> Table {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED);
        let headings = headings.iter().map(|(zh, en)| self.language.pick(*zh, *en));
        table.set_header(headings.collect::<Vec<_>>());
        table
    }
}

/// True if a person can be asked.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
