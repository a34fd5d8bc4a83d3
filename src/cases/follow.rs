//! The thread that brings the tree up to what the store holds.
//!
//! It reads channels page by page, both of a pair side by side, so that what a notice speaks of has
//! been read before it. How far it has come is part of what it changes, so a hard stop repeats
//! nothing and leaves nothing out.

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Shared,
    batch::Batch,
    keys::{self, Cursor},
    reading::{Reader, reached},
    renewals::Renewals,
    rests::Rests,
    tags::Tags,
    thread::{Done, Told},
};
use crate::{
    agreement::Agreements,
    domain::{
        area::County,
        channel::{Channel, Sequence},
        work::Act,
        workdays::Workdays,
    },
    store::{
        ChannelView, Direction, KeptAct, NotNow, NoticeView, Position, Shelf, ShelfError, Store,
    },
};

/// What the thread works with.
pub(super) struct Follower {
    pub(super) store: Store,
    pub(super) tags: Tags,
    pub(super) homes: Vec<County>,
    pub(super) agreements: watch::Receiver<Arc<Agreements>>,
    pub(super) workdays: watch::Receiver<Arc<Workdays>>,
    pub(super) data: PathBuf,
    pub(super) cache_bytes: u64,
    pub(super) shared: Arc<Shared>,
}

/// Why it does not go on.
enum Halt {
    /// The store cannot be asked now.
    Store(NotNow),
    /// The tree failed.
    Shelf(ShelfError),
}

impl From<NotNow> for Halt {
    fn from(error: NotNow) -> Self {
        Self::Store(error)
    }
}

impl From<ShelfError> for Halt {
    fn from(error: ShelfError) -> Self {
        Self::Shelf(error)
    }
}

/// Why a tree is not followed with any more.
#[derive(PartialEq, Eq)]
enum Ended {
    /// It is made anew.
    Anew,
    /// The node stops.
    Stopped,
}

/// What happened while there was nothing to do.
enum Turn {
    GoOn,
    Anew,
    Stop,
}

impl Follower {
    /// Runs until told to stop.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let workdays = Arc::clone(&self.workdays.borrow_and_update());
            let opened = Shelf::open(&self.data, TREE, &stamp(&workdays), self.cache_bytes);
            let shelf = match opened {
                Ok(shelf) => shelf,
                Err(error) => {
                    tracing::error!(%error, "Cases, lists and figures cannot be had; check the disk under data/cases.");
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(AFTER_FAILURE) => continue,
                    }
                }
            };
            self.shared.shelf.send_replace(Some(shelf.clone()));
            let ended = self.follow(shelf, &workdays, &stop).await;
            self.shared.shelf.send_replace(None);
            self.shared.followed.send_replace(None);
            if ended == Ended::Stopped {
                return;
            }
        }
    }

    /// Follows with one tree, until it fails, has to be filled anew, or is told to stop.
    async fn follow(
        &mut self,
        mut shelf: Shelf,
        workdays: &Workdays,
        stop: &CancellationToken,
    ) -> Ended {
        let mut commits = self.store.commits();
        let mut renewals = Renewals::default();
        loop {
            let seen = *commits.borrow_and_update();
            match self.pass(&shelf, workdays, stop).await {
                Ok(()) => {
                    self.shared.followed.send_replace(Some(seen));
                    let rests = Rests::new(&self.shared, self.store.commits());
                    if let Some(anew) = renewals.renewed(&shelf, &rests, stop).await {
                        shelf = anew;
                        self.shared.shelf.send_replace(Some(shelf.clone()));
                    }
                }
                Err(Halt::Store(error)) => {
                    if error != NotNow::Stopping {
                        tracing::warn!(%error, "Cases, lists and figures stay behind.");
                    }
                }
                Err(Halt::Shelf(error)) => {
                    tracing::error!(%error, "Cases, lists and figures are made anew from the store.");
                    if let Err(error) = shelf.distrust() {
                        tracing::error!(%error, "That their tree failed cannot be written down.");
                    }
                    return Ended::Anew;
                }
            }
            match self.wait(&mut commits, renewals.due, stop).await {
                Turn::GoOn => {}
                Turn::Anew => return Ended::Anew,
                Turn::Stop => {
                    if let Err(error) = shelf.flush() {
                        tracing::warn!(%error, "The last changes of cases are made once more at the next start.");
                    }
                    return Ended::Stopped;
                }
            }
        }
    }

    /// Waits until there is something to do.
    async fn wait(
        &mut self,
        commits: &mut watch::Receiver<u64>,
        due: Option<Instant>,
        stop: &CancellationToken,
    ) -> Turn {
        tokio::select! {
            () = stop.cancelled() => return Turn::Stop,
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                return Turn::GoOn;
            }
            Ok(()) = self.workdays.changed() => return Turn::Anew,
            changed = commits.changed() => {
                if changed.is_err() {
                    return Turn::Stop;
                }
            }
        }
        // More at a time costs less: most of it has its answer by then.
        tokio::select! {
            () = stop.cancelled() => Turn::Stop,
            () = self.shared.waited_for() => Turn::GoOn,
            () = tokio::time::sleep(GATHER) => Turn::GoOn,
        }
    }

    /// Takes up everything that is there now.
    async fn pass(
        &self,
        shelf: &Shelf,
        workdays: &Workdays,
        stop: &CancellationToken,
    ) -> Result<(), Halt> {
        let rests = Rests::new(&self.shared, self.store.commits());
        let agreements = Arc::clone(&self.agreements.borrow());
        let reader = Reader {
            tags: &self.tags,
            agreements: &agreements,
            workdays,
        };
        let mut pairs: BTreeMap<(County, County), [Option<ChannelView>; 2]> = BTreeMap::new();
        for view in self.store.channels().await? {
            let Channel { from, to } = view.channel;
            let (pair, at) = match view.direction {
                Direction::Out => ((from, to), 0),
                Direction::In => ((to, from), 1),
            };
            if let Some(place) = pairs.entry(pair).or_default().get_mut(at) {
                *place = Some(view);
            }
        }
        for ((home, other), [out, came]) in pairs {
            if self.homes.contains(&home) {
                let pair = Pair {
                    store: &self.store,
                    shelf,
                    reader: &reader,
                    rests: &rests,
                    home,
                    other,
                };
                pair.follow(out, came, stop).await?;
            }
        }
        for home in &self.homes {
            self.acts(shelf, workdays, *home).await?;
            self.erasures(shelf, workdays, *home).await?;
        }
        Ok(())
    }

    /// Takes up what was erased of a home area.
    async fn erasures(&self, shelf: &Shelf, workdays: &Workdays, home: County) -> Result<(), Halt> {
        loop {
            let after = position(shelf, &keys::erasures(home))?;
            let erasures = self.store.erasures(home, after, BATCH).await?;
            let Some((last, _)) = erasures.last() else {
                return Ok(());
            };
            let last = last.get().to_be_bytes().to_vec();
            let mut batch = Batch::new(shelf, workdays);
            for (_, erasure) in &erasures {
                batch.erase(home, erasure.side.other, erasure.case, &erasure.notices)?;
            }
            batch.put(keys::erasures(home), last);
            batch.put(keys::TO_RENEW.to_vec(), Vec::new());
            batch.apply()?;
        }
    }

    /// Takes up what desks of a home area did.
    async fn acts(&self, shelf: &Shelf, workdays: &Workdays, home: County) -> Result<(), Halt> {
        loop {
            let after = position(shelf, &keys::acts(home))?;
            let acts = self.store.worked(home, after, PAGE).await?;
            let Some(last) = acts.last() else {
                return Ok(());
            };
            let last = last.position;
            let mut batch = Batch::new(shelf, workdays);
            for act in acts {
                let other = act.other;
                batch.done(home, other, self.done(home, act))?;
            }
            batch.put(keys::acts(home), last.get().to_be_bytes().to_vec());
            batch.apply()?;
        }
    }

    fn done(&self, home: County, act: KeptAct) -> Done {
        let KeptAct {
            position, worked, ..
        } = act;
        Done {
            position,
            about: worked.about,
            office: worked.office,
            at_ms: worked.at_ms,
            kind: worked.act.kind(),
            desk: match &worked.act {
                Act::Forwarded { to } => self.tags.area(home, to.area()),
                _ => Vec::new(),
            },
            other: match worked.act {
                Act::NotTheSame { other } => Some(other),
                _ => None,
            },
        }
    }
}

/// The two channels between a home area and another.
struct Pair<'a> {
    store: &'a Store,
    shelf: &'a Shelf,
    reader: &'a Reader<'a>,
    rests: &'a Rests<'a>,
    home: County,
    other: County,
}

impl Pair<'_> {
    async fn follow(
        &self,
        out: Option<ChannelView>,
        came: Option<ChannelView>,
        stop: &CancellationToken,
    ) -> Result<(), Halt> {
        let key = keys::cursor(self.home, self.other);
        let held = self.shelf.get(&key)?;
        let mut cursor = held
            .and_then(|bytes| Cursor::decode(&bytes))
            .unwrap_or_default();
        let last = |view: &Option<ChannelView>| view.as_ref().map_or(Sequence::ZERO, |it| it.last);
        let settled = out.as_ref().map_or(Sequence::ZERO, |it| it.settled);
        let (out, came) = (last(&out), last(&came));
        // A channel that was set back goes on from where it is.
        cursor.out = cursor.out.min(out);
        cursor.settled = cursor.settled.min(settled);
        cursor.came = cursor.came.min(came);
        self.settle(&mut cursor, settled, stop).await?;
        if stop.is_cancelled() {
            return Ok(());
        }
        let channel = Channel {
            from: self.home,
            to: self.other,
        };
        let mut ways = [
            Way::new(channel, Direction::Out, cursor.out, out),
            Way::new(channel.opposite(), Direction::In, cursor.came, came),
        ];
        let mut batch = Batch::new(self.shelf, self.reader.workdays);
        let mut changed = false;
        loop {
            for way in &mut ways {
                way.fill(self).await?;
            }
            let [out, came] = &mut ways;
            let ripe = |way: &Way, other: &Way| {
                let opposite = way.next.front().map(|next| next.opposite);
                opposite.is_some_and(|opposite| opposite <= other.done())
            };
            let next = if ripe(out, came) {
                out.next.pop_front()
            } else if ripe(came, out) {
                came.next.pop_front()
            } else {
                // Each before the other is what no two honest nodes tell.
                out.next.pop_front().or_else(|| came.next.pop_front())
            };
            let ended = next.is_none();
            if let Some(told) = next.and_then(|next| next.told) {
                batch.tell(self.home, told)?;
            }
            let [out, came] = &ways;
            let now = Cursor {
                out: out.done(),
                settled: settled.min(out.done()),
                came: came.done(),
            };
            changed |= now != cursor;
            cursor = now;
            if changed && (ended || batch.len() >= BATCH) {
                batch.put(key.clone(), cursor.encode());
                batch.apply()?;
                batch = Batch::new(self.shelf, self.reader.workdays);
                changed = false;
                self.rests.take(stop).await;
                if stop.is_cancelled() {
                    return Ok(());
                }
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// Takes up what became of notices that had no answer when they were read.
    async fn settle(
        &self,
        cursor: &mut Cursor,
        settled: Sequence,
        stop: &CancellationToken,
    ) -> Result<(), Halt> {
        let upto = settled.min(cursor.out);
        let channel = Channel {
            from: self.home,
            to: self.other,
        };
        while cursor.settled < upto {
            let limit = usize::try_from(upto.since(cursor.settled)).map_or(PAGE, |it| it.min(PAGE));
            let told = self
                .store
                .told(channel, Direction::Out, cursor.settled, limit)
                .await?;
            if told.looked <= cursor.settled {
                return Ok(());
            }
            let mut batch = Batch::new(self.shelf, self.reader.workdays);
            for view in &told.notices {
                batch.settle(self.home, self.other, view.facts.id, reached(view))?;
            }
            cursor.settled = told.looked;
            batch.put(keys::cursor(self.home, self.other), cursor.encode());
            batch.apply()?;
            self.rests.take(stop).await;
            if stop.is_cancelled() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// One of the two channels, page by page.
struct Way {
    channel: Channel,
    direction: Direction,
    looked: Sequence,
    last: Sequence,
    next: VecDeque<Next>,
}

/// A notice that is to be taken up.
struct Next {
    sequence: Sequence,
    /// What its node had stored of the opposite channel.
    opposite: Sequence,
    told: Option<Told>,
}

impl Way {
    const fn new(channel: Channel, direction: Direction, looked: Sequence, last: Sequence) -> Self {
        Self {
            channel,
            direction,
            looked,
            last,
            next: VecDeque::new(),
        }
    }

    /// Reads the next page, where the last one is used up.
    async fn fill(&mut self, pair: &Pair<'_>) -> Result<(), Halt> {
        while self.next.is_empty() && self.looked < self.last {
            let page = pair
                .store
                .told(self.channel, self.direction, self.looked, PAGE)
                .await?;
            if page.looked <= self.looked {
                self.last = self.looked;
                return Ok(());
            }
            self.looked = page.looked;
            let read = |view: NoticeView| {
                let told = pair.reader.read(pair.home, &view);
                Next {
                    sequence: view.sequence,
                    opposite: told.as_ref().map_or(Sequence::ZERO, |it| it.fact.opposite),
                    told,
                }
            };
            self.next.extend(page.notices.into_iter().map(read));
        }
        Ok(())
    }

    /// Up to there everything is taken up.
    fn done(&self) -> Sequence {
        let first = self.next.front();
        first.map_or(self.looked, |next| {
            Sequence::new(next.sequence.get().saturating_sub(1))
        })
    }
}

/// How far something has been read.
fn position(shelf: &Shelf, key: &[u8]) -> Result<Position, ShelfError> {
    let held = shelf.get(key)?;
    let held = held.and_then(|bytes| bytes.as_ref().try_into().ok());
    Ok(held.map_or(Position::START, |bytes| {
        Position::new(u64::from_be_bytes(bytes))
    }))
}

/// What the tree follows from besides the store.
fn stamp(workdays: &Workdays) -> Vec<u8> {
    // Days of deadlines stand in it, so another table makes another tree.
    let table = digest(&SHA256, format!("{workdays:?}").as_bytes());
    let mut stamp = vec![keys::VERSION];
    stamp.extend_from_slice(table.as_ref());
    stamp
}

/// Name of the tree in the data directory.
const TREE: &str = "cases";
/// So many places are read at a time: a millisecond of work. Who exchanges waits no longer than that.
const PAGE: usize = 64;
/// So many threads are changed at a time, likewise.
const BATCH: usize = 32;
/// So long commits gather.
const GATHER: Duration = Duration::from_secs(1);
const AFTER_FAILURE: Duration = Duration::from_secs(10);
