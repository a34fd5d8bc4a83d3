//! Either side started again from an old copy of its directory: both say that the histories differ,
//! nothing is overwritten or doubled, `channel adopt` brings them together, and every accepted
//! notice arrives once.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::harness::{Build, County, World, copy, departure, eventually, notices, restore};

fn stopped(county: &County, direction: &str) -> Option<Value> {
    county
        .channels()
        .into_iter()
        .find(|channel| channel["direction"] == direction && channel["state"] == "stopped")
}

fn ids(answers: &[Value]) -> Vec<String> {
    answers
        .iter()
        .map(|answer| answer["notice_id"].as_str().unwrap().to_owned())
        .collect()
}

/// Has notices with these numbers accepted; their ids.
fn publish(county: &County, numbers: RangeInclusive<u32>) -> Vec<String> {
    let rows: Vec<_> = numbers.map(departure).collect();
    ids(&county.publish(&rows).expect(0).lines())
}

/// Sets that side back to an old copy, and lets it adopt what the other one holds. `entered` of nine
/// notices are known at the receiver then.
fn set_back(is_sender: bool, code: &str, entered: usize) {
    let (world, jinjiang, guandu) = World::two_counties();
    let (back, other) = if is_sender {
        (&jinjiang, &guandu)
    } else {
        (&guandu, &jinjiang)
    };
    let old = world.path("old");
    let _other = other.start();
    let node = back.start();
    let mut accepted = publish(&jinjiang, 1..=5);
    jinjiang.wait_until_answered();
    assert!(node.stop().success());
    copy(&back.dir, &old);
    let node = back.start();
    accepted.extend(publish(&jinjiang, 6..=9));
    jinjiang.wait_until_answered();
    node.kill();
    restore(&old, &back.dir);
    let _node = back.start();
    // Accepted before anybody knew; they may not take the places of the lost ones.
    accepted.extend(publish(&jinjiang, 10..=11));
    eventually("the sender says so", || stopped(&jinjiang, "out").is_some());
    eventually("the receiver says so", || stopped(&guandu, "in").is_some());
    let told = stopped(back, if is_sender { "out" } else { "in" }).unwrap();
    assert_eq!(told["code"], code);
    assert_eq!(
        guandu.subscribe("before", 20, 2).len(),
        entered,
        "nothing entered"
    );
    let peer = if is_sender { "530111" } else { "350582" };
    back.ask(&["channel", "adopt", peer, "--yes"]).expect(0);
    jinjiang.wait_until_answered();
    let received = guandu.subscribe("desk", 20, 3);
    assert_eq!(ids(&received), accepted, "each once, and in order");
    let sequences: Vec<_> = received
        .iter()
        .map(|notice| notice["sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(sequences, (1..=11).collect::<Vec<_>>());
    eventually("nothing stands still any more", || {
        stopped(&jinjiang, "out").is_none() && stopped(&guandu, "in").is_none()
    });
}

#[test]
fn a_sender_that_was_set_back_is_found_out_and_adopts() {
    set_back(true, "sender_set_back", 9);
}

#[test]
fn a_receiver_that_was_set_back_is_found_out_and_gets_it_again() {
    set_back(false, "receiver_set_back", 5);
}

#[test]
fn a_receiver_that_lost_everything_is_found_out_though_nothing_new_is_sent() {
    let (world, jinjiang, guandu) = World::two_counties();
    let old = world.path("old");
    copy(&guandu.dir, &old);
    let _here = jinjiang.start();
    let there = guandu.start();
    let accepted = publish(&jinjiang, 1..=4);
    jinjiang.wait_until_answered();
    there.kill();
    restore(&old, &guandu.dir);
    // Its start alone, and its probe, tell both.
    let _there = guandu.start();
    jinjiang.ask(&["peer", "probe", "530111"]);
    eventually("the sender says so", || stopped(&jinjiang, "out").is_some());
    eventually("the receiver says so", || stopped(&guandu, "in").is_some());
    guandu
        .ask(&["channel", "adopt", "350582", "--yes"])
        .expect(0);
    let received = guandu.subscribe("desk", 4, 20);
    assert_eq!(ids(&received), accepted, "each once, and in order");
    eventually("nothing stands still any more", || {
        stopped(&jinjiang, "out").is_none() && stopped(&guandu, "in").is_none()
    });
}

fn outgrown(build: Build) {
    let (world, jinjiang, guandu) = World::two_counties_of(build);
    let old = world.path("old");
    let here = jinjiang.start();
    let there = guandu.start();
    let mut accepted = publish(&jinjiang, 1..=3);
    jinjiang.wait_until_answered();
    assert!(here.stop().success());
    copy(&jinjiang.dir, &old);
    let here = jinjiang.start();
    accepted.extend(publish(&jinjiang, 4..=5));
    jinjiang.wait_until_answered();
    here.kill();
    restore(&old, &jinjiang.dir);
    // The peer is away, so that they are all accepted before anybody knows.
    assert!(there.stop().success());
    let here = jinjiang.start();
    accepted.extend(publish(&jinjiang, 10..=16));
    let _there = guandu.start();
    eventually("the sender says so", || stopped(&jinjiang, "out").is_some());
    let told = stopped(&jinjiang, "out").unwrap();
    assert_eq!(told["code"], "sender_set_back", "who was set back");
    jinjiang
        .ask(&["channel", "adopt", "530111", "--yes"])
        .expect(0);
    jinjiang.wait_until_answered();
    let received = guandu.subscribe("desk", 20, 3);
    assert_eq!(ids(&received), accepted, "each once, and in order");
    // Also what the index says after it was built anew.
    let listed = |county: &County| county.ask(&["notice", "list"]).expect(0).lines();
    let before = listed(&jinjiang);
    assert!(here.stop().success());
    jinjiang.ask(&["index", "rebuild"]).expect(0);
    jinjiang.ask(&["journal", "check"]).expect(0);
    let _here = jinjiang.start();
    assert_eq!(
        listed(&jinjiang),
        before,
        "the rebuilt index answers the same"
    );
}

#[test]
fn a_sender_with_more_new_notices_than_it_lost_keeps_them_all() {
    outgrown(Build::Sound);
    notices("who was set back", || {
        outgrown(Build::Without("divergence"))
    });
}
