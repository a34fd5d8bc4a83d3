//! Who may move a channel out. In one process a counter is fence enough.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    domain::channel::{Channel, Sequence},
    store::verb::Lease,
};

/// The newest lease of each channel, and how far its holder has sent.
#[derive(Default)]
pub(crate) struct Leases(Mutex<HashMap<Channel, Held>>);

#[derive(Clone, Copy, Default)]
struct Held {
    token: u64,
    sent: Sequence,
}

impl Leases {
    /// Takes the channel over from whoever has it.
    pub(crate) fn take(&self, channel: Channel) -> Lease {
        let mut held = self.lock();
        let entry = held.entry(channel).or_default();
        entry.token = entry.token.saturating_add(1);
        entry.sent = Sequence::ZERO;
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
