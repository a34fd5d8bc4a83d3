//! The handshakes that a listener has under way, and which of them gives way when there are many.
//!
//! Whoever has proven nothing yet costs a descriptor and some memory, so there is a bound; and
//! strangers who hold every place until their time is up must not keep an honest caller waiting, so
//! the next one always gets in, and one of those who crowd goes.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// The handshakes under way at one listener. Cheap to clone.
#[derive(Clone)]
pub(super) struct Handshakes {
    most: usize,
    most_per_address: usize,
    under_way: Arc<Mutex<UnderWay>>,
}

#[derive(Default)]
struct UnderWay {
    next: u64,
    count: usize,
    /// By where they come from, the oldest first.
    turns: HashMap<IpAddr, BTreeMap<u64, CancellationToken>>,
}

impl Handshakes {
    pub(super) fn new(most: usize, most_per_address: usize) -> Self {
        Self {
            most,
            most_per_address,
            under_way: Arc::default(),
        }
    }

    /// The turn of one more from there; none if that address has as many as it may. If there are
    /// as many as there may be, the oldest of the address with the most gives way.
    pub(super) fn begin(&self, address: IpAddr) -> Option<Turn> {
        let address = site(address);
        let mut under_way = self.lock();
        let here = under_way.turns.get(&address).map_or(0, BTreeMap::len);
        if here >= self.most_per_address {
            return None;
        }
        if under_way.count >= self.most {
            under_way.evict();
        }
        let number = under_way.next;
        under_way.next = number.wrapping_add(1);
        under_way.count = under_way.count.saturating_add(1);
        let over = CancellationToken::new();
        let turns = under_way.turns.entry(address).or_default();
        turns.insert(number, over.clone());
        Some(Turn {
            of: self.clone(),
            address,
            number,
            over,
        })
    }

    /// The map is whole whatever thread panicked over it.
    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    fn evict(&mut self) {
        let crowd = self.turns.iter().max_by_key(|(_, turns)| {
            let oldest = turns.first_key_value().map(|(number, _)| *number);
            (turns.len(), std::cmp::Reverse(oldest))
        });
        let Some((address, number)) = crowd.and_then(|(address, turns)| {
            let (number, _) = turns.first_key_value()?;
            Some((*address, *number))
        }) else {
            return;
        };
        if let Some(over) = self.remove(address, number) {
            over.cancel();
        }
    }

    fn remove(&mut self, address: IpAddr, number: u64) -> Option<CancellationToken> {
        let turns = self.turns.get_mut(&address)?;
        let over = turns.remove(&number)?;
        if turns.is_empty() {
            self.turns.remove(&address);
        }
        self.count = self.count.saturating_sub(1);
        Some(over)
    }
}

/// One handshake under way; over when dropped.
pub(super) struct Turn {
    of: Handshakes,
    address: IpAddr,
    number: u64,
    over: CancellationToken,
}

impl Turn {
    /// Done when another handshake has taken its place.
    pub(super) fn gives_way(&self) -> WaitForCancellationFuture<'_> {
        self.over.cancelled()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Not there any more if it gave way.
        drop(self.of.lock().remove(self.address, self.number));
    }
}

/// What counts as one address: in IPv6 whoever has one has the 2^64 beside it.
fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    fn gave_way(turn: &Turn) -> bool {
        turn.over.is_cancelled()
    }

    #[test]
    fn one_address_has_no_more_than_its_share_until_one_is_over() {
        let handshakes = Handshakes::new(10, 2);
        let first = handshakes.begin(address(1)).unwrap();
        let second = handshakes.begin(address(1)).unwrap();
        assert!(handshakes.begin(address(1)).is_none());
        drop(first);
        assert!(handshakes.begin(address(1)).is_some());
        assert!(!gave_way(&second));
    }

    #[test]
    fn the_oldest_of_the_largest_crowd_gives_way() {
        let handshakes = Handshakes::new(4, 3);
        let honest = handshakes.begin(address(1)).unwrap();
        let crowd: Vec<_> = (0..3)
            .map(|_| handshakes.begin(address(2)).unwrap())
            .collect();
        let newcomer = handshakes.begin(address(3)).unwrap();
        assert!(gave_way(&crowd[0]));
        assert!(![&honest, &crowd[1], &crowd[2], &newcomer].map(gave_way)[..].contains(&true));
        // Among equals the oldest goes.
        let _another = handshakes.begin(address(4)).unwrap();
        assert!(gave_way(&crowd[1]));
        let _fifth = handshakes.begin(address(5)).unwrap();
        assert!(gave_way(&honest) && !gave_way(&crowd[2]));
        assert_eq!(handshakes.lock().count, 4);
    }

    #[test]
    fn what_is_over_leaves_nothing_behind() {
        let handshakes = Handshakes::new(2, 2);
        let turns: Vec<_> = (0..9).map(|last| handshakes.begin(address(last))).collect();
        drop(turns);
        let under_way = handshakes.lock();
        assert_eq!((under_way.count, under_way.turns.len()), (0, 0));
    }

    #[test]
    fn a_network_of_one_holder_counts_as_one_address() {
        let [a, b, other] = ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"]
            .map(|text| site(text.parse().unwrap()));
        assert!(a == b && a != other);
        assert_eq!(site("::ffff:192.0.2.7".parse().unwrap()), address(7));
    }
}
