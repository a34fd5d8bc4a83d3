//! The agreements of a node, from its directory.

use std::io;

use super::life::{self, SignersError, Unsaid};
use crate::{
    agreement::{Agreements, TermsError, TwoTexts},
    config::NodeDir,
    trust::files::FileError,
};

/// Agreements that cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum AgreementsError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The directory cannot be listed.
    #[error("agreements: {0}")]
    Directory(#[source] io::Error),
    /// What stands in a file is no agreement.
    #[error("agreements/{name}: {error}")]
    Terms {
        /// The file.
        name: String,
        /// Why.
        error: TermsError,
    },
    /// A file is no text.
    #[error("agreements/{name}: not in UTF-8")]
    NotText {
        /// The file.
        name: String,
    },
    /// Two files contradict each other.
    #[error("agreements: {0}")]
    TwoTexts(#[from] TwoTexts),
    /// A statement that does not stand.
    #[error(
        "agreements/{name}, line {line}: {why}; put the file back from the backup, and the newest keys/ with it"
    )]
    Statements {
        /// The file.
        name: String,
        /// The line, from 1.
        line: usize,
        /// Why.
        why: Unsaid,
    },
    /// Whose statements they are cannot be told.
    #[error("agreements: {0}")]
    Signers(#[from] Box<SignersError>),
}

impl From<SignersError> for AgreementsError {
    fn from(error: SignersError) -> Self {
        Self::Signers(Box::new(error))
    }
}

/// All agreements of a node: every file of `agreements/` that ends in `.toml`, and how they stand by
/// what both sides have signed. Further versions of one agreement may lie beside it under any name:
/// but for those that are named by their version, both sides signed them when they paired. None
/// where the directory is not there.
///
/// # Errors
/// The first file that is no agreement, or holds a statement that does not stand: a node does not
/// guess what it may let through.
pub fn load_agreements(dir: &NodeDir) -> Result<Agreements, AgreementsError> {
    life::load(dir)
}
