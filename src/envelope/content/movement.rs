//! Movements, and the person, certificate and care facts in them.

use super::{day, text};
use crate::{
    domain::{
        field::Field,
        notice::{Care, Certificate, Movement, Person},
    },
    envelope::{
        decode::EnvelopeError,
        value::{
            in_scope, marital_status, optional_area, optional_date, optional_method_class,
            optional_phone, optional_text, required_area, required_date, required_text,
            resident_number,
        },
    },
    proto::notice::v1 as wire,
};

pub(super) fn movement_to_proto(movement: &Movement) -> wire::Movement {
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

pub(super) fn movement_from_proto(movement: wire::Movement) -> Result<Movement, EnvelopeError> {
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

pub(super) fn person_to_proto(person: &Person) -> wire::Person {
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

pub(super) fn person_from_proto(person: wire::Person) -> Result<Person, EnvelopeError> {
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

pub(super) fn certificate_to_proto(certificate: &Certificate) -> wire::Certificate {
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

pub(super) fn certificate_from_proto(
    certificate: wire::Certificate,
) -> Result<Certificate, EnvelopeError> {
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

pub(super) fn care_to_proto(care: &Care) -> wire::Care {
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

pub(super) fn care_from_proto(care: wire::Care) -> Result<Care, EnvelopeError> {
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
