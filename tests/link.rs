//! A lost answer: a relay cuts the link at many byte offsets, both ways; exactly one inbox record
//! each time.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    reason = "a test fails by panicking"
)]

mod harness;

use harness::{
    GUANDU, JINJIANG, World, departure, eventually, free_port,
    relay::{Cut, Relay, Way},
    rounds,
};

#[test]
fn a_cut_at_any_byte_leaves_exactly_one_inbox_record() {
    let cuts = rounds("HONGYAN_CUTS", 120);
    let world = World::new();
    let port = free_port();
    let relay = Relay::to(port);
    let jinjiang = world.county(JINJIANG);
    let guandu = world.county_at(GUANDU, port, Some(relay.port));
    world.pair(&jinjiang, &guandu);
    let _there = guandu.start();
    let _here = jinjiang.start();
    // One round without a cut says how many bytes a connection moves for one notice.
    let mut published = 1;
    relay.cut_all();
    let before = [Way::There, Way::Back].map(|way| relay.passed(way));
    jinjiang.publish(&[departure(published)]).expect(0);
    jinjiang.wait_until_answered();
    let after = [Way::There, Way::Back].map(|way| relay.passed(way));
    for number in 0..cuts {
        let way = if number % 2 == 0 {
            Way::There
        } else {
            Way::Back
        };
        let bytes = after[way as usize] - before[way as usize];
        let after = 1 + (number as u64 / 2) * bytes / (cuts as u64 / 2).max(1);
        relay.cut_next(Cut { way, after });
        published += 1;
        jinjiang.publish(&[departure(published)]).expect(0);
        jinjiang.wait_until_answered();
    }
    assert!(relay.cuts() > cuts as u64 / 2, "only {} cuts", relay.cuts());
    relay.heal();
    let received = guandu.subscribe("desk", published as usize + 1, 3);
    let sequences: Vec<_> = received
        .iter()
        .map(|notice| notice["sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(sequences, (1..=u64::from(published)).collect::<Vec<_>>());
    let mut ids: Vec<_> = received
        .iter()
        .map(|notice| notice["notice_id"].to_string())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), published as usize);
}

#[test]
fn one_dead_peer_does_not_hold_up_another() {
    let world = World::new();
    let (jinjiang, guandu) = (world.county(JINJIANG), world.county(GUANDU));
    let huangdao = world.county("370211");
    world.pair(&jinjiang, &guandu);
    world.pair(&jinjiang, &huangdao);
    let _here = jinjiang.start();
    let _there = guandu.start();
    // Huangdao never starts.
    let rows: Vec<_> = (1..=100)
        .flat_map(|number| {
            let mut elsewhere = departure(1_000 + number);
            elsewhere["destination_area"] = "370211001000".into();
            [departure(number), elsewhere]
        })
        .collect();
    jinjiang.publish(&rows).expect(0);
    assert_eq!(guandu.subscribe("desk", 100, 10).len(), 100);
    let waiting = |area: &str| {
        let channels = jinjiang.channels();
        let channel = channels
            .iter()
            .find(|channel| channel["to_area"] == area && channel["direction"] == "out")
            .unwrap()
            .clone();
        channel["last_sequence"].as_u64().unwrap() - channel["answered_sequence"].as_u64().unwrap()
    };
    eventually("Guandu has answered", || waiting(GUANDU) == 0);
    assert_eq!(waiting("370211"), 100);
}
