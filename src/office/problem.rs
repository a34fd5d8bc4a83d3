//! The one table from what went wrong to the status that an office reads.
//!
//! The litmus test for the codes between which clients choose wrongly most often:
//!
//! * **UNAVAILABLE**: the same call may simply be made again, a little later, by itself.
//! * **ABORTED**: somebody overtook this call; start over one level higher, by opening anew.
//! * **FAILED_PRECONDITION**: do not repeat before a person has changed something.
//! * **RESOURCE_EXHAUSTED**: as UNAVAILABLE, but not before the delay in `RetryInfo`.
//! * **UNKNOWN**: nobody can say whether it was done; ask again with the same reference.
//!
//! Every status carries `ErrorInfo` with the stable code. Neither text nor details ever carry a
//! value that somebody sent: only codes, fields, roles.

use std::{collections::HashMap, time::Duration};

use tonic::{Code as Grpc, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use super::operations::OperationError;
use crate::{
    config::Role,
    domain::{
        problem::{Code, Problem},
        refusal::Refusal,
    },
    store::{ConsumerError, NotNow, PublishError},
};

/// Why a call ends without what it asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// An argument of the request, by its path in the proto, and what is wrong with it.
    Argument(&'static str, Code),
    /// A consumer cannot be opened or moved.
    Consumer(ConsumerError),
    /// The connection no longer passes.
    Cut,
    /// The notice is refused: everything that is wrong with it.
    Draft(Vec<Problem>),
    /// A task of the node broke off.
    Defect,
    /// The office has no line in the configuration, or its line has expired.
    NotListed,
    /// The store does not do it now.
    NotNow(NotNow),
    /// An operation was not done.
    Operation(OperationError),
    /// The office acts for other areas.
    OutsideScope,
    /// One of these roles is needed.
    Role(&'static [Role]),
    /// There is no such notice, as far as this office may know.
    UnknownNotice,
    /// The request cannot be read, or its sender is gone.
    Unread,
}

impl From<NotNow> for Fault {
    fn from(error: NotNow) -> Self {
        Self::NotNow(error)
    }
}

impl From<ConsumerError> for Fault {
    fn from(error: ConsumerError) -> Self {
        match error {
            ConsumerError::NotNow(error) => Self::NotNow(error),
            ConsumerError::BeyondHandout | ConsumerError::OtherFilter => Self::Consumer(error),
        }
    }
}

impl From<OperationError> for Fault {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::NotNow(error) => Self::NotNow(error),
            OperationError::Declined { .. }
            | OperationError::UnknownPeer
            | OperationError::Unreachable(_) => Self::Operation(error),
        }
    }
}

impl From<PublishError> for Fault {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Refused(refusal) => Self::Draft(vec![problem_of(refusal)]),
            PublishError::NotNow(error) => Self::NotNow(error),
        }
    }
}

/// A refusal of the store as a problem of the row; without a field it speaks of the whole.
pub(super) fn problem_of(refusal: Refusal) -> Problem {
    let Refusal { code, field } = refusal;
    match field {
        Some(field) => Problem::new(code, field),
        None => Problem::of_column(code, String::new()),
    }
}

/// What a status is made of.
struct Answer {
    grpc: Grpc,
    /// Stable code.
    reason: &'static str,
    /// What is wrong and what to do.
    message: String,
    retry: Option<Duration>,
}

impl Answer {
    fn new(grpc: Grpc, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            grpc,
            reason,
            message: message.into(),
            retry: None,
        }
    }

    fn after(self, seconds: u64) -> Self {
        Self {
            retry: Some(Duration::from_secs(seconds)),
            ..self
        }
    }
}

impl Fault {
    /// Its stable code, for a log line.
    pub(super) fn reason(&self) -> &'static str {
        self.answer().reason
    }

    fn answer(&self) -> Answer {
        match self {
            Self::Argument(field, code) => Answer::new(
                Grpc::InvalidArgument,
                code.name(),
                format!("{field}: {}", code.text().en),
            ),
            Self::Consumer(error) => of_consumer(error),
            Self::Cut => Answer::new(
                Grpc::Unauthenticated,
                "cut",
                "the connection was cut: the certificate no longer passes",
            ),
            Self::Draft(problems) => of_draft(problems),
            Self::Defect => Answer::new(
                Grpc::Unknown,
                "outcome_unknown",
                "the node broke off; ask again with the same reference",
            ),
            Self::NotListed => Answer::new(
                Grpc::PermissionDenied,
                "office_not_listed",
                "node.toml has no line for this office, or the line has expired; ask the operator",
            ),
            Self::NotNow(error) => of_not_now(error),
            Self::Operation(error) => of_operation(error),
            Self::OutsideScope => Answer::new(
                Grpc::PermissionDenied,
                Code::AreaOutsideScope.name(),
                "the area lies outside those that node.toml gives this office",
            ),
            Self::Role(roles) => {
                let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
                Answer::new(
                    Grpc::PermissionDenied,
                    "role_needed",
                    format!(
                        "this needs the role {}; ask the operator",
                        names.join(" or ")
                    ),
                )
            }
            Self::UnknownNotice => Answer::new(
                Grpc::NotFound,
                Code::UnknownNotice.name(),
                "there is no notice of that id",
            ),
            Self::Unread => Answer::new(
                Grpc::InvalidArgument,
                Code::Malformed.name(),
                "the request cannot be read",
            ),
        }
    }

    /// The fields that a person can mend.
    fn violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::Argument(field, code) => vec![violation(field, *code, code.text().en)],
            Self::Draft(problems) => problems
                .iter()
                .map(|problem| violation(&problem.field, problem.code, &problem.sentence().en))
                .collect(),
            Self::Consumer(_)
            | Self::Cut
            | Self::Defect
            | Self::NotListed
            | Self::NotNow(_)
            | Self::Operation(_)
            | Self::OutsideScope
            | Self::Role(_)
            | Self::UnknownNotice
            | Self::Unread => Vec::new(),
        }
    }
}

fn violation(field: &str, code: Code, description: &str) -> FieldViolation {
    FieldViolation {
        field: field.to_owned(),
        description: description.to_owned(),
        reason: code.name().to_owned(),
        ..FieldViolation::default()
    }
}

/// A draft is the office's to mend, unless all that stands against it is for others to change.
fn of_draft(problems: &[Problem]) -> Answer {
    let all = |codes: &[Code]| problems.iter().all(|problem| codes.contains(&problem.code));
    let grpc = if all(&[Code::ReferenceConflict, Code::IdConflict]) {
        Grpc::AlreadyExists
    } else if all(&[
        Code::NoAgreement,
        Code::AgreementExpired,
        Code::AgreementSuspended,
    ]) {
        Grpc::FailedPrecondition
    } else if all(&[Code::QuotaExceeded]) {
        Grpc::ResourceExhausted
    } else if all(&[Code::AreaOutsideScope]) {
        Grpc::PermissionDenied
    } else {
        Grpc::InvalidArgument
    };
    let reason = problems
        .first()
        .map_or(Code::Malformed, |problem| problem.code);
    let list: Vec<String> = problems
        .iter()
        .map(|problem| format!("{} ({})", problem.field, problem.code))
        .collect();
    let message = format!("the notice is refused: {}", list.join(", "));
    Answer::new(grpc, reason.name(), message)
}

fn of_consumer(error: &ConsumerError) -> Answer {
    let message = error.to_string();
    match error {
        ConsumerError::BeyondHandout => Answer::new(Grpc::OutOfRange, "beyond_handout", message),
        ConsumerError::OtherFilter => {
            Answer::new(Grpc::FailedPrecondition, "consumer_differs", message)
        }
        ConsumerError::NotNow(error) => of_not_now(error),
    }
}

fn of_not_now(error: &NotNow) -> Answer {
    let message = error.to_string();
    match error {
        NotNow::StorageLow => {
            Answer::new(Grpc::ResourceExhausted, Code::StorageLow.name(), message).after(10)
        }
        NotNow::Busy => Answer::new(Grpc::ResourceExhausted, "busy", message).after(2),
        NotNow::Unknown => Answer::new(Grpc::Unknown, "outcome_unknown", message),
        NotNow::Poisoned => Answer::new(Grpc::Unavailable, "journal_stopped", message),
        NotNow::IndexFailed => Answer::new(Grpc::Unavailable, "index_failed", message).after(10),
        NotNow::Unreadable => Answer::new(Grpc::DataLoss, "record_unreadable", message),
        NotNow::Stopping => Answer::new(Grpc::Unavailable, "stopping", message).after(5),
        NotNow::Fenced => Answer::new(Grpc::Aborted, "fenced", message),
    }
}

fn of_operation(error: &OperationError) -> Answer {
    let message = error.to_string();
    match error {
        OperationError::Declined { code, message: _ } => {
            Answer::new(Grpc::FailedPrecondition, code, message)
        }
        OperationError::NotNow(error) => of_not_now(error),
        OperationError::UnknownPeer => Answer::new(Grpc::NotFound, "unknown_peer", message),
        OperationError::Unreachable(_) => {
            Answer::new(Grpc::Unavailable, "peer_unreachable", message)
        }
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let Answer {
            grpc,
            reason,
            message,
            retry,
        } = fault.answer();
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
        let violations = fault.violations();
        if !violations.is_empty() {
            details.set_bad_request(violations);
        }
        if retry.is_some() {
            details.set_retry_info(retry);
        }
        Self::with_error_details(grpc, message, details)
    }
}

/// The `domain` of every `ErrorInfo`.
const DOMAIN: &str = "hongyan";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_cannot_do_now_says_when_to_come_again() {
        for (error, grpc, reason, retry) in [
            (
                NotNow::StorageLow,
                Grpc::ResourceExhausted,
                "storage_low",
                Some(10),
            ),
            (NotNow::Busy, Grpc::ResourceExhausted, "busy", Some(2)),
            (NotNow::Unknown, Grpc::Unknown, "outcome_unknown", None),
            (NotNow::Poisoned, Grpc::Unavailable, "journal_stopped", None),
            (
                NotNow::IndexFailed,
                Grpc::Unavailable,
                "index_failed",
                Some(10),
            ),
            (
                NotNow::Unreadable,
                Grpc::DataLoss,
                "record_unreadable",
                None,
            ),
            (NotNow::Stopping, Grpc::Unavailable, "stopping", Some(5)),
            (NotNow::Fenced, Grpc::Aborted, "fenced", None),
        ] {
            for fault in [
                Fault::from(error.clone()),
                Fault::from(ConsumerError::NotNow(error.clone())),
                Fault::from(PublishError::NotNow(error.clone())),
                Fault::from(OperationError::NotNow(error.clone())),
            ] {
                let status = Status::from(fault);
                let details = status.get_error_details();
                let info = details.error_info().unwrap();
                assert_eq!((status.code(), &*info.reason), (grpc, reason));
                let told = details.retry_info().and_then(|retry| retry.retry_delay);
                assert_eq!(told, retry.map(Duration::from_secs));
            }
        }
    }

    #[test]
    fn a_draft_is_the_offices_to_mend_unless_others_must_act() {
        let code = |codes: &[Code]| {
            let problems = codes
                .iter()
                .map(|code| Problem::of_column(*code, String::new()));
            Status::from(Fault::Draft(problems.collect())).code()
        };
        assert_eq!(code(&[Code::NoAgreement]), Grpc::FailedPrecondition);
        assert_eq!(code(&[Code::AgreementSuspended]), Grpc::FailedPrecondition);
        assert_eq!(code(&[Code::QuotaExceeded]), Grpc::ResourceExhausted);
        assert_eq!(code(&[Code::ReferenceConflict]), Grpc::AlreadyExists);
        assert_eq!(code(&[Code::AreaOutsideScope]), Grpc::PermissionDenied);
        let mixed = [Code::NoAgreement, Code::DateFormat];
        assert_eq!(code(&mixed), Grpc::InvalidArgument);
    }
}
