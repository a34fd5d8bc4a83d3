//! What is asked of the tree.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    time::Duration,
};

use jiff::civil::Date;
use tokio::{task::spawn_blocking, time::timeout};

use super::{
    Cases,
    batch::load,
    cells,
    keys::{self, ListName, Side},
    tags::Tag,
    thread::{Thread, ThreadId},
    view::{CaseView, views},
};
use crate::{
    domain::{
        area::{AreaCode, County},
        case::{PersonKey, WorkList},
        indicator::Figures,
        month::Month,
        notice::{Kind, NoticeId},
    },
    store::{Shelf, ShelfError},
};

/// Why nothing can be told of cases.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CasesError {
    /// They are being made anew.
    #[error("cases, lists and figures are being made from the store; ask again in a moment")]
    NotReady,
    /// Their tree failed.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
}

/// Which cases are asked for.
#[derive(Clone, Debug)]
pub struct ListAsked {
    /// The home area.
    pub home: County,
    /// The list.
    pub list: ListName,
    /// The areas of the home area in which they lie: any of them.
    pub areas: Vec<AreaCode>,
    /// Only those with that other area.
    pub peer: Option<County>,
    /// The day by which it is judged what is overdue.
    pub today: Date,
    /// Where the page begins; none for the first.
    pub after: Option<PageToken>,
    /// At most so many.
    pub limit: usize,
}

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageToken {
    /// The day under which the last case stands on the list; none is after all days.
    pub day: Option<Date>,
    /// The last case.
    pub case: NoticeId,
}

/// A page of a list: what is due first comes first.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The cases, each with the day under which it stands on the list.
    pub cases: Vec<(Option<Date>, CaseView)>,
    /// Where the next page begins; none at the end.
    pub next: Option<PageToken>,
}

/// Sums of figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figured {
    /// The month of the days on which they count.
    pub month: Month,
    /// The other area.
    pub peer: County,
    /// Which side owes.
    pub side: Side,
    /// The kind of notice.
    pub kind: Kind,
    /// The sums.
    pub figures: Figures,
}

impl Cases {
    /// The tree, once it holds everything that the store held when this was called, or after a
    /// while as far as it has come.
    async fn shelf(&self) -> Result<Shelf, CasesError> {
        self.followed_within(PATIENCE).await;
        self.as_it_is()
    }

    /// The tree, once it holds everything that the store held when this was called.
    ///
    /// # Errors
    /// [`CasesError::NotReady`] if it does not in a while.
    pub(super) async fn whole_shelf(&self) -> Result<Shelf, CasesError> {
        if self.followed_within(LONG_PATIENCE).await {
            self.as_it_is()
        } else {
            Err(CasesError::NotReady)
        }
    }

    /// Waits until the tree holds everything that the store holds now; false if it does not by then.
    async fn followed_within(&self, patience: Duration) -> bool {
        let wanted = *self.store.commits().borrow();
        let mut followed = self.shared.followed.subscribe();
        self.shared.asked.notify_one();
        let reached = followed.wait_for(|followed| followed.is_some_and(|it| it >= wanted));
        matches!(timeout(patience, reached).await, Ok(Ok(_)))
    }

    fn as_it_is(&self) -> Result<Shelf, CasesError> {
        if self.shared.followed.borrow().is_none() {
            return Err(CasesError::NotReady);
        }
        let shelf = self.shared.shelf.borrow().clone();
        shelf.ok_or(CasesError::NotReady)
    }

    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Shelf) -> Result<T, ShelfError> + Send + 'static,
    ) -> Result<T, CasesError> {
        let shelf = self.shelf().await?;
        match spawn_blocking(move || ask(&shelf)).await {
            Ok(told) => Ok(told?),
            Err(_) => Err(CasesError::NotReady),
        }
    }

    /// A page of a list.
    ///
    /// # Errors
    /// [`CasesError`].
    pub async fn list(&self, asked: ListAsked) -> Result<Page, CasesError> {
        let tags = self.tags_of(&asked);
        self.ask(move |shelf| list(shelf, &asked, &tags)).await
    }

    /// How many cases stand on each list of work, counted up to [`MOST_COUNTED`].
    ///
    /// # Errors
    /// [`CasesError`].
    pub async fn counts(
        &self,
        home: County,
        areas: &[AreaCode],
        today: Date,
    ) -> Result<Vec<(ListName, usize)>, CasesError> {
        let tags: Vec<Tag> = self.tags(home, areas);
        self.ask(move |shelf| {
            let names = WorkList::ALL.into_iter().map(ListName::Work);
            let names = names.chain([ListName::NearMatches, ListName::Awaited]);
            names
                .map(|name| {
                    let mut count = 0_usize;
                    for tag in &tags {
                        let prefix = keys::list(home, name, *tag);
                        for entry in shelf.from(&prefix, &prefix) {
                            let (key, _) = entry?;
                            let day = keys::listed_at(&key).and_then(|(day, _)| day);
                            if ends(name, day, today) || count >= MOST_COUNTED {
                                break;
                            }
                            count = count.saturating_add(1);
                        }
                    }
                    Ok((name, count))
                })
                .collect()
        })
        .await
    }

    /// The case to which a notice belongs that a home area exchanged with another; none if it
    /// belongs to none.
    ///
    /// # Errors
    /// [`CasesError`].
    pub async fn case(
        &self,
        home: County,
        other: County,
        notice: NoticeId,
        today: Date,
    ) -> Result<Option<CaseView>, CasesError> {
        self.ask(move |shelf| {
            let Some(id) = thread_of(shelf, home, other, notice)? else {
                return Ok(None);
            };
            let mut cases = views(id, &load(shelf, id)?, today).into_iter();
            Ok(cases.find(|case| {
                let mut history = case.history.iter();
                history.any(|entry| entry.notice == notice)
            }))
        })
        .await
    }

    /// What is counted in an area of a home area from a day to another, both of them included, by
    /// month.
    ///
    /// # Errors
    /// [`CasesError`].
    pub async fn figures(
        &self,
        home: County,
        area: AreaCode,
        from: Date,
        until: Date,
    ) -> Result<Vec<Figured>, CasesError> {
        let tag = self.tags.within(home, area);
        self.ask(move |shelf| match tag {
            Some(tag) => figures(shelf, home, tag, from, until),
            None => Ok(Vec::new()),
        })
        .await
    }

    /// The cases with another area in which an answer was or is due from a day to another, both of
    /// them included: of each day at most one for each case, from behind `after`.
    ///
    /// # Errors
    /// [`CasesError`].
    pub(super) async fn due(
        &self,
        home: County,
        other: County,
        (from, until): (Date, Date),
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page, CasesError> {
        let asked = ListAsked {
            home,
            list: ListName::Due,
            areas: Vec::new(),
            peer: None,
            today: until,
            after: after.or_else(|| {
                Some(PageToken {
                    day: Some(from),
                    case: NoticeId::new([0; 8], 0),
                })
            }),
            limit,
        };
        let tags = [keys::tag_of(other)];
        self.ask(move |shelf| list(shelf, &asked, &tags)).await
    }

    fn tags_of(&self, asked: &ListAsked) -> Vec<Tag> {
        self.tags(asked.home, &asked.areas)
    }

    fn tags(&self, home: County, areas: &[AreaCode]) -> Vec<Tag> {
        let tags = areas.iter();
        tags.filter_map(|area| self.tags.within(home, *area))
            .collect()
    }
}

pub(super) fn figures(
    shelf: &Shelf,
    home: County,
    tag: Tag,
    from: Date,
    until: Date,
) -> Result<Vec<Figured>, ShelfError> {
    let mut sums: BTreeMap<(Month, County, Side, Kind), Figures> = BTreeMap::new();
    let prefix = keys::cells(home, tag);
    for entry in shelf.from(&prefix, &keys::cells_from(home, tag, from)) {
        let (key, value) = entry?;
        let Some((day, peer, side, kind)) = keys::cell_at(&key) else {
            return Err(ShelfError::unreadable("a cell"));
        };
        if day > until {
            break;
        }
        *sums.entry((Month::of(day), peer, side, kind)).or_default() += &cells::decode(&value);
    }
    let figured = |((month, peer, side, kind), figures)| Figured {
        month,
        peer,
        side,
        kind,
        figures,
    };
    Ok(sums.into_iter().map(figured).collect())
}

pub(super) fn list(shelf: &Shelf, asked: &ListAsked, tags: &[Tag]) -> Result<Page, ShelfError> {
    let mut found: BTreeMap<PageKey, County> = BTreeMap::new();
    let mut is_cut = false;
    for tag in tags {
        let prefix = keys::list(asked.home, asked.list, *tag);
        let from = asked.after.map_or_else(
            || prefix.clone(),
            |PageToken { day, case }| keys::listed(asked.home, asked.list, *tag, day, case),
        );
        let mut seen = 0_usize;
        for entry in shelf.from(&prefix, &from) {
            let (key, value) = entry?;
            if asked.after.is_some() && key.as_ref() == from.as_slice() {
                continue;
            }
            let at = keys::listed_at(&key).zip(keys::other_of(&value));
            let Some(((day, case), other)) = at else {
                return Err(ShelfError::unreadable("an entry of a list"));
            };
            if ends(asked.list, day, asked.today) {
                break;
            }
            if asked.peer.is_some_and(|peer| peer != other) {
                continue;
            }
            if seen == asked.limit {
                is_cut = true;
                break;
            }
            found.insert((day.is_none(), day, case), other);
            seen = seen.saturating_add(1);
        }
    }
    let mut page = Page::default();
    let mut threads: HashMap<ThreadId, Thread> = HashMap::new();
    let is_more = is_cut || found.len() > asked.limit;
    for ((_, day, case), other) in found.into_iter().take(asked.limit) {
        page.next = is_more.then_some(PageToken { day, case });
        // It may have left the list a moment ago.
        let Some(id) = thread_of(shelf, asked.home, other, case)? else {
            continue;
        };
        let thread = match threads.entry(id) {
            Entry::Occupied(loaded) => loaded.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(load(shelf, id)?),
        };
        let cases = views(id, thread, asked.today);
        let view = cases.into_iter().find(|view| view.id == case);
        page.cases.extend(view.map(|view| (day, view)));
    }
    Ok(page)
}

/// The thread in which a notice stands.
fn thread_of(
    shelf: &Shelf,
    home: County,
    other: County,
    notice: NoticeId,
) -> Result<Option<ThreadId>, ShelfError> {
    let person = shelf.get(&keys::notice(home, other, notice))?;
    let person = person.and_then(|bytes| bytes.as_ref().try_into().ok());
    Ok(person.map(|person| ThreadId {
        home,
        other,
        person: PersonKey::new(person),
    }))
}

/// The order of a list: what has no day comes last.
type PageKey = (bool, Option<Date>, NoticeId);

/// Whether a list ends before that day, as it is read today.
fn ends(list: ListName, day: Option<Date>, today: Date) -> bool {
    match list {
        ListName::Work(WorkList::Overdue) => day.is_none_or(|day| day >= today),
        ListName::Due => day.is_none_or(|day| day > today),
        _ => false,
    }
}

/// What people count by hand ends far below.
pub const MOST_COUNTED: usize = 10_000;
/// So long an answer waits for what was published just before.
const PATIENCE: Duration = Duration::from_secs(2);
/// And so long one that must not leave anything out.
const LONG_PATIENCE: Duration = Duration::from_secs(10);
