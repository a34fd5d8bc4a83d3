//! Printing answers, and counting them.

use std::{io, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    super::{language::both, output::Output},
    answer::{Line, Place, Verdict},
};
use crate::ledger::Summary;

/// Prints every answer at once where objects are wanted, else the refused ones in the end.
pub(super) struct Printer {
    output: Output,
    bar: ProgressBar,
    refused: Vec<(Place, Verdict)>,
    accepted: u64,
    repeated: u64,
    refusals: u64,
    unknown: u64,
    unknown_columns: Vec<String>,
    unanswered: u64,
}

impl Printer {
    pub(super) fn new(output: Output) -> Self {
        // Draws nothing where standard error is no terminal.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} {msg} {per_sec} {elapsed}")
        {
            bar.set_style(style);
        }
        bar.set_message(output.language.pick("行", "rows"));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            output,
            bar,
            refused: Vec::new(),
            accepted: 0,
            repeated: 0,
            refusals: 0,
            unknown: 0,
            unknown_columns: Vec::new(),
            unanswered: 0,
        }
    }

    /// Prints the answer to a row.
    pub(super) fn answer(&mut self, place: Place, verdict: Verdict) -> io::Result<()> {
        self.bar.inc(1);
        match &verdict {
            Verdict::Accepted(_) => self.accepted += 1,
            Verdict::Repeated(_) => self.repeated += 1,
            Verdict::Refused(_) => self.refusals += 1,
        }
        if self.output.is_json() {
            return self
                .bar
                .suspend(|| self.output.object(&Line::new(&place, &verdict)));
        }
        if matches!(verdict, Verdict::Refused(_)) && self.refused.len() < SHOWN {
            self.refused.push((place, verdict));
        }
        Ok(())
    }

    /// Counts rows whose outcome is not known.
    pub(super) fn unknown(&mut self, rows: usize) {
        self.unknown = self.unknown.saturating_add(rows as u64);
    }

    /// Notes columns that no field was found for, and notices that are not answered yet.
    pub(super) fn noticed(&mut self, summary: Summary) {
        let Summary {
            unknown_columns,
            unanswered,
        } = summary;
        self.unanswered = self.unanswered.saturating_add(unanswered);
        for column in unknown_columns {
            if !self.unknown_columns.contains(&column) {
                self.unknown_columns.push(column);
            }
        }
    }

    /// Rows accepted, repeated, refused, unknown.
    #[cfg(test)]
    pub(super) const fn counted(&self) -> [u64; 4] {
        [self.accepted, self.repeated, self.refusals, self.unknown]
    }

    /// Whether there is anything to sum up.
    pub(super) const fn any(&self) -> bool {
        self.accepted + self.repeated + self.refusals + self.unknown > 0
    }

    /// Whether any row was refused.
    pub(super) const fn any_refused(&self) -> bool {
        self.refusals > 0
    }

    /// Says what became of everything.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.bar.finish_and_clear();
        if !self.output.is_json() && !self.refused.is_empty() {
            self.table()?;
        }
        let Self {
            accepted,
            repeated,
            refusals,
            unknown,
            unanswered,
            ..
        } = self;
        if !self.unknown_columns.is_empty() {
            let zh = self.unknown_columns.join("、");
            let en = self.unknown_columns.join(", ");
            self.output.say(&both(
                format!("未识别的列（不发送）：{zh}"),
                format!("columns not known, which do not travel: {en}"),
            ))?;
        }
        if *unanswered > 0 {
            self.output.say(&both(
                format!("反馈结果未填，未报送 {unanswered} 条"),
                format!("{unanswered} left out: their outcome is not filled in"),
            ))?;
        }
        self.output.say(&both(
            format!("接受 {accepted}，重复 {repeated}，拒绝 {refusals}，结果不明 {unknown}"),
            format!(
                "{accepted} accepted, {repeated} repeated, {refusals} refused, {unknown} unknown"
            ),
        ))
    }

    fn table(&self) -> io::Result<()> {
        let mut table =
            self.output
                .table(&[("工作表", "sheet"), ("行", "line"), ("问题", "problem")]);
        for (place, verdict) in &self.refused {
            let Verdict::Refused(problems) = verdict else {
                continue;
            };
            let sentences: Vec<&str> = problems
                .iter()
                .map(|told| {
                    self.output
                        .language
                        .pick(told.zh.as_str(), told.en.as_str())
                })
                .collect();
            table.add_row([
                place.sheet.clone().unwrap_or_default(),
                place.line.to_string(),
                sentences.join("\n"),
            ]);
        }
        self.output.line(&table.to_string())?;
        let more = self.refusals.saturating_sub(self.refused.len() as u64);
        if more > 0 {
            self.output.say(&both(
                format!("另有 {more} 行被拒绝未列出；用 --format json 可得全部。"),
                format!("{more} more refused rows are not shown; --format json gives all"),
            ))?;
        }
        Ok(())
    }
}

/// Refused rows that a person is shown.
const SHOWN: usize = 1_000;
