//! The main job, end to end, with real processes.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    reason = "a test fails by panicking"
)]

mod harness;

use std::collections::HashMap;

use harness::{World, departure, feedback};
use serde_json::Value;

#[test]
fn a_departure_is_handed_over_answered_and_the_answer_comes_home() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (here, there) = (jinjiang.start(), guandu.start());

    let published = jinjiang
        .publish(&[departure(1), departure(2)])
        .expect(0)
        .lines();
    let ids: Vec<_> = published
        .iter()
        .map(|answer| {
            assert_eq!(answer["status"], "accepted");
            answer["notice_id"].as_str().unwrap().to_owned()
        })
        .collect();

    let received = guandu.subscribe("desk", 2, 20);
    assert_eq!(received.len(), 2);
    for (offset, notice) in received.iter().enumerate() {
        assert_eq!(notice["notice_id"], *ids[offset]);
        assert_eq!(notice["case_id"], *ids[offset]);
        assert_eq!(notice["sequence"], offset + 1);
        assert_eq!(notice["kind"], "departure");
        assert_eq!(notice["from_area"], "350582");
        assert_eq!(notice["to_area"], "530111");
        assert_eq!(notice["sandbox"], true);
        assert_eq!(notice["subject"]["name"], "测试甲");
        assert!(
            notice.get("reference").is_none(),
            "it never leaves its node"
        );
        assert!(notice.get("redelivered").is_none(), "a first hand-over");
    }

    let answers: Vec<_> = ids
        .iter()
        .enumerate()
        .map(|(n, id)| feedback(n, id))
        .collect();
    guandu.publish(&answers).expect(0);
    let home = jinjiang.subscribe("desk", 2, 20);
    for (offset, notice) in home.iter().enumerate() {
        assert_eq!(notice["kind"], "feedback");
        assert_eq!(notice["answers"], *ids[offset]);
        assert_eq!(notice["case_id"], *ids[offset]);
        assert_eq!(notice["answers_reference"], format!("d-{}", offset + 1));
        assert_eq!(notice["outcome"], "confirmed");
    }
    // What was acknowledged never comes again.
    assert!(guandu.subscribe("desk", 1, 1).is_empty());
    jinjiang.wait_until_answered();
    let shown = jinjiang.ask(&["notice", "show", &ids[0]]).expect(0).lines();
    assert_eq!(shown[0]["delivery"], "stored");
    assert!(here.stop().success());
    assert!(there.stop().success());
}

#[test]
fn repeating_publishes_nothing_twice_and_other_content_is_a_conflict() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let here = jinjiang.start();
    let first = jinjiang.publish(&[departure(1)]).expect(0).lines();
    let again = jinjiang.publish(&[departure(1)]).expect(0).lines();
    assert_eq!(again[0]["status"], "repeated");
    assert_eq!(again[0]["notice_id"], first[0]["notice_id"]);
    here.kill();
    let here = jinjiang.start();
    let again = jinjiang.publish(&[departure(1)]).expect(0).lines();
    assert_eq!(again[0]["status"], "repeated", "also after a kill");
    let mut other = departure(1);
    other["event_date"] = "2026-10-07".into();
    let refused = jinjiang.publish(&[other]).expect(1).lines();
    assert_eq!(refused[0]["problems"][0]["code"], "reference_conflict");
    let there = guandu.start();
    assert_eq!(guandu.subscribe("desk", 9, 3).len(), 1);
    drop((here, there));
}

#[test]
fn a_peer_that_was_away_gets_everything_in_order() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let here = jinjiang.start();
    let rows: Vec<_> = (1..=500).map(departure).collect();
    jinjiang.publish(&rows).expect(0);
    let there = guandu.start();
    let received = guandu.subscribe("desk", 500, 20);
    let sequences: Vec<_> = received
        .iter()
        .map(|notice| notice["sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(sequences, (1..=500).collect::<Vec<_>>());
    drop((here, there));
}

#[test]
fn what_no_agreement_lets_through_is_refused_by_field_before_it_leaves() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (here, there) = (jinjiang.start(), guandu.start());
    let mut elsewhere = departure(1);
    elsewhere["destination_area"] = "370211001000".into();
    let mut care = departure(2);
    care["next_check_on"] = "2026-11-01".into();
    let mut unknown = departure(3);
    unknown["nickname"] = "x".into();
    let answers = jinjiang
        .publish(&[elsewhere, care, unknown, departure(4)])
        .expect(1)
        .lines();
    let codes = |answer: &Value| -> Vec<(String, String)> {
        let problems = answer["problems"].as_array().unwrap();
        problems
            .iter()
            .map(|problem| {
                assert!(!problem["message"]["zh"].as_str().unwrap().is_empty());
                assert!(!problem["message"]["en"].as_str().unwrap().is_empty());
                assert_eq!(problem["severity"], "error");
                (
                    problem["code"].as_str().unwrap().to_owned(),
                    problem["field"].as_str().unwrap().to_owned(),
                )
            })
            .collect()
    };
    assert_eq!(codes(&answers[0])[0].0, "no_agreement");
    assert!(
        codes(&answers[1]).contains(&("field_not_permitted".into(), "next_check_on".into())),
        "{:?}",
        answers[1]
    );
    assert_eq!(
        codes(&answers[2]),
        [("unknown_field".into(), "nickname".into())]
    );
    assert_eq!(answers[3]["status"], "accepted");
    assert_eq!(guandu.subscribe("desk", 9, 3).len(), 1);
    drop((here, there));
}

#[test]
fn a_subscriber_that_acknowledged_nothing_gets_it_again_marked_and_equal() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, there) = (jinjiang.start(), guandu.start());
    jinjiang
        .publish(&(1..=3).map(departure).collect::<Vec<_>>())
        .expect(0);
    let unacknowledged = |limit: &str| {
        guandu
            .ask(&[
                "subscribe",
                "--consumer",
                "desk",
                "--no-ack",
                "--limit",
                limit,
                "--idle-exit",
                "5",
            ])
            .expect(0)
            .lines()
    };
    let first = unacknowledged("2");
    assert!(
        first
            .iter()
            .all(|notice| notice.get("redelivered").is_none())
    );
    there.kill();
    let _there = guandu.start();
    let again = guandu.subscribe("desk", 3, 5);
    for (first, again) in first.iter().zip(&again) {
        assert_eq!(again["redelivered"], true);
        let mut plain = again.clone();
        plain.as_object_mut().unwrap().remove("redelivered");
        assert_eq!(plain, *first, "equal to the first time");
    }
    let fresh = guandu.subscribe("other", 3, 5);
    assert_eq!(fresh.len(), 3);
    assert!(
        fresh
            .iter()
            .all(|notice| notice.get("redelivered").is_none())
    );
}

#[test]
fn the_same_reference_of_different_rows_keeps_its_own_answer() {
    let (_world, jinjiang, _guandu) = World::two_counties();
    let _here = jinjiang.start();
    let rows: Vec<_> = (1..=200).map(departure).collect();
    let answers = jinjiang.publish(&rows).expect(0).lines();
    let mut seen = HashMap::new();
    for (offset, answer) in answers.iter().enumerate() {
        assert_eq!(answer["line"], offset + 1);
        assert_eq!(answer["reference"], format!("d-{}", offset + 1));
        seen.insert(answer["notice_id"].clone(), offset);
    }
    assert_eq!(seen.len(), 200, "every notice has an id of its own");
}
