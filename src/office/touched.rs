//! Whose data were exchanged in a time, without their values: what a breach touched.
//!
//! The store is read channel by channel, so that only the cases of one other area are in memory, and a
//! page at a time, so that the other tasks of the node go on.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
};

use tokio::sync::mpsc;

use super::{Office, authority::COUNTERS, problem::Fault};
use crate::{
    domain::{
        area::County,
        channel::{Channel, Sequence},
        delivery::{Confirmation, Delivery},
        field::Group,
        notice::{Kind, NoticeId},
    },
    envelope,
    store::{Direction, NotNow, NoticeView},
    trust::{connection::CallerInfo, identity::OfficeId},
};

/// Whose data are asked after.
#[derive(Clone, Copy)]
pub(super) struct TouchedAsked {
    pub(super) home: Option<County>,
    /// Only what that area has, or may have; else everything that is here.
    pub(super) peer: Option<County>,
    /// Exchanged at that time or later: milliseconds since 1970.
    pub(super) from_ms: i64,
    /// And before that time.
    pub(super) until_ms: i64,
}

/// A case some of whose notices are meant.
pub(super) struct TouchedCase {
    pub(super) case: NoticeId,
    pub(super) peer: County,
    pub(super) told: Tally,
}

/// What was exchanged of a case.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) first_at_ms: i64,
    pub(super) last_at_ms: i64,
    pub(super) kinds: BTreeSet<Kind>,
    /// The groups of the fields that were filled.
    pub(super) groups: BTreeSet<Group>,
}

/// All of it.
#[derive(Clone, Copy, Default)]
pub(super) struct Totals {
    pub(super) notices: u64,
    pub(super) cases: u64,
    /// People, as far as their numbers are known here.
    pub(super) people: u64,
}

/// What the caller is told, one after the other.
pub(super) enum Touched {
    Case(TouchedCase),
    /// The last.
    Totals(Totals),
}

impl Office {
    /// Tells of each case that is meant, those with one other area after those with another, and then
    /// how much it was.
    pub(super) async fn touched(
        self: &Arc<Self>,
        caller: CallerInfo<OfficeId>,
        asked: TouchedAsked,
    ) -> Result<mpsc::Receiver<Result<Touched, Fault>>, Fault> {
        let authority = self.authority(&caller.id)?;
        authority.require(COUNTERS)?;
        let home = authority.home(asked.home)?;
        let mut others = BTreeSet::new();
        for view in self.parts.store.channels().await? {
            let Channel { from, to } = view.channel;
            match view.direction {
                Direction::Out if from == home => others.insert(to),
                Direction::In if to == home => others.insert(from),
                Direction::Out | Direction::In => false,
            };
        }
        others.retain(|other| asked.peer.is_none_or(|peer| peer == *other));
        let (tell, told) = mpsc::channel(AHEAD);
        let office = Arc::clone(self);
        tokio::spawn(async move {
            let done = tokio::select! {
                biased;
                () = caller.cut.cancelled() => Err(Fault::Cut),
                () = office.stop.cancelled() => Err(NotNow::Stopping.into()),
                done = office.tell_touched(home, others, asked, &tell) => done,
            };
            if let Err(fault) = done {
                // If nobody listens any more, nobody has to know.
                tell.send(Err(fault)).await.unwrap_or_default();
            }
        });
        Ok(told)
    }

    async fn tell_touched(
        &self,
        home: County,
        others: BTreeSet<County>,
        asked: TouchedAsked,
        tell: &mpsc::Sender<Result<Touched, Fault>>,
    ) -> Result<(), Fault> {
        let mut totals = Totals::default();
        let digests = RandomState::new();
        let mut people: HashSet<Person> = HashSet::new();
        for peer in others {
            let With {
                cases,
                people: known,
            } = self.touched_with(home, peer, asked, &digests).await?;
            people.extend(cases.keys().filter_map(|case| known.get(case)));
            for (case, told) in cases {
                let notices = told.sent.saturating_add(told.received);
                totals.notices = totals.notices.saturating_add(notices);
                totals.cases = totals.cases.saturating_add(1);
                let touched = TouchedCase { case, peer, told };
                if tell.send(Ok(Touched::Case(touched))).await.is_err() {
                    return Ok(());
                }
            }
        }
        totals.people = people.len() as u64;
        // If nobody listens any more, nobody has to know.
        let last = tell.send(Ok(Touched::Totals(totals)));
        last.await.unwrap_or_default();
        Ok(())
    }

    /// The cases with one other area.
    async fn touched_with(
        &self,
        home: County,
        peer: County,
        asked: TouchedAsked,
        digests: &RandomState,
    ) -> Result<With, NotNow> {
        let out = Channel {
            from: home,
            to: peer,
        };
        let mut with = With::default();
        for (channel, direction) in [(out, Direction::Out), (out.opposite(), Direction::In)] {
            let mut after = Sequence::ZERO;
            loop {
                let store = &self.parts.store;
                let page = store.told(channel, direction, after, PAGE).await?;
                for view in &page.notices {
                    with.add(view, asked.means(view), digests);
                }
                if page.looked == after {
                    break;
                }
                after = page.looked;
                tokio::task::yield_now().await;
            }
        }
        Ok(with)
    }
}

impl TouchedAsked {
    fn means(&self, view: &NoticeView) -> bool {
        let is_within = (self.from_ms..self.until_ms).contains(&view.at_ms);
        let is_of_a_person = view.facts.kind != Kind::Bulletin;
        let is_there = self.peer.is_none() || may_be_there(&view.delivery);
        is_within && is_of_a_person && is_there
    }
}

/// Whether the other side may have seen it.
const fn may_be_there(delivery: &Delivery) -> bool {
    match delivery {
        Delivery::InFlight
        | Delivery::Stored
        | Delivery::Refused(_)
        | Delivery::Expired(Confirmation::Unconfirmed)
        | Delivery::Withdrawn(Confirmation::Unconfirmed) => true,
        Delivery::Queued
        | Delivery::Expired(Confirmation::Confirmed)
        | Delivery::Withdrawn(Confirmation::Confirmed) => false,
    }
}

/// A digest of her number under a key that is forgotten with the answer.
type Person = u64;

/// What there is with one other area.
#[derive(Default)]
struct With {
    /// The cases that are meant.
    cases: BTreeMap<NoticeId, Tally>,
    /// Of whom cases are, meant or not: who is named in one is often named once, long before.
    people: HashMap<NoticeId, Person>,
}

impl With {
    fn add(&mut self, view: &NoticeView, is_meant: bool, digests: &RandomState) {
        // Of bytes that are no notice of this version, and of what was erased, it is only known that
        // they were exchanged.
        let bytes = view.bytes.as_ref();
        let notice = bytes.and_then(|bytes| envelope::decode(bytes).ok());
        let subject = notice.as_ref().and_then(|notice| notice.content.subject());
        if let Some(subject) = subject {
            let person = digests.hash_one(subject.resident_id.as_str());
            self.people.insert(view.facts.case_id, person);
        }
        if !is_meant {
            return;
        }
        let told = (self.cases.entry(view.facts.case_id)).or_insert_with(|| Tally::of(view));
        told.add(view);
        let fields = notice.iter().flat_map(|notice| &notice.filled_fields);
        let groups = fields.map(|field| field.group());
        told.groups
            .extend(groups.filter(|group| *group != Group::Frame));
    }
}

impl Tally {
    /// None yet, at the time of its first.
    fn of(first: &NoticeView) -> Self {
        Self {
            first_at_ms: first.at_ms,
            last_at_ms: first.at_ms,
            ..Self::default()
        }
    }

    fn add(&mut self, view: &NoticeView) {
        match view.direction {
            Direction::Out => self.sent = self.sent.saturating_add(1),
            Direction::In => self.received = self.received.saturating_add(1),
        }
        self.first_at_ms = self.first_at_ms.min(view.at_ms);
        self.last_at_ms = self.last_at_ms.max(view.at_ms);
        self.kinds.insert(view.facts.kind);
    }
}

/// Places of a channel read at once: some milliseconds of work.
const PAGE: usize = 256;
/// Cases told ahead of the caller's reading.
const AHEAD: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{problem::Code, refusal::Refusal};

    #[test]
    fn what_never_left_is_not_there() {
        let refused = Delivery::Refused(Refusal::whole(Code::Malformed));
        let [unconfirmed, confirmed] = [Confirmation::Unconfirmed, Confirmation::Confirmed];
        for (delivery, there) in [
            (Delivery::Queued, false),
            (Delivery::InFlight, true),
            (Delivery::Stored, true),
            (refused, true),
            (Delivery::Expired(unconfirmed), true),
            (Delivery::Expired(confirmed), false),
            (Delivery::Withdrawn(unconfirmed), true),
            (Delivery::Withdrawn(confirmed), false),
        ] {
            assert_eq!(may_be_there(&delivery), there, "{delivery:?}");
        }
    }
}
