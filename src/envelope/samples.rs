//! Notices for tests: persons who do not exist.

use jiff::civil::{Date, date};
use proptest::{option, prelude::*};

use super::{Outgoing, encode_body, prefix};
use crate::domain::{
    channel::Sequence,
    notice::{
        Care, Certificate, Consent, Content, Feedback, MaritalStatus, Message, Movement, NoticeId,
        Outcome, Person,
    },
};

/// 2026-10-08 09:00 in Shanghai.
pub(crate) const PUBLISHED_AT_MS: i64 = 1_791_421_200_000;

/// A number of no one, of a woman born on that day.
pub(crate) fn number(born: Date) -> String {
    let digits = format!(
        "990000{:04}{:02}{:02}002",
        born.year(),
        born.month(),
        born.day()
    );
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits
        .bytes()
        .zip(weights)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let check = char::from(b"10X98765432"[(sum % 11) as usize]);
    format!("{digits}{check}")
}

/// A plain departure from 350582 to 530111.
pub(crate) fn movement() -> Movement {
    Movement {
        subject: Person {
            name: "测试甲".into(),
            resident_id: number(date(1995, 3, 4)).parse().unwrap(),
            resident_id_verified: None,
            marital_status: MaritalStatus::FirstMarriage,
            phone: None,
        },
        origin_area: "350582104000".parse().unwrap(),
        destination_area: "530111001000".parse().unwrap(),
        managing_area: None,
        destination_address: None,
        event_date: date(2026, 10, 1),
        expected_until: None,
        certificate: Certificate::default(),
        care: Care::default(),
    }
}

/// A notice around that content, published by 350582 for 530111.
pub(crate) fn outgoing(content: &Content) -> Outgoing<'_> {
    Outgoing {
        from: "350582".parse().unwrap(),
        to: "530111".parse().unwrap(),
        case_id: None,
        answers: None,
        agreement: "350582-530111/1".parse().unwrap(),
        purpose: "mobility_service",
        published_at_ms: PUBLISHED_AT_MS,
        deadline_ms: PUBLISHED_AT_MS + 30 * 86_400_000,
        sandbox: true,
        nonce: [5; 16],
        consent: None,
        content,
    }
}

/// The bytes of a notice with an id.
pub(crate) fn bytes(notice: &Outgoing<'_>) -> Vec<u8> {
    [
        prefix(NoticeId::new([1; 8], 7), Sequence::new(3)).as_slice(),
        &encode_body(notice),
    ]
    .concat()
}

/// A notice of each kind.
pub(crate) fn every_kind() -> Vec<Vec<u8>> {
    let consent = Consent {
        date: date(2026, 9, 1),
        reference: "c-1".into(),
    };
    let full = Movement {
        managing_area: Some("350582104000".parse().unwrap()),
        destination_address: Some("测试路1号".into()),
        expected_until: Some(date(2027, 3, 1)),
        certificate: Certificate {
            number: Some("12345".into()),
            status: Some("valid".into()),
            valid_until: Some(date(2028, 1, 1)),
        },
        ..movement()
    };
    let feedback = Feedback {
        outcome: Outcome::MovedOn("350583104".parse().unwrap()),
        event_date: date(2026, 10, 7),
        note: None,
    };
    let message = Message {
        text: "测试".into(),
    };
    let answers = Some(NoticeId::new([1; 8], 3));
    let [plain, full, feedback, message] = [
        Content::Departure(movement()),
        Content::Departure(full),
        Content::Feedback(feedback),
        Content::Message(message),
    ];
    let notices = [
        outgoing(&plain),
        Outgoing {
            consent: Some(&consent),
            ..outgoing(&full)
        },
        Outgoing {
            answers,
            case_id: answers,
            ..outgoing(&feedback)
        },
        Outgoing {
            answers,
            ..outgoing(&message)
        },
    ];
    notices.iter().map(bytes).collect()
}

/// A generated value. The types of the domain have no `Debug`, which proptest asks for.
#[derive(Clone)]
pub(crate) struct Sample<T>(pub(crate) T);

impl<T> std::fmt::Debug for Sample<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a sample")
    }
}

/// Any content that the rules let travel from 350582 to 530111.
pub(crate) fn any_content() -> impl Strategy<Value = Sample<Content>> {
    prop_oneof![
        any_movement().prop_map(|Sample(movement)| Sample(Content::Departure(movement))),
        any_movement().prop_map(|Sample(mut movement)| {
            std::mem::swap(&mut movement.origin_area, &mut movement.destination_area);
            Sample(Content::Arrival(movement))
        }),
        (any_outcome(), any_date(), option::of(text())).prop_map(|(outcome, event_date, note)| {
            Sample(Content::Feedback(Feedback {
                outcome,
                event_date,
                note,
            }))
        }),
        text().prop_map(|text| Sample(Content::Message(Message { text }))),
    ]
}

/// Any consent.
pub(crate) fn any_consent() -> impl Strategy<Value = Sample<Option<Consent>>> {
    option::of((any_date(), text()))
        .prop_map(|consent| Sample(consent.map(|(date, reference)| Consent { date, reference })))
}

fn any_movement() -> impl Strategy<Value = Sample<Movement>> {
    let person = (
        text(),
        option::of(text()),
        option::of("[0-9]{7,12}"),
        prop_oneof![
            Just(MaritalStatus::Married),
            Just(MaritalStatus::FirstMarriage),
            Just(MaritalStatus::Remarried),
            Just(MaritalStatus::RemarriedToFormer)
        ],
        0_i16..=20,
    )
        .prop_map(|(name, verified, phone, marital_status, years)| {
            Sample(Person {
                name,
                resident_id: number(date(1980 + years, 2, 28)).parse().unwrap(),
                resident_id_verified: verified,
                marital_status,
                phone,
            })
        });
    let certificate = (
        option::of(text()),
        option::of(text()),
        option::of(any_date()),
    )
        .prop_map(|(number, status, valid_until)| {
            Sample(Certificate {
                number,
                status,
                valid_until,
            })
        });
    let day = || option::of(any_date());
    let care = (
        (day(), day(), day()),
        option::of(text()),
        option::of("[0-9A-Z]{3}"),
        (day(), day()),
    )
        .prop_map(|(checks, provider, method_class, dues)| {
            Sample(Care {
                expected_delivery_date: checks.0,
                last_check_on: checks.1,
                next_check_on: checks.2,
                provider,
                method_class,
                next_supply_on: dues.0,
                vaccination_due_on: dues.1,
            })
        });
    let origin = prop_oneof!["350582", "350582[0-9]{3}", "350582[0-9]{6}"];
    let destination = prop_oneof!["530111", "530111[0-9]{3}", "530111[0-9]{6}"];
    (
        person,
        (origin, destination, option::of("[0-9]{6}")),
        option::of(text()),
        (any_date(), option::of(any_date())),
        certificate,
        care,
    )
        .prop_map(
            |(
                Sample(subject),
                areas,
                destination_address,
                days,
                Sample(certificate),
                Sample(care),
            )| {
                Sample(Movement {
                    subject,
                    origin_area: areas.0.parse().unwrap(),
                    destination_area: areas.1.parse().unwrap(),
                    managing_area: areas.2.map(|area| area.parse().unwrap()),
                    destination_address,
                    event_date: days.0,
                    expected_until: days.1,
                    certificate,
                    care,
                })
            },
        )
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Confirmed),
        Just(Outcome::Corrected),
        Just(Outcome::NotFound),
        Just(Outcome::NotOurs),
        "[0-9]{9}".prop_map(|area| Outcome::MovedOn(area.parse().unwrap())),
        any::<u64>().prop_map(|n| Outcome::DuplicateOf(NoticeId::new([3; 8], n))),
        Just(Outcome::NeedsInformation),
        Just(Outcome::ConsentWithdrawn),
    ]
}

fn any_date() -> impl Strategy<Value = Date> {
    (2024_i16..=2025, 1_i8..=12, 1_i8..=28).prop_map(|(year, month, day)| date(year, month, day))
}

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z测试晋江𠮷 ]{1,20}"
}
