//! Handing over: from the feed of a home area to one subscriber, while there is credit.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    Office,
    audit::Caller,
    problem::Fault,
    scope::{self, Place},
    subscribe::{Ear, Said, Session},
};
use crate::{
    domain::{
        audit::{Act, Counts, Entry, On, Purpose},
        notice::Names,
    },
    store::{Direction, Handover, NotNow, Position, Side},
};

impl Office {
    /// Hands over until the subscriber is gone.
    ///
    /// # Errors
    /// What ends the stream.
    pub(super) async fn hand_over_all(
        &self,
        caller: &Caller,
        session: &Session,
        ear: &Ear,
    ) -> Result<(), Fault> {
        let store = &self.parts.store;
        let home = session.lease.home;
        let whole = session.scope.is_whole(home);
        // What speaks of another passes here; where they lie only the store can tell, see `lies_within`.
        let looked = AtomicBool::new(false);
        let in_scope = |bytes: &[u8]| {
            looked.store(true, Ordering::Relaxed);
            whole
                || match scope::place(home, bytes) {
                    Place::At(area) => session.scope.covers(area),
                    Place::With(_) | Place::Both(..) => true,
                    Place::Nowhere => false,
                }
        };
        let mut bell = store.feed_bell(home);
        let mut passed = Passed::default();
        let mut recorded = None;
        loop {
            // Never closed, so this only waits.
            let credit = session.credit.acquire().await;
            drop(credit);
            // Before reading, so that what comes during it rings again.
            bell.borrow_and_update();
            let limit = session.credit.available_permits().min(BATCH);
            looked.store(false, Ordering::Relaxed);
            let handovers = store.hand_over(&session.lease, limit, &in_scope).await?;
            // With a scope, nothing may come of a look at many.
            let waits = handovers.is_empty() && !looked.load(Ordering::Relaxed);
            let mut own = Vec::with_capacity(handovers.len());
            for handover in &handovers {
                own.push(self.lies_within(session, handover).await?);
            }
            let handed = own.iter().zip(&handovers).filter(|(own, _)| **own);
            let handed = handed.map(|(_, handover)| handover.position.get());
            if let Some(handed) = Handed::of(handed) {
                self.record_handing(caller, session, handed, &mut recorded)
                    .await?;
            }
            for (handover, own) in handovers.into_iter().zip(own) {
                let position = handover.position;
                if !own {
                    passed.over = Some(position);
                    continue;
                }
                let answers_reference = self.answers_reference(&handover).await?;
                let said = Said::Notice {
                    handover: Box::new(handover),
                    answers_reference,
                };
                if ear.send(Ok(said)).await.is_err() {
                    return Ok(());
                }
                session.credit.forget_permits(1);
                passed.handed = position;
            }
            self.acknowledge_passed(session, &mut passed).await?;
            if waits && bell.changed().await.is_err() {
                return Err(NotNow::Stopping.into());
            }
        }
    }

    /// The first notices of a stream leave only once that is on record. What follows is counted, and put
    /// on record part by part; while that cannot be done nothing more is handed over.
    async fn record_handing(
        &self,
        caller: &Caller,
        session: &Session,
        more: Handed,
        recorded: &mut Option<Instant>,
    ) -> Result<(), Fault> {
        let (before, handed) = session.handed.add(more);
        let now = self.parts.clock.monotonic();
        let is_due = recorded
            .is_none_or(|at| before >= PART || now.saturating_duration_since(at) >= PART_WITHIN);
        if !is_due {
            return Ok(());
        }
        loop {
            let entry = self.handing(caller, session, handed);
            match self.record(caller, entry).await {
                Ok(()) => break,
                Err(NotNow::StorageLow) => {
                    tracing::warn!(office = %caller.id, "Nothing is handed over: the disk is low, and it could not be put on record.");
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        session.handed.take();
        *recorded = Some(now);
        Ok(())
    }

    /// Puts on record, behind a stream, what was handed over on it last.
    pub(super) fn record_rest(&self, caller: &Caller, session: &Session) {
        if let Some(rest) = session.handed.take() {
            self.record_along(caller, self.handing(caller, session, rest));
        }
    }

    /// Puts on record that a subscription was refused, unless it ended by itself.
    pub(super) async fn of_subscription(&self, caller: &Caller, fault: Fault) -> Fault {
        match fault {
            Fault::NotListed | Fault::OutsideScope | Fault::Role(_) | Fault::Argument(..) => {
                let act = Act::NoticesHandedOver;
                self.refused(caller, act, Vec::new(), fault).await
            }
            _ => fault,
        }
    }

    fn handing(&self, caller: &Caller, session: &Session, handed: Handed) -> Entry {
        let Handed { count, first, last } = handed;
        let lease = &session.lease;
        let on = vec![
            On::Consumer(lease.name.clone()),
            On::Feed(lease.home, first, last),
        ];
        Entry {
            purpose: Purpose::Duty,
            counts: Counts {
                done: count,
                ..Counts::default()
            },
            ..self.entry(caller, Act::NoticesHandedOver, on)
        }
    }

    /// Whether what may speak of another notice lies in the subscriber's areas; of the rest the store
    /// has asked.
    async fn lies_within(&self, session: &Session, handover: &Handover) -> Result<bool, NotNow> {
        if handover.facts.kind.names_a_notice() == Names::Never {
            return Ok(true);
        }
        scope::covers(
            &self.parts.store,
            &session.scope,
            Side::of(handover.channel, Direction::In),
            &handover.bytes,
        )
        .await
    }

    /// The reference of the notice that this one speaks of, if this side published that: it lies
    /// where this one lies, so who is handed the one may know the other.
    async fn answers_reference(&self, handover: &Handover) -> Result<Option<String>, NotNow> {
        let Some(id) = handover.facts.answers else {
            return Ok(None);
        };
        let found = self
            .parts
            .store
            .notice_of_pair(Side::of(handover.channel, Direction::In), id)
            .await?
            .filter(|view| view.direction == Direction::Out);
        Ok(found
            .map(|view| view.reference)
            .filter(|reference| !reference.is_empty()))
    }

    /// What was passed over is acknowledged for the subscriber once nothing before it is open:
    /// the store would else have to remember all that lies in other areas.
    async fn acknowledge_passed(
        &self,
        session: &Session,
        passed: &mut Passed,
    ) -> Result<(), Fault> {
        let acknowledged = *session.acknowledged.borrow();
        if let Some(position) = passed.over
            && passed.handed <= acknowledged.max(session.lease.acknowledged)
            && passed.handed < position
        {
            let at_ms = self.parts.clock.now_ms();
            let store = &self.parts.store;
            store.acknowledge(&session.lease, position, at_ms).await?;
            passed.over = None;
        }
        Ok(())
    }
}

/// What was handed over: how many, and from which position to which.
#[derive(Clone, Copy)]
struct Handed {
    count: u64,
    first: u64,
    last: u64,
}

impl Handed {
    /// Those at these positions, which rise; none of none.
    fn of(mut positions: impl Iterator<Item = u64>) -> Option<Self> {
        let first = positions.next()?;
        let one = Self {
            count: 1,
            first,
            last: first,
        };
        Some(positions.fold(one, |handed, last| Self {
            count: handed.count.saturating_add(1),
            last,
            ..handed
        }))
    }
}

/// What was handed over on a stream, and is not on record yet.
#[derive(Default)]
pub(super) struct Unrecorded(Mutex<Option<Handed>>);

impl Unrecorded {
    /// Adds what lies behind it; gives how many there were before, and all of it.
    fn add(&self, more: Handed) -> (u64, Handed) {
        let mut handed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = handed.map_or(0, |handed| handed.count);
        let all = handed.map_or(more, |handed| Handed {
            count: handed.count.saturating_add(more.count),
            last: more.last,
            ..handed
        });
        *handed = Some(all);
        (before, all)
    }

    /// Takes all of it out.
    fn take(&self) -> Option<Handed> {
        let mut handed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        handed.take()
    }
}

/// How far a subscriber has come on this stream.
#[derive(Default)]
struct Passed {
    /// The last that was handed to it.
    handed: Position,
    /// The last that was not, since it lies elsewhere.
    over: Option<Position>,
}

/// So many notices of a stream are one act on record,
const PART: u64 = 4_096;

/// and so long what is handed over on it is none yet.
const PART_WITHIN: Duration = Duration::from_secs(1);

/// How long to wait for a disk that is low.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Notices asked of the store at once.
const BATCH: usize = 256;
