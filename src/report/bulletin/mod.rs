//! The bulletin (通报): a month of a home area as one page that needs nothing else.
//!
//! It is HTML with its style and its charts inside, without a script, and its own head forbids it to
//! load anything. It is made to be read on a screen, on a telephone and on paper (A4), in Chinese or in
//! English. That of a sandbox says so at its head, across every page and in its title.

mod chart;
mod page;

use jiff::ToSpan;

use super::{Owes, Report, told::Told};
use crate::domain::{
    indicator::{ByHand, Figures, Indicator, Value},
    language::Language,
    month::Month,
};

pub(super) use self::chart::Drawing;
pub use self::chart::NotDrawn;

/// A month of a home area, with those before it.
#[derive(Clone, Debug)]
pub struct Bulletin {
    /// The month: its last day is that of the report. Rows of single kinds are passed over.
    pub report: Report,
    /// What all areas came to in the months before and in this one; the last twelve are shown.
    pub past: Vec<Past>,
}

/// What all areas came to in a month.
#[derive(Clone, Debug)]
pub struct Past {
    /// The month.
    pub month: Month,
    /// Who owed.
    pub side: Owes,
    /// What was counted.
    pub figures: Figures,
}

impl Bulletin {
    /// The page.
    ///
    /// # Errors
    /// [`NotDrawn`] by a fault of ours.
    pub fn html(&self, language: Language) -> Result<String, NotDrawn> {
        page::page(self, &self.told(), language)
    }

    /// What is told in it. Rows that it does not show must not decide what it leaves out.
    fn told(&self) -> Told {
        let mut report = self.report.clone();
        report.rows.retain(|row| row.kind.is_none());
        report.told()
    }

    /// The months that are shown, the earliest first, with both rates in thousandths; none where
    /// nothing is told. Begins with the first month that is known, twelve at most.
    pub(super) fn months(&self, side: Owes) -> Vec<(Month, [Option<u64>; 2])> {
        let last = self.report.until.first_of_month();
        let months = (0..MONTHS).rev();
        months
            .map(|back| Month::of(last.saturating_sub(back.months())))
            .map(|month| {
                let mut past = self.past.iter();
                let past = past.find(|past| past.month == month && past.side == side);
                (month, past)
            })
            .skip_while(|(_, past)| past.is_none())
            .map(|(month, past)| {
                let rates = RATES.map(|rate| {
                    let figures = &past?.figures;
                    thousandths(figures.value(rate, ByHand::default()))
                });
                (month, rates)
            })
            .collect()
    }
}

/// What the charts show.
const RATES: [Indicator; 2] = [Indicator::FeedbackRate, Indicator::OnTimeFeedbackRate];

fn thousandths(value: Value) -> Option<u64> {
    match value {
        Value::Rate(rate) => rate.thousandths(),
        Value::Days { .. }
        | Value::Count(_)
        | Value::Nothing
        | Value::Fewer
        | Value::Withheld
        | Value::NotKnown => None,
    }
}

const MONTHS: i64 = 12;
