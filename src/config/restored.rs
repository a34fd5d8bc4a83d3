//! The mark of a node that was made from a copy and has not heard from every peer since.
//!
//! ```text
//! data/restored.json   {"made_ms":…,"restored_ms":…}
//! ```

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::NodeDir;
use crate::trust::files::{self, FileError};

/// From which copy a node was made, and when. Times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restored {
    /// When the copy was made.
    pub made_ms: i64,
    /// When the node was made from it.
    pub restored_ms: i64,
}

impl Restored {
    /// The mark of that node; none if it has none.
    ///
    /// # Errors
    /// [`FileError`]. A mark that cannot be read is one of which nothing else is known.
    pub fn read(dir: &NodeDir) -> Result<Option<Self>, FileError> {
        let bytes = files::read_if_present(&path_of(dir))?;
        let unknown = Self {
            made_ms: 0,
            restored_ms: 0,
        };
        Ok(bytes.map(|bytes| serde_json::from_slice(&bytes).unwrap_or(unknown)))
    }

    /// Marks the node of that directory.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn write(self, dir: &NodeDir) -> Result<(), FileError> {
        // Two numbers are always written.
        let text = serde_json::to_vec(&self).unwrap_or_default();
        files::replace_secret(&path_of(dir), &text)
    }

    /// Takes the mark away: every peer has been heard.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn remove(dir: &NodeDir) -> Result<(), FileError> {
        files::remove_if_present(&path_of(dir))
    }
}

fn path_of(dir: &NodeDir) -> PathBuf {
    dir.data().join("restored.json")
}
