//! Segment files: where the journal lies on disk.
//!
//! A segment is named by the position at which it begins. Its header says the format, that
//! position, and the chain head of every home area there; the first group behind it is the
//! snapshot of all that is live, and what the segment before it put into the index. A segment's
//! directory entry is synced before it is used.

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    bytes::{Put, Take, Unreadable, proven},
    record::Position,
};
use crate::domain::{area::County, channel::Digest};

/// The head of each home area's chain.
pub(crate) type Chains = BTreeMap<County, Digest>;

/// What the first bytes of a segment say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) first: Position,
    pub(crate) chains: Chains,
}

impl SegmentHeader {
    /// Its bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut put = Put::default();
        put.raw(MAGIC)
            .u32(FORMAT)
            .u64(self.first.get())
            .u16(u16::try_from(self.chains.len()).unwrap_or(u16::MAX));
        for (home, head) in &self.chains {
            put.county(*home).digest(head);
        }
        let crc = crc32c::crc32c(&put.0);
        put.u32(crc);
        put.0
    }

    /// Reads the header at the head of `bytes`, and says how long it is.
    ///
    /// # Errors
    /// [`Unreadable`] if it rotted, or is of another format.
    pub(crate) fn decode(bytes: &[u8]) -> Result<(Self, usize), Unreadable> {
        match Self::of_any_format(bytes)? {
            (FORMAT, header, len) => Ok((header, len)),
            _ => Err(Unreadable),
        }
    }

    /// Format, header and length; every format so far has begun alike.
    fn of_any_format(bytes: &[u8]) -> Result<(u32, Self, usize), Unreadable> {
        let mut take = Take(bytes);
        if take.raw(MAGIC.len())? != MAGIC {
            return Err(Unreadable);
        }
        let format = take.u32()?;
        let first = Position::new(take.u64()?);
        let mut chains = Chains::new();
        for _ in 0..take.u16()? {
            chains.insert(take.county()?, take.digest()?);
        }
        let covered = bytes.len().saturating_sub(take.0.len());
        let found = crc32c::crc32c(bytes.get(..covered).ok_or(Unreadable)?);
        if !proven(found, take.u32()?) {
            return Err(Unreadable);
        }
        Ok((format, Self { first, chains }, covered.saturating_add(4)))
    }
}

/// How the format of the segment that begins with `bytes` stands to the one that this version
/// writes; none where no segment begins that is whole.
pub(crate) fn format_of(bytes: &[u8]) -> Option<Ordering> {
    let (format, ..) = SegmentHeader::of_any_format(bytes).ok()?;
    Some(format.cmp(&FORMAT))
}

/// The path of the segment that begins at `first`.
pub(crate) fn path_of(directory: &Path, first: Position) -> PathBuf {
    directory.join(format!("{:020}.segment", first.get()))
}

/// The segments of a directory, in order. Leftovers of a creation that was cut off are removed.
pub(crate) fn list(directory: &Path) -> io::Result<Vec<(Position, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("");
        if name.ends_with(TEMPORARY) {
            fs::remove_file(&path)?;
        } else if let Some(first) = name
            .strip_suffix(".segment")
            .and_then(|number| number.parse().ok())
        {
            found.push((Position::new(first), path));
        }
    }
    found.sort();
    Ok(found)
}

/// Puts a whole segment in place: written beside, synced, renamed, its directory synced. What is
/// returned is open for appending behind `content`. Every handle is there before the rename: for want
/// of one nothing is left half done.
pub(crate) fn put_in_place(path: &Path, content: &[&[u8]]) -> io::Result<File> {
    let directory = path.parent().map(File::open).transpose()?;
    let beside = path.with_extension(TEMPORARY);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(&beside)?;
    for part in content {
        file.write_all(part)?;
    }
    file.sync_all()?;
    fs::rename(&beside, path)?;
    if let Some(directory) = directory {
        directory.sync_all()?;
    }
    Ok(file)
}

/// Syncs the directory that holds `path`, so that a name in it survives a power cut.
pub(crate) fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

const MAGIC: &[u8] = b"hongyan journal\0";
/// The first had payloads in clear.
const FORMAT: u32 = 2;
const TEMPORARY: &str = "new";
