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

mod floor;
#[path = "../common/flow.rs"]
mod flow;
#[path = "../../harness/mod.rs"]
mod harness;
#[path = "../common/histogram.rs"]
mod histogram;
#[path = "../common/notice.rs"]
mod notice;
mod office;
mod pair;
#[path = "../common/process.rs"]
mod process;
mod raw;
#[path = "../common/result.rs"]
mod result;

use std::{path::PathBuf, sync::Arc};

use clap::{Parser, ValueEnum};

use self::{
    floor::Groups,
    flow::Load,
    notice::Template,
    pair::{event_date, file_system, measure},
    result::{Outcome, Times},
};

/// Moves notices between two nodes and prints what it costs.
#[derive(Parser)]
struct Arguments {
    /// Loads to run; all of the short ones if none is named.
    loads: Vec<Name>,
    /// Notices of a load, instead of its own number.
    #[arg(long)]
    notices: Option<u64>,
    /// Also append each outcome to this file, a line of JSON each.
    #[arg(long)]
    results: Option<PathBuf>,
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
}

impl Name {
    fn load(self) -> Load {
        match self {
            Self::Saturation => Load {
                notices: 300_000,
                window: 8_192,
                pace: None,
            },
            Self::Outstanding256 => Load {
                notices: 200_000,
                window: 256,
                pace: None,
            },
            Self::Paced1000 => Load {
                notices: 20_000,
                window: 20_000,
                pace: Some(1_000),
            },
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
        results,
        bench: _,
    } = Arguments::parse();
    if loads.is_empty() {
        loads = Name::value_variants().to_vec();
    }
    println!("nodes write to {}", file_system());
    Outcome::print_head();
    let tell = |outcome: &Outcome| {
        outcome.print();
        if let Some(results) = &results {
            outcome.keep(results);
        }
    };
    for name in loads {
        let mut load = name.load();
        load.notices = notices.unwrap_or(load.notices);
        match name {
            Name::Saturation => saturation(load, tell),
            Name::Outstanding256 => tell(&measure("outstanding-256", load, |_| {})),
            Name::Paced1000 => tell(&measure("paced-1000", load, |_| {})),
        }
    }
}

/// The saturation load, then its two floors.
fn saturation(load: Load, tell: impl Fn(&Outcome)) {
    let mut floors = Vec::new();
    let outcome = measure("saturation", load, |pair| {
        let journals = pair.counties.each_ref().map(|county| {
            let groups = Groups::of(&county.dir);
            (groups, county.dir.clone())
        });
        let groups = journals.iter().map(|(groups, _)| groups.count());
        let groups = groups.map(|count| count.to_string()).collect::<Vec<_>>();
        let seconds = floor::append(&journals);
        floors.push(Outcome {
            load: "floor-append".into(),
            setting: format!("{} groups", groups.join(" and ")),
            per_second: load.notices as f64 / seconds,
            ..Outcome::default()
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let template = Arc::new(Template::new('f', &event_date()));
        let node = &pair.counties[0].dir;
        let own = process::cpu(std::process::id());
        let flow = runtime.block_on(floor::stream(node, load, template));
        let own = process::cpu(std::process::id()) - own;
        let (accepted, handed) = flow.times();
        floors.push(Outcome {
            load: "floor-stream".into(),
            setting: "a bare tonic stream, the same TLS, no store".into(),
            per_second: load.notices as f64 / flow.seconds(),
            accepted: Times::from(&accepted),
            handed: Times::from(&handed),
            generator_us: own.as_secs_f64() * 1e6 / load.notices as f64,
            ..Outcome::default()
        });
    });
    tell(&outcome);
    for mut floor in floors {
        floor.system = "floor".into();
        floor.notices = load.notices;
        floor.window = load.window;
        tell(&floor);
        println!(
            "{:22} {:.2} of it ({})",
            "",
            outcome.per_second / floor.per_second,
            floor.setting
        );
    }
}
