//! What a load came to: one line of JSON for whoever draws it, one row for whoever looks on.

use std::{collections::BTreeMap, fs::OpenOptions, io::Write as _, path::Path};

use serde::{Deserialize, Serialize};

/// One load on one system.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    pub system: String,
    pub load: String,
    /// What of the system's settings bears on the figures.
    pub setting: String,
    pub notices: u64,
    /// Of one notice as it is handed over.
    pub notice_bytes: usize,
    /// Notices under way at most.
    pub window: u64,
    pub per_second: f64,
    /// Publish to accepted, in microseconds.
    pub accepted: Times,
    /// Publish to handed over, in microseconds.
    pub handed: Times,
    /// Of both servers together.
    pub cpu_us: f64,
    /// Of the load generator.
    pub generator_us: f64,
    /// The most that each server had resident.
    pub memory_bytes: [u64; 2],
    /// A notice on each server's disk, once settled.
    pub disk_bytes: [f64; 2],
    /// A notice between the servers, both ways; nothing if not measured.
    pub wire_bytes: Option<f64>,
    /// Share of the machine that went to neither servers nor load: what else ran disturbs the figures.
    #[serde(default)]
    pub others: f64,
    /// What this load measures besides.
    #[serde(default)]
    pub figures: BTreeMap<String, f64>,
}

/// A distribution by its two usual figures, in microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Times {
    pub p50: f64,
    pub p99: f64,
}

impl From<&super::histogram::Histogram> for Times {
    fn from(times: &super::histogram::Histogram) -> Self {
        Self {
            p50: times.percentile(50.0),
            p99: times.percentile(99.0),
        }
    }
}

impl Outcome {
    /// Appends it to a file of results.
    pub fn keep(&self, results: &Path) {
        let line = serde_json::to_string(self).unwrap();
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(results)
            .unwrap();
        writeln!(file, "{line}").unwrap();
    }

    /// Prints the names of what [`Self::print`] prints.
    pub fn print_head() {
        println!(
            "{:22} {:>9} {:>9} {:>17} {:>17} {:>7} {:>7} {:>11} {:>11} {:>6}",
            "",
            "",
            "notices",
            "accepted, ms",
            "handed over, ms",
            "CPU",
            "load's",
            "memory, MB",
            "disk, B",
            "wire,"
        );
        println!(
            "{:22} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8} {:>7} {:>7} {:>5} {:>5} {:>5} {:>5} {:>6}",
            "load",
            "notices",
            "/s",
            "p50",
            "p99",
            "p50",
            "p99",
            "µs",
            "µs",
            "a",
            "b",
            "a",
            "b",
            "B"
        );
    }

    /// Prints it as a row; what was not measured is a dash.
    pub fn print(&self) {
        let shown = |value: f64, digits: usize| match value {
            0.0 => "-".to_owned(),
            value => format!("{value:.digits$}"),
        };
        let ms = |us: f64| shown(us / 1_000.0, 2);
        let mb = |bytes: u64| shown(bytes as f64 / 1e6, 0);
        let [disk_a, disk_b] = self.disk_bytes.map(|bytes| shown(bytes, 0));
        let [memory_a, memory_b] = self.memory_bytes.map(mb);
        println!(
            "{:22} {:>9} {:>9.0} {:>8} {:>8} {:>8} {:>8} {:>7} {:>7} {:>5} {:>5} {:>5} {:>5} {:>6}",
            self.load,
            self.notices,
            self.per_second,
            ms(self.accepted.p50),
            ms(self.accepted.p99),
            ms(self.handed.p50),
            ms(self.handed.p99),
            shown(self.cpu_us, 1),
            shown(self.generator_us, 1),
            memory_a,
            memory_b,
            disk_a,
            disk_b,
            shown(self.wire_bytes.unwrap_or_default(), 0),
        );
        println!("{:22} {}: {}", "", self.system, self.setting);
        for (name, value) in &self.figures {
            println!("{:22} {name}: {value:.2}", "");
        }
    }
}

/// The middle one, or the upper of the two in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
