//! Two home areas of one node exchange with each other by the same path as strangers.

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
    collections::{BTreeMap, HashSet},
    fs, thread,
    time::Duration,
};

use harness::{
    County, GUANDU, JINJIANG, NANAN, World, binary, departure_between, eventually, feedback,
    one_error, rounds, run,
};
use serde_json::Value;

fn ids_of(answers: &[Value]) -> Vec<String> {
    let id = |answer: &Value| {
        assert_eq!(answer["status"], "accepted", "{answer}");
        answer["notice_id"].as_str().unwrap().to_owned()
    };
    answers.iter().map(id).collect()
}

fn subscribe(node: &County, home: &str, limit: &str, idle: &str) -> Vec<Value> {
    node.ask(&[
        "subscribe",
        "--consumer",
        "desk",
        "--home",
        home,
        "--limit",
        limit,
        "--idle-exit",
        idle,
    ])
    .expect(0)
    .lines()
}

fn refused_as(node: &County, row: Value) -> Value {
    let said = node.publish(&[row]).expect(1).lines();
    said[0]["problems"][0]["code"].clone()
}

/// Everything that an operator can list, in a fixed order.
fn listed(node: &County) -> Vec<Value> {
    let mut all = node.channels();
    for channel in &mut all {
        // Whether a stream is still open is no matter of the store.
        channel.as_object_mut().unwrap().remove("state");
    }
    for home in [JINJIANG, NANAN] {
        let words = ["notice", "list", "--home", home, "--limit", "5000"];
        all.extend(node.ask(&words).expect(0).lines());
    }
    all
}

#[test]
fn a_departure_reaches_the_other_home_area_and_its_answer_comes_back() {
    let world = World::new();
    let county = world.counties_in_one(&[JINJIANG, NANAN]);
    let node = county.start();
    let row = |number| departure_between(number, JINJIANG, NANAN);
    assert_eq!(refused_as(&county, row(1)), "no_agreement");
    assert_eq!(county.ask(&["peer", "list"]).expect(0).lines().len(), 0);

    let joined = county.ask(&["peer", "join", "--yes", NANAN, JINJIANG]);
    let joined = joined.expect(0).lines();
    assert_eq!(joined[0]["agreement"], "350582-350583");
    let ids = ids_of(&county.publish(&[row(1), row(2)]).expect(0).lines());
    let received = subscribe(&county, NANAN, "2", "20");
    for (offset, notice) in received.iter().enumerate() {
        assert_eq!(notice["notice_id"], *ids[offset]);
        assert_eq!(notice["sequence"], offset + 1);
        assert_eq!(notice["from_area"], JINJIANG);
        assert!(notice.get("answers_reference").is_none());
    }
    assert_eq!(received.len(), 2);

    let answers = ids.iter().enumerate().map(|(n, id)| feedback(n, id));
    county.publish(&answers.collect::<Vec<_>>()).expect(0);
    let answers = subscribe(&county, JINJIANG, "2", "20");
    for (offset, answer) in answers.iter().enumerate() {
        assert_eq!(answer["kind"], "feedback");
        assert_eq!(answer["answers"], *ids[offset]);
        assert_eq!(answer["case_id"], *ids[offset]);
        assert_eq!(answer["answers_reference"], format!("d-{}", offset + 1));
        assert_eq!(answer["from_area"], NANAN);
    }
    assert_eq!(answers.len(), 2);
    for home in [JINJIANG, NANAN] {
        assert!(
            subscribe(&county, home, "9", "1").is_empty(),
            "nothing else"
        );
    }
    county.wait_until_answered();

    let shown = county.ask(&["notice", "show", &ids[0]]).expect(0).lines();
    let told: Vec<_> = shown
        .iter()
        .map(|record| (&record["direction"], &record["reference"]))
        .collect();
    assert_eq!(
        told,
        [
            (&Value::from("out"), &Value::from("d-1")),
            (&Value::from("in"), &Value::Null)
        ]
    );
    assert!(shown.iter().all(|record| record["delivery"] == "stored"));
    let channels = county.channels();
    let told: Vec<_> = channels
        .iter()
        .map(|channel| {
            assert_eq!(channel["last_sequence"], 2, "{channel}");
            (
                channel["from_area"].as_str().unwrap(),
                channel["direction"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (JINJIANG, "out"),
            (NANAN, "out"),
            (NANAN, "in"),
            (JINJIANG, "in")
        ]
    );
    the_node_is_its_own_peer(&county);

    // The agreement ends: nothing leaves any more, and the node is a stranger to itself.
    fs::remove_file(county.dir.join("agreements/350582-350583.toml")).unwrap();
    eventually("the node forgets itself", || {
        county.ask(&["peer", "list"]).expect(0).lines().is_empty()
    });
    assert_eq!(refused_as(&county, row(3)), "no_agreement");
    assert!(node.stop().success());
}

fn the_node_is_its_own_peer(county: &County) {
    let peers = county.ask(&["peer", "list"]).expect(0).lines();
    assert_eq!(peers.len(), 1);
    assert_eq!(
        peers[0]["identity"],
        format!("spiffe://hongyan.test/area/{JINJIANG}")
    );
    assert_eq!(peers[0]["oldest_unanswered_seconds"], 0);
    let probed = county.ask(&["peer", "probe"]).expect(0).lines();
    assert_eq!(probed.len(), 1);
    assert_eq!(probed[0]["agreements"].as_array().unwrap().len(), 1);
    let channels = probed[0]["channels"].as_array().unwrap();
    assert_eq!(channels.len(), 2, "{probed:?}");
    for channel in channels {
        assert_eq!(channel["sequence_here"], 2);
        assert_eq!(channel["sequence_there"], 2);
        assert_eq!(channel["heads_agree"], true);
    }
    let looked = county.ask(&["doctor"]).expect(0).lines();
    assert!(looked.iter().any(|finding| finding["check"] == "peer"));
}

#[test]
fn an_office_sees_the_record_of_its_own_home_area_alone() {
    let world = World::new();
    let county = world.counties_in_one(&[JINJIANG, NANAN]);
    county
        .ask(&["peer", "join", "--yes", JINJIANG, NANAN])
        .expect(0);
    for (name, area) in [("jinjiang", "350582104"), ("nanan", "350583001")] {
        let words = ["office", "add", "--role", "clerk", "--name", name];
        county
            .ask(&[words.as_slice(), &["--area", area]].concat())
            .expect(0);
    }
    let _node = county.start();
    let row = departure_between(1, JINJIANG, NANAN);
    let id = ids_of(&county.publish(&[row]).expect(0).lines()).remove(0);
    assert_eq!(subscribe(&county, NANAN, "1", "20").len(), 1);
    for (name, direction) in [("jinjiang", "out"), ("nanan", "in")] {
        let shown = county.ask(&["notice", "show", "--as", name, &id]);
        let shown = shown.expect(0).lines();
        assert_eq!(shown.len(), 1, "{name}");
        assert_eq!(shown[0]["direction"], direction);
        assert_eq!(shown[0]["subject"]["name"], "测试甲");
        assert_eq!(shown[0].get("reference").is_some(), direction == "out");
    }
    // The side that the office acts for is the side that answers.
    let answer = feedback(1, &id).to_string();
    let mut publish = county.command(&["publish", "-", "--as", "jinjiang", "--format", "json"]);
    let said = harness::run_with(&mut publish, &answer).expect(1).lines();
    assert_eq!(said[0]["problems"][0]["field"], "answers");
    let mut publish = county.command(&["publish", "-", "--as", "nanan", "--format", "json"]);
    harness::run_with(&mut publish, &answer).expect(0);
    assert_eq!(subscribe(&county, JINJIANG, "1", "20").len(), 1);
}

#[test]
fn only_two_different_home_areas_can_be_joined() {
    let world = World::new();
    let county = world.counties_in_one(&[JINJIANG, NANAN]);
    let join = |a: &str, b: &str| {
        let said = run(&mut county.command(&["peer", "join", "--yes", a, b]));
        one_error(&said, 1)
    };
    assert!(join(JINJIANG, GUANDU).contains("530111"));
    assert!(join(NANAN, NANAN).contains("another one"));
    assert!(!county.dir.join("agreements/350582-530111.toml").exists());
    let out = world.path("own.invitation");
    let mut invite = county.command(&["peer", "invite", "--for", NANAN]);
    let error = one_error(&run(invite.arg("--out").arg(&out)), 1);
    assert!(error.contains("hongyan peer join"), "{error}");
    let mut unasked = county.command(&["peer", "join", JINJIANG, NANAN]);
    assert_eq!(
        run(&mut unasked).code,
        2,
        "without a terminal nothing waits"
    );
}

/// A stranger's agreements with both areas: it invites the first, the second invites it.
fn pair_both(world: &World, county: &County, stranger: &County) {
    world.pair(stranger, county);
    let (invitation, answer) = (world.path("second.invitation"), world.path("second.answer"));
    let mut invite = county.command(&["peer", "invite", "--from", NANAN, "--for", GUANDU]);
    run(invite.arg("--out").arg(&invitation)).expect(0);
    let mut accept = stranger.command(&["peer", "accept", "--yes"]);
    run(accept.arg(&invitation).arg("--answer").arg(&answer)).expect(0);
    run(binary()
        .args(["peer", "accept", "--yes", "--node"])
        .arg(&county.dir)
        .arg(&answer))
    .expect(0);
}

/// Numbered departures from one area to another.
fn departures(from: &str, to: &str, count: u32) -> Vec<Value> {
    let row = |number| {
        let mut row = departure_between(number, from, to);
        row["reference"] = format!("{from}-{to}-{number}").into();
        row
    };
    (1..=count).map(row).collect()
}

#[test]
fn kill_dash_nine_with_a_stranger_beside_loses_and_doubles_nothing() {
    let kills = rounds("HONGYAN_KILLS", 8);
    let each = u32::try_from(kills * 20).unwrap();
    let world = World::new();
    let county = world.counties_in_one(&[JINJIANG, NANAN]);
    let stranger = world.county(GUANDU);
    county
        .ask(&["peer", "join", "--yes", JINJIANG, NANAN])
        .expect(0);
    pair_both(&world, &county, &stranger);
    let there = stranger.start();
    let mut here = county.start();
    let areas = [JINJIANG, NANAN, GUANDU];
    let node_of = |area| if area == GUANDU { &stranger } else { &county };
    let mut publishers = Vec::new();
    for from in areas {
        for to in areas.into_iter().filter(|to| *to != from) {
            let (node, rows) = (node_of(from).clone(), departures(from, to, each));
            let publisher = thread::spawn(move || node.publish_all(&rows));
            publishers.push(((from, to), publisher));
        }
    }
    let followers = areas.map(|area| {
        let node = node_of(area).clone();
        let follower = thread::spawn(move || node.follow(area, 2 * each as usize));
        (area, follower)
    });
    for round in 0..kills as u64 {
        // Not an event but the attack itself.
        thread::sleep(Duration::from_millis(100 + round * 173 % 400));
        here.kill();
        here = county.start();
    }
    let mut accepted: BTreeMap<_, _> = publishers
        .into_iter()
        .map(|(way, publisher)| {
            let accepted = publisher.join().unwrap();
            (way, accepted.into_values().collect::<HashSet<_>>())
        })
        .collect();
    for (to, follower) in followers {
        let mut last = BTreeMap::new();
        for notice in follower.join().unwrap() {
            assert_eq!(notice["to_area"], to);
            let from = notice["from_area"].as_str().unwrap();
            let way = areas.map(|area| (area, to)).into_iter();
            let way = way.clone().find(|(area, _)| *area == from).unwrap();
            let known = accepted.get_mut(&way).unwrap();
            let id = notice["notice_id"].as_str().unwrap();
            assert!(known.remove(id), "nobody was told of it, or it came twice");
            let sequence = notice["sequence"].as_u64().unwrap();
            let before = last.insert(way, sequence).unwrap_or(0);
            assert_eq!(sequence, before + 1, "in order, without a gap");
        }
    }
    assert!(accepted.values().all(HashSet::is_empty), "each came");
    county.wait_until_answered();
    stranger.wait_until_answered();
    let probed = county.ask(&["peer", "probe", NANAN]).expect(0).lines();
    for (what, count) in [("agreements", 1), ("channels", 2)] {
        let told = probed[0][what].as_array().unwrap();
        assert_eq!(told.len(), count, "nothing of the stranger's: {probed:?}");
    }
    let before = listed(&county);
    assert!(here.stop().success());
    county.ask(&["journal", "check"]).expect(0);
    county.ask(&["index", "rebuild"]).expect(0);
    let _here = county.start();
    assert_eq!(listed(&county), before, "the index answers the same");
    drop(there);
}
