//! What a call to one's own node can come to, sorted by what the caller does next.

use std::{error::Error, io};

use tonic::{Code as Grpc, Status};
use tonic_types::StatusExt as _;

use crate::{
    domain::problem::Code,
    trust::{
        alert::{Alert, Farewell},
        connector::ConnectError,
        files::FileError,
    },
};

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The node is not there, or the link to it broke: whether what was asked was done is unknown.
    #[error("the node cannot be reached: {0}")]
    Unreachable(String),
    /// The node answers, and says no.
    #[error("{0}")]
    Refused(Refusal),
    /// The node is there, and does not take this office's certificate.
    #[error("{0}")]
    NotLetIn(Alert),
    /// The node ended the call before its end, as it does when it stops, or cannot answer now:
    /// whether what was asked was done is unknown.
    #[error("the node cannot do it now{}{}", if .0.is_empty() { "" } else { ": " }, .0)]
    Ended(String),
    /// An answer that this version cannot read.
    #[error("the answer of the node cannot be read; is it of another version?")]
    Unreadable,
    /// A file of the directory.
    #[error(transparent)]
    File(#[from] FileError),
    /// A certificate or key of the directory.
    #[error("office certificate: {0}")]
    Certificate(#[source] rustls::Error),
}

/// The node's no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Stable code; empty if the node gave none.
    pub code: String,
    /// The fields that it names.
    pub fields: Vec<String>,
    /// One sentence for a person.
    pub message: String,
    /// The same in Chinese; empty if the node gave none.
    pub message_zh: String,
}

impl ClientError {
    /// Why a call failed: whatever became of it on a connection that the node had turned away, that
    /// is why.
    pub(super) fn of_call(failure: impl Into<Self>, farewell: &Farewell) -> Self {
        farewell
            .alert()
            .map_or_else(|| failure.into(), Self::NotLetIn)
    }
}

impl From<Status> for ClientError {
    fn from(status: Status) -> Self {
        if let Some(error) = status.source() {
            return of_link(error);
        }
        let details = status.get_error_details();
        let code = details.error_info().map(|info| info.reason.clone());
        let now = matches!(
            status.code(),
            Grpc::Cancelled
                | Grpc::DeadlineExceeded
                | Grpc::ResourceExhausted
                | Grpc::Unavailable
                | Grpc::Unknown
        );
        let said = code.as_deref().is_some_and(|code| SAID.contains(&code));
        if now && !said {
            return Self::Ended(status.message().to_owned());
        }
        let fields = details.bad_request().map(|request| {
            let violations = request.field_violations.iter();
            violations
                .map(|violation| violation.field.clone())
                .collect()
        });
        let localized = details.localized_message();
        let message_zh = localized.map(|localized| localized.message.clone());
        Self::Refused(Refusal {
            message_zh: message_zh.unwrap_or_default(),
            code: code.unwrap_or_default(),
            fields: fields.unwrap_or_default(),
            message: if status.message().is_empty() {
                status.code().description().to_owned()
            } else {
                status.message().to_owned()
            },
        })
    }
}

impl From<tonic::transport::Error> for ClientError {
    fn from(error: tonic::transport::Error) -> Self {
        of_link(&error)
    }
}

/// A link that failed, or whose other end does not let us in.
fn of_link(error: &(dyn Error + 'static)) -> ClientError {
    let mut last = error;
    let mut next = Some(error);
    while let Some(error) = next {
        let io = match error.downcast_ref::<ConnectError>() {
            Some(ConnectError::Io(io)) => Some(io),
            Some(ConnectError::Identity(_) | ConnectError::NoHttp2 | ConnectError::Slow) => {
                return ClientError::Unreachable(error.to_string());
            }
            None => error.downcast_ref::<io::Error>(),
        };
        if let Some(alert) = io.and_then(Alert::of_io) {
            return ClientError::NotLetIn(alert);
        }
        // What TLS says of it is for programmers.
        if io.is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof) {
            return ClientError::Unreachable("connection closed".to_owned());
        }
        last = error;
        next = error.source();
    }
    ClientError::Unreachable(last.to_string())
}

/// Codes by which the node is there and says no, for now: its peer is not there, it was asked too
/// often, it makes its cases anew, or it cannot put on record what it would show.
const SAID: [&str; 5] = [
    "peer_unreachable",
    "too_many_lookups",
    CASES_NOT_READY,
    "not_recorded",
    Code::TooManyQueries.name(),
];
pub(super) const CASES_NOT_READY: &str = "cases_not_ready";

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn what_says_why_it_cannot_be_done_now_is_told_with_its_code() {
        let of = |code: &str| {
            let details =
                ErrorDetails::with_error_info(code, "hongyan", HashMap::<String, String>::new());
            ClientError::from(Status::with_error_details(
                Grpc::Unavailable,
                "later",
                details,
            ))
        };
        for code in SAID {
            assert!(matches!(of(code), ClientError::Refused(refusal) if refusal.code == code));
        }
        assert!(matches!(of("stopping"), ClientError::Ended(_)));
    }

    #[test]
    fn a_link_that_broke_says_so_in_few_words() {
        let tls = io::Error::new(io::ErrorKind::UnexpectedEof, "no close_notify: https://");
        let broken = ClientError::from(Status::from_error(Box::new(tls)));
        assert!(matches!(broken, ClientError::Unreachable(why) if why == "connection closed"));
    }
}
