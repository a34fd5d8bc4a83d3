//! `kill -9` of either side, at random moments and at the worst: every accepted notice arrives once
//! and in order, and the node is back soon.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    book::Book,
    draw::Draw,
    harness::{
        Build, County, GUANDU, Node, World, departure, eventually, notices,
        relay::Way,
        rounds,
        trace::{open_segment, traced},
        two_linked_counties_of,
    },
};

/// A node that was killed is back within this time.
const BACK_WITHIN: Duration = Duration::from_secs(60);

/// Notices on their way around each kill.
const EACH: u32 = 100;

fn kill_and_start(node: Node, county: &County) -> Node {
    node.kill();
    let begun = Instant::now();
    let node = county.start();
    assert!(begun.elapsed() <= BACK_WITHIN, "{:?}", begun.elapsed());
    node
}

/// The departures of a round.
fn rows(round: u32) -> Vec<serde_json::Value> {
    (round * EACH + 1..=round * EACH + EACH)
        .map(departure)
        .collect()
}

fn at_random(kills: u32) {
    let (world, jinjiang, guandu) = World::two_counties();
    let book = Book::of(&world);
    let counties = [&jinjiang, &guandu];
    let mut nodes = counties.map(|county| Some(county.start()));
    let follower = book.follow(&guandu, GUANDU);
    let mut draw = Draw::new("kill");
    for round in 0..kills {
        thread::scope(|scope| {
            scope.spawn(|| book.publish_all(&jinjiang, &rows(round)));
            // Not an event but the attack itself: the moment of the kill is drawn.
            thread::sleep(Duration::from_millis(draw.below(400) as u64));
            let side = draw.below(2);
            let node = nodes[side].take().unwrap();
            nodes[side] = Some(kill_and_start(node, counties[side]));
        });
        book.check();
    }
    book.wait_until_answered(&jinjiang);
    follower.finish();
    book.judge();
}

/// The receiver has them all and has said so, but its answer is still on the way when one of the
/// two is killed: they are sent again.
fn before_the_answer_is_heard(build: Build) {
    let (world, jinjiang, guandu, relay) = two_linked_counties_of(build);
    let book = Book::of(&world);
    let (mut there, mut here) = (guandu.start(), jinjiang.start());
    let follower = book.follow(&guandu, GUANDU);
    for round in 0..4 {
        // The stream is open before its answers are held up.
        let first = departure(100_000 + round);
        book.publish_all(&jinjiang, &[first]);
        book.wait_until_answered(&jinjiang);
        relay.hold(Way::Back);
        book.publish_all(&jinjiang, &rows(round));
        eventually("the receiver has them", || {
            held(&guandu) == given(&jinjiang)
        });
        if round % 2 == 0 {
            here = kill_and_start(here, &jinjiang);
        } else {
            there = kill_and_start(there, &guandu);
        }
        relay.cut_all();
        relay.heal();
        book.wait_until_answered(&jinjiang);
    }
    follower.finish();
    book.judge();
    drop((here, there));
}

fn given(county: &County) -> u64 {
    county.given_and_answered().0
}

/// How many notices came in.
fn held(county: &County) -> u64 {
    let channels = county.channels();
    let into = channels.iter().filter(|it| it["direction"] == "in");
    into.map(|it| it["last_sequence"].as_u64().unwrap()).sum()
}

/// The disk is slow, and the sender is killed as soon as an office has its answer.
fn right_after_the_answer(build: Build) {
    let (world, jinjiang, guandu) = World::two_counties_of(build);
    let book = Book::of(&world);
    let there = guandu.start();
    let follower = book.follow(&guandu, GUANDU);
    assert!(jinjiang.start().stop().success());
    for round in 0..3 {
        let segment = open_segment(&jinjiang);
        let options = ["-P", segment.to_str().unwrap(), "-e", SLOW];
        let here = traced(&jinjiang, &world.path("trace"), &options);
        book.publish_all(&jinjiang, &rows(round)[..1]);
        here.kill();
    }
    let here = jinjiang.start();
    book.publish_all(&jinjiang, &rows(3));
    book.wait_until_answered(&jinjiang);
    follower.finish();
    book.judge();
    drop((here, there));
}

/// Every write to the journal is held up for a second before the kernel gets it.
const SLOW: &str = "inject=write:delay_enter=1000000";

#[test]
fn killed_at_random_moments_nothing_is_lost_doubled_or_disordered() {
    at_random(u32::try_from(rounds("HONGYAN_KILLS", 50)).unwrap());
}

#[test]
fn killed_before_the_answer_is_heard_nothing_is_doubled() {
    before_the_answer_is_heard(Build::Sound);
    notices("doubled: ", || {
        before_the_answer_is_heard(Build::Without("once"));
    });
}

#[test]
fn killed_right_after_the_answer_nothing_is_lost() {
    right_after_the_answer(Build::Sound);
    notices("lost: ", || {
        right_after_the_answer(Build::Without("written"));
    });
}
