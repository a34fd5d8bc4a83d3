//! What offices ask, besides publishing.

use std::str::FromStr;

use data_encoding::HEXLOWER;

use crate::{
    domain::{
        area::County,
        calendar,
        notice::{Kind, NoticeId},
        problem::Code,
    },
    office::{
        problem::Fault,
        query::NoticesAsked,
        subscribe::{Opening, Step},
    },
    pairing::life::{Act, Way},
    proto::office::v1 as wire,
    store::{Direction, Position},
};

/// One message of a subscriber.
pub(super) fn step(request: wire::SubscribeRequest) -> Result<Step, Fault> {
    use wire::subscribe_request::Step as Wire;
    let wire::SubscribeRequest { step } = request;
    match step {
        Some(Wire::Open(open)) => opening(open).map(Step::Open),
        Some(Wire::Acknowledge(wire::Acknowledge { position })) => {
            Ok(Step::Acknowledge(Position::new(position)))
        }
        Some(Wire::Credit(wire::Credit { notices })) => Ok(Step::Credit(notices)),
        None => Err(Fault::Argument("step", Code::MissingField)),
    }
}

fn opening(open: wire::OpenConsumer) -> Result<Opening, Fault> {
    let wire::OpenConsumer {
        name,
        home_area,
        kinds,
        start,
        credit,
    } = open;
    let start = wire::Start::try_from(start)
        .map_err(|_| Fault::Argument("open.start", Code::ValueFormat))?;
    Ok(Opening {
        name,
        home: optional_county(&home_area, "open.home_area")?,
        kinds: kinds_of(&kinds, "open.kinds")?,
        from_first: match start {
            wire::Start::Unspecified | wire::Start::First => true,
            wire::Start::Now => false,
        },
        credit,
    })
}

pub(super) fn notices_asked(request: wire::ListNoticesRequest) -> Result<NoticesAsked, Fault> {
    let wire::ListNoticesRequest {
        home_area,
        direction,
        kinds,
        page_size,
        page_token,
        states,
    } = request;
    let direction = wire::Direction::try_from(direction)
        .map_err(|_| Fault::Argument("direction", Code::ValueFormat))?;
    Ok(NoticesAsked {
        home: optional_county(&home_area, "home_area")?,
        direction: match direction {
            wire::Direction::Unspecified => None,
            wire::Direction::Out => Some(Direction::Out),
            wire::Direction::In => Some(Direction::In),
        },
        kinds: kinds_of(&kinds, "kinds")?,
        states,
        page_size,
        before: page_position(&page_token)?,
    })
}

pub(super) fn notice_id(bytes: &[u8]) -> Result<NoticeId, Fault> {
    bytes
        .try_into()
        .map_err(|_| Fault::Argument("notice_id", Code::ValueFormat))
}

pub(super) fn county(text: &str) -> Result<County, Fault> {
    text.parse()
        .map_err(|_| Fault::Argument("area", Code::AreaUnknown))
}

/// What an operator says of an agreement.
pub(super) fn act(request: wire::AgreeRequest) -> Result<Act, Fault> {
    use wire::agree_request::Act as Wire;
    let wire::AgreeRequest { act } = request;
    Ok(
        match act.ok_or(Fault::Argument("act", Code::MissingField))? {
            Wire::Propose(wire::ProposeAgreement { text, to_area }) => Act::Propose {
                text,
                to: value(&to_area, "propose.to_area")?,
            },
            Wire::Amend(wire::AmendAgreement { agreement, text }) => Act::Amend {
                id: value(&agreement, "amend.agreement")?,
                text,
            },
            Wire::Accept(wire::AcceptAgreement { agreement }) => {
                Act::Accept(value(&agreement, "accept.agreement")?)
            }
            Wire::Suspend(wire::SuspendAgreement {
                agreement,
                kind,
                direction,
                reason,
            }) => Act::Suspend {
                which: value(&agreement, "suspend.agreement")?,
                kind: match kind.as_str() {
                    "" => None,
                    kind => Some(value(kind, "suspend.kind")?),
                },
                way: match wire::Direction::try_from(direction) {
                    Ok(wire::Direction::Unspecified) => None,
                    Ok(wire::Direction::In) => Some(Way::In),
                    Ok(wire::Direction::Out) => Some(Way::Out),
                    Err(_) => return Err(Fault::Argument("suspend.direction", Code::ValueFormat)),
                },
                reason: value(&reason, "suspend.reason")?,
            },
            Wire::Resume(wire::ResumeAgreement { agreement }) => {
                Act::Resume(value(&agreement, "resume.agreement")?)
            }
            Wire::End(wire::EndAgreement {
                agreement,
                from,
                reason,
            }) => Act::End {
                which: value(&agreement, "end.agreement")?,
                from: calendar::parse_day(&from)
                    .ok_or(Fault::Argument("end.from", Code::DateFormat))?,
                reason: value(&reason, "end.reason")?,
            },
        },
    )
}

fn value<T: FromStr>(text: &str, field: &'static str) -> Result<T, Fault> {
    text.parse()
        .map_err(|_| Fault::Argument(field, Code::ValueFormat))
}

/// Clients take it as opaque.
pub(super) fn page_token(next: Option<Position>) -> String {
    next.map(|position| HEXLOWER.encode(&position.get().to_be_bytes()))
        .unwrap_or_default()
}

pub(super) fn page_position(token: &str) -> Result<Option<Position>, Fault> {
    if token.is_empty() {
        return Ok(None);
    }
    let bytes = HEXLOWER.decode(token.as_bytes()).ok();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .map(|bytes| Some(Position::new(u64::from_be_bytes(bytes))))
        .ok_or(Fault::Argument("page_token", Code::ValueFormat))
}

pub(super) fn optional_county(text: &str, field: &'static str) -> Result<Option<County>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| Fault::Argument(field, Code::AreaUnknown))
}

fn kinds_of(names: &[String], field: &'static str) -> Result<Vec<Kind>, Fault> {
    names
        .iter()
        .map(|name| {
            name.parse()
                .map_err(|_| Fault::Argument(field, Code::ValueFormat))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tokens_round_trip_and_others_are_refused() {
        let position = Position::new(70_000);
        let token = page_token(Some(position));
        assert_eq!(page_position(&token), Ok(Some(position)));
        assert_eq!(page_position(&page_token(None)), Ok(None));
        for token in ["x", "00", "00000000000000zz", "000000000000000000"] {
            assert_eq!(
                page_position(token),
                Err(Fault::Argument("page_token", Code::ValueFormat))
            );
        }
    }
}
