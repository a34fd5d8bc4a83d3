//! Sheets as CSV: UTF-8 with its mark, every value quoted, lines ended as RFC 4180 and Excel have it.

use std::io::Write;

use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};

use super::{
    WriteError,
    sheet::{Cell, Sheet, Value},
    writable,
};
use crate::ledger::apostrophe::guarded;

/// A CSV file that is being written.
pub struct CsvSheet<W: Write> {
    out: Writer<W>,
    sheet: Sheet,
    rows: u64,
}

impl<W: Write> CsvSheet<W> {
    /// Writes title and headings.
    ///
    /// # Errors
    /// If the output fails.
    pub fn begin(mut out: W, sheet: Sheet) -> Result<Self, WriteError> {
        out.write_all(b"\xef\xbb\xbf")?;
        let mut out = WriterBuilder::new()
            .terminator(Terminator::CRLF)
            // A reader that guesses the delimiter is then not misled by what stands in a text.
            .quote_style(QuoteStyle::Always)
            .from_writer(out);
        let places = sheet.places();
        let mut title = vec![text(&sheet.title_line())];
        title.resize(places.len().max(1), String::new());
        record(&mut out, &title)?;
        let headings: Vec<String> = places.iter().map(|place| text(&place.heading)).collect();
        record(&mut out, &headings)?;
        drop(places);
        Ok(Self {
            out,
            sheet,
            rows: 0,
        })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// If its values are not those of the columns, one is too long, or the output fails.
    pub fn row(&mut self, row: &[Value]) -> Result<(), WriteError> {
        self.rows = self.rows.saturating_add(1);
        let cells = self.sheet.cells(self.rows, row)?;
        let values: Vec<String> = cells.iter().map(shown).collect();
        record(&mut self.out, &values)
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// If the output fails.
    pub fn finish(mut self) -> Result<(), WriteError> {
        Ok(self.out.flush()?)
    }
}

fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(value) => text(value),
        Cell::Day(day) => day.to_string(),
        Cell::Whole(number) => number.to_string(),
        Cell::Share(permille) => format!("{}.{}%", permille / 10, permille % 10),
    }
}

fn text(value: &str) -> String {
    guarded(&writable(value)).into_owned()
}

fn record<W: Write>(out: &mut Writer<W>, values: &[String]) -> Result<(), WriteError> {
    Ok(out.write_record(values).map_err(std::io::Error::from)?)
}
