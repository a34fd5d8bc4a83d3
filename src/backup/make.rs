//! Making a copy.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use super::{
    BackupError, NODE, disk, make_dirs,
    manifest::{About, ChannelReach, Copied, HeadReach, Manifest},
    sync_dir, sync_tree, write_new,
};
use crate::{
    clock::Clock,
    config::{NodeConfig, NodeDir},
    domain::calendar,
    store::{
        Direction,
        backups::{self, Backup},
        copying::{KeyBlocks, Reach, changed_meanwhile, copy_journal, read_keys, segments_among},
    },
    trust::{files, master_key::is_master_key},
};

/// What is to be copied, and where.
pub struct Order<'a> {
    /// The node's directory.
    pub dir: &'a NodeDir,
    /// Its configuration.
    pub config: &'a NodeConfig,
    /// The directory in which the copy gets one of its own.
    pub to: &'a Path,
    /// Until when it is kept, in milliseconds since 1970.
    pub until_ms: i64,
    /// The time.
    pub clock: &'a Clock,
}

/// A copy that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Where it lies.
    pub place: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
}

/// Copies a node. It may run.
///
/// # Errors
/// [`BackupError`]: then nothing is left of the copy.
pub fn make(order: &Order<'_>) -> Result<Made, BackupError> {
    let Order {
        dir, config, to, ..
    } = *order;
    let mut copy = Copy::begin(order)?;
    copy.by_hand()?;
    let reach = copy.journal()?;
    copy.signed_heads()?;
    copy.configuration()?;
    let made_ms = order.clock.now_ms();
    let noted = Backup {
        made_ms,
        until_ms: order.until_ms,
        place: copy.place.display().to_string(),
    };
    backups::note(&dir.data(), &noted)?;
    let keys = copy.keys(&reach)?;
    copy.one_of_data("erasures")?;
    copy.file(&backups::path_of(&dir.data()))?;
    sync_tree(&copy.place)?;
    sync_dir(to)?;
    let about = About {
        format: About::FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        node: config.id.to_string(),
        areas: config.areas.iter().map(ToString::to_string).collect(),
        sandbox: config.mode.is_sandbox(),
        made_ms,
        until_ms: order.until_ms,
        left_out: std::mem::take(&mut copy.left_out),
        master_keys: keys.wrapped_by.iter().map(ToString::to_string).collect(),
        key_blocks: keys.count(),
        segments: reach.segments,
        entries: reach.records,
        first: reach.first.get(),
        end: reach.end.get(),
        heads: heads(&reach),
        channels: channels(&reach),
    };
    let manifest = Manifest {
        about,
        files: std::mem::take(&mut copy.files),
    };
    manifest.write(&copy.place)?;
    Ok(Made {
        place: copy.finish(),
        manifest,
    })
}

pub(super) fn heads(reach: &Reach) -> Vec<HeadReach> {
    let heads = reach.heads().into_iter();
    heads
        .map(|(home, journal)| HeadReach {
            home_area: home.to_string(),
            position: journal.position,
            head: journal.head.to_string(),
        })
        .collect()
}

pub(super) fn channels(reach: &Reach) -> Vec<ChannelReach> {
    let channels = reach.channels().into_iter();
    channels
        .map(|held| ChannelReach {
            from_area: held.channel.from.to_string(),
            to_area: held.channel.to.to_string(),
            direction: match held.direction {
                Direction::Out => "out",
                Direction::In => "in",
            }
            .to_owned(),
            last: held.last.get(),
        })
        .collect()
}

/// A copy that is being made; gone again unless it is finished.
struct Copy<'a> {
    dir: &'a NodeDir,
    config: &'a NodeConfig,
    place: PathBuf,
    files: Vec<Copied>,
    left_out: Vec<String>,
    finished: bool,
}

impl<'a> Copy<'a> {
    fn begin(order: &Order<'a>) -> Result<Self, BackupError> {
        let Order {
            dir, config, to, ..
        } = *order;
        make_dirs(to)?;
        let whole = |path: &Path| path.canonicalize().map_err(disk(path));
        if whole(to)?.starts_with(whole(dir.path())?) {
            return Err(BackupError::Within(to.to_owned()));
        }
        let now_ms = order.clock.now_ms();
        let begun = calendar::rfc3339(now_ms);
        let begun: String = begun
            .chars()
            .filter(char::is_ascii_digit)
            .take(14)
            .collect();
        let (day, time) = begun.split_at_checked(8).unwrap_or_default();
        let milliseconds = now_ms.rem_euclid(1_000);
        let place = to.join(format!(
            "{}-{day}-{time}{milliseconds:03}",
            config.id.area()
        ));
        let made = DirBuilder::new().mode(0o700).create(&place);
        made.map_err(disk(&place))?;
        Ok(Self {
            dir,
            config,
            place,
            files: Vec::new(),
            left_out: Vec::new(),
            finished: false,
        })
    }

    fn finish(mut self) -> PathBuf {
        self.finished = true;
        self.place.clone()
    }

    /// Acts that no node has taken on record yet. One that is gone when its turn comes is in the
    /// journal, which is copied after them.
    fn by_hand(&mut self) -> Result<(), BackupError> {
        for path in listed(&self.dir.by_hand())? {
            if path.extension().is_some_and(|kind| kind == "act") {
                self.file_if_present(&path)?;
            }
        }
        Ok(())
    }

    fn journal(&mut self) -> Result<Reach, BackupError> {
        let before = self.files.len();
        for _ in 1..TRIES {
            match self.journal_now() {
                Err(BackupError::Journal(error)) if changed_meanwhile(&error) => {
                    // A segment came or left while they were listed: all of them anew.
                    self.files.truncate(before);
                    for directory in [self.dir.journal(), self.dir.data().join("archive")] {
                        let copied = self.place_of(&directory);
                        match fs::remove_dir_all(&copied) {
                            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                                return Err(disk(&copied)(error));
                            }
                            Ok(()) | Err(_) => {}
                        }
                    }
                }
                done => return done,
            }
        }
        // What is so every time is not only so while they are listed.
        self.journal_now()
    }

    fn journal_now(&mut self) -> Result<Reach, BackupError> {
        copy_journal(&self.dir.journal(), |path, content| self.put(path, content))
    }

    /// What is signed of the segments that were copied.
    fn signed_heads(&mut self) -> Result<(), BackupError> {
        let journal = self.dir.journal();
        let files = self.files.iter();
        let files = files.map(|file| self.dir.path().join(&file.path));
        let copied = files.filter(|path| path.parent() == Some(&journal));
        for segment in segments_among(&journal, copied) {
            let path = self.dir.signed_heads(&segment.name());
            self.file_if_present(&path)?;
        }
        Ok(())
    }

    /// All that people and pairings wrote, but no master key.
    fn configuration(&mut self) -> Result<(), BackupError> {
        let dir = self.dir;
        {
            let keys = dir.path().join("keys");
            let _turn = files::lock(&keys)?;
            self.tree(&keys)?;
        }
        // In the order in which whoever pairs waits for them.
        let _turn = files::lock(&dir.peers())?;
        let _turn_of_agreements = files::lock(&dir.agreements())?;
        self.tree(&dir.peers())?;
        self.tree(&dir.agreements())?;
        for name in ["tls", "office"] {
            self.tree(&dir.path().join(name))?;
        }
        self.file(&dir.config())?;
        self.file_if_present(&dir.holidays())
    }

    /// Keys of cases, which must be all that the copied journal names.
    fn keys(&mut self, reach: &Reach) -> Result<KeyBlocks, BackupError> {
        let directory = self.dir.data().join("keys");
        let blocks = read_keys(&directory, |path, bytes| self.put(path, bytes))?;
        blocks.suffice(reach, &directory)?;
        Ok(blocks)
    }

    fn one_of_data(&mut self, name: &str) -> Result<(), BackupError> {
        self.file_if_present(&self.dir.data().join(name))
    }

    /// The files of a directory and of those in it, but those that are being written.
    fn tree(&mut self, directory: &Path) -> Result<(), BackupError> {
        for path in listed(directory)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with('.') || name.ends_with(".new") {
                continue;
            }
            if path.is_dir() {
                self.tree(&path)?;
            } else {
                self.file_if_present(&path)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<(), BackupError> {
        let bytes = fs::read(path).map_err(disk(path))?;
        self.put(path, &bytes)
    }

    fn file_if_present(&mut self, path: &Path) -> Result<(), BackupError> {
        match fs::read(path) {
            Ok(bytes) => self.put(path, &bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(disk(path)(error)),
        }
    }

    /// Puts what stands in a file of the node into the copy.
    fn put(&mut self, path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
        let within = self.within(path);
        let configured = self.config.master_key.file(self.dir.path());
        // Whatever it is called: people leave an old one beside the new.
        let kept = within.parent() == Some(Path::new("keys")) && is_master_key(bytes);
        if configured.as_deref() == Some(path) || kept {
            self.left_out.push(within.display().to_string());
            return Ok(());
        }
        let at = self.place_of(path);
        if let Some(directory) = at.parent() {
            make_dirs(directory)?;
        }
        write_new(&at, bytes)?;
        let path = within.display().to_string();
        self.files.push(Copied::of(path, bytes));
        Ok(())
    }

    fn within<'b>(&self, path: &'b Path) -> &'b Path {
        path.strip_prefix(self.dir.path()).unwrap_or(path)
    }

    fn place_of(&self, path: &Path) -> PathBuf {
        self.place.join(NODE).join(self.within(path))
    }
}

impl Drop for Copy<'_> {
    fn drop(&mut self) {
        if !self.finished {
            // Half a copy is good for nothing, and holds keys; the error that ended it matters more.
            drop(fs::remove_dir_all(&self.place));
        }
    }
}

/// What is in a directory, by name; nothing if it is not there.
fn listed(directory: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(disk(directory)(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(disk(directory))?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Segments come and go far more seldom than one is copied.
const TRIES: usize = 5;
