//! A woman's separate consent (单独同意) as an object of its own: what she agreed to, by which text,
//! when, how, and until when.
//!
//! A row that carries sensitive fields names a consent by its reference. One that is registered here
//! lets through what lies within it, until it is withdrawn; one that is not is kept by the office in
//! its own way, and is that office's word.

use std::{collections::BTreeSet, fmt, str::FromStr};

use jiff::civil::Date;

use super::{
    calendar::parse_day,
    field::{Field, Group},
    problem::{Code, Text},
};

/// A consent that is registered. It has no `Debug`: its reference may name her.
#[derive(Clone, PartialEq, Eq)]
pub struct Registered {
    /// By what name rows call it: 1 to 128 characters.
    pub reference: String,
    /// When she gave it.
    pub date: Date,
    /// The sensitive fields that she agreed to.
    pub scope: BTreeSet<Field>,
    /// Which version of the text she was shown: 1 to 64 characters.
    pub text_version: String,
    /// How she gave it.
    pub how: How,
    /// Since when it does not hold any more.
    pub withdrawn_on: Option<Date>,
}

/// How a consent was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Signed on paper.
    Paper,
    /// Signed on a screen.
    Screen,
    /// Spoken before a witness.
    Witnessed,
    /// By her own certificate or account.
    Electronic,
}

/// A consent as somebody writes it, not looked at yet.
#[derive(Default)]
pub struct RawConsent {
    /// As in [`Registered`].
    pub reference: String,
    /// `2026-10-01`.
    pub date: String,
    /// Names of sensitive fields; `care` for all of them.
    pub scope: Vec<String>,
    /// As in [`Registered`].
    pub text_version: String,
    /// By its stable name.
    pub how: String,
    /// Empty while it holds.
    pub withdrawn_on: String,
}

/// What is wrong with it: the member, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAConsent(pub &'static str, pub Code);

/// What becomes of a registration, or of a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It was done.
    Anew,
    /// It was so before.
    Repeated,
    /// Another consent has that reference, or the same one that was withdrawn since.
    Conflict,
    /// No consent has that reference.
    Unknown,
}

impl Registered {
    /// Reads a consent.
    ///
    /// # Errors
    /// The first member that is wrong.
    pub fn read(raw: RawConsent) -> Result<Self, NotAConsent> {
        let RawConsent {
            reference,
            date,
            scope,
            text_version,
            how,
            withdrawn_on,
        } = raw;
        let day = |member, text: &str| parse_day(text).ok_or(NotAConsent(member, Code::DateFormat));
        Ok(Self {
            reference: line("reference", &reference, LONGEST_REFERENCE)?,
            date: day("date", &date)?,
            scope: scope_of(&scope)?,
            text_version: line("text_version", &text_version, LONGEST_VERSION)?,
            how: match how.as_str() {
                "" => return Err(NotAConsent("how", Code::MissingField)),
                how => how
                    .parse()
                    .map_err(|UnknownHow| NotAConsent("how", Code::ValueFormat))?,
            },
            withdrawn_on: match withdrawn_on.as_str() {
                "" => None,
                text => Some(day("withdrawn_on", text)?),
            },
        })
    }

    /// What stands against sensitive fields that are to travel under it.
    pub fn against(&self, filled: &[Field]) -> Vec<(Code, Field)> {
        let mut sensitive = filled
            .iter()
            .filter(|field| is_sensitive(**field))
            .peekable();
        if sensitive.peek().is_some() && self.withdrawn_on.is_some() {
            return vec![(Code::ConsentWithdrawn, Field::ConsentReference)];
        }
        let outside = sensitive.filter(|field| !self.scope.contains(field));
        outside.map(|field| (Code::ConsentScope, *field)).collect()
    }
}

/// Whether a field travels only with her separate consent.
pub fn is_sensitive(field: Field) -> bool {
    field.group() == Group::Care
}

/// The reference of a consent, by which it is looked up.
///
/// # Errors
/// If it can be none.
pub fn reference(text: &str) -> Result<String, NotAConsent> {
    line("reference", text, LONGEST_REFERENCE)
}

fn scope_of(names: &[String]) -> Result<BTreeSet<Field>, NotAConsent> {
    let mut scope = BTreeSet::new();
    let sensitive = || Field::ALL.into_iter().filter(|field| is_sensitive(*field));
    for name in names {
        if name == Group::Care.name() {
            scope.extend(sensitive());
        } else {
            let field = sensitive().find(|field| field.name() == name);
            scope.insert(field.ok_or(NotAConsent("scope", Code::UnknownField))?);
        }
    }
    if scope.is_empty() {
        return Err(NotAConsent("scope", Code::MissingField));
    }
    Ok(scope)
}

fn line(member: &'static str, text: &str, longest: usize) -> Result<String, NotAConsent> {
    let text = text.trim();
    if text.is_empty() {
        Err(NotAConsent(member, Code::MissingField))
    } else if text.chars().nth(longest).is_some() {
        Err(NotAConsent(member, Code::ValueTooLong))
    } else if text.contains(char::is_control) {
        Err(NotAConsent(member, Code::ValueFormat))
    } else {
        Ok(text.to_owned())
    }
}

impl How {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Paper, Self::Screen, Self::Witnessed, Self::Electronic];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Screen => "screen",
            Self::Witnessed => "witnessed",
            Self::Electronic => "electronic",
        }
    }

    /// What people call it.
    pub const fn text(self) -> Text {
        let (zh, en) = match self {
            Self::Paper => ("书面签署", "signed on paper"),
            Self::Screen => ("屏幕签署", "signed on a screen"),
            Self::Witnessed => ("口头并有见证", "spoken before a witness"),
            Self::Electronic => ("电子签名", "signed electronically"),
        };
        Text { zh, en }
    }
}

impl FromStr for How {
    type Err = UnknownHow;

    fn from_str(name: &str) -> Result<Self, UnknownHow> {
        let mut all = Self::ALL.into_iter();
        all.find(|how| how.name() == name).ok_or(UnknownHow)
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// No way of that name to give a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such way; one of paper, screen, witnessed, electronic")]
pub struct UnknownHow;

const LONGEST_REFERENCE: usize = 128;
const LONGEST_VERSION: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(scope: &[&str]) -> RawConsent {
        RawConsent {
            reference: " c-1 ".into(),
            date: "2026-10-01".into(),
            scope: scope.iter().map(ToString::to_string).collect(),
            text_version: "2026-1".into(),
            how: "witnessed".into(),
            withdrawn_on: String::new(),
        }
    }

    fn wrong(raw: RawConsent) -> NotAConsent {
        match Registered::read(raw) {
            Err(wrong) => wrong,
            Ok(_) => panic!("it passed"),
        }
    }

    #[test]
    fn it_covers_what_she_agreed_to_until_she_withdraws_it() {
        let Ok(mut consent) = Registered::read(raw(&["next_check_on", "provider"])) else {
            panic!("it is refused");
        };
        assert_eq!(consent.reference, "c-1");
        let [next, last] = [Field::NextCheckOn, Field::LastCheckOn];
        assert_eq!(consent.against(&[Field::Name, next]), []);
        assert_eq!(consent.against(&[last, next]), [(Code::ConsentScope, last)]);
        consent.withdrawn_on = Some(consent.date);
        let withdrawn = (Code::ConsentWithdrawn, Field::ConsentReference);
        assert_eq!(consent.against(&[last, next]), [withdrawn]);
        assert_eq!(consent.against(&[Field::Name]), [], "nothing sensitive");
        let Ok(all) = Registered::read(raw(&["care"])) else {
            panic!("it is refused");
        };
        assert_eq!(all.scope.len(), 9);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(wrong(raw(&[])), NotAConsent("scope", Code::MissingField));
        let name = raw(&["subject.name"]);
        assert_eq!(wrong(name), NotAConsent("scope", Code::UnknownField));
        let long = RawConsent {
            reference: "c".repeat(129),
            ..raw(&["care"])
        };
        assert_eq!(wrong(long), NotAConsent("reference", Code::ValueTooLong));
        let how = RawConsent {
            how: "by heart".into(),
            ..raw(&["care"])
        };
        assert_eq!(wrong(how), NotAConsent("how", Code::ValueFormat));
        let day = RawConsent {
            date: "soon".into(),
            ..raw(&["care"])
        };
        assert_eq!(wrong(day), NotAConsent("date", Code::DateFormat));
        for how in How::ALL {
            assert_eq!(how.name().parse(), Ok(how));
        }
    }
}
