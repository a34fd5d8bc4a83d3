//! What an office wants to tell, as raw text and as a checked draft.

mod entries;
mod fields;
mod judging;
mod onward;

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::civil::Date;

use super::{
    area::{AreaCode, County},
    cleaning::clean,
    field::Field,
    notice::{Consent, Content, Kind, NoticeId},
    problem::Problem,
};

pub use entries::{entries, filled};
pub use fields::belongs;
pub use onward::onward;

/// A draft as somebody wrote it: texts by field, cleaned as they are put in. Absent and empty are
/// the same. Ledgers, JSON lines and the office API all come through here. Has no `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RawDraft {
    values: BTreeMap<Field, String>,
}

impl RawDraft {
    /// Puts in the value of a field, cleaned; one that is empty takes the field out.
    pub fn set(&mut self, field: Field, value: &str) {
        let value = if value.is_empty() {
            String::new()
        } else {
            clean(field, value)
        };
        if value.is_empty() {
            self.values.remove(&field);
        } else {
            self.values.insert(field, value);
        }
    }

    /// What somebody would write to say that, without consent.
    pub fn of(content: &Content) -> Self {
        let mut draft = Self::default();
        for (field, value) in entries(None, None, content) {
            draft.set(field, &value);
        }
        draft
    }

    /// The cleaned value of a field, never empty.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.values.get(&field).map(String::as_str)
    }

    /// All that is filled, in the order of `Field`.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &str)> {
        self.values
            .iter()
            .map(|(field, value)| (*field, value.as_str()))
    }

    /// The same bytes for the same values, whatever the reference is: what a node derives a
    /// reference from where an office gave none. Personal: only for a keyed digest.
    pub fn canonical(&self) -> Vec<u8> {
        canonical(b"hongyan row v1\0", self.iter())
    }
}

/// What a draft is judged against.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Today in Asia/Shanghai.
    pub today: Date,
    /// The node's home areas: the sender's side must be one of them.
    pub home_areas: Vec<County>,
    /// Whether the node is a sandbox node, which takes numbers that begin with 99.
    pub sandbox: bool,
}

/// What the agreements are asked about a draft. They are asked as soon as kind and areas can be
/// read, even where the draft is refused for something else, so that a row tells all at once.
pub struct Asked<'a> {
    /// Its kind.
    pub kind: Kind,
    /// The sending area, one of the node's own.
    pub from: County,
    /// The receiving area, never equal to `from`; `None` for one that leaves it to the notice that
    /// it speaks of.
    pub to: Option<County>,
    /// With a correction, the kind that it mends.
    pub corrects: Option<Kind>,
    /// The sending and the receiving side's own area, of a movement.
    pub movement: Option<(AreaCode, AreaCode)>,
    /// The notice that it answers or speaks of.
    pub answers: Option<NoticeId>,
    /// The fields that are filled, without those that only address it (kind, areas, reference).
    pub fields: &'a [Field],
    /// Whether it names a separate consent, with date and reference.
    pub consent: bool,
}

/// Judges by the agreements: names everything that they do not allow. Pure.
pub type Gate<'a> = dyn Fn(&Asked<'_>) -> Vec<Problem> + 'a;

/// A checked draft: everything that can be said without agreements and store has been said.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    /// The office's own name for it; `None` until the node derives one.
    pub reference: Option<Reference>,
    /// Sending area, one of the node's own.
    pub from: County,
    /// True for an answer whose office named no sending area at a node of several: then `from` is
    /// the first of them, and the right one follows from the notice.
    pub from_follows: bool,
    /// Receiving area. `None` for an answer whose office named no area: it follows from the notice.
    pub to: Option<County>,
    /// The notice that this one answers or speaks of.
    pub answers: Option<NoticeId>,
    /// Consent for sensitive fields.
    pub consent: Option<Consent>,
    /// What is told.
    pub content: Content,
}

impl Draft {
    /// Checks a raw draft and reports everything that is wrong with it at once.
    ///
    /// # Errors
    /// Every problem, each once a field, none a shadow of another, sorted.
    pub fn parse(raw: &RawDraft, rules: &Rules) -> Result<Self, Vec<Problem>> {
        Self::judge(raw, rules, &|_| Vec::new())
    }

    /// As [`Self::parse`], and asks the agreements as well. They are not asked where the kind or an
    /// area is unknown, not the node's to send from, or the same on both sides; and what they say of
    /// a field that is wrong by itself is left out.
    ///
    /// # Errors
    /// As [`Self::parse`], with the gate's problems among the others.
    pub fn judge(raw: &RawDraft, rules: &Rules, gate: &Gate<'_>) -> Result<Self, Vec<Problem>> {
        judging::judge(raw, rules, gate)
    }

    /// The fields that are filled, without those that only address it: what an agreement must let
    /// travel.
    pub fn filled_fields(&self) -> Vec<Field> {
        let mut filled = filled(self.answers, self.consent.as_ref(), &self.content);
        filled.retain(|field| !ADDRESSING.contains(field));
        filled
    }

    /// The same bytes for the same content, areas, consent and answer, whatever the reference is:
    /// what tells a repeat from a conflict. An area left to the notice that is answered counts as
    /// absent, so fill `to` in before. Personal: only for a keyed digest.
    pub fn canonical(&self) -> Vec<u8> {
        let mut all = entries(self.answers, self.consent.as_ref(), &self.content);
        all.push((Field::FromArea, self.from.to_string()));
        all.extend(self.to.map(|to| (Field::ToArea, to.to_string())));
        all.sort();
        let all = all.iter().map(|(field, value)| (*field, value.as_str()));
        canonical(b"hongyan draft v1\0", all)
    }
}

/// An office's own name for a notice: 1 to 128 characters, none of them a control character, no
/// white space at its ends.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Reference(String);

impl Reference {
    /// The text. The office's own: never for a log.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reference {
    type Err = NotAReference;

    fn from_str(text: &str) -> Result<Self, NotAReference> {
        let long = text.chars().nth(MAX_REFERENCE).is_some();
        if text.is_empty() || long || text.trim() != text || text.contains(char::is_control) {
            return Err(NotAReference);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reference(..)")
    }
}

/// Not a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reference has 1 to 128 characters and no control characters")]
pub struct NotAReference;

/// Context, then for each value its field, a zero byte, its length and its bytes: two lists of
/// values never give the same bytes.
fn canonical<'a>(context: &[u8], values: impl Iterator<Item = (Field, &'a str)>) -> Vec<u8> {
    let mut bytes = context.to_vec();
    for (field, value) in values.filter(|(field, _)| *field != Field::Reference) {
        bytes.extend_from_slice(field.name().as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(&(value.len() as u64).to_be_bytes());
        bytes.extend_from_slice(value.as_bytes());
    }
    bytes
}

const MAX_REFERENCE: usize = 128;

/// What only says whose a draft is and where it goes: always allowed, and no part of the content.
const ADDRESSING: [Field; 4] = [
    Field::FromArea,
    Field::Kind,
    Field::Reference,
    Field::ToArea,
];

#[cfg(test)]
mod tests;
