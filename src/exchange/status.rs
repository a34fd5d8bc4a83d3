//! The only place that makes a `tonic::Status` of the exchange.
//!
//! The litmus test: *Unavailable* if the caller may try the same call again as it is; *Aborted* if
//! it must begin the stream anew from what both hold; *Failed precondition* if nothing changes
//! before a person acts. *Invalid argument* is for bytes that no node of this version sends.
//!
//! Every status carries `ErrorInfo` with the stable code and, under `class`, whose turn it is.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::{
    domain::{problem::Code as Refused, refusal::Class},
    store::NotNow,
    trust::signature::SignatureError,
};

use super::{misdeed::Misdeed, succession::PinError, wire::NotOfItsForm};

/// Why a call of a peer ends.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// A newer stream of the channel has taken over.
    #[error("a newer stream of this channel has taken over")]
    Fenced,
    /// The peer opened too many streams.
    #[error("too many streams; close one and come again")]
    TooManyStreams,
    /// The peer has used up what it may without bringing anything.
    #[error("too much was sent that brought nothing; come again later")]
    AllowanceUsedUp,
    /// The channel is none of the caller's.
    #[error("the caller does not speak for the area that sends, or the other area is not here")]
    NotYourChannel,
    /// A sandbox peer at a production node, or the reverse.
    #[error("sandbox and production do not exchange")]
    SandboxMismatch,
    /// The caller is not paired any more.
    #[error("the caller is not paired with this node")]
    NotPaired,
    /// A message is not of its form.
    #[error(transparent)]
    NotOfItsForm(#[from] NotOfItsForm),
    /// The caller's new signing key was not taken up.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// A signature does not hold.
    #[error("a signature does not hold: {0}")]
    Signature(#[from] SignatureError),
    /// The store cannot.
    #[error(transparent)]
    NotNow(#[from] NotNow),
    /// What the caller handed over could not be kept.
    #[error("what was handed over cannot be kept now")]
    NotKept,
    /// Cases are being made anew.
    #[error("cases are being made from the notices; ask again in a moment")]
    CasesNotReady,
    /// The caller said nothing for too long.
    #[error("nothing was sent for too long")]
    Silent,
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

impl CallError {
    /// The code of gRPC, the stable code, and whose turn it is.
    const fn told(&self) -> (Code, &'static str, Class) {
        match self {
            Self::Fenced => (Code::Aborted, "fenced", Class::RetryLater),
            Self::TooManyStreams => (
                Code::ResourceExhausted,
                "too_many_streams",
                Class::RetryLater,
            ),
            Self::AllowanceUsedUp => (
                Code::ResourceExhausted,
                "allowance_used_up",
                Class::RetryLater,
            ),
            Self::NotYourChannel => (Code::PermissionDenied, "not_your_channel", Class::Operator),
            Self::NotPaired => (Code::PermissionDenied, "not_paired", Class::Operator),
            Self::SandboxMismatch => (
                Code::FailedPrecondition,
                Refused::SandboxMismatch.name(),
                Class::Operator,
            ),
            Self::NotOfItsForm(_) => (
                Code::InvalidArgument,
                Refused::Malformed.name(),
                Class::Operator,
            ),
            Self::Pin(error) => match error {
                PinError::NotPaired => (Code::PermissionDenied, "not_paired", Class::Operator),
                PinError::NotKept(_) => (Code::Unavailable, "key_not_kept", Class::RetryLater),
                PinError::Refused(error) => {
                    (Code::FailedPrecondition, error.code(), Class::Operator)
                }
            },
            // Signed before the caller's key changed: on a new stream it is signed anew.
            Self::Signature(SignatureError::Superseded) => {
                (Code::Aborted, "key_superseded", Class::RetryLater)
            }
            Self::Signature(_) => (Code::InvalidArgument, "not_signed", Class::Operator),
            Self::NotNow(error) => match error {
                NotNow::Archived => (Code::FailedPrecondition, "archived", Class::Operator),
                NotNow::StorageLow => (
                    Code::ResourceExhausted,
                    Refused::StorageLow.name(),
                    Class::RetryLater,
                ),
                NotNow::Busy => (Code::ResourceExhausted, "busy", Class::RetryLater),
                NotNow::Unknown => (Code::Aborted, "outcome_unknown", Class::RetryLater),
                NotNow::Fenced => (Code::Aborted, "fenced", Class::RetryLater),
                NotNow::Poisoned => (Code::Unavailable, "journal_stopped", Class::Operator),
                NotNow::IndexFailed => (Code::Unavailable, "index_failed", Class::RetryLater),
                NotNow::Stopping => (Code::Unavailable, "stopping", Class::RetryLater),
                NotNow::Unreadable => (Code::Internal, "record_unreadable", Class::Operator),
            },
            Self::CasesNotReady => (Code::Unavailable, "cases_not_ready", Class::RetryLater),
            Self::Silent => (Code::DeadlineExceeded, "silent", Class::RetryLater),
            Self::NotKept => (Code::Unavailable, "not_kept", Class::RetryLater),
            Self::Stopping => (Code::Unavailable, "stopping", Class::RetryLater),
        }
    }
}

impl CallError {
    /// What the caller did, if it is that on which its call ends.
    pub(super) const fn misdeed(&self) -> Option<Misdeed> {
        match self {
            Self::NotOfItsForm(_) => Some(Misdeed::WrongForm),
            Self::NotYourChannel => Some(Misdeed::ChannelOfOthers),
            Self::Pin(error) => Misdeed::of_pin(error),
            Self::Signature(error) => Misdeed::of_signature(error),
            Self::Fenced
            | Self::TooManyStreams
            | Self::AllowanceUsedUp
            | Self::SandboxMismatch
            | Self::NotPaired
            | Self::NotNow(_)
            | Self::NotKept
            | Self::CasesNotReady
            | Self::Silent
            | Self::Stopping => None,
        }
    }
}

impl From<CallError> for Status {
    fn from(error: CallError) -> Self {
        let (code, reason, class) = error.told();
        let class = HashMap::from([("class".to_owned(), class.name().to_owned())]);
        let details = ErrorDetails::with_error_info(reason, "hongyan", class);
        Self::with_error_details(code, error.to_string(), details)
    }
}
