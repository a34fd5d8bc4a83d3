//! Erasing cases: here at once, and at every receiver by a notice that the node sends and whose
//! carrying out it follows.
//!
//! What was erased is in the journal, and what follows from that too: which notices of it were
//! received elsewhere, which of them have a notice that asks for their erasure, whether that was
//! taken up. So a restart sends nothing twice and forgets nothing.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
    time::Duration,
};

use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    Office,
    authority::{Authority, COUNTERS},
    problem::Fault,
    publish::{Desk, Say},
    scope,
};
use crate::{
    cases::CaseView,
    domain::{
        area::County,
        audit::{Act, Came, Counts, Entry, LOCAL, On, Purpose, Who},
        channel::Channel,
        delivery::{Confirmation, Delivery},
        erasure::ErasureReason,
        notice::{Content, Erasure as Asking, Kind, NoticeId},
        problem::Problem,
    },
    store::{
        Direction, Erasing, Erasure, NoticeView, Position, PublishError, Side, ToErase,
        backups::pending_until,
    },
    trust::{erasure_statement::ErasureForm, forms::Frame, identity::OfficeId, signature::Signed},
};

/// Which erasures an office asks for.
pub(super) struct ErasuresAsked {
    pub(super) home: Option<County>,
    /// Behind which one the page begins.
    pub(super) after: Position,
    /// 0 for the usual.
    pub(super) page_size: u32,
}

/// A page of erasures, the oldest first.
pub(super) struct ErasuresSeen {
    pub(super) erasures: Vec<ErasureSeen>,
    /// Where the next page begins; none at the end.
    pub(super) next: Option<Position>,
}

/// An erasure, and what became of it elsewhere.
pub(super) struct ErasureSeen {
    pub(super) erasure: Erasure,
    /// Of each notice that had gone out from here.
    pub(super) told: Vec<ErasureTold>,
    /// Until when a backup is kept that holds the keys still.
    pub(super) pending_until_ms: Option<i64>,
}

/// What became of the erasure of a notice at its receiver.
pub(super) struct ErasureTold {
    pub(super) notice: NoticeId,
    pub(super) state: ToldState,
    /// The notice that asks for it.
    pub(super) asking: Option<NoticeId>,
    /// When the receiver's node said that it is done.
    pub(super) confirmed_at_ms: Option<i64>,
}

/// The node's word on an erasure.
pub(super) struct Statement {
    pub(super) home: County,
    pub(super) signed: Signed,
    pub(super) key: Vec<u8>,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToldState {
    /// The receiver never had the notice.
    NotNeeded,
    /// The request has not left: whether the receiver has the notice is not known yet, no agreement
    /// lets it travel, or the receiver cannot be reached.
    Waiting,
    /// On its way.
    Sent,
    /// The receiver's node has it.
    Stored,
    /// The receiver's node has carried it out.
    Confirmed,
    /// The receiver's node refused it: it knows no such notice.
    Refused,
    /// It did not come through in time, and is sent again.
    Expired,
}

impl ToldState {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::NotNeeded => "not_needed",
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Stored => "stored",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }
}

/// What is to be done about an erasure elsewhere.
enum Next {
    /// Nothing any more.
    Nothing,
    /// Something that cannot be done now.
    Later,
}

impl Office {
    /// Erases a case, or a notice that belongs to none, unless it is held; none if the office may not
    /// know of it.
    pub(super) async fn erase_case(
        &self,
        authority: &Authority,
        id: NoticeId,
        reason: ErasureReason,
    ) -> Result<Option<Erasing>, Fault> {
        let Some((side, case, notices)) = self.to_erase(authority, id).await? else {
            return Ok(None);
        };
        let what = ToErase {
            side,
            case,
            notices,
            reason,
            asked_by: None,
            office: authority.id().to_string(),
            at_ms: self.parts.clock.now_ms(),
        };
        Ok(Some(self.erase(what).await?))
    }

    /// Destroys the keys of a case, unless it is held.
    pub(super) async fn erase(&self, what: ToErase) -> Result<Erasing, Fault> {
        let (case, office) = (what.case, what.office.clone());
        let store = self.parts.store.clone();
        // What was begun goes on if the caller goes.
        let erased = tokio::spawn(async move { store.erase(what).await });
        let erased = erased.await.map_err(|_| Fault::Defect)??;
        if let Erasing::Done(erasure) = erased {
            tracing::info!(%office, %case, %erasure, "A case is erased.");
        }
        Ok(erased)
    }

    /// Erases what the other side asked for while it was held.
    pub(super) async fn erase_as_asked(&self, case: &CaseView) -> Result<(), Fault> {
        let side = Side {
            home: case.home,
            other: case.other,
        };
        let came = case.history.iter();
        let came =
            came.filter(|entry| entry.kind == Kind::Erasure && entry.channel.to == case.home);
        for asking in came {
            let (by, Some(named)) = (asking.notice, asking.speaks_of) else {
                continue;
            };
            if confirmed_at(Some(case), by).is_some() {
                continue;
            }
            let Some(opened) = self.opened_there(side, named).await? else {
                continue;
            };
            let what = ToErase {
                side,
                case: opened,
                notices: vec![opened],
                reason: ErasureReason::SenderAsked,
                asked_by: Some(by),
                office: String::new(),
                at_ms: self.parts.clock.now_ms(),
            };
            // What was erased before by others is said to be: whoever asked is to hear of it.
            if self.erase(what).await? == Erasing::NothingLeft {
                self.confirm(side, case.id, by).await?;
            }
        }
        Ok(())
    }

    /// The notice with which the other side opened the case of one of its notices; none if this side
    /// did: whoever only answered in a case has no say over all of it.
    async fn opened_there(&self, side: Side, id: NoticeId) -> Result<Option<NoticeId>, Fault> {
        let store = &self.parts.store;
        let Some(named) = store.notice_of_pair(side, id).await? else {
            return Ok(None);
        };
        let opened = store.notice_of_pair(side, named.facts.case_id).await?;
        let theirs =
            opened.filter(|it| it.direction == Direction::In && named.direction == Direction::In);
        Ok(theirs.map(|it| it.facts.id))
    }

    /// The side, the case and its notices; none if the office may not know of it.
    async fn to_erase(
        &self,
        authority: &Authority,
        id: NoticeId,
    ) -> Result<Option<(Side, NoticeId, Vec<NoticeId>)>, Fault> {
        if let Some((case, may)) = self.case_of(authority, id).await? {
            let notices = case.history.iter().map(|entry| entry.notice).collect();
            let side = Side {
                home: case.home,
                other: case.other,
            };
            return Ok(may.then_some((side, case.id, notices)));
        }
        // One that was refused or never arrived belongs to no case, and its bytes are here all the same.
        for view in self.parts.store.notices(id).await?.into_iter().rev() {
            let scope = authority.scope(view.side().home);
            if scope::covers_view(&self.parts.store, &scope, &view).await? {
                return Ok(Some((view.side(), view.facts.case_id, vec![id])));
            }
        }
        Ok(None)
    }

    /// A page of erasures.
    pub(super) async fn list_erasures(
        &self,
        caller: &OfficeId,
        asked: ErasuresAsked,
    ) -> Result<ErasuresSeen, Fault> {
        let authority = self.authority(caller)?;
        authority.require(COUNTERS)?;
        let home = authority.home(asked.home)?;
        let limit = match usize::try_from(asked.page_size) {
            Ok(0) => USUAL_PAGE,
            Ok(size) => size.min(MOST_PAGE),
            Err(_) => MOST_PAGE,
        };
        let page = self.parts.store.erasures(home, asked.after, limit).await?;
        let next = (page.len() == limit).then(|| page.last().map(|(at, _)| *at));
        let mut erasures = Vec::new();
        for (_, erasure) in page {
            erasures.push(self.erasure_seen(erasure).await?);
        }
        Ok(ErasuresSeen {
            erasures,
            next: next.flatten(),
        })
    }

    async fn erasure_seen(&self, erasure: Erasure) -> Result<ErasureSeen, Fault> {
        let case = self.erased_case(&erasure).await?;
        let mut told = Vec::new();
        for view in self.sent_of(&erasure).await? {
            told.push(self.told_of(&erasure, &view, case.as_ref()).await?);
        }
        let (data, at_ms) = (self.parts.data.clone(), erasure.at_ms);
        Ok(ErasureSeen {
            erasure,
            told,
            pending_until_ms: pending(&data, at_ms, self.parts.clock.now_ms()).await?,
        })
    }

    /// The node's signed word on an erasure, and the key that it signed with.
    pub(super) async fn export_erasure(
        &self,
        caller: &OfficeId,
        id: NoticeId,
    ) -> Result<Statement, Fault> {
        let authority = self.authority(caller)?;
        authority.require(COUNTERS)?;
        let mut found = None;
        for home in self.config().areas.clone() {
            if authority.home(Some(home)).is_ok() && found.is_none() {
                found = self.find_erasure(home, id).await?;
            }
        }
        let seen = self
            .erasure_seen(found.ok_or(Fault::UnknownErasure)?)
            .await?;
        let Erasure {
            side: Side { home, other },
            case,
            reason,
            at_ms,
            ref notices,
            ..
        } = seen.erasure;
        let mut ids: Vec<NoticeId> = notices.iter().copied().chain([case]).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut gone = Vec::new();
        for id in ids {
            let view = self
                .parts
                .store
                .notice_of_pair(seen.erasure.side, id)
                .await?;
            // What speaks of erasures is still there.
            if let Some(view) = view.filter(|view| view.bytes.is_none()) {
                gone.push((id, view.facts.digest));
            }
        }
        let mut confirmed: Vec<_> = seen
            .told
            .iter()
            .filter_map(|told| Some((told.notice, told.confirmed_at_ms?)))
            .filter(|(id, _)| gone.iter().any(|(gone, _)| gone == id))
            .collect();
        confirmed.sort_unstable();
        let form = ErasureForm {
            frame: Frame {
                channel: Channel {
                    from: home,
                    to: other,
                },
                sandbox: self.config().mode.is_sandbox(),
            },
            erasure: id,
            case,
            reason,
            erased_at_ms: at_ms,
            notices: gone,
            confirmed,
            pending_until_ms: seen.pending_until_ms.unwrap_or(0),
            time_ms: self.parts.clock.now_ms(),
        };
        let trust = Arc::clone(&self.parts.trust.borrow());
        let key = trust.signing_key();
        let signed = key.sign(trust.id().trust_domain(), &form);
        Ok(Statement {
            home,
            signed: signed.map_err(|_| Fault::Defect)?,
            key: key.public().spki().to_vec(),
        })
    }

    async fn find_erasure(&self, home: County, id: NoticeId) -> Result<Option<Erasure>, Fault> {
        let mut after = Position::START;
        loop {
            let page = self.parts.store.erasures(home, after, MOST_PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(None);
            };
            after = *last;
            let mut page = page.into_iter().map(|(_, erasure)| erasure);
            if let Some(erasure) = page.find(|erasure| erasure.id == id) {
                return Ok(Some(erasure));
            }
        }
    }

    /// The notices that opened cases at the other side, as they stand.
    async fn sent_of(&self, erasure: &Erasure) -> Result<Vec<NoticeView>, Fault> {
        let mut sent = Vec::new();
        // Each side keeps its own time.
        if erasure.asked_by.is_some() || erasure.reason == ErasureReason::RetentionEnded {
            return Ok(sent);
        }
        let mut ids = erasure.notices.clone();
        ids.push(erasure.case);
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let found = self.parts.store.notice_of_pair(erasure.side, id).await?;
            sent.extend(found.filter(|view| {
                view.direction == Direction::Out && view.facts.case_id == view.facts.id
            }));
        }
        Ok(sent)
    }

    async fn told_of(
        &self,
        erasure: &Erasure,
        sent: &NoticeView,
        case: Option<&CaseView>,
    ) -> Result<ErasureTold, Fault> {
        let askings = self
            .parts
            .store
            .askings(erasure.side, sent.facts.id)
            .await?;
        let asking = askings.last();
        let confirmed_at_ms = asking.and_then(|asking| confirmed_at(case, asking.facts.id));
        let state = match (asking, &sent.delivery) {
            (Some(_), _) if confirmed_at_ms.is_some() => ToldState::Confirmed,
            (Some(asking), _) => match asking.delivery {
                Delivery::Queued => ToldState::Waiting,
                Delivery::InFlight => ToldState::Sent,
                Delivery::Stored => ToldState::Stored,
                Delivery::Refused(_) => ToldState::Refused,
                Delivery::Expired(_) | Delivery::Withdrawn(_) => ToldState::Expired,
            },
            (
                None,
                Delivery::Expired(Confirmation::Confirmed)
                | Delivery::Withdrawn(Confirmation::Confirmed),
            ) => ToldState::NotNeeded,
            (None, _) => ToldState::Waiting,
        };
        Ok(ErasureTold {
            notice: sent.facts.id,
            state,
            asking: asking.map(|asking| asking.facts.id),
            confirmed_at_ms,
        })
    }

    /// What is left of the case.
    async fn erased_case(&self, erasure: &Erasure) -> Result<Option<CaseView>, Fault> {
        let Side { home, other } = erasure.side;
        let cases = &self.parts.cases;
        Ok(cases.case(home, other, erasure.case, self.today()).await?)
    }

    /// Sees to it, until the node stops, that what was erased here is erased wherever it was sent, and
    /// that whoever asked for an erasure hears that it was done.
    pub(super) async fn see_to_erasures(&self, stop: CancellationToken) {
        let mut commits = self.parts.store.commits();
        let mut read: HashMap<County, Position> = HashMap::new();
        let mut open: BTreeMap<(County, Position), Erasure> = BTreeMap::new();
        let mut look_at = Instant::now();
        loop {
            commits.borrow_and_update();
            let known = open.len();
            for home in self.config().areas.clone() {
                let after = read.entry(home).or_insert(Position::START);
                if let Err(fault) = self.take_up(home, after, &mut open).await {
                    tracing::warn!(%home, reason = fault.reason(), "Erasures wait.");
                }
            }
            if Instant::now() >= look_at || open.len() > known {
                self.see_to(&mut open).await;
                look_at = Instant::now() + EVERY;
            }
            let rest = Instant::now() + GATHER;
            tokio::select! {
                () = stop.cancelled() => return,
                changed = commits.changed() => if changed.is_err() { return },
                () = sleep_until(look_at) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep_until(rest) => {}
            }
        }
    }

    /// Reads what was erased since.
    async fn take_up(
        &self,
        home: County,
        after: &mut Position,
        open: &mut BTreeMap<(County, Position), Erasure>,
    ) -> Result<(), Fault> {
        loop {
            let page = self.parts.store.erasures(home, *after, MOST_PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            *after = *last;
            open.extend(page.into_iter().map(|(at, erasure)| ((home, at), erasure)));
        }
    }

    /// Does what can be done now about each, and forgets those about which nothing is left to do.
    async fn see_to(&self, open: &mut BTreeMap<(County, Position), Erasure>) {
        let mut left = BTreeMap::new();
        for (at, erasure) in std::mem::take(open) {
            let next = match erasure.asked_by {
                Some(asking) => self.confirm(erasure.side, erasure.case, asking).await,
                None => self.ask(&erasure).await,
            };
            match next {
                Ok(Next::Nothing) => {}
                Ok(Next::Later) => {
                    left.insert(at, erasure);
                }
                Err(fault) => {
                    tracing::warn!(erasure = %erasure.id, reason = fault.reason(), "An erasure waits to be told.");
                    left.insert(at, erasure);
                }
            }
        }
        *open = left;
    }

    /// Asks the receiver of each notice to erase it.
    async fn ask(&self, erasure: &Erasure) -> Result<Next, Fault> {
        let mut next = Next::Nothing;
        for sent in self.sent_of(erasure).await? {
            let told = self.told_of(erasure, &sent, None).await?;
            match told.state {
                ToldState::NotNeeded
                | ToldState::Sent
                | ToldState::Stored
                | ToldState::Confirmed
                | ToldState::Refused => continue,
                ToldState::Waiting | ToldState::Expired => {}
            }
            let is_known = matches!(sent.delivery, Delivery::Stored | Delivery::Refused(_));
            let id = sent.facts.id;
            let say = Say {
                side: erasure.side,
                case: sent.facts.case_id,
                about: id,
                content: Content::Erasure(Asking {
                    event_date: self.today(),
                }),
                reference: format!("erasure-{id}").parse().ok(),
            };
            let (act, on) = (Act::Published, vec![On::Case(erasure.case)]);
            if !is_known || !self.say(say, act, on).await? {
                next = Next::Later;
            }
        }
        Ok(next)
    }

    /// Tells whoever asked for an erasure that it was done.
    async fn confirm(&self, side: Side, case: NoticeId, asking: NoticeId) -> Result<Next, Fault> {
        let Side { home, other } = side;
        let left = self
            .parts
            .cases
            .case(home, other, case, self.today())
            .await?;
        if confirmed_at(left.as_ref(), asking).is_some() {
            return Ok(Next::Nothing);
        }
        let say = Say {
            side,
            case,
            about: asking,
            content: Content::TakenUp,
            reference: format!("erased-{asking}").parse().ok(),
        };
        let (act, on) = (Act::CasesErased, vec![On::Case(case)]);
        Ok(match self.say(say, act, on).await? {
            true => Next::Nothing,
            false => Next::Later,
        })
    }

    /// Publishes what the node says by itself; false if no agreement lets it travel now.
    async fn say(&self, say: Say, act: Act, on: Vec<On>) -> Result<bool, Fault> {
        let desk: Desk<'_> = self.desk_of(Authority::of_node(&self.config()));
        let prepared: Result<_, Vec<Problem>> = desk.say(say)?;
        let Ok(prepared) = prepared else {
            return Ok(false);
        };
        let entry = Entry {
            at_ms: self.parts.clock.now_ms(),
            who: Who::Node,
            role: String::new(),
            from: LOCAL.to_owned(),
            act,
            on,
            purpose: Purpose::None,
            came: Came::Done,
            counts: Counts::default(),
        };
        let store = &self.parts.store;
        let answers = store
            .publish_on_record(vec![prepared.outgoing], entry)
            .await;
        match answers.into_iter().next() {
            Some(Ok(_)) => Ok(true),
            Some(Err(PublishError::Refused(_))) => Ok(false),
            Some(Err(PublishError::NotNow(error))) => Err(error.into()),
            None => Err(Fault::Defect),
        }
    }
}

/// When a notice that asks for an erasure was taken up by the other side.
fn confirmed_at(case: Option<&CaseView>, asking: NoticeId) -> Option<i64> {
    let mut history = case?.history.iter();
    let taken_up =
        history.find(|entry| entry.kind == Kind::TakenUp && entry.speaks_of == Some(asking));
    taken_up.map(|entry| entry.at_ms)
}

/// Until when a backup is kept that holds keys which were destroyed at that moment; none if that day
/// has passed.
async fn pending(data: &Path, erased_ms: i64, now_ms: i64) -> Result<Option<i64>, Fault> {
    let data = data.to_owned();
    let pending = spawn_blocking(move || pending_until(&data, erased_ms)).await;
    match pending.map_err(|_| Fault::Defect)? {
        Ok(until) => Ok(until.filter(|until| *until > now_ms)),
        Err(error) => {
            tracing::error!(%error, "The register of backups cannot be read.");
            Err(Fault::Defect)
        }
    }
}

/// How often it is looked what became of erasures that others have to carry out.
const EVERY: Duration = Duration::from_secs(10);
/// So long commits gather.
const GATHER: Duration = Duration::from_millis(500);
const USUAL_PAGE: usize = 100;
const MOST_PAGE: usize = 1_000;
