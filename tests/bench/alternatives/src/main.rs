//! The work of the exchange bench on brokers that exist: two servers, mutual TLS between them and to
//! their clients, the same bytes, the same number under way.
//!
//! `tests/bench/run` installs the brokers and calls this in turn with the exchange bench.

#![allow(
    dead_code,
    reason = "of what it shares with the other bench it uses its part"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a bench measures by the system's clock"
)]

#[path = "../../common/flow.rs"]
mod flow;
#[path = "../../common/histogram.rs"]
mod histogram;
mod jetstream;
#[path = "../../common/notice.rs"]
mod notice;
mod pki;
#[path = "../../common/process.rs"]
mod process;
mod rabbitmq;
#[path = "../../../harness/relay.rs"]
mod relay;
#[path = "../../common/result.rs"]
mod result;
mod servers;

use std::{path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum};

use self::{
    flow::{Flow, Load},
    jetstream::JetStream,
    notice::Template,
    rabbitmq::RabbitMq,
    relay::Way,
    result::{Outcome, Times},
    servers::Servers,
};

/// Moves notices between two brokers and prints what it costs.
#[derive(Parser)]
struct Arguments {
    /// What moves them.
    system: System,
    /// Loads to run; all if none is named.
    loads: Vec<Name>,
    /// Notices of a load, instead of its own number.
    #[arg(long)]
    notices: Option<u64>,
    /// Where the brokers store what they move: a directory on a disk.
    #[arg(long)]
    within: PathBuf,
    /// Also append each outcome to this file, a line of JSON each.
    #[arg(long)]
    results: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum System {
    /// Two JetStream servers, the second a leaf that sources from the first; as they come, without
    /// a sync before they answer.
    Jetstream,
    /// The same on a store marked synchronous.
    JetstreamSync,
    /// Two RabbitMQ brokers with quorum queues and a shovel that confirms.
    Rabbitmq,
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    Saturation,
    #[value(name = "outstanding-256")]
    Outstanding256,
    #[value(name = "paced-1000")]
    Paced1000,
}

impl Name {
    fn load(self, notices: Option<u64>) -> Load {
        let (own, window, pace) = match self {
            Self::Saturation => (100_000, Some(8_192), None),
            Self::Outstanding256 => (100_000, Some(256), None),
            Self::Paced1000 => (20_000, None, Some(1_000)),
        };
        let notices = notices.unwrap_or(own);
        Load {
            notices,
            window: window.unwrap_or(notices),
            pace,
        }
    }
}

/// Connected clients: one publishes, one takes.
enum Clients {
    JetStream(Box<JetStream>),
    RabbitMq(Box<RabbitMq>),
}

impl Clients {
    async fn connect(system: System, servers: &Servers) -> Self {
        match system {
            System::Jetstream | System::JetstreamSync => {
                Self::JetStream(Box::new(JetStream::connect(servers).await))
            }
            System::Rabbitmq => Self::RabbitMq(Box::new(RabbitMq::connect(servers).await)),
        }
    }

    async fn pass(&mut self, flow: &std::sync::Arc<Flow>, template: &Template) {
        match self {
            Self::JetStream(clients) => clients.pass(flow, template).await,
            Self::RabbitMq(clients) => clients.pass(flow, template).await,
        }
        assert!(flow.is_through());
    }
}

fn main() {
    let Arguments {
        system,
        mut loads,
        notices,
        within,
        results,
    } = Arguments::parse();
    if loads.is_empty() {
        loads = Name::value_variants().to_vec();
    }
    Outcome::print_head();
    for name in loads {
        let load = name.load(notices);
        let mut outcome = measure(system, load, &within, false);
        let short = Load {
            notices: load.notices.min(RELAYED),
            ..load
        };
        outcome.wire_bytes = measure(system, short, &within, true).wire_bytes;
        let value = name.to_possible_value();
        outcome.load = value.map_or_else(String::new, |value| value.get_name().to_owned());
        outcome.print();
        if let Some(results) = &results {
            outcome.keep(results);
        }
    }
}

fn measure(system: System, load: Load, within: &std::path::Path, relayed: bool) -> Outcome {
    let mut servers = match system {
        System::Jetstream => jetstream::start(within, relayed, false),
        System::JetstreamSync => jetstream::start(within, relayed, true),
        System::Rabbitmq => rabbitmq::start(within, relayed),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut outcome = runtime.block_on(through(system, &servers, load));
    drop(runtime);
    let before = outcome.disk_bytes;
    outcome.memory_bytes = servers.peak_memory();
    servers.stop();
    let after = servers.disk();
    outcome.disk_bytes = [0, 1].map(|it| {
        let grown = after[it] as f64 - before[it];
        grown.max(0.0) / load.notices as f64
    });
    outcome
}

/// The load itself; `disk_bytes` is what lay there before it.
async fn through(system: System, servers: &Servers, load: Load) -> Outcome {
    let mut clients = Clients::connect(system, servers).await;
    let warm = Flow::begin(WARMING);
    clients.pass(&warm, &Template::new('w', GUANDU, DAY)).await;
    let disk = servers.disk().map(|bytes| bytes as f64);
    let own = || process::cpu(std::process::id());
    let passed = || {
        let relay = servers.relay.as_ref();
        relay.map(|relay| relay.passed(Way::There) + relay.passed(Way::Back))
    };
    let (cpu_before, own_before, passed_before) = (servers.cpu(), own(), passed());
    let machine_before = process::machine();
    let flow = Flow::begin(load);
    clients.pass(&flow, &Template::new('m', GUANDU, DAY)).await;
    let each = |spent: Duration| spent.as_secs_f64() * 1e6 / load.notices as f64;
    let (cpu, own) = (servers.cpu() - cpu_before, own() - own_before);
    let machine = process::machine();
    let [busy, total] = [0, 1].map(|it| machine[it] - machine_before[it]);
    let (accepted, handed) = flow.times();
    Outcome {
        system: system
            .to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned()),
        setting: servers.setting.clone(),
        notices: load.notices,
        notice_bytes: NOTICE_BYTES,
        window: load.window,
        per_second: flow.per_second(),
        accepted: Times::from(&accepted),
        handed: Times::from(&handed),
        cpu_us: each(cpu),
        generator_us: each(own),
        others: busy.saturating_sub(cpu + own).as_secs_f64() / total.as_secs_f64(),
        disk_bytes: disk,
        wire_bytes: passed()
            .zip(passed_before)
            .map(|(after, before)| (after - before) as f64 / load.notices as f64),
        ..Outcome::default()
    }
}

/// A notice as long as the one that a node hands over: what a node adds to a draft is here nothing
/// but bytes.
pub fn payload(template: &Template, number: u64) -> Vec<u8> {
    let mut bytes = template.bytes(number);
    bytes.resize(NOTICE_BYTES, b'.');
    bytes
}

const NOTICE_BYTES: usize = 615;
const GUANDU: &str = "530111";
/// Nobody here reads it.
const DAY: &str = "2026-01-01";
/// Notices of one acknowledgement, and how long one waits for its own: as in the exchange bench.
pub const ACKNOWLEDGE_AT: u64 = 256;
pub const ACKNOWLEDGE_WITHIN: Duration = Duration::from_millis(10);
const RELAYED: u64 = 20_000;
const WARMING: Load = Load {
    notices: 2_000,
    window: 256,
    pace: None,
};
