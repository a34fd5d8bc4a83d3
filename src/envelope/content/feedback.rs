//! Feedback, and the outcome in it.

use bytes::Bytes;

use super::text;
use crate::{
    domain::{
        area::AreaCode,
        field::Field,
        notice::{Feedback, NoticeId, Outcome},
        problem::Code,
    },
    envelope::{
        decode::EnvelopeError,
        value::{optional_area, optional_id, optional_text, required_date},
    },
    proto::notice::v1 as wire,
};

/// Feedback as a message.
pub(crate) fn feedback_to_proto(feedback: &Feedback) -> wire::Feedback {
    let Feedback {
        outcome,
        event_date,
        note,
    } = feedback;
    let mut moved_to_area = String::new();
    let mut duplicate_of = Bytes::new();
    let code = match outcome {
        Outcome::Confirmed => wire::Outcome::Confirmed,
        Outcome::Corrected => wire::Outcome::Corrected,
        Outcome::NotFound => wire::Outcome::NotFound,
        Outcome::NotOurs => wire::Outcome::NotOurs,
        Outcome::MovedOn(area) => {
            moved_to_area = area.to_string();
            wire::Outcome::MovedOn
        }
        Outcome::DuplicateOf(id) => {
            duplicate_of = Bytes::copy_from_slice(id.as_bytes());
            wire::Outcome::DuplicateOf
        }
        Outcome::NeedsInformation => wire::Outcome::NeedsInformation,
        Outcome::ConsentWithdrawn => wire::Outcome::ConsentWithdrawn,
    };
    wire::Feedback {
        outcome: code.into(),
        event_date: event_date.to_string(),
        moved_to_area,
        duplicate_of,
        note: text(note),
    }
}

pub(super) fn feedback_from_proto(feedback: wire::Feedback) -> Result<Feedback, EnvelopeError> {
    let wire::Feedback {
        outcome,
        event_date,
        moved_to_area,
        duplicate_of,
        note,
    } = feedback;
    let moved_to = optional_area(&moved_to_area, Field::MovedToArea)?;
    let duplicate_of = optional_id(&duplicate_of, Field::DuplicateOf)?;
    Ok(Feedback {
        outcome: outcome_from_proto(outcome, moved_to, duplicate_of)?,
        event_date: required_date(&event_date, Field::EventDate)?,
        note: optional_text(note, Field::Note)?,
    })
}

/// The outcome with what belongs to it; what belongs to another outcome is refused.
fn outcome_from_proto(
    code: i32,
    moved_to: Option<AreaCode>,
    duplicate_of: Option<NoticeId>,
) -> Result<Outcome, EnvelopeError> {
    let unread = EnvelopeError::of(Code::ValueFormat, Field::Outcome);
    let code = wire::Outcome::try_from(code).map_err(|_| unread)?;
    if moved_to.is_some() && code != wire::Outcome::MovedOn {
        return Err(EnvelopeError::of(Code::ValueFormat, Field::MovedToArea));
    }
    if duplicate_of.is_some() && code != wire::Outcome::DuplicateOf {
        return Err(EnvelopeError::of(Code::ValueFormat, Field::DuplicateOf));
    }
    let missing = |field| EnvelopeError::of(Code::MissingField, field);
    Ok(match code {
        wire::Outcome::Unspecified => return Err(missing(Field::Outcome)),
        wire::Outcome::Confirmed => Outcome::Confirmed,
        wire::Outcome::Corrected => Outcome::Corrected,
        wire::Outcome::NotFound => Outcome::NotFound,
        wire::Outcome::NotOurs => Outcome::NotOurs,
        wire::Outcome::MovedOn => {
            Outcome::MovedOn(moved_to.ok_or_else(|| missing(Field::MovedToArea))?)
        }
        wire::Outcome::DuplicateOf => {
            Outcome::DuplicateOf(duplicate_of.ok_or_else(|| missing(Field::DuplicateOf))?)
        }
        wire::Outcome::NeedsInformation => Outcome::NeedsInformation,
        wire::Outcome::ConsentWithdrawn => Outcome::ConsentWithdrawn,
    })
}
