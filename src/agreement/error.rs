//! Why a text is no agreement.

use crate::{
    document::DocumentError,
    domain::{agreement::AgreementId, notice::Kind},
};

/// Why a text is no agreement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// No document of this form.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A party is no administrative unit.
    #[error(
        "`{key}` must be a province (2 digits), prefecture (4), county (6), township (9) or village (12)"
    )]
    Party {
        /// The key.
        key: &'static str,
    },
    /// No channel joins the two.
    #[error("`parties.a` and `parties.b` must be two areas that share no county")]
    OneArea,
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
    /// Longer than the text itself allows.
    #[error("`valid_until` must not lie beyond `valid_for`, {days} calendar days")]
    TooLong {
        /// How many days it may be in force.
        days: u16,
    },
    /// Not a purpose code.
    #[error("`purpose` must be 1 to 64 characters of a-z, 0-9 and _")]
    Purpose,
    /// Nothing that can be shown to a person.
    #[error("`{key}` must be one line of 1 to {most} characters")]
    Line {
        /// The key.
        key: &'static str,
        /// The most characters.
        most: usize,
    },
    /// Not the digest of a document.
    #[error("`impact_assessment.digest` must be the SHA-256 of the document, 64 digits of 0-9a-f")]
    AssessmentDigest,
    /// Made after the agreement came into force.
    #[error("`impact_assessment.date` must not lie after `valid_from`")]
    AssessmentLate,
    /// None where the law asks for one.
    #[error(
        "`impact_assessment` is missing: care fields and free text travel in production only after an assessment; give its digest and date"
    )]
    AssessmentMissing,
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
    /// A kind that no agreement grants by name.
    #[error(
        "`{kind}` is not granted by name: it follows what was told before, and every agreement lets it through, both ways; leave it out"
    )]
    FollowsByItself {
        /// The kind.
        kind: String,
    },
    /// Times for a kind that does not travel.
    #[error("`kind.{kind}` has terms, but no grant names `{kind}`")]
    KindNotGranted {
        /// The kind.
        kind: String,
    },
    /// A number of days that is none, or out of bounds.
    #[error("`{key}` must be 1 to {most} days, written as {written}")]
    Days {
        /// The key.
        key: String,
        /// The most days.
        most: u16,
        /// Examples.
        written: &'static str,
    },
    /// A time to answer what is not answered.
    #[error(
        "`{key}` is for kinds that are answered, where the answer may travel back: {}",
        answered()
    )]
    NotAnswered {
        /// The key.
        key: String,
    },
}

/// Which kinds are answered by which: `departure by feedback, …`.
fn answered() -> String {
    let kinds = Kind::ALL.into_iter();
    let pairs: Vec<String> = kinds
        .filter_map(|kind| Some(format!("{kind} by {}", kind.answered_by()?)))
        .collect();
    pairs.join(", ")
}

fn hint(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}
