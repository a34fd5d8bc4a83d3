//! What was due between two areas, as two nodes tell each other.

use bytes::Bytes;
use jiff::civil::Date;

use super::{
    NotOfItsForm, proto,
    values::{channel_in, channel_out},
};
use crate::{
    cases::{DuePage, PageToken},
    domain::{
        area::County,
        calendar,
        case::{DueItem, DueStanding, State},
        channel::Channel,
        month::Month,
        notice::NoticeId,
    },
};

/// What is asked for.
#[derive(Clone, Copy)]
pub(in crate::exchange) struct DueAsked {
    pub(in crate::exchange) channel: Channel,
    pub(in crate::exchange) sandbox: bool,
    pub(in crate::exchange) month: Month,
    pub(in crate::exchange) after: Option<PageToken>,
}

pub(in crate::exchange) fn due_request(asked: DueAsked) -> proto::ListDueRequest {
    let DueAsked {
        channel,
        sandbox,
        month,
        after,
    } = asked;
    proto::ListDueRequest {
        channel: Some(channel_out(channel, sandbox)),
        month: month.to_string(),
        after: after.and_then(place_out),
    }
}

pub(in crate::exchange) fn due_request_in(
    message: proto::ListDueRequest,
) -> Result<DueAsked, NotOfItsForm> {
    let proto::ListDueRequest {
        channel,
        month,
        after,
    } = message;
    let (channel, sandbox) = channel_in(channel)?;
    Ok(DueAsked {
        channel,
        sandbox,
        month: month.parse().map_err(|_| NotOfItsForm("a month"))?,
        after: after.map(place_in).transpose()?,
    })
}

pub(in crate::exchange) fn due_response(page: DuePage) -> proto::ListDueResponse {
    let DuePage { items, next } = page;
    proto::ListDueResponse {
        items: items.into_iter().map(item_out).collect(),
        next: next.and_then(place_out),
    }
}

pub(in crate::exchange) fn due_response_in(
    message: proto::ListDueResponse,
) -> Result<DuePage, NotOfItsForm> {
    let proto::ListDueResponse { items, next } = message;
    Ok(DuePage {
        items: (items.into_iter()).map(item_in).collect::<Result<_, _>>()?,
        next: next.map(place_in).transpose()?,
    })
}

/// Whatever was due has a day.
fn place_out(place: PageToken) -> Option<proto::DuePlace> {
    let PageToken { day, case } = place;
    Some(proto::DuePlace {
        day: day?.to_string(),
        case_id: id_out(case),
    })
}

fn place_in(place: proto::DuePlace) -> Result<PageToken, NotOfItsForm> {
    let proto::DuePlace { day, case_id } = place;
    Ok(PageToken {
        day: Some(day_in(&day)?),
        case: id_in(&case_id)?,
    })
}

fn item_out(item: DueItem) -> proto::DueItem {
    let DueItem {
        notice,
        case,
        by,
        kind,
        due,
        standing,
        state,
        under_way,
    } = item;
    proto::DueItem {
        notice_id: id_out(notice),
        case_id: id_out(case),
        owed_by_area: by.to_string(),
        kind: kind.name().to_owned(),
        due_on: due.to_string(),
        standing: standing.name().to_owned(),
        ended_at_ms: standing.at_ms().unwrap_or_default(),
        state: state.to_owned(),
        under_way,
    }
}

fn item_in(item: proto::DueItem) -> Result<DueItem, NotOfItsForm> {
    let proto::DueItem {
        notice_id,
        case_id,
        owed_by_area,
        kind,
        due_on,
        standing,
        ended_at_ms,
        state,
        under_way,
    } = item;
    let by: County = (owed_by_area.parse()).map_err(|_| NotOfItsForm("an area code"))?;
    let standing = DueStanding::from_name(&standing, ended_at_ms);
    let mut states = State::NAMES.into_iter();
    Ok(DueItem {
        notice: id_in(&notice_id)?,
        case: id_in(&case_id)?,
        by,
        kind: kind.parse().map_err(|_| NotOfItsForm("a kind"))?,
        due: day_in(&due_on)?,
        standing: standing.ok_or(NotOfItsForm("what became of a notice"))?,
        state: states
            .find(|known| *known == state)
            .ok_or(NotOfItsForm("a state"))?,
        under_way,
    })
}

fn id_out(id: NoticeId) -> Bytes {
    Bytes::copy_from_slice(id.as_bytes())
}

fn id_in(bytes: &[u8]) -> Result<NoticeId, NotOfItsForm> {
    NoticeId::try_from(bytes).map_err(|_| NotOfItsForm("a notice id"))
}

fn day_in(text: &str) -> Result<Date, NotOfItsForm> {
    calendar::parse_day(text).ok_or(NotOfItsForm("a day"))
}
