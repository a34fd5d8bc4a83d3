//! Refusals that cross a wire: whose turn it is, a stable code, a field.

use super::{field::Field, problem::Code};

/// Why a notice cannot be taken, and whose turn it is. The outbox obeys the class alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code.
    pub code: Code,
    /// The field that it speaks of.
    pub field: Option<Field>,
}

impl Refusal {
    /// A refusal of the notice as a whole.
    pub const fn whole(code: Code) -> Self {
        Self { code, field: None }
    }

    /// A refusal for one field.
    pub const fn of(code: Code, field: Field) -> Self {
        Self {
            code,
            field: Some(field),
        }
    }
}

/// An answer that is not final: nothing was consumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The receiver does not hold the agreement version that the notice names, or it is suspended
    /// there: only this notice waits.
    Agreement {
        /// `id/version` as the notice names it.
        which: String,
        /// Why.
        refusal: Refusal,
    },
    /// A person at the receiver has to act: the channel waits.
    Operator(Refusal),
    /// Not now: the channel waits for so many seconds.
    RetryLater {
        /// Seconds, capped at an hour by the sender.
        after_seconds: u32,
        /// Why.
        refusal: Refusal,
    },
}
