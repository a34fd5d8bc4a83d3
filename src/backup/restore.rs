//! Making a node from a copy.

use std::{
    fs,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;

use super::{BackupError, Checked, check::read, disk, make_dirs, sync_dir, sync_tree, write_new};
use crate::{
    config::{NodeDir, Restored},
    domain::area::County,
    store::erasures::{self, path_of},
    trust::keys::draw,
};

/// What is to be made, and from what.
pub struct Restoring<'a> {
    /// The copy, looked through.
    pub from: &'a Checked,
    /// The directory of the node that is to be.
    pub node: &'a Path,
    /// The list of erasures.
    pub erasures: NewestErasures,
    /// The time, in milliseconds since 1970.
    pub now_ms: i64,
}

/// The list of erasures that a restored node gets, every line of it proven and of that node.
pub struct NewestErasures {
    lines: Vec<u8>,
    /// Whether one that was kept elsewhere, and names somebody, is in it.
    is_kept: bool,
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
    } = restoring;
    let building = Building::begin(node)?;
    let dir = &building.dir;
    for path in [dir.peers(), dir.agreements(), dir.data()] {
        make_dirs(&path)?;
    }
    let own = path_of(&dir.data());
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
    if !erasures.lines.is_empty() {
        write_new(&own, &erasures.lines)?;
    }
    let restored = Restored {
        made_ms: from.about().made_ms,
        restored_ms: *now_ms,
    };
    restored.write(dir)?;
    Ok(building)
}

impl NewestErasures {
    /// Of the list in a copy and one that was kept elsewhere that which goes on where the other ends.
    ///
    /// # Errors
    /// [`BackupError::Erasures`] if either is not whole or of another node,
    /// [`BackupError::ErasuresDiffer`] if neither goes on where the other ends.
    pub fn of(from: &Checked, kept: Option<&Path>) -> Result<Self, BackupError> {
        let copied = path_of(&NodeDir::new(from.node()).data());
        Self::among(&copied, kept, &from.config.areas)
    }

    fn among(copied: &Path, kept: Option<&Path>, areas: &[County]) -> Result<Self, BackupError> {
        let copied = erasures::copied(copied, areas)?.unwrap_or_default();
        let list = match kept {
            Some(path) => erasures::kept_elsewhere(path, areas)?,
            None => Vec::new(),
        };
        let is_kept = !list.is_empty();
        let lines = match kept {
            _ if copied.starts_with(&list) => copied,
            Some(path) if !list.starts_with(&copied) => {
                return Err(BackupError::ErasuresDiffer(path.to_owned()));
            }
            Some(_) | None => list,
        };
        Ok(Self { lines, is_kept })
    }

    /// Whether one was kept elsewhere that names somebody: an empty file tells nothing.
    pub const fn is_kept(&self) -> bool {
        self.is_kept
    }
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
    use crate::{
        domain::{erasure::ErasureReason, notice::NoticeId},
        store::{
            ErasuresError,
            erasures::Erasures,
            journal::{erased::Erased, payload::Slot, record::Side},
        },
    };

    /// A list of the node that made an erasure, then others.
    fn list_of(data: &Path, reasons: &[ErasureReason]) -> Vec<u8> {
        let of = |(number, reason): (u64, &ErasureReason)| Erased {
            side: Side {
                home: "350582".parse().unwrap(),
                other: "530111".parse().unwrap(),
            },
            id: NoticeId::new([5; 8], number),
            case: NoticeId::new([6; 8], number),
            reason: *reason,
            at_ms: 1_795_000_000_000,
            asked_by: None,
            office: String::new(),
            notices: Vec::new(),
            slots: vec![Slot::at(9, 1)],
            next: Slot::at(9, 2),
        };
        let erased: Vec<Erased> = (0..).zip(reasons).map(of).collect();
        fs::create_dir_all(data).unwrap();
        let (mut list, _) = Erasures::open(data).unwrap();
        list.add(&erased).unwrap();
        fs::read(path_of(data)).unwrap()
    }

    #[test]
    fn of_two_lists_of_erasures_the_longer_counts_if_it_goes_on_where_the_other_ends() {
        use ErasureReason::{EnteredInError, PersonAsked};
        let dir = tempfile::tempdir().unwrap();
        let (copied, kept) = (dir.path().join("copied"), dir.path().join("kept"));
        let areas: [County; 1] = ["350582".parse().unwrap()];
        let of = |a: &[u8], b: &[u8]| {
            fs::write(&copied, a).unwrap();
            fs::write(&kept, b).unwrap();
            let newest = NewestErasures::among(&copied, Some(&kept), &areas);
            newest.map(|newest| (newest.lines, newest.is_kept))
        };
        let one = list_of(&dir.path().join("1"), &[PersonAsked]);
        let two = list_of(&dir.path().join("2"), &[PersonAsked, PersonAsked]);
        let other = list_of(&dir.path().join("3"), &[PersonAsked, EnteredInError]);
        let first = list_of(&dir.path().join("4"), &[EnteredInError]);
        assert_eq!(of(&one, &two).unwrap(), (two.clone(), true));
        assert_eq!(of(&two, &one).unwrap(), (two.clone(), true));
        assert_eq!(of(b"", &two).unwrap(), (two.clone(), true));
        let torn = &two[..two.len() - 1];
        // In the copy of a node that ran that line was being written.
        assert_eq!(of(torn, &other).unwrap(), (other.clone(), true));
        assert_eq!(of(&two, b"").unwrap(), (two.clone(), false));
        for (a, b) in [(&two, &other), (&one, &first)] {
            let refused = of(a, b);
            assert!(matches!(refused, Err(BackupError::ErasuresDiffer(_))));
        }
        let edited = String::from_utf8(two.clone()).unwrap();
        let edited = edited.replacen("person_asked", "retention_ended", 2);
        for (a, b) in [
            (&two[..], torn),
            (b"", torn),
            (b"", b"990000199001011234"),
            (b"", b"990000199001011234\n"),
            (b"", b"{\"number\":1}\n"),
            (b"", edited.as_bytes()),
            (edited.as_bytes(), &two),
        ] {
            let refused = of(a, b);
            assert!(matches!(refused, Err(BackupError::Erasures(_))));
        }
        fs::write(&kept, &two).unwrap();
        let elsewhere: [County; 1] = ["530111".parse().unwrap()];
        let foreign = NewestErasures::among(&dir.path().join("none"), Some(&kept), &elsewhere);
        assert!(matches!(
            foreign,
            Err(BackupError::Erasures(ErasuresError::AnotherNode(_)))
        ));
        let none = NewestErasures::among(&dir.path().join("none"), None, &areas).unwrap();
        assert!(none.lines.is_empty() && !none.is_kept());
        fs::remove_file(&kept).unwrap();
        let lacking = NewestErasures::among(&dir.path().join("none"), Some(&kept), &areas);
        assert!(matches!(
            lacking,
            Err(BackupError::Erasures(ErasuresError::Disk { .. }))
        ));
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
