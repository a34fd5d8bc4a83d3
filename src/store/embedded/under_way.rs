//! What was claimed of a channel and has no answer yet, so that neither the next claim nor the
//! answer reads the journal for it again.

use std::collections::VecDeque;

use crate::{
    domain::channel::{Digest, Sequence},
    trust::chain::chain,
};

/// A place that was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    pub(crate) sequence: Sequence,
    pub(crate) digest: Digest,
    /// The key of the office that published it; none for a place taken over from the peer.
    pub(crate) office: Option<[u8; 16]>,
}

/// Consecutive places, each with the head of the chain behind it.
#[derive(Debug, Default)]
pub(super) struct UnderWay(VecDeque<(Claimed, Digest)>);

impl UnderWay {
    /// Adds what was claimed behind that head, in the place of what was claimed there before.
    pub(super) fn add(&mut self, previous: Digest, claimed: &[Claimed]) {
        let Some(first) = claimed.first().map(|it| it.sequence) else {
            return;
        };
        while self.last().is_some_and(|last| last >= first) {
            self.0.pop_back();
        }
        if self.last().is_some_and(|last| last.next() != first) {
            self.0.clear();
        }
        let mut head = previous;
        for place in claimed {
            head = chain(head, place.digest);
            self.0.push_back((*place, head));
        }
        let surplus = self.0.len().saturating_sub(MOST);
        self.0.drain(..surplus);
    }

    /// The head behind a place; none if that is not known.
    pub(super) fn head(&self, sequence: Sequence) -> Option<Digest> {
        let first = self.0.front()?.0.sequence;
        let at = (sequence >= first).then(|| sequence.since(first))?;
        let (_, head) = self.0.get(usize::try_from(at).ok()?)?;
        Some(*head)
    }

    /// All of these places, which have their answer: nothing up to them is kept. None if one of them
    /// is not known.
    pub(super) fn answered(&mut self, first: Sequence, last: Sequence) -> Option<Vec<Claimed>> {
        while self.0.front().is_some_and(|(it, _)| it.sequence < first) {
            self.0.pop_front();
        }
        if self.0.front()?.0.sequence != first || self.last()? < last {
            return None;
        }
        let count = usize::try_from(last.since(first)).ok()?.checked_add(1)?;
        Some(self.0.drain(..count).map(|(it, _)| it).collect())
    }

    fn last(&self) -> Option<Sequence> {
        self.0.back().map(|(it, _)| it.sequence)
    }
}

/// A few parcels are under way at most; a megabyte of places is far more.
const MOST: usize = 1 << 13;

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(from: u64, count: u64) -> Vec<Claimed> {
        (from..from + count)
            .map(|sequence| Claimed {
                sequence: Sequence::new(sequence),
                digest: Digest::new([u8::try_from(sequence % 251).unwrap(); 32]),
                office: None,
            })
            .collect()
    }

    fn head(before: Digest, claimed: &[Claimed]) -> Digest {
        claimed
            .iter()
            .fold(before, |head, it| chain(head, it.digest))
    }

    const ORIGIN: Digest = Digest::new([9; 32]);

    #[test]
    fn what_was_claimed_is_known_until_it_is_answered() {
        let all = claimed(1, 10);
        let mut under_way = UnderWay::default();
        under_way.add(ORIGIN, &all[..4]);
        under_way.add(head(ORIGIN, &all[..4]), &all[4..]);
        let known = under_way.head(Sequence::new(7));
        assert_eq!(known, Some(head(ORIGIN, &all[..7])));
        assert_eq!(under_way.head(Sequence::ZERO), None);
        assert_eq!(under_way.head(Sequence::new(11)), None);
        let answered =
            |it: &mut UnderWay, first, last| it.answered(Sequence::new(first), Sequence::new(last));
        assert_eq!(answered(&mut under_way, 1, 3), Some(all[..3].to_vec()));
        assert_eq!(answered(&mut under_way, 1, 3), None, "that is behind it");
        assert_eq!(answered(&mut under_way, 5, 6), Some(all[4..6].to_vec()));
        assert_eq!(
            answered(&mut under_way, 7, 11),
            None,
            "that was not claimed"
        );
        assert_eq!(answered(&mut under_way, 7, 10), Some(all[6..].to_vec()));
    }

    #[test]
    fn what_is_claimed_again_takes_the_place_of_what_was() {
        let mut under_way = UnderWay::default();
        under_way.add(ORIGIN, &claimed(1, 10));
        let previous = under_way.head(Sequence::new(3)).unwrap();
        let mut other = claimed(4, 2);
        for place in &mut other {
            place.office = Some([1; 16]);
        }
        under_way.add(previous, &other);
        assert_eq!(under_way.head(Sequence::new(6)), None);
        let all = [claimed(1, 3), other].concat();
        assert_eq!(
            under_way.answered(Sequence::new(1), Sequence::new(5)),
            Some(all)
        );
        // Behind a gap it begins anew.
        under_way.add(ORIGIN, &claimed(20, 2));
        under_way.add(ORIGIN, &claimed(30, 2));
        assert_eq!(under_way.head(Sequence::new(21)), None);
        assert!(under_way.head(Sequence::new(31)).is_some());
    }

    #[test]
    fn no_more_is_kept_than_has_room() {
        let mut under_way = UnderWay::default();
        let all = claimed(1, MOST as u64 + 5);
        under_way.add(ORIGIN, &all);
        assert_eq!(under_way.head(Sequence::new(5)), None);
        assert!(under_way.head(Sequence::new(6)).is_some());
    }
}
