//! Sheets of xlsx files, cell by cell: never as the dense range that one far cell makes huge.

use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use jiff::civil::Date;

use super::{
    cell::{Cell, Gatherer, Lines, text_cell},
    error::LedgerError,
};

/// An open xlsx file that [`super::archive::inspect`] has passed.
pub(super) struct Book {
    inner: Xlsx<Cursor<Vec<u8>>>,
    sheets: Vec<String>,
}

impl Book {
    /// Opens the file.
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, LedgerError> {
        let inner = guarded(|| Xlsx::new(Cursor::new(bytes)).map_err(fault))?;
        let sheets = inner.sheets_metadata().iter();
        let sheets = sheets
            .filter(|sheet| sheet.visible == SheetVisible::Visible)
            .filter(|sheet| sheet.typ == SheetType::WorkSheet)
            .map(|sheet| sheet.name.clone())
            .collect();
        Ok(Self { inner, sheets })
    }

    /// Names of the sheets that a person sees.
    pub(super) fn sheets(&self) -> &[String] {
        &self.sheets
    }

    /// Hands on the lines of a sheet.
    pub(super) fn lines(&mut self, sheet: usize, lines: &mut Lines<'_>) -> Result<(), LedgerError> {
        let Some(name) = self.sheets.get(sheet) else {
            return Ok(());
        };
        let mut cells = guarded(|| self.inner.worksheet_cells_reader(name).map_err(fault))?;
        let mut gatherer = Gatherer::default();
        while let Some(cell) = guarded(|| cells.next_cell().map_err(fault))? {
            let (row, column) = cell.get_position();
            if let Some(value) = value(cell.get_value())? {
                let column = usize::try_from(column).unwrap_or(usize::MAX);
                gatherer.put(row.saturating_add(1), column, value, lines)?;
            }
        }
        gatherer.finish(lines)
    }
}

fn value(data: &DataRef<'_>) -> Result<Option<Cell>, LedgerError> {
    Ok(match data {
        DataRef::Empty => None,
        DataRef::String(text) => text_cell(text)?,
        DataRef::SharedString(text) => text_cell(text)?,
        DataRef::Int(number) => text_cell(&number.to_string())?,
        DataRef::Float(number) => Some(Cell::Number(*number)),
        DataRef::Bool(value) => text_cell(&value.to_string())?,
        DataRef::Error(error) => text_cell(&error.to_string())?,
        DataRef::DurationIso(text) => text_cell(text)?,
        DataRef::DateTimeIso(text) => text_cell(text)?,
        DataRef::DateTime(at) if at.is_datetime() => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            let date = i16::try_from(year).ok().and_then(|year| {
                let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
                Date::new(year, month, day).ok()
            });
            date.map(Cell::Date).or(Some(Cell::Number(at.as_f64())))
        }
        DataRef::DateTime(at) => Some(Cell::Number(at.as_f64())),
    })
}

/// The reader of this format indexes on the file's word in places; a file that breaks it is damaged.
fn guarded<T>(work: impl FnOnce() -> Result<T, LedgerError>) -> Result<T, LedgerError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(LedgerError::Damaged))
}

fn fault(error: XlsxError) -> LedgerError {
    match error {
        XlsxError::Password => LedgerError::Encrypted,
        _ => LedgerError::Damaged,
    }
}
