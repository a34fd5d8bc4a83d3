//! The list of erasures: which keys were destroyed, in a file that a restore does not set back.
//!
//! ```text
//! data/erasures   a line an erasure, in the order in which they were made:
//!                 {"number":1,"previous":"…","at_ms":…,"home":"…","other":"…","id":"…","case":"…",
//!                  "reason":"…","asked_by":…,"office":"…","notices":[…],"slots":[…],"next":…,
//!                  "digest":"…"}
//! ```
//! `previous` is the SHA-256 of the line before, zeros for the first, and `digest` that of the line
//! itself without this member, so a line that was changed or taken out from among the others is noticed,
//! the last one too. Whoever makes all digests anew is not: these are no signatures. A line is written
//! and synced before the first of its keys is destroyed. A last line without its end is one that was
//! being written: whoever writes next drops it.
//!
//! A data directory that was put back from a backup has old keys and an old journal. With the newest
//! list beside them its start destroys those keys again, and writes into the journal what that does
//! not know. What the journal knows and the list does not is added to the list.

use std::{
    fs::{self, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::journal::{erased::Erased, payload::Slot, record::Side, segment::sync_directory_of};
use crate::domain::area::County;

/// Why the list of erasures cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ErasuresError {
    /// No line of it is of a home area of the node.
    #[error(
        "{} is the list of erasures of another node: no line of it is of a home area of this node; use the newest whole copy of this node's own list (its data/erasures), or put a home area that it had before back into areas of node.toml", .0.display()
    )]
    AnotherNode(PathBuf),
    /// A line is not what was written, or some are missing before it.
    #[error(
        "{}, line {line}: that is no line of a list of erasures, or it was changed, or lines before it were taken out; put the newest whole copy of the node's data/erasures in its place: whoever it names was erased and must not come back", path.display()
    )]
    Damaged {
        /// The list.
        path: PathBuf,
        /// The line, the first of which is 1.
        line: u64,
    },
    /// The disk failed.
    #[error("cannot use {}: {source}; check that the disk is mounted, has room, and is writable for this user", path.display())]
    Disk {
        /// The list.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A list that was kept elsewhere breaks off in its last line.
    #[error(
        "{}, line {line}: the list of erasures breaks off in this line, which has no line end: the file was cut, or is another; use the newest whole copy of the node's data/erasures, or, of the node's own disk after a power cut, take out this line, which was being written", path.display()
    )]
    Unended {
        /// The list.
        path: PathBuf,
        /// The line, the first of which is 1.
        line: u64,
    },
}

/// The list of the node with that data directory.
pub(crate) fn path_of(data: &Path) -> PathBuf {
    data.join("erasures")
}

/// That the list of a data directory is that of a node with these home areas.
///
/// # Errors
/// [`ErasuresError`].
pub(crate) fn must_be_of(data: &Path, homes: &[County]) -> Result<(), ErasuresError> {
    let (list, told) = Erasures::open(data)?;
    list.is_of(homes, &told)
}

/// The whole lines of a list that lies in a copy of a node with these home areas, every one of them
/// proven; none if no list is there.
///
/// # Errors
/// [`ErasuresError`].
pub(crate) fn copied(path: &Path, homes: &[County]) -> Result<Option<Vec<u8>>, ErasuresError> {
    let Some(mut bytes) = read(path)? else {
        return Ok(None);
    };
    let (list, told) = Erasures::of(path.to_owned(), &bytes)?;
    list.is_of(homes, &told)?;
    bytes.truncate(list.whole.try_into().unwrap_or(usize::MAX));
    Ok(Some(bytes))
}

/// As [`copied`], of a list that was kept elsewhere: it is there, and nobody was writing its last line.
///
/// # Errors
/// [`ErasuresError`].
pub(crate) fn kept_elsewhere(path: &Path, homes: &[County]) -> Result<Vec<u8>, ErasuresError> {
    let disk = |source| ErasuresError::Disk {
        path: path.to_owned(),
        source,
    };
    let bytes = fs::read(path).map_err(disk)?;
    let (list, told) = Erasures::of(path.to_owned(), &bytes)?;
    if list.whole < bytes.len() as u64 {
        return Err(ErasuresError::Unended {
            path: list.path,
            line: list.lines.saturating_add(1),
        });
    }
    list.is_of(homes, &told)?;
    Ok(bytes)
}

/// What stands in a list; none if it is not there.
fn read(path: &Path) -> Result<Option<Vec<u8>>, ErasuresError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ErasuresError::Disk {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The list, open for what comes next.
pub(crate) struct Erasures {
    path: PathBuf,
    lines: u64,
    last: [u8; 32],
    whole: u64,
}

impl Erasures {
    /// Reads and proves the list; gives everything that it says.
    ///
    /// # Errors
    /// [`ErasuresError`].
    pub(crate) fn open(data: &Path) -> Result<(Self, Vec<Erased>), ErasuresError> {
        let path = path_of(data);
        let bytes = read(&path)?.unwrap_or_default();
        Self::of(path, &bytes)
    }

    fn of(path: PathBuf, bytes: &[u8]) -> Result<(Self, Vec<Erased>), ErasuresError> {
        let mut list = Self {
            path,
            lines: 0,
            last: [0; 32],
            whole: 0,
        };
        let mut told = Vec::new();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some(line) = line.strip_suffix(b"\n") else {
                break;
            };
            let number = list.lines.saturating_add(1);
            told.push(list.read(line).ok_or_else(|| list.damaged(number))?);
            list.follow(line);
        }
        Ok((list, told))
    }

    /// Writes erasures down behind the others; once this returns, they survive a power cut.
    ///
    /// # Errors
    /// [`ErasuresError`]; the list is then as long as it was, or longer by whole lines.
    pub(crate) fn add<'a>(
        &mut self,
        erased: impl IntoIterator<Item = &'a Erased>,
    ) -> Result<(), ErasuresError> {
        let mut lines = Vec::new();
        let (mut number, mut last) = (self.lines, self.last);
        for erased in erased {
            number = number.saturating_add(1);
            let line = Line::of(erased, number, &last);
            let line = serde_json::to_string(&line).map_err(|error| self.disk(error.into()))?;
            let line = with_digest(&line).into_bytes();
            last = sha256(&line);
            lines.push(line);
        }
        let append = || {
            let mut file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .mode(0o600)
                .open(&self.path)?;
            file.set_len(self.whole)?;
            file.seek(SeekFrom::End(0))?;
            let mut bytes = lines.join(&b"\n"[..]);
            bytes.push(b'\n');
            file.write_all(&bytes)?;
            file.sync_all()?;
            sync_directory_of(&self.path)
        };
        if lines.is_empty() {
            return Ok(());
        }
        append().map_err(|error| self.disk(error))?;
        for line in &lines {
            self.follow(line);
        }
        Ok(())
    }

    /// That a line does not say what was written.
    pub(crate) fn damaged(&self, line: u64) -> ErasuresError {
        ErasuresError::Damaged {
            path: self.path.clone(),
            line,
        }
    }

    /// That a node with these home areas wrote it: then a line is of one of them, the others may be of
    /// areas that it had before. The lines prove each other to be of one list.
    fn is_of(&self, homes: &[County], told: &[Erased]) -> Result<(), ErasuresError> {
        let own = (told.iter()).any(|erased| homes.contains(&erased.side.home));
        if own || told.is_empty() {
            Ok(())
        } else {
            Err(ErasuresError::AnotherNode(self.path.clone()))
        }
    }

    fn follow(&mut self, line: &[u8]) {
        self.lines = self.lines.saturating_add(1);
        self.last = sha256(line);
        let len = (line.len() as u64).saturating_add(1);
        self.whole = self.whole.saturating_add(len);
    }

    fn read(&self, bytes: &[u8]) -> Option<Erased> {
        let line: Line = serde_json::from_str(&without_digest(bytes)?).ok()?;
        let fits = line.number == self.lines.saturating_add(1) && line.previous == hex(&self.last);
        if fits { line.read() } else { None }
    }

    fn disk(&self, source: io::Error) -> ErasuresError {
        ErasuresError::Disk {
            path: self.path.clone(),
            source,
        }
    }
}

/// An erasure as a line says it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    number: u64,
    previous: String,
    at_ms: i64,
    home: String,
    other: String,
    id: String,
    case: String,
    reason: String,
    asked_by: Option<String>,
    office: String,
    notices: Vec<String>,
    slots: Vec<u64>,
    next: u64,
}

impl Line {
    fn of(erased: &Erased, number: u64, previous: &[u8; 32]) -> Self {
        let Erased {
            side,
            id,
            case,
            reason,
            at_ms,
            asked_by,
            office,
            notices,
            slots,
            next,
        } = erased;
        Self {
            number,
            previous: hex(previous),
            at_ms: *at_ms,
            home: side.home.to_string(),
            other: side.other.to_string(),
            id: id.to_string(),
            case: case.to_string(),
            reason: reason.name().to_owned(),
            asked_by: asked_by.map(|id| id.to_string()),
            office: office.clone(),
            notices: notices.iter().map(ToString::to_string).collect(),
            slots: slots.iter().map(|slot| slot.get()).collect(),
            next: next.get(),
        }
    }

    fn read(self) -> Option<Erased> {
        let notices = self.notices.iter().map(|id| id.parse());
        Some(Erased {
            side: Side {
                home: self.home.parse().ok()?,
                other: self.other.parse().ok()?,
            },
            id: self.id.parse().ok()?,
            case: self.case.parse().ok()?,
            reason: self.reason.parse().ok()?,
            at_ms: self.at_ms,
            asked_by: match self.asked_by {
                Some(id) => Some(id.parse().ok()?),
                None => None,
            },
            office: self.office,
            notices: notices.collect::<Result<_, _>>().ok()?,
            slots: self.slots.into_iter().map(Slot::new).collect(),
            next: Slot::new(self.next),
        })
    }
}

/// A line with its own digest behind what it says.
fn with_digest(said: &str) -> String {
    let open = said.strip_suffix('}').unwrap_or(said);
    let digest = hex(&sha256(said.as_bytes()));
    format!("{open}{DIGEST}\"{digest}\"}}")
}

/// What a line says, if its digest is its own.
fn without_digest(line: &[u8]) -> Option<String> {
    let (open, _) = str::from_utf8(line).ok()?.rsplit_once(DIGEST)?;
    let said = format!("{open}}}");
    (with_digest(&said).as_bytes() == line).then_some(said)
}

const DIGEST: &str = ",\"digest\":";

fn sha256(line: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    for (to, from) in sum.iter_mut().zip(digest(&SHA256, line).as_ref()) {
        *to = *from;
    }
    sum
}

fn hex(bytes: &[u8; 32]) -> String {
    crate::domain::channel::Digest::new(*bytes).to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::domain::{erasure::ErasureReason, notice::NoticeId};

    fn erased(number: u64) -> Erased {
        let id = |counter| NoticeId::new([5; 8], counter);
        Erased {
            side: Side {
                home: "350582".parse().unwrap(),
                other: "530111".parse().unwrap(),
            },
            id: id(number),
            case: id(100),
            reason: ErasureReason::PersonAsked,
            at_ms: 1_795_000_000_000,
            asked_by: number.is_multiple_of(2).then(|| id(200)),
            office: "spiffe://hongyan.test/area/350582/office/desk-1".into(),
            notices: (0..number).map(id).collect(),
            slots: vec![Slot::at(0x1234_5678_9abc, 7), Slot::at(99_999, 0)],
            next: Slot::at(77_777, 3),
        }
    }

    fn listed(data: &TempDir) -> Result<Vec<Erased>, ErasuresError> {
        Erasures::open(data.path()).map(|(_, told)| told)
    }

    #[test]
    fn what_was_written_is_read_in_order_and_a_torn_last_line_is_written_anew() {
        let data = TempDir::new().unwrap();
        let (mut list, told) = Erasures::open(data.path()).unwrap();
        assert!(told.is_empty());
        list.add(&[]).unwrap();
        assert!(!path_of(data.path()).exists());
        list.add(&[erased(1), erased(2)]).unwrap();
        let two = fs::read(path_of(data.path())).unwrap();
        list.add(&[erased(3)]).unwrap();
        let three = fs::read(path_of(data.path())).unwrap();
        assert_eq!(listed(&data).unwrap(), [1, 2, 3].map(erased));
        for cut in two.len()..three.len() {
            fs::write(path_of(data.path()), &three[..cut]).unwrap();
            let (mut list, told) = Erasures::open(data.path()).unwrap();
            assert_eq!(told, [1, 2].map(erased));
            list.add(&[erased(3)]).unwrap();
            assert_eq!(fs::read(path_of(data.path())).unwrap(), three);
        }
    }

    #[test]
    fn a_line_that_was_changed_or_taken_out_is_named() {
        let data = TempDir::new().unwrap();
        let (mut list, _) = Erasures::open(data.path()).unwrap();
        list.add(&[1, 2, 3, 4].map(erased)).unwrap();
        let whole = fs::read_to_string(path_of(data.path())).unwrap();
        let damaged = |text: String| {
            fs::write(path_of(data.path()), text).unwrap();
            match listed(&data) {
                Err(ErasuresError::Damaged { line, .. }) => line,
                other => panic!("{other:?}"),
            }
        };
        let lines: Vec<&str> = whole.lines().collect();
        for out in 0..3 {
            let mut left = lines.clone();
            left.remove(out);
            assert_eq!(damaged(left.join("\n") + "\n"), out as u64 + 1);
        }
        for line in 1..=4 {
            // The last has none behind it that would tell.
            for (from, to) in [
                ("\"slots\":[", "\"slots\":[1,"),
                ("person_asked", "entered_in_error"),
                ("350582", "350583"),
            ] {
                let mut left: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
                left[line - 1] = left[line - 1].replacen(from, to, 1);
                assert_ne!(left[line - 1], lines[line - 1]);
                assert_eq!(damaged(left.join("\n") + "\n"), line as u64);
            }
        }
        let undigested = lines[3].split_once(DIGEST).unwrap().0.to_owned() + "}";
        let left = [lines[0], lines[1], lines[2], &undigested];
        assert_eq!(damaged(left.join("\n") + "\n"), 4);
    }

    #[test]
    fn a_list_that_was_kept_elsewhere_is_taken_only_if_it_is_whole_and_of_the_node() {
        let data = TempDir::new().unwrap();
        let (mut list, _) = Erasures::open(data.path()).unwrap();
        list.add(&[1, 2].map(erased)).unwrap();
        let path = path_of(data.path());
        let whole = fs::read(&path).unwrap();
        let homes: [County; 2] = ["530111", "350582"].map(|home| home.parse().unwrap());
        assert_eq!(kept_elsewhere(&path, &homes).unwrap(), whole);
        must_be_of(data.path(), &homes).unwrap();
        for refused in [
            kept_elsewhere(&path, &homes[..1]).map(drop),
            copied(&path, &homes[..1]).map(drop),
            must_be_of(data.path(), &homes[..1]),
        ] {
            assert!(matches!(refused, Err(ErasuresError::AnotherNode(_))));
        }
        let ends = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for cut in 1..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            if cut == ends {
                assert_eq!(kept_elsewhere(&path, &homes).unwrap(), whole[..ends]);
                continue;
            }
            let refused = kept_elsewhere(&path, &homes);
            let at = if cut < ends { 1 } else { 2 };
            assert!(
                matches!(refused, Err(ErasuresError::Unended { line, .. }) if line == at),
                "{cut}"
            );
            // In a copy of a node that ran, the line was being written.
            let left = copied(&path, &homes).unwrap().unwrap();
            assert_eq!(left, whole[..if cut < ends { 0 } else { ends }]);
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(copied(&path, &homes).unwrap(), None);
        let lacking = kept_elsewhere(&path, &homes);
        assert!(matches!(lacking, Err(ErasuresError::Disk { .. })));
    }
}
