//! What people agreed to: registered, withdrawn, shown.

use jiff::civil::Date;

use super::{Office, authority::DESKS, problem::Fault};
use crate::{
    domain::{
        area::County,
        channel::Sequence,
        consent::{Kept, Registered},
        delivery::Delivery,
        problem::Code,
        receipt::VoidReason,
    },
    envelope,
    store::{ConsentKey, ConsentWord, Direction, NotNow, Side, Store},
    trust::identity::OfficeId,
};

/// Which consents are asked for. It has no `Debug`: a reference may name a person.
pub(super) struct ConsentsAsked {
    pub(super) home: Option<County>,
    /// Only that one.
    pub(super) reference: Option<String>,
    /// Where the page begins; none for the first.
    pub(super) after: Option<ConsentKey>,
}

/// What a withdrawal came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ConsentEnded {
    pub(super) repeated: bool,
    /// Notices that were not answered and end as withdrawn.
    pub(super) ended: u64,
    /// Of these, those that were under way.
    pub(super) under_way: u64,
}

/// A page of consents. It has no `Debug`: references may name people.
pub(super) struct ConsentsSeen {
    pub(super) consents: Vec<Registered>,
    /// Where the next page begins; none at the end.
    pub(super) next: Option<ConsentKey>,
}

impl Office {
    /// Under what a consent is kept.
    pub(super) fn consent_key(&self, home: County, reference: &str) -> ConsentKey {
        let key = self.parts.store.index_key();
        key.consent_hash(home.as_bytes(), reference.as_bytes())
    }

    fn home_of_consents(&self, caller: &OfficeId, home: Option<County>) -> Result<County, Fault> {
        let authority = self.authority(caller)?;
        authority.require(DESKS)?;
        let home = authority.home(home)?;
        if authority.scope(home).is_empty() {
            return Err(Fault::OutsideScope);
        }
        Ok(home)
    }

    /// Registers a consent; true if it was before.
    pub(super) async fn record_consent(
        &self,
        caller: &OfficeId,
        home: Option<County>,
        given: Registered,
    ) -> Result<bool, Fault> {
        let home = self.home_of_consents(caller, home)?;
        if given.date > self.today() {
            return Err(Fault::Argument("consent.date", Code::DateInFuture));
        }
        if given.withdrawn_on.is_some() {
            return Err(Fault::Argument("consent.withdrawn_on", Code::ValueFormat));
        }
        let key = self.consent_key(home, &given.reference);
        let (store, at_ms) = (&self.parts.store, self.parts.clock.now_ms());
        let word = ConsentWord::Given(given);
        match store.consent(home, key, word, at_ms).await? {
            Kept::Anew => Ok(false),
            Kept::Repeated => Ok(true),
            Kept::Conflict | Kept::Unknown => Err(Fault::ConsentKnown),
        }
    }

    /// Registers that a consent was withdrawn, and ends what waits under it. What was begun goes on if
    /// the caller goes.
    pub(super) async fn withdraw_consent(
        &self,
        caller: &OfficeId,
        home: Option<County>,
        reference: &str,
        on: Option<Date>,
    ) -> Result<ConsentEnded, Fault> {
        let home = self.home_of_consents(caller, home)?;
        let on = on.unwrap_or_else(|| self.today());
        if on > self.today() {
            return Err(Fault::Argument("withdrawn_on", Code::DateInFuture));
        }
        let key = self.consent_key(home, reference);
        let (store, at_ms) = (self.parts.store.clone(), self.parts.clock.now_ms());
        let given = store.consent_of(home, key).await?;
        if given.is_some_and(|given| given.date > on) {
            return Err(Fault::ConsentLater);
        }
        let withdrawing = async move {
            let word = ConsentWord::Withdrawn { on };
            let repeated = match store.consent(home, key, word, at_ms).await? {
                Kept::Anew => false,
                Kept::Repeated => true,
                Kept::Conflict | Kept::Unknown => return Err(Fault::UnknownConsent),
            };
            let (ended, under_way) = end_all(&store, home, key, at_ms).await?;
            Ok(ConsentEnded {
                repeated,
                ended,
                under_way,
            })
        };
        let withdrawn = tokio::spawn(withdrawing).await;
        withdrawn.map_err(|_| Fault::Defect)?
    }

    /// Registered consents: one, or a page of all.
    pub(super) async fn list_consents(
        &self,
        caller: &OfficeId,
        asked: ConsentsAsked,
    ) -> Result<ConsentsSeen, Fault> {
        let ConsentsAsked {
            home,
            reference,
            after,
        } = asked;
        let home = self.home_of_consents(caller, home)?;
        let store = &self.parts.store;
        if let Some(reference) = reference {
            let key = self.consent_key(home, &reference);
            let found = store.consent_of(home, key).await?;
            return Ok(ConsentsSeen {
                consents: vec![found.ok_or(Fault::UnknownConsent)?],
                next: None,
            });
        }
        let found = store.consents(home, after, PAGE).await?;
        let last = found.last().map(|(key, _)| *key);
        Ok(ConsentsSeen {
            next: last.filter(|_| found.len() >= PAGE),
            consents: found.into_iter().map(|(_, consent)| consent).collect(),
        })
    }
}

/// Ends every unanswered notice of a home area that carries sensitive fields under a consent, on hold
/// or not; says how many, and how many of them were under way. The couriers hold what they send
/// against the withdrawal too: what comes to wait after this, or was missed by a kill, never leaves.
async fn end_all(
    store: &Store,
    home: County,
    key: ConsentKey,
    at_ms: i64,
) -> Result<(u64, u64), NotNow> {
    let (mut all, mut under_way) = (0_u64, 0_u64);
    let hash = store.index_key();
    for view in store.channels().await? {
        let channel = view.channel;
        if view.direction != Direction::Out || channel.from != home {
            continue;
        }
        let side = Side::of(channel, Direction::Out);
        let mut after = Some(Sequence::ZERO);
        while let Some(from) = after {
            let page = store.waiting(channel, from, PAGE).await?;
            for waiting in page.notices {
                let Some(view) = store.notice_of_pair(side, waiting.id).await? else {
                    continue;
                };
                let consent = view.bytes.as_deref().and_then(envelope::consent_needed);
                let is_under = consent.is_some_and(|reference| {
                    hash.consent_hash(home.as_bytes(), reference.as_bytes()) == key
                });
                if !is_under {
                    continue;
                }
                let (why, code) = (VoidReason::Withdrawn, Some(Code::ConsentWithdrawn));
                if store
                    .end(channel, waiting.sequence, why, code, at_ms)
                    .await?
                {
                    all = all.saturating_add(1);
                    let gone = u64::from(view.delivery == Delivery::InFlight);
                    under_way = under_way.saturating_add(gone);
                }
            }
            after = page.next;
        }
    }
    Ok((all, under_way))
}

/// Read at once.
const PAGE: usize = 1_000;
