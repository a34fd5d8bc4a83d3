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

use harness::{County, GUANDU, JINJIANG, World, departure, eventually, faketime::Faked, resident};
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
