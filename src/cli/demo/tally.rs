//! What became of every notice, counted at both ends.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

use super::account::Account;
use crate::{
    domain::{
        area::County,
        notice::{Kind, NoticeId},
    },
    office::client::Handover,
};

/// The count, shared by all who see something.
#[derive(Default)]
pub(super) struct Tally(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    lives: HashMap<NoticeId, Life>,
    accounts: BTreeMap<County, Account>,
    stored: BTreeMap<County, u64>,
    events: u64,
    again: u64,
}

/// What is known of one notice.
#[derive(Default)]
struct Life {
    from: Option<County>,
    movement: bool,
    sent: Option<Instant>,
    handed: Option<Instant>,
    sequence: u64,
}

/// How far everything has come.
pub(super) struct Standing {
    /// By county.
    pub(super) accounts: BTreeMap<County, Account>,
    /// Notices that the nodes say they have stored, answers included.
    pub(super) stored: u64,
    /// Changes whenever something happens.
    pub(super) events: u64,
    /// Hand-overs that were repeated and marked so.
    pub(super) again: u64,
}

impl Standing {
    /// All counties together.
    pub(super) fn total(&self) -> Account {
        let mut total = Account::default();
        for account in self.accounts.values() {
            total.add(account);
        }
        total
    }
}

impl Tally {
    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// That many departures and arrivals are to be published.
    pub(super) fn expect(&self, from: County, rows: u64) {
        let mut counted = self.counted();
        let account = counted.accounts.entry(from).or_default();
        account.expected = account.expected.saturating_add(rows);
    }

    /// A row that was refused before it was sent.
    pub(super) fn refused_row(&self, from: County, code: String) {
        let mut counted = self.counted();
        let account = counted.accounts.entry(from).or_default();
        bump(account.refused.entry(code).or_default());
    }

    /// The node refused a notice.
    pub(super) fn refused(&self, from: County, kind: Kind, code: String) {
        let mut counted = self.counted();
        bump(&mut counted.events);
        let account = counted.accounts.entry(from).or_default();
        bump(account.refused.entry(code).or_default());
        if is_movement(kind) {
            bump(&mut account.turned_down);
        }
    }

    /// The node accepted a notice that was first sent at that time.
    pub(super) fn accepted(&self, from: County, id: NoticeId, kind: Kind, at: Instant) {
        let mut counted = self.counted();
        let counted = &mut *counted;
        bump(&mut counted.events);
        let life = counted.lives.entry(id).or_default();
        (life.from, life.movement) = (Some(from), is_movement(kind));
        let account = counted.accounts.entry(from).or_default();
        if life.sent.replace(at).is_none() {
            bump(if is_movement(kind) {
                &mut account.accepted
            } else {
                &mut account.replies.0
            });
        }
    }

    /// An office was handed a notice.
    pub(super) fn handed(&self, handover: &Handover) {
        let header = &handover.notice.header;
        self.taken(
            header.from,
            (header.id, header.kind, header.answers),
            handover.sequence,
            handover.redelivered,
        );
    }

    fn taken(
        &self,
        from: County,
        (id, kind, answers): (NoticeId, Kind, Option<NoticeId>),
        sequence: u64,
        redelivered: bool,
    ) {
        let mut counted = self.counted();
        let counted = &mut *counted;
        bump(&mut counted.events);
        let life = counted.lives.entry(id).or_default();
        (life.from, life.movement) = (Some(from), is_movement(kind));
        let account = counted.accounts.entry(from).or_default();
        if life.handed.is_some() {
            if !redelivered || life.sequence != sequence {
                bump(&mut account.doubled);
            } else {
                bump(&mut counted.again);
            }
            return;
        }
        life.handed = Some(Instant::now());
        life.sequence = sequence;
        if is_movement(kind) {
            bump(&mut account.handed);
            return;
        }
        bump(&mut account.replies.1);
        // An answer counts for the county that asked.
        let asked = answers.and_then(|id| counted.lives.get(&id));
        if let Some(asker) = asked.and_then(|life| life.from) {
            bump(&mut counted.accounts.entry(asker).or_default().answered);
        }
    }

    /// So many notices have come to that node.
    pub(super) fn stored(&self, at: County, notices: u64) {
        self.counted().stored.insert(at, notices);
    }

    /// How far everything has come; nothing is lost yet, and no times are told.
    pub(super) fn standing(&self) -> Standing {
        let counted = self.counted();
        Standing {
            accounts: counted.accounts.clone(),
            stored: counted.stored.values().sum(),
            events: counted.events,
            again: counted.again,
        }
    }

    /// The end of it, with times and what is lost.
    pub(super) fn closed(&self) -> Standing {
        let mut standing = self.standing();
        let counted = self.counted();
        for life in counted.lives.values() {
            let Some(account) = life.from.and_then(|from| standing.accounts.get_mut(&from)) else {
                continue;
            };
            match (life.sent, life.handed) {
                (Some(sent), Some(handed)) if life.movement => {
                    let took = handed.saturating_duration_since(sent).as_millis();
                    account.took.push(u64::try_from(took).unwrap_or(u64::MAX));
                }
                (Some(_), None) => bump(&mut account.lost),
                _ => {}
            }
        }
        for account in standing.accounts.values_mut() {
            account.took.sort_unstable();
        }
        standing
    }
}

const fn is_movement(kind: Kind) -> bool {
    matches!(kind, Kind::Departure | Kind::Arrival)
}

const fn bump(count: &mut u64) {
    *count = count.saturating_add(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> NoticeId {
        NoticeId::new([1; 8], number)
    }

    fn county(code: &str) -> County {
        code.parse().unwrap()
    }

    #[test]
    fn a_notice_is_over_once_its_answer_is_back() {
        let (a, b) = (county("350582"), county("530111"));
        let tally = Tally::default();
        tally.expect(a, 1);
        tally.accepted(a, id(1), Kind::Departure, Instant::now());
        tally.taken(a, (id(1), Kind::Departure, None), 1, false);
        assert!(!tally.standing().total().is_over());
        tally.accepted(b, id(2), Kind::Feedback, Instant::now());
        tally.taken(b, (id(2), Kind::Feedback, Some(id(1))), 1, false);
        assert!(tally.standing().total().is_over());
        let total = tally.closed().total();
        assert_eq!((total.answered, total.lost, total.doubled), (1, 0, 0));
        assert_eq!(total.took.len(), 1);
    }

    #[test]
    fn a_second_hand_over_doubles_unless_it_is_marked_and_the_same() {
        let a = county("350582");
        let tally = Tally::default();
        let taken = |sequence, redelivered| {
            tally.taken(a, (id(1), Kind::Departure, None), sequence, redelivered);
        };
        taken(1, false);
        taken(1, true);
        assert_eq!(
            (tally.closed().total().doubled, tally.closed().again),
            (0, 1)
        );
        taken(1, false);
        taken(2, true);
        assert_eq!(tally.closed().total().doubled, 2);
    }

    #[test]
    fn what_was_accepted_and_not_handed_over_is_lost() {
        let a = county("350582");
        let tally = Tally::default();
        tally.accepted(a, id(1), Kind::Departure, Instant::now());
        tally.accepted(a, id(1), Kind::Departure, Instant::now());
        let total = tally.closed().total();
        assert_eq!((total.accepted, total.lost), (1, 1));
        assert_eq!(total.within(99), None);
    }
}
