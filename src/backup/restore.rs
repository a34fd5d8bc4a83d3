//! Making a node from a copy.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;

use super::{BackupError, Checked, check::read, disk, make_dirs, sync_dir, sync_tree, write_new};
use crate::{
    config::{NodeDir, Restored},
    trust::keys::draw,
};

/// What is to be made, and from what.
pub struct Restoring<'a> {
    /// The copy, looked through.
    pub from: &'a Checked,
    /// The directory of the node that is to be.
    pub node: &'a Path,
    /// The list of erasures that was kept elsewhere.
    pub erasures: Option<&'a Path>,
    /// The time, in milliseconds since 1970.
    pub now_ms: i64,
}

/// A node's directory beside its place; gone again unless it is finished.
pub struct Building {
    dir: NodeDir,
    target: PathBuf,
}

/// Makes the directory of a node beside its place, where it stays until it is finished.
///
/// # Errors
/// [`BackupError`]: then nothing is left of it.
pub fn restore(restoring: &Restoring<'_>) -> Result<Building, BackupError> {
    let Restoring {
        from,
        node,
        erasures,
        now_ms,
    } = *restoring;
    let building = Building::begin(node)?;
    let dir = &building.dir;
    for path in [dir.peers(), dir.agreements(), dir.data()] {
        make_dirs(&path)?;
    }
    let own = erasures_of(dir.path());
    for file in &from.manifest.files {
        let bytes = read(&from.node(), file)?;
        let path = dir.path().join(&file.path);
        if path == own {
            continue;
        }
        if let Some(directory) = path.parent() {
            make_dirs(directory)?;
        }
        write_new(&path, &bytes)?;
    }
    if let Some(list) = newest(&erasures_of(&from.node()), erasures)? {
        write_new(&own, &list)?;
    }
    let restored = Restored {
        made_ms: from.about().made_ms,
        restored_ms: now_ms,
    };
    restored.write(dir)?;
    Ok(building)
}

/// The list of erasures in the directory of a node.
pub fn erasures_of(node: &Path) -> PathBuf {
    NodeDir::new(node).data().join("erasures")
}

/// Of two lists that which goes on where the other ends; none if there is neither.
fn newest(copied: &Path, kept: Option<&Path>) -> Result<Option<Vec<u8>>, BackupError> {
    let copied = match fs::read(copied) {
        Ok(copied) => Some(whole_lines(copied)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(disk(copied)(error)),
    };
    let Some(path) = kept else {
        return Ok(copied);
    };
    let kept = whole_lines(fs::read(path).map_err(disk(path))?);
    match copied {
        Some(copied) if copied.starts_with(&kept) => Ok(Some(copied)),
        Some(copied) if !kept.starts_with(&copied) => {
            Err(BackupError::ErasuresDiffer(path.to_owned()))
        }
        Some(_) | None => Ok(Some(kept)),
    }
}

/// A last line without its end was being written, and is none yet.
fn whole_lines(mut list: Vec<u8>) -> Vec<u8> {
    let ends = list.iter().rposition(|byte| *byte == b'\n');
    list.truncate(ends.map_or(0, |at| at.saturating_add(1)));
    list
}

impl Building {
    fn begin(target: &Path) -> Result<Self, BackupError> {
        let taken = match fs::read_dir(target) {
            Ok(mut entries) => entries.next().is_some(),
            Err(_) => target.symlink_metadata().is_ok(),
        };
        if taken {
            return Err(BackupError::Taken(target.to_owned()));
        }
        let drawn = HEXLOWER.encode(&draw::<8>()?);
        let path = parent_of(target).join(format!(".hongyan-restore-{drawn}"));
        make_dirs(&path)?;
        Ok(Self {
            dir: NodeDir::new(path),
            target: target.to_owned(),
        })
    }

    /// The directory as long as it is not in its place.
    pub const fn dir(&self) -> &NodeDir {
        &self.dir
    }

    /// Puts it in its place; once this returns, it survives a power cut.
    ///
    /// # Errors
    /// [`BackupError::Disk`].
    pub fn finish(self) -> Result<(), BackupError> {
        sync_tree(self.dir.path())?;
        // An empty directory in its place gives way; any other stays.
        fs::rename(self.dir.path(), &self.target).map_err(disk(&self.target))?;
        sync_dir(parent_of(&self.target))
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        // Gone already where it was finished.
        drop(fs::remove_dir_all(self.dir.path()));
    }
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_lists_of_erasures_the_longer_counts_if_it_goes_on_where_the_other_ends() {
        let dir = tempfile::tempdir().unwrap();
        let (copied, kept) = (dir.path().join("copied"), dir.path().join("kept"));
        let of = |a: &str, b: &str| {
            fs::write(&copied, a).unwrap();
            fs::write(&kept, b).unwrap();
            let newest = newest(&copied, Some(&kept));
            newest.map(|list| String::from_utf8(list.unwrap()).unwrap())
        };
        assert_eq!(of("1\n", "1\n2\n").unwrap(), "1\n2\n");
        assert_eq!(of("1\n2\n", "1\n").unwrap(), "1\n2\n");
        assert_eq!(
            of("1\n2", "1\n3\n").unwrap(),
            "1\n3\n",
            "a torn line is none"
        );
        assert_eq!(of("1\n2\n", "").unwrap(), "1\n2\n");
        for (a, b) in [("1\n2\n", "1\n3\n"), ("1\n", "2\n1\n")] {
            let refused = of(a, b);
            assert!(matches!(refused, Err(BackupError::ErasuresDiffer(_))));
        }
        fs::remove_file(&copied).unwrap();
        assert_eq!(newest(&copied, None).unwrap(), None);
        assert!(newest(&copied, Some(&kept)).unwrap().is_some());
        fs::remove_file(&kept).unwrap();
        let lacking = newest(&copied, Some(&kept));
        assert!(matches!(lacking, Err(BackupError::Disk { .. })));
    }

    #[test]
    fn nothing_is_left_of_a_node_that_is_not_finished_and_none_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("node");
        drop(Building::begin(&target).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        fs::create_dir(&target).unwrap();
        let building = Building::begin(&target).unwrap();
        fs::write(building.dir().path().join("x"), "").unwrap();
        building.finish().unwrap();
        assert!(target.join("x").exists());
        let refused = Building::begin(&target);
        assert!(matches!(refused, Err(BackupError::Taken(_))));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
