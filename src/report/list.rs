//! Lists of cases that wait for something.

use jiff::civil::Date;

use super::{Owes, words};
use crate::domain::{
    area::County,
    calendar::minute,
    case::WorkList,
    language::Language,
    notice::{Kind, NoticeId},
    problem::Sentence,
};

/// A case on a list: ids and days, and nothing of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The case.
    pub case: NoticeId,
    /// The notice by which it stands on the list.
    pub notice: NoticeId,
    /// The other area.
    pub peer: County,
    /// Which side it waits for: the one that owes the answer, or has no record of her.
    pub side: Owes,
    /// The kind of the notice.
    pub kind: Kind,
    /// The day on which it was published.
    pub since: Date,
    /// The last day in time; none where nothing is owed.
    pub due: Option<Date>,
    /// Working days since then; 0 while it is in time.
    pub days_late: u32,
    /// Where the case stands, by its stable name.
    pub state: &'static str,
    /// The same for people.
    pub state_words: Sentence,
}

/// A list of cases of a home area.
#[derive(Clone, Debug)]
pub struct List {
    /// The home area.
    pub home: County,
    /// What they wait for.
    pub list: WorkList,
    /// When it was made: milliseconds since 1970-01-01T00:00:00Z.
    pub as_of_ms: i64,
    /// Whether the node is a sandbox.
    pub sandbox: bool,
    /// The cases, in the order in which they are shown.
    pub items: Vec<Item>,
}

impl List {
    /// What it is called: of what, whose, and when.
    pub(super) fn title(&self, language: Language) -> String {
        let list = language.word(words::list(self.list));
        let (home, at) = (words::area(self.home.into()), minute(self.as_of_ms));
        match language {
            Language::Zh => format!("{home} {list}（{at}）"),
            Language::En => format!("{home}: {list}, {at}"),
        }
    }
}
