//! Subscribing: what an office is told, and what it answers.

use std::{collections::HashSet, sync::Arc};

use jiff::civil::Date;
use tokio::sync::mpsc;

use super::{office::Office, tally::Tally};
use crate::{
    cli::exit::Failure,
    domain::{
        draft::Draft,
        notice::{Content, Feedback, Kind, NoticeId, Outcome},
    },
    office::client::{Client, ClientError, Handover, Opening, Step},
};

/// Takes what is handed over and answers each departure and arrival.
pub(super) struct Subscriber {
    pub(super) office: Office,
    pub(super) answers: mpsc::Sender<Draft>,
    pub(super) tally: Arc<Tally>,
    pub(super) today: Date,
    /// What is answered already: a notice may be handed over again after a link broke.
    pub(super) answered: HashSet<NoticeId>,
}

impl Subscriber {
    /// Runs for as long as it is let.
    ///
    /// # Errors
    /// If the node refuses.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        loop {
            let client = self.office.reach().await?;
            if let Err(error) = self.follow(&client).await {
                Office::patient(error).await?;
            }
        }
    }

    /// Takes what comes over one link.
    async fn follow(&mut self, client: &Client) -> Result<(), ClientError> {
        let opening = Opening {
            consumer: CONSUMER.to_owned(),
            home: None,
            kinds: Vec::new(),
            from_now: false,
            credit: WINDOW,
        };
        let mut subscription = client.subscribe(opening).await?;
        loop {
            match subscription.next().await? {
                Step::Opened(_) | Step::Acknowledged(_) => {}
                Step::Notice(handover) => {
                    self.tally.handed(&handover);
                    self.answer(&handover).await?;
                    subscription.acknowledge(handover.position).await?;
                    subscription.grant(1).await?;
                }
            }
        }
    }

    /// Answers a departure or an arrival, once.
    async fn answer(&mut self, handover: &Handover) -> Result<(), ClientError> {
        let header = &handover.notice.header;
        let asks = matches!(header.kind, Kind::Departure | Kind::Arrival);
        if !asks || !self.answered.insert(header.id) {
            return Ok(());
        }
        let draft = Draft {
            reference: format!("answer-{}", header.id).parse().ok(),
            from: header.to,
            from_follows: false,
            to: None,
            answers: Some(header.id),
            consent: None,
            content: Content::Feedback(Feedback {
                outcome: found(header.id),
                event_date: self.today,
                note: None,
            }),
        };
        self.answers
            .send(draft)
            .await
            .map_err(|_| ClientError::Ended(String::new()))
    }
}

/// What the office found: mostly what was told.
const fn found(id: NoticeId) -> Outcome {
    let [.., last] = id.as_bytes();
    match *last % 20 {
        7 => Outcome::NotFound,
        3 | 13 => Outcome::Corrected,
        _ => Outcome::Confirmed,
    }
}

const CONSUMER: &str = "demo";

/// Notices that may be on their way.
const WINDOW: u32 = 256;
