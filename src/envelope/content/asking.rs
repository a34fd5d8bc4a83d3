//! Verification requests, and what is asked and answered of a certificate.

use std::collections::BTreeSet;

use super::movement::{
    certificate_from_proto, certificate_to_proto, person_from_proto, person_to_proto,
};
use crate::{
    domain::{
        field::Field,
        notice::{CertificateQuery, CertificateResult, Fact, VerificationRequest},
        problem::Code,
    },
    envelope::{
        decode::EnvelopeError,
        value::{in_scope, required_date},
    },
    proto::notice::v1 as wire,
};

pub(super) fn verification_to_proto(request: &VerificationRequest) -> wire::VerificationRequest {
    let VerificationRequest {
        subject,
        facts,
        event_date,
    } = request;
    wire::VerificationRequest {
        subject: Some(person_to_proto(subject)),
        facts: Some(wire::Facts {
            lives_here: facts.contains(&Fact::LivesHere),
            registered_here: facts.contains(&Fact::RegisteredHere),
            marital_status: facts.contains(&Fact::MaritalStatus),
            phone: facts.contains(&Fact::Phone),
            certificate: facts.contains(&Fact::Certificate),
        }),
        event_date: event_date.to_string(),
    }
}

pub(super) fn verification_from_proto(
    request: wire::VerificationRequest,
) -> Result<VerificationRequest, EnvelopeError> {
    let wire::VerificationRequest {
        subject,
        facts,
        event_date,
    } = request;
    let subject = person_from_proto(subject.unwrap_or_default())?;
    let event_date = required_date(&event_date, Field::EventDate)?;
    in_scope(&subject.resident_id, event_date)?;
    let facts = facts_from_proto(&facts.unwrap_or_default());
    if facts.is_empty() {
        return Err(EnvelopeError::of(Code::MissingField, Field::Facts));
    }
    Ok(VerificationRequest {
        subject,
        facts,
        event_date,
    })
}

pub(crate) fn facts_from_proto(facts: &wire::Facts) -> BTreeSet<Fact> {
    let wire::Facts {
        lives_here,
        registered_here,
        marital_status,
        phone,
        certificate,
    } = facts;
    let asked = [
        (Fact::LivesHere, lives_here),
        (Fact::RegisteredHere, registered_here),
        (Fact::MaritalStatus, marital_status),
        (Fact::Phone, phone),
        (Fact::Certificate, certificate),
    ];
    let asked = asked.into_iter().filter(|(_, asked)| **asked);
    asked.map(|(fact, _)| fact).collect()
}

pub(super) fn certificate_query_to_proto(query: &CertificateQuery) -> wire::CertificateQuery {
    let CertificateQuery { event_date } = query;
    wire::CertificateQuery {
        event_date: event_date.to_string(),
    }
}

pub(super) fn certificate_query_from_proto(
    query: &wire::CertificateQuery,
) -> Result<CertificateQuery, EnvelopeError> {
    let wire::CertificateQuery { event_date } = query;
    Ok(CertificateQuery {
        event_date: required_date(event_date, Field::EventDate)?,
    })
}

pub(super) fn certificate_result_to_proto(result: &CertificateResult) -> wire::CertificateResult {
    let CertificateResult {
        event_date,
        certificate,
    } = result;
    wire::CertificateResult {
        event_date: event_date.to_string(),
        certificate: Some(certificate_to_proto(certificate)),
    }
}

pub(super) fn certificate_result_from_proto(
    result: wire::CertificateResult,
) -> Result<CertificateResult, EnvelopeError> {
    let wire::CertificateResult {
        event_date,
        certificate,
    } = result;
    let certificate = certificate_from_proto(certificate.unwrap_or_default())?;
    if certificate.status.is_none() {
        let field = Field::CertificateStatus;
        return Err(EnvelopeError::of(Code::MissingField, field));
    }
    Ok(CertificateResult {
        event_date: required_date(&event_date, Field::EventDate)?,
        certificate,
    })
}
