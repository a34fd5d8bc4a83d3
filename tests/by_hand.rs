//! The store by hand, on a node that is stopped: check, rebuild, and going on after a loss.

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
    fs::{self, OpenOptions},
    path::PathBuf,
};

use harness::{County, GUANDU, JINJIANG, World, departure, eventually};
use serde_json::Value;

fn ids(answers: &[Value]) -> Vec<String> {
    answers
        .iter()
        .map(|answer| answer["notice_id"].as_str().unwrap().to_owned())
        .collect()
}

fn rows(range: std::ops::RangeInclusive<u32>) -> Vec<Value> {
    range.map(departure).collect()
}

/// The newest segment of a node's journal.
fn newest_segment(county: &County) -> PathBuf {
    let mut segments: Vec<_> = fs::read_dir(county.dir.join("data/journal"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "segment"))
        .collect();
    segments.sort();
    segments.pop().unwrap()
}

fn cut(county: &County, length: u64) {
    let file = OpenOptions::new()
        .write(true)
        .open(newest_segment(county))
        .unwrap();
    file.set_len(length).unwrap();
}

#[test]
fn a_whole_journal_is_said_to_be_whole_and_gives_its_index_back() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let here = jinjiang.start();
    let answers = jinjiang.publish(&rows(1..=50)).expect(0).lines();
    assert!(here.stop().success());
    let checked = jinjiang.ask(&["journal", "check"]).expect(0).lines();
    assert_eq!(checked[0]["whole"], true);
    assert!(checked[0]["records"].as_u64().unwrap() > 0);
    fs::remove_dir_all(jinjiang.dir.join("data/index")).unwrap();
    let rebuilt = jinjiang.ask(&["index", "rebuild"]).expect(0).lines();
    assert_eq!(rebuilt[0]["rebuilt"], true);
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let again = jinjiang.publish(&rows(1..=50)).expect(0).lines();
    assert!(again.iter().all(|answer| answer["status"] == "repeated"));
    assert_eq!(ids(&again), ids(&answers), "the index remembers references");
    assert_eq!(ids(&guandu.subscribe("desk", 51, 2)), ids(&answers));
}

#[test]
fn a_journal_that_was_damaged_is_named_with_its_place() {
    let world = World::new();
    let (jinjiang, guandu) = (world.county(JINJIANG), world.county(GUANDU));
    world.pair(&jinjiang, &guandu);
    let here = jinjiang.start();
    for number in 1..=5 {
        jinjiang.publish(&[departure(number)]).expect(0);
    }
    assert!(here.stop().success());
    let segment = newest_segment(&jinjiang);
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&segment, bytes).unwrap();
    let name = segment.file_name().unwrap().to_str().unwrap().to_owned();
    let said = jinjiang.ask(&["journal", "check"]).expect(1);
    let served = jinjiang.refused_start(1);
    for error in [said.err, served] {
        assert!(error.contains(&name), "the segment is named: {error}");
        assert!(error.contains("offset"), "and the place: {error}");
        assert!(error.contains("restore"), "and the remedy: {error}");
    }
}

/// Index ahead of the journal → refused → accepted → the peer's record brings it together.
#[test]
fn a_journal_that_was_cut_goes_on_after_the_loss_is_accepted_and_adopted() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (here, _there) = (jinjiang.start(), guandu.start());
    let mut accepted = ids(&jinjiang.publish(&rows(1..=4)).expect(0).lines());
    jinjiang.wait_until_answered();
    let kept = fs::metadata(newest_segment(&jinjiang)).unwrap().len();
    accepted.extend(ids(&jinjiang.publish(&rows(5..=9)).expect(0).lines()));
    jinjiang.wait_until_answered();
    assert!(here.stop().success());
    cut(&jinjiang, kept);

    let error = jinjiang.refused_start(1);
    assert!(error.contains("hongyan journal accept-loss"), "{error}");
    assert!(error.contains("restore"), "{error}");
    // Nobody is at the terminal: without --yes nothing happens.
    jinjiang.ask(&["journal", "accept-loss"]).expect(2);
    jinjiang.refused_start(1);
    let report = jinjiang
        .ask(&["journal", "accept-loss", "--yes"])
        .expect(0)
        .lines();
    assert_eq!(report[0]["places_lost"], 5, "{}", report[0]);
    let lost = &report[0]["channels"][0];
    assert_eq!(
        (&lost["from_area"], &lost["to_area"]),
        (&JINJIANG.into(), &GUANDU.into())
    );
    assert_eq!((&lost["first"], &lost["last"]), (&5.into(), &9.into()));

    let _here = jinjiang.start();
    accepted.extend(ids(&jinjiang.publish(&rows(10..=11)).expect(0).lines()));
    eventually("both say that the histories differ", || {
        [&jinjiang, &guandu].iter().all(|county| {
            let stopped = |channel: &Value| channel["state"] == "stopped";
            county.channels().iter().any(stopped)
        })
    });
    assert_eq!(
        guandu.subscribe("before", 20, 2).len(),
        9,
        "nothing entered"
    );
    jinjiang
        .ask(&["channel", "adopt", GUANDU, "--yes"])
        .expect(0);
    jinjiang.wait_until_answered();
    let received = guandu.subscribe("desk", 20, 3);
    assert_eq!(ids(&received), accepted, "each once, and in order");
    // Also what was lost here and is there keeps its answer.
    let again = jinjiang.publish(&rows(10..=11)).expect(0).lines();
    assert_eq!(ids(&again), accepted[9..]);
}
