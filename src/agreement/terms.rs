//! One version of one agreement, as parsed from its text.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::{
    canonical,
    grants::{Grants, KindTerms, RawGrant, grants},
};
use crate::{
    document::{self, DocumentError},
    domain::{
        agreement::{AgreementId, AgreementVersion},
        area::County,
        calendar,
        channel::{Channel, Digest},
        notice::Kind,
    },
};

/// One version of one agreement between two areas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Its name.
    pub version: AgreementVersion,
    /// The side that invited.
    pub a: County,
    /// The side that accepted.
    pub b: County,
    /// Whether it is for trial notices, and for nothing else.
    pub sandbox: bool,
    /// Purpose code, which stands on every notice.
    pub purpose: String,
    /// Legal basis, as both sides state it.
    pub legal_basis: String,
    /// First day in force.
    pub valid_from: Date,
    /// Last day in force.
    pub valid_until: Date,
    pub(super) grants: Grants,
    digest: Digest,
}

impl Agreement {
    /// Reads an agreement from its text.
    ///
    /// # Errors
    /// The first fault, naming the key.
    pub fn parse(text: &str) -> Result<Self, TermsError> {
        let RawAgreement {
            id,
            version,
            sandbox,
            purpose,
            legal_basis,
            valid_from,
            valid_until,
            parties: RawParties { a, b },
            grant,
            deadline_days,
        } = document::parse(text)?;
        let a = party("parties.a", &a)?;
        let b = party("parties.b", &b)?;
        if a == b {
            return Err(TermsError::SameParties);
        }
        let pair = AgreementId::of(Channel { from: a, to: b });
        if id.parse() != Ok(pair) {
            return Err(TermsError::Id { expected: pair });
        }
        if version == 0 {
            return Err(TermsError::VersionZero);
        }
        let valid_from = day("valid_from", &valid_from)?;
        let valid_until = day("valid_until", &valid_until)?;
        if valid_until < valid_from {
            return Err(TermsError::DatesReversed);
        }
        if !is_purpose(&purpose) {
            return Err(TermsError::Purpose);
        }
        let shown = legal_basis.chars().count() <= 500 && !legal_basis.contains(char::is_control);
        if legal_basis.trim().is_empty() || !shown {
            return Err(TermsError::LegalBasis);
        }
        let mut agreement = Self {
            version: AgreementVersion { id: pair, version },
            a,
            b,
            sandbox,
            purpose,
            legal_basis,
            valid_from,
            valid_until,
            grants: grants(grant, &deadline_days, a, b)?,
            digest: Digest::default(),
        };
        agreement.digest = canonical::digest(&agreement);
        Ok(agreement)
    }

    /// SHA-256 of its canonical bytes: the same for every text that says the same.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether it is in force on that day.
    pub fn in_force(&self, on: Date) -> bool {
        (self.valid_from..=self.valid_until).contains(&on)
    }

    /// What it lets that kind carry in that direction, if the kind may travel at all.
    pub fn terms(&self, channel: Channel, kind: Kind) -> Option<&KindTerms> {
        self.grants.get(&(channel, kind))
    }
}

/// Why a text is no agreement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// No document of this form.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A party is no county-level area.
    #[error("`{key}` must be a county-level area of six digits")]
    Party {
        /// The key.
        key: &'static str,
    },
    /// Both parties are one.
    #[error("`parties.a` and `parties.b` must be two areas")]
    SameParties,
    /// The id is not that of the parties.
    #[error("`id` must be `{expected}`, the two areas with the lower code first")]
    Id {
        /// What it must be.
        expected: AgreementId,
    },
    /// Versions begin at 1.
    #[error("`version` must be 1 or more")]
    VersionZero,
    /// Not a day.
    #[error("`{key}` must be a day written as \"2026-10-08\"")]
    Day {
        /// The key.
        key: &'static str,
    },
    /// The last day lies before the first.
    #[error("`valid_until` must not lie before `valid_from`")]
    DatesReversed,
    /// Not a purpose code.
    #[error("`purpose` must be 1 to 64 characters of a-z, 0-9 and _")]
    Purpose,
    /// No legal basis that can be shown to a person.
    #[error("`legal_basis` must be one line of 1 to 500 characters")]
    LegalBasis,
    /// A grant goes nowhere.
    #[error("`grant.from` and `grant.to` must be \"a\" and \"b\", one each")]
    GrantSides,
    /// A grant for nothing.
    #[error("`grant.kinds` must name a kind")]
    NoKinds,
    /// An agreement that lets nothing through.
    #[error("there must be a `[[grant]]`")]
    NoGrants,
    /// No such kind.
    #[error("no such kind `{name}`{}", hint(.nearest))]
    UnknownKind {
        /// As written.
        name: String,
        /// The kind that is most like it.
        nearest: Option<String>,
    },
    /// No such field.
    #[error("no such field or group `{name}` in `grant.fields`{}", hint(.nearest))]
    UnknownField {
        /// As written.
        name: String,
        /// The field or group that is most like it.
        nearest: Option<String>,
    },
    /// Sensitive fields as a group.
    #[error("care fields are listed one by one in `grant.fields`, never as a group")]
    CareAsAGroup,
    /// Free text as a field.
    #[error("free text is turned on by `grant.free_text = true`, not in `grant.fields`")]
    FreeTextAsAField,
    /// A message is nothing but free text.
    #[error("`message` in `grant.kinds` needs `grant.free_text = true`")]
    MessageWithoutFreeText,
    /// A deadline out of bounds.
    #[error("`deadline_days.{kind}` must be 1 to 365")]
    DeadlineDays {
        /// The kind.
        kind: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAgreement {
    id: String,
    version: u32,
    sandbox: bool,
    purpose: String,
    legal_basis: String,
    valid_from: String,
    valid_until: String,
    parties: RawParties,
    grant: Vec<RawGrant>,
    #[serde(default)]
    deadline_days: BTreeMap<String, u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawParties {
    a: String,
    b: String,
}

fn party(key: &'static str, code: &str) -> Result<County, TermsError> {
    code.parse().map_err(|_| TermsError::Party { key })
}

fn day(key: &'static str, text: &str) -> Result<Date, TermsError> {
    calendar::parse_day(text).ok_or(TermsError::Day { key })
}

fn is_purpose(code: &str) -> bool {
    (1..=64).contains(&code.len())
        && code
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

fn hint(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::samples::TEXT;

    #[test]
    fn the_digest_depends_on_what_is_said_not_on_how() {
        let agreement = Agreement::parse(TEXT).unwrap();
        let same = [
            format!("# a comment\n\n{TEXT}"),
            TEXT.replace(" = ", "="),
            TEXT.replace(
                "[\"departure\", \"feedback\"]",
                "[\"feedback\",\n  \"departure\"]",
            ),
            TEXT.replace(
                "[\"identity\", \"next_check_on\"]",
                "[\"next_check_on\", \"subject.phone\", \"identity\"]",
            ),
        ];
        for text in same {
            assert_eq!(
                Agreement::parse(&text).unwrap().digest(),
                agreement.digest()
            );
        }
        let others = [
            ("version = 1", "version = 2"),
            ("sandbox = true", "sandbox = false"),
            ("mobility_service", "mobility"),
            ("basis of the test", "basis"),
            ("2026-01-01", "2026-01-02"),
            ("2028-12-31", "2028-12-30"),
            ("\"next_check_on\"", "\"last_check_on\""),
            ("\"departure\", ", ""),
            ("departure = 20", "departure = 21"),
            (", \"message\"", ""),
        ];
        for (from, to) in others {
            let text = TEXT.replacen(from, to, 1);
            assert_ne!(text, TEXT, "{from}");
            assert_ne!(
                Agreement::parse(&text).unwrap().digest(),
                agreement.digest(),
                "{from}"
            );
        }
    }

    #[test]
    fn the_digest_of_the_sample_never_changes() {
        assert_eq!(
            Agreement::parse(TEXT).unwrap().digest().to_string(),
            "8c3b52414808516e93fa66053e854c9106b626d611c7ffe70a64cd8d8811d7e2"
        );
    }

    #[test]
    fn a_wrong_text_is_refused_by_key() {
        let cases = [
            (
                "a = \"350582\"",
                "a = \"3505\"",
                "`parties.a` must be a county-level area of six digits",
            ),
            (
                "b = \"530111\"",
                "b = \"350582\"",
                "`parties.a` and `parties.b` must be two areas",
            ),
            (
                "id = \"350582-530111\"",
                "id = \"530111-350582\"",
                "`id` must be `350582-530111`, the two areas with the lower code first",
            ),
            ("version = 1", "version = 0", "`version` must be 1 or more"),
            (
                "version = 1",
                "version = -1",
                "line 2: `version` takes a whole number",
            ),
            ("version = 1", "", "`version` is missing"),
            (
                "version = 1",
                "versoin = 1",
                "line 2: unknown key `versoin`; did you mean `version`?",
            ),
            (
                "\"2026-01-01\"",
                "\"2026-1-1\"",
                "`valid_from` must be a day written as \"2026-10-08\"",
            ),
            (
                "\"2028-12-31\"",
                "\"2025-12-31\"",
                "`valid_until` must not lie before `valid_from`",
            ),
            (
                "mobility_service",
                "Mobility",
                "`purpose` must be 1 to 64 characters of a-z, 0-9 and _",
            ),
            (
                "basis of the test",
                " ",
                "`legal_basis` must be one line of 1 to 500 characters",
            ),
            (
                "from = \"a\"",
                "from = \"b\"",
                "`grant.from` and `grant.to` must be \"a\" and \"b\", one each",
            ),
            (
                "[\"departure\", \"feedback\"]",
                "[]",
                "`grant.kinds` must name a kind",
            ),
            (
                "\"departure\", ",
                "\"departur\", ",
                "no such kind `departur`; did you mean `departure`?",
            ),
            (
                "\"identity\", ",
                "\"identiti\", ",
                "no such field or group `identiti` in `grant.fields`; did you mean `identity`?",
            ),
            (
                "\"identity\", ",
                "\"care\", ",
                "care fields are listed one by one in `grant.fields`, never as a group",
            ),
            (
                "\"identity\", ",
                "\"note\", ",
                "free text is turned on by `grant.free_text = true`, not in `grant.fields`",
            ),
            (
                "\"identity\", ",
                "\"free_text\", ",
                "free text is turned on by `grant.free_text = true`, not in `grant.fields`",
            ),
            (
                "\"departure\", ",
                "\"message\", ",
                "`message` in `grant.kinds` needs `grant.free_text = true`",
            ),
            (
                "departure = 20",
                "departure = 366",
                "`deadline_days.departure` must be 1 to 365",
            ),
            ("departure = 20", "retrun = 20", "no such kind `retrun`"),
        ];
        for (from, to, expected) in cases {
            let text = TEXT.replacen(from, to, 1);
            assert_ne!(text, TEXT, "{from}");
            assert_eq!(Agreement::parse(&text).unwrap_err().to_string(), expected);
        }
    }
}
