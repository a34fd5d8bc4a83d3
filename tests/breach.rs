//! Whose data a breach touched: every case with what was exchanged of it, and nothing that a notice
//! says.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod harness;

use harness::{
    GUANDU, JINJIANG, NANAN, Said, World, departure, departure_between, feedback, resident,
};
use serde_json::{Value, json};

/// The last line for people.
fn sum(said: &Said) -> &str {
    said.err.lines().last().unwrap()
}

#[test]
fn each_case_is_named_once_with_what_was_exchanged_of_it_and_nothing_that_it_says() {
    let world = World::new();
    let [jinjiang, guandu, nanan] = [JINJIANG, GUANDU, NANAN].map(|area| world.county(area));
    world.pair(&jinjiang, &guandu);
    world.pair(&jinjiang, &nanan);
    // Nan'an is not running: what is for it has not left.
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let departures: Vec<Value> = (1..=3).map(departure).collect();
    let said = jinjiang.publish(&departures).expect(0).lines();
    let first = said[0]["notice_id"].as_str().unwrap();
    jinjiang.wait_until_answered();
    guandu.publish(&[feedback(1, first)]).expect(0);
    guandu.wait_until_answered();
    let mut again = departure_between(1, JINJIANG, NANAN);
    again["reference"] = "d-nanan".into();
    jinjiang.publish(&[again]).expect(0);

    let report = |further: &[&str]| {
        let words = [&["breach", "report"], further].concat();
        jinjiang.ask(&words).expect(0)
    };
    let all = report(&[]);
    let cases = all.lines();
    assert_eq!(sum(&all), "people: 3, cases: 4, notices: 5");
    let with = |peer| {
        cases
            .iter()
            .filter(|case| case["peer_area"] == peer)
            .count()
    };
    assert_eq!((with(GUANDU), with(NANAN)), (3, 1));
    let answered = cases.iter().find(|case| case["case_id"] == first).unwrap();
    assert_eq!(answered["kinds"], json!(["departure", "feedback"]));
    assert_eq!(answered["field_groups"], json!(["identity", "movement"]));
    assert_eq!(
        (&answered["sent"], &answered["received"]),
        (&json!(1), &json!(1))
    );
    assert!(answered["first_at"].as_str() < answered["last_at"].as_str());
    let shown = jinjiang.ask(&["case", "show", answered["case_id"].as_str().unwrap()]);
    assert!(
        shown.expect(0).out.contains(&resident(1)),
        "there is something to hide"
    );
    for (number, value) in ["测试甲", "19900000000", "测试路1号", "d-1"]
        .map(String::from)
        .into_iter()
        .chain((1..=3).map(resident))
        .enumerate()
    {
        let told = all.out.contains(&value) || all.err.contains(&value);
        assert!(!told, "value {number} is told");
    }

    let theirs = report(&["--peer", GUANDU]);
    assert_eq!(theirs.lines().len(), 3);
    assert_eq!(sum(&theirs), "people: 3, cases: 3, notices: 4");
    let nothing = "people: 0, cases: 0, notices: 0";
    assert_eq!(sum(&report(&["--peer", NANAN])), nothing, "it has not left");
    // Of a mistyped area it is never said that nobody was touched.
    for stranger in ["530112", JINJIANG] {
        let said = jinjiang.ask(&["breach", "report", "--peer", stranger]);
        let error = harness::one_error(&said, 2);
        assert!(error.contains("hongyan peer list"), "{error}");
    }
    let days = ["--from", "2026-01-01", "--until", "2026-01-31"];
    assert_eq!(sum(&report(&days)), nothing);
    assert_eq!(sum(&report(&days[..2])), sum(&all));

    let table = harness::run(
        jinjiang
            .command(&["breach", "report"])
            .env("LC_ALL", "zh_CN.UTF-8"),
    );
    let table = table.expect(0).out;
    for words in ["官渡区", "身份信息", "涉及 3 人、4 件个案、5 条通报。"] {
        assert!(table.contains(words), "{table}");
    }
}
