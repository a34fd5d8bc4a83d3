//! The default back end: the journal is the truth, sled the index.
//!
//! One writer thread changes things ([`writer`]); readers go to index and journal by themselves
//! ([`places`], [`views`]). What the index holds follows from the journal ([`projection`]).

mod consumers;
pub(crate) mod index;
mod keys;
mod leases;
pub(crate) mod maintenance;
pub(crate) mod open;
mod places;
mod projection;
mod publishing;
mod receiving;
mod settling;
mod space;
mod stage;
mod state;
mod views;
mod wakeups;
mod writer;

use std::{
    fs::File,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::spawn_blocking,
};

use self::{
    consumers::{Consumers, RESERVED_AHEAD},
    keys::Run,
    leases::Leases,
    open::{OpenError, OpenReport},
    places::{PlaceError, Places},
    space::Space,
    state::{InState, OutState},
    wakeups::Wakeups,
    writer::{Command, Health, Writer, WriterLimits},
};
use super::{
    backend::{Backend, Pending},
    journal::{
        bytes::Take,
        record::{Acknowledged, ConsumerOpened, Direction, Holding, Position, Record, StopReason},
    },
    verb::{
        Accepted, Adopted, Arriving, Batch, ChannelView, ConsumerError, ConsumerLease,
        ConsumerRequest, ConsumerView, Handover, HeldPlaces, Holdings, InScope, Lease, NotNow,
        NoticeFilter, NoticeView, OutPlace, Outgoing, Page, PublishError, Received, Settled,
        Settlement, Shown, Waiting,
    },
};
use crate::{
    domain::{
        area::County,
        channel::{Channel, Digest, Sequence},
        notice::NoticeId,
        problem::Code,
        receipt::{Outcome, VoidReason},
    },
    trust::chain::chain,
};

/// Sizes that the embedded store keeps to.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedLimits {
    /// A segment is closed when it has grown to this many bytes.
    pub segment_bytes: u64,
    /// A group takes no further command at this many bytes.
    pub group_bytes: usize,
    /// Memory that sled may use for its cache, in bytes.
    pub index_cache_bytes: u64,
    /// Below this many free bytes nothing new is taken.
    pub low_bytes: u64,
    /// Size of the ballast file in bytes.
    pub ballast_bytes: u64,
    /// So many notices of one channel may wait for an answer.
    pub channel_quota: u64,
    /// So many commands may wait for the writer.
    pub queue: usize,
}

impl Default for EmbeddedLimits {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            group_bytes: 4 << 20,
            index_cache_bytes: 64 << 20,
            low_bytes: 256 << 20,
            ballast_bytes: 16 << 20,
            channel_quota: 2_000_000,
            queue: 1_024,
        }
    }
}

/// Journal and sled in one directory, held by one process.
pub(crate) struct Embedded {
    commands: mpsc::Sender<Command>,
    places: Places,
    leases: Arc<Leases>,
    wakeups: Arc<Wakeups>,
    consumers: Arc<Consumers>,
    health: Arc<Health>,
    thread: Mutex<Option<JoinHandle<()>>>,
    _lock: File,
}

impl Embedded {
    /// Opens a data directory, recovers it, and starts its writer.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(crate) fn open(
        data: &Path,
        limits: EmbeddedLimits,
        epoch: [u8; 8],
    ) -> Result<(Self, OpenReport), OpenError> {
        let opened = open::open(data, limits.index_cache_bytes)?;
        let (leases, wakeups, health) = (
            Arc::new(Leases::default()),
            Arc::new(Wakeups::default()),
            Arc::new(Health::default()),
        );
        let consumers = Arc::new(Consumers::new(&opened.state, opened.end));
        let writer = Writer {
            directory: data.join("journal"),
            file: opened.file,
            end: opened.end,
            segment_first: opened.segment_first,
            chains: opened.chains,
            state: opened.state,
            places: opened.places.clone(),
            leases: Arc::clone(&leases),
            wakeups: Arc::clone(&wakeups),
            space: Space::new(data, limits.low_bytes, limits.ballast_bytes),
            limits: WriterLimits {
                segment_bytes: limits.segment_bytes,
                group_bytes: limits.group_bytes,
                channel_quota: limits.channel_quota,
            },
            epoch,
            counter: 0,
            health: Arc::clone(&health),
        };
        let (commands, receiver) = mpsc::channel(limits.queue);
        let thread = std::thread::Builder::new()
            .name("journal-writer".into())
            .spawn(move || writer.run(receiver))
            .map_err(|source| OpenError::Disk {
                path: data.to_owned(),
                source,
            })?;
        let store = Self {
            commands,
            places: opened.places,
            leases,
            wakeups,
            consumers,
            health,
            thread: Mutex::new(Some(thread)),
            _lock: opened.lock,
        };
        Ok((store, opened.report))
    }

    /// Asks the writer and waits for its answer. The command stays under way if the caller goes.
    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, NotNow>>) -> Command,
    ) -> Result<T, NotNow> {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(command(reply)).await.is_err() {
            return Err(self.gone());
        }
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    fn gone(&self) -> NotNow {
        if self.health.poisoned().borrow().is_some() {
            NotNow::Poisoned
        } else {
            NotNow::Stopping
        }
    }

    /// Reads on a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Places) -> Result<T, PlaceError> + Send + 'static,
    ) -> Result<T, NotNow> {
        let places = self.places.clone();
        match spawn_blocking(move || read(&places)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                tracing::error!(%error, "A stored record cannot be read.");
                Err(NotNow::Unreadable)
            }
            Err(_) => Err(NotNow::Stopping),
        }
    }
}

impl Places {
    fn out_state(&self, channel: Channel) -> Result<Option<OutState>, PlaceError> {
        Ok(match self.index.get(&keys::out_state(channel))? {
            Some(value) => {
                Some(OutState::take(&mut Take(&value)).map_err(index::IndexError::from)?)
            }
            None => None,
        })
    }

    fn in_state(&self, channel: Channel) -> Result<Option<InState>, PlaceError> {
        Ok(match self.index.get(&keys::in_state(channel))? {
            Some(value) => Some(InState::take(&mut Take(&value)).map_err(index::IndexError::from)?),
            None => None,
        })
    }

    fn settled(&self, channel: Channel) -> Result<Sequence, PlaceError> {
        Ok(self
            .out_state(channel)?
            .map_or(Sequence::ZERO, |out| out.settled))
    }

    fn channel_view(
        &self,
        channel: Channel,
        direction: Direction,
    ) -> Result<Option<ChannelView>, PlaceError> {
        Ok(match direction {
            Direction::Out => self
                .out_state(channel)?
                .map(|out| view_of_out(channel, &out)),
            Direction::In => self.in_state(channel)?.map(|it| view_of_in(channel, &it)),
        })
    }

    /// The next places behind `after`, bounded by count and bytes; at least one if there is any.
    fn batch(
        &self,
        channel: Channel,
        after: Sequence,
        max_places: usize,
        max_bytes: usize,
    ) -> Result<Option<Batch>, PlaceError> {
        let Some(out) = self.out_state(channel)? else {
            return Ok(None);
        };
        if after >= out.last {
            return Ok(None);
        }
        let previous_head = if after == out.settled {
            out.settled_head
        } else {
            match self.head_at(Direction::Out, channel, after, Digest::default())? {
                Some(head) => head,
                None => return Ok(None),
            }
        };
        let last = out.last.min(after.plus(max_places as u64));
        let mut head = previous_head;
        let mut places = Vec::new();
        let mut bytes = 0usize;
        for place in self.range(Direction::Out, channel, after.next(), last)? {
            // Asked for once more by a set-back peer, what it had refused stays refused.
            let refused = matches!(place.exception.outcome, Some(Outcome::Refused(_)));
            let content = match (place.exception.ended, &place.record) {
                (Some((reason, _)), _) => Err(reason),
                (None, Some(placed)) if !refused => Ok(self.published(placed)?.notice),
                // Refused, or taken over from the peer, who has answered for it.
                (None, _) => Err(VoidReason::Withdrawn),
            };
            let len = content.as_ref().map_or(0, Bytes::len);
            if !places.is_empty() && bytes.saturating_add(len) > max_bytes {
                break;
            }
            bytes = bytes.saturating_add(len);
            head = chain(head, place.digest);
            places.push(OutPlace {
                digest: place.digest,
                content,
            });
        }
        Ok((!places.is_empty()).then_some(Batch {
            first: after.next(),
            previous_head,
            places,
            head,
        }))
    }

    fn evidence_at(&self, at: Option<Position>) -> Result<Bytes, PlaceError> {
        let Some(at) = at else {
            return Ok(Bytes::new());
        };
        Ok(match self.segments.entry_at(at)?.record {
            Record::Settled(r) => r.evidence,
            Record::ParcelReceived(r) => r.evidence,
            Record::AdoptedIn(r) => r.statement,
            _ => Bytes::new(),
        })
    }
}

impl Backend for Embedded {
    fn publish(&self, items: Vec<Outgoing>) -> Pending<'_, Vec<Result<Accepted, PublishError>>> {
        Box::pin(async move {
            let count = items.len();
            let (reply, answer) = oneshot::channel();
            let failed = |error: NotNow| {
                (0..count)
                    .map(|_| Err(PublishError::NotNow(error.clone())))
                    .collect()
            };
            if self
                .commands
                .send(Command::Publish { items, reply })
                .await
                .is_err()
            {
                return failed(self.gone());
            }
            match answer.await {
                Ok(answers) => answers,
                Err(_) => failed(self.gone()),
            }
        })
    }

    fn lease(&self, channel: Channel) -> Pending<'_, Lease> {
        Box::pin(async move { self.leases.take(channel) })
    }

    fn claim(
        &self,
        lease: Lease,
        after: Sequence,
        max_places: usize,
        max_bytes: usize,
    ) -> Pending<'_, Result<Option<Batch>, NotNow>> {
        Box::pin(async move {
            if !self.leases.holds(lease) {
                return Err(NotNow::Fenced);
            }
            let batch = self
                .read(move |places| places.batch(lease.channel, after, max_places, max_bytes))
                .await?;
            if let Some(batch) = &batch {
                let last = Sequence::new(batch.first.get().saturating_sub(1))
                    .plus(batch.places.len() as u64);
                self.leases.sent(lease, last);
            }
            Ok(batch)
        })
    }

    fn link_failed(&self, lease: Lease) -> Pending<'_, ()> {
        Box::pin(async move { self.leases.sent(lease, Sequence::ZERO) })
    }

    fn settle(&self, lease: Lease, settlement: Settlement) -> Pending<'_, Result<Settled, NotNow>> {
        Box::pin(self.ask(move |reply| Command::Settle(lease, settlement, reply)))
    }

    fn end(
        &self,
        channel: Channel,
        sequence: Sequence,
        reason: VoidReason,
        code: Option<Code>,
        at_ms: i64,
    ) -> Pending<'_, Result<bool, NotNow>> {
        Box::pin(self.ask(move |reply| Command::End {
            channel,
            sequence,
            reason,
            code,
            at_ms,
            reply,
        }))
    }

    fn release(&self, channel: Channel) -> Pending<'_, Result<u64, NotNow>> {
        Box::pin(self.ask(move |reply| Command::Release(channel, reply)))
    }

    fn receive(&self, arriving: Arriving) -> Pending<'_, Result<Received, NotNow>> {
        Box::pin(self.ask(move |reply| Command::Receive(arriving, reply)))
    }

    fn set_stop(
        &self,
        channel: Channel,
        direction: Direction,
        stop: Option<(StopReason, Sequence)>,
        at_ms: i64,
    ) -> Pending<'_, Result<(), NotNow>> {
        Box::pin(self.ask(move |reply| Command::SetStop {
            channel,
            direction,
            stop,
            at_ms,
            reply,
        }))
    }

    fn adopt_out(&self, holdings: Holdings) -> Pending<'_, Result<Adopted, NotNow>> {
        Box::pin(self.ask(move |reply| Command::AdoptOut(holdings, reply)))
    }

    fn adopt_in(
        &self,
        channel: Channel,
        disowned: Sequence,
        statement: Bytes,
        at_ms: i64,
    ) -> Pending<'_, Result<(), NotNow>> {
        Box::pin(self.ask(move |reply| Command::AdoptIn {
            channel,
            disowned,
            statement,
            at_ms,
            reply,
        }))
    }

    fn open_consumer(
        &self,
        request: ConsumerRequest,
    ) -> Pending<'_, Result<ConsumerLease, ConsumerError>> {
        Box::pin(async move {
            let ConsumerRequest {
                home,
                name,
                kinds,
                scope,
                from_first,
                at_ms,
            } = request;
            let key = keys::consumer(home, &name);
            let known = self
                .read(move |places| {
                    Ok(match places.index.get(&key)? {
                        Some(value) => Some(
                            state::ConsumerState::take(&mut Take(&value))
                                .map_err(index::IndexError::from)?,
                        ),
                        None => None,
                    })
                })
                .await?;
            match known {
                Some(consumer) if consumer.kinds != kinds || consumer.scope != scope => {
                    return Err(ConsumerError::OtherFilter);
                }
                Some(_) => {}
                None => {
                    let start = if from_first {
                        Position::START
                    } else {
                        self.newest(home).await?
                    };
                    self.ask(|reply| {
                        Command::OpenConsumer(
                            ConsumerOpened {
                                home,
                                name: name.clone(),
                                kinds,
                                scope,
                                start,
                                at_ms,
                            },
                            reply,
                        )
                    })
                    .await?;
                    self.consumers.made(home, &name, start);
                }
            }
            let Some((token, acknowledged)) = self.consumers.take(home, &name) else {
                return Err(NotNow::Fenced.into());
            };
            Ok(ConsumerLease {
                home,
                name,
                acknowledged,
                token,
            })
        })
    }

    fn hand_over<'a>(
        &'a self,
        lease: &'a ConsumerLease,
        limit: usize,
        in_scope: InScope<'a>,
    ) -> Pending<'a, Result<Vec<Handover>, ConsumerError>> {
        Box::pin(async move {
            let (home, name) = (lease.home, lease.name.as_str());
            let cursor = self.consumers.cursor(home, name, lease.token)?;
            let key = keys::consumer(home, name);
            let (items, looked) = self
                .read(move |places| {
                    let kinds = match places.index.get(&key)? {
                        Some(value) => {
                            state::ConsumerState::take(&mut Take(&value))
                                .map_err(index::IndexError::from)?
                                .kinds
                        }
                        None => Vec::new(),
                    };
                    places.feed(home, cursor.looked, &kinds, limit)
                })
                .await?;
            let mut handovers = Vec::new();
            let mut ordinal = cursor.ordinal;
            for item in items {
                if !in_scope(&item.received.notice) {
                    continue;
                }
                ordinal = ordinal.saturating_add(1);
                handovers.push(Handover {
                    position: item.position,
                    channel: item.received.channel,
                    sequence: item.received.sequence,
                    facts: item.received.facts,
                    received_at_ms: item.received.received_at_ms,
                    redelivered: self.consumers.handed_before(cursor, item.position, ordinal),
                    bytes: item.received.notice,
                });
            }
            let mut reserved = cursor.reserved;
            if ordinal > reserved {
                reserved = cursor.ordinal.saturating_add(RESERVED_AHEAD).max(ordinal);
                self.ask(|reply| Command::HandOut {
                    home,
                    name: name.to_owned(),
                    ordinal: reserved,
                    reply,
                })
                .await?;
            }
            let positions: Vec<_> = handovers.iter().map(|handover| handover.position).collect();
            self.consumers
                .handed(home, name, lease.token, &positions, looked, reserved)?;
            Ok(handovers)
        })
    }

    fn acknowledge<'a>(
        &'a self,
        lease: &'a ConsumerLease,
        position: Position,
        at_ms: i64,
    ) -> Pending<'a, Result<Position, ConsumerError>> {
        Box::pin(async move {
            let (home, name) = (lease.home, lease.name.as_str());
            if let Some((position, ordinal)) =
                self.consumers.covered(home, name, lease.token, position)?
            {
                self.ask(|reply| {
                    Command::Acknowledge(
                        Acknowledged {
                            home,
                            name: name.to_owned(),
                            position,
                            ordinal,
                            at_ms,
                        },
                        reply,
                    )
                })
                .await?;
                self.consumers.acknowledged(home, name, position);
            }
            Ok(self
                .consumers
                .acknowledged_upto(home, name)
                .unwrap_or(position))
        })
    }

    fn remove_consumer(&self, home: County, name: String) -> Pending<'_, Result<(), NotNow>> {
        Box::pin(async move {
            self.ask(|reply| Command::RemoveConsumer(home, name.clone(), reply))
                .await?;
            self.consumers.removed(home, &name);
            Ok(())
        })
    }

    fn consumers(&self) -> Pending<'_, Result<Vec<ConsumerView>, NotNow>> {
        Box::pin(self.read(|places| {
            let mut views = Vec::new();
            for entry in places.index.from(b"C", b"C") {
                let (key, value) = entry?;
                let mut take = Take(key.get(1..).unwrap_or_default());
                let home = take.county().map_err(index::IndexError::from)?;
                let consumer = state::ConsumerState::take(&mut Take(&value))
                    .map_err(index::IndexError::from)?;
                views.push(ConsumerView {
                    home,
                    name: String::from_utf8_lossy(take.0).into_owned(),
                    acknowledged: consumer.acknowledged,
                    seen_ms: consumer.seen_ms,
                });
            }
            Ok(views)
        }))
    }

    fn channel(
        &self,
        channel: Channel,
        direction: Direction,
    ) -> Pending<'_, Result<Option<ChannelView>, NotNow>> {
        Box::pin(self.read(move |places| places.channel_view(channel, direction)))
    }

    fn channels(&self) -> Pending<'_, Result<Vec<ChannelView>, NotNow>> {
        Box::pin(self.read(|places| {
            let mut views = Vec::new();
            for entry in places.index.from(b"O", b"O") {
                let (key, value) = entry?;
                let channel = Take(key.get(1..).unwrap_or_default())
                    .channel()
                    .map_err(index::IndexError::from)?;
                let out = OutState::take(&mut Take(&value)).map_err(index::IndexError::from)?;
                views.push(view_of_out(channel, &out));
            }
            for entry in places.index.from(b"I", b"I") {
                let (key, value) = entry?;
                let channel = Take(key.get(1..).unwrap_or_default())
                    .channel()
                    .map_err(index::IndexError::from)?
                    .opposite();
                let it = InState::take(&mut Take(&value)).map_err(index::IndexError::from)?;
                views.push(view_of_in(channel, &it));
            }
            Ok(views)
        }))
    }

    fn head_at(
        &self,
        channel: Channel,
        direction: Direction,
        sequence: Sequence,
        origin: Digest,
    ) -> Pending<'_, Result<Option<Digest>, NotNow>> {
        Box::pin(self.read(move |places| {
            let view = places.channel_view(channel, direction)?;
            match view {
                Some(view) if view.last == sequence => Ok(Some(view.head)),
                Some(view) if view.settled == sequence => Ok(Some(view.settled_head)),
                Some(view) if view.last < sequence => Ok(None),
                None if sequence > Sequence::ZERO => Ok(None),
                _ => places.head_at(direction, channel, sequence, origin),
            }
        }))
    }

    fn shown(&self, channel: Channel, direction: Direction) -> Pending<'_, Result<Shown, NotNow>> {
        Box::pin(self.read(move |places| {
            Ok(match direction {
                Direction::Out => Shown {
                    evidence: places
                        .evidence_at(places.out_state(channel)?.and_then(|out| out.receipt))?,
                    statement: Bytes::new(),
                },
                Direction::In => {
                    let state = places.in_state(channel)?;
                    Shown {
                        evidence: places
                            .evidence_at(state.as_ref().and_then(|state| state.parcel))?,
                        statement: places.evidence_at(
                            state.and_then(|state| state.disowned).map(|(_, at)| at),
                        )?,
                    }
                }
            })
        }))
    }

    fn held_places(
        &self,
        channel: Channel,
        after: Sequence,
        limit: usize,
    ) -> Pending<'_, Result<HeldPlaces, NotNow>> {
        Box::pin(self.read(move |places| {
            let state = places.in_state(channel)?;
            let held = state.as_ref().map_or(Sequence::ZERO, |state| state.held);
            let last = held.min(after.plus(limit as u64));
            let mut holdings = Vec::new();
            for place in places.range(Direction::In, channel, after.next(), last)? {
                let (id, outcome) = match place.record.map(|placed| placed.record) {
                    Some(Record::Received(r)) => (Some(r.facts.id), Outcome::Stored),
                    Some(Record::PlaceUsed(r)) => (r.id, r.outcome),
                    _ => (None, Outcome::Voided),
                };
                holdings.push(Holding {
                    sequence: place.sequence,
                    digest: place.digest,
                    id,
                    outcome,
                });
            }
            Ok(HeldPlaces {
                places: holdings,
                held,
                evidence: places.evidence_at(state.and_then(|state| state.parcel))?,
            })
        }))
    }

    fn notice_of_pair(
        &self,
        pair: Channel,
        id: NoticeId,
    ) -> Pending<'_, Result<Option<NoticeView>, NotNow>> {
        let leases = Arc::clone(&self.leases);
        Box::pin(self.read(move |places| {
            let Some(found) = places.find(pair, id, None)? else {
                return Ok(None);
            };
            let settled = places.settled(found.channel)?;
            let sent = leases.sent_upto(found.channel);
            places.view(found, settled, sent)
        }))
    }

    fn notice(&self, id: NoticeId) -> Pending<'_, Result<Option<NoticeView>, NotNow>> {
        let leases = Arc::clone(&self.leases);
        Box::pin(self.read(move |places| {
            let mut pairs = std::collections::BTreeSet::new();
            for prefix in [b"O", b"I"] {
                for entry in places.index.from(prefix, prefix) {
                    let (key, _) = entry?;
                    let channel = Take(key.get(1..).unwrap_or_default())
                        .channel()
                        .map_err(index::IndexError::from)?;
                    pairs.insert(channel.min(channel.opposite()));
                }
            }
            for pair in pairs {
                if let Some(found) = places.find(pair, id, None)? {
                    let settled = places.settled(found.channel)?;
                    let sent = leases.sent_upto(found.channel);
                    if let Some(view) = places.view(found, settled, sent)? {
                        return Ok(Some(view));
                    }
                }
            }
            Ok(None)
        }))
    }

    fn waiting(
        &self,
        channel: Channel,
        after: Sequence,
        limit: usize,
    ) -> Pending<'_, Result<Vec<Waiting>, NotNow>> {
        Box::pin(self.read(move |places| {
            let Some(out) = places.out_state(channel)? else {
                return Ok(Vec::new());
            };
            let first = after.max(out.settled).next();
            let last = out.last.min(first.plus(limit as u64));
            let mut waiting = Vec::new();
            for place in places.range(Direction::Out, channel, first, last)? {
                let Some(placed) = &place.record else {
                    continue;
                };
                let on_hold = place
                    .exception
                    .ended
                    .is_some_and(|(reason, _)| reason == VoidReason::OnHold);
                if place.exception.moved_to.is_some()
                    || (place.exception.ended.is_some() && !on_hold)
                {
                    continue;
                }
                let facts = places.published(placed)?.facts;
                waiting.push(Waiting {
                    sequence: place.sequence,
                    accepted_at_ms: facts.published_at_ms,
                    deadline_ms: facts.deadline_ms,
                });
            }
            Ok(waiting)
        }))
    }

    fn page(
        &self,
        home: County,
        filter: NoticeFilter,
        before: Position,
        limit: usize,
    ) -> Pending<'_, Result<Page, NotNow>> {
        let leases = Arc::clone(&self.leases);
        Box::pin(self.read(move |places| {
            let mut settled = std::collections::HashMap::new();
            for entry in places.index.from(b"O", b"O") {
                let (key, value) = entry?;
                let channel = Take(key.get(1..).unwrap_or_default())
                    .channel()
                    .map_err(index::IndexError::from)?;
                let out = OutState::take(&mut Take(&value)).map_err(index::IndexError::from)?;
                settled.insert(channel, out.settled);
            }
            places.page(home, &filter, before, limit, &|channel| {
                (
                    settled.get(&channel).copied().unwrap_or_default(),
                    leases.sent_upto(channel),
                )
            })
        }))
    }

    fn on_hold(&self, channel: Channel) -> Pending<'_, Result<u64, NotNow>> {
        Box::pin(self.read(move |places| {
            let prefix = keys::holds(channel);
            let mut count = 0u64;
            for entry in places.index.from(&prefix, &prefix) {
                entry?;
                count = count.saturating_add(1);
            }
            Ok(count)
        }))
    }

    fn channel_bell(&self, channel: Channel) -> watch::Receiver<Sequence> {
        self.wakeups.channel(channel, Sequence::ZERO)
    }

    fn feed_bell(&self, home: County) -> watch::Receiver<Position> {
        self.wakeups.feed(home)
    }

    fn new_channel_bell(&self) -> watch::Receiver<u64> {
        self.wakeups.new_channels()
    }

    fn poisoned(&self) -> watch::Receiver<Option<String>> {
        self.health.poisoned()
    }

    fn stop(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            // A writer that is gone already has nothing left to finish.
            let asked = self.commands.send(Command::Stop).await;
            let thread = self
                .thread
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some(thread) = thread {
                let joined = spawn_blocking(move || thread.join()).await;
                tracing::debug!(
                    asked = asked.is_ok(),
                    joined = joined.is_ok(),
                    "The writer stopped."
                );
            }
        })
    }
}

impl Embedded {
    /// The newest position of a home area's feed.
    async fn newest(&self, home: County) -> Result<Position, NotNow> {
        self.read(move |places| {
            let prefix = keys::feeds(home);
            let top = keys::feed(home, Position::new(u64::MAX));
            match places.index.floor(&prefix, &top)? {
                Some((_, value)) => {
                    let run = Run::decode(&value).map_err(index::IndexError::from)?;
                    Ok(Position::new(
                        run.at.plus(u64::from(run.len)).get().saturating_sub(1),
                    ))
                }
                None => Ok(Position::START),
            }
        })
        .await
    }
}

fn view_of_out(channel: Channel, out: &OutState) -> ChannelView {
    ChannelView {
        channel,
        direction: Direction::Out,
        last: out.last,
        head: out.head,
        settled: out.settled,
        settled_head: out.settled_head,
        stop: out.stop.map(|stop| (stop.reason, stop.sequence)),
        disowned: None,
    }
}

fn view_of_in(channel: Channel, state: &InState) -> ChannelView {
    ChannelView {
        channel,
        direction: Direction::In,
        last: state.held,
        head: state.head,
        settled: state.held,
        settled_head: state.head,
        stop: state.stop.map(|stop| (stop.reason, stop.sequence)),
        disowned: state.disowned.map(|(upto, _)| upto),
    }
}

#[cfg(test)]
mod tests;
