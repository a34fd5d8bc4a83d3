//! The heads of the chains where each segment begins, for whoever signs them or looks at what was
//! signed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    recovery::{JournalError, header_of},
    segment::SegmentHeader,
};
use crate::domain::{area::County, journal::JournalHead};

/// What a segment of the journal says of the chains at its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHeads {
    /// Name of the segment, without its ending.
    pub name: String,
    /// The head of each home area that has entries before it.
    pub heads: Vec<(County, JournalHead)>,
}

/// The heads of all segments of the journal in that directory, the oldest first. Only reads, so a
/// node may run.
///
/// # Errors
/// [`JournalError`] if a header cannot be read.
pub fn segment_heads(journal: &Path) -> Result<Vec<SegmentHeads>, JournalError> {
    let mut segments = Vec::new();
    for path in segment_paths(journal)? {
        let (SegmentHeader { first, chains }, _) = header_of(&path)?;
        let position = first.get();
        let name = path.file_stem().unwrap_or_default();
        segments.push(SegmentHeads {
            name: name.to_string_lossy().into_owned(),
            heads: chains
                .into_iter()
                .map(|(home, head)| (home, JournalHead { position, head }))
                .collect(),
        });
    }
    Ok(segments)
}

/// The segments in that directory, the oldest first; none if it is not there. Only reads, so a node may
/// run.
///
/// # Errors
/// [`JournalError::Disk`].
pub(crate) fn segment_paths(journal: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let disk = |source| JournalError::Disk {
        path: journal.to_owned(),
        source,
    };
    let listed = match fs::read_dir(journal) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(disk(error)),
    };
    let mut paths = Vec::new();
    for entry in listed {
        let path = entry.map_err(disk)?.path();
        if path.extension().is_some_and(|kind| kind == "segment") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
