//! Which fields a draft of a kind has, and how long each may be.

use super::MAX_REFERENCE;
use crate::domain::{
    field::{Field, Group},
    notice::{Kind, Names},
};

/// Whether a draft of that kind has the field.
pub fn belongs(kind: Kind, field: Field) -> bool {
    match field {
        Field::ConsentDate
        | Field::ConsentReference
        | Field::FromArea
        | Field::Kind
        | Field::Reference
        | Field::ToArea => return true,
        Field::Answers => return kind.names_a_notice() != Names::Never,
        _ => {}
    }
    match kind {
        Kind::Departure | Kind::Arrival => of_movement(field),
        Kind::Feedback => matches!(
            field,
            Field::DuplicateOf
                | Field::EventDate
                | Field::MovedToArea
                | Field::Note
                | Field::Outcome
        ),
        Kind::Message => field == Field::Text,
        Kind::VerificationRequest => {
            field.group() == Group::Identity || matches!(field, Field::EventDate | Field::Facts)
        }
        Kind::ServiceRecord => matches!(
            field,
            Field::EventDate | Field::NextDueOn | Field::Provider | Field::Service
        ),
        Kind::ContinuityRequest | Kind::CertificateQuery | Kind::Erasure => {
            field == Field::EventDate
        }
        Kind::ContinuityTransfer => field == Field::EventDate || of_care(field),
        Kind::CertificateResult => field == Field::EventDate || field.group() == Group::Entitlement,
        Kind::Return => matches!(field, Field::EventDate | Field::MovedToArea | Field::Reason),
        Kind::Correction => {
            of_movement(field) || matches!(field, Field::CorrectedOn | Field::Corrects)
        }
        Kind::Withdrawal => matches!(field, Field::EventDate | Field::Reason),
        Kind::TakenUp => false,
        Kind::Reminder => field == Field::DueOn,
        Kind::Bulletin => matches!(field, Field::Figure(_) | Field::Month),
    }
}

fn of_movement(field: Field) -> bool {
    match field.group() {
        Group::Identity | Group::Entitlement => true,
        Group::Movement => field != Field::MovedToArea,
        Group::Care => of_care(field),
        Group::Frame => field == Field::EventDate,
        Group::FreeText => false,
    }
}

/// The care facts that a movement tells of as well.
fn of_care(field: Field) -> bool {
    field.group() == Group::Care && !matches!(field, Field::NextDueOn | Field::Service)
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
        | Field::CorrectedOn
        | Field::Corrects
        | Field::DestinationArea
        | Field::DueOn
        | Field::DuplicateOf
        | Field::EventDate
        | Field::ExpectedDeliveryDate
        | Field::ExpectedUntil
        | Field::Facts
        | Field::Figure(_)
        | Field::FromArea
        | Field::Kind
        | Field::LastCheckOn
        | Field::ManagingArea
        | Field::MaritalStatus
        | Field::MethodClass
        | Field::Month
        | Field::MovedToArea
        | Field::NextCheckOn
        | Field::NextDueOn
        | Field::NextSupplyOn
        | Field::OriginArea
        | Field::Outcome
        | Field::Phone
        | Field::Reason
        | Field::ResidentId
        | Field::Service
        | Field::ToArea
        | Field::VaccinationDueOn
        | Field::ValidUntil => None,
    }
}

pub(super) const fn is_prose(field: Field) -> bool {
    matches!(field, Field::Note | Field::Text)
}
