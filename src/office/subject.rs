//! What is held of one person, why, and who got it: told to her when she asks.
//!
//! She is found by the keyed digest of her exact number, in whole home areas only. What is told is put
//! on record before it leaves, so that the telling stands in it too, and is read while it is told: what
//! this holds at a time is ids and a page of the record.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::sync::mpsc;

use super::{
    Office,
    authority::{Authority, REPORTERS},
    problem::Fault,
    query::{NoticeSeen, RecordSeen},
    scope,
};
use crate::{
    agreement::Agreement,
    cases::{CaseView, PersonCases},
    domain::{
        agreement::AgreementVersion,
        area::County,
        audit::{Came, Entry, On, Purpose, Who},
        notice::{Kind, NoticeId},
        problem::Code,
        resident::ResidentNumber,
        work,
    },
    store::{AuditPart, ConsumerView, Direction, NotNow, NoticeView, Position, Side},
    trust::{connection::CallerInfo, identity::OfficeId},
};

/// Of whom it is asked. It has no `Debug`: it holds a number.
pub(super) struct SubjectAsked {
    pub(super) home: Option<County>,
    pub(super) number: ResidentNumber,
}

/// What was found of her.
pub(super) struct SubjectFound {
    homes: Vec<County>,
    pairs: Vec<PersonCases>,
}

/// A part of what she is told. It has no `Debug`: it holds a person.
pub(super) enum Told {
    Case(Box<SubjectCase>),
    Notice(Box<SubjectNotice>),
    Agreement(AgreementVersion, Option<Arc<Agreement>>),
    Disclosure(Disclosure),
    /// The last.
    Totals(Totals),
}

/// A case of hers.
pub(super) struct SubjectCase {
    pub(super) case: CaseView,
    pub(super) today: jiff::civil::Date,
    pub(super) details: Vec<Option<work::Act>>,
}

/// A notice about her.
pub(super) struct SubjectNotice {
    pub(super) home: County,
    pub(super) record: RecordSeen,
    pub(super) answered_at_ms: Option<i64>,
}

/// Somebody at this node was shown or handed notices about her.
pub(super) struct Disclosure {
    pub(super) entry: Entry,
    pub(super) notices: Vec<NoticeId>,
}

/// How much it is.
#[derive(Default)]
pub(super) struct Totals {
    pub(super) cases: u64,
    pub(super) notices: u64,
    pub(super) disclosures: u64,
    pub(super) homes: Vec<County>,
    pub(super) as_of_ms: i64,
    pub(super) sandbox: bool,
}

impl SubjectFound {
    /// On what it is told, for the record: her cases, as far as they are in one.
    pub(super) fn on(&self) -> Vec<On> {
        let cases = self.pairs.iter().flat_map(|pair| &pair.cases);
        cases.map(|case| On::Case(case.id)).collect()
    }

    /// How many notices are told.
    pub(super) fn notices(&self) -> usize {
        self.pairs.iter().map(|pair| pair.notices.len()).sum()
    }
}

impl Office {
    /// Looks for a person.
    pub(super) async fn find_subject(
        &self,
        caller: &OfficeId,
        asked: SubjectAsked,
    ) -> Result<SubjectFound, Fault> {
        let SubjectAsked { home, number } = asked;
        let authority = self.authority(caller)?;
        authority.require(REPORTERS)?;
        let homes = authority.whole_homes(home)?;
        self.count_lookup(caller.id())?;
        let mut sides = BTreeSet::new();
        for view in self.parts.store.channels().await? {
            let side = Side::of(view.channel, view.direction);
            if homes.contains(&side.home) {
                sides.insert((side.home, side.other));
            }
        }
        let sides = sides.into_iter().map(|(home, other)| Side { home, other });
        let today = self.today();
        let pairs = (self.parts.cases).of_person(sides.collect(), &number, today);
        let pairs = pairs.await?;
        // Of a number that was mistyped nothing can be said, unless somebody verified that it is so.
        if pairs.is_empty() && !number.check_digit_holds() {
            return Err(Fault::Argument("resident_id", Code::ResidentIdCheckDigit));
        }
        Ok(SubjectFound { homes, pairs })
    }

    /// Tells what was found, part by part.
    pub(super) fn tell_subject(
        self: &Arc<Self>,
        caller: CallerInfo<OfficeId>,
        found: SubjectFound,
    ) -> mpsc::Receiver<Result<Told, Fault>> {
        let (tell, told) = mpsc::channel(AHEAD);
        let office = Arc::clone(self);
        tokio::spawn(async move {
            let done = tokio::select! {
                biased;
                () = caller.cut.cancelled() => Err(Fault::Cut.into()),
                () = office.stop.cancelled() => Err(NotNow::Stopping.into()),
                done = office.tell_found(found, &tell) => done,
            };
            match done {
                // Nobody listens any more.
                Ok(()) | Err(Ended::Unheard) => {}
                Err(Ended::Fault(fault)) => tell.send(Err(fault)).await.unwrap_or_default(),
            }
        });
        told
    }
}

/// Why the telling ended before its end.
enum Ended {
    Fault(Fault),
    /// Nobody listens any more.
    Unheard,
}

impl<E: Into<Fault>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

type Tell = mpsc::Sender<Result<Told, Fault>>;

async fn say(tell: &Tell, told: Told) -> Result<(), Ended> {
    tell.send(Ok(told)).await.map_err(|_| Ended::Unheard)
}

/// Her notices, as far as the record may name them.
#[derive(Default)]
struct Hers {
    notices: Vec<Here>,
    /// Of each notice, all those of its case.
    cases: BTreeMap<NoticeId, BTreeSet<NoticeId>>,
    agreements: BTreeSet<AgreementVersion>,
    /// When the first of them was published or stored here.
    first_ms: Option<i64>,
}

/// A notice of hers that is here.
struct Here {
    id: NoticeId,
    side: Side,
    direction: Direction,
    kind: Kind,
    position: Position,
}

impl Hers {
    fn add_case(&mut self, case: &CaseView) {
        let history = case.history.iter().map(|entry| entry.notice);
        let ids: BTreeSet<NoticeId> = history.chain([case.id]).collect();
        for id in &ids {
            self.cases.insert(*id, ids.clone());
        }
    }

    fn add(&mut self, view: &NoticeView) {
        self.notices.push(Here {
            id: view.facts.id,
            side: view.side(),
            direction: view.direction,
            kind: view.facts.kind,
            position: view.position,
        });
        self.agreements.insert(view.facts.agreement);
        let first = self.first_ms.get_or_insert(view.at_ms);
        *first = view.at_ms.min(*first);
    }

    /// Those that came in and lie in a part of the feed of a home area.
    fn fed(&self, home: County, first: u64, last: u64) -> impl Iterator<Item = &Here> {
        let came = self.notices.iter();
        came.filter(move |here| {
            here.direction == Direction::In
                && here.side.home == home
                && (first..=last).contains(&here.position.get())
        })
    }
}

impl Office {
    async fn tell_found(&self, found: SubjectFound, tell: &Tell) -> Result<(), Ended> {
        let SubjectFound { homes, pairs } = found;
        let sandbox = self.config().mode.is_sandbox();
        let mut totals = Totals {
            homes,
            as_of_ms: self.parts.clock.now_ms(),
            sandbox,
            ..Totals::default()
        };
        let mut hers = Hers::default();
        for PersonCases {
            side,
            cases,
            notices,
        } in pairs
        {
            for case in cases {
                hers.add_case(&case);
                totals.cases = totals.cases.saturating_add(1);
                let case = SubjectCase {
                    details: self.details(&case).await?,
                    today: self.today(),
                    case,
                };
                say(tell, Told::Case(Box::new(case))).await?;
            }
            for id in notices {
                let store = &self.parts.store;
                let Some(view) = store.notice_of_pair(side, id).await? else {
                    continue;
                };
                hers.add(&view);
                totals.notices = totals.notices.saturating_add(1);
                let correction = store.correction(side, id).await?;
                let notice = SubjectNotice {
                    home: side.home,
                    answered_at_ms: self.answered_at(&view).await,
                    record: RecordSeen {
                        corrected_by: correction.map(|correction| correction.facts.id),
                        notice: NoticeSeen {
                            view,
                            full: true,
                            sandbox,
                        },
                    },
                };
                say(tell, Told::Notice(Box::new(notice))).await?;
            }
        }
        let agreements = Arc::clone(&self.parts.agreements.borrow());
        for version in &hers.agreements {
            let held = agreements.iter().find(|held| held.version == *version);
            say(tell, Told::Agreement(*version, held.cloned())).await?;
        }
        totals.disclosures = self.tell_disclosures(&hers, tell).await?;
        say(tell, Told::Totals(totals)).await
    }

    /// When the other side's node signed what became of a notice.
    async fn answered_at(&self, view: &NoticeView) -> Option<i64> {
        if view.direction == Direction::In {
            return None;
        }
        let (channel, sequence) = (view.channel, view.sequence);
        self.parts.operations.answered_at(channel, sequence).await
    }

    /// Goes through what is on record, back to the time of her first notice.
    async fn tell_disclosures(&self, hers: &Hers, tell: &Tell) -> Result<u64, Ended> {
        let Some(first_ms) = hers.first_ms else {
            return Ok(0);
        };
        let store = &self.parts.store;
        let consumers = store.consumers().await?;
        let mut count = 0_u64;
        for home in &self.config().areas {
            let mut before = Position::new(u64::MAX);
            loop {
                let part = AuditPart::Before(before);
                let page = store.audited(*home, part, PAGE).await?;
                let Some((last, oldest)) = page.last() else {
                    break;
                };
                before = *last;
                let is_over = oldest.entry.at_ms < first_ms.saturating_sub(SET_BACK_MS);
                for (_, audited) in page {
                    let entry = audited.entry;
                    let notices = self.shown_by(&entry, hers, &consumers).await?;
                    if !notices.is_empty() {
                        count = count.saturating_add(1);
                        let shown = Disclosure { entry, notices };
                        say(tell, Told::Disclosure(shown)).await?;
                    }
                }
                if is_over {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        Ok(count)
    }

    /// Which of her notices an act showed or handed to whoever did it.
    async fn shown_by(
        &self,
        entry: &Entry,
        hers: &Hers,
        consumers: &[ConsumerView],
    ) -> Result<Vec<NoticeId>, NotNow> {
        let is_shown =
            entry.act.is_reading() && entry.came == Came::Done && entry.purpose != Purpose::None;
        if !is_shown {
            return Ok(Vec::new());
        }
        let mut shown = BTreeSet::new();
        for on in &entry.on {
            match on {
                On::Notice(id) => {
                    shown.extend(hers.notices.iter().map(|it| it.id).filter(|it| it == id));
                }
                On::Case(id) => shown.extend(hers.cases.get(id).into_iter().flatten()),
                On::Feed(home, first, last) => {
                    for here in hers.fed(*home, *first, *last) {
                        if self.was_for(entry, here, consumers).await? {
                            shown.insert(here.id);
                        }
                    }
                }
                On::Agreement(..) | On::Consumer(_) | On::Office(_) | On::Peer(_) => {}
            }
        }
        Ok(shown.into_iter().collect())
    }

    /// Whether a notice that lies in what was handed over was for that consumer of that office. By what
    /// is no more it was: rather one too many is named to her than one too few.
    async fn was_for(
        &self,
        entry: &Entry,
        here: &Here,
        consumers: &[ConsumerView],
    ) -> Result<bool, NotNow> {
        let home = here.side.home;
        let by = entry.on.iter().find_map(|on| match on {
            On::Consumer(name) => Some(name),
            _ => None,
        });
        let mut known = consumers.iter();
        let consumer = known.find(|it| it.home == home && by == Some(&it.name));
        if consumer.is_some_and(|it| !it.kinds.is_empty() && !it.kinds.contains(&here.kind)) {
            return Ok(false);
        }
        let Who::Office(office) = &entry.who else {
            return Ok(true);
        };
        let Some(authority) = Authority::of_listed(office, &self.config()) else {
            return Ok(true);
        };
        let scope = authority.scope(home);
        if scope.is_whole(home) || scope.is_empty() {
            return Ok(true);
        }
        let store = &self.parts.store;
        match store.notice_of_pair(here.side, here.id).await? {
            Some(view) => scope::covers_view(store, &scope, &view).await,
            None => Ok(true),
        }
    }
}

/// Parts told ahead of the caller's reading.
const AHEAD: usize = 16;

/// Acts read at once.
const PAGE: usize = 1_000;

/// The clock of the node may have been set back by so much between two acts.
const SET_BACK_MS: i64 = 86_400_000;
