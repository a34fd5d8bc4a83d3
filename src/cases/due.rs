//! What was due between two areas in a month, notice by notice.

use super::{CaseView, Cases, CasesError, Page, PageToken};
use crate::domain::{
    area::County,
    case::DueItem,
    month::Month,
    notice::{Kind, NoticeId},
};

/// A part of what was due in a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DuePage {
    /// The notices, by the day on which they were due.
    pub items: Vec<DueItem>,
    /// Where the next part begins; none at the end.
    pub next: Option<PageToken>,
}

impl Cases {
    /// What either of two areas was to answer to the other in a month, from behind `after`: so much
    /// as goes into one message.
    ///
    /// # Errors
    /// [`CasesError`].
    pub async fn due_in(
        &self,
        home: County,
        other: County,
        month: Month,
        after: Option<PageToken>,
    ) -> Result<DuePage, CasesError> {
        let from = month.first_day();
        let days = (from, from.last_of_month());
        let Page { cases, next } = self.due(home, other, days, after, CASES_A_PAGE).await?;
        let last = cases.last().map(|(day, case)| (*day, case.id));
        let mut page = DuePage {
            items: Vec::new(),
            next,
        };
        for (day, case) in cases {
            let of_day = items(&case).filter(|item| Some(item.due) == day);
            page.items.extend(of_day);
            if page.items.len() >= ITEMS_A_PAGE && last != Some((day, case.id)) {
                page.next = Some(PageToken { day, case: case.id });
                break;
            }
        }
        Ok(page)
    }
}

/// What was to be answered in a case.
fn items(case: &CaseView) -> impl Iterator<Item = DueItem> {
    let entry = |notice: NoticeId| case.history.iter().find(|entry| entry.notice == notice);
    let kind = move |notice| entry(notice).map(|entry| -> Kind { entry.kind });
    let reached = move |notice| entry(notice).is_none_or(|entry| entry.reached);
    let state = (case.id, case.state.name());
    let owed = case.owed.iter();
    owed.filter_map(move |owed| DueItem::of(owed, state, kind(owed.notice)?, reached))
}

/// Cases looked at for one part.
const CASES_A_PAGE: usize = 250;
/// Notices in one part, and those of one case more.
const ITEMS_A_PAGE: usize = 1_000;
