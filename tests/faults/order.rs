//! No answer leaves before the sync that covers it, seen from outside with `strace`.

use std::{
    collections::HashSet,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::harness::{
    Build, County, GUANDU, JINJIANG, Node, World, departure, eventually, notices, trace::traced,
};

/// How long every sync of a slowed node is held up before the kernel gets it: far longer than an
/// answer takes that waits for none.
const HELD: Duration = Duration::from_millis(700);

/// What a node did to its journal, in order, as the kernel saw it.
#[derive(Debug, PartialEq, Eq)]
enum Act {
    /// Bytes were appended.
    Append,
    /// They were synced.
    Sync,
}

/// Reads a trace: appends and syncs of journal segments.
fn acts(trace: &str) -> Vec<Act> {
    let mut acts = Vec::new();
    // Calls of several threads overlap: what counts is when a sync has returned.
    let mut unfinished: HashSet<&str> = HashSet::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        let journal = call.contains("/journal/") && call.contains(".segment>");
        if call.starts_with("write(") && journal {
            acts.push(Act::Append);
        } else if call.starts_with("fdatasync(") && journal {
            if call.contains("<unfinished") {
                unfinished.insert(thread);
            } else {
                acts.push(Act::Sync);
            }
        } else if call.starts_with("<... fdatasync resumed>") && unfinished.remove(thread) {
            acts.push(Act::Sync);
        }
    }
    acts
}

/// Starts a node every sync of which is held up.
fn slowed(county: &County, trace: &Path) -> Node {
    let held = format!("inject=fdatasync:delay_enter={}", HELD.as_micros());
    let seen = ["-y", "-s", "0", "-e", "trace=write,fdatasync", "-e", &held];
    traced(county, trace, &seen)
}

/// Does something that no answer may end before a sync has: a node that answers without waiting
/// for its sync is quicker than one sync, and however slow the machine, never the other way round.
fn held_up<T>(what: &str, act: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let outcome = act();
    let took = begun.elapsed();
    assert!(
        took >= HELD,
        "{what} before the sync: {took:?}, a sync takes {HELD:?}"
    );
    outcome
}

/// Stops a slowed node, and checks that it appended no group before the one before it was synced.
fn stop_in_order(node: Node, trace: &Path) {
    let exited = format!("{} +++ exited with 0 +++", node.id());
    assert!(node.stop().success());
    // The tracer writes on for a moment after the node has ended.
    eventually("the trace is whole", || {
        fs::read_to_string(trace).is_ok_and(|text| {
            text.lines()
                .any(|line| line.split_whitespace().eq(exited.split_whitespace()))
        })
    });
    let acts = acts(&fs::read_to_string(trace).unwrap());
    assert!(acts.contains(&Act::Append), "no group in the trace");
    for pair in acts.chunks(2) {
        let in_order = pair == [Act::Append, Act::Sync];
        assert!(in_order, "appended before the sync of the last: {acts:?}");
    }
}

fn answers_the_office(build: Build) {
    let (world, jinjiang, _guandu) = World::two_counties_of(build);
    let trace = world.path("trace");
    let node = slowed(&jinjiang, &trace);
    for number in 1..=3 {
        held_up("accepted", || jinjiang.publish(&[departure(number)])).expect(0);
    }
    stop_in_order(node, &trace);
}

fn answers_the_peer_and_the_subscriber(build: Build) {
    let (world, jinjiang, guandu) = World::two_counties_of(build);
    let trace = world.path("trace");
    let there = slowed(&guandu, &trace);
    let here = jinjiang.start();
    for number in 1..=3 {
        held_up("stored", || {
            jinjiang.publish(&[departure(number)]).expect(0);
            jinjiang.wait_until_answered();
        });
    }
    for _ in 1..=3 {
        let handed = held_up("acknowledged", || guandu.subscribe("desk", 1, 30));
        assert_eq!(handed.len(), 1);
    }
    assert!(here.stop().success());
    stop_in_order(there, &trace);
}

#[test]
fn an_office_is_answered_after_the_sync_that_covers_its_notice() {
    answers_the_office(Build::Sound);
    // However slow the machine, the trace at the end tells.
    notices("before the sync", || {
        answers_the_office(Build::Without("sync"));
    });
}

#[test]
fn a_peer_and_a_subscriber_are_answered_after_the_sync_that_covers_theirs() {
    answers_the_peer_and_the_subscriber(Build::Sound);
    notices("before the sync", || {
        answers_the_peer_and_the_subscriber(Build::Without("sync"));
    });
}

/// While one parcel is synced the next is judged. What that speaks of is not in the store yet, and
/// must not be called unknown: the answer would be final.
#[test]
fn a_notice_that_speaks_of_one_still_being_written_is_stored() {
    let world = World::new();
    let (jinjiang, guandu) = (world.county(JINJIANG), world.county(GUANDU));
    let notes = world.path("notes.toml");
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/agreements/default.toml");
    let text = fs::read_to_string(usual).unwrap();
    fs::write(
        &notes,
        text.replace("\"feedback\"]", "\"feedback\", \"message\"]")
            .replace("free_text = false", "free_text = true"),
    )
    .unwrap();
    world.pair_with(&jinjiang, &guandu, Some(&notes));
    let trace = world.path("trace");
    let (_there, _here) = (slowed(&guandu, &trace), jinjiang.start());
    for number in 1..=3 {
        let told = jinjiang.publish(&[departure(number)]).expect(0).lines();
        let id = told[0]["notice_id"].as_str().unwrap();
        let note = json!({
            "reference": format!("n-{number}"),
            "kind": "message",
            "answers": id,
            "text": "测试",
        });
        jinjiang.publish(&[note]).expect(0);
    }
    jinjiang.wait_until_answered();
    let notices = jinjiang.ask(&["notice", "list"]).expect(0).lines();
    assert_eq!(notices.len(), 6);
    for notice in notices {
        assert_eq!(notice["delivery"], "stored", "{notice}");
    }
}
