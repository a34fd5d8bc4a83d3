//! A durable consumer: notices come out, acknowledgements go in.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Channel};

use super::error::ClientError;
use crate::{
    domain::{area::County, notice::Kind},
    envelope::{self, Incoming},
    proto::office::v1::{self as wire, office_client::OfficeClient},
    trust::alert::Farewell,
};

/// What a consumer is opened with; filter and start are fixed by its first opening.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Its name.
    pub consumer: String,
    /// Home area whose feed is wanted; `None` for the office's own.
    pub home: Option<County>,
    /// Kinds wanted; empty for all.
    pub kinds: Vec<Kind>,
    /// Whether a new consumer begins after the newest notice instead of at the oldest.
    pub from_now: bool,
    /// How many notices the node may send before more credit, 1 to 4,096.
    pub credit: u32,
}

/// An open consumer. The newest of a name fences the older.
pub struct Subscription {
    steps: mpsc::Sender<wire::SubscribeRequest>,
    answers: Streaming<wire::SubscribeResponse>,
}

/// What the node says to a consumer.
pub enum Step {
    /// It is open; everything up to that position is acknowledged.
    Opened(u64),
    /// A notice.
    Notice(Box<Handover>),
    /// Everything up to that position is durably acknowledged.
    Acknowledged(u64),
}

/// A notice handed over. Has no `Debug`: it holds a person.
pub struct Handover {
    /// The notice.
    pub notice: Incoming,
    /// Position in the feed.
    pub position: u64,
    /// Sequence on its channel.
    pub sequence: u64,
    /// When the node stored it: milliseconds since 1970-01-01T00:00:00Z.
    pub received_at_ms: i64,
    /// Whether it may have been handed over before.
    pub redelivered: bool,
    /// With an answer to a notice of this office's area: the reference of that notice.
    pub answers_reference: Option<String>,
}

impl Subscription {
    pub(super) async fn open(
        mut client: OfficeClient<Channel>,
        farewell: &Farewell,
        opening: Opening,
    ) -> Result<Self, ClientError> {
        let Opening {
            consumer,
            home,
            kinds,
            from_now,
            credit,
        } = opening;
        let open = wire::OpenConsumer {
            name: consumer,
            home_area: home.map(|area| area.to_string()).unwrap_or_default(),
            kinds: kinds.iter().map(ToString::to_string).collect(),
            start: if from_now {
                wire::Start::Now
            } else {
                wire::Start::First
            }
            .into(),
            credit,
        };
        let (steps, sent) = mpsc::channel(STEPS);
        send(&steps, wire::subscribe_request::Step::Open(open)).await?;
        let answers = client
            .subscribe(ReceiverStream::new(sent))
            .await
            .map_err(|status| ClientError::of_call(status, farewell))?;
        Ok(Self {
            steps,
            answers: answers.into_inner(),
        })
    }

    /// What comes next. Losing the future loses nothing.
    ///
    /// # Errors
    /// [`ClientError`]; the consumer is then to be opened anew, unless it was refused.
    pub async fn next(&mut self) -> Result<Step, ClientError> {
        let wire::SubscribeResponse { step } = self
            .answers
            .message()
            .await?
            .ok_or_else(|| ClientError::Ended(String::new()))?;
        match step.ok_or(ClientError::Unreadable)? {
            wire::subscribe_response::Step::Opened(wire::ConsumerOpened {
                acknowledged_position,
            }) => Ok(Step::Opened(acknowledged_position)),
            wire::subscribe_response::Step::Acknowledged(wire::Acknowledged { position }) => {
                Ok(Step::Acknowledged(position))
            }
            wire::subscribe_response::Step::Notice(wire::Handover {
                notice,
                position,
                sequence,
                received_at_ms,
                redelivered,
                answers_reference,
            }) => Ok(Step::Notice(Box::new(Handover {
                notice: envelope::decode(&notice).map_err(|_| ClientError::Unreadable)?,
                position,
                sequence,
                received_at_ms,
                redelivered,
                answers_reference: Some(answers_reference).filter(|text| !text.is_empty()),
            }))),
        }
    }

    /// Acknowledges everything up to a position. Durable only once [`Step::Acknowledged`] says so.
    ///
    /// # Errors
    /// [`ClientError::Ended`].
    pub async fn acknowledge(&self, position: u64) -> Result<(), ClientError> {
        let step = wire::subscribe_request::Step::Acknowledge(wire::Acknowledge { position });
        send(&self.steps, step).await
    }

    /// Lets the node send so many more notices.
    ///
    /// # Errors
    /// [`ClientError::Ended`].
    pub async fn grant(&self, notices: u32) -> Result<(), ClientError> {
        let step = wire::subscribe_request::Step::Credit(wire::Credit { notices });
        send(&self.steps, step).await
    }
}

async fn send(
    steps: &mpsc::Sender<wire::SubscribeRequest>,
    step: wire::subscribe_request::Step,
) -> Result<(), ClientError> {
    let request = wire::SubscribeRequest { step: Some(step) };
    steps
        .send(request)
        .await
        .map_err(|_| ClientError::Ended(String::new()))
}

/// Steps on their way; more wait.
const STEPS: usize = 1_024;
