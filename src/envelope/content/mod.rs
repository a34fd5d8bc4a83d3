//! What a notice says, between the messages of the wire and the types of the domain.

mod asking;
mod ending;
mod feedback;
mod movement;
mod service;

use jiff::civil::Date;

pub(crate) use self::{
    asking::facts_from_proto,
    ending::{figures_of, reason_of, return_to_proto},
    feedback::feedback_to_proto,
    service::service_of,
};
use self::{
    asking::{
        certificate_query_from_proto, certificate_query_to_proto, certificate_result_from_proto,
        certificate_result_to_proto, verification_from_proto, verification_to_proto,
    },
    ending::{
        bulletin_from_proto, bulletin_to_proto, correction_from_proto, correction_to_proto,
        erasure_from_proto, erasure_to_proto, reminder_from_proto, reminder_to_proto,
        return_from_proto, withdrawal_from_proto, withdrawal_to_proto,
    },
    feedback::feedback_from_proto,
    movement::{movement_from_proto, movement_to_proto},
    service::{
        continuity_request_from_proto, continuity_request_to_proto, continuity_transfer_from_proto,
        continuity_transfer_to_proto, service_from_proto, service_to_proto,
    },
};
use super::{
    decode::EnvelopeError,
    value::{required_date, required_text},
};
use crate::{
    domain::{
        field::Field,
        notice::{Consent, Content, Message},
    },
    proto::notice::v1 as wire,
};

/// The content as a message.
pub(crate) fn content_to_proto(content: &Content) -> wire::notice::Content {
    use wire::notice::Content as Wire;
    match content {
        Content::Departure(it) => Wire::Departure(movement_to_proto(it)),
        Content::Arrival(it) => Wire::Arrival(movement_to_proto(it)),
        Content::Feedback(it) => Wire::Feedback(feedback_to_proto(it)),
        Content::Message(Message { text }) => Wire::Message(wire::Message { text: text.clone() }),
        Content::VerificationRequest(it) => Wire::VerificationRequest(verification_to_proto(it)),
        Content::ServiceRecord(it) => Wire::ServiceRecord(service_to_proto(it)),
        Content::ContinuityRequest(it) => Wire::ContinuityRequest(continuity_request_to_proto(it)),
        Content::ContinuityTransfer(it) => {
            Wire::ContinuityTransfer(continuity_transfer_to_proto(it))
        }
        Content::CertificateQuery(it) => Wire::CertificateQuery(certificate_query_to_proto(it)),
        Content::CertificateResult(it) => Wire::CertificateResult(certificate_result_to_proto(it)),
        Content::Return(it) => Wire::Return(return_to_proto(it)),
        Content::Correction(it) => Wire::Correction(correction_to_proto(it)),
        Content::Withdrawal(it) => Wire::Withdrawal(withdrawal_to_proto(it)),
        Content::Erasure(it) => Wire::Erasure(erasure_to_proto(it)),
        Content::TakenUp => Wire::TakenUp(wire::TakenUp {}),
        Content::Reminder(it) => Wire::Reminder(reminder_to_proto(it)),
        Content::Bulletin(it) => Wire::Bulletin(bulletin_to_proto(it)),
    }
}

/// The content that a message says.
///
/// # Errors
/// The first value that is missing, that cannot be read, that is forbidden, or that is out of
/// scope.
pub(crate) fn content_from_proto(content: wire::notice::Content) -> Result<Content, EnvelopeError> {
    use wire::notice::Content as Wire;
    Ok(match content {
        Wire::Departure(it) => Content::Departure(movement_from_proto(it)?),
        Wire::Arrival(it) => Content::Arrival(movement_from_proto(it)?),
        Wire::Feedback(it) => Content::Feedback(feedback_from_proto(it)?),
        Wire::Message(wire::Message { text }) => Content::Message(Message {
            text: required_text(text, Field::Text)?,
        }),
        Wire::VerificationRequest(it) => Content::VerificationRequest(verification_from_proto(it)?),
        Wire::ServiceRecord(it) => Content::ServiceRecord(service_from_proto(it)?),
        Wire::ContinuityRequest(it) => {
            Content::ContinuityRequest(continuity_request_from_proto(&it)?)
        }
        Wire::ContinuityTransfer(it) => {
            Content::ContinuityTransfer(continuity_transfer_from_proto(it)?)
        }
        Wire::CertificateQuery(it) => Content::CertificateQuery(certificate_query_from_proto(&it)?),
        Wire::CertificateResult(it) => {
            Content::CertificateResult(certificate_result_from_proto(it)?)
        }
        Wire::Return(it) => Content::Return(return_from_proto(&it)?),
        Wire::Correction(it) => Content::Correction(correction_from_proto(it)?),
        Wire::Withdrawal(it) => Content::Withdrawal(withdrawal_from_proto(&it)?),
        Wire::Erasure(it) => Content::Erasure(erasure_from_proto(&it)?),
        Wire::TakenUp(wire::TakenUp {}) => Content::TakenUp,
        Wire::Reminder(it) => Content::Reminder(reminder_from_proto(&it)?),
        Wire::Bulletin(it) => Content::Bulletin(bulletin_from_proto(it)?),
    })
}

/// The consent as a message.
pub(crate) fn consent_to_proto(consent: &Consent) -> wire::Consent {
    let Consent { date, reference } = consent;
    wire::Consent {
        date: date.to_string(),
        reference: reference.clone(),
    }
}

/// The consent that a message names: a day and a reference, neither of them empty.
///
/// # Errors
/// The first of the two that is missing or cannot be read.
pub(crate) fn consent_from_proto(consent: wire::Consent) -> Result<Consent, EnvelopeError> {
    let wire::Consent { date, reference } = consent;
    Ok(Consent {
        date: required_date(&date, Field::ConsentDate)?,
        reference: required_text(reference, Field::ConsentReference)?,
    })
}

fn text(value: &Option<String>) -> String {
    value.clone().unwrap_or_default()
}

fn day(value: Option<Date>) -> String {
    value.map(|date| date.to_string()).unwrap_or_default()
}
