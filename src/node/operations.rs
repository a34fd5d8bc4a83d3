//! What the office service asks of the rest of the node.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::directory::{Directory, NotSaid};
use crate::{
    clock::Clock,
    domain::{
        area::County,
        channel::{Channel, Digest},
    },
    exchange::{self, AdoptError, Exchange, ProbeError},
    office::{
        AdoptedView, AgreedView, AgreementComparisonView, ChannelComparisonView, CourierState,
        CourierView, Hindrance, LinkView, OperationError, Operations, Pending, ProbeView,
        ReachedView, ReloadView,
    },
    pairing::life::{Act, Said, SayError},
    trust::material::TrustStore,
};

/// The parts of a running node that others ask for.
pub(super) struct Node {
    pub(super) directory: Arc<Directory>,
    pub(super) exchange: Exchange,
    pub(super) trust: Arc<TrustStore>,
    pub(super) clock: Clock,
}

impl Operations for Arc<Node> {
    fn origin(&self, channel: Channel) -> Option<Digest> {
        self.exchange.origin(channel)
    }

    fn courier(&self, channel: Channel) -> CourierView {
        let (state, hindrance) = match self.exchange.courier(channel) {
            exchange::CourierState::Idle => (CourierState::Idle, None),
            exchange::CourierState::Moving => (CourierState::Moving, None),
            exchange::CourierState::Waiting => (CourierState::Waiting, None),
            exchange::CourierState::Paused(code) => {
                (CourierState::Paused, Some(Hindrance::of_code(code)))
            }
            exchange::CourierState::Stopped(reason) => {
                (CourierState::Stopped, Some(Hindrance::of_stop(reason)))
            }
        };
        CourierView { state, hindrance }
    }

    fn links(&self) -> Vec<LinkView> {
        self.exchange
            .links()
            .into_iter()
            .map(|link| LinkView {
                identity: link.peer,
                last_contact_ms: link.last_contact_ms,
                last_error: link.last_error,
            })
            .collect()
    }

    fn probe(&self, area: County) -> Pending<'_, Result<ProbeView, OperationError>> {
        Box::pin(async move {
            match self.exchange.probe(area).await {
                Ok(probed) => Ok(ProbeView::Reached(reached(probed))),
                Err(ProbeError::NotPaired) => Err(OperationError::UnknownPeer),
                Err(ProbeError::Store(error)) => Err(error.into()),
                Err(ProbeError::Call(error)) => Ok(ProbeView::Unreachable(error.to_string())),
            }
        })
    }

    fn adopt(&self, area: County) -> Pending<'_, Result<Vec<AdoptedView>, OperationError>> {
        Box::pin(async move {
            let adopted = self
                .exchange
                .adopt(area)
                .await
                .map_err(|error| match error {
                    AdoptError::Probe(ProbeError::NotPaired) => OperationError::UnknownPeer,
                    AdoptError::Store(error) => error.into(),
                    AdoptError::Probe(_) | AdoptError::Call(_) => {
                        OperationError::Unreachable(error.to_string())
                    }
                    AdoptError::NotProven
                    | AdoptError::TheirTurn(_)
                    | AdoptError::Signature(_)
                    | AdoptError::NoRandomness(_) => OperationError::Declined {
                        code: "not_adopted",
                        message: error.to_string(),
                    },
                })?;
            Ok(adopted
                .into_iter()
                .map(|channel| AdoptedView {
                    channel: channel.channel,
                    taken_over: channel.taken_over,
                    renumbered: channel.renumbered,
                    resend_asked: channel.resend_asked,
                })
                .collect())
        })
    }

    fn agree(&self, act: Act) -> Pending<'_, Result<AgreedView, OperationError>> {
        let directory = Arc::clone(&self.directory);
        Box::pin(async move {
            let Said {
                version,
                peer,
                state,
            } = spawn_blocking(move || directory.say(act))
                .await
                .map_err(|error| OperationError::Declined {
                    code: "outcome_unknown",
                    message: error.to_string(),
                })?
                .map_err(not_said)?;
            let told = self.exchange.agree(peer).await;
            Ok(AgreedView {
                version,
                state,
                not_told: told.err().map(|error| error.to_string()),
            })
        })
    }

    fn reload(&self) -> Pending<'_, Result<ReloadView, OperationError>> {
        let directory = Arc::clone(&self.directory);
        Box::pin(async move {
            let declined = |message: String| OperationError::Declined {
                code: "not_reloaded",
                message,
            };
            spawn_blocking(move || directory.take_up())
                .await
                .map_err(|error| declined(error.to_string()))?
                .map_err(|error| declined(error.to_string()))
        })
    }
}

fn not_said(error: NotSaid) -> OperationError {
    let code = match &error {
        NotSaid::Say(SayError::Unsaid(why)) => why.name(),
        NotSaid::Say(SayError::Template(_) | SayError::Terms(_)) => "agreement_not_of_its_form",
        NotSaid::Say(
            SayError::Agreements(_)
            | SayError::File(_)
            | SayError::Pairing(_)
            | SayError::Signature(_),
        ) => "agreements_not_usable",
        NotSaid::NotInUse(_) => "not_reloaded",
    };
    OperationError::Declined {
        code,
        message: error.to_string(),
    }
}

fn reached(probed: exchange::Probed) -> ReachedView {
    ReachedView {
        round_trip: probed.round_trip,
        clock_difference_ms: probed.clock_difference_ms,
        versions: probed.versions,
        certificate_until_ms: probed.certificate_until_ms,
        agreements: probed
            .agreements
            .into_iter()
            .map(|found| AgreementComparisonView {
                id: found.version.id,
                version_here: found.here.then_some(found.version.version),
                version_there: found.there.then_some(found.version.version),
                equal: found.equal,
            })
            .collect(),
        channels: probed
            .channels
            .into_iter()
            .map(|found| ChannelComparisonView {
                channel: found.channel,
                sequence_here: found.here,
                sequence_there: found.there,
                heads_agree: found.heads_agree,
            })
            .collect(),
    }
}
