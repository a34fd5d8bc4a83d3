//! What is done with a node is on record: each act once, nothing that tells of a person, and nothing
//! that can be changed without being found where it was done.

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
    path::{Path, PathBuf},
};

use harness::{
    Build, County, GUANDU, Said, World, binary, copy, departure, edit, eventually, notices,
    one_error, resident, restore, rounds, run, run_with,
};
use serde_json::{Value, json};

#[path = "audit/edits.rs"]
mod edits;

/// Everything on record of a county, the oldest first.
fn record(county: &County) -> Vec<Value> {
    let mut all = county
        .ask(&["audit", "list", "--limit", "100000"])
        .expect(0)
        .lines();
    all.reverse();
    all
}

fn acts_of(entries: &[Value]) -> Vec<String> {
    let mut acts: Vec<String> = entries
        .iter()
        .map(|entry| {
            let text = |key: &str| entry[key].as_str().unwrap();
            match text("code") {
                "" => text("act").to_owned(),
                code => format!("{} {code}", text("act")),
            }
        })
        .collect();
    acts.sort();
    acts
}

/// Follows what comes on record of a county.
struct Follower<'a> {
    county: &'a County,
    known: usize,
}

impl<'a> Follower<'a> {
    fn of(county: &'a County) -> Self {
        let known = record(county).len();
        Self { county, known }
    }

    /// What came since the last call, but for these looks themselves.
    fn new_entries(&mut self) -> Vec<Value> {
        let all = record(self.county);
        let new = all[self.known..].iter();
        let new = new.filter(|entry| entry["act"] != "audit_listed");
        let new = new.cloned().collect();
        self.known = all.len();
        new
    }

    /// That what was done came on record once, and nothing else did.
    fn expect(&mut self, acts: &[&str]) -> Vec<Value> {
        let mut new = self.new_entries();
        if new.len() < acts.len() {
            // What is recorded behind a stream comes a moment later.
            eventually(&format!("{acts:?} on record"), || {
                new.extend(self.new_entries());
                new.len() >= acts.len()
            });
        }
        let mut expected: Vec<&str> = acts.to_vec();
        expected.sort_unstable();
        assert_eq!(
            acts_of(&new),
            expected,
            "not on record as it was done: {new:#?}"
        );
        new
    }
}

fn as_office(county: &County, office: &str, words: &[&str]) -> Said {
    let words = [words, &["--as", office]].concat();
    county.ask(&words)
}

fn id_of(said: &Said) -> String {
    said.lines()[0]["notice_id"].as_str().unwrap().to_owned()
}

/// What tells of the women of these tests.
fn assert_nobody(text: &str) {
    for number in 1..10 {
        assert!(!text.contains(&resident(number)), "{text}");
    }
    for value in ["测试甲", "19900000000", "测试路"] {
        assert!(!text.contains(value), "{value}: {text}");
    }
}

#[test]
fn every_act_is_on_record_once() {
    let (world, jinjiang, guandu) = World::two_counties();
    let auditor = ["office", "add", "--name", "watch", "--role", "auditor"];
    jinjiang.ask(&auditor).expect(0);
    let (here, there) = (jinjiang.start(), guandu.start());
    // What was done by hand before the node ran.
    let begun = record(&jinjiang);
    assert_eq!(
        acts_of(&begun),
        ["office_added", "peer_accepted", "peer_invited"]
    );
    for entry in &begun {
        let who = entry["who"].as_str().unwrap();
        assert!(who.starts_with("by hand: "), "{entry}");
        assert_eq!(entry["from"], "local");
    }
    let mut here_too = Follower::of(&jinjiang);
    let mut there_too = Follower::of(&guandu);

    let sent = jinjiang.publish(&[departure(1), departure(2)]).expect(0);
    let id = id_of(&sent);
    let entry = here_too.expect(&["published"]).remove(0);
    assert_eq!(
        (&entry["done"], &entry["outcome"]),
        (&json!(2), &json!("done"))
    );
    assert!(entry["who"].as_str().unwrap().ends_with("/office/operator"));
    assert_eq!(entry["role"], "operator,integrator");
    assert!(entry["from"].as_str().unwrap().starts_with("127.0.0.1:"));
    // The same reference for something else.
    let mut other = departure(2);
    other["event_date"] = json!("2026-10-07");
    jinjiang.publish(&[departure(1), other]).expect(1);
    let entry = here_too.expect(&["published"]).remove(0);
    assert_eq!(
        (&entry["repeated"], &entry["refused"]),
        (&json!(1), &json!(1))
    );
    jinjiang.wait_until_answered();

    // What reads a person's data, and what is done about her.
    let evidence = world.path("evidence.json");
    let evidence = evidence.to_str().unwrap();
    for (words, act, purpose) in [
        (&["notice", "show", &id][..], "notice_read", "duty"),
        (&["notice", "list"], "notices_listed", ""),
        (&["case", "show", &id], "case_read", "duty"),
        (&["case", "list", "--list", "all"], "cases_listed", ""),
        (&["report", "indicators"], "figures_read", ""),
        (&["report", "compare", GUANDU], "due_compared", ""),
        (
            &["breach", "report", "--peer", GUANDU],
            "breach_reported",
            "",
        ),
        (
            &["evidence", "export", &id, "--out", evidence],
            "evidence_exported",
            "duty",
        ),
        (&["peer", "probe", GUANDU], "peer_probed", ""),
        (
            &["case", "note", "--text", "已电话联系", &id],
            "cases_noted",
            "",
        ),
        (
            &["case", "close", "--reason", "returned", &id],
            "cases_closed",
            "",
        ),
        (
            &["agreement", "suspend", "350582-530111", "--reason", "升级"],
            "agreement_suspended",
            "",
        ),
        (
            &["agreement", "resume", "350582-530111"],
            "agreement_resumed",
            "",
        ),
    ] {
        let said = jinjiang.ask(words);
        assert!(matches!(said.code, 0 | 1), "{words:?} {said:?}");
        let entry = here_too.expect(&[act]).remove(0);
        assert_eq!(entry["purpose"], purpose, "{entry}");
        assert_eq!(entry["outcome"], "done", "{entry}");
    }
    // What happens to be looked at besides leaves nothing: it tells of nobody.
    for words in [
        &["channel", "list"][..],
        &["peer", "list"],
        &["agreement", "list"],
    ] {
        jinjiang.ask(words).expect(0);
        here_too.expect(&[]);
    }

    let handed = guandu.subscribe("desk", 100, 2);
    let entries = there_too.new_entries();
    let count: u64 = entries.iter().map(|it| it["done"].as_u64().unwrap()).sum();
    assert_eq!(count, handed.len() as u64);
    for entry in &entries {
        assert_eq!(entry["act"], "notices_handed_over");
        assert_eq!(entry["on"][0], "consumer:desk");
        assert_eq!(entry["purpose"], "duty");
    }
    let second = sent.lines()[1]["notice_id"].as_str().unwrap().to_owned();
    for (words, act) in [
        (&["case", "take", &second][..], "cases_taken_up"),
        (&["case", "verify", &second], "cases_verified"),
        (
            &["case", "forward", "--to", "530111001", &second],
            "cases_forwarded",
        ),
        (
            &["case", "answer", "--outcome", "confirmed", &second],
            "cases_answered",
        ),
    ] {
        guandu.ask(words).expect(0);
        let entry = there_too.expect(&[act]).remove(0);
        assert_eq!(entry["on"], json!([format!("case:{second}")]));
    }

    // What is done by hand beside a running node, which is then told to look.
    jinjiang.ask(&["key", "rotate", "--yes"]).expect(0);
    let entries = here_too.expect(&["signing_key_rotated", "configuration_reloaded"]);
    let by_hand = entries.iter().find(|it| it["act"] == "signing_key_rotated");
    let who = by_hand.unwrap()["who"].as_str().unwrap();
    assert!(who.starts_with("by hand: "), "{who}");
    let clerk = ["office", "add", "--name", "clerk", "--role", "clerk"];
    jinjiang.ask(&clerk).expect(0);
    here_too.expect(&["office_added", "configuration_reloaded"]);
    let out = world.path("audit.jsonl");
    let export = ["audit", "export", "--out", out.to_str().unwrap()];
    jinjiang.ask(&export).expect(0);
    here_too.expect(&["audit_exported"]);

    // What was refused.
    let strange = "01010101-0101-8101-8000-000000000002";
    jinjiang.ask(&["notice", "show", strange]).expect(1);
    here_too.expect(&["notice_read unknown_notice"]);
    let input = format!("{}\n", departure(4));
    let mut command = jinjiang.command(&["publish", "-", "--as", "watch"]);
    assert_ne!(run_with(&mut command, &input).code, 0);
    let entry = here_too.expect(&["published role_needed"]).remove(0);
    assert_eq!(
        (&entry["outcome"], &entry["role"]),
        (&json!("refused"), &json!("auditor"))
    );
    assert_ne!(as_office(&jinjiang, "clerk", &["audit", "list"]).code, 0);
    let all = record(&jinjiang);
    let last = all.last().unwrap();
    assert_eq!(
        (&last["code"], &last["role"]),
        (&json!("role_needed"), &json!("clerk"))
    );
    here_too.new_entries();
    // An office whose line is gone.
    edit(&jinjiang.dir.join("node.toml"), |text| {
        text.replace("/office/watch", "/office/other")
    });
    jinjiang.ask(&["key", "rotate", "--yes"]).expect(0);
    here_too.new_entries();
    assert_ne!(
        as_office(&jinjiang, "watch", &["notice", "show", &id]).code,
        0
    );
    let entry = here_too.new_entries();
    let entry = entry.last();
    if let Some(entry) = entry {
        assert_eq!(entry["code"], "office_not_listed", "{entry}");
    }

    // Nothing of it tells of a person, and all of it is kept over a restart.
    let before = record(&jinjiang);
    let text = before.iter().map(Value::to_string).collect::<String>();
    assert_nobody(&text);
    assert_nobody(&fs::read_to_string(&out).unwrap());
    assert!(here.stop().success() && there.stop().success());
    jinjiang.ask(&["index", "rebuild"]).expect(0);
    let here = jinjiang.start();
    let after = record(&jinjiang);
    assert_eq!(after[..before.len()], before);
    let last = after.last().unwrap();
    assert_eq!(last["act"], "index_rebuilt");
    let numbers: Vec<u64> = after
        .iter()
        .map(|it| it["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=after.len() as u64).collect::<Vec<_>>());
    assert!(here.stop().success());
}

fn a_reading_leaves_an_entry(build: Build) {
    let (_world, jinjiang, _guandu) = World::two_counties_of(build);
    let _node = jinjiang.start();
    let id = id_of(&jinjiang.publish(&[departure(1)]).expect(0));
    jinjiang.ask(&["notice", "show", &id]).expect(0);
    let acts = acts_of(&record(&jinjiang));
    for act in ["notice_read", "published"] {
        assert!(acts.iter().any(|it| it == act), "{act} is not on record");
    }
}

#[test]
fn a_node_that_leaves_it_out_is_found() {
    a_reading_leaves_an_entry(Build::Sound);
    notices("is not on record", || {
        a_reading_leaves_an_entry(Build::Without("audit"));
    });
}

#[test]
fn whoever_looks_without_duty_gives_a_reason_or_sees_masks() {
    let (_world, jinjiang, _guandu) = World::two_counties();
    for (name, role) in [
        ("watch", "auditor"),
        ("runs", "operator"),
        ("desk", "clerk"),
    ] {
        let words = ["office", "add", "--name", name, "--role", role];
        jinjiang.ask(&words).expect(0);
    }
    let _node = jinjiang.start();
    let id = id_of(&jinjiang.publish(&[departure(1)]).expect(0));
    let mut follower = Follower::of(&jinjiang);
    let show = |office: &str, more: &[&str]| {
        let words = [&["notice", "show", &id][..], more].concat();
        as_office(&jinjiang, office, &words).expect(0)
    };
    // As its duty.
    for office in ["operator", "desk"] {
        let shown = show(office, &[]).lines().remove(0);
        assert_eq!(shown["subject"]["resident_id"], resident(1), "{office}");
        assert_eq!(shown.get("masked"), None);
        let entry = follower.expect(&["notice_read"]).remove(0);
        assert_eq!(entry["purpose"], "duty");
    }
    for office in ["watch", "runs"] {
        let said = show(office, &[]);
        assert_nobody(&said.out);
        let shown = said.lines().remove(0);
        assert_eq!(shown["masked"], true);
        assert_eq!(shown["subject"]["name"], "测＊＊");
        assert_eq!(shown["subject"]["phone"], "＊＊＊＊＊＊＊0000");
        let number = shown["subject"]["resident_id"].as_str().unwrap();
        assert!(
            number.starts_with(&resident(1)[..6]) && number.contains('＊'),
            "{number}"
        );
        assert_eq!(shown["destination_address"], "＊＊＊");
        let entry = follower.expect(&["notice_read"]).remove(0);
        assert_eq!(
            (&entry["purpose"], &entry["reason"]),
            (&json!("masked"), &json!(""))
        );
        let case = as_office(&jinjiang, office, &["case", "show", &id]).expect(0);
        assert_nobody(&case.out);
        assert_eq!(case.lines()[0]["notices"][0]["masked"], true);
        let entry = follower.expect(&["case_read"]).remove(0);
        assert_eq!(entry["purpose"], "masked");

        let shown = show(office, &["--reason", "5月12日投诉核查"])
            .lines()
            .remove(0);
        assert_eq!(shown["subject"]["resident_id"], resident(1));
        let entry = follower.expect(&["notice_read"]).remove(0);
        assert_eq!(
            (&entry["purpose"], &entry["reason"]),
            (&json!("reason"), &json!("5月12日投诉核查"))
        );
        let case = ["case", "show", &id, "--reason", "complaint of 12 May"];
        let case = as_office(&jinjiang, office, &case)
            .expect(0)
            .lines()
            .remove(0);
        assert_eq!(case["notices"][0]["subject"]["resident_id"], resident(1));
        let entry = follower.expect(&["case_read"]).remove(0);
        assert_eq!(entry["reason"], "complaint of 12 May");
        assert_eq!(entry["on"], json!([format!("case:{id}")]));
    }
    // For people too.
    let mut table = jinjiang.command(&["notice", "show", &id, "--as", "watch"]);
    assert_nobody(&run(&mut table).expect(0).out);
    follower.expect(&["notice_read"]);
    // What is no reason is not sent.
    let number = resident(1);
    for reason in [&format!("查{number}")[..], "a\nb", "", &"字".repeat(201)] {
        let said = as_office(
            &jinjiang,
            "watch",
            &["notice", "show", &id, "--reason", reason],
        );
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains("reason"), "{said:?}");
    }
    follower.expect(&[]);
    let text = record(&jinjiang)
        .iter()
        .map(Value::to_string)
        .collect::<String>();
    assert_nobody(&text);
}

/// More than any disk has free.
const ABOVE_ALL: i64 = 1 << 60;

fn low_mark(county: &County, bytes: i64) {
    edit(&county.dir.join("node.toml"), |text| {
        let mut document: toml::Table = text.parse().unwrap();
        document["limits"]["low_bytes"] = bytes.into();
        toml::to_string(&document).unwrap()
    });
}

#[test]
fn what_cannot_be_recorded_is_not_shown_and_everything_else_goes_on() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let here = jinjiang.start();
    let id = id_of(&jinjiang.publish(&[departure(1)]).expect(0));
    assert!(here.stop().success());
    low_mark(&jinjiang, ABOVE_ALL);
    let (here, there) = (jinjiang.start(), guandu.start());
    for words in [
        &["notice", "show", &id][..],
        &["case", "show", &id],
        &["notice", "list"],
    ] {
        let error = one_error(&jinjiang.ask(words), 1);
        assert!(error.contains("low on disk"), "{error}");
    }
    // A receipt is taken, and whoever runs the node goes on.
    jinjiang.wait_until_answered();
    jinjiang.ask(&["key", "rotate", "--yes"]).expect(0);
    assert!(here.stop().success());
    low_mark(&jinjiang, 64 << 20);
    let here = jinjiang.start();
    jinjiang.ask(&["notice", "show", &id]).expect(0);
    let acts = acts_of(&record(&jinjiang));
    for act in [
        "signing_key_rotated",
        "notice_read",
        "configuration_reloaded",
    ] {
        assert_eq!(acts.iter().filter(|it| *it == act).count(), 1, "{acts:?}");
    }
    assert!(here.stop().success() && there.stop().success());
}

/// A county whose journal has several segments, stopped, and what was exported from it.
fn recorded(world: &World, county: &County) -> [PathBuf; 2] {
    edit(&county.dir.join("node.toml"), |text| {
        let mut document: toml::Table = text.parse().unwrap();
        document["limits"]["segment_bytes"] = (1 << 20).into();
        toml::to_string(&document).unwrap()
    });
    let node = county.start();
    for part in 0..4 {
        let rows: Vec<Value> = (part * 600 + 1..=part * 600 + 600).map(departure).collect();
        let id = id_of(&county.publish(&rows).expect(0));
        for _ in 0..3 {
            county.ask(&["notice", "show", &id]).expect(0);
        }
        county.ask(&["notice", "list"]).expect(0);
    }
    let files = ["audit.jsonl", "audit.csv"].map(|name| world.path(name));
    for file in &files {
        let export = ["audit", "export", "--out", file.to_str().unwrap()];
        county.ask(&export).expect(0);
    }
    let signed = || fs::read_dir(county.dir.join("data/heads")).map_or(0, Iterator::count);
    eventually("the heads are signed", || {
        signed() == edits::segments(county).len()
    });
    assert!(node.stop().success());
    files
}

fn verified(county: &County, files: &[&Path]) -> Said {
    let mut command = county.command(&["audit", "verify", "--format", "json"]);
    run(command.args(files))
}

#[test]
fn what_is_whole_verifies_with_a_node_and_without() {
    let (world, jinjiang, guandu) = World::two_counties();
    let files = recorded(&world, &jinjiang);
    let [json_lines, csv] = files.each_ref().map(PathBuf::as_path);
    let said = verified(&jinjiang, &[json_lines, csv]).expect(0).lines();
    assert_eq!(said.len(), 3);
    for file in &said[..2] {
        assert_eq!(
            (&file["holds"], &file["key_is_the_nodes"]),
            (&json!(true), &json!(true))
        );
    }
    assert_eq!(
        (&said[2]["holds"], &said[2]["end_compared"]),
        (&json!(true), &json!(true))
    );
    assert!(said[2]["segments"].as_u64().unwrap() > 1, "{}", said[2]);
    assert_eq!(said[2]["segments"], said[2]["signed_segments"]);
    // Without any node, and by a node that is another.
    let mut command = binary();
    command.args(["audit", "verify", "--format", "json"]);
    let alone = run(command.args(&files)).expect(0).lines();
    assert_eq!(alone.len(), 2);
    assert_eq!(alone[0]["head"], said[0]["head"]);
    assert_eq!(alone[0]["key_is_the_nodes"], Value::Null);
    let other = verified(&guandu, &[json_lines]).expect(1).lines();
    assert_eq!(other[0]["key_is_the_nodes"], false);
    // In plain words, and while the node runs; and the key may have been changed since.
    jinjiang.ask(&["key", "rotate", "--yes"]).expect(0);
    let node = jinjiang.start();
    let said = verified(&jinjiang, &[csv]).expect(0).lines();
    assert_eq!(
        (&said[0]["holds"], &said[1]["holds"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(said[1]["end_compared"], false);
    for (language, words) in [
        ("zh_CN.UTF-8", "完整未改"),
        ("C.UTF-8", "the record is whole"),
    ] {
        let mut command = jinjiang.command(&["audit", "verify"]);
        let said = run(command.env("LC_ALL", language)).expect(0);
        assert!(said.out.contains(words), "{said:?}");
    }
    assert!(node.stop().success());
    // A sheet runs nothing, and both hold the same acts.
    let sheet = fs::read_to_string(csv).unwrap();
    let lines = fs::read_to_string(json_lines).unwrap();
    assert_nobody(&sheet);
    for cell in sheet.lines().flat_map(|line| line.split("\",\"")) {
        let cell = cell.trim_start_matches(['\u{feff}', '"']);
        assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
    }
    // The second was made a moment later: it holds the making of the first, and its own.
    assert_eq!(sheet.lines().count(), lines.lines().count() + 2);
    // A part of it.
    let until = world.path("part.jsonl");
    let node = jinjiang.start();
    let first = record(&jinjiang).remove(5);
    let at = first["at"].as_str().unwrap();
    let mut command = jinjiang.command(&["audit", "export", "--from", at, "--format", "json"]);
    run(command.arg("--out").arg(&until)).expect(0);
    let said = verified(&jinjiang, &[&until]).expect(0).lines();
    assert!(said[0]["first"].as_u64().unwrap() > 1, "{}", said[0]);
    let mut command = jinjiang.command(&["audit", "export", "--from", "2999-01-01"]);
    let none = run(command.arg("--out").arg(world.path("none.jsonl")));
    assert!(one_error(&none, 1).contains("nothing is on record"));
    assert!(!world.path("none.jsonl").exists());
    assert!(node.stop().success());
    // A file needs no node, and the node of the environment is not asked about another's.
    for node in [&world.path("nowhere"), &guandu.dir] {
        let mut command = binary();
        command.env("HONGYAN_NODE", node).args(["audit", "verify"]);
        let said = run(command.args(["--format", "json"]).args(&files)).expect(0);
        for line in said.lines() {
            assert_eq!(line["key_is_the_nodes"], Value::Null, "{line}");
        }
    }
    let mut alone = binary();
    alone.env("HONGYAN_NODE", &jinjiang.dir);
    run(alone.args(["audit", "verify"])).expect(0);
    let nothing = one_error(&run(binary().args(["audit", "verify"])), 2);
    for wanted in ["--node", "FILE"] {
        assert!(nothing.contains(wanted), "{nothing}");
    }
}

#[test]
fn what_is_there_is_never_written_over() {
    let (world, jinjiang, _guandu) = World::two_counties();
    let _here = jinjiang.start();
    let id = id_of(&jinjiang.publish(&[departure(1)]).expect(0));
    let (there, link) = (world.path("there.csv"), world.path("link.csv"));
    fs::write(&there, "the last month").unwrap();
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    for words in [
        ["audit", "export"].as_slice(),
        &["evidence", "export", &id],
        &["erasure", "export", &id],
        &["agreement", "export", "350582-530111"],
        &["report", "overdue"],
    ] {
        for (out, code, why) in [
            (&there, 1, "exists already"),
            (&link, 2, "no plain file"),
            (&world.path("no-such-directory/new.csv"), 2, "no directory"),
        ] {
            let said = run(jinjiang.command(words).arg("--out").arg(out));
            let error = one_error(&said, code);
            assert!(error.contains(why), "{words:?}: {error}");
        }
        assert_eq!(fs::read_to_string(&there).unwrap(), "the last month");
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert!(!world.path("no-such-directory").exists());
    }
}

#[test]
fn every_edit_is_found_and_located() {
    let (world, jinjiang, _guandu) = World::two_counties();
    let files = recorded(&world, &jinjiang);
    let count = rounds("HONGYAN_EDITS", 60);
    edits::of_journal(&jinjiang, count / 2);
    for file in &files {
        edits::of_file(&world, file, count.div_ceil(4));
    }
    assert_eq!(verified(&jinjiang, &[]).expect(0).lines()[0]["holds"], true);
}

/// What verify says of a stopped county whose record does not hold.
fn not_whole(county: &County) -> Value {
    let said = verified(county, &[]).expect(1).lines().remove(0);
    assert_eq!(said["holds"], false, "{said}");
    said
}

#[test]
fn a_record_that_is_gone_is_not_called_whole() {
    let (world, jinjiang, _guandu) = World::two_counties();
    recorded(&world, &jinjiang);
    let data = jinjiang.dir.join("data");
    let kept = world.path("kept");
    copy(&jinjiang.dir, &kept);
    let segments = edits::segments(&jinjiang);
    let stem = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let last = segments.last().unwrap();

    // Without the index a cut at the end shows nowhere, so it is not called whole.
    fs::remove_dir_all(data.join("index")).unwrap();
    edits::cut_the_last_group(last);
    let said = not_whole(&jinjiang);
    assert_eq!(said["end_compared"], false);
    assert_eq!(said["end_not_compared"], "index_unreadable");
    for (language, words) in [
        ("zh_CN.UTF-8", "是否完整无法确定"),
        ("C.UTF-8", "is not known"),
    ] {
        let mut command = jinjiang.command(&["audit", "verify"]);
        let said = run(command.env("LC_ALL", language)).expect(1);
        assert!(said.out.contains(words), "{said:?}");
        assert!(said.out.contains("hongyan index rebuild"), "{said:?}");
    }
    let node = jinjiang.start();
    let said = verified(&jinjiang, &[]).expect(0).lines().remove(0);
    assert_eq!(said["end_not_compared"], "node_runs");
    assert!(node.stop().success());
    let said = verified(&jinjiang, &[]).expect(0).lines().remove(0);
    assert_eq!(said["end_not_compared"], Value::Null);

    // The last segment is gone with the index, and what was signed of it is there.
    restore(&kept, &jinjiang.dir);
    fs::remove_dir_all(data.join("index")).unwrap();
    fs::remove_file(last).unwrap();
    let said = not_whole(&jinjiang);
    assert_eq!(said["code"], "segment_missing");
    assert_eq!(said["segment"], stem(last));
    let doctor = jinjiang.ask(&["doctor"]);
    assert!(
        doctor.out.contains("heads were signed are missing"),
        "{doctor:?}"
    );
    // Once the loss is accepted, and laid aside, it is no news.
    let accepted = jinjiang.ask(&["journal", "accept-loss", "--yes"]).expect(0);
    let aside = accepted.lines().remove(0)["kept_at"].clone();
    let aside = Path::new(aside.as_str().unwrap());
    assert!(aside.join(format!("{}.heads", stem(last))).exists());
    verified(&jinjiang, &[]).expect(0);

    // The first one.
    restore(&kept, &jinjiang.dir);
    fs::remove_file(&segments[0]).unwrap();
    let named = |error: &str| {
        assert!(
            error.contains("the beginning of the journal is missing"),
            "{error}"
        );
        assert!(error.contains(&stem(&segments[1])), "{error}");
    };
    named(&one_error(&jinjiang.ask(&["journal", "check"]), 1));
    named(&jinjiang.refused_start(1));
    named(&one_error(
        &jinjiang.ask(&["journal", "accept-loss", "--yes"]),
        1,
    ));
    assert_eq!(edits::segments(&jinjiang).len(), segments.len() - 1);
    let mut backup = jinjiang.command(&["backup", "--keep-until", "2099-12-31"]);
    named(&one_error(
        &run(backup.arg("--to").arg(world.path("backups"))),
        1,
    ));
    assert_eq!(not_whole(&jinjiang)["code"], "segment_out_of_place");

    // All of it.
    fs::remove_dir_all(&data).unwrap();
    assert_eq!(not_whole(&jinjiang)["code"], "no_journal");
    let said = run(&mut jinjiang.command(&["audit", "verify"])).expect(1);
    assert!(said.out.contains("if the node ever ran"), "{said:?}");
    assert!(!data.exists());
    restore(&kept, &jinjiang.dir);
    verified(&jinjiang, &[]).expect(0);
}
