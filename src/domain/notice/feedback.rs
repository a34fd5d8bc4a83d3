//! The answer to a notice.

use jiff::civil::Date;

use super::NoticeId;
use crate::domain::area::AreaCode;

/// The answer to a notice.
#[derive(Clone, PartialEq, Eq)]
pub struct Feedback {
    /// What was found.
    pub outcome: Outcome,
    /// Day on which it was found.
    pub event_date: Date,
    /// Free text.
    pub note: Option<String>,
}

/// What the answering office found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As told.
    Confirmed,
    /// Found; details were mended.
    Corrected,
    /// Nobody like this.
    NotFound,
    /// The place is not of the receiving area.
    NotOurs,
    /// She moved on to that area.
    MovedOn(AreaCode),
    /// The same as that notice.
    DuplicateOf(NoticeId),
    /// More is needed.
    NeedsInformation,
    /// She withdrew her consent.
    ConsentWithdrawn,
}

impl Outcome {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Corrected => "corrected",
            Self::NotFound => "not_found",
            Self::NotOurs => "not_ours",
            Self::MovedOn(_) => "moved_on",
            Self::DuplicateOf(_) => "duplicate_of",
            Self::NeedsInformation => "needs_information",
            Self::ConsentWithdrawn => "consent_withdrawn",
        }
    }
}
