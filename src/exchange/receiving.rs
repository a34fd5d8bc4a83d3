//! One stream of a peer: from the openings to the end.

use std::{collections::VecDeque, error::Error as _, time::Duration};

use tokio::{sync::mpsc, time::timeout};
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

use super::{
    Exchange,
    evidence::{ParcelEvidence, decode_signed},
    gate::{Gate, Met},
    inbound::own_channel,
    misdeed::At,
    status::CallError,
    wire::{
        self, DeliverRequest, DeliverResponse, NotOfItsForm, ReceiverOpening, SenderOpening,
        SenderStep, WireParcel,
    },
};
use crate::{
    domain::{
        channel::{Channel, Digest, Sequence},
        problem::Code,
        receipt::Receipt,
        refusal::{Pause, Refusal},
    },
    in_order::InOrder,
    store::{Allowance, Arriving, Direction, NotNow, Received, StopReason, Store},
    trust::{
        chain::chain,
        forms::{Frame, ParcelForm, ReceiptForm},
        identity::PeerId,
        keys::KeyId,
        lineage::Lineage,
        material::TrustSnapshot,
        signature::{SignatureError, Signed, Verified},
    },
};

/// One stream of a peer.
pub(super) struct Receiving {
    pub(super) exchange: Exchange,
    pub(super) caller: PeerId,
    pub(super) steps: Streaming<DeliverRequest>,
    pub(super) answers: mpsc::Sender<Result<DeliverResponse, Status>>,
    /// Whether a parcel of this stream was taken.
    pub(super) did_right: bool,
}

impl Receiving {
    pub(super) async fn run(mut self, stop: CancellationToken, cut: CancellationToken) {
        let peer = self.caller.clone();
        let ended = tokio::select! {
            ended = self.receive() => ended,
            () = stop.cancelled() => Err(CallError::Stopping),
            () = cut.cancelled() => Err(CallError::NotPaired),
        };
        let misdeed = ended.as_ref().err().and_then(CallError::misdeed);
        // Whatever else ends a stream says nothing of the peer.
        if misdeed.is_some() {
            let links = &self.exchange.0.links;
            links.note_misdeed(peer.id(), At::Streams, misdeed);
        }
        if let Err(error) = ended {
            if matches!(error, CallError::Signature(SignatureError::Superseded)) {
                tracing::warn!(%peer, %error, "A peer signed with a key that it has given up; nothing of it was taken.");
            } else {
                tracing::info!(%peer, %error, "A stream of a peer ended.");
            }
            // The peer may be gone; then nobody is left to tell.
            drop(self.answers.send(Err(error.into())).await);
        }
    }

    async fn receive(&mut self) -> Result<(), CallError> {
        let Some(SenderStep::Opening(mut opening)) = self.step(OPENING_WITHIN).await? else {
            return Err(NotOfItsForm("the opening comes first").into());
        };
        own_channel(
            &self.exchange,
            &self.caller,
            opening.channel,
            opening.sandbox,
        )?;
        let place = self.exchange.0.streams.take(
            opening.channel,
            &self.caller,
            self.exchange.0.limits.streams_per_peer,
        )?;
        let successions = std::mem::take(&mut opening.successions);
        self.follow(successions).await?;
        let Some(mut channel) = self.open(opening).await? else {
            return Ok(());
        };
        // While one parcel is written the next is judged, so that one sync may serve both.
        let mut committing = InOrder::new();
        loop {
            let step = tokio::select! {
                // First what is under way, so that parcels begin in order.
                biased;
                () = place.fenced.cancelled() => return Err(CallError::Fenced),
                committed = committing.next(), if committing.len() > 0 => {
                    channel.under_way.pop_front();
                    if !self.committed(&mut channel, committed).await? {
                        return Ok(());
                    }
                    continue;
                }
                step = self.step(SILENCE), if committing.len() < PARCELS_UNDER_WAY => step,
            };
            if !matches!(step, Ok(Some(SenderStep::Parcel(_)))) {
                // What else is said, or cannot be read, comes behind the parcels before it.
                while committing.len() > 0 {
                    let committed = committing.next().await;
                    channel.under_way.pop_front();
                    if !self.committed(&mut channel, committed).await? {
                        return Ok(());
                    }
                }
            }
            // The peer has said all that it has to say.
            let Some(step) = step? else {
                return Ok(());
            };
            match step {
                SenderStep::Parcel(parcel) => {
                    let judged = self.judge(&mut channel, parcel).await?;
                    let store = self.exchange.0.store.clone();
                    committing.push(judged.commit(store));
                }
                // That this node was set back it believes only its own receipt, at the opening.
                SenderStep::Divergence(StopReason::ReceiverSetBack, _) => return Ok(()),
                SenderStep::Divergence(reason, sequence) => {
                    return self.stopped(&channel, reason, sequence).await;
                }
                SenderStep::Successions(shown) => self.follow(shown).await?,
                SenderStep::Opening(_) => {
                    return Err(NotOfItsForm("the opening comes once").into());
                }
            }
        }
    }

    /// What the peer says next; none once it has closed the stream.
    async fn step(&mut self, within: Duration) -> Result<Option<SenderStep>, CallError> {
        match timeout(within, self.steps.next()).await {
            Ok(Some(Ok(message))) => Ok(Some(wire::sender_step(message)?)),
            Ok(None) => Ok(None),
            // What broke on the way has a cause; what could not be read has none.
            Ok(Some(Err(status))) if status.source().is_none() => {
                Err(NotOfItsForm("bytes that are no message").into())
            }
            // The connection broke, and nobody is left to tell; or it might as well have.
            Ok(Some(Err(_))) | Err(_) => Err(CallError::Silent),
        }
    }

    /// Compares what both hold and says what this side does. None: the channel is stopped.
    async fn open(&mut self, opening: SenderOpening) -> Result<Option<Open>, CallError> {
        let exchange = self.exchange.clone();
        let store = &exchange.0.store;
        let channel = opening.channel;
        let Some(origin) = exchange.origin(channel) else {
            return Err(CallError::NotPaired);
        };
        let view = store.channel(channel, Direction::In).await?;
        let (held, head) = view
            .as_ref()
            .filter(|view| view.last > Sequence::ZERO)
            .map_or((Sequence::ZERO, origin), |view| (view.last, view.head));
        let shown = store.shown(channel, Direction::In).await?;
        let trust = exchange.trust();
        let answer = ReceiverOpening {
            held,
            head,
            parcel: ParcelEvidence::decode(shown.evidence).map(|evidence| evidence.signed),
            resend: decode_signed(shown.statement),
            successions: trust.successions().to_vec(),
        };
        let open = Open {
            channel,
            origin,
            sandbox: opening.sandbox,
            shown_key: trust.own_keys().current().id(),
            under_way: VecDeque::new(),
        };
        self.answer(wire::opening_response(answer)).await?;
        let asks_again = view.as_ref().is_some_and(|view| view.disowned.is_some());
        let stop = if opening.receipted > held && !asks_again {
            // Our own receipt over places that we do not know: we were set back.
            let receipt = opening.receipt.ok_or(NotOfItsForm("a receipt"))?;
            let own: Verified<ReceiptForm> = Verified::own(receipt, trust.own_keys())?;
            let form = own.as_ref();
            if form.frame.channel != channel || form.held <= held {
                return Err(NotOfItsForm("a receipt that proves nothing").into());
            }
            Some((StopReason::ReceiverSetBack, opening.receipted))
        } else if opening.last < held {
            Some((StopReason::SenderSetBack, held))
        } else {
            // Whether the heads agree is the sender's to say: it alone can tell a difference from
            // its own set-back. A parcel that does not fit stops the channel here as well.
            None
        };
        let at_ms = exchange.0.clock.now_ms();
        match stop {
            Some((reason, sequence)) => {
                if reason == StopReason::ReceiverSetBack {
                    tracing::error!(%channel, receipted = %sequence, here = %held, "This node was set back. Once both operators have compared: hongyan channel adopt.");
                }
                self.stopped(&open, reason, sequence).await?;
                self.answer(wire::divergence_response(reason, sequence))
                    .await?;
                Ok(None)
            }
            None => {
                let standing = view.and_then(|view| view.stop);
                let waits_here =
                    standing.is_some_and(|(reason, _)| reason == StopReason::ReceiverSetBack);
                if let (Some((reason, sequence)), true) = (standing, waits_here) {
                    self.answer(wire::divergence_response(reason, sequence))
                        .await?;
                    return Ok(None);
                }
                // The stop stands until both are known to hold the same: here by their heads, else
                // by the next parcel that fits. So a peer that differs is written down once.
                if standing.is_some() && (opening.last, opening.head) == (held, head) {
                    self.spend(STOP_BYTES);
                    store.set_stop(channel, Direction::In, None, at_ms).await?;
                }
                Ok(Some(open))
            }
        }
    }

    /// Notes that the channel stands still.
    async fn stopped(
        &self,
        open: &Open,
        reason: StopReason,
        sequence: Sequence,
    ) -> Result<(), CallError> {
        let channel = open.channel;
        if self.allowance().bytes == 0 {
            return Err(CallError::AllowanceUsedUp);
        }
        self.spend(STOP_BYTES);
        tracing::error!(%channel, reason = reason.name(), %sequence, "The histories of a channel differ; it is stopped.");
        let at_ms = self.exchange.0.clock.now_ms();
        let stop = Some((reason, sequence));
        self.exchange
            .0
            .store
            .set_stop(channel, Direction::In, stop, at_ms)
            .await?;
        Ok(())
    }

    /// Verifies and judges one parcel.
    async fn judge(&self, open: &mut Open, parcel: WireParcel) -> Result<Judged, CallError> {
        let WireParcel { signed, places } = parcel;
        let answers = signed.digest();
        let verified: Verified<ParcelForm> = self.lineage()?.verify(signed)?;
        let form = verified.as_ref().clone();
        let frame = Frame {
            channel: open.channel,
            sandbox: open.sandbox,
        };
        if form.frame != frame || form.count as usize != places.len() {
            return Err(NotOfItsForm("a parcel of another channel or count").into());
        }
        if form.journal.is_none() {
            return Err(NotOfItsForm("a parcel that names no journal").into());
        }
        let voids = places.iter().enumerate().filter_map(|(offset, place)| {
            let wire::WirePlace::Void { reason, .. } = place else {
                return None;
            };
            Some((u32::try_from(offset).unwrap_or(u32::MAX), *reason))
        });
        if !voids.eq(form.voids.iter().copied()) {
            return Err(NotOfItsForm("voids that were not signed").into());
        }
        let under_way = &open.under_way;
        let mut gate = Gate::new(&self.exchange, open.channel, open.sandbox, under_way);
        let mut judged = Vec::with_capacity(places.len());
        let mut head = form.previous;
        let mut digests = Vec::with_capacity(places.len());
        for place in places {
            let place = gate.place(place).await?;
            head = chain(head, place.digest);
            digests.push(place.digest);
            judged.push(place);
        }
        if head != form.head {
            return Err(NotOfItsForm("notices that were not signed").into());
        }
        let evidence = ParcelEvidence {
            signed: verified.signed().clone(),
            digests,
        };
        let arriving = Arriving {
            channel: open.channel,
            origin: open.origin,
            first: form.first,
            previous_head: form.previous,
            places: judged,
            evidence: evidence.encode(),
            allowance: self.allowance(),
            at_ms: self.exchange.0.clock.now_ms(),
        };
        let seen = gate.into_seen();
        open.under_way.push_back(seen);
        Ok(Judged {
            first: form.first,
            answers,
            verified,
            arriving,
        })
    }

    /// Answers a parcel that is durable, or that the store did not take. False: the channel is
    /// stopped.
    async fn committed(
        &mut self,
        open: &mut Open,
        committed: Committed,
    ) -> Result<bool, CallError> {
        let Committed {
            first,
            answers,
            received,
        } = committed;
        let (receipt, pause) = match received {
            Ok(Received::Answered {
                receipt,
                pause,
                idle_bytes,
            }) => {
                if !std::mem::replace(&mut self.did_right, true) {
                    let links = &self.exchange.0.links;
                    links.note_misdeed(self.caller.id(), At::Streams, None);
                }
                self.spend(idle_bytes);
                if matches!(&pause, Some(Pause::RetryLater { .. })) {
                    let (peer, channel) = (&self.caller, open.channel);
                    tracing::warn!(%peer, %channel, "A peer has used up what it may without bringing anything; the rest waits.");
                }
                (receipt, pause)
            }
            Ok(Received::Gap { .. }) => (self.nothing(open, first).await?, None),
            Ok(Received::Stopped { reason, sequence }) => {
                self.stopped(open, reason, sequence).await?;
                self.answer(wire::divergence_response(reason, sequence))
                    .await?;
                return Ok(false);
            }
            Err(NotNow::StorageLow) => (
                self.nothing(open, first).await?,
                Some(Pause::RetryLater {
                    after_seconds: STORAGE_AFTER_SECONDS,
                    refusal: Refusal::whole(Code::StorageLow),
                }),
            ),
            Err(error) => return Err(error.into()),
        };
        let pause = pause.map(|pause| (receipt.last().next(), pause));
        let trust = self.exchange.trust();
        let form = ReceiptForm {
            frame: Frame {
                channel: open.channel,
                sandbox: open.sandbox,
            },
            first: receipt.first,
            outcomes: receipt.outcomes,
            head: receipt.head,
            held: receipt.held,
            answers,
            time_ms: self.exchange.0.clock.now_ms(),
            journal: Some(self.exchange.0.store.journal_head(open.channel.to)),
        };
        self.show_key(open, &trust).await?;
        let signed = trust.signing_key().sign(trust.id().trust_domain(), &form)?;
        self.answer(wire::receipt_response(&signed, pause)).await?;
        Ok(true)
    }

    /// What the peer may still use up without bringing anything.
    fn allowance(&self) -> Allowance {
        let now = self.exchange.0.clock.monotonic();
        self.exchange.0.allowances.left(&self.caller, now)
    }

    fn spend(&self, bytes: u64) {
        let now = self.exchange.0.clock.monotonic();
        self.exchange.0.allowances.spend(&self.caller, bytes, now);
    }

    /// A receipt that answers nothing.
    async fn nothing(&self, open: &Open, first: Sequence) -> Result<Receipt, CallError> {
        let view = self
            .exchange
            .0
            .store
            .channel(open.channel, Direction::In)
            .await?;
        let (held, head) = view
            .filter(|view| view.last > Sequence::ZERO)
            .map_or((Sequence::ZERO, open.origin), |view| (view.last, view.head));
        Ok(Receipt {
            channel: open.channel,
            first,
            outcomes: Vec::new(),
            head,
            held,
        })
    }

    /// The peer's keys as they are pinned now.
    fn lineage(&self) -> Result<Lineage, CallError> {
        self.exchange
            .lineage(self.caller.id())
            .ok_or(CallError::NotPaired)
    }

    /// Takes up what the peer shows of its keys.
    async fn follow(&self, shown: Vec<Signed>) -> Result<(), CallError> {
        Ok(self.exchange.follow(self.caller.id(), shown).await?)
    }

    /// Tells the peer of this node's key before anything is signed with it on this stream.
    async fn show_key(&self, open: &mut Open, trust: &TrustSnapshot) -> Result<(), CallError> {
        let key = trust.own_keys().current().id();
        if key != open.shown_key {
            self.answer(wire::successions_response(trust.successions()))
                .await?;
            open.shown_key = key;
        }
        Ok(())
    }

    async fn answer(&self, message: DeliverResponse) -> Result<(), CallError> {
        match timeout(SILENCE, self.answers.send(Ok(message))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(CallError::Silent),
        }
    }
}

/// What is known of a stream once it is open.
struct Open {
    channel: Channel,
    origin: Digest,
    sandbox: bool,
    /// The key of this node's own that the peer was told of.
    shown_key: KeyId,
    /// Notices of the parcels that are on their way to the journal.
    under_way: VecDeque<Vec<Met>>,
}

/// A parcel that may be stored.
struct Judged {
    first: Sequence,
    /// Digest of its signed form.
    answers: Digest,
    verified: Verified<ParcelForm>,
    arriving: Arriving,
}

/// What the store made of a parcel.
struct Committed {
    first: Sequence,
    answers: Digest,
    received: Result<Received, NotNow>,
}

impl Judged {
    async fn commit(self, store: Store) -> Committed {
        Committed {
            first: self.first,
            answers: self.answers,
            received: store.receive(&self.verified, self.arriving).await,
        }
    }
}

/// A peer that opened a stream says what it holds within this time.
const OPENING_WITHIN: Duration = Duration::from_secs(30);
/// A stream on which nothing moves this long is closed. Couriers close idle streams earlier.
const SILENCE: Duration = Duration::from_secs(300);
/// Parcels of a channel that may be on their way to the journal at once.
const PARCELS_UNDER_WAY: usize = 3;
/// When to come again to a node that is low on disk.
const STORAGE_AFTER_SECONDS: u32 = 60;
/// What a record of a stop takes, about.
const STOP_BYTES: u64 = 256;
