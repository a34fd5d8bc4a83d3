//! What the node says about cases.

use jiff::civil::Date;

use super::{
    error::ClientError,
    states::{Says, county, filled, id},
};
use crate::{
    domain::{
        area::{AreaCode, County},
        calendar,
        case::WorkList,
        notice::{Kind, NoticeId},
        outcome::OUTCOMES,
        work::ActKind,
    },
    envelope::{self, Incoming},
    proto::office::v1 as wire,
    trust::identity::SpiffeId,
};

/// A list of cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseList {
    /// A list of work.
    Work(WorkList),
    /// What the other side owes.
    Awaited,
    /// Who may be known under two numbers.
    NearMatches,
    /// Every case.
    All,
}

impl CaseList {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Work(list) => list.name(),
            Self::Awaited => "awaited",
            Self::NearMatches => "near_matches",
            Self::All => "all",
        }
    }

    pub(super) const fn to_wire(self) -> wire::CaseList {
        match self {
            Self::Work(WorkList::ToTakeUp) => wire::CaseList::ToTakeUp,
            Self::Work(WorkList::ToVerify) => wire::CaseList::ToVerify,
            Self::Work(WorkList::ToAnswer) => wire::CaseList::ToAnswer,
            Self::Work(WorkList::Overdue) => wire::CaseList::Overdue,
            Self::Work(WorkList::OneSided) => wire::CaseList::OneSided,
            Self::Work(WorkList::CorrectionsWaiting) => wire::CaseList::CorrectionsWaiting,
            Self::Work(WorkList::ToPassOn) => wire::CaseList::ToPassOn,
            Self::Awaited => wire::CaseList::Awaited,
            Self::NearMatches => wire::CaseList::NearMatches,
            Self::All => wire::CaseList::Unspecified,
        }
    }

    pub(super) fn from_wire(number: i32) -> Result<Self, ClientError> {
        let known = WorkList::ALL.into_iter().map(Self::Work);
        let mut known = known.chain([Self::Awaited, Self::NearMatches, Self::All]);
        known
            .find(|list| i32::from(list.to_wire()) == number)
            .ok_or(ClientError::Unreadable)
    }
}

/// Which cases are wanted.
#[derive(Clone, Copy, Debug)]
pub struct CaseListing {
    /// Home area; `None` for the office's own.
    pub home: Option<County>,
    /// Which list.
    pub list: CaseList,
    /// Only those of that township or village of the home area; `None` for all.
    pub area: Option<AreaCode>,
    /// Only those with that other area; `None` for all.
    pub peer: Option<County>,
}

/// A case on a list.
#[derive(Clone, Debug)]
pub struct CaseOnList {
    /// The day under which it stands there: by which it is due, or on which it was opened. `None`
    /// where that cannot be told, since the table of holidays lacks the year.
    pub day: Option<Date>,
    /// The case.
    pub case: CaseState,
}

/// Where a case stands, without what belongs to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the state of that name")]
pub enum Phase {
    Opened,
    Answered,
    Active,
    ReconfirmationRequired,
    MovedOn,
    Withdrawn,
    Closed,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Opened,
        Self::Answered,
        Self::Active,
        Self::ReconfirmationRequired,
        Self::MovedOn,
        Self::Withdrawn,
        Self::Closed,
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Answered => "answered",
            Self::Active => "active",
            Self::ReconfirmationRequired => "reconfirmation_required",
            Self::MovedOn => "moved_on",
            Self::Withdrawn => "withdrawn",
            Self::Closed => "closed",
        }
    }

    fn from_name(name: &str) -> Result<Self, ClientError> {
        named(Self::ALL, Self::name, name)
    }
}

/// A case between a home area and another. Holds no personal value.
#[derive(Clone, Debug)]
pub struct CaseState {
    /// The home area.
    pub home: County,
    /// The other area.
    pub other: County,
    /// Its id.
    pub id: NoticeId,
    /// The county where she is registered; `None` for a case of questions alone.
    pub origin: Option<County>,
    /// Where it stands, for both sides alike.
    pub phase: Phase,
    /// With answered: the stable name of what was found; with closed: of why.
    pub reason: Option<&'static str>,
    /// Where she moved on to.
    pub moved_to: Option<AreaCode>,
    /// When its first notice was published: milliseconds since 1970-01-01T00:00:00Z.
    pub opened_ms: i64,
    /// An answer is urgent.
    pub urgent: bool,
    /// An answer that the home area owes is late.
    pub overdue: bool,
    /// Only one side knows her.
    pub one_sided: bool,
    /// She asked for it to be forgotten.
    pub erased: bool,
    /// A notice of the home area has not come to the other side yet.
    pub held: bool,
    /// The lists of work on which it stands.
    pub lists: Vec<CaseList>,
    /// The office that is responsible.
    pub responsible: Option<SpiffeId>,
    /// What either side owed or owes.
    pub owed: Vec<CaseDebt>,
    /// Its notices, in the order in which both sides read them.
    pub history: Vec<CaseEvent>,
    /// What offices of the home area did about it.
    pub work: Vec<CaseDoing>,
    /// Notices about women who may be the same one.
    pub near_matches: Vec<NoticeId>,
}

impl CaseState {
    /// What that side owes still.
    pub fn open(&self, by: County) -> impl Iterator<Item = &CaseDebt> {
        let owed = self.owed.iter();
        owed.filter(move |debt| debt.by == by && debt.standing == DebtStanding::Open)
    }

    /// A notice of it.
    pub fn event(&self, notice: NoticeId) -> Option<&CaseEvent> {
        self.history.iter().find(|event| event.notice == notice)
    }
}

/// A notice that waits, or waited, for an answer.
#[derive(Clone, Debug)]
pub struct CaseDebt {
    /// The notice.
    pub notice: NoticeId,
    /// The side that owes the answer.
    pub by: County,
    /// Last day to take it up; `None` for none.
    pub take_up_due: Option<Date>,
    /// Last day to answer it; `None` for none.
    pub answer_due: Option<Date>,
    /// When a desk took it up: milliseconds since 1970-01-01T00:00:00Z.
    pub taken_up_at_ms: Option<i64>,
    /// What became of it.
    pub standing: DebtStanding,
}

/// What became of something that is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DebtStanding {
    /// It is owed.
    Open,
    /// It was answered.
    Answered {
        /// By that notice.
        by: NoticeId,
        /// When: milliseconds since 1970-01-01T00:00:00Z.
        at_ms: i64,
    },
    /// Nobody waits for an answer any more.
    Lapsed {
        /// Since when: milliseconds since 1970-01-01T00:00:00Z.
        at_ms: i64,
    },
}

impl DebtStanding {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered { .. } => "answered",
            Self::Lapsed { .. } => "lapsed",
        }
    }
}

/// A notice of a case.
#[derive(Clone, Debug)]
pub struct CaseEvent {
    /// The notice.
    pub notice: NoticeId,
    /// Its kind.
    pub kind: Kind,
    /// The area that sent it.
    pub from: County,
    /// When it was published: milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// Where the case stands since.
    pub phase: Phase,
    /// The other side's node has it.
    pub reached: bool,
    /// With a correction, withdrawal or erasure: when a desk of the side that it told took it up, in
    /// milliseconds since 1970-01-01T00:00:00Z; `None` for not yet.
    pub taken_up_at_ms: Option<i64>,
    /// The notice that it answers or speaks of.
    pub speaks_of: Option<NoticeId>,
}

/// Something that an office of the home area did about a case.
#[derive(Clone, Debug)]
pub struct CaseDoing {
    /// The notice that it is about.
    pub notice: NoticeId,
    /// What.
    pub act: ActKind,
    /// The office.
    pub office: SpiffeId,
    /// When: milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// With forwarded: the area; with noted: what was written; with not the same: the other notice.
    /// `None` for a caller who may not see it.
    pub detail: Option<String>,
}

/// A case with what its notices say. Has no `Debug`: it holds a person.
pub struct CaseShown {
    /// The case.
    pub case: CaseState,
    /// What its notices say, place for place with the history; `None` for one that the node holds no
    /// more. Empty for a caller who may not see them.
    pub notices: Vec<Option<Incoming>>,
    /// What is left of their values, place for place, for a caller who may not see them.
    pub masked: Vec<Says>,
}

impl TryFrom<wire::CaseOnList> for CaseOnList {
    type Error = ClientError;

    fn try_from(listed: wire::CaseOnList) -> Result<Self, ClientError> {
        let wire::CaseOnList { day: on, case } = listed;
        Ok(Self {
            day: day(&on)?,
            case: case.ok_or(ClientError::Unreadable)?.try_into()?,
        })
    }
}

impl TryFrom<wire::CaseState> for CaseState {
    type Error = ClientError;

    fn try_from(state: wire::CaseState) -> Result<Self, ClientError> {
        let wire::CaseState {
            case_id,
            home_area,
            other_area,
            origin_area,
            state,
            reason,
            moved_to_area,
            opened_at_ms,
            urgent,
            overdue,
            one_sided,
            erased,
            held,
            lists,
            responsible_office,
            owed,
            history,
            work,
            near_matches,
        } = state;
        Ok(Self {
            home: county(&home_area)?,
            other: county(&other_area)?,
            id: id(&case_id)?,
            origin: filled(origin_area).map(|it| county(&it)).transpose()?,
            phase: Phase::from_name(&state)?,
            reason: filled(reason).map(|it| reason_named(&it)).transpose()?,
            moved_to: filled(moved_to_area).map(|it| read(&it)).transpose()?,
            opened_ms: opened_at_ms,
            urgent,
            overdue,
            one_sided,
            erased,
            held,
            lists: (lists.into_iter())
                .map(CaseList::from_wire)
                .collect::<Result<_, _>>()?,
            responsible: filled(responsible_office).map(|it| read(&it)).transpose()?,
            owed: all(owed)?,
            history: all(history)?,
            work: all(work)?,
            near_matches: (near_matches.iter())
                .map(|it| id(it))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<wire::CaseDebt> for CaseDebt {
    type Error = ClientError;

    fn try_from(debt: wire::CaseDebt) -> Result<Self, ClientError> {
        let wire::CaseDebt {
            notice_id,
            owed_by_area,
            take_up_due_on,
            answer_due_on,
            taken_up_at_ms,
            standing,
            answered_by_notice_id,
            ended_at_ms,
        } = debt;
        Ok(Self {
            notice: id(&notice_id)?,
            by: county(&owed_by_area)?,
            take_up_due: day(&take_up_due_on)?,
            answer_due: day(&answer_due_on)?,
            taken_up_at_ms: moment(taken_up_at_ms),
            standing: match standing.as_str() {
                "open" => DebtStanding::Open,
                "answered" => DebtStanding::Answered {
                    by: id(&answered_by_notice_id)?,
                    at_ms: ended_at_ms,
                },
                "lapsed" => DebtStanding::Lapsed { at_ms: ended_at_ms },
                _ => return Err(ClientError::Unreadable),
            },
        })
    }
}

impl TryFrom<wire::CaseEvent> for CaseEvent {
    type Error = ClientError;

    fn try_from(event: wire::CaseEvent) -> Result<Self, ClientError> {
        let wire::CaseEvent {
            notice_id,
            kind,
            from_area,
            published_at_ms,
            state,
            reached,
            taken_up_at_ms,
            speaks_of,
        } = event;
        let speaks_of = Some(speaks_of).filter(|bytes| !bytes.is_empty());
        Ok(Self {
            notice: id(&notice_id)?,
            kind: read(&kind)?,
            from: county(&from_area)?,
            at_ms: published_at_ms,
            phase: Phase::from_name(&state)?,
            reached,
            taken_up_at_ms: moment(taken_up_at_ms),
            speaks_of: speaks_of.map(|bytes| id(&bytes)).transpose()?,
        })
    }
}

impl TryFrom<wire::CaseDoing> for CaseDoing {
    type Error = ClientError;

    fn try_from(doing: wire::CaseDoing) -> Result<Self, ClientError> {
        let wire::CaseDoing {
            notice_id,
            act,
            office,
            at_ms,
            detail,
        } = doing;
        Ok(Self {
            notice: id(&notice_id)?,
            act: named(ActKind::ALL, ActKind::name, &act)?,
            office: read(&office)?,
            at_ms,
            detail: filled(detail),
        })
    }
}

impl TryFrom<wire::GetCaseResponse> for CaseShown {
    type Error = ClientError;

    fn try_from(response: wire::GetCaseResponse) -> Result<Self, ClientError> {
        let wire::GetCaseResponse {
            case,
            notices,
            masked,
        } = response;
        let case: CaseState = case.ok_or(ClientError::Unreadable)?.try_into()?;
        if !notices.is_empty() && notices.len() != case.history.len() {
            return Err(ClientError::Unreadable);
        }
        let content = |bytes: &bytes::Bytes| match bytes.as_ref() {
            [] => Ok(None),
            bytes => envelope::decode(bytes).map(Some),
        };
        let notices = notices.iter().map(content).collect::<Result<_, _>>();
        let masked = masked.into_iter().map(|notice| {
            let wire::MaskedNotice { fields } = notice;
            Says::masked(fields)
        });
        Ok(Self {
            case,
            notices: notices.map_err(|_| ClientError::Unreadable)?,
            masked: masked.collect::<Result<_, _>>()?,
        })
    }
}

/// The outcome or the reason for closing of that name.
fn reason_named(name: &str) -> Result<&'static str, ClientError> {
    let names = OUTCOMES.iter().map(|(name, _)| *name).chain(CLOSE_REASONS);
    let mut names = names.filter(|known| *known == name);
    names.next().ok_or(ClientError::Unreadable)
}

fn named<T: Copy>(
    all: impl IntoIterator<Item = T>,
    name_of: impl Fn(T) -> &'static str,
    name: &str,
) -> Result<T, ClientError> {
    let mut all = all.into_iter();
    all.find(|it| name_of(*it) == name)
        .ok_or(ClientError::Unreadable)
}

fn all<W, T: TryFrom<W, Error = ClientError>>(items: Vec<W>) -> Result<Vec<T>, ClientError> {
    items.into_iter().map(TryInto::try_into).collect()
}

pub(super) fn read<T: std::str::FromStr>(text: &str) -> Result<T, ClientError> {
    text.parse().map_err(|_| ClientError::Unreadable)
}

/// A day, or none.
fn day(text: &str) -> Result<Option<Date>, ClientError> {
    match text {
        "" => Ok(None),
        text => match calendar::parse_day(text) {
            Some(day) => Ok(Some(day)),
            None => Err(ClientError::Unreadable),
        },
    }
}

fn moment(milliseconds: i64) -> Option<i64> {
    Some(milliseconds).filter(|at| *at != 0)
}

/// The stable names of the reasons for which a case is closed.
pub const CLOSE_REASONS: [&str; 6] = [
    "returned",
    "moved_on",
    "registered_here",
    "deceased",
    "left_scope",
    "error",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        case::State,
        notice::{CloseReason, Outcome},
    };

    #[test]
    fn phases_and_reasons_are_those_of_the_domain() {
        let area = "350583".parse().unwrap();
        let states = [
            State::Opened,
            State::Answered(Outcome::NotFound),
            State::Active,
            State::ReconfirmationRequired,
            State::MovedOn(area),
            State::Withdrawn,
            State::Closed(CloseReason::Error),
        ];
        assert_eq!(states.map(State::name), Phase::ALL.map(Phase::name));
        assert_eq!(State::NAMES, Phase::ALL.map(Phase::name));
        let reasons = [
            CloseReason::Returned,
            CloseReason::MovedOn(area),
            CloseReason::RegisteredHere,
            CloseReason::Deceased,
            CloseReason::LeftScope,
            CloseReason::Error,
        ];
        assert_eq!(reasons.map(CloseReason::name), CLOSE_REASONS);
    }

    #[test]
    fn what_this_version_does_not_know_is_unreadable() {
        let event = || wire::CaseEvent {
            notice_id: NoticeId::new([1; 8], 1).as_bytes().to_vec().into(),
            kind: "departure".to_owned(),
            from_area: "350582".to_owned(),
            state: "opened".to_owned(),
            ..wire::CaseEvent::default()
        };
        assert!(CaseEvent::try_from(event()).is_ok());
        for event in [
            wire::CaseEvent {
                kind: "visit".to_owned(),
                ..event()
            },
            wire::CaseEvent {
                state: "lost".to_owned(),
                ..event()
            },
            wire::CaseEvent {
                speaks_of: vec![1].into(),
                ..event()
            },
        ] {
            let read = CaseEvent::try_from(event);
            assert!(matches!(read, Err(ClientError::Unreadable)));
        }
        assert!(CaseList::from_wire(99).is_err());
        assert!(reason_named("lost").is_err() && day("soon").is_err());
    }
}
