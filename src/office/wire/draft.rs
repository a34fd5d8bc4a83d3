//! A draft as an office sends it, as the raw draft that ledgers and JSON lines become too: so the
//! same rules hold for all.

use data_encoding::HEXLOWER;

use crate::{
    domain::{
        draft::RawDraft,
        field::Field,
        notice::{Fact, Kind, Service, WithdrawalReason},
    },
    envelope::content::{facts_from_proto, figures_of, reason_of, service_of},
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
    if let Some(content) = content {
        self::content(&mut raw, content);
    }
    raw
}

fn content(raw: &mut RawDraft, content: wire::draft::Content) {
    use wire::draft::Content as Wire;
    let kind = match content {
        Wire::Departure(it) => {
            movement(raw, it);
            Kind::Departure
        }
        Wire::Arrival(it) => {
            movement(raw, it);
            Kind::Arrival
        }
        Wire::Feedback(it) => {
            feedback(raw, it);
            Kind::Feedback
        }
        Wire::Message(notice::Message { text }) => {
            raw.set(Field::Text, &text);
            Kind::Message
        }
        Wire::VerificationRequest(it) => {
            verification(raw, it);
            Kind::VerificationRequest
        }
        Wire::ServiceRecord(it) => {
            service(raw, &it);
            Kind::ServiceRecord
        }
        Wire::ContinuityRequest(notice::ContinuityRequest { event_date }) => {
            raw.set(Field::EventDate, &event_date);
            Kind::ContinuityRequest
        }
        Wire::ContinuityTransfer(notice::ContinuityTransfer { event_date, care }) => {
            raw.set(Field::EventDate, &event_date);
            self::care(raw, care);
            Kind::ContinuityTransfer
        }
        Wire::CertificateQuery(notice::CertificateQuery { event_date }) => {
            raw.set(Field::EventDate, &event_date);
            Kind::CertificateQuery
        }
        Wire::CertificateResult(notice::CertificateResult {
            event_date,
            certificate,
        }) => {
            raw.set(Field::EventDate, &event_date);
            self::certificate(raw, certificate);
            Kind::CertificateResult
        }
        Wire::Return(notice::Return {
            event_date,
            reason,
            moved_to_area,
        }) => {
            raw.set(Field::EventDate, &event_date);
            raw.set(Field::Reason, close_reason_name(reason));
            raw.set(Field::MovedToArea, &moved_to_area);
            Kind::Return
        }
        Wire::Correction(it) => {
            correction(raw, it);
            Kind::Correction
        }
        Wire::Withdrawal(notice::Withdrawal { event_date, reason }) => {
            raw.set(Field::EventDate, &event_date);
            raw.set(Field::Reason, reason_name(reason));
            Kind::Withdrawal
        }
        Wire::Erasure(notice::Erasure { event_date }) => {
            raw.set(Field::EventDate, &event_date);
            Kind::Erasure
        }
        Wire::TakenUp(notice::TakenUp {}) => Kind::TakenUp,
        Wire::Reminder(notice::Reminder { due_on }) => {
            raw.set(Field::DueOn, &due_on);
            Kind::Reminder
        }
        Wire::Bulletin(notice::Bulletin { month, figures }) => {
            raw.set(Field::Month, &month);
            for (figure, count) in figures_of(&figures.unwrap_or_default()) {
                raw.set(Field::Figure(figure), &count.to_string());
            }
            Kind::Bulletin
        }
    };
    raw.set(Field::Kind, kind.name());
}

fn movement(raw: &mut RawDraft, movement: notice::Movement) {
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
    raw.set(Field::OriginArea, &origin_area);
    raw.set(Field::DestinationArea, &destination_area);
    raw.set(Field::ManagingArea, &managing_area);
    raw.set(Field::DestinationAddress, &destination_address);
    raw.set(Field::EventDate, &event_date);
    raw.set(Field::ExpectedUntil, &expected_until);
    person(raw, subject);
    self::certificate(raw, certificate);
    self::care(raw, care);
}

fn person(raw: &mut RawDraft, person: Option<notice::Person>) {
    let notice::Person {
        name,
        resident_id,
        resident_id_verified,
        marital_status,
        phone,
    } = person.unwrap_or_default();
    raw.set(Field::Name, &name);
    raw.set(Field::ResidentId, &resident_id);
    raw.set(Field::ResidentIdVerified, &resident_id_verified);
    raw.set(Field::MaritalStatus, &marital_status);
    raw.set(Field::Phone, &phone);
}

fn certificate(raw: &mut RawDraft, certificate: Option<notice::Certificate>) {
    let notice::Certificate {
        number,
        status,
        valid_until,
    } = certificate.unwrap_or_default();
    raw.set(Field::CertificateNumber, &number);
    raw.set(Field::CertificateStatus, &status);
    raw.set(Field::ValidUntil, &valid_until);
}

fn care(raw: &mut RawDraft, care: Option<notice::Care>) {
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

fn verification(raw: &mut RawDraft, request: notice::VerificationRequest) {
    let notice::VerificationRequest {
        subject,
        facts,
        event_date,
    } = request;
    person(raw, subject);
    let facts = facts_from_proto(&facts.unwrap_or_default());
    let names: Vec<&str> = facts.into_iter().map(Fact::name).collect();
    raw.set(Field::Facts, &names.join(","));
    raw.set(Field::EventDate, &event_date);
}

fn service(raw: &mut RawDraft, record: &notice::ServiceRecord) {
    let notice::ServiceRecord {
        service,
        event_date,
        provider,
        next_due_on,
    } = record;
    raw.set(Field::Service, service_name(*service));
    raw.set(Field::EventDate, event_date);
    raw.set(Field::Provider, provider);
    raw.set(Field::NextDueOn, next_due_on);
}

fn correction(raw: &mut RawDraft, correction: notice::Correction) {
    use notice::correction::Corrected;
    let notice::Correction {
        event_date,
        corrected,
    } = correction;
    raw.set(Field::CorrectedOn, &event_date);
    let (corrects, movement) = match corrected {
        Some(Corrected::Departure(movement)) => (Kind::Departure, movement),
        Some(Corrected::Arrival(movement)) => (Kind::Arrival, movement),
        None => return,
    };
    raw.set(Field::Corrects, corrects.name());
    self::movement(raw, movement);
}

fn feedback(raw: &mut RawDraft, feedback: notice::Feedback) {
    let notice::Feedback {
        outcome,
        event_date,
        moved_to_area,
        duplicate_of,
        note,
    } = feedback;
    raw.set(Field::Outcome, outcome_name(outcome));
    raw.set(Field::EventDate, &event_date);
    raw.set(Field::MovedToArea, &moved_to_area);
    raw.set(Field::DuplicateOf, &id(&duplicate_of));
    raw.set(Field::Note, &note);
}

/// The stable name; for a number that nobody knows, one that the rules do not know either. The same
/// for the three below.
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

fn service_name(number: i32) -> &'static str {
    notice::Service::try_from(number)
        .map_or("unknown", |code| service_of(code).map_or("", Service::name))
}

fn reason_name(number: i32) -> &'static str {
    notice::WithdrawalReason::try_from(number).map_or("unknown", |code| {
        reason_of(code).map_or("", WithdrawalReason::name)
    })
}

fn close_reason_name(number: i32) -> &'static str {
    match notice::CloseReason::try_from(number) {
        Ok(notice::CloseReason::Unspecified) => "",
        Ok(notice::CloseReason::Returned) => "returned",
        Ok(notice::CloseReason::MovedOn) => "moved_on",
        Ok(notice::CloseReason::RegisteredHere) => "registered_here",
        Ok(notice::CloseReason::Deceased) => "deceased",
        Ok(notice::CloseReason::LeftScope) => "left_scope",
        Ok(notice::CloseReason::Error) => "error",
        Err(_) => "unknown",
    }
}

/// An id as text. Bytes that are no id become a text that is none; of too many a few tell that.
fn id(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes.get(..17).unwrap_or(bytes))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        domain::{
            draft::{Draft, Rules},
            notice::Content,
            problem::Code,
        },
        envelope::samples,
        office::client::to_wire,
    };

    fn rules() -> Rules {
        Rules {
            today: date(2026, 10, 8),
            home_areas: vec!["350582".parse().unwrap()],
            sandbox: true,
        }
    }

    fn draft(content: Content) -> Draft {
        Draft {
            reference: "r-1".parse().ok(),
            from: "350582".parse().unwrap(),
            from_follows: false,
            to: "530111".parse().ok(),
            answers: samples::answers(content.kind()),
            consent: None,
            content,
        }
    }

    #[test]
    fn a_draft_of_each_kind_is_the_same_behind_the_wire() {
        for kind in Kind::ALL {
            let said = draft(samples::content(kind));
            let read = Draft::parse(&raw_draft(Some(to_wire(&said))), &rules());
            if kind.made_by_node() {
                let codes: Vec<_> = read.err().unwrap().iter().map(|it| it.code).collect();
                assert_eq!(codes, [Code::MadeByNode], "{kind}");
            } else {
                assert!(read.is_ok_and(|read| read == said), "{kind}");
            }
        }
    }

    #[test]
    fn a_number_that_nobody_knows_is_named_and_none_is_missing() {
        assert_eq!([service_name(0), service_name(99)], ["", "unknown"]);
        assert_eq!(service_name(1), "antenatal_check");
        assert_eq!([reason_name(0), reason_name(-1)], ["", "unknown"]);
        assert_eq!(reason_name(2), "duplicate");
        assert_eq!(
            [close_reason_name(0), close_reason_name(7)],
            ["", "unknown"]
        );
        assert_eq!(close_reason_name(3), "registered_here");
    }
}
