//! Which fields a notice fills: what an agreement has to allow.

use crate::domain::{
    field::Field,
    notice::{Care, Certificate, Consent, Content, Feedback, Message, Movement, Outcome, Person},
};

/// Every field that is filled, alphabetically, `kind` included, each once.
pub fn filled_fields(content: &Content, consent: Option<&Consent>) -> Vec<Field> {
    let mut filled = vec![Field::Kind];
    let mut add = |present: bool, field: Field| {
        if present {
            filled.push(field);
        }
    };
    if let Some(Consent {
        date: _,
        reference: _,
    }) = consent
    {
        add(true, Field::ConsentDate);
        add(true, Field::ConsentReference);
    }
    match content {
        Content::Departure(movement) | Content::Arrival(movement) => {
            add_movement(movement, &mut add);
        }
        Content::Feedback(Feedback {
            outcome,
            event_date: _,
            note,
        }) => {
            add(true, Field::EventDate);
            add(true, Field::Outcome);
            add(matches!(outcome, Outcome::MovedOn(_)), Field::MovedToArea);
            add(
                matches!(outcome, Outcome::DuplicateOf(_)),
                Field::DuplicateOf,
            );
            add(note.is_some(), Field::Note);
        }
        Content::Message(Message { text: _ }) => add(true, Field::Text),
    }
    filled.sort_unstable();
    filled
}

fn add_movement(movement: &Movement, add: &mut impl FnMut(bool, Field)) {
    let Movement {
        subject:
            Person {
                name: _,
                resident_id: _,
                resident_id_verified,
                marital_status: _,
                phone,
            },
        origin_area: _,
        destination_area: _,
        managing_area,
        destination_address,
        event_date: _,
        expected_until,
        certificate:
            Certificate {
                number,
                status,
                valid_until,
            },
        care:
            Care {
                expected_delivery_date,
                last_check_on,
                next_check_on,
                provider,
                method_class,
                next_supply_on,
                vaccination_due_on,
            },
    } = movement;
    for field in [
        Field::Name,
        Field::ResidentId,
        Field::MaritalStatus,
        Field::OriginArea,
        Field::DestinationArea,
        Field::EventDate,
    ] {
        add(true, field);
    }
    add(resident_id_verified.is_some(), Field::ResidentIdVerified);
    add(phone.is_some(), Field::Phone);
    add(managing_area.is_some(), Field::ManagingArea);
    add(destination_address.is_some(), Field::DestinationAddress);
    add(expected_until.is_some(), Field::ExpectedUntil);
    add(number.is_some(), Field::CertificateNumber);
    add(status.is_some(), Field::CertificateStatus);
    add(valid_until.is_some(), Field::ValidUntil);
    add(
        expected_delivery_date.is_some(),
        Field::ExpectedDeliveryDate,
    );
    add(last_check_on.is_some(), Field::LastCheckOn);
    add(next_check_on.is_some(), Field::NextCheckOn);
    add(provider.is_some(), Field::Provider);
    add(method_class.is_some(), Field::MethodClass);
    add(next_supply_on.is_some(), Field::NextSupplyOn);
    add(vaccination_due_on.is_some(), Field::VaccinationDueOn);
}
