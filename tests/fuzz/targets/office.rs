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
    use crate::{
        domain::notice::{Consent, Kind},
        envelope::samples,
        office::client::to_wire,
    };

    let text = ToOwned::to_owned;
    match kind {
        "draft" => {
            let kinds = Kind::ALL.into_iter().map(|kind| Draft {
                reference: "r-1".parse().ok(),
                from: "350582".parse().unwrap(),
                from_follows: false,
                to: "530111".parse().ok(),
                answers: samples::answers(kind),
                consent: Some(Consent {
                    date: calendar::parse_day("2026-09-01").unwrap(),
                    reference: text("c-1"),
                }),
                content: samples::content(kind),
            });
            kinds.map(|draft| to_wire(&draft).encode_to_vec()).collect()
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
