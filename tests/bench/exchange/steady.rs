//! A quiet day: the same pace for a long time, looked at in tenths.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{
    flow::{Flow, Load},
    histogram::Histogram,
    pair::{Pair, SETTING, block_on, per_notice},
    process,
    result::{Outcome, Times},
};

/// One tenth of it.
struct Tenth {
    accepted: Times,
    handed: Times,
    memory: [u64; 2],
}

/// So many seconds at 1,000 notices a second.
pub fn steady(seconds: u64) -> Outcome {
    let mut pair = Pair::start();
    let load = Load {
        notices: seconds * PACE,
        window: seconds * PACE,
        pace: Some(PACE),
    };
    let (mut accepted, mut handed) = (Histogram::default(), Histogram::default());
    let mut tenths = Vec::new();
    let (before, notice_bytes, rate) = block_on(async {
        let mut offices = pair.connect().await;
        let before = pair.disk();
        let flow = Flow::begin(load);
        let looking = async {
            for _ in 0..10 {
                sleep(Duration::from_secs(seconds) / 10).await;
                let times = flow.times();
                accepted.add(&times.0);
                handed.add(&times.1);
                tenths.push(Tenth {
                    accepted: Times::from(&times.0),
                    handed: Times::from(&times.1),
                    memory: [0, 1].map(|it| process::resident_memory(pair.nodes[it].id())),
                });
            }
        };
        let moving = Arc::clone(&flow);
        tokio::join!(offices.follow('m', &moving), looking);
        (before, offices.subscriber.notice_bytes, flow.per_second())
    });
    let memory_bytes = pair.peak_memory();
    pair.stop();
    let mut outcome = Outcome {
        load: "steady".into(),
        system: "hongyan".into(),
        setting: SETTING.into(),
        notices: load.notices,
        notice_bytes,
        window: load.window,
        per_second: rate,
        accepted: Times::from(&accepted),
        handed: Times::from(&handed),
        memory_bytes,
        disk_bytes: per_notice(pair.disk(), before, load.notices),
        ..Outcome::default()
    };
    // The first tenth grows into its caches.
    for (name, tenth) in [("second", &tenths[1]), ("last", &tenths[9])] {
        let mut figure = |what: &str, value: f64| {
            let name = format!("{what}, {name} tenth");
            outcome.figures.insert(name, value);
        };
        figure("accepted p50, ms", tenth.accepted.p50 / 1e3);
        figure("accepted p99, ms", tenth.accepted.p99 / 1e3);
        figure("handed over p50, ms", tenth.handed.p50 / 1e3);
        figure("handed over p99, ms", tenth.handed.p99 / 1e3);
        figure("sender's memory, MB", tenth.memory[0] as f64 / 1e6);
        figure("receiver's memory, MB", tenth.memory[1] as f64 / 1e6);
    }
    outcome
}

const PACE: u64 = 1_000;
