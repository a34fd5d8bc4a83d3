//! The calls about cases.

use jiff::civil::Date;
use tonic::{Response, Status, transport::Channel};

use super::{
    Client,
    cases::{CaseList, CaseListing, CaseOnList, CaseShown},
    error::{CASES_NOT_READY, ClientError},
    working::{CaseAct, CaseWorked, FiguresTold},
};
use crate::{
    domain::{
        area::{AreaCode, County},
        audit::Reason,
        notice::NoticeId,
    },
    proto::office::v1::{self as wire, office_client::OfficeClient},
};

impl Client {
    /// A page of a list of cases, what is due first first, and the token of the next page.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn cases(
        &self,
        listing: &CaseListing,
        page_size: u32,
        page_token: String,
    ) -> Result<(Vec<CaseOnList>, String), ClientError> {
        let CaseListing {
            home,
            list,
            area,
            peer,
        } = listing;
        let request = wire::ListCasesRequest {
            home_area: text(*home),
            list: list.to_wire().into(),
            area: text(*area),
            peer_area: text(*peer),
            page_size,
            page_token,
        };
        let wire::ListCasesResponse {
            cases,
            next_page_token,
        } = self
            .ask_of_cases(async |client| client.list_cases(request.clone()).await)
            .await?;
        let cases = cases.into_iter().map(TryInto::try_into);
        Ok((cases.collect::<Result<_, _>>()?, next_page_token))
    }

    /// How many cases stand on each list of work; 10,000 stands for that many and more.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn case_counts(
        &self,
        home: Option<County>,
        area: Option<AreaCode>,
    ) -> Result<Vec<(CaseList, u64)>, ClientError> {
        let request = wire::CountCasesRequest {
            home_area: text(home),
            area: text(area),
        };
        let wire::CountCasesResponse { counts } = self
            .ask_of_cases(async |client| client.count_cases(request.clone()).await)
            .await?;
        let count = |count: wire::CaseCount| {
            let wire::CaseCount { list, cases } = count;
            Ok((CaseList::from_wire(list)?, cases))
        };
        counts.into_iter().map(count).collect()
    }

    /// The case to which a notice belongs, with what its notices say; masked if this office may not see
    /// that and gives no reason.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn case(
        &self,
        id: NoticeId,
        reason: Option<&Reason>,
    ) -> Result<CaseShown, ClientError> {
        let request = wire::GetCaseRequest {
            case_id: id.as_bytes().to_vec().into(),
            reason: reason.map_or_else(String::new, |reason| reason.as_str().to_owned()),
        };
        let answer = self
            .ask_of_cases(async |client| client.get_case(request.clone()).await)
            .await?;
        answer.try_into()
    }

    /// Does one thing about up to 1,000 cases; what became of each, in their order.
    ///
    /// # Errors
    /// [`ClientError`]; what became of the cases is then unknown.
    pub async fn work_on_cases(
        &self,
        ids: &[NoticeId],
        act: CaseAct,
    ) -> Result<Vec<CaseWorked>, ClientError> {
        let request = wire::WorkOnCasesRequest {
            case_ids: (ids.iter())
                .map(|id| id.as_bytes().to_vec().into())
                .collect(),
            act: Some(act.into()),
        };
        let wire::WorkOnCasesResponse { results } = self
            .ask_of_cases(async |client| client.work_on_cases(request.clone()).await)
            .await?;
        if results.len() != ids.len() {
            return Err(ClientError::Unreadable);
        }
        results.into_iter().map(TryInto::try_into).collect()
    }

    /// Sums of what is counted from a day to another, both included, by month; in a township if one
    /// is named.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn figures(
        &self,
        home: Option<County>,
        area: Option<AreaCode>,
        from: Date,
        until: Date,
    ) -> Result<FiguresTold, ClientError> {
        let request = wire::GetFiguresRequest {
            home_area: text(home),
            area: text(area),
            from: from.to_string(),
            until: until.to_string(),
        };
        let answer = self
            .ask_of_cases(async |client| client.get_figures(request.clone()).await)
            .await?;
        answer.try_into()
    }

    /// Waits for the answer to a call about cases, for which a node that makes them anew is asked
    /// again: each time it waits itself before it says that it is not ready.
    pub(super) async fn ask_of_cases<T>(
        &self,
        call: impl AsyncFn(&mut OfficeClient<Channel>) -> Result<Response<T>, Status>,
    ) -> Result<T, ClientError> {
        let mut asked = 1_u32;
        loop {
            match self.ask(call(&mut self.inner.clone())).await {
                Err(ClientError::Refused(refusal))
                    if refusal.code == CASES_NOT_READY && asked < MOST_ASKED =>
                {
                    asked = asked.saturating_add(1);
                }
                done => return done,
            }
        }
    }
}

/// An argument that may be left out.
fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// How often a node is asked that is not ready: some 20 seconds.
const MOST_ASKED: u32 = 10;
