//! From results to `deploy/performance.md` and its picture: no figure is copied by hand.

mod goals;
mod machine;
mod page;
mod picture;

use std::{collections::BTreeMap, fs, path::Path};

use super::result::{Outcome, Times, median};

/// The medians of all outcomes of a system on a load.
pub struct Results(Vec<Median>);

/// One system on one load.
pub struct Median {
    pub outcome: Outcome,
    pub runs: usize,
}

/// Writes both files.
pub fn write(results: &Path) {
    let results = Results::read(results);
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    fs::write(deploy.join("performance.md"), page::page(&results)).unwrap();
    fs::write(deploy.join("performance.svg"), picture::picture(&results)).unwrap();
}

impl Results {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut groups = BTreeMap::<(String, String), Vec<Outcome>>::new();
        for line in text.lines() {
            let outcome: Outcome = serde_json::from_str(line).unwrap();
            let key = (outcome.system.clone(), outcome.load.clone());
            groups.entry(key).or_default().push(outcome);
        }
        Self(groups.into_values().map(Median::of).collect())
    }

    pub fn get(&self, system: &str, load: &str) -> Option<&Outcome> {
        let mut all = self.0.iter().map(|median| &median.outcome);
        all.find(|it| it.system == system && it.load == load)
    }

    pub fn of_load<'a>(&'a self, load: &'a str) -> impl Iterator<Item = &'a Median> {
        self.0.iter().filter(move |it| it.outcome.load == load)
    }
}

impl Median {
    fn of(outcomes: Vec<Outcome>) -> Self {
        let last = outcomes.last().cloned().unwrap_or_default();
        let of = |value: &dyn Fn(&Outcome) -> f64| median(outcomes.iter().map(value).collect());
        let times = |value: &dyn Fn(&Outcome) -> Times| Times {
            p50: of(&|it| value(it).p50),
            p99: of(&|it| value(it).p99),
        };
        let figures = last.figures.keys().map(|name| {
            let value = of(&|it| it.figures.get(name).copied().unwrap_or_default());
            (name.clone(), value)
        });
        let outcome = Outcome {
            per_second: of(&|it| it.per_second),
            accepted: times(&|it| it.accepted),
            handed: times(&|it| it.handed),
            cpu_us: of(&|it| it.cpu_us),
            generator_us: of(&|it| it.generator_us),
            memory_bytes: [0, 1].map(|place| of(&|it| it.memory_bytes[place] as f64) as u64),
            disk_bytes: [0, 1].map(|place| of(&|it| it.disk_bytes[place])),
            wire_bytes: last
                .wire_bytes
                .map(|_| of(&|it| it.wire_bytes.unwrap_or_default())),
            others: of(&|it| it.others),
            figures: figures.collect(),
            ..last.clone()
        };
        Self {
            outcome,
            runs: outcomes.len(),
        }
    }
}
