//! What a peer may use up of this node's journal without bringing anything.
//!
//! A notice that enters the inbox is what the node is for: only the disk bounds it, whatever its
//! rate. A void, a refused notice, a known id at another place and a stop bring nothing, yet each
//! must be kept, so that a repeat gets the same answer. A peer that sends them without end would
//! fill the disk for all, so their bytes are counted: an hour's worth at once, then at that rate.
//! Behind it the peer is asked to come again later; nothing is dropped, nothing of what it sent
//! before is undone, and no other peer waits for it. The count is not kept over a restart: then
//! one more hour's worth may come.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crate::{
    store::Allowance,
    trust::identity::{PeerId, SpiffeId},
};

/// The bytes that each peer has used up lately.
pub(super) struct Allowances {
    bytes_per_hour: u64,
    used: Mutex<HashMap<SpiffeId, Used>>,
}

#[derive(Clone, Copy)]
struct Used {
    bytes: u64,
    at: Instant,
}

impl Allowances {
    pub(super) fn new(bytes_per_hour: u64) -> Self {
        Self {
            bytes_per_hour,
            used: Mutex::default(),
        }
    }

    /// What a peer may still use up.
    pub(super) fn left(&self, peer: &PeerId, now: Instant) -> Allowance {
        let used = self
            .used
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(peer.id())
            .map_or(0, |used| self.still(*used, now));
        let debt = used.saturating_sub(self.bytes_per_hour);
        let paid_in = u128::from(debt)
            .saturating_mul(HOUR_SECONDS)
            .checked_div(u128::from(self.bytes_per_hour))
            .unwrap_or(HOUR_SECONDS);
        Allowance {
            bytes: self.bytes_per_hour.saturating_sub(used),
            after_seconds: u32::try_from(paid_in.saturating_add(WORTHWHILE_SECONDS))
                .unwrap_or(u32::MAX)
                .min(MAX_AFTER_SECONDS),
        }
    }

    /// Notes what a peer has used up. It may be more than was left: the next then waits longer.
    pub(super) fn spend(&self, peer: &PeerId, bytes: u64, now: Instant) {
        if bytes == 0 {
            return;
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = used
            .entry(peer.id().clone())
            .or_insert(Used { bytes: 0, at: now });
        *entry = Used {
            bytes: self.still(*entry, now).saturating_add(bytes),
            at: now,
        };
    }

    /// What still counts of it.
    fn still(&self, used: Used, now: Instant) -> u64 {
        let forgotten = now
            .saturating_duration_since(used.at)
            .as_millis()
            .saturating_mul(u128::from(self.bytes_per_hour))
            .checked_div(HOUR_SECONDS.saturating_mul(1_000))
            .unwrap_or(0);
        used.bytes
            .saturating_sub(u64::try_from(forgotten).unwrap_or(u64::MAX))
    }
}

const HOUR_SECONDS: u128 = 3_600;
/// Once the debt is paid, so much longer that coming again is worth a stream.
const WORTHWHILE_SECONDS: u128 = 30;
const MAX_AFTER_SECONDS: u32 = 3_600;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Clock;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn peer(area: &str) -> PeerId {
        PeerId::for_test(&format!("spiffe://td/area/{area}"), &[area])
    }

    #[test]
    fn an_hours_worth_may_come_at_once_and_comes_back_within_the_hour() {
        let (allowances, now) = (Allowances::new(3_600_000), Clock::system().monotonic());
        let peer = peer("350582");
        assert_eq!(allowances.left(&peer, now).bytes, 3_600_000);
        allowances.spend(&peer, 3_600_000, now);
        assert_eq!(allowances.left(&peer, now).bytes, 0);
        assert_eq!(allowances.left(&peer, now + HOUR / 60).bytes, 60_000);
        assert_eq!(allowances.left(&peer, now + HOUR).bytes, 3_600_000);
    }

    #[test]
    fn whoever_used_more_than_was_left_waits_until_it_is_paid() {
        let (allowances, now) = (Allowances::new(3_600_000), Clock::system().monotonic());
        let peer = peer("350582");
        allowances.spend(&peer, 3_600_000 + 120_000, now);
        let left = allowances.left(&peer, now);
        assert_eq!((left.bytes, left.after_seconds), (0, 150));
        let then = now + Duration::from_secs(u64::from(left.after_seconds));
        assert_eq!(allowances.left(&peer, then).bytes, 30_000);
        allowances.spend(&peer, u64::MAX, now);
        assert_eq!(allowances.left(&peer, now).after_seconds, 3_600);
    }

    #[test]
    fn one_peer_uses_up_nothing_of_another() {
        let (allowances, now) = (Allowances::new(1_000), Clock::system().monotonic());
        allowances.spend(&peer("350582"), 5_000, now);
        let other = allowances.left(&peer("530111"), now);
        assert_eq!(other.bytes, 1_000);
    }

    #[test]
    fn many_small_uses_count_as_one_large() {
        let (allowances, now) = (Allowances::new(3_600_000), Clock::system().monotonic());
        let peer = peer("350582");
        for step in 0..10_000u32 {
            allowances.spend(&peer, 200, now + Duration::from_micros(10) * step);
        }
        let left = allowances
            .left(&peer, now + Duration::from_millis(100))
            .bytes;
        assert!((1_600_000..=1_610_000).contains(&left), "{left}");
    }
}
