//! Reading entries back by position, while the writer appends.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
};

use bytes::Bytes;

use super::{
    archive::{Members, Newest},
    group::{ENTRY_HEAD, GROUP_HEADER, Placed, claimed_len, entry_len, read_entry},
    record::{Position, Record},
};

/// The open segments. Cheap to clone; readers share it with the writer, who adds segments.
#[derive(Clone, Default)]
pub(crate) struct Segments(Arc<RwLock<BTreeMap<Position, Open>>>);

struct Open {
    /// The segment, or the head of an archived one.
    file: File,
    /// Bytes of the segment's header: offset in the file less position in the segment.
    header: u64,
    archive: Option<Arc<Archive>>,
}

/// Where the rest of an archived segment lies.
struct Archive {
    path: PathBuf,
    /// Bytes of the head, which are read without it.
    head: u64,
    members: OnceLock<Members>,
    newest: Mutex<Newest>,
}

/// An entry that the index points at cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The disk failed.
    #[error(
        "the journal cannot be read at position {at}: {source}; check the disk, then run `hongyan journal check`"
    )]
    Disk {
        /// Where.
        at: u64,
        /// Why.
        source: io::Error,
    },
    /// They were archived, and the file is missing.
    #[error(
        "position {at} lies in the archived segment {archive}, which is not there: put the file back, or mount the disk that holds it", archive = archive.display()
    )]
    ArchiveMissing {
        /// Where.
        at: u64,
        /// The file.
        archive: PathBuf,
    },
    /// The bytes there are not what was written.
    #[error(
        "the journal is damaged at position {at}; stop the node and run `hongyan journal check`"
    )]
    Damaged {
        /// Where.
        at: u64,
    },
}

impl Archive {
    /// The `len` bytes at an offset of the segment. The file may have gone and come meanwhile.
    fn bytes(&self, offset: u64, len: usize) -> io::Result<Bytes> {
        let file = File::open(&self.path)?;
        let members = match self.members.get() {
            Some(members) => members,
            None => {
                let found = Members::of(&file)?;
                self.members.get_or_init(|| found)
            }
        };
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(members.bytes(&file, &mut newest, offset, len)?.into())
    }
}

impl Segments {
    /// Adds a segment whose header has `header` bytes.
    pub(crate) fn add(&self, first: Position, file: File, header: u64) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(
                first,
                Open {
                    file,
                    header,
                    archive: None,
                },
            );
    }

    /// Adds a segment that lies in the archive, or puts it in the place of what it was. `head` is what
    /// it left.
    pub(crate) fn add_archived(
        &self,
        first: Position,
        head: File,
        header: u64,
        archive: PathBuf,
    ) -> io::Result<()> {
        let archive = Archive {
            path: archive,
            head: head.metadata()?.len(),
            members: OnceLock::new(),
            newest: Mutex::default(),
        };
        let open = Open {
            file: head,
            header,
            archive: Some(Arc::new(archive)),
        };
        let mut segments = self.0.write().unwrap_or_else(PoisonError::into_inner);
        segments.insert(first, open);
        Ok(())
    }

    /// The `len` bytes at a position.
    pub(crate) fn bytes(&self, at: Position, len: u32) -> Result<Bytes, ReadError> {
        let segments = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some((first, open)) = segments.range(..=at).next_back() else {
            return Err(ReadError::Damaged { at: at.get() });
        };
        let offset = at
            .get()
            .saturating_sub(first.get())
            .saturating_add(open.header);
        if let Some(archive) = &open.archive
            && offset.saturating_add(len.into()) > archive.head
        {
            let archive = Arc::clone(archive);
            // The disk of an archive may be slow: whoever adds a segment does not wait for it.
            drop(segments);
            return archive.bytes(offset, len as usize).map_err(|source| {
                let at = at.get();
                match source.kind() {
                    io::ErrorKind::NotFound => ReadError::ArchiveMissing {
                        at,
                        archive: archive.path.clone(),
                    },
                    io::ErrorKind::InvalidData => ReadError::Damaged { at },
                    _ => ReadError::Disk { at, source },
                }
            });
        }
        let mut buffer = vec![0; len as usize];
        open.file
            .read_exact_at(&mut buffer, offset)
            .map_err(|source| ReadError::Disk {
                at: at.get(),
                source,
            })?;
        Ok(buffer.into())
    }

    /// The oldest segment that is not archived, and where it ends; none if that is the last.
    pub(crate) fn oldest(&self) -> Option<(Position, Position)> {
        let segments = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut left = segments.iter();
        let (first, _) = left.find(|(_, open)| open.archive.is_none())?;
        left.next().map(|(end, _)| (*first, *end))
    }

    /// Where the segments begin, in order.
    pub(crate) fn firsts(&self) -> Vec<Position> {
        let segments = self.0.read().unwrap_or_else(PoisonError::into_inner);
        segments.keys().copied().collect()
    }

    /// The whole group that begins at a position.
    pub(crate) fn group(&self, at: Position) -> Result<Bytes, ReadError> {
        let head = self.bytes(at, GROUP_HEADER as u32)?;
        let len = claimed_len(&head)
            .and_then(|body| u32::try_from(body.checked_add(GROUP_HEADER)?).ok())
            .ok_or_else(|| ReadError::Damaged { at: at.get() })?;
        self.bytes(at, len)
    }

    /// The consecutive entries that fill the `len` bytes at a position.
    pub(crate) fn run(&self, at: Position, len: u32) -> Result<Vec<Placed>, ReadError> {
        let bytes = self.bytes(at, len)?;
        let mut placed = Vec::new();
        let mut offset = 0usize;
        while offset < bytes.len() {
            let position = at.plus(offset as u64);
            let damaged = ReadError::Damaged { at: position.get() };
            let Ok((record, len)) = read_entry(&bytes.slice(offset..)) else {
                return Err(damaged);
            };
            placed.push(Placed {
                position,
                len: u32::try_from(len).unwrap_or(u32::MAX),
                record,
            });
            offset = offset.saturating_add(len);
        }
        Ok(placed)
    }

    /// The one entry at a position.
    pub(crate) fn entry_at(&self, at: Position) -> Result<Placed, ReadError> {
        let head = self.bytes(at, ENTRY_HEAD)?;
        let len = entry_len(&head).ok_or_else(|| ReadError::Damaged { at: at.get() })?;
        Ok(Placed {
            position: at,
            len,
            record: self.entry(at, len)?,
        })
    }

    /// The one entry at a position whose length is known.
    pub(crate) fn entry(&self, at: Position, len: u32) -> Result<Record, ReadError> {
        let bytes = self.bytes(at, len)?;
        read_entry(&bytes)
            .map(|(record, _)| record)
            .map_err(|_| ReadError::Damaged { at: at.get() })
    }
}
