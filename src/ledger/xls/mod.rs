//! Sheets of old xls workbooks (BIFF8, [MS-XLS]), record by record. The reader is our own because the
//! common one lays every sheet out as a dense range and copies a text into each cell that names it.

mod compound;
mod texts;

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};

use self::{
    compound::{Compound, u16_at, u32_at},
    texts::{Texts, short_text},
};
use super::{
    cell::{Cell, Gatherer, Lines, text_cell},
    error::{LedgerError, Limit},
    limits,
};

/// An open workbook.
pub(super) struct Book {
    stream: Vec<u8>,
    texts: Texts,
    /// For each cell format, whether it shows a date.
    dates: Vec<bool>,
    since_1904: bool,
    sheets: Vec<String>,
    starts: Vec<usize>,
}

impl Book {
    /// Opens the workbook.
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, LedgerError> {
        let compound = Compound::open(&bytes)?;
        if compound.has("EncryptedPackage") {
            return Err(LedgerError::Encrypted);
        }
        let stream = match compound.stream("Workbook")? {
            Some(stream) => stream,
            // The workbook of Excel 5 and 95.
            None if compound.has("Book") => return Err(LedgerError::Unsupported),
            None => return Err(LedgerError::NotASpreadsheet),
        };
        drop(compound);
        drop(bytes);
        let mut book = Self {
            stream: Vec::new(),
            texts: Texts::default(),
            dates: Vec::new(),
            since_1904: false,
            sheets: Vec::new(),
            starts: Vec::new(),
        };
        book.read_globals(&stream)?;
        book.stream = stream;
        Ok(book)
    }

    /// Names of the sheets that a person sees.
    pub(super) fn sheets(&self) -> &[String] {
        &self.sheets
    }

    /// Hands on the lines of a sheet.
    pub(super) fn lines(&mut self, sheet: usize, lines: &mut Lines<'_>) -> Result<(), LedgerError> {
        let start = self.starts.get(sheet).copied().unwrap_or(usize::MAX);
        // Rows nearly always come in order, but need not: cells wait here, texts as their numbers.
        let mut rows: BTreeMap<u16, Vec<(u16, Value)>> = BTreeMap::new();
        let mut count = 0_usize;
        let mut formula = None;
        for record in Records::new(&self.stream, start) {
            match record.kind {
                END => break,
                STRING => {
                    // The text that the formula before gave.
                    if let (Some((row, column)), Some(text)) =
                        (formula.take(), short_text(record.data))
                    {
                        rows.entry(row)
                            .or_default()
                            .push((column, Value::Own(text)));
                    }
                    continue;
                }
                _ => {}
            }
            let (Some(row), Some(column)) = (u16_at(record.data, 0), u16_at(record.data, 2)) else {
                continue;
            };
            let cells = self.values(&record, column, row, &mut formula);
            count = count.saturating_add(cells.len());
            if count > limits::CELLS {
                return Err(LedgerError::TooMuch(Limit::Cells));
            }
            if !cells.is_empty() {
                rows.entry(row).or_default().extend(cells);
            }
        }
        let mut gatherer = Gatherer::default();
        for (row, cells) in rows {
            for (column, value) in cells {
                if let Some(cell) = self.cell(value)? {
                    let number = u32::from(row).saturating_add(1);
                    gatherer.put(number, usize::from(column), cell, lines)?;
                }
            }
        }
        gatherer.finish(lines)
    }

    fn read_globals(&mut self, stream: &[u8]) -> Result<(), LedgerError> {
        let mut date_formats: Vec<u16> = BUILT_IN_DATES.iter().flat_map(|r| r.clone()).collect();
        let mut records = Records::new(stream, 0);
        let first = records.next().ok_or(LedgerError::Damaged)?;
        if first.kind != BEGIN {
            return Err(LedgerError::Damaged);
        }
        if u16_at(first.data, 0) != Some(0x0600) {
            return Err(LedgerError::Unsupported);
        }
        let mut formats = Vec::new();
        while let Some(record) = records.next() {
            let data = record.data;
            match record.kind {
                END => break,
                FILE_PASS => return Err(LedgerError::Encrypted),
                DATE_MODE => self.since_1904 = u16_at(data, 0) == Some(1),
                FORMAT => {
                    let text = data.get(2..).and_then(short_text);
                    if let (Some(id), Some(text)) = (u16_at(data, 0), text)
                        && is_date_format(&text)
                    {
                        date_formats.push(id);
                    }
                }
                CELL_FORMAT => formats.extend(u16_at(data, 2)),
                SHEET => self.read_sheet(data)?,
                TEXTS => self.texts = Texts::read(data, &mut records)?,
                _ => {}
            }
        }
        self.dates = formats
            .iter()
            .map(|format| date_formats.contains(format))
            .collect();
        Ok(())
    }

    fn read_sheet(&mut self, data: &[u8]) -> Result<(), LedgerError> {
        let (Some(start), Some([hidden, kind])) = (u32_at(data, 0), data.get(4..6)) else {
            return Err(LedgerError::Damaged);
        };
        if self.sheets.len() >= limits::SHEETS {
            return Err(LedgerError::TooMuch(Limit::Sheets));
        }
        if (*hidden & 3, *kind) == (0, 0) {
            let name = data.get(6..).and_then(texts::brief_text);
            self.sheets.push(name.unwrap_or_default());
            self.starts
                .push(usize::try_from(start).unwrap_or(usize::MAX));
        }
        Ok(())
    }

    fn values(
        &self,
        record: &Record<'_>,
        column: u16,
        row: u16,
        formula: &mut Option<(u16, u16)>,
    ) -> Vec<(u16, Value)> {
        let data = record.data;
        let format = u16_at(data, 4);
        let one = |value: Option<Value>| value.map(|value| (column, value)).into_iter().collect();
        let real = |at: usize| {
            let eight = data.get(at..at.saturating_add(8))?;
            Some(f64::from_le_bytes(eight.try_into().ok()?))
        };
        match record.kind {
            NUMBER => one(real(6).map(|number| self.number(number, format))),
            SHORT_NUMBER => one(u32_at(data, 6).map(|rk| self.number(short_number(rk), format))),
            SHORT_NUMBERS => {
                let pairs = data
                    .get(4..data.len().saturating_sub(2))
                    .unwrap_or_default();
                let columns = column..=u16::MAX;
                let pairs = pairs
                    .chunks_exact(6)
                    .zip(columns)
                    .filter_map(|(pair, column)| {
                        let number = short_number(u32_at(pair, 2)?);
                        Some((column, self.number(number, u16_at(pair, 0))))
                    });
                pairs.collect()
            }
            SHARED_TEXT => one(u32_at(data, 6).map(Value::Shared)),
            TEXT => one(data.get(6..).and_then(short_text).map(Value::Own)),
            FORMULA => match data.get(6..14) {
                Some([0, .., 0xff, 0xff]) => {
                    *formula = Some((row, column));
                    Vec::new()
                }
                Some([.., 0xff, 0xff]) => Vec::new(),
                _ => one(real(6).map(|number| self.number(number, format))),
            },
            _ => Vec::new(),
        }
    }

    fn number(&self, number: f64, format: Option<u16>) -> Value {
        let is_date = format.and_then(|format| self.dates.get(usize::from(format)));
        match is_date {
            Some(true) => self.day(number).map_or(Value::Number(number), Value::Date),
            _ => Value::Number(number),
        }
    }

    /// The day of a serial number. Excel's calendar has a 29 February 1900, so days from March 1900
    /// on count from 30 December 1899.
    fn day(&self, serial: f64) -> Option<Date> {
        if !(1.0..2_958_466.0).contains(&serial) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range was checked above"
        )]
        let days = serial.floor() as i64;
        let first = if self.since_1904 {
            Date::new(1904, 1, 1)
        } else if serial < 60.0 {
            Date::new(1899, 12, 31)
        } else {
            Date::new(1899, 12, 30)
        };
        first.ok()?.checked_add(days.days()).ok()
    }

    fn cell(&self, value: Value) -> Result<Option<Cell>, LedgerError> {
        match value {
            Value::Number(number) => Ok(Some(Cell::Number(number))),
            Value::Date(date) => Ok(Some(Cell::Date(date))),
            Value::Shared(index) => text_cell(self.texts.get(index)),
            Value::Own(text) => text_cell(&text),
        }
    }
}

enum Value {
    Number(f64),
    Date(Date),
    Shared(u32),
    Own(String),
}

/// A number in 30 bits and two marks.
fn short_number(rk: u32) -> f64 {
    let number = if rk & 2 == 0 {
        f64::from_bits(u64::from(rk & !3) << 32)
    } else {
        f64::from(rk.cast_signed() >> 2)
    };
    if rk & 1 == 0 { number } else { number / 100.0 }
}

/// Whether a number format shows a day: it has a year or a day outside of quotes and brackets.
fn is_date_format(format: &str) -> bool {
    let (mut quoted, mut bracket, mut escaped) = (false, false, false);
    for c in format.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' | '_' | '*' => escaped = true,
            '"' => quoted = !quoted,
            '[' if !quoted => bracket = true,
            ']' if !quoted => bracket = false,
            'y' | 'Y' | 'd' | 'D' if !quoted && !bracket => return true,
            _ => {}
        }
    }
    false
}

/// A record of the stream.
struct Record<'a> {
    kind: u16,
    data: &'a [u8],
}

/// The records of a stream from a place on.
struct Records<'a> {
    stream: &'a [u8],
    at: usize,
}

impl<'a> Records<'a> {
    const fn new(stream: &'a [u8], at: usize) -> Self {
        Self { stream, at }
    }

    /// The data of the next record if it continues the one before.
    fn continued(&mut self) -> Option<&'a [u8]> {
        (u16_at(self.stream, self.at) == Some(CONTINUE)).then_some(())?;
        self.next().map(|record| record.data)
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let kind = u16_at(self.stream, self.at)?;
        let length = usize::from(u16_at(self.stream, self.at.checked_add(2)?)?);
        let start = self.at.checked_add(4)?;
        self.at = start.checked_add(length)?;
        let data = self.stream.get(start..self.at)?;
        Some(Record { kind, data })
    }
}

const FORMULA: u16 = 0x0006;
const END: u16 = 0x000a;
const DATE_MODE: u16 = 0x0022;
const FILE_PASS: u16 = 0x002f;
const CONTINUE: u16 = 0x003c;
const SHEET: u16 = 0x0085;
const SHORT_NUMBERS: u16 = 0x00bd;
const CELL_FORMAT: u16 = 0x00e0;
const TEXTS: u16 = 0x00fc;
const SHARED_TEXT: u16 = 0x00fd;
const NUMBER: u16 = 0x0203;
const TEXT: u16 = 0x0204;
const STRING: u16 = 0x0207;
const SHORT_NUMBER: u16 = 0x027e;
const FORMAT: u16 = 0x041e;
const BEGIN: u16 = 0x0809;

/// Numbers of the formats that every workbook has and that show a day, those of Chinese Excel too.
const BUILT_IN_DATES: [std::ops::RangeInclusive<u16>; 4] = [14..=17, 22..=22, 27..=36, 50..=58];
