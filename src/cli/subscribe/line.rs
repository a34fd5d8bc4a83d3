//! The line of a notice that was handed over.

use serde_json::{Map, Value, json};

use super::super::moment::rfc3339;
use crate::{
    domain::notice::Content,
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
    let what = match content {
        Content::Departure(movement) | Content::Arrival(movement) => format!(
            "{} {} {} → {}",
            movement.subject.name,
            movement.event_date,
            movement.origin_area,
            movement.destination_area
        ),
        Content::Feedback(feedback) => format!(
            "{} {} {}",
            feedback.outcome.name(),
            feedback.event_date,
            handover.answers_reference.as_deref().unwrap_or_default()
        ),
        Content::Message(message) => message.text.replace(char::is_control, " "),
    };
    let again = if handover.redelivered { " ↻" } else { "" };
    format!(
        "{stamp}{} #{} {} {what} {}{again}",
        header.from.label(),
        handover.sequence,
        header.kind,
        header.id
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        channel::Sequence,
        notice::{Feedback, NoticeId, Outcome},
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
                    kind: crate::domain::notice::Kind::Feedback,
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
}
