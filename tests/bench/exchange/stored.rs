//! What many notices in store do to a node.

use std::time::Instant;

use super::{
    flow::{Flow, Load},
    harness::{GUANDU, run},
    notice::Template,
    office::{Office, Subscriber},
    pair::{Offices, Pair, SETTING, WARMING, block_on, event_date, per_notice},
    result::Outcome,
};

/// A peer that was away while notices were published for it, and is back.
pub fn backlog(notices: u64) -> Outcome {
    let mut pair = Pair::start();
    block_on(pair.connect());
    pair.counties[0].wait_until_answered();
    pair.nodes.pop().unwrap().stop();
    let load = Load {
        notices,
        window: notices,
        pace: None,
    };
    let flow = Flow::begin(load);
    let published = block_on(async {
        let office = Office::of(&pair.counties[0].dir).await;
        let template = Template::new('m', GUANDU, &event_date());
        office.publish(&flow, vec![template]).await;
        flow.seconds()
    });
    pair.nodes.push(pair.counties[1].start());
    let (seconds, notice_bytes) = block_on(async {
        let office = Office::of(&pair.counties[1].dir).await;
        let mut subscriber = Subscriber::open(&office, WARMING.notices + 1).await;
        subscriber.take(1, |_| {}).await;
        let begun = Instant::now();
        subscriber.take(notices - 1, |_| {}).await;
        (begun.elapsed().as_secs_f64(), subscriber.notice_bytes)
    });
    let memory_bytes = pair.peak_memory();
    pair.stop();
    let figures = [(
        "published a second while the peer was away",
        notices as f64 / published,
    )];
    Outcome {
        load: "backlog".into(),
        system: "hongyan".into(),
        setting: SETTING.into(),
        notices,
        notice_bytes,
        window: notices,
        per_second: (notices - 1) as f64 / seconds,
        memory_bytes,
        figures: figures.map(|(name, value)| (name.to_owned(), value)).into(),
        ..Outcome::default()
    }
}

/// Both nodes killed with that many notices stored, opened again, and with no index left.
pub fn reopen(notices: u64) -> Outcome {
    let mut pair = Pair::start();
    let load = Load { notices, ..FILLING };
    let (flow, notice_bytes) = block_on(async {
        let mut offices = pair.connect().await;
        let flow = offices.pass('m', load).await;
        (flow, offices.subscriber.notice_bytes)
    });
    for node in pair.nodes.drain(..) {
        node.kill();
    }
    let mut figures = Vec::new();
    for (county, name) in pair.counties.iter().zip(["sender", "receiver"]) {
        let begun = Instant::now();
        let node = county.start();
        figures.push((format!("{name} opened after kill -9, s"), begun.elapsed()));
        let begun = Instant::now();
        let report = run(county.command(&["breach", "report"]).env("LC_ALL", "C")).expect(0);
        figures.push((
            format!("{name} told whose data it holds, s"),
            begun.elapsed(),
        ));
        // Besides these there are those by which both sides got warm.
        let cases = report.out.split("cases: ").nth(1);
        let cases = cases.and_then(|rest| rest.split(',').next());
        let cases: u64 = cases.unwrap().parse().unwrap();
        assert!(cases >= notices, "{}", report.out);
        assert!(node.stop().success());
        let begun = Instant::now();
        run(&mut county.command(&["index", "rebuild"])).expect(0);
        figures.push((format!("{name} rebuilt its index, s"), begun.elapsed()));
    }
    let figures = figures.into_iter();
    Outcome {
        load: "reopen".into(),
        system: "hongyan".into(),
        setting: SETTING.into(),
        notices,
        notice_bytes,
        window: load.window,
        per_second: flow.per_second(),
        figures: figures
            .map(|(name, took)| (name, took.as_secs_f64()))
            .collect(),
        ..Outcome::default()
    }
}

/// The rate of nodes that hold that many notices, beside that of the same nodes when they held
/// none.
pub fn full(notices: u64) -> Outcome {
    let mut pair = Pair::start();
    let part = |notices| Load { notices, ..FILLING };
    let probe = (notices / 10).min(300_000);
    let (empty, full, before, notice_bytes) = block_on(async {
        let mut offices = pair.connect().await;
        let before = pair.disk();
        let rate = async |offices: &mut Offices, run, notices| {
            offices.pass(run, part(notices)).await.per_second()
        };
        let empty = rate(&mut offices, 'e', probe).await;
        rate(&mut offices, 'm', notices - 2 * probe).await;
        let full = rate(&mut offices, 'f', probe).await;
        (empty, full, before, offices.subscriber.notice_bytes)
    });
    let memory_bytes = pair.peak_memory();
    pair.stop();
    let figures = [
        ("notices/s when empty", empty),
        ("of it when full", full / empty),
    ];
    Outcome {
        load: "full".into(),
        system: "hongyan".into(),
        setting: SETTING.into(),
        notices,
        notice_bytes,
        window: FILLING.window,
        per_second: full,
        memory_bytes,
        disk_bytes: per_notice(pair.disk(), before, notices),
        figures: figures.map(|(name, value)| (name.to_owned(), value)).into(),
        ..Outcome::default()
    }
}

/// As the load called saturation.
const FILLING: Load = Load {
    notices: 0,
    window: 8_192,
    pace: None,
};
