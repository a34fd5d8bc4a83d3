//! A node that cannot start says in one line why and what to do, and has done nothing by then.

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

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, path::Path};

use harness::{JINJIANG, World, copy, edit, eventually, one_error, run};

/// Spoils a copy of a node in one way after the other; each must be named with its remedy.
#[test]
fn a_spoilt_directory_is_named_with_its_remedy_and_starts_once_mended() {
    let (world, jinjiang, _guandu) = World::two_counties();
    let whole = world.path("whole");
    copy(&jinjiang.dir, &whole);
    type Spoil = (&'static str, fn(&Path), i32, &'static [&'static str]);
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    let spoils: [Spoil; 20] = [
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
        (
            "holidays.toml",
            |path| {
                let swapped = HOLIDAYS.replace("[\"2024-04-07\"]", "[\"2024-04-08\"]");
                fs::write(path, swapped).unwrap();
            },
            1,
            &[
                "holidays.toml: line ",
                "2024-04-08 is no Saturday or Sunday",
                "or move the file away",
            ],
        ),
    ];
    for (name, spoil, code, named) in spoils {
        spoil(&jinjiang.dir.join(name));
        let error = jinjiang.refused_start(code);
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

/// The table that ships with the program.
const HOLIDAYS: &str = include_str!("../config/holidays.toml");

#[test]
fn a_table_of_holidays_that_ends_or_has_a_fault_is_named_by_a_node_that_runs_and_by_doctor() {
    let world = World::new();
    let county = world.county(JINJIANG);
    let table = county.dir.join("holidays.toml");
    // Of a year that is long past, whenever this runs.
    let (of_2024, _) = HOLIDAYS.split_once("# 国务院办公厅关于2025年").unwrap();
    fs::write(&table, of_2024).unwrap();
    let node = county.start();
    let looked = || {
        let findings = county.ask(&["doctor"]).lines();
        let mut of_holidays = findings.into_iter().filter(|it| it["check"] == "holidays");
        of_holidays.next().unwrap()
    };
    let found = looked();
    assert_eq!(found["status"], "warning");
    let lacks = found["message"]["en"].as_str().unwrap();
    assert!(
        lacks.starts_with("the table of holidays lacks 20"),
        "{found}"
    );
    eventually("the log says that the year is missing", || {
        node.log().contains("The table of holidays lacks a year")
    });

    fs::write(&table, HOLIDAYS.replace("first = ", "frist = ")).unwrap();
    let named = "unknown key `frist`; did you mean `first`?";
    eventually("the log names it", || {
        let log = node.log();
        let mut lines = log.lines().filter(|line| line.contains(named));
        lines.any(|line| line.contains("what was in use stays in use"))
    });
    let found = looked();
    assert_eq!(found["status"], "wrong");
    let (zh, en) = (&found["message"]["zh"], &found["message"]["en"]);
    assert!(en.as_str().unwrap().contains(named), "{found}");
    assert!(
        zh.as_str().unwrap().contains("请改正，或移走该文件"),
        "{found}"
    );

    fs::write(
        &table,
        HOLIDAYS.replace("[\"2024-04-07\"]", "[\"2024-04-08\"]"),
    )
    .unwrap();
    let zh = looked()["message"]["zh"].as_str().unwrap().to_owned();
    assert!(zh.contains("行：2024-04-08不是周六、周日"), "{zh}");

    fs::write(&table, HOLIDAYS).unwrap();
    assert_ne!(looked()["status"], "wrong");
    assert!(node.stop().success());
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
    let error = jinjiang.refused_start(1);
    assert!(error.contains("a node runs in"), "{error}");
    assert!(error.contains("stop it first"), "{error}");
    for words in [&["index", "rebuild"][..], &["journal", "check"]] {
        let error = one_error(&run(&mut jinjiang.command(words)), 1);
        assert!(error.contains("stop the node first"), "{error}");
    }
    assert!(jinjiang.ask(&["channel", "list"]).code == 0, "undisturbed");
    assert!(node.stop().success());

    let guard = TcpListener::bind(("127.0.0.1", jinjiang.exchange)).unwrap();
    let error = jinjiang.refused_start(1);
    assert!(error.contains("exchange.listen"), "{error}");
    drop(guard);
    let text = fs::read_to_string(jinjiang.dir.join("node.toml")).unwrap();
    let document: toml::Table = text.parse().unwrap();
    let office = document["office"]["listen"].as_str().unwrap().to_owned();
    let guard = TcpListener::bind(&office).unwrap();
    let error = jinjiang.refused_start(1);
    assert!(error.contains("office.listen"), "{error}");
    assert!(error.contains(&office), "{error}");
    drop(guard);
    assert!(jinjiang.start().stop().success());
}
