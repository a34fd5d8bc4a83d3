//! What the office service asks of the rest of the node.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::directory::Directory;
use crate::{
    clock::Clock,
    domain::{
        area::County,
        channel::{Channel, Digest},
    },
    exchange::{self, AdoptError, AgreementComparison, Exchange, LastTold, ProbeError},
    office::{
        AdoptedView, AgreementComparisonView, ChannelComparisonView, ComparedView, CourierState,
        CourierView, Hindrance, LinkView, MisbehaviourView, OperationError, Operations, Pending,
        ProbeView, ReachedView, ReloadView,
    },
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
                misbehaviour: link.misbehaviour.map(|met| MisbehaviourView {
                    code: met.misdeed.name(),
                    at_ms: met.at_ms,
                }),
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

    fn compare(&self, area: County) -> Pending<'_, Result<ComparedView, OperationError>> {
        Box::pin(async move {
            let failure = match self.exchange.probe(area).await {
                Ok(_) => None,
                Err(ProbeError::NotPaired) => return Err(OperationError::UnknownPeer),
                Err(ProbeError::Store(error)) => return Err(error.into()),
                Err(ProbeError::Call(error)) => Some(error.to_string()),
            };
            let told = self.exchange.last_told(area);
            let LastTold { agreements, at_ms } = told.ok_or(OperationError::UnknownPeer)?;
            Ok(ComparedView {
                agreements: agreements.into_iter().map(compared).collect(),
                told_at_ms: at_ms,
                failure,
            })
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

fn reached(probed: exchange::Probed) -> ReachedView {
    ReachedView {
        round_trip: probed.round_trip,
        clock_difference_ms: probed.clock_difference_ms,
        versions: probed.versions,
        versions_here: exchange::VERSIONS.to_vec(),
        certificate_until_ms: probed.certificate_until_ms,
        agreements: probed.agreements.into_iter().map(compared).collect(),
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

fn compared(found: AgreementComparison) -> AgreementComparisonView {
    let AgreementComparison {
        version,
        here,
        there,
        equal,
        compared,
    } = found;
    let held = |held: bool| held.then_some(version.version);
    let other = compared.as_ref().and_then(|compared| match (here, there) {
        (false, true) => Some(compared.here),
        (true, false) => Some(compared.there),
        (true, true) | (false, false) => None,
    });
    AgreementComparisonView {
        id: version.id,
        version_here: held(here),
        version_there: held(there),
        equal,
        differences: compared.map_or_else(Vec::new, |compared| compared.differences),
        compared_version: other,
    }
}
