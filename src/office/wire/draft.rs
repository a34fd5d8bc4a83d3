//! A draft as an office sends it, as the raw draft that ledgers and JSON lines become too: so the
//! same rules hold for all.

use data_encoding::HEXLOWER;

use crate::{
    domain::{draft::RawDraft, field::Field, notice::Kind},
    proto::{notice::v1 as notice, office::v1 as wire},
};

/// The raw draft; empty if none was sent, which the rules then say.
pub(super) fn raw_draft(draft: Option<wire::Draft>) -> RawDraft {
    let wire::Draft {
        reference,
        from_area,
        to_area,
        answers,
        consent,
        content,
    } = draft.unwrap_or_default();
    let mut raw = RawDraft::default();
    raw.set(Field::Reference, &reference);
    raw.set(Field::FromArea, &from_area);
    raw.set(Field::ToArea, &to_area);
    raw.set(Field::Answers, &id(&answers));
    if let Some(notice::Consent { date, reference }) = consent {
        raw.set(Field::ConsentDate, &date);
        raw.set(Field::ConsentReference, &reference);
    }
    match content {
        Some(wire::draft::Content::Departure(it)) => movement(&mut raw, Kind::Departure, it),
        Some(wire::draft::Content::Arrival(it)) => movement(&mut raw, Kind::Arrival, it),
        Some(wire::draft::Content::Feedback(it)) => feedback(&mut raw, it),
        Some(wire::draft::Content::Message(notice::Message { text })) => {
            raw.set(Field::Kind, Kind::Message.name());
            raw.set(Field::Text, &text);
        }
        None => {}
    }
    raw
}

fn movement(raw: &mut RawDraft, kind: Kind, movement: notice::Movement) {
    let notice::Movement {
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
    raw.set(Field::Kind, kind.name());
    raw.set(Field::OriginArea, &origin_area);
    raw.set(Field::DestinationArea, &destination_area);
    raw.set(Field::ManagingArea, &managing_area);
    raw.set(Field::DestinationAddress, &destination_address);
    raw.set(Field::EventDate, &event_date);
    raw.set(Field::ExpectedUntil, &expected_until);
    let notice::Person {
        name,
        resident_id,
        resident_id_verified,
        marital_status,
        phone,
    } = subject.unwrap_or_default();
    raw.set(Field::Name, &name);
    raw.set(Field::ResidentId, &resident_id);
    raw.set(Field::ResidentIdVerified, &resident_id_verified);
    raw.set(Field::MaritalStatus, &marital_status);
    raw.set(Field::Phone, &phone);
    let notice::Certificate {
        number,
        status,
        valid_until,
    } = certificate.unwrap_or_default();
    raw.set(Field::CertificateNumber, &number);
    raw.set(Field::CertificateStatus, &status);
    raw.set(Field::ValidUntil, &valid_until);
    let notice::Care {
        expected_delivery_date,
        last_check_on,
        next_check_on,
        provider,
        method_class,
        next_supply_on,
        vaccination_due_on,
    } = care.unwrap_or_default();
    raw.set(Field::ExpectedDeliveryDate, &expected_delivery_date);
    raw.set(Field::LastCheckOn, &last_check_on);
    raw.set(Field::NextCheckOn, &next_check_on);
    raw.set(Field::Provider, &provider);
    raw.set(Field::MethodClass, &method_class);
    raw.set(Field::NextSupplyOn, &next_supply_on);
    raw.set(Field::VaccinationDueOn, &vaccination_due_on);
}

fn feedback(raw: &mut RawDraft, feedback: notice::Feedback) {
    let notice::Feedback {
        outcome,
        event_date,
        moved_to_area,
        duplicate_of,
        note,
    } = feedback;
    raw.set(Field::Kind, Kind::Feedback.name());
    raw.set(Field::Outcome, outcome_name(outcome));
    raw.set(Field::EventDate, &event_date);
    raw.set(Field::MovedToArea, &moved_to_area);
    raw.set(Field::DuplicateOf, &id(&duplicate_of));
    raw.set(Field::Note, &note);
}

/// The stable name; for a number that nobody knows, one that the rules do not know either.
fn outcome_name(number: i32) -> &'static str {
    match notice::Outcome::try_from(number) {
        Ok(notice::Outcome::Unspecified) => "",
        Ok(notice::Outcome::Confirmed) => "confirmed",
        Ok(notice::Outcome::Corrected) => "corrected",
        Ok(notice::Outcome::NotFound) => "not_found",
        Ok(notice::Outcome::NotOurs) => "not_ours",
        Ok(notice::Outcome::MovedOn) => "moved_on",
        Ok(notice::Outcome::DuplicateOf) => "duplicate_of",
        Ok(notice::Outcome::NeedsInformation) => "needs_information",
        Ok(notice::Outcome::ConsentWithdrawn) => "consent_withdrawn",
        Err(_) => "unknown",
    }
}

/// An id as text. Bytes that are no id become a text that is none; of too many a few tell that.
fn id(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes.get(..17).unwrap_or(bytes))
}
