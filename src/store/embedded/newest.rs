//! The newest entries of the index that the next records may lengthen.
//!
//! What is not known here is read from the index once, and the same is decided on either: whether an
//! entry is lengthened follows from the journal alone, wherever a group ended and whenever the node
//! was started.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use super::{
    index::IndexError,
    keys::{self, Exception, IdRun, Run},
    projection::Projection,
    stretches::Stretches,
};
use crate::{
    domain::{
        area::County,
        channel::{Channel, Digest, Sequence},
        notice::NoticeId,
    },
    store::journal::{
        group::Placed,
        record::{Direction, Position, Side},
    },
};

/// The newest of each kind in the open segment.
#[derive(Default)]
pub(crate) struct Newest {
    /// Where that segment begins: no entry goes beyond one.
    segment: Position,
    /// None for a channel whose next place begins a run.
    runs: BTreeMap<(Direction, Channel), Option<Run>>,
    /// Each ends with the highest counter that its side knows of its epoch.
    ids: BTreeMap<(Side, Direction), OpenIds>,
    lists: BTreeMap<(List, County), Stretches>,
    changed: Changed,
}

/// Those that the index does not have as they are.
#[derive(Default)]
struct Changed {
    runs: BTreeSet<(Direction, Channel)>,
    ids: BTreeSet<(Side, Direction)>,
    lists: BTreeSet<(List, County)>,
}

/// Rising ids, and where their entry stands.
struct OpenIds {
    epoch: u64,
    first: u64,
    run: IdRun,
}

/// What is listed of a home area by its positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum List {
    Feed,
    Acts,
    Audits,
}

impl Newest {
    /// Nothing yet of the segment that begins there.
    pub(crate) fn of(segment: Position) -> Self {
        Self {
            segment,
            ..Self::default()
        }
    }
}

impl List {
    pub(crate) fn key(self, home: County, at: Position) -> Vec<u8> {
        match self {
            Self::Feed => keys::feed(home, at),
            Self::Acts => keys::act(home, at),
            Self::Audits => keys::audit(home, at),
        }
    }

    pub(crate) fn prefix(self, home: County) -> Vec<u8> {
        match self {
            Self::Feed => keys::feeds(home),
            Self::Acts => keys::acts(home),
            Self::Audits => keys::audits(home),
        }
    }
}

impl Projection<'_> {
    /// A place of a channel: lengthens its newest run, or begins a new one.
    pub(super) fn place(
        &mut self,
        newest: &mut Newest,
        whose: (Direction, Channel),
        sequence: Sequence,
        placed: &Placed,
        head_before: Digest,
        id: Option<NoticeId>,
    ) -> Result<(), IndexError> {
        let (direction, channel) = whose;
        self.touch(direction, channel);
        let segment = newest.segment;
        let open = match newest.runs.entry(whose) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(place) => place.insert(self.newest_run(whose, sequence)?),
        };
        match open {
            Some(run)
                if run.end() == sequence
                    && run.count() < MAX_RUN
                    && run.stretches.goes_on(segment) =>
            {
                run.stretches.add(placed, 1, |count| count.checked_add(1));
            }
            open => {
                let full = open.replace(Run {
                    first: sequence,
                    head_before,
                    stretches: Stretches::new(placed, 1),
                });
                if let Some(full) = full.filter(|_| newest.changed.runs.contains(&whose)) {
                    self.put_run(whose, &full);
                }
            }
        }
        newest.changed.runs.insert(whose);
        let home = Side::of(channel, direction).home;
        let mark = direction.number().into();
        self.list(newest, (List::Feed, home), placed, mark)?;
        match id {
            Some(id) => self.place_id(newest, whose, sequence, placed, id),
            None => Ok(()),
        }
    }

    /// The newest run of a channel whose next place is `sequence`, as the index has it; none if what it
    /// ends with became the peer's.
    fn newest_run(
        &self,
        (direction, channel): (Direction, Channel),
        sequence: Sequence,
    ) -> Result<Option<Run>, IndexError> {
        let last = Sequence::new(sequence.get().saturating_sub(1));
        let last = self.get(&keys::exception(direction, channel, last))?;
        if let Some(last) = last
            && Exception::decode(&last)?.adopted.is_some()
        {
            return Ok(None);
        }
        let prefix = keys::runs(direction, channel);
        let key = keys::run(direction, channel, sequence);
        Ok(match self.index.floor(&prefix, &key)? {
            Some((_, value)) => Some(Run::decode(&value)?),
            None => None,
        })
    }

    /// An entry that a list of a home area has: lengthens its newest entry, or begins a new one.
    pub(super) fn list(
        &mut self,
        newest: &mut Newest,
        of: (List, County),
        placed: &Placed,
        mark: u64,
    ) -> Result<(), IndexError> {
        let (list, home) = of;
        let open = match newest.lists.entry(of) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(place) => {
                let key = list.key(home, placed.position);
                let found = self.index.floor(&list.prefix(home), &key)?;
                place.insert(match found {
                    Some((_, value)) => Stretches::decode(&value)?,
                    None => Stretches::default(),
                })
            }
        };
        if open.goes_on(newest.segment) {
            open.add(placed, mark, |it| (it == mark).then_some(it));
        } else {
            let full = std::mem::replace(open, Stretches::new(placed, mark));
            if newest.changed.lists.contains(&of) {
                self.put(list.key(home, full.at()), full.encode());
            }
        }
        newest.changed.lists.insert(of);
        Ok(())
    }

    /// An id rises along its channel, or stands alone.
    fn place_id(
        &mut self,
        newest: &mut Newest,
        whose: (Direction, Channel),
        sequence: Sequence,
        placed: &Placed,
        id: NoticeId,
    ) -> Result<(), IndexError> {
        let (direction, channel) = whose;
        let (epoch, counter) = id.halves();
        let side = Side::of(channel, direction);
        let of = (side, direction);
        let is_open = newest.ids.get(&of).is_some_and(|it| it.epoch == epoch);
        let highest = match newest.ids.get(&of) {
            Some(open) if is_open => Some(open.run.last),
            _ => self.highest_with(newest, side, epoch)?,
        };
        if highest.is_some_and(|highest| counter <= highest) {
            return self.stray(newest, whose, id, sequence, placed);
        }
        if !is_open {
            let known = match highest {
                Some(highest) => self.newest_ids(of, epoch, highest)?,
                None => None,
            };
            self.close_ids(newest, of);
            if let Some(known) = known {
                newest.ids.insert(of, known);
            }
        }
        // Those that go the other way end with the highest no more.
        let others = (side, direction.opposite());
        if newest.ids.get(&others).is_some_and(|it| it.epoch == epoch) {
            self.close_ids(newest, others);
        }
        let segment = newest.segment;
        match newest.ids.get_mut(&of) {
            Some(open) if open.run.stretches.goes_on(segment) => {
                open.run.last = counter;
                let above = counter.saturating_sub(open.first);
                open.run.stretches.add(placed, above, Some);
            }
            _ => {
                self.close_ids(newest, of);
                let run = IdRun {
                    direction,
                    last: counter,
                    stretches: Stretches::new(placed, 0),
                };
                let open = OpenIds {
                    epoch,
                    first: counter,
                    run,
                };
                newest.ids.insert(of, open);
            }
        }
        newest.changed.ids.insert(of);
        Ok(())
    }

    /// Rising ids whose last is the highest that its side knows of an epoch, if they go that way.
    fn newest_ids(
        &self,
        (side, direction): (Side, Direction),
        epoch: u64,
        highest: u64,
    ) -> Result<Option<OpenIds>, IndexError> {
        let prefix = keys::id_runs(side, epoch);
        let key = keys::id_run(side, epoch, highest);
        let changed = self.changes.range(prefix.clone()..=key.clone());
        let changed = changed.rev().find_map(|(key, value)| {
            let value = value.as_ref()?;
            Some((key.as_slice().into(), value.as_slice().into()))
        });
        let held = self.index.floor(&prefix, &key)?;
        // Where both have it, what is changed is the newer.
        let found = match (changed, held) {
            (Some(changed), Some(held)) if held.0 > changed.0 => Some(held),
            (Some(changed), _) => Some(changed),
            (None, held) => held,
        };
        let Some((key, value)) = found else {
            return Ok(None);
        };
        let run = IdRun::decode(&value)?;
        let open = OpenIds {
            epoch,
            first: keys::counter_at_end(&key),
            run,
        };
        let goes_on = open.run.direction == direction && open.run.last == highest;
        Ok(goes_on.then_some(open))
    }

    /// As [`highest`](Self::highest), with what is not among the changes yet.
    pub(super) fn highest_with(
        &self,
        newest: &Newest,
        side: Side,
        epoch: u64,
    ) -> Result<Option<u64>, IndexError> {
        let open = [Direction::Out, Direction::In]
            .iter()
            .filter_map(|direction| newest.ids.get(&(side, *direction)))
            .filter(|open| open.epoch == epoch)
            .map(|open| open.run.last)
            .max();
        Ok(open.max(self.highest(side, epoch)?))
    }

    /// The next place of a channel begins a run.
    pub(super) fn close_run(&mut self, newest: &mut Newest, whose: (Direction, Channel)) {
        let closed = newest.runs.insert(whose, None).flatten();
        if let Some(closed) = closed.filter(|_| newest.changed.runs.remove(&whose)) {
            self.put_run(whose, &closed);
        }
    }

    fn put_run(&mut self, (direction, channel): (Direction, Channel), run: &Run) {
        self.put(keys::run(direction, channel, run.first), run.encode());
    }

    fn put_ids(&mut self, side: Side, open: &OpenIds) {
        let OpenIds { epoch, first, run } = open;
        self.put(keys::id_run(side, *epoch, *first), run.encode());
        self.put(keys::epoch(side, *epoch), run.last.to_be_bytes().to_vec());
    }

    /// No ids of an epoch rise any more from where they are.
    pub(super) fn close_ids_of(&mut self, newest: &mut Newest, side: Side, epoch: u64) {
        for of in [(side, Direction::Out), (side, Direction::In)] {
            if newest.ids.get(&of).is_some_and(|it| it.epoch == epoch) {
                self.close_ids(newest, of);
            }
        }
    }

    /// Ids that no other lengthens.
    fn close_ids(&mut self, newest: &mut Newest, of: (Side, Direction)) {
        if let Some(closed) = newest.ids.remove(&of)
            && newest.changed.ids.remove(&of)
        {
            self.put_ids(of.0, &closed);
        }
    }

    /// What was lengthened or begun becomes part of the changes, as it is by now.
    pub(super) fn write_newest(&mut self, newest: &mut Newest) {
        let changed = std::mem::take(&mut newest.changed);
        for whose in changed.runs {
            if let Some(Some(run)) = newest.runs.get(&whose) {
                self.put_run(whose, run);
            }
        }
        for of in changed.ids {
            if let Some(open) = newest.ids.get(&of) {
                self.put_ids(of.0, open);
            }
        }
        for (list, home) in changed.lists {
            if let Some(open) = newest.lists.get(&(list, home)) {
                self.put(list.key(home, open.at()), open.encode());
            }
        }
    }
}

/// In longer runs it would take a reader too long to come from their first place to the head at another.
const MAX_RUN: u64 = 256;
