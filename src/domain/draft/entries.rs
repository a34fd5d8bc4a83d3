//! What a notice says, field by field, as text: the one list that agreements, digests and printed
//! rows go by.

use std::fmt::Display;

use crate::domain::{
    area::AreaCode,
    field::Field,
    notice::{
        Bulletin, Care, Certificate, CertificateQuery, CertificateResult, CloseReason, Consent,
        Content, ContinuityRequest, ContinuityTransfer, Correction, Erasure, Fact, Feedback,
        Message, Movement, NoticeId, Outcome, Person, Reminder, Return, ServiceRecord,
        VerificationRequest, Withdrawal,
    },
};

/// Every filled field of a notice with its value in its one form, the kind first.
pub fn entries(
    answers: Option<NoticeId>,
    consent: Option<&Consent>,
    content: &Content,
) -> Vec<(Field, String)> {
    let mut entries = Vec::new();
    visit(answers, consent, content, &mut |field, value| {
        entries.push((field, value.to_string()));
    });
    entries
}

/// The filled fields of a notice, in alphabetical order.
pub fn filled(
    answers: Option<NoticeId>,
    consent: Option<&Consent>,
    content: &Content,
) -> Vec<Field> {
    let mut filled = Vec::with_capacity(Field::ALL.len());
    visit(answers, consent, content, &mut |field, _| {
        filled.push(field)
    });
    filled.sort_unstable();
    filled
}

/// Shows every filled field, the kind first. Each struct is taken apart whole, so a new member
/// cannot be forgotten here.
fn visit(
    answers: Option<NoticeId>,
    consent: Option<&Consent>,
    content: &Content,
    show: &mut dyn FnMut(Field, &dyn Display),
) {
    let mut list = List(show);
    list.add(Field::Kind, Some(content.kind().name()));
    list.add(Field::Answers, answers);
    if let Some(Consent { date, reference }) = consent {
        list.add(Field::ConsentDate, Some(date));
        list.add(Field::ConsentReference, Some(reference));
    }
    match content {
        Content::Departure(movement) | Content::Arrival(movement) => list.movement(movement),
        Content::Feedback(feedback) => list.feedback(feedback),
        Content::Message(Message { text }) => list.add(Field::Text, Some(text)),
        Content::VerificationRequest(request) => list.verification(request),
        Content::ServiceRecord(record) => list.service(record),
        Content::ContinuityRequest(ContinuityRequest { event_date })
        | Content::CertificateQuery(CertificateQuery { event_date })
        | Content::Erasure(Erasure { event_date }) => {
            list.add(Field::EventDate, Some(event_date));
        }
        Content::ContinuityTransfer(ContinuityTransfer { event_date, care }) => {
            list.add(Field::EventDate, Some(event_date));
            list.care(care);
        }
        Content::CertificateResult(CertificateResult {
            event_date,
            certificate,
        }) => {
            list.add(Field::EventDate, Some(event_date));
            list.certificate(certificate);
        }
        Content::Return(Return { event_date, reason }) => {
            list.add(Field::EventDate, Some(event_date));
            list.add(Field::Reason, Some(reason.name()));
            let moved_to = match reason {
                CloseReason::MovedOn(area) => Some(area),
                CloseReason::Returned
                | CloseReason::RegisteredHere
                | CloseReason::Deceased
                | CloseReason::LeftScope
                | CloseReason::Error => None,
            };
            list.add(Field::MovedToArea, moved_to);
        }
        Content::Correction(Correction {
            corrects,
            event_date,
            movement,
        }) => {
            list.add(Field::Corrects, Some(corrects.name()));
            list.add(Field::CorrectedOn, Some(event_date));
            list.movement(movement);
        }
        Content::Withdrawal(Withdrawal { event_date, reason }) => {
            list.add(Field::EventDate, Some(event_date));
            list.add(Field::Reason, Some(reason.name()));
        }
        Content::TakenUp => {}
        Content::Reminder(Reminder { due_on }) => list.add(Field::DueOn, Some(due_on)),
        Content::Bulletin(Bulletin { month, figures }) => {
            list.add(Field::Month, Some(month));
            for (figure, count) in figures {
                list.add(Field::Figure(*figure), Some(count));
            }
        }
    }
}

struct List<'a>(&'a mut dyn FnMut(Field, &dyn Display));

impl List<'_> {
    fn add(&mut self, field: Field, value: Option<impl Display>) {
        if let Some(value) = value {
            (self.0)(field, &value);
        }
    }

    fn movement(&mut self, movement: &Movement) {
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
        self.person(subject);
        self.add(Field::OriginArea, Some(origin_area));
        self.add(Field::DestinationArea, Some(destination_area));
        self.add(Field::ManagingArea, managing_area.as_ref());
        self.add(Field::DestinationAddress, destination_address.as_ref());
        self.add(Field::EventDate, Some(event_date));
        self.add(Field::ExpectedUntil, expected_until.as_ref());
        self.certificate(certificate);
        self.care(care);
    }

    fn certificate(&mut self, certificate: &Certificate) {
        let Certificate {
            number,
            status,
            valid_until,
        } = certificate;
        self.add(Field::CertificateNumber, number.as_ref());
        self.add(Field::CertificateStatus, status.as_ref());
        self.add(Field::ValidUntil, valid_until.as_ref());
    }

    fn person(&mut self, person: &Person) {
        let Person {
            name,
            resident_id,
            resident_id_verified,
            marital_status,
            phone,
        } = person;
        self.add(Field::Name, Some(name));
        self.add(Field::ResidentId, Some(resident_id.as_str()));
        self.add(Field::ResidentIdVerified, resident_id_verified.as_ref());
        self.add(Field::MaritalStatus, Some(marital_status.code()));
        self.add(Field::Phone, phone.as_ref());
    }

    fn care(&mut self, care: &Care) {
        let Care {
            expected_delivery_date,
            last_check_on,
            next_check_on,
            provider,
            method_class,
            next_supply_on,
            vaccination_due_on,
        } = care;
        self.add(Field::ExpectedDeliveryDate, expected_delivery_date.as_ref());
        self.add(Field::LastCheckOn, last_check_on.as_ref());
        self.add(Field::NextCheckOn, next_check_on.as_ref());
        self.add(Field::Provider, provider.as_ref());
        self.add(Field::MethodClass, method_class.as_ref());
        self.add(Field::NextSupplyOn, next_supply_on.as_ref());
        self.add(Field::VaccinationDueOn, vaccination_due_on.as_ref());
    }

    fn verification(&mut self, request: &VerificationRequest) {
        let VerificationRequest {
            subject,
            facts,
            event_date,
        } = request;
        self.person(subject);
        let names: Vec<&str> = facts.iter().copied().map(Fact::name).collect();
        self.add(Field::Facts, Some(names.join(",")));
        self.add(Field::EventDate, Some(event_date));
    }

    fn service(&mut self, record: &ServiceRecord) {
        let ServiceRecord {
            service,
            event_date,
            provider,
            next_due_on,
        } = record;
        self.add(Field::Service, Some(service.name()));
        self.add(Field::EventDate, Some(event_date));
        self.add(Field::Provider, provider.as_ref());
        self.add(Field::NextDueOn, next_due_on.as_ref());
    }

    fn feedback(&mut self, feedback: &Feedback) {
        let Feedback {
            outcome,
            event_date,
            note,
        } = feedback;
        self.add(Field::Outcome, Some(outcome.name()));
        let (moved_to, duplicate_of): (Option<AreaCode>, Option<NoticeId>) = match outcome {
            Outcome::MovedOn(area) => (Some(*area), None),
            Outcome::DuplicateOf(id) => (None, Some(*id)),
            Outcome::Confirmed
            | Outcome::Corrected
            | Outcome::NotFound
            | Outcome::NotOurs
            | Outcome::NeedsInformation
            | Outcome::ConsentWithdrawn => (None, None),
        };
        self.add(Field::MovedToArea, moved_to);
        self.add(Field::DuplicateOf, duplicate_of);
        self.add(Field::EventDate, Some(event_date));
        self.add(Field::Note, note.as_ref());
    }
}
