//! A report as it may be told.

use jiff::civil::Date;

use super::{Owes, words};
use crate::domain::{
    area::{AreaCode, County},
    calendar::minute,
    indicator::{Indicator, Value},
    language::Language,
    notice::Kind,
};

/// A report as it may be told: values, and none of the numbers that they were reckoned from. Made by
/// [`Report::told`](super::Report::told) alone.
#[derive(Clone, Debug)]
pub struct Told {
    pub(super) home: County,
    pub(super) area: AreaCode,
    pub(super) from: Date,
    pub(super) until: Date,
    pub(super) as_of_ms: i64,
    pub(super) sandbox: bool,
    pub(super) rows: Vec<ToldRow>,
}

/// The values of a cell.
#[derive(Clone, Debug)]
pub(super) struct ToldRow {
    pub(super) peer: Option<County>,
    pub(super) side: Owes,
    pub(super) kind: Option<Kind>,
    /// One for each indicator.
    pub(super) values: Vec<(Indicator, Value)>,
}

impl ToldRow {
    pub(super) fn value(&self, indicator: Indicator) -> Value {
        let found = self.values.iter().find(|(it, _)| *it == indicator);
        found.map_or(Value::NotKnown, |(_, value)| *value)
    }

    /// Whether it is a row of all.
    pub(super) const fn is_whole(&self) -> bool {
        self.peer.is_none() && self.kind.is_none()
    }
}

impl Told {
    /// The rows of all and those of one other area. What the whole leaves out stays left out.
    #[must_use]
    pub fn of_peer(mut self, peer: County) -> Self {
        self.rows
            .retain(|row| row.is_whole() || row.peer == Some(peer));
        self
    }

    /// How many rows it has.
    pub const fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The row of all of a side.
    pub(super) fn whole(&self, side: Owes) -> Option<&ToldRow> {
        let mut rows = self.rows.iter();
        rows.find(|row| row.side == side && row.is_whole())
    }

    /// The rows of a side below that.
    pub(super) fn parts(&self, side: Owes) -> impl Iterator<Item = &ToldRow> {
        let rows = self.rows.iter();
        rows.filter(move |row| row.side == side && !row.is_whole())
    }

    /// The value of the row of all of a side.
    pub(super) fn overall(&self, side: Owes, indicator: Indicator) -> Value {
        self.whole(side)
            .map_or(Value::Nothing, |row| row.value(indicator))
    }

    /// Whether anything was left out.
    pub(super) fn has_gaps(&self) -> bool {
        let mut values = self.rows.iter().flat_map(|row| &row.values);
        values.any(|(_, value)| matches!(value, Value::Fewer | Value::Withheld))
    }

    /// What it is called: what of, and of which days.
    pub(super) fn title(&self, language: Language) -> String {
        let area = words::area(self.area);
        let Self { from, until, .. } = self;
        match language {
            Language::Zh => format!("{area} 信息交换指标（{from}至{until}）"),
            Language::En => format!("{area}: exchange in figures, {from} to {until}"),
        }
    }

    /// When it was counted.
    pub(super) fn as_of(&self, language: Language) -> String {
        let at = minute(self.as_of_ms);
        match language {
            Language::Zh => format!("统计时间：{at}"),
            Language::En => format!("counted at {at}"),
        }
    }
}
