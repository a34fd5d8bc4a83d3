//! What the office service asks of the rest of the node.

use std::{error::Error, sync::Arc};

use tokio::{sync::Mutex, task::spawn_blocking};

use super::directory::{Directory, NotSaid};
use crate::{
    audit::by_hand,
    clock::Clock,
    domain::{
        agreement::AgreementVersion,
        area::County,
        case::Comparison,
        channel::{Channel, Digest, Sequence},
        month::Month,
        problem::Sentence,
    },
    exchange::{
        self, AdoptError, AgreementComparison, CompareError, Exchange, LastTold, ProbeError,
    },
    office::{
        AdoptedView, AgreedView, AgreementComparisonView, ChannelComparisonView, ComparedView,
        CourierState, CourierView, EvidenceAsked, Hindrance, LinkView, MisbehaviourView,
        OperationError, Operations, Pending, ProbeView, ReachedView, ReloadView,
    },
    pairing::life::{Act, Proof, Said, SayError},
    store::Store,
    trust::material::TrustStore,
};

/// The parts of a running node that others ask for.
pub(super) struct Node {
    pub(super) directory: Arc<Directory>,
    pub(super) exchange: Exchange,
    pub(super) trust: Arc<TrustStore>,
    pub(super) clock: Clock,
    pub(super) store: Store,
    /// Whoever takes on record what was done by hand.
    pub(super) taking: Mutex<()>,
}

impl Node {
    /// Takes on record what was done by hand since.
    pub(super) async fn take_by_hand(&self) {
        let _turn = self.taking.lock().await;
        match by_hand::take(self.directory.dir(), &self.store).await {
            Ok(0) => {}
            Ok(taken) => tracing::info!(taken, "What was done by hand is on record."),
            Err(error) => {
                tracing::error!(%error, "What was done by hand is not on record; it is tried again at the next reload.");
            }
        }
    }
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

    fn answered_at(&self, channel: Channel, sequence: Sequence) -> Pending<'_, Option<i64>> {
        Box::pin(async move {
            let answered = self.exchange.answered_at(channel, sequence).await;
            answered.unwrap_or_else(|error| {
                tracing::warn!(%error, "When a notice was answered cannot be told.");
                None
            })
        })
    }

    fn compare_due(
        &self,
        home: County,
        area: County,
        month: Month,
    ) -> Pending<'_, Result<Comparison, OperationError>> {
        Box::pin(async move {
            let compared = self.exchange.compare_due(home, area, month).await;
            compared.map_err(|error| match &error {
                CompareError::NotPaired => OperationError::UnknownPeer,
                CompareError::Cases(_) => OperationError::CasesNotReady,
                CompareError::NotKnownThere => OperationError::Declined {
                    code: "not_known_there",
                    words: Sentence {
                        zh: "对方节点的版本尚不能核对，请对方升级。".to_owned(),
                        en: error.to_string(),
                    },
                },
                CompareError::Call(_) if error.is_of_the_way() => {
                    OperationError::Unreachable(error.to_string())
                }
                CompareError::Call(_) => OperationError::Declined {
                    code: "not_compared",
                    words: in_words("对方未答复核对", &error),
                },
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
                        words: in_words("未执行", &error),
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
                    words: in_words(
                        "操作中断，结果不明，请用 hongyan agreement list 查看",
                        &error,
                    ),
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

    fn proofs(
        &self,
        version: AgreementVersion,
        digest: Digest,
    ) -> Pending<'_, Result<Vec<Proof>, OperationError>> {
        let directory = Arc::clone(&self.directory);
        Box::pin(async move {
            let unread = |error: &dyn Error| OperationError::Declined {
                code: "agreements_not_usable",
                words: in_words(NOT_USABLE, error),
            };
            spawn_blocking(move || directory.proofs(version, digest))
                .await
                .map_err(|error| unread(&error))?
                .map_err(|error| unread(&error))
        })
    }

    fn evidence(&self, asked: EvidenceAsked) -> Pending<'_, Result<String, OperationError>> {
        Box::pin(async move { Node::evidence(self, asked).await })
    }

    fn reload(&self) -> Pending<'_, Result<ReloadView, OperationError>> {
        let directory = Arc::clone(&self.directory);
        Box::pin(async move {
            let declined = |error: &dyn Error| OperationError::Declined {
                code: "not_reloaded",
                words: in_words("未重新读取", error),
            };
            self.take_by_hand().await;
            spawn_blocking(move || directory.take_up())
                .await
                .map_err(|error| declined(&error))?
                .map_err(|error| declined(&error))
        })
    }
}

fn not_said(error: NotSaid) -> OperationError {
    let (code, words) = match &error {
        NotSaid::Say(SayError::Unsaid(why)) => (why.name(), why.text().into()),
        NotSaid::Say(SayError::Template(_) | SayError::Terms(_)) => (
            "agreement_not_of_its_form",
            in_words("协议文本无法使用", &error),
        ),
        NotSaid::Say(
            SayError::Agreements(_)
            | SayError::File(_)
            | SayError::Pairing(_)
            | SayError::Signature(_),
        ) => ("agreements_not_usable", in_words(NOT_USABLE, &error)),
        NotSaid::NotInUse(_) => ("not_reloaded", in_words("已写入，但未能启用", &error)),
    };
    OperationError::Declined { code, words }
}

const NOT_USABLE: &str = "节点目录中的协议无法读写";

/// Errors of files and programs are in English alone; what was not done is said in both languages.
pub(super) fn in_words(zh: &str, error: &dyn Error) -> Sentence {
    Sentence {
        zh: format!("{zh}：{error}"),
        en: error.to_string(),
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
