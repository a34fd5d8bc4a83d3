//! The calls of the service: each finds out who calls, reads what is asked, and writes the answer.

use std::{pin::Pin, sync::Arc};

use prost::Message as _;
use tokio_stream::{Stream, StreamExt as _, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};

use super::{
    agreements, asked, audit, cases, certificate, consents, draft::raw_draft, due, erasing,
    retention, subject, told, touched,
};
use crate::{
    domain::audit::{Act, Counts, On, Purpose},
    office::{
        Office,
        audit::{ActsSeen, Told, of_agreement, of_outcomes, of_work},
        bulk::Item,
        cases::{CaseSeen, CasesSeen, FiguresSeen},
        consents::{ConsentEnded, ConsentsSeen},
        erasing::ErasuresSeen,
        evidence::Exported,
        problem::Fault,
        query::{NoticeRecords, NoticesSeen},
        retention::RetentionSeen,
        subject::SubjectFound,
    },
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
        let act = Act::Published;
        let published = self.0.publish(&caller, raw_draft(draft), act).await;
        let published = self.0.or_refused(&caller, act, published).await;
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
        let asked = self.0.ask_certificate(&caller, raw, wait).await;
        let act = Act::CertificateAsked;
        let asked = self.0.or_refused(&caller, act, asked).await;
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
        let (caller, wire::GetNoticeRequest { notice_id, reason }) = taken(request)?;
        let id = asked::notice_id(&notice_id)?;
        let reason = audit::reason(&reason)?;
        let seen = self.0.get_notice(&caller.id, id, reason.as_ref()).await;
        let told = |seen: &NoticeRecords| Told {
            counts: Counts::of(seen.further.len().saturating_add(1)),
            purpose: audit::purpose(seen.first.notice.full, reason),
        };
        let (act, on) = (Act::NoticeRead, vec![On::Notice(id)]);
        let seen = self.0.on_record(&caller, act, on, seen, told).await;
        answer(&caller, seen, told::notice)
    }

    async fn list_notices(
        &self,
        request: Request<wire::ListNoticesRequest>,
    ) -> Result<Response<wire::ListNoticesResponse>, Status> {
        let (caller, request) = taken(request)?;
        let asked = asked::notices_asked(request)?;
        let listed = self.0.list_notices(&caller.id, asked).await;
        let told = |seen: &NoticesSeen| Told::counted(seen.notices.len());
        let act = Act::NoticesListed;
        let listed = self.0.on_record(&caller, act, vec![], listed, told).await;
        answer(&caller, listed, told::notices)
    }

    async fn export_evidence(
        &self,
        request: Request<wire::ExportEvidenceRequest>,
    ) -> Result<Response<wire::ExportEvidenceResponse>, Status> {
        let (caller, wire::ExportEvidenceRequest { notice_id }) = taken(request)?;
        let id = asked::notice_id(&notice_id)?;
        let exported = self.0.export_evidence(&caller.id, id).await;
        let told = |exported: &Exported| Told {
            counts: Counts::of(1),
            purpose: match exported.with_content {
                true => Purpose::Duty,
                false => Purpose::None,
            },
        };
        let (act, on) = (Act::EvidenceExported, vec![On::Notice(id)]);
        let exported = self.0.on_record(&caller, act, on, exported, told).await;
        answer(&caller, exported, |exported| wire::ExportEvidenceResponse {
            file: exported.file.into_bytes().into(),
        })
    }

    async fn list_cases(
        &self,
        request: Request<wire::ListCasesRequest>,
    ) -> Result<Response<wire::ListCasesResponse>, Status> {
        let (caller, request) = taken(request)?;
        let asked = cases::cases_asked(request)?;
        let listed = self.0.list_cases(&caller.id, asked).await;
        let told = |seen: &CasesSeen| Told::counted(seen.page.cases.len());
        let act = Act::CasesListed;
        let listed = self.0.on_record(&caller, act, vec![], listed, told).await;
        answer(&caller, listed, cases::cases)
    }

    type ListTouchedStream = Answers<wire::ListTouchedResponse>;

    async fn list_touched(
        &self,
        request: Request<wire::ListTouchedRequest>,
    ) -> Result<Response<Self::ListTouchedStream>, Status> {
        let (caller, request) = taken(request)?;
        let asked = touched::asked(&request)?;
        let touched = self.0.touched(caller.clone(), asked).await;
        let on = asked.peer.map(On::Peer).into_iter().collect();
        let (act, told) = (Act::BreachReported, |_: &_| Told::default());
        let touched = self.0.on_record(&caller, act, on, touched, told).await;
        answer(&caller, touched, |told| {
            let told = ReceiverStream::new(told);
            let told = told.map(|it| it.map(touched::told).map_err(Status::from));
            Box::pin(told) as Self::ListTouchedStream
        })
    }

    type ReportSubjectStream = Answers<wire::ReportSubjectResponse>;

    async fn report_subject(
        &self,
        request: Request<wire::ReportSubjectRequest>,
    ) -> Result<Response<Self::ReportSubjectStream>, Status> {
        let (caller, request) = taken(request)?;
        let (asked, purpose) = subject::asked(&request)?;
        let found = self.0.find_subject(&caller.id, asked).await;
        let on = found.as_ref().map_or_else(|_| vec![], SubjectFound::on);
        let told = |found: &SubjectFound| Told {
            counts: Counts::of(found.notices()),
            purpose: Purpose::Reason(purpose),
        };
        let act = Act::SubjectReported;
        let found = self.0.on_record(&caller, act, on, found, told).await;
        answer(&caller, found, |found| {
            let told = ReceiverStream::new(self.0.tell_subject(caller.clone(), found));
            let told = told.map(|it| it.map(subject::told).map_err(Status::from));
            Box::pin(told) as Self::ReportSubjectStream
        })
    }

    async fn record_consent(
        &self,
        request: Request<wire::RecordConsentRequest>,
    ) -> Result<Response<wire::RecordConsentResponse>, Status> {
        let (caller, request) = taken(request)?;
        let (home, given) = consents::given(request)?;
        let recorded = self.0.record_consent(&caller.id, home, given).await;
        let told = |repeated: &bool| Told {
            counts: Counts {
                done: u64::from(!*repeated),
                repeated: u64::from(*repeated),
                refused: 0,
            },
            ..Told::default()
        };
        let act = Act::ConsentRecorded;
        let recorded = self.0.on_record(&caller, act, vec![], recorded, told).await;
        answer(&caller, recorded, |repeated| wire::RecordConsentResponse {
            repeated,
        })
    }

    async fn withdraw_consent(
        &self,
        request: Request<wire::WithdrawConsentRequest>,
    ) -> Result<Response<wire::WithdrawConsentResponse>, Status> {
        let (caller, request) = taken(request)?;
        let (home, reference, on) = consents::withdrawn(&request)?;
        let withdrawn = (self.0).withdraw_consent(&caller.id, home, &reference, on);
        let withdrawn = withdrawn.await;
        let told = |ended: &ConsentEnded| Told {
            counts: Counts {
                done: ended.ended,
                repeated: u64::from(ended.repeated),
                refused: 0,
            },
            ..Told::default()
        };
        let act = Act::ConsentWithdrawn;
        let withdrawn = self
            .0
            .on_record(&caller, act, vec![], withdrawn, told)
            .await;
        answer(&caller, withdrawn, consents::ended)
    }

    async fn list_consents(
        &self,
        request: Request<wire::ListConsentsRequest>,
    ) -> Result<Response<wire::ListConsentsResponse>, Status> {
        let (caller, request) = taken(request)?;
        let asked = consents::asked(&request)?;
        let listed = self.0.list_consents(&caller.id, asked).await;
        let told = |seen: &ConsentsSeen| Told {
            purpose: Purpose::Duty,
            ..Told::counted(seen.consents.len())
        };
        let act = Act::ConsentsRead;
        let listed = self.0.on_record(&caller, act, vec![], listed, told).await;
        answer(&caller, listed, consents::seen)
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
        let (caller, wire::GetCaseRequest { case_id, reason }) = taken(request)?;
        let id = asked::notice_id(&case_id)?;
        let reason = audit::reason(&reason)?;
        let seen = self.0.get_case(&caller.id, id, reason.as_ref()).await;
        let told = |seen: &CaseSeen| Told {
            counts: Counts::of(seen.notices.len()),
            purpose: audit::purpose(seen.full, reason),
        };
        let (act, on) = (Act::CaseRead, vec![On::Case(id)]);
        let seen = self.0.on_record(&caller, act, on, seen, told).await;
        answer(&caller, seen, cases::case)
    }

    async fn work_on_cases(
        &self,
        request: Request<wire::WorkOnCasesRequest>,
    ) -> Result<Response<wire::WorkOnCasesResponse>, Status> {
        let (caller, request) = taken(request)?;
        let (ids, doing) = cases::work(request)?;
        let act = of_work(&doing);
        let on = ids.iter().copied().map(On::Case).collect();
        let worked = self.0.work_on_cases(&caller.id, ids, doing).await;
        let told = |outcomes: &Vec<_>| Told {
            counts: of_outcomes(outcomes),
            ..Told::default()
        };
        let worked = self.0.on_record(&caller, act, on, worked, told).await;
        answer(&caller, worked, cases::worked)
    }

    async fn list_erasures(
        &self,
        request: Request<wire::ListErasuresRequest>,
    ) -> Result<Response<wire::ListErasuresResponse>, Status> {
        let (caller, request) = taken(request)?;
        let asked = erasing::asked(&request)?;
        let listed = self.0.list_erasures(&caller.id, asked).await;
        let told = |seen: &ErasuresSeen| Told::counted(seen.erasures.len());
        let act = Act::ErasuresListed;
        let listed = self.0.on_record(&caller, act, vec![], listed, told).await;
        answer(&caller, listed, erasing::erasures)
    }

    async fn export_erasure(
        &self,
        request: Request<wire::ExportErasureRequest>,
    ) -> Result<Response<wire::ExportErasureResponse>, Status> {
        let (caller, wire::ExportErasureRequest { erasure_id }) = taken(request)?;
        let id = asked::notice_id(&erasure_id)?;
        let exported = self.0.export_erasure(&caller.id, id).await;
        let told = |_: &_| Told::counted(1);
        let (act, on) = (Act::ErasureExported, vec![On::Case(id)]);
        let exported = self.0.on_record(&caller, act, on, exported, told).await;
        answer(&caller, exported, erasing::statement)
    }

    async fn list_retention(
        &self,
        request: Request<wire::ListRetentionRequest>,
    ) -> Result<Response<wire::ListRetentionResponse>, Status> {
        let (caller, request) = taken(request)?;
        let asked = retention::asked(&request)?;
        let listed = self.0.list_retention(&caller.id, asked).await;
        let told = |seen: &RetentionSeen| Told::counted(seen.cases.len());
        let act = Act::RetentionListed;
        let listed = self.0.on_record(&caller, act, vec![], listed, told).await;
        answer(&caller, listed, retention::seen)
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
        let told = |seen: &FiguresSeen| Told::counted(seen.figures.len());
        let act = Act::FiguresRead;
        let figures = self.0.on_record(&caller, act, vec![], figures, told).await;
        answer(&caller, figures, cases::figures)
    }

    async fn compare_due(
        &self,
        request: Request<wire::CompareDueRequest>,
    ) -> Result<Response<wire::CompareDueResponse>, Status> {
        let (caller, request) = taken(request)?;
        let (home, area, month) = due::asked(&request)?;
        let compared = self.0.compare_due(&caller.id, home, area, month).await;
        let (act, on) = (Act::DueCompared, vec![On::Peer(area)]);
        let told = |_: &_| Told::default();
        let compared = self.0.on_record(&caller, act, on, compared, told).await;
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
        let probed = self.0.probe_peer(&caller.id, area).await;
        let (act, on) = (Act::PeerProbed, vec![On::Peer(area)]);
        let told = |_: &_| Told::default();
        let probed = self.0.on_record(&caller, act, on, probed, told).await;
        answer(&caller, probed, told::probe)
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
        let (act, on) = (Act::ChannelsAdopted, vec![On::Peer(area)]);
        let told = |adopted: &Vec<_>| Told::counted(adopted.len());
        let adopted = self.0.on_record(&caller, act, on, adopted, told).await;
        answer(&caller, adopted, |adopted| wire::AdoptChannelResponse {
            adopted: adopted.into_iter().map(told::adopted).collect(),
        })
    }

    async fn agree(
        &self,
        request: Request<wire::AgreeRequest>,
    ) -> Result<Response<wire::AgreeResponse>, Status> {
        let (caller, request) = taken(request)?;
        let said = asked::act(request)?;
        let (act, on) = of_agreement(&said);
        let agreed = self.0.agree(&caller.id, said).await;
        let told = |_: &_| Told::default();
        let agreed = self.0.on_record(&caller, act, on, agreed, told).await;
        answer(&caller, agreed, told::agreed)
    }

    async fn reload(
        &self,
        request: Request<wire::ReloadRequest>,
    ) -> Result<Response<wire::ReloadResponse>, Status> {
        let (caller, wire::ReloadRequest {}) = taken(request)?;
        let reloaded = self.0.reload(&caller.id).await;
        let told = |_: &_| Told::default();
        let act = Act::ConfigurationReloaded;
        let reloaded = self.0.on_record(&caller, act, vec![], reloaded, told).await;
        answer(&caller, reloaded, told::reloaded)
    }

    async fn list_audit(
        &self,
        request: Request<wire::ListAuditRequest>,
    ) -> Result<Response<wire::ListAuditResponse>, Status> {
        let (caller, request) = taken(request)?;
        let asked = audit::acts_asked(request)?;
        let listed = self.0.list_audit(&caller, asked).await;
        let told = |seen: &ActsSeen| Told::counted(seen.acts.len());
        let act = Act::AuditListed;
        let listed = self.0.on_record(&caller, act, vec![], listed, told).await;
        answer(&caller, listed, audit::acts)
    }

    type ExportAuditStream = Answers<wire::ExportAuditResponse>;

    async fn export_audit(
        &self,
        request: Request<wire::ExportAuditRequest>,
    ) -> Result<Response<Self::ExportAuditStream>, Status> {
        let (caller, request) = taken(request)?;
        let asked = audit::excerpt_asked(&request)?;
        let excerpt = self.0.excerpt(&caller, &asked);
        // Recorded before anything is read, so that it is in there itself.
        let told = |_: &_| Told::default();
        let act = Act::AuditExported;
        let excerpt = self
            .0
            .on_record(&caller, act, vec![], excerpt, told)
            .await?;
        let parts = audit::parts(Arc::clone(&self.0), excerpt);
        Ok(Response::new(Box::pin(parts)))
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
