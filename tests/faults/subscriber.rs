//! A subscriber that dies before it acknowledges, acknowledges twice, or never: what it did not
//! acknowledge it gets again and marked, what it did it never gets again, though the node be killed.

use std::{collections::HashSet, time::Duration};

use hongyan::{
    clock::Clock,
    config::{NodeConfig, NodeDir},
    office::client::{Client, ClientError, Opening, Step, Subscription},
};
use serde_json::Value;

use crate::harness::{Build, County, World, departure, notices, run};

/// Publishes those departures and waits until the other side has them.
fn published(jinjiang: &County, numbers: std::ops::RangeInclusive<u32>) {
    let rows: Vec<_> = numbers.map(departure).collect();
    jinjiang.publish(&rows).expect(0);
    jinjiang.wait_until_answered();
}

/// What a subscriber got that died before it acknowledged anything.
fn unacknowledged(county: &County, consumer: &str) -> Vec<Value> {
    let words = ["subscribe", "--consumer", consumer, "--no-ack"];
    let mut command = county.command(&words);
    command.args(["--idle-exit", "2", "--format", "json"]);
    run(&mut command).expect(0).lines()
}

/// What a consumer gets and acknowledges.
fn acknowledged(county: &County, consumer: &str) -> Vec<Value> {
    county.subscribe(consumer, 1_000, 2)
}

/// That those were handed over before, equal to the first time, and are marked.
fn assert_again(first: &[Value], again: &[Value]) {
    let marked = |notice: &Value| {
        let mut notice = notice.clone();
        notice["redelivered"] = true.into();
        notice
    };
    for notice in again {
        let number = &notice["sequence"];
        assert_eq!(notice["redelivered"], true, "{number} is not marked");
    }
    let expected: Vec<_> = first.iter().map(marked).collect();
    assert_eq!(again, expected, "the same again");
}

fn assert_first(notices: &[Value]) {
    for notice in notices {
        assert_ne!(notice["redelivered"], true, "marked at its first time");
    }
}

fn dies_before_it_acknowledges(build: Build) {
    let (_world, jinjiang, guandu) = World::two_counties_of(build);
    let (_here, mut there) = (jinjiang.start(), guandu.start());
    published(&jinjiang, 1..=20);
    let first = unacknowledged(&guandu, "desk");
    assert_eq!(first.len(), 20);
    assert_first(&first);
    assert_again(&first, &unacknowledged(&guandu, "desk"));
    there.kill();
    there = guandu.start();
    assert_again(&first, &unacknowledged(&guandu, "desk"));
    // What came since was handed to nobody yet.
    published(&jinjiang, 21..=25);
    let all = acknowledged(&guandu, "desk");
    assert_again(&first, &all[..20]);
    assert_eq!(all.len(), 25);
    assert_first(&all[20..]);
    there.kill();
    let _there = guandu.start();
    assert!(
        acknowledged(&guandu, "desk").is_empty(),
        "all were acknowledged"
    );
    // Another consumer has no part in it.
    let others = acknowledged(&guandu, "other");
    assert_eq!(others.len(), 25);
    assert_first(&others);
}

fn acknowledges_some(build: Build) {
    let (_world, jinjiang, guandu) = World::two_counties_of(build);
    let (_here, there) = (jinjiang.start(), guandu.start());
    published(&jinjiang, 1..=20);
    let first = guandu.subscribe("desk", 8, 2);
    assert_eq!(first.len(), 8);
    there.kill();
    let there = guandu.start();
    let rest = unacknowledged(&guandu, "desk");
    let ids = |notices: &[Value]| -> HashSet<String> {
        let ids = notices.iter().map(|notice| notice["notice_id"].to_string());
        ids.collect()
    };
    assert!(
        ids(&rest).is_disjoint(&ids(&first)),
        "acknowledged, and handed over again"
    );
    let sequences: Vec<_> = rest.iter().map(|it| it["sequence"].as_u64()).collect();
    assert_eq!(sequences, (9..=20).map(Some).collect::<Vec<_>>());
    there.kill();
    let _there = guandu.start();
    assert_again(&rest, &acknowledged(&guandu, "desk"));
}

/// Opens a consumer as the node's operator.
async fn open(county: &County, consumer: &str) -> Subscription {
    let dir = NodeDir::new(&county.dir);
    let text = std::fs::read_to_string(dir.config()).unwrap();
    let config = NodeConfig::parse(&text).unwrap();
    let within = Duration::from_secs(10);
    let client = Client::connect(&dir, &config, "operator", &Clock::system(), within)
        .await
        .unwrap();
    let opening = Opening {
        consumer: consumer.to_owned(),
        home: None,
        kinds: Vec::new(),
        from_now: false,
        credit: 10,
    };
    client.subscribe(opening).await.unwrap()
}

/// The positions of the next so many notices.
async fn positions(subscription: &mut Subscription, count: usize) -> Vec<(u64, bool)> {
    let mut positions = Vec::new();
    while positions.len() < count {
        match subscription.next().await.unwrap() {
            Step::Notice(handover) => positions.push((handover.position, handover.redelivered)),
            Step::Opened(_) => {}
            Step::Acknowledged(position) => panic!("{position} was not acknowledged"),
        }
    }
    positions
}

/// What the node answers to an acknowledgement.
async fn answer_to(subscription: &mut Subscription, position: u64) -> Result<u64, ClientError> {
    subscription.acknowledge(position).await?;
    loop {
        if let Step::Acknowledged(upto) = subscription.next().await? {
            return Ok(upto);
        }
    }
}

#[test]
fn acknowledging_twice_or_backwards_is_acknowledging_once() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    published(&jinjiang, 1..=10);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut subscription = open(&guandu, "desk").await;
        let handed = positions(&mut subscription, 10).await;
        let (third, fifth) = (handed[2].0, handed[4].0);
        for position in [fifth, fifth, third, fifth] {
            let upto = answer_to(&mut subscription, position).await.unwrap();
            assert_eq!(upto, fifth, "after {position}");
        }
        // The newest subscriber takes over: it gets what is behind, marked, and nothing before.
        let mut newer = open(&guandu, "desk").await;
        let rest = positions(&mut newer, 5).await;
        let expected: Vec<_> = handed[5..].iter().map(|(at, _)| (*at, true)).collect();
        assert_eq!(rest, expected);
        let tenth = handed[9].0;
        assert_eq!(answer_to(&mut newer, tenth).await.unwrap(), tenth);
        // Fenced: what the older says now counts for nothing.
        assert!(answer_to(&mut subscription, fifth).await.is_err());
        let Err(ClientError::Refused(refusal)) = answer_to(&mut newer, tenth + 1).await else {
            panic!("what was never handed out was acknowledged");
        };
        assert!(!refusal.code.is_empty(), "{refusal:?}");
    });
    assert!(acknowledged(&guandu, "desk").is_empty());
}

#[test]
fn what_was_not_acknowledged_comes_again_and_marked() {
    dies_before_it_acknowledges(Build::Sound);
    notices("is not marked", || {
        dies_before_it_acknowledges(Build::Without("mark"));
    });
}

#[test]
fn what_was_acknowledged_never_comes_again() {
    acknowledges_some(Build::Sound);
    notices("acknowledged, and handed over again", || {
        acknowledges_some(Build::Without("acknowledged"));
    });
}
