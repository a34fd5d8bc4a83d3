//! What offices ask, from the bytes of a message on: a module of `office::wire`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    reason = "a target fails by panicking"
)]

use prost::Message;

use super::{asked, draft::raw_draft};
use crate::{
    domain::{
        calendar,
        draft::{Draft, Rules},
    },
    proto::office::v1 as wire,
};

pub(crate) fn draft(bytes: &[u8]) {
    let Ok(message) = wire::Draft::decode(bytes) else {
        return;
    };
    let raw = raw_draft(Some(message));
    let rules = Rules {
        today: calendar::parse_day("2026-11-22").unwrap(),
        home_areas: vec!["350582".parse().unwrap()],
        sandbox: true,
    };
    if let Ok(draft) = Draft::parse(&raw, &rules) {
        // The same row always gives the same digest of its content.
        let again = Draft::parse(&raw, &rules).map(|draft| draft.canonical());
        assert_eq!(again, Ok(draft.canonical()));
    }
}

pub(crate) fn subscribe(bytes: &[u8]) {
    let _ = wire::SubscribeRequest::decode(bytes).map(|request| asked::step(request).is_ok());
}

pub(crate) fn list_notices(bytes: &[u8]) {
    let Ok(request) = wire::ListNoticesRequest::decode(bytes) else {
        return;
    };
    let token = request.page_token.clone();
    if let Ok(asked) = asked::notices_asked(request) {
        assert_eq!(asked::page_token(asked.before), token);
    }
}

/// Messages of each kind, for a target to begin from.
#[cfg(test)]
pub(crate) fn seeds(kind: &str) -> Vec<Vec<u8>> {
    use crate::proto::notice::v1 as notice;

    let text = ToOwned::to_owned;
    match kind {
        "draft" => {
            let movement = notice::Movement {
                subject: Some(notice::Person {
                    name: text("杨晓燕"),
                    resident_id: text("994409198707016347"),
                    marital_status: text("20"),
                    phone: text("19900000000"),
                    ..Default::default()
                }),
                origin_area: text("350582104000"),
                destination_area: text("530111001000"),
                event_date: text("2026-09-22"),
                ..Default::default()
            };
            let draft = wire::Draft {
                reference: text("r-1"),
                content: Some(wire::draft::Content::Departure(movement)),
                consent: Some(notice::Consent {
                    date: text("2026-09-01"),
                    reference: text("c-1"),
                }),
                ..Default::default()
            };
            let answer = wire::Draft {
                reference: text("r-2"),
                answers: vec![3; 16].into(),
                content: Some(wire::draft::Content::Feedback(notice::Feedback {
                    event_date: text("2026-09-22"),
                    ..Default::default()
                })),
                ..Default::default()
            };
            vec![draft.encode_to_vec(), answer.encode_to_vec()]
        }
        "subscribe" => {
            use wire::subscribe_request::Step;
            let open = wire::OpenConsumer {
                name: text("desk"),
                home_area: text("350582"),
                kinds: vec![text("departure"), text("feedback")],
                start: wire::Start::Now.into(),
                credit: 100,
            };
            [
                Step::Open(open),
                Step::Acknowledge(wire::Acknowledge { position: 70_000 }),
                Step::Credit(wire::Credit { notices: 9 }),
            ]
            .map(|step| wire::SubscribeRequest { step: Some(step) }.encode_to_vec())
            .to_vec()
        }
        "list_notices" => {
            let request = wire::ListNoticesRequest {
                home_area: text("350582"),
                direction: wire::Direction::Out.into(),
                kinds: vec![text("departure")],
                page_size: 100,
                page_token: text("0000000000011170"),
                states: vec![text("stored")],
            };
            vec![request.encode_to_vec()]
        }
        kind => unreachable!("no such message: {kind}"),
    }
}
