//! The invitations that a node issued: kept until they are answered, then marked as used.

use super::nonce::Nonce;
use crate::{
    config::NodeDir,
    domain::channel::Digest,
    trust::files::{self, FileError},
};

/// An invitation of one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The file as it was given away.
    pub file: String,
    /// The digest of the answer that used it, once one has.
    pub used_by: Option<String>,
}

impl Issued {
    /// Keeps an invitation before it is given away.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(dir: &NodeDir, nonce: Nonce, file: &str) -> Result<(), FileError> {
        let path = dir.invitations().join(format!("{nonce}.toml"));
        files::write_public(&path, file.as_bytes())
    }

    /// The invitation of that nonce; `None` if this node did not issue it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn load(dir: &NodeDir, nonce: Nonce) -> Result<Option<Self>, FileError> {
        let read = |kind: &str| -> Result<Option<String>, FileError> {
            let path = dir.invitations().join(format!("{nonce}.{kind}"));
            let bytes = files::read_if_present(&path)?;
            Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
        };
        let Some(file) = read("toml")? else {
            return Ok(None);
        };
        Ok(Some(Self {
            file,
            used_by: read("used")?,
        }))
    }

    /// Marks an invitation as used by that answer.
    ///
    /// # Errors
    /// If the mark cannot be written.
    pub fn mark_used(dir: &NodeDir, nonce: Nonce, answer: Digest) -> Result<(), FileError> {
        let path = dir.invitations().join(format!("{nonce}.used"));
        files::write_public(&path, answer.to_string().as_bytes())
    }
}
