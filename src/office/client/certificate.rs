//! Asking whether a certificate holds, and telling one thing at a time.

use std::time::Duration;

use jiff::civil::Date;
use tonic::Request;

use super::{Client, error::ClientError, publishing::to_wire};
use crate::{
    domain::{
        calendar,
        draft::Draft,
        notice::{Certificate, NoticeId},
    },
    proto::{notice::v1 as notice, office::v1 as wire},
};

/// A question and what became of it.
pub struct Asked {
    /// Id of the question.
    pub question: NoticeId,
    /// Whether an earlier call had asked it.
    pub repeated: bool,
    /// What was heard.
    pub heard: Heard,
}

/// What was heard on a question.
pub enum Heard {
    /// The answer.
    Answer(Answer),
    /// None yet: it will come as a notice.
    ByNotice {
        /// Last day on which it is in time, if the node knows.
        due_on: Option<Date>,
        /// Whether the other area's node has the question.
        delivered: bool,
        /// Whether the last try to reach that node went well.
        peer_reachable: bool,
    },
    /// There will be none.
    Ended {
        /// The question's delivery by its stable name.
        delivery: String,
        /// With refused: the stable code.
        code: Option<String>,
    },
}

/// Whether a certificate holds. Has no `Debug`: it is a person's.
pub struct Answer {
    /// Id of the notice that answers.
    pub id: NoticeId,
    /// The certificate.
    pub certificate: Certificate,
    /// Day on which it was looked up.
    pub looked_up_on: Date,
    /// When the answering node accepted it: milliseconds since 1970-01-01T00:00:00Z.
    pub answered_at_ms: i64,
}

impl Client {
    /// Publishes one notice; gives its id, and whether an earlier call had published it.
    ///
    /// # Errors
    /// [`ClientError`]; but for [`ClientError::Refused`], whether it was published is unknown.
    pub async fn tell(&self, draft: &Draft) -> Result<(NoticeId, bool), ClientError> {
        let request = wire::PublishRequest {
            draft: Some(to_wire(draft)),
        };
        let wire::PublishResponse { accepted } =
            self.ask(self.inner.clone().publish(request)).await?;
        kept(accepted)
    }

    /// Asks whether a certificate holds, and waits so long for the answer, a millisecond to half a
    /// minute.
    ///
    /// # Errors
    /// [`ClientError`]; no answer in that time is none.
    pub async fn ask_certificate(
        &self,
        draft: &Draft,
        wait: Duration,
    ) -> Result<Asked, ClientError> {
        let mut request = Request::new(wire::AskCertificateRequest {
            draft: Some(to_wire(draft)),
            wait_ms: u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).max(1),
        });
        request.set_timeout(wait.saturating_add(BESIDES));
        self.ask(self.inner.clone().ask_certificate(request))
            .await?
            .try_into()
    }
}

impl TryFrom<wire::AskCertificateResponse> for Asked {
    type Error = ClientError;

    fn try_from(response: wire::AskCertificateResponse) -> Result<Self, ClientError> {
        use wire::ask_certificate_response::Heard as Wire;
        let wire::AskCertificateResponse { question, heard } = response;
        let (question, repeated) = kept(question)?;
        let heard = match heard.ok_or(ClientError::Unreadable)? {
            Wire::Answer(answer) => Heard::Answer(answer.try_into()?),
            Wire::ByNotice(wire::CertificateAnswerByNotice {
                due_on,
                delivered,
                peer_reachable,
            }) => Heard::ByNotice {
                due_on: optional_day(&due_on)?,
                delivered,
                peer_reachable,
            },
            Wire::Ended(wire::CertificateQueryEnded { delivery, code }) => Heard::Ended {
                delivery,
                code: Some(code).filter(|code| !code.is_empty()),
            },
        };
        Ok(Self {
            question,
            repeated,
            heard,
        })
    }
}

impl TryFrom<wire::CertificateAnswer> for Answer {
    type Error = ClientError;

    fn try_from(answer: wire::CertificateAnswer) -> Result<Self, ClientError> {
        let wire::CertificateAnswer {
            notice_id,
            certificate,
            looked_up_on,
            answered_at_ms,
        } = answer;
        let notice::Certificate {
            number,
            status,
            valid_until,
        } = certificate.ok_or(ClientError::Unreadable)?;
        let filled = |text: String| Some(text).filter(|text| !text.is_empty());
        Ok(Self {
            id: id(&notice_id)?,
            certificate: Certificate {
                number: filled(number),
                status: filled(status),
                valid_until: optional_day(&valid_until)?,
            },
            looked_up_on: calendar::parse_day(&looked_up_on).ok_or(ClientError::Unreadable)?,
            answered_at_ms,
        })
    }
}

fn kept(accepted: Option<wire::Accepted>) -> Result<(NoticeId, bool), ClientError> {
    let wire::Accepted {
        notice_id,
        repeated,
        reference: _,
    } = accepted.ok_or(ClientError::Unreadable)?;
    Ok((id(&notice_id)?, repeated))
}

fn id(bytes: &[u8]) -> Result<NoticeId, ClientError> {
    bytes.try_into().map_err(|_| ClientError::Unreadable)
}

fn optional_day(text: &str) -> Result<Option<Date>, ClientError> {
    if text.is_empty() {
        return Ok(None);
    }
    let day = calendar::parse_day(text).ok_or(ClientError::Unreadable)?;
    Ok(Some(day))
}

/// What the node may take to make the question durable, and to find an answer of long ago.
const BESIDES: Duration = Duration::from_secs(10);
