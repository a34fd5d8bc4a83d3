//! Two nodes with nothing in them, and a load through them.

use std::{fs, path::Path, sync::Arc, time::Duration};

use super::{
    flow::{Flow, Load},
    harness::{
        County, GUANDU, JINJIANG, Node, World, free_port,
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
    nodes: [Node; 2],
    relay: Option<Relay>,
}

impl Pair {
    /// Makes and starts both.
    pub fn start() -> Self {
        let world = World::within(Path::new(env!("CARGO_TARGET_TMPDIR")));
        let counties = [world.county(JINJIANG), world.county(GUANDU)];
        Self::run(world, counties, None)
    }

    /// As [`Self::start`], with a relay between them that counts bytes.
    fn start_relayed() -> Self {
        let world = World::within(Path::new(env!("CARGO_TARGET_TMPDIR")));
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
        let nodes = [a.start(), b.start()];
        Self {
            _world: world,
            counties,
            nodes,
            relay,
        }
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

    fn cpu(&self) -> Duration {
        self.nodes.iter().map(|node| process::cpu(node.id())).sum()
    }

    fn disk(&self) -> [u64; 2] {
        self.counties
            .each_ref()
            .map(|county| process::disk(&county.dir.join("data")))
    }

    fn passed(&self) -> Option<u64> {
        let relay = self.relay.as_ref()?;
        Some(relay.passed(Way::There) + relay.passed(Way::Back))
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

/// Moves a load through two nodes that run, and stops them.
fn run(pair: &mut Pair, load: Load) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut outcome = runtime.block_on(through(pair, load));
    // Its connections end with it: a node that stops would wait for them.
    drop(runtime);
    let before = outcome.disk_bytes;
    outcome.memory_bytes = pair
        .nodes
        .each_ref()
        .map(|node| process::peak_memory(node.id()));
    pair.stop();
    let after = pair.disk().map(|bytes| bytes as f64);
    outcome.disk_bytes = [0, 1].map(|it| (after[it] - before[it]) / load.notices as f64);
    outcome
}

/// The load itself; `disk_bytes` is what lay there before it.
async fn through(pair: &Pair, load: Load) -> Outcome {
    let [from, to] = pair.counties.each_ref().map(|county| county.dir.clone());
    let office = Office::of(&from).await;
    let mut subscriber = Subscriber::open(&Office::of(&to).await).await;
    let warm = Load {
        notices: WARMING,
        window: load.window.min(WARMING),
        pace: None,
    };
    let today = event_date();
    let template = Arc::new(Template::new('w', &today));
    let flow = Flow::begin(warm);
    tokio::join!(
        office.publish(&flow, template),
        subscriber.take(&flow, warm.notices)
    );
    let disk = pair.disk().map(|bytes| bytes as f64);
    let (cpu, own, passed) = (pair.cpu(), process::cpu(std::process::id()), pair.passed());
    let template = Arc::new(Template::new('m', &today));
    let flow = Flow::begin(load);
    tokio::join!(
        office.publish(&flow, template),
        subscriber.take(&flow, load.notices)
    );
    assert!(flow.is_through());
    let each = |spent: Duration| spent.as_secs_f64() * 1e6 / load.notices as f64;
    let (accepted, handed) = flow.times();
    Outcome {
        system: "hongyan".into(),
        setting: "fdatasync before every answer, mutual TLS 1.3".into(),
        notices: load.notices,
        notice_bytes: subscriber.notice_bytes,
        window: load.window,
        per_second: load.notices as f64 / flow.seconds(),
        accepted: Times::from(&accepted),
        handed: Times::from(&handed),
        cpu_us: each(pair.cpu() - cpu),
        generator_us: each(process::cpu(std::process::id()) - own),
        disk_bytes: disk,
        wire_bytes: pair
            .passed()
            .zip(passed)
            .map(|(after, before)| (after - before) as f64 / load.notices as f64),
        ..Outcome::default()
    }
}

/// A day in the recent past, which every notice tells of.
pub fn event_date() -> String {
    let now = hongyan::clock::Clock::system().now_ms();
    let now = jiff::Timestamp::from_millisecond(now).unwrap();
    let day = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    day.saturating_sub(jiff::Span::new().days(9)).to_string()
}

/// The type of the file system that the nodes write to.
pub fn file_system() -> String {
    let directory = fs::canonicalize(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mounts = fs::read_to_string("/proc/mounts").unwrap();
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    });
    mounts
        .filter(|(at, _)| directory.starts_with(at))
        .max_by_key(|(at, _)| at.len())
        .map(|(_, kind)| kind)
        .unwrap_or_default()
}

/// Notices before the first that counts: connections, couriers and files are then in use.
const WARMING: u64 = 2_000;
/// Notices of a run that only counts bytes.
const RELAYED: u64 = 20_000;
