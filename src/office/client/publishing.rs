//! Bulk publication: drafts go in, answers come out in their order.

use std::{future::Future, pin::Pin};

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Streaming, transport::Channel};

use super::error::ClientError;
use crate::{
    domain::{draft::Draft, notice::NoticeId},
    envelope::content::{consent_to_proto, content_to_proto},
    proto::office::v1::{self as wire, office_client::OfficeClient},
    trust::alert::Farewell,
};

/// A bulk publication under way.
pub struct Publishing {
    drafts: mpsc::Sender<wire::PublishStreamRequest>,
    answers: Answers,
}

/// What became of one draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// It is durable.
    Accepted {
        /// Its id, the same at both ends.
        id: NoticeId,
        /// Whether an earlier call had published it.
        repeated: bool,
    },
    /// It was refused; nothing of it was kept.
    Refused(Vec<Told>),
}

/// A problem as the node tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Stable code.
    pub code: String,
    /// The field that it speaks of.
    pub field: String,
    /// One sentence in Chinese.
    pub zh: String,
    /// One sentence in English.
    pub en: String,
    /// The agreement and version that stand against it.
    pub agreement: Option<String>,
}

/// A node may wait for the first draft before it answers at all.
enum Answers {
    Called(Pin<Box<dyn Future<Output = Called> + Send>>),
    Coming(Box<Streaming<wire::PublishStreamResponse>>),
}

type Called = Result<Response<Streaming<wire::PublishStreamResponse>>, ClientError>;

impl Publishing {
    pub(super) fn begin(
        mut client: OfficeClient<Channel>,
        farewell: Farewell,
        window: usize,
    ) -> Self {
        let (drafts, sent) = mpsc::channel(window.max(1));
        let call = async move {
            let called = client.publish_stream(ReceiverStream::new(sent)).await;
            called.map_err(|status| ClientError::of_call(status, &farewell))
        };
        Self {
            drafts,
            answers: Answers::Called(Box::pin(call)),
        }
    }

    /// Hands on a draft. There is room for as many as the window says that are not yet answered.
    ///
    /// # Errors
    /// [`ClientError::Ended`] if the call has ended, or there is no room.
    pub fn send(&self, draft: &Draft) -> Result<(), ClientError> {
        let request = wire::PublishStreamRequest {
            draft: Some(to_wire(draft)),
        };
        self.drafts
            .try_send(request)
            .map_err(|_| ClientError::Ended(String::new()))
    }

    /// The answer to the next draft. Losing the future loses nothing.
    ///
    /// # Errors
    /// [`ClientError`]; what became of the drafts that are not answered is then unknown.
    pub async fn next(&mut self) -> Result<Published, ClientError> {
        if let Answers::Called(call) = &mut self.answers {
            let response = call.await?;
            self.answers = Answers::Coming(Box::new(response.into_inner()));
        }
        let Answers::Coming(answers) = &mut self.answers else {
            return Err(ClientError::Ended(String::new()));
        };
        let wire::PublishStreamResponse { result } = answers
            .message()
            .await?
            .ok_or_else(|| ClientError::Ended(String::new()))?;
        match result.ok_or(ClientError::Unreadable)? {
            wire::publish_stream_response::Result::Accepted(wire::Accepted {
                notice_id,
                repeated,
                reference: _,
            }) => Ok(Published::Accepted {
                id: notice_id
                    .as_ref()
                    .try_into()
                    .map_err(|_| ClientError::Unreadable)?,
                repeated,
            }),
            wire::publish_stream_response::Result::Refused(wire::Refused { problems }) => {
                Ok(Published::Refused(problems.into_iter().map(told).collect()))
            }
        }
    }
}

pub(super) fn told(problem: wire::Problem) -> Told {
    let wire::Problem {
        code,
        field,
        message_zh,
        message_en,
        // It follows from the code.
        class: _,
        agreement,
    } = problem;
    Told {
        code,
        field,
        zh: message_zh,
        en: message_en,
        agreement: Some(agreement).filter(|version| !version.is_empty()),
    }
}

pub(in crate::office) fn to_wire(draft: &Draft) -> wire::Draft {
    let Draft {
        reference,
        from,
        from_follows,
        to,
        answers,
        consent,
        content,
    } = draft;
    use crate::proto::notice::v1::notice::Content as Notice;
    use wire::draft::Content as Wire;
    wire::Draft {
        reference: reference
            .as_ref()
            .map(|reference| reference.as_str().to_owned())
            .unwrap_or_default(),
        from_area: if *from_follows {
            String::new()
        } else {
            from.to_string()
        },
        to_area: to.map(|area| area.to_string()).unwrap_or_default(),
        answers: answers
            .map(|id| id.as_bytes().to_vec().into())
            .unwrap_or_default(),
        consent: consent.as_ref().map(consent_to_proto),
        content: Some(match content_to_proto(content) {
            Notice::Departure(movement) => Wire::Departure(movement),
            Notice::Arrival(movement) => Wire::Arrival(movement),
            Notice::Feedback(feedback) => Wire::Feedback(feedback),
            Notice::Message(message) => Wire::Message(message),
            Notice::VerificationRequest(request) => Wire::VerificationRequest(request),
            Notice::ServiceRecord(record) => Wire::ServiceRecord(record),
            Notice::ContinuityRequest(request) => Wire::ContinuityRequest(request),
            Notice::ContinuityTransfer(transfer) => Wire::ContinuityTransfer(transfer),
            Notice::CertificateQuery(query) => Wire::CertificateQuery(query),
            Notice::CertificateResult(result) => Wire::CertificateResult(result),
            Notice::Return(ending) => Wire::Return(ending),
            Notice::Correction(correction) => Wire::Correction(correction),
            Notice::Withdrawal(withdrawal) => Wire::Withdrawal(withdrawal),
            Notice::Erasure(erasure) => Wire::Erasure(erasure),
            Notice::TakenUp(taken_up) => Wire::TakenUp(taken_up),
            Notice::Reminder(reminder) => Wire::Reminder(reminder),
            Notice::Bulletin(bulletin) => Wire::Bulletin(bulletin),
        }),
    }
}
