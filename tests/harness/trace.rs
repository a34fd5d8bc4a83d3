//! Nodes under `strace`: what they do to their disk is seen, held up, or made to fail.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{County, Node};

/// Starts a node under `strace` with those options more; what is seen goes to `trace`.
pub fn traced(county: &County, trace: &Path, options: &[&str]) -> Node {
    let plain = county.command(&["serve"]);
    let mut command = Command::new("strace");
    command
        .args(["-f", "-D", "-q", "-o"])
        .arg(trace)
        .args(options)
        .arg(plain.get_program())
        .args(plain.get_args())
        .env("LC_ALL", "C.UTF-8");
    Node::spawn(command).unwrap_or_else(|said| panic!("strace: {said:?}"))
}

/// The segment that a node which does not run appends to when it runs.
pub fn open_segment(county: &County) -> PathBuf {
    let entries = fs::read_dir(county.dir.join("data/journal")).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|name| name == "segment"))
        .max()
        .unwrap()
}
