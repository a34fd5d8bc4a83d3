//! Cases between two counties: what a desk does on one side stands on both, as far as it travels,
//! and is there again whatever becomes of the projection.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod both_sides;
mod desk;
mod lists;

use harness::{County, departure};
use serde_json::Value;

/// The lists of work, as the command line names them.
const LISTS: [&str; 10] = [
    "to-take-up",
    "to-verify",
    "to-answer",
    "overdue",
    "one-sided",
    "corrections-waiting",
    "to-pass-on",
    "awaited",
    "near-matches",
    "all",
];

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Publishes rows and waits until the other side has them; returns their ids.
fn told(county: &County, rows: &[Value]) -> Vec<String> {
    let said = county.publish(rows).expect(0).lines();
    county.wait_until_answered();
    said.iter().map(|it| text(&it["notice_id"])).collect()
}

/// A list of work.
fn list(county: &County, name: &str) -> Vec<Value> {
    county
        .ask(&["case", "list", "--list", name])
        .expect(0)
        .lines()
}

/// The cases on a list.
fn on(county: &County, name: &str) -> Vec<String> {
    list(county, name)
        .iter()
        .map(|case| text(&case["case_id"]))
        .collect()
}

/// The lists of work on which a case stands.
fn lists_of(county: &County, case: &str) -> Vec<&'static str> {
    let stands = |name: &&str| on(county, name).iter().any(|id| id == case);
    LISTS
        .into_iter()
        .filter(|it| *it != "all" && stands(it))
        .collect()
}

fn show(county: &County, id: &str) -> Value {
    county
        .ask(&["case", "show", id])
        .expect(0)
        .lines()
        .remove(0)
}

/// Does something about cases, all of which lets itself be done, and waits until the other side has
/// what is told of it.
fn done(county: &County, words: &[&str]) -> Vec<Value> {
    let said = county.ask(&[&["case"], words].concat()).expect(0).lines();
    assert!(said.iter().all(|it| it["status"] == "done"), "{said:?}");
    county.wait_until_answered();
    said
}

/// What both sides know of a case.
fn shared(case: &Value) -> Value {
    let keys = [
        "case_id",
        "state",
        "reason",
        "moved_to_area",
        "origin_area",
        "opened_at",
        "urgent",
        "one_sided",
        "erased",
        "held",
        "owed",
        "history",
    ];
    keys.iter()
        .map(|key| ((*key).to_owned(), case[*key].clone()))
        .collect()
}

/// The case as it stands, the same at both ends.
fn same(here: &County, there: &County, id: &str) -> Value {
    let (here, there) = (show(here, id), show(there, id));
    assert_eq!(shared(&here), shared(&there));
    here
}

fn kinds(case: &Value) -> Vec<String> {
    let history = case["history"].as_array().unwrap().iter();
    history.map(|it| text(&it["kind"])).collect()
}

/// A woman of Jinjiang lives in Guandu.
fn arrival(number: u32) -> Value {
    let mut row = departure(number);
    row["reference"] = format!("a-{number}").into();
    row["kind"] = "arrival".into();
    row
}

/// The same with a name and a telephone of her own.
fn called(mut row: Value, name: &str, phone: &str) -> Value {
    row["subject"]["name"] = name.into();
    row["subject"]["phone"] = phone.into();
    row
}

/// A correction of a departure: the number was another.
fn correction(of: &str, number: u32) -> Value {
    let mut row = departure(number);
    row["reference"] = format!("c-{number}").into();
    row["kind"] = "correction".into();
    row["answers"] = of.into();
    row["corrects"] = "departure".into();
    row["corrected_on"] = "2026-10-10".into();
    row
}

/// A command of an office.
fn asks(county: &County, office: &str, words: &[&str]) -> harness::Said {
    county.ask(&[words, &["--as", office]].concat())
}
