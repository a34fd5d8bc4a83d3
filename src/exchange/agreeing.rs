//! What two nodes have signed of their agreements, brought together.
//!
//! Each tells how many statements of each side it holds of every agreement between the two, and
//! hands over what the other lacks, until neither lacks anything: at once after a statement of this
//! node's own, at every start, with every probe, and before a courier's stream wherever agreements
//! have changed since the two last agreed. So a suspension reaches the peer before what it forbids.
//!
//! What is suspended waits on both sides of a channel: the receiver pauses it, and the sender puts
//! what it has queued on hold by itself, so that nothing of it leaves towards a peer that has not
//! heard yet, or will not hear. In the same way the sender holds what is still queued when an
//! agreement lapses; what had left by then the receiver judges by the day of publication.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{sync::Mutex as AsyncMutex, task::spawn_blocking, time::timeout};
use tokio_util::sync::CancellationToken;
use tonic::Request;

use super::{
    Exchange,
    failure::SessionError,
    misdeed::{At, Misdeed},
    status::CallError,
    wire::{self, AgreeRequest, AgreeResponse, Agreed, ExchangeClient, NotOfItsForm},
};
use crate::{
    agreement::Agreements,
    domain::{
        area::County,
        calendar,
        channel::{Channel, Sequence},
        problem::Code,
        receipt::VoidReason,
    },
    pairing::life::{Handed, Heard, Holding, NotHeard, Shown},
    store::{Direction, NotNow, Waiting},
    trust::identity::{PeerId, SpiffeId},
};

/// Where what both sides signed is kept.
pub trait Statements: Send + Sync + 'static {
    /// What is held of the agreements with a peer, and what it lacks by what it says it holds.
    /// Blocks.
    ///
    /// # Errors
    /// In words, if it cannot be read.
    fn show(&self, peer: &SpiffeId, theirs: Option<&[Holding]>) -> Result<Shown, String>;

    /// Takes what a peer hands over; done when it is durable and counts. Blocks.
    ///
    /// # Errors
    /// In words, if it cannot be read or written; then nothing was taken.
    fn hear(&self, peer: &SpiffeId, handed: Vec<Handed>) -> Result<Heard, String>;
}

/// Why what both sides signed was not brought together. What was handed over before stays.
#[derive(Debug, thiserror::Error)]
pub enum AgreeError {
    /// No paired node speaks for that area.
    #[error("no paired node speaks for that area")]
    NotPaired,
    /// It cannot be reached, or the call failed.
    #[error(transparent)]
    Call(#[from] SessionError),
    /// The files of this node.
    #[error("the agreements cannot be read or written: {0}")]
    Files(String),
    /// The peer does not take a statement.
    #[error("{code}: the peer does not take what was said of agreement {id}: {why}", id = .0.id, code = .0.why.name(), why = .0.why)]
    Refused(NotHeard),
    /// What the peer handed over was not taken.
    #[error("{code}: what the peer says of agreement {id} is not taken: {why}", id = .0.id, code = .0.why.name(), why = .0.why)]
    Unbelieved(NotHeard),
    /// The peer goes on lacking what it was given.
    #[error("the peer does not keep what it is handed")]
    Withheld,
}

/// With which peers this node last agreed on what.
#[derive(Default)]
pub(super) struct Agreeing(Mutex<HashMap<SpiffeId, Arc<AsyncMutex<Option<Last>>>>>);

/// The last try with one peer.
struct Last {
    /// What was held then.
    agreements: Arc<Agreements>,
    agreed: bool,
    at: Instant,
}

impl Agreeing {
    fn of(&self, peer: &SpiffeId) -> Arc<AsyncMutex<Option<Last>>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(peer.clone()).or_default())
    }
}

impl Exchange {
    /// Brings together what this node and the peer that speaks for that area have signed; done when
    /// neither lacks anything.
    ///
    /// # Errors
    /// [`AgreeError`].
    pub async fn agree(&self, area: County) -> Result<(), AgreeError> {
        let peer = self
            .trust()
            .peer_for(area)
            .map(|it| it.pairing().id.clone());
        let peer = peer.ok_or(AgreeError::NotPaired)?;
        let turn = self.0.agreeing.of(&peer);
        let mut last = turn.lock().await;
        self.agree_in_turn(&peer, &mut last).await
    }

    /// The same where agreements have changed since the two last agreed. A try that failed is not
    /// made again at once: whoever calls goes on, and the peer judges by what it has heard.
    pub(super) async fn agree_before(&self, peer: &SpiffeId) {
        let turn = self.0.agreeing.of(peer);
        let mut last = turn.lock().await;
        let current = self.agreements();
        let done = last.as_ref().is_some_and(|last| {
            Arc::ptr_eq(&last.agreements, &current)
                && (last.agreed || last.at.elapsed() < AGAIN_AFTER)
        });
        if done || peer == self.trust().id() {
            return;
        }
        if let Err(error) = self.agree_in_turn(peer, &mut last).await {
            tracing::info!(%peer, %error, "Two nodes could not compare what they signed.");
        }
    }

    /// The same with a peer that has just answered a probe, whatever has changed.
    pub(super) async fn agree_after(
        &self,
        probed: &SpiffeId,
        area: County,
        stop: &CancellationToken,
    ) {
        if probed == self.trust().id() {
            return;
        }
        tokio::select! {
            agreed = self.agree(area) => if let Err(error) = agreed {
                tracing::info!(peer = %probed, %error, "Two nodes could not compare what they signed.");
            },
            () = stop.cancelled() => {}
        }
    }

    async fn agree_in_turn(
        &self,
        peer: &SpiffeId,
        last: &mut Option<Last>,
    ) -> Result<(), AgreeError> {
        // What is heard meanwhile makes them others, and the next try a short one.
        let agreements = self.agreements();
        let agreed = match timeout(AGREE_WITHIN, self.rounds(peer)).await {
            Ok(agreed) => agreed,
            Err(_) => Err(SessionError::Silent.into()),
        };
        match &agreed {
            Ok(0) => {}
            Ok(_) => self.release_to(peer).await.map_err(SessionError::from)?,
            Err(AgreeError::Refused(not) | AgreeError::Unbelieved(not)) => {
                let error = agreed.as_ref().err().map(ToString::to_string);
                tracing::error!(%peer, agreement = %not.id, code = not.why.name(), error, "What was signed of an agreement is not taken; nothing was changed.");
                if let Some(error) = error {
                    self.0.links.note(peer, error);
                }
            }
            Err(AgreeError::Call(error)) => {
                if let misdeed @ Some(_) = error.misdeed() {
                    self.0.links.note_misdeed(peer, At::Statements, misdeed);
                }
            }
            Err(_) => {}
        }
        *last = Some(Last {
            agreements,
            agreed: agreed.is_ok(),
            at: self.0.clock.monotonic(),
        });
        agreed.map(|_| ())
    }

    /// What waited for an agreement with that peer is sent again, behind the others, but for what is
    /// still suspended.
    async fn release_to(&self, peer: &SpiffeId) -> Result<(), NotNow> {
        let trust = self.trust();
        let areas = trust
            .peer(peer)
            .map_or(&[][..], |it| it.pairing().areas.as_slice());
        let store = &self.0.store;
        for view in store.channels().await? {
            let channel = view.channel;
            let theirs = view.direction == Direction::Out && areas.contains(&channel.to);
            if !theirs || store.on_hold(channel).await? == 0 || !self.may_release(channel).await? {
                continue;
            }
            let released = store.release(channel).await?;
            tracing::info!(%channel, released, "What waited for an agreement is sent again.");
            self.hold(channel).await?;
        }
        Ok(())
    }

    /// Call after call until neither lacks anything. Gives how many statements moved.
    async fn rounds(&self, peer: &SpiffeId) -> Result<usize, AgreeError> {
        let mut moved = 0_usize;
        let mut theirs: Option<Vec<Holding>> = None;
        let mut before = None;
        let mut more = false;
        for _ in 0..ROUNDS {
            let Shown { held, lacking } = self.show(peer, theirs.clone()).await?;
            let first = lacking.first().map(|it| (it.id, it.signed.form().clone()));
            if theirs.is_some() && first.is_none() && !more {
                return Ok(moved);
            }
            if first.is_some() && first == before {
                return Err(AgreeError::Withheld);
            }
            before = first;
            moved = moved.saturating_add(lacking.len());
            let answer = self.ask_to_agree(peer, held, lacking).await?;
            if let Some(refused) = answer.refused.first() {
                return Err(AgreeError::Refused(*refused));
            }
            let Heard { news, refused } = self.hear(peer, answer.handed).await?;
            self.note_statements(peer, &refused);
            if let Some(refused) = refused.first() {
                return Err(AgreeError::Unbelieved(*refused));
            }
            moved = moved.saturating_add(news);
            // There may be more than went into one message.
            more = news > 0;
            theirs = Some(answer.held);
        }
        Err(AgreeError::Withheld)
    }

    async fn ask_to_agree(
        &self,
        peer: &SpiffeId,
        held: Vec<Holding>,
        handed: Vec<Handed>,
    ) -> Result<Agreed, AgreeError> {
        let link = match self.0.links.open(peer).await {
            Ok(link) => link,
            Err(error) => {
                let error = SessionError::from(error);
                self.0.links.note_error(peer, &error);
                return Err(error.into());
            }
        };
        let mut request = Request::new(wire::agree_request(Agreed {
            held,
            handed,
            refused: Vec::new(),
            successions: self.trust().successions().to_vec(),
        }));
        request.set_timeout(AGREE_WITHIN);
        let mut client = ExchangeClient::new(link.channel.clone());
        let answered = match client.agree(request).await {
            Ok(answered) => answered.into_inner(),
            Err(status) => {
                let error = SessionError::from(status).on(&link);
                self.0.links.note_error(peer, &error);
                if error.breaks_link() {
                    self.0.links.failed(peer, &link).await;
                }
                return Err(error.into());
            }
        };
        let mut answer = wire::agree_response_in(answered).map_err(SessionError::from)?;
        self.0.links.heard(peer);
        let successions = std::mem::take(&mut answer.successions);
        let followed = self.follow(peer, successions).await;
        followed.map_err(SessionError::from)?;
        Ok(answer)
    }

    /// Answers a peer that wants to agree.
    pub(super) async fn answer_agree(
        &self,
        caller: &PeerId,
        request: AgreeRequest,
    ) -> Result<AgreeResponse, CallError> {
        let theirs = wire::agree_request_in(request)?;
        let peer = caller.id();
        self.follow(peer, theirs.successions).await?;
        if theirs.handed.len() > MOST_HANDED || theirs.held.len() > MOST_HELD {
            return Err(NotOfItsForm("more statements than one message has").into());
        }
        // The paths of this node's files are not the peer's business.
        let not_kept = |error: AgreeError| {
            tracing::error!(%peer, %error, "What a peer signed of agreements cannot be kept.");
            CallError::NotKept
        };
        let heard = self.hear(peer, theirs.handed).await.map_err(not_kept)?;
        self.note_statements(peer, &heard.refused);
        for NotHeard { id, why } in &heard.refused {
            tracing::error!(%peer, agreement = %id, code = why.name(), reason = %why, "What a peer says of an agreement is not taken; nothing was changed.");
            self.0.links.note(peer, format!("{}: {why}", why.name()));
        }
        if heard.news > 0 {
            self.release_to(peer).await?;
        }
        let shown = self.show(peer, Some(theirs.held)).await.map_err(not_kept)?;
        Ok(wire::agree_response(Agreed {
            held: shown.held,
            handed: shown.lacking,
            refused: heard.refused,
            successions: self.trust().successions().to_vec(),
        }))
    }

    /// What a peer handed over is held against it until all of it stands.
    fn note_statements(&self, peer: &SpiffeId, refused: &[NotHeard]) {
        let misdeed = refused.iter().find_map(Misdeed::of_statement);
        self.0.links.note_misdeed(peer, At::Statements, misdeed);
    }

    async fn show(
        &self,
        peer: &SpiffeId,
        theirs: Option<Vec<Holding>>,
    ) -> Result<Shown, AgreeError> {
        let (kept, peer) = (Arc::clone(&self.0.statements), peer.clone());
        let shown = spawn_blocking(move || kept.show(&peer, theirs.as_deref())).await;
        shown
            .unwrap_or_else(|error| Err(error.to_string()))
            .map_err(AgreeError::Files)
    }

    async fn hear(&self, peer: &SpiffeId, handed: Vec<Handed>) -> Result<Heard, AgreeError> {
        if handed.is_empty() {
            return Ok(Heard::default());
        }
        let (kept, peer) = (Arc::clone(&self.0.statements), peer.clone());
        // Runs to its end even if the call that brought it does not.
        let heard = spawn_blocking(move || kept.hear(&peer, handed)).await;
        heard
            .unwrap_or_else(|error| Err(error.to_string()))
            .map_err(AgreeError::Files)
    }

    /// Holds what is suspended or has lapsed, whenever agreements change, each midnight and now and
    /// then, until told to stop.
    pub(super) async fn hold_kept_back(self, stop: CancellationToken) {
        let mut agreements = self.0.agreements.clone();
        loop {
            agreements.mark_unchanged();
            if let Err(error) = self.hold_all().await {
                tracing::warn!(%error, "What waits for an agreement could not be put on hold.");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                _ = agreements.changed() => {}
                () = tokio::time::sleep(self.until_next_look()) => {}
            }
        }
    }

    /// Up to just after midnight in Asia/Shanghai, but not for long: a clock may be set.
    fn until_next_look(&self) -> Duration {
        let midnight = self.today().tomorrow().ok().and_then(calendar::begin_ms);
        let until = midnight.and_then(|at| at.checked_sub(self.0.clock.now_ms()));
        let until = until.and_then(|until| u64::try_from(until).ok());
        until.map_or(HOLD_EVERY, |until| {
            Duration::from_millis(until.saturating_add(1)).min(HOLD_EVERY)
        })
    }

    async fn hold_all(&self) -> Result<(), NotNow> {
        for view in self.0.store.channels().await? {
            if view.direction == Direction::Out {
                self.hold(view.channel).await?;
            }
        }
        Ok(())
    }

    /// Puts on hold what is queued on a channel and kept back today.
    async fn hold(&self, channel: Channel) -> Result<(), NotNow> {
        let (agreements, today) = (self.agreements(), self.today());
        if !agreements.keeps_any_back(channel, today) {
            return Ok(());
        }
        let store = &self.0.store;
        let mut after = Some(Sequence::ZERO);
        while let Some(from) = after {
            let page = store.waiting(channel, from, PAGE).await?;
            for notice in page.notices {
                let why = agreements.keeps_back(notice.agreement, channel, notice.kind, today);
                if notice.on_hold.is_some() || why.is_none() {
                    continue;
                }
                let (sequence, at_ms) = (notice.sequence, self.0.clock.now_ms());
                tracing::warn!(%channel, %sequence, agreement = %notice.agreement, code = why.map(Code::name), "A notice waits for its agreement.");
                store
                    .end(channel, sequence, VoidReason::OnHold, why, at_ms)
                    .await?;
            }
            after = page.next;
        }
        Ok(())
    }

    /// Whether anything of what waits on a channel could go by what this node holds today.
    pub(super) async fn may_release(&self, channel: Channel) -> Result<bool, NotNow> {
        let (agreements, today) = (self.agreements(), self.today());
        if !agreements.keeps_any_back(channel, today) {
            return Ok(true);
        }
        let mut after = Some(Sequence::ZERO);
        while let Some(from) = after {
            let page = self.0.store.waiting(channel, from, PAGE).await?;
            let mut held = page
                .notices
                .iter()
                .filter(|notice| notice.on_hold.is_some());
            let goes = |notice: &Waiting| {
                let Waiting {
                    agreement, kind, ..
                } = *notice;
                let kept = agreements.keeps_back(agreement, channel, kind, today);
                kept.is_none()
            };
            if held.any(goes) {
                return Ok(true);
            }
            after = page.next;
        }
        Ok(false)
    }
}

const AGREE_WITHIN: Duration = Duration::from_secs(15);
/// A try that failed is made again before a stream after this time.
const AGAIN_AFTER: Duration = Duration::from_secs(60);
const HOLD_EVERY: Duration = Duration::from_secs(600);
const PAGE: usize = 1_000;
/// A life of a thousand statements a side goes over in fewer.
const ROUNDS: usize = 64;
const MOST_HANDED: usize = 64;
/// No two nodes have so many agreements with each other.
const MOST_HELD: usize = 10_000;
