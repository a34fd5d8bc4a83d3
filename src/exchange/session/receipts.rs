//! What the peer's receipts answer.

use super::{Ended, Session};
use crate::{
    domain::{
        channel::Sequence,
        receipt::{Receipt, VoidReason},
        refusal::{Pause, Refusal},
    },
    exchange::{
        evidence::ReceiptEvidence,
        failure::SessionError,
        wire::{self, NotOfItsForm, WireReceipt},
    },
    store::{Settled, Settlement, StopReason},
    trust::{
        forms::{Frame, ReceiptForm},
        signature::Verified,
    },
};

impl Session<'_> {
    /// Passes on what a receipt answers. Some: the stream ends.
    pub(super) async fn receipt(
        &mut self,
        receipt: WireReceipt,
    ) -> Result<Option<Ended>, SessionError> {
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
        if form.journal.is_none() {
            return Err(NotOfItsForm("a receipt that names no journal").into());
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
    pub(super) async fn settle_all(&mut self) -> Result<Option<Ended>, SessionError> {
        while self.settling.len() > 0 {
            let settled = self.settling.next().await?;
            if let Some(ended) = self.judge(settled).await? {
                return Ok(Some(ended));
            }
        }
        Ok(None)
    }

    /// A receipt is durable, unless it does not fit. Some: the stream ends.
    pub(super) async fn judge(
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
        tracing::warn!(%channel, %sequence, code = refusal.code.name(), "The peer does not take a notice under its agreement now; it waits.");
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
}
