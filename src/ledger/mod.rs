//! Ledgers as offices keep them, and rows of JSON lines: read, cleaned and judged. Sheets that offices
//! are given are written by [`out`].
//!
//! A ledger file is gone through twice. The first reading touches everything, so that a file that is
//! damaged, beyond a limit or without headings is refused before any of its rows is handed on; the
//! second hands the rows on in the order of the file, each judged by [`Draft::judge`]. What is
//! read is text by field ([`RawDraft`]); how offices head their columns stands in one table
//! (`columns.rs`), how they write values in another place (`domain::cleaning`). A sheet that names
//! notices and outcomes is one of feedback and has columns of its own (`answers.rs`).
//!
//! A register of certificates (`register.rs`) is looked up in and published by nobody.
//!
//! Lines that are no rows are passed over: titles, blank lines, totals, signatures, headings again,
//! sheets without headings and sheets that are hidden.

mod answers;
mod apostrophe;
mod archive;
mod cell;
mod columns;
mod duplicates;
mod error;
mod header;
mod json;
pub mod limits;
mod lines;
mod ods;
pub mod out;
mod register;
mod sheet;
mod text;
mod workbook;
mod xls;
mod xlsx;

use std::ops::ControlFlow;

use crate::domain::{
    draft::{Draft, Gate, RawDraft, Reference, Rules},
    field::Field,
    notice::Kind,
    problem::{Code, Problem},
};

use self::{
    cell::Meter,
    duplicates::Duplicates,
    header::{Form, Header, kind_in},
    sheet::{RawRow, Sheet},
    workbook::Workbook,
};

pub(crate) use self::apostrophe::{guarded, unguarded};
pub use self::{
    columns::{Mapping, MappingError},
    error::{LedgerError, Limit},
    json::{read_object, write_object},
    lines::read_lines,
    register::{Entry, Register, RegisterForm},
};

/// What a reader is told beside the file.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Name of the file, which may say 流出 or 流入 where nothing inside does; or empty.
    pub name: &'a str,
    /// The kind of all rows, if the caller knows.
    pub kind: Option<Kind>,
    /// Headings of the office's own.
    pub mapping: &'a Mapping,
}

/// What rows are judged against.
pub struct Judge<'a> {
    /// Everything that one draft alone can break.
    pub rules: &'a Rules,
    /// The agreements; see [`Draft::judge`] on when they are asked.
    pub gate: &'a Gate<'a>,
}

/// A row of a ledger or of JSON lines.
pub struct Row {
    /// The sheet, where the workbook has several with rows.
    pub sheet: Option<String>,
    /// Line of the sheet or file, from 1.
    pub line: u32,
    /// Its values as read and cleaned. For a row without a reference of its own the node derives one
    /// from [`RawDraft::canonical`], of a refused row too.
    pub raw: RawDraft,
    /// Its own reference, if it has one that can be used.
    pub reference: Option<Reference>,
    /// The draft, or everything that is wrong with the row.
    pub result: Result<Draft, Vec<Problem>>,
}

/// Takes a row; breaks off to end the reading.
pub type Visit<'a> = dyn FnMut(Row) -> ControlFlow<()> + 'a;

/// What the reader noticed beside the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Headings that the table does not know: their columns are looked at for forbidden values only.
    pub unknown_columns: Vec<String>,
    /// Notices of feedback sheets whose outcome is not filled in: they are no rows.
    pub unanswered: u64,
}

/// Reads a ledger.
///
/// # Errors
/// If the file cannot be read as a ledger; then no row has been handed on.
pub fn read_ledger(
    bytes: Vec<u8>,
    options: &Options<'_>,
    judge: &Judge<'_>,
    each: &mut Visit<'_>,
) -> Result<Summary, LedgerError> {
    let mut workbook = Workbook::open(bytes)?;
    let ledgers = survey(&mut workbook, options)?;
    let several = ledgers.len() > 1;
    let mut duplicates = Duplicates::new();
    let mut done = false;
    let mut meter = Meter::default();
    for ledger in &ledgers {
        let mut sheet = Sheet::new(options.mapping, options.kind);
        workbook.lines(ledger.place, &mut meter, &mut |line| {
            if done {
                return Ok(());
            }
            if let Some(RawRow {
                line,
                mut raw,
                problems,
            }) = sheet.take(&line)
            {
                if raw.get(Field::Kind).is_none() || options.kind.is_some() {
                    raw.set(Field::Kind, ledger.kind.name());
                }
                let name = several.then(|| ledger.name.clone());
                let row = Row::judged(name, line, raw, problems, judge, &mut duplicates);
                done = each(row).is_break();
            }
            Ok(())
        })?;
    }
    let mut summary = Summary::default();
    for ledger in ledgers {
        summary.unanswered = summary.unanswered.saturating_add(ledger.unanswered);
        for heading in ledger.unknown {
            if !summary.unknown_columns.contains(&heading) {
                summary.unknown_columns.push(heading);
            }
        }
    }
    Ok(summary)
}

/// A sheet with headings.
struct Ledger {
    place: usize,
    name: String,
    kind: Kind,
    unknown: Vec<String>,
    unanswered: u64,
}

/// The first reading: everything is read, the sheets with headings are found and their kind is told.
fn survey(workbook: &mut Workbook, options: &Options<'_>) -> Result<Vec<Ledger>, LedgerError> {
    let mut ledgers = Vec::new();
    let mut meter = Meter::default();
    let mut anything = false;
    for (place, name) in workbook.sheets().into_iter().enumerate() {
        let mut sheet = Sheet::new(options.mapping, options.kind);
        workbook.lines(place, &mut meter, &mut |line| {
            anything = true;
            sheet.take(&line);
            Ok(())
        })?;
        if let Some(header) = sheet.header() {
            if header.form() == Form::Feedback && !header.has(Field::Outcome) {
                return Err(LedgerError::NoOutcomes);
            }
            ledgers.push(Ledger {
                kind: kind(options, &sheet, header, &name).ok_or(LedgerError::KindUnknown)?,
                unknown: header.unknown().map(str::to_owned).collect(),
                unanswered: sheet.unanswered(),
                place,
                name,
            });
        }
    }
    match (ledgers.is_empty(), anything) {
        (true, true) => Err(LedgerError::NoHeader),
        (true, false) => Err(LedgerError::Empty),
        (false, _) => Ok(ledgers),
    }
}

/// The kind of a sheet: as given; feedback if its headings are those; else as its title, its name, its
/// headings or the file's name say; else as the names of the places suggest.
fn kind(options: &Options<'_>, sheet: &Sheet<'_>, header: &Header, name: &str) -> Option<Kind> {
    if header.form() == Form::Feedback {
        return Some(Kind::Feedback);
    }
    options
        .kind
        .or_else(|| sheet.title())
        .or_else(|| kind_in(name))
        .or_else(|| header.says())
        .or_else(|| kind_in(options.name))
        .or_else(|| header.suggests())
}

impl Row {
    /// Judges what was read; the problems that reading found are among those of the row.
    fn judged(
        sheet: Option<String>,
        line: u32,
        raw: RawDraft,
        mut problems: Vec<Problem>,
        judge: &Judge<'_>,
        duplicates: &mut Duplicates,
    ) -> Self {
        if let Some(field) = duplicates.repeated(&raw) {
            problems.push(Problem::new(Code::DuplicateInFile, field));
        }
        let result = match Draft::judge(&raw, judge.rules, judge.gate) {
            Ok(draft) if problems.is_empty() => Ok(draft),
            Ok(_) => Err(problems),
            Err(more) => {
                problems.extend(more);
                Err(problems)
            }
        };
        let result = result.map_err(|mut problems| {
            problems.sort();
            problems.dedup();
            problems
        });
        let reference = raw.get(Field::Reference);
        let reference = reference.and_then(|text| text.parse().ok());
        Self {
            sheet,
            line,
            raw,
            reference,
            result,
        }
    }

    /// A row of which nothing could be read.
    fn refused(line: u32, problem: Problem) -> Self {
        Self {
            sheet: None,
            line,
            raw: RawDraft::default(),
            reference: None,
            result: Err(vec![problem]),
        }
    }
}

#[cfg(test)]
mod feedback_tests;
#[cfg(test)]
mod tests;
