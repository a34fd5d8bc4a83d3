//! A cell as the formats give it, and the meter that every line passes.

use jiff::civil::Date;

use super::{
    error::{LedgerError, Limit},
    limits,
};

/// What a cell holds; a cell that holds nothing is not there at all.
#[derive(Clone, PartialEq)]
pub(super) enum Cell {
    /// Text.
    Text(String),
    /// A number, of which a spreadsheet keeps 15 digits.
    Number(f64),
    /// A real date.
    Date(Date),
}

impl Cell {
    /// As the text of a heading or a title; empty if it is too long to be one.
    pub(super) fn heading(&self) -> String {
        match self {
            Self::Text(text) if text.len() > limits::HEADING_BYTES => String::new(),
            Self::Text(_) | Self::Number(_) | Self::Date(_) => self.text(),
        }
    }

    /// As text. A number too long to have kept its digits is written with an exponent, which no field
    /// takes for a number.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Date(date) => date.to_string(),
            Self::Number(number) if number.abs() >= KEPT => format!("{number:E}"),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// From here on a spreadsheet's number has lost digits.
const KEPT: f64 = 1e15;

/// A text cell; `None` if it is empty.
pub(super) fn text_cell(text: &str) -> Result<Option<Cell>, LedgerError> {
    if text.len() > limits::CELL_CHARACTERS && text.chars().nth(limits::CELL_CHARACTERS).is_some() {
        return Err(LedgerError::TooMuch(Limit::CellCharacters));
    }
    Ok((!text.trim().is_empty()).then(|| Cell::Text(text.to_owned())))
}

/// A line of a sheet: its number from 1, and its cells by column from 0, rising.
pub(super) struct Line<'a> {
    pub(super) number: u32,
    pub(super) cells: &'a [(usize, Cell)],
}

/// Counts what is read against the limits.
#[derive(Default)]
pub(super) struct Meter {
    rows: usize,
    cells: usize,
    shown: usize,
}

impl Meter {
    /// Takes note of a line that holds something.
    pub(super) fn count(&mut self, line: &Line<'_>) -> Result<(), LedgerError> {
        self.rows = self.rows.saturating_add(1);
        self.cells = self.cells.saturating_add(line.cells.len());
        for (_, cell) in line.cells {
            if let Cell::Text(text) = cell {
                self.shown = self.shown.saturating_add(text.len());
            }
        }
        let last = line.cells.last().map_or(0, |(column, _)| *column);
        if last >= limits::COLUMNS {
            return Err(LedgerError::TooMuch(Limit::Columns));
        }
        if self.rows > limits::ROWS {
            return Err(LedgerError::TooMuch(Limit::Rows));
        }
        if self.cells > limits::CELLS {
            return Err(LedgerError::TooMuch(Limit::Cells));
        }
        if self.shown > limits::SHOWN_BYTES {
            return Err(LedgerError::TooMuch(Limit::ShownBytes));
        }
        Ok(())
    }
}

/// Takes the lines of a sheet.
pub(super) type Lines<'a> = dyn FnMut(Line<'_>) -> Result<(), LedgerError> + 'a;

/// Gathers cells into lines: they come row by row, columns rising.
#[derive(Default)]
pub(super) struct Gatherer {
    number: u32,
    cells: Vec<(usize, Cell)>,
}

impl Gatherer {
    /// Takes a cell of the row with that number from 1.
    pub(super) fn put(
        &mut self,
        number: u32,
        column: usize,
        cell: Cell,
        lines: &mut Lines<'_>,
    ) -> Result<(), LedgerError> {
        if number != self.number {
            self.finish(lines)?;
            self.number = number;
        }
        if column >= limits::COLUMNS {
            return Err(LedgerError::TooMuch(Limit::Columns));
        }
        self.cells.push((column, cell));
        Ok(())
    }

    /// Hands on what is left.
    pub(super) fn finish(&mut self, lines: &mut Lines<'_>) -> Result<(), LedgerError> {
        if !self.cells.is_empty() {
            self.cells.sort_by_key(|(column, _)| *column);
            lines(Line {
                number: self.number,
                cells: &self.cells,
            })?;
            self.cells.clear();
        }
        Ok(())
    }
}
