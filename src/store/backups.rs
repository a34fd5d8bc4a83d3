//! The register of backups: which copies of this node were made, and until when each is kept.
//!
//! ```text
//! data/backups.jsonl   a line a backup: {"made_ms":…,"until_ms":…,"where":"…"}
//! ```
//! A backup is noted before the keys of cases are copied into it: whoever erases from that moment on
//! learns of it. One that broke off stays noted, for what is left of it may hold keys.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::journal::segment::sync_directory_of;

/// A copy of this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// When it was begun.
    pub made_ms: i64,
    /// Until when it is kept.
    pub until_ms: i64,
    /// Where, as the operator named it.
    #[serde(rename = "where")]
    pub place: String,
}

/// Why the register of backups cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BackupsError {
    /// A line is not what was written.
    #[error(
        "{}, line {line}: that is no line of the register of backups; put the file back from a backup, or mend that line by hand", path.display()
    )]
    Damaged {
        /// The register.
        path: PathBuf,
        /// The line, the first of which is 1.
        line: usize,
    },
    /// The disk failed.
    #[error("cannot use {}: {source}; check that the disk is mounted, has room, and is writable for this user", path.display())]
    Disk {
        /// The register.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The register of the node with that data directory.
pub fn path_of(data: &Path) -> PathBuf {
    data.join("backups.jsonl")
}

/// Notes a backup; once this returns, that survives a power cut.
///
/// # Errors
/// [`BackupsError`].
pub fn note(data: &Path, backup: &Backup) -> Result<(), BackupsError> {
    let path = path_of(data);
    let failed = |source| BackupsError::Disk {
        path: path.clone(),
        source,
    };
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    // One at a time; others wait.
    file.lock().map_err(failed)?;
    let whole = read(&path, &mut file)?.whole;
    let append = |file: &mut File| {
        file.set_len(whole)?;
        file.seek(SeekFrom::End(0))?;
        let mut line = serde_json::to_vec(backup)?;
        line.push(b'\n');
        file.write_all(&line)?;
        file.sync_all()?;
        sync_directory_of(&path)
    };
    append(&mut file).map_err(failed)
}

/// Every backup that was noted, in that order.
///
/// # Errors
/// [`BackupsError`].
pub fn list(data: &Path) -> Result<Vec<Backup>, BackupsError> {
    let path = path_of(data);
    match File::open(&path) {
        Ok(mut file) => Ok(read(&path, &mut file)?.backups),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(BackupsError::Disk { path, source }),
    }
}

/// Until when a backup is kept that holds the keys which were destroyed here at that moment: the
/// latest of them; none if none was kept then.
///
/// # Errors
/// [`BackupsError`].
pub fn pending_until(data: &Path, erased_ms: i64) -> Result<Option<i64>, BackupsError> {
    let kept = list(data)?
        .into_iter()
        .filter(|backup| backup.made_ms <= erased_ms && backup.until_ms > erased_ms);
    Ok(kept.map(|backup| backup.until_ms).max())
}

/// What the register says, and how many bytes of it are whole lines.
struct Register {
    backups: Vec<Backup>,
    whole: u64,
}

/// Reads the register. A last line without its end is one that nobody was told of.
fn read(path: &Path, file: &mut File) -> Result<Register, BackupsError> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)
        .map_err(|source| BackupsError::Disk {
            path: path.to_owned(),
            source,
        })?;
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let (mut backups, mut whole) = (Vec::new(), 0_u64);
    for (at, line) in lines.enumerate() {
        if !line.ends_with(b"\n") {
            break;
        }
        let read = serde_json::from_slice(line).map_err(|_| BackupsError::Damaged {
            path: path.to_owned(),
            line: at.saturating_add(1),
        });
        backups.push(read?);
        whole = whole.saturating_add(line.len() as u64);
    }
    Ok(Register { backups, whole })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn backup(made_ms: i64, until_ms: i64) -> Backup {
        Backup {
            made_ms,
            until_ms,
            place: format!("/备份/\"{made_ms}\"\n"),
        }
    }

    #[test]
    fn what_is_noted_is_listed_in_order_whatever_it_is_called() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(list(data.path()).unwrap(), []);
        let all = [backup(1, 10), backup(2, 5), backup(3, 30)];
        for backup in &all {
            note(data.path(), backup).unwrap();
        }
        assert_eq!(list(data.path()).unwrap(), all);
    }

    #[test]
    fn an_erasure_is_pending_until_the_last_copy_made_before_it_is_gone() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(pending_until(data.path(), 0).unwrap(), None);
        for backup in [backup(10, 100), backup(20, 60), backup(50, 200)] {
            note(data.path(), &backup).unwrap();
        }
        let pending = |at| pending_until(data.path(), at).unwrap();
        assert_eq!(pending(9), None);
        // One that was begun at that moment may hold them.
        assert_eq!(pending(10), Some(100));
        assert_eq!(pending(30), Some(100));
        assert_eq!(pending(50), Some(200));
        assert_eq!(pending(199), Some(200));
        assert_eq!(pending(200), None);
    }

    #[test]
    fn a_torn_last_line_is_dropped_and_written_over() {
        let data = tempfile::tempdir().unwrap();
        note(data.path(), &backup(1, 10)).unwrap();
        let path = path_of(data.path());
        let whole = fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            let torn = [&whole[..], &whole[..cut]].concat();
            fs::write(&path, torn).unwrap();
            assert_eq!(list(data.path()).unwrap(), [backup(1, 10)], "{cut}");
            note(data.path(), &backup(2, 20)).unwrap();
            let both = [backup(1, 10), backup(2, 20)];
            assert_eq!(list(data.path()).unwrap(), both, "{cut}");
        }
    }

    #[test]
    fn any_other_damage_is_named_with_its_line() {
        let data = tempfile::tempdir().unwrap();
        for made_ms in 1..=3 {
            note(data.path(), &backup(made_ms, 10)).unwrap();
        }
        let path = path_of(data.path());
        let text = fs::read_to_string(&path).unwrap();
        for wrong in ["\"made_ms\":x", "\"by\":2,\"made_ms\":2"] {
            fs::write(&path, text.replace("\"made_ms\":2", wrong)).unwrap();
            let error = pending_until(data.path(), 5).unwrap_err();
            assert!(
                matches!(error, BackupsError::Damaged { line: 2, .. }),
                "{error}"
            );
            let refused = note(data.path(), &backup(4, 10));
            assert!(matches!(
                refused,
                Err(BackupsError::Damaged { line: 2, .. })
            ));
        }
    }
}
