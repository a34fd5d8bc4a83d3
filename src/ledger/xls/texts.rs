//! Texts of old xls workbooks: one byte or two a character, and tables that break off anywhere to go
//! on in the next record.

use super::{Records, compound::u16_at, u32_at};
use crate::ledger::{
    error::{LedgerError, Limit},
    limits,
};

/// The table of shared texts, all in one piece of memory.
#[derive(Default)]
pub(super) struct Texts {
    all: String,
    ends: Vec<u32>,
}

impl Texts {
    /// Reads the table from its record and those that continue it.
    pub(super) fn read(data: &[u8], records: &mut Records<'_>) -> Result<Self, LedgerError> {
        let count = u32_at(data, 4).ok_or(LedgerError::Damaged)?;
        let mut texts = Self::default();
        let mut input = Input {
            data: data.get(8..).unwrap_or_default(),
            records,
        };
        for _ in 0..count {
            if texts.ends.len() >= limits::TEXTS {
                return Err(LedgerError::TooMuch(Limit::Texts));
            }
            // A table that ends early has texts that no cell can name.
            if !input.text(&mut texts.all) {
                break;
            }
            let end = u32::try_from(texts.all.len()).map_err(|_| LedgerError::Damaged)?;
            texts.ends.push(end);
        }
        Ok(texts)
    }

    /// The text of that number; empty if there is none.
    pub(super) fn get(&self, index: u32) -> &str {
        let place = |index: u32| {
            let end = self.ends.get(usize::try_from(index).ok()?)?;
            usize::try_from(*end).ok()
        };
        let start = index.checked_sub(1).map_or(Some(0), place);
        start
            .zip(place(index))
            .and_then(|(start, end)| self.all.get(start..end))
            .unwrap_or_default()
    }
}

struct Input<'a, 'r, 's> {
    data: &'a [u8],
    records: &'r mut Records<'s>,
}

impl<'a, 's: 'a> Input<'a, '_, 's> {
    /// Appends the next text; false at the end of the table.
    fn text(&mut self, all: &mut String) -> bool {
        if self.data.is_empty() && !self.go_on() {
            return false;
        }
        let (Some(length), Some(flags)) = (u16_at(self.data, 0), self.data.get(2).copied()) else {
            return false;
        };
        self.data = self.data.get(3..).unwrap_or_default();
        let mut behind = 0_usize;
        if flags & 8 != 0 {
            let runs = usize::from(u16_at(self.data, 0).unwrap_or_default());
            behind = behind.saturating_add(runs.saturating_mul(4));
            self.data = self.data.get(2..).unwrap_or_default();
        }
        if flags & 4 != 0 {
            let phonetic = u32_at(self.data, 0).unwrap_or_default();
            behind = behind.saturating_add(usize::try_from(phonetic).unwrap_or(usize::MAX));
            self.data = self.data.get(4..).unwrap_or_default();
        }
        let (mut left, mut wide) = (usize::from(length), flags & 1 != 0);
        let mut units = Vec::new();
        while left > 0 {
            let size = if wide { 2 } else { 1 };
            let here = left.min(self.data.len().checked_div(size).unwrap_or_default());
            let (now, rest) = self.data.split_at(here.saturating_mul(size));
            units.extend(code_units(now, wide));
            self.data = rest;
            left = left.saturating_sub(here);
            if left > 0 {
                // The rest of a text begins with its own mark of width.
                if !self.go_on() {
                    return false;
                }
                let Some((flags, rest)) = self.data.split_first() else {
                    return false;
                };
                (wide, self.data) = (flags & 1 != 0, rest);
            }
        }
        all.push_str(&String::from_utf16_lossy(&units));
        self.skip(behind)
    }

    fn skip(&mut self, mut count: usize) -> bool {
        while count > self.data.len() {
            count = count.saturating_sub(self.data.len());
            if !self.go_on() {
                return false;
            }
        }
        self.data = self.data.get(count..).unwrap_or_default();
        true
    }

    fn go_on(&mut self) -> bool {
        match self.records.continued() {
            Some(data) => {
                self.data = data;
                true
            }
            None => false,
        }
    }
}

/// A text with its length in two bytes, as in cells and formats.
pub(super) fn short_text(data: &[u8]) -> Option<String> {
    let length = usize::from(u16_at(data, 0)?);
    text(data.get(2..)?, length)
}

/// A text with its length in one byte, as in names of sheets.
pub(super) fn brief_text(data: &[u8]) -> Option<String> {
    let (length, rest) = data.split_first()?;
    text(rest, usize::from(*length))
}

fn text(data: &[u8], length: usize) -> Option<String> {
    let (flags, rest) = data.split_first()?;
    let wide = flags & 1 != 0;
    let bytes = rest.get(..length.checked_mul(if wide { 2 } else { 1 })?)?;
    let units: Vec<u16> = code_units(bytes, wide).collect();
    Some(String::from_utf16_lossy(&units))
}

fn code_units(bytes: &[u8], wide: bool) -> impl Iterator<Item = u16> {
    let size = if wide { 2 } else { 1 };
    bytes.chunks_exact(size).map(move |unit| match unit {
        [low, high] => u16::from_le_bytes([*low, *high]),
        [one] => u16::from(*one),
        _ => 0,
    })
}
