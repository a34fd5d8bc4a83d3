//! All kinds of notices between two counties: each arrives once, in order and as it was told; what
//! goes the wrong way, answers the wrong notice or is not agreed on is refused with its code.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod harness;

use std::{fs, path::Path};

use harness::{
    County, GUANDU, JINJIANG, NANAN, World, departure, departure_between, feedback, resident, run,
};
use serde_json::{Value, json};

/// Two counties under the regional template, to which notes are added.
fn region() -> (World, County, County) {
    let world = World::new();
    let (jinjiang, guandu) = (world.county(JINJIANG), world.county(GUANDU));
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/agreements/regional.toml");
    let mut template = fs::read_to_string(shipped).unwrap();
    for (from, to) in [("a", "b"), ("b", "a")] {
        template += &format!(
            "\n[[grant]]\nfrom = \"{from}\"\nto = \"{to}\"\nkinds = [\"message\"]\n\
             fields = []\nfree_text = true\n"
        );
    }
    let path = world.path("regional-with-notes.toml");
    fs::write(&path, template).unwrap();
    world.pair_with(&jinjiang, &guandu, Some(&path));
    (world, jinjiang, guandu)
}

/// A row of a kind, with what it says; a date where none is given.
fn row(reference: &str, kind: &str, says: Value) -> Value {
    let mut row = json!({"reference": reference, "kind": kind, "event_date": "2026-10-09"});
    for (key, value) in says.as_object().unwrap() {
        row[key] = value.clone();
    }
    row
}

/// The same of a notice of that id.
fn of(id: &str, reference: &str, kind: &str, mut says: Value) -> Value {
    says["answers"] = id.into();
    row(reference, kind, says)
}

fn without(mut row: Value, key: &str) -> Value {
    row.as_object_mut().unwrap().remove(key).unwrap();
    row
}

fn consent() -> Value {
    json!({"date": "2026-10-01", "reference": "c-1"})
}

fn person(number: u32) -> Value {
    json!({"name": "测试甲", "resident_id": resident(number), "marital_status": "21"})
}

/// A woman of Guandu lives in Jinjiang.
fn arrival(number: u32) -> Value {
    row(
        &format!("a-{number}"),
        "arrival",
        json!({
            "subject": person(number),
            "origin_area": "530111001000",
            "destination_area": "350582104000",
        }),
    )
}

fn bulletin(overdue: u64) -> Value {
    without(
        row(
            "b-1",
            "bulletin",
            json!({
                "to_area": GUANDU,
                "month": "2026-09",
                "figures": {"departures_sent": 300, "overdue": overdue, "one_sided": 0},
            }),
        ),
        "event_date",
    )
}

fn verification(number: u32) -> Value {
    row(
        "v-1",
        "verification_request",
        json!({
            "to_area": GUANDU,
            "subject": person(number),
            "facts": ["lives_here", "certificate"],
        }),
    )
}

/// A correction of that departure: she moved a day later.
fn correction(id: &str, number: u32) -> Value {
    let mut row = departure(number);
    row["reference"] = "c-1".into();
    row["kind"] = "correction".into();
    row["answers"] = id.into();
    row["corrects"] = "departure".into();
    row["corrected_on"] = "2026-10-10".into();
    row["event_date"] = "2026-10-09".into();
    row
}

fn withdrawal(id: &str) -> Value {
    of(id, "w-1", "withdrawal", json!({"reason": "did_not_move"}))
}

/// Publishes rows, all of which pass; returns their ids.
fn accepted(county: &County, rows: &[Value]) -> Vec<String> {
    let said = county.publish(rows).expect(0).lines();
    let id = |answer: &Value| answer["notice_id"].as_str().unwrap().to_owned();
    said.iter().map(id).collect()
}

/// The codes and fields for which a row is refused.
fn refused(county: &County, row: Value) -> Vec<(String, String)> {
    let said = county.publish(&[row]).expect(1).lines();
    assert_eq!(said[0]["status"], "refused", "{}", said[0]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let problems = said[0]["problems"].as_array().unwrap().iter();
    problems
        .map(|it| (text(&it["code"]), text(&it["field"])))
        .collect()
}

/// Fails unless these come next, once, in order, and say what the rows say.
fn assert_arrive(county: &County, first: u64, ids: &[String], rows: &[Value]) {
    let handed = county.subscribe("desk", rows.len(), 20);
    assert_eq!(handed.len(), rows.len(), "{handed:?}");
    for (at, (notice, (id, row))) in handed.into_iter().zip(ids.iter().zip(rows)).enumerate() {
        assert_eq!(notice["notice_id"], *id);
        assert_eq!(notice["sequence"], first + at as u64);
        let mut said = notice;
        for key in [
            "notice_id",
            "sequence",
            "case_id",
            "position",
            "received_at",
        ] {
            said = without(said, key);
        }
        for key in ["from_area", "to_area", "sandbox"] {
            said = without(said, key);
        }
        said.as_object_mut().unwrap().remove("answers_reference");
        let mut told = without(row.clone(), "reference");
        told.as_object_mut().unwrap().remove("to_area");
        assert_eq!(said, told);
    }
    let more = county.subscribe("desk", 1, 1);
    assert!(more.is_empty(), "nothing else: {more:?}");
}

fn problem(code: &str, field: &str) -> (String, String) {
    (code.to_owned(), field.to_owned())
}

#[test]
fn each_kind_arrives_once_in_order_as_it_was_told() {
    let (_world, jinjiang, guandu) = region();
    let (_here, _there) = (jinjiang.start(), guandu.start());

    let opening = [departure(1), arrival(2), verification(3), bulletin(5)];
    let opened = accepted(&jinjiang, &opening);
    assert_arrive(&guandu, 1, &opened, &opening);
    let [left, came, asked, _] = opened.as_slice() else {
        panic!("{opened:?}");
    };

    let answers = [
        feedback(1, left),
        feedback(2, asked),
        of(
            left,
            "s-1",
            "service_record",
            json!({
                "service": "antenatal_check",
                "provider": "测试医院",
                "next_due_on": "2026-12-01",
                "consent": consent(),
            }),
        ),
        of(left, "q-1", "certificate_query", json!({})),
        of(left, "n-1", "continuity_request", json!({})),
        of(came, "m-1", "message", json!({"text": "请回电"})),
        of(
            came,
            "h-1",
            "return",
            json!({"reason": "moved_on", "moved_to_area": "350583104"}),
        ),
        of(left, "h-2", "return", json!({"reason": "returned"})),
    ]
    .map(|row| {
        if row["kind"] == "message" {
            without(row, "event_date")
        } else {
            row
        }
    });
    let answered = accepted(&guandu, &answers);
    assert_arrive(&jinjiang, 1, &answered, &answers);

    let following = [
        of(
            &answered[3],
            "r-1",
            "certificate_result",
            json!({"certificate_number": "12345", "certificate_status": "有效"}),
        ),
        of(
            &answered[4],
            "t-1",
            "continuity_transfer",
            json!({"next_check_on": "2026-12-01", "consent": consent()}),
        ),
        correction(left, 1),
        withdrawal(came),
    ];
    let followed = accepted(&jinjiang, &following);
    assert_arrive(&guandu, 5, &followed, &following);
    // What it erases is handed to nobody any more who has not got it yet.
    let erasing = [of(left, "e-1", "erasure", json!({}))];
    let erased = accepted(&jinjiang, &erasing);
    assert_arrive(&guandu, 9, &erased, &erasing);

    // The case of what they speak of is theirs, and a kind can be asked for.
    let listed = [
        "notice",
        "list",
        "--kind",
        "erasure",
        "--kind",
        "correction",
    ];
    let listed = jinjiang.ask(&listed).expect(0).lines();
    let kinds: Vec<_> = listed.iter().map(|it| &it["kind"]).collect();
    assert_eq!(kinds, ["erasure", "correction"]);
    assert!(listed.iter().all(|it| it["case_id"] == **left));
    let shown = guandu
        .ask(&["notice", "show", &opened[2]])
        .expect(0)
        .lines();
    assert_eq!(shown[0]["facts"], json!(["lives_here", "certificate"]));
}

#[test]
fn the_wrong_way_the_wrong_notice_and_the_wrong_value_are_refused_by_code() {
    let (_world, jinjiang, guandu) = region();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let opened = accepted(&jinjiang, &[departure(1), verification(3)]);
    assert_eq!(guandu.subscribe("desk", 2, 20).len(), 2);
    let [left, asked] = opened.as_slice() else {
        panic!("{opened:?}");
    };
    let unfit = || vec![problem("value_format", "answers")];
    let service = json!({"service": "vaccination", "consent": consent()});
    let care = json!({"next_check_on": "2026-12-01", "consent": consent()});
    let status = json!({"certificate_status": "有效"});
    let nobodys = "01234567-89ab-8def-8123-456789abcdef";
    // Of one's own departure: from the origin, where the destination speaks.
    for row in [
        of(left, "1", "service_record", service),
        of(left, "2", "certificate_query", json!({})),
        of(left, "3", "certificate_result", status.clone()),
        feedback(4, left),
        feedback(5, asked),
    ] {
        assert_eq!(refused(&jinjiang, row.clone()), unfit(), "{row}");
    }
    // Of the other's: what only its sender may do, or what answers another kind.
    for row in [
        of(left, "1", "erasure", json!({})),
        withdrawal(left),
        of(left, "3", "certificate_result", status),
        of(left, "4", "continuity_transfer", care),
    ] {
        assert_eq!(refused(&guandu, row.clone()), unfit(), "{row}");
    }
    let theirs = refused(&guandu, correction(left, 1));
    assert!(
        theirs.contains(&problem("area_not_ours", "origin_area")),
        "{theirs:?}"
    );
    let of_an_arrival = [("corrects", "arrival"), ("origin_area", "530111001000")];
    let mut wrong = correction(left, 1);
    for (key, value) in of_an_arrival {
        wrong[key] = value.into();
    }
    wrong["destination_area"] = "350582104000".into();
    assert_eq!(
        refused(&jinjiang, wrong),
        [problem("value_format", "corrects")]
    );
    for (row, code, field) in [
        (withdrawal(nobodys), "unknown_notice", "answers"),
        (
            without(of(left, "2", "taken_up", json!({})), "event_date"),
            "made_by_node",
            "kind",
        ),
        (
            of(left, "3", "return", json!({})),
            "missing_field",
            "reason",
        ),
        (
            of(left, "4", "return", json!({"reason": "moved_on"})),
            "missing_field",
            "moved_to_area",
        ),
        (bulletin(4), "count_too_small", "figures.overdue"),
        (row("5", "erasure", json!({})), "missing_field", "answers"),
        (without(verification(6), "facts"), "missing_field", "facts"),
        (
            without(verification(7), "to_area"),
            "missing_field",
            "to_area",
        ),
        (
            of(left, "8", "departure", departure(8)),
            "unknown_field",
            "answers",
        ),
    ] {
        assert_eq!(refused(&jinjiang, row), [problem(code, field)]);
    }
    let given = |county: &County| county.given_and_answered().0;
    assert_eq!((given(&jinjiang), given(&guandu)), (2, 0), "no place taken");
}

#[test]
fn the_default_agreement_lets_through_what_follows_and_no_new_kind() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    for row in [verification(3), bulletin(5)] {
        let expected = [problem("kind_not_permitted", "kind")];
        assert_eq!(refused(&jinjiang, row), expected);
    }
    let opening = [departure(1), departure(2), departure(3)];
    let left = accepted(&jinjiang, &opening);
    let first = left[0].clone();
    let following = [correction(&first, 1), withdrawal(&left[1])];
    let followed = accepted(&jinjiang, &following);
    let rows = [&opening[..], &following].concat();
    assert_arrive(&guandu, 1, &[&left[..], &followed].concat(), &rows);
    let erasing = [of(&left[2], "e-1", "erasure", json!({}))];
    let erased = accepted(&jinjiang, &erasing);
    assert_arrive(&guandu, 6, &erased, &erasing);
    // A correction holds no more than what it corrects.
    let mut sensitive = correction(&first, 1);
    sensitive["next_check_on"] = "2026-12-01".into();
    sensitive["consent"] = consent();
    let told = refused(&jinjiang, sensitive);
    let expected = problem("field_not_permitted", "next_check_on");
    assert!(told.contains(&expected), "{told:?}");
}

/// Both sides of each notice are at home here: which of them speaks, its kind says.
#[test]
fn between_two_home_areas_of_a_node_the_side_speaks_that_may() {
    let world = World::new();
    let county = world.counties_in_one(&[JINJIANG, NANAN]);
    let _node = county.start();
    let joined = county.ask(&["peer", "join", "--yes", NANAN, JINJIANG]);
    joined.expect(0);
    let row = |number| departure_between(number, JINJIANG, NANAN);
    let left = accepted(&county, &[row(1), row(2)]);
    let received = |home: &str, limit: &str| {
        let words = ["subscribe", "--consumer", "desk", "--home", home];
        let mut command = county.command(&words);
        command.args(["--limit", limit, "--idle-exit", "20", "--format", "json"]);
        let handed = run(&mut command).expect(0).lines();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let pairs = handed.iter().map(|it| [&it["kind"], &it["from_area"]]);
        pairs.map(|pair| pair.map(text)).collect::<Vec<_>>()
    };
    let departures = ["departure", JINJIANG].map(str::to_owned);
    assert_eq!(received(NANAN, "2"), [departures.clone(), departures]);
    accepted(&county, &[withdrawal(&left[0]), feedback(1, &left[1])]);
    assert_eq!(
        received(NANAN, "1"),
        [["withdrawal", JINJIANG].map(str::to_owned)]
    );
    assert_eq!(
        received(JINJIANG, "1"),
        [["feedback", NANAN].map(str::to_owned)]
    );
}
