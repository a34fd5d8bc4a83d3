//! Why a call to a peer fails.

use tonic::Status;

use super::{link::OpenLink, misdeed::Misdeed, succession::PinError, wire::NotOfItsForm};
use crate::{
    store::NotNow,
    trust::{alert::Alert, connector::ConnectError, signature::SignatureError},
};

/// Why a peer cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// No connection, or no proof of identity.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// HTTP/2 could not be set up.
    #[error("no HTTP/2 connection: {0}")]
    Http(#[from] tonic::transport::Error),
    /// The peer does not take this node's certificate.
    #[error("{0}")]
    Refused(Alert),
}

/// Why a stream failed.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The peer cannot be reached.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The peer ended the call.
    #[error("the peer ended the call: {0}")]
    Call(String),
    /// The peer does not take this channel from this node; its other channels go on.
    #[error("the peer does not take this channel: {0}")]
    Denied(String),
    /// The connection broke under the call.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The peer misbehaved.
    #[error(transparent)]
    NotOfItsForm(#[from] NotOfItsForm),
    /// The peer's new signing key was not taken up.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// The peer signed something else, or not at all.
    #[error("a signature does not hold: {0}")]
    Signature(#[from] SignatureError),
    /// The store cannot.
    #[error(transparent)]
    Store(#[from] NotNow),
    /// The peer took too long.
    #[error("the peer did not answer in time")]
    Silent,
    /// The pairing was taken back.
    #[error("the peer is not paired any more")]
    NotPaired,
}

impl From<Status> for SessionError {
    fn from(status: Status) -> Self {
        use tonic::Code;
        // Only the code: whatever words the peer chose are not for our log.
        let told = status.code().to_string();
        match status.code() {
            Code::Unavailable | Code::Cancelled | Code::Unknown | Code::Internal => {
                Self::Broken(told)
            }
            Code::PermissionDenied => Self::Denied(told),
            _ => Self::Call(told),
        }
    }
}

impl SessionError {
    /// The same, unless the peer had turned away the very connection that the call was made on:
    /// whatever a call meets with there, that is why.
    pub(super) fn on(self, link: &OpenLink) -> Self {
        match link.alert() {
            Some(alert) => LinkError::Refused(alert).into(),
            None => self,
        }
    }

    /// True if one of the two does not take the other's certificate.
    pub(super) const fn is_of_certificates(&self) -> bool {
        matches!(
            self,
            Self::Link(LinkError::Refused(_) | LinkError::Connect(ConnectError::Identity(_)))
        )
    }

    /// True if the connection itself is of no use any more.
    pub(super) const fn breaks_link(&self) -> bool {
        matches!(self, Self::Link(_) | Self::Broken(_) | Self::Silent)
    }
}

impl SessionError {
    /// What the peer did, if it is that on which the call failed.
    pub(super) const fn misdeed(&self) -> Option<Misdeed> {
        match self {
            Self::NotOfItsForm(_) => Some(Misdeed::WrongForm),
            Self::Pin(error) => Misdeed::of_pin(error),
            Self::Signature(error) => Misdeed::of_signature(error),
            Self::Link(_)
            | Self::Call(_)
            | Self::Denied(_)
            | Self::Broken(_)
            | Self::Store(_)
            | Self::Silent
            | Self::NotPaired => None,
        }
    }
}
