//! What is written down of an index that failed, and where it goes.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Writes down that the index failed while it was in use: sled may open it again as if nothing had
/// been, and fail again at the same page.
///
/// # Errors
/// The disk's.
pub(in crate::store::embedded) fn distrust(directory: &Path) -> io::Result<()> {
    fs::File::create(mark_of(directory))?.sync_all()
}

/// True if the index failed while it was in use.
pub(in crate::store::embedded) fn is_distrusted(directory: &Path) -> bool {
    mark_of(directory).exists()
}

/// The index was built anew.
///
/// # Errors
/// The disk's.
pub(in crate::store::embedded) fn trust(directory: &Path) -> io::Result<()> {
    match fs::remove_file(mark_of(directory)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn mark_of(directory: &Path) -> PathBuf {
    directory.with_extension("failed")
}

/// Moves an index that cannot be used out of the way, so that a fresh one is built. Returns where
/// it went; none if there was nothing.
///
/// # Errors
/// The disk's.
pub(in crate::store::embedded) fn set_aside(directory: &Path) -> io::Result<Option<PathBuf>> {
    if !directory.exists() {
        return Ok(None);
    }
    let aside = directory.with_extension("aside");
    if aside.exists() {
        fs::remove_dir_all(&aside)?;
    }
    fs::rename(directory, &aside)?;
    Ok(Some(aside))
}

/// Removes an index of which nothing is to be learned, and what was written down of it.
///
/// # Errors
/// The disk's.
pub(in crate::store::embedded) fn remove(directory: &Path) -> io::Result<()> {
    let removed = if directory.is_dir() {
        fs::remove_dir_all(directory)
    } else {
        fs::remove_file(directory)
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    trust(directory)
}
