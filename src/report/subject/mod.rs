//! What is held of one person (本人查询), as it is told to her.
//!
//! The same facts as a page that needs nothing else (A4, Chinese or English, no script, loads nothing)
//! and as the tables of a terminal. No type in here has a `Debug`: they hold a person.

mod page;
#[cfg(test)]
pub(super) mod samples;
mod words;

use crate::domain::{
    agreement::AgreementVersion,
    area::County,
    field::{Field, Group},
    language::Language,
    notice::{Kind, NoticeId},
    problem::{Sentence, Text},
    resident::ResidentNumber,
};

use self::words::groups_of;
pub use self::words::{field_value, purpose};

/// Everything that a node holds of one person.
pub struct Subject {
    /// Her number.
    pub number: ResidentNumber,
    /// For what purpose it was asked.
    pub purpose: String,
    /// The home areas that were looked through.
    pub homes: Vec<County>,
    /// When: milliseconds since 1970-01-01T00:00:00Z.
    pub as_of_ms: i64,
    /// Whether the node is a sandbox.
    pub sandbox: bool,
    /// Her cases, each with its notices.
    pub cases: Vec<SubjectCase>,
    /// Notices of no case: what ended before the other side had it.
    pub apart: Vec<SubjectNotice>,
    /// The agreements that they name.
    pub bases: Vec<Basis>,
    /// Who at the node was shown or handed any of them.
    pub told_here: Vec<Telling>,
}

/// A case of hers.
pub struct SubjectCase {
    /// Its id.
    pub id: NoticeId,
    /// The home area.
    pub home: County,
    /// The other area.
    pub other: County,
    /// Where it stands.
    pub state: Sentence,
    /// When it was opened: milliseconds since 1970-01-01T00:00:00Z.
    pub opened_ms: i64,
    /// Its notices.
    pub notices: Vec<SubjectNotice>,
    /// What desks did about it.
    pub done: Vec<Done>,
}

impl SubjectCase {
    /// Whether the home area opened it: a case has the id of the notice that did.
    pub fn opened_here(&self) -> bool {
        let mut notices = self.notices.iter();
        notices.any(|notice| notice.id == self.id && notice.sent)
    }
}

/// A notice about her.
pub struct SubjectNotice {
    /// Its id.
    pub id: NoticeId,
    /// Its kind.
    pub kind: Kind,
    /// Whether the home area sent it, rather than got it.
    pub sent: bool,
    /// The home area.
    pub home: County,
    /// The other area.
    pub other: County,
    /// When it was accepted or stored here: milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// Where it stands.
    pub state: Sentence,
    /// Whether the other area's node may have it: that of one that was sent.
    pub disclosed: bool,
    /// When the other area's node answered for one that was sent.
    pub answered_at_ms: Option<i64>,
    /// When a desk of the area that got it took it up.
    pub taken_up_at_ms: Option<i64>,
    /// The agreement under which it travelled.
    pub agreement: Option<AgreementVersion>,
    /// The correction of it that counts.
    pub corrected_by: Option<NoticeId>,
    /// What it says; none once it was erased.
    pub fields: Option<Vec<(Field, String)>>,
}

/// Something that a desk of the home area did about a case.
pub struct Done {
    /// When: milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// Which office.
    pub office: String,
    /// What.
    pub what: Text,
    /// What goes with it.
    pub detail: String,
}

/// Why data travel.
pub struct Basis {
    /// The agreement.
    pub version: AgreementVersion,
    /// Purpose code, legal basis, first and last day; none where the node does not hold it any more.
    pub terms: Option<[String; 4]>,
}

/// Somebody at the node was shown or handed notices about her.
pub struct Telling {
    /// When: milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// Who.
    pub who: String,
    /// What was done.
    pub what: Text,
    /// The notices.
    pub notices: Vec<NoticeId>,
    /// For what purpose, in words.
    pub purpose: Sentence,
}

impl Subject {
    /// The page.
    pub fn html(&self, language: Language) -> String {
        page::page(self, language)
    }

    /// All notices, in the order in which they are numbered.
    pub fn notices(&self) -> impl Iterator<Item = &SubjectNotice> {
        let of_cases = self.cases.iter().flat_map(|case| &case.notices);
        of_cases.chain(&self.apart)
    }

    /// Those that another area may have.
    pub fn disclosed(&self) -> impl Iterator<Item = &SubjectNotice> {
        self.notices().filter(|notice| notice.disclosed)
    }

    /// The number by which a notice is called in here.
    pub fn place(&self, id: NoticeId) -> Option<usize> {
        let place = self.notices().position(|notice| notice.id == id)?;
        Some(place.saturating_add(1))
    }

    /// What a table says of where a notice went, its kind and its basis.
    pub fn basis(&self, notice: &SubjectNotice) -> Option<&Basis> {
        let mut bases = self.bases.iter();
        bases.find(|basis| Some(basis.version) == notice.agreement)
    }
}

impl SubjectNotice {
    /// The groups of what it says, without what every notice needs.
    pub fn groups(&self) -> Vec<Group> {
        let fields = self.fields.iter().flatten().map(|(field, _)| *field);
        groups_of(fields)
    }
}
