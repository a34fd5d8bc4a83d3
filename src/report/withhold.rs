//! What is left out of a report, so that nothing in it tells of fewer than five.
//!
//! It is not enough to leave out each number from 1 to 4. Where the sum of several rows is told and
//! all of them but one, that one can be worked out; where two are left out whose sum is 2, both can.
//! So of each sum that is told with some of its rows left out, there have to be at least two of these,
//! and so many in them that each could, for all that a reader can tell, be five or more; else the
//! smallest of the others is left out too, and when there is none the sum itself.
//!
//! The smallest goes rather than the sum, because the sum is what an area is judged by and compared
//! with other months, and what the smallest row told is still in it. Which is the smallest is asked of
//! the rows once and not for each indicator anew: else a row that goes by the one would stay by the
//! other, and show about how many were left out. A zero is always told: it is nobody. A reader is not shown which of the rows of such a sum are below five ([`Value::Withheld`]);
//! where no sum is told that a row belongs to, it may be said that it is ([`Value::Fewer`]).
//!
//! What is guarded is the number of which a value is (n), as the field's rules have it, and each sum
//! by itself. Two reports of overlapping periods or areas are not held against each other.

use super::{
    Owes, Report, Row,
    told::{Told, ToldRow},
};
use crate::domain::{
    case::Rate,
    indicator::{ByHand, Indicator, Value},
};

pub(super) fn told(report: &Report) -> Told {
    let mut rows: Vec<ToldRow> = Vec::new();
    for side in Owes::ALL {
        let of_side: Vec<&Row> = report.rows.iter().filter(|row| row.side == side).collect();
        let sums = sums(&of_side);
        let sizes: Vec<Size> = of_side.iter().map(|row| size(row)).collect();
        let by_hand: Vec<ByHand> = of_side.iter().map(|row| entered(report, row)).collect();
        let mut values: Vec<Vec<(Indicator, Value)>> = vec![Vec::new(); of_side.len()];
        for indicator in Indicator::ALL {
            let cells = || of_side.iter().zip(&by_hand);
            let bases: Vec<u64> = cells()
                .map(|(row, by_hand)| row.figures.basis(indicator, *by_hand))
                .collect();
            let fates = fates(&bases, &sizes, &sums);
            for (((row, by_hand), fate), values) in cells().zip(fates).zip(&mut values) {
                let value = match fate {
                    Fate::Told => row.figures.value(indicator, *by_hand),
                    Fate::Fewer => Value::Fewer,
                    Fate::Withheld => Value::Withheld,
                };
                values.push((indicator, value));
            }
        }
        rows.extend(of_side.iter().zip(values).map(|(row, values)| ToldRow {
            peer: row.peer,
            side,
            kind: row.kind,
            values,
        }));
    }
    Told {
        home: report.home,
        area: report.area,
        from: report.from,
        until: report.until,
        as_of_ms: report.as_of_ms,
        sandbox: report.sandbox,
        rows,
    }
}

/// What people entered goes with the rows of all: what is registered with what the area told, which
/// is what the others owe an answer to; those who are thought to live here with those who do.
const fn entered(report: &Report, row: &Row) -> ByHand {
    let ByHand {
        registered,
        estimated,
    } = report.by_hand;
    match (row.side, row.peer, row.kind) {
        (Owes::They, None, None) => ByHand {
            registered,
            estimated: None,
        },
        (Owes::We, None, None) => ByHand {
            registered: None,
            estimated,
        },
        _ => ByHand {
            registered: None,
            estimated: None,
        },
    }
}

/// A row that is the sum of others, by their places.
struct Sum {
    whole: usize,
    parts: Vec<usize>,
}

/// How large a row is beside others: by what was due, then by what was sent.
type Size = (u64, u64);

const fn size(row: &Row) -> Size {
    (row.figures.owed.to_answer, row.figures.sent)
}

/// What becomes of a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Told,
    Fewer,
    Withheld,
}

/// The sums among rows of one side: over the peers, and over the kinds.
fn sums(rows: &[&Row]) -> Vec<Sum> {
    let mut sums = Vec::new();
    for (whole, row) in rows.iter().enumerate() {
        let parts = |of: &dyn Fn(&Row) -> bool| {
            let places = rows.iter().enumerate().filter(|(_, part)| of(part));
            places.map(|(place, _)| place).collect::<Vec<_>>()
        };
        if row.peer.is_none() {
            let parts = parts(&|part| part.peer.is_some() && part.kind == row.kind);
            sums.push(Sum { whole, parts });
        }
        if row.kind.is_none() {
            let parts = parts(&|part| part.kind.is_some() && part.peer == row.peer);
            sums.push(Sum { whole, parts });
        }
    }
    sums.retain(|sum| !sum.parts.is_empty());
    sums
}

fn fates(bases: &[u64], sizes: &[Size], sums: &[Sum]) -> Vec<Fate> {
    let few = |n: u64| (1..Rate::FEWEST).contains(&n);
    let mut left_out: Vec<bool> = bases.iter().map(|n| few(*n)).collect();
    // Ends: every turn leaves out another.
    while let Some(next) = sums
        .iter()
        .find_map(|sum| sum.next(bases, sizes, &left_out))
    {
        if let Some(left_out) = left_out.get_mut(next) {
            *left_out = true;
        }
    }
    let is_out = |place: usize| left_out.get(place).copied().unwrap_or_default();
    (0..)
        .zip(bases)
        .map(|(place, n)| {
            let told_sum = |sum: &Sum| sum.parts.contains(&place) && !is_out(sum.whole);
            match is_out(place) {
                false => Fate::Told,
                true if few(*n) && !sums.iter().any(told_sum) => Fate::Fewer,
                true => Fate::Withheld,
            }
        })
        .collect()
}

impl Sum {
    /// What has to be left out next, if something could be worked out by this sum.
    fn next(&self, bases: &[u64], sizes: &[Size], left_out: &[bool]) -> Option<usize> {
        let n = |place: usize| bases.get(place).copied().unwrap_or_default();
        let is_out = |place: &usize| left_out.get(*place).copied().unwrap_or_default();
        let out = || self.parts.iter().copied().filter(|place| is_out(place));
        let count = u64::try_from(out().count()).unwrap_or(u64::MAX);
        let within = out().map(n).fold(0, u64::saturating_add);
        let smallest = || {
            let told = self.parts.iter().copied();
            told.filter(|place| !is_out(place) && n(*place) > 0)
                .min_by_key(|place| (sizes.get(*place), n(*place)))
        };
        match (is_out(&self.whole), count) {
            // The sum could be added up.
            (true, 0) => smallest(),
            (true, _) | (false, 0) => None,
            // Each may be five where the others are one at least.
            (false, 2..) if within >= Rate::FEWEST.saturating_add(count.saturating_sub(1)) => None,
            (false, _) => smallest().or(Some(self.whole)),
        }
    }
}
