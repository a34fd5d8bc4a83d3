//! What the exchange is to reach, and whether it did.

use super::Results;
use crate::result::Outcome;

/// One thing to reach.
pub struct Goal {
    pub what: String,
    pub bound: String,
    /// What was measured, and whether that reaches the bound; nothing if it was not.
    pub measured: Option<(String, bool)>,
    /// What the disk alone needed in the same runs, where that is a measure of it.
    pub floor: Option<String>,
}

/// All of them.
pub fn goals(results: &Results) -> Vec<Goal> {
    let mut goals = Vec::new();
    let own = |load| results.get("hongyan", load);
    rates(results, &mut goals);
    let (paced, floor) = (own("paced-1000"), results.get("floor", "floor-paced"));
    let mut time = |what: &str, most: f64, value: fn(&Outcome) -> f64| {
        let ms = |outcome| value(outcome) / 1e3;
        goals.push(Goal {
            floor: floor.map(|it| figure(ms(it))),
            ..at_most(&format!("1,000/s: {what}, ms"), most, paced.map(ms))
        });
    };
    time("publish to accepted, p50", 0.6, |it| it.accepted.p50);
    time("publish to accepted, p99", 2.0, |it| it.accepted.p99);
    time("publish to handed over, p50", 1.5, |it| it.handed.p50);
    time("publish to handed over, p99", 5.0, |it| it.handed.p99);
    if let Some(steady) = own("steady") {
        for what in [
            "accepted p50, ms",
            "accepted p99, ms",
            "handed over p50, ms",
            "handed over p99, ms",
            "sender's memory, MB",
            "receiver's memory, MB",
        ] {
            let tenth = |name| steady.figures.get(&format!("{what}, {name} tenth"));
            let ratio = tenth("last")
                .zip(tenth("second"))
                .map(|(last, second)| last / second);
            let seconds = counted(steady.notices / 1_000);
            let what = format!("{seconds} s at 1,000/s: {what}, last tenth to second");
            goals.push(at_most(&what, FLAT, ratio));
        }
    }
    if let Some(asked) = own("certificate") {
        let p99 = Some(asked.handed.p99 / 1e3);
        goals.push(at_most(
            "certificate query to its answer, p99, ms",
            50.0,
            p99,
        ));
    }
    stored(results, &mut goals);
    let saturation = own("saturation");
    for (place, side) in ["sender", "receiver"].iter().enumerate() {
        let disk = saturation.map(|it| it.disk_bytes[place] / it.notice_bytes as f64);
        goals.push(at_most(
            &format!("bytes on the {side}'s disk to bytes of the notices"),
            2.0,
            disk,
        ));
    }
    goals
}

fn rates(results: &Results, goals: &mut Vec<Goal>) {
    let rate = |system, load| results.get(system, load).map(|it| it.per_second);
    let saturation = rate("hongyan", "saturation");
    goals.push(at_least("saturation, notices/s", 40_000.0, saturation));
    let floor = rate("floor", "floor-stream");
    goals.push(at_least(
        "saturation to the bare stream",
        0.25,
        ratio(saturation, floor),
    ));
    let held = "outstanding-256";
    let own = rate("hongyan", held);
    for (what, least, system) in [
        (
            "256 under way: rate to JetStream's, which does not sync",
            1.0,
            "jetstream",
        ),
        (
            "256 under way: rate to JetStream's on a synchronous store",
            5.0,
            "jetstream-sync",
        ),
        ("256 under way: rate to RabbitMQ's", 4.0, "rabbitmq"),
    ] {
        goals.push(at_least(what, least, ratio(own, rate(system, held))));
    }
    let p99 = |system| results.get(system, held).map(|it| it.handed.p99);
    let share = ratio(p99("hongyan"), p99("jetstream"));
    goals.push(at_most(
        "256 under way: p99 to handed over to JetStream's",
        1.0,
        share,
    ));
}

fn stored(results: &Results, goals: &mut Vec<Goal>) {
    let own = |load| results.get("hongyan", load);
    let rate = |load| own(load).map(|it: &Outcome| it.per_second);
    if let Some(backlog) = own("backlog") {
        let waiting = counted(backlog.notices);
        let drained = ratio(Some(backlog.per_second), rate("saturation"));
        goals.push(at_least(
            &format!("{waiting} that waited: drained, to saturation"),
            0.8,
            drained,
        ));
        let memory = backlog.memory_bytes.iter().max().map(|&it| it as f64 / 1e6);
        goals.push(at_most(
            &format!("{waiting} that waited: most memory of a node, MB"),
            300.0,
            memory,
        ));
    }
    if let Some(reopen) = own("reopen") {
        let stored = counted(reopen.notices);
        for (what, most) in [
            ("opened after kill -9, s", 5.0),
            ("rebuilt its index, s", 30.0),
        ] {
            let both = ["sender", "receiver"].iter();
            let took = both.filter_map(|it| reopen.figures.get(&format!("{it} {what}")).copied());
            let slowest = took.reduce(f64::max);
            goals.push(at_most(
                &format!("{stored} stored: the slower node {what}"),
                most,
                slowest,
            ));
        }
    }
    if let Some(full) = own("full") {
        let what = format!(
            "{} stored: rate to that of empty nodes",
            counted(full.notices)
        );
        goals.push(at_least(
            &what,
            0.8,
            full.figures.get("of it when full").copied(),
        ));
    }
    if let Some(peers) = own("ten-peers") {
        let share = peers
            .figures
            .get("of it with the tenth dead, median")
            .copied();
        goals.push(at_least(
            "one peer of ten dead: rate of the others to before",
            0.95,
            share,
        ));
    }
}

fn ratio(value: Option<f64>, of: Option<f64>) -> Option<f64> {
    value.zip(of).map(|(value, of)| value / of)
}

fn at_least(what: &str, least: f64, value: Option<f64>) -> Goal {
    goal(what, "≥", least, value.map(|value| (value, value >= least)))
}

fn at_most(what: &str, most: f64, value: Option<f64>) -> Goal {
    goal(what, "≤", most, value.map(|value| (value, value <= most)))
}

fn goal(what: &str, sign: &str, bound: f64, measured: Option<(f64, bool)>) -> Goal {
    Goal {
        what: what.to_owned(),
        bound: format!("{sign} {}", figure(bound)),
        measured: measured.map(|(value, reached)| (figure(value), reached)),
        floor: None,
    }
}

/// A figure with as many digits as say something.
pub fn figure(value: f64) -> String {
    match value {
        value if value >= 100.0 => counted(value.round() as u64),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

/// A number with its thousands apart.
pub fn counted(value: u64) -> String {
    let digits = value.to_string();
    let mut apart = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart
}

/// What counts as flat: a growth below it is the noise of a machine.
const FLAT: f64 = 1.25;
