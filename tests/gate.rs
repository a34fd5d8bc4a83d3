//! What may not leave is refused at the gate, each for its own reason; the refused takes no place
//! and leaves nothing behind.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and waits by the system's clock"
)]

mod harness;

use std::{fs, path::Path};

use harness::{
    Build, County, GUANDU, JINJIANG, Said, World, binary, departure, edit, eventually, feedback,
    free_port, one_error, run,
};
use serde_json::Value;

/// The codes and fields of a refused row, each with its sentences.
fn problems(answer: &Value) -> Vec<(String, String)> {
    assert_eq!(answer["status"], "refused", "{answer}");
    assert!(answer.get("notice_id").is_none_or(Value::is_null));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    answer["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            assert_eq!(problem["severity"], "error");
            assert!(!text(&problem["message"]["zh"]).is_empty());
            assert!(!text(&problem["message"]["en"]).is_empty());
            // Whatever an agreement forbids names it.
            let by = (problem["code"] == "field_not_permitted").then_some("350582-530111/1");
            assert_eq!(problem.get("agreement").and_then(Value::as_str), by);
            (text(&problem["code"]), text(&problem["field"]))
        })
        .collect()
}

fn with(number: u32, key: &str, value: impl Into<Value>) -> Value {
    let mut row = departure(number);
    row[key] = value.into();
    row
}

#[test]
fn each_row_that_may_not_leave_is_refused_for_its_own_reason() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let rows = [
        with(1, "destination_area", "999999001000"),
        with(2, "destination_area", "370211001000"),
        with(3, "next_check_on", "2026-11-20"),
        with(4, "kind", "letter"),
        with(5, "sandbox", true),
        with(6, "origin_area", "370211001000"),
        with(7, "destination_address", "号".repeat(33_000)),
        with(8, "event_date", "2099-01-01"),
        feedback(9, "01234567-89ab-8def-8123-456789abcdef"),
        with(10, "message", "free text"),
        departure(11),
    ];
    let said = jinjiang.publish(&rows).expect(1);
    let answers = said.lines();
    assert_eq!(answers.len(), rows.len());
    let expected = [
        "area_unknown",
        "no_agreement",
        "field_not_permitted",
        "value_format",
        "unknown_field",
        "area_not_ours",
        "value_too_long",
        "date_in_future",
        "unknown_notice",
        "unknown_field",
    ];
    for (answer, code) in answers.iter().zip(expected) {
        let told = problems(answer);
        assert!(
            told.iter().any(|(told, _)| told == code),
            "{code}: {answer}"
        );
    }
    assert_eq!(answers[10]["status"], "accepted");
    let received = guandu.subscribe("desk", 9, 2);
    assert_eq!(received.len(), 1);
    assert_eq!(received[0]["sequence"], 1, "the refused took no place");
}

/// A production county.
fn production(world: &World, area: &str) -> County {
    let (exchange, dir) = (free_port(), world.path(area));
    run(binary()
        .args(["init", "--area", area, "--dir"])
        .arg(&dir)
        .arg("--authority")
        .arg(world.authority())
        .args(["--exchange", &format!("127.0.0.1:{exchange}")])
        .args(["--office", &format!("127.0.0.1:{}", free_port())]))
    .expect(0);
    let area = area.to_owned();
    let county = County {
        area,
        dir,
        exchange,
        build: Build::Sound,
        clock: None,
    };
    county.quicken();
    county
}

#[test]
fn a_production_node_takes_no_test_number() {
    let world = World::new();
    let (jinjiang, guandu) = (production(&world, JINJIANG), production(&world, GUANDU));
    world.pair(&jinjiang, &guandu);
    let _here = jinjiang.start();
    let answers = jinjiang.publish(&[departure(1)]).expect(1).lines();
    assert_eq!(
        problems(&answers[0]),
        [(
            "resident_id_unassigned".into(),
            "subject.resident_id".into()
        )]
    );
    assert!(
        jinjiang
            .channels()
            .iter()
            .all(|channel| channel["last_sequence"] == 0)
    );
}

#[test]
fn sandbox_and_production_do_not_pair() {
    let world = World::new();
    let (jinjiang, guandu) = (world.county(JINJIANG), production(&world, GUANDU));
    let invitation = world.path("invitation");
    run(jinjiang
        .command(&["peer", "invite", "--for", GUANDU])
        .arg("--out")
        .arg(&invitation))
    .expect(0);
    let said = run(guandu
        .command(&["peer", "accept", "--yes"])
        .arg(&invitation)
        .arg("--answer")
        .arg(world.path("answer")));
    let error = one_error(&said, 1);
    assert!(error.contains("sandbox"), "{error}");
    assert!(!world.path("answer").exists());
    assert!(
        !guandu.dir.join("peers/350582.toml").exists(),
        "half paired"
    );
}

/// Two cities have agreed, and no two counties of theirs.
#[test]
fn an_agreement_of_two_cities_serves_the_counties_that_lie_in_them() {
    let world = World::new();
    let (jinjiang, guandu) = (world.county(JINJIANG), world.county(GUANDU));
    world.pair_with(&jinjiang, &guandu, Some(Path::new("trial")));
    for county in [&jinjiang, &guandu] {
        let agreements = county.dir.join("agreements");
        let of_counties = agreements.join("350582-530111.toml");
        let text = fs::read_to_string(&of_counties).unwrap();
        let of_cities = text.replace(JINJIANG, "3505").replace(GUANDU, "5301");
        fs::write(agreements.join("3505-5301.toml"), of_cities).unwrap();
        fs::remove_file(of_counties).unwrap();
    }
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let told = jinjiang.publish(&[departure(1)]).expect(0).lines();
    let id = told[0]["notice_id"].as_str().unwrap();
    assert_eq!(guandu.subscribe("desk", 1, 20).len(), 1);
    guandu.publish(&[feedback(1, id)]).expect(0);
    assert_eq!(jinjiang.subscribe("desk", 1, 20).len(), 1);
    let shown = jinjiang.ask(&["notice", "show", id]).expect(0).lines();
    assert_eq!(shown[0]["agreement"], "3505-5301/1", "{}", shown[0]);
    let probed = jinjiang.ask(&["peer", "probe", GUANDU]).expect(0).lines();
    let agreements = &probed[0]["agreements"];
    assert_eq!(agreements[0]["id"], "3505-5301", "{agreements}");
    assert_eq!(agreements[0]["equal"], true, "{agreements}");
}

/// Makes the agreement on both sides end that day.
fn until(counties: [&County; 2], day: &str) {
    for county in counties {
        edit(&county.dir.join("agreements/350582-530111.toml"), |text| {
            text.lines()
                .map(|line| match line.split_once(" = ") {
                    Some(("valid_from", _)) => "valid_from = \"2025-01-01\"\n".to_owned(),
                    Some(("valid_until", _)) => format!("valid_until = \"{day}\"\n"),
                    _ => format!("{line}\n"),
                })
                .collect()
        });
    }
}

#[test]
fn an_expired_agreement_stops_what_is_new_until_it_is_renewed() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let here = jinjiang.start();
    let mut accepted = 1;
    jinjiang.publish(&[departure(1)]).expect(0);
    until([&jinjiang, &guandu], "2025-12-31");
    eventually("the agreement is taken up", || {
        let answers = jinjiang.publish(&[departure(accepted + 1)]).lines();
        if answers[0]["status"] == "accepted" {
            accepted += 1;
            return false;
        }
        assert_eq!(problems(&answers[0])[0].0, "agreement_expired");
        true
    });
    // Also from the directory alone, and after a start.
    assert!(here.stop().success());
    let _here = jinjiang.start();
    let answers = jinjiang.publish(&[departure(900)]).expect(1).lines();
    assert_eq!(problems(&answers[0])[0].0, "agreement_expired");
    until([&jinjiang, &guandu], "2099-12-31");
    eventually("the renewed agreement is taken up", || {
        jinjiang.publish(&[departure(901)]).code == 0
    });
    let _there = guandu.start();
    let received = guandu.subscribe("desk", accepted as usize + 1, 20);
    assert_eq!(
        received.len(),
        accepted as usize + 1,
        "each accepted one, once"
    );
    jinjiang.wait_until_answered();
}

fn add_office(county: &County, name: &str, role: &str, area: &str) {
    run(&mut county.command(&[
        "office", "add", "--name", name, "--role", role, "--area", area,
    ]))
    .expect(0);
}

fn publish_as(county: &County, office: &str, row: &Value) -> Said {
    harness::run_with(
        county
            .command(&["publish", "-", "--as", office])
            .args(["--format", "json"]),
        &format!("{row}\n"),
    )
}

#[test]
fn an_office_does_what_its_line_says_and_no_more() {
    let (_world, jinjiang, _guandu) = World::two_counties();
    let _here = jinjiang.start();
    // Added while the node runs: usable as soon as the command returns.
    add_office(&jinjiang, "chidian", "clerk", "350582104");
    add_office(&jinjiang, "audit", "auditor", JINJIANG);
    let said = publish_as(&jinjiang, "chidian", &departure(1)).expect(0);
    assert_eq!(said.lines()[0]["status"], "accepted");
    let row = with(2, "origin_area", "350582105000");
    let said = publish_as(&jinjiang, "chidian", &row).expect(1);
    assert_eq!(problems(&said.lines()[0])[0].0, "area_outside_scope");

    // Refused as a whole, so the row is a refused one and not of unknown outcome.
    let said = publish_as(&jinjiang, "audit", &departure(3)).expect(1);
    let lines = said.lines();
    assert_eq!((lines.len(), &lines[0]["status"]), (1, &"refused".into()));
    let [(code, _)] = problems(&lines[0]).try_into().unwrap();
    assert_eq!(code, "role_needed");
    assert!(said.err.contains("1 refused, 0 unknown"), "{said:?}");
    assert!(said.err.contains("needs the role"), "{said:?}");
    assert!(said.err.contains("ask the operator"), "{said:?}");
    let said =
        run(&mut jinjiang.command(&["channel", "adopt", GUANDU, "--yes", "--as", "chidian"]));
    let error = one_error(&said, 1);
    assert!(error.contains("operator"), "{error}");
    let said = run(&mut jinjiang.command(&[
        "subscribe",
        "--consumer",
        "c",
        "--as",
        "audit",
        "--idle-exit",
        "1",
    ]));
    let error = one_error(&said, 1);
    assert!(error.contains("needs the role"), "{error}");
    let said = publish_as(&jinjiang, "nobody", &departure(4));
    let error = one_error(&said, 1);
    assert!(error.contains("office/nobody"), "{error}");
    let sent: u64 = jinjiang
        .channels()
        .iter()
        .filter(|channel| channel["direction"] == "out")
        .map(|channel| channel["last_sequence"].as_u64().unwrap())
        .sum();
    assert_eq!(sent, 1, "only what was accepted");
}
