//! What offices do, on record.
//!
//! Of a reading the answer leaves only once the act is durable; of what changes something the act is
//! recorded with it or behind it, and a publication carries its own (see
//! [`Store::publish_on_record`](crate::store::Store::publish_on_record)). A call that was refused is on
//! record too.

use std::sync::Arc;

use super::{Office, authority::AUDITORS, problem::Fault, working};
use crate::{
    domain::{
        area::County,
        audit::{Act, Came, Counts, Entry, On, Purpose, Who},
        channel::Digest,
        problem::Code,
    },
    guard::Guard,
    pairing::life,
    store::{AuditPart, Audited, NotNow, Position},
    trust::{
        audit_head::AuditHeadForm, connection::CallerInfo, identity::OfficeId, signature::Signed,
    },
};

/// Who calls, and from where.
pub(super) type Caller = CallerInfo<OfficeId>;

/// What a call came to, beyond that it was done.
#[derive(Default)]
pub(super) struct Told {
    pub(super) purpose: Purpose,
    pub(super) counts: Counts,
}

impl Told {
    /// So many, and none of them personal.
    pub(super) fn counted(count: usize) -> Self {
        Self {
            counts: Counts::of(count),
            purpose: Purpose::None,
        }
    }
}

/// Which acts on record an office asks for.
pub(super) struct ActsAsked {
    pub(super) home: Option<County>,
    pub(super) from_ms: Option<i64>,
    pub(super) until_ms: Option<i64>,
    /// Part of who did it; empty for all.
    pub(super) who: String,
    pub(super) act: Option<Act>,
    /// 0 for the usual.
    pub(super) page_size: u32,
    /// Where the page begins; none for the newest.
    pub(super) before: Option<Position>,
}

/// A page of acts, the newest first.
pub(super) struct ActsSeen {
    pub(super) acts: Vec<Audited>,
    /// Where the next page begins; none at the end.
    pub(super) next: Option<Position>,
}

/// Of which part of the record an excerpt is asked for.
pub(super) struct ExcerptAsked {
    pub(super) home: Option<County>,
    pub(super) from_ms: Option<i64>,
    pub(super) until_ms: Option<i64>,
}

/// An excerpt of what is on record, part by part.
pub(super) struct Excerpt {
    home: County,
    from_ms: i64,
    until_ms: i64,
    after: Position,
    form: Option<AuditHeadForm>,
    over: bool,
}

/// What the node signed of an excerpt, and with which key.
pub(super) struct Seal {
    pub(super) signed: Signed,
    pub(super) key: Vec<u8>,
}

/// The next part of an excerpt.
pub(super) enum Part {
    Acts(Vec<Audited>),
    Seal(Seal),
}

impl Office {
    /// An act of a caller, as it is put on record.
    pub(super) fn entry(&self, caller: &Caller, act: Act, on: Vec<On>) -> Entry {
        let config = self.config();
        let mut offices = config.office_clients.iter();
        let office = offices.find(|office| office.id == *caller.id.id());
        let roles = office.map_or(&[][..], |office| office.roles.as_slice());
        let roles: Vec<&str> = roles.iter().map(|role| role.name()).collect();
        Entry {
            at_ms: self.parts.clock.now_ms(),
            who: Who::Office(caller.id.to_string()),
            role: roles.join(","),
            from: caller.remote.to_string(),
            act,
            on,
            purpose: Purpose::None,
            came: Came::Done,
            counts: Counts::default(),
        }
    }

    /// In which home area's journal an act of a caller stands: the one that it acts for first.
    pub(super) fn home_of(&self, caller: &Caller) -> Option<County> {
        let config = self.config();
        let mut offices = config.office_clients.iter();
        let office = offices.find(|office| office.id == *caller.id.id());
        let own = office.and_then(|office| office.areas.first());
        let own = own.map(|area| area.county());
        own.filter(|home| config.areas.contains(home))
            .or_else(|| config.areas.first().copied())
    }

    /// Puts on record what a call came to, before it is answered. What was to leave the node stays
    /// there if that cannot be done.
    ///
    /// # Errors
    /// Those of the call; and of a reading, why it cannot be recorded.
    pub(super) async fn on_record<T>(
        &self,
        caller: &Caller,
        act: Act,
        on: Vec<On>,
        called: Result<T, Fault>,
        told: impl FnOnce(&T) -> Told,
    ) -> Result<T, Fault> {
        let value = match called {
            Ok(value) => value,
            Err(fault) => return Err(self.refused(caller, act, on, fault).await),
        };
        let Told { purpose, counts } = told(&value);
        let entry = Entry {
            purpose,
            counts,
            ..self.entry(caller, act, on)
        };
        match self.record(caller, entry).await {
            Err(NotNow::StorageLow) if act.is_reading() => Err(Fault::NotRecorded),
            Err(error) if act.is_reading() => Err(error.into()),
            Err(error) => {
                tracing::error!(office = %caller.id, act = act.name(), %error, "An act is not on record.");
                Ok(value)
            }
            Ok(()) => Ok(value),
        }
    }

    /// Puts on record what was refused of a call that else records itself.
    ///
    /// # Errors
    /// Those of the call.
    pub(super) async fn or_refused<T>(
        &self,
        caller: &Caller,
        act: Act,
        called: Result<T, Fault>,
    ) -> Result<T, Fault> {
        match called {
            Ok(value) => Ok(value),
            Err(fault) => Err(self.refused(caller, act, Vec::new(), fault).await),
        }
    }

    /// Puts on record that a call was refused; gives why it was.
    pub(super) async fn refused(
        &self,
        caller: &Caller,
        act: Act,
        on: Vec<On>,
        fault: Fault,
    ) -> Fault {
        let entry = Entry {
            came: Came::Refused(fault.reason().to_owned()),
            ..self.entry(caller, act, on)
        };
        if let Some(home) = self.home_of(caller)
            && Guard::Audit.holds()
        {
            // It waits for the next group, so whoever is refused again and again is slowed down.
            let recorded = self.parts.store.audit_along(home, vec![entry]).await;
            if let Err(error) = recorded {
                tracing::error!(office = %caller.id, act = act.name(), %error, "A refusal is not on record.");
            }
        }
        fault
    }

    /// Puts an act on record; done when it is durable.
    pub(super) async fn record(&self, caller: &Caller, entry: Entry) -> Result<(), NotNow> {
        match self.home_of(caller) {
            Some(home) if Guard::Audit.holds() => self.parts.store.audit(home, vec![entry]).await,
            Some(_) | None => Ok(()),
        }
    }

    /// Puts an act on record with the next group that is written. Nobody waits for it.
    pub(super) fn record_along(&self, caller: &Caller, entry: Entry) {
        let Some(home) = self.home_of(caller).filter(|_| Guard::Audit.holds()) else {
            return;
        };
        let (store, office) = (self.parts.store.clone(), caller.id.clone());
        tokio::spawn(async move {
            if let Err(error) = store.audit_along(home, vec![entry]).await {
                tracing::error!(%office, %error, "An act is not on record.");
            }
        });
    }

    /// A page of what is on record.
    pub(super) async fn list_audit(
        &self,
        caller: &Caller,
        asked: ActsAsked,
    ) -> Result<ActsSeen, Fault> {
        let ActsAsked {
            home,
            from_ms,
            until_ms,
            who,
            act,
            page_size,
            before,
        } = asked;
        let authority = self.authority(&caller.id)?;
        authority.require(AUDITORS)?;
        let home = authority.home(home)?;
        let size = match usize::try_from(page_size) {
            Ok(0) => USUAL_PAGE,
            Ok(size) if size <= MOST_PAGE => size,
            Ok(_) | Err(_) => return Err(Fault::Argument("page_size", Code::ValueFormat)),
        };
        let wanted = |entry: &Entry| {
            from_ms.is_none_or(|from| entry.at_ms >= from)
                && until_ms.is_none_or(|until| entry.at_ms <= until)
                && act.is_none_or(|act| entry.act == act)
                && entry.who.to_string().contains(&who)
        };
        let mut acts = Vec::new();
        let mut next = Some(before.unwrap_or(Position::new(u64::MAX)));
        // What is wanted may be little among much: some looks, then the client asks on.
        for _ in 0..MOST_LOOKS {
            let Some(before) = next else { break };
            let part = AuditPart::Before(before);
            let page = self.parts.store.audited(home, part, MOST_PAGE).await?;
            next = page.last().map(|(at, _)| *at);
            for (at, audited) in page {
                if wanted(&audited.entry) {
                    acts.push(audited);
                }
                if acts.len() >= size {
                    return Ok(ActsSeen {
                        acts,
                        next: Some(at),
                    });
                }
            }
        }
        Ok(ActsSeen { acts, next })
    }

    /// Begins an excerpt: from the first act at that time or later to the last at that time or
    /// earlier, with all between them.
    pub(super) fn excerpt(&self, caller: &Caller, asked: &ExcerptAsked) -> Result<Excerpt, Fault> {
        let ExcerptAsked {
            home,
            from_ms,
            until_ms,
        } = asked;
        let authority = self.authority(&caller.id)?;
        authority.require(AUDITORS)?;
        Ok(Excerpt {
            home: authority.home(*home)?,
            from_ms: from_ms.unwrap_or(i64::MIN),
            until_ms: until_ms.unwrap_or(i64::MAX),
            after: Position::START,
            form: None,
            over: false,
        })
    }

    /// The next part of an excerpt; none behind its seal.
    pub(super) async fn next_of(&self, excerpt: &mut Excerpt) -> Result<Option<Part>, Fault> {
        let store = &self.parts.store;
        while !excerpt.over {
            let part = AuditPart::Behind(excerpt.after);
            let page = store.audited(excerpt.home, part, MOST_PAGE).await?;
            let Some((last, _)) = page.last() else {
                excerpt.over = true;
                break;
            };
            excerpt.after = *last;
            let mut acts = Vec::new();
            for (_, audited) in page {
                if audited.entry.at_ms > excerpt.until_ms {
                    excerpt.over = true;
                    break;
                }
                let begun = excerpt.form.is_some() || audited.entry.at_ms >= excerpt.from_ms;
                if !begun {
                    continue;
                }
                let form = excerpt.form.get_or_insert_with(|| {
                    let before = audited.number.saturating_sub(1);
                    self.no_act(excerpt.home, before, audited.previous)
                });
                if form.last.checked_add(1) != Some(audited.number) || form.head != audited.previous
                {
                    // Whoever signs it would answer for what somebody else did to the journal.
                    return Err(NotNow::Unreadable.into());
                }
                form.add(audited.digest());
                acts.push(audited);
            }
            if !acts.is_empty() {
                return Ok(Some(Part::Acts(acts)));
            }
        }
        let Some(mut form) = excerpt.form.take() else {
            return Ok(None);
        };
        form.time_ms = self.parts.clock.now_ms();
        let trust = Arc::clone(&self.parts.trust.borrow());
        let key = trust.signing_key();
        let signed = key.sign(trust.id().trust_domain(), &form);
        Ok(Some(Part::Seal(Seal {
            signed: signed.map_err(|_| Fault::Defect)?,
            key: key.public().spki().to_vec(),
        })))
    }

    fn no_act(&self, home: County, last: u64, head: Digest) -> AuditHeadForm {
        AuditHeadForm::begin(home, self.config().mode.is_sandbox(), last, head)
    }
}

/// What an operator says of an agreement, as an act.
pub(super) fn of_agreement(act: &life::Act) -> (Act, Vec<On>) {
    let of = |which: &life::Which| vec![On::Agreement(which.id, which.version)];
    match act {
        life::Act::Propose { to, .. } => (Act::AgreementProposed, vec![On::Peer(*to)]),
        life::Act::Amend { id, .. } => (Act::AgreementAmended, vec![On::Agreement(*id, None)]),
        life::Act::Accept(which) => (
            Act::AgreementAccepted,
            vec![On::Agreement(which.id, Some(which.version))],
        ),
        life::Act::Suspend { which, .. } => (Act::AgreementSuspended, of(which)),
        life::Act::Resume(which) => (Act::AgreementResumed, of(which)),
        life::Act::End { which, .. } => (Act::AgreementEnded, of(which)),
    }
}

/// What a desk does about cases, as an act.
pub(super) const fn of_work(doing: &working::Doing) -> Act {
    match doing {
        working::Doing::Take => Act::CasesTakenUp,
        working::Doing::Verify => Act::CasesVerified,
        working::Doing::Forward(_) => Act::CasesForwarded,
        working::Doing::Note(_) => Act::CasesNoted,
        working::Doing::PassOn | working::Doing::PassedOn => Act::CasesPassedOn,
        working::Doing::Part(_) => Act::CasesParted,
        working::Doing::Answer(_) => Act::CasesAnswered,
        working::Doing::Close(_) => Act::CasesClosed,
        working::Doing::Erase(_) => Act::CasesErased,
        working::Doing::Hold(_) => Act::CasesHeld,
        working::Doing::Release => Act::CasesReleased,
    }
}

/// What became of cases, one by one.
pub(super) fn of_outcomes(outcomes: &[working::Outcome]) -> Counts {
    let refused = outcomes.iter().filter(|it| it.result.is_err()).count();
    Counts {
        refused: refused as u64,
        ..Counts::of(outcomes.len().saturating_sub(refused))
    }
}

const USUAL_PAGE: usize = 100;

const MOST_PAGE: usize = 1_000;

const MOST_LOOKS: usize = 16;
