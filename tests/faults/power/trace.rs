//! What a node did to its files, in order, as `strace` saw it.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use crate::harness::{County, Node, eventually};

/// A call that changes files, or makes a change durable.
#[derive(Debug)]
pub enum Call {
    /// Opened for writing: made if it was not there, emptied if asked to.
    Open { path: PathBuf, empty: bool },
    /// Bytes written at an offset, or where the handle stands.
    Write {
        path: PathBuf,
        at: Option<usize>,
        bytes: Vec<u8>,
    },
    /// The length was set.
    Resize { path: PathBuf, len: usize },
    /// The length is at least this.
    Reserve { path: PathBuf, end: usize },
    /// A name was changed.
    Rename { from: PathBuf, to: PathBuf },
    /// A name was removed.
    Remove { path: PathBuf },
    /// A directory was made.
    MakeDirectory { path: PathBuf },
    /// A thread asks for a sync of a file or directory: it covers what was done before.
    SyncBegins { thread: u32, path: PathBuf },
    /// The sync has returned without an error.
    SyncEnds { thread: u32 },
}

impl Call {
    /// Of which file or directory it is, if that can be told from the call alone.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Open { path, .. }
            | Self::Write { path, .. }
            | Self::Resize { path, .. }
            | Self::Reserve { path, .. }
            | Self::Remove { path }
            | Self::MakeDirectory { path }
            | Self::SyncBegins { path, .. }
            | Self::Rename { to: path, .. } => Some(path),
            Self::SyncEnds { .. } => None,
        }
    }
}

/// A call, and when it was made.
#[derive(Debug)]
pub struct Event {
    /// Microseconds of the system's clock.
    pub at: u64,
    pub call: Call,
}

/// What one process did below a directory.
#[derive(Debug, Default)]
pub struct Recorded {
    pub events: Vec<Event>,
    /// Calls that had not returned when the process was killed: done or not.
    pub in_flight: Vec<Event>,
}

/// The system's clock as a trace tells it.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap().as_micros()).unwrap()
}

/// Starts a node whose calls go to a file.
pub fn start(county: &County, trace: &Path) -> Node {
    let plain = county.command(&["serve"]);
    let mut command = Command::new("strace");
    command
        .args([
            "-f", "-D", "-q", "-y", "-xx", "-ttt", "-s", "16777216", "-e",
        ])
        .arg(format!("trace={CALLS}"))
        .arg("-o")
        .arg(trace)
        .arg(plain.get_program())
        .args(plain.get_args())
        .env("LC_ALL", "C.UTF-8");
    Node::spawn(command).unwrap_or_else(|said| panic!("strace: {said:?}"))
}

/// Every call that can change a file or its name, or make a change durable. Where a plain write
/// goes is not read from the trace: every new file is written from its beginning on, and one that
/// was opened again at its end, or the disk in theory would not be what there is.
const CALLS: &str = "openat,creat,open,write,writev,pwrite64,pwritev,pwritev2,ftruncate,truncate,\
    fallocate,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,\
    symlink,symlinkat,fsync,fdatasync,sync_file_range,copy_file_range,sendfile,msync";

/// Waits for the end of a trace whose node has ended, and reads what it did below a directory.
pub fn read(trace: &Path, node: u32, directory: &Path) -> Recorded {
    let mut text = String::new();
    eventually("the trace is whole", || {
        text = fs::read_to_string(trace).unwrap_or_default();
        text.lines().rev().any(|line| {
            line.contains(" +++ ") && line.split(' ').next() == Some(node.to_string().as_str())
        })
    });
    let mut reading = Reading {
        directory,
        recorded: Recorded::default(),
        unfinished: HashMap::new(),
    };
    for line in text.lines() {
        reading.line(line);
    }
    let in_flight = reading.unfinished.values();
    let in_flight = in_flight.filter_map(|(at, call)| {
        let call = reading.change(&format!("{call}) = 0"), 0)?;
        (!matches!(call, Call::SyncEnds { .. })).then_some(Event { at: *at, call })
    });
    Recorded {
        in_flight: in_flight.collect(),
        ..reading.recorded
    }
}

struct Reading<'a> {
    directory: &'a Path,
    recorded: Recorded,
    /// By thread: when a call began, and its beginning.
    unfinished: HashMap<u32, (u64, String)>,
}

impl Reading<'_> {
    fn line(&mut self, line: &str) {
        let (thread, rest) = line.split_once(' ').unwrap();
        let (at, said) = rest.trim_start().split_once(' ').unwrap();
        let thread: u32 = thread.parse().unwrap();
        let at: u64 = at.replace('.', "").parse().unwrap();
        if let Some(begun) = said.strip_suffix(" <unfinished ...>") {
            self.sync_begins(thread, at, begun);
            self.unfinished.insert(thread, (at, begun.to_owned()));
            return;
        }
        let whole = if let Some(resumed) = said.strip_prefix("<... ") {
            let (_, end) = resumed.split_once(" resumed>").unwrap();
            self.unfinished.remove(&thread).unwrap().1 + end
        } else {
            self.sync_begins(thread, at, said);
            said.to_owned()
        };
        if whole.ends_with(") = ?") {
            // Killed within it.
            let begun = whole.strip_suffix(") = ?").unwrap().to_owned();
            self.unfinished.insert(thread, (at, begun));
        } else if let Some(call) = self.change(&whole, thread) {
            self.recorded.events.push(Event { at, call });
        }
    }

    fn sync_begins(&mut self, thread: u32, at: u64, call: &str) {
        let Some((name, rest)) = call.split_once('(') else {
            return;
        };
        if matches!(name, "fsync" | "fdatasync") {
            let file = rest.split(')').next().unwrap();
            if let Some(path) = self.ours(path_of_handle(file)) {
                let call = Call::SyncBegins { thread, path };
                self.recorded.events.push(Event { at, call });
            }
        }
    }

    /// Only what lies below the directory matters.
    fn ours(&self, path: PathBuf) -> Option<PathBuf> {
        path.starts_with(self.directory).then_some(path)
    }

    /// What a whole call changed; nothing if it failed, or lies elsewhere.
    fn change(&self, whole: &str, thread: u32) -> Option<Call> {
        let (name, rest) = whole.split_once('(')?;
        let (arguments, returned) = rest.rsplit_once(") = ")?;
        if returned.starts_with('-') {
            return None;
        }
        // Texts are in hexadecimal, so that a comma and a blank part arguments alone.
        let arguments: Vec<&str> = arguments.split(", ").collect();
        let number = |at: usize| arguments[at].trim().parse::<usize>().unwrap();
        let handle = || self.ours(path_of_handle(arguments[0]));
        let named = |at: usize| self.ours(PathBuf::from(text(arguments[at])));
        let named_in = |at: usize| {
            let directory = path_of_handle(arguments[at]);
            self.ours(directory.join(text(arguments[at + 1])))
        };
        Some(match name {
            "openat" => {
                let path = named_in(0)?;
                let flags = arguments[2];
                let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"];
                if !writes.iter().any(|flag| flags.contains(flag)) {
                    return None;
                }
                let empty = flags.contains("O_TRUNC");
                Call::Open { path, empty }
            }
            "write" => Call::Write {
                path: handle()?,
                at: None,
                bytes: bytes(arguments[1]),
            },
            "pwrite64" => Call::Write {
                path: handle()?,
                at: Some(number(3)),
                bytes: bytes(arguments[1]),
            },
            "ftruncate" => Call::Resize {
                path: handle()?,
                len: number(1),
            },
            "fallocate" => Call::Reserve {
                path: handle()?,
                end: number(2) + number(3),
            },
            "rename" => Call::Rename {
                from: named(0)?,
                to: named(1)?,
            },
            "renameat" => Call::Rename {
                from: named_in(0)?,
                to: named_in(2)?,
            },
            "unlink" | "rmdir" => Call::Remove { path: named(0)? },
            "unlinkat" => Call::Remove { path: named_in(0)? },
            "mkdir" => Call::MakeDirectory { path: named(0)? },
            "fsync" | "fdatasync" => {
                handle()?;
                Call::SyncEnds { thread }
            }
            // It promises nothing.
            "sync_file_range" => return None,
            _ => {
                // The disk does not know what that does.
                let ours = arguments.iter().any(|argument| {
                    argument.contains('<') && self.ours(path_of_handle(argument)).is_some()
                        || argument.starts_with('"') && self.ours(text(argument).into()).is_some()
                });
                assert!(!ours, "a call that is not known: {name}");
                return None;
            }
        })
    }
}

/// The path behind a handle: `5<\x2f…>`.
fn path_of_handle(argument: &str) -> PathBuf {
    let inside = argument.split_once('<').map(|(_, path)| path);
    let path = inside.and_then(|path| path.split_once('>'));
    path.map_or_else(PathBuf::new, |(path, _)| {
        PathBuf::from(OsString::from_vec(unescape(path)))
    })
}

fn text(argument: &str) -> OsString {
    OsString::from_vec(bytes(argument))
}

fn bytes(argument: &str) -> Vec<u8> {
    let inside = argument
        .strip_prefix('"')
        .and_then(|it| it.strip_suffix('"'));
    unescape(inside.unwrap_or_else(|| panic!("cut off: {argument:.80}")))
}

fn unescape(text: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap() as u8;
    if !text.starts_with('\\') {
        return text.as_bytes().to_owned();
    }
    let bytes = text.as_bytes().chunks(4);
    bytes.map(|it| digit(it[2]) << 4 | digit(it[3])).collect()
}
