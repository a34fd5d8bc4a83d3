//! The calls of the service: each finds out who calls, reads what is asked, and writes the answer.

use std::{pin::Pin, sync::Arc};

use prost::Message as _;
use tokio_stream::{Stream, StreamExt as _, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};

use super::{agreements, asked, cases, certificate, draft::raw_draft, due, told, touched};
use crate::{
    office::{Office, bulk::Item, problem::Fault},
    proto::office::v1::{self as wire, office_server},
    trust::{connection::CallerInfo, identity::OfficeId},
};

/// The service as tonic calls it.
pub(in crate::office) struct Service(Arc<Office>);

impl Service {
    pub(super) const fn new(office: Arc<Office>) -> Self {
        Self(office)
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl office_server::Office for Service {
    async fn publish(
        &self,
        request: Request<wire::PublishRequest>,
    ) -> Result<Response<wire::PublishResponse>, Status> {
        let (caller, wire::PublishRequest { draft }) = taken(request)?;
        let published = self.0.publish(&caller.id, raw_draft(draft)).await;
        answer(&caller, published, |kept| wire::PublishResponse {
            accepted: Some(told::accepted(kept)),
        })
    }

    type PublishStreamStream = Answers<wire::PublishStreamResponse>;

    async fn publish_stream(
        &self,
        request: Request<Streaming<wire::PublishStreamRequest>>,
    ) -> Result<Response<Self::PublishStreamStream>, Status> {
        let (caller, requests) = taken(request)?;
        let items = requests.map(|request| {
            let request = request.map_err(|_| Fault::Unread)?;
            let size = request.encoded_len();
            let wire::PublishStreamRequest { draft } = request;
            let raw = raw_draft(draft);
            Ok(Item { raw, size })
        });
        let answers = self.0.publish_stream(caller, items);
        let answers =
            ReceiverStream::new(answers).map(|answer| answer.map(told::item).map_err(Status::from));
        Ok(Response::new(Box::pin(answers)))
    }

    async fn ask_certificate(
        &self,
        request: Request<wire::AskCertificateRequest>,
    ) -> Result<Response<wire::AskCertificateResponse>, Status> {
        let metadata = request.metadata().clone();
        let (caller, request) = taken(request)?;
        let (raw, wait) = certificate::asked(&metadata, request)?;
        let asked = self.0.ask_certificate(&caller.id, raw, wait).await;
        answer(&caller, asked, certificate::said)
    }

    type SubscribeStream = Answers<wire::SubscribeResponse>;

    async fn subscribe(
        &self,
        request: Request<Streaming<wire::SubscribeRequest>>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let (caller, requests) = taken(request)?;
        let steps =
            requests.map(|request| request.map_err(|_| Fault::Unread).and_then(asked::step));
        let said = self.0.subscribe(caller, steps);
        let said = ReceiverStream::new(said).map(|said| said.map(told::said).map_err(Status::from));
        Ok(Response::new(Box::pin(said)))
    }

    async fn get_notice(
        &self,
        request: Request<wire::GetNoticeRequest>,
    ) -> Result<Response<wire::GetNoticeResponse>, Status> {
        let (caller, wire::GetNoticeRequest { notice_id }) = taken(request)?;
        let id = asked::notice_id(&notice_id)?;
        answer(
            &caller,
            self.0.get_notice(&caller.id, id).await,
            told::notice,
        )
    }

    async fn list_notices(
        &self,
        request: Request<wire::ListNoticesRequest>,
    ) -> Result<Response<wire::ListNoticesResponse>, Status> {
        let (caller, request) = taken(request)?;
        let asked = asked::notices_asked(request)?;
        let listed = self.0.list_notices(&caller.id, asked).await;
        answer(&caller, listed, told::notices)
    }

    async fn export_evidence(
        &self,
        request: Request<wire::ExportEvidenceRequest>,
    ) -> Result<Response<wire::ExportEvidenceResponse>, Status> {
        let (caller, wire::ExportEvidenceRequest { notice_id }) = taken(request)?;
        let id = asked::notice_id(&notice_id)?;
        let exported = self.0.export_evidence(&caller.id, id).await;
        answer(&caller, exported, |file| wire::ExportEvidenceResponse {
            file: file.into_bytes().into(),
        })
    }

    async fn list_cases(
        &self,
        request: Request<wire::ListCasesRequest>,
    ) -> Result<Response<wire::ListCasesResponse>, Status> {
        let (caller, request) = taken(request)?;
        let asked = cases::cases_asked(request)?;
        let listed = self.0.list_cases(&caller.id, asked).await;
        answer(&caller, listed, cases::cases)
    }

    type ListTouchedStream = Answers<wire::ListTouchedResponse>;

    async fn list_touched(
        &self,
        request: Request<wire::ListTouchedRequest>,
    ) -> Result<Response<Self::ListTouchedStream>, Status> {
        let (caller, request) = taken(request)?;
        let asked = touched::asked(&request)?;
        let told = self.0.touched(caller.clone(), asked).await;
        answer(&caller, told, |told| {
            let told = ReceiverStream::new(told);
            let told = told.map(|it| it.map(touched::told).map_err(Status::from));
            Box::pin(told) as Self::ListTouchedStream
        })
    }

    async fn count_cases(
        &self,
        request: Request<wire::CountCasesRequest>,
    ) -> Result<Response<wire::CountCasesResponse>, Status> {
        let (caller, wire::CountCasesRequest { home_area, area }) = taken(request)?;
        let home = asked::optional_county(&home_area, "home_area")?;
        let area = cases::optional_area(&area)?;
        let counted = self.0.count_cases(&caller.id, home, area).await;
        answer(&caller, counted, cases::counts)
    }

    async fn get_case(
        &self,
        request: Request<wire::GetCaseRequest>,
    ) -> Result<Response<wire::GetCaseResponse>, Status> {
        let (caller, wire::GetCaseRequest { case_id }) = taken(request)?;
        let id = asked::notice_id(&case_id)?;
        answer(&caller, self.0.get_case(&caller.id, id).await, cases::case)
    }

    async fn work_on_cases(
        &self,
        request: Request<wire::WorkOnCasesRequest>,
    ) -> Result<Response<wire::WorkOnCasesResponse>, Status> {
        let (caller, request) = taken(request)?;
        let (ids, doing) = cases::work(request)?;
        let worked = self.0.work_on_cases(&caller.id, ids, doing).await;
        answer(&caller, worked, cases::worked)
    }

    async fn get_figures(
        &self,
        request: Request<wire::GetFiguresRequest>,
    ) -> Result<Response<wire::GetFiguresResponse>, Status> {
        let (
            caller,
            wire::GetFiguresRequest {
                home_area,
                area,
                from,
                until,
            },
        ) = taken(request)?;
        let home = asked::optional_county(&home_area, "home_area")?;
        let area = cases::optional_area(&area)?;
        let (from, until) = (cases::day(&from, "from")?, cases::day(&until, "until")?);
        let figures = self
            .0
            .get_figures(&caller.id, home, area, from, until)
            .await;
        answer(&caller, figures, cases::figures)
    }

    async fn compare_due(
        &self,
        request: Request<wire::CompareDueRequest>,
    ) -> Result<Response<wire::CompareDueResponse>, Status> {
        let (caller, request) = taken(request)?;
        let (home, area, month) = due::asked(&request)?;
        let compared = self.0.compare_due(&caller.id, home, area, month).await;
        answer(&caller, compared, due::told)
    }

    async fn list_channels(
        &self,
        request: Request<wire::ListChannelsRequest>,
    ) -> Result<Response<wire::ListChannelsResponse>, Status> {
        let (caller, wire::ListChannelsRequest {}) = taken(request)?;
        let listed = self.0.list_channels(&caller.id).await;
        answer(&caller, listed, |channels| wire::ListChannelsResponse {
            channels: channels.into_iter().map(told::channel).collect(),
        })
    }

    async fn list_peers(
        &self,
        request: Request<wire::ListPeersRequest>,
    ) -> Result<Response<wire::ListPeersResponse>, Status> {
        let (caller, wire::ListPeersRequest {}) = taken(request)?;
        let listed = self.0.list_peers(&caller.id).await;
        answer(&caller, listed, |peers| wire::ListPeersResponse {
            peers: peers.into_iter().map(told::peer).collect(),
        })
    }

    async fn probe_peer(
        &self,
        request: Request<wire::ProbePeerRequest>,
    ) -> Result<Response<wire::ProbePeerResponse>, Status> {
        let (caller, wire::ProbePeerRequest { area }) = taken(request)?;
        let area = asked::county(&area)?;
        answer(
            &caller,
            self.0.probe_peer(&caller.id, area).await,
            told::probe,
        )
    }

    async fn list_agreements(
        &self,
        request: Request<wire::ListAgreementsRequest>,
    ) -> Result<Response<wire::ListAgreementsResponse>, Status> {
        let (caller, wire::ListAgreementsRequest {}) = taken(request)?;
        let listed = self.0.list_agreements(&caller.id);
        answer(&caller, listed, |seen| wire::ListAgreementsResponse {
            agreements: seen.into_iter().map(agreements::state).collect(),
        })
    }

    async fn get_agreement(
        &self,
        request: Request<wire::GetAgreementRequest>,
    ) -> Result<Response<wire::GetAgreementResponse>, Status> {
        let (caller, request) = taken(request)?;
        let (id, version) = agreements::asked(request)?;
        let seen = self.0.get_agreement(&caller.id, id, version).await;
        answer(&caller, seen, agreements::shown)
    }

    async fn compare_agreements(
        &self,
        request: Request<wire::CompareAgreementsRequest>,
    ) -> Result<Response<wire::CompareAgreementsResponse>, Status> {
        let (caller, wire::CompareAgreementsRequest { area }) = taken(request)?;
        let area = asked::county(&area)?;
        let compared = self.0.compare_agreements(&caller.id, area).await;
        answer(&caller, compared, agreements::compared)
    }

    async fn adopt_channel(
        &self,
        request: Request<wire::AdoptChannelRequest>,
    ) -> Result<Response<wire::AdoptChannelResponse>, Status> {
        let (caller, wire::AdoptChannelRequest { area }) = taken(request)?;
        let area = asked::county(&area)?;
        let adopted = self.0.adopt_channel(&caller.id, area).await;
        answer(&caller, adopted, |adopted| wire::AdoptChannelResponse {
            adopted: adopted.into_iter().map(told::adopted).collect(),
        })
    }

    async fn agree(
        &self,
        request: Request<wire::AgreeRequest>,
    ) -> Result<Response<wire::AgreeResponse>, Status> {
        let (caller, request) = taken(request)?;
        let act = asked::act(request)?;
        answer(&caller, self.0.agree(&caller.id, act).await, told::agreed)
    }

    async fn reload(
        &self,
        request: Request<wire::ReloadRequest>,
    ) -> Result<Response<wire::ReloadResponse>, Status> {
        let (caller, wire::ReloadRequest {}) = taken(request)?;
        answer(&caller, self.0.reload(&caller.id).await, told::reloaded)
    }
}

/// Who calls, as the listener proved it, and what is asked.
fn taken<T>(request: Request<T>) -> Result<(CallerInfo<OfficeId>, T), Status> {
    let (_, extensions, message) = request.into_parts();
    let caller = extensions.get::<CallerInfo<OfficeId>>().cloned();
    // Without a proof nobody is listed: this service stands behind its listener only.
    Ok((caller.ok_or(Fault::NotListed)?, message))
}

/// Writes the answer. The log says who was refused what, by codes alone.
fn answer<T, U>(
    caller: &CallerInfo<OfficeId>,
    answer: Result<T, Fault>,
    told: impl FnOnce(T) -> U,
) -> Result<Response<U>, Status> {
    match answer {
        Ok(value) => Ok(Response::new(told(value))),
        Err(fault) => {
            tracing::info!(office = %caller.id, reason = fault.reason(), "Refused a call.");
            Err(fault.into())
        }
    }
}
