//! Telling those who wait that there is something new.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::watch;

use super::state::State;
use crate::{
    domain::{
        area::County,
        channel::{Channel, Sequence},
        journal::JournalHead,
    },
    store::journal::{
        group::Placed,
        record::{Position, Record},
        segment::Chains,
    },
};

/// One bell a channel out, one a feed.
#[derive(Default)]
pub(crate) struct Wakeups {
    channels: Mutex<HashMap<Channel, watch::Sender<Sequence>>>,
    feeds: Mutex<HashMap<County, watch::Sender<Position>>>,
    /// Rings when a channel out gets its first notice.
    new_channels: watch::Sender<u64>,
    /// Rings with every group, whatever is in it.
    commits: watch::Sender<u64>,
    /// How far the journal has come, of every home area.
    heads: watch::Sender<Heads>,
    /// Rings with every new segment; its first position.
    segments: watch::Sender<Position>,
}

/// Where the journal ends, and the heads of all chains there.
#[derive(Default)]
struct Heads {
    end: Position,
    chains: Chains,
}

impl Wakeups {
    /// The highest sequence of a channel out, as it rises.
    pub(crate) fn channel(&self, channel: Channel, now: Sequence) -> watch::Receiver<Sequence> {
        self.channels
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(channel)
            .or_insert_with(|| watch::Sender::new(now))
            .subscribe()
    }

    /// The newest position of a home area's feed, as it rises.
    pub(crate) fn feed(&self, home: County) -> watch::Receiver<Position> {
        self.feeds
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(home)
            .or_insert_with(|| watch::Sender::new(Position::START))
            .subscribe()
    }

    /// The highest sequence of a channel out, if any was given since somebody listens; else zero.
    pub(crate) fn newest_place(&self, channel: Channel) -> Sequence {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels
            .get(&channel)
            .map_or(Sequence::ZERO, |bell| *bell.borrow())
    }

    /// The newest position of a feed, if anything came since somebody listens; else the start.
    pub(crate) fn newest_in_feed(&self, home: County) -> Position {
        let feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds
            .get(&home)
            .map_or(Position::START, |bell| *bell.borrow())
    }

    /// Rings when a channel out appears.
    pub(crate) fn new_channels(&self) -> watch::Receiver<u64> {
        self.new_channels.subscribe()
    }

    /// How many groups have been committed since the store was opened.
    pub(crate) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// The head of a home area's chain, as of the last commit.
    pub(crate) fn journal_head(&self, home: County) -> JournalHead {
        let heads = self.heads.borrow();
        JournalHead {
            position: heads.end.get(),
            head: heads.chains.get(&home).copied().unwrap_or_default(),
        }
    }

    /// The journal is durable up to there.
    pub(crate) fn reached(&self, end: Position, chains: &Chains) {
        self.heads.send_modify(|heads| {
            heads.end = end;
            heads.chains.clone_from(chains);
        });
    }

    /// Where the newest segment begins.
    pub(crate) fn segments(&self) -> watch::Receiver<Position> {
        self.segments.subscribe()
    }

    /// A segment has been begun.
    pub(crate) fn began(&self, first: Position) {
        self.segments.send_replace(first);
    }

    /// A group is durable and in the index.
    pub(crate) fn committed(&self, state: &State, placed: &[Placed]) {
        let mut outs: Vec<Channel> = Vec::new();
        let mut feeds: HashMap<County, Position> = HashMap::new();
        let mut appeared = false;
        for entry in placed {
            match &entry.record {
                Record::Published(r) => {
                    appeared |= r.sequence == Sequence::new(1);
                    if outs.last() != Some(&r.channel) {
                        outs.push(r.channel);
                    }
                }
                Record::Requeued(r) => outs.push(r.channel),
                Record::Ended(r) => outs.push(r.channel),
                Record::Stopped(r) => outs.push(r.channel),
                Record::AdoptedOut(r) => outs.push(r.channel),
                Record::Received(r) => {
                    feeds.insert(r.channel.to, entry.position);
                }
                _ => {}
            }
        }
        if !outs.is_empty() {
            let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
            for channel in outs {
                if let (Some(bell), Some(out)) = (channels.get(&channel), state.outs.get(&channel))
                {
                    bell.send_replace(out.last);
                }
            }
        }
        if !feeds.is_empty() {
            let bells = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
            for (home, position) in feeds {
                if let Some(bell) = bells.get(&home) {
                    bell.send_replace(position);
                }
            }
        }
        self.commits
            .send_modify(|count| *count = count.wrapping_add(1));
        if appeared {
            self.new_channels
                .send_modify(|count| *count = count.wrapping_add(1));
        }
    }
}
