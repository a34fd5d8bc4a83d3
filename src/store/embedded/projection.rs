//! From records to index changes, one record at a time.
//!
//! The writer and every replay go through here, so what the index holds follows from the journal
//! alone.

use std::collections::{BTreeMap, HashSet};

use super::{
    index::{Index, IndexError},
    keys::{self, Acts, Consenting, Exception, IdRun, REFLECTION, Reflection, Run, Stray},
    references::{References, Use, day_of},
    state::State,
    summary::{Ids, Summary},
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
    index: &'a Index,
    changes: Changes,
    summary: Summary,
    run: Option<OpenRun>,
    acts: Option<OpenActs>,
    audits: Option<OpenActs>,
    outs: HashSet<Channel>,
    ins: HashSet<Channel>,
    consumers: HashSet<(County, String)>,
}

/// A run that the next record may still lengthen.
struct OpenRun {
    run: Run,
    /// At its end.
    ids: Option<Ids>,
}

/// Acts of a home area that stand one behind the other, which the next may still lengthen.
struct OpenActs {
    home: County,
    at: Position,
    count: u32,
    acts: Acts,
}

impl OpenActs {
    /// An act: lengthens the open acts, or begins new ones; gives those that it does not lengthen.
    fn add(open: &mut Option<Self>, home: County, placed: &Placed) -> Option<Self> {
        let at = placed.position;
        let closed = open.take_if(|open| {
            open.home != home
                || open.count >= MAX_RUN
                || open.at.plus(u64::from(open.acts.len)) != at
        });
        let open = open.get_or_insert(Self {
            home,
            at,
            count: 0,
            acts: Acts { len: 0, last: at },
        });
        open.count = open.count.saturating_add(1);
        open.acts.len = open.acts.len.saturating_add(placed.len);
        open.acts.last = at;
        closed
    }
}

/// Longer runs would make a reader read too much for one notice, or for a short page of acts.
const MAX_RUN: u32 = 256;

impl<'a> Projection<'a> {
    pub(crate) fn new(index: &'a Index) -> Self {
        Self {
            index,
            changes: Changes::new(),
            summary: Summary::default(),
            run: None,
            acts: None,
            audits: None,
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
                self.place(
                    Direction::Out,
                    r.channel,
                    r.sequence,
                    placed,
                    head,
                    Some(r.facts.id),
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
                self.place(Direction::Out, r.channel, r.sequence, placed, head, None)?;
                self.stray(Direction::Out, r.channel, r.id, r.sequence, placed)?;
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
                let head = state
                    .ins
                    .get(&r.channel)
                    .map_or_else(Digest::default, |it| it.head);
                self.place(
                    Direction::In,
                    r.channel,
                    r.sequence,
                    placed,
                    head,
                    Some(r.facts.id),
                )?;
                self.corrects(Direction::In, r.channel, r.sequence, &r.facts);
            }
            Record::PlaceUsed(r) => {
                let head = state
                    .ins
                    .get(&r.channel)
                    .map_or_else(Digest::default, |it| it.head);
                let id = r.id.filter(|_| !r.known);
                self.place(Direction::In, r.channel, r.sequence, placed, head, id)?;
            }
            Record::AdoptedOut(r) => {
                self.adopt(state, r)?;
                for holding in &r.holdings {
                    if let Some(id) = holding.id {
                        self.stray(Direction::Out, r.channel, id, holding.sequence, placed)?;
                    }
                }
            }
            Record::ParcelReceived(r) => {
                self.ins.insert(r.channel);
            }
            Record::Stopped(r) => {
                match r.direction {
                    Direction::Out => self.outs.insert(r.channel),
                    Direction::In => self.ins.insert(r.channel),
                };
            }
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
                let closed = OpenActs::add(&mut self.acts, r.side.home, placed);
                self.enter_acts(keys::act, closed);
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
                let closed = OpenActs::add(&mut self.audits, r.home, placed);
                self.enter_acts(keys::audit, closed);
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
        self.close_run();
        let (acts, audits) = (self.acts.take(), self.audits.take());
        self.enter_acts(keys::act, acts);
        self.enter_acts(keys::audit, audits);
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

    /// A place of a channel: lengthens the open run, or begins a new one.
    fn place(
        &mut self,
        direction: Direction,
        channel: Channel,
        sequence: Sequence,
        placed: &Placed,
        head_before: Digest,
        id: Option<NoticeId>,
    ) -> Result<(), IndexError> {
        match direction {
            Direction::Out => self.outs.insert(channel),
            Direction::In => self.ins.insert(channel),
        };
        let fits = self.run.as_ref().is_some_and(|open| {
            open.run.direction == direction
                && open.run.channel == channel
                && open.run.end() == sequence
                && open.run.count < MAX_RUN
                && open.run.at.plus(u64::from(open.run.len)) == placed.position
        });
        if !fits {
            self.close_run();
            self.run = Some(OpenRun {
                run: Run {
                    direction,
                    channel,
                    first: sequence,
                    count: 0,
                    at: placed.position,
                    len: 0,
                    head_before,
                },
                ids: None,
            });
        }
        if let Some(id) = id {
            self.place_id(direction, channel, sequence, placed, id)?;
        }
        if let Some(open) = &mut self.run {
            open.run.count = open.run.count.saturating_add(1);
            open.run.len = open.run.len.saturating_add(placed.len);
        }
        Ok(())
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

    /// An id rises along its run, or stands alone.
    fn place_id(
        &mut self,
        direction: Direction,
        channel: Channel,
        sequence: Sequence,
        placed: &Placed,
        id: NoticeId,
    ) -> Result<(), IndexError> {
        let (epoch, counter) = id.halves();
        let side = Side::of(channel, direction);
        let open = self.run.as_mut().and_then(|open| open.ids.as_mut());
        if let Some(ids) = open.filter(|ids| ids.epoch == epoch) {
            if counter > ids.last {
                ids.last = counter;
                return Ok(());
            }
        } else if self.run.as_ref().is_some_and(|open| open.ids.is_none())
            && self.highest(side, epoch)?.is_none_or(|it| counter > it)
            && let Some(open) = &mut self.run
        {
            open.ids = Some(Ids {
                epoch,
                first: counter,
                last: counter,
            });
            return Ok(());
        }
        self.stray(direction, channel, id, sequence, placed)
    }

    /// The highest counter of an epoch that a side knows: an id above it is new.
    pub(crate) fn highest(&self, side: Side, epoch: u64) -> Result<Option<u64>, IndexError> {
        let bytes = self.get(&keys::epoch(side, epoch))?;
        Ok(bytes.map(|bytes| u64::from_be_bytes(bytes.as_slice().try_into().unwrap_or_default())))
    }

    fn stray(
        &mut self,
        direction: Direction,
        channel: Channel,
        id: NoticeId,
        sequence: Sequence,
        placed: &Placed,
    ) -> Result<(), IndexError> {
        let side = Side::of(channel, direction);
        let (epoch, counter) = id.halves();
        if self.highest(side, epoch)?.is_none_or(|it| counter > it) {
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

    fn close_run(&mut self) {
        if let Some(OpenRun { run, ids }) = self.run.take() {
            self.summary.run(&run, ids);
            self.enter(run, ids);
        }
    }

    /// Acts that no other lengthens.
    fn enter_acts(&mut self, key: fn(County, Position) -> Vec<u8>, closed: Option<OpenActs>) {
        if let Some(OpenActs { home, at, acts, .. }) = closed {
            self.put(key(home, at), acts.encode());
        }
    }

    /// A run that is whole.
    pub(crate) fn enter(&mut self, run: Run, ids: Option<Ids>) {
        let side = Side::of(run.channel, run.direction);
        let bytes = run.encode();
        self.put_told(
            keys::run(run.direction, run.channel, run.first),
            bytes.clone(),
        );
        self.put_told(keys::feed(side.home, run.at), bytes);
        if let Some(Ids { epoch, first, last }) = ids {
            let ids = IdRun {
                last_counter: last,
                run,
            };
            self.put_told(keys::id_run(side, epoch, first), ids.encode());
            self.put_told(keys::epoch(side, epoch), last.to_be_bytes().to_vec());
        }
    }

    /// Places above the highest receipted one become the peer's.
    fn adopt(
        &mut self,
        state: &State,
        adopted: &crate::store::journal::record::AdoptedOut,
    ) -> Result<(), IndexError> {
        self.outs.insert(adopted.channel);
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

    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.summary.other(key.clone(), Some(value.clone()));
        self.put_told(key, value);
    }

    fn remove(&mut self, key: Vec<u8>) {
        self.summary.other(key.clone(), None);
        self.change(key, None);
    }

    /// Puts what a snapshot or the run itself tells a rebuild.
    fn put_told(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.change(key, Some(value));
    }

    /// Changes a key, as a summary says.
    pub(crate) fn change(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.changes.insert(key, value);
    }

    /// The changes so far, to be applied ahead of the others.
    pub(crate) fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }
}
