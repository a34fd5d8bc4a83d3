//! What has had its time goes by itself, each node by its own time; what is held stays, whoever wants
//! it gone.

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
    County, GUANDU, JINJIANG, World, departure, edit, eventually, faketime::Faked, feedback,
    resident,
};
use serde_json::Value;

const REASON: &str = "诉讼期间留存";

/// Two counties that keep everything for three days.
fn two_counties() -> (World, County, County) {
    let world = World::new();
    let (jinjiang, guandu) = (world.county(JINJIANG), world.county(GUANDU));
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/agreements");
    let text = fs::read_to_string(templates.join("default.toml")).unwrap();
    let template = world.path("short.toml");
    fs::write(
        &template,
        text.replace("730 calendar days", "3 calendar days"),
    )
    .unwrap();
    world.pair_with(&jinjiang, &guandu, Some(&template));
    (world, jinjiang, guandu)
}

/// Publishes three departures, of which the first two end.
fn told(jinjiang: &County, guandu: &County) -> [String; 3] {
    let said = jinjiang
        .publish(&[1, 2, 3].map(departure))
        .expect(0)
        .lines();
    let ids = [0, 1, 2].map(|at: usize| said[at]["notice_id"].as_str().unwrap().to_owned());
    jinjiang.wait_until_answered();
    let answer = ["case", "answer", "--outcome", "moved_on", "--moved-to"];
    let about = ["350583104", &ids[0], &ids[1]];
    guandu.ask(&[&answer[..], &about].concat()).expect(0);
    guandu.wait_until_answered();
    ids
}

fn hold(county: &County, case: &str) {
    county
        .ask(&["case", "hold", "--reason", REASON, case])
        .expect(0);
}

fn kept(county: &County, within: &str) -> Vec<Value> {
    let list = county.ask(&["retention", "list", "--within", within]);
    list.expect(0).lines()
}

fn erasures(county: &County) -> Vec<Value> {
    county.ask(&["erasure", "list"]).expect(0).lines()
}

fn says(county: &County, id: &str, number: u32) -> bool {
    let shown = county.ask(&["notice", "show", id]).expect(0);
    shown.out.contains(&resident(number))
}

#[test]
fn what_has_had_its_time_goes_by_itself_but_not_what_is_held_or_goes_on() {
    let (world, jinjiang, guandu) = two_counties();
    let (here, there) = (jinjiang.start(), guandu.start());
    let ids = told(&jinjiang, &guandu);
    hold(&jinjiang, &ids[1]);
    assert_eq!(kept(&jinjiang, "2"), Vec::<Value>::new());
    let listed = kept(&jinjiang, "4");
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!(listed[0]["case_id"], ids[0].as_str());
    assert_eq!(listed[0]["state"], "purged_on");
    assert_eq!(listed[0]["keep_for_days"], 3);
    assert_eq!(listed[0]["agreement"], "350582-530111/1");
    assert_eq!(listed[1]["case_id"], ids[1].as_str());
    assert_eq!(listed[1]["state"], "held");
    assert_eq!(listed[1]["reason"], REASON);
    let refused = jinjiang.ask(&["case", "erase", "--yes", &ids[1]]).expect(1);
    assert_eq!(refused.lines()[0]["problems"][0]["code"], "legal_hold");
    assert!(here.stop().success());

    // A day has passed for certain once the clock has said so for an hour.
    let clock = Faked::of(&world);
    let here = clock.start_whole(&jinjiang);
    clock.set("+6d x200");
    eventually("what is due is purged", || {
        here.log().contains("Cases were purged")
    });
    here.kill();

    let _here = jinjiang.start();
    let left = [1, 2, 3].map(|number| says(&jinjiang, &ids[number as usize - 1], number));
    assert_eq!(left, [false, true, true]);
    let erased = erasures(&jinjiang);
    assert_eq!(erased.len(), 1, "{erased:?}");
    assert_eq!(erased[0]["reason"], "retention_ended");
    assert_eq!(erased[0]["receivers"].as_array().unwrap().len(), 0);
    let audit = jinjiang.ask(&["audit", "list"]).expect(0).lines();
    let purged = audit.iter().find(|entry| entry["act"] == "cases_purged");
    assert_eq!(purged.unwrap()["who"], "node");
    // The other side keeps its own time.
    assert!(says(&guandu, &ids[0], 1));
    drop(there);
}

#[test]
fn what_is_held_is_erased_as_its_area_asks_once_it_is_released() {
    let (_world, jinjiang, guandu) = two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let [.., case] = told(&jinjiang, &guandu);
    hold(&guandu, &case);
    jinjiang.ask(&["case", "erase", "--yes", &case]).expect(0);
    let state = || erasures(&jinjiang)[0]["receivers"][0]["state"].clone();
    eventually("the request is there", || state() == "stored");
    // A desk that takes it up has not carried it out.
    guandu.ask(&["case", "take", &case]);
    guandu.wait_until_answered();
    assert!(says(&guandu, &case, 3));
    assert_eq!(state(), "stored");
    for _ in 0..2 {
        guandu.ask(&["case", "release", &case]).expect(0);
    }
    eventually("it is carried out", || state() == "confirmed");
    assert!(!says(&guandu, &case, 3));
    let carried_out = erasures(&guandu);
    assert_eq!(carried_out.len(), 1, "{carried_out:?}");
    assert_eq!(carried_out[0]["reason"], "sender_asked");
}

/// The segments of a county's journal, or of its archive.
fn segments(directory: &Path, ending: &str) -> usize {
    let entries = fs::read_dir(directory).map_or_else(|_| Vec::new(), Iterator::collect);
    let names = entries.iter().map(|entry| entry.as_ref().unwrap().path());
    names
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .count()
}

#[test]
fn what_is_old_and_purged_leaves_the_journal_for_the_archive() {
    let (world, jinjiang, guandu) = two_counties();
    edit(&jinjiang.dir.join("node.toml"), |text| {
        let mut document: toml::Table = text.parse().unwrap();
        document["limits"]["segment_bytes"] = (1 << 20).into();
        document["archive"]["after_days"] = 1.into();
        toml::to_string(&document).unwrap()
    });
    let (here, _there) = (jinjiang.start(), guandu.start());
    let long = "云南省昆明市官渡区测试路".repeat(8);
    let rows: Vec<Value> = (1..=900)
        .map(|number| {
            let mut row = departure(number);
            row["destination_address"] = long.clone().into();
            row
        })
        .collect();
    let published = jinjiang.publish(&rows).expect(0).lines();
    let ids: Vec<&str> = published
        .iter()
        .map(|line| line["notice_id"].as_str().unwrap())
        .collect();
    jinjiang.wait_until_answered();
    let answers: Vec<Value> = (1..)
        .zip(&ids)
        .map(|(number, id)| {
            let mut row = feedback(number, id);
            row["outcome"] = "moved_on".into();
            row["moved_to_area"] = "350583104".into();
            row
        })
        .collect();
    guandu.publish(&answers).expect(0);
    guandu.wait_until_answered();
    let data = jinjiang.dir.join("data");
    let (journal, archive) = (data.join("journal"), data.join("archive"));
    let size = |directory: &Path| -> u64 {
        let entries = fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum()
    };
    let (before, whole) = (segments(&journal, ".segment"), size(&journal));
    assert!(before > 1, "{before}");
    assert!(here.stop().success());

    let clock = Faked::of(&world);
    let here = clock.start_whole(&jinjiang);
    clock.set("+6d x200");
    eventually("what is due is purged", || {
        here.log().contains("Cases were purged")
    });
    eventually("what was purged is archived", || {
        here.log().contains("Old segments were archived")
    });
    assert!(here.stop().success());
    let gone = segments(&archive, ".segment.gz");
    assert!(gone > 0);
    assert_eq!(segments(&journal, ".head"), gone);
    let here = jinjiang.start();
    let audit = jinjiang.ask(&["audit", "list"]).expect(0).lines();
    let entry = audit.iter().find(|it| it["act"] == "segments_archived");
    assert_eq!(entry.unwrap()["who"], "node");
    // What is asked for is read in the archive.
    let file = world.path("evidence.json");
    let out = file.display().to_string();
    let export = || jinjiang.ask(&["evidence", "export", ids[0], "--out", &out]);
    export().expect(0);
    let mut verify = harness::binary();
    verify.args(["evidence", "verify", "--format", "json", &out]);
    harness::run(&mut verify).expect(0);
    fs::remove_file(&file).unwrap();
    let verify = || jinjiang.ask(&["audit", "verify"]);
    verify().expect(0);
    // It is missing for a while.
    let elsewhere = world.path("elsewhere");
    fs::rename(&archive, &elsewhere).unwrap();
    let refused = export().expect(1);
    assert!(refused.err.contains("archived"), "{}", refused.err);
    assert!(!file.exists());
    assert_eq!(verify().expect(1).lines()[0]["code"], "archive_missing");
    // Cases are made anew as soon as it is back.
    assert!(here.stop().success());
    fs::remove_dir_all(data.join("cases")).unwrap();
    let here = jinjiang.start();
    eventually("cases wait for it", || here.log().contains("stay behind"));
    fs::rename(&elsewhere, &archive).unwrap();
    let listed = || {
        let all = ["case", "list", "--list", "all"];
        jinjiang.ask(&all).out.lines().count()
    };
    eventually("they are there", || listed() > 0);
    export().expect(0);
    let left = size(&journal);
    println!("journal {whole} to {left}, archive {}", size(&archive));
    assert!(left < whole);
}
