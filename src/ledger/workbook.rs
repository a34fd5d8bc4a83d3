//! A file of any of the formats, by what is in it and not by its name.

use super::{
    archive::{Packed, inspect},
    cell::{Lines, Meter},
    error::{LedgerError, Limit},
    limits, ods, text, xls, xlsx,
};

/// An open file.
pub(super) enum Workbook {
    Xlsx(Box<xlsx::Book>),
    Xls(xls::Book),
    Ods(ods::Book),
    Text(text::Sheet),
}

impl Workbook {
    /// Opens the file.
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, LedgerError> {
        if bytes.is_empty() {
            return Err(LedgerError::Empty);
        }
        let archive = bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06");
        let compound = bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
        if (archive || compound) && bytes.len() > limits::FILE_BYTES {
            return Err(LedgerError::TooMuch(Limit::FileBytes));
        }
        let workbook = if archive {
            match inspect(&bytes)? {
                Packed::Xlsx => Self::Xlsx(Box::new(xlsx::Book::open(bytes)?)),
                Packed::Ods => Self::Ods(ods::Book::open(bytes)?),
            }
        } else if compound {
            Self::Xls(xls::Book::open(bytes)?)
        } else {
            Self::Text(text::Sheet::open(bytes)?)
        };
        if workbook.sheets().len() > limits::SHEETS {
            return Err(LedgerError::TooMuch(Limit::Sheets));
        }
        Ok(workbook)
    }

    /// The names of the sheets that a person sees, in their order; a text has one without a name.
    pub(super) fn sheets(&self) -> Vec<String> {
        match self {
            Self::Xlsx(book) => book.sheets().to_vec(),
            Self::Xls(book) => book.sheets().to_vec(),
            Self::Ods(book) => book.sheets().to_vec(),
            Self::Text(_) => vec![String::new()],
        }
    }

    /// Hands on the lines of a sheet that hold something, counted by `meter`.
    pub(super) fn lines(
        &mut self,
        sheet: usize,
        meter: &mut Meter,
        lines: &mut Lines<'_>,
    ) -> Result<(), LedgerError> {
        let mut counted = |line: super::cell::Line<'_>| {
            meter.count(&line)?;
            lines(line)
        };
        match self {
            Self::Xlsx(book) => book.lines(sheet, &mut counted),
            Self::Xls(book) => book.lines(sheet, &mut counted),
            Self::Ods(book) => book.lines(sheet, &mut counted),
            Self::Text(text) => text.lines(&mut counted),
        }
    }
}
