//! A disk that a power cut can come to: what was synced is there, what was not may be.
//!
//! The data of a file is durable once a sync of that file has returned, an entry of a directory once
//! a sync of that directory has. Before that every write may be there, missing, or there in some of
//! its sectors; a file may have its new length and zeros in it; and of the changes of a directory
//! any may be there without the others.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use super::trace::Call;
use crate::draw::Draw;

/// What a power cut takes of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// All of it.
    Dropped,
    /// Nothing: a cut of the process alone.
    Kept,
    /// Of each file and directory all, nothing, or some.
    Torn,
}

/// Files by path below the disk's directory; a directory has no content.
pub type Files = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// The files and directories below one directory.
pub struct Disk {
    directory: PathBuf,
    nodes: Vec<Inode>,
    /// By thread: what a sync under way covers, and up to which change.
    syncing: HashMap<u32, (usize, u64)>,
    /// Where the handle stands that made a file.
    standing: HashMap<usize, usize>,
    changes: u64,
}

enum Inode {
    File(Kept<Vec<u8>, Change>),
    Directory(Kept<Entries, Vec<Entry>>),
}

type Entries = BTreeMap<OsString, usize>;
/// A name, and what it then means.
type Entry = (OsString, Option<usize>);

/// Something that is durable, what it is now, and the changes between, in order.
struct Kept<T, C> {
    durable: T,
    now: T,
    pending: Vec<(u64, C)>,
}

enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Resize(usize),
}

/// What can be changed in steps.
trait Changes<C> {
    fn change(&mut self, change: &C);
    /// Makes a part of a change.
    fn tear(&mut self, change: &C, draw: &mut Draw);
}

impl Changes<Change> for Vec<u8> {
    fn change(&mut self, change: &Change) {
        match change {
            Change::Write { at, bytes } => {
                let end = at + bytes.len();
                if self.len() < end {
                    self.resize(end, 0);
                }
                self[*at..end].copy_from_slice(bytes);
            }
            Change::Resize(len) => self.resize(*len, 0),
        }
    }

    fn tear(&mut self, change: &Change, draw: &mut Draw) {
        let Change::Write { at, bytes } = change else {
            return;
        };
        if draw.coin() {
            // The length came first.
            self.resize(self.len().max(at + bytes.len()), 0);
        }
        let mut from = 0;
        while from < bytes.len() {
            let sector = (at + from) / SECTOR + 1;
            let to = (sector * SECTOR - at).min(bytes.len());
            if draw.coin() {
                self.change(&Change::Write {
                    at: at + from,
                    bytes: bytes[from..to].to_owned(),
                });
            }
            from = to;
        }
    }
}

impl Changes<Vec<Entry>> for Entries {
    fn change(&mut self, change: &Vec<Entry>) {
        for (name, target) in change {
            match target {
                Some(node) => self.insert(name.clone(), *node),
                None => self.remove(name),
            };
        }
    }

    /// An entry is there or it is not.
    fn tear(&mut self, change: &Vec<Entry>, draw: &mut Draw) {
        if draw.coin() {
            self.change(change);
        }
    }
}

impl<T: Changes<C> + Clone, C> Kept<T, C> {
    fn new(durable: T) -> Self {
        Self {
            now: durable.clone(),
            durable,
            pending: Vec::new(),
        }
    }

    fn change(&mut self, number: u64, change: C) {
        self.now.change(&change);
        self.pending.push((number, change));
    }

    /// What was changed up to that number is durable.
    fn sync(&mut self, number: u64) {
        let covered = self.pending.partition_point(|(of, _)| *of <= number);
        for (_, change) in self.pending.drain(..covered) {
            self.durable.change(&change);
        }
    }

    /// What a power cut leaves.
    fn after(&self, loss: Loss, draw: &mut Draw) -> T {
        let loss = match loss {
            Loss::Torn => [Loss::Dropped, Loss::Kept, Loss::Torn][draw.below(3)],
            Loss::Dropped | Loss::Kept => loss,
        };
        match loss {
            Loss::Dropped => self.durable.clone(),
            Loss::Kept => self.now.clone(),
            Loss::Torn => {
                let mut left = self.durable.clone();
                for (_, change) in &self.pending {
                    match draw.below(3) {
                        0 => {}
                        1 => left.change(change),
                        _ => left.tear(change, draw),
                    }
                }
                left
            }
        }
    }
}

impl Disk {
    /// A directory that holds those files, all of them durable.
    pub fn new(directory: &Path, held: Files) -> Self {
        let mut disk = Self {
            directory: directory.to_owned(),
            nodes: vec![Inode::Directory(Kept::new(Entries::new()))],
            syncing: HashMap::new(),
            standing: HashMap::new(),
            changes: 0,
        };
        for (path, content) in held {
            if path.as_os_str().is_empty() {
                continue;
            }
            let node = disk.nodes.len();
            disk.nodes.push(match content {
                Some(bytes) => Inode::File(Kept::new(bytes)),
                None => Inode::Directory(Kept::new(Entries::new())),
            });
            let parent = disk.parent(&directory.join(&path));
            parent.now.insert(name_of(&path), node);
            parent.durable.insert(name_of(&path), node);
        }
        disk
    }

    /// Does what the process did.
    pub fn follow(&mut self, call: &Call) {
        self.changes += 1;
        let number = self.changes;
        match call {
            Call::Open { path, empty } => match self.find(path) {
                None => {
                    self.standing.insert(self.nodes.len(), 0);
                    self.add(path, Inode::File(Kept::new(Vec::new())));
                }
                Some(node) => {
                    self.standing.remove(&node);
                    if *empty {
                        self.file(node).change(number, Change::Resize(0));
                    }
                }
            },
            Call::Write { path, at, bytes } => {
                // Whatever was removed while it was open is gone with its last handle.
                if let Some(node) = self.find(path) {
                    let standing = self.standing.get_mut(&node).filter(|_| at.is_none());
                    let stood = standing.map(|standing| {
                        *standing += bytes.len();
                        *standing - bytes.len()
                    });
                    let file = self.file(node);
                    let at = at.or(stood).unwrap_or(file.now.len());
                    let bytes = bytes.clone();
                    file.change(number, Change::Write { at, bytes });
                }
            }
            Call::Resize { path, len } => {
                if let Some(node) = self.find(path) {
                    self.file(node).change(number, Change::Resize(*len));
                }
            }
            Call::Reserve { path, end } => {
                let node = self.find(path).unwrap();
                let file = self.file(node);
                let len = file.now.len().max(*end);
                file.change(number, Change::Resize(len));
            }
            Call::Rename { from, to } => {
                let node = self.find(from).unwrap();
                assert_eq!(from.parent(), to.parent(), "from directory to directory");
                let change = vec![(name_of(from), None), (name_of(to), Some(node))];
                self.parent(to).change(number, change);
            }
            Call::Remove { path } => {
                self.parent(path)
                    .change(number, vec![(name_of(path), None)]);
            }
            Call::MakeDirectory { path } => {
                self.add(path, Inode::Directory(Kept::new(Entries::new())));
            }
            Call::SyncBegins { thread, path } => {
                if let Some(node) = self.find(path) {
                    self.syncing.insert(*thread, (node, number));
                }
            }
            Call::SyncEnds { thread } => {
                if let Some((node, number)) = self.syncing.remove(thread) {
                    match &mut self.nodes[node] {
                        Inode::File(file) => file.sync(number),
                        Inode::Directory(entries) => entries.sync(number),
                    }
                }
            }
        }
    }

    /// What a power cut at this moment leaves.
    pub fn after(&self, loss: Loss, draw: &mut Draw) -> Files {
        let mut files = Files::new();
        let mut left = vec![(0, PathBuf::new())];
        while let Some((node, path)) = left.pop() {
            let content = match &self.nodes[node] {
                Inode::File(file) => Some(file.after(loss, draw)),
                Inode::Directory(entries) => {
                    let entries = entries.after(loss, draw).into_iter();
                    left.extend(entries.map(|(name, node)| (node, path.join(name))));
                    None
                }
            };
            files.insert(path, content);
        }
        files
    }

    /// What the machine sees as long as its power holds.
    pub fn as_it_is(&self) -> Files {
        self.after(Loss::Kept, &mut Draw::of(0))
    }

    fn find(&self, path: &Path) -> Option<usize> {
        let below = path.strip_prefix(&self.directory).unwrap();
        let mut node = 0;
        for name in below {
            let Inode::Directory(entries) = &self.nodes[node] else {
                return None;
            };
            node = *entries.now.get(name)?;
        }
        Some(node)
    }

    fn add(&mut self, path: &Path, node: Inode) {
        let number = self.changes;
        self.nodes.push(node);
        let change = vec![(name_of(path), Some(self.nodes.len() - 1))];
        self.parent(path).change(number, change);
    }

    fn file(&mut self, node: usize) -> &mut Kept<Vec<u8>, Change> {
        match &mut self.nodes[node] {
            Inode::File(file) => file,
            Inode::Directory(_) => panic!("written like a file"),
        }
    }

    fn parent(&mut self, path: &Path) -> &mut Kept<Entries, Vec<Entry>> {
        let node = self.find(path.parent().unwrap()).unwrap();
        match &mut self.nodes[node] {
            Inode::Directory(entries) => entries,
            Inode::File(_) => panic!("a file with entries"),
        }
    }
}

/// The files below a directory as they are.
pub fn files_of(directory: &Path) -> Files {
    fn collect(at: &Path, below: &Path, files: &mut Files) {
        files.insert(below.to_owned(), None);
        for entry in fs::read_dir(at).unwrap() {
            let entry = entry.unwrap();
            let (path, name) = (entry.path(), below.join(entry.file_name()));
            if path.is_dir() {
                collect(&path, &name, files);
            } else {
                files.insert(name, Some(fs::read(path).unwrap()));
            }
        }
    }
    let mut files = Files::new();
    collect(directory, Path::new(""), &mut files);
    files
}

/// Writes files below a directory.
pub fn lay_down(files: &Files, directory: &Path) {
    for (path, content) in files {
        let path = directory.join(path);
        match content {
            None => fs::create_dir_all(path).unwrap(),
            Some(content) => {
                // Room that was set apart and is not used yet has no need of blocks.
                let said = content.iter().rposition(|byte| *byte != 0);
                let said = said.map_or(0, |last| last + 1);
                fs::write(&path, &content[..said]).unwrap();
                let file = fs::OpenOptions::new().write(true).open(path).unwrap();
                file.set_len(content.len() as u64).unwrap();
            }
        }
    }
}

fn name_of(path: &Path) -> OsString {
    path.file_name().unwrap().to_owned()
}

/// A disk writes this many bytes whole or not at all.
const SECTOR: usize = 512;
