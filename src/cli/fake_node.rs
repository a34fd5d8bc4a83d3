//! A node of cardboard for tests: answers drafts by their references and hands over notices.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio_stream::{Stream, StreamExt as _, wrappers::TcpListenerStream};
use tonic::{Request, Response, Status, Streaming, transport::Server};

use crate::{
    domain::{
        channel::Sequence,
        notice::{Content, NoticeId},
    },
    envelope::{encode_body, prefix, samples},
    office::client::Client,
    proto::office::v1::{
        self as wire,
        office_server::{Office, OfficeServer},
    },
};

/// What the node saw, and how many notices it holds.
#[derive(Clone, Default)]
pub(super) struct FakeNode {
    /// Notices to hand over, by position from 1.
    pub(super) notices: u64,
    /// With so many acknowledgements on a stream it breaks off without answering the last.
    pub(super) breaks_after: Option<u64>,
    /// Positions acknowledged, in the order in which they came.
    pub(super) acknowledged: Arc<Mutex<Vec<u64>>>,
    /// Positions handed over, in their order.
    pub(super) handed: Arc<Mutex<Vec<u64>>>,
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl FakeNode {
    /// Serves and gives a client.
    pub(super) async fn start(self) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(
            Server::builder()
                .add_service(OfficeServer::new(self))
                .serve_with_incoming(TcpListenerStream::new(listener)),
        );
        Client::plain(&format!("http://{address}")).await
    }
}

fn id(number: u64) -> NoticeId {
    NoticeId::new([1; 8], number)
}

fn answer(draft: &wire::Draft, number: u64) -> Result<wire::PublishStreamResponse, Status> {
    use wire::publish_stream_response::Result as Answer;
    let result = match draft.reference.as_str() {
        "gone" => return Err(Status::unavailable("stopping")),
        "conflict" => Answer::Refused(wire::Refused {
            problems: vec![wire::Problem {
                code: "reference_conflict".to_owned(),
                field: "reference".to_owned(),
                message_zh: "业务编号".to_owned(),
                message_en: "reference".to_owned(),
                class: "final".to_owned(),
                agreement: String::new(),
            }],
        }),
        reference => Answer::Accepted(wire::Accepted {
            notice_id: Bytes::copy_from_slice(id(number).as_bytes()),
            repeated: reference.starts_with("again"),
            reference: reference.to_owned(),
        }),
    };
    Ok(wire::PublishStreamResponse {
        result: Some(result),
    })
}

fn handover(position: u64) -> wire::SubscribeResponse {
    let content = Content::Departure(samples::movement());
    let body = encode_body(&samples::outgoing(&content));
    let prefix = prefix(id(position), Sequence::new(0));
    wire::SubscribeResponse {
        step: Some(wire::subscribe_response::Step::Notice(wire::Handover {
            notice: [prefix.as_slice(), &body].concat().into(),
            position,
            sequence: position,
            received_at_ms: samples::PUBLISHED_AT_MS,
            redelivered: false,
            answers_reference: String::new(),
        })),
    }
}

#[tonic::async_trait]
impl Office for FakeNode {
    type PublishStreamStream = Answers<wire::PublishStreamResponse>;
    type SubscribeStream = Answers<wire::SubscribeResponse>;
    type ExportAuditStream = Answers<wire::ExportAuditResponse>;

    async fn publish_stream(
        &self,
        request: Request<Streaming<wire::PublishStreamRequest>>,
    ) -> Result<Response<Self::PublishStreamStream>, Status> {
        let mut drafts = request.into_inner();
        // As a node may: nothing is answered, not even the call, before the first draft.
        let first = drafts.message().await?;
        if let Some(wire::Draft { reference, .. }) =
            first.as_ref().and_then(|first| first.draft.as_ref())
            && reference == "no-role"
        {
            return Err(Status::permission_denied("this needs the role clerk"));
        }
        let first = tokio_stream::iter(first.map(Ok));
        let mut number = 0;
        let answers = first.chain(drafts).map(move |draft| {
            number += 1;
            answer(&draft?.draft.unwrap_or_default(), number)
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn subscribe(
        &self,
        request: Request<Streaming<wire::SubscribeRequest>>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        use wire::{subscribe_request::Step as Asked, subscribe_response::Step as Said};
        let mut steps = request.into_inner();
        let this = self.clone();
        let (said, stream) = tokio::sync::mpsc::channel(64);
        tokio::spawn(async move {
            let mut credit = 0_u64;
            let mut next = this
                .acknowledged
                .lock()
                .unwrap()
                .last()
                .copied()
                .unwrap_or(0)
                + 1;
            let mut left = this.breaks_after.unwrap_or(u64::MAX);
            while let Ok(Some(step)) = steps.message().await {
                let reply = match step.step.unwrap() {
                    Asked::Open(open) => {
                        credit = open.credit.into();
                        Some(Said::Opened(wire::ConsumerOpened {
                            acknowledged_position: next - 1,
                        }))
                    }
                    Asked::Acknowledge(acknowledge) => {
                        let position = acknowledge.position;
                        this.acknowledged.lock().unwrap().push(position);
                        left -= 1;
                        if left == 0 {
                            drop(said.send(Err(Status::unavailable("stopping"))).await);
                            return;
                        }
                        Some(Said::Acknowledged(wire::Acknowledged { position }))
                    }
                    Asked::Credit(more) => {
                        credit += u64::from(more.notices);
                        None
                    }
                };
                if let Some(step) = reply {
                    let step = Some(step);
                    if said
                        .send(Ok(wire::SubscribeResponse { step }))
                        .await
                        .is_err()
                    {
                        return;
                    }
                }
                while credit > 0 && next <= this.notices {
                    this.handed.lock().unwrap().push(next);
                    if said.send(Ok(handover(next))).await.is_err() {
                        return;
                    }
                    (next, credit) = (next + 1, credit - 1);
                }
            }
        });
        let stream = tokio_stream::wrappers::ReceiverStream::new(stream);
        Ok(Response::new(Box::pin(stream)))
    }

    async fn publish(
        &self,
        _: Request<wire::PublishRequest>,
    ) -> Result<Response<wire::PublishResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn ask_certificate(
        &self,
        _: Request<wire::AskCertificateRequest>,
    ) -> Result<Response<wire::AskCertificateResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_notice(
        &self,
        _: Request<wire::GetNoticeRequest>,
    ) -> Result<Response<wire::GetNoticeResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_notices(
        &self,
        _: Request<wire::ListNoticesRequest>,
    ) -> Result<Response<wire::ListNoticesResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn export_evidence(
        &self,
        _: Request<wire::ExportEvidenceRequest>,
    ) -> Result<Response<wire::ExportEvidenceResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_cases(
        &self,
        _: Request<wire::ListCasesRequest>,
    ) -> Result<Response<wire::ListCasesResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn count_cases(
        &self,
        _: Request<wire::CountCasesRequest>,
    ) -> Result<Response<wire::CountCasesResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_case(
        &self,
        _: Request<wire::GetCaseRequest>,
    ) -> Result<Response<wire::GetCaseResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn work_on_cases(
        &self,
        _: Request<wire::WorkOnCasesRequest>,
    ) -> Result<Response<wire::WorkOnCasesResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_erasures(
        &self,
        _: Request<wire::ListErasuresRequest>,
    ) -> Result<Response<wire::ListErasuresResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn export_erasure(
        &self,
        _: Request<wire::ExportErasureRequest>,
    ) -> Result<Response<wire::ExportErasureResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_retention(
        &self,
        _: Request<wire::ListRetentionRequest>,
    ) -> Result<Response<wire::ListRetentionResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_figures(
        &self,
        _: Request<wire::GetFiguresRequest>,
    ) -> Result<Response<wire::GetFiguresResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn compare_due(
        &self,
        _: Request<wire::CompareDueRequest>,
    ) -> Result<Response<wire::CompareDueResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    type ListTouchedStream = Answers<wire::ListTouchedResponse>;

    async fn list_touched(
        &self,
        _: Request<wire::ListTouchedRequest>,
    ) -> Result<Response<Self::ListTouchedStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn record_consent(
        &self,
        _: Request<wire::RecordConsentRequest>,
    ) -> Result<Response<wire::RecordConsentResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn withdraw_consent(
        &self,
        _: Request<wire::WithdrawConsentRequest>,
    ) -> Result<Response<wire::WithdrawConsentResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_consents(
        &self,
        _: Request<wire::ListConsentsRequest>,
    ) -> Result<Response<wire::ListConsentsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    type ReportSubjectStream = Answers<wire::ReportSubjectResponse>;

    async fn report_subject(
        &self,
        _: Request<wire::ReportSubjectRequest>,
    ) -> Result<Response<Self::ReportSubjectStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_channels(
        &self,
        _: Request<wire::ListChannelsRequest>,
    ) -> Result<Response<wire::ListChannelsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_peers(
        &self,
        _: Request<wire::ListPeersRequest>,
    ) -> Result<Response<wire::ListPeersResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn probe_peer(
        &self,
        _: Request<wire::ProbePeerRequest>,
    ) -> Result<Response<wire::ProbePeerResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_agreements(
        &self,
        _: Request<wire::ListAgreementsRequest>,
    ) -> Result<Response<wire::ListAgreementsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_agreement(
        &self,
        _: Request<wire::GetAgreementRequest>,
    ) -> Result<Response<wire::GetAgreementResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn compare_agreements(
        &self,
        _: Request<wire::CompareAgreementsRequest>,
    ) -> Result<Response<wire::CompareAgreementsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn adopt_channel(
        &self,
        _: Request<wire::AdoptChannelRequest>,
    ) -> Result<Response<wire::AdoptChannelResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn agree(
        &self,
        _: Request<wire::AgreeRequest>,
    ) -> Result<Response<wire::AgreeResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_audit(
        &self,
        _: Request<wire::ListAuditRequest>,
    ) -> Result<Response<wire::ListAuditResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn export_audit(
        &self,
        _: Request<wire::ExportAuditRequest>,
    ) -> Result<Response<Self::ExportAuditStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn reload(
        &self,
        _: Request<wire::ReloadRequest>,
    ) -> Result<Response<wire::ReloadResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}
