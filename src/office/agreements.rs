//! Agreements: what the node holds, how that stands today, and in what a peer holds another.

use std::sync::Arc;

use super::{Office, authority::OVERSEERS, operations::ComparedView, problem::Fault};
use crate::{
    agreement::{
        Agreement,
        life::{Record, State, state_on},
    },
    domain::{agreement::AgreementId, area::County},
    pairing::life::Proof,
    trust::identity::OfficeId,
};

/// One version, and how it stands today.
pub(super) struct AgreementSeen {
    pub(super) agreement: Arc<Agreement>,
    pub(super) record: Record,
    pub(super) state: State,
    /// Days from today to its last, 0 on that; none where it is not in force.
    pub(super) days_left: Option<u32>,
}

impl Office {
    /// All versions of all agreements: by id, of each the newest first.
    pub(super) fn list_agreements(&self, caller: &OfficeId) -> Result<Vec<AgreementSeen>, Fault> {
        self.authority(caller)?.require(OVERSEERS)?;
        let agreements = Arc::clone(&self.parts.agreements.borrow());
        let held = agreements.with_records();
        Ok(held
            .map(|(agreement, record)| self.agreement_seen(agreement, record))
            .collect())
    }

    /// That version, and what both sides have signed of it; without one that in force today, else the
    /// newest.
    pub(super) async fn get_agreement(
        &self,
        caller: &OfficeId,
        id: AgreementId,
        version: Option<u32>,
    ) -> Result<(AgreementSeen, Vec<Proof>), Fault> {
        let mut listed = self.list_agreements(caller)?;
        listed.retain(|seen| seen.agreement.version.id == id);
        let chosen = match version {
            Some(version) => listed
                .iter()
                .position(|seen| seen.agreement.version.version == version),
            None => listed
                .iter()
                .position(|seen| matches!(seen.state, State::InForce | State::Suspended))
                .or_else(|| (!listed.is_empty()).then_some(0)),
        };
        let chosen = chosen.map(|at| listed.swap_remove(at));
        let seen = chosen.ok_or(Fault::UnknownAgreement)?;
        let (version, digest) = (seen.agreement.version, seen.agreement.digest());
        let proofs = self.operate(caller, OVERSEERS, move |operations| async move {
            operations.proofs(version, digest).await
        });
        Ok((seen, proofs.await?))
    }

    /// Asks the peer that speaks for an area, and compares.
    pub(super) async fn compare_agreements(
        &self,
        caller: &OfficeId,
        area: County,
    ) -> Result<ComparedView, Fault> {
        self.operate(caller, OVERSEERS, |operations| async move {
            operations.compare(area).await
        })
        .await
    }

    fn agreement_seen(&self, agreement: &Arc<Agreement>, record: &Record) -> AgreementSeen {
        let today = self.today();
        let state = state_on(record, today);
        let days_left = match state {
            State::InForce | State::Suspended => {
                u32::try_from((record.ends_on() - today).get_days()).ok()
            }
            State::Draft
            | State::Proposed
            | State::Accepted
            | State::Ended
            | State::Expired
            | State::Superseded => None,
        };
        AgreementSeen {
            agreement: Arc::clone(agreement),
            record: record.clone(),
            state,
            days_left,
        }
    }
}
