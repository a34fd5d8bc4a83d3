//! A copy of a node, from which it is made anew elsewhere.
//!
//! ```text
//! <to>/<area>-<day>-<time>/
//!   manifest.jsonl   what the copy is of, a line a file with its length and SHA-256, and the SHA-256
//!                    of all lines before; written last, so a copy without it is none
//!   node/            the node's directory, but for what follows from the rest (the index, cases,
//!                    lists) and the master key
//! ```
//! A node may run meanwhile. Acts left by hand are copied before the journal, which takes them up; what
//! people write after it, so that nothing in the journal names what the copy lacks; then the backup is
//! noted in the node's register, and only then the keys of cases are copied: whoever erases from that
//! moment on learns that a copy holds the key, and whoever did so before left a copy without it. The
//! list of erasures comes last, so that it names whatever the keys lack.

mod check;
mod make;
mod manifest;
mod restore;

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;

pub use self::{
    check::{Checked, check},
    make::{Made, Order, make},
    manifest::{About, ChannelReach, HeadReach, Manifest},
    restore::{Building, NewestErasures, Restoring, restore},
};
use crate::{
    config::ConfigError,
    node::HeadsError,
    store::{ErasuresError, JournalError, VaultError, backups::BackupsError},
    trust::{files::FileError, keys::NoRandomness, rotation::RotateError},
};

/// Why there is no copy, or no node from one. Each names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file of the copy is not what was copied.
    #[error("the backup is damaged: {} is not what was copied; take another backup", .0.display())]
    Altered(PathBuf),
    /// The configuration in it cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A list of erasures is not one of the node, or not whole.
    #[error(transparent)]
    Erasures(#[from] ErasuresError),
    /// Both lists of erasures go on in their own way.
    #[error(
        "the list of erasures {} and that of the backup differ: neither goes on where the other ends: one of the two is no copy of what this node wrote; find out which, and give the node's own newest data/erasures", .0.display()
    )]
    ErasuresDiffer(PathBuf),
    /// A file of this system.
    #[error("{}: {source}; check that the disk is mounted, has room, and is writable for this user", path.display())]
    Disk {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The signed heads of the journal.
    #[error(transparent)]
    Heads(#[from] HeadsError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The manifest is not what was written.
    #[error(
        "the backup is damaged: line {line} of {} is not what was written; take another backup", path.display()
    )]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// The line, the first of which is 1.
        line: usize,
    },
    /// A file that the manifest names is not there.
    #[error("the backup is not whole: {} is missing; take another backup", .0.display())]
    Missing(PathBuf),
    /// A newer version wrote it.
    #[error(
        "{} was written by a newer version; use that version", .0.display()
    )]
    Newer(PathBuf),
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Nothing says that the copy was ended.
    #[error(
        "{} is no backup, or one that broke off: it has no manifest.jsonl; take another, and remove what broke off", .0.display()
    )]
    NotWhole(PathBuf),
    /// The own keys of the node.
    #[error(transparent)]
    OwnKeys(#[from] RotateError),
    /// The register of backups.
    #[error(transparent)]
    Register(#[from] BackupsError),
    /// There is something at the place of the node that is to be made.
    #[error("{} is there already and is not empty; nothing is ever restored over a node: name another directory, or move that one away", .0.display())]
    Taken(PathBuf),
    /// The keys of cases.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The copy would lie in what is copied.
    #[error("{} lies in the directory of the node; a backup belongs on another disk", .0.display())]
    Within(PathBuf),
}

/// In a copy, the directory of the node.
const NODE: &str = "node";

fn disk(path: &Path) -> impl FnOnce(io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |source| BackupError::Disk { path, source }
}

/// Makes a directory and its parents, closed to others.
fn make_dirs(path: &Path) -> Result<(), BackupError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(disk(path))
}

/// Writes a file that is not there, closed to others, and syncs it.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    file.and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    })
    .map_err(disk(path))
}

/// Syncs a directory and those in it.
fn sync_tree(directory: &Path) -> Result<(), BackupError> {
    for entry in fs::read_dir(directory).map_err(disk(directory))? {
        let entry = entry.map_err(disk(directory))?;
        if entry.file_type().map_err(disk(directory))?.is_dir() {
            sync_tree(&entry.path())?;
        }
    }
    sync_dir(directory)
}

fn sync_dir(directory: &Path) -> Result<(), BackupError> {
    let synced = File::open(directory).and_then(|file| file.sync_all());
    synced.map_err(disk(directory))
}

fn hex_digest(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}
