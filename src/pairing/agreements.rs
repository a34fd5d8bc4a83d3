//! The agreements of a node, from its directory.

use std::{fs, io};

use crate::{
    agreement::{Agreement, Agreements, TermsError, TwoTexts},
    config::NodeDir,
    trust::files::{self, FileError},
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
}

/// All agreements of a node: every file of `agreements/` that ends in `.toml`. Further versions of
/// one agreement may lie beside it under any name. None where the directory is not there.
///
/// # Errors
/// The first file that is no agreement: a node does not guess what it may let through.
pub fn load_agreements(dir: &NodeDir) -> Result<Agreements, AgreementsError> {
    let listed = match fs::read_dir(dir.agreements()) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Agreements::default()),
        Err(error) => return Err(AgreementsError::Directory(error)),
    };
    let mut names = Vec::new();
    for entry in listed {
        let name = entry.map_err(AgreementsError::Directory)?.file_name();
        let name = name.to_string_lossy().into_owned();
        if name.ends_with(".toml") && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort_unstable();
    let mut agreements = Vec::new();
    for name in names {
        let bytes = files::read_public(&dir.agreements().join(&name))?;
        let Ok(text) = str::from_utf8(&bytes) else {
            return Err(AgreementsError::NotText { name });
        };
        match Agreement::parse(text) {
            Ok(agreement) => agreements.push(agreement),
            Err(error) => return Err(AgreementsError::Terms { name, error }),
        }
    }
    Ok(Agreements::new(agreements, [])?)
}
