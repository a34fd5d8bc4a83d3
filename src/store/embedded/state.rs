//! All that is live, in memory: what the next verb is decided on.
//!
//! The state follows purely from the records, one at a time, so a replay ends where the writer
//! stood. A snapshot of it heads every segment.

use std::collections::{BTreeMap, btree_map::Entry};

use bytes::Bytes;

use super::{
    newest::Newest,
    references::{Forgotten, References},
};
use crate::{
    domain::{
        area::County,
        channel::{Channel, Digest, Sequence},
        notice::Kind,
    },
    store::journal::{
        bytes::{Put, Take, Unreadable},
        layout::{put_offices, take_offices},
        record::{Direction, Position, Record, StopReason},
    },
    trust::chain::chain,
};

/// The live state of every channel and consumer.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) outs: BTreeMap<Channel, OutState>,
    pub(crate) ins: BTreeMap<Channel, InState>,
    pub(crate) consumers: BTreeMap<(County, String), ConsumerState>,
    pub(crate) forgotten: Forgotten,
    /// Which references were used. No snapshot holds them: there may be millions.
    pub(crate) references: References,
    /// What the next records may lengthen in the index; in no snapshot either.
    pub(crate) newest: Newest,
}

/// A channel whose notices are published here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutState {
    /// Highest sequence given.
    pub(crate) last: Sequence,
    /// Head of the chain there.
    pub(crate) head: Digest,
    /// Highest sequence with a receipt.
    pub(crate) settled: Sequence,
    /// Head of the chain there.
    pub(crate) settled_head: Digest,
    /// Where the record of that receipt stands; none before the first.
    pub(crate) receipt: Option<Position>,
    pub(crate) stop: Option<Stop>,
    /// How many unanswered places each office has, by its keyed hash; none that has no place.
    pub(crate) offices: BTreeMap<[u8; 16], u64>,
}

/// A channel whose notices are received here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InState {
    /// Highest sequence held.
    pub(crate) held: Sequence,
    /// Head of the chain there.
    pub(crate) head: Digest,
    /// Where the record of the newest parcel stands.
    pub(crate) parcel: Option<Position>,
    /// While the operator asks that lost notices are sent once more: up to where, and the record
    /// of the statement.
    pub(crate) disowned: Option<(Sequence, Position)>,
    pub(crate) stop: Option<Stop>,
}

/// Why a channel stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) reason: StopReason,
    pub(crate) sequence: Sequence,
}

/// A durable consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConsumerState {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) scope: String,
    pub(crate) start: Position,
    /// Everything up to here is acknowledged.
    pub(crate) acknowledged: Position,
    /// How many notices that is.
    pub(crate) acknowledged_ordinal: u64,
    /// So many notices may have been handed out.
    pub(crate) reserved: u64,
    /// When it last opened or acknowledged.
    pub(crate) seen_ms: i64,
}

impl OutState {
    /// A channel before its first notice.
    pub(crate) const fn new(origin: Digest) -> Self {
        Self {
            last: Sequence::ZERO,
            head: origin,
            settled: Sequence::ZERO,
            settled_head: origin,
            receipt: None,
            stop: None,
            offices: BTreeMap::new(),
        }
    }

    /// Where its chain begins: a stop may come before the first notice, and does not say.
    pub(crate) fn begin(&mut self, origin: Digest) {
        if self.last == Sequence::ZERO {
            (self.head, self.settled_head) = (origin, origin);
        }
    }

    fn given(&mut self, office: [u8; 16]) {
        let places = self.offices.entry(office).or_default();
        *places = places.saturating_add(1);
    }

    fn answered(&mut self, offices: &BTreeMap<[u8; 16], u64>) {
        for (office, answered) in offices {
            if let Entry::Occupied(mut places) = self.offices.entry(*office) {
                *places.get_mut() = places.get().saturating_sub(*answered);
                if *places.get() == 0 {
                    places.remove();
                }
            }
        }
    }
}

impl InState {
    /// A channel before its first notice.
    pub(crate) const fn new(origin: Digest) -> Self {
        Self {
            held: Sequence::ZERO,
            head: origin,
            parcel: None,
            disowned: None,
            stop: None,
        }
    }
}

impl State {
    /// Follows one record that stands at `at`.
    pub(crate) fn follow(&mut self, record: &Record, at: Position) {
        match record {
            Record::Published(r) => {
                let out = self.out(r.channel, r.origin);
                out.begin(r.origin);
                out.last = r.sequence;
                out.head = chain(out.head, r.facts.digest);
                out.given(r.office_key);
            }
            Record::Requeued(r) => {
                let out = self.out(r.channel, Digest::default());
                out.last = r.sequence;
                out.head = chain(out.head, r.digest);
                out.given(r.office_key);
            }
            Record::Ended(_) => {}
            Record::Settled(r) => {
                let out = self.out(r.channel, Digest::default());
                let count = r.outcomes.len() as u64;
                out.settled = Sequence::new(r.first.get().saturating_sub(1)).plus(count);
                out.settled_head = r.head;
                out.receipt = Some(at);
                out.answered(&r.offices);
            }
            Record::ParcelReceived(r) => {
                let state = self.into(r.channel);
                if state.held == Sequence::ZERO {
                    // It may have been stopped before it had a first place.
                    state.head = r.origin;
                }
                state.parcel = Some(at);
            }
            Record::Received(r) => self.place_in(r.channel, r.sequence, &r.facts.digest),
            Record::PlaceUsed(r) => self.place_in(r.channel, r.sequence, &r.digest),
            Record::Stopped(r) => {
                let stop = r.reason.map(|reason| Stop {
                    reason,
                    sequence: r.sequence,
                });
                match r.direction {
                    Direction::Out => self.out(r.channel, Digest::default()).stop = stop,
                    Direction::In => self.into(r.channel).stop = stop,
                }
            }
            Record::AdoptedOut(r) => {
                let out = self.out(r.channel, r.head_before);
                out.head = r.head;
                if let Some(last) = r.holdings.last() {
                    out.last = last.sequence;
                    out.settled = last.sequence;
                    out.settled_head = r.head;
                }
                // Those that are this node's come again behind them.
                out.offices.clear();
                out.stop = None;
            }
            Record::AdoptedIn(r) => {
                let channel = self.into(r.channel);
                channel.disowned = Some((r.disowned, at));
                channel.stop = None;
            }
            Record::ConsumerOpened(r) => {
                self.consumers.insert(
                    (r.home, r.name.clone()),
                    ConsumerState {
                        kinds: r.kinds.clone(),
                        scope: r.scope.clone(),
                        start: r.start,
                        acknowledged: r.start,
                        acknowledged_ordinal: 0,
                        reserved: 0,
                        seen_ms: r.at_ms,
                    },
                );
            }
            Record::HandedOut(r) => {
                if let Some(consumer) = self.consumers.get_mut(&(r.home, r.name.clone())) {
                    consumer.reserved = r.ordinal;
                }
            }
            Record::Acknowledged(r) => {
                if let Some(consumer) = self.consumers.get_mut(&(r.home, r.name.clone())) {
                    consumer.acknowledged = r.position;
                    consumer.acknowledged_ordinal = r.ordinal;
                    consumer.seen_ms = r.at_ms;
                }
            }
            Record::ConsumerRemoved(r) => {
                self.consumers.remove(&(r.home, r.name.clone()));
            }
            Record::ReferencesForgotten(r) => {
                self.forgotten.insert(r.home, r.before);
            }
            // All that is asked of what was done, the index tells.
            Record::Worked(_)
            | Record::Audited(_)
            | Record::Erased(_)
            | Record::Consented(_)
            | Record::LossAccepted(_)
            | Record::Snapshot(_)
            | Record::Summary(_) => {}
        }
    }

    fn out(&mut self, channel: Channel, origin: Digest) -> &mut OutState {
        self.outs
            .entry(channel)
            .or_insert_with(|| OutState::new(origin))
    }

    fn into(&mut self, channel: Channel) -> &mut InState {
        self.ins
            .entry(channel)
            .or_insert_with(|| InState::new(Digest::default()))
    }

    fn place_in(&mut self, channel: Channel, sequence: Sequence, digest: &Digest) {
        let state = self.into(channel);
        state.held = sequence;
        state.head = chain(state.head, *digest);
        if state.disowned.is_some_and(|(upto, _)| sequence >= upto) {
            state.disowned = None;
        }
    }

    /// Its bytes, for a snapshot and for the index.
    pub(crate) fn encode(&self) -> Bytes {
        let mut put = Put::default();
        put.u32(count(self.outs.len()));
        for (channel, out) in &self.outs {
            put.channel(*channel);
            out.put(&mut put);
        }
        put.u32(count(self.ins.len()));
        for (channel, state) in &self.ins {
            put.channel(*channel);
            state.put(&mut put);
        }
        put.u32(count(self.consumers.len()));
        for ((home, name), consumer) in &self.consumers {
            put.county(*home).text(name);
            consumer.put(&mut put);
        }
        put.u32(count(self.forgotten.len()));
        for (home, before) in &self.forgotten {
            put.county(*home).u32(*before);
        }
        put.0.into()
    }

    /// Reads a snapshot.
    ///
    /// # Errors
    /// [`Unreadable`] if it is none of this version.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut take = Take(bytes);
        let mut state = Self::default();
        for _ in 0..take.u32()? {
            state
                .outs
                .insert(take.channel()?, OutState::take(&mut take)?);
        }
        for _ in 0..take.u32()? {
            state.ins.insert(take.channel()?, InState::take(&mut take)?);
        }
        for _ in 0..take.u32()? {
            state.consumers.insert(
                (take.county()?, take.text()?),
                ConsumerState::take(&mut take)?,
            );
        }
        for _ in 0..take.u32()? {
            state.forgotten.insert(take.county()?, take.u32()?);
        }
        take.end()?;
        Ok(state)
    }
}

impl OutState {
    pub(crate) fn put(&self, put: &mut Put) {
        put.sequence(self.last)
            .digest(&self.head)
            .sequence(self.settled)
            .digest(&self.settled_head)
            .u64(self.receipt.map_or(NONE, Position::get));
        put_stop(put, self.stop);
        put_offices(put, &self.offices);
    }

    pub(crate) fn take(take: &mut Take<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            last: take.sequence()?,
            head: take.digest()?,
            settled: take.sequence()?,
            settled_head: take.digest()?,
            receipt: position(take)?,
            stop: take_stop(take)?,
            offices: take_offices(take)?,
        })
    }
}

impl InState {
    pub(crate) fn put(&self, put: &mut Put) {
        put.sequence(self.held)
            .digest(&self.head)
            .u64(self.parcel.map_or(NONE, Position::get));
        match self.disowned {
            Some((upto, at)) => put.u8(1).sequence(upto).u64(at.get()),
            None => put.u8(0),
        };
        put_stop(put, self.stop);
    }

    pub(crate) fn take(take: &mut Take<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            held: take.sequence()?,
            head: take.digest()?,
            parcel: position(take)?,
            disowned: match take.u8()? {
                0 => None,
                _ => Some((take.sequence()?, Position::new(take.u64()?))),
            },
            stop: take_stop(take)?,
        })
    }
}

impl ConsumerState {
    pub(crate) fn put(&self, put: &mut Put) {
        put.u8(u8::try_from(self.kinds.len()).unwrap_or(u8::MAX));
        for kind in &self.kinds {
            put.u8(kind.number());
        }
        put.text(&self.scope)
            .u64(self.start.get())
            .u64(self.acknowledged.get())
            .u64(self.acknowledged_ordinal)
            .u64(self.reserved)
            .i64(self.seen_ms);
    }

    pub(crate) fn take(take: &mut Take<'_>) -> Result<Self, Unreadable> {
        let mut kinds = Vec::new();
        for _ in 0..take.u8()? {
            kinds.push(Kind::from_number(take.u8()?).ok_or(Unreadable)?);
        }
        Ok(Self {
            kinds,
            scope: take.text()?,
            start: Position::new(take.u64()?),
            acknowledged: Position::new(take.u64()?),
            acknowledged_ordinal: take.u64()?,
            reserved: take.u64()?,
            seen_ms: take.i64()?,
        })
    }
}

fn put_stop(put: &mut Put, stop: Option<Stop>) {
    match stop {
        Some(stop) => put.u8(stop.reason.number()).sequence(stop.sequence),
        None => put.u8(0),
    };
}

fn take_stop(take: &mut Take<'_>) -> Result<Option<Stop>, Unreadable> {
    Ok(match take.u8()? {
        0 => None,
        number => Some(Stop {
            reason: StopReason::from_number(number).ok_or(Unreadable)?,
            sequence: take.sequence()?,
        }),
    })
}

fn position(take: &mut Take<'_>) -> Result<Option<Position>, Unreadable> {
    Ok(match take.u64()? {
        NONE => None,
        number => Some(Position::new(number)),
    })
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Stands for no position.
const NONE: u64 = u64::MAX;
