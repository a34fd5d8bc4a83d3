//! What became of what one county publishes, in figures.

use std::collections::BTreeMap;

/// What became of what one county publishes.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    /// Departures and arrivals that are to be published.
    pub(super) expected: u64,
    /// Those that the node accepted.
    pub(super) accepted: u64,
    /// Those that the other side's office was handed.
    pub(super) handed: u64,
    /// Those whose answer came back to the own office.
    pub(super) answered: u64,
    /// Rows refused, by reason.
    pub(super) refused: BTreeMap<String, u64>,
    /// Of `expected`, those refused by the node.
    pub(super) turned_down: u64,
    /// Answers accepted, and handed over.
    pub(super) replies: (u64, u64),
    /// Handed over twice without a mark, or under two sequences.
    pub(super) doubled: u64,
    /// Accepted, answers included, and not handed over.
    pub(super) lost: u64,
    /// Publication to hand-over in milliseconds, ascending.
    pub(super) took: Vec<u64>,
}

impl Account {
    /// Whether everything has come to its end.
    pub(super) const fn is_over(&self) -> bool {
        self.accepted.saturating_add(self.turned_down) >= self.expected
            && self.handed >= self.accepted
            && self.answered >= self.accepted
            && self.replies.1 >= self.replies.0
    }

    /// Adds that of another county.
    pub(super) fn add(&mut self, other: &Self) {
        for (sum, more) in [
            (&mut self.expected, other.expected),
            (&mut self.accepted, other.accepted),
            (&mut self.handed, other.handed),
            (&mut self.answered, other.answered),
            (&mut self.turned_down, other.turned_down),
            (&mut self.replies.0, other.replies.0),
            (&mut self.replies.1, other.replies.1),
            (&mut self.doubled, other.doubled),
            (&mut self.lost, other.lost),
        ] {
            *sum = sum.saturating_add(more);
        }
        for (code, count) in &other.refused {
            let sum = self.refused.entry(code.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
        self.took.extend(&other.took);
        self.took.sort_unstable();
    }

    /// The time within which that share of the notices was handed over.
    pub(super) fn within(&self, percent: usize) -> Option<u64> {
        let rank = self.took.len().saturating_mul(percent).div_ceil(100);
        self.took.get(rank.saturating_sub(1)).copied()
    }

    /// Rows refused.
    pub(super) fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }
}
