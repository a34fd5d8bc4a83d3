//! What is held of one person, and who got it.

use tonic::Status;

use super::{
    Client,
    cases::{CaseState, read},
    error::ClientError,
    states::{NoticeState, Says, Shown, county, filled, id},
};
use crate::{
    domain::{
        agreement::AgreementVersion,
        area::County,
        audit::{Act, Reason},
        notice::NoticeId,
        resident::ResidentNumber,
    },
    envelope::Incoming,
    proto::{notice::v1 as notice, office::v1 as wire},
};

/// Everything that a node holds of one person. Has no `Debug`: it holds her.
pub struct Subject {
    /// Her cases.
    pub cases: Vec<CaseState>,
    /// All notices about her, of her cases and of none.
    pub notices: Vec<SubjectNotice>,
    /// The agreements that they name.
    pub agreements: Vec<SubjectAgreement>,
    /// Who at the node was shown or handed any of them, the newest first in each home area.
    pub disclosures: Vec<SubjectDisclosure>,
    /// The home areas that were looked through.
    pub homes: Vec<County>,
    /// When: milliseconds since 1970-01-01T00:00:00Z.
    pub as_of_ms: i64,
    /// Whether the node is a sandbox.
    pub sandbox: bool,
}

/// A notice about her. Has no `Debug`: it holds her.
pub struct SubjectNotice {
    /// The home area that has it.
    pub home: County,
    /// Where it stands.
    pub state: NoticeState,
    /// What it says; `None` once it was erased.
    pub content: Option<Box<Incoming>>,
    /// The correction of it that counts.
    pub corrected_by: Option<NoticeId>,
    /// When the other side's node signed what became of one that was published here.
    pub answered_at_ms: Option<i64>,
}

/// An agreement that her notices name.
#[derive(Clone, Debug)]
pub struct SubjectAgreement {
    /// Its name.
    pub version: AgreementVersion,
    /// What it says of purpose and time; `None` where the node does not hold it any more.
    pub held: Option<SubjectTerms>,
}

/// Why data travel under an agreement.
#[derive(Clone, Debug)]
pub struct SubjectTerms {
    /// Purpose code.
    pub purpose: String,
    /// Legal basis, as both sides state it.
    pub legal_basis: String,
    /// First day in force.
    pub valid_from: String,
    /// Last day in force.
    pub valid_until: String,
}

/// Somebody at the node was shown or handed notices about her.
#[derive(Clone, Debug)]
pub struct SubjectDisclosure {
    /// When: milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// Who.
    pub who: String,
    /// In what roles.
    pub role: String,
    /// What was done.
    pub act: Act,
    /// The notices.
    pub notices: Vec<NoticeId>,
    /// Purpose by name: duty, masked, reason.
    pub purpose: String,
    /// The reason that was given; empty if none was.
    pub reason: String,
    /// With what was handed to a consumer of a feed: its name.
    pub consumer: Option<String>,
}

impl Client {
    /// Asks what is held of a person, in that home area or in all that this office sees whole.
    ///
    /// # Errors
    /// [`ClientError`]; none of them holds her number.
    pub async fn subject(
        &self,
        number: &ResidentNumber,
        home: Option<County>,
        purpose: &Reason,
    ) -> Result<Subject, ClientError> {
        use wire::report_subject_response::Step;
        let request = wire::ReportSubjectRequest {
            home_area: home.map(|area| area.to_string()).unwrap_or_default(),
            resident_id: number.as_str().to_owned(),
            purpose: purpose.as_str().to_owned(),
        };
        let mut told = self.ask(self.inner.clone().report_subject(request)).await?;
        let (mut cases, mut notices) = (Vec::new(), Vec::new());
        let (mut agreements, mut disclosures) = (Vec::new(), Vec::new());
        loop {
            let told = told.message().await.map_err(|status: Status| {
                // What broke off must not pass for all.
                ClientError::of_call(status, &self.farewell)
            })?;
            let Some(wire::ReportSubjectResponse { step }) = told else {
                return Err(ClientError::Ended(String::new()));
            };
            match step.ok_or(ClientError::Unreadable)? {
                Step::Case(case) => cases.push(CaseState::try_from(case)?),
                Step::Notice(notice) => notices.push(SubjectNotice::try_from(notice)?),
                Step::Agreement(agreement) => {
                    agreements.push(SubjectAgreement::try_from(agreement)?);
                }
                Step::Disclosure(it) => disclosures.push(SubjectDisclosure::try_from(it)?),
                Step::Totals(totals) => {
                    let wire::SubjectTotals {
                        cases: of_cases,
                        notices: of_notices,
                        disclosures: of_disclosures,
                        home_areas,
                        as_of_ms,
                        sandbox,
                    } = totals;
                    let counted = [cases.len(), notices.len(), disclosures.len()];
                    if counted.map(|count| count as u64) != [of_cases, of_notices, of_disclosures] {
                        return Err(ClientError::Unreadable);
                    }
                    let homes = home_areas.iter().map(|home| county(home));
                    return Ok(Subject {
                        cases,
                        notices,
                        agreements,
                        disclosures,
                        homes: homes.collect::<Result<_, _>>()?,
                        as_of_ms,
                        sandbox,
                    });
                }
            }
        }
    }
}

impl TryFrom<wire::SubjectNotice> for SubjectNotice {
    type Error = ClientError;

    fn try_from(told: wire::SubjectNotice) -> Result<Self, ClientError> {
        let wire::SubjectNotice {
            state,
            home_area,
            notice,
            corrected_by,
            answered_at_ms,
        } = told;
        let shown = Shown::try_from(wire::NoticeRecord {
            state,
            notice,
            corrected_by,
            masked: Vec::new(),
        })?;
        let Shown {
            state,
            content,
            corrected_by,
        } = shown;
        Ok(Self {
            home: county(&home_area)?,
            state,
            content: match content {
                Says::Full(content) => Some(content),
                Says::Masked(_) => None,
            },
            corrected_by,
            answered_at_ms: Some(answered_at_ms).filter(|at| *at != 0),
        })
    }
}

impl TryFrom<wire::SubjectAgreement> for SubjectAgreement {
    type Error = ClientError;

    fn try_from(told: wire::SubjectAgreement) -> Result<Self, ClientError> {
        let wire::SubjectAgreement {
            version,
            held,
            purpose,
            legal_basis,
            valid_from,
            valid_until,
        } = told;
        let notice::AgreementVersion { id, version } = version.ok_or(ClientError::Unreadable)?;
        Ok(Self {
            version: AgreementVersion {
                id: read(&id)?,
                version,
            },
            held: held.then_some(SubjectTerms {
                purpose,
                legal_basis,
                valid_from,
                valid_until,
            }),
        })
    }
}

impl TryFrom<wire::SubjectDisclosure> for SubjectDisclosure {
    type Error = ClientError;

    fn try_from(told: wire::SubjectDisclosure) -> Result<Self, ClientError> {
        let wire::SubjectDisclosure {
            at_ms,
            who,
            role,
            act,
            notice_ids,
            purpose,
            reason,
            consumer,
        } = told;
        Ok(Self {
            at_ms,
            who,
            role,
            act: read(&act)?,
            notices: (notice_ids.iter())
                .map(|it| id(it))
                .collect::<Result<_, _>>()?,
            purpose,
            reason,
            consumer: filled(consumer),
        })
    }
}
