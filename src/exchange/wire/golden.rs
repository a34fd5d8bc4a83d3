//! Every refusal that a peer can be given, in its form on the wire, and the words for it.

use std::fmt::Write as _;

use tonic::Status;
use tonic_types::StatusExt as _;

use super::{NotOfItsForm, proto, values::pause_out};
use crate::{
    domain::{
        channel::Sequence,
        field::Field,
        problem::{Code, Text},
        refusal::{Class, Pause, Refusal},
    },
    exchange::{status::CallError, succession::PinError},
    golden::compare,
    store::NotNow,
    trust::{lineage::SuccessionError, signature::SignatureError},
};

/// Why calls end, in the order of the table.
fn calls() -> Vec<CallError> {
    vec![
        CallError::Fenced,
        CallError::TooManyStreams,
        CallError::AllowanceUsedUp,
        CallError::NotYourChannel,
        CallError::SandboxMismatch,
        CallError::NotPaired,
        CallError::NotOfItsForm(NotOfItsForm("an area code")),
        CallError::Pin(PinError::NotPaired),
        CallError::Pin(PinError::NotKept("disk".into())),
        CallError::Pin(PinError::Refused(SuccessionError::Fork)),
        CallError::Signature(SignatureError::Bad),
        CallError::Signature(SignatureError::OtherArea),
        CallError::Signature(SignatureError::OtherSigner),
        CallError::Signature(SignatureError::Superseded),
        CallError::NotNow(NotNow::Archived),
        CallError::NotNow(NotNow::StorageLow),
        CallError::NotNow(NotNow::Busy),
        CallError::NotNow(NotNow::Unknown),
        CallError::NotNow(NotNow::Poisoned),
        CallError::NotNow(NotNow::IndexFailed),
        CallError::NotNow(NotNow::Unreadable),
        CallError::NotNow(NotNow::Stopping),
        CallError::NotNow(NotNow::Fenced),
        CallError::CasesNotReady,
        CallError::Silent,
        CallError::Stopping,
    ]
}

/// A status as its caller decodes it.
fn status(error: CallError) -> String {
    let status = Status::from(error);
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    let class = &info.metadata["class"];
    let (code, said) = (status.code(), status.message());
    format!("{code:?} {} {class}: {said}", info.reason)
}

#[test]
fn every_refusal_that_a_peer_is_given_is_as_it_was() {
    let mut text = String::new();
    for error in calls() {
        writeln!(text, "call {}", status(error)).unwrap();
    }
    for code in Code::ALL {
        let refusal = Refusal::of(code, Field::Phone);
        let pause = match Class::of(code) {
            // In the signed form of a receipt: its code and field.
            Class::Final => continue,
            Class::Agreement => Pause::Agreement {
                which: "350582-530111/1".into(),
                refusal,
            },
            Class::Operator => Pause::Operator(refusal),
            Class::RetryLater => Pause::RetryLater {
                after_seconds: 60,
                refusal,
            },
        };
        let proto::Pause {
            sequence,
            class,
            code,
            after_seconds,
            agreement,
            field,
            words,
        } = pause_out(Sequence::new(7), pause);
        let class = proto::PauseClass::try_from(class).unwrap();
        let class = class.as_str_name();
        let words = words.unwrap();
        writeln!(
            text,
            "pause {code} {class} at {sequence}: field {field}, agreement {agreement:?}, after {after_seconds}\n  {}\n  {}",
            words.zh, words.en
        )
        .unwrap();
    }
    for code in Code::ALL {
        let Text { zh, en } = code.text();
        let class = Class::of(code).name();
        writeln!(text, "words {code} {class}\n  {zh}\n  {en}").unwrap();
    }
    let mut faults = Vec::new();
    compare("src/exchange/golden", "refusals.txt", &text, &mut faults);
    assert!(
        faults.is_empty(),
        "what peers are told has changed. If that is wanted:\n{}",
        faults.join("\n")
    );
}
