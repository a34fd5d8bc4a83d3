//! Separate consents: what is registered lets through what she agreed to, and once it is withdrawn
//! nothing sensitive leaves under it, whatever waited.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod harness;

use std::path::Path;

use harness::{County, GUANDU, JINJIANG, Said, World, departure, run_with};
use serde_json::{Value, json};

/// Two counties whose agreement lets some care fields travel.
fn counties() -> (World, County, County) {
    let world = World::new();
    let [jinjiang, guandu] = [JINJIANG, GUANDU].map(|area| world.county(area));
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/agreements/trial.toml");
    world.pair_with(&jinjiang, &guandu, Some(&template));
    (world, jinjiang, guandu)
}

fn consent(county: &County, reference: &str, words: &[&str]) -> Said {
    let words = [&["consent"], words, &["--format", "json"]].concat();
    let mut command = county.command(&words);
    command.env("LC_ALL", "C.UTF-8");
    run_with(&mut command, &format!("{reference}\n"))
}

fn record(county: &County, reference: &str, scope: &str) -> Said {
    let words = ["record", "--date", "2026-10-01", "--scope", scope];
    let how = ["--text-version", "2026-1", "--how", "paper"];
    consent(county, reference, &[&words[..], &how].concat())
}

/// A departure with a sensitive field under a consent.
fn sensitive(number: u32, field: &str, reference: &str) -> Value {
    let mut row = departure(number);
    row[field] = "2026-12-01".into();
    row["consent"] = json!({"date": "2026-10-01", "reference": reference});
    row
}

/// The codes and fields for which a row is refused.
fn refused(county: &County, row: Value) -> Vec<(String, String)> {
    let said = county.publish(&[row]).expect(1).lines();
    let problems = said[0]["problems"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    problems
        .iter()
        .map(|problem| (text(&problem["code"]), text(&problem["field"])))
        .collect()
}

fn one(code: &str, field: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), field.to_owned())]
}

#[test]
fn once_a_consent_is_withdrawn_nothing_sensitive_leaves_under_it() {
    let (_world, jinjiang, guandu) = counties();
    let here = jinjiang.start();
    record(&jinjiang, "c-甲-1", "next_check_on").expect(0);
    let again = record(&jinjiang, "c-甲-1", "next_check_on").expect(0);
    assert_eq!(again.lines()[0], json!({"repeated": true}));
    let other = record(&jinjiang, "c-甲-1", "care").expect(1);
    assert!(other.err.contains("new consent"), "{}", other.err);

    // Guandu is not running: all of it waits.
    let outside = sensitive(1, "expected_delivery_date", "c-甲-1");
    assert_eq!(
        refused(&jinjiang, outside),
        one("consent_scope", "expected_delivery_date")
    );
    let rows = [
        sensitive(1, "next_check_on", "c-甲-1"),
        sensitive(2, "next_check_on", "on paper"),
        departure(3),
        sensitive(4, "next_check_on", "c-甲-1"),
    ];
    let said = jinjiang.publish(&rows).expect(0).lines();
    let ids: Vec<&str> = (said.iter())
        .map(|it| it["notice_id"].as_str().unwrap())
        .collect();

    let before = consent(&jinjiang, "c-甲-1", &["withdraw", "--on", "2001-01-01"]).expect(1);
    assert!(before.err.contains("compare both days"), "{}", before.err);
    let withdrawn = consent(&jinjiang, "c-甲-1", &["withdraw"]).expect(0);
    let told = withdrawn.lines().remove(0);
    assert_eq!(told["ended"], 2, "{told}");
    let shown = |id: &str| {
        jinjiang
            .ask(&["notice", "show", id])
            .expect(0)
            .lines()
            .remove(0)
    };
    for (id, delivery) in ids
        .iter()
        .zip(["withdrawn", "queued", "queued", "withdrawn"])
    {
        let shown = shown(id);
        // The courier may have tried by now.
        assert_eq!(shown["delivery"] == "withdrawn", delivery == "withdrawn");
        if delivery == "withdrawn" {
            assert_eq!(shown["code"], "consent_withdrawn");
        }
    }
    let later = sensitive(5, "next_check_on", "c-甲-1");
    let why = one("consent_withdrawn", "consent.reference");
    assert_eq!(refused(&jinjiang, later.clone()), why);
    // Without sensitive fields she still may be told of.
    let mut plain = departure(6);
    plain["consent"] = later["consent"].clone();
    jinjiang.publish(&[plain]).expect(0);
    let unknown = consent(&jinjiang, "c-2", &["withdraw"]).expect(1);
    assert!(unknown.err.contains("no consent"), "{}", unknown.err);

    // It stands after a restart, and in an index that is made anew.
    let mut log = here.log();
    here.stop();
    jinjiang.ask(&["index", "rebuild"]).expect(0);
    let here = jinjiang.start();
    let one = consent(&jinjiang, "c-甲-1", &["show"]).expect(0).lines();
    assert_eq!(one[0]["scope"], json!(["next_check_on"]));
    assert!(one[0]["withdrawn_on"].is_string());
    assert_eq!(refused(&jinjiang, later), why);
    let listed = jinjiang.ask(&["consent", "list"]).expect(0).lines();
    assert_eq!(listed, one);

    // The other side gets the rest, and empty places.
    let there = guandu.start();
    jinjiang.wait_until_answered();
    let got = guandu.subscribe("desk", 3, 10);
    let got: Vec<&str> = (got.iter())
        .map(|it| it["notice_id"].as_str().unwrap())
        .collect();
    assert_eq!((got.len(), &got[..2]), (3, &ids[1..3]));
    guandu.ask(&["notice", "show", ids[0]]).expect(1);
    assert_eq!(shown(ids[0])["delivery"], "withdrawn");
    assert!(
        shown(ids[0])["unconfirmed"] != true,
        "the void is confirmed"
    );

    // All of it is on record, and nowhere the reference.
    let acts = |act: &str| jinjiang.ask(&["audit", "list", "--act", act]).expect(0);
    for (act, count) in [
        ("consent_recorded", 3),
        ("consent_withdrawn", 3),
        ("consents_read", 2),
    ] {
        let entries = acts(act);
        assert_eq!(entries.lines().len(), count, "{act}");
        log += &entries.out;
    }
    log += &[here.log(), there.log()].concat();
    assert!(!log.contains("c-甲-1"), "{log}");
}

#[test]
fn what_is_published_while_it_is_withdrawn_does_not_leave_either() {
    let (_world, jinjiang, guandu) = counties();
    let _here = jinjiang.start();
    record(&jinjiang, "c-1", "care").expect(0);
    let rows: Vec<Value> = (1..=600)
        .map(|number| sensitive(number, "next_check_on", "c-1"))
        .collect();
    let (accepted, ended) = std::thread::scope(|scope| {
        let publishing = scope.spawn(|| jinjiang.publish(&rows).lines());
        // Somewhere in its midst.
        harness::eventually("something is published", || {
            let listed = jinjiang.ask(&["notice", "list", "--limit", "1"]);
            !listed.expect(0).out.is_empty()
        });
        let withdrawn = consent(&jinjiang, "c-1", &["withdraw"]).expect(0).lines();
        let accepted = publishing.join().unwrap();
        let accepted = accepted
            .iter()
            .filter(|it| it["status"] == "accepted")
            .count();
        (accepted, withdrawn[0]["ended"].as_u64().unwrap())
    });
    assert!(accepted as u64 >= ended);
    jinjiang.publish(&[departure(601)]).expect(0);
    let _there = guandu.start();
    jinjiang.wait_until_answered();
    let got = guandu.subscribe("desk", 1, 10);
    assert_eq!(got.len(), 1);
    assert!(got[0].get("next_check_on").is_none(), "{got:?}");
    let mine = jinjiang.ask(&["notice", "list", "--state", "stored"]);
    assert_eq!(mine.expect(0).lines().len(), 1);
}
