//! Moves synthetic notices between two node processes over mutual TLS, and says what that costs.
//!
//! `cargo bench --bench exchange` runs the short forms; `-- --help` tells what else there is.

#![allow(unreachable_pub, reason = "a bench is a crate of its own")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a bench fails by panicking, and measures by the system's clock"
)]

mod certificate;
mod floor;
#[path = "../common/flow.rs"]
mod flow;
#[path = "../../harness/mod.rs"]
mod harness;
#[path = "../common/histogram.rs"]
mod histogram;
#[path = "../common/notice.rs"]
#[allow(dead_code, reason = "the other program reads notices back")]
mod notice;
mod office;
mod pair;
mod peers;
#[path = "../common/process.rs"]
mod process;
mod raw;
mod report;
#[path = "../common/result.rs"]
mod result;
mod sealing;
mod steady;
mod stored;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use self::{
    certificate::certificates,
    flow::Load,
    pair::measure,
    peers::ten_peers,
    result::Outcome,
    sealing::sealing,
    steady::steady,
    stored::{backlog, full, reopen},
};

/// Moves notices between two nodes and prints what it costs.
#[derive(Parser)]
struct Arguments {
    /// Loads to run; the first three if none is named.
    loads: Vec<Name>,
    /// Notices of a load, instead of its own number.
    #[arg(long)]
    notices: Option<u64>,
    /// The long form of each load.
    #[arg(long)]
    long: bool,
    /// Also append each outcome to this file, a line of JSON each.
    #[arg(long)]
    results: Option<PathBuf>,
    /// Run nothing: write deploy/performance.md and its picture from those results.
    #[arg(long, requires = "results")]
    report: bool,
    /// What cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// As fast as the nodes take and hand over, and the floors of the same run.
    Saturation,
    /// 256 notices under way.
    #[value(name = "outstanding-256")]
    Outstanding256,
    /// 1,000 notices a second.
    #[value(name = "paced-1000")]
    Paced1000,
    /// Notices that waited for a peer: 100,000, long 1,000,000.
    Backlog,
    /// Killed with notices stored, opened again, the index rebuilt: 100,000, long 1,000,000.
    Reopen,
    /// The rate with notices stored: 200,000, long 5,000,000.
    Full,
    /// Ten peers of which one dies: 27,000 notices a round, long 270,000.
    TenPeers,
    /// 1,000 notices a second for five minutes, long an hour.
    Steady,
    /// Certificate queries, each answered before the next: 300, long 3,000.
    Certificate,
    /// Saturation by turns with what tells of people sealed, and with a node that does not seal it.
    Sealing,
}

impl Name {
    /// Notices of its short and its long form.
    const fn notices(self, long: bool) -> u64 {
        match (self, long) {
            (Self::Saturation | Self::Sealing, false) => 300_000,
            (Self::Outstanding256, false) => 200_000,
            (Self::Paced1000, false) => 20_000,
            (Self::Backlog | Self::Reopen, false) => 100_000,
            (Self::Full, false) => 200_000,
            (Self::TenPeers, false) => 27_000,
            (Self::Steady, false) => 300_000,
            (Self::Certificate, false) => 300,
            (Self::Saturation | Self::Sealing | Self::Outstanding256, true) => 1_000_000,
            (Self::Paced1000, true) => 60_000,
            (Self::Backlog | Self::Reopen, true) => 1_000_000,
            (Self::Full, true) => 5_000_000,
            (Self::TenPeers, true) => 270_000,
            (Self::Steady, true) => 3_600_000,
            (Self::Certificate, true) => 3_000,
        }
    }
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some(floor::SERVE) {
        let node = std::env::args().nth(2).unwrap();
        return floor::serve(node.as_ref());
    }
    let Arguments {
        mut loads,
        notices,
        long,
        results,
        report,
        bench: _,
    } = Arguments::parse();
    if report && let Some(results) = results {
        return report::write(&results);
    }
    if loads.is_empty() {
        loads = vec![Name::Saturation, Name::Outstanding256, Name::Paced1000];
    }
    Outcome::print_head();
    let tell = |outcome: &Outcome| {
        outcome.print();
        if let Some(results) = &results {
            outcome.keep(results);
        }
    };
    for name in loads {
        let notices = notices.unwrap_or_else(|| name.notices(long));
        let load = |window, pace| Load {
            notices,
            window,
            pace,
        };
        match name {
            Name::Saturation => saturation(load(8_192, None), tell),
            Name::Outstanding256 => {
                tell(&measure("outstanding-256", load(256, None), |_| {}));
            }
            Name::Paced1000 => {
                paced(load(notices, Some(1_000)), tell);
            }
            Name::Backlog => tell(&backlog(notices)),
            Name::Reopen => tell(&reopen(notices)),
            Name::Full => tell(&full(notices)),
            Name::TenPeers => tell(&ten_peers(notices)),
            Name::Steady => tell(&steady(notices / 1_000)),
            Name::Certificate => tell(&certificates(notices)),
            Name::Sealing => sealing(load(8_192, None), tell),
        }
    }
}

/// The saturation load, then its two floors.
fn saturation(load: Load, tell: impl Fn(&Outcome)) {
    let mut floors = Vec::new();
    let outcome = measure("saturation", load, |pair| {
        floors.push(floor::appended(pair, load));
        floors.push(floor::streamed(pair, load));
    });
    tell(&outcome);
    for floor in floors {
        tell(&floor);
        let share = outcome.per_second / floor.per_second;
        println!("{:22} saturation is {share:.2} of it", "");
    }
}

/// The paced load, then its floor.
fn paced(load: Load, tell: impl Fn(&Outcome)) {
    let mut floor = None;
    let outcome = measure("paced-1000", load, |pair| {
        floor = Some(floor::paced(pair, load, NOTICE_BYTES));
    });
    tell(&outcome);
    tell(&floor.unwrap());
}

/// Of a notice on disk, about.
const NOTICE_BYTES: usize = 800;
