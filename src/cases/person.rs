//! Everything there is about one woman.

use jiff::civil::Date;
use tokio::task::spawn_blocking;

use super::{
    Cases,
    batch::load,
    query::CasesError,
    thread::{Thread, ThreadId},
    view::{CaseView, views},
};
use crate::{
    domain::{notice::NoticeId, resident::ResidentNumber},
    store::{ShelfError, Side},
};

/// What there is about a woman between a home area and another.
pub struct PersonCases {
    /// The two areas.
    pub side: Side,
    /// Her cases.
    pub cases: Vec<CaseView>,
    /// All notices about her, also those that never came to the other side and so are in no case, in
    /// the order in which they were published.
    pub notices: Vec<NoticeId>,
}

impl Cases {
    /// Everything there is about the woman of that number between each of those pairs of areas; none
    /// of those without anything. Holds what the store held when this was called: what is told of it
    /// is told to her.
    ///
    /// # Errors
    /// [`CasesError`].
    pub async fn of_person(
        &self,
        sides: Vec<Side>,
        number: &ResidentNumber,
        today: Date,
    ) -> Result<Vec<PersonCases>, CasesError> {
        let person = self.tags.person(number);
        let shelf = self.whole_shelf().await?;
        let found = spawn_blocking(move || {
            let mut found = Vec::new();
            for side in sides {
                let Side { home, other } = side;
                let id = ThreadId {
                    home,
                    other,
                    person,
                };
                let thread = load(&shelf, id)?;
                if !thread.told.is_empty() {
                    found.push(of_thread(side, id, &thread, today));
                }
            }
            Ok::<_, ShelfError>(found)
        });
        match found.await {
            Ok(found) => Ok(found?),
            Err(_) => Err(CasesError::NotReady),
        }
    }
}

fn of_thread(side: Side, id: ThreadId, thread: &Thread, today: Date) -> PersonCases {
    let mut told: Vec<_> = thread.told.iter().map(|told| &told.fact).collect();
    told.sort_by_key(|fact| (fact.published_at_ms, fact.id));
    PersonCases {
        side,
        cases: views(id, thread, today),
        notices: told.into_iter().map(|fact| fact.id).collect(),
    }
}
