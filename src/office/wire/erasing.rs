//! Erasures, between the messages of the service and what the office room asks and tells.

use bytes::Bytes;

use super::{asked::optional_county, told};
use crate::{
    office::{
        erasing::{ErasureSeen, ErasureTold, ErasuresAsked, ErasuresSeen, Statement},
        problem::Fault,
    },
    proto::office::v1 as wire,
    store::{Erasure, Position, Side},
};

pub(super) fn asked(request: &wire::ListErasuresRequest) -> Result<ErasuresAsked, Fault> {
    let wire::ListErasuresRequest {
        home_area,
        page_size,
        page_after,
    } = request;
    Ok(ErasuresAsked {
        home: optional_county(home_area, "home_area")?,
        after: Position::new(*page_after),
        page_size: *page_size,
    })
}

pub(super) fn erasures(seen: ErasuresSeen) -> wire::ListErasuresResponse {
    let ErasuresSeen { erasures, next } = seen;
    wire::ListErasuresResponse {
        erasures: erasures.into_iter().map(erasure).collect(),
        next_after: next.map_or(0, Position::get),
    }
}

fn erasure(seen: ErasureSeen) -> wire::ErasureState {
    let ErasureSeen {
        erasure,
        told,
        pending_until_ms,
    } = seen;
    let Erasure {
        id,
        side: Side { home, other },
        case,
        reason,
        at_ms,
        asked_by,
        office,
        notices,
    } = erasure;
    wire::ErasureState {
        erasure_id: told::id(id),
        case_id: told::id(case),
        home_area: home.to_string(),
        peer_area: other.to_string(),
        erased_at_ms: at_ms,
        reason: reason.name().to_owned(),
        office,
        asked_by_notice_id: asked_by.map_or_else(Bytes::new, told::id),
        notices: u32::try_from(notices.len()).unwrap_or(u32::MAX),
        told: told.into_iter().map(one).collect(),
        pending_until_ms: pending_until_ms.unwrap_or(0),
    }
}

fn one(told: ErasureTold) -> wire::ErasureTold {
    let ErasureTold {
        notice,
        state,
        asking,
        confirmed_at_ms,
    } = told;
    wire::ErasureTold {
        notice_id: told::id(notice),
        state: state.name().to_owned(),
        asking_notice_id: asking.map_or_else(Bytes::new, told::id),
        confirmed_at_ms: confirmed_at_ms.unwrap_or(0),
    }
}

pub(super) fn statement(statement: Statement) -> wire::ExportErasureResponse {
    let Statement { home, signed, key } = statement;
    wire::ExportErasureResponse {
        home_area: home.to_string(),
        form: signed.form().clone(),
        signature: signed.signature().clone(),
        signing_key: key.into(),
    }
}
