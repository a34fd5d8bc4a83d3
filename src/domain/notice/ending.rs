//! What ends a case, or mends, takes back or deletes what was told in it.

use jiff::civil::Date;

use super::{Kind, Movement};
use crate::domain::area::AreaCode;

/// The case is over: she came home or moved on, or it is no longer about her.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Return {
    /// Day on which that came about.
    pub event_date: Date,
    /// Why.
    pub reason: CloseReason,
}

/// Why a case is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// She came home.
    Returned,
    /// She went to that area.
    MovedOn(AreaCode),
    /// She is registered where she lives now.
    RegisteredHere,
    /// She died.
    Deceased,
    /// She is no longer of those whom the notices are about: age, marital status.
    LeftScope,
    /// It should never have been.
    Error,
}

impl CloseReason {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::MovedOn(_) => "moved_on",
            Self::RegisteredHere => "registered_here",
            Self::Deceased => "deceased",
            Self::LeftScope => "left_scope",
            Self::Error => "error",
        }
    }
}

/// A departure or an arrival as it should have been told: the whole movement, not only what was
/// wrong. Its two counties are those of the notice that it mends.
#[derive(Clone, PartialEq, Eq)]
pub struct Correction {
    /// The kind that it mends: [`Kind::Departure`] or [`Kind::Arrival`].
    pub corrects: Kind,
    /// Day on which the mistake was found; the day of the move is the movement's.
    pub event_date: Date,
    /// The movement.
    pub movement: Movement,
}

/// A notice is taken back: nothing of it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Day on which that was decided.
    pub event_date: Date,
    /// Why.
    pub reason: WithdrawalReason,
}

/// Why a notice is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WithdrawalReason {
    /// It should not have been entered.
    EnteredInError,
    /// The same was told before.
    Duplicate,
    /// She did not move after all.
    DidNotMove,
}

impl WithdrawalReason {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::EnteredInError, Self::Duplicate, Self::DidNotMove];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EnteredInError => "entered_in_error",
            Self::Duplicate => "duplicate",
            Self::DidNotMove => "did_not_move",
        }
    }

    /// The reason of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// Everything that a notice told is to be deleted, as the person asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Day on which she asked.
    pub event_date: Date,
}
