//! The values of a notice, from what stands in its bytes to types of the domain. Whatever is wrong
//! is told as a code and a field, never with the value.

use jiff::civil::Date;

use super::decode::EnvelopeError;
use crate::domain::{
    area::{AreaCode, County},
    calendar,
    field::Field,
    forbidden,
    notice::{MaritalStatus, NoticeId},
    problem::Code,
    resident::{NotAResidentNumber, ResidentNumber},
};

/// Most characters of any one text; what a desk may write is shorter.
const TEXT_LIMIT: usize = 2_000;

/// Ages within scope on the day of the event, both included.
const AGES: std::ops::RangeInclusive<i16> = 15..=49;

/// A text that must be filled.
pub(super) fn required_text(text: String, field: Field) -> Result<String, EnvelopeError> {
    optional_text(text, field)?.ok_or_else(|| EnvelopeError::of(Code::MissingField, field))
}

/// A text that may be empty.
pub(super) fn optional_text(text: String, field: Field) -> Result<Option<String>, EnvelopeError> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().count() > TEXT_LIMIT {
        return Err(EnvelopeError::of(Code::ValueTooLong, field));
    }
    let lines = matches!(field, Field::Note | Field::Text);
    if text
        .chars()
        .any(|c| c.is_control() && !(lines && c == '\n'))
    {
        return Err(EnvelopeError::of(Code::ValueFormat, field));
    }
    if forbidden::is_forbidden(&text) {
        return Err(EnvelopeError::of(Code::ForbiddenValue, field));
    }
    Ok(Some(text))
}

pub(super) fn county(text: &str, field: Field) -> Result<County, EnvelopeError> {
    if text.is_empty() {
        return Err(EnvelopeError::of(Code::MissingField, field));
    }
    text.parse()
        .map_err(|_| EnvelopeError::of(Code::AreaUnknown, field))
}

/// An area, for its form only: the table of the sender may be newer than ours.
pub(super) fn required_area(text: &str, field: Field) -> Result<AreaCode, EnvelopeError> {
    optional_area(text, field)?.ok_or_else(|| EnvelopeError::of(Code::MissingField, field))
}

pub(super) fn optional_area(text: &str, field: Field) -> Result<Option<AreaCode>, EnvelopeError> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| EnvelopeError::of(Code::AreaUnknown, field))
}

pub(super) fn required_date(text: &str, field: Field) -> Result<Date, EnvelopeError> {
    optional_date(text, field)?.ok_or_else(|| EnvelopeError::of(Code::MissingField, field))
}

/// A day, written `YYYY-MM-DD` and no other way.
pub(super) fn optional_date(text: &str, field: Field) -> Result<Option<Date>, EnvelopeError> {
    if text.is_empty() {
        return Ok(None);
    }
    calendar::parse_day(text)
        .map(Some)
        .ok_or_else(|| EnvelopeError::of(Code::DateFormat, field))
}

pub(super) fn optional_id(bytes: &[u8], field: Field) -> Result<Option<NoticeId>, EnvelopeError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    NoticeId::try_from(bytes)
        .map(Some)
        .map_err(|_| EnvelopeError::of(Code::ValueFormat, field))
}

/// Digits, or empty.
pub(super) fn optional_phone(text: String) -> Result<Option<String>, EnvelopeError> {
    let phone = optional_text(text, Field::Phone)?;
    match &phone {
        Some(digits) if !digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(EnvelopeError::of(Code::ValueFormat, Field::Phone))
        }
        Some(_) | None => Ok(phone),
    }
}

/// Three characters of a code table, or empty.
pub(super) fn optional_method_class(text: String) -> Result<Option<String>, EnvelopeError> {
    let class = optional_text(text, Field::MethodClass)?;
    match &class {
        Some(code) if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            Err(EnvelopeError::of(Code::ValueFormat, Field::MethodClass))
        }
        Some(_) | None => Ok(class),
    }
}

/// A number whose check digit fits, or that a person verified.
pub(super) fn resident_number(text: &str, verified: bool) -> Result<ResidentNumber, EnvelopeError> {
    if text.is_empty() {
        return Err(EnvelopeError::of(Code::MissingField, Field::ResidentId));
    }
    let read = if verified {
        ResidentNumber::readable(text)
    } else {
        text.parse()
    };
    read.map_err(|fault| {
        let code = match fault {
            NotAResidentNumber::Format => Code::ResidentIdFormat,
            NotAResidentNumber::BirthDate => Code::ResidentIdBirthDate,
            NotAResidentNumber::CheckDigit => Code::ResidentIdCheckDigit,
        };
        EnvelopeError::of(code, Field::ResidentId)
    })
}

pub(super) fn marital_status(code: &str) -> Result<MaritalStatus, EnvelopeError> {
    if code.is_empty() {
        return Err(EnvelopeError::of(Code::MissingField, Field::MaritalStatus));
    }
    [
        MaritalStatus::Married,
        MaritalStatus::FirstMarriage,
        MaritalStatus::Remarried,
        MaritalStatus::RemarriedToFormer,
    ]
    .into_iter()
    .find(|status| status.code() == code)
    .ok_or_else(|| EnvelopeError::of(Code::OutOfScopeMaritalStatus, Field::MaritalStatus))
}

/// Refuses a number whose owner is out of scope on the day of the event: not a woman, or not of
/// the ages.
pub(super) fn in_scope(number: &ResidentNumber, event: Date) -> Result<(), EnvelopeError> {
    if !number.is_female() {
        Err(EnvelopeError::of(Code::OutOfScopeSex, Field::ResidentId))
    } else if !AGES.contains(&number.age_at(event)) {
        Err(EnvelopeError::of(Code::OutOfScopeAge, Field::ResidentId))
    } else {
        Ok(())
    }
}
