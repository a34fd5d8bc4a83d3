//! What an operator says of agreements.

use super::{ClientError, wire};
use crate::{
    agreement::life::State,
    domain::agreement::AgreementVersion,
    pairing::life::{Act, Way},
};

/// What was said of an agreement: signed, on disk, in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The version that it was said of.
    pub version: AgreementVersion,
    /// Where the version stands now.
    pub state: State,
    /// Why the peer has not been told yet; none if it has.
    pub not_told: Option<String>,
}

impl From<Act> for wire::agree_request::Act {
    fn from(act: Act) -> Self {
        match act {
            Act::Propose { text, to } => Self::Propose(wire::ProposeAgreement {
                text,
                to_area: to.to_string(),
            }),
            Act::Amend { id, text } => Self::Amend(wire::AmendAgreement {
                agreement: id.to_string(),
                text,
            }),
            Act::Accept(version) => Self::Accept(wire::AcceptAgreement {
                agreement: version.to_string(),
            }),
            Act::Suspend {
                which,
                kind,
                way,
                reason,
            } => Self::Suspend(wire::SuspendAgreement {
                agreement: which.to_string(),
                kind: kind.map_or_else(String::new, |kind| kind.to_string()),
                direction: match way {
                    None => wire::Direction::Unspecified,
                    Some(Way::In) => wire::Direction::In,
                    Some(Way::Out) => wire::Direction::Out,
                }
                .into(),
                reason: reason.to_string(),
            }),
            Act::Resume(which) => Self::Resume(wire::ResumeAgreement {
                agreement: which.to_string(),
            }),
            Act::End {
                which,
                from,
                reason,
            } => Self::End(wire::EndAgreement {
                agreement: which.to_string(),
                from: from.to_string(),
                reason: reason.to_string(),
            }),
        }
    }
}

impl TryFrom<wire::AgreeResponse> for Agreed {
    type Error = ClientError;

    fn try_from(response: wire::AgreeResponse) -> Result<Self, ClientError> {
        let wire::AgreeResponse {
            id,
            version,
            state,
            told,
            not_told,
        } = response;
        let id = id.parse().map_err(|_| ClientError::Unreadable)?;
        let mut states = State::ALL.into_iter();
        let state = states.find(|known| known.name() == state);
        Ok(Self {
            version: AgreementVersion { id, version },
            state: state.ok_or(ClientError::Unreadable)?,
            not_told: (!told).then_some(not_told),
        })
    }
}
