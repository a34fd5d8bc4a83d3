//! Bytes on their way to a notice.

use jiff::civil::Date;
use prost::Message as _;

use super::{
    SIZE_LIMIT,
    content::{consent_from_proto, content_from_proto},
    schema::NOTICE,
    value::{county, optional_id},
    walk::walk,
};
use crate::{
    domain::{
        agreement::AgreementVersion,
        area::County,
        calendar,
        channel::{Channel, Sequence},
        consent::is_sensitive,
        draft::filled,
        field::Field,
        month::Month,
        notice::{Consent, Content, Kind, Names, NoticeId},
        problem::Code,
        refusal::Refusal,
    },
    proto::notice::v1 as wire,
};

/// What a notice says about itself. Holds no personal value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its id.
    pub id: NoticeId,
    /// Highest sequence of the opposite channel that its node had stored when it was published.
    pub opposite_sequence: Sequence,
    /// The area that sends.
    pub from: County,
    /// The area that receives.
    pub to: County,
    /// Its kind.
    pub kind: Kind,
    /// The case, as written: `None` in its first notice.
    pub case_id: Option<NoticeId>,
    /// The notice that it answers or speaks of.
    pub answers: Option<NoticeId>,
    /// The agreement under which it travels.
    pub agreement: AgreementVersion,
    /// Purpose code.
    pub purpose: String,
    /// When its node accepted it: milliseconds since 1970-01-01T00:00:00Z.
    pub published_at_ms: i64,
    /// The day of that in Asia/Shanghai.
    pub published_on: Date,
    /// Business deadline: milliseconds since 1970-01-01T00:00:00Z.
    pub deadline_ms: i64,
    /// Whether it is a trial one.
    pub sandbox: bool,
}

impl Header {
    /// The channel that it travels on.
    pub const fn channel(&self) -> Channel {
        Channel {
            from: self.from,
            to: self.to,
        }
    }

    /// The case that it belongs to: its own id where it opens one.
    pub fn case(&self) -> NoticeId {
        self.case_id.unwrap_or(self.id)
    }
}

/// A notice as read from bytes: well formed, every value within the rules of the field. Whether it
/// may come in is for the agreement to say. It has no `Debug`: it holds a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Incoming {
    /// What it says about itself.
    pub header: Header,
    /// The separate consent that it names.
    pub consent: Option<Consent>,
    /// What is told.
    pub content: Content,
    /// Every field that is filled, alphabetically.
    pub filled_fields: Vec<Field>,
}

/// Why bytes are no notice. Final: the sender mends the notice and publishes it anew. Never
/// carries a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// More bytes than [`SIZE_LIMIT`].
    #[error("the notice is larger than the limit")]
    TooLarge,
    /// Bytes that the proto does not allow.
    #[error("the bytes cannot be read as a notice")]
    Malformed,
    /// A field that this version does not know, at whatever depth.
    #[error("the notice holds an unknown field")]
    UnknownField,
    /// A field, or a second member of the content, that stands twice; the field where offices have
    /// a name for it.
    #[error("a field that may stand once stands twice")]
    FieldRepeated(Option<Field>),
    /// A value that is missing, unreadable, forbidden or out of scope.
    #[error("{code} at {field}")]
    Value {
        /// What is wrong with it.
        code: Code,
        /// Where it stands.
        field: Field,
    },
}

impl EnvelopeError {
    pub(super) const fn of(code: Code, field: Field) -> Self {
        Self::Value { code, field }
    }

    /// What the sender is told.
    pub const fn refusal(&self) -> Refusal {
        match self {
            Self::TooLarge => Refusal::whole(Code::TooLarge),
            Self::Malformed => Refusal::whole(Code::Malformed),
            Self::UnknownField => Refusal::whole(Code::UnknownField),
            Self::FieldRepeated(field) => Refusal {
                code: Code::FieldRepeated,
                field: *field,
            },
            Self::Value { code, field } => Refusal::of(*code, *field),
        }
    }
}

/// Reads a notice from its exact bytes. Whatever this takes, every node takes: it asks no clock,
/// no table that changes and no configuration.
///
/// # Errors
/// The first thing that is wrong, in the order size, form, header, content.
pub fn decode(bytes: &[u8]) -> Result<Incoming, EnvelopeError> {
    if bytes.len() > SIZE_LIMIT {
        return Err(EnvelopeError::TooLarge);
    }
    walk(bytes, &NOTICE)?;
    let wire::Notice {
        id,
        opposite_sequence,
        from_area,
        to_area,
        case_id,
        answers,
        agreement,
        purpose,
        published_at_ms,
        deadline_ms,
        sandbox,
        nonce,
        consent,
        content,
    } = wire::Notice::decode(bytes).map_err(|_| EnvelopeError::Malformed)?;

    if nonce.len() != NONCE_LEN
        || published_at_ms <= 0
        || purpose.is_empty()
        || deadline_ms < published_at_ms
    {
        return Err(EnvelopeError::Malformed);
    }
    let case_id = match case_id.as_ref() {
        [] => None,
        bytes => Some(NoticeId::try_from(bytes).map_err(|_| EnvelopeError::Malformed)?),
    };
    let content = content.ok_or(EnvelopeError::of(Code::MissingField, Field::Kind))?;
    let content = content_from_proto(content)?;
    let consent = consent.map(consent_from_proto).transpose()?;
    let header = Header {
        id: NoticeId::try_from(id.as_ref()).map_err(|_| EnvelopeError::Malformed)?,
        opposite_sequence: Sequence::new(opposite_sequence),
        from: county(&from_area, Field::FromArea)?,
        to: county(&to_area, Field::ToArea)?,
        kind: content.kind(),
        case_id,
        answers: optional_id(&answers, Field::Answers)?,
        agreement: agreement_version(agreement)?,
        purpose,
        published_at_ms,
        published_on: calendar::day_of(published_at_ms).ok_or(EnvelopeError::Malformed)?,
        deadline_ms,
        sandbox,
    };
    check_together(&header, &content)?;
    let filled_fields = filled(header.answers, consent.as_ref(), &content);
    Ok(Incoming {
        header,
        consent,
        content,
        filled_fields,
    })
}

/// The reference of the consent under which a notice carries sensitive fields; none if it carries
/// none, or is no notice of this version.
pub fn consent_needed(bytes: &[u8]) -> Option<String> {
    let notice = decode(bytes).ok()?;
    let mut filled = notice.filled_fields.iter();
    let is_sensitive = filled.any(|field| is_sensitive(*field));
    let consent = notice.consent.filter(|_| is_sensitive)?;
    Some(consent.reference)
}

const NONCE_LEN: usize = 16;

fn agreement_version(
    agreement: Option<wire::AgreementVersion>,
) -> Result<AgreementVersion, EnvelopeError> {
    let wire::AgreementVersion { id, version } = agreement.unwrap_or_default();
    let id = id.parse().map_err(|_| EnvelopeError::Malformed)?;
    if version == 0 {
        return Err(EnvelopeError::Malformed);
    }
    Ok(AgreementVersion { id, version })
}

/// What no value shows by itself: areas that do not fit the channel, an answer to nothing, a day
/// after the notice, a test number outside the sandbox.
fn check_together(header: &Header, content: &Content) -> Result<(), EnvelopeError> {
    if header.from == header.to {
        return Err(EnvelopeError::of(Code::SameArea, Field::ToArea));
    }
    match (header.kind.names_a_notice(), header.answers) {
        (Names::Must, None) => {
            return Err(EnvelopeError::of(Code::MissingField, Field::Answers));
        }
        (Names::Never, Some(_)) => {
            return Err(EnvelopeError::of(Code::UnknownField, Field::Answers));
        }
        (Names::Never | Names::May, None) | (Names::May | Names::Must, Some(_)) => {}
    }
    if let Some(field) = in_future(content, header.published_on) {
        return Err(EnvelopeError::of(Code::DateInFuture, field));
    }
    if let Some((kind, movement)) = content.movement() {
        let (origin, destination) = match kind {
            Kind::Arrival => (header.to, header.from),
            _ => (header.from, header.to),
        };
        if movement.origin_area.county() != origin {
            return Err(EnvelopeError::of(Code::AreaNotOurs, Field::OriginArea));
        }
        if movement.destination_area.county() != destination {
            return Err(EnvelopeError::of(Code::AreaNotOurs, Field::DestinationArea));
        }
    }
    if let Some(subject) = content.subject()
        && subject.resident_id.is_unassigned()
        && !header.sandbox
    {
        return Err(EnvelopeError::of(
            Code::ResidentIdUnassigned,
            Field::ResidentId,
        ));
    }
    Ok(())
}

/// The field that tells of what has been, and lies after that day.
fn in_future(content: &Content, published_on: Date) -> Option<Field> {
    let told = match content {
        Content::Correction(_) => Field::CorrectedOn,
        _ => Field::EventDate,
    };
    let moved_on = content.movement().map(|(_, movement)| movement.event_date);
    let later = |day: Option<Date>| day.is_some_and(|day| day > published_on);
    match content {
        Content::Bulletin(bulletin) if bulletin.month > Month::of(published_on) => {
            Some(Field::Month)
        }
        _ if later(moved_on) => Some(Field::EventDate),
        _ => later(content.event_date()).then_some(told),
    }
}

#[cfg(test)]
mod tests;
