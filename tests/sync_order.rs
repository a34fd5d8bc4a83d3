//! No answer leaves before the sync that covers it, seen from outside with `strace`.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    reason = "a test fails by panicking"
)]

mod harness;

use std::{collections::HashSet, fs, process::Command};

use harness::{Node, World, departure, eventually};

/// What a node did, in order, as the kernel saw it.
#[derive(Debug, PartialEq, Eq)]
enum Act {
    /// Bytes were appended to the journal.
    Append,
    /// They were synced.
    Sync,
    /// Something was sent to a socket.
    Send,
}

/// Reads a trace: appends and syncs of journal segments, and sends.
fn acts(trace: &str) -> Vec<Act> {
    let mut acts = Vec::new();
    // Calls of several threads overlap: what counts is when an append or a sync has returned, and
    // when a send was begun.
    let mut unfinished: HashSet<(String, &'static str)> = HashSet::new();
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
                unfinished.insert((thread.to_owned(), "fdatasync"));
            } else {
                acts.push(Act::Sync);
            }
        } else if call.starts_with("<... fdatasync resumed>") {
            if unfinished.remove(&(thread.to_owned(), "fdatasync")) {
                acts.push(Act::Sync);
            }
        } else if (call.starts_with("write(")
            || call.starts_with("writev(")
            || call.starts_with("sendto("))
            && call.contains("<TCP")
        {
            acts.push(Act::Send);
        }
    }
    acts
}

fn traced(county: &harness::County, trace: &std::path::Path) -> Node {
    let plain = county.command(&["serve"]);
    let mut command = Command::new("strace");
    command
        .args([
            "-f",
            "-D",
            "-q",
            "-yy",
            "-e",
            "trace=write,writev,sendto,fdatasync",
            "-s",
            "0",
            "-o",
        ])
        .arg(trace)
        .arg(plain.get_program())
        .args(plain.get_args())
        .env("LC_ALL", "C.UTF-8");
    Node::spawn(command).unwrap_or_else(|said| panic!("strace: {said:?}"))
}

/// Counts the appends, and those between which and their sync something was sent.
fn judged(acts: &[Act]) -> (usize, usize) {
    let (mut appends, mut sent_before_sync, mut open) = (0, 0, None);
    for act in acts {
        match act {
            Act::Append => {
                assert_eq!(
                    open, None,
                    "a group was appended before the one before it was synced"
                );
                appends += 1;
                open = Some(false);
            }
            Act::Sync => {
                if open.take() == Some(true) {
                    sent_before_sync += 1;
                }
            }
            Act::Send => open = open.map(|_| true),
        }
    }
    assert_eq!(open, None, "the last group was never synced");
    (appends, sent_before_sync)
}

#[test]
fn an_answer_leaves_after_the_sync_that_covers_it() {
    let (world, jinjiang, guandu) = World::two_counties();
    let (trace_here, trace_there) = (world.path("here.trace"), world.path("there.trace"));
    // First the publishing side alone, one notice at a time: all that it can send between append
    // and sync is the answer itself.
    let here = traced(&jinjiang, &trace_here);
    for number in 1..=20 {
        jinjiang.publish(&[departure(number)]).expect(0);
    }
    let there = traced(&guandu, &trace_there);
    jinjiang.wait_until_answered();
    assert_eq!(guandu.subscribe("desk", 20, 5).len(), 20);
    let ended = [here, there].map(|node| {
        let exited = format!("{} +++ exited with 0 +++", node.id());
        assert!(node.stop().success());
        exited
    });
    let traces = [("sender", trace_here), ("receiver", trace_there)];
    for ((side, trace), exited) in traces.into_iter().zip(ended) {
        // The tracer writes on for a moment after the node has ended.
        eventually("the trace is whole", || {
            fs::read_to_string(&trace).is_ok_and(|text| {
                text.lines()
                    .any(|line| line.split_whitespace().eq(exited.split_whitespace()))
            })
        });
        let acts = acts(&fs::read_to_string(&trace).unwrap());
        let (appends, sent_before_sync) = judged(&acts);
        assert!(appends >= 2, "{side}: {appends} appends");
        // A frame of the connection's own upkeep may fall in between once in a while; an answer
        // would do so every time.
        assert!(
            sent_before_sync * 4 <= appends,
            "{side}: of {appends} groups, {sent_before_sync} were answered before their sync"
        );
    }
}
