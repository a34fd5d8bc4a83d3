//! What cannot be meant, or is not allowed, ends in one clear error that says what to do: at the
//! start of a node, and at the gate. Whatever was refused left nothing behind.

mod harness;

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, path::Path};

use harness::{
    County, GUANDU, JINJIANG, Node, Said, World, binary, copy, departure, eventually, feedback,
    free_port, run,
};
use serde_json::Value;

/// Fails to start: with that code, one line of error and no other output.
fn refused_start(county: &County, code: i32) -> String {
    let Err(said) = Node::spawn(county.command(&["serve"])) else {
        panic!("the node started");
    };
    one_error(&said, code)
}

fn one_error(said: &Said, code: i32) -> String {
    assert_eq!(said.code, code, "{said:?}");
    assert_eq!(said.out, "", "{said:?}");
    let errors: Vec<_> = said
        .err
        .lines()
        .filter(|line| !line.starts_with('{'))
        .collect();
    assert_eq!(errors.len(), 1, "one line: {said:?}");
    let error = errors[0].strip_prefix("error: ").expect("an error");
    assert!(!said.err.contains("panicked"), "{said:?}");
    error.to_owned()
}

fn edit(path: &Path, change: impl FnOnce(&str) -> String) {
    let text = fs::read_to_string(path).unwrap();
    let changed = change(&text);
    assert_ne!(text, changed, "the edit changes nothing");
    fs::write(path, changed).unwrap();
}

/// Spoils a copy of a node in one way after the other; each must be named with its remedy.
#[test]
fn a_spoilt_directory_is_named_with_its_remedy_and_starts_once_mended() {
    let (world, jinjiang, _guandu) = World::two_counties();
    let whole = world.path("whole");
    copy(&jinjiang.dir, &whole);
    type Spoil = (&'static str, fn(&Path), i32, &'static [&'static str]);
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    let spoils: [Spoil; 19] = [
        (
            "tls/node.key",
            remove,
            1,
            &["tls/node.key is missing; put it back"],
        ),
        (
            "keys/signing.key",
            remove,
            1,
            &["keys/signing.key is missing; put it back"],
        ),
        (
            "keys/reference.key",
            remove,
            1,
            &["keys/reference.key is missing; put it back"],
        ),
        (
            "tls/node.crt",
            remove,
            1,
            &["tls/node.crt is missing; put it back"],
        ),
        (
            "tls/ca.crt",
            remove,
            1,
            &["tls/ca.crt is missing; put it back"],
        ),
        (
            "office/ca.key",
            remove,
            1,
            &["office/ca.key is missing; put it back"],
        ),
        (
            "tls/crl.pem",
            remove,
            1,
            &["tls/crl.pem is missing; get the revocation list"],
        ),
        (
            "node.toml",
            remove,
            2,
            &["is no node's directory", "hongyan init"],
        ),
        (
            "tls/node.key",
            open_up,
            1,
            &["can be read by others; run: chmod 600", "tls/node.key"],
        ),
        (
            "keys/signing.key",
            open_up,
            1,
            &["run: chmod 600", "keys/signing.key"],
        ),
        (
            "keys/reference.key",
            open_up,
            1,
            &["run: chmod 600", "keys/reference.key"],
        ),
        (
            "keys/reference.key",
            shorten,
            1,
            &["keys/reference.key", "put it back"],
        ),
        (
            "tls/node.key",
            shorten,
            1,
            &["tls/node.key", "cannot be read"],
        ),
        (
            "node.toml",
            |path| edit(path, |text| text.replace("low_bytes", "low_byte")),
            2,
            &["unknown key `low_byte`; did you mean `low_bytes`?"],
        ),
        (
            "node.toml",
            |path| edit(path, |text| text.replace("streams = 256", "streams = 2")),
            2,
            &["`limits.streams` must be 8 to 65536"],
        ),
        (
            "node.toml",
            |path| {
                edit(path, |text| {
                    text.replace("streams = 256", "streams = \"many\"")
                })
            },
            2,
            &["`limits.streams` takes a whole number"],
        ),
        (
            "peers/530111.toml",
            |path| edit(path, |text| format!("{text}\nno document")),
            1,
            &["peers/530111.toml", "cannot be read"],
        ),
        (
            "peers/530111.toml",
            |path| edit(path, |text| text.replace("areas =", "arias =")),
            1,
            &[
                "peers/530111.toml",
                "unknown key `arias`; did you mean `areas`?",
            ],
        ),
        (
            "agreements/350582-530111.toml",
            |path| {
                edit(path, |text| {
                    text.replace("valid_until = \"", "valid_until = \"1")
                })
            },
            1,
            &[
                "agreements/350582-530111.toml",
                "`valid_until` must be a day",
            ],
        ),
    ];
    for (name, spoil, code, named) in spoils {
        spoil(&jinjiang.dir.join(name));
        let error = refused_start(&jinjiang, code);
        for words in named {
            assert!(error.contains(words), "{name}: {error}");
        }
        for secret in ["many", "BEGIN", "Ifb5"] {
            assert!(!error.contains(secret), "a value is shown: {error}");
        }
        harness::restore(&whole, &jinjiang.dir);
    }
    assert!(jinjiang.start().stop().success());
}

fn open_up(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

fn shorten(path: &Path) {
    fs::write(path, "short").unwrap();
}

#[test]
fn a_second_process_and_a_taken_port_are_told_apart() {
    let world = World::new();
    let jinjiang = world.county(JINJIANG);
    let node = jinjiang.start();
    let error = refused_start(&jinjiang, 1);
    assert!(error.contains("a node runs in"), "{error}");
    assert!(error.contains("stop it first"), "{error}");
    for words in [&["index", "rebuild"][..], &["journal", "check"]] {
        let error = one_error(&run(&mut jinjiang.command(words)), 1);
        assert!(error.contains("stop the node first"), "{error}");
    }
    assert!(jinjiang.ask(&["channel", "list"]).code == 0, "undisturbed");
    assert!(node.stop().success());

    let guard = TcpListener::bind(("127.0.0.1", jinjiang.exchange)).unwrap();
    let error = refused_start(&jinjiang, 1);
    assert!(error.contains("exchange.listen"), "{error}");
    drop(guard);
    let text = fs::read_to_string(jinjiang.dir.join("node.toml")).unwrap();
    let document: toml::Table = text.parse().unwrap();
    let office = document["office"]["listen"].as_str().unwrap().to_owned();
    let guard = TcpListener::bind(&office).unwrap();
    let error = refused_start(&jinjiang, 1);
    assert!(error.contains("office.listen"), "{error}");
    assert!(error.contains(&office), "{error}");
    drop(guard);
    assert!(jinjiang.start().stop().success());
}

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
        assert_eq!(problems(answer)[0].0, code, "{answer}");
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
        .command(&["peer", "invite", "--for", GUANDU, "--out"])
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

    let said = publish_as(&jinjiang, "audit", &departure(3));
    let error = one_error(&said, 1);
    assert!(error.contains("needs the role"), "{error}");
    assert!(error.contains("ask the operator"), "{error}");
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
