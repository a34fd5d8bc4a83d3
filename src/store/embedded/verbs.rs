//! The verbs of the back end: what changes things asks the writer, what reads does so itself.

use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use tokio::{sync::watch, task::spawn_blocking};

use super::{
    Embedded, FRESH_PLACES,
    archiving::ArchivingError,
    command::Command,
    index, keys,
    places::{Place, PlaceError, Places, sequence_at_end},
    reads::{view_of_in, view_of_out},
    references,
    state::{InState, OutState},
    working,
};
use crate::{
    domain::{
        area::County,
        audit::Entry,
        channel::{Channel, Digest, Sequence},
        consent::{Kept, Registered},
        journal::JournalHead,
        notice::NoticeId,
        problem::Code,
        receipt::{Outcome, VoidReason},
    },
    store::{
        backend::{Backend, Pending},
        journal::{
            audited::Audited,
            bytes::Take,
            record::{Direction, Holding, Position, Record, Side, StopReason},
        },
        vault::VaultError,
        verb::{
            Accepted, Adopted, Archiving, Arriving, AuditPart, Batch, ChannelView, ConsentKey,
            ConsentWord, ConsumerError, ConsumerLease, ConsumerRequest, ConsumerView, Erasing,
            Erasure, Handover, HeldPlaces, Holdings, InScope, KeptAct, Lease, LocalAct, NotNow,
            NoticeFilter, NoticeView, Outgoing, Page, PublishError, Received, Settled, Settlement,
            Shown, ToErase, Told, Trouble, Waiting, WaitingPage,
        },
        withdrawn::Withdrawn,
    },
    trust::{master_key::MasterKeys, reference::ReferenceKey},
};

impl Backend for Embedded {
    fn publish_on_record(
        &self,
        items: Vec<Outgoing>,
        act: Option<(County, Entry)>,
    ) -> Pending<'_, Vec<Result<Accepted, PublishError>>> {
        let count = items.len();
        Box::pin(self.ask_for_each(count, |reply| Command::Publish { items, act, reply }))
    }

    fn audit(&self, home: County, acts: Vec<Entry>) -> Pending<'_, Result<(), NotNow>> {
        Box::pin(self.ask(move |reply| Command::Audit { home, acts, reply }))
    }

    fn audit_along(&self, home: County, acts: Vec<Entry>) -> Pending<'_, Result<(), NotNow>> {
        Box::pin(self.ask_patiently(move |reply| Command::Audit { home, acts, reply }))
    }

    fn audited(
        &self,
        home: County,
        part: AuditPart,
        limit: usize,
    ) -> Pending<'_, Result<Vec<(Position, Audited)>, NotNow>> {
        Box::pin(self.read(move |places| places.audited(home, part, limit)))
    }

    fn work(
        &self,
        home: County,
        acts: Vec<LocalAct>,
    ) -> Pending<'_, Vec<Result<Position, NotNow>>> {
        let acts: Vec<_> = acts
            .into_iter()
            .map(|act| working::record(home, act))
            .collect();
        Box::pin(self.ask_for_each(acts.len(), |reply| Command::Work { acts, reply }))
    }

    fn erase(&self, what: ToErase) -> Pending<'_, Result<Erasing, NotNow>> {
        Box::pin(self.ask(move |reply| Command::Erase(what, reply)))
    }

    fn archive(&self, before_ms: i64) -> Pending<'_, Result<Archiving, NotNow>> {
        let (places, journal) = (self.places.clone(), self.journal.clone());
        Box::pin(async move {
            let archived = spawn_blocking(move || places.archive_oldest(&journal, before_ms));
            match archived.await {
                Ok(Ok(archived)) => Ok(archived),
                Ok(Err(ArchivingError::Place(error))) => self.told(Err(error)),
                Ok(Err(error)) => {
                    tracing::error!(%error, "A segment cannot be archived.");
                    Err(match error {
                        ArchivingError::Disk { .. } => NotNow::StorageLow,
                        _ => NotNow::Unreadable,
                    })
                }
                Err(_) => Err(NotNow::Stopping),
            }
        })
    }

    fn erasures(
        &self,
        home: County,
        after: Position,
        limit: usize,
    ) -> Pending<'_, Result<Vec<(Position, Erasure)>, NotNow>> {
        Box::pin(self.read(move |places| places.erasures(home, after, limit)))
    }

    fn consent(
        &self,
        home: County,
        key: ConsentKey,
        word: ConsentWord,
        at_ms: i64,
    ) -> Pending<'_, Result<Kept, NotNow>> {
        Box::pin(self.ask(move |reply| Command::Consent {
            home,
            key,
            word,
            at_ms,
            reply,
        }))
    }

    fn consent_of(
        &self,
        home: County,
        key: ConsentKey,
    ) -> Pending<'_, Result<Option<Registered>, NotNow>> {
        Box::pin(self.read(move |places| places.consent(home, key)))
    }

    fn consents(
        &self,
        home: County,
        after: Option<ConsentKey>,
        limit: usize,
    ) -> Pending<'_, Result<Vec<(ConsentKey, Registered)>, NotNow>> {
        Box::pin(self.read(move |places| places.consents(home, after, limit)))
    }

    fn withdrawn(&self) -> Withdrawn {
        self.places.withdrawn.clone()
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
            let newest = self.wakeups.newest_place(lease.channel);
            let is_fresh = newest > after && newest.since(after) <= FRESH_PLACES;
            let (turn, known) = self.leases.head(lease, after);
            let from = (after, known);
            let claimed = self
                .read_fresh(is_fresh, move |places| {
                    places.batch(lease.channel, origin, from, max_places, max_bytes)
                })
                .await?;
            Ok(claimed.map(|(batch, claimed)| {
                self.leases
                    .claimed(lease, turn, batch.previous_head, &claimed);
                batch
            }))
        })
    }

    fn link_failed(&self, lease: Lease) -> Pending<'_, ()> {
        Box::pin(async move { self.leases.sent(lease, Sequence::ZERO) })
    }

    fn settle(&self, lease: Lease, settlement: Settlement) -> Pending<'_, Result<Settled, NotNow>> {
        Box::pin(self.ask_patiently(move |reply| Command::Settle(lease, settlement, reply)))
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
        Box::pin(self.open_consumer_now(request))
    }

    fn hand_over<'a>(
        &'a self,
        lease: &'a ConsumerLease,
        limit: usize,
        in_scope: InScope<'a>,
    ) -> Pending<'a, Result<Vec<Handover>, ConsumerError>> {
        Box::pin(self.hand_over_now(lease, limit, in_scope))
    }

    fn acknowledge<'a>(
        &'a self,
        lease: &'a ConsumerLease,
        position: Position,
        at_ms: i64,
    ) -> Pending<'a, Result<Position, ConsumerError>> {
        Box::pin(self.acknowledge_now(lease, position, at_ms))
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
        Box::pin(self.read(Places::consumer_views))
    }

    fn channel(
        &self,
        channel: Channel,
        direction: Direction,
    ) -> Pending<'_, Result<Option<ChannelView>, NotNow>> {
        // Of a channel out that somebody listens to, the state is in memory.
        let is_fresh =
            direction == Direction::Out && self.wakeups.newest_place(channel) > Sequence::ZERO;
        Box::pin(self.read_fresh(is_fresh, move |places| {
            places.channel_view(channel, direction)
        }))
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
            places.note_slot(side, &found.placed.record);
            let settled = places.settled(found.channel)?;
            let sent = leases.sent_upto(found.channel);
            places.view(found, settled, sent)
        }))
    }

    fn knows(&self, side: Side, id: NoticeId) -> Pending<'_, Result<bool, NotNow>> {
        Box::pin(self.read(move |places| {
            let found = places.find(side, id)?;
            if let Some(found) = &found {
                places.note_slot(side, &found.placed.record);
            }
            Ok(found.is_some())
        }))
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
                    places.note_slot(side, &found.placed.record);
                    let settled = places.settled(found.channel)?;
                    let sent = leases.sent_upto(found.channel);
                    views.extend(places.view(found, settled, sent)?);
                }
            }
            views.sort_by_key(|view| view.direction);
            Ok(views)
        }))
    }

    fn correction(
        &self,
        side: Side,
        corrected: NoticeId,
    ) -> Pending<'_, Result<Option<NoticeView>, NotNow>> {
        let leases = Arc::clone(&self.leases);
        Box::pin(self.read(move |places| {
            let marks = |channel| {
                let settled = places.settled(channel)?;
                Ok((settled, leases.sent_upto(channel)))
            };
            places.correction(side, corrected, &marks)
        }))
    }

    fn askings(
        &self,
        side: Side,
        erased: NoticeId,
    ) -> Pending<'_, Result<Vec<NoticeView>, NotNow>> {
        let leases = Arc::clone(&self.leases);
        Box::pin(self.read(move |places| {
            let marks = |channel| {
                let settled = places.settled(channel)?;
                Ok((settled, leases.sent_upto(channel)))
            };
            places.askings(side, erased, &marks)
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
                        kind: facts.kind,
                        agreement: facts.agreement,
                        on_hold: match place.exception.ended {
                            Some((VoidReason::OnHold, code)) => Some(code),
                            Some(_) | None => None,
                        },
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

    fn told(
        &self,
        channel: Channel,
        direction: Direction,
        after: Sequence,
        limit: usize,
    ) -> Pending<'_, Result<Told, NotNow>> {
        let leases = Arc::clone(&self.leases);
        Box::pin(self.read(move |places| {
            let sent = leases.sent_upto(channel);
            places.told(channel, direction, after, limit, sent)
        }))
    }

    fn worked(
        &self,
        home: County,
        after: Position,
        limit: usize,
    ) -> Pending<'_, Result<Vec<KeptAct>, NotNow>> {
        Box::pin(self.read(move |places| places.worked(home, after, limit)))
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

    fn evidence(
        &self,
        channel: Channel,
        direction: Direction,
        sequence: Sequence,
    ) -> Pending<'_, Result<Option<Bytes>, NotNow>> {
        Box::pin(self.read(move |places| places.evidence_of(channel, direction, sequence)))
    }

    fn index_key(&self) -> Arc<ReferenceKey> {
        self.places.vault.index_key()
    }

    fn wrap_by(&self, masters: MasterKeys) -> Result<u64, VaultError> {
        self.places.vault.wrap_by(masters)
    }

    fn journal_head(&self, home: County) -> JournalHead {
        self.wakeups.journal_head(home)
    }

    fn segment_bell(&self) -> watch::Receiver<Position> {
        self.wakeups.segments()
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

    fn commits(&self) -> watch::Receiver<u64> {
        self.wakeups.commits()
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
