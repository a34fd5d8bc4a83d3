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

use std::{collections::HashSet, io::Write, thread, time::Duration};

use harness::{GUANDU, World, departure, rounds};

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
    let publisher = {
        let rows: Vec<_> = (1..=notices).map(departure).collect();
        thread::spawn(move || jinjiang.publish_all(&rows))
    };
    let follower = {
        let guandu = guandu.clone();
        thread::spawn(move || guandu.follow(GUANDU, notices as usize))
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
