//! Asking whether a certificate holds, and waiting for the answer.
//!
//! There is one way for the question and for its answer, that of every notice: both are durable, in
//! both journals, and under an agreement. A call that waits only hears sooner what the feed brings;
//! it may give up, break off or be repeated without a question lost or asked twice.

use std::{sync::Arc, time::Duration};

use jiff::civil::Date;

use super::{Office, audit::Caller, problem::Fault, publish::Kept};
use crate::{
    domain::{
        audit::Act,
        calendar,
        channel::{Channel, Sequence},
        delivery::Delivery,
        draft::RawDraft,
        field::Field,
        notice::{Certificate, Content, Kind, NoticeId},
        problem::Code,
        refusal::Refusal,
        urgency::Urgency,
    },
    envelope,
    store::{Direction, NotNow, NoticeView, Store},
};

/// What became of a question.
pub(super) struct CertificateAsked {
    pub(super) question: Kept,
    pub(super) heard: Heard,
}

/// What was heard on a question while its caller waited.
pub(super) enum Heard {
    Answer(Answer),
    /// Nothing yet.
    ByNotice {
        /// Last day on which the answer is in time; none where the table of holidays does not reach.
        due_on: Option<Date>,
        /// Whether the peer's node has the question.
        delivered: bool,
        /// Whether the last try to reach it went well.
        peer_reachable: bool,
    },
    /// Nothing, and nothing will be: the question has ended.
    Ended(Delivery),
}

/// The answer to a question.
pub(super) struct Answer {
    pub(super) id: NoticeId,
    pub(super) certificate: Certificate,
    pub(super) looked_up_on: Date,
    pub(super) published_at_ms: i64,
}

impl Office {
    /// Publishes a question, unless it was before, and waits so long for its answer; an answer that
    /// is here already is given at once.
    pub(super) async fn ask_certificate(
        &self,
        caller: &Caller,
        raw: RawDraft,
        wait: Duration,
    ) -> Result<CertificateAsked, Fault> {
        if raw.get(Field::Kind) != Some(Kind::CertificateQuery.name()) {
            return Err(Fault::Argument(
                "draft.certificate_query",
                Code::MissingField,
            ));
        }
        let began = self.parts.clock.monotonic();
        let question = self.publish(caller, raw, Act::CertificateAsked).await?;
        let id = question.accepted.id;
        let published = self.published(id).await?;
        let answer = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(NotNow::Stopping.into()),
            answer = self.answer_within(&published, wait) => answer?,
        };
        let waited = self
            .parts
            .clock
            .monotonic()
            .saturating_duration_since(began);
        tracing::info!(
            office = %caller.id, %id, answered = answer.is_some(), waited_ms = waited.as_millis(),
            "An office asks whether a certificate holds."
        );
        let heard = match answer {
            Some(answer) => Heard::Answer(answer),
            // How it stands by now.
            None => self.unanswered(self.published(id).await?),
        };
        Ok(CertificateAsked { question, heard })
    }

    /// The question as this side has it.
    async fn published(&self, id: NoticeId) -> Result<NoticeView, Fault> {
        let views = self.parts.store.notices(id).await?;
        let mut published = views.into_iter();
        published
            .find(|view| view.direction == Direction::Out)
            .ok_or(Fault::UnknownNotice)
    }

    /// The answer that is here or comes within that time. What is here is looked through whatever
    /// the time.
    async fn answer_within(
        &self,
        question: &NoticeView,
        wait: Duration,
    ) -> Result<Option<Answer>, Fault> {
        let store = &self.parts.store;
        let mut bell = store.feed_bell(question.channel.from);
        let mut search = Search::of(question)?;
        let over = tokio::time::sleep(wait);
        tokio::pin!(over);
        loop {
            // Before looking, so that what comes meanwhile rings again.
            bell.borrow_and_update();
            search.look(store).await?;
            if search.found.is_some() {
                return Ok(search.found);
            }
            tokio::select! {
                biased;
                rung = bell.changed() => if rung.is_err() {
                    return Err(NotNow::Stopping.into());
                },
                () = &mut over => return Ok(None),
            }
        }
    }

    /// A question without an answer.
    fn unanswered(&self, question: NoticeView) -> Heard {
        match question.delivery {
            Delivery::Refused(_) | Delivery::Expired(_) | Delivery::Withdrawn(_) => {
                Heard::Ended(question.delivery)
            }
            Delivery::Queued | Delivery::InFlight | Delivery::Stored => Heard::ByNotice {
                due_on: self.due_on(&question),
                delivered: question.delivery == Delivery::Stored,
                peer_reachable: self.is_reachable(question.channel),
            },
        }
    }

    /// Last day on which the answer is in time, by the agreement under which the question travels.
    fn due_on(&self, question: &NoticeView) -> Option<Date> {
        let agreements = Arc::clone(&self.parts.agreements.borrow());
        let mut held = agreements.iter();
        let agreement = held.find(|it| it.version == question.facts.agreement)?;
        let side = agreement.sender_on(question.channel)?;
        let times = agreement.terms(side, question.facts.kind)?.times;
        let published = calendar::day_of(question.facts.published_at_ms)?;
        let workdays = Arc::clone(&self.parts.workdays.borrow());
        let deadline = times.deadline(published, Urgency::Ordinary, &workdays);
        deadline.ok()?.answer
    }

    /// Whether the last try to reach the node at a channel's end went well.
    fn is_reachable(&self, channel: Channel) -> bool {
        let trust = Arc::clone(&self.parts.trust.borrow());
        let Some(peer) = trust.peer_for(channel.to) else {
            return false;
        };
        let links = self.parts.operations.links();
        let mut links = links.iter();
        links
            .find(|link| link.identity == peer.pairing().id)
            .is_some_and(|link| link.last_contact_ms > 0 && link.last_error.is_none())
    }
}

/// The search for the answer to a question, on the channel on which it comes, from where that stood
/// when the question was published.
struct Search {
    question: NoticeId,
    channel: Channel,
    looked: Sequence,
    /// The answer that stands.
    found: Option<Answer>,
}

impl Search {
    fn of(question: &NoticeView) -> Result<Self, Fault> {
        let bytes = question.bytes.as_ref().ok_or(Fault::UnknownNotice)?;
        let notice = envelope::decode(bytes).map_err(|_| NotNow::Unreadable)?;
        Ok(Self {
            question: question.facts.id,
            channel: question.channel.opposite(),
            looked: notice.header.opposite_sequence,
            found: None,
        })
    }

    /// Looks at everything that has come since the last look.
    async fn look(&mut self, store: &Store) -> Result<(), NotNow> {
        loop {
            let told = store
                .told(self.channel, Direction::In, self.looked, AT_ONCE)
                .await?;
            for view in &told.notices {
                self.take(view)?;
            }
            if told.looked == self.looked {
                return Ok(());
            }
            self.looked = told.looked;
        }
    }

    /// The newest answer stands, unless it was taken back.
    fn take(&mut self, view: &NoticeView) -> Result<(), NotNow> {
        match view.facts.kind {
            Kind::CertificateResult if view.facts.answers == Some(self.question) => {
                let Some(bytes) = &view.bytes else {
                    return Ok(());
                };
                let notice = envelope::decode(bytes).map_err(|_| NotNow::Unreadable)?;
                if let Content::CertificateResult(result) = notice.content {
                    self.found = Some(Answer {
                        id: view.facts.id,
                        certificate: result.certificate,
                        looked_up_on: result.event_date,
                        published_at_ms: view.facts.published_at_ms,
                    });
                }
            }
            Kind::Withdrawal | Kind::Erasure => {
                let ended = |answer: &Answer| view.facts.answers == Some(answer.id);
                if self.found.as_ref().is_some_and(ended) {
                    self.found = None;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The stable code of what a question was refused for, if it was.
pub(super) const fn refused_for(delivery: &Delivery) -> Option<Code> {
    match delivery {
        Delivery::Refused(Refusal { code, .. }) => Some(*code),
        _ => None,
    }
}

/// Notices of the channel that are looked at in one reading.
const AT_ONCE: usize = 256;
