//! Cases out of what two areas have told each other about one woman.

use std::{collections::HashMap, iter};

use super::{
    fact::{Due, Fact, Move, Role, Says},
    order::in_order,
    owed::{Answer, Owed, Standing},
    state::{Event, State},
};
use crate::domain::{
    area::County,
    notice::{NoticeId, Outcome},
};

/// A case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The id of its first notice; of two that crossed, the smaller one.
    pub id: NoticeId,
    /// The county where she is registered; none for a case of questions alone.
    pub origin: Option<County>,
    /// Where it stands.
    pub state: State,
    /// Everything that was told in it, in order, each with the state after it.
    pub history: Vec<Change>,
    /// What is and was owed in it, in the order in which it was asked.
    pub owed: Vec<Owed>,
    /// Whether an answer is urgent, as the last word on her says.
    pub urgent: bool,
    /// Whether she asked for what was told to be forgotten.
    pub erased: bool,
    /// Corrections, withdrawals and erasures, in the order in which they were told.
    pub mended: Vec<Mended>,
    told: Vec<Told>,
}

/// A correction, withdrawal or erasure of something that was told in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mended {
    /// The notice.
    pub notice: NoticeId,
    /// The side that is told so.
    pub told_to: County,
    /// When a desk of that side took it up, by the notice that says so.
    pub taken_up_at_ms: Option<i64>,
}

/// A notice in a case, and the state after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The notice.
    pub notice: NoticeId,
    /// When it was published: milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// Where the case stands since.
    pub state: State,
}

/// A departure or an arrival of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    fact: Fact,
    role: Role,
    /// Its corrections, in order.
    corrections: Vec<Fact>,
    stands: bool,
}

impl Told {
    /// It and its corrections.
    fn ids(&self) -> impl Iterator<Item = NoticeId> {
        let corrections = self.corrections.iter().map(|fact| fact.id);
        iter::once(self.fact.id).chain(corrections)
    }

    /// What it says since its last correction.
    fn said(&self) -> Option<&Move> {
        match &self.corrections.last().unwrap_or(&self.fact).says {
            Says::Movement(said) | Says::Correction(said) => Some(said),
            _ => None,
        }
    }
}

impl Case {
    /// The departure or arrival that stands for that role: the last that was not taken back.
    pub fn standing(&self, role: Role) -> Option<NoticeId> {
        let mut told = self.told.iter().rev();
        let last = told.find(|told| told.stands && told.role == role);
        last.map(|told| told.fact.id)
    }

    /// What that side says of her since its last correction; none if it tells of no move.
    pub fn said_by(&self, role: Role) -> Option<&Move> {
        let mut told = self.told.iter().rev();
        told.find(|told| told.stands && told.role == role)?.said()
    }

    /// Whether only one side knows her: it alone told of the move, and the other has not confirmed
    /// it.
    pub fn is_one_sided(&self) -> bool {
        let roles = [Role::Departure, Role::Arrival].map(|role| self.standing(role).is_some());
        let known_by_answer = matches!(
            self.state,
            State::Active | State::ReconfirmationRequired | State::Closed(_) | State::MovedOn(_)
        );
        roles[0] != roles[1] && !known_by_answer
    }

    fn open(fact: &Fact, origin: Option<County>) -> Self {
        Self {
            id: fact.id,
            origin,
            state: State::Opened,
            history: Vec::new(),
            owed: Vec::new(),
            urgent: false,
            erased: false,
            mended: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Notes where the case stands after a notice.
    fn turn(&mut self, fact: &Fact, event: Option<Event>) {
        if let Some(event) = event {
            self.state = self.state.step(event);
        }
        if self.state.is_ended() {
            for owed in self.owed.iter_mut().filter(|owed| owed.is_open()) {
                owed.standing = Standing::Lapsed {
                    at_ms: fact.published_at_ms,
                };
            }
        }
        self.history.push(Change {
            notice: fact.id,
            at_ms: fact.published_at_ms,
            state: self.state,
        });
    }

    fn owe(&mut self, fact: &Fact, due: Due) {
        if self.state.is_ended() {
            return;
        }
        self.owed.push(Owed {
            notice: fact.id,
            by: fact.channel.to,
            since_ms: fact.published_at_ms,
            due,
            taken_up_at_ms: None,
            standing: Standing::Open,
        });
    }

    fn moved(&mut self, fact: &Fact, said: &Move) {
        let other_side = |told: &&Told| told.stands && told.fact.channel.from != fact.channel.from;
        let met = self.told.iter().find(other_side).map(|t| t.fact.clone());
        let again = self.told.iter().any(|told| told.stands);
        self.urgent = said.urgent;
        self.owe(fact, said.due);
        let event = match &met {
            Some(other) => {
                if !fact.saw(other) && self.id == other.id {
                    self.id = self.id.min(fact.id);
                }
                // Each says what the other asks: neither side has to say it once more.
                let answer = |notice: NoticeId| Answer {
                    notice,
                    at_ms: fact.published_at_ms.max(other.published_at_ms),
                    outcome: Some(Outcome::Confirmed),
                };
                self.settle(&[fact.id], answer(other.id));
                let others = self.of_side(other.channel.from);
                self.settle(&others, answer(fact.id));
                Some(Event::Met)
            }
            None => again.then_some(Event::ToldAgain),
        };
        self.told.push(Told {
            fact: fact.clone(),
            role: said.role,
            corrections: Vec::new(),
            stands: true,
        });
        self.turn(fact, event);
    }

    /// The departures or arrivals of a side that stand, with their corrections.
    fn of_side(&self, side: County) -> Vec<NoticeId> {
        let told = self.told.iter();
        let of_side = told.filter(|told| told.stands && told.fact.channel.from == side);
        of_side.flat_map(Told::ids).collect()
    }

    fn settle(&mut self, notices: &[NoticeId], answer: Answer) {
        for owed in &mut self.owed {
            if owed.is_open() && notices.contains(&owed.notice) {
                owed.standing = Standing::Answered(answer);
            }
        }
    }

    /// An answer to that notice of the case.
    fn found(&mut self, fact: &Fact, about: NoticeId, outcome: Outcome) {
        let answer = Answer {
            notice: fact.id,
            at_ms: fact.published_at_ms,
            outcome: Some(outcome),
        };
        let named = |told: &&Told| told.ids().any(|id| id == about);
        let Some(told) = self.told.iter().find(named).cloned() else {
            // To a question: it says nothing of where she is, unless nothing else is asked here.
            self.settle(&[about], answer);
            let alone = self.told.is_empty().then_some(Event::Found(outcome));
            self.turn(fact, alone);
            return;
        };
        // Whoever answered before a correction came has answered what was told before it.
        let (seen, later): (Vec<_>, Vec<_>) =
            (told.corrections.iter()).partition(|correction| fact.saw(correction));
        let settled: Vec<_> = iter::once(told.fact.id)
            .chain(seen.iter().map(|correction| correction.id))
            .collect();
        self.settle(&settled, answer);
        // Whoever answers what was mended has taken the mending up.
        for mended in &mut self.mended {
            if seen.iter().any(|correction| correction.id == mended.notice) {
                mended.taken_up_at_ms.get_or_insert(fact.published_at_ms);
            }
        }
        let of_another = match outcome {
            // It says of this notice that another stands for it: that one's answers count.
            Outcome::DuplicateOf(other) => {
                other != told.fact.id && self.told.iter().any(|told| told.fact.id == other)
            }
            _ => false,
        };
        if !told.stands || of_another {
            return self.turn(fact, None);
        }
        if let Some(later) = later.last()
            && let Says::Correction(said) = &later.says
        {
            let after = self
                .state
                .step(Event::Found(outcome))
                .step(Event::Corrected);
            if !self.owed.iter().any(|owed| owed.notice == later.id) && !after.is_ended() {
                self.owe(later, said.due);
            }
            self.state = after;
            return self.turn(fact, None);
        }
        self.turn(fact, Some(Event::Found(outcome)));
    }

    fn corrected(&mut self, fact: &Fact, of: NoticeId, said: &Move) {
        let told = self.told.iter_mut();
        let Some(told) = told.rev().find(|told| told.stands && told.fact.id == of) else {
            return self.turn(fact, None);
        };
        told.corrections.push(fact.clone());
        self.urgent = said.urgent;
        self.mend(fact);
        let before = self.state;
        self.turn(fact, Some(Event::Corrected));
        // Where nobody has answered, the answer that is owed already is one to this as well.
        if before != State::Opened && !self.state.is_ended() {
            self.owe(fact, said.due);
        }
    }

    fn taken_up(&mut self, fact: &Fact, of: NoticeId) {
        for owed in self.owed.iter_mut().filter(|owed| owed.notice == of) {
            owed.taken_up_at_ms.get_or_insert(fact.published_at_ms);
        }
        for mended in self.mended.iter_mut().filter(|mended| mended.notice == of) {
            mended.taken_up_at_ms.get_or_insert(fact.published_at_ms);
        }
    }

    fn mend(&mut self, fact: &Fact) {
        self.mended.push(Mended {
            notice: fact.id,
            told_to: fact.channel.to,
            taken_up_at_ms: None,
        });
    }

    fn taken_back(&mut self, fact: &Fact, of: NoticeId, erased: bool) {
        let told = self.told.iter_mut();
        let Some(told) = told.rev().find(|told| told.stands && told.fact.id == of) else {
            return self.turn(fact, None);
        };
        told.stands = false;
        let gone: Vec<_> = told.ids().collect();
        self.erased |= erased;
        self.mend(fact);
        let mut parted = false;
        for owed in &mut self.owed {
            if gone.contains(&owed.notice) && owed.is_open() {
                owed.standing = Standing::Lapsed {
                    at_ms: fact.published_at_ms,
                };
            }
            // What was answered by meeting it is open again.
            if let Standing::Answered(answer) = owed.standing
                && gone.contains(&answer.notice)
            {
                owed.standing = Standing::Open;
                parted = true;
            }
        }
        let event = if !self.told.iter().any(|told| told.stands) {
            Some(Event::TakenBack)
        } else {
            parted.then_some(Event::Parted)
        };
        self.turn(fact, event);
    }
}

/// The cases that follow from everything that two areas have told each other about one woman, in
/// the order in which they were opened. The order of `facts` does not matter; one that speaks of a
/// notice that is not among them, or that its sender may not say of it, changes nothing.
///
/// A departure and an arrival of hers join the case that is open for the same area of origin,
/// whichever came first; once a case has ended, what is told anew opens another.
pub fn fold(facts: Vec<Fact>) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut places: HashMap<NoticeId, (usize, Fact)> = HashMap::new();
    for fact in in_order(facts) {
        let Some(place) = place(&fact, &mut cases, &places) else {
            continue;
        };
        if let Some(case) = cases.get_mut(place) {
            take(case, &fact);
        }
        places.insert(fact.id, (place, fact));
    }
    cases
}

/// The case that a fact belongs to, which it may open.
fn place(
    fact: &Fact,
    cases: &mut Vec<Case>,
    places: &HashMap<NoticeId, (usize, Fact)>,
) -> Option<usize> {
    let open = |origin: Option<County>, cases: &[Case]| {
        cases.iter().rposition(|case| {
            let same = origin.is_none() || case.origin.is_none() || case.origin == origin;
            same && !case.state.is_ended()
        })
    };
    let of_named = || {
        let (place, named) = places.get(&fact.speaks_of?)?;
        may_say(&fact.says, fact, named).then_some(*place)
    };
    let origin = match &fact.says {
        Says::Movement(said) => Some(said.origin_area.county()),
        Says::Verification { .. } => match fact.speaks_of {
            Some(_) => return of_named(),
            None => None,
        },
        _ => return of_named(),
    };
    if let Some(place) = open(origin, cases) {
        if let Some(case) = cases.get_mut(place) {
            case.origin = case.origin.or(origin);
        }
        return Some(place);
    }
    cases.push(Case::open(fact, origin));
    cases.len().checked_sub(1)
}

/// Whether the sender of a fact may say that of the notice which it names: only who sent one
/// corrects it or takes it back, only who received it takes it up or answers it.
fn may_say(says: &Says, fact: &Fact, named: &Fact) -> bool {
    let own = named.channel == fact.channel;
    match says {
        Says::Correction(_) | Says::Withdrawal | Says::Erasure => {
            own && matches!(named.says, Says::Movement(_))
        }
        Says::TakenUp => !own,
        Says::Feedback(_) => {
            !own && matches!(
                named.says,
                Says::Movement(_) | Says::Verification { .. } | Says::Correction(_)
            )
        }
        // What an erased feedback said is not known any more, only that it answered.
        Says::Reply => {
            !own && matches!(
                named.says,
                Says::Question(_)
                    | Says::Movement(_)
                    | Says::Verification { .. }
                    | Says::Correction(_)
            )
        }
        Says::Movement(_)
        | Says::Verification { .. }
        | Says::Question(_)
        | Says::Ending(_)
        | Says::Note => true,
    }
}

fn take(case: &mut Case, fact: &Fact) {
    let about = fact.speaks_of;
    match (&fact.says, about) {
        (Says::Movement(said), _) => case.moved(fact, said),
        (Says::Verification { due, .. } | Says::Question(due), _) => {
            case.owe(fact, *due);
            case.turn(fact, None);
        }
        (Says::Feedback(outcome), Some(about)) => case.found(fact, about, *outcome),
        (Says::Correction(said), Some(of)) => case.corrected(fact, of, said),
        (Says::Withdrawal, Some(of)) => case.taken_back(fact, of, false),
        (Says::Erasure, Some(of)) => case.taken_back(fact, of, true),
        (Says::Ending(reason), _) => case.turn(fact, Some(Event::Ended(*reason))),
        (Says::Reply, Some(about)) => {
            let answer = Answer {
                notice: fact.id,
                at_ms: fact.published_at_ms,
                outcome: None,
            };
            case.settle(&[about], answer);
            case.turn(fact, None);
        }
        (Says::TakenUp, Some(of)) => {
            case.taken_up(fact, of);
            case.turn(fact, None);
        }
        (Says::Note, _) => case.turn(fact, None),
        // These speak of a notice, or they had found no case.
        (
            Says::Feedback(_)
            | Says::Correction(_)
            | Says::Withdrawal
            | Says::Erasure
            | Says::Reply
            | Says::TakenUp,
            None,
        ) => {}
    }
}
