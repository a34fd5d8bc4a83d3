//! What one side owes the other within a case, and what became of it.

use jiff::civil::Date;

use super::fact::Due;
use crate::domain::{
    area::County,
    notice::{NoticeId, Outcome},
};

/// A notice that waits, or waited, for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// The notice.
    pub notice: NoticeId,
    /// The side that owes the answer.
    pub by: County,
    /// When it was published: milliseconds since 1970-01-01T00:00:00Z.
    pub since_ms: i64,
    /// The last days in time.
    pub due: Due,
    /// When a desk took it up, by the notice that says so.
    pub taken_up_at_ms: Option<i64>,
    /// What became of it.
    pub standing: Standing,
}

/// What became of something that is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is owed.
    Open,
    /// It was answered.
    Answered(Answer),
    /// It was taken back, or its case ended otherwise: nobody waits for an answer any more.
    Lapsed {
        /// When: milliseconds since 1970-01-01T00:00:00Z.
        at_ms: i64,
    },
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The notice that gave it.
    pub notice: NoticeId,
    /// When that was published: milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// What it found; none for the answer to a question that is not about where she is.
    pub outcome: Option<Outcome>,
}

impl Owed {
    /// Whether an answer is still waited for.
    pub const fn is_open(&self) -> bool {
        matches!(self.standing, Standing::Open)
    }

    /// Whether the answer is late on that day: its last day has passed, and nobody has answered.
    pub fn is_overdue(&self, today: Date) -> bool {
        self.is_open() && self.due.answer.is_some_and(|due| due < today)
    }

    /// Whether no desk has taken it up.
    pub const fn waits_for_a_desk(&self) -> bool {
        self.is_open() && self.taken_up_at_ms.is_none()
    }
}
