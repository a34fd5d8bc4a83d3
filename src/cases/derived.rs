//! What lists and figures hold of a thread. A pure function of it: whoever changes a thread takes
//! out what followed from it before, and puts in what follows now.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{
    keys::{self, Cell, ListName, Side},
    tags::{Tag, WHOLE},
    thread::{Done, Reached, Thread, ThreadId, Told},
};
use crate::domain::{
    area::County,
    calendar::day_of,
    case::{Case, Owed, Role, Says, Standing, State, Work, WorkList, fold, work_lists},
    indicator::Figures,
    notice::{Kind, NoticeId, Outcome},
    work::ActKind,
    workdays::Workdays,
};

/// What follows from a thread.
#[derive(Default)]
pub(super) struct Derived {
    /// Entries of lists, all of them with the other area of the thread.
    pub(super) listed: BTreeSet<Vec<u8>>,
    /// What goes into the cells of figures.
    pub(super) figures: BTreeMap<Cell, Figures>,
    /// By what somebody known to one side alone may be recognised: tag, which side knows her, and
    /// the notice that is about her.
    pub(super) likenesses: BTreeSet<(Tag, Role, NoticeId)>,
}

/// Everything that follows from a thread.
pub(super) fn derived(id: ThreadId, thread: &Thread, workdays: &Workdays) -> Derived {
    let mut derived = Derived::default();
    for case in fold(thread.facts()) {
        let told = TheCase {
            id,
            thread,
            work: Works::of(thread, &case),
            desk: desk_of(id.home, thread, &case),
            case: &case,
        };
        told.list(&mut derived);
        told.count(workdays, &mut derived);
        told.recognise(&mut derived);
    }
    for told in &thread.told {
        count_told(id, thread, told, &mut derived);
    }
    if thread.erased {
        // Nobody can do anything about it.
        derived.listed.retain(|key| !keys::is_of_work(key));
    }
    derived
        .figures
        .retain(|_, figures| *figures != Figures::default());
    derived
}

/// What desks of the home area did about a case.
pub(super) struct Works<'a> {
    /// All of it, in the order in which they did it.
    pub(super) all: Vec<&'a Done>,
}

impl<'a> Works<'a> {
    pub(super) fn of(thread: &'a Thread, case: &Case) -> Self {
        let of_case = |done: &&Done| {
            let mut history = case.history.iter();
            history.any(|change| change.notice == done.about)
        };
        Self {
            all: thread.done.iter().filter(of_case).collect(),
        }
    }

    /// What that changes of the lists.
    pub(super) fn work(&self) -> Work {
        let passed = |done: &&&Done| done.kind == ActKind::PassedOn;
        if self.all.iter().any(|done| passed(&done)) {
            return Work::PassedOn;
        }
        let mut last = self.all.iter().rev();
        let last = last.find(|done| matches!(done.kind, ActKind::Took | ActKind::Verifying));
        match last.map(|done| done.kind) {
            Some(ActKind::Verifying) => Work::Verifying,
            _ => Work::None,
        }
    }

    /// Who is responsible: the office that took it up first, until another takes it (首接责任).
    pub(super) fn responsible(&self) -> Option<&'a str> {
        let mut taken = self.all.iter().rev();
        let last = taken.find(|done| done.kind == ActKind::Took);
        last.map(|done| done.office.as_str())
    }

    /// The tags of the area that it was forwarded to last.
    fn forwarded(&self) -> Option<&'a [Tag]> {
        let mut done = self.all.iter().rev();
        let last = done.find(|done| done.kind == ActKind::Forwarded);
        last.map(|done| done.desk.as_slice())
    }

    pub(super) fn is_another(&self, notice: NoticeId) -> bool {
        let mut done = self.all.iter();
        done.any(|done| done.other == Some(notice))
    }
}

/// The tags of the address that a case has in the home area: its own side's last word on it, or else
/// the other's.
fn desk_of<'a>(home: County, thread: &'a Thread, case: &Case) -> &'a [Tag] {
    let told = |own: bool| {
        let history = case.history.iter().rev();
        let mut notices = history.filter_map(|change| thread.told(change.notice));
        notices.find(|told| (told.fact.channel.from == home) == own && !told.desk.is_empty())
    };
    let told = told(true).or_else(|| told(false));
    told.map_or(&[WHOLE], |told| &told.desk)
}

/// A case with what belongs to it.
struct TheCase<'a> {
    id: ThreadId,
    thread: &'a Thread,
    case: &'a Case,
    work: Works<'a>,
    desk: &'a [Tag],
}

impl TheCase<'_> {
    fn list(&self, derived: &mut Derived) {
        let case = self.case;
        let home = self.id.home;
        // What is overdue is asked with a day.
        for list in work_lists(case, home, self.work.work(), Date::MIN) {
            let day = match list {
                WorkList::ToTakeUp => earliest(case, home, |owed| owed.due.take_up),
                WorkList::ToVerify | WorkList::ToAnswer | WorkList::Overdue => {
                    earliest(case, home, |owed| owed.due.answer)
                }
                WorkList::OneSided | WorkList::CorrectionsWaiting | WorkList::ToPassOn => {
                    self.opened()
                }
            };
            self.put(derived, ListName::Work(list), day);
        }
        if let Some(due) = earliest(case, home, |owed| owed.due.answer) {
            self.put(derived, ListName::Work(WorkList::Overdue), Some(due));
        }
        if let Some(due) = earliest(case, self.id.other, |owed| owed.due.answer) {
            self.put(derived, ListName::Awaited, Some(due));
        }
        let alike = self.thread.alike.iter();
        if self.is_half_known() && alike.clone().any(|it| !self.work.is_another(it.notice)) {
            self.put(derived, ListName::NearMatches, self.opened());
        }
        self.put(derived, ListName::All, self.opened());
        let tag = [keys::tag_of(self.id.other)];
        for due in case.owed.iter().filter_map(|owed| owed.due.answer) {
            self.put_at(derived, ListName::Due, Some(due), &tag);
        }
    }

    fn put(&self, derived: &mut Derived, list: ListName, day: Option<Date>) {
        let desk = self.work.forwarded().unwrap_or(self.desk);
        self.put_at(derived, list, day, desk);
    }

    fn put_at(&self, derived: &mut Derived, list: ListName, day: Option<Date>, tags: &[Tag]) {
        for tag in tags {
            let key = keys::listed(self.id.home, list, *tag, day, self.case.id);
            derived.listed.insert(key);
        }
    }

    fn opened(&self) -> Option<Date> {
        day_of(self.case.history.first()?.at_ms)
    }

    fn is_half_known(&self) -> bool {
        self.case.is_one_sided() && !self.case.state.is_ended()
    }

    fn recognise(&self, derived: &mut Derived) {
        if !self.is_half_known() {
            return;
        }
        for role in [Role::Departure, Role::Arrival] {
            let Some(notice) = self.case.standing(role) else {
                continue;
            };
            let told = self.thread.told.iter().filter(|told| {
                self.thread.root_of(told) == notice && told.reached != Reached::Ended
            });
            let tags = told.flat_map(|told| &told.likenesses);
            derived
                .likenesses
                .extend(tags.map(|tag| (*tag, role, notice)));
        }
    }

    fn count(&self, workdays: &Workdays, derived: &mut Derived) {
        for owed in &self.case.owed {
            let Some(told) = self.thread.told(owed.notice) else {
                continue;
            };
            // Of a year that the table lacks nothing is counted until it has it.
            for (day, count) in owed.counts(workdays).unwrap_or_default() {
                let asks = count.to_answer > 0;
                let mut figures = Figures {
                    owed: count,
                    ..Figures::default()
                };
                if asks && let Standing::Answered(answer) = owed.standing {
                    figures.answers = 1;
                    figures.trips_saved = 1;
                    match answer.outcome {
                        Some(Outcome::Confirmed | Outcome::Corrected) => {
                            figures.answers_matched = 1
                        }
                        Some(Outcome::NotFound) => figures.answers_not_found = 1,
                        _ => {}
                    }
                }
                self.add(derived, day, self.side(owed), told.kind, &figures);
            }
        }
        let Some(first) =
            (self.case.history.first()).and_then(|change| self.thread.told(change.notice))
        else {
            return;
        };
        let Some(day) = self.opened() else { return };
        let is_movement = matches!(first.fact.says, Says::Movement(_));
        let stands = !matches!(self.case.state, State::Withdrawn);
        if is_movement && stands {
            let is_active = self.case.state == State::Active;
            let served = || {
                let mut history = self.case.history.iter();
                history.any(|change| {
                    let told = self.thread.told(change.notice);
                    told.is_some_and(|told| told.kind == Kind::ServiceRecord)
                })
            };
            let figures = Figures {
                cases: 1,
                cases_one_sided: self.case.is_one_sided().into(),
                ..Figures::default()
            };
            let side = if first.fact.channel.to == self.id.home {
                Side::We
            } else {
                Side::They
            };
            self.add(derived, day, side, first.kind, &figures);
            // A woman belongs to the side where she lives.
            let side = if self.case.origin == Some(self.id.home) {
                Side::They
            } else {
                Side::We
            };
            let figures = Figures {
                persons_active: is_active.into(),
                persons_served: (is_active && served()).into(),
                ..Figures::default()
            };
            self.add(derived, day, side, first.kind, &figures);
        }
    }

    fn side(&self, owed: &Owed) -> Side {
        if owed.by == self.id.home {
            Side::We
        } else {
            Side::They
        }
    }

    fn add(&self, derived: &mut Derived, day: Date, side: Side, kind: Kind, figures: &Figures) {
        add(self.id, self.desk, derived, (day, side, kind), figures);
    }
}

/// What a notice counts for by itself, on the day on which it was published.
fn count_told(id: ThreadId, thread: &Thread, told: &Told, derived: &mut Derived) {
    let Some(day) = day_of(told.fact.published_at_ms) else {
        return;
    };
    let came = told.fact.channel.to == id.home;
    let stands = told.reached != Reached::Ended;
    let is_movement = stands && matches!(told.fact.says, Says::Movement(_));
    let is_mended = || {
        thread.told.iter().any(|other| {
            let mends = matches!(other.fact.says, Says::Correction(_) | Says::Withdrawal);
            mends && other.fact.speaks_of == Some(told.fact.id) && other.reached != Reached::Ended
        })
    };
    let figures = Figures {
        sent: 1,
        stored: (told.reached == Reached::Stored).into(),
        records: is_movement.into(),
        records_mended: (is_movement && is_mended()).into(),
        fields_asked: if is_movement { told.asked.into() } else { 0 },
        fields_filled: if is_movement { told.filled.into() } else { 0 },
        ..Figures::default()
    };
    let side = if came { Side::We } else { Side::They };
    let desk: &[Tag] = if told.desk.is_empty() {
        &[WHOLE]
    } else {
        &told.desk
    };
    add(id, desk, derived, (day, side, told.kind), &figures);
}

fn add(
    id: ThreadId,
    desk: &[Tag],
    derived: &mut Derived,
    (day, side, kind): (Date, Side, Kind),
    figures: &Figures,
) {
    // The whole area and its townships; of a village there is too little to tell.
    for tag in desk.iter().take(2) {
        let cell = Cell {
            home: id.home,
            tag: *tag,
            day,
            other: id.other,
            side,
            kind,
        };
        *derived.figures.entry(cell).or_default() += figures;
    }
}

/// The earliest day of what one side owes in a case.
fn earliest(case: &Case, by: County, day: impl Fn(&Owed) -> Option<Date>) -> Option<Date> {
    let open = case
        .owed
        .iter()
        .filter(|owed| owed.by == by && owed.is_open());
    open.filter_map(day).min()
}
