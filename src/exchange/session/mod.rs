//! One stream of a courier: from the openings to the end.

mod parcels;
mod receipts;

use std::{collections::VecDeque, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Streaming};

use super::{
    Exchange,
    evidence::{ParcelEvidence, ReceiptEvidence},
    failure::SessionError,
    link::OpenLink,
    wire::{
        self, DeliverRequest, DeliverResponse, ExchangeClient, NotOfItsForm, ReceiverOpening,
        ReceiverStep, SenderOpening,
    },
};
use crate::{
    domain::{
        channel::{Channel, Digest, Sequence},
        refusal::Pause,
    },
    guard::Guard,
    in_order::InOrder,
    store::{Direction, Lease, NotNow, Settled, StopReason},
    trust::{
        forms::{ParcelForm, ResendForm},
        identity::SpiffeId,
        keys::KeyId,
        lineage::Lineage,
        signature::Verified,
    },
};

/// How a stream ended, if nothing failed.
pub(super) enum Ended {
    /// Nothing was left to send for a while.
    Idle,
    /// The histories differ: the channel stands still.
    Stopped,
    /// The receiver asked for a pause.
    Paused(Pause),
}

/// One stream of one channel.
pub(super) struct Session<'a> {
    exchange: &'a Exchange,
    channel: Channel,
    sandbox: bool,
    lease: Lease,
    peer: SpiffeId,
    /// The key of this node's own that the peer was told of.
    shown_key: KeyId,
    steps: mpsc::Sender<DeliverRequest>,
    answers: Streaming<DeliverResponse>,
    flying: VecDeque<Flying>,
    /// Receipts on their way to the journal. Nothing waits for one but the end of the stream: until
    /// it is durable its places count as unanswered, and would only be answered once more.
    settling: InOrder<Result<(Sequence, Settled), NotNow>>,
    /// Everything up to here was sent on this stream.
    sent: Sequence,
    /// Set when an answer asks to begin anew behind a place.
    rewind: Option<Sequence>,
    /// While the peer, who was set back, is sent once more what it had receipted: up to where.
    resend: Option<Sequence>,
    origin: Digest,
}

/// A parcel that has no answer yet.
struct Flying {
    first: Sequence,
    count: usize,
    form: Digest,
    evidence: ParcelEvidence,
}

impl<'a> Session<'a> {
    /// Opens a stream to the peer and compares what both hold. An error after the call began has
    /// the link's generation with it through the caller.
    pub(super) async fn open(
        exchange: &'a Exchange,
        lease: Lease,
        peer: SpiffeId,
        link: &OpenLink,
    ) -> Result<Result<Session<'a>, Ended>, SessionError> {
        let channel = lease.channel;
        let trust = exchange.trust();
        let origin = exchange.origin(channel).ok_or(SessionError::NotPaired)?;
        let store = &exchange.0.store;
        let view = store.channel(channel, Direction::Out).await?;
        let stands = view.as_ref().is_some_and(|view| view.stop.is_some());
        let (last, head, settled) = view
            .filter(|view| view.last > Sequence::ZERO)
            .map_or((Sequence::ZERO, origin, Sequence::ZERO), |view| {
                (view.last, view.head, view.settled)
            });
        let receipt = store.shown(channel, Direction::Out).await?.evidence;
        let opening = SenderOpening {
            channel,
            sandbox: trust.is_sandbox(),
            last,
            head,
            receipted: settled,
            receipt: ReceiptEvidence::decode(receipt).map(|evidence| evidence.receipt),
            successions: trust.successions().to_vec(),
        };
        let (steps, requests) = mpsc::channel(exchange.0.limits.parcels_in_flight.max(1));
        // The first message waits in the queue, so the call does not wait for it.
        let opened = steps.try_send(wire::opening_request(opening));
        opened.map_err(|_| SessionError::Silent)?;
        let mut client = ExchangeClient::new(link.channel.clone());
        let call = client.deliver(Request::new(ReceiverStream::new(requests)));
        let answers = timeout(ANSWER_WITHIN, call)
            .await
            .map_err(|_| SessionError::Silent)??
            .into_inner();
        let mut session = Session {
            exchange,
            channel,
            sandbox: trust.is_sandbox(),
            lease,
            peer,
            shown_key: trust.own_keys().current().id(),
            steps,
            answers,
            flying: VecDeque::new(),
            settling: InOrder::new(),
            sent: settled,
            rewind: None,
            resend: None,
            origin,
        };
        let Some(ReceiverStep::Opening(mut theirs)) =
            next_answer(&mut session.answers, true).await?
        else {
            return Err(NotOfItsForm("the opening comes first").into());
        };
        exchange.0.links.heard(&session.peer);
        let successions = std::mem::take(&mut theirs.successions);
        exchange.follow(&session.peer, successions).await?;
        let stop = session.compare(&theirs, last, settled).await?;
        let at_ms = exchange.0.clock.now_ms();
        match stop {
            Some((reason, sequence)) => {
                tracing::error!(%channel, reason = reason.name(), %sequence, %last, "The histories of a channel differ; it is stopped.");
                if reason == StopReason::SenderSetBack {
                    tracing::error!(%channel, peer_holds = %sequence, here = %last, "This node was set back. Once both operators have compared: hongyan channel adopt.");
                }
                store
                    .set_stop(channel, Direction::Out, Some((reason, sequence)), at_ms)
                    .await?;
                // The peer may have found out by itself and ended the call.
                drop(
                    session
                        .say(wire::divergence_request(reason, sequence))
                        .await,
                );
                // Half-closed: the peer reads it, then ends the call.
                let Session {
                    steps, mut answers, ..
                } = session;
                drop(steps);
                let ended = timeout(ANSWER_WITHIN, async {
                    while let Some(Ok(_)) = answers.next().await {}
                });
                drop(ended.await);
                Ok(Err(Ended::Stopped))
            }
            None => {
                if stands {
                    store.set_stop(channel, Direction::Out, None, at_ms).await?;
                }
                Ok(Ok(session))
            }
        }
    }

    /// What the openings say of both histories; none if they fit.
    async fn compare(
        &mut self,
        theirs: &ReceiverOpening,
        last: Sequence,
        settled: Sequence,
    ) -> Result<Option<(StopReason, Sequence)>, SessionError> {
        if !Guard::Divergence.holds() {
            return Ok(None);
        }
        let store = &self.exchange.0.store;
        let own_head = store
            .head_at(self.channel, Direction::Out, theirs.held, self.origin)
            .await?;
        if theirs.held > last || own_head != Some(theirs.head) {
            // Shown our own word over places that we do not know, it is we who were set back.
            let trust = self.exchange.trust();
            let own_word = theirs
                .parcel
                .clone()
                .and_then(|signed| Verified::<ParcelForm>::own(signed, trust.own_keys()).ok());
            let set_back = own_word.is_some_and(|word| {
                let form = word.as_ref();
                form.frame.channel == self.channel
                    && form.first.plus(u64::from(form.count)) > theirs.held
                    && form.first <= theirs.held
            });
            let reason = if set_back {
                StopReason::SenderSetBack
            } else {
                StopReason::HeadDiffers
            };
            return Ok(Some((reason, theirs.held)));
        }
        if theirs.held < settled {
            let Some(statement) = theirs.resend.clone() else {
                return Ok(Some((StopReason::ReceiverSetBack, theirs.held)));
            };
            // It stands until the peer has what it asks for, whatever key the peer has by then.
            let statement: Verified<ResendForm> = self.lineage()?.recognise(statement)?;
            let form = statement.as_ref();
            let fits = form.frame.channel == self.channel
                && form.frame.sandbox == self.sandbox
                && form.held <= theirs.held;
            if !fits {
                return Ok(Some((StopReason::ReceiverSetBack, theirs.held)));
            }
            tracing::warn!(channel = %self.channel, from = %theirs.held.next(), "The peer was set back and asks for notices once more.");
            self.sent = theirs.held;
            self.resend = Some(settled);
        }
        Ok(None)
    }

    /// True while the peer lacks something that it had receipted.
    pub(super) const fn owes(&self) -> bool {
        self.resend.is_some()
    }

    /// Moves what there is until nothing is left, a pause is asked for, or `stop` says so.
    pub(super) async fn run(
        &mut self,
        stop: &tokio_util::sync::CancellationToken,
    ) -> Result<Ended, SessionError> {
        let store = self.exchange.0.store.clone();
        let mut bell = store.channel_bell(self.channel);
        let born = Instant::now();
        let mut idle_since = Instant::now();
        // When what gathers behind small parcels goes out at the latest.
        let mut gathered = born;
        // What stood there before the bell was first heard, only the store knows.
        let mut caught_up = false;
        loop {
            let last = *bell.borrow_and_update();
            let most = self.exchange.0.limits.parcels_in_flight;
            let full = self.flying.len() >= most || self.settling.len() >= most;
            // With some under way what comes in drops gathers: a parcel costs two signatures.
            let gathers = caught_up
                && self.flying.len() >= SMALL_ONES
                && last.since(self.sent) < ENOUGH_PLACES
                && Instant::now() < gathered;
            let old = born.elapsed() > STREAM_AGE || stop.is_cancelled();
            let mut nothing_left = caught_up && self.sent >= last;
            if !full && !gathers && self.rewind.is_none() && !old && !nothing_left {
                if self.send_next().await? {
                    idle_since = Instant::now();
                    gathered = idle_since + GATHER;
                    continue;
                }
                caught_up = true;
                nothing_left = true;
            }
            if self.flying.is_empty() && self.settling.len() == 0 {
                if let Some(behind) = self.rewind.take() {
                    self.sent = behind;
                    caught_up = false;
                    continue;
                }
                if old || idle_since.elapsed() > IDLE {
                    return Ok(Ended::Idle);
                }
            }
            let owed = !self.flying.is_empty();
            let _turn = match owed && !Guard::Apart.holds() {
                true => Some(TURN.lock().await),
                false => None,
            };
            tokio::select! {
                answer = next_answer(&mut self.answers, owed) => {
                    match answer? {
                        None => return Ok(self.settle_all().await?.unwrap_or(Ended::Idle)),
                        Some(ReceiverStep::Receipt(receipt)) => {
                            if let Some(ended) = self.receipt(receipt).await? {
                                return Ok(ended);
                            }
                        }
                        Some(ReceiverStep::Divergence(reason, sequence)) => {
                            return self.diverged(reason, sequence).await;
                        }
                        Some(ReceiverStep::Successions(shown)) => {
                            self.exchange.follow(&self.peer, shown).await?;
                        }
                        Some(ReceiverStep::Opening(_)) => {
                            return Err(NotOfItsForm("the opening comes once").into());
                        }
                    }
                    idle_since = Instant::now();
                }
                settled = self.settling.next(), if self.settling.len() > 0 => {
                    if let Some(ended) = self.judge(settled?).await? {
                        return Ok(ended);
                    }
                }
                changed = bell.changed(), if nothing_left || gathers => {
                    if changed.is_err() {
                        return Ok(Ended::Idle);
                    }
                    if self.stopped_here().await? {
                        return Ok(Ended::Stopped);
                    }
                }
                () = tokio::time::sleep_until(gathered), if gathers && last > self.sent => {}
                () = tokio::time::sleep(IDLE), if !owed => {}
                () = stop.cancelled(), if !stop.is_cancelled() => {}
            }
        }
    }

    async fn stopped_here(&mut self) -> Result<bool, SessionError> {
        let view = self
            .exchange
            .0
            .store
            .channel(self.channel, Direction::Out)
            .await?;
        Ok(view.is_some_and(|view| view.stop.is_some()))
    }

    async fn settled(&mut self) -> Result<Sequence, SessionError> {
        let view = self
            .exchange
            .0
            .store
            .channel(self.channel, Direction::Out)
            .await?;
        Ok(view.map_or(Sequence::ZERO, |view| view.settled))
    }

    /// The receiver found that the histories differ.
    async fn diverged(
        &mut self,
        reason: StopReason,
        sequence: Sequence,
    ) -> Result<Ended, SessionError> {
        let channel = self.channel;
        tracing::error!(%channel, reason = reason.name(), %sequence, "The peer says that the histories differ; the channel is stopped.");
        let at_ms = self.exchange.0.clock.now_ms();
        self.exchange
            .0
            .store
            .set_stop(channel, Direction::Out, Some((reason, sequence)), at_ms)
            .await?;
        Ok(Ended::Stopped)
    }

    /// The peer's keys as they are pinned now.
    fn lineage(&self) -> Result<Lineage, SessionError> {
        self.exchange
            .lineage(&self.peer)
            .ok_or(SessionError::NotPaired)
    }

    async fn say(&mut self, message: DeliverRequest) -> Result<(), SessionError> {
        match timeout(ANSWER_WITHIN, self.steps.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(SessionError::Silent),
        }
    }
}

/// The next answer of the receiver; none if the stream ended while it owed none.
async fn next_answer(
    answers: &mut Streaming<DeliverResponse>,
    owed: bool,
) -> Result<Option<ReceiverStep>, SessionError> {
    let next = if owed {
        timeout(ANSWER_WITHIN, answers.next())
            .await
            .map_err(|_| SessionError::Silent)?
    } else {
        answers.next().await
    };
    match next {
        Some(message) => Ok(Some(wire::receiver_step(message?)?)),
        None if owed => Err(SessionError::Broken("the stream ended early".into())),
        None => Ok(None),
    }
}

/// So many parcels are sent however small they are;
const SMALL_ONES: usize = 2;
/// one more has at least so many places,
const ENOUGH_PLACES: u64 = 64;
/// or goes out so long after the one before.
const GATHER: Duration = Duration::from_millis(5);

/// What couriers take turns by that are not kept apart.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A receiver that owes an answer gives it within this time.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// A stream on which nothing moved this long is closed.
const IDLE: Duration = Duration::from_secs(60);
/// A stream is opened anew after this time, so that what both hold is compared again.
const STREAM_AGE: Duration = Duration::from_secs(600);
