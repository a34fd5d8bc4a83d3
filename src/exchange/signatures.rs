//! What both sides signed over one place, for whoever wants to show it.

use super::{
    Exchange,
    evidence::{ParcelEvidence, ReceiptEvidence},
};
use crate::{
    domain::{
        channel::{Channel, Digest, Sequence},
        receipt::Outcome,
    },
    store::{Direction, Holding, NotNow},
    trust::{
        chain::chain,
        forms::{Frame, ParcelForm, ReceiptForm},
        signature::{SignatureError, Signed},
    },
};

/// What is kept of both sides' signatures over a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signatures {
    /// The parcel as the sender signed it, and the digests of all its places.
    pub parcel: Option<(Signed, Vec<Digest>)>,
    /// The receipt. The sender has it as the receiver signed it then; the receiver, who keeps none of
    /// its own, says the same again.
    pub receipt: Option<Signed>,
}

/// Why what both sides signed cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum SignaturesError {
    /// What is kept is not of its form.
    #[error("what is kept of the signatures cannot be read")]
    Unreadable,
    /// The store cannot.
    #[error(transparent)]
    Store(#[from] NotNow),
    /// The receipt is not signed again, or the parcel is not recognised.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// No paired node has the other end.
    #[error("no paired node speaks for that area; pair with it first")]
    NotPaired,
}

impl Exchange {
    /// What both sides signed over a place, as far as it is kept. Reads through the journal: for a
    /// person who asks.
    ///
    /// # Errors
    /// [`SignaturesError`].
    pub async fn signatures(
        &self,
        channel: Channel,
        direction: Direction,
        sequence: Sequence,
    ) -> Result<Signatures, SignaturesError> {
        let store = &self.0.store;
        let Some(kept) = store.evidence(channel, direction, sequence).await? else {
            return Ok(Signatures::default());
        };
        match direction {
            Direction::Out => {
                let ReceiptEvidence { parcel, receipt } =
                    ReceiptEvidence::decode(kept).ok_or(SignaturesError::Unreadable)?;
                Ok(Signatures {
                    parcel: Some((parcel.signed, parcel.digests)),
                    receipt: Some(receipt),
                })
            }
            Direction::In => {
                let parcel = ParcelEvidence::decode(kept).ok_or(SignaturesError::Unreadable)?;
                let receipt = self.receipt_again(channel, &parcel).await?;
                Ok(Signatures {
                    parcel: Some((parcel.signed, parcel.digests)),
                    receipt: Some(receipt),
                })
            }
        }
    }

    /// When the other end of a channel out signed what became of a place; none where that is not kept,
    /// or nobody paired signed it.
    ///
    /// # Errors
    /// [`SignaturesError`].
    pub async fn answered_at(
        &self,
        channel: Channel,
        sequence: Sequence,
    ) -> Result<Option<i64>, SignaturesError> {
        let kept = (self.0.store).evidence(channel, Direction::Out, sequence);
        let Some(kept) = kept.await? else {
            return Ok(None);
        };
        let ReceiptEvidence { receipt, .. } =
            ReceiptEvidence::decode(kept).ok_or(SignaturesError::Unreadable)?;
        let trust = self.trust();
        let peer = trust.peer_for(channel.to);
        let form = peer.map(|peer| peer.lineage().recognise::<ReceiptForm>(receipt));
        let form = form.and_then(Result::ok);
        Ok(form.map(|form| form.into_inner().time_ms))
    }

    /// The answer that a repeat of a parcel would get now.
    async fn receipt_again(
        &self,
        channel: Channel,
        parcel: &ParcelEvidence,
    ) -> Result<Signed, SignaturesError> {
        let (store, trust) = (&self.0.store, self.trust());
        let peer = trust
            .peer_for(channel.from)
            .ok_or(SignaturesError::NotPaired)?;
        let signed = parcel.signed.clone();
        let form: ParcelForm = peer.lineage().recognise(signed)?.into_inner();
        let before = Sequence::new(form.first.get().saturating_sub(1));
        let held = store
            .held_places(channel, before, parcel.digests.len())
            .await?;
        let same = |(place, digest): &(Holding, &Digest)| place.digest == **digest;
        let outcomes: Vec<Outcome> = held
            .places
            .into_iter()
            .zip(&parcel.digests)
            .take_while(same)
            .map(|(place, _)| place.outcome)
            .collect();
        let answered = parcel.digests.iter().take(outcomes.len());
        let receipt = ReceiptForm {
            frame: Frame {
                channel,
                sandbox: trust.is_sandbox(),
            },
            first: form.first,
            head: answered.fold(form.previous, |head, digest| chain(head, *digest)),
            outcomes,
            held: held.held,
            answers: parcel.signed.digest(),
            time_ms: self.0.clock.now_ms(),
            journal: Some(store.journal_head(channel.to)),
        };
        Ok(trust
            .signing_key()
            .sign(trust.id().trust_domain(), &receipt)?)
    }
}
