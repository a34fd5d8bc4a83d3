//! The archive around xlsx and ods files: looked over, and inflated once under count, before any
//! reader that trusts it.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::{
    error::{LedgerError, Limit},
    limits,
};

/// What the archive holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packed {
    Xlsx,
    Ods,
}

/// Goes through the whole archive: number of parts, bytes as they inflate (not as they are declared),
/// checksums, length of tags, texts and cells.
pub(super) fn inspect(bytes: &[u8]) -> Result<Packed, LedgerError> {
    // The directory is read in one go by whoever opens it, so its entries are counted before.
    let entries = bytes
        .windows(4)
        .filter(|four| four == b"PK\x01\x02")
        .count();
    if entries > limits::PARTS {
        return Err(LedgerError::TooMuch(Limit::Parts));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| LedgerError::Damaged)?;
    let packed = packed(&mut archive)?;
    let mut inflated = 0_u64;
    for index in 0..archive.len() {
        inflated = part(&mut archive, index, inflated)?;
    }
    Ok(packed)
}

fn packed(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<Packed, LedgerError> {
    let has = |wanted: &str| {
        let mut names = archive.file_names().flatten();
        names.any(|name| name.eq_ignore_ascii_case(wanted))
    };
    if has("xl/workbook.xml") {
        return Ok(Packed::Xlsx);
    }
    if has("xl/workbook.bin") {
        return Err(LedgerError::Unsupported);
    }
    if !has("mimetype") || !has("content.xml") {
        return Err(LedgerError::NotASpreadsheet);
    }
    let mut mime = String::new();
    archive
        .by_name("mimetype")
        .map_err(|_| LedgerError::Damaged)?
        .take(128)
        .read_to_string(&mut mime)
        .map_err(|_| LedgerError::Damaged)?;
    if mime.trim_end() == "application/vnd.oasis.opendocument.spreadsheet" {
        Ok(Packed::Ods)
    } else {
        Err(LedgerError::NotASpreadsheet)
    }
}

/// Inflates a part and adds its bytes to those of the parts before.
fn part(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    before: u64,
) -> Result<u64, LedgerError> {
    let mut file = archive.by_index(index).map_err(|error| match error {
        zip::result::ZipError::UnsupportedArchive(zip::result::ZipError::PASSWORD_REQUIRED) => {
            LedgerError::Encrypted
        }
        _ => LedgerError::Damaged,
    })?;
    let name = file.name().map_err(|_| LedgerError::Damaged)?;
    let texts = name.to_ascii_lowercase().ends_with("sharedstrings.xml");
    let (mut total, mut scan) = (before, Scan::default());
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = file.read(&mut buffer).map_err(|_| LedgerError::Damaged)?;
        let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else {
            return Ok(total);
        };
        total = total.saturating_add(read as u64);
        let most = if texts {
            before.saturating_add(limits::TEXT_TABLE_BYTES)
        } else {
            limits::INFLATED_BYTES
        };
        if total > most.min(limits::INFLATED_BYTES) {
            return Err(LedgerError::TooMuch(Limit::InflatedBytes));
        }
        for byte in chunk {
            scan.step(*byte)?;
        }
    }
}

/// Follows the tags of a part without reading them.
#[derive(Default)]
struct Scan {
    /// Bytes since the last `<`.
    token: u64,
    /// Bytes since the last cell, row or text began; `None` outside of the data.
    cell: Option<u64>,
    /// Local name of the tag, as far as it has come.
    name: Vec<u8>,
    in_name: bool,
    texts: usize,
    /// Formats and links: each becomes a record of its own in a reader's memory.
    formats: usize,
    /// The tag that declares how many texts there are, as far as it has come.
    tag: Vec<u8>,
}

impl Scan {
    fn step(&mut self, byte: u8) -> Result<(), LedgerError> {
        if byte == b'<' {
            self.token = 0;
            self.name.clear();
            self.in_name = true;
        } else {
            self.token = self.token.saturating_add(1);
        }
        if let Some(cell) = &mut self.cell {
            *cell = cell.saturating_add(1);
        }
        if self.token > limits::TOKEN_BYTES || self.cell > Some(limits::CELL_MARKUP_BYTES) {
            return Err(LedgerError::TooMuch(Limit::CellCharacters));
        }
        if self.in_name {
            match byte {
                b'<' => {}
                b' ' | b'\t' | b'\r' | b'\n' | b'>' => self.named()?,
                b'/' if !self.name.is_empty() => self.named()?,
                b':' => {
                    let closing = self.name.first() == Some(&b'/');
                    self.name.clear();
                    self.name.extend(closing.then_some(b'/'));
                }
                _ if self.name.len() < 32 => self.name.push(byte),
                _ => {}
            }
        } else if self.name == b"sst" {
            self.tag.push(byte);
            if byte == b'>' {
                self.declared()?;
            } else if self.tag.len() > 4_096 {
                return Err(LedgerError::Damaged);
            }
        }
        Ok(())
    }

    /// The name of a tag is whole.
    fn named(&mut self) -> Result<(), LedgerError> {
        self.in_name = false;
        match self.name.as_slice() {
            b"c" | b"row" | b"table-cell" | b"covered-table-cell" | b"table-row" => {
                self.cell = Some(0);
            }
            b"si" => {
                self.cell = Some(0);
                self.texts = self.texts.saturating_add(1);
                if self.texts > limits::TEXTS {
                    return Err(LedgerError::TooMuch(Limit::Texts));
                }
            }
            b"xf" | b"numFmt" | b"font" | b"fill" | b"border" | b"sheet" | b"Relationship" => {
                self.formats = self.formats.saturating_add(1);
                if self.formats > limits::FORMATS {
                    return Err(LedgerError::TooMuch(Limit::Formats));
                }
            }
            b"/sheetData" | b"/sst" | b"/table" => self.cell = None,
            _ => {}
        }
        Ok(())
    }

    /// The table of texts says how many it holds, and memory is reserved on its word.
    fn declared(&mut self) -> Result<(), LedgerError> {
        let tag = String::from_utf8_lossy(&self.tag);
        let most = tag.split("uniqueCount").skip(1).map(|rest| {
            let digits: String = rest
                .chars()
                .skip_while(|c| !c.is_ascii_digit())
                .take_while(char::is_ascii_digit)
                .collect();
            digits.parse().unwrap_or(usize::MAX)
        });
        let most = most.max().unwrap_or_default();
        self.name.clear();
        if most > limits::TEXTS {
            return Err(LedgerError::TooMuch(Limit::Texts));
        }
        Ok(())
    }
}
