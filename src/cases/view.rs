//! A case as people see it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{
    derived::Works,
    thread::{Reached, Thread, ThreadId},
};
use crate::{
    domain::{
        area::County,
        case::{Case, Mended, Owed, State, WorkList, fold, work_lists},
        channel::Channel,
        notice::{Kind, NoticeId},
        work::ActKind,
    },
    store::Position,
};

/// A case, seen from a home area on a day. Holds no personal value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseView {
    /// The home area.
    pub home: County,
    /// The other area.
    pub other: County,
    /// Its id.
    pub id: NoticeId,
    /// The county where she is registered; none for a case of questions alone.
    pub origin: Option<County>,
    /// Where it stands, for both sides alike.
    pub state: State,
    /// When its first notice was published, in milliseconds since 1970-01-01T00:00:00Z.
    pub opened_ms: i64,
    /// An answer is urgent.
    pub urgent: bool,
    /// Only one side knows her.
    pub one_sided: bool,
    /// What was told in it was erased, or she asked for that.
    pub erased: bool,
    /// The lists of the home area on which it stands.
    pub lists: BTreeSet<WorkList>,
    /// What either side owed or owes.
    pub owed: Vec<Owed>,
    /// Its notices, in the order in which both sides read them.
    pub history: Vec<HistoryEntry>,
    /// Corrections, withdrawals and erasures.
    pub mended: Vec<Mended>,
    /// What desks of the home area did.
    pub done: Vec<Doing>,
    /// The office that is responsible (首接责任).
    pub responsible: Option<String>,
    /// Notices about women who may be the same one.
    pub near_matches: Vec<NoticeId>,
}

/// A notice of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The notice.
    pub notice: NoticeId,
    /// Its kind.
    pub kind: Kind,
    /// Its channel.
    pub channel: Channel,
    /// When it was published, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// Where the case stands since.
    pub state: State,
    /// The other side's node has it.
    pub reached: bool,
    /// The notice that it answers or speaks of.
    pub speaks_of: Option<NoticeId>,
}

/// Something that a desk did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doing {
    /// Where its record stands.
    pub position: Position,
    /// The notice that it is about.
    pub about: NoticeId,
    /// The office.
    pub office: String,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// What.
    pub kind: ActKind,
}

impl CaseView {
    /// Whether what the home area owes is late on that day.
    pub fn is_overdue(&self, today: Date) -> bool {
        let mut own = self.owed.iter().filter(|owed| owed.by == self.home);
        own.any(|owed| owed.is_overdue(today))
    }

    /// Whether the other side does not have everything yet.
    pub fn is_held(&self) -> bool {
        self.history.iter().any(|entry| !entry.reached)
    }

    /// The notices with which something was opened in it: they answer and speak of none.
    pub fn openings(&self) -> impl Iterator<Item = NoticeId> {
        let opening = self.history.iter();
        let opening = opening.filter(|entry| entry.speaks_of.is_none() || entry.notice == self.id);
        opening.map(|entry| entry.notice)
    }

    /// Why it is held: of each notice that is, the act that says so last.
    pub fn holds(&self) -> impl Iterator<Item = &Doing> {
        let is_of_holds = |doing: &&Doing| matches!(doing.kind, ActKind::Held | ActKind::Released);
        let mut last: BTreeMap<NoticeId, &Doing> = BTreeMap::new();
        for doing in self.done.iter().filter(is_of_holds) {
            last.insert(doing.about, doing);
        }
        let last = last.into_values();
        last.filter(|doing| doing.kind == ActKind::Held)
    }

    /// What that side owes still.
    pub fn open(&self, by: County) -> impl Iterator<Item = &Owed> {
        let owed = self.owed.iter();
        owed.filter(move |owed| owed.by == by && owed.is_open())
    }
}

/// The cases of a thread.
pub(super) fn views(id: ThreadId, thread: &Thread, today: Date) -> Vec<CaseView> {
    let cases = fold(thread.facts());
    cases
        .iter()
        .map(|case| view(id, thread, case, today))
        .collect()
}

fn view(id: ThreadId, thread: &Thread, case: &Case, today: Date) -> CaseView {
    let works = Works::of(thread, case);
    let history: Vec<HistoryEntry> = (case.history.iter())
        .filter_map(|change| {
            let told = thread.told(change.notice)?;
            Some(HistoryEntry {
                notice: change.notice,
                kind: told.kind,
                channel: told.fact.channel,
                at_ms: change.at_ms,
                state: change.state,
                reached: told.reached == Reached::Stored,
                speaks_of: told.fact.speaks_of,
            })
        })
        .collect();
    let near = case.is_one_sided() && !case.state.is_ended();
    let alike = thread.alike.iter().filter(|_| near);
    CaseView {
        home: id.home,
        other: id.other,
        id: case.id,
        origin: case.origin,
        state: case.state,
        opened_ms: case.history.first().map_or(0, |change| change.at_ms),
        urgent: case.urgent,
        one_sided: case.is_one_sided(),
        erased: case.erased || thread.erased,
        lists: if thread.erased {
            BTreeSet::new()
        } else {
            work_lists(case, id.home, works.work(), today)
        },
        owed: case.owed.clone(),
        history,
        mended: case.mended.clone(),
        responsible: works.responsible().map(str::to_owned),
        near_matches: alike
            .filter(|alike| !works.is_another(alike.notice))
            .map(|alike| alike.notice)
            .collect(),
        done: (works.all.iter())
            .map(|done| Doing {
                position: done.position,
                about: done.about,
                office: done.office.clone(),
                at_ms: done.at_ms,
                kind: done.kind,
            })
            .collect(),
    }
}
