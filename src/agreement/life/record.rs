//! What was said of one version, and where it stands on a day.

use jiff::civil::Date;

use super::{Event, State, standing::Standing, statement::What};
use crate::{
    agreement::{side::Side, terms::Agreement},
    domain::notice::Kind,
};

/// What was said of one version of an agreement: with a day, all that its state follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// First day in force.
    pub valid_from: Date,
    /// Last day in force.
    pub valid_until: Date,
    /// Who has said yes.
    pub yes: Yes,
    /// What is suspended.
    pub suspensions: Vec<Suspension>,
    /// The first day on which it is ended by either side.
    pub ended_from: Option<Date>,
    /// The first day on which a newer version was in force.
    pub superseded_from: Option<Date>,
}

/// Who has said yes to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yes {
    /// Neither side.
    Nobody,
    /// One of them.
    One,
    /// Both, the second of them on that day.
    Both(Date),
}

/// What one side has suspended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// Who; only this side resumes it.
    pub by: Side,
    /// What of the agreement.
    pub what: What,
    /// The first day.
    pub from: Date,
}

impl Record {
    /// A version that both signed, and of which nothing else was said.
    pub const fn signed(agreement: &Agreement) -> Self {
        Self {
            valid_from: agreement.valid_from,
            valid_until: agreement.valid_until,
            yes: Yes::Both(agreement.valid_from),
            suspensions: Vec::new(),
            ended_from: None,
            superseded_from: None,
        }
    }

    fn of(agreement: &Agreement, standing: &Standing) -> Self {
        let (version, digest) = (agreement.version, agreement.digest());
        let yes = Side::ALL.map(|side| standing.yes(side, version, digest));
        let suspended = |by: Side| {
            let suspended = standing.suspended(by, version, digest).into_iter();
            suspended.map(move |(what, from)| Suspension { by, what, from })
        };
        let ended = Side::ALL.map(|side| standing.ended(side, version, digest));
        Self {
            yes: match yes {
                [Some(a), Some(b)] => Yes::Both(a.max(b)),
                [None, None] => Yes::Nobody,
                [Some(_), None] | [None, Some(_)] => Yes::One,
            },
            suspensions: Side::ALL.into_iter().flat_map(suspended).collect(),
            ended_from: ended.into_iter().flatten().min(),
            ..Self::signed(agreement)
        }
    }

    /// True if that kind from that side is suspended on that day, alone or with all else. An
    /// erasure never is.
    pub fn suspends(&self, from: Side, kind: Kind, day: Date) -> bool {
        let mut suspensions = self.suspensions.iter();
        kind != Kind::Erasure
            && suspensions.any(|held| held.from <= day && held.what.holds(from, kind))
    }

    /// True if a notice that was published on that day rests on a version in force: also on the
    /// first day of a newer one, since that morning it may not have been signed yet.
    pub fn honours(&self, day: Date) -> bool {
        match state_on(self, day) {
            State::InForce | State::Suspended => true,
            State::Superseded => self.superseded_from == Some(day) && self.begun(day),
            State::Draft | State::Proposed | State::Accepted | State::Ended | State::Expired => {
                false
            }
        }
    }

    /// The last day in force that can be foreseen.
    pub fn ends_on(&self) -> Date {
        let ended = self.ended_from.and_then(|day| day.yesterday().ok());
        ended.map_or(self.valid_until, |day| day.min(self.valid_until))
    }

    /// How many days before its end people are warned, once that time has come: 60, then 30, then
    /// 7. None while the version is not in force.
    pub fn warning_due(&self, today: Date) -> Option<u16> {
        match state_on(self, today) {
            State::InForce | State::Suspended => {}
            State::Draft
            | State::Proposed
            | State::Accepted
            | State::Ended
            | State::Expired
            | State::Superseded => return None,
        }
        let left = (self.ends_on() - today).get_days();
        WARNINGS.into_iter().find(|days| left <= i32::from(*days))
    }

    /// True if both sides have said yes.
    pub const fn agreed(&self) -> bool {
        matches!(self.yes, Yes::Both(_))
    }

    fn begun(&self, day: Date) -> bool {
        self.agreed() && (self.valid_from..=self.valid_until).contains(&day)
    }

    /// The first day on which it is in force and known to be, unless it ends before.
    fn takes_over(&self) -> Option<Date> {
        let Yes::Both(agreed) = self.yes else {
            return None;
        };
        let day = agreed.max(self.valid_from);
        let ended = self.ended_from.is_some_and(|ended| ended <= day);
        (day <= self.valid_until && !ended).then_some(day)
    }
}

/// Where a version stands on a day: whatever ended it first stays.
pub fn state_on(record: &Record, day: Date) -> State {
    let expired = record.valid_until.tomorrow().ok();
    let over = [
        (record.ended_from, Event::Ended),
        (record.superseded_from, Event::Superseded),
        (expired, Event::Expired),
    ]
    .into_iter()
    .filter_map(|(from, event)| from.filter(|from| *from <= day).map(|from| (from, event)))
    .min();
    let agreed = record.agreed();
    let began = day >= record.valid_from && over.is_none_or(|(from, _)| from > record.valid_from);
    let all = |held: &Suspension| held.what == What::All && held.from <= day;
    let suspended = record.suspensions.iter().any(all);
    let life = [
        (record.yes != Yes::Nobody).then_some(Event::Proposed),
        agreed.then_some(Event::Accepted),
        (agreed && began).then_some(Event::Began),
        (agreed && began && suspended).then_some(Event::Suspended),
        over.map(|(_, event)| event),
    ];
    // A draft is never over: what does not fit a state leaves it as it is.
    life.into_iter()
        .flatten()
        .fold(State::Draft, |state, event| {
            state.step(event).unwrap_or(state)
        })
}

/// The records of all versions of one agreement, in their order. Without a standing all of them
/// were signed by both when they paired.
pub(in crate::agreement) fn records<'a>(
    versions: impl Iterator<Item = &'a Agreement>,
    standing: Option<&Standing>,
) -> Vec<Record> {
    let mut held: Vec<(u32, Record)> = versions
        .map(|agreement| {
            let record = standing.map_or_else(
                || Record::signed(agreement),
                |standing| Record::of(agreement, standing),
            );
            (agreement.version.version, record)
        })
        .collect();
    let takes_over: Vec<(u32, Date)> = held
        .iter()
        .filter_map(|(version, record)| Some((*version, record.takes_over()?)))
        .collect();
    for (version, record) in &mut held {
        let newer = takes_over.iter().filter(|(other, _)| other > version);
        record.superseded_from = newer.map(|(_, day)| *day).min();
    }
    held.into_iter().map(|(_, record)| record).collect()
}

/// How many days before the end people are warned.
const WARNINGS: [u16; 3] = [7, 30, 60];
