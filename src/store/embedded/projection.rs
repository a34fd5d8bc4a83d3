//! From records to index changes, one record at a time.
//!
//! The writer and every replay go through here, so what the index holds follows from the journal
//! alone.

use std::collections::{BTreeMap, HashSet};

use super::{
    index::{Index, IndexError},
    keys::{self, Consenting, Exception, REFLECTION, Reflection, Stray},
    newest::{List, Newest},
    references::{References, Use, day_of},
    state::State,
    summary::Summary,
};
use crate::{
    domain::{
        area::County,
        channel::{Channel, Digest, Sequence},
        notice::{Kind, NoticeId},
        receipt::{Outcome, VoidReason},
        work::ActKind,
    },
    store::journal::{
        group::Placed,
        record::{Direction, Facts, Position, Record, Side},
        segment::Chains,
    },
};

/// What becomes of keys: a value, or nothing.
pub(crate) type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The changes of one group, readable before they are applied.
pub(crate) struct Projection<'a> {
    pub(super) index: &'a Index,
    pub(super) changes: Changes,
    summary: Summary,
    outs: HashSet<Channel>,
    ins: HashSet<Channel>,
    consumers: HashSet<(County, String)>,
}

impl<'a> Projection<'a> {
    pub(crate) fn new(index: &'a Index) -> Self {
        Self {
            index,
            changes: Changes::new(),
            summary: Summary::default(),
            outs: HashSet::new(),
            ins: HashSet::new(),
            consumers: HashSet::new(),
        }
    }

    /// What stands under a key once the changes so far are applied.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        match self.changes.get(key) {
            Some(value) => Ok(value.clone()),
            None => Ok(self.index.get(key)?.map(|value| value.to_vec())),
        }
    }

    /// True if something may stand under a key that begins so.
    fn has_any(&self, prefix: &[u8]) -> Result<bool, IndexError> {
        let mut changed = self.changes.range(prefix.to_vec()..);
        if changed
            .next()
            .is_some_and(|(key, _)| key.starts_with(prefix))
        {
            return Ok(true);
        }
        Ok(self
            .index
            .from(prefix, prefix)
            .next()
            .transpose()?
            .is_some())
    }

    /// Follows one record, in the state and in the index.
    pub(crate) fn follow(&mut self, state: &mut State, placed: &Placed) -> Result<(), IndexError> {
        let at = placed.position;
        match &placed.record {
            Record::Published(r) => {
                let begun = state.outs.get(&r.channel);
                let begun = begun.filter(|out| out.last > Sequence::ZERO);
                let head = begun.map_or(r.origin, |out| out.head);
                let id = Some(r.facts.id);
                self.place(
                    &mut state.newest,
                    (Direction::Out, r.channel),
                    r.sequence,
                    placed,
                    head,
                    id,
                )?;
                self.corrects(Direction::Out, r.channel, r.sequence, &r.facts);
                let last = Use {
                    at,
                    len: placed.len,
                    day: day_of(r.facts.published_at_ms),
                };
                let home = r.channel.from;
                self.summary.reference(home, &r.reference_key, last);
                state.references.used(home, r.reference_key, last);
            }
            Record::Requeued(r) => {
                let head = state
                    .outs
                    .get(&r.channel)
                    .map_or_else(Digest::default, |out| out.head);
                let newest = &mut state.newest;
                let whose = (Direction::Out, r.channel);
                self.place(newest, whose, r.sequence, placed, head, None)?;
                self.stray(newest, whose, r.id, r.sequence, placed)?;
                let hold = keys::hold(r.channel, r.left);
                if self.get(&hold)?.is_some() {
                    // Only a release leaves a void behind; after an adoption the place is another's.
                    self.remove(hold);
                    self.amend(Direction::Out, r.channel, r.left, |left| {
                        left.moved_to = Some(r.sequence);
                    })?;
                }
                self.amend(Direction::Out, r.channel, r.sequence, |place| {
                    place.origin = Some(r.origin);
                })?;
            }
            Record::Ended(r) => {
                self.amend(Direction::Out, r.channel, r.sequence, |place| {
                    place.ended = Some((r.reason, r.code));
                })?;
                match r.reason {
                    VoidReason::OnHold => self.put(keys::hold(r.channel, r.sequence), Vec::new()),
                    VoidReason::Expired | VoidReason::Withdrawn => {
                        self.remove(keys::hold(r.channel, r.sequence));
                    }
                }
            }
            Record::Settled(r) => {
                let holds = self.has_any(&keys::holds(r.channel))?;
                for (offset, outcome) in r.outcomes.iter().enumerate() {
                    let sequence = r.first.plus(offset as u64);
                    if *outcome != Outcome::Stored {
                        self.amend(Direction::Out, r.channel, sequence, |place| {
                            place.outcome = Some(outcome.clone());
                        })?;
                    }
                    if holds && *outcome != Outcome::Voided {
                        // The peer has it after all, so it need not come again.
                        let hold = keys::hold(r.channel, sequence);
                        if self.get(&hold)?.is_some() {
                            self.remove(hold);
                        }
                    }
                }
            }
            Record::Received(r) => {
                let head = head_of_in(state, r.channel);
                let id = Some(r.facts.id);
                self.place(
                    &mut state.newest,
                    (Direction::In, r.channel),
                    r.sequence,
                    placed,
                    head,
                    id,
                )?;
                self.corrects(Direction::In, r.channel, r.sequence, &r.facts);
            }
            Record::PlaceUsed(r) => {
                let head = head_of_in(state, r.channel);
                let id = r.id.filter(|_| !r.known);
                self.place(
                    &mut state.newest,
                    (Direction::In, r.channel),
                    r.sequence,
                    placed,
                    head,
                    id,
                )?;
            }
            Record::AdoptedOut(r) => {
                self.adopt(state, r)?;
                for holding in &r.holdings {
                    if let Some(id) = holding.id {
                        let whose = (Direction::Out, r.channel);
                        self.stray(&mut state.newest, whose, id, holding.sequence, placed)?;
                    }
                }
            }
            Record::ParcelReceived(r) => {
                self.ins.insert(r.channel);
            }
            Record::Stopped(r) => self.touch(r.direction, r.channel),
            Record::AdoptedIn(r) => {
                self.ins.insert(r.channel);
            }
            Record::ConsumerOpened(r) => {
                self.consumers.insert((r.home, r.name.clone()));
            }
            Record::HandedOut(r) => {
                self.consumers.insert((r.home, r.name.clone()));
            }
            Record::Acknowledged(r) => {
                self.consumers.insert((r.home, r.name.clone()));
            }
            Record::ConsumerRemoved(r) => {
                self.consumers.insert((r.home, r.name.clone()));
            }
            Record::ReferencesForgotten(r) => {
                self.forgotten(r.home, r.before);
                self.forget(&mut state.references, r.home, r.before)?;
            }
            Record::Worked(r) => {
                self.list(&mut state.newest, (List::Acts, r.side.home), placed, 0)?;
                let newest = at.get().to_be_bytes().to_vec();
                self.put(keys::newest_act(r.side, r.about), newest);
                match r.kind {
                    ActKind::Held => self.put(keys::held(r.side, r.about), Vec::new()),
                    ActKind::Released => self.remove(keys::held(r.side, r.about)),
                    ActKind::Took
                    | ActKind::Verifying
                    | ActKind::Forwarded
                    | ActKind::Noted
                    | ActKind::PassedOn
                    | ActKind::NotTheSame => {}
                }
            }
            Record::Audited(r) => {
                self.list(&mut state.newest, (List::Audits, r.home), placed, 0)?;
            }
            Record::Erased(r) => {
                for slot in &r.slots {
                    let next = r.next.get().to_be_bytes().to_vec();
                    self.put(keys::slot_behind(*slot), next);
                }
                for notice in r.notices.iter().chain([&r.case]) {
                    let at = at.get().to_be_bytes().to_vec();
                    self.put(keys::erased_notice(r.side, *notice), at);
                }
                self.put(keys::erasure(r.side.home, at), Vec::new());
            }
            Record::Consented(r) => {
                let entry = Consenting {
                    at,
                    withdrawn: r.withdrawn,
                };
                self.put(keys::consent(r.home, r.key), entry.encode());
            }
            Record::LossAccepted(_) | Record::Snapshot(_) | Record::Summary(_) => {}
        }
        if let Record::Settled(r) = &placed.record {
            self.outs.insert(r.channel);
        }
        state.follow(&placed.record, at);
        Ok(())
    }

    /// Counts every channel and consumer as changed.
    pub(crate) fn touch_all(&mut self, state: &State) {
        self.outs.extend(state.outs.keys());
        self.ins.extend(state.ins.keys());
        self.consumers.extend(state.consumers.keys().cloned());
        for (home, before) in &state.forgotten {
            self.forgotten(*home, *before);
        }
    }

    /// References of before a day leave.
    pub(crate) fn forget(
        &mut self,
        references: &mut References,
        home: County,
        before: u32,
    ) -> Result<(), IndexError> {
        references.forget(self.index, home, before, &mut self.changes)
    }

    fn forgotten(&mut self, home: County, before: u32) {
        self.put_told(keys::forgotten(home), before.to_be_bytes().to_vec());
    }

    /// The changes, with the live state that they touched and the reflection behind them, and what
    /// of them a rebuild cannot tell from the live state.
    pub(crate) fn finish(
        mut self,
        state: &mut State,
        position: Position,
        chains: &Chains,
    ) -> Result<(Changes, Summary), IndexError> {
        self.write_newest(&mut state.newest);
        state.references.write(&mut self.changes);
        for channel in std::mem::take(&mut self.outs) {
            if let Some(out) = state.outs.get(&channel) {
                let mut put = crate::store::journal::bytes::Put::default();
                out.put(&mut put);
                self.put_told(keys::out_state(channel), put.0);
            }
        }
        for channel in std::mem::take(&mut self.ins) {
            if let Some(it) = state.ins.get(&channel) {
                let mut put = crate::store::journal::bytes::Put::default();
                it.put(&mut put);
                self.put_told(keys::in_state(channel), put.0);
            }
        }
        for (home, name) in std::mem::take(&mut self.consumers) {
            let key = keys::consumer(home, &name);
            match state.consumers.get(&(home, name)) {
                Some(consumer) => {
                    let mut put = crate::store::journal::bytes::Put::default();
                    consumer.put(&mut put);
                    self.put_told(key, put.0);
                }
                None => self.change(key, None),
            }
        }
        let reflection = Reflection {
            position,
            chains: chains.clone(),
        };
        self.put_told(REFLECTION.to_vec(), reflection.encode());
        Ok((self.changes, self.summary))
    }

    pub(super) fn touch(&mut self, direction: Direction, channel: Channel) {
        match direction {
            Direction::Out => self.outs.insert(channel),
            Direction::In => self.ins.insert(channel),
        };
    }

    /// What a correction speaks of can tell that it was corrected, and likewise of an erasure.
    fn corrects(
        &mut self,
        direction: Direction,
        channel: Channel,
        sequence: Sequence,
        facts: &Facts,
    ) {
        let Some(named) = facts.answers else { return };
        let side = Side::of(channel, direction);
        let key = match facts.kind {
            Kind::Correction => keys::correction(side, named, sequence),
            Kind::Erasure => keys::asking(side, named, sequence),
            _ => return,
        };
        self.put(key, facts.id.as_bytes().to_vec());
    }

    /// The highest counter of an epoch that a side knows: an id above it is new.
    pub(crate) fn highest(&self, side: Side, epoch: u64) -> Result<Option<u64>, IndexError> {
        let bytes = self.get(&keys::epoch(side, epoch))?;
        Ok(bytes.map(|bytes| u64::from_be_bytes(bytes.as_slice().try_into().unwrap_or_default())))
    }

    pub(super) fn stray(
        &mut self,
        newest: &mut Newest,
        (direction, channel): (Direction, Channel),
        id: NoticeId,
        sequence: Sequence,
        placed: &Placed,
    ) -> Result<(), IndexError> {
        let side = Side::of(channel, direction);
        let (epoch, counter) = id.halves();
        let highest = self.highest_with(newest, side, epoch)?;
        if highest.is_none_or(|it| counter > it) {
            self.close_ids_of(newest, side, epoch);
            self.put(keys::epoch(side, epoch), counter.to_be_bytes().to_vec());
        }
        let stray = Stray {
            direction,
            channel,
            sequence,
            at: placed.position,
            len: placed.len,
        };
        self.put(keys::stray(side, id), stray.encode());
        Ok(())
    }

    /// Places above the highest receipted one become the peer's.
    fn adopt(
        &mut self,
        state: &mut State,
        adopted: &crate::store::journal::record::AdoptedOut,
    ) -> Result<(), IndexError> {
        self.outs.insert(adopted.channel);
        self.close_run(&mut state.newest, (Direction::Out, adopted.channel));
        let (Some(first), Some(last)) = (adopted.holdings.first(), adopted.holdings.last()) else {
            return Ok(());
        };
        let known = state
            .outs
            .get(&adopted.channel)
            .map_or(Sequence::ZERO, |out| out.last);
        for holding in &adopted.holdings {
            self.amend(Direction::Out, adopted.channel, holding.sequence, |place| {
                *place = Exception {
                    adopted: Some((holding.digest, holding.id)),
                    outcome: (holding.outcome != Outcome::Stored).then(|| holding.outcome.clone()),
                    ..Exception::default()
                };
            })?;
            self.remove(keys::hold(adopted.channel, holding.sequence));
        }
        // Own runs behind the first taken place no longer tell what stands there.
        let prefix = keys::runs(Direction::Out, adopted.channel);
        let from = keys::run(Direction::Out, adopted.channel, first.sequence.next());
        let stale: Vec<_> = self
            .index
            .from(&prefix, &from)
            .map(|found| found.map(|(key, _)| key.to_vec()))
            .collect::<Result<_, _>>()?;
        for key in stale {
            self.remove(key);
        }
        // Own places behind the last taken one are renumbered; their ends go with them.
        let mut sequence = last.sequence.next();
        while sequence <= known {
            self.remove(keys::exception(Direction::Out, adopted.channel, sequence));
            self.remove(keys::hold(adopted.channel, sequence));
            sequence = sequence.next();
        }
        Ok(())
    }

    fn amend(
        &mut self,
        direction: Direction,
        channel: Channel,
        sequence: Sequence,
        change: impl FnOnce(&mut Exception),
    ) -> Result<(), IndexError> {
        let key = keys::exception(direction, channel, sequence);
        let mut exception = match self.get(&key)? {
            Some(bytes) => Exception::decode(&bytes)?,
            None => Exception::default(),
        };
        change(&mut exception);
        self.put(key, exception.encode());
        Ok(())
    }

    pub(super) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.summary.other(key.clone(), Some(value.clone()));
        self.put_told(key, value);
    }

    fn remove(&mut self, key: Vec<u8>) {
        self.summary.other(key.clone(), None);
        self.change(key, None);
    }

    /// Puts what a snapshot tells a rebuild.
    fn put_told(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.change(key, Some(value));
    }

    /// Changes a key, as a summary says.
    pub(crate) fn change(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.changes.insert(key, value);
    }
}

/// The head that a channel that comes in had before this place.
fn head_of_in(state: &State, channel: Channel) -> Digest {
    let it = state.ins.get(&channel);
    it.map_or_else(Digest::default, |it| it.head)
}
