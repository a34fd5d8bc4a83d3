//! Disks that are full, that fail, or that lose what was on them: nobody is told what does not
//! hold, and everything that was accepted is there once when the disk is well again.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Write},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use serde_json::Value;

use crate::{
    book::Book,
    harness::{
        Build, County, GUANDU, Node, World, departure, eventually, notices, one_error, run,
        trace::{open_segment, traced},
    },
};

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

fn rows(range: RangeInclusive<u32>) -> Vec<Value> {
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

/// How the kernel answers a call on the open segment from some moment on.
const FAILURES: [&str; 4] = [
    "fdatasync:error=EIO",
    "write:error=EIO",
    "write:error=ENOSPC",
    "write:error=EROFS",
];

/// Starts a node whose disk fails so, from the fourth group on.
fn start_failing(world: &World, county: &County, failure: &str) -> Node {
    assert!(county.start().stop().success());
    let segment = open_segment(county);
    let inject = format!("inject={failure}:when=4+");
    let options = ["-P", segment.to_str().unwrap(), "-e", &inject];
    traced(county, &world.path("trace"), &options)
}

/// That the node ended by itself, and said why.
fn ended_for_its_disk(mut node: Node) {
    assert!(!node.wait().success(), "it ends by itself, and not well");
    eventually("its last words are read", || {
        node.log().contains("the node stopped") && node.log().contains("check the disk")
    });
    assert!(!node.log().contains("panicked"), "{}", node.log());
}

fn fails_under_the_sender(build: Build, failure: &str) {
    let (world, jinjiang, guandu) = World::two_counties_of(build);
    let book = Book::of(&world);
    let there = guandu.start();
    let follower = book.follow(&guandu, GUANDU);
    let here = start_failing(&world, &jinjiang, failure);
    let unknown = (1..=20).find(|number| {
        let said = jinjiang.publish(&[departure(*number)]);
        assert!(!said.out.contains("refused"), "unknown is not: {said:?}");
        book.told(&said.lines());
        said.code != 0
    });
    let Some(unknown) = unknown else {
        panic!("told accepted, though the disk had failed");
    };
    ended_for_its_disk(here);
    let here = jinjiang.start();
    book.publish_all(&jinjiang, &rows(1..=unknown + 5));
    book.wait_until_answered(&jinjiang);
    follower.finish();
    book.judge();
    drop((here, there));
}

fn fails_under_the_receiver(failure: &str) {
    let (world, jinjiang, guandu) = World::two_counties();
    let book = Book::of(&world);
    let there = start_failing(&world, &guandu, failure);
    let here = jinjiang.start();
    // What it stores and what its consumer acknowledges are more than three groups.
    let follower = book.follow(&guandu, GUANDU);
    for number in 1..=20 {
        book.publish_all(&jinjiang, &[departure(number)]);
    }
    ended_for_its_disk(there);
    let there = guandu.start();
    book.wait_until_answered(&jinjiang);
    follower.finish();
    book.judge();
    drop((here, there));
}

#[test]
fn a_disk_that_fails_under_the_sender_makes_nothing_known_that_is_not() {
    for failure in FAILURES {
        fails_under_the_sender(Build::Sound, failure);
    }
    for failure in &FAILURES[..2] {
        notices("told accepted, though the disk had failed", || {
            fails_under_the_sender(Build::Without("poison"), failure);
        });
    }
}

#[test]
fn a_disk_that_fails_under_the_receiver_loses_nothing() {
    for failure in &FAILURES[..3] {
        fails_under_the_receiver(failure);
    }
}

/// Sets how many files and connections a running node may have open.
fn handles(node: &Node, most: &str) {
    let (id, limit) = (node.id().to_string(), format!("--nofile={most}:"));
    let said = run(Command::new("prlimit").args(["--pid", &id, &limit]));
    assert_eq!(said.code, 0, "{said:?}");
}

#[test]
fn a_node_out_of_handles_goes_on_with_those_it_has_and_recovers_by_itself() {
    let (world, jinjiang, guandu) = World::two_counties();
    // Segments end while there is no handle for the next.
    limit(&jinjiang, "segment_bytes", 1 << 20);
    let book = Book::of(&world);
    let (here, _there) = (jinjiang.start(), guandu.start());
    let follower = book.follow(&guandu, GUANDU);
    // An office that is connected, over a stream that is open.
    let mut office = jinjiang
        .command(&["publish", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut drafts = office.stdin.take().unwrap();
    let mut answers = BufReader::new(office.stdout.take().unwrap()).lines();
    let mut publish = |numbers: RangeInclusive<u32>| {
        let rows = rows(numbers);
        let answered: Vec<Value> = thread::scope(|scope| {
            scope.spawn(|| {
                for row in &rows {
                    // An office that is cut off is told of below.
                    let _ = drafts.write_all(format!("{row}\n").as_bytes());
                }
            });
            let lines = answers.by_ref().take(rows.len()).map(Result::unwrap);
            lines
                .map(|line| serde_json::from_str(&line).unwrap())
                .collect()
        });
        book.told(&answered);
        assert_eq!(answered.len(), rows.len(), "cut off: {}", here.log());
    };
    publish(1..=1);
    book.wait_until_answered(&jinjiang);
    // Fewer than are open: every new one fails. With 3 or less the kernel would call that a wrong
    // argument of a duplication, not a lack.
    handles(&here, "4");
    let error = one_error(&jinjiang.publish(&[departure(2)]), 3);
    assert!(error.contains("node"), "{error}");
    assert!(here.log().contains("Cannot accept"), "{}", here.log());
    publish(2..=4_000);
    handles(&here, "1024");
    eventually("who comes is let in again", || {
        jinjiang.ask(&["channel", "list"]).code == 0
    });
    publish(4_001..=4_010);
    let segments = fs::read_dir(jinjiang.dir.join("data/journal"))
        .unwrap()
        .count();
    assert!(segments > 1, "no segment ended");
    drop(drafts);
    assert!(office.wait().unwrap().success());
    book.wait_until_answered(&jinjiang);
    follower.finish();
    book.judge();
    assert!(here.stop().success(), "it is the same process");
}
