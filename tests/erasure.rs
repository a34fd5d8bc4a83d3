//! A woman asks to be forgotten: nothing of her is left here nor where she was sent, everything else
//! stays, every chain still verifies, and no kill and no old copy brings her back.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod harness;

use std::{fs, path::Path, thread, time::Duration};

use harness::{
    County, World, copy, departure, eventually, feedback, one_error, resident, restore, rounds,
};
use serde_json::{Value, json};

fn row(number: u32) -> Value {
    let mut row = departure(number);
    row["subject"]["name"] = name(number).into();
    row["reference"] = reference(number).into();
    row
}

fn name(number: u32) -> String {
    format!("蓝翡翠{}", ["甲", "乙", "丙"][number as usize % 3])
}

fn reference(number: u32) -> String {
    format!("feicui-{number:04}")
}

/// Publishes two departures and has the first answered; their ids, and that of the answer.
fn told(jinjiang: &County, guandu: &County) -> [String; 3] {
    let said = jinjiang.publish(&[row(1), row(2)]).expect(0).lines();
    let [first, second] =
        [0, 1].map(|at: usize| said[at]["notice_id"].as_str().unwrap().to_owned());
    jinjiang.wait_until_answered();
    let answer = guandu.publish(&[feedback(1, &first)]).expect(0).lines();
    let answer = answer[0]["notice_id"].as_str().unwrap().to_owned();
    guandu.wait_until_answered();
    guandu
        .ask(&["case", "note", "--text", "蓝翡翠已电话联系", &first])
        .expect(0);
    [first, second, answer]
}

fn erase(county: &County, case: &str) -> Value {
    let said = county.ask(&["case", "erase", "--yes", case]).expect(0);
    said.lines().remove(0)
}

fn erasures(county: &County) -> Vec<Value> {
    county.ask(&["erasure", "list"]).expect(0).lines()
}

/// What a county shows of a notice.
fn shown(county: &County, id: &str) -> Value {
    county
        .ask(&["notice", "show", id])
        .expect(0)
        .lines()
        .remove(0)
}

fn says(county: &County, id: &str, number: u32) -> bool {
    let shown = shown(county, id).to_string();
    let all = [resident(number), name(number)];
    let told: Vec<bool> = all.iter().map(|text| shown.contains(text)).collect();
    assert!(told[0] == told[1], "{shown}");
    told[0]
}

/// Whether a text stands in any file below, in clear.
fn stands_below(directory: &Path, text: &str) -> bool {
    fs::read_dir(directory).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return stands_below(&path, text);
        }
        let bytes = fs::read(&path).unwrap();
        bytes.windows(text.len()).any(|it| it == text.as_bytes())
    })
}

/// That a stopped county holds nothing of the first woman in clear, and its chains verify.
fn is_whole(county: &County) {
    county.ask(&["journal", "check"]).expect(0);
    for text in [resident(1), name(1), reference(1)] {
        assert!(!stands_below(&county.dir, &text), "{text}");
    }
}

#[test]
fn who_asks_to_be_forgotten_is_gone_here_and_where_she_was_sent_and_no_old_copy_brings_her_back() {
    let (world, jinjiang, guandu) = World::two_counties();
    let (here, there) = (jinjiang.start(), guandu.start());
    let [first, second, answer] = told(&jinjiang, &guandu);
    assert!(says(&jinjiang, &first, 1) && says(&guandu, &first, 1));
    assert!(here.stop().success());
    let old = world.path("old");
    copy(&jinjiang.dir, &old);
    let here = jinjiang.start();

    let erased = erase(&jinjiang, &first);
    assert_eq!(erased["status"], "erased", "{erased}");
    assert_eq!(erase(&jinjiang, &first)["status"], "nothing_left");
    assert_eq!(shown(&jinjiang, &first)["erased"], json!(true));
    assert_eq!(shown(&jinjiang, &second).get("erased"), None);
    assert!(!says(&jinjiang, &first, 1) && says(&jinjiang, &second, 2));
    // The other side carries it out by itself and says so.
    eventually("the receiver has carried it out", || {
        erasures(&jinjiang)[0]["receivers"][0]["state"] == "confirmed"
    });
    assert!(!says(&guandu, &first, 1) && says(&guandu, &second, 2));
    let here_told = erasures(&jinjiang).remove(0);
    assert_eq!(here_told["erasure_id"], erased["erasure_id"]);
    assert_eq!(here_told["reason"], "person_asked");
    assert_eq!(here_told["receivers"][0]["notice_id"], json!(first));
    assert_eq!(here_told["pending_in_backups_until"], Value::Null);
    let there_told = erasures(&guandu).remove(0);
    assert_eq!(there_told["reason"], "sender_asked");
    assert_eq!(
        there_told["asked_by_notice_id"],
        here_told["receivers"][0]["asking_notice_id"]
    );
    for county in [&jinjiang, &guandu] {
        let case = county.ask(&["case", "show", &first]).expect(0).out;
        assert!(case.contains("\"erased\":true"), "{case}");
        for id in [&first, &answer] {
            let file = world.path("evidence.json");
            let out = file.display().to_string();
            county
                .ask(&["evidence", "export", id, "--out", &out])
                .expect(0);
            assert!(!fs::read_to_string(&file).unwrap().contains(&resident(1)));
            fs::remove_file(&file).unwrap();
        }
    }
    // The node signs that it is so, and whoever has the file can tell.
    let file = world.path("erasure.json");
    let out = file.display().to_string();
    let id = here_told["erasure_id"].as_str().unwrap();
    jinjiang
        .ask(&["erasure", "export", id, "--out", &out])
        .expect(0);
    // Its case is no erasure, and the statement no evidence: both are told which is meant.
    let other = world.path("other.json").display().to_string();
    let none = jinjiang.ask(&["erasure", "export", &first, "--out", &other]);
    assert!(one_error(&none, 1).contains("hongyan erasure list"));
    let mut mistaken = harness::binary();
    let said = harness::run(mistaken.args(["evidence", "verify", &out]));
    assert!(said.out.contains("hongyan erasure verify"), "{said:?}");
    let verify = |code| {
        let mut command = harness::binary();
        command.args(["erasure", "verify", "--format", "json", &out]);
        harness::run(&mut command).expect(code).lines().remove(0)
    };
    let proven = verify(0);
    assert_eq!(proven["case_id"], json!(first));
    assert_eq!(proven["confirmed"][0]["notice_id"], json!(first));
    assert_eq!(proven["notices"].as_array().unwrap().len(), 2, "{proven}");
    let written = fs::read_to_string(&file).unwrap();
    fs::write(&file, written.replacen("350582", "350583", 1)).unwrap();
    assert_eq!(verify(1)["code"], "signature");
    // What was published before is a repeat, and brings nothing back.
    let again = jinjiang.publish(&[row(1)]).expect(0).lines();
    assert_eq!(again[0]["notice_id"], json!(first));
    assert!(!says(&jinjiang, &first, 1));
    // A new subscriber is handed the other woman, and what says that the first was erased.
    let handed = guandu.subscribe("later", 2, 30);
    let handed: Vec<_> = handed.iter().map(|it| it["notice_id"].clone()).collect();
    assert_eq!(handed[0], json!(second));
    assert!(here.stop().success() && there.stop().success());
    for county in [&jinjiang, &guandu] {
        is_whole(county);
        county.ask(&["audit", "verify"]).expect(0);
    }

    // An old copy knows her; with the newest list of erasures it does not.
    let list = fs::read(jinjiang.dir.join("data/erasures")).unwrap();
    restore(&old, &jinjiang.dir);
    assert!(!jinjiang.dir.join("data/erasures").exists());
    fs::write(jinjiang.dir.join("data/erasures"), &list).unwrap();
    let here = jinjiang.start();
    assert!(!says(&jinjiang, &first, 1) && says(&jinjiang, &second, 2));
    assert!(here.stop().success());
    is_whole(&jinjiang);

    // A list that was changed stops the start.
    let text = String::from_utf8(list).unwrap();
    let changed = text.replacen("person_asked", "entered_in_error", 1);
    fs::write(jinjiang.dir.join("data/erasures"), changed).unwrap();
    let error = jinjiang.refused_start(1);
    assert!(error.contains("erasures"), "{error}");
}

/// A backup of the same day holds her key still: what is told of that, and that a restore with the
/// newest list of erasures does not bring her back, in no way in which she could be found.
#[test]
fn a_backup_of_the_same_day_does_not_bring_her_back() {
    let (world, jinjiang, guandu) = World::two_counties();
    let (here, there) = (jinjiang.start(), guandu.start());
    let [first, second, _] = told(&jinjiang, &guandu);
    let report = |county: &County, number: u32| {
        let words = [
            "subject",
            "report",
            "--purpose",
            "asked",
            "--format",
            "json",
        ];
        let said = harness::run_with(&mut county.command(&words), &(resident(number) + "\n"));
        let told = said.expect(0).lines().remove(0);
        told["cases"].as_array().unwrap().len()
    };
    assert_eq!((report(&jinjiang, 1), report(&jinjiang, 2)), (1, 1));
    let mut back_up = jinjiang.command(&["backup", "--keep-until", "2099-12-31"]);
    let backups = world.path("backups");
    back_up.arg("--to").arg(&backups).args(["--format", "json"]);
    let said = harness::run(&mut back_up).expect(0).lines();
    let backup = Path::new(said[0]["backup"].as_str().unwrap()).to_owned();
    erase(&jinjiang, &first);
    let told = erasures(&jinjiang).remove(0);
    // To the end of that day.
    let until = "2100-01-01T00:00:00+08:00";
    assert_eq!(told["pending_in_backups_until"], until, "{told}");
    assert_eq!((report(&jinjiang, 1), report(&jinjiang, 2)), (0, 1));
    eventually("the tree of cases was written anew", || {
        !jinjiang.dir.join("data/cases/1").exists()
    });
    assert_eq!((report(&jinjiang, 1), report(&jinjiang, 2)), (0, 1));
    eventually("the receiver has carried it out", || {
        erasures(&jinjiang)[0]["receivers"][0]["state"] == "confirmed"
    });
    here.kill();

    let restored = County {
        dir: world.path("restored"),
        ..jinjiang.clone()
    };
    let mut command = harness::binary();
    command.args(["restore", "--yes", "--from"]).arg(&backup);
    command.arg("--node").arg(&restored.dir);
    let list = jinjiang.dir.join("data/erasures");
    harness::run(command.arg("--erasures").arg(&list)).expect(0);
    let key = "keys/master.key";
    fs::copy(jinjiang.dir.join(key), restored.dir.join(key)).unwrap();
    let here = restored.start();
    assert!(!says(&restored, &first, 1) && says(&restored, &second, 2));
    assert_eq!((report(&restored, 1), report(&restored, 2)), (0, 1));
    assert!(here.stop().success() && there.stop().success());
    is_whole(&restored);
    restored.ask(&["audit", "verify"]).expect(0);
}

/// While the receiver cannot be reached, nobody is told that it has the request, nor that it did what
/// it says.
#[test]
fn what_the_receiver_has_not_heard_is_not_claimed() {
    let (world, jinjiang, guandu) = World::two_counties();
    let (_here, there) = (jinjiang.start(), guandu.start());
    let [first, ..] = told(&jinjiang, &guandu);
    assert!(there.stop().success());
    erase(&jinjiang, &first);
    let receivers = || erasures(&jinjiang)[0]["receivers"][0].clone();
    eventually("the request waits", || {
        receivers()["asking_notice_id"].is_string()
    });
    assert_eq!(receivers()["state"], "waiting");
    let id = erasures(&jinjiang)[0]["erasure_id"].clone();
    let says = |file: &str| {
        let out = world.path(file).display().to_string();
        jinjiang
            .ask(&["erasure", "export", id.as_str().unwrap(), "--out", &out])
            .expect(0);
        let mut verify = harness::binary();
        verify.env("LC_ALL", "C.UTF-8");
        let said = harness::run(verify.args(["erasure", "verify", "--format", "table", &out]));
        said.expect(0).out
    };
    let before = says("before.json");
    let not_proven = "does not prove that the node of 530111 erased what it holds of them";
    assert!(before.contains(not_proven), "{before}");
    let _there = guandu.start();
    eventually("the receiver has carried it out", || {
        receivers()["state"] == "confirmed"
    });
    let after = says("after.json");
    assert!(after.contains("For 1 of them"), "{after}");
}

#[test]
fn an_office_outside_her_areas_erases_nobody() {
    let (_world, jinjiang, _guandu) = World::two_counties();
    let _here = jinjiang.start();
    let unknown = "01010101-0101-8101-8000-000000000002";
    let said = jinjiang.ask(&["case", "erase", "--yes", unknown]);
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(said.lines()[0]["problems"][0]["code"], "unknown_notice");
    let said = jinjiang.ask(&["case", "erase", unknown]);
    one_error(&said, 2);
}

/// The node is killed while it erases, at other moments in each round: what it had said is so, and
/// what it had not said is so or not, and never half.
#[test]
fn a_kill_while_erasing_leaves_no_half() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let there = guandu.start();
    for round in 0..rounds("HONGYAN_ERASURE_KILLS", 3) {
        let here = jinjiang.start();
        let number = u32::try_from(round).unwrap() + 10;
        let said = jinjiang.publish(&[row(number)]).expect(0).lines();
        let id = said[0]["notice_id"].as_str().unwrap().to_owned();
        jinjiang.wait_until_answered();
        let mut command = jinjiang.command(&["case", "erase", "--yes", &id]);
        let mut erasing = command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // The knob of the round: some die before they are asked, some while, some behind it.
        thread::sleep(Duration::from_millis(10 + 25 * round as u64));
        here.kill();
        let told = erasing.wait().unwrap().success();
        let here = jinjiang.start();
        let known = erasures(&jinjiang)
            .iter()
            .any(|it| it["case_id"] == json!(id));
        assert!(known || !told, "what was said is not so");
        assert_eq!(says(&jinjiang, &id, number), !known, "round {round}");
        erase(&jinjiang, &id);
        eventually("the receiver has carried it out", || {
            let erasures = erasures(&jinjiang);
            let of_case = erasures.iter().find(|it| it["case_id"] == json!(id));
            of_case.is_some_and(|it| it["receivers"][0]["state"] == "confirmed")
        });
        assert!(!says(&guandu, &id, number));
        here.kill();
    }
    assert!(there.stop().success());
    jinjiang.ask(&["journal", "check"]).expect(0);
}
