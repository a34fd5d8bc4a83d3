//! What was due, as both sides have it.

use super::{
    Client,
    cases::read,
    error::ClientError,
    states::{county, id},
};
use crate::{
    domain::{
        area::County,
        calendar,
        case::{BothSums, Difference, DueItem, DueStanding, DueSum, State},
        month::Month,
    },
    proto::office::v1 as wire,
};

/// What was due in a month between a home area and another.
#[derive(Clone, Debug)]
pub struct DueCompared {
    /// The home area.
    pub home: County,
    /// What the home area owed, then what the other one did.
    pub sums: Vec<BothSums>,
    /// Notices that both sides have.
    pub on_both: u64,
    /// Those of them that are due on another day there.
    pub other_day: u64,
    /// Notices that differ in anything.
    pub different: u64,
    /// The first of them, by the day on which they were due.
    pub differences: Vec<Difference>,
}

impl Client {
    /// Asks a peer what was due in a month, and compares.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn compare_due(
        &self,
        home: Option<County>,
        peer: County,
        month: Month,
    ) -> Result<DueCompared, ClientError> {
        let request = wire::CompareDueRequest {
            home_area: home.map(|home| home.to_string()).unwrap_or_default(),
            peer_area: peer.to_string(),
            month: month.to_string(),
        };
        let answer = self
            .ask_of_cases(async |client| client.compare_due(request.clone()).await)
            .await?;
        answer.try_into()
    }
}

impl TryFrom<wire::CompareDueResponse> for DueCompared {
    type Error = ClientError;

    fn try_from(response: wire::CompareDueResponse) -> Result<Self, ClientError> {
        let wire::CompareDueResponse {
            home_area,
            sums,
            on_both,
            other_day,
            different,
            differences,
        } = response;
        let differences = differences.into_iter().map(|difference| {
            let wire::DueDifference { here, there } = difference;
            Ok(Difference {
                here: here.map(item).transpose()?,
                there: there.map(item).transpose()?,
            })
        });
        Ok(Self {
            home: county(&home_area)?,
            sums: sums.into_iter().map(both).collect::<Result<_, _>>()?,
            on_both,
            other_day,
            different,
            differences: differences.collect::<Result<_, ClientError>>()?,
        })
    }
}

fn both(sums: wire::DueSums) -> Result<BothSums, ClientError> {
    let wire::DueSums {
        owed_by_area,
        here,
        there,
    } = sums;
    Ok(BothSums {
        by: county(&owed_by_area)?,
        here: sum(here)?,
        there: sum(there)?,
    })
}

fn sum(sum: Option<wire::DueSum>) -> Result<DueSum, ClientError> {
    let wire::DueSum {
        due,
        answered,
        answered_in_time,
    } = sum.ok_or(ClientError::Unreadable)?;
    Ok(DueSum {
        due,
        answered,
        in_time: answered_in_time,
    })
}

fn item(notice: wire::DueNotice) -> Result<DueItem, ClientError> {
    let wire::DueNotice {
        notice_id,
        case_id,
        owed_by_area,
        kind,
        due_on,
        standing,
        ended_at_ms,
        state,
        under_way,
    } = notice;
    let mut states = State::NAMES.into_iter();
    let state = states.find(|known| *known == state);
    Ok(DueItem {
        notice: id(&notice_id)?,
        case: id(&case_id)?,
        by: county(&owed_by_area)?,
        kind: read(&kind)?,
        due: calendar::parse_day(&due_on).ok_or(ClientError::Unreadable)?,
        standing: DueStanding::from_name(&standing, ended_at_ms).ok_or(ClientError::Unreadable)?,
        state: state.ok_or(ClientError::Unreadable)?,
        under_way,
    })
}
