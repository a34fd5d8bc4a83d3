//! Figures as the node tells them, made into what reports are made from.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    super::{
        exit::Failure,
        home::Home,
        language::{Language, both},
    },
    period::Period,
};
use crate::{
    domain::{
        area::AreaCode,
        indicator::{ByHand, Figures},
        month::Month,
    },
    office::client::{FiguresRow, FiguresTold},
    report::{Owes, Past, Report, Row, with_sums},
};

/// The days of a period of which something can be told. Says so where that is fewer.
///
/// # Errors
/// A fault of usage if none of them is over.
pub(super) fn over(
    asked: Period,
    told: &FiguresTold,
    language: Language,
) -> Result<Period, Failure> {
    let until = told.until;
    if until < asked.from {
        return Err(Failure::usage(both(
            format!("只统计到昨天（{until}）：所查日期都还没有过完。"),
            format!("figures go up to yesterday ({until}); none of these days is over"),
        )));
    }
    if until < asked.until {
        let sentence = both(
            format!("只统计到昨天（{until}）：今天到期的还可能按时反馈。"),
            format!(
                "only up to yesterday ({until}): what is due today may still be answered in time"
            ),
        );
        eprintln!("{}", language.of(&sentence));
    }
    Ok(Period {
        from: asked.from,
        until: asked.until.min(until),
    })
}

/// A report of a period that is over.
pub(super) fn report(
    home: &Home,
    told: &FiguresTold,
    area: Option<AreaCode>,
    Period { from, until }: Period,
    by_hand: ByHand,
    by_kind: bool,
) -> Report {
    let months = [from, until].map(Month::of);
    let within = |row: &&FiguresRow| (months[0]..=months[1]).contains(&row.month);
    let cells = told.rows.iter().filter(within).map(|row| Row {
        peer: Some(row.peer),
        side: side(row),
        kind: by_kind.then_some(row.kind),
        figures: row.figures.clone(),
    });
    Report {
        home: told.home,
        area: area.unwrap_or_else(|| told.home.into()),
        from,
        until,
        as_of_ms: home.clock.now_ms(),
        sandbox: home.config.mode.is_sandbox(),
        by_hand,
        rows: with_sums(cells.collect()),
    }
}

/// What all areas came to, month by month, up to a day.
pub(super) fn past(told: &FiguresTold, until: Date) -> Vec<Past> {
    let mut sums: BTreeMap<(Month, Owes), Figures> = BTreeMap::new();
    for row in &told.rows {
        if row.month <= Month::of(until) {
            *sums.entry((row.month, side(row))).or_default() += &row.figures;
        }
    }
    let past = |((month, side), figures)| Past {
        month,
        side,
        figures,
    };
    sums.into_iter().map(past).collect()
}

const fn side(row: &FiguresRow) -> Owes {
    if row.owed_here { Owes::We } else { Owes::They }
}
