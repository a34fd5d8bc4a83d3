//! What the callers of a group are told: each waits until the group is durable, or is known not to be.

use tokio::sync::oneshot;

use super::{
    command::Reply,
    index::IndexError,
    publishing::{ItemAnswer, Publications},
    stage::StageError,
};
use crate::{
    domain::{area::County, audit::Entry},
    store::verb::{Accepted, NotNow, PublishError},
};

/// The answers of one group.
#[derive(Default)]
pub(super) struct Answers {
    others: Vec<Answer>,
    /// Those to publications.
    pub(super) published: Vec<Published>,
}

/// What was decided of a publication, what is to be recorded of it, and whoever asked.
type Published = (
    Vec<ItemAnswer>,
    Option<(County, Entry)>,
    oneshot::Sender<Vec<Result<Accepted, PublishError>>>,
);

type Answer = Box<dyn FnOnce(Durable) + Send>;

/// What became of the group that an answer rests on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Durable {
    Yes,
    Unknown,
}

impl Durable {
    pub(super) fn tell<T>(self, result: Result<T, NotNow>) -> Result<T, NotNow> {
        match self {
            Self::Yes => result,
            Self::Unknown => result.and(Err(NotNow::Unknown)),
        }
    }
}

impl Answers {
    /// Keeps an answer until the group is durable.
    ///
    /// # Errors
    /// A broken index: it ends the writer.
    pub(super) fn keep<T: Send + 'static>(
        &mut self,
        reply: Reply<T>,
        result: Result<T, StageError>,
    ) -> Result<(), IndexError> {
        let result = known(result)?;
        self.push(Box::new(move |durable| {
            // A caller that is gone asks again.
            drop(reply.send(durable.tell(result)));
        }));
        Ok(())
    }

    /// Keeps what is to be done once the group is durable, or is known not to be.
    pub(super) fn push(&mut self, answer: Answer) {
        self.others.push(answer);
    }

    /// Answers everyone: the group is durable.
    pub(super) fn tell(&mut self, publications: &Publications) {
        for answer in self.others.drain(..) {
            answer(Durable::Yes);
        }
        for (decided, _, reply) in self.published.drain(..) {
            let answers = decided
                .into_iter()
                .map(|answer| publications.answer(answer))
                .collect();
            drop(reply.send(answers));
        }
    }

    /// Answers everyone: what became of the group is unknown.
    pub(super) fn unknown(self) {
        for answer in self.others {
            answer(Durable::Unknown);
        }
        for (decided, _, reply) in self.published {
            // Whoever waited for this was told nothing yet.
            let unknown = decided
                .iter()
                .map(|_| Err(PublishError::NotNow(NotNow::Unknown)))
                .collect();
            drop(reply.send(unknown));
        }
    }
}

/// What the caller will be told. A broken index ends the writer.
pub(super) fn known<T>(result: Result<T, StageError>) -> Result<Result<T, NotNow>, IndexError> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(StageError::NotNow(error)) => Ok(Err(error)),
        Err(StageError::Index(error)) => Err(error),
    }
}
