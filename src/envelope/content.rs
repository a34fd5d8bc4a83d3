//! What a notice says, between the messages of the wire and the types of the domain.

use super::{
    decode::EnvelopeError,
    value::{
        in_scope, marital_status, optional_area, optional_date, optional_id, optional_method_class,
        optional_phone, optional_text, required_area, required_date, required_text,
        resident_number,
    },
};
use crate::{
    domain::{
        area::AreaCode,
        field::Field,
        notice::{
            Care, Certificate, Consent, Content, Feedback, Message, Movement, NoticeId, Outcome,
            Person,
        },
        problem::Code,
    },
    proto::notice::v1 as wire,
};
use bytes::Bytes;
use jiff::civil::Date;

/// The content as a message.
pub(crate) fn content_to_proto(content: &Content) -> wire::notice::Content {
    use wire::notice::Content as Wire;
    match content {
        Content::Departure(movement) => Wire::Departure(movement_to_proto(movement)),
        Content::Arrival(movement) => Wire::Arrival(movement_to_proto(movement)),
        Content::Feedback(feedback) => Wire::Feedback(feedback_to_proto(feedback)),
        Content::Message(Message { text }) => Wire::Message(wire::Message { text: text.clone() }),
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
        Wire::Departure(movement) => Content::Departure(movement_from_proto(movement)?),
        Wire::Arrival(movement) => Content::Arrival(movement_from_proto(movement)?),
        Wire::Feedback(feedback) => Content::Feedback(feedback_from_proto(feedback)?),
        Wire::Message(wire::Message { text }) => Content::Message(Message {
            text: required_text(text, Field::Text)?,
        }),
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

fn movement_to_proto(movement: &Movement) -> wire::Movement {
    let Movement {
        subject,
        origin_area,
        destination_area,
        managing_area,
        destination_address,
        event_date,
        expected_until,
        certificate,
        care,
    } = movement;
    wire::Movement {
        subject: Some(person_to_proto(subject)),
        origin_area: origin_area.to_string(),
        destination_area: destination_area.to_string(),
        managing_area: managing_area
            .map(|area| area.to_string())
            .unwrap_or_default(),
        destination_address: text(destination_address),
        event_date: event_date.to_string(),
        expected_until: day(*expected_until),
        certificate: (*certificate != Certificate::default())
            .then(|| certificate_to_proto(certificate)),
        care: (*care != Care::default()).then(|| care_to_proto(care)),
    }
}

fn movement_from_proto(movement: wire::Movement) -> Result<Movement, EnvelopeError> {
    let wire::Movement {
        subject,
        origin_area,
        destination_area,
        managing_area,
        destination_address,
        event_date,
        expected_until,
        certificate,
        care,
    } = movement;
    let subject = person_from_proto(subject.unwrap_or_default())?;
    let event_date = required_date(&event_date, Field::EventDate)?;
    in_scope(&subject.resident_id, event_date)?;
    Ok(Movement {
        subject,
        origin_area: required_area(&origin_area, Field::OriginArea)?,
        destination_area: required_area(&destination_area, Field::DestinationArea)?,
        managing_area: optional_area(&managing_area, Field::ManagingArea)?,
        destination_address: optional_text(destination_address, Field::DestinationAddress)?,
        event_date,
        expected_until: optional_date(&expected_until, Field::ExpectedUntil)?,
        certificate: certificate_from_proto(certificate.unwrap_or_default())?,
        care: care_from_proto(care.unwrap_or_default())?,
    })
}

fn person_to_proto(person: &Person) -> wire::Person {
    let Person {
        name,
        resident_id,
        resident_id_verified,
        marital_status,
        phone,
    } = person;
    wire::Person {
        name: name.clone(),
        resident_id: resident_id.as_str().to_owned(),
        resident_id_verified: text(resident_id_verified),
        marital_status: marital_status.code().to_owned(),
        phone: text(phone),
    }
}

fn person_from_proto(person: wire::Person) -> Result<Person, EnvelopeError> {
    let wire::Person {
        name,
        resident_id,
        resident_id_verified,
        marital_status: status,
        phone,
    } = person;
    let verified = optional_text(resident_id_verified, Field::ResidentIdVerified)?;
    Ok(Person {
        name: required_text(name, Field::Name)?,
        resident_id: resident_number(&resident_id, verified.is_some())?,
        resident_id_verified: verified,
        marital_status: marital_status(&status)?,
        phone: optional_phone(phone)?,
    })
}

fn certificate_to_proto(certificate: &Certificate) -> wire::Certificate {
    let Certificate {
        number,
        status,
        valid_until,
    } = certificate;
    wire::Certificate {
        number: text(number),
        status: text(status),
        valid_until: day(*valid_until),
    }
}

fn certificate_from_proto(certificate: wire::Certificate) -> Result<Certificate, EnvelopeError> {
    let wire::Certificate {
        number,
        status,
        valid_until,
    } = certificate;
    Ok(Certificate {
        number: optional_text(number, Field::CertificateNumber)?,
        status: optional_text(status, Field::CertificateStatus)?,
        valid_until: optional_date(&valid_until, Field::ValidUntil)?,
    })
}

fn care_to_proto(care: &Care) -> wire::Care {
    let Care {
        expected_delivery_date,
        last_check_on,
        next_check_on,
        provider,
        method_class,
        next_supply_on,
        vaccination_due_on,
    } = care;
    wire::Care {
        expected_delivery_date: day(*expected_delivery_date),
        last_check_on: day(*last_check_on),
        next_check_on: day(*next_check_on),
        provider: text(provider),
        method_class: text(method_class),
        next_supply_on: day(*next_supply_on),
        vaccination_due_on: day(*vaccination_due_on),
    }
}

fn care_from_proto(care: wire::Care) -> Result<Care, EnvelopeError> {
    let wire::Care {
        expected_delivery_date,
        last_check_on,
        next_check_on,
        provider,
        method_class,
        next_supply_on,
        vaccination_due_on,
    } = care;
    Ok(Care {
        expected_delivery_date: optional_date(
            &expected_delivery_date,
            Field::ExpectedDeliveryDate,
        )?,
        last_check_on: optional_date(&last_check_on, Field::LastCheckOn)?,
        next_check_on: optional_date(&next_check_on, Field::NextCheckOn)?,
        provider: optional_text(provider, Field::Provider)?,
        method_class: optional_method_class(method_class)?,
        next_supply_on: optional_date(&next_supply_on, Field::NextSupplyOn)?,
        vaccination_due_on: optional_date(&vaccination_due_on, Field::VaccinationDueOn)?,
    })
}

fn feedback_to_proto(feedback: &Feedback) -> wire::Feedback {
    let Feedback {
        outcome,
        event_date,
        note,
    } = feedback;
    let mut moved_to_area = String::new();
    let mut duplicate_of = Bytes::new();
    let code = match outcome {
        Outcome::Confirmed => wire::Outcome::Confirmed,
        Outcome::Corrected => wire::Outcome::Corrected,
        Outcome::NotFound => wire::Outcome::NotFound,
        Outcome::NotOurs => wire::Outcome::NotOurs,
        Outcome::MovedOn(area) => {
            moved_to_area = area.to_string();
            wire::Outcome::MovedOn
        }
        Outcome::DuplicateOf(id) => {
            duplicate_of = Bytes::copy_from_slice(id.as_bytes());
            wire::Outcome::DuplicateOf
        }
        Outcome::NeedsInformation => wire::Outcome::NeedsInformation,
        Outcome::ConsentWithdrawn => wire::Outcome::ConsentWithdrawn,
    };
    wire::Feedback {
        outcome: code.into(),
        event_date: event_date.to_string(),
        moved_to_area,
        duplicate_of,
        note: text(note),
    }
}

fn feedback_from_proto(feedback: wire::Feedback) -> Result<Feedback, EnvelopeError> {
    let wire::Feedback {
        outcome,
        event_date,
        moved_to_area,
        duplicate_of,
        note,
    } = feedback;
    let moved_to = optional_area(&moved_to_area, Field::MovedToArea)?;
    let duplicate_of = optional_id(&duplicate_of, Field::DuplicateOf)?;
    Ok(Feedback {
        outcome: outcome_from_proto(outcome, moved_to, duplicate_of)?,
        event_date: required_date(&event_date, Field::EventDate)?,
        note: optional_text(note, Field::Note)?,
    })
}

/// The outcome with what belongs to it; what belongs to another outcome is refused.
fn outcome_from_proto(
    code: i32,
    moved_to: Option<AreaCode>,
    duplicate_of: Option<NoticeId>,
) -> Result<Outcome, EnvelopeError> {
    let unread = EnvelopeError::of(Code::ValueFormat, Field::Outcome);
    let code = wire::Outcome::try_from(code).map_err(|_| unread)?;
    if moved_to.is_some() && code != wire::Outcome::MovedOn {
        return Err(EnvelopeError::of(Code::ValueFormat, Field::MovedToArea));
    }
    if duplicate_of.is_some() && code != wire::Outcome::DuplicateOf {
        return Err(EnvelopeError::of(Code::ValueFormat, Field::DuplicateOf));
    }
    let missing = |field| EnvelopeError::of(Code::MissingField, field);
    Ok(match code {
        wire::Outcome::Unspecified => return Err(missing(Field::Outcome)),
        wire::Outcome::Confirmed => Outcome::Confirmed,
        wire::Outcome::Corrected => Outcome::Corrected,
        wire::Outcome::NotFound => Outcome::NotFound,
        wire::Outcome::NotOurs => Outcome::NotOurs,
        wire::Outcome::MovedOn => {
            Outcome::MovedOn(moved_to.ok_or_else(|| missing(Field::MovedToArea))?)
        }
        wire::Outcome::DuplicateOf => {
            Outcome::DuplicateOf(duplicate_of.ok_or_else(|| missing(Field::DuplicateOf))?)
        }
        wire::Outcome::NeedsInformation => Outcome::NeedsInformation,
        wire::Outcome::ConsentWithdrawn => Outcome::ConsentWithdrawn,
    })
}

fn text(value: &Option<String>) -> String {
    value.clone().unwrap_or_default()
}

fn day(value: Option<Date>) -> String {
    value.map(|date| date.to_string()).unwrap_or_default()
}
