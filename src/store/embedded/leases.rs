//! Who may move a channel out. In one process a counter is fence enough.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::under_way::{Claimed, UnderWay};
use crate::{
    domain::channel::{Channel, Digest, Sequence},
    store::verb::Lease,
};

/// The newest lease of each channel, and how far its holder has sent.
#[derive(Default)]
pub(crate) struct Leases(Mutex<HashMap<Channel, Held>>);

#[derive(Default)]
struct Held {
    token: u64,
    sent: Sequence,
    under_way: UnderWay,
    /// How often the channel was numbered anew.
    turn: Turn,
}

/// Between two renumberings of a channel: what was read in one counts for nothing in another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn(u64);

impl Leases {
    /// Takes the channel over from whoever has it.
    pub(crate) fn take(&self, channel: Channel) -> Lease {
        let mut held = self.lock();
        let entry = held.entry(channel).or_default();
        entry.token = entry.token.saturating_add(1);
        entry.sent = Sequence::ZERO;
        entry.under_way = UnderWay::default();
        Lease {
            channel,
            token: entry.token,
        }
    }

    /// True if nobody has taken the channel over since.
    pub(crate) fn holds(&self, lease: Lease) -> bool {
        self.lock()
            .get(&lease.channel)
            .is_some_and(|held| held.token == lease.token)
    }

    /// Notes how far the holder has sent; zero when its link failed.
    pub(crate) fn sent(&self, lease: Lease, upto: Sequence) {
        if let Some(held) = self.lock().get_mut(&lease.channel)
            && held.token == lease.token
        {
            held.sent = upto;
        }
    }

    /// The head behind a place, if the holder has claimed it and it has no answer yet.
    pub(crate) fn head(&self, lease: Lease, sequence: Sequence) -> (Turn, Option<Digest>) {
        let held = self.lock();
        let held = held.get(&lease.channel);
        held.filter(|held| held.token == lease.token)
            .map_or_else(Default::default, |held| {
                (held.turn, held.under_way.head(sequence))
            })
    }

    /// Notes what the holder has claimed behind that head, all of which it sends.
    pub(crate) fn claimed(&self, lease: Lease, turn: Turn, previous: Digest, claimed: &[Claimed]) {
        if let Some(held) = self.lock().get_mut(&lease.channel)
            && held.token == lease.token
        {
            held.sent = claimed.last().map_or(held.sent, |last| last.sequence);
            if held.turn == turn {
                held.under_way.add(previous, claimed);
            }
        }
    }

    /// Places that the holder has claimed, and that have their answer now.
    pub(crate) fn answered(
        &self,
        lease: Lease,
        first: Sequence,
        last: Sequence,
    ) -> Option<Vec<Claimed>> {
        let mut held = self.lock();
        let held = held.get_mut(&lease.channel)?;
        (held.token == lease.token).then(|| held.under_way.answered(first, last))?
    }

    /// Forgets what was claimed: the numbers of a channel mean other notices from now on.
    pub(crate) fn renumbered(&self, channel: Channel) {
        if let Some(held) = self.lock().get_mut(&channel) {
            held.under_way = UnderWay::default();
            held.turn = Turn(held.turn.0.saturating_add(1));
        }
    }

    /// How far the holder has sent.
    pub(crate) fn sent_upto(&self, channel: Channel) -> Sequence {
        self.lock()
            .get(&channel)
            .map_or(Sequence::ZERO, |held| held.sent)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Channel, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renumbering_forgets_what_was_claimed_also_of_a_claim_that_read_before() {
        let [from, to] = ["350582", "530111"].map(|code| code.parse().unwrap());
        let leases = Leases::default();
        let lease = leases.take(Channel { from, to });
        let one = Sequence::new(1);
        let (head, digest) = (Digest::new([1; 32]), Digest::new([2; 32]));
        let claimed = [Claimed {
            sequence: one,
            digest,
            office: None,
        }];
        let (turn, known) = leases.head(lease, one);
        assert_eq!(known, None);
        leases.claimed(lease, turn, head, &claimed);
        assert!(leases.head(lease, one).1.is_some());
        leases.renumbered(lease.channel);
        assert_eq!(leases.head(lease, one).1, None);
        leases.claimed(lease, turn, head, &claimed);
        assert_eq!(leases.head(lease, one).1, None, "it read the old numbers");
        assert_eq!(leases.sent_upto(lease.channel), one);
        let (turn, _) = leases.head(lease, one);
        leases.claimed(lease, turn, head, &claimed);
        assert_eq!(leases.answered(lease, one, one), Some(claimed.to_vec()));
        // Whoever takes the channel over begins with nothing.
        leases.claimed(lease, turn, head, &claimed);
        let newer = leases.take(lease.channel);
        assert_eq!(leases.answered(lease, one, one), None);
        assert_eq!(leases.answered(newer, one, one), None);
    }
}
