//! Cases that are purged by the node once their time is over, and what it purges next.
//!
//! Each node keeps its own time: nothing is said of it to the other side. It cannot be undone, so the
//! day to go by has passed for certain, which a node knows an hour after its start. A pass goes over the
//! cases that are old enough, a page at a time; what a pass that broke off has purged is gone, and the
//! next goes on behind the last page.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::{ToSpan, civil::Date};
use tokio_util::sync::CancellationToken;

use super::{
    Office,
    authority::{Authority, COUNTERS},
    problem::Fault,
};
use crate::{
    cases::{CaseView, Doing, HistoryEntry, ListAsked, ListName, PageToken},
    clock::Certain,
    domain::{
        agreement::AgreementVersion,
        area::County,
        audit::{Act as Audited, Came, Counts, Entry, LOCAL, On, Purpose, Who},
        calendar::day_of,
        delivery::Delivery,
        erasure::ErasureReason,
        notice::{Kind, NoticeId},
        retention::{Keeping, Stands, Term, keeping},
        work::Act,
    },
    store::{Erasing, Side, ToErase},
    trust::identity::OfficeId,
};

/// Of which home area it is asked what is purged next, and up to when.
pub(super) struct RetentionAsked {
    pub(super) home: Option<County>,
    pub(super) within_days: u16,
    pub(super) after: Option<PageToken>,
}

/// A page of what is purged next, in the order in which cases were opened.
pub(super) struct RetentionSeen {
    pub(super) cases: Vec<Kept>,
    pub(super) next: Option<PageToken>,
}

/// A case that has ended, and what becomes of it.
pub(super) struct Kept {
    pub(super) side: Side,
    pub(super) case: NoticeId,
    pub(super) why: WhyKept,
}

/// What becomes of it.
pub(super) enum WhyKept {
    Until(Date, Term),
    Held(Hold),
    Unknown(AgreementVersion),
}

/// Since when and by whom it is held, and why where the caller may see that.
pub(super) struct Hold {
    pub(super) since_ms: i64,
    pub(super) office: String,
    pub(super) reason: String,
}

/// How far the pass of a day has come.
struct Pass {
    day: Date,
    /// Where it goes on; none at its end.
    next: Option<Next>,
}

#[derive(Clone, Copy)]
enum Next {
    First,
    Behind(PageToken),
}

impl Office {
    /// Purges what is due and archives what nobody needs any more, day by day, until the node stops.
    pub(super) async fn keep(&self, stop: CancellationToken) {
        let mut certain = Certain::default();
        let mut passes: HashMap<County, Pass> = HashMap::new();
        let mut archived: Option<Date> = None;
        loop {
            let passed = certain.read(&self.parts.clock);
            let mut rest = EVERY;
            if let Some(now_ms) = passed
                && let Some(today) = day_of(now_ms)
            {
                for home in self.config().areas.clone() {
                    let pass = passes.entry(home).or_insert(Pass {
                        day: today,
                        next: Some(Next::First),
                    });
                    if pass.day < today && pass.next.is_none() {
                        *pass = Pass {
                            day: today,
                            next: Some(Next::First),
                        };
                    }
                    match self.purge_page(home, pass).await {
                        Ok(()) if pass.next.is_some() => rest = BREATH,
                        Ok(()) => {}
                        Err(fault) => {
                            tracing::warn!(%home, reason = fault.reason(), "Purging waits.");
                        }
                    }
                }
                // What was purged holds no segment back any more.
                if rest == EVERY && archived != Some(today) {
                    match self.archive(now_ms, today, &stop).await {
                        Ok(()) => archived = Some(today),
                        Err(fault) => {
                            tracing::warn!(reason = fault.reason(), "Archiving waits.");
                        }
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// Purges what is due of the next page.
    async fn purge_page(&self, home: County, pass: &mut Pass) -> Result<(), Fault> {
        let after = match pass.next {
            None => return Ok(()),
            Some(Next::First) => None,
            Some(Next::Behind(token)) => Some(token),
        };
        let (cases, next) = self.old_enough(home, pass.day, after).await?;
        let mut purged = Vec::new();
        let looked = self.purge_due(&cases, pass.day, &mut purged).await;
        // Also what went before something failed is on record.
        if !purged.is_empty() {
            tracing::info!(%home, purged = purged.len(), "Cases were purged.");
            self.put_purged_on_record(home, purged).await;
        }
        // What failed comes again with the pass of the next day.
        pass.next = next.map(Next::Behind);
        looked
    }

    /// Purges those of some cases that are due on that day, and adds each to `purged`.
    async fn purge_due(
        &self,
        cases: &[CaseView],
        today: Date,
        purged: &mut Vec<On>,
    ) -> Result<(), Fault> {
        let mut first = Ok(());
        for case in cases {
            match self.purge_if_due(case, today).await {
                Ok(true) => purged.push(On::Case(case.id)),
                Ok(false) => {}
                // One case keeps no other back.
                Err(fault) => first = first.and(Err(fault)),
            }
        }
        first
    }

    async fn purge_if_due(&self, case: &CaseView, today: Date) -> Result<bool, Fault> {
        if case.holds().next().is_none() {
            // Where the node stopped between a release and what that owes.
            self.erase_as_asked(case).await?;
        }
        let due = match self.keeping_of(case).await? {
            Keeping::Until(day, _) => day <= today,
            Keeping::GoesOn | Keeping::Held | Keeping::Unknown(_) => false,
        };
        Ok(due && matches!(self.erase(self.to_purge(case)).await?, Erasing::Done(_)))
    }

    pub(super) fn to_purge(&self, case: &CaseView) -> ToErase {
        ToErase {
            side: Side {
                home: case.home,
                other: case.other,
            },
            case: case.id,
            notices: case.history.iter().map(|entry| entry.notice).collect(),
            reason: ErasureReason::RetentionEnded,
            asked_by: None,
            office: self.config().id.to_string(),
            at_ms: self.parts.clock.now_ms(),
        }
    }

    pub(super) async fn put_purged_on_record(&self, home: County, on: Vec<On>) {
        let entry = Entry {
            at_ms: self.parts.clock.now_ms(),
            who: Who::Node,
            role: String::new(),
            from: LOCAL.to_owned(),
            act: Audited::CasesPurged,
            counts: Counts::of(on.len()),
            on,
            purpose: Purpose::None,
            came: Came::Done,
        };
        if let Err(error) = self.parts.store.audit(home, vec![entry]).await {
            let act = Audited::CasesPurged.name();
            tracing::error!(%home, act, %error, "An act is not on record.");
        }
    }

    /// A page of the cases that were opened so long ago that they may be due on that day.
    async fn old_enough(
        &self,
        home: County,
        day: Date,
        after: Option<PageToken>,
    ) -> Result<(Vec<CaseView>, Option<PageToken>), Fault> {
        let shortest = self.parts.agreements.borrow().shortest_keep();
        let shortest = shortest.unwrap_or(0);
        let last = day.saturating_sub(i32::from(shortest).days());
        let asked = ListAsked {
            home,
            list: ListName::All,
            areas: vec![home.into()],
            peer: None,
            today: self.today(),
            after,
            limit: PAGE,
        };
        let page = self.parts.cases.list(asked).await?;
        let found = page.cases.len();
        let old = page.cases.into_iter();
        let old = old.take_while(|(opened, _)| opened.is_some_and(|opened| opened < last));
        let old: Vec<CaseView> = old.map(|(_, case)| case).collect();
        let next = page.next.filter(|_| old.len() == found);
        Ok((old, next))
    }

    /// For how long a case is kept.
    async fn keeping_of(&self, case: &CaseView) -> Result<Keeping, Fault> {
        let waits = case.owed.iter().any(|owed| owed.is_open());
        let stands = if case.holds().next().is_some() {
            Stands::Held
        } else if waits || !case.state.is_ended() || case.erased {
            Stands::GoesOn
        } else {
            Stands::Ended
        };
        if stands != Stands::Ended {
            return Ok(keeping(stands, &[]));
        }
        self.keeping_of_ended(case).await
    }

    /// For how long one is kept that has ended.
    pub(super) async fn keeping_of_ended(&self, case: &CaseView) -> Result<Keeping, Fault> {
        let side = Side {
            home: case.home,
            other: case.other,
        };
        let agreements = Arc::clone(&self.parts.agreements.borrow());
        let mut terms = Vec::new();
        for entry in &case.history {
            let view = self.parts.store.notice_of_pair(side, entry.notice).await?;
            let Some(view) = view else { continue };
            if matches!(view.delivery, Delivery::Queued | Delivery::InFlight) {
                return Ok(Keeping::GoesOn);
            }
            let (Some(kind), Some(published)) = (kept_as(case, entry), day_of(entry.at_ms)) else {
                continue;
            };
            let agreement = view.facts.agreement;
            terms.push(Term {
                notice: entry.notice,
                kind: entry.kind,
                published,
                agreement,
                keep_for: agreements.keep_for(agreement, entry.channel, kind),
            });
        }
        Ok(keeping(Stands::Ended, &terms))
    }

    /// What is purged next, and what is not.
    pub(super) async fn list_retention(
        &self,
        caller: &OfficeId,
        asked: RetentionAsked,
    ) -> Result<RetentionSeen, Fault> {
        let authority = self.authority(caller)?;
        authority.require(COUNTERS)?;
        let home = authority.home(asked.home)?;
        let until = self.today();
        let until = until.saturating_add(i32::from(asked.within_days).days());
        let (mut cases, mut next) = (Vec::new(), asked.after);
        // Most of what is old was purged long ago: an answer looks over many of these.
        for _ in 0..PAGES {
            let (old, behind) = self.old_enough(home, until, next).await?;
            for case in &old {
                cases.extend(self.kept(&authority, case, until).await?);
            }
            next = behind;
            if next.is_none() || !cases.is_empty() {
                break;
            }
        }
        Ok(RetentionSeen { cases, next })
    }

    /// A case as it stands on the list; none if it goes on, or is kept longer.
    async fn kept(
        &self,
        authority: &Authority,
        case: &CaseView,
        until: Date,
    ) -> Result<Option<Kept>, Fault> {
        let why = match self.keeping_of(case).await? {
            Keeping::Until(day, term) if day <= until => WhyKept::Until(day, term),
            Keeping::Unknown(agreement) => WhyKept::Unknown(agreement),
            Keeping::Held => match case.holds().min_by_key(|held| held.at_ms) {
                Some(held) => WhyKept::Held(self.hold(authority, case.home, held).await?),
                None => return Ok(None),
            },
            Keeping::Until(..) | Keeping::GoesOn => return Ok(None),
        };
        Ok(Some(Kept {
            side: Side {
                home: case.home,
                other: case.other,
            },
            case: case.id,
            why,
        }))
    }

    async fn hold(&self, authority: &Authority, home: County, held: &Doing) -> Result<Hold, Fault> {
        let reason = match self.act(home, held).await? {
            Some(Act::Held { reason }) if authority.scope(home).is_whole(home) => {
                reason.as_str().to_owned()
            }
            _ => String::new(),
        };
        Ok(Hold {
            since_ms: held.at_ms,
            office: held.office.clone(),
            reason,
        })
    }
}

/// As which kind a notice is kept: a correction as what it corrects; none for what has no time of its
/// own since it goes with what it follows.
fn kept_as(case: &CaseView, entry: &HistoryEntry) -> Option<Kind> {
    match entry.kind {
        Kind::Correction => {
            let corrected = entry.speaks_of?;
            let corrected = case.history.iter().find(|it| it.notice == corrected)?;
            (!corrected.kind.follows()).then_some(corrected.kind)
        }
        kind => (!kind.follows()).then_some(kind),
    }
}

/// How often it is looked whether a day has passed.
const EVERY: Duration = Duration::from_secs(600);
/// So long the node rests between two pages.
const BREATH: Duration = Duration::from_millis(200);
const PAGE: usize = 200;
/// The most pages that one answer looks over.
const PAGES: usize = 25;
