//! The rows of all.

use std::collections::BTreeMap;

use super::{Owes, Row};
use crate::domain::{area::County, indicator::Figures, notice::Kind};

/// Cells with their sums: of each side the row of all, then a row for each kind and each peer, then
/// the cells themselves, each in the order of its code. Cells of the same peer, side and kind become
/// one; what has no kind, or no peer, stands for all of them and adds no sum of its own.
pub fn with_sums(cells: Vec<Row>) -> Vec<Row> {
    let mut sums: BTreeMap<Place, Figures> = BTreeMap::new();
    for Row {
        peer,
        side,
        kind,
        figures,
    } in &cells
    {
        let mut places = vec![
            (*side, *peer, *kind),
            (*side, *peer, None),
            (*side, None, *kind),
            (*side, None, None),
        ];
        places.sort_unstable();
        places.dedup();
        for place in places {
            *sums.entry(place).or_default() += figures;
        }
    }
    let mut rows: Vec<Row> = sums
        .into_iter()
        .map(|((side, peer, kind), figures)| Row {
            peer,
            side,
            kind,
            figures,
        })
        .collect();
    rows.sort_by_key(|row| {
        let depth = usize::from(row.peer.is_some()) * 2 + usize::from(row.kind.is_some());
        let kind = row.kind.map(Kind::number);
        // Cells stand below the sum of their peer.
        match depth {
            3 => (row.side, 2, row.peer, kind),
            _ => (row.side, depth, row.peer, kind),
        }
    });
    rows
}

/// Whose sum, of what.
type Place = (Owes, Option<County>, Option<Kind>);

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    fn cell(peer: &str, side: Owes, kind: Option<Kind>, sent: u64) -> Row {
        Row {
            peer: Some(peer.parse().unwrap()),
            side,
            kind,
            figures: Figures {
                sent,
                ..Figures::default()
            },
        }
    }

    /// Peer, kind and what was sent.
    fn shown(rows: &[Row]) -> Vec<(String, String, u64)> {
        rows.iter()
            .map(|row| {
                let peer = row
                    .peer
                    .map_or_else(|| "all".to_owned(), |peer| peer.to_string());
                let kind = row.kind.map_or("all", Kind::name);
                (peer, kind.to_owned(), row.figures.sent)
            })
            .collect()
    }

    #[test]
    fn sums_stand_before_what_they_are_the_sums_of() {
        let (departure, arrival) = (Some(Kind::Departure), Some(Kind::Arrival));
        let rows = with_sums(vec![
            cell("530111", Owes::We, arrival, 8),
            cell("360102", Owes::We, arrival, 4),
            cell("530111", Owes::We, departure, 2),
            cell("530111", Owes::We, departure, 1),
        ]);
        let expected = [
            ("all", "all", 15),
            ("all", "departure", 3),
            ("all", "arrival", 12),
            ("360102", "all", 4),
            ("360102", "arrival", 4),
            ("530111", "all", 11),
            ("530111", "departure", 3),
            ("530111", "arrival", 8),
        ];
        let expected = expected.map(|(peer, kind, sent)| (peer.to_owned(), kind.to_owned(), sent));
        assert_eq!(shown(&rows), expected);
    }

    #[test]
    fn what_is_of_all_kinds_has_no_sums_of_kinds() {
        let rows = with_sums(vec![
            cell("530111", Owes::We, None, 8),
            cell("530111", Owes::They, None, 4),
        ]);
        let sides: Vec<_> = rows
            .iter()
            .map(|row| (row.side, row.peer.is_some()))
            .collect();
        let (they, we) = (Owes::They, Owes::We);
        assert_eq!(
            sides,
            [(they, false), (they, true), (we, false), (we, true)]
        );
    }

    fn cells() -> impl Strategy<Value = Vec<Row>> {
        let peer = select(vec!["350582", "360102", "530111"]);
        let side = select(Owes::ALL.to_vec());
        let kind = select(vec![Some(Kind::Departure), Some(Kind::Arrival)]);
        let cell = (peer, side, kind, 0_u64..100)
            .prop_map(|(peer, side, kind, sent)| cell(peer, side, kind, sent));
        vec(cell, 0..20)
    }

    proptest! {
        #[test]
        fn the_row_of_all_is_the_sum_of_the_rows(cells in cells()) {
            let rows = with_sums(cells.clone());
            for sum in &rows {
                let of = |row: &&Row| {
                    row.side == sum.side
                        && (sum.peer.is_none() || row.peer == sum.peer)
                        && (sum.kind.is_none() || row.kind == sum.kind)
                };
                let total: u64 = cells.iter().filter(of).map(|row| row.figures.sent).sum();
                prop_assert_eq!(sum.figures.sent, total);
            }
            let whole: u64 = rows
                .iter()
                .filter(|row| row.peer.is_none() && row.kind.is_none())
                .map(|row| row.figures.sent)
                .sum();
            prop_assert_eq!(whole, cells.iter().map(|cell| cell.figures.sent).sum::<u64>());
        }
    }
}
