//! The demonstration, whole.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::process::{Command, Stdio};

fn demo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hongyan"));
    command
        .env_remove("HONGYAN_NODE")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .arg("demo");
    command
}

#[test]
fn every_accepted_notice_arrives_once_though_a_node_is_killed() {
    let root = tempfile::TempDir::new().unwrap();
    let output = demo()
        .args(["--notices", "200", "--exit"])
        .env("TMPDIR", root.path())
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "out: {out}\nerr: {err}");
    assert!(out.contains("SANDBOX"), "{out}");
    assert!(out.contains("doubled 0, lost 0"), "{out}");
    let total = out.lines().find(|line| line.contains("total")).unwrap();
    let cells: Vec<&str> = total
        .split(|sign: char| !sign.is_alphanumeric() && sign != '–')
        .filter(|cell| !cell.is_empty())
        .collect();
    let [_, published, stored, handed, answered, _, doubled, lost, ..] = cells.as_slice() else {
        panic!("{total}");
    };
    assert!(published.parse::<u64>().unwrap() >= 200, "{out}");
    assert_eq!([stored, handed, answered], [published; 3], "{out}");
    assert_eq!([doubled, lost], [&"0", &"0"], "{out}");
    assert!(
        err.contains("is killed") && err.contains("runs again"),
        "{err}"
    );
    let left = root.path().read_dir().unwrap().count();
    assert_eq!(left, 0, "the temporary directory stays");
}

#[test]
fn a_directory_that_is_not_empty_is_a_fault_of_usage() {
    let root = tempfile::TempDir::new().unwrap();
    std::fs::write(root.path().join("mine"), "").unwrap();
    let output = demo().arg("--dir").arg(root.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(root.path().read_dir().unwrap().count(), 1);
}
