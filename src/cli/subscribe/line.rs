//! The line of a notice that was handed over.

use serde_json::{Map, Value, json};

use super::super::moment::rfc3339;
use crate::{
    domain::notice::{CloseReason, Content, Fact, Movement},
    envelope::{Header, Incoming},
    ledger::write_object,
    office::client::Handover,
};

/// The notice as an object: its content as `publish` reads it, and what the nodes know of it.
pub(super) fn object(handover: &Handover) -> Map<String, Value> {
    let Handover {
        notice,
        position,
        sequence,
        received_at_ms,
        redelivered,
        answers_reference,
    } = handover;
    let mut object = content(notice);
    object.insert("position".to_owned(), json!(position));
    object.insert("sequence".to_owned(), json!(sequence));
    object.insert("received_at".to_owned(), json!(rfc3339(*received_at_ms)));
    if *redelivered {
        object.insert("redelivered".to_owned(), json!(true));
    }
    if let Some(reference) = answers_reference {
        object.insert("answers_reference".to_owned(), json!(reference));
    }
    object
}

/// What a notice says, and about itself.
pub(in crate::cli) fn content(notice: &Incoming) -> Map<String, Value> {
    let Incoming {
        header,
        consent,
        content,
        filled_fields: _,
    } = notice;
    let Header {
        id,
        from,
        to,
        sandbox,
        answers,
        ..
    } = header;
    let mut object = write_object(*answers, consent.as_ref(), content);
    object.insert("notice_id".to_owned(), json!(id.to_string()));
    object.insert("from_area".to_owned(), json!(from.as_str()));
    object.insert("to_area".to_owned(), json!(to.as_str()));
    object.insert("case_id".to_owned(), json!(header.case().to_string()));
    object.insert("sandbox".to_owned(), json!(sandbox));
    object
}

/// The notice in one line for people, stamped where it is a trial one.
pub(super) fn words(handover: &Handover) -> String {
    let Incoming {
        header, content, ..
    } = &handover.notice;
    let stamp = if header.sandbox { "[sandbox] " } else { "" };
    let what = told(
        content,
        handover.answers_reference.as_deref().unwrap_or_default(),
    );
    let again = if handover.redelivered { " ↻" } else { "" };
    format!(
        "{stamp}{} #{} {} {what} {}{again}",
        header.from.label(),
        handover.sequence,
        header.kind,
        header.id
    )
}

/// What it says, in a line; `answered` is how this office calls the notice that it speaks of.
fn told(content: &Content, answered: &str) -> String {
    match content {
        Content::Departure(movement) | Content::Arrival(movement) => moved(movement),
        Content::Feedback(feedback) => {
            let outcome = feedback.outcome.name();
            format!("{outcome} {} {answered}", feedback.event_date)
        }
        Content::Message(message) => message.text.replace(char::is_control, " "),
        Content::VerificationRequest(request) => {
            let facts: Vec<&str> = request.facts.iter().copied().map(Fact::name).collect();
            let name = &request.subject.name;
            format!("{name} {} {}", request.event_date, facts.join(", "))
        }
        Content::ServiceRecord(record) => {
            let service = record.service.name();
            format!("{service} {} {answered}", record.event_date)
        }
        Content::CertificateResult(result) => {
            let status = result.certificate.status.as_deref().unwrap_or_default();
            format!("{status} {} {answered}", result.event_date)
        }
        Content::Return(ending) => {
            let reason = ending.reason.name();
            let moved_to = match ending.reason {
                CloseReason::MovedOn(area) => format!("→ {area} "),
                CloseReason::Returned
                | CloseReason::RegisteredHere
                | CloseReason::Deceased
                | CloseReason::LeftScope
                | CloseReason::Error => String::new(),
            };
            format!("{reason} {} {moved_to}{answered}", ending.event_date)
        }
        Content::Correction(correction) => {
            format!("{} {}", correction.corrects, moved(&correction.movement))
        }
        Content::Withdrawal(withdrawal) => {
            let reason = withdrawal.reason.name();
            format!("{reason} {} {answered}", withdrawal.event_date)
        }
        Content::Reminder(reminder) => format!("{} {answered}", reminder.due_on),
        Content::Bulletin(bulletin) => {
            let counts = bulletin.figures.iter();
            let counts: Vec<String> = counts
                .map(|(figure, count)| format!("{} {count}", figure.name()))
                .collect();
            format!("{} {}", bulletin.month, counts.join(", "))
        }
        Content::ContinuityRequest(_)
        | Content::ContinuityTransfer(_)
        | Content::CertificateQuery(_)
        | Content::Erasure(_)
        | Content::TakenUp => match content.event_date() {
            Some(day) => format!("{day} {answered}"),
            None => answered.to_owned(),
        },
    }
}

fn moved(movement: &Movement) -> String {
    format!(
        "{} {} {} → {}",
        movement.subject.name, movement.event_date, movement.origin_area, movement.destination_area
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            channel::Sequence,
            draft::{Draft, Rules},
            field::Field,
            notice::{Feedback, Kind, NoticeId, Outcome},
        },
        envelope::{Outgoing, decode, samples},
        ledger::read_object,
    };

    fn feedback(redelivered: bool) -> Handover {
        let id = NoticeId::new([1; 8], 2);
        let answers = NoticeId::new([1; 8], 1);
        Handover {
            notice: Incoming {
                header: Header {
                    id,
                    opposite_sequence: Sequence::new(1),
                    from: "530111".parse().unwrap(),
                    to: "350582".parse().unwrap(),
                    kind: Kind::Feedback,
                    case_id: Some(answers),
                    answers: Some(answers),
                    agreement: "350582-530111/1".parse().unwrap(),
                    purpose: "mobility_service".to_owned(),
                    published_at_ms: 1_795_276_800_000,
                    published_on: jiff::civil::date(2026, 11, 22),
                    deadline_ms: 1_795_276_800_001,
                    sandbox: true,
                },
                consent: None,
                content: Content::Feedback(Feedback {
                    outcome: Outcome::Confirmed,
                    event_date: jiff::civil::date(2026, 11, 22),
                    note: None,
                }),
                filled_fields: Vec::new(),
            },
            position: 17,
            sequence: 3,
            received_at_ms: 1_795_276_800_123,
            redelivered,
            answers_reference: Some("r-1".to_owned()),
        }
    }

    #[test]
    fn the_line_is_the_documented_one() {
        let expected = json!({
            "kind": "feedback",
            "answers": "01010101-0101-8101-8000-000000000001",
            "answers_reference": "r-1",
            "case_id": "01010101-0101-8101-8000-000000000001",
            "event_date": "2026-11-22",
            "from_area": "530111",
            "notice_id": "01010101-0101-8101-8000-000000000002",
            "outcome": "confirmed",
            "position": 17,
            "received_at": "2026-11-22T00:00:00.123+08:00",
            "sandbox": true,
            "sequence": 3,
            "to_area": "350582",
        });
        assert_eq!(Value::Object(object(&feedback(false))), expected);
        let again = object(&feedback(true));
        assert_eq!(again.get("redelivered"), Some(&json!(true)));
    }

    /// A row of each kind that an office publishes, as the documentation spells it.
    const ROWS: [&str; 17] = [
        r#"{"kind":"departure","event_date":"2026-10-08","subject":{"name":"测试甲","resident_id":"994409198707016347","marital_status":"21","phone":"19900000000"},"origin_area":"350582104000","destination_area":"530111001000","destination_address":"测试路1号","next_check_on":"2026-12-01","consent":{"date":"2026-10-01","reference":"c-1"}}"#,
        r#"{"kind":"arrival","event_date":"2026-10-08","subject":{"name":"测试甲","resident_id":"994409198707016347","marital_status":"21"},"origin_area":"530111001000","destination_area":"350582104000","certificate_number":"12345","certificate_status":"有效","valid_until":"2028-01-01"}"#,
        r#"{"kind":"feedback","answers":"ID","event_date":"2026-10-09","outcome":"moved_on","moved_to_area":"350583104"}"#,
        r#"{"kind":"message","answers":"ID","text":"请回电"}"#,
        r#"{"kind":"verification_request","event_date":"2026-10-09","subject":{"name":"测试甲","resident_id":"994409198707016347","marital_status":"21"},"facts":["lives_here","phone"]}"#,
        r#"{"kind":"verification_request","answers":"ID","event_date":"2026-10-09","subject":{"name":"测试甲","resident_id":"994409198707016347","marital_status":"21"},"facts":["certificate"]}"#,
        r#"{"kind":"service_record","answers":"ID","event_date":"2026-10-09","service":"antenatal_check","provider":"测试医院","next_due_on":"2026-12-01","consent":{"date":"2026-10-01","reference":"c-1"}}"#,
        r#"{"kind":"continuity_request","answers":"ID","event_date":"2026-10-09"}"#,
        r#"{"kind":"continuity_transfer","answers":"ID","event_date":"2026-10-09","next_check_on":"2026-12-01","vaccination_due_on":"2026-12-02","consent":{"date":"2026-10-01","reference":"c-1"}}"#,
        r#"{"kind":"certificate_query","answers":"ID","event_date":"2026-10-09"}"#,
        r#"{"kind":"certificate_result","answers":"ID","event_date":"2026-10-09","certificate_number":"12345","certificate_status":"有效","valid_until":"2028-01-01"}"#,
        r#"{"kind":"return","answers":"ID","event_date":"2026-10-09","reason":"moved_on","moved_to_area":"350583104"}"#,
        r#"{"kind":"return","answers":"ID","event_date":"2026-10-09","reason":"left_scope"}"#,
        r#"{"kind":"correction","answers":"ID","corrects":"departure","corrected_on":"2026-10-09","event_date":"2026-10-07","subject":{"name":"测试乙","resident_id":"994409198707016347","marital_status":"21"},"origin_area":"350582104000","destination_area":"530111001000"}"#,
        r#"{"kind":"withdrawal","answers":"ID","event_date":"2026-10-09","reason":"did_not_move"}"#,
        r#"{"kind":"erasure","answers":"ID","event_date":"2026-10-09"}"#,
        r#"{"kind":"bulletin","month":"2026-09","figures":{"departures_sent":300,"overdue":0,"one_sided":18446744073709551615}}"#,
    ];

    /// A notice with that content, as its receiver reads it.
    fn received(draft: &Draft) -> Incoming {
        let bytes = samples::bytes(&Outgoing {
            case_id: draft.answers,
            answers: draft.answers,
            consent: draft.consent.as_ref(),
            published_at_ms: 1_795_276_800_000,
            deadline_ms: 1_795_276_800_001,
            ..samples::outgoing(&draft.content)
        });
        decode(&bytes).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What is printed of a notice, without what its nodes know of it.
    fn printed(notice: &Incoming) -> Value {
        let mut object = content(notice);
        for key in ["notice_id", "from_area", "to_area", "case_id", "sandbox"] {
            assert!(object.remove(key).is_some(), "{key}");
        }
        Value::Object(object)
    }

    #[test]
    fn a_row_of_each_kind_is_printed_as_it_was_written() {
        let rules = Rules {
            today: jiff::civil::date(2026, 11, 22),
            home_areas: vec!["350582".parse().unwrap()],
            sandbox: true,
        };
        let mut kinds: Vec<Kind> = Vec::new();
        for row in ROWS {
            let row = row.replace("ID", "01010101-0101-8101-8000-000000000001");
            let (mut raw, problems) = read_object(&row).unwrap();
            assert_eq!(problems, [], "{row}");
            raw.set(Field::ToArea, "530111");
            let draft = match Draft::parse(&raw, &rules) {
                Ok(draft) => draft,
                Err(problems) => panic!("{problems:?}: {row}"),
            };
            kinds.push(draft.content.kind());
            let notice = received(&draft);
            assert!(notice.content == draft.content, "{row}");
            let written: Value = serde_json::from_str(&row).unwrap();
            assert_eq!(printed(&notice), written);
        }
        let mut left = Kind::ALL.to_vec();
        left.retain(|kind| !kinds.contains(kind));
        assert_eq!(left, [Kind::TakenUp, Kind::Reminder], "an office's kinds");
    }

    #[test]
    fn what_the_node_makes_is_printed_with_the_notice_that_it_speaks_of() {
        let answers = "01010101-0101-8101-8000-000000000001";
        for (content, expected) in [
            (
                Content::TakenUp,
                json!({"kind": "taken_up", "answers": answers}),
            ),
            (
                samples::content(Kind::Reminder),
                json!({"kind": "reminder", "answers": answers, "due_on": "2026-10-30"}),
            ),
        ] {
            let draft = Draft {
                reference: None,
                from: "350582".parse().unwrap(),
                from_follows: false,
                to: "530111".parse().ok(),
                answers: answers.parse().ok(),
                consent: None,
                content,
            };
            assert_eq!(printed(&received(&draft)), expected);
        }
    }

    #[test]
    fn every_kind_has_a_line_for_people() {
        for kind in Kind::ALL {
            let line = told(&samples::content(kind), "r-1");
            assert!(!line.is_empty() && !line.contains('\n'), "{kind}");
        }
        let line = |kind| told(&samples::content(kind), "r-1");
        assert_eq!(line(Kind::Withdrawal), "did_not_move 2026-10-07 r-1");
        assert_eq!(line(Kind::Return), "moved_on 2026-10-07 → 350583104 r-1");
        assert_eq!(
            line(Kind::Bulletin),
            "2026-09 departures_sent 300, overdue 0"
        );
    }
}
