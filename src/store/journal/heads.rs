//! The heads of the chains where each segment begins, for whoever signs them or looks at what was
//! signed.

use std::{io, path::Path};

use super::{
    recovery::{JournalError, header_of},
    segment::{self, SegmentFile, SegmentHeader},
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
    for file in segments_of(journal)? {
        let (SegmentHeader { first, chains }, _) = header_of(&file.path)?;
        let position = first.get();
        segments.push(SegmentHeads {
            name: file.name(),
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
pub(crate) fn segments_of(journal: &Path) -> Result<Vec<SegmentFile>, JournalError> {
    match segment::list(journal) {
        Ok(segments) => Ok(segments),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(JournalError::Disk {
            path: journal.to_owned(),
            source,
        }),
    }
}
