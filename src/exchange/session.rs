//! One stream of a courier: from the openings to the end.

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
        ReceiverStep, SenderOpening, WireReceipt,
    },
};
use crate::{
    domain::{
        channel::{Channel, Digest, Sequence},
        receipt::{Receipt, VoidReason},
        refusal::{Pause, Refusal},
    },
    guard::Guard,
    in_order::InOrder,
    store::{Direction, Lease, NotNow, Settled, Settlement, StopReason},
    trust::{
        forms::{Frame, ParcelForm, ReceiptForm, ResendForm},
        identity::SpiffeId,
        keys::KeyId,
        lineage::Lineage,
        material::TrustSnapshot,
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
        let Some(view) = store.channel(channel, Direction::Out).await? else {
            return Ok(Err(Ended::Idle));
        };
        let receipt = store.shown(channel, Direction::Out).await?.evidence;
        let opening = SenderOpening {
            channel,
            sandbox: trust.is_sandbox(),
            last: view.last,
            head: view.head,
            receipted: view.settled,
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
            sent: view.settled,
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
        let stop = session.compare(&theirs, view.last, view.settled).await?;
        let at_ms = exchange.0.clock.now_ms();
        match stop {
            Some((reason, sequence)) => {
                tracing::error!(%channel, reason = reason.name(), %sequence, "The histories of a channel differ; it is stopped.");
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
                if view.stop.is_some() {
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
        // What stood there before the bell was first heard, only the store knows.
        let mut caught_up = false;
        loop {
            let last = *bell.borrow_and_update();
            let most = self.exchange.0.limits.parcels_in_flight;
            let full = self.flying.len() >= most || self.settling.len() >= most;
            let old = born.elapsed() > STREAM_AGE || stop.is_cancelled();
            let mut nothing_left = caught_up && self.sent >= last;
            if !full && self.rewind.is_none() && !old && !nothing_left {
                if self.send_next().await? {
                    idle_since = Instant::now();
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
                changed = bell.changed(), if nothing_left => {
                    if changed.is_err() {
                        return Ok(Ended::Idle);
                    }
                    if self.stopped_here().await? {
                        return Ok(Ended::Stopped);
                    }
                }
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

    /// Signs and sends the next places. False: there is nothing behind what was sent.
    async fn send_next(&mut self) -> Result<bool, SessionError> {
        let limits = self.exchange.0.limits;
        let claimed = self
            .exchange
            .0
            .store
            .claim(
                self.lease,
                self.origin,
                self.sent,
                limits.parcel_places,
                limits.parcel_bytes,
            )
            .await?;
        let Some(batch) = claimed else {
            return Ok(false);
        };
        let count = batch.places.len();
        let voids: Vec<(u32, VoidReason)> = batch
            .places
            .iter()
            .enumerate()
            .filter_map(|(offset, place)| {
                let reason = place.content.as_ref().err()?;
                Some((u32::try_from(offset).ok()?, *reason))
            })
            .collect();
        let form = ParcelForm {
            frame: Frame {
                channel: self.channel,
                sandbox: self.sandbox,
            },
            first: batch.first,
            count: u32::try_from(count).unwrap_or(u32::MAX),
            previous: batch.previous_head,
            head: batch.head,
            time_ms: self.exchange.0.clock.now_ms(),
            voids,
        };
        let trust = self.exchange.trust();
        self.show_key(&trust).await?;
        let signed = trust.signing_key().sign(trust.id().trust_domain(), &form)?;
        self.flying.push_back(Flying {
            first: batch.first,
            count,
            form: signed.digest(),
            evidence: ParcelEvidence {
                digests: batch.places.iter().map(|place| place.digest).collect(),
                signed: signed.clone(),
            },
        });
        self.sent = Sequence::new(batch.first.get().saturating_sub(1)).plus(count as u64);
        let places = batch
            .places
            .into_iter()
            .map(|place| (place.digest, place.content));
        self.say(wire::parcel_request(&signed, places)).await?;
        Ok(true)
    }

    /// Passes on what a receipt answers. Some: the stream ends.
    async fn receipt(&mut self, receipt: WireReceipt) -> Result<Option<Ended>, SessionError> {
        let WireReceipt { signed, pause } = receipt;
        let verified: Verified<ReceiptForm> = self.lineage()?.verify(signed)?;
        let form = verified.as_ref().clone();
        let Some(flying) = self.flying.pop_front() else {
            return Err(NotOfItsForm("an answer to nothing").into());
        };
        let frame = Frame {
            channel: self.channel,
            sandbox: self.sandbox,
        };
        if form.frame != frame
            || form.answers != flying.form
            || form.first != flying.first
            || form.outcomes.len() > flying.count
        {
            return Err(NotOfItsForm("a receipt for something else").into());
        }
        self.exchange.0.links.heard(&self.peer);
        let answered = form.outcomes.len();
        let last = form.first.plus(answered as u64);
        if answered > 0 {
            let evidence = ReceiptEvidence {
                parcel: flying.evidence,
                receipt: verified.signed().clone(),
            };
            let settlement = Settlement {
                receipt: Receipt {
                    channel: self.channel,
                    first: form.first,
                    outcomes: form.outcomes,
                    head: form.head,
                    held: form.held,
                },
                evidence: evidence.encode(),
                at_ms: self.exchange.0.clock.now_ms(),
            };
            let (store, lease) = (self.exchange.0.store.clone(), self.lease);
            self.settling.push(async move {
                let settled = store.settle(lease, &verified, settlement).await?;
                Ok((form.first, settled))
            });
        }
        if answered == flying.count {
            if self.resend.is_some_and(|upto| last > upto) {
                self.resend = None;
            }
            return Ok(None);
        }
        // What follows rests on what is settled.
        if let Some(ended) = self.settle_all().await? {
            return Ok(Some(ended));
        }
        let Some((sequence, pause)) = pause else {
            return self.gap(form.first, form.held).await;
        };
        if sequence != last {
            return Err(NotOfItsForm("a pause at another place").into());
        }
        // Everything behind the first place without a final outcome goes out again.
        self.rewind = Some(Sequence::new(sequence.get().saturating_sub(1)));
        match pause {
            // A place that cannot be put on hold, because it has its answer or is void already,
            // keeps the whole channel waiting.
            Pause::Agreement { ref refusal, .. } if self.hold(sequence, refusal).await? => Ok(None),
            Pause::Agreement { .. } | Pause::Operator(_) | Pause::RetryLater { .. } => {
                Ok(Some(Ended::Paused(pause)))
            }
        }
    }

    /// Waits until every receipt is durable. Some: the stream ends.
    async fn settle_all(&mut self) -> Result<Option<Ended>, SessionError> {
        while self.settling.len() > 0 {
            let settled = self.settling.next().await?;
            if let Some(ended) = self.judge(settled).await? {
                return Ok(Some(ended));
            }
        }
        Ok(None)
    }

    /// A receipt is durable, unless it does not fit. Some: the stream ends.
    async fn judge(
        &mut self,
        (first, settled): (Sequence, Settled),
    ) -> Result<Option<Ended>, SessionError> {
        let Settled::Stopped(reason) = settled else {
            return Ok(None);
        };
        let channel = self.channel;
        tracing::error!(%channel, reason = reason.name(), "A receipt does not fit what this node holds; the channel is stopped.");
        self.say(wire::divergence_request(reason, first)).await?;
        Ok(Some(Ended::Stopped))
    }

    /// The receiver lacks places before a parcel: they go out again, but only what it has not
    /// receipted, unless it asked for that.
    async fn gap(
        &mut self,
        first: Sequence,
        held: Sequence,
    ) -> Result<Option<Ended>, SessionError> {
        if held.next() >= first {
            return Err(NotOfItsForm("a receipt that ends early without a reason").into());
        }
        if self.rewind.is_some() {
            // What flew behind a pause.
            return Ok(None);
        }
        if held < self.settled().await? && self.resend.is_none() {
            return self
                .diverged(StopReason::ReceiverSetBack, held)
                .await
                .map(Some);
        }
        self.rewind = Some(held);
        Ok(None)
    }

    /// Puts one notice on hold: a void goes out in its place. False: it has its answer, or is void.
    async fn hold(&mut self, sequence: Sequence, refusal: &Refusal) -> Result<bool, SessionError> {
        let channel = self.channel;
        tracing::warn!(%channel, %sequence, code = refusal.code.name(), "The peer does not hold the agreement version of a notice; it waits.");
        let at_ms = self.exchange.0.clock.now_ms();
        let held = self
            .exchange
            .0
            .store
            .end(
                channel,
                sequence,
                VoidReason::OnHold,
                Some(refusal.code),
                at_ms,
            )
            .await?;
        Ok(held)
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

    /// Tells the peer of this node's key before anything is signed with it on this stream.
    async fn show_key(&mut self, trust: &TrustSnapshot) -> Result<(), SessionError> {
        let key = trust.own_keys().current().id();
        if key != self.shown_key {
            self.say(wire::successions_request(trust.successions()))
                .await?;
            self.shown_key = key;
        }
        Ok(())
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

/// What couriers take turns by that are not kept apart.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A receiver that owes an answer gives it within this time.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// A stream on which nothing moved this long is closed.
const IDLE: Duration = Duration::from_secs(60);
/// A stream is opened anew after this time, so that what both hold is compared again.
const STREAM_AGE: Duration = Duration::from_secs(600);
