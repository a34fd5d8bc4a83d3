//! `kill -9` of either side at random moments: every accepted notice arrives once and in order.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    reason = "a test fails by panicking"
)]

mod harness;

use std::{
    collections::{HashMap, HashSet},
    io::{BufRead, BufReader, Write},
    process::Stdio,
    thread,
    time::Duration,
};

use harness::{County, World, departure, rounds};
use serde_json::Value;

/// Publishes numbered departures without end, again and again until each is known to be accepted;
/// returns the ids by reference.
fn publish_all(county: &County, count: u32) -> HashMap<String, String> {
    let mut accepted = HashMap::new();
    let mut missing: Vec<u32> = (1..=count).collect();
    while !missing.is_empty() {
        for chunk in missing.chunks(50) {
            let rows: Vec<_> = chunk.iter().map(|number| departure(*number)).collect();
            let said = county.publish(&rows);
            assert!(matches!(said.code, 0 | 3), "{said:?}");
            for answer in said.lines() {
                assert_ne!(answer["status"], "refused", "{answer}");
                let reference = answer["reference"].as_str().unwrap().to_owned();
                let id = answer["notice_id"].as_str().unwrap().to_owned();
                let known = accepted.insert(reference, id.clone());
                assert!(known.is_none_or(|known| known == id), "an id changed");
            }
        }
        missing.retain(|number| !accepted.contains_key(&format!("d-{number}")));
    }
    accepted
}

/// Follows a consumer until `count` different notices were handed over; returns the first
/// hand-over of each, in order.
fn follow(county: &County, count: usize) -> Vec<Value> {
    let mut seen = HashSet::new();
    let mut first = Vec::new();
    while first.len() < count {
        let mut child = county
            .command(&["subscribe", "--consumer", "desk", "--idle-exit", "60"])
            .args(["--format", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let notice: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if seen.insert(notice["notice_id"].clone()) {
                first.push(notice);
            } else {
                assert_eq!(notice["redelivered"], true, "again, and not marked");
            }
            if first.len() == count {
                break;
            }
        }
        let _ = child.kill();
        child.wait().unwrap();
    }
    first
}

/// A small generator, so that a failure can be repeated: its seed is printed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn kill_dash_nine_of_either_side_loses_and_doubles_nothing() {
    let kills = rounds("HONGYAN_KILLS", 50);
    let notices = u32::try_from(kills * 100).unwrap().min(9_000);
    let seed = u64::from(std::process::id()) | 1;
    eprintln!("seed {seed}, {kills} kills, {notices} notices");
    let (_world, jinjiang, guandu) = World::two_counties();
    let mut nodes = [Some(jinjiang.start()), Some(guandu.start())];
    let counties = [jinjiang.clone(), guandu.clone()];
    let publisher = thread::spawn(move || publish_all(&jinjiang, notices));
    let follower = {
        let guandu = guandu.clone();
        thread::spawn(move || follow(&guandu, notices as usize))
    };
    let mut draw = Draw(seed);
    for _ in 0..kills {
        // Not an event but the attack itself: the moment of the kill is drawn.
        thread::sleep(Duration::from_millis(50 + draw.below(400)));
        let side = usize::try_from(draw.below(2)).unwrap();
        if let Some(node) = nodes[side].take() {
            node.kill();
        }
        nodes[side] = Some(counties[side].start());
    }
    let accepted = publisher.join().unwrap();
    let received = follower.join().unwrap();
    assert_eq!(accepted.len(), notices as usize);
    let accepted: HashSet<_> = accepted.into_values().collect();
    let mut last = 0;
    for notice in &received {
        let sequence = notice["sequence"].as_u64().unwrap();
        assert_eq!(sequence, last + 1, "in order, without a gap");
        last = sequence;
        assert!(
            accepted.contains(notice["notice_id"].as_str().unwrap()),
            "nobody was told of this notice"
        );
    }
    assert_eq!(received.len(), accepted.len(), "each once");
    let _ = std::io::stderr().flush();
}
