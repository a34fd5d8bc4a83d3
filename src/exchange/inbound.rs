//! The service that peers call.

use std::pin::Pin;

use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::{
    Exchange, MESSAGE_BYTES,
    evidence::ParcelEvidence,
    misdeed::At,
    receiving::Receiving,
    status::CallError,
    wire::{
        self, AgreeRequest, AgreeResponse, DeliverRequest, DeliverResponse, ExchangeServer,
        ExchangeService, ListDueRequest, ListDueResponse, ProbeRequest, ProbeResponse,
        ShowAgreementsRequest, ShowAgreementsResponse, ShowHoldingsRequest, ShowHoldingsResponse,
        WireHoldings,
    },
};
use crate::{
    domain::channel::{Channel, Sequence},
    store::NotNow,
    trust::{connection::CallerInfo, forms::ParcelForm, identity::PeerId},
};

/// The service, ready for a tonic server. `stop` ends its streams.
pub(crate) fn service(exchange: Exchange, stop: CancellationToken) -> ExchangeServer<Inbound> {
    ExchangeServer::new(Inbound { exchange, stop })
        .max_decoding_message_size(MESSAGE_BYTES)
        .max_encoding_message_size(MESSAGE_BYTES)
}

/// What answers the calls of peers.
pub(crate) struct Inbound {
    exchange: Exchange,
    stop: CancellationToken,
}

#[tonic::async_trait]
impl ExchangeService for Inbound {
    type DeliverStream = Pin<Box<dyn Stream<Item = Result<DeliverResponse, Status>> + Send>>;

    async fn deliver(
        &self,
        request: Request<Streaming<DeliverRequest>>,
    ) -> Result<Response<Self::DeliverStream>, Status> {
        let caller = caller(&request)?;
        self.exchange.0.links.called(caller.id.id());
        let (answers, receiver) = mpsc::channel(ANSWERS_WAITING);
        let receiving = Receiving {
            exchange: self.exchange.clone(),
            caller: caller.id,
            steps: request.into_inner(),
            answers,
            did_right: false,
        };
        let (stop, cut) = (self.stop.clone(), caller.cut);
        // A task of its own: what was begun is finished even if the call is dropped.
        tokio::spawn(receiving.run(stop, cut));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn probe(
        &self,
        request: Request<ProbeRequest>,
    ) -> Result<Response<ProbeResponse>, Status> {
        let caller = caller(&request)?;
        self.exchange.0.links.called(caller.id.id());
        let answered = match wire::probe_request_in(request.into_inner()) {
            Ok(theirs) => self.exchange.answer_probe(&caller.id, theirs).await,
            Err(error) => Err(error.into()),
        };
        Ok(Response::new(self.noted(&caller.id, answered)?))
    }

    async fn show_agreements(
        &self,
        request: Request<ShowAgreementsRequest>,
    ) -> Result<Response<ShowAgreementsResponse>, Status> {
        let caller = caller(&request)?;
        self.exchange.0.links.called(caller.id.id());
        let answered = wire::agreements_request_in(request.into_inner())
            .and_then(|asked| self.exchange.answer_agreements(&caller.id, &asked))
            .map_err(CallError::from);
        Ok(Response::new(self.noted(&caller.id, answered)?))
    }

    async fn agree(
        &self,
        request: Request<AgreeRequest>,
    ) -> Result<Response<AgreeResponse>, Status> {
        let caller = caller(&request)?;
        self.exchange.0.links.called(caller.id.id());
        let exchange = self.exchange.clone();
        let peer = caller.id.clone();
        // A task of its own: what was begun is finished even if the call is dropped.
        let answer =
            tokio::spawn(async move { exchange.answer_agree(&peer, request.into_inner()).await });
        let answered = answer.await.unwrap_or(Err(CallError::NotKept));
        Ok(Response::new(self.noted(&caller.id, answered)?))
    }

    async fn list_due(
        &self,
        request: Request<ListDueRequest>,
    ) -> Result<Response<ListDueResponse>, Status> {
        let caller = caller(&request)?;
        self.exchange.0.links.called(caller.id.id());
        let asked = request.into_inner();
        let answered = self.exchange.answer_due(&caller.id, asked).await;
        Ok(Response::new(self.noted(&caller.id, answered)?))
    }

    async fn show_holdings(
        &self,
        request: Request<ShowHoldingsRequest>,
    ) -> Result<Response<ShowHoldingsResponse>, Status> {
        let caller = caller(&request)?;
        self.exchange.0.links.called(caller.id.id());
        let asked = wire::holdings_request_in(request.into_inner())
            .map_err(CallError::from)
            .and_then(|(channel, sandbox, after)| {
                own_channel(&self.exchange, &caller.id, channel, sandbox)?;
                Ok((channel, after))
            });
        let (channel, after) = self.noted(&caller.id, asked)?;
        let shown = self
            .exchange
            .holdings(channel, after)
            .await
            .map_err(CallError::from)?;
        Ok(Response::new(wire::holdings_response(shown)))
    }
}

impl Inbound {
    /// Notes what the caller did in a single call, or that it did right.
    fn noted<T>(&self, caller: &PeerId, answered: Result<T, CallError>) -> Result<T, CallError> {
        let misdeed = answered.as_ref().err().and_then(CallError::misdeed);
        // Whatever else a call ends on says nothing of the caller.
        if answered.is_ok() || misdeed.is_some() {
            let links = &self.exchange.0.links;
            links.note_misdeed(caller.id(), At::Calls, misdeed);
        }
        answered
    }
}

fn caller<T>(request: &Request<T>) -> Result<CallerInfo<PeerId>, CallError> {
    request
        .extensions()
        .get::<CallerInfo<PeerId>>()
        .cloned()
        .ok_or(CallError::NotPaired)
}

/// The channel must lead from an area of the caller's to one of ours.
pub(super) fn own_channel(
    exchange: &Exchange,
    caller: &PeerId,
    channel: Channel,
    sandbox: bool,
) -> Result<(), CallError> {
    let trust = exchange.trust();
    if !caller.speaks_for(channel.from) || !trust.areas().contains(&channel.to) {
        return Err(CallError::NotYourChannel);
    }
    if sandbox != trust.is_sandbox() {
        return Err(CallError::SandboxMismatch);
    }
    Ok(())
}

impl Exchange {
    /// What this node holds of a channel in, for a peer that was set back.
    async fn holdings(&self, channel: Channel, after: Sequence) -> Result<WireHoldings, NotNow> {
        let held = self
            .0
            .store
            .held_places(channel, after, HOLDINGS_A_PAGE)
            .await?;
        let evidence = ParcelEvidence::decode(held.evidence);
        let beyond = match &evidence {
            Some(evidence) => {
                let trust = self.trust();
                let form = trust.peer_for(channel.from).and_then(|peer| {
                    peer.lineage()
                        .recognise::<ParcelForm>(evidence.signed.clone())
                        .ok()
                });
                let known = form.map_or(0, |form| held.held.next().since(form.as_ref().first));
                let known = usize::try_from(known).unwrap_or(usize::MAX);
                evidence.digests.iter().skip(known).copied().collect()
            }
            None => Vec::new(),
        };
        Ok(WireHoldings {
            holdings: held.places,
            held: held.held,
            parcel: evidence.map(|evidence| evidence.signed),
            beyond,
        })
    }
}

/// Answers that may wait for a peer that does not read.
const ANSWERS_WAITING: usize = 8;
/// Places of a channel shown at a time.
const HOLDINGS_A_PAGE: usize = 1_000;
