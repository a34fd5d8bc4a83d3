//! The verbs of the back end: what changes things asks the writer, what reads does so itself.

use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use tokio::{
    sync::{oneshot, watch},
    task::spawn_blocking,
};

use super::{
    Embedded,
    consumers::RESERVED_AHEAD,
    index,
    keys::{self, Run},
    places::{Place, PlaceError, sequence_at_end},
    reads::{view_of_in, view_of_out},
    references,
    state::{ConsumerState, InState, OutState},
    writer::Command,
};
use crate::{
    domain::{
        area::County,
        channel::{Channel, Digest, Sequence},
        notice::NoticeId,
        problem::Code,
        receipt::{Outcome, VoidReason},
    },
    guard::Guard,
    store::{
        backend::{Backend, Pending},
        journal::{
            bytes::Take,
            record::{
                Acknowledged, ConsumerOpened, Direction, Holding, Position, Record, Side,
                StopReason,
            },
        },
        verb::{
            Accepted, Adopted, Arriving, Batch, ChannelView, ConsumerError, ConsumerLease,
            ConsumerRequest, ConsumerView, Handover, HeldPlaces, Holdings, InScope, Lease, NotNow,
            NoticeFilter, NoticeView, Outgoing, Page, PublishError, Received, Settled, Settlement,
            Shown, Trouble, Waiting, WaitingPage,
        },
    },
};

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
                return failed(self.gone().await);
            }
            match answer.await {
                Ok(answers) => answers,
                Err(_) => failed(self.gone().await),
            }
        })
    }

    fn lease(&self, channel: Channel) -> Pending<'_, Lease> {
        Box::pin(async move { self.leases.take(channel) })
    }

    fn claim(
        &self,
        lease: Lease,
        origin: Digest,
        after: Sequence,
        max_places: usize,
        max_bytes: usize,
    ) -> Pending<'_, Result<Option<Batch>, NotNow>> {
        Box::pin(async move {
            if !self.leases.holds(lease) {
                return Err(NotNow::Fenced);
            }
            let batch = self
                .read(move |places| {
                    places.batch(lease.channel, origin, after, max_places, max_bytes)
                })
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
                            ConsumerState::take(&mut Take(&value))
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
                Some(consumer) => {
                    // Whoever opens is not silent; once a day is enough to remember it.
                    if at_ms.saturating_sub(consumer.seen_ms) > DAY_MS {
                        self.ask(|reply| {
                            Command::Acknowledge(
                                Acknowledged {
                                    home,
                                    name: name.clone(),
                                    position: consumer.acknowledged,
                                    ordinal: consumer.acknowledged_ordinal,
                                    at_ms,
                                },
                                reply,
                            )
                        })
                        .await?;
                    }
                }
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
                            ConsumerState::take(&mut Take(&value))
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
                let journaled = self.ask(|reply| {
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
                });
                if Guard::Acknowledged.holds() {
                    journaled.await?;
                }
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

    fn forget_references(&self, at_ms: i64) -> Pending<'_, Result<u64, NotNow>> {
        Box::pin(async move {
            let before = references::first_remembered(references::day_of(at_ms));
            self.ask(|reply| Command::Forget(before, reply)).await
        })
    }

    fn consumers(&self) -> Pending<'_, Result<Vec<ConsumerView>, NotNow>> {
        Box::pin(self.read(|places| {
            let mut views = Vec::new();
            for entry in places.index.from(b"C", b"C") {
                let (key, value) = entry?;
                let mut take = Take(key.get(1..).unwrap_or_default());
                let home = take.county().map_err(index::IndexError::from)?;
                let consumer =
                    ConsumerState::take(&mut Take(&value)).map_err(index::IndexError::from)?;
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
            if sequence == Sequence::ZERO {
                return Ok(Some(origin));
            }
            match view {
                Some(view) if view.last == sequence => Ok(Some(view.head)),
                Some(view) if view.settled == sequence => Ok(Some(view.settled_head)),
                Some(view) if view.last < sequence => Ok(None),
                None => Ok(None),
                Some(_) => places.head_at(direction, channel, sequence, origin),
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
        side: Side,
        id: NoticeId,
    ) -> Pending<'_, Result<Option<NoticeView>, NotNow>> {
        let leases = Arc::clone(&self.leases);
        Box::pin(self.read(move |places| {
            let Some(found) = places.find(side, id)? else {
                return Ok(None);
            };
            let settled = places.settled(found.channel)?;
            let sent = leases.sent_upto(found.channel);
            places.view(found, settled, sent)
        }))
    }

    fn knows(&self, side: Side, id: NoticeId) -> Pending<'_, Result<bool, NotNow>> {
        Box::pin(self.read(move |places| Ok(places.find(side, id)?.is_some())))
    }

    fn notices(&self, id: NoticeId) -> Pending<'_, Result<Vec<NoticeView>, NotNow>> {
        let leases = Arc::clone(&self.leases);
        Box::pin(self.read(move |places| {
            let mut sides = std::collections::BTreeSet::new();
            for prefix in [b"O", b"I"] {
                for entry in places.index.from(prefix, prefix) {
                    let (key, _) = entry?;
                    // Under either prefix the home area comes first.
                    let mut take = Take(key.get(1..).unwrap_or_default());
                    sides.insert(Side {
                        home: take.county().map_err(index::IndexError::from)?,
                        other: take.county().map_err(index::IndexError::from)?,
                    });
                }
            }
            let mut views = Vec::new();
            for side in sides {
                if let Some(found) = places.find(side, id)? {
                    let settled = places.settled(found.channel)?;
                    let sent = leases.sent_upto(found.channel);
                    views.extend(places.view(found, settled, sent)?);
                }
            }
            views.sort_by_key(|view| view.direction);
            Ok(views)
        }))
    }

    fn waiting(
        &self,
        channel: Channel,
        after: Sequence,
        limit: usize,
    ) -> Pending<'_, Result<WaitingPage, NotNow>> {
        Box::pin(self.read(move |places| {
            let Some(out) = places.out_state(channel)? else {
                return Ok(WaitingPage::default());
            };
            let mut page = WaitingPage::default();
            let mut add = |place: &Place| -> Result<(), PlaceError> {
                if let Some(placed) = &place.record {
                    let facts = places.published(placed)?.facts;
                    page.notices.push(Waiting {
                        id: facts.id,
                        sequence: place.sequence,
                        accepted_at_ms: facts.published_at_ms,
                        deadline_ms: facts.deadline_ms,
                    });
                }
                Ok(())
            };
            if after <= out.settled {
                // What waits for an agreement, and whose void was answered already.
                let prefix = keys::holds(channel);
                for entry in places.index.from(&prefix, &prefix) {
                    let sequence = sequence_at_end(&entry?.0);
                    if sequence > out.settled {
                        break;
                    }
                    for place in places.range(Direction::Out, channel, sequence, sequence)? {
                        add(&place)?;
                    }
                }
            }
            let first = after.max(out.settled).next();
            let last = out.last.min(first.plus(limit as u64));
            for place in places.range(Direction::Out, channel, first, last)? {
                let ended_for_good = place
                    .exception
                    .ended
                    .is_some_and(|(reason, _)| reason != VoidReason::OnHold);
                if place.exception.moved_to.is_none() && !ended_for_good {
                    add(&place)?;
                }
            }
            page.next = (last < out.last).then_some(last);
            Ok(page)
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

    fn poisoned(&self) -> watch::Receiver<Option<Trouble>> {
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

const DAY_MS: i64 = 86_400_000;
