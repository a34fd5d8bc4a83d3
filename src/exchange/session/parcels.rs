//! What goes out: consecutive places, signed once.

use super::{Flying, Session};
use crate::{
    domain::{channel::Sequence, receipt::VoidReason},
    exchange::{evidence::ParcelEvidence, failure::SessionError, wire},
    trust::{
        forms::{Frame, ParcelForm},
        material::TrustSnapshot,
    },
};

impl Session<'_> {
    /// Signs and sends the next places. False: there is nothing behind what was sent.
    pub(super) async fn send_next(&mut self) -> Result<bool, SessionError> {
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
