//! What callers are told of each fault.

use super::*;
use crate::{domain::field::Field, pairing::life::Unsaid};

#[test]
fn what_the_store_cannot_do_now_says_when_to_come_again() {
    for (error, grpc, reason, retry) in [
        (NotNow::Archived, Grpc::FailedPrecondition, "archived", None),
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

/// Every fault, in the order of their names.
fn faults() -> Vec<Fault> {
    let not_now = [
        NotNow::StorageLow,
        NotNow::Busy,
        NotNow::Unknown,
        NotNow::Poisoned,
        NotNow::IndexFailed,
        NotNow::Unreadable,
        NotNow::Stopping,
        NotNow::Fenced,
    ];
    let problems = Code::ALL
        .into_iter()
        .map(|code| Fault::Draft(vec![Problem::new(code, Field::ToArea)]));
    let agreement = Some("350582-530111/2".parse().unwrap());
    let by_agreement = Fault::Draft(vec![Problem {
        agreement,
        ..Problem::new(Code::FieldNotPermitted, Field::Phone)
    }]);
    let unsaid = Unsaid::ALL.map(|why| OperationError::Declined {
        code: why.name(),
        words: why.text().into(),
    });
    let operations = [
        OperationError::Declined {
            code: "not_reloaded",
            words: Sentence {
                zh: "agreements/x.toml 无法读取".into(),
                en: "agreements/x.toml cannot be read".into(),
            },
        },
        OperationError::UnknownPeer,
        OperationError::Unreachable("refused".into()),
    ];
    [
        Fault::Argument("page_size", Code::ValueFormat),
        Fault::ConsentKnown,
        Fault::ConsentLater,
        Fault::Consumer(ConsumerError::BeyondHandout),
        Fault::Consumer(ConsumerError::OtherFilter),
        Fault::Cut,
        Fault::Defect,
        Fault::NotListed,
        Fault::OutsideScope,
        Fault::Role(&[Role::Operator, Role::Auditor]),
        Fault::TooManyLookups(Duration::from_millis(900)),
        Fault::TooManyQueries(Duration::from_millis(900)),
        Fault::UnknownAgreement,
        Fault::UnknownConsent,
        Fault::UnknownErasure,
        Fault::UnknownNotice,
        Fault::Unread,
    ]
    .into_iter()
    .chain(not_now.map(Fault::NotNow))
    .chain(operations.map(Fault::Operation))
    .chain(unsaid.map(Fault::Operation))
    .chain(problems)
    .chain([by_agreement])
    .collect()
}

#[test]
fn every_refusal_that_an_office_is_given_is_as_it_was() {
    use std::fmt::Write as _;
    let mut text = String::new();
    for fault in faults() {
        let status = Status::from(fault);
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        let (code, class) = (status.code(), &info.metadata["class"]);
        write!(text, "{code:?} {} {class}", info.reason).unwrap();
        if let Some(version) = info.metadata.get("agreement") {
            write!(text, " {version}").unwrap();
        }
        if let Some(retry) = details.retry_info() {
            write!(text, " after {:?}", retry.retry_delay.unwrap()).unwrap();
        }
        let zh = &details.localized_message().unwrap().message;
        writeln!(text, "\n  {zh}\n  {}", status.message()).unwrap();
        let request = details.bad_request();
        let fields = request.map_or(&[][..], |request| &request.field_violations);
        for field in fields {
            let FieldViolation {
                field,
                description,
                reason,
                ..
            } = field;
            writeln!(text, "  at {field} {reason}: {description}").unwrap();
        }
    }
    let mut faults = Vec::new();
    crate::golden::compare("src/office/golden", "refusals.txt", &text, &mut faults);
    assert!(
        faults.is_empty(),
        "what offices are told has changed. If that is wanted:\n{}",
        faults.join("\n")
    );
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
