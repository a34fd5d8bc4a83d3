//! Which fields a draft of a kind has, and how long each may be.

use super::MAX_REFERENCE;
use crate::domain::{
    field::{Field, Group},
    notice::Kind,
};

/// Whether a draft of that kind has the field.
pub(super) fn belongs(kind: Kind, field: Field) -> bool {
    match kind {
        Kind::Departure | Kind::Arrival => !matches!(
            field,
            Field::Answers
                | Field::DuplicateOf
                | Field::MovedToArea
                | Field::Note
                | Field::Outcome
                | Field::Text
        ),
        Kind::Feedback => {
            matches!(
                field,
                Field::DuplicateOf
                    | Field::EventDate
                    | Field::MovedToArea
                    | Field::Note
                    | Field::Outcome
            ) || is_frame(field)
        }
        Kind::Message => field == Field::Text || is_frame(field),
    }
}

fn is_frame(field: Field) -> bool {
    field.group() == Group::Frame
        && !matches!(
            field,
            Field::DuplicateOf | Field::EventDate | Field::Outcome
        )
}

/// The most characters that a text may have; `None` for what has a form of its own.
pub(super) const fn max_chars(field: Field) -> Option<usize> {
    match field {
        Field::CertificateNumber | Field::CertificateStatus | Field::Name => Some(64),
        Field::ConsentReference | Field::Provider => Some(128),
        Field::Reference => Some(MAX_REFERENCE),
        Field::DestinationAddress | Field::ResidentIdVerified => Some(256),
        Field::Note | Field::Text => Some(2_000),
        Field::Answers
        | Field::ConsentDate
        | Field::DestinationArea
        | Field::DuplicateOf
        | Field::EventDate
        | Field::ExpectedDeliveryDate
        | Field::ExpectedUntil
        | Field::FromArea
        | Field::Kind
        | Field::LastCheckOn
        | Field::ManagingArea
        | Field::MaritalStatus
        | Field::MethodClass
        | Field::MovedToArea
        | Field::NextCheckOn
        | Field::NextSupplyOn
        | Field::OriginArea
        | Field::Outcome
        | Field::Phone
        | Field::ResidentId
        | Field::ToArea
        | Field::VaccinationDueOn
        | Field::ValidUntil => None,
    }
}

pub(super) const fn is_prose(field: Field) -> bool {
    matches!(field, Field::Note | Field::Text)
}
