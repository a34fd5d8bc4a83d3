//! What a notice says, field by field, as text: the one list that agreements, digests and printed
//! rows go by.

use std::fmt::Display;

use crate::domain::{
    area::AreaCode,
    field::Field,
    notice::{
        Care, Certificate, Consent, Content, Feedback, Message, Movement, NoticeId, Outcome, Person,
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
        let Certificate {
            number,
            status,
            valid_until,
        } = certificate;
        self.add(Field::CertificateNumber, number.as_ref());
        self.add(Field::CertificateStatus, status.as_ref());
        self.add(Field::ValidUntil, valid_until.as_ref());
        self.care(care);
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
