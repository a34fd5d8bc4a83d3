//! Everything that two areas told each other about one woman, as the tree keeps it.

use std::collections::BTreeSet;

use prost::Message as _;

use super::tags::Tag;
use crate::{
    domain::{
        area::{AreaCode, County},
        case::{CloseReason, Due, Fact, Move, PersonKey, Role, Says},
        channel::{Channel, Sequence},
        notice::{Kind, NoticeId, Outcome},
        work::ActKind,
    },
    store::Position,
};

/// Whose thread it is: a home area's with another area about one woman.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ThreadId {
    pub(super) home: County,
    pub(super) other: County,
    pub(super) person: PersonKey,
}

/// A thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Thread {
    /// Its notices.
    pub(super) told: Vec<Told>,
    /// What desks of the home area did about them, in the order in which they did it.
    pub(super) done: Vec<Done>,
    /// Who may be the same woman under another number.
    pub(super) alike: BTreeSet<Alike>,
    /// It is of an erased case, and stands under the id of that instead of a digest of her number.
    pub(super) erased: bool,
}

/// A notice, as far as lists and figures need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) kind: Kind,
    pub(super) fact: Fact,
    pub(super) reached: Reached,
    /// The woman whom it names by number.
    pub(super) person: Option<PersonKey>,
    /// The tags of its address in the home area; none where it has no address.
    pub(super) desk: Vec<Tag>,
    /// What she may be recognised by.
    pub(super) likenesses: Vec<Tag>,
    /// Of the fields that its agreement lists: how many are filled.
    pub(super) filled: u32,
    /// And how many there are.
    pub(super) asked: u32,
}

/// Whether a notice has come to the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// Not known yet.
    Waiting,
    /// Both sides have it.
    Stored,
    /// It never will: refused, expired or withdrawn before.
    Ended,
}

/// Something that a desk did. What it wrote, and where it forwarded to, stays with its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Done {
    /// Where its record stands.
    pub(super) position: Position,
    pub(super) about: NoticeId,
    pub(super) office: String,
    pub(super) at_ms: i64,
    pub(super) kind: ActKind,
    /// The tags of the area that it was forwarded to.
    pub(super) desk: Vec<Tag>,
    /// The notice about another woman, of a near match that is none.
    pub(super) other: Option<NoticeId>,
}

/// Another woman of the same pair of areas who may be the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Alike {
    pub(super) person: PersonKey,
    /// The departure or arrival that is about her.
    pub(super) notice: NoticeId,
}

impl Told {
    /// The same without what she may be recognised by: she is known by that instead of a digest of
    /// her number.
    pub(super) fn without_her(mut self, instead: PersonKey) -> Self {
        self.likenesses.clear();
        self.person = self.person.map(|_| instead);
        match &mut self.fact.says {
            Says::Movement(said) | Says::Correction(said) => said.person = instead,
            Says::Verification { person, .. } => *person = instead,
            _ => {}
        }
        self
    }
}

impl Thread {
    /// What both sides know, or will.
    pub(super) fn facts(&self) -> Vec<Fact> {
        let told = self.told.iter();
        let stands = told.filter(|told| told.reached != Reached::Ended);
        stands.map(|told| told.fact.clone()).collect()
    }

    pub(super) fn told(&self, id: NoticeId) -> Option<&Told> {
        self.told.iter().find(|told| told.fact.id == id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.told.is_empty() && self.alike.is_empty()
    }

    /// Puts a notice in, in the place of what was there under its id.
    pub(super) fn put(&mut self, told: Told) {
        self.remove(told.fact.id);
        self.told.push(told);
    }

    pub(super) fn remove(&mut self, id: NoticeId) {
        self.told.retain(|told| told.fact.id != id);
    }

    /// Takes a departure or an arrival out, with everything that speaks of it, however many steps
    /// away.
    pub(super) fn take_chain(&mut self, root: NoticeId) -> Self {
        let mut ids = vec![root];
        loop {
            let known = ids.len();
            for told in &self.told {
                let id = told.fact.id;
                if told.fact.speaks_of.is_some_and(|of| ids.contains(&of)) && !ids.contains(&id) {
                    ids.push(id);
                }
            }
            if ids.len() == known {
                break;
            }
        }
        let (taken, told) = self
            .told
            .drain(..)
            .partition(|told: &Told| ids.contains(&told.fact.id));
        let (acts, done) = self
            .done
            .drain(..)
            .partition(|done: &Done| ids.contains(&done.about));
        (self.told, self.done) = (told, done);
        Self {
            told: taken,
            done: acts,
            alike: BTreeSet::new(),
            erased: false,
        }
    }

    /// Whom a departure or an arrival is about, by the last correction of its own side; none for
    /// what is neither.
    pub(super) fn person_of(&self, root: NoticeId) -> Option<PersonKey> {
        let root = self.told(root)?;
        if !matches!(root.fact.says, Says::Movement(_)) {
            return None;
        }
        let corrections = self.told.iter().filter(|told| {
            matches!(told.fact.says, Says::Correction(_))
                && told.fact.speaks_of == Some(root.fact.id)
                && told.fact.channel == root.fact.channel
                && told.reached != Reached::Ended
        });
        let last = corrections.max_by_key(|told| told.fact.sequence);
        last.unwrap_or(root).person
    }

    /// The departure or arrival that a notice of the thread corrects; itself if it is one.
    pub(super) fn root_of(&self, told: &Told) -> NoticeId {
        match told.fact.says {
            Says::Correction(_) => told.fact.speaks_of.unwrap_or(told.fact.id),
            _ => told.fact.id,
        }
    }

    pub(super) fn encode(&self, id: ThreadId) -> Vec<u8> {
        let stored = StoredThread {
            told: (self.told.iter())
                .map(|told| StoredTold::of(told, id))
                .collect(),
            done: self.done.iter().map(StoredDone::of).collect(),
            alike: self.alike.iter().map(StoredAlike::of).collect(),
            erased: self.erased,
        };
        stored.encode_to_vec()
    }

    /// None for bytes that are no thread of this version.
    pub(super) fn decode(id: ThreadId, bytes: &[u8]) -> Option<Self> {
        let stored = StoredThread::decode(bytes).ok()?;
        Some(Self {
            told: (stored.told.into_iter())
                .map(|told| told.read(id))
                .collect::<Option<_>>()?,
            done: (stored.done.into_iter())
                .map(StoredDone::read)
                .collect::<Option<_>>()?,
            alike: (stored.alike.into_iter())
                .map(|alike| alike.read())
                .collect::<Option<_>>()?,
            erased: stored.erased,
        })
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct StoredThread {
    #[prost(message, repeated, tag = "1")]
    told: Vec<StoredTold>,
    #[prost(message, repeated, tag = "2")]
    done: Vec<StoredDone>,
    #[prost(message, repeated, tag = "3")]
    alike: Vec<StoredAlike>,
    #[prost(bool, tag = "4")]
    erased: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
struct StoredTold {
    #[prost(bytes = "vec", tag = "1")]
    id: Vec<u8>,
    #[prost(uint32, tag = "2")]
    kind: u32,
    /// It came in.
    #[prost(bool, tag = "3")]
    came: bool,
    #[prost(uint64, tag = "4")]
    sequence: u64,
    #[prost(uint64, tag = "5")]
    opposite: u64,
    #[prost(int64, tag = "6")]
    at_ms: i64,
    #[prost(bytes = "vec", optional, tag = "7")]
    speaks_of: Option<Vec<u8>>,
    /// Empty for her whose thread it is.
    #[prost(bytes = "vec", optional, tag = "8")]
    person: Option<Vec<u8>>,
    #[prost(fixed64, repeated, tag = "9")]
    desk: Vec<u64>,
    #[prost(fixed64, repeated, tag = "10")]
    likenesses: Vec<u64>,
    #[prost(uint32, tag = "11")]
    filled: u32,
    #[prost(uint32, tag = "12")]
    asked: u32,
    /// Days since 1970-01-01.
    #[prost(sint32, optional, tag = "13")]
    take_up_due: Option<i32>,
    #[prost(sint32, optional, tag = "14")]
    answer_due: Option<i32>,
    #[prost(enumeration = "StoredSays", tag = "15")]
    says: i32,
    #[prost(string, tag = "16")]
    origin: String,
    #[prost(string, tag = "17")]
    destination: String,
    #[prost(bool, tag = "18")]
    urgent: bool,
    /// The area that she moved on to.
    #[prost(string, tag = "19")]
    area: String,
    /// The notice that it is a duplicate of.
    #[prost(bytes = "vec", optional, tag = "20")]
    duplicate_of: Option<Vec<u8>>,
    #[prost(enumeration = "StoredReached", tag = "21")]
    reached: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
enum StoredReached {
    Waiting = 0,
    Stored = 1,
    Ended = 2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
enum StoredSays {
    Note = 0,
    Departure = 1,
    Arrival = 2,
    Verification = 3,
    Question = 4,
    Reply = 5,
    DepartureCorrected = 6,
    ArrivalCorrected = 7,
    Withdrawal = 8,
    Erasure = 9,
    TakenUp = 10,
    Confirmed = 20,
    Corrected = 21,
    NotFound = 22,
    NotOurs = 23,
    MovedOn = 24,
    DuplicateOf = 25,
    NeedsInformation = 26,
    ConsentWithdrawn = 27,
    EndedReturned = 40,
    EndedMovedOn = 41,
    EndedRegisteredHere = 42,
    EndedDeceased = 43,
    EndedLeftScope = 44,
    EndedError = 45,
}

#[derive(Clone, PartialEq, prost::Message)]
struct StoredDone {
    #[prost(uint64, tag = "1")]
    position: u64,
    #[prost(bytes = "vec", tag = "2")]
    about: Vec<u8>,
    #[prost(string, tag = "3")]
    office: String,
    #[prost(int64, tag = "4")]
    at_ms: i64,
    #[prost(uint32, tag = "5")]
    kind: u32,
    #[prost(fixed64, repeated, tag = "6")]
    desk: Vec<u64>,
    #[prost(bytes = "vec", optional, tag = "7")]
    other: Option<Vec<u8>>,
}

impl StoredDone {
    fn of(done: &Done) -> Self {
        Self {
            position: done.position.get(),
            about: done.about.as_bytes().to_vec(),
            office: done.office.clone(),
            at_ms: done.at_ms,
            kind: done.kind.number().into(),
            desk: done.desk.iter().copied().map(u64::from_be_bytes).collect(),
            other: done.other.map(|id| id.as_bytes().to_vec()),
        }
    }

    fn read(self) -> Option<Done> {
        Some(Done {
            position: Position::new(self.position),
            about: id_of(&self.about)?,
            office: self.office,
            at_ms: self.at_ms,
            kind: ActKind::from_number(u8::try_from(self.kind).ok()?)?,
            desk: self.desk.into_iter().map(u64::to_be_bytes).collect(),
            other: match &self.other {
                Some(bytes) => Some(id_of(bytes)?),
                None => None,
            },
        })
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct StoredAlike {
    #[prost(bytes = "vec", tag = "1")]
    person: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    notice: Vec<u8>,
}

impl StoredAlike {
    fn of(alike: &Alike) -> Self {
        Self {
            person: alike.person.as_bytes().to_vec(),
            notice: alike.notice.as_bytes().to_vec(),
        }
    }

    fn read(&self) -> Option<Alike> {
        Some(Alike {
            person: person_of(&self.person)?,
            notice: id_of(&self.notice)?,
        })
    }
}

impl StoredTold {
    fn of(told: &Told, thread: ThreadId) -> Self {
        let fact = &told.fact;
        let mut stored = Self {
            id: fact.id.as_bytes().to_vec(),
            kind: told.kind.number().into(),
            came: fact.channel.to == thread.home,
            sequence: fact.sequence.get(),
            opposite: fact.opposite.get(),
            at_ms: fact.published_at_ms,
            speaks_of: fact.speaks_of.map(|id| id.as_bytes().to_vec()),
            person: told.person.map(|person| {
                if person == thread.person {
                    Vec::new()
                } else {
                    person.as_bytes().to_vec()
                }
            }),
            desk: told.desk.iter().copied().map(u64::from_be_bytes).collect(),
            likenesses: (told.likenesses.iter().copied())
                .map(u64::from_be_bytes)
                .collect(),
            filled: told.filled,
            asked: told.asked,
            reached: match told.reached {
                Reached::Waiting => StoredReached::Waiting,
                Reached::Stored => StoredReached::Stored,
                Reached::Ended => StoredReached::Ended,
            }
            .into(),
            ..Self::default()
        };
        stored.say(&fact.says);
        stored
    }

    fn say(&mut self, says: &Says) {
        let says = match says {
            Says::Movement(said) => {
                self.moves(said);
                match said.role {
                    Role::Departure => StoredSays::Departure,
                    Role::Arrival => StoredSays::Arrival,
                }
            }
            Says::Correction(said) => {
                self.moves(said);
                match said.role {
                    Role::Departure => StoredSays::DepartureCorrected,
                    Role::Arrival => StoredSays::ArrivalCorrected,
                }
            }
            Says::Verification { person: _, due } => {
                self.due(*due);
                StoredSays::Verification
            }
            Says::Question(due) => {
                self.due(*due);
                StoredSays::Question
            }
            Says::Reply => StoredSays::Reply,
            Says::Feedback(outcome) => match outcome {
                Outcome::Confirmed => StoredSays::Confirmed,
                Outcome::Corrected => StoredSays::Corrected,
                Outcome::NotFound => StoredSays::NotFound,
                Outcome::NotOurs => StoredSays::NotOurs,
                Outcome::MovedOn(area) => {
                    self.area = area.to_string();
                    StoredSays::MovedOn
                }
                Outcome::DuplicateOf(id) => {
                    self.duplicate_of = Some(id.as_bytes().to_vec());
                    StoredSays::DuplicateOf
                }
                Outcome::NeedsInformation => StoredSays::NeedsInformation,
                Outcome::ConsentWithdrawn => StoredSays::ConsentWithdrawn,
            },
            Says::Withdrawal => StoredSays::Withdrawal,
            Says::Erasure => StoredSays::Erasure,
            Says::Ending(reason) => match reason {
                CloseReason::Returned => StoredSays::EndedReturned,
                CloseReason::MovedOn(area) => {
                    self.area = area.to_string();
                    StoredSays::EndedMovedOn
                }
                CloseReason::RegisteredHere => StoredSays::EndedRegisteredHere,
                CloseReason::Deceased => StoredSays::EndedDeceased,
                CloseReason::LeftScope => StoredSays::EndedLeftScope,
                CloseReason::Error => StoredSays::EndedError,
            },
            Says::TakenUp => StoredSays::TakenUp,
            Says::Note => StoredSays::Note,
        };
        self.says = says.into();
    }

    fn moves(&mut self, said: &Move) {
        self.origin = said.origin_area.to_string();
        self.destination = said.destination_area.to_string();
        self.urgent = said.urgent;
        self.due(said.due);
    }

    fn due(&mut self, due: Due) {
        self.take_up_due = due.take_up.map(super::day::days);
        self.answer_due = due.answer.map(super::day::days);
    }

    fn read(self, thread: ThreadId) -> Option<Told> {
        let says = self.said(thread)?;
        let out = Channel {
            from: thread.home,
            to: thread.other,
        };
        Some(Told {
            kind: Kind::from_number(u8::try_from(self.kind).ok()?)?,
            person: match &self.person {
                Some(_) => Some(self.person_in(thread)?),
                None => None,
            },
            desk: self.desk.into_iter().map(u64::to_be_bytes).collect(),
            likenesses: (self.likenesses.into_iter())
                .map(u64::to_be_bytes)
                .collect(),
            filled: self.filled,
            asked: self.asked,
            reached: match StoredReached::try_from(self.reached).ok()? {
                StoredReached::Waiting => Reached::Waiting,
                StoredReached::Stored => Reached::Stored,
                StoredReached::Ended => Reached::Ended,
            },
            fact: Fact {
                id: id_of(&self.id)?,
                channel: if self.came { out.opposite() } else { out },
                sequence: Sequence::new(self.sequence),
                opposite: Sequence::new(self.opposite),
                published_at_ms: self.at_ms,
                speaks_of: match &self.speaks_of {
                    Some(bytes) => Some(id_of(bytes)?),
                    None => None,
                },
                says,
            },
        })
    }

    /// Whom it names; none if it names nobody.
    fn person_in(&self, thread: ThreadId) -> Option<PersonKey> {
        match self.person.as_deref()? {
            [] => Some(thread.person),
            other => person_of(other),
        }
    }

    fn said(&self, thread: ThreadId) -> Option<Says> {
        let due = Due {
            take_up: self.take_up_due.and_then(super::day::date_of),
            answer: self.answer_due.and_then(super::day::date_of),
        };
        let person = || self.person_in(thread);
        let area = || self.area.parse::<AreaCode>().ok();
        let moves = |role| {
            Some(Move {
                role,
                person: person()?,
                origin_area: self.origin.parse().ok()?,
                destination_area: self.destination.parse().ok()?,
                urgent: self.urgent,
                due,
            })
        };
        let found = |outcome| Some(Says::Feedback(outcome));
        let ended = |reason| Some(Says::Ending(reason));
        match StoredSays::try_from(self.says).ok()? {
            StoredSays::Note => Some(Says::Note),
            StoredSays::Departure => moves(Role::Departure).map(Says::Movement),
            StoredSays::Arrival => moves(Role::Arrival).map(Says::Movement),
            StoredSays::DepartureCorrected => moves(Role::Departure).map(Says::Correction),
            StoredSays::ArrivalCorrected => moves(Role::Arrival).map(Says::Correction),
            StoredSays::Verification => Some(Says::Verification {
                person: person()?,
                due,
            }),
            StoredSays::Question => Some(Says::Question(due)),
            StoredSays::Reply => Some(Says::Reply),
            StoredSays::Withdrawal => Some(Says::Withdrawal),
            StoredSays::Erasure => Some(Says::Erasure),
            StoredSays::TakenUp => Some(Says::TakenUp),
            StoredSays::Confirmed => found(Outcome::Confirmed),
            StoredSays::Corrected => found(Outcome::Corrected),
            StoredSays::NotFound => found(Outcome::NotFound),
            StoredSays::NotOurs => found(Outcome::NotOurs),
            StoredSays::MovedOn => found(Outcome::MovedOn(area()?)),
            StoredSays::DuplicateOf => {
                let of = self.duplicate_of.as_deref()?;
                found(Outcome::DuplicateOf(id_of(of)?))
            }
            StoredSays::NeedsInformation => found(Outcome::NeedsInformation),
            StoredSays::ConsentWithdrawn => found(Outcome::ConsentWithdrawn),
            StoredSays::EndedReturned => ended(CloseReason::Returned),
            StoredSays::EndedMovedOn => ended(CloseReason::MovedOn(area()?)),
            StoredSays::EndedRegisteredHere => ended(CloseReason::RegisteredHere),
            StoredSays::EndedDeceased => ended(CloseReason::Deceased),
            StoredSays::EndedLeftScope => ended(CloseReason::LeftScope),
            StoredSays::EndedError => ended(CloseReason::Error),
        }
    }
}

fn person_of(bytes: &[u8]) -> Option<PersonKey> {
    Some(PersonKey::new(bytes.try_into().ok()?))
}

fn id_of(bytes: &[u8]) -> Option<NoticeId> {
    NoticeId::try_from(bytes).ok()
}
