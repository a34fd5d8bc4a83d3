//! The compound file around old xls workbooks ([MS-CFB]): finds one stream, trusting no number in the
//! file.

use crate::ledger::error::LedgerError;

/// The streams of a compound file by name.
pub(super) struct Compound<'a> {
    bytes: &'a [u8],
    sector: usize,
    fat: Vec<u32>,
    mini_fat: Vec<u32>,
    mini_stream: Vec<u8>,
    mini_cutoff: u64,
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    start: u32,
    size: u64,
}

impl<'a> Compound<'a> {
    /// Reads tables and directory.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, LedgerError> {
        let sector = match u16_at(bytes, 30) {
            Some(9) => 512,
            Some(12) => 4_096,
            _ => return Err(LedgerError::Damaged),
        };
        let mut compound = Self {
            bytes,
            sector,
            fat: Vec::new(),
            mini_fat: Vec::new(),
            mini_stream: Vec::new(),
            mini_cutoff: u64::from(header(bytes, 56)?),
            entries: Vec::new(),
        };
        compound.read_fat()?;
        compound.read_directory(header(bytes, 48)?)?;
        let table = compound.chain(header(bytes, 60)?)?;
        compound.mini_fat = words(&table).collect();
        if let Some(root) = compound.entries.first() {
            compound.mini_stream = compound.chain(root.start)?;
        }
        Ok(compound)
    }

    /// Whether there is a stream of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name == name)
    }

    /// The bytes of the stream of that name.
    pub(super) fn stream(&self, name: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let Some(entry) = self.entries.iter().find(|entry| entry.name == name) else {
            return Ok(None);
        };
        let mut stream = if entry.size < self.mini_cutoff {
            self.mini_chain(entry.start)?
        } else {
            self.chain(entry.start)?
        };
        stream.truncate(usize::try_from(entry.size).unwrap_or(usize::MAX));
        Ok(Some(stream))
    }

    fn read_fat(&mut self) -> Result<(), LedgerError> {
        let head = self.bytes.get(76..512).ok_or(LedgerError::Damaged)?;
        let mut parts: Vec<u32> = words(head).collect();
        let mut next = header(self.bytes, 68)?;
        let most = self.sectors();
        while next < LAST && parts.len() <= most {
            let table: Vec<u32> = words(self.sector(next)?).collect();
            let (link, table) = table.split_last().ok_or(LedgerError::Damaged)?;
            parts.extend(table);
            next = *link;
        }
        for part in parts.into_iter().filter(|part| *part < LAST) {
            if self.fat.len() > most.saturating_add(self.sector) {
                return Err(LedgerError::Damaged);
            }
            self.fat.extend(words(self.sector(part)?));
        }
        Ok(())
    }

    fn read_directory(&mut self, start: u32) -> Result<(), LedgerError> {
        let directory = self.chain(start)?;
        for entry in directory.chunks_exact(128) {
            let length = usize::from(u16_at(entry, 64).unwrap_or_default()).min(64);
            let name = entry.get(..length.saturating_sub(2)).unwrap_or_default();
            let units: Vec<u16> = name
                .chunks_exact(2)
                .filter_map(|pair| u16_at(pair, 0))
                .collect();
            let high = if self.sector == 512 {
                0
            } else {
                header(entry, 124)?
            };
            self.entries.push(Entry {
                name: String::from_utf16_lossy(&units),
                start: header(entry, 116)?,
                size: u64::from(header(entry, 120)?) | (u64::from(high) << 32),
            });
        }
        Ok(())
    }

    /// How many sectors the file can hold: no chain is longer.
    fn sectors(&self) -> usize {
        self.bytes
            .len()
            .checked_div(self.sector)
            .unwrap_or_default()
    }

    fn sector(&self, number: u32) -> Result<&'a [u8], LedgerError> {
        let number = usize::try_from(number).map_err(|_| LedgerError::Damaged)?;
        let start = number
            .checked_add(1)
            .and_then(|number| number.checked_mul(self.sector))
            .filter(|start| *start < self.bytes.len())
            .ok_or(LedgerError::Damaged)?;
        // The last sector of a file is often cut short.
        let end = start.saturating_add(self.sector).min(self.bytes.len());
        self.bytes.get(start..end).ok_or(LedgerError::Damaged)
    }

    fn chain(&self, start: u32) -> Result<Vec<u8>, LedgerError> {
        let mut bytes = Vec::new();
        let mut next = start;
        for _ in 0..=self.sectors() {
            if next >= LAST {
                return Ok(bytes);
            }
            bytes.extend_from_slice(self.sector(next)?);
            next = *usize::try_from(next)
                .ok()
                .and_then(|next| self.fat.get(next))
                .ok_or(LedgerError::Damaged)?;
        }
        Err(LedgerError::Damaged)
    }

    fn mini_chain(&self, start: u32) -> Result<Vec<u8>, LedgerError> {
        let mut bytes = Vec::new();
        let mut next = start;
        for _ in 0..=self.mini_fat.len() {
            if next >= LAST {
                return Ok(bytes);
            }
            let number = usize::try_from(next).map_err(|_| LedgerError::Damaged)?;
            let at = number.saturating_mul(64);
            let sector = self.mini_stream.get(at..at.saturating_add(64));
            bytes.extend_from_slice(sector.ok_or(LedgerError::Damaged)?);
            next = *self.mini_fat.get(number).ok_or(LedgerError::Damaged)?;
        }
        Err(LedgerError::Damaged)
    }
}

/// From here on a sector number is a mark: end of chain, free, table.
const LAST: u32 = 0xffff_fffa;

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(two.try_into().ok()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

fn header(bytes: &[u8], at: usize) -> Result<u32, LedgerError> {
    u32_at(bytes, at).ok_or(LedgerError::Damaged)
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).filter_map(|word| u32_at(word, 0))
}
