//! A peer that is dead, that does not move or that crawls does not slow the others.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::harness::{
    Build, County, GUANDU, JINJIANG, World, departure, departure_between, eventually, free_port,
    notices,
    relay::{Relay, Way},
};

const HUANGDAO: &str = "370211";

/// A healthy peer's notice that takes longer was held up by the other.
const HELD_UP: Duration = Duration::from_secs(10);

/// Below this the machine is measured, not the node: what a scheduler gives to whoever else runs.
const GRAIN: Duration = Duration::from_millis(20);

/// Phases of either kind, in turns, and notices in each.
const PHASES: usize = 9;
const SAMPLES: usize = 40;

/// A publishing office and a subscribing one, each of one process.
struct Offices {
    publisher: Child,
    rows: ChildStdin,
    subscriber: Child,
    handed: Receiver<Value>,
    published: u32,
}

impl Offices {
    fn of(from: &County, to: &County) -> Self {
        let mut publisher = from
            .command(&["publish", "-", "--format", "json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut subscriber = to
            .command(&["subscribe", "--consumer", "desk", "--format", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (sender, handed) = channel();
        let lines = BufReader::new(subscriber.stdout.take().unwrap()).lines();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // Nobody listens any more once the test has ended.
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self {
            rows: publisher.stdin.take().unwrap(),
            publisher,
            subscriber,
            handed,
            published: 0,
        }
    }

    /// From publishing one notice to its hand-over.
    fn one(&mut self) -> Duration {
        self.published += 1;
        let row = format!("{}\n", departure(self.published));
        let begun = Instant::now();
        self.rows.write_all(row.as_bytes()).unwrap();
        let Ok(notice) = self.handed.recv_timeout(HELD_UP) else {
            panic!("a notice to a healthy peer was held up");
        };
        assert_eq!(notice["sequence"], self.published);
        begun.elapsed()
    }

    /// The 99th percentile of a phase.
    fn phase(&mut self) -> Duration {
        let mut times: Vec<_> = (0..SAMPLES).map(|_| self.one()).collect();
        times.sort_unstable();
        times[(SAMPLES * 99).div_ceil(100) - 1]
    }
}

impl Drop for Offices {
    fn drop(&mut self) {
        for child in [&mut self.publisher, &mut self.subscriber] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn one_bad_link(build: Build) {
    let world = World::of(build);
    let port = free_port();
    let relay = Relay::to(port);
    let (jinjiang, guandu) = (world.county(JINJIANG), world.county(GUANDU));
    let huangdao = world.county_at(HUANGDAO, port, Some(relay.port));
    world.pair(&jinjiang, &guandu);
    world.pair(&jinjiang, &huangdao);
    let _nodes = [&jinjiang, &guandu, &huangdao].map(County::start);
    let mut offices = Offices::of(&jinjiang, &guandu);
    let mut elsewhere = 0;
    let mut publish_elsewhere = |count: u32| {
        let rows = elsewhere + 1..=elsewhere + count;
        let rows = rows.map(|it| departure_between(500_000 + it, JINJIANG, HUANGDAO));
        elsewhere += count;
        jinjiang.publish(&rows.collect::<Vec<_>>()).expect(0);
    };
    publish_elsewhere(1);
    offices.phase();
    jinjiang.wait_until_answered();
    // Neighbours in time share what else the machine does; the middle of many is no outlier.
    let (mut well, mut ill) = (Vec::new(), Vec::new());
    for number in 0..PHASES {
        well.push(offices.phase());
        match number % 3 {
            0 => relay.hold(Way::There),
            1 => relay.hold(Way::Back),
            _ => relay.crawl(8 << 10),
        }
        publish_elsewhere(50);
        ill.push(offices.phase());
        relay.heal();
        jinjiang.wait_until_answered();
    }
    let (well, ill) = (median(well), median(ill));
    eprintln!("p99 with the other link well {well:?}, ill {ill:?}");
    assert!(
        ill <= (2 * well).max(GRAIN),
        "the p99 is {ill:?}, and {well:?} while the other link is well"
    );
}

#[test]
fn one_bad_link_does_not_slow_another() {
    one_bad_link(Build::Sound);
    notices("held up", || one_bad_link(Build::Without("apart")));
}

#[test]
fn one_dead_peer_does_not_hold_up_another() {
    let world = World::new();
    let (jinjiang, guandu) = (world.county(JINJIANG), world.county(GUANDU));
    let huangdao = world.county(HUANGDAO);
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
    assert_eq!(waiting(HUANGDAO), 100);
}
