//! Notices: what they are called, and what they say.

mod bulletin;
mod ending;
mod feedback;
mod id;
mod kind;
mod movement;
mod request;
mod service;
mod spoken;

use jiff::civil::Date;

pub use bulletin::{Bulletin, Figure, SMALLEST_TOLD, may_be_told};
pub use ending::{CloseReason, Correction, Erasure, Return, Withdrawal, WithdrawalReason};
pub use feedback::{Feedback, Outcome};
pub use id::{NotANoticeId, NoticeId};
pub use kind::{Kind, Names, UnknownKind};
pub use movement::{Care, Certificate, Consent, MaritalStatus, Movement, Person};
pub use request::{CertificateQuery, CertificateResult, Fact, VerificationRequest};
pub use service::{ContinuityRequest, ContinuityTransfer, Service, ServiceRecord};
pub use spoken::{Spoken, Way};

/// What a notice says. It has no `Debug` that prints a person.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// She left the sending area.
    Departure(Movement),
    /// She lives in the sending area.
    Arrival(Movement),
    /// The answer to a notice.
    Feedback(Feedback),
    /// A note.
    Message(Message),
    /// Facts to be checked.
    VerificationRequest(VerificationRequest),
    /// A service that she was given.
    ServiceRecord(ServiceRecord),
    /// What care needs next is asked for.
    ContinuityRequest(ContinuityRequest),
    /// What care needs next.
    ContinuityTransfer(ContinuityTransfer),
    /// Whether her certificate holds is asked.
    CertificateQuery(CertificateQuery),
    /// Whether it holds.
    CertificateResult(CertificateResult),
    /// The case is over: she came home, moved on, or it is no longer about her.
    Return(Return),
    /// A movement as it should have been told.
    Correction(Correction),
    /// A notice is taken back.
    Withdrawal(Withdrawal),
    /// A notice is to be deleted.
    Erasure(Erasure),
    /// A desk took a notice up; the notice named says all of it.
    TakenUp,
    /// An answer is waited for.
    Reminder(Reminder),
    /// A month in numbers.
    Bulletin(Bulletin),
}

impl Content {
    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Departure(_) => Kind::Departure,
            Self::Arrival(_) => Kind::Arrival,
            Self::Feedback(_) => Kind::Feedback,
            Self::Message(_) => Kind::Message,
            Self::VerificationRequest(_) => Kind::VerificationRequest,
            Self::ServiceRecord(_) => Kind::ServiceRecord,
            Self::ContinuityRequest(_) => Kind::ContinuityRequest,
            Self::ContinuityTransfer(_) => Kind::ContinuityTransfer,
            Self::CertificateQuery(_) => Kind::CertificateQuery,
            Self::CertificateResult(_) => Kind::CertificateResult,
            Self::Return(_) => Kind::Return,
            Self::Correction(_) => Kind::Correction,
            Self::Withdrawal(_) => Kind::Withdrawal,
            Self::Erasure(_) => Kind::Erasure,
            Self::TakenUp => Kind::TakenUp,
            Self::Reminder(_) => Kind::Reminder,
            Self::Bulletin(_) => Kind::Bulletin,
        }
    }

    /// With a correction, the kind that it mends.
    pub const fn corrects(&self) -> Option<Kind> {
        match self {
            Self::Correction(correction) => Some(correction.corrects),
            _ => None,
        }
    }

    /// The movement that it tells of, and as which kind: that of a correction as the kind that it
    /// mends.
    pub const fn movement(&self) -> Option<(Kind, &Movement)> {
        match self {
            Self::Departure(movement) | Self::Arrival(movement) => Some((self.kind(), movement)),
            Self::Correction(Correction {
                corrects, movement, ..
            }) => Some((*corrects, movement)),
            _ => None,
        }
    }

    /// The day of what it tells: of a correction that on which the mistake was found. None for what
    /// tells of no day.
    pub const fn event_date(&self) -> Option<Date> {
        match self {
            Self::Departure(movement) | Self::Arrival(movement) => Some(movement.event_date),
            Self::Feedback(feedback) => Some(feedback.event_date),
            Self::VerificationRequest(request) => Some(request.event_date),
            Self::ServiceRecord(record) => Some(record.event_date),
            Self::ContinuityRequest(request) => Some(request.event_date),
            Self::ContinuityTransfer(transfer) => Some(transfer.event_date),
            Self::CertificateQuery(query) => Some(query.event_date),
            Self::CertificateResult(result) => Some(result.event_date),
            Self::Return(ending) => Some(ending.event_date),
            Self::Correction(correction) => Some(correction.event_date),
            Self::Withdrawal(withdrawal) => Some(withdrawal.event_date),
            Self::Erasure(erasure) => Some(erasure.event_date),
            Self::Message(_) | Self::TakenUp | Self::Reminder(_) | Self::Bulletin(_) => None,
        }
    }

    /// The person whom it describes.
    pub const fn subject(&self) -> Option<&Person> {
        match self {
            Self::VerificationRequest(request) => Some(&request.subject),
            _ => match self.movement() {
                Some((_, movement)) => Some(&movement.subject),
                None => None,
            },
        }
    }
}

/// A note between two offices.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Up to 2,000 characters.
    pub text: String,
}

/// Says that an answer is waited for. Made by the node of the area that waits, before and after
/// the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// Last day for the answer.
    pub due_on: Date,
}
