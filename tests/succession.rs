//! A node changes its signing key: while both run, while the peer is away, killed half-way. The
//! peer follows what the key that it has pinned has signed, and nothing else, and every notice comes
//! once and in order.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod harness;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use harness::{
    County, GUANDU, JINJIANG, Node, World, copy, departure, edit, eventually, one_error, restore,
    run,
};
use hongyan::trust::{keys::SigningKey, rotation};
use serde_json::Value;

/// The keys of a node, the one in use last.
fn keys(county: &County) -> Vec<String> {
    let lines = county.ask(&["key", "list"]).expect(0).lines();
    let in_use: Vec<_> = lines.iter().map(|line| line["in_use"] == true).collect();
    assert_eq!(in_use.iter().rev().position(|used| *used), Some(0));
    assert_eq!(in_use.iter().filter(|used| **used).count(), 1);
    lines
        .iter()
        .map(|line| line["signing_key"].as_str().unwrap().to_owned())
        .collect()
}

fn key(county: &County) -> String {
    keys(county).pop().unwrap()
}

fn rotate(county: &County) -> String {
    let before = key(county);
    let told = county.ask(&["key", "rotate", "--yes"]).expect(0).lines();
    let now = told[0]["signing_key"].as_str().unwrap().to_owned();
    assert_ne!(now, before);
    assert_eq!(key(county), now);
    now
}

/// The key that a running node has pinned for its one peer.
fn pinned(county: &County) -> String {
    let peers = county.ask(&["peer", "list"]).expect(0).lines();
    peers[0]["signing_key"].as_str().unwrap().to_owned()
}

fn follows(county: &County, key: &str) {
    eventually("the peer's new key is pinned", || pinned(county) == key);
}

fn publish(county: &County, numbers: std::ops::RangeInclusive<u32>) -> Vec<String> {
    let rows: Vec<_> = numbers.map(departure).collect();
    ids(&county.publish(&rows).expect(0).lines())
}

fn ids(answers: &[Value]) -> Vec<String> {
    answers
        .iter()
        .map(|answer| answer["notice_id"].as_str().unwrap().to_owned())
        .collect()
}

fn pairing_file(county: &County, peer: &str) -> String {
    fs::read_to_string(county.dir.join(format!("peers/{peer}.toml"))).unwrap()
}

/// Takes the keys of a node away and puts others in their place.
fn put_keys(from: &Path, county: &County) {
    restore(from, &county.dir.join("keys"));
}

#[test]
fn both_change_their_keys_while_notices_are_under_way() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (here, there) = (jinjiang.start(), guandu.start());
    let mut accepted = publish(&jinjiang, 1..=3);
    jinjiang.wait_until_answered();
    let done = AtomicBool::new(false);
    let (sent, new) = thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let mut sent = Vec::new();
            let mut next = 4;
            while !done.load(Ordering::SeqCst) {
                sent.extend(publish(&jinjiang, next..=next + 499));
                next += 500;
            }
            sent
        });
        eventually("parcels are in flight", || highest(&jinjiang) > 100);
        let [_, there, _, here] = [&jinjiang, &guandu, &jinjiang, &jinjiang].map(rotate);
        let new = [here, there];
        done.store(true, Ordering::SeqCst);
        (sending.join().unwrap(), new)
    });
    accepted.extend(sent);
    jinjiang.wait_until_answered();
    let received = guandu.subscribe("desk", accepted.len() + 1, 2);
    assert_eq!(ids(&received), accepted, "each once, and in order");
    follows(&guandu, &new[0]);
    follows(&jinjiang, &new[1]);
    for (node, peer) in [(&here, JINJIANG), (&there, GUANDU)] {
        eventually("the node says so", || {
            node.log().contains("signs with another key from now on")
        });
        eventually("the peer's change is told", || {
            node.log().contains("A peer has changed its signing key")
        });
        for code in ["succession_", "signature does not fit"] {
            assert!(!node.log().contains(code), "{peer}: {}", node.log());
        }
    }
    // The other way as well, and after a start of both.
    assert!(here.stop().success() && there.stop().success());
    let (_here, _there) = (jinjiang.start(), guandu.start());
    accepted.extend(publish(&jinjiang, 90_001..=90_002));
    let received = guandu.subscribe("other", accepted.len(), 20);
    assert_eq!(ids(&received), accepted);
}

/// The highest sequence that a node has given.
fn highest(county: &County) -> u64 {
    let channels = county.channels();
    let given = channels.iter().filter(|found| found["direction"] == "out");
    let sequences = given.map(|found| found["last_sequence"].as_u64().unwrap());
    sequences.max().unwrap_or_default()
}

#[test]
fn a_key_is_in_use_when_the_command_returns_and_a_probe_shows_it() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let asked = rotate(&jinjiang);
    jinjiang.ask(&["peer", "probe", GUANDU]).expect(0);
    assert_eq!(pinned(&guandu), asked);
}

#[test]
fn a_node_that_cannot_dial_tells_of_its_key_in_what_it_answers() {
    let (_world, jinjiang, guandu) = World::two_counties();
    edit(&guandu.dir.join(format!("peers/{JINJIANG}.toml")), |text| {
        text.replace(&format!(":{}\"", jinjiang.exchange), ":1\"")
    });
    let (here, there) = (jinjiang.start(), guandu.start());
    let mut accepted = publish(&jinjiang, 1..=2);
    jinjiang.wait_until_answered();
    // On the stream that is open, before the first receipt under the new key.
    let new = rotate(&guandu);
    accepted.extend(publish(&jinjiang, 3..=3));
    jinjiang.wait_until_answered();
    assert_eq!(pinned(&jinjiang), new);
    // In the opening of the next.
    assert!(there.stop().success());
    let new = rotate(&guandu);
    let _there = guandu.start();
    accepted.extend(publish(&jinjiang, 4..=4));
    jinjiang.wait_until_answered();
    assert_eq!(pinned(&jinjiang), new);
    // In the answer to a probe.
    let new = rotate(&guandu);
    jinjiang.ask(&["peer", "probe", GUANDU]).expect(0);
    assert_eq!(pinned(&jinjiang), new);
    assert_eq!(ids(&guandu.subscribe("desk", 4, 20)), accepted);
    assert!(!here.log().contains("signature"), "{}", here.log());
}

#[test]
fn a_peer_that_was_away_follows_the_whole_chain() {
    let (world, jinjiang, guandu) = World::two_counties();
    let old = world.path("old");
    let here = jinjiang.start();
    let there = guandu.start();
    let mut accepted = publish(&jinjiang, 1..=3);
    jinjiang.wait_until_answered();
    assert!(there.stop().success());
    copy(&guandu.dir, &old);
    // Once while the node runs, once while it does not.
    rotate(&jinjiang);
    accepted.extend(publish(&jinjiang, 4..=6));
    assert!(here.stop().success());
    let new = rotate(&jinjiang);
    let _here = jinjiang.start();
    accepted.extend(publish(&jinjiang, 7..=8));
    let there = guandu.start();
    assert_eq!(ids(&guandu.subscribe("desk", 8, 20)), accepted);
    follows(&guandu, &new);
    // Nothing was held against a key that was not known yet.
    assert!(!there.log().contains("signature"), "{}", there.log());
    let held = pairing_file(&guandu, JINJIANG);
    assert_eq!(held.matches("[[earlier_key]]").count(), 2);
    assert_eq!(held.matches("statement = ").count(), 2, "{held}");
    jinjiang.wait_until_answered();
    // A peer whose pairing is that of before catches up in the same way.
    assert!(there.stop().success());
    restore(&old.join("peers"), &guandu.dir.join("peers"));
    assert_ne!(pairing_file(&guandu, JINJIANG), held);
    let _there = guandu.start();
    follows(&guandu, &new);
    accepted.extend(publish(&jinjiang, 9..=9));
    assert_eq!(ids(&guandu.subscribe("other", 9, 20)), accepted);
}

#[test]
fn an_invitation_that_was_given_away_before_the_change_still_pairs() {
    let world = World::new();
    let (jinjiang, guandu) = (world.county(JINJIANG), world.county(GUANDU));
    let (invitation, answer) = (world.path("invitation"), world.path("answer"));
    let invite = ["peer", "invite", "--for", GUANDU];
    run(jinjiang.command(&invite).arg("--out").arg(&invitation)).expect(0);
    let accept = ["peer", "accept", "--yes"];
    run(guandu
        .command(&accept)
        .arg(&invitation)
        .arg("--answer")
        .arg(&answer))
    .expect(0);
    let new = rotate(&jinjiang);
    run(jinjiang.command(&accept).arg(&answer)).expect(0);
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let accepted = publish(&jinjiang, 1..=2);
    assert_eq!(ids(&guandu.subscribe("desk", 2, 20)), accepted);
    follows(&guandu, &new);
}

#[test]
fn a_set_back_is_proven_with_a_key_that_was_given_up() {
    let (world, jinjiang, guandu) = World::two_counties();
    let (here, there) = (jinjiang.start(), guandu.start());
    let mut accepted = publish(&jinjiang, 1..=2);
    jinjiang.wait_until_answered();
    assert!(here.stop().success() && there.stop().success());
    let (sender, receiver) = (world.path("sender"), world.path("receiver"));
    copy(&jinjiang.dir.join("data"), &sender);
    copy(&guandu.dir.join("data"), &receiver);
    let (here, there) = (jinjiang.start(), guandu.start());
    accepted.extend(publish(&jinjiang, 3..=5));
    jinjiang.wait_until_answered();
    rotate(&jinjiang);
    rotate(&guandu);
    assert!(here.stop().success() && there.stop().success());
    // The receiver is shown its receipt, the sender its parcel, both of before the change.
    restore(&receiver, &guandu.dir.join("data"));
    let (here, there) = (jinjiang.start(), guandu.start());
    stops(&guandu, "in", "receiver_set_back");
    // What it asks for while the sender is away is signed before it changes its key once more.
    stops(&jinjiang, "out", "receiver_set_back");
    assert!(here.stop().success());
    guandu
        .ask(&["channel", "adopt", JINJIANG, "--yes"])
        .expect(0);
    rotate(&guandu);
    let here = jinjiang.start();
    assert_eq!(ids(&guandu.subscribe("desk", 5, 20)), accepted);
    assert!(here.stop().success() && there.stop().success());
    restore(&sender, &jinjiang.dir.join("data"));
    rotate(&jinjiang);
    let (_here, _there) = (jinjiang.start(), guandu.start());
    stops(&jinjiang, "out", "sender_set_back");
    jinjiang
        .ask(&["channel", "adopt", GUANDU, "--yes"])
        .expect(0);
    accepted.extend(publish(&jinjiang, 6..=6));
    assert_eq!(ids(&guandu.subscribe("other", 6, 20)), accepted);
}

fn stops(county: &County, direction: &str, code: &str) {
    eventually(code, || {
        county
            .channels()
            .iter()
            .any(|channel| channel["direction"] == direction && channel["code"] == code)
    });
}

/// Lets the node come with those keys: the peer says that code, takes nothing, changes nothing.
fn refused(jinjiang: &County, guandu: &County, there: &Node, keys: &Path, code: &str) {
    let before = pairing_file(guandu, JINJIANG);
    put_keys(keys, jinjiang);
    // A node does not start with words of its own that its keys did not sign.
    let agreements = jinjiang.dir.join("agreements");
    let kept = jinjiang.dir.with_extension("kept");
    copy(&agreements, &kept);
    fs::remove_file(agreements.join("350582-530111.statements")).unwrap();
    let here = jinjiang.start();
    eventually(code, || there.log().contains(code));
    assert!(here.stop().success());
    restore(&kept, &agreements);
    fs::remove_dir_all(kept).unwrap();
    assert_eq!(pairing_file(guandu, JINJIANG), before, "{code}");
    assert_eq!(guandu.subscribe(code, 9, 1).len(), 1, "{code}");
}

#[test]
fn what_the_pinned_key_did_not_sign_is_refused_and_changes_nothing() {
    let (world, jinjiang, guandu) = World::two_counties();
    let (here, there) = (jinjiang.start(), guandu.start());
    let mut accepted = publish(&jinjiang, 1..=1);
    jinjiang.wait_until_answered();
    let at = jinjiang.dir.join("keys");
    let [first, second, third, forked, forged] =
        ["first", "second", "third", "forked", "forged"].map(|name| world.path(name));
    copy(&at, &first);
    for keys in [&second, &third] {
        let new = rotate(&jinjiang);
        follows(&guandu, &new);
        copy(&at, keys);
    }
    assert!(here.stop().success());

    // A second successor of the first key.
    put_keys(&first, &jinjiang);
    rotate(&jinjiang);
    copy(&at, &forked);
    // A chain that begins with a key of nobody's.
    let node = format!("spiffe://hongyan.test/area/{JINJIANG}");
    let stranger = world.path("stranger");
    SigningKey::create(&stranger.join("keys/signing.key")).unwrap();
    rotation::rotate(&stranger, &node.parse().unwrap(), true, 1_000).unwrap();
    copy(&stranger.join("keys"), &forged);
    for own in ["reference.key", "master.key"] {
        fs::copy(third.join(own), forged.join(own)).unwrap();
        closed(&forged.join(own));
    }

    // A notice waits, so that each of them has something to sign.
    let here = {
        put_keys(&third, &jinjiang);
        assert!(there.stop().success());
        let here = jinjiang.start();
        accepted.extend(publish(&jinjiang, 2..=2));
        here
    };
    assert!(here.stop().success());
    let there = guandu.start();
    for (keys, code) in [
        (&forked, "succession_fork"),
        (&forged, "succession_not_signed"),
        (&second, "succession_out_of_order"),
        (&first, "key_superseded"),
    ] {
        refused(&jinjiang, &guandu, &there, keys, code);
    }
    // With its own keys again, all goes on.
    put_keys(&third, &jinjiang);
    let _here = jinjiang.start();
    assert_eq!(ids(&guandu.subscribe("desk", 2, 20)), accepted);
    jinjiang.wait_until_answered();
}

fn closed(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_change_that_is_killed_anywhere_leaves_one_key_and_its_statements() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let mut before = keys(&jinjiang);
    let mut kills = 0;
    loop {
        let inject = format!("inject=fsync,/^rename:signal=KILL:when={}", kills + 1);
        let mut strace = Command::new("strace");
        strace
            .args(["-f", "-qq", "-o", "/dev/null", "-e", &inject])
            .arg(env!("CARGO_BIN_EXE_hongyan"))
            .args(["key", "rotate", "--yes", "--node"])
            .arg(&jinjiang.dir);
        let said = run(&mut strace);
        let now = keys(&jinjiang);
        assert!(now.starts_with(&before), "{before:?} {now:?}");
        let mode = fs::metadata(jinjiang.dir.join("keys/signing.key")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        if said.code == 0 {
            assert_eq!(now.len(), before.len() + 1);
            break;
        }
        assert!(now.len() <= before.len() + 1, "{before:?} {now:?}");
        before = now;
        kills += 1;
    }
    assert!(kills >= 6, "{kills} places to kill at");
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let accepted = publish(&jinjiang, 1..=2);
    assert_eq!(ids(&guandu.subscribe("desk", 2, 20)), accepted);
    follows(&guandu, &key(&jinjiang));
}

#[test]
fn nothing_changes_unless_a_person_says_so() {
    let (_world, jinjiang, _guandu) = World::two_counties();
    let before = keys(&jinjiang);
    let said = jinjiang.ask(&["key", "rotate"]);
    let error = one_error(&said, 2);
    assert!(error.contains("--yes"), "{error}");
    assert_eq!(keys(&jinjiang), before);
    // For people: the key that is compared over the telephone.
    let lines = jinjiang.ask(&["key", "list"]).expect(0).lines();
    let spoken = lines[0]["fingerprint"].as_str().unwrap();
    for words in [&["key", "list"][..], &["doctor"]] {
        let said = run(&mut jinjiang.command(words)).expect(0);
        assert!(said.out.contains(spoken), "{said:?}");
    }
    // A list that does not lead to the key is told by name, and nothing is changed.
    rotate(&jinjiang);
    let list = jinjiang.dir.join("keys/earlier.toml");
    edit(&list, |text| {
        text.replacen("statement = \"", "statement = \"*", 1)
    });
    let said = jinjiang.ask(&["key", "rotate", "--yes"]);
    let error = one_error(&said, 1);
    assert!(error.contains("keys/earlier.toml"), "{error}");
    assert!(jinjiang.refused_start(1).contains("keys/earlier.toml"));
}
