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

/// Whose turn it is after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Whoever sent it mends it and sends anew: the same again gets the same answer.
    Final,
    /// The two sides agree first; then the same is taken.
    Agreement,
    /// A person who runs a node acts first.
    Operator,
    /// Nobody: the same again, later.
    RetryLater,
}

impl Class {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Agreement => "agreement",
            Self::Operator => "operator",
            Self::RetryLater => "retry_later",
        }
    }

    /// Whose turn it is where that is told as a refusal. A pause of the exchange has a class of its
    /// own, which then counts.
    pub const fn of(code: Code) -> Self {
        match code {
            Code::NoAgreement
            | Code::AgreementExpired
            | Code::AgreementSuspended
            | Code::AreaNotCovered => Self::Agreement,
            Code::AreaOfAnother | Code::SandboxMismatch | Code::SetBack => Self::Operator,
            Code::QuotaExceeded | Code::TooManyQueries | Code::StorageLow => Self::RetryLater,
            Code::MissingField
            | Code::ResidentIdFormat
            | Code::ResidentIdCheckDigit
            | Code::ResidentIdBirthDate
            | Code::ResidentIdPrecisionLost
            | Code::ResidentIdUnassigned
            | Code::OutOfScopeSex
            | Code::OutOfScopeAge
            | Code::OutOfScopeMaritalStatus
            | Code::AreaUnknown
            | Code::AreaNotOurs
            | Code::AreaOutsideScope
            | Code::AreaOutsideCounty
            | Code::SameArea
            | Code::DateFormat
            | Code::DateInFuture
            | Code::DuplicateInFile
            | Code::ForbiddenValue
            | Code::UnknownField
            | Code::ValueFormat
            | Code::ValueTooLong
            | Code::UnknownNotice
            | Code::NothingOwed
            | Code::LegalHold
            | Code::MadeByNode
            | Code::CountTooSmall
            | Code::AgreementSuperseded
            | Code::PurposeMismatch
            | Code::KindNotPermitted
            | Code::FieldNotPermitted
            | Code::ConsentMissing
            | Code::ConsentScope
            | Code::ConsentWithdrawn
            | Code::ReferenceConflict
            | Code::IdConflict
            | Code::Malformed
            | Code::FieldRepeated
            | Code::TooLarge => Self::Final,
        }
    }
}
