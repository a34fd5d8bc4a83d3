//! Notices for tests: persons who do not exist.

use jiff::civil::{Date, date};
use proptest::{
    collection::btree_map,
    option,
    prelude::*,
    sample::{select, subsequence},
};

use super::{Outgoing, encode_body, prefix};
use crate::domain::{
    channel::Sequence,
    month::Month,
    notice::{
        Bulletin, Care, Certificate, CertificateQuery, CertificateResult, CloseReason, Consent,
        Content, ContinuityRequest, ContinuityTransfer, Correction, Erasure, Fact, Feedback,
        Figure, Kind, MaritalStatus, Message, Movement, Names, NoticeId, Outcome, Person, Reminder,
        Return, Service, ServiceRecord, VerificationRequest, Withdrawal, WithdrawalReason,
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

/// A plain content of that kind, from 350582 to 530111.
pub(crate) fn content(kind: Kind) -> Content {
    let event_date = date(2026, 10, 7);
    match kind {
        Kind::Departure => Content::Departure(movement()),
        Kind::Arrival => Content::Arrival(turned(movement())),
        Kind::Feedback => Content::Feedback(Feedback {
            outcome: Outcome::MovedOn("350583104".parse().unwrap()),
            event_date,
            note: None,
        }),
        Kind::Message => Content::Message(Message {
            text: "测试".into(),
        }),
        Kind::VerificationRequest => Content::VerificationRequest(VerificationRequest {
            subject: movement().subject,
            facts: [Fact::LivesHere, Fact::Phone].into(),
            event_date,
        }),
        Kind::ServiceRecord => Content::ServiceRecord(ServiceRecord {
            service: Service::AntenatalCheck,
            event_date,
            provider: Some("测试医院".into()),
            next_due_on: Some(date(2026, 11, 7)),
        }),
        Kind::ContinuityRequest => Content::ContinuityRequest(ContinuityRequest { event_date }),
        Kind::ContinuityTransfer => Content::ContinuityTransfer(ContinuityTransfer {
            event_date,
            care: Care {
                next_check_on: Some(date(2026, 11, 7)),
                ..Care::default()
            },
        }),
        Kind::CertificateQuery => Content::CertificateQuery(CertificateQuery { event_date }),
        Kind::CertificateResult => Content::CertificateResult(CertificateResult {
            event_date,
            certificate: certificate(),
        }),
        Kind::Return => Content::Return(Return {
            event_date,
            reason: CloseReason::MovedOn("350583104".parse().unwrap()),
        }),
        Kind::Correction => Content::Correction(Correction {
            corrects: Kind::Departure,
            event_date,
            movement: movement(),
        }),
        Kind::Withdrawal => Content::Withdrawal(Withdrawal {
            event_date,
            reason: WithdrawalReason::DidNotMove,
        }),
        Kind::Erasure => Content::Erasure(Erasure { event_date }),
        Kind::TakenUp => Content::TakenUp,
        Kind::Reminder => Content::Reminder(Reminder {
            due_on: date(2026, 10, 30),
        }),
        Kind::Bulletin => Content::Bulletin(Bulletin {
            month: Month::of(date(2026, 9, 1)),
            figures: [(Figure::DeparturesSent, 300), (Figure::Overdue, 0)].into(),
        }),
    }
}

/// What a notice of that kind answers or speaks of, if it must.
pub(crate) fn answers(kind: Kind) -> Option<NoticeId> {
    (kind.names_a_notice() == Names::Must).then(|| NoticeId::new([1; 8], 3))
}

/// A notice of each kind, and a departure that says all that it may.
pub(crate) fn every_kind() -> Vec<Vec<u8>> {
    let consent = Consent {
        date: date(2026, 9, 1),
        reference: "c-1".into(),
    };
    let full = Content::Departure(Movement {
        managing_area: Some("350582104000".parse().unwrap()),
        destination_address: Some("测试路1号".into()),
        expected_until: Some(date(2027, 3, 1)),
        certificate: certificate(),
        ..movement()
    });
    let full = bytes(&Outgoing {
        consent: Some(&consent),
        ..outgoing(&full)
    });
    let plain = Kind::ALL.map(|kind| {
        let content = content(kind);
        bytes(&Outgoing {
            answers: answers(kind),
            case_id: answers(kind),
            ..outgoing(&content)
        })
    });
    plain.into_iter().chain([full]).collect()
}

fn certificate() -> Certificate {
    Certificate {
        number: Some("12345".into()),
        status: Some("valid".into()),
        valid_until: Some(date(2028, 1, 1)),
    }
}

/// The same the other way.
fn turned(mut movement: Movement) -> Movement {
    std::mem::swap(&mut movement.origin_area, &mut movement.destination_area);
    movement
}

/// A generated value. The types of the domain have no `Debug`, which proptest asks for.
#[derive(Clone)]
pub(crate) struct Sample<T>(pub(crate) T);

impl<T> std::fmt::Debug for Sample<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a sample")
    }
}

/// Any content that the rules let travel from 350582 to 530111, of any kind.
pub(crate) fn any_content() -> BoxedStrategy<Sample<Content>> {
    prop_oneof![
        2 => any_movement().prop_map(|Sample(movement)| Sample(Content::Departure(movement))),
        2 => any_movement().prop_map(|Sample(movement)| Sample(Content::Arrival(turned(movement)))),
        1 => (any_outcome(), any_date(), option::of(text())).prop_map(|(outcome, event_date, note)| {
            Sample(Content::Feedback(Feedback {
                outcome,
                event_date,
                note,
            }))
        }),
        1 => text().prop_map(|text| Sample(Content::Message(Message { text }))),
        4 => any_of_a_case(),
        4 => any_following(),
    ]
        .boxed()
}

/// What offices say of a case, and of a month.
fn any_of_a_case() -> BoxedStrategy<Sample<Content>> {
    let day = || option::of(any_date());
    prop_oneof![
        (
            any_person(),
            subsequence(Fact::ALL.to_vec(), 1..=5),
            any_date()
        )
            .prop_map(|(Sample(subject), facts, event_date)| {
                Sample(Content::VerificationRequest(VerificationRequest {
                    subject,
                    facts: facts.into_iter().collect(),
                    event_date,
                }))
            }),
        (
            select(Service::ALL.to_vec()),
            any_date(),
            option::of(text()),
            day()
        )
            .prop_map(|(service, event_date, provider, next_due_on)| {
                Sample(Content::ServiceRecord(ServiceRecord {
                    service,
                    event_date,
                    provider,
                    next_due_on,
                }))
            }),
        any_date().prop_map(|event_date| {
            Sample(Content::ContinuityRequest(ContinuityRequest { event_date }))
        }),
        (any_date(), any_care()).prop_map(|(event_date, Sample(mut care))| {
            if care == Care::default() {
                care.next_check_on = Some(event_date);
            }
            Sample(Content::ContinuityTransfer(ContinuityTransfer {
                event_date,
                care,
            }))
        }),
        any_date().prop_map(
            |event_date| Sample(Content::CertificateQuery(CertificateQuery { event_date }))
        ),
        (any_date(), any_certificate(), text()).prop_map(
            |(event_date, Sample(certificate), status)| {
                Sample(Content::CertificateResult(CertificateResult {
                    event_date,
                    certificate: Certificate {
                        status: Some(status),
                        ..certificate
                    },
                }))
            }
        ),
        (any_date(), any_close_reason()).prop_map(|(event_date, reason)| {
            Sample(Content::Return(Return { event_date, reason }))
        }),
        (
            any_date(),
            btree_map(select(Figure::ALL.to_vec()), any_count(), 0..8)
        )
            .prop_map(|(day, figures)| {
                Sample(Content::Bulletin(Bulletin {
                    month: Month::of(day),
                    figures,
                }))
            }),
    ]
    .boxed()
}

fn any_close_reason() -> impl Strategy<Value = CloseReason> {
    prop_oneof![
        "[0-9]{9}".prop_map(|area| CloseReason::MovedOn(area.parse().unwrap())),
        select(vec![
            CloseReason::Returned,
            CloseReason::RegisteredHere,
            CloseReason::Deceased,
            CloseReason::LeftScope,
            CloseReason::Error,
        ]),
    ]
}

/// What follows on what was told.
fn any_following() -> BoxedStrategy<Sample<Content>> {
    prop_oneof![
        (any_movement(), any::<bool>(), any_date()).prop_map(
            |(Sample(movement), arrival, event_date)| {
                let (corrects, movement) = if arrival {
                    (Kind::Arrival, turned(movement))
                } else {
                    (Kind::Departure, movement)
                };
                Sample(Content::Correction(Correction {
                    corrects,
                    event_date,
                    movement,
                }))
            }
        ),
        (any_date(), select(WithdrawalReason::ALL.to_vec())).prop_map(|(event_date, reason)| {
            Sample(Content::Withdrawal(Withdrawal { event_date, reason }))
        }),
        any_date().prop_map(|event_date| Sample(Content::Erasure(Erasure { event_date }))),
        Just(()).prop_map(|()| Sample(Content::TakenUp)),
        any_date().prop_map(|due_on| Sample(Content::Reminder(Reminder { due_on }))),
    ]
    .boxed()
}

fn any_count() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 5_u64..1_000, Just(u64::MAX)]
}

/// Any consent.
pub(crate) fn any_consent() -> impl Strategy<Value = Sample<Option<Consent>>> {
    option::of((any_date(), text()))
        .prop_map(|consent| Sample(consent.map(|(date, reference)| Consent { date, reference })))
}

fn any_person() -> BoxedStrategy<Sample<Person>> {
    (
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
        })
        .boxed()
}

fn any_certificate() -> BoxedStrategy<Sample<Certificate>> {
    (
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
        })
        .boxed()
}

fn any_care() -> BoxedStrategy<Sample<Care>> {
    let day = || option::of(any_date());
    (
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
        })
        .boxed()
}

fn any_movement() -> BoxedStrategy<Sample<Movement>> {
    let origin = prop_oneof!["350582", "350582[0-9]{3}", "350582[0-9]{6}"];
    let destination = prop_oneof!["530111", "530111[0-9]{3}", "530111[0-9]{6}"];
    (
        any_person(),
        (origin, destination, option::of("[0-9]{6}")),
        option::of(text()),
        (any_date(), option::of(any_date())),
        any_certificate(),
        any_care(),
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
        .boxed()
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
