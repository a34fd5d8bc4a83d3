//! What is on record, between the messages of the service and what the office room asks and tells.

use std::sync::Arc;

use tokio_stream::Stream;
use tonic::Status;

use super::asked::{optional_county, page_position, page_token};
use crate::{
    domain::{
        audit::{Entry, On, Purpose, Reason},
        problem::Code,
    },
    office::{
        Office,
        audit::{ActsAsked, ActsSeen, Excerpt, ExcerptAsked, Part, Seal},
        problem::Fault,
    },
    proto::office::v1 as wire,
    store::Audited,
};

/// The reason that was given, if one was.
pub(super) fn reason(text: &str) -> Result<Option<Reason>, Fault> {
    match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(Fault::Reason),
    }
}

/// For what purpose somebody was shown a notice or a case, in full or masked.
pub(super) fn purpose(full: bool, reason: Option<Reason>) -> Purpose {
    match (full, reason) {
        (true, Some(reason)) => Purpose::Reason(reason),
        (true, None) => Purpose::Duty,
        (false, _) => Purpose::Masked,
    }
}

pub(super) fn acts_asked(request: wire::ListAuditRequest) -> Result<ActsAsked, Fault> {
    let wire::ListAuditRequest {
        home_area,
        from_ms,
        until_ms,
        who,
        act,
        page_size,
        page_token,
    } = request;
    let act = match act.as_str() {
        "" => None,
        name => {
            let act = name.parse();
            Some(act.map_err(|_| Fault::Argument("act", Code::ValueFormat))?)
        }
    };
    Ok(ActsAsked {
        home: optional_county(&home_area, "home_area")?,
        from_ms: some(from_ms),
        until_ms: some(until_ms),
        who,
        act,
        page_size,
        before: page_position(&page_token)?,
    })
}

pub(super) fn acts(seen: ActsSeen) -> wire::ListAuditResponse {
    let ActsSeen { acts, next } = seen;
    wire::ListAuditResponse {
        entries: acts.into_iter().map(entry).collect(),
        next_page_token: page_token(next),
    }
}

fn entry(audited: Audited) -> wire::AuditEntry {
    let Audited {
        home,
        number,
        previous: _,
        entry,
    } = audited;
    let Entry {
        at_ms,
        who,
        role,
        from,
        act,
        on,
        purpose,
        came,
        counts,
    } = entry;
    wire::AuditEntry {
        home_area: home.to_string(),
        number,
        at_ms,
        who: who.to_string(),
        role,
        from,
        act: act.name().to_owned(),
        on: on.iter().map(On::to_string).collect(),
        purpose: purpose.name().to_owned(),
        reason: purpose.reason().to_owned(),
        outcome: came.name().to_owned(),
        code: came.code().to_owned(),
        done: counts.done,
        repeated: counts.repeated,
        refused: counts.refused,
    }
}

pub(super) fn excerpt_asked(request: &wire::ExportAuditRequest) -> Result<ExcerptAsked, Fault> {
    let wire::ExportAuditRequest {
        home_area,
        from_ms,
        until_ms,
    } = request;
    Ok(ExcerptAsked {
        home: optional_county(home_area, "home_area")?,
        from_ms: some(*from_ms),
        until_ms: some(*until_ms),
    })
}

const fn some(ms: i64) -> Option<i64> {
    if ms == 0 { None } else { Some(ms) }
}

/// The parts of an excerpt, each read once the one before it has been taken.
pub(super) fn parts(
    office: Arc<Office>,
    excerpt: Excerpt,
) -> impl Stream<Item = Result<wire::ExportAuditResponse, Status>> + Send {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        let mut excerpt = excerpt;
        loop {
            let next = office.next_of(&mut excerpt).await;
            let (told, over) = match next {
                Ok(Some(part)) => (Ok(part_of(part)), false),
                Ok(None) => return,
                Err(fault) => (Err(Status::from(fault)), true),
            };
            if sender.send(told).await.is_err() || over {
                return;
            }
        }
    });
    tokio_stream::wrappers::ReceiverStream::new(receiver)
}

fn part_of(part: Part) -> wire::ExportAuditResponse {
    use wire::export_audit_response::Part as Wire;
    let part = match part {
        Part::Acts(acts) => Wire::Acts(wire::AuditForms {
            forms: acts.iter().map(|act| act.bytes().into()).collect(),
        }),
        Part::Seal(Seal { signed, key }) => Wire::Seal(wire::AuditSeal {
            form: signed.form().clone(),
            signature: signed.signature().clone(),
            signing_key: key.into(),
        }),
    };
    wire::ExportAuditResponse { part: Some(part) }
}
