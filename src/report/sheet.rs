//! Reports and lists as spreadsheets.

use std::io::{Seek, Write};

use super::{
    list::{Item, List},
    told::{Told, ToldRow},
    words,
};
use crate::{
    domain::{
        indicator::{Indicator, Unit, Value},
        language::Language,
    },
    ledger::out::{Column, CsvSheet, Rate, Sheet, Value as Cell, WriteError, XlsxSheet},
};

impl Told {
    /// As CSV.
    ///
    /// # Errors
    /// If the output fails.
    pub fn csv(&self, out: impl Write, language: Language) -> Result<(), WriteError> {
        csv(out, self.sheet(language), self.cells(language))
    }

    /// As xlsx.
    ///
    /// # Errors
    /// If the output fails.
    pub fn xlsx(&self, out: impl Write + Seek, language: Language) -> Result<(), WriteError> {
        xlsx(out, self.sheet(language), self.cells(language))
    }

    /// Every rate has its n beside it, and what is left out is named in a column of its own.
    fn sheet(&self, language: Language) -> Sheet {
        let mut columns = vec![
            Column::text(language.pick("方向", "side"), 16),
            Column::text(language.pick("地区", "area"), 20),
            Column::text(language.pick("类别", "kind"), 16),
        ];
        for indicator in self.told_of() {
            let label = language.word(indicator.label());
            match indicator.unit() {
                Unit::Rate => columns.push(Column::rate(label)),
                Unit::Count => columns.push(Column::whole(label)),
                Unit::WorkingDays => {
                    let parts = match language {
                        Language::Zh => ["中位（工作日）", "九成（工作日）", " n"],
                        Language::En => [" median, working days", " p90, working days", " n"],
                    };
                    columns.extend(parts.map(|part| Column::whole(format!("{label}{part}"))));
                }
            }
        }
        columns.push(Column::text(language.pick("略去", "left out"), 40));
        let (title, as_of) = (self.title(language), self.as_of(language));
        Sheet {
            title: match language {
                Language::Zh => format!("{title}，{as_of}"),
                Language::En => format!("{title}, {as_of}"),
            },
            sandbox: self.sandbox,
            columns,
        }
    }

    fn cells(&self, language: Language) -> impl Iterator<Item = Vec<Cell>> {
        self.rows.iter().map(move |row| {
            let text = |text: &str| Cell::Text(text.to_owned());
            let mut cells = vec![
                text(language.word(words::side(row.side))),
                Cell::Text(words::peer(row.peer, language)),
                text(words::kind(row.kind, language)),
            ];
            for indicator in self.told_of() {
                cells.extend(value_cells(indicator, row.value(indicator)));
            }
            cells.push(Cell::Text(self.gaps(row, language)));
            cells
        })
    }

    /// What is left out of a row.
    fn gaps(&self, row: &ToldRow, language: Language) -> String {
        let of = |gap: Value| {
            let left_out = self.told_of().filter(|it| row.value(*it) == gap);
            let names: Vec<_> = left_out.map(|it| language.word(it.label())).collect();
            let sign = words::value(gap, language);
            match language {
                Language::Zh if !names.is_empty() => Some(format!("{sign}：{}", names.join("、"))),
                Language::En if !names.is_empty() => Some(format!("{sign}: {}", names.join(", "))),
                _ => None,
            }
        };
        let gaps: Vec<_> = [of(Value::Fewer), of(Value::Withheld)]
            .into_iter()
            .flatten()
            .collect();
        gaps.join(language.pick("；", "; "))
    }
}

fn value_cells(indicator: Indicator, value: Value) -> Vec<Cell> {
    match (indicator.unit(), value) {
        (_, Value::Rate(rate)) => {
            vec![Rate::new(rate.part, rate.whole).map_or(Cell::Empty, Cell::Rate)]
        }
        (_, Value::Days { median, p90, n }) => {
            vec![
                Cell::Whole(median.into()),
                Cell::Whole(p90.into()),
                Cell::Whole(n),
            ]
        }
        (_, Value::Count(count)) => vec![Cell::Whole(count)],
        (Unit::WorkingDays, Value::Nothing) => vec![Cell::Empty, Cell::Empty, Cell::Whole(0)],
        (Unit::Count, Value::Nothing) => vec![Cell::Whole(0)],
        (Unit::WorkingDays, _) => vec![Cell::Empty; 3],
        (Unit::Rate | Unit::Count, _) => vec![Cell::Empty],
    }
}

impl List {
    /// As CSV.
    ///
    /// # Errors
    /// If the output fails.
    pub fn csv(&self, out: impl Write, language: Language) -> Result<(), WriteError> {
        csv(out, self.sheet(language), self.cells(language))
    }

    /// As xlsx.
    ///
    /// # Errors
    /// If the output fails, or there are more cases than a spreadsheet has lines.
    pub fn xlsx(&self, out: impl Write + Seek, language: Language) -> Result<(), WriteError> {
        xlsx(out, self.sheet(language), self.cells(language))
    }

    fn sheet(&self, language: Language) -> Sheet {
        let [case, notice, peer, side, kind, since, due, late, state] = self.headings(language);
        Sheet {
            title: self.title(language),
            sandbox: self.sandbox,
            columns: vec![
                Column::text(case, 36),
                Column::text(notice, 36),
                Column::text(peer, 20),
                Column::text(side, 8),
                Column::text(kind, 16),
                Column::day(since),
                Column::day(due),
                Column::whole(late),
                Column::text(state, 24),
            ],
        }
    }

    fn cells(&self, language: Language) -> impl Iterator<Item = Vec<Cell>> {
        self.items.iter().map(move |item| {
            let Item {
                case,
                notice,
                peer,
                side,
                kind,
                since,
                due,
                days_late,
                state: _,
                state_words,
            } = item;
            vec![
                Cell::Text(case.to_string()),
                Cell::Text(notice.to_string()),
                Cell::Text(peer.label()),
                Cell::Text(language.word(words::party(*side)).to_owned()),
                Cell::Text(words::kind(Some(*kind), language).to_owned()),
                Cell::Day(*since),
                due.map_or(Cell::Empty, Cell::Day),
                Cell::Whole((*days_late).into()),
                Cell::Text(language.of(state_words).to_owned()),
            ]
        })
    }
}

fn csv(
    out: impl Write,
    sheet: Sheet,
    rows: impl Iterator<Item = Vec<Cell>>,
) -> Result<(), WriteError> {
    let mut out = CsvSheet::begin(out, sheet)?;
    for row in rows {
        out.row(&row)?;
    }
    out.finish()
}

fn xlsx(
    out: impl Write + Seek,
    sheet: Sheet,
    rows: impl Iterator<Item = Vec<Cell>>,
) -> Result<(), WriteError> {
    let mut out = XlsxSheet::begin(out, sheet)?;
    for row in rows {
        out.row(&row)?;
    }
    out.finish()
}
