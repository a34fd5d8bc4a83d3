//! What a file of evidence proves, as an object and in words.

use serde_json::{Value, json};

use crate::{
    domain::{calendar, field::Field, problem::Sentence, receipt::Outcome},
    evidence::{Claim, End, EvidenceError, Gap, Part, Verdict},
};

/// A file that holds.
pub(super) fn held(file: &str, verdict: &Verdict) -> Value {
    let Verdict {
        channel,
        sequence,
        id,
        digest,
        agreement,
        sandbox,
        end,
        void,
        outcome,
        proven,
        not_proven,
    } = verdict;
    let (outcome, code, field) = outcome.as_ref().map_or((None, None, None), of_outcome);
    json!({
        "file": file,
        "holds": true,
        "notice_id": id.to_string(),
        "from_area": channel.from.as_str(),
        "to_area": channel.to.as_str(),
        "sequence": sequence.get(),
        "digest": digest.to_string(),
        "agreement": agreement.to_string(),
        "sandbox": sandbox,
        "written_by": match end {
            End::Sender => "sender",
            End::Receiver => "receiver",
        },
        "void": void.map(void_name),
        "outcome": outcome,
        "code": code,
        "field": field,
        "proven": proven.iter().map(claim).collect::<Vec<_>>(),
        "not_proven": not_proven.iter().map(gap).collect::<Vec<_>>(),
    })
}

/// A file that does not.
pub(super) fn wrong(file: &str, error: &EvidenceError) -> Value {
    json!({
        "file": file,
        "holds": false,
        "code": error.code(),
        "part": error.part().map(Part::name),
        "message": message(&error.sentence()),
    })
}

fn of_outcome(
    outcome: &Outcome,
) -> (
    Option<&'static str>,
    Option<&'static str>,
    Option<&'static str>,
) {
    match outcome {
        Outcome::Stored => (Some("stored"), None, None),
        Outcome::Voided => (Some("voided"), None, None),
        Outcome::Refused(refusal) => (
            Some("refused"),
            Some(refusal.code.name()),
            refusal.field.map(Field::name),
        ),
    }
}

const fn void_name(reason: crate::domain::receipt::VoidReason) -> &'static str {
    use crate::domain::receipt::VoidReason;
    match reason {
        VoidReason::Expired => "expired",
        VoidReason::OnHold => "on_hold",
        VoidReason::Withdrawn => "withdrawn",
    }
}

fn claim(claim: &Claim) -> Value {
    json!({
        "code": claim.code(),
        "by": claim.by().map(ToString::to_string),
        "at": claim.at_ms().map(calendar::rfc3339),
        "message": message(&claim.sentence()),
    })
}

fn gap(gap: &Gap) -> Value {
    json!({
        "code": gap.code(),
        "message": message(&gap.sentence()),
    })
}

fn message(sentence: &Sentence) -> Value {
    json!({"zh": sentence.zh, "en": sentence.en})
}
