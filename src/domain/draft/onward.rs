//! What the area of origin tells the next area, once she moved on.

use jiff::civil::Date;

use crate::domain::{
    area::AreaCode,
    notice::{Care, CloseReason, Content, Feedback, Movement, Outcome, Return},
};

/// The departure to the area that she moved on to, from what a case has told so far, in its order;
/// none before somebody said where she went, or who she is.
///
/// What describes her life in the area that she left is not told on, nor what she consented to have
/// told there alone: address, managing area, expected stay and care.
pub fn onward<'a>(told: impl IntoIterator<Item = &'a Content>) -> Option<Content> {
    let (mut movement, mut next) = (None, None);
    for content in told {
        movement = content.movement().map(|(_, it)| it).or(movement);
        next = moved_on(content).or(next);
    }
    let (destination_area, event_date) = next?;
    let movement: &Movement = movement?;
    Some(Content::Departure(Movement {
        destination_area,
        event_date,
        managing_area: None,
        destination_address: None,
        expected_until: None,
        care: Care::default(),
        ..movement.clone()
    }))
}

/// Where she went, and the day on which that was found.
const fn moved_on(content: &Content) -> Option<(AreaCode, Date)> {
    match content {
        Content::Feedback(Feedback {
            outcome: Outcome::MovedOn(area),
            event_date,
            ..
        })
        | Content::Return(Return {
            reason: CloseReason::MovedOn(area),
            event_date,
        }) => Some((*area, *event_date)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            draft::RawDraft,
            field::Field,
            notice::{Correction, Kind},
        },
        envelope::samples,
    };

    fn said(told: &[Content]) -> Option<RawDraft> {
        onward(told).map(|departure| RawDraft::of(&departure))
    }

    #[test]
    fn what_was_told_last_goes_on_without_what_belongs_to_the_area_that_she_left() {
        let mut first = samples::movement();
        first.certificate.number = Some("闽-2026-001".to_owned());
        first.destination_address = Some("环城路1号".to_owned());
        first.managing_area = Some("530111002".parse().unwrap());
        first.expected_until = Some(first.event_date);
        first.care.next_check_on = Some(first.event_date);
        let mut mended = first.clone();
        mended.subject.name = "测试乙".to_owned();
        let on: Date = "2026-10-20".parse().unwrap();
        let moved = Content::Feedback(Feedback {
            outcome: Outcome::MovedOn("350583104".parse().unwrap()),
            event_date: on,
            note: None,
        });
        let departure = Content::Departure(first);
        assert!(said(std::slice::from_ref(&departure)).is_none());
        assert!(said(std::slice::from_ref(&moved)).is_none());
        let correction = Content::Correction(Correction {
            corrects: Kind::Departure,
            event_date: on,
            movement: mended,
        });
        let raw = said(&[departure, moved, correction]).unwrap();
        let get = |field| raw.get(field);
        assert_eq!(get(Field::Kind), Some("departure"));
        assert_eq!(get(Field::Name), Some("测试乙"));
        assert_eq!(get(Field::DestinationArea), Some("350583104"));
        assert_eq!(get(Field::EventDate), Some("2026-10-20"));
        assert!(get(Field::CertificateNumber).is_some());
        for left in [
            Field::DestinationAddress,
            Field::ManagingArea,
            Field::ExpectedUntil,
            Field::ExpectedDeliveryDate,
            Field::NextCheckOn,
            Field::ConsentDate,
            Field::FromArea,
            Field::ToArea,
        ] {
            assert_eq!(get(left), None, "{left:?}");
        }
    }
}
