//! One courier a channel: waits for work, opens a stream, tries again when it fails.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::{
    Exchange,
    failure::SessionError,
    misdeed::At,
    retry::Retry,
    session::{Ended, Session},
};
use crate::{
    domain::{
        channel::{Channel, Sequence},
        problem::Code,
        refusal::Pause,
    },
    store::{Direction, Lease, StopReason},
    trust::identity::SpiffeId,
};

/// How a courier stands, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CourierState {
    /// Nothing waits.
    #[default]
    Idle,
    /// A stream is open.
    Moving,
    /// The link failed; it tries again by itself.
    Waiting,
    /// The receiver asked for a pause.
    Paused(Code),
    /// The histories differ; a person has to act.
    Stopped(StopReason),
}

/// The couriers' states, and the channels of which nobody knows whether both sides hold the same.
#[derive(Default)]
pub(super) struct Couriers(
    Mutex<HashMap<Channel, CourierState>>,
    Mutex<HashSet<Channel>>,
    tokio::sync::watch::Sender<u64>,
);

impl Couriers {
    /// Has a stream opened, whether anything waits or not, so that both sides are compared.
    pub(super) fn doubt(&self, channel: Channel) {
        self.1
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(channel);
    }

    /// Wakes the couriers, so that they look at doubts.
    pub(super) fn ring(&self) {
        self.2.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// True once for each doubt.
    fn resolve(&self, channel: Channel) -> bool {
        self.1
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&channel)
    }

    /// The channels that are to be compared, also those of which nothing is known here.
    pub(super) fn doubts(&self) -> Vec<Channel> {
        let doubts = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        doubts.iter().copied().collect()
    }

    /// Rings when there are new doubts.
    pub(super) fn bell(&self) -> tokio::sync::watch::Receiver<u64> {
        self.2.subscribe()
    }

    fn doubted(&self, channel: Channel) -> bool {
        self.1
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&channel)
    }

    pub(super) fn state(&self, channel: Channel) -> CourierState {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&channel)
            .cloned()
            .unwrap_or_default()
    }

    fn set(&self, channel: Channel, state: CourierState) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(channel, state);
    }
}

/// Moves one channel until told to stop.
pub(super) async fn courier(exchange: Exchange, channel: Channel, stop: CancellationToken) {
    // What both hold is compared once after every start.
    exchange.0.couriers.doubt(channel);
    let cap = Duration::from_secs(exchange.0.limits.retry_cap_seconds.max(1));
    let mut courier = Courier {
        lease: exchange.0.store.lease(channel).await,
        exchange,
        channel,
        retry: Retry::new(cap),
        released: None,
        woken: None,
        heard: 0,
    };
    courier.run(&stop).await;
}

struct Courier {
    exchange: Exchange,
    channel: Channel,
    lease: Lease,
    retry: Retry,
    /// When what is on hold was last sent again.
    released: Option<Instant>,
    /// When a contact last woke this courier.
    woken: Option<Instant>,
    /// How often the peer had called when the last try began.
    heard: u64,
}

/// What a courier does next.
enum Next {
    /// Waits until there is something to send.
    Work,
    /// Waits this long; a contact from the peer cuts it short.
    Wake(Duration),
    /// Waits this long, or until people change something here: the peer talks nonsense, and its
    /// calls cut nothing short.
    Apart(Duration),
    /// Waits this long, whatever happens: the peer asked for it.
    Sleep(Duration),
}

impl Courier {
    async fn run(&mut self, stop: &CancellationToken) {
        // After a start every peer gets one prompt, jittered try.
        let mut next = Next::Wake(self.retry.next());
        loop {
            if !self.wait(next, stop).await {
                return;
            }
            next = match self.work(stop).await {
                Ok(next) => next,
                Err(error) => {
                    let channel = self.channel;
                    tracing::info!(%channel, %error, "A stream failed; it is tried again.");
                    self.exchange.0.store.link_failed(self.lease).await;
                    self.state(match error {
                        SessionError::Denied(_) => CourierState::Paused(Code::AreaOfAnother),
                        _ => CourierState::Waiting,
                    });
                    let interval = self.retry.next();
                    match error.misdeed() {
                        Some(_) => Next::Apart(interval),
                        None => Next::Wake(interval),
                    }
                }
            };
        }
    }

    fn state(&self, state: CourierState) {
        self.exchange.0.couriers.set(self.channel, state);
    }

    /// Waits for what `next` says. False: told to stop.
    async fn wait(&mut self, next: Next, stop: &CancellationToken) -> bool {
        let mut bell = self.exchange.0.store.channel_bell(self.channel);
        let mut agreements = self.exchange.0.agreements.clone();
        let mut trust = self.exchange.0.trust.clone();
        agreements.mark_unchanged();
        trust.mark_unchanged();
        let peer = self.peer();
        let mut contacts = peer
            .as_ref()
            .map(|peer| self.exchange.0.links.contacts(peer));
        // A call that came while a try was failing counts; this node's own calls to itself do not.
        let own = peer.as_ref() == Some(self.exchange.trust().id());
        let heard = match &contacts {
            Some(contacts) if own => *contacts.borrow(),
            _ => self.heard,
        };
        let woken = async {
            match &mut contacts {
                Some(contacts) => {
                    let lately = self.woken.map_or(MIN_WAKE, |woken| woken.elapsed());
                    tokio::time::sleep(MIN_WAKE.saturating_sub(lately)).await;
                    contacts.wait_for(|calls| *calls != heard).await.is_ok()
                }
                None => std::future::pending().await,
            }
        };
        let mut doubts = self.exchange.0.couriers.bell();
        let mended = async {
            tokio::select! {
                changed = agreements.changed() => changed.is_ok(),
                changed = trust.changed() => changed.is_ok(),
            }
        };
        let apart = matches!(next, Next::Apart(_));
        let changed = async {
            tokio::select! {
                changed = doubts.changed(), if !apart => changed.is_ok(),
                mended = mended => mended,
            }
        };
        match next {
            Next::Work => {
                if self.has_work().await {
                    return !stop.is_cancelled();
                }
                tokio::select! {
                    () = stop.cancelled() => return false,
                    _ = bell.changed() => {}
                    _ = changed => {}
                    _ = woken => self.woken = Some(self.exchange.0.clock.monotonic()),
                    () = tokio::time::sleep(RELEASE_EVERY) => {}
                }
            }
            Next::Wake(interval) => {
                tokio::select! {
                    () = stop.cancelled() => return false,
                    () = tokio::time::sleep(interval) => {}
                    _ = changed => {}
                    _ = woken => self.woken = Some(self.exchange.0.clock.monotonic()),
                }
            }
            Next::Apart(interval) => {
                tokio::select! {
                    () = stop.cancelled() => return false,
                    () = tokio::time::sleep(interval) => {}
                    _ = changed => {}
                }
            }
            Next::Sleep(interval) => {
                tokio::select! {
                    () = stop.cancelled() => return false,
                    () = tokio::time::sleep(interval) => {}
                }
            }
        }
        true
    }

    /// True if something waits for an answer.
    async fn has_work(&self) -> bool {
        if self.exchange.0.couriers.doubted(self.channel) && self.peer().is_some() {
            return true;
        }
        match self.view().await {
            Ok(Some((waiting, _))) => waiting,
            Ok(None) | Err(_) => false,
        }
    }

    /// Whether something waits, and why the channel stands still.
    async fn view(&self) -> Result<Option<(bool, Option<StopReason>)>, SessionError> {
        let view = self
            .exchange
            .0
            .store
            .channel(self.channel, Direction::Out)
            .await?;
        Ok(view.map(|view| {
            let stop = view.stop.map(|(reason, _)| reason);
            (view.last > view.settled && stop.is_none(), stop)
        }))
    }

    async fn settled(&self) -> Result<Sequence, SessionError> {
        let view = self
            .exchange
            .0
            .store
            .channel(self.channel, Direction::Out)
            .await?;
        Ok(view.map_or(Sequence::ZERO, |view| view.settled))
    }

    fn peer(&self) -> Option<SpiffeId> {
        self.exchange
            .trust()
            .peer_for(self.channel.to)
            .map(|peer| peer.pairing().id.clone())
    }

    /// One stream, from opening to end.
    async fn work(&mut self, stop: &CancellationToken) -> Result<Next, SessionError> {
        let Some(peer) = self.peer() else {
            self.state(CourierState::Paused(Code::NoAgreement));
            return Ok(Next::Work.unless_work(self.has_work().await));
        };
        self.heard = *self.exchange.0.links.contacts(&peer).borrow();
        // Before anything goes: the peer may not know yet what it must not take, or may again.
        self.exchange.agree_before(&peer).await;
        self.release().await?;
        match self.view().await? {
            Some((_, Some(reason))) => {
                self.state(CourierState::Stopped(reason));
                // Only a set-back receiver's statement can let us go on by itself.
                self.exchange.0.couriers.resolve(self.channel);
                if reason != StopReason::ReceiverSetBack {
                    return Ok(Next::Work);
                }
            }
            Some((true, None)) => {}
            Some((false, None)) | None if self.exchange.0.couriers.doubted(self.channel) => {}
            Some((false, None)) | None => {
                self.state(CourierState::Idle);
                return Ok(Next::Work);
            }
        }
        let link = match self.exchange.0.links.open(&peer).await {
            Ok(link) => link,
            Err(error) => {
                let error = SessionError::from(error);
                self.exchange.0.links.note_error(&peer, &error);
                return Err(error);
            }
        };
        let before = self.settled().await?;
        let doubted = self.exchange.0.couriers.resolve(self.channel);
        let ended = self.stream(peer.clone(), &link, stop).await;
        self.exchange.0.store.link_failed(self.lease).await;
        if self.settled().await? > before {
            self.retry.reset();
        }
        match ended {
            Ok(Ended::Idle) => {
                self.exchange.0.links.note_misdeed(&peer, At::Answers, None);
                self.retry.reset();
                self.state(CourierState::Idle);
                Ok(Next::Work)
            }
            Ok(Ended::Stopped) => {
                let reason = self.view().await?.and_then(|(_, stop)| stop);
                self.state(reason.map_or(CourierState::Waiting, CourierState::Stopped));
                Ok(Next::Wake(self.retry.next()))
            }
            Ok(Ended::Paused(pause)) => {
                self.exchange.0.couriers.doubt(self.channel);
                Ok(self.paused(pause))
            }
            Err(error) => {
                if doubted {
                    self.exchange.0.couriers.doubt(self.channel);
                }
                let error = error.on(&link);
                self.exchange.0.links.note_error(&peer, &error);
                if let Some(misdeed) = error.misdeed() {
                    let links = &self.exchange.0.links;
                    links.note_misdeed(&peer, At::Answers, Some(misdeed));
                }
                if error.breaks_link() {
                    self.exchange.0.links.failed(&peer, &link).await;
                }
                Err(error)
            }
        }
    }

    async fn stream(
        &self,
        peer: SpiffeId,
        link: &super::link::OpenLink,
        stop: &CancellationToken,
    ) -> Result<Ended, SessionError> {
        match Session::open(&self.exchange, self.lease, peer, link).await? {
            Ok(mut session) => {
                self.state(CourierState::Moving);
                let ended = session.run(stop).await;
                if session.owes() {
                    self.exchange.0.couriers.doubt(self.channel);
                }
                ended
            }
            Err(ended) => Ok(ended),
        }
    }

    fn paused(&mut self, pause: Pause) -> Next {
        let channel = self.channel;
        match pause {
            Pause::RetryLater {
                after_seconds,
                refusal,
            } => {
                tracing::warn!(%channel, code = refusal.code.name(), after_seconds, "The peer asks for a pause.");
                self.state(CourierState::Paused(refusal.code));
                Next::Sleep(
                    Duration::from_secs(u64::from(after_seconds)).clamp(MIN_AFTER, MAX_AFTER),
                )
            }
            Pause::Operator(refusal) | Pause::Agreement { refusal, .. } => {
                tracing::warn!(%channel, code = refusal.code.name(), "A person at the peer has to act.");
                self.state(CourierState::Paused(refusal.code));
                Next::Wake(self.retry.next())
            }
        }
    }

    /// What waits for an agreement is tried again when the agreements of either side have changed
    /// since, and each hour.
    async fn release(&mut self) -> Result<(), SessionError> {
        let store = &self.exchange.0.store;
        if store.on_hold(self.channel).await? == 0 {
            return Ok(());
        }
        let changed = self.exchange.0.told.changed_at(self.channel);
        let due = match (self.released, changed) {
            (None, _) => true,
            (Some(released), Some(changed)) if changed > released => true,
            (Some(released), _) => released.elapsed() > RELEASE_EVERY,
        };
        if due && self.exchange.may_release(self.channel).await? {
            let released = store.release(self.channel).await?;
            let channel = self.channel;
            tracing::info!(%channel, released, "What waited for an agreement is sent again.");
            self.released = Some(self.exchange.0.clock.monotonic());
        }
        Ok(())
    }
}

impl Next {
    /// A courier without a peer has nothing to try before something changes.
    const fn unless_work(self, has_work: bool) -> Self {
        if has_work {
            Self::Wake(UNPAIRED_EVERY)
        } else {
            self
        }
    }
}

/// A contact wakes a courier at most once in this time.
const MIN_WAKE: Duration = Duration::from_secs(5);
/// A peer's `after` is never less, nor more.
const MIN_AFTER: Duration = Duration::from_secs(1);
const MAX_AFTER: Duration = Duration::from_secs(3_600);
/// What waits for an agreement is tried again this often, whatever is known of the peer.
const RELEASE_EVERY: Duration = Duration::from_secs(3_600);
/// A channel whose peer is not paired any more is looked at this often.
const UNPAIRED_EVERY: Duration = Duration::from_secs(300);
