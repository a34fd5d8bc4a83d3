//! What is done at the node's own machine, by commands that need no running node.
//!
//! ```text
//! data/by-hand/<time in ms>-<random>.act   the bytes of an act, without number and digest
//! ```
//! The command leaves a file; the node takes it on record when it starts and when it reads its
//! directory anew. Until then it is no more tamper-evident than anything else that whoever sits there
//! could have changed.

use std::{fs, io, path::PathBuf};

use data_encoding::HEXLOWER;

use crate::{
    config::NodeDir,
    domain::{area::County, audit::Entry, channel::Digest},
    store::{AuditPart, Audited, NotNow, Position, Store},
    trust::{
        files::{self, FileError},
        keys::{NoRandomness, draw},
    },
};

/// Why an act by hand is not left, or not taken on record.
#[derive(Debug, thiserror::Error)]
pub enum ByHandError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The store.
    #[error(transparent)]
    Store(#[from] NotNow),
}

/// Leaves an act for the node to take on record in that home area.
///
/// # Errors
/// [`ByHandError`].
pub fn leave(dir: &NodeDir, home: County, entry: Entry) -> Result<(), ByHandError> {
    let name = format!("{:013}-{}", entry.at_ms, HEXLOWER.encode(&draw::<8>()?));
    let audited = Audited {
        home,
        number: 0,
        previous: Digest::default(),
        entry,
    };
    let path = dir.by_hand().join(format!("{name}.{ENDING}"));
    Ok(files::write_public(&path, &audited.bytes())?)
}

/// Takes on record what was left, the oldest first; says how many acts that were. What was taken
/// before the node broke off is not taken again. To be called by one at a time.
///
/// # Errors
/// [`ByHandError`]; what was not taken is still there.
pub async fn take(dir: &NodeDir, store: &Store) -> Result<u64, ByHandError> {
    let mut taken = 0_u64;
    for path in left(dir)? {
        let bytes = files::read_public(&path)?;
        match Audited::read(&bytes) {
            Some(Audited { home, entry, .. }) => {
                let newest = AuditPart::Before(Position::new(u64::MAX));
                let newest = store.audited(home, newest, LOOKED_AT).await?;
                if !newest.iter().any(|(_, known)| known.entry == entry) {
                    store.audit(home, vec![entry]).await?;
                    taken = taken.saturating_add(1);
                }
            }
            None => {
                tracing::error!(path = %path.display(), "What was left there by hand is no act; it is thrown away.");
            }
        }
        files::remove_if_present(&path)?;
    }
    Ok(taken)
}

fn left(dir: &NodeDir) -> Result<Vec<PathBuf>, FileError> {
    let directory = dir.by_hand();
    let failed = |source| FileError::Io {
        path: directory.clone(),
        source,
    };
    let entries = match fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|kind| kind == ENDING) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

const ENDING: &str = "act";

/// So many of the newest acts are looked at for one that was taken before.
const LOOKED_AT: usize = 256;
