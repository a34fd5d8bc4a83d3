//! Opening a journal: what is whole, what is torn, what is damaged.

use std::{
    cmp::Ordering,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{
    archive,
    group::{GROUP_HEADER, GROUP_MAGIC, Placed, claimed_len, read_group, whole_group},
    record::{Position, Record},
    segment::{self, Chains, SegmentFile, SegmentHeader},
};

/// Why a journal cannot be used. Each says where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk failed.
    #[error("cannot read the journal {path}: {source}; check that the disk is mounted, readable and writable for this user", path = path.display())]
    Disk {
        /// File or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Bytes that were acknowledged are not what was written.
    #[error(
        "the journal is damaged: segment {segment}, offset {offset}: {what}; restore this file from a backup, or, if there is none, run `hongyan journal accept-loss`, which cuts the journal there and names what is gone"
    )]
    Damaged {
        /// Name of the file.
        segment: String,
        /// Offset in it.
        offset: u64,
        /// What was found there.
        what: &'static str,
    },
    /// Whole, and written by a program that knows more than this one.
    #[error(
        "the journal was written by a newer version: segment {segment}, group at offset {offset}; nothing is damaged: start the newer version again, and do not run `hongyan journal accept-loss`"
    )]
    Newer {
        /// Name of the file.
        segment: String,
        /// Offset in it.
        offset: u64,
    },
    /// Whole, and written before payloads were sealed.
    #[error(
        "the journal was written by an older version, which did not seal what it holds: segment {segment}; nothing is damaged: start the older version for what is in it, and make the node anew for this one"
    )]
    Older {
        /// Name of the file.
        segment: String,
    },
    /// It was archived, and its file is missing.
    #[error(
        "the archived segment {archive} is not there: put the file back, or mount the disk that holds it", archive = archive.display()
    )]
    ArchiveMissing {
        /// The file.
        archive: PathBuf,
    },
    /// It was archived, and its file is not what was written.
    #[error(
        "the archived segment {archive} is not what was written: put a copy of the file in its place", archive = archive.display()
    )]
    ArchiveDamaged {
        /// The file.
        archive: PathBuf,
    },
    /// A segment between two others is missing.
    #[error(
        "the journal has a gap: segment {segment} begins at {found}, {expected} was expected; bring the missing file (of an archived segment its .head) back from a backup, or run `hongyan journal accept-loss`"
    )]
    Gap {
        /// Name of the file behind the gap.
        segment: String,
        /// Where it begins.
        found: u64,
        /// Where it should.
        expected: u64,
    },
    /// The oldest segments are missing: neither they nor their heads are there.
    #[error(
        "the beginning of the journal is missing: the oldest file that is there, {segment}, begins at {found}; bring the files before it back into data/journal (of an archived segment the .head), or restore the node from a backup; `hongyan journal accept-loss` cannot go on without them"
    )]
    NoBeginning {
        /// Name of the oldest file.
        segment: String,
        /// Where it begins.
        found: u64,
    },
    /// The index knows acknowledged groups that the journal lacks.
    #[error(
        "the index reaches position {index}, the journal ends at {journal}: acknowledged groups are gone; restore the journal from a backup, or run `hongyan journal accept-loss` to go on without them"
    )]
    IndexAhead {
        /// Position that the index reflects.
        index: u64,
        /// Where the journal ends.
        journal: u64,
    },
    /// Index and journal tell different histories.
    #[error(
        "index and journal differ at position {at}: one of them was put back from another copy; restore both from one backup, or run `hongyan journal accept-loss` to trust the journal"
    )]
    IndexDiffers {
        /// Position that the index reflects.
        at: u64,
    },
}

/// A segment that was read and proven.
pub(crate) struct Proven {
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    /// Bytes of its header.
    pub(crate) header_len: usize,
    /// The whole file up to its last whole group.
    pub(crate) content: Bytes,
    /// Bytes behind the last whole group: the torn tail of a write that nobody was told of.
    pub(crate) torn: usize,
}

impl Proven {
    /// Reads a segment, in the archive if it lies there, and proves every group of it.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] where something whole follows what is not; [`JournalError::ArchiveMissing`]
    /// for an archived one whose file is not there.
    pub(crate) fn read(file: &SegmentFile) -> Result<Self, JournalError> {
        let Some(archived) = &file.archived else {
            let bytes = fs::read(&file.path).map_err(|source| JournalError::Disk {
                path: file.path.clone(),
                source,
            })?;
            return Self::of(&file.path, bytes.into());
        };
        let path = &archived.path;
        let bytes = archive::read(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => JournalError::ArchiveMissing {
                archive: path.clone(),
            },
            io::ErrorKind::InvalidData => JournalError::ArchiveDamaged {
                archive: path.clone(),
            },
            _ => JournalError::Disk {
                path: path.clone(),
                source,
            },
        })?;
        let proven = Self::of(path, bytes.into())?;
        if proven.header.first == file.first && proven.end() == archived.end && proven.torn == 0 {
            return Ok(proven);
        }
        Err(JournalError::ArchiveDamaged {
            archive: path.clone(),
        })
    }

    fn of(path: &Path, bytes: Bytes) -> Result<Self, JournalError> {
        let damaged = |offset: usize, what| JournalError::Damaged {
            segment: name_of(path),
            offset: offset as u64,
            what,
        };
        let (header, header_len) =
            SegmentHeader::decode(&bytes).map_err(|_| no_header(path, &bytes))?;
        let mut at = header_len;
        while let Some(len) = whole_group(bytes.get(at..).unwrap_or_default()) {
            at = at.saturating_add(GROUP_HEADER).saturating_add(len);
        }
        if let Some(next) = next_whole_group(&bytes, at) {
            let _ = next;
            return Err(damaged(
                at,
                "a group does not match its checksum, yet whole groups follow it",
            ));
        }
        if at == header_len {
            // The snapshot is put in place together with the header, so it is never torn.
            return Err(damaged(
                at,
                "the snapshot of the segment does not match its checksum",
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            header,
            header_len,
            torn: bytes.len().saturating_sub(at),
            content: bytes.slice(..at),
        })
    }

    /// The position behind its last whole group.
    pub(crate) fn end(&self) -> Position {
        self.header
            .first
            .plus(self.content.len().saturating_sub(self.header_len) as u64)
    }

    /// Walks its groups; `chains` holds the chain heads behind each.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] for a record that this version does not know.
    pub(crate) fn walk<E: From<JournalError>>(
        &self,
        chains: &mut Chains,
        mut visit: impl FnMut(Position, &Chains, Vec<Placed>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut at = self.header_len;
        while at < self.content.len() {
            let rest = self.content.slice(at..);
            // The groups are proven, so what cannot be read is of a type that is not known.
            let newer = JournalError::Newer {
                segment: name_of(&self.path),
                offset: at as u64,
            };
            let Some(len) = whole_group(&rest).map(|len| len.saturating_add(GROUP_HEADER)) else {
                return Err(newer.into());
            };
            let start = self
                .header
                .first
                .plus(at.saturating_sub(self.header_len) as u64);
            let Ok(placed) = read_group(&rest.slice(..len), start, |home, lengthen| {
                let head = chains.entry(home).or_default();
                *head = lengthen(head);
            }) else {
                return Err(newer.into());
            };
            visit(start.plus(len as u64), chains, placed)?;
            at = at.saturating_add(len);
        }
        Ok(())
    }
}

/// That a segment does not begin where the one before it ends, or where every journal begins.
pub(crate) fn out_of_place(path: &Path, found: Position, expected: Position) -> JournalError {
    let (segment, found) = (name_of(path), found.get());
    if expected == Position::START {
        return JournalError::NoBeginning { segment, found };
    }
    JournalError::Gap {
        segment,
        found,
        expected: expected.get(),
    }
}

/// The segments of a directory, with no gap before or between them; an archived one is there as long as
/// its head is. Only names, headers and lengths are
/// looked at, so this is quick whatever the size of the journal.
///
/// # Errors
/// [`JournalError::NoBeginning`], [`JournalError::Gap`] or [`JournalError::Damaged`].
pub(crate) fn contiguous(directory: &Path) -> Result<Vec<SegmentFile>, JournalError> {
    let disk = |source| JournalError::Disk {
        path: directory.to_owned(),
        source,
    };
    let segments = segment::list(directory).map_err(disk)?;
    let mut expected = Position::START;
    for SegmentFile {
        first,
        path,
        archived,
    } in &segments
    {
        if *first != expected {
            return Err(out_of_place(path, *first, expected));
        }
        let (header, len) = header_of(path)?;
        if header.first != *first {
            return Err(JournalError::Gap {
                segment: name_of(path),
                found: header.first.get(),
                expected: first.get(),
            });
        }
        expected = match archived {
            Some(archived) => archived.end,
            None => {
                let size = fs::metadata(path).map_err(disk)?.len();
                first.plus(size.saturating_sub(len))
            }
        };
    }
    match segments.last() {
        Some(last) if last.archived.is_some() => Err(JournalError::Damaged {
            segment: name_of(&last.path),
            offset: 0,
            what: "what was written behind this archived segment is missing",
        }),
        _ => Ok(segments),
    }
}

/// The header of a segment, and its length.
///
/// # Errors
/// [`JournalError::Damaged`] if it rotted.
pub(crate) fn header_of(path: &Path) -> Result<(SegmentHeader, u64), JournalError> {
    let disk = |source| JournalError::Disk {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(disk)?
        .take(MAX_SEGMENT_HEADER)
        .read_to_end(&mut bytes)
        .map_err(disk)?;
    let (header, len) = SegmentHeader::decode(&bytes).map_err(|_| no_header(path, &bytes))?;
    Ok((header, len as u64))
}

/// Why these bytes of a segment are no header.
fn no_header(path: &Path, bytes: &[u8]) -> JournalError {
    let segment = name_of(path);
    match segment::format_of(bytes) {
        Some(Ordering::Less) => JournalError::Older { segment },
        Some(Ordering::Greater) => JournalError::Newer { segment, offset: 0 },
        Some(Ordering::Equal) | None => JournalError::Damaged {
            segment,
            offset: 0,
            what: "the header of the segment does not match its checksum",
        },
    }
}

/// What a segment begins with.
pub(crate) struct Opening {
    pub(crate) chains: Chains,
    /// All that was live there.
    pub(crate) snapshot: Bytes,
    /// What the segment before it put into the index.
    pub(crate) summary: Option<Bytes>,
}

impl Opening {
    /// Reads and proves the head of a segment, whatever stands behind it.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if it rotted; [`JournalError::Newer`] if it is of a newer version.
    pub(crate) fn read(path: &Path) -> Result<Self, JournalError> {
        let (header, header_len) = header_of(path)?;
        let group = first_group(path, header_len).map_err(|source| JournalError::Disk {
            path: path.to_owned(),
            source,
        })?;
        let Some(len) = whole_group(&group) else {
            return Err(JournalError::Damaged {
                segment: name_of(path),
                offset: header_len,
                what: "the snapshot of the segment does not match its checksum",
            });
        };
        let newer = JournalError::Newer {
            segment: name_of(path),
            offset: header_len,
        };
        let group = group.slice(..len.saturating_add(GROUP_HEADER));
        // Neither record is chained.
        let Ok(placed) = read_group(&group, header.first, |_, _| {}) else {
            return Err(newer);
        };
        let (mut snapshot, mut summary) = (None, None);
        for placed in placed {
            match placed.record {
                Record::Snapshot(it) => snapshot = Some(it.state),
                Record::Summary(it) => summary = Some(it.summary),
                _ => return Err(newer),
            }
        }
        Ok(Self {
            chains: header.chains,
            snapshot: snapshot.ok_or(newer)?,
            summary,
        })
    }
}

/// The bytes of the group behind the header of a segment, and maybe more.
fn first_group(path: &Path, header_len: u64) -> io::Result<Bytes> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(header_len))?;
    let mut bytes = Vec::new();
    file.by_ref()
        .take(GROUP_HEADER as u64)
        .read_to_end(&mut bytes)?;
    file.take(claimed_len(&bytes).unwrap_or_default() as u64)
        .read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// The name of a segment, for people.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Where the next whole group begins behind bytes that are none.
fn next_whole_group(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from.checked_add(1)?;
    while let Some(rest) = bytes.get(at..) {
        let found = rest
            .windows(GROUP_MAGIC.len())
            .position(|window| window == GROUP_MAGIC)?;
        at = at.checked_add(found)?;
        if whole_group(bytes.get(at..)?).is_some() {
            return Some(at);
        }
        at = at.checked_add(1)?;
    }
    None
}

/// 600 home areas; a node has a few.
const MAX_SEGMENT_HEADER: u64 = 1 << 15;
