//! Texts of agreements that two nodes show each other.

use super::{NotOfItsForm, proto};
use crate::{domain::agreement::AgreementVersion, exchange::agreed::A_CALL};

/// What is shown and asked for.
pub(in crate::exchange) struct WireAgreements {
    pub(in crate::exchange) wanted: Vec<AgreementVersion>,
    pub(in crate::exchange) shown: Vec<String>,
}

pub(in crate::exchange) fn agreements_request(
    agreements: WireAgreements,
) -> proto::ShowAgreementsRequest {
    let WireAgreements { wanted, shown } = agreements;
    let wanted = wanted.into_iter().map(|version| proto::AgreementName {
        id: version.id.to_string(),
        version: version.version,
    });
    proto::ShowAgreementsRequest {
        wanted: wanted.collect(),
        shown,
    }
}

pub(in crate::exchange) fn agreements_request_in(
    message: proto::ShowAgreementsRequest,
) -> Result<WireAgreements, NotOfItsForm> {
    let proto::ShowAgreementsRequest { wanted, shown } = message;
    if wanted.len() > A_CALL {
        return Err(NotOfItsForm("more agreements than go in one call"));
    }
    let wanted = wanted.into_iter().map(|name| {
        let proto::AgreementName { id, version } = name;
        let id = id.parse().map_err(|_| NotOfItsForm("an agreement"))?;
        Ok(AgreementVersion { id, version })
    });
    Ok(WireAgreements {
        wanted: wanted.collect::<Result<_, NotOfItsForm>>()?,
        shown: bounded(shown)?,
    })
}

pub(in crate::exchange) fn agreements_response(
    shown: Vec<String>,
) -> proto::ShowAgreementsResponse {
    proto::ShowAgreementsResponse { shown }
}

pub(in crate::exchange) fn agreements_response_in(
    message: proto::ShowAgreementsResponse,
) -> Result<Vec<String>, NotOfItsForm> {
    let proto::ShowAgreementsResponse { shown } = message;
    bounded(shown)
}

fn bounded(texts: Vec<String>) -> Result<Vec<String>, NotOfItsForm> {
    if texts.len() > A_CALL || texts.iter().any(|text| text.len() > MOST_TEXT_BYTES) {
        return Err(NotOfItsForm("more agreements than go in one call"));
    }
    Ok(texts)
}

/// The longest text that is shown, in bytes.
pub(in crate::exchange) const MOST_TEXT_BYTES: usize = 64 << 10;
