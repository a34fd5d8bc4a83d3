//! The kinds of notices, and what follows from the kind alone.

use std::{fmt, str::FromStr};

use crate::domain::field::Field;

/// The kinds of notices that this version speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A woman left for your area (流出).
    Departure,
    /// A woman from your area lives here (流入).
    Arrival,
    /// The answer to a notice (反馈).
    Feedback,
    /// A note between two offices (留言).
    Message,
    /// Please check these facts (协查).
    VerificationRequest,
    /// A service that she was given where she lives (服务通报).
    ServiceRecord,
    /// Please pass on what her care needs next (服务接续).
    ContinuityRequest,
    /// What her care needs next.
    ContinuityTransfer,
    /// Does her entitlement certificate hold (婚育证明查验)?
    CertificateQuery,
    /// Whether it does.
    CertificateResult,
    /// She came home, or moved on (返回).
    Return,
    /// A departure or an arrival as it should have been told (更正).
    Correction,
    /// A notice is taken back (撤回).
    Withdrawal,
    /// A notice is to be deleted, as she asked (删除).
    Erasure,
    /// A desk took the notice up (接收).
    TakenUp,
    /// An answer is waited for (催办).
    Reminder,
    /// A month in numbers (月报).
    Bulletin,
}

/// Whether a notice speaks of an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// It opens a case, or is of none.
    Never,
    /// It may open a case as well.
    May,
    /// It says nothing without it.
    Must,
}

impl Kind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 17] = [
        Self::Departure,
        Self::Arrival,
        Self::Feedback,
        Self::Message,
        Self::VerificationRequest,
        Self::ServiceRecord,
        Self::ContinuityRequest,
        Self::ContinuityTransfer,
        Self::CertificateQuery,
        Self::CertificateResult,
        Self::Return,
        Self::Correction,
        Self::Withdrawal,
        Self::Erasure,
        Self::TakenUp,
        Self::Reminder,
        Self::Bulletin,
    ];

    /// Its stable name, as in agreements, commands and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Departure => "departure",
            Self::Arrival => "arrival",
            Self::Feedback => "feedback",
            Self::Message => "message",
            Self::VerificationRequest => "verification_request",
            Self::ServiceRecord => "service_record",
            Self::ContinuityRequest => "continuity_request",
            Self::ContinuityTransfer => "continuity_transfer",
            Self::CertificateQuery => "certificate_query",
            Self::CertificateResult => "certificate_result",
            Self::Return => "return",
            Self::Correction => "correction",
            Self::Withdrawal => "withdrawal",
            Self::Erasure => "erasure",
            Self::TakenUp => "taken_up",
            Self::Reminder => "reminder",
            Self::Bulletin => "bulletin",
        }
    }

    /// Its number in stored records.
    pub const fn number(self) -> u8 {
        match self {
            Self::Departure => 1,
            Self::Arrival => 2,
            Self::Feedback => 3,
            Self::Message => 4,
            Self::VerificationRequest => 5,
            Self::ServiceRecord => 6,
            Self::ContinuityRequest => 7,
            Self::ContinuityTransfer => 8,
            Self::CertificateQuery => 9,
            Self::CertificateResult => 10,
            Self::Return => 11,
            Self::Correction => 12,
            Self::Withdrawal => 13,
            Self::Erasure => 14,
            Self::TakenUp => 15,
            Self::Reminder => 16,
            Self::Bulletin => 17,
        }
    }

    /// The kind of that number in a stored record.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The kind by which the other side owes an answer to it; none if it owes none.
    pub const fn answered_by(self) -> Option<Self> {
        match self {
            Self::Departure | Self::Arrival | Self::VerificationRequest => Some(Self::Feedback),
            Self::ContinuityRequest => Some(Self::ContinuityTransfer),
            Self::CertificateQuery => Some(Self::CertificateResult),
            Self::Feedback
            | Self::Message
            | Self::ServiceRecord
            | Self::ContinuityTransfer
            | Self::CertificateResult
            | Self::Return
            | Self::Correction
            | Self::Withdrawal
            | Self::Erasure
            | Self::TakenUp
            | Self::Reminder
            | Self::Bulletin => None,
        }
    }

    /// True if the other side owes an answer to it.
    pub const fn is_answered(self) -> bool {
        self.answered_by().is_some()
    }

    /// True if the node itself makes it: an office that publishes one is refused.
    pub const fn made_by_node(self) -> bool {
        matches!(self, Self::TakenUp | Self::Reminder)
    }

    /// True if it follows what was told before: no agreement grants it by name, and any agreement
    /// in force lets it through, both ways. What a correction may carry, the grant for the kind
    /// that it mends says.
    pub const fn follows(self) -> bool {
        matches!(
            self,
            Self::TakenUp | Self::Reminder | Self::Correction | Self::Withdrawal | Self::Erasure
        )
    }

    /// Whether such a notice speaks of an earlier one.
    pub const fn names_a_notice(self) -> Names {
        match self {
            Self::Departure | Self::Arrival | Self::Bulletin => Names::Never,
            Self::VerificationRequest => Names::May,
            Self::Feedback
            | Self::Message
            | Self::ServiceRecord
            | Self::ContinuityRequest
            | Self::ContinuityTransfer
            | Self::CertificateQuery
            | Self::CertificateResult
            | Self::Return
            | Self::Correction
            | Self::Withdrawal
            | Self::Erasure
            | Self::TakenUp
            | Self::Reminder => Names::Must,
        }
    }

    /// Of a movement, the fields of the sending and of the receiving side's own area.
    pub const fn ends(self) -> Option<(Field, Field)> {
        match self {
            Self::Departure => Some((Field::OriginArea, Field::DestinationArea)),
            Self::Arrival => Some((Field::DestinationArea, Field::OriginArea)),
            _ => None,
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or(UnknownKind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// No kind of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such kind of notice; there are {}", Kind::ALL.map(Kind::name).join(", "))]
pub struct UnknownKind;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_round_trip() {
        for (at, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(usize::from(kind.number()), at + 1);
            assert_eq!(Kind::from_number(kind.number()), Some(kind));
            assert!(UnknownKind.to_string().contains(kind.name()));
        }
        assert_eq!("returned".parse::<Kind>(), Err(UnknownKind));
        assert_eq!(Kind::from_number(0), None);
        assert_eq!(Kind::from_number(18), None);
    }

    #[test]
    fn what_answers_a_kind_must_name_it_and_travels_by_a_grant() {
        for kind in Kind::ALL {
            if let Some(answer) = kind.answered_by() {
                assert_eq!(answer.names_a_notice(), Names::Must, "{kind}");
                assert!(!kind.follows() && !answer.follows(), "{kind}");
            }
            if kind.follows() {
                assert_eq!(kind.names_a_notice(), Names::Must, "{kind}");
            }
            assert!(kind.follows() || !kind.made_by_node(), "{kind}");
        }
    }
}
