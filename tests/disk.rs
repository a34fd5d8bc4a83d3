//! Disks that are full, that fail, or that lose what was on them: nobody is told what does not
//! hold, and everything that was accepted is there once when the disk is well again.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and waits by the system's clock"
)]

mod harness;

use std::{
    collections::HashMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use harness::{County, Node, World, departure, eventually, run};
use serde_json::Value;

/// Sets a limit of a node.
fn limit(county: &County, key: &str, value: i64) {
    let path = county.dir.join("node.toml");
    let mut document: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
    let limits = document["limits"].as_table_mut().unwrap();
    limits.insert(key.to_owned(), value.into());
    fs::write(path, toml::to_string(&document).unwrap()).unwrap();
}

const LOW: i64 = 64 << 20;
/// More than any disk has free.
const ABOVE_ALL: i64 = 1 << 60;

fn rows(range: std::ops::RangeInclusive<u32>) -> Vec<Value> {
    range.map(departure).collect()
}

/// Ids by reference of what was accepted or repeated.
fn accepted(answers: &[Value]) -> HashMap<String, String> {
    answers
        .iter()
        .map(|answer| {
            assert!(
                answer["status"] == "accepted" || answer["status"] == "repeated",
                "{answer}"
            );
            let text = |key: &str| answer[key].as_str().unwrap().to_owned();
            (text("reference"), text("notice_id"))
        })
        .collect()
}

fn ids(notices: &[Value]) -> Vec<String> {
    notices
        .iter()
        .map(|notice| notice["notice_id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_full_disk_takes_nothing_new_and_says_so() {
    let (_world, jinjiang, guandu) = World::two_counties();
    limit(&jinjiang, "low_bytes", ABOVE_ALL);
    let here = jinjiang.start();
    let said = jinjiang.publish(&[departure(1)]);
    assert_ne!(said.code, 0, "{said:?}");
    assert!(
        said.out.contains("storage_low") || said.err.contains("low on"),
        "{said:?}"
    );
    assert!(!said.out.contains("accepted"), "{said:?}");
    assert!(here.stop().success());
    limit(&jinjiang, "low_bytes", LOW);
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let answers = jinjiang.publish(&[departure(1)]).expect(0).lines();
    assert_eq!(answers[0]["status"], "accepted", "the first left nothing");
    assert_eq!(ids(&guandu.subscribe("desk", 2, 2)), ids(&answers));
}

#[test]
fn a_peer_with_a_full_disk_pauses_its_channel_until_there_is_room() {
    let (_world, jinjiang, guandu) = World::two_counties();
    limit(&guandu, "low_bytes", ABOVE_ALL);
    let (_here, there) = (jinjiang.start(), guandu.start());
    let answers = jinjiang.publish(&rows(1..=5)).expect(0).lines();
    eventually("the channel says why it waits", || {
        jinjiang
            .channels()
            .iter()
            .any(|channel| channel["direction"] == "out" && channel["code"] == "storage_low")
    });
    assert!(guandu.subscribe("early", 1, 1).is_empty());
    assert!(there.stop().success());
    limit(&guandu, "low_bytes", LOW);
    let _there = guandu.start();
    // It comes again when the pause that was asked for is over, which is a minute.
    assert_eq!(ids(&guandu.subscribe("desk", 5, 100)), ids(&answers));
    assert!(guandu.subscribe("desk", 1, 1).is_empty(), "each once");
    jinjiang.wait_until_answered();
}

/// sled says that it failed, and a start opens it as if nothing had been: the node must neither go on
/// with such an index, nor fail again and again, nor wait for a person.
#[test]
fn an_index_that_fails_in_use_is_rebuilt_by_the_node_itself() {
    let (_world, jinjiang, guandu) = World::two_counties();
    // The index is one file that grows; the journal's stay below the limit.
    limit(&jinjiang, "segment_bytes", 1 << 20);
    let here = start_limited(&jinjiang, 1_536 << 10);
    let failed = || here.log().contains("The index failed; it is set aside");
    let mut before = HashMap::new();
    let mut published = 0;
    while !failed() {
        assert!(published < 20_000, "the index never reached the limit");
        let some = rows(published + 1..=published + 500);
        before.extend(accepted(&jinjiang.publish(&some).lines()));
        published += 500;
    }
    // The disk is well again before the index is as large as it was.
    let id = here.id().to_string();
    let lifted = run(Command::new("prlimit").args(["--pid", &id, "--fsize=unlimited"]));
    assert_eq!(lifted.code, 0, "{lifted:?}");
    let all = rows(1..=published);
    let mut after = HashMap::new();
    eventually("the node answers again", || {
        let said = jinjiang.publish(&all);
        after.extend(accepted(&said.lines()));
        said.code == 0
    });
    assert_eq!(after.len(), all.len());
    for (reference, id) in &before {
        assert_eq!(after.get(reference), Some(id), "{reference}");
    }
    assert!(here.log().contains("The node starts again by itself"));
    let _there = guandu.start();
    jinjiang.wait_until_answered();
    assert_eq!(
        guandu.subscribe("desk", 20_000, 2).len(),
        all.len(),
        "each once"
    );
    assert!(here.stop().success(), "it is the same process");
}

/// A node none of whose files may grow beyond that many bytes.
fn start_limited(county: &County, bytes: u64) -> Node {
    let mut command = Command::new("bash");
    command
        .arg("-c")
        .arg(format!(
            "trap '' XFSZ; ulimit -S -f {}; exec \"$0\" serve --node \"$1\"",
            bytes / 1024
        ))
        .arg(env!("CARGO_BIN_EXE_hongyan"))
        .arg(&county.dir)
        .env("LC_ALL", "C.UTF-8");
    Node::spawn(command).unwrap_or_else(|said| panic!("the node did not start: {said:?}"))
}

#[test]
fn a_failed_write_ends_the_node_and_loses_nothing_that_was_accepted() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let there = guandu.start();
    // Made before the limit holds: ballast and index.
    assert!(jinjiang.start().stop().success());
    let mut here = start_limited(&jinjiang, 2 << 20);
    let mut known = HashMap::new();
    let mut unknown = false;
    for batch in 0..60 {
        let said = jinjiang.publish(&rows(batch * 200 + 1..=batch * 200 + 200));
        assert!(
            !said.out.contains("refused"),
            "unknown is not refused: {said:?}"
        );
        known.extend(accepted(&said.lines()));
        if said.code != 0 {
            assert_eq!(said.code, 3, "{}", said.err);
            assert!(said.lines().len() < 200, "what is unknown gets no line");
            unknown = true;
            break;
        }
    }
    assert!(unknown, "the limit was never met");
    assert!(!here.wait().success(), "it ends by itself, and not well");
    eventually("its last words are read", || {
        here.log().contains("the node stopped") && here.log().contains("check the disk")
    });
    assert!(!here.log().contains("panicked"), "{}", here.log());
    let _here = jinjiang.start();
    jinjiang.wait_until_answered();
    let received = guandu.subscribe("desk", 12_000, 3);
    let mut seen: HashMap<String, u32> = HashMap::new();
    for id in ids(&received) {
        *seen.entry(id).or_default() += 1;
    }
    assert!(seen.values().all(|count| *count == 1), "each once");
    for id in known.values() {
        assert!(seen.contains_key(id), "accepted, and gone");
    }
    drop(there);
}

/// A mount that is taken away at the end.
struct ReadOnly(PathBuf);

impl ReadOnly {
    fn bind(path: &Path) -> Result<Self, String> {
        let mount = |words: &[&str]| {
            let said = run(Command::new("mount").args(words).arg(path));
            if said.code == 0 {
                Ok(())
            } else {
                Err(said.err)
            }
        };
        mount(&["--bind", path.to_str().unwrap()])?;
        let bound = Self(path.to_owned());
        mount(&["-o", "remount,bind,ro"])?;
        Ok(bound)
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// Needs the right to mount. Where there is none the test cannot be made: it says so, and fails if
/// `HONGYAN_MUST_MOUNT` is set.
#[test]
fn a_read_only_disk_is_named() {
    let (_world, jinjiang, _guandu) = World::two_counties();
    assert!(jinjiang.start().stop().success());
    let bound = match ReadOnly::bind(&jinjiang.dir.join("data")) {
        Ok(bound) => bound,
        Err(why) => {
            // Past the harness, which keeps what a test that passes prints to itself.
            let words =
                format!("NOT TESTED: a read-only disk; nothing can be mounted here: {why}\n");
            std::io::stderr().write_all(words.as_bytes()).unwrap();
            assert!(std::env::var_os("HONGYAN_MUST_MOUNT").is_none(), "{why}");
            return;
        }
    };
    let Err(said) = Node::spawn(jinjiang.command(&["serve"])) else {
        panic!("the node started on a disk that cannot be written");
    };
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.err.contains("data") && said.err.contains("writable"),
        "{said:?}"
    );
    assert!(!said.err.contains("panicked"), "{said:?}");
    drop(bound);
    assert!(jinjiang.start().stop().success());
}
