//! Small files that must be whole and, where they hold secrets, closed to others.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::keys::{NoRandomness, draw};

/// A file that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is there already and must not be overwritten.
    #[error("{} exists already; move it away first", path.display())]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// Anything else that the system reports.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not there.
    #[error("{} is missing; {}", path.display(), remedy(path))]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// No random name could be drawn for the file that replaces it.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// A directory stands where it belongs.
    #[error("{} is a directory, and a file belongs there; move it away and put the file back", path.display())]
    NotAFile {
        /// Which.
        path: PathBuf,
    },
    /// It is larger than any such file may be.
    #[error("{} is larger than {MAX_BYTES} bytes", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// It holds a secret that others on this machine can read.
    #[error("{} can be read by others; run: chmod 600 {}", path.display(), path.display())]
    TooOpen {
        /// Which.
        path: PathBuf,
    },
}

/// How to come by a file that is missing.
fn remedy(path: &Path) -> &'static str {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with("crl") {
        "get the revocation list from the authority and put it there"
    } else if name.ends_with(".key") {
        "put it back from the backup; without one make the node anew and pair again"
    } else {
        "put it back, or check the path"
    }
}

/// Reads a file that holds no secret.
///
/// # Errors
/// [`FileError::Missing`], [`FileError::TooLarge`], [`FileError::Io`].
pub fn read_public(path: &Path) -> Result<Vec<u8>, FileError> {
    let file = File::open(path).map_err(|source| failed(path, source))?;
    read_bounded(path, file)
}

/// Reads a file that may be absent.
///
/// # Errors
/// As [`read_public`], without [`FileError::Missing`].
pub fn read_if_present(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match read_public(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(FileError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a file that holds a secret.
///
/// # Errors
/// [`FileError::TooOpen`] if group or others may read or write it, [`FileError::NotAFile`], and as
/// [`read_public`].
pub fn read_secret(path: &Path) -> Result<Vec<u8>, FileError> {
    let file = File::open(path).map_err(|source| failed(path, source))?;
    let found = file.metadata().map_err(|source| failed(path, source))?;
    if found.is_dir() {
        return Err(FileError::NotAFile { path: path.into() });
    }
    if found.mode() & 0o077 != 0 {
        return Err(FileError::TooOpen { path: path.into() });
    }
    read_bounded(path, file)
}

/// Puts a file in place as a whole, or not at all; after it returns, it survives a power cut.
///
/// # Errors
/// [`FileError::Io`]; the file that was there, if any, is then unchanged.
pub fn write_public(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write(path, bytes, 0o644)
}

/// As [`write_public`], with mode 0600 from the first byte on, and never over another file.
///
/// # Errors
/// [`FileError::Exists`], [`FileError::Io`].
pub fn write_new_secret(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    if path.symlink_metadata().is_ok() {
        return Err(FileError::Exists { path: path.into() });
    }
    write(path, bytes, 0o600)
}

/// As [`write_new_secret`], in place of the file that is there.
///
/// # Errors
/// [`FileError::Io`].
pub fn replace_secret(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write(path, bytes, 0o600)
}

/// Puts the secret at `from` in place of the one at `to`, as a whole or not at all, and writes over
/// the bytes of the one that was there. A file system that copies on write, or a disk that spreads
/// its wear, may still keep them.
///
/// # Errors
/// [`FileError::Missing`], [`FileError::Io`]; the secret at `to` is then the old or the new one.
pub fn supplant_secret(from: &Path, to: &Path) -> Result<(), FileError> {
    let old = OpenOptions::new().write(true).open(to);
    let mut old = old.map_err(|source| failed(to, source))?;
    fs::rename(from, to)
        .and_then(|()| File::open(parent_of(to))?.sync_all())
        .and_then(|()| {
            let length = old.metadata()?.len();
            io::copy(&mut io::repeat(0).take(length), &mut old)?;
            old.sync_all()
        })
        .map_err(|source| failed(to, source))
}

/// Gives another name, in the same directory, to a file that may be absent.
///
/// # Errors
/// [`FileError::Io`].
pub fn set_aside(from: &Path, to: &Path) -> Result<(), FileError> {
    match fs::rename(from, to).and_then(|()| File::open(parent_of(to))?.sync_all()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(from, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes a file that may be absent.
///
/// # Errors
/// [`FileError::Io`].
pub fn remove_if_present(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Waits for one's turn among those who change the files of a directory; it lasts until the answer
/// is dropped.
///
/// # Errors
/// [`FileError::Missing`], [`FileError::Io`].
pub fn lock(dir: &Path) -> Result<File, FileError> {
    let lock = File::open(dir).and_then(|file| file.lock().map(|()| file));
    lock.map_err(|source| failed(dir, source))
}

/// Makes a directory and its parents, closed to others; one that is there stays as it is.
///
/// # Errors
/// [`FileError::Io`].
pub fn make_dir(path: &Path) -> Result<(), FileError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| failed(path, source))
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let dir = parent_of(path);
    make_dir(dir)?;
    let draw: [u8; 8] = draw()?;
    let temporary = dir.join(format!(".{:016x}.new", u64::from_be_bytes(draw)));
    let written = write_synced(&temporary, bytes, mode)
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| File::open(dir)?.sync_all());
    written.map_err(|source| {
        // What is left over is only a stray name: the error that matters is the first.
        drop(fs::remove_file(&temporary));
        failed(path, source)
    })
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

fn write_synced(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn read_bounded(path: &Path, file: File) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let read = file
        .take(MAX_BYTES.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| failed(path, source))?;
    if read as u64 > MAX_BYTES {
        return Err(FileError::TooLarge { path: path.into() });
    }
    Ok(bytes)
}

fn failed(path: &Path, source: io::Error) -> FileError {
    let path = path.into();
    match source.kind() {
        io::ErrorKind::NotFound => FileError::Missing { path },
        _ => FileError::Io { path, source },
    }
}

/// A revocation list of a whole province stays far below this.
const MAX_BYTES: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_that_others_can_read_is_refused_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys/x.key");
        write_new_secret(&path, b"secret").unwrap();
        assert_eq!(read_secret(&path).unwrap(), b"secret");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = read_secret(&path).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
        let error = read_secret(&dir.path().join("keys")).unwrap_err();
        assert!(error.to_string().contains("is a directory"), "{error}");
    }

    #[test]
    fn a_secret_is_never_overwritten_by_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.key");
        write_new_secret(&path, b"first").unwrap();
        assert!(matches!(
            write_new_secret(&path, b"second"),
            Err(FileError::Exists { .. })
        ));
        assert_eq!(read_secret(&path).unwrap(), b"first");
    }

    #[test]
    fn nothing_but_the_file_is_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        write_public(&dir.path().join("a"), b"1").unwrap();
        write_public(&dir.path().join("a"), b"2").unwrap();
        assert_eq!(read_public(&dir.path().join("a")).unwrap(), b"2");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
