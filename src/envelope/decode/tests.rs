//! What is read, and what is refused.

use bytes::Bytes;
use jiff::civil::date;
use proptest::{option, prelude::*, sample::Index};

use super::*;
use crate::{
    domain::notice::{Figure, Movement},
    envelope::{
        Outgoing, encode_body, prefix,
        samples::{self, Sample},
    },
};

fn read(change: impl FnOnce(&mut wire::Notice)) -> Result<Incoming, EnvelopeError> {
    let content = Content::Departure(samples::movement());
    let bytes = samples::bytes(&samples::outgoing(&content));
    let mut notice = wire::Notice::decode(bytes.as_slice()).unwrap();
    change(&mut notice);
    decode(&notice.encode_to_vec())
}

fn departure(notice: &mut wire::Notice) -> &mut wire::Movement {
    match &mut notice.content {
        Some(wire::notice::Content::Departure(movement)) => movement,
        _ => panic!("the sample is a departure"),
    }
}

fn person(notice: &mut wire::Notice) -> &mut wire::Person {
    departure(notice).subject.as_mut().unwrap()
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        Sample(content) in samples::any_content(),
        Sample(consent) in samples::any_consent(),
        case_id in option::of(any::<u64>()),
        counter in any::<u64>(),
        opposite in any::<u64>(),
        nonce in any::<[u8; 16]>(),
    ) {
        let answers = samples::answers(content.kind());
        let notice = Outgoing {
            case_id: case_id.map(|n| NoticeId::new([9; 8], n)),
            answers,
            nonce,
            consent: consent.as_ref(),
            ..samples::outgoing(&content)
        };
        let id = NoticeId::new([1; 8], counter);
        let prefix = prefix(id, Sequence::new(opposite));
        let bytes = [prefix.as_slice(), &encode_body(&notice)].concat();
        let Incoming { header, consent: read_consent, content: read, filled_fields } =
            decode(&bytes).unwrap();
        prop_assert!(read == content);
        prop_assert!(read_consent == consent);
        prop_assert!(filled_fields.is_sorted());
        prop_assert_eq!(header, Header {
            id,
            opposite_sequence: Sequence::new(opposite),
            from: notice.from,
            to: notice.to,
            kind: content.kind(),
            case_id: notice.case_id,
            answers,
            agreement: notice.agreement,
            purpose: notice.purpose.to_owned(),
            published_at_ms: notice.published_at_ms,
            published_on: date(2026, 10, 8),
            deadline_ms: notice.deadline_ms,
            sandbox: true,
        });
    }

    #[test]
    fn no_bytes_panic(
        Sample(content) in samples::any_content(),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6),
        cut in option::of(any::<Index>()),
    ) {
        let mut bytes = samples::bytes(&samples::outgoing(&content));
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        drop(decode(&bytes));
    }

    #[test]
    fn noise_is_no_notice(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).is_err());
    }
}

type Change = fn(&mut wire::Notice);

#[test]
fn a_wrong_value_is_refused_by_field_and_code() {
    use Code::*;
    let cases: &[(Field, Code, Change)] = &[
        (Field::FromArea, MissingField, |n| n.from_area.clear()),
        (Field::FromArea, AreaUnknown, |n| {
            n.from_area = "35058".into()
        }),
        (Field::ToArea, AreaUnknown, |n| {
            n.to_area = "530111001".into()
        }),
        (Field::ToArea, SameArea, |n| n.to_area = n.from_area.clone()),
        (Field::Answers, ValueFormat, |n| {
            n.answers = Bytes::from_static(b"1")
        }),
        (Field::Kind, MissingField, |n| n.content = None),
        (Field::ConsentDate, MissingField, |n| {
            n.consent = Some(wire::Consent::default())
        }),
        (Field::ConsentReference, MissingField, |n| {
            n.consent = Some(wire::Consent {
                date: "2026-10-01".into(),
                reference: String::new(),
            });
        }),
        (Field::Name, MissingField, |n| departure(n).subject = None),
        (Field::Name, ForbiddenValue, |n| {
            person(n).name = "躲藏".into()
        }),
        (Field::Name, ValueFormat, |n| person(n).name = "a\tb".into()),
        (Field::Name, ValueTooLong, |n| {
            person(n).name = "人".repeat(2_001)
        }),
        (Field::ResidentId, MissingField, |n| {
            person(n).resident_id.clear()
        }),
        (Field::ResidentId, ResidentIdFormat, |n| {
            person(n).resident_id = "9900001995".into()
        }),
        (Field::ResidentId, ResidentIdCheckDigit, |n| {
            let id = &mut person(n).resident_id;
            let last = id.pop().unwrap();
            id.push(if last == '1' { '2' } else { '1' });
        }),
        (Field::ResidentId, ResidentIdBirthDate, |n| {
            person(n).resident_id = "990000199513040021".into();
        }),
        (Field::ResidentId, OutOfScopeSex, |n| {
            person(n).resident_id_verified = "查验".into();
            person(n).resident_id = "990000199503040011".into();
        }),
        (Field::ResidentId, OutOfScopeAge, |n| {
            person(n).resident_id = samples::number(date(2011, 10, 2));
        }),
        (Field::ResidentId, OutOfScopeAge, |n| {
            person(n).resident_id = samples::number(date(1976, 10, 1));
        }),
        (Field::ResidentId, ResidentIdUnassigned, |n| {
            n.sandbox = false
        }),
        (Field::MaritalStatus, OutOfScopeMaritalStatus, |n| {
            person(n).marital_status = "10".into();
        }),
        (Field::Phone, ValueFormat, |n| {
            person(n).phone = "+86 1".into()
        }),
        (Field::OriginArea, MissingField, |n| {
            departure(n).origin_area.clear()
        }),
        (Field::OriginArea, AreaUnknown, |n| {
            departure(n).origin_area = "3505".into()
        }),
        (Field::OriginArea, AreaNotOurs, |n| {
            departure(n).origin_area = "350583".into()
        }),
        (Field::DestinationArea, AreaNotOurs, |n| {
            departure(n).destination_area = "530112".into();
        }),
        (Field::EventDate, MissingField, |n| {
            departure(n).event_date.clear()
        }),
        (Field::EventDate, DateFormat, |n| {
            departure(n).event_date = "20261001".into()
        }),
        (Field::EventDate, DateFormat, |n| {
            departure(n).event_date = "2026-02-30".into()
        }),
        (Field::EventDate, DateInFuture, |n| {
            departure(n).event_date = "2026-10-09".into()
        }),
        (Field::ValidUntil, DateFormat, |n| {
            departure(n).certificate = Some(wire::Certificate {
                valid_until: "soon".into(),
                ..wire::Certificate::default()
            });
        }),
        (Field::MethodClass, ValueFormat, |n| {
            departure(n).care = Some(wire::Care {
                method_class: "70".into(),
                ..wire::Care::default()
            });
        }),
    ];
    for (field, code, change) in cases {
        let expected = EnvelopeError::of(*code, *field);
        assert_eq!(read(change).err(), Some(expected), "{field} {code}");
    }
}

#[test]
fn the_ages_at_the_bounds_are_in_scope() {
    for born in [date(2011, 10, 1), date(1976, 10, 2)] {
        assert!(read(|n| person(n).resident_id = samples::number(born)).is_ok());
    }
}

#[test]
fn a_wrong_header_is_malformed() {
    let cases: &[Change] = &[
        |n| n.id = Bytes::new(),
        |n| n.id = Bytes::from_static(&[0; 16]),
        |n| n.case_id = Bytes::from_static(b"case"),
        |n| n.nonce = Bytes::from_static(&[0; 15]),
        |n| n.agreement = None,
        |n| n.agreement.as_mut().unwrap().version = 0,
        |n| n.agreement.as_mut().unwrap().id = "530111-350582".into(),
        |n| n.purpose.clear(),
        |n| n.published_at_ms = 0,
        |n| (n.published_at_ms, n.deadline_ms) = (i64::MAX, i64::MAX),
        |n| n.deadline_ms = n.published_at_ms - 1,
    ];
    for (index, change) in cases.iter().enumerate() {
        assert_eq!(
            read(change).err(),
            Some(EnvelopeError::Malformed),
            "{index}"
        );
    }
}

#[test]
fn an_outcome_takes_what_belongs_to_it_and_nothing_else() {
    let read_feedback = |feedback: wire::Feedback| {
        read(move |notice| {
            notice.answers = Bytes::copy_from_slice(NoticeId::new([1; 8], 2).as_bytes());
            notice.content = Some(wire::notice::Content::Feedback(wire::Feedback {
                event_date: "2026-10-08".into(),
                ..feedback
            }));
        })
        .err()
    };
    let cases = [
        (0, "", None, Some((Code::MissingField, Field::Outcome))),
        (99, "", None, Some((Code::ValueFormat, Field::Outcome))),
        (
            1,
            "350582",
            None,
            Some((Code::ValueFormat, Field::MovedToArea)),
        ),
        (5, "", None, Some((Code::MissingField, Field::MovedToArea))),
        (5, "350582", None, None),
        (6, "", None, Some((Code::MissingField, Field::DuplicateOf))),
        (6, "", Some(NoticeId::new([1; 8], 3)), None),
        (
            1,
            "",
            Some(NoticeId::new([1; 8], 3)),
            Some((Code::ValueFormat, Field::DuplicateOf)),
        ),
    ];
    for (outcome, moved, duplicate, expected) in cases {
        let error = read_feedback(wire::Feedback {
            outcome,
            moved_to_area: moved.into(),
            duplicate_of: duplicate
                .map_or_else(Bytes::new, |id| Bytes::copy_from_slice(id.as_bytes())),
            ..wire::Feedback::default()
        });
        let expected = expected.map(|(code, field)| EnvelopeError::of(code, field));
        assert_eq!(error, expected, "{outcome} {moved}");
    }
}

#[test]
fn an_answer_must_name_a_notice() {
    let content = Content::Message(crate::domain::notice::Message { text: "好".into() });
    let bytes = samples::bytes(&samples::outgoing(&content));
    let expected = EnvelopeError::of(Code::MissingField, Field::Answers);
    assert_eq!(decode(&bytes).err(), Some(expected));
}

#[test]
fn what_opens_a_case_names_no_notice() {
    for kind in Kind::ALL {
        let content = samples::content(kind);
        let named = |answers| {
            decode(&samples::bytes(&Outgoing {
                answers,
                ..samples::outgoing(&content)
            }))
            .err()
        };
        let wrong = |code| Some(EnvelopeError::of(code, Field::Answers));
        let (without, with) = match kind.names_a_notice() {
            Names::Never => (None, wrong(Code::UnknownField)),
            Names::May => (None, None),
            Names::Must => (wrong(Code::MissingField), None),
        };
        assert_eq!(named(None), without, "{kind}");
        assert_eq!(named(Some(NoticeId::new([1; 8], 3))), with, "{kind}");
    }
}

/// A notice of that kind with a change to what it says, through its own message.
fn read_as(kind: Kind, change: fn(&mut wire::notice::Content)) -> Option<EnvelopeError> {
    let content = samples::content(kind);
    let bytes = samples::bytes(&Outgoing {
        answers: samples::answers(kind),
        ..samples::outgoing(&content)
    });
    let mut notice = wire::Notice::decode(bytes.as_slice()).unwrap();
    change(notice.content.as_mut().unwrap());
    decode(&notice.encode_to_vec()).err()
}

#[test]
fn each_kind_is_refused_for_what_it_cannot_do_without() {
    use Code::*;
    use wire::notice::Content as Wire;
    type Case = (Kind, Field, Code, fn(&mut Wire));
    let cases: &[Case] = &[
        (
            Kind::VerificationRequest,
            Field::Facts,
            MissingField,
            |it| {
                if let Wire::VerificationRequest(it) = it {
                    it.facts = Some(wire::Facts::default());
                }
            },
        ),
        (Kind::VerificationRequest, Field::Name, MissingField, |it| {
            if let Wire::VerificationRequest(it) = it {
                it.subject = None;
            }
        }),
        (
            Kind::VerificationRequest,
            Field::ResidentId,
            OutOfScopeAge,
            |it| {
                if let Wire::VerificationRequest(it) = it {
                    let born = samples::number(date(2012, 1, 1));
                    it.subject.as_mut().unwrap().resident_id = born;
                }
            },
        ),
        (Kind::ServiceRecord, Field::Service, MissingField, |it| {
            if let Wire::ServiceRecord(it) = it {
                it.service = 0;
            }
        }),
        (Kind::ServiceRecord, Field::Service, ValueFormat, |it| {
            if let Wire::ServiceRecord(it) = it {
                it.service = 99;
            }
        }),
        (Kind::ServiceRecord, Field::EventDate, DateInFuture, |it| {
            if let Wire::ServiceRecord(it) = it {
                it.event_date = "2026-10-09".into();
            }
        }),
        (Kind::ServiceRecord, Field::Provider, ForbiddenValue, |it| {
            if let Wire::ServiceRecord(it) = it {
                it.provider = "流产".into();
            }
        }),
        (
            Kind::ContinuityRequest,
            Field::EventDate,
            MissingField,
            |it| {
                if let Wire::ContinuityRequest(it) = it {
                    it.event_date.clear();
                }
            },
        ),
        (
            Kind::ContinuityTransfer,
            Field::NextCheckOn,
            MissingField,
            |it| {
                if let Wire::ContinuityTransfer(it) = it {
                    it.care = None;
                }
            },
        ),
        (
            Kind::CertificateResult,
            Field::CertificateStatus,
            MissingField,
            |it| {
                if let Wire::CertificateResult(it) = it {
                    it.certificate.as_mut().unwrap().status.clear();
                }
            },
        ),
        (Kind::Return, Field::Reason, MissingField, |it| {
            if let Wire::Return(it) = it {
                (it.reason, it.moved_to_area) = (0, String::new());
            }
        }),
        (Kind::Return, Field::Reason, ValueFormat, |it| {
            if let Wire::Return(it) = it {
                it.reason = 99;
            }
        }),
        (Kind::Return, Field::MovedToArea, MissingField, |it| {
            if let Wire::Return(it) = it {
                it.moved_to_area.clear();
            }
        }),
        (Kind::Return, Field::MovedToArea, ValueFormat, |it| {
            if let Wire::Return(it) = it {
                it.reason = wire::CloseReason::Deceased.into();
            }
        }),
        (Kind::Return, Field::MovedToArea, AreaUnknown, |it| {
            if let Wire::Return(it) = it {
                it.moved_to_area = "3505".into();
            }
        }),
        (Kind::Correction, Field::Corrects, MissingField, |it| {
            if let Wire::Correction(it) = it {
                it.corrected = None;
            }
        }),
        (Kind::Correction, Field::CorrectedOn, DateInFuture, |it| {
            if let Wire::Correction(it) = it {
                it.event_date = "2026-10-09".into();
            }
        }),
        // As an arrival it would come from the other side.
        (Kind::Correction, Field::OriginArea, AreaNotOurs, |it| {
            use wire::correction::Corrected;
            if let Wire::Correction(it) = it
                && let Some(Corrected::Departure(movement)) = it.corrected.take()
            {
                it.corrected = Some(Corrected::Arrival(movement));
            }
        }),
        (Kind::Withdrawal, Field::Reason, MissingField, |it| {
            if let Wire::Withdrawal(it) = it {
                it.reason = 0;
            }
        }),
        (Kind::Erasure, Field::EventDate, DateFormat, |it| {
            if let Wire::Erasure(it) = it {
                it.event_date = "8.10.2026".into();
            }
        }),
        (Kind::Reminder, Field::DueOn, MissingField, |it| {
            if let Wire::Reminder(it) = it {
                it.due_on.clear();
            }
        }),
        (Kind::Bulletin, Field::Month, DateFormat, |it| {
            if let Wire::Bulletin(it) = it {
                it.month = "2026-9".into();
            }
        }),
        (Kind::Bulletin, Field::Month, DateInFuture, |it| {
            if let Wire::Bulletin(it) = it {
                it.month = "2026-11".into();
            }
        }),
        (
            Kind::Bulletin,
            Field::Figure(Figure::OneSided),
            CountTooSmall,
            |it| {
                if let Wire::Bulletin(it) = it {
                    it.figures.as_mut().unwrap().one_sided = Some(4);
                }
            },
        ),
    ];
    for (kind, field, code, change) in cases {
        let expected = Some(EnvelopeError::of(*code, *field));
        assert_eq!(read_as(*kind, *change), expected, "{kind} {field}");
    }
    for kind in Kind::ALL {
        assert_eq!(read_as(kind, |_| {}), None, "{kind}");
    }
}

#[test]
fn a_trial_person_stands_in_no_real_question() {
    let content = samples::content(Kind::VerificationRequest);
    let bytes = samples::bytes(&Outgoing {
        sandbox: false,
        ..samples::outgoing(&content)
    });
    let expected = EnvelopeError::of(Code::ResidentIdUnassigned, Field::ResidentId);
    assert_eq!(decode(&bytes).err(), Some(expected));
}

#[test]
fn more_than_the_limit_is_not_even_walked_over() {
    assert_eq!(
        decode(&vec![0xff; SIZE_LIMIT + 1]).err(),
        Some(EnvelopeError::TooLarge)
    );
    assert_eq!(
        decode(&vec![0xff; SIZE_LIMIT]).err(),
        Some(EnvelopeError::Malformed)
    );
}

#[test]
fn an_unknown_or_repeated_field_behind_a_good_notice_is_refused() {
    let content = Content::Departure(samples::movement());
    let good = samples::bytes(&samples::outgoing(&content));
    assert!(decode(&good).is_ok());
    let unknown = [good.as_slice(), &[0x70, 0x01]].concat();
    assert_eq!(decode(&unknown).err(), Some(EnvelopeError::UnknownField));
    let twice = [good.as_slice(), &[0x58, 0x01]].concat();
    assert_eq!(
        decode(&twice).err(),
        Some(EnvelopeError::FieldRepeated(None))
    );
    let second = [good.as_slice(), &[0xaa, 0x01, 0x00]].concat();
    let repeated = EnvelopeError::FieldRepeated(Some(Field::Kind));
    assert_eq!(decode(&second).err(), Some(repeated));
}

#[test]
fn filled_fields_are_those_that_hold_something() {
    let content = Content::Departure(Movement {
        destination_address: Some("路1号".into()),
        ..samples::movement()
    });
    let bytes = samples::bytes(&samples::outgoing(&content));
    let names: Vec<&str> = decode(&bytes)
        .unwrap_or_else(|error| panic!("{error}"))
        .filled_fields
        .into_iter()
        .map(Field::name)
        .collect();
    assert_eq!(
        names,
        [
            "destination_address",
            "destination_area",
            "event_date",
            "kind",
            "subject.marital_status",
            "subject.name",
            "origin_area",
            "subject.resident_id"
        ]
    );
}
