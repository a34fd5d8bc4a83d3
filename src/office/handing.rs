//! Handing over: from the feed of a home area to one subscriber, while there is credit.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{
    Office,
    problem::Fault,
    scope::{self, Place},
    subscribe::{Ear, Said, Session},
};
use crate::{
    domain::notice::Names,
    store::{Direction, Handover, NotNow, Position, Side},
};

impl Office {
    /// Hands over until the subscriber is gone.
    ///
    /// # Errors
    /// What ends the stream.
    pub(super) async fn hand_over_all(&self, session: &Session, ear: &Ear) -> Result<(), Fault> {
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
            for handover in handovers {
                let position = handover.position;
                if !self.lies_within(session, &handover).await? {
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

/// How far a subscriber has come on this stream.
#[derive(Default)]
struct Passed {
    /// The last that was handed to it.
    handed: Position,
    /// The last that was not, since it lies elsewhere.
    over: Option<Position>,
}

/// Notices asked of the store at once.
const BATCH: usize = 256;
