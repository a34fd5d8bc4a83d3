//! Bringing histories together, after a person's decision.

use tonic::Request;

use super::{
    Exchange,
    evidence::encode_signed,
    failure::SessionError,
    probe::ProbeError,
    wire::{self, ExchangeClient, NotOfItsForm},
};
use crate::{
    domain::{
        area::County,
        channel::{Channel, Digest, Sequence},
    },
    store::{ChannelView, Direction, Holding, Holdings, NotNow, Side, StopReason},
    trust::{
        chain::chain,
        forms::{Frame, ParcelForm, ResendForm},
        keys::{NoRandomness, draw},
        signature::{SignatureError, Verified},
    },
};

/// One channel that was brought together, or could not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdoptedChannel {
    /// The channel.
    pub channel: Channel,
    /// Places taken over from the peer.
    pub taken_over: u64,
    /// Own unanswered notices numbered anew behind them.
    pub renumbered: u64,
    /// True where the peer is asked to send once more.
    pub resend_asked: bool,
}

/// Why histories cannot be brought together.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// The peer cannot be asked.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// The call failed.
    #[error(transparent)]
    Call(#[from] SessionError),
    /// The peer does not prove what it shows.
    #[error(
        "the peer cannot prove what it shows with this node's own signature; nothing was changed. Compare both journals with its operator"
    )]
    NotProven,
    /// Nobody can take over here: the other side was set back.
    #[error(
        "channel {0} was stopped because the other side was set back; its operator runs `hongyan channel adopt` there"
    )]
    TheirTurn(Channel),
    /// The store cannot.
    #[error(transparent)]
    Store(#[from] NotNow),
    /// Nothing could be signed.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// No randomness to sign with.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl Exchange {
    /// Brings the stopped channels with a peer together: takes over what this node had signed, and
    /// asks for what it had receipted. Nothing is overwritten.
    ///
    /// # Errors
    /// [`AdoptError`]; channels before the one that failed are done.
    pub async fn adopt(&self, area: County) -> Result<Vec<AdoptedChannel>, AdoptError> {
        let trust = self.trust();
        let peer = trust.peer_for(area).ok_or(ProbeError::NotPaired)?;
        let areas = peer.pairing().areas.clone();
        let mut adopted = Vec::new();
        let mut not_here = None;
        for view in self.0.store.channels().await? {
            let Some((reason, _)) = view.stop else {
                continue;
            };
            if !areas.contains(&Side::of(view.channel, view.direction).other) {
                continue;
            }
            adopted.push(match (view.direction, reason) {
                (Direction::Out, StopReason::SenderSetBack) => self.take_over(&view, area).await?,
                (Direction::In, StopReason::ReceiverSetBack) => self.ask_again(&view).await?,
                (Direction::Out, StopReason::ReceiverSetBack)
                | (Direction::In, StopReason::SenderSetBack) => {
                    not_here = Some(AdoptError::TheirTurn(view.channel));
                    continue;
                }
                (_, StopReason::HeadDiffers | StopReason::PeerNonsense) => {
                    // On the operator's word both are compared once more; what still differs
                    // stops again, and nothing is overwritten.
                    self.compare_again(&view).await?
                }
            });
        }
        if let (true, Some(error)) = (adopted.is_empty(), not_here) {
            return Err(error);
        }
        // The contact wakes the peer's couriers.
        if let Err(error) = self.probe(area).await {
            tracing::info!(%area, %error, "The peer does not answer yet; it finds out at its next try.");
        }
        Ok(adopted)
    }

    async fn compare_again(&self, view: &ChannelView) -> Result<AdoptedChannel, AdoptError> {
        let channel = view.channel;
        let at_ms = self.0.clock.now_ms();
        self.0
            .store
            .set_stop(channel, view.direction, None, at_ms)
            .await?;
        if view.direction == Direction::Out {
            self.0.couriers.doubt(channel);
            self.0.couriers.ring();
        }
        Ok(AdoptedChannel {
            channel,
            taken_over: 0,
            renumbered: 0,
            resend_asked: false,
        })
    }

    /// A set-back sender takes over the places that it had signed.
    async fn take_over(
        &self,
        view: &ChannelView,
        area: County,
    ) -> Result<AdoptedChannel, AdoptError> {
        let channel = view.channel;
        let origin = self.origin(channel).ok_or(ProbeError::NotPaired)?;
        let (places, own_word, beyond) = self.fetch(view, area).await?;
        // The chain over what is shown must end in the head that this node once signed.
        let mut head = match view.settled {
            Sequence::ZERO => origin,
            _ => view.settled_head,
        };
        let mut expected = view.settled.next();
        for place in &places {
            if place.sequence != expected {
                return Err(AdoptError::NotProven);
            }
            head = chain(head, place.digest);
            expected = expected.next();
        }
        let proven = beyond
            .iter()
            .fold(head, |head, digest| chain(head, *digest));
        let form = own_word.as_ref();
        let end = form.first.plus(u64::from(form.count));
        if form.frame.channel != channel
            || proven != form.head
            || end != expected.plus(beyond.len() as u64)
        {
            return Err(AdoptError::NotProven);
        }
        let holdings = Holdings {
            channel,
            origin,
            places,
            head,
            at_ms: self.0.clock.now_ms(),
        };
        let adopted = self.0.store.adopt_out(&own_word, holdings).await?;
        // The peer lets the channel go on once both are seen to hold the same, though nothing waits.
        self.0.couriers.doubt(channel);
        self.0.couriers.ring();
        tracing::warn!(%channel, taken_over = adopted.taken_over, renumbered = adopted.renumbered, "A set-back channel took over what it had signed.");
        Ok(AdoptedChannel {
            channel,
            taken_over: adopted.taken_over,
            renumbered: adopted.renumbered,
            resend_asked: false,
        })
    }

    /// Everything that the peer holds above what is receipted here, and this node's own word.
    async fn fetch(
        &self,
        view: &ChannelView,
        area: County,
    ) -> Result<(Vec<Holding>, Verified<ParcelForm>, Vec<Digest>), AdoptError> {
        let trust = self.trust();
        let peer = trust.peer_for(area).ok_or(ProbeError::NotPaired)?;
        let link = self
            .0
            .links
            .open(&peer.pairing().id)
            .await
            .map_err(SessionError::from)?;
        let mut client = ExchangeClient::new(link.channel.clone());
        let mut places: Vec<Holding> = Vec::new();
        loop {
            let after = places.last().map_or(view.settled, |place| place.sequence);
            let request = wire::holdings_request(view.channel, trust.is_sandbox(), after);
            let answered = client
                .show_holdings(Request::new(request))
                .await
                .map_err(SessionError::from)?;
            let shown =
                wire::holdings_response_in(answered.into_inner()).map_err(SessionError::from)?;
            let page = shown.holdings.len();
            places.extend(shown.holdings);
            let reached = places.last().map_or(Sequence::ZERO, |place| place.sequence);
            if reached >= shown.held {
                let signed = shown.parcel.ok_or(AdoptError::NotProven)?;
                let own_word =
                    Verified::own(signed, trust.own_keys()).map_err(|_| AdoptError::NotProven)?;
                return Ok((places, own_word, shown.beyond));
            }
            if page == 0 {
                return Err(SessionError::from(NotOfItsForm("holdings with a gap")).into());
            }
        }
    }

    /// A set-back receiver signs that it asks for what it had receipted.
    async fn ask_again(&self, view: &ChannelView) -> Result<AdoptedChannel, AdoptError> {
        let channel = view.channel;
        let trust = self.trust();
        let disowned = view.stop.map_or(view.last, |(_, sequence)| sequence);
        let form = ResendForm {
            frame: Frame {
                channel,
                sandbox: trust.is_sandbox(),
            },
            held: view.last,
            head: view.head,
            disowned,
            time_ms: self.0.clock.now_ms(),
            nonce: draw()?,
        };
        let signed = trust.signing_key().sign(trust.id().trust_domain(), &form)?;
        let statement = encode_signed(&signed);
        let own_word = Verified::own(signed, trust.own_keys())?;
        let at_ms = self.0.clock.now_ms();
        self.0
            .store
            .adopt_in(channel, &own_word, statement, at_ms)
            .await?;
        tracing::warn!(%channel, from = %view.last.next(), upto = %disowned, "A set-back channel asks for what it had receipted.");
        Ok(AdoptedChannel {
            channel,
            taken_over: 0,
            renumbered: 0,
            resend_asked: true,
        })
    }
}
