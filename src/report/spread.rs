//! How long answers took, in bands that may be told.

use crate::domain::case::{Rate, Response};

/// Answers that took from so many working days to so many, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Band {
    pub(super) from: u32,
    pub(super) to: u32,
    /// None, or at least [`Rate::FEWEST`].
    pub(super) count: u64,
}

/// The bands of all answers: where one holds too few to be told, it is told together with those
/// beside it. No bands at all of fewer than [`Rate::FEWEST`] answers.
pub(super) fn spread(response: &Response) -> Vec<Band> {
    let few = |band: &Band| (1..Rate::FEWEST).contains(&band.count);
    let mut bands: Vec<Band> = Vec::new();
    for (from, to) in BANDS {
        let count = response.taking(from, to);
        match bands.last_mut().filter(|last| few(last)) {
            Some(last) => {
                last.to = to;
                last.count = last.count.saturating_add(count);
            }
            None => bands.push(Band { from, to, count }),
        }
    }
    // What is left at the end goes to those before it.
    while let Some(last) = bands.pop_if(|last| few(last)) {
        match bands.last_mut() {
            Some(before) => {
                before.to = last.to;
                before.count = before.count.saturating_add(last.count);
            }
            None => return Vec::new(),
        }
    }
    if bands.iter().all(|band| band.count == 0) {
        bands.clear();
    }
    bands
}

/// In working days: with the borders of the reference values, 7 and 15.
const BANDS: [(u32, u32); 7] = [
    (0, 3),
    (4, 7),
    (8, 10),
    (11, 15),
    (16, 20),
    (21, 30),
    (31, Response::LONGEST),
];

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn of(days: &[(u32, u64)]) -> Response {
        let mut response = Response::default();
        for (days, count) in days {
            for _ in 0..*count {
                response += &Response::of(*days);
            }
        }
        response
    }

    fn shown(response: &Response) -> Vec<(u32, u32, u64)> {
        let bands = spread(response).into_iter();
        bands.map(|band| (band.from, band.to, band.count)).collect()
    }

    #[test]
    fn a_band_of_few_is_told_with_those_beside_it() {
        assert_eq!(shown(&of(&[(1, 4)])), []);
        assert_eq!(
            shown(&of(&[(1, 9), (5, 2), (9, 4), (40, 8)])),
            [
                (0, 3, 9),
                (4, 10, 6),
                (11, 15, 0),
                (16, 20, 0),
                (21, 30, 0),
                (31, 45, 8)
            ]
        );
        // The last few go to the left, over bands with none.
        assert_eq!(
            shown(&of(&[(1, 9), (5, 6), (99, 3)])),
            [(0, 3, 9), (4, 45, 9)]
        );
        assert_eq!(shown(&of(&[(1, 5), (99, 1)])), [(0, 45, 6)]);
    }

    proptest! {
        #[test]
        fn every_answer_is_in_one_band_and_no_band_holds_few(days in vec(0_u32..60, 0..60)) {
            let response = of(&days.iter().map(|days| (*days, 1)).collect::<Vec<_>>());
            let bands = spread(&response);
            if response.total() < Rate::FEWEST {
                prop_assert_eq!(bands, []);
                return Ok(());
            }
            for band in &bands {
                prop_assert!(band.count == 0 || band.count >= Rate::FEWEST);
                prop_assert_eq!(band.count, response.taking(band.from, band.to));
            }
            prop_assert_eq!(bands.iter().map(|band| band.count).sum::<u64>(), response.total());
            prop_assert!(bands.is_sorted_by(|one, next| one.to + 1 == next.from));
        }
    }
}
