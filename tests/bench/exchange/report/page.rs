//! The page for whoever wants to know, or to run it again.

use super::{
    Median, Results,
    goals::{counted, figure, goals},
    machine::machine,
};
use crate::result::Outcome;

/// The whole page.
pub fn page(results: &Results) -> String {
    let mut page = format!(
        "# Performance\n\n\
         This page and its picture are written by the bench from what it measured; change nothing here by \
         hand.\n\n\
         ![Notices a second and times, beside other systems](performance.svg)\n\n\
         **Machine**: {}. Both servers and the load share it. {}\n\n\
         ## To run it again\n\n{AGAIN}\n\
         ## What is measured\n\n{MEASURED}\n",
        machine(),
        runs(results)
    );
    page.push_str(&format!("## Results\n\n{HEAD}"));
    for load in LOADS {
        let mut all: Vec<_> = results.of_load(load).collect();
        all.sort_by(|a, b| b.outcome.per_second.total_cmp(&a.outcome.per_second));
        page.extend(all.into_iter().map(|it| row(&it.outcome)));
    }
    page.push_str("\nAnd besides:\n\n");
    for load in LOADS {
        let own = results.get("hongyan", load);
        page.extend(own.filter(|it| !it.figures.is_empty()).map(story));
    }
    page.push_str(
        "\n## Goals\n\n| what | goal | measured | the disk alone | |\n|---|--:|--:|--:|---|\n",
    );
    for goal in goals(results) {
        let (value, reached) = match goal.measured {
            None => ("–".to_owned(), "not measured"),
            Some((value, true)) => (value, "reached"),
            Some((value, false)) => (value, "**missed**"),
        };
        page.push_str(&format!(
            "| {} | {} | {value} | {} | {reached} |\n",
            goal.what,
            goal.bound,
            goal.floor.as_deref().unwrap_or_default()
        ));
    }
    page.push_str(&format!("\n## Settings\n\n{}", settings(results)));
    page
}

fn row(outcome: &Outcome) -> String {
    let ms = |us: f64| {
        if us > 0.0 {
            figure(us / 1e3)
        } else {
            "–".into()
        }
    };
    let shown = |value: f64| {
        if value > 0.0 {
            figure(value)
        } else {
            "–".into()
        }
    };
    let both = |values: [f64; 2]| match values {
        [0.0, 0.0] => "–".to_owned(),
        values => values.map(shown).join(" + "),
    };
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        outcome.load,
        outcome.system,
        counted(outcome.notices),
        shown(outcome.per_second),
        ms(outcome.accepted.p50),
        ms(outcome.accepted.p99),
        ms(outcome.handed.p50),
        ms(outcome.handed.p99),
        shown(outcome.cpu_us),
        both(outcome.memory_bytes.map(|bytes| bytes as f64 / 1e6)),
        both(outcome.disk_bytes),
        shown(outcome.wire_bytes.unwrap_or_default()),
    )
}

/// What a load measures besides, as an item of a list.
fn story(outcome: &Outcome) -> String {
    let named = outcome.figures.iter();
    let figures: Vec<_> = named
        .map(|(name, value)| format!("{name}: {}", figure(*value)))
        .collect();
    format!(
        "- **{}**, {} notices. {}.\n",
        outcome.load,
        counted(outcome.notices),
        figures.join("; ")
    )
}

fn settings(results: &Results) -> String {
    let loads = [
        "floor-append",
        "floor-stream",
        "floor-paced",
        "outstanding-256",
    ];
    let all = loads.into_iter().flat_map(|load| results.of_load(load));
    all.map(|Median { outcome, .. }| {
        let name = match outcome.system.as_str() {
            "floor" => &outcome.load,
            system => system,
        };
        format!("- {name}: {}\n", outcome.setting)
    })
    .collect()
}

fn runs(results: &Results) -> String {
    let of_all = || results.of_load("outstanding-256");
    let least = of_all().map(|it| it.runs).min().unwrap_or_default();
    let runs = match least {
        1 => "One run of each.".to_owned(),
        runs => {
            format!("Medians of {runs} runs of each or more, one system after another in turn.")
        }
    };
    let others = of_all().map(|it| it.outcome.others).fold(0.0, f64::max);
    let others = format!(
        "Up to {:.0} % of the machine went to other work meanwhile",
        others * 100.0
    );
    if of_all().all(|it| it.outcome.others <= UNDISTURBED) {
        format!("{runs} {others}, the kernel's writing included.")
    } else {
        format!("{runs} **Provisional**: {others}.")
    }
}

/// Share of a machine that its kernel may take for itself.
const UNDISTURBED: f64 = 0.15;

const LOADS: [&str; 12] = [
    "floor-append",
    "floor-stream",
    "floor-paced",
    "saturation",
    "outstanding-256",
    "paced-1000",
    "backlog",
    "reopen",
    "full",
    "ten-peers",
    "steady",
    "certificate",
];

const HEAD: &str = "| load | system | notices | notices/s | accepted p50, ms | p99 | handed over p50, ms | p99 | CPU, µs a notice | memory, MB | disk, B a notice | wire, B a notice |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";

const AGAIN: &str = "\
```sh
cargo bench --bench exchange                   # saturation and 1,000/s with their floors, 256 under way
cargo bench --bench exchange -- --help         # the other loads, their long forms
tests/bench/run                                # everything, with the alternatives, and this page
HONGYAN_ROUNDS=5 HONGYAN_LONG=1 tests/bench/run
```

`tests/bench/run` installs `nats-server` and `rabbitmq-server` from Debian and needs root and ext4 for the
store marked synchronous. Nothing else may run on the machine meanwhile.
";

const MEASURED: &str = "\
Synthetic notices of some 600 bytes go from a client of one server to a client of the other. Servers are
processes of their own on loopback, with mutual TLS between each other and to their clients. A notice is
*under way* until it is both accepted by the first server and handed over by the second; only so many are at
once. At 1,000/s each is timed from the moment when it was due. The subscriber acknowledges every 256 notices
or 10 ms. *Saturation* has 8,192 under way, *outstanding-256* has 256; *certificate* asks one certificate
query after another and times each from question to answer. Memory, disk and CPU are those of
the servers alone: memory the most that each had resident, disk the allocated blocks of its data directory once it has stopped, CPU of both together. Wire is what a relay
between the servers counts both ways, in a run of its own. The brokers carry opaque bytes of the same number;
a node also judges, signs and chains every notice and keeps each in order and once, which they do not.
";
