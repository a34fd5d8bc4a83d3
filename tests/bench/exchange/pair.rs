//! Two nodes with nothing in them, and loads through them.

use std::{path::Path, sync::Arc, time::Duration};

use super::{
    flow::{Flow, Load},
    harness::{
        Build, County, GUANDU, JINJIANG, Node, World, free_port,
        relay::{Relay, Way},
    },
    notice::Template,
    office::{Office, Subscriber},
    process,
    result::{Outcome, Times},
};

/// Two paired nodes that run.
pub struct Pair {
    /// Keeps their directories.
    _world: World,
    pub counties: [County; 2],
    pub nodes: Vec<Node>,
    relay: Option<Relay>,
}

/// The offices of both, connected, after a few notices: connections, couriers and files are in use.
pub struct Offices {
    pub office: Office,
    pub subscriber: Subscriber,
}

/// What has been spent by a moment.
struct Spent {
    nodes: Duration,
    own: Duration,
    machine: [Duration; 2],
    passed: Option<u64>,
}

impl Pair {
    /// Makes and starts both.
    pub fn start() -> Self {
        Self::start_of(Build::Sound)
    }

    /// As [`Self::start`], of that program.
    fn start_of(build: Build) -> Self {
        let world = new_world_of(build);
        let counties = [world.county(JINJIANG), world.county(GUANDU)];
        Self::run(world, counties, None)
    }

    /// As [`Self::start`], with a relay between them that counts bytes.
    fn start_relayed() -> Self {
        let world = new_world();
        let port = free_port();
        let relay = Relay::to(port);
        let counties = [
            world.county(JINJIANG),
            world.county_at(GUANDU, port, Some(relay.port)),
        ];
        Self::run(world, counties, Some(relay))
    }

    fn run(world: World, counties: [County; 2], relay: Option<Relay>) -> Self {
        let [a, b] = &counties;
        world.pair(a, b);
        let nodes = vec![a.start(), b.start()];
        Self {
            _world: world,
            counties,
            nodes,
            relay,
        }
    }

    /// Connects both offices and moves the first notices.
    pub async fn connect(&self) -> Offices {
        let [from, to] = self.counties.each_ref().map(|county| &county.dir);
        let mut offices = Offices {
            office: Office::of(from).await,
            subscriber: Subscriber::open(&Office::of(to).await, 1).await,
        };
        offices.pass('w', WARMING).await;
        offices.subscriber.settle().await;
        offices
    }

    /// Stops both once every notice has its receipt.
    pub fn stop(&mut self) {
        self.counties[0].wait_until_answered();
        for node in &self.nodes {
            node.terminate();
        }
        for node in &mut self.nodes {
            assert!(node.wait().success());
        }
    }

    pub fn peak_memory(&self) -> [u64; 2] {
        [0, 1].map(|it| process::peak_memory(self.nodes[it].id()))
    }

    pub fn disk(&self) -> [u64; 2] {
        self.counties
            .each_ref()
            .map(|county| process::disk(&county.dir.join("data")))
    }

    fn spent(&self) -> Spent {
        let nodes = self.nodes.iter().map(|node| process::cpu(node.id()));
        let relay = self.relay.as_ref();
        Spent {
            nodes: nodes.sum(),
            own: process::cpu(std::process::id()),
            machine: process::machine(),
            passed: relay.map(|relay| relay.passed(Way::There) + relay.passed(Way::Back)),
        }
    }
}

impl Offices {
    /// Moves a load. Runs on the same nodes need different letters.
    pub async fn pass(&mut self, run: char, load: Load) -> Arc<Flow> {
        let flow = Flow::begin(load);
        self.follow(run, &flow).await;
        flow
    }

    /// Moves a load that has begun.
    pub async fn follow(&mut self, run: char, flow: &Arc<Flow>) {
        let template = Template::new(run, GUANDU, &event_date());
        tokio::join!(
            self.office.publish(flow, vec![template]),
            self.subscriber
                .take(flow.load.notices, |number| flow.handed(number))
        );
        assert!(flow.is_through());
    }
}

/// Moves a load through two new nodes, and again, shorter, through a relay that counts. `settled`
/// looks at the nodes once they have stopped.
pub fn measure(name: &str, load: Load, settled: impl FnOnce(&Pair)) -> Outcome {
    let mut pair = Pair::start();
    let mut outcome = run(&mut pair, load);
    settled(&pair);
    drop(pair);
    let short = Load {
        notices: load.notices.min(RELAYED),
        ..load
    };
    outcome.wire_bytes = run(&mut Pair::start_relayed(), short).wire_bytes;
    name.clone_into(&mut outcome.load);
    outcome
}

/// Moves a load through two new nodes of that program.
pub fn measure_of(build: Build, name: &str, load: Load) -> Outcome {
    let mut outcome = run(&mut Pair::start_of(build), load);
    name.clone_into(&mut outcome.load);
    outcome
}

/// Moves a load through two nodes that run, and stops them.
fn run(pair: &mut Pair, load: Load) -> Outcome {
    let (mut outcome, before) = block_on(async {
        let mut offices = pair.connect().await;
        let disk = pair.disk();
        let spent = pair.spent();
        let flow = offices.pass('m', load).await;
        let outcome = pair.outcome(&flow, &offices, &spent);
        (outcome, disk)
    });
    outcome.memory_bytes = pair.peak_memory();
    pair.stop();
    outcome.disk_bytes = per_notice(pair.disk(), before, load.notices);
    outcome
}

impl Pair {
    fn outcome(&self, flow: &Flow, offices: &Offices, before: &Spent) -> Outcome {
        let after = self.spent();
        let notices = flow.load.notices as f64;
        let each = |spent: Duration| spent.as_secs_f64() * 1e6 / notices;
        let passed = after.passed.zip(before.passed);
        let (nodes, own) = (after.nodes - before.nodes, after.own - before.own);
        let [busy, total] = [0, 1].map(|it| after.machine[it] - before.machine[it]);
        let (accepted, handed) = flow.times();
        Outcome {
            system: "hongyan".into(),
            setting: SETTING.into(),
            notices: flow.load.notices,
            notice_bytes: offices.subscriber.notice_bytes,
            window: flow.load.window,
            per_second: flow.per_second(),
            accepted: Times::from(&accepted),
            handed: Times::from(&handed),
            cpu_us: each(nodes),
            generator_us: each(own),
            others: busy.saturating_sub(nodes + own).as_secs_f64() / total.as_secs_f64(),
            wire_bytes: passed.map(|(after, before)| (after - before) as f64 / notices),
            ..Outcome::default()
        }
    }
}

/// Runs the load generator: on one thread, so that it takes little of the machine. What it has
/// opened is closed when this returns: a node that stops would else wait for it.
pub fn block_on<T>(load: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(load)
}

pub fn per_notice(after: [u64; 2], before: [u64; 2], notices: u64) -> [f64; 2] {
    [0, 1].map(|it| after[it].saturating_sub(before[it]) as f64 / notices as f64)
}

/// A world on the disk that cargo builds to: a directory for temporary files may be no disk at all.
pub fn new_world() -> World {
    new_world_of(Build::Sound)
}

fn new_world_of(build: Build) -> World {
    World::within(Path::new(env!("CARGO_TARGET_TMPDIR")), build)
}

/// A day in the recent past, which every notice tells of.
pub fn event_date() -> String {
    let now = hongyan::clock::Clock::system().now_ms();
    let now = jiff::Timestamp::from_millisecond(now).unwrap();
    let day = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    day.saturating_sub(jiff::Span::new().days(9)).to_string()
}

/// What of a node's settings bears on the figures.
pub const SETTING: &str = "fdatasync before every answer";

/// The load before the first that counts.
pub const WARMING: Load = Load {
    notices: 2_000,
    window: 256,
    pace: None,
};
/// Notices of a run that only counts bytes.
const RELAYED: u64 = 20_000;
