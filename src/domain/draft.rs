//! What an office wants to tell, as raw text and as a checked draft.

use super::{
    area::{AreaCode, County},
    notice::{Consent, Content, NoticeId},
    problem::Problem,
};
use jiff::civil::Date;

/// A draft as somebody wrote it: every field text, each may be absent (absent and empty are the
/// same). Ledgers, JSON lines and the office API all come through here.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RawDraft {
    /// The office's own name for it.
    pub reference: Option<String>,
    // the remaining fields are named after `Field`
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

/// A checked draft: everything that can be said without agreements and store has been said.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    /// The office's own name for it; `None` until the node derives one.
    pub reference: Option<Reference>,
    /// Sending area, one of the node's own.
    pub from: County,
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
    /// Every problem, each once a field, none a shadow of another.
    pub fn parse(raw: &RawDraft, rules: &Rules) -> Result<Self, Vec<Problem>> {
        let _ = (raw, rules);
        Err(Vec::new())
    }
}

/// An office's own name for a notice: 1 to 128 characters, none of them a control character.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Reference(String);

impl Reference {
    /// The text. The office's own: never for a log.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Area of an address; kept here so that callers need not know the content.
pub fn sender_area(content: &Content) -> Option<AreaCode> {
    match content {
        Content::Departure(movement) => Some(movement.origin_area),
        Content::Arrival(movement) => Some(movement.destination_area),
        Content::Feedback(_) | Content::Message(_) => None,
    }
}
