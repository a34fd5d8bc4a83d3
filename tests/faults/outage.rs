//! A peer that is away for many notices and then comes back: all arrive in order, the sender's
//! memory stays flat, and what wakes it is that the peer is back, not that it happens to try.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use crate::{
    book::Book,
    harness::{
        Build, County, GUANDU, JINJIANG, Node, World, departure, edit, eventually, notices,
        relay::Way, rounds, two_linked_counties_of,
    },
};

/// From the peer's `ready` to the first notice that it has.
const WOKEN_WITHIN: Duration = Duration::from_secs(3);

/// The same where a call has woken it before: it listens to one in five seconds.
const WOKEN_AGAIN_WITHIN: Duration = Duration::from_secs(8);

/// So many tries must have failed before the peer comes back. The next is then at least 12 seconds
/// away, and nothing but a wake-up explains a notice that comes in [`WOKEN_WITHIN`].
const FAILED_TRIES: usize = 7;

/// What the sender may grow by, whatever waits: its tables and caches fill up (84 MB after 100,000
/// notices), and 100,000 notices that are held in memory take 60 MB more.
const GROWTH_BYTES: u64 = 128 << 20;

/// What a process has resident now (`VmRSS`) or had at most (`VmHWM`), in bytes.
fn memory(node: &Node, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", node.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim_matches([':', ' ', '\t']).strip_suffix(" kB"));
    kilobytes.and_then(|text| text.parse::<u64>().ok()).unwrap() * 1024
}

/// Lets a node wait for an hour between tries.
fn patient(county: &County) {
    edit(&county.dir.join("node.toml"), |text| {
        text.replace("cap_seconds = 1\n", "cap_seconds = 3600\n")
    });
}

fn failed_tries(node: &Node) -> usize {
    node.log().matches("A stream failed").count()
}

fn away(build: Build, count: u32) {
    let (world, jinjiang, guandu) = World::two_counties_of(build);
    patient(&jinjiang);
    let book = Book::of(&world);
    let here = jinjiang.start();
    let status = fs::read_to_string(format!("/proc/{}/status", here.id())).unwrap();
    assert!(
        status.contains("THP_enabled:\t0"),
        "no huge pages: {status}"
    );
    let rows: Vec<_> = (1..=count).map(departure).collect();
    let (few, rest) = rows.split_at(rows.len() / 50);
    book.publish_all(&jinjiang, few);
    let base = memory(&here, "VmRSS");
    for some in rest.chunks(5_000) {
        book.told(&jinjiang.publish(some).expect(0).lines());
    }
    eventually("the sender waits long", || {
        failed_tries(&here) >= FAILED_TRIES
    });
    let there = guandu.start();
    let ready = Instant::now();
    while jinjiang.given_and_answered().1 == 0 {
        let waited = ready.elapsed();
        assert!(waited < WOKEN_WITHIN, "not woken for {waited:?}");
        thread::sleep(Duration::from_millis(20));
    }
    let follower = book.follow(&guandu, GUANDU);
    book.wait_until_answered(&jinjiang);
    follower.finish();
    book.judge();
    let most = memory(&here, "VmHWM");
    assert!(
        most <= base + GROWTH_BYTES,
        "the sender's memory grew from {base} to {most} bytes"
    );
    drop(there);
}

#[test]
fn after_an_outage_everything_arrives_at_once_and_in_order() {
    away(
        Build::Sound,
        rounds("HONGYAN_BACKLOG", 5_000).try_into().unwrap(),
    );
}

/// The peer calls while a try hangs that then fails: the call counts, though the sender was not
/// waiting for one.
#[test]
fn a_call_during_a_try_that_fails_wakes_the_sender() {
    let (world, jinjiang, guandu, relay) = two_linked_counties_of(Build::Sound);
    patient(&jinjiang);
    let book = Book::of(&world);
    let here = jinjiang.start();
    book.publish_all(&jinjiang, &[departure(1)]);
    eventually("the sender waits long", || {
        failed_tries(&here) >= FAILED_TRIES
    });
    relay.hold(Way::There);
    let _there = guandu.start();
    eventually("its call has the sender try", || relay.lines() > 0);
    guandu.ask(&["peer", "probe", JINJIANG]).expect(0);
    assert_eq!(failed_tries(&here), FAILED_TRIES, "the try still hangs");
    relay.cut_all();
    relay.heal();
    let failed = Instant::now();
    while jinjiang.given_and_answered().1 == 0 {
        let waited = failed.elapsed();
        assert!(waited < WOKEN_AGAIN_WITHIN, "not woken for {waited:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_sender_that_is_not_woken_is_noticed() {
    notices("not woken", || away(Build::Without("wake"), 100));
}
