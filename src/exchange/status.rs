//! The only place that makes a `tonic::Status` of the exchange.
//!
//! The litmus test: *Unavailable* if the caller may try the same call again as it is; *Aborted* if
//! it must begin the stream anew from what both hold; *Failed precondition* if nothing changes
//! before a person acts. *Invalid argument* is for bytes that no node of this version sends.

use tonic::{Code, Status};

use crate::{store::NotNow, trust::signature::SignatureError};

use super::{succession::PinError, wire::NotOfItsForm};

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
    /// The caller said nothing for too long.
    #[error("nothing was sent for too long")]
    Silent,
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

impl From<CallError> for Status {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place of the exchange that makes a status"
    )]
    fn from(error: CallError) -> Self {
        let code = match &error {
            CallError::Fenced => Code::Aborted,
            CallError::TooManyStreams | CallError::AllowanceUsedUp => Code::ResourceExhausted,
            CallError::NotYourChannel | CallError::NotPaired => Code::PermissionDenied,
            CallError::SandboxMismatch => Code::FailedPrecondition,
            CallError::Pin(error) => match error {
                PinError::NotPaired => Code::PermissionDenied,
                PinError::NotKept(_) => Code::Unavailable,
                PinError::Refused(_) => Code::FailedPrecondition,
            },
            // Signed before the caller's key changed: on a new stream it is signed anew.
            CallError::Signature(SignatureError::Superseded) => Code::Aborted,
            CallError::NotOfItsForm(_) | CallError::Signature(_) => Code::InvalidArgument,
            CallError::NotNow(error) => match error {
                NotNow::StorageLow | NotNow::Busy => Code::ResourceExhausted,
                NotNow::Unknown | NotNow::Fenced => Code::Aborted,
                NotNow::Poisoned | NotNow::IndexFailed | NotNow::Stopping => Code::Unavailable,
                NotNow::Unreadable => Code::Internal,
            },
            CallError::Silent => Code::DeadlineExceeded,
            CallError::NotKept | CallError::Stopping => Code::Unavailable,
        };
        Self::new(code, error.to_string())
    }
}
