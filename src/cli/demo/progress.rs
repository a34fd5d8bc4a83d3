//! Progress for people, on standard error: bars on a terminal, else a line a second.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::time::Instant;

use super::tally::Standing;
use crate::{cli::language::Language, domain::problem::Sentence};

/// Where progress is shown.
pub(super) struct Progress {
    language: Language,
    bars: Option<Bars>,
    last: Option<Instant>,
}

struct Bars {
    all: MultiProgress,
    each: [ProgressBar; 4],
}

impl Progress {
    pub(super) fn new(language: Language) -> Self {
        Self {
            language,
            bars: io::stderr().is_terminal().then(|| Bars::new(language)),
            last: None,
        }
    }

    /// Shows how far everything has come.
    pub(super) fn show(&mut self, standing: &Standing) {
        let now = Instant::now();
        let pause = if self.bars.is_some() { QUICK } else { SLOW };
        if self.last.is_some_and(|last| now < last + pause) {
            return;
        }
        self.last = Some(now);
        let steps = steps(standing);
        match &self.bars {
            Some(bars) => bars.set(steps),
            None => {
                let parts = steps.iter().zip(NAMES).map(|((done, all), name)| {
                    let name = self.language.pick(name.0, name.1);
                    format!("{name} {done}/{all}")
                });
                let stamp = self.language.pick("[测试]", "[sandbox]");
                tell(&format!("{stamp} {}", parts.collect::<Vec<_>>().join("  ")));
            }
        }
    }

    /// Tells what happens.
    pub(super) fn say(&self, sentence: &Sentence) {
        let stamp = self.language.pick("[测试]", "[sandbox]");
        let line = format!("{stamp} {}", self.language.of(sentence));
        match &self.bars {
            // A terminal that is gone needs no progress.
            Some(bars) => drop(bars.all.println(line)),
            None => tell(&line),
        }
    }

    /// Leaves the last state standing.
    pub(super) fn finish(&mut self, standing: &Standing) {
        self.last = None;
        self.show(standing);
        if let Some(bars) = self.bars.take() {
            bars.each.iter().for_each(ProgressBar::abandon);
        }
    }
}

impl Bars {
    fn new(language: Language) -> Self {
        let all = MultiProgress::new();
        let style = ProgressStyle::with_template(TEMPLATE)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━╸─");
        let each = NAMES.map(|(zh, en)| {
            let bar = all.add(ProgressBar::new(0).with_style(style.clone()));
            bar.set_prefix(language.pick(zh, en));
            bar
        });
        Self { all, each }
    }

    fn set(&self, steps: [(u64, u64); 4]) {
        for (bar, (done, all)) in self.each.iter().zip(steps) {
            bar.set_length(all);
            bar.set_position(done);
        }
    }
}

/// How many of how many are published, stored, handed over, answered. Answers are stored too.
fn steps(standing: &Standing) -> [(u64, u64); 4] {
    let total = standing.total();
    let all = total.expected;
    [
        (total.accepted, all),
        (standing.stored, all.saturating_mul(2)),
        (total.handed, all),
        (total.answered, all),
    ]
}

/// Progress that nobody can see is no fault.
fn tell(line: &str) {
    drop(writeln!(io::stderr().lock(), "{line}"));
}

const NAMES: [(&str, &str); 4] = [
    ("已发布", "published"),
    ("已入库（含反馈）", "stored, with answers"),
    ("已交办", "handed over"),
    ("已反馈", "answered"),
];
const TEMPLATE: &str = "{prefix:>20} {bar:40.cyan/blue} {pos}/{len} {elapsed}";
const QUICK: Duration = Duration::from_millis(100);
const SLOW: Duration = Duration::from_secs(1);
