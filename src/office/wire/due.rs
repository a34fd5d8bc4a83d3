//! What was due, as both sides have it.

use bytes::Bytes;

use super::asked::{county, optional_county};
use crate::{
    domain::{
        area::County,
        case::{BothSums, Comparison, Difference, DueItem, DueSum},
        month::Month,
        notice::NoticeId,
        problem::Code,
    },
    office::problem::Fault,
    proto::office::v1 as wire,
};

pub(super) fn asked(
    request: &wire::CompareDueRequest,
) -> Result<(Option<County>, County, Month), Fault> {
    let wire::CompareDueRequest {
        home_area,
        peer_area,
        month,
    } = request;
    let month = month.parse();
    Ok((
        optional_county(home_area, "home_area")?,
        county(peer_area)?,
        month.map_err(|_| Fault::Argument("month", Code::DateFormat))?,
    ))
}

pub(super) fn told((home, compared): (County, Comparison)) -> wire::CompareDueResponse {
    let Comparison {
        sums,
        on_both,
        other_day,
        differences,
    } = compared;
    wire::CompareDueResponse {
        home_area: home.to_string(),
        sums: sums.into_iter().map(both).collect(),
        on_both,
        other_day,
        different: differences.len() as u64,
        differences: (differences.into_iter())
            .take(MOST_TOLD)
            .map(difference)
            .collect(),
    }
}

fn both(sums: BothSums) -> wire::DueSums {
    let BothSums { by, here, there } = sums;
    wire::DueSums {
        owed_by_area: by.to_string(),
        here: Some(sum(here)),
        there: Some(sum(there)),
    }
}

const fn sum(sum: DueSum) -> wire::DueSum {
    let DueSum {
        due,
        answered,
        in_time,
    } = sum;
    wire::DueSum {
        due,
        answered,
        answered_in_time: in_time,
    }
}

fn difference(difference: Difference) -> wire::DueDifference {
    let Difference { here, there } = difference;
    wire::DueDifference {
        here: here.map(notice),
        there: there.map(notice),
    }
}

fn notice(item: DueItem) -> wire::DueNotice {
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
    let id = |id: NoticeId| Bytes::copy_from_slice(id.as_bytes());
    wire::DueNotice {
        notice_id: id(notice),
        case_id: id(case),
        owed_by_area: by.to_string(),
        kind: kind.name().to_owned(),
        due_on: due.to_string(),
        standing: standing.name().to_owned(),
        ended_at_ms: standing.at_ms().unwrap_or_default(),
        state: state.to_owned(),
        under_way,
    }
}

/// Differences that go into one answer: more than anybody looks through.
const MOST_TOLD: usize = 1_000;
