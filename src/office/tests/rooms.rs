//! The rooms around the office, of cardboard: each answers the same at every call.

use super::world::{PEER, out};
use crate::{
    agreement::{Difference, life::State},
    domain::{
        agreement::AgreementVersion,
        area::County,
        case::{Comparison, compare_due},
        channel::{Channel, Digest, Sequence},
        month::Month,
        problem::Sentence,
    },
    office::{
        AdoptedView, AgreedView, AgreementComparisonView, ComparedView, CourierState, CourierView,
        EvidenceAsked, Hindrance, LinkView, MisbehaviourView, OperationError, Operations, Pending,
        ProbeView, ReloadView,
    },
    pairing::life::{Act, Proof},
};

/// What other rooms would do.
pub(super) struct Rooms;

impl Operations for Rooms {
    fn origin(&self, channel: Channel) -> Option<Digest> {
        let peer: County = "530111".parse().unwrap();
        (channel.to == peer).then(|| Digest::new([7; 32]))
    }

    fn courier(&self, _: Channel) -> CourierView {
        CourierView {
            state: CourierState::Paused,
            hindrance: Some(Hindrance {
                code: "storage_low".into(),
                remedy: Sentence {
                    zh: "请腾出空间".into(),
                    en: "free some space".into(),
                },
            }),
        }
    }

    fn links(&self) -> Vec<LinkView> {
        vec![LinkView {
            identity: PEER.parse().unwrap(),
            last_contact_ms: 17,
            last_error: Some("slow".into()),
            misbehaviour: Some(MisbehaviourView {
                code: "wrong_form",
                at_ms: 19,
            }),
        }]
    }

    fn probe(&self, area: County) -> Pending<'_, Result<ProbeView, OperationError>> {
        Box::pin(async move {
            if area.as_str() == "530111" {
                Ok(ProbeView::Unreachable("refused".into()))
            } else {
                Err(OperationError::UnknownPeer)
            }
        })
    }

    fn compare(&self, _: County) -> Pending<'_, Result<ComparedView, OperationError>> {
        Box::pin(async {
            Ok(ComparedView {
                agreements: vec![AgreementComparisonView {
                    id: "350582-530111".parse().unwrap(),
                    version_here: Some(1),
                    version_there: None,
                    equal: false,
                    differences: vec![Difference {
                        key: "valid_until".into(),
                        label: Sentence {
                            zh: "截止日期".into(),
                            en: "last day".into(),
                        },
                        here: None,
                        there: None,
                    }],
                    compared_version: Some(2),
                }],
                told_at_ms: 23,
                failure: Some("gone".into()),
            })
        })
    }

    fn compare_due(
        &self,
        home: County,
        area: County,
        _: Month,
    ) -> Pending<'_, Result<Comparison, OperationError>> {
        Box::pin(async move { Ok(compare_due(home, area, Vec::new(), Vec::new())) })
    }

    fn answered_at(&self, _: Channel, _: Sequence) -> Pending<'_, Option<i64>> {
        Box::pin(async { Some(29) })
    }

    fn adopt(&self, _: County) -> Pending<'_, Result<Vec<AdoptedView>, OperationError>> {
        Box::pin(async {
            Ok(vec![AdoptedView {
                channel: out(),
                taken_over: 1,
                renumbered: 2,
                resend_asked: true,
            }])
        })
    }

    fn agree(&self, _: Act) -> Pending<'_, Result<AgreedView, OperationError>> {
        Box::pin(async {
            Ok(AgreedView {
                version: "350582-530111/2".parse().unwrap(),
                state: State::Proposed,
                not_told: Some("no answer".into()),
            })
        })
    }

    fn proofs(
        &self,
        _: AgreementVersion,
        _: Digest,
    ) -> Pending<'_, Result<Vec<Proof>, OperationError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn evidence(&self, asked: EvidenceAsked) -> Pending<'_, Result<String, OperationError>> {
        let EvidenceAsked {
            sequence, content, ..
        } = asked;
        Box::pin(async move { Ok(format!("{sequence} {}", content.is_some())) })
    }

    fn reload(&self) -> Pending<'_, Result<ReloadView, OperationError>> {
        Box::pin(async {
            Err(OperationError::Declined {
                code: "agreements",
                words: Sentence {
                    zh: "agreements/x.toml 无法读取".into(),
                    en: "agreements/x.toml cannot be read".into(),
                },
            })
        })
    }
}
