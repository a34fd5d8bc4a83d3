//! One query and its answer: who is asked after, what the register says, and the notice that tells it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::{
    super::{faults::sentence_of, language::both},
    shelf::Shelf,
};
use crate::{
    clock::Clock,
    domain::{
        area::County,
        calendar,
        draft::Draft,
        notice::{Certificate, CertificateResult, Content, Correction, Movement, NoticeId},
        pace::{Pace, Taken},
        problem::{Code, Sentence},
    },
    envelope::Header,
    ledger::Entry,
    office::client::{Client, ClientError, Says, Shown},
};

/// Answers queries by a register.
pub(super) struct Desk {
    shelf: Shelf,
    pace: Pace,
    clock: Clock,
    answered: Mutex<HashMap<County, Taken>>,
}

/// What became of a query. None of it tells of whom it was.
pub(super) struct Handled {
    pub(super) query: NoticeId,
    pub(super) from: County,
    pub(super) verdict: Verdict,
}

/// How a query was answered, if it was.
pub(super) enum Verdict {
    /// The answer is durable.
    Answered(NoticeId),
    /// It was before, as the reference of the answer shows.
    AnsweredBefore,
    /// The node does not take the answer.
    Refused {
        /// Its stable code.
        code: String,
        words: Sentence,
    },
    /// A person has to answer it.
    Left(Sentence),
}

impl Desk {
    pub(super) fn new(shelf: Shelf, pace: Pace, clock: Clock) -> Self {
        Self {
            shelf,
            pace,
            clock,
            answered: Mutex::default(),
        }
    }

    /// Answers a query when it is its area's turn.
    ///
    /// # Errors
    /// [`ClientError`] if the node cannot be asked or told now; the query is then as it was.
    pub(super) async fn handle(
        &self,
        client: &Client,
        query: &Header,
    ) -> Result<Handled, ClientError> {
        self.turn(query.from).await;
        Ok(Handled {
            query: query.id,
            from: query.from,
            verdict: self.answer(client, query).await?,
        })
    }

    /// Waits until an area may be answered once more.
    async fn turn(&self, area: County) {
        loop {
            let taken = {
                let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
                let taken = answered.entry(area).or_default();
                self.pace.take(taken, self.clock.monotonic())
            };
            match taken {
                Ok(()) => return,
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    async fn answer(&self, client: &Client, query: &Header) -> Result<Verdict, ClientError> {
        let named = match query.answers {
            Some(named) => movement_of(client, named).await?,
            None => None,
        };
        let Some(Movement {
            subject,
            certificate,
            ..
        }) = named
        else {
            return Ok(Verdict::Left(both(
                "所指的流出或流入通报已不在本节点，或不在本科室范围内",
                "the departure or arrival that it names is not here, or not within this office's areas",
            )));
        };
        let register = self.shelf.register().await;
        let number = certificate.number.as_deref();
        let told = match register.find(&subject.resident_id, number) {
            Entry::Certificate(certificate) => certificate.clone(),
            Entry::NotFound => Certificate::not_found(),
            Entry::Unclear { line } => {
                return Ok(Verdict::Left(both(
                    format!("登记册第 {line} 行缺状态，或有效期无法识别"),
                    format!(
                        "line {line} of the register has no status, or a last day that is none"
                    ),
                )));
            }
        };
        self.publish(client, query, told).await
    }

    async fn publish(
        &self,
        client: &Client,
        query: &Header,
        certificate: Certificate,
    ) -> Result<Verdict, ClientError> {
        let Some(event_date) = calendar::day_of(self.clock.now_ms()) else {
            return Ok(Verdict::Left(both(
                "系统时钟不可用，请校准",
                "the clock of this machine is beyond any calendar; set it",
            )));
        };
        let draft = Draft {
            reference: format!("{REFERENCES}{}", query.id).parse().ok(),
            from: query.to,
            from_follows: false,
            to: Some(query.from),
            answers: Some(query.id),
            consent: None,
            content: Content::CertificateResult(CertificateResult {
                event_date,
                certificate,
            }),
        };
        match client.tell(&draft).await {
            Ok((_, true)) => Ok(Verdict::AnsweredBefore),
            Ok((id, false)) => Ok(Verdict::Answered(id)),
            // On another day, or by another register.
            Err(ClientError::Refused(refusal))
                if refusal.code == Code::ReferenceConflict.name() =>
            {
                Ok(Verdict::AnsweredBefore)
            }
            Err(ClientError::Refused(refusal)) => Ok(Verdict::Refused {
                words: sentence_of(&refusal),
                code: refusal.code,
            }),
            Err(error) => Err(error),
        }
    }
}

/// What the notice tells of a move, as it was corrected last; none if this office cannot see that, or
/// nothing of it is left.
async fn movement_of(client: &Client, id: NoticeId) -> Result<Option<Movement>, ClientError> {
    let records = records_of(client, id).await?;
    let corrected_by = records.iter().find_map(|shown| shown.corrected_by);
    let records = match corrected_by {
        Some(correction) => records_of(client, correction).await?,
        None => records,
    };
    let moved = |Shown { content, .. }: Shown| match content {
        Says::Full(notice) => match notice.content {
            Content::Departure(movement)
            | Content::Arrival(movement)
            | Content::Correction(Correction { movement, .. }) => Some(movement),
            _ => None,
        },
        Says::Masked(_) => None,
    };
    Ok(records.into_iter().find_map(moved))
}

async fn records_of(client: &Client, id: NoticeId) -> Result<Vec<Shown>, ClientError> {
    match client.notice(id, None).await {
        Err(ClientError::Refused(refusal)) if refusal.code == Code::UnknownNotice.name() => {
            Ok(Vec::new())
        }
        shown => shown,
    }
}

/// What the references of answers begin with; the query's id follows, so that each is answered once.
const REFERENCES: &str = "certificate-";

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use super::*;

    #[tokio::test]
    async fn an_area_waits_for_its_turn_and_no_other_waits_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("register.csv");
        std::fs::write(&path, "身份证号,状态\n").unwrap();
        let clock = Clock::system();
        let period = Duration::from_millis(200);
        let pace = Pace::within(period, NonZeroU32::new(2).unwrap());
        let shelf = Shelf::open(path, clock.clone()).unwrap();
        let desk = Desk::new(shelf, pace, clock.clone());
        let [busy, quiet] = ["530111", "530112"].map(|area| area.parse().unwrap());
        let begun = clock.monotonic();
        for _ in 0..6 {
            desk.turn(busy).await;
        }
        assert!(clock.monotonic() - begun >= period * 2);
        let waits = tokio::time::timeout(Duration::ZERO, desk.turn(busy)).await;
        assert!(waits.is_err(), "the seventh waits");
        let waits = tokio::time::timeout(Duration::ZERO, desk.turn(quiet)).await;
        assert!(waits.is_ok(), "another does not");
    }
}
