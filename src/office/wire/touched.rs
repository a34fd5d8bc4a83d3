//! Whose data were exchanged in a time.

use bytes::Bytes;

use super::asked::optional_county;
use crate::{
    domain::problem::Code,
    office::{
        problem::Fault,
        touched::{Tally, Totals, Touched, TouchedAsked, TouchedCase},
    },
    proto::office::v1 as wire,
};

pub(super) fn asked(request: &wire::ListTouchedRequest) -> Result<TouchedAsked, Fault> {
    let wire::ListTouchedRequest {
        home_area,
        peer_area,
        from_ms,
        until_ms,
    } = request;
    if from_ms >= until_ms {
        return Err(Fault::Argument("until_ms", Code::ValueFormat));
    }
    Ok(TouchedAsked {
        home: optional_county(home_area, "home_area")?,
        peer: optional_county(peer_area, "peer_area")?,
        from_ms: *from_ms,
        until_ms: *until_ms,
    })
}

pub(super) fn told(touched: Touched) -> wire::ListTouchedResponse {
    use wire::list_touched_response::Step;
    let step = match touched {
        Touched::Case(touched) => Step::Case(case(touched)),
        Touched::Totals(Totals {
            notices,
            cases,
            people,
        }) => Step::Totals(wire::TouchedTotals {
            notices,
            cases,
            people,
        }),
    };
    wire::ListTouchedResponse { step: Some(step) }
}

fn case(touched: TouchedCase) -> wire::TouchedCase {
    let TouchedCase { case, peer, told } = touched;
    let Tally {
        sent,
        received,
        first_at_ms,
        last_at_ms,
        kinds,
        groups,
    } = told;
    wire::TouchedCase {
        case_id: Bytes::copy_from_slice(case.as_bytes()),
        peer_area: peer.to_string(),
        sent,
        received,
        first_at_ms,
        last_at_ms,
        kinds: kinds.iter().map(ToString::to_string).collect(),
        field_groups: groups.iter().map(|group| group.name().to_owned()).collect(),
    }
}
