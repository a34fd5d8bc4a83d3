//! Subscribing: a durable consumer, its notices, its acknowledgements, its credit.
//!
//! Three loops of one task: one listens to the client, one hands over while there is credit, one
//! acknowledges. They meet only in a credit and in the highest position that waits to be
//! acknowledged, so a slow disk does not hold up the handing over, and acknowledgements that wait
//! are made one, which is all that a cumulative one needs. The stream ends when a newer subscriber
//! takes the name, when the office loses its role or areas, when the connection is cut and when the
//! node stops.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::sync::{Mutex, Semaphore, mpsc, watch};
use tokio_stream::{Stream, StreamExt as _};
use tokio_util::sync::CancellationToken;

use super::{Office, authority::DESKS, handing::Unrecorded, problem::Fault, scope::Scope};
use crate::{
    domain::{area::County, notice::Kind, problem::Code},
    store::{ConsumerLease, ConsumerRequest, Handover, NotNow, Position},
    trust::{connection::CallerInfo, identity::OfficeId},
};

/// What a subscriber says.
pub(super) enum Step {
    Open(Opening),
    Acknowledge(Position),
    Credit(u32),
}

/// How a subscriber opens its consumer.
pub(super) struct Opening {
    pub(super) name: String,
    pub(super) home: Option<County>,
    pub(super) kinds: Vec<Kind>,
    pub(super) from_first: bool,
    /// 0 for the usual.
    pub(super) credit: u32,
}

/// What a subscriber is told.
pub(super) enum Said {
    Opened(Position),
    Notice {
        handover: Box<Handover>,
        /// The office's own reference of the notice that this one speaks of.
        answers_reference: Option<String>,
    },
    Acknowledged(Position),
}

/// A consumer that is open.
pub(super) struct Session {
    pub(super) lease: ConsumerLease,
    pub(super) scope: Scope,
    /// How many notices may still be handed over.
    pub(super) credit: Semaphore,
    /// What the client has acknowledged.
    pub(super) acknowledged: watch::Sender<Position>,
    /// What was handed over, and is not on record yet.
    pub(super) handed: Unrecorded,
}

/// Who subscribes at the moment: so that a newer subscriber ends the older at once, not only when
/// the store next hands something over.
#[derive(Default)]
pub(super) struct Subscribers(Mutex<Table>);

#[derive(Default)]
struct Table {
    /// Number of the next subscriber: tells a newer one from an older of the same name.
    next: u64,
    open: HashMap<(County, String), (u64, CancellationToken)>,
}

/// What a subscriber hears.
pub(super) type Ear = mpsc::Sender<Result<Said, Fault>>;

impl Office {
    /// Opens the consumer that the first message names and serves it to its end. The receiver gets
    /// what the client is told; a fault is the last of it.
    pub(super) fn subscribe(
        self: &Arc<Self>,
        caller: CallerInfo<OfficeId>,
        steps: impl Stream<Item = Result<Step, Fault>> + Send + Unpin + 'static,
    ) -> mpsc::Receiver<Result<Said, Fault>> {
        let (ear, receiver) = mpsc::channel(AHEAD);
        let office = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(fault) = office.serve_subscriber(&caller, steps, &ear).await {
                let fault = office.of_subscription(&caller, fault).await;
                tracing::info!(office = %caller.id, reason = fault.reason(), "A subscription ended.");
                // If nobody listens any more, nobody needs to know.
                ear.send(Err(fault)).await.unwrap_or_default();
            }
        });
        receiver
    }

    async fn serve_subscriber(
        &self,
        caller: &CallerInfo<OfficeId>,
        mut steps: impl Stream<Item = Result<Step, Fault>> + Send + Unpin,
        ear: &Ear,
    ) -> Result<(), Fault> {
        let first = tokio::select! {
            biased;
            () = caller.cut.cancelled() => return Err(Fault::Cut),
            () = self.stop.cancelled() => return Err(NotNow::Stopping.into()),
            first = tokio::time::timeout(OPEN_WITHIN, steps.next()) => first,
        };
        let opening = match first {
            Ok(Some(Ok(Step::Open(opening)))) => opening,
            Ok(Some(Ok(Step::Acknowledge(_) | Step::Credit(_)))) | Err(_) => {
                return Err(Fault::Argument("open", Code::MissingField));
            }
            Ok(Some(Err(fault))) => return Err(fault),
            Ok(None) => return Ok(()),
        };
        let (session, number, fenced) = self.open(&caller.id, opening).await?;
        let key = (session.lease.home, session.lease.name.clone());
        let served = self
            .serve_session(caller, &session, &fenced, steps, ear)
            .await;
        self.record_rest(caller, &session);
        self.subscribers.forget(key, number).await;
        served
    }

    async fn open(
        &self,
        caller: &OfficeId,
        opening: Opening,
    ) -> Result<(Session, u64, CancellationToken), Fault> {
        let Opening {
            name,
            home,
            mut kinds,
            from_first,
            credit,
        } = opening;
        if !is_consumer_name(&name) {
            return Err(Fault::Argument("open.name", Code::ValueFormat));
        }
        let authority = self.authority(caller)?;
        authority.require(DESKS)?;
        let home = authority.home(home)?;
        let scope = authority.scope(home);
        if scope.is_empty() {
            return Err(Fault::OutsideScope);
        }
        kinds.sort_unstable();
        kinds.dedup();
        let request = ConsumerRequest {
            home,
            name: name.clone(),
            kinds,
            scope: scope.text(),
            from_first,
            at_ms: self.parts.clock.now_ms(),
        };
        // One opening at a time: else the newer by the store might be the older by this table.
        let mut subscribers = self.subscribers.0.lock().await;
        let lease = self.parts.store.open_consumer(request).await?;
        let fenced = CancellationToken::new();
        let number = subscribers.next;
        subscribers.next = number.saturating_add(1);
        let older = subscribers
            .open
            .insert((home, name), (number, fenced.clone()));
        if let Some((_, older)) = older {
            older.cancel();
        }
        drop(subscribers);
        let credit = if credit == 0 { USUAL_CREDIT } else { credit };
        let session = Session {
            acknowledged: watch::Sender::new(lease.acknowledged),
            lease,
            scope,
            credit: Semaphore::new(within(credit)),
            handed: Unrecorded::default(),
        };
        Ok((session, number, fenced))
    }

    async fn serve_session(
        &self,
        caller: &CallerInfo<OfficeId>,
        session: &Session,
        fenced: &CancellationToken,
        steps: impl Stream<Item = Result<Step, Fault>> + Send + Unpin,
        ear: &Ear,
    ) -> Result<(), Fault> {
        // Followed from before the client can hear that it is open.
        let positions = session.acknowledged.subscribe();
        let done = CancellationToken::new();
        let mut acknowledging =
            std::pin::pin!(self.acknowledge_all(session, positions, &done, ear));
        if ear
            .send(Ok(Said::Opened(session.lease.acknowledged)))
            .await
            .is_err()
        {
            return Ok(());
        }
        tokio::select! {
            biased;
            () = caller.cut.cancelled() => return Err(Fault::Cut),
            () = fenced.cancelled() => return Err(NotNow::Fenced.into()),
            () = self.stop.cancelled() => return Err(NotNow::Stopping.into()),
            () = ear.closed() => return Ok(()),
            fault = self.lost_authority(&caller.id, session) => return Err(fault),
            acknowledged = &mut acknowledging => return acknowledged,
            heard = listen(session, steps) => heard?,
            handed = self.hand_over_all(caller, session, ear) => return handed,
        }
        // The client says nothing more: what it acknowledged is still answered.
        done.cancel();
        tokio::select! {
            biased;
            () = caller.cut.cancelled() => Err(Fault::Cut),
            () = self.stop.cancelled() => Err(NotNow::Stopping.into()),
            acknowledged = acknowledging => acknowledged,
        }
    }

    /// Done when the configuration no longer lets the office have what it subscribed to.
    async fn lost_authority(&self, caller: &OfficeId, session: &Session) -> Fault {
        let mut config = self.parts.config.clone();
        loop {
            tokio::select! {
                changed = config.changed() => if changed.is_err() {
                    // Nobody can change it any more; the node is about to stop.
                    std::future::pending::<()>().await;
                },
                // An expiry needs no change.
                () = tokio::time::sleep(RECHECK_EVERY) => {}
            }
            let authority = match self.authority(caller) {
                Ok(authority) => authority,
                Err(fault) => return fault,
            };
            if let Err(fault) = authority.require(DESKS) {
                return fault;
            }
            if authority.scope(session.lease.home) != session.scope {
                return Fault::OutsideScope;
            }
        }
    }

    /// Makes acknowledgements durable, in order, those that wait as one.
    async fn acknowledge_all(
        &self,
        session: &Session,
        mut positions: watch::Receiver<Position>,
        done: &CancellationToken,
        ear: &Ear,
    ) -> Result<(), Fault> {
        loop {
            tokio::select! {
                // What waits comes before the end.
                biased;
                changed = positions.changed() => if changed.is_err() {
                    return Ok(());
                },
                () = done.cancelled() => return Ok(()),
            }
            let position = *positions.borrow_and_update();
            let at_ms = self.parts.clock.now_ms();
            let upto = self
                .parts
                .store
                .acknowledge(&session.lease, position, at_ms)
                .await?;
            if ear.send(Ok(Said::Acknowledged(upto))).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// Takes what the client says, to the end of its half of the stream.
async fn listen(
    session: &Session,
    mut steps: impl Stream<Item = Result<Step, Fault>> + Send + Unpin,
) -> Result<(), Fault> {
    while let Some(step) = steps.next().await {
        match step? {
            Step::Open(_) => return Err(Fault::Argument("open", Code::FieldRepeated)),
            Step::Acknowledge(position) => session.acknowledged.send_modify(|highest| {
                *highest = position.max(*highest);
            }),
            Step::Credit(more) => {
                let room = MOST_CREDIT.saturating_sub(session.credit.available_permits());
                session.credit.add_permits(within(more).min(room));
            }
        }
    }
    Ok(())
}

impl Subscribers {
    /// Takes a subscriber that has ended off the table, unless a newer one stands there.
    async fn forget(&self, key: (County, String), number: u64) {
        let open = &mut self.0.lock().await.open;
        if open.get(&key).is_some_and(|(it, _)| *it == number) {
            open.remove(&key);
        }
    }
}

/// 1 to 64 of a–z, 0–9, `-`, `_`, `.`.
fn is_consumer_name(name: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

fn within(credit: u32) -> usize {
    usize::try_from(credit).map_or(MOST_CREDIT, |credit| credit.min(MOST_CREDIT))
}

/// What 0 means.
const USUAL_CREDIT: u32 = 256;

/// Notices that may be on their way to a subscriber at once.
const MOST_CREDIT: usize = 4_096;

/// Messages that wait for the connection.
const AHEAD: usize = 64;

/// How long a client may take to say what it wants.
const OPEN_WITHIN: Duration = Duration::from_secs(30);

const RECHECK_EVERY: Duration = Duration::from_secs(60);
