//! What is purged next, between the messages of the service and what the office room asks and tells.

use super::{
    asked::optional_county,
    cases::{token, token_of},
    told,
};
use crate::{
    domain::{problem::Code, retention::Term},
    office::{
        problem::Fault,
        retention::{Hold, Kept, RetentionAsked, RetentionSeen, WhyKept},
    },
    proto::office::v1 as wire,
    store::Side,
};

pub(super) fn asked(request: &wire::ListRetentionRequest) -> Result<RetentionAsked, Fault> {
    let wire::ListRetentionRequest {
        home_area,
        within_days,
        page_token,
    } = request;
    let within_days = u16::try_from(*within_days).ok();
    let within_days = within_days.filter(|days| *days <= MOST_DAYS);
    Ok(RetentionAsked {
        home: optional_county(home_area, "home_area")?,
        within_days: within_days.ok_or(Fault::Argument("within_days", Code::ValueFormat))?,
        after: match page_token.as_str() {
            "" => None,
            text => Some(token_of(text).ok_or(Fault::Argument("page_token", Code::ValueFormat))?),
        },
    })
}

pub(super) fn seen(seen: RetentionSeen) -> wire::ListRetentionResponse {
    let RetentionSeen { cases, next } = seen;
    wire::ListRetentionResponse {
        cases: cases.into_iter().map(kept).collect(),
        next_page_token: next.map_or_else(String::new, token),
    }
}

fn kept(kept: Kept) -> wire::KeptCase {
    use wire::kept_case::Keeping;
    let Kept {
        side: Side { home, other },
        case,
        why,
    } = kept;
    wire::KeptCase {
        case_id: told::id(case),
        home_area: home.to_string(),
        peer_area: other.to_string(),
        keeping: Some(match why {
            WhyKept::Until(day, term) => {
                let Term {
                    notice,
                    kind,
                    published: _,
                    agreement,
                    keep_for,
                } = term;
                Keeping::Purged(wire::PurgedOn {
                    day: day.to_string(),
                    notice_id: told::id(notice),
                    kind: kind.name().to_owned(),
                    agreement: agreement.to_string(),
                    keep_for_days: keep_for.map_or(0, |days| days.count.into()),
                })
            }
            WhyKept::Held(hold) => {
                let Hold {
                    since_ms,
                    office,
                    reason,
                } = hold;
                Keeping::Held(wire::HeldSince {
                    since_ms,
                    office,
                    reason,
                })
            }
            WhyKept::Unknown(agreement) => Keeping::UnknownAgreement(agreement.to_string()),
        }),
    }
}

/// As long as an agreement may have anything kept.
const MOST_DAYS: u16 = 3_650;
