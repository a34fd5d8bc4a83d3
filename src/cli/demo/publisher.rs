//! Publishing: what an office tells, over as many links as that takes.

use std::{collections::VecDeque, sync::Arc};

use tokio::{sync::mpsc, time::Instant};

use super::{office::Office, tally::Tally};
use crate::{
    cli::exit::Failure,
    domain::draft::Draft,
    office::client::{Client, ClientError, Published},
};

/// Publishes drafts as they come.
pub(super) struct Publisher {
    pub(super) office: Office,
    pub(super) drafts: mpsc::Receiver<Draft>,
    pub(super) tally: Arc<Tally>,
}

/// A draft without answer, and when it was sent first.
struct Sent {
    draft: Draft,
    at: Instant,
}

impl Publisher {
    /// Publishes until no more drafts can come. What has no answer when a link breaks is sent again
    /// under the same reference, so that it is published once.
    ///
    /// # Errors
    /// If the node refuses the call as a whole.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let mut waiting = VecDeque::new();
        loop {
            let client = self.office.reach().await?;
            match self.follow(&client, &mut waiting).await {
                Ok(()) => return Ok(()),
                Err(error) => Office::patient(error).await?,
            }
        }
    }

    /// Publishes over one link.
    async fn follow(
        &mut self,
        client: &Client,
        waiting: &mut VecDeque<Sent>,
    ) -> Result<(), ClientError> {
        let mut publishing = client.publish(WINDOW);
        for sent in &*waiting {
            publishing.send(&sent.draft)?;
        }
        let mut open = true;
        while open || !waiting.is_empty() {
            tokio::select! {
                answer = publishing.next(), if !waiting.is_empty() => {
                    let answer = answer?;
                    if let Some(Sent { draft, at }) = waiting.pop_front() {
                        self.note(&draft, at, answer);
                    }
                }
                draft = self.drafts.recv(), if open && waiting.len() < WINDOW => match draft {
                    Some(draft) => {
                        // It counts as on its way even where sending fails.
                        let sent = publishing.send(&draft);
                        waiting.push_back(Sent { draft, at: Instant::now() });
                        sent?;
                    }
                    None => open = false,
                },
            }
        }
        Ok(())
    }

    fn note(&self, draft: &Draft, at: Instant, answer: Published) {
        let kind = draft.content.kind();
        match answer {
            Published::Accepted { id, repeated: _ } => {
                self.tally.accepted(draft.from, id, kind, at);
            }
            Published::Refused(problems) => {
                let code = problems.into_iter().next().map(|problem| problem.code);
                self.tally
                    .refused(draft.from, kind, code.unwrap_or_default());
            }
        }
    }
}

/// Drafts that may wait for their answers.
const WINDOW: usize = 64;
