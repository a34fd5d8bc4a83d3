//! What an agreement tells people besides what may travel: who answers the telephone, and which
//! impact assessment stands behind it.

use data_encoding::HEXLOWER;
use jiff::civil::Date;
use serde::Deserialize;

use super::error::TermsError;
use crate::domain::{calendar, channel::Digest};

/// The duty desk of one side: an office, never a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// Its name: one line of 1 to 100 characters.
    pub office: String,
    /// Its telephone number, as people write it: one line of 1 to 50 characters.
    pub telephone: String,
}

/// The assessment of what the exchange means for those whom it is about (个人信息保护影响评估).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImpactAssessment {
    /// SHA-256 of the document.
    pub digest: Digest,
    /// The day on which it was made.
    pub date: Date,
}

/// The `[desk]` table as written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDesks {
    a: Option<RawDesk>,
    b: Option<RawDesk>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDesk {
    office: String,
    telephone: String,
}

/// The `[impact_assessment]` table as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAssessment {
    digest: String,
    date: String,
}

impl RawDesks {
    /// The desks of a and b.
    pub(super) fn read(self) -> Result<(Option<Desk>, Option<Desk>), TermsError> {
        let Self { a, b } = self;
        let desk = |raw: Option<RawDesk>, office_key, telephone_key| -> Result<_, TermsError> {
            raw.map(|RawDesk { office, telephone }| {
                Ok(Desk {
                    office: line(office_key, office, 100)?,
                    telephone: line(telephone_key, telephone, 50)?,
                })
            })
            .transpose()
        };
        Ok((
            desk(a, "desk.a.office", "desk.a.telephone")?,
            desk(b, "desk.b.office", "desk.b.telephone")?,
        ))
    }
}

impl RawAssessment {
    pub(super) fn read(self) -> Result<ImpactAssessment, TermsError> {
        let Self { digest, date } = self;
        let digest = HEXLOWER
            .decode(digest.as_bytes())
            .ok()
            .and_then(|bytes| Digest::try_from(bytes.as_slice()).ok())
            .ok_or(TermsError::AssessmentDigest)?;
        let key = "impact_assessment.date";
        let date = calendar::parse_day(&date).ok_or(TermsError::Day { key })?;
        Ok(ImpactAssessment { digest, date })
    }
}

/// One line that can be shown to a person.
pub(super) fn line(key: &'static str, text: String, most: usize) -> Result<String, TermsError> {
    if is_line(&text, most) {
        Ok(text)
    } else {
        Err(TermsError::Line { key, most })
    }
}

/// True for one line that is not blank, of at most so many characters.
pub(super) fn is_line(text: &str, most: usize) -> bool {
    let long = text.chars().nth(most).is_some();
    !text.trim().is_empty() && !long && !text.contains(char::is_control)
}
