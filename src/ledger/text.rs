//! Ledgers as text: comma, tab or semicolon between values; UTF-8, UTF-16 with its mark, or GB18030.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::{
    apostrophe::unguarded,
    cell::{Cell, Line, Lines, text_cell},
    error::{LedgerError, Limit},
    limits,
};

/// A text file, decoded.
pub(super) struct Sheet {
    text: String,
    delimiter: u8,
}

impl Sheet {
    /// Decodes the file and finds what stands between its values.
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, LedgerError> {
        if bytes.len() > limits::TEXT_BYTES {
            return Err(LedgerError::TooMuch(Limit::FileBytes));
        }
        let text = decode(bytes)?;
        let start = text.trim_start();
        if start.is_empty() {
            return Err(LedgerError::Empty);
        }
        let strange =
            |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n' | '\u{c}' | '\u{1a}');
        if start.starts_with(['<', '%']) || text.contains(strange) {
            return Err(LedgerError::NotASpreadsheet);
        }
        let delimiter = delimiter(&text);
        check_lines(&text, delimiter)?;
        Ok(Self { text, delimiter })
    }

    /// Hands on the lines.
    pub(super) fn lines(&self, lines: &mut Lines<'_>) -> Result<(), LedgerError> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .from_reader(self.text.as_bytes());
        let mut record = csv::StringRecord::new();
        loop {
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(_) => return Err(LedgerError::Damaged),
            }
            let number = record.position().map_or(0, |position| self.line(position));
            let mut cells = Vec::new();
            for (column, value) in record.iter().enumerate() {
                let cell: Option<Cell> = text_cell(unwrapped(value))?;
                cells.extend(cell.map(|cell| (column, cell)));
            }
            if !cells.is_empty() {
                lines(Line {
                    number: u32::try_from(number).unwrap_or(u32::MAX),
                    cells: &cells,
                })?;
            }
        }
    }
}

impl Sheet {
    /// The line on which a record begins. The reader takes its place before it passes over the line
    /// ends that it left behind and over blank lines.
    fn line(&self, place: &csv::Position) -> u64 {
        let start = usize::try_from(place.byte()).unwrap_or(usize::MAX);
        let rest = self.text.get(start..).unwrap_or_default().bytes();
        let passed = rest
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .filter(|byte| *byte == b'\n')
            .count();
        place.line().saturating_add(passed as u64)
    }
}

/// Programs write `="123"` to keep a number a text, and we an apostrophe.
fn unwrapped(value: &str) -> &str {
    value
        .strip_prefix("=\"")
        .and_then(|value| value.strip_suffix('"'))
        .unwrap_or_else(|| unguarded(value))
}

fn decode(bytes: Vec<u8>) -> Result<String, LedgerError> {
    let encoding = match Encoding::for_bom(&bytes) {
        Some((encoding, _)) => encoding,
        None => match String::from_utf8(bytes) {
            Ok(text) => return Ok(text),
            Err(error) => {
                let bytes = error.into_bytes();
                return decode_as(GB18030, &bytes);
            }
        },
    };
    debug_assert!([UTF_8, UTF_16LE, UTF_16BE].contains(&encoding));
    decode_as(encoding, &bytes)
}

fn decode_as(encoding: &'static Encoding, bytes: &[u8]) -> Result<String, LedgerError> {
    match encoding.decode_with_bom_removal(bytes) {
        (_, true) => Err(LedgerError::NotASpreadsheet),
        (Cow::Borrowed(text), false) => Ok(text.to_owned()),
        (Cow::Owned(text), false) => Ok(text),
    }
}

/// The character that most often stands between values in the first lines. What stands inside of a
/// quoted value, a person has written.
fn delimiter(text: &str) -> u8 {
    const MARKS: [u8; 3] = [b',', b'\t', b';'];
    let mut counts = [0_usize; 3];
    let (mut quoted, mut before) = (false, '\n');
    let head = text.split_inclusive('\n').take(20).flat_map(str::chars);
    for c in head.take(64 << 10) {
        let begins = || before == '\n' || before == '"' || MARKS.map(char::from).contains(&before);
        if c == '"' {
            quoted = !quoted && begins();
        } else if !quoted {
            for (mark, count) in MARKS.iter().zip(&mut counts) {
                *count = count.saturating_add(usize::from(c == char::from(*mark)));
            }
        }
        before = c;
    }
    let pairs = MARKS.into_iter().zip(counts).rev();
    pairs
        .max_by_key(|(_, count)| *count)
        .map_or(b',', |(mark, _)| mark)
}

/// Bounds values and columns before a reader that would hold a whole line.
fn check_lines(text: &str, delimiter: u8) -> Result<(), LedgerError> {
    let (mut quoted, mut value, mut columns) = (false, 0_usize, 1_usize);
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => (value, columns) = (0, 1),
            _ if byte == delimiter && !quoted => (value, columns) = (0, columns.saturating_add(1)),
            _ => value = value.saturating_add(1),
        }
        if value > limits::CELL_CHARACTERS.saturating_mul(4) {
            return Err(LedgerError::TooMuch(Limit::CellCharacters));
        }
        // Programs write empty columns far out; what stands in them is counted line by line.
        if columns > limits::COLUMNS.saturating_mul(32) {
            return Err(LedgerError::TooMuch(Limit::Columns));
        }
    }
    Ok(())
}
