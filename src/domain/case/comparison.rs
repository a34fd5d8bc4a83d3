//! What was due between two areas, as each of the two has it, side by side.
//!
//! Both sides work their figures out by themselves, from notices that both of them hold. Where they
//! come to different numbers, this says by which notice.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Owed, Standing};
use crate::domain::{
    area::County,
    calendar::day_of,
    notice::{Kind, NoticeId},
};

/// A notice that was to be answered by a day, as one side has it. Holds nothing of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueItem {
    /// The notice.
    pub notice: NoticeId,
    /// Its case.
    pub case: NoticeId,
    /// The side that owes the answer.
    pub by: County,
    /// The kind of the notice.
    pub kind: Kind,
    /// The last day in time.
    pub due: Date,
    /// What became of it.
    pub standing: DueStanding,
    /// The stable name of where its case stands: one of [`State::NAMES`](super::State::NAMES).
    pub state: &'static str,
    /// The other side does not have the notice yet, or the answer, as far as this one knows.
    pub under_way: bool,
}

/// What became of something that was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueStanding {
    /// It is owed.
    Open,
    /// It was answered.
    Answered {
        /// When the answer was published: milliseconds since 1970-01-01T00:00:00Z.
        at_ms: i64,
    },
    /// Nobody waits for an answer any more.
    Lapsed {
        /// Since when: milliseconds since 1970-01-01T00:00:00Z.
        at_ms: i64,
    },
}

impl DueStanding {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered { .. } => "answered",
            Self::Lapsed { .. } => "lapsed",
        }
    }

    /// That of the name, with when it came to that; none if there is no such name.
    pub fn from_name(name: &str, at_ms: i64) -> Option<Self> {
        match name {
            "open" => Some(Self::Open),
            "answered" => Some(Self::Answered { at_ms }),
            "lapsed" => Some(Self::Lapsed { at_ms }),
            _ => None,
        }
    }

    /// When it came to that: milliseconds since 1970-01-01T00:00:00Z; none while it is owed.
    pub const fn at_ms(self) -> Option<i64> {
        match self {
            Self::Open => None,
            Self::Answered { at_ms } | Self::Lapsed { at_ms } => Some(at_ms),
        }
    }
}

impl From<&Standing> for DueStanding {
    fn from(standing: &Standing) -> Self {
        match standing {
            Standing::Open => Self::Open,
            Standing::Answered(answer) => Self::Answered {
                at_ms: answer.at_ms,
            },
            Standing::Lapsed { at_ms } => Self::Lapsed { at_ms: *at_ms },
        }
    }
}

impl DueItem {
    /// What is owed in a case, if it was to be answered by a day. `reached` says of a notice whether
    /// the other side has it.
    pub fn of(
        owed: &Owed,
        (case, state): (NoticeId, &'static str),
        kind: Kind,
        reached: impl Fn(NoticeId) -> bool,
    ) -> Option<Self> {
        let answer = match &owed.standing {
            Standing::Answered(answer) => Some(answer.notice),
            Standing::Open | Standing::Lapsed { .. } => None,
        };
        Some(Self {
            notice: owed.notice,
            case,
            by: owed.by,
            kind,
            due: owed.due.answer?,
            standing: (&owed.standing).into(),
            state,
            under_way: !reached(owed.notice) || answer.is_some_and(|answer| !reached(answer)),
        })
    }

    /// Whether it was answered in time; none if it was not answered.
    pub fn in_time(&self) -> Option<bool> {
        match self.standing {
            DueStanding::Answered { at_ms } => Some(day_of(at_ms)? <= self.due),
            DueStanding::Open | DueStanding::Lapsed { .. } => None,
        }
    }

    /// Whether it counts: nobody waits for what lapsed before its day was over.
    fn counts(&self) -> bool {
        match self.standing {
            DueStanding::Lapsed { at_ms } => day_of(at_ms).is_some_and(|day| self.due < day),
            DueStanding::Open | DueStanding::Answered { .. } => true,
        }
    }
}

/// What a side owed, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DueSum {
    /// Notices that were to be answered.
    pub due: u64,
    /// Those that were.
    pub answered: u64,
    /// Those that were in time.
    pub in_time: u64,
}

impl DueSum {
    fn add(&mut self, item: &DueItem) {
        if !item.counts() {
            return;
        }
        let in_time = item.in_time();
        self.due = self.due.saturating_add(1);
        self.answered = self.answered.saturating_add(in_time.is_some().into());
        let in_time = u64::from(in_time == Some(true));
        self.in_time = self.in_time.saturating_add(in_time);
    }
}

/// What one of the two owed, as either side counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BothSums {
    /// Who owed it.
    pub by: County,
    /// As it is counted here.
    pub here: DueSum,
    /// As it is counted there.
    pub there: DueSum,
}

/// A notice that the two sides have differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// As it stands here; none if nothing is known of it here.
    pub here: Option<DueItem>,
    /// As it stands there.
    pub there: Option<DueItem>,
}

/// In what a notice differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiffersIn {
    /// Only this side has it due in the period.
    OnlyHere,
    /// Only the other side has.
    OnlyThere,
    /// It is due on another day.
    DueDay,
    /// Something else became of it.
    Standing,
    /// Its case stands elsewhere.
    State,
    /// Its kind, its case, or who owes it: what follows from the notice itself.
    Notice,
}

impl DiffersIn {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnlyHere => "only_here",
            Self::OnlyThere => "only_there",
            Self::DueDay => "due_day",
            Self::Standing => "standing",
            Self::State => "state",
            Self::Notice => "notice",
        }
    }
}

impl Difference {
    /// In what the two differ; nothing if they do not.
    pub fn differs_in(&self) -> Vec<DiffersIn> {
        let (here, there) = match (&self.here, &self.there) {
            (Some(here), Some(there)) => (here, there),
            (Some(_), None) => return vec![DiffersIn::OnlyHere],
            (None, Some(_)) => return vec![DiffersIn::OnlyThere],
            (None, None) => return Vec::new(),
        };
        let of_notice = |item: &DueItem| (item.case, item.by, item.kind);
        [
            (here.due != there.due, DiffersIn::DueDay),
            (here.standing != there.standing, DiffersIn::Standing),
            (here.state != there.state, DiffersIn::State),
            (of_notice(here) != of_notice(there), DiffersIn::Notice),
        ]
        .into_iter()
        .filter_map(|(differs, what)| differs.then_some(what))
        .collect()
    }

    /// Whether a notice that is still under way may be why.
    pub fn is_under_way(&self) -> bool {
        let mut sides = [&self.here, &self.there].into_iter().flatten();
        sides.any(|item| item.under_way)
    }

    /// The item, as it stands on either side.
    pub const fn either(&self) -> Option<&DueItem> {
        match &self.here {
            Some(here) => Some(here),
            None => self.there.as_ref(),
        }
    }
}

/// What was due between two areas as both of them have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What each of the two owed: the side that compares first.
    pub sums: [BothSums; 2],
    /// Notices that both have.
    pub on_both: u64,
    /// Those of them that are due on another day there.
    pub other_day: u64,
    /// What differs, by the day on which it was due.
    pub differences: Vec<Difference>,
}

/// Lays what two areas have side by side, `home` being the one that asks.
pub fn compare_due(
    home: County,
    other: County,
    here: Vec<DueItem>,
    there: Vec<DueItem>,
) -> Comparison {
    let sums = [home, other].map(|by| {
        let sum = |items: &[DueItem]| {
            let mut sum = DueSum::default();
            items
                .iter()
                .filter(|item| item.by == by)
                .for_each(|item| sum.add(item));
            sum
        };
        BothSums {
            by,
            here: sum(&here),
            there: sum(&there),
        }
    });
    let mut both: BTreeMap<NoticeId, Difference> = BTreeMap::new();
    let none = || Difference {
        here: None,
        there: None,
    };
    for item in here {
        let pair = both.entry(item.notice).or_insert_with(none);
        pair.here = Some(item);
    }
    for item in there {
        let pair = both.entry(item.notice).or_insert_with(none);
        pair.there = Some(item);
    }
    let (mut on_both, mut other_day) = (0_u64, 0_u64);
    let mut differences = Vec::new();
    for pair in both.into_values() {
        if let (Some(here), Some(there)) = (&pair.here, &pair.there) {
            on_both = on_both.saturating_add(1);
            other_day = other_day.saturating_add((here.due != there.due).into());
        }
        if !pair.differs_in().is_empty() {
            differences.push(pair);
        }
    }
    differences.sort_by_key(|pair| pair.either().map(|item| (item.due, item.notice)));
    Comparison {
        sums,
        on_both,
        other_day,
        differences,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::calendar::begin_ms;

    fn county(code: &str) -> County {
        code.parse().unwrap()
    }

    fn item(number: u64, day: i8, standing: DueStanding) -> DueItem {
        DueItem {
            notice: NoticeId::new([1; 8], number),
            case: NoticeId::new([1; 8], number),
            by: county("530111"),
            kind: Kind::Departure,
            due: date(2026, 10, day),
            standing,
            state: "opened",
            under_way: false,
        }
    }

    fn on(day: i8) -> i64 {
        begin_ms(date(2026, 10, day)).unwrap()
    }

    fn compare(here: Vec<DueItem>, there: Vec<DueItem>) -> Comparison {
        compare_due(county("350582"), county("530111"), here, there)
    }

    #[test]
    fn what_is_the_same_differs_in_nothing_and_is_counted_on_both_sides() {
        let items = vec![
            item(1, 12, DueStanding::Open),
            item(2, 12, DueStanding::Answered { at_ms: on(12) }),
            item(3, 12, DueStanding::Answered { at_ms: on(13) }),
            // Nobody waited any more when the day was over: it counts for nothing.
            item(4, 12, DueStanding::Lapsed { at_ms: on(12) }),
            item(5, 12, DueStanding::Lapsed { at_ms: on(13) }),
        ];
        let found = compare(items.clone(), items);
        let sum = DueSum {
            due: 4,
            answered: 2,
            in_time: 1,
        };
        let [ours, theirs] = found.sums;
        assert_eq!((theirs.here, theirs.there), (sum, sum));
        assert_eq!((ours.by, ours.here), (county("350582"), DueSum::default()));
        assert_eq!((found.on_both, found.differences), (5, Vec::new()));
    }

    #[test]
    fn each_notice_says_in_what_it_differs() {
        let here = vec![
            item(1, 12, DueStanding::Open),
            item(2, 12, DueStanding::Open),
            item(3, 14, DueStanding::Open),
            DueItem {
                under_way: true,
                ..item(5, 16, DueStanding::Open)
            },
        ];
        let there = vec![
            item(1, 13, DueStanding::Open),
            DueItem {
                state: "active",
                ..item(2, 12, DueStanding::Answered { at_ms: on(12) })
            },
            item(3, 14, DueStanding::Open),
            DueItem {
                kind: Kind::Arrival,
                ..item(4, 1, DueStanding::Open)
            },
        ];
        let found = compare(here, there);
        let told: Vec<_> = (found.differences.iter())
            .map(|it| (it.either().unwrap().notice, it.differs_in()))
            .collect();
        let notice = |number| NoticeId::new([1; 8], number);
        assert_eq!(
            told,
            [
                (notice(4), vec![DiffersIn::OnlyThere]),
                (notice(1), vec![DiffersIn::DueDay]),
                (notice(2), vec![DiffersIn::Standing, DiffersIn::State]),
                (notice(5), vec![DiffersIn::OnlyHere]),
            ]
        );
        assert_eq!((found.on_both, found.other_day), (3, 1));
        let under_way: Vec<_> = (found.differences.iter())
            .map(Difference::is_under_way)
            .collect();
        assert_eq!(under_way, [false, false, false, true]);
    }

    #[test]
    fn another_kind_of_the_same_notice_differs() {
        let other = DueItem {
            kind: Kind::Arrival,
            ..item(1, 12, DueStanding::Open)
        };
        let found = compare(vec![item(1, 12, DueStanding::Open)], vec![other]);
        assert_eq!(found.differences[0].differs_in(), [DiffersIn::Notice]);
    }

    #[test]
    fn standings_have_names() {
        for standing in [
            DueStanding::Open,
            DueStanding::Answered { at_ms: 7 },
            DueStanding::Lapsed { at_ms: 7 },
        ] {
            let read = DueStanding::from_name(standing.name(), 7);
            assert_eq!(read, Some(standing));
        }
        assert_eq!(DueStanding::from_name("lost", 7), None);
    }
}
