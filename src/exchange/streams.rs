//! The newest stream of each channel: it fences the one before.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio_util::sync::CancellationToken;

use super::status::CallError;
use crate::{domain::channel::Channel, trust::identity::PeerId};

/// The newest stream of each channel, and how many each peer has.
#[derive(Default)]
pub(super) struct Streams(Newest, AtomicU64);

/// Number, owner and fence of the newest stream of each channel.
type Newest = Arc<Mutex<HashMap<Channel, (u64, String, CancellationToken)>>>;

/// A stream's place among the others; given up when dropped.
pub(super) struct StreamPlace {
    streams: Newest,
    channel: Channel,
    number: u64,
    pub(super) fenced: CancellationToken,
}

impl Streams {
    /// Takes a channel over from an older stream.
    pub(super) fn take(
        &self,
        channel: Channel,
        peer: &PeerId,
        limit: usize,
    ) -> Result<StreamPlace, CallError> {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = peer.to_string();
        let others = streams
            .iter()
            .filter(|(other, (_, owner, _))| **other != channel && *owner == name)
            .count();
        if others >= limit {
            return Err(CallError::TooManyStreams);
        }
        let fenced = CancellationToken::new();
        if let Some((_, _, older)) = streams.get(&channel) {
            older.cancel();
        }
        let number = self.1.fetch_add(1, Ordering::Relaxed);
        streams.insert(channel, (number, name, fenced.clone()));
        Ok(StreamPlace {
            streams: Arc::clone(&self.0),
            channel,
            number,
            fenced,
        })
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if streams
            .get(&self.channel)
            .is_some_and(|(number, ..)| *number == self.number)
        {
            streams.remove(&self.channel);
        }
    }
}
