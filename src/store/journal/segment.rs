//! Segment files: where the journal lies on disk.
//!
//! A segment is named by the position at which it begins. Its header says the format, that
//! position, and the chain head of every home area there; the first group behind it is the
//! snapshot of all that is live, and what the segment before it put into the index. A segment's
//! directory entry is synced before it is used.
//!
//! One that was archived ([`archive`](super::archive)) leaves its head, which is header and first group:
//! with those the index is built anew without reading the archive.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, btree_map::Entry},
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

/// A segment of a journal, and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentFile {
    pub(crate) first: Position,
    /// What can be read at once: the segment, or the head that it left when it was archived.
    pub(crate) path: PathBuf,
    /// Where it went, if it was.
    pub(crate) archived: Option<Archived>,
}

/// Where an archived segment lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Archived {
    /// Its file.
    pub(crate) path: PathBuf,
    /// The position behind it.
    pub(crate) end: Position,
}

impl SegmentFile {
    /// The segment that began at `first`, once it was archived, and where it went.
    pub(crate) fn archived(directory: &Path, first: Position, end: Position) -> (Self, Archived) {
        let (begin, behind) = (first.get(), end.get());
        let archived = Archived {
            path: archive_of(directory).join(format!("{begin:020}.segment.gz")),
            end,
        };
        let head = Self {
            first,
            path: directory.join(format!("{begin:020}-{behind:020}.head")),
            archived: Some(archived.clone()),
        };
        (head, archived)
    }

    /// Its name, without an ending.
    pub(crate) fn name(&self) -> String {
        format!("{:020}", self.first.get())
    }

    /// What a file of a journal's directory is.
    fn of(directory: &Path, path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let position = |number: &str| number.parse().ok().map(Position::new);
        if let Some(first) = name.strip_suffix(".segment") {
            return Some(Self {
                first: position(first)?,
                archived: None,
                path,
            });
        }
        let (first, end) = name.strip_suffix(".head")?.split_once('-')?;
        let (head, _) = Self::archived(directory, position(first)?, position(end)?);
        Some(head)
    }
}

/// The segments of a directory, in order. Only reads, so a node may run. One that is being archived is
/// there until its head is, so it is not archived yet where both are.
pub(crate) fn list(directory: &Path) -> io::Result<Vec<SegmentFile>> {
    let entries = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
    let paths: Vec<PathBuf> = entries.collect::<io::Result<_>>()?;
    Ok(among(directory, paths))
}

/// Those of some files of a journal's directory that are segments, in order.
pub(crate) fn among(
    directory: &Path,
    paths: impl IntoIterator<Item = PathBuf>,
) -> Vec<SegmentFile> {
    let mut found = BTreeMap::new();
    let segments = paths.into_iter();
    for segment in segments.filter_map(|path| SegmentFile::of(directory, path)) {
        match found.entry(segment.first) {
            Entry::Occupied(mut there) if segment.archived.is_none() => {
                there.insert(segment);
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(free) => {
                free.insert(segment);
            }
        }
    }
    found.into_values().collect()
}

/// Removes every file of a segment but that one: the segment itself, or heads that a segment left which
/// was cut since.
pub(crate) fn remove_all_but(kept: &SegmentFile) -> io::Result<()> {
    let Some(directory) = kept.path.parent() else {
        return Ok(());
    };
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let other = SegmentFile::of(directory, path.clone());
        if path != kept.path && other.is_some_and(|other| other.first == kept.first) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Where the archived segments of a journal lie.
pub(crate) fn archive_of(journal: &Path) -> PathBuf {
    journal.with_file_name("archive")
}

/// Removes leftovers of a creation that was cut off.
pub(crate) fn tidy(directory: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == TEMPORARY) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
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
