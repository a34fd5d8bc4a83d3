//! What goes out: consecutive places, signed once.

use super::{Flying, Session};
use crate::{
    domain::{
        channel::{Channel, Sequence},
        problem::Code,
        receipt::VoidReason,
    },
    envelope,
    exchange::{Exchange, evidence::ParcelEvidence, failure::SessionError, wire},
    store::Batch,
    trust::{
        forms::{Frame, ParcelForm},
        material::TrustSnapshot,
    },
};

impl Session<'_> {
    /// Signs and sends the next places. False: there is nothing behind what was sent.
    pub(super) async fn send_next(&mut self) -> Result<bool, SessionError> {
        let limits = self.exchange.0.limits;
        let store = &self.exchange.0.store;
        let batch = loop {
            let (places, bytes) = (limits.parcel_places, limits.parcel_bytes);
            let claimed = store.claim(self.lease, self.origin, self.sent, places, bytes);
            let Some(batch) = claimed.await? else {
                return Ok(false);
            };
            if !end_withdrawn(self.exchange, self.channel, &batch).await? {
                break batch;
            }
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
            journal: Some(self.exchange.0.store.journal_head(self.channel.from)),
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
}

/// Ends what would carry sensitive fields under a consent that was withdrawn, however it came to
/// wait here. True: some of it goes out as voids.
async fn end_withdrawn(
    exchange: &Exchange,
    channel: Channel,
    batch: &Batch,
) -> Result<bool, SessionError> {
    let store = &exchange.0.store;
    let (withdrawn, home) = (store.withdrawn(), channel.from);
    if !withdrawn.any(home) {
        return Ok(false);
    }
    let key = store.index_key();
    let mut ended = false;
    for (offset, place) in (0_u64..).zip(&batch.places) {
        let consent = place.content.as_ref().ok();
        let consent = consent.and_then(|bytes| envelope::consent_needed(bytes));
        let is_withdrawn = consent.is_some_and(|reference| {
            let key = key.consent_hash(home.as_bytes(), reference.as_bytes());
            withdrawn.holds(home, key)
        });
        if is_withdrawn {
            let sequence = batch.first.plus(offset);
            let (why, at_ms) = (Code::ConsentWithdrawn, exchange.0.clock.now_ms());
            // What has its answer stays: a peer that lost it asks for what it was given before.
            ended |= store
                .end(channel, sequence, VoidReason::Withdrawn, Some(why), at_ms)
                .await?;
        }
    }
    Ok(ended)
}
