//! Sessions of durable consumers: what was handed out in this process, and what may have been
//! handed out before it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::state::{ConsumerState, State};
use crate::{
    domain::area::County,
    guard::Guard,
    store::{journal::record::Position, verb::ConsumerError, verb::NotNow},
};

/// The consumers' sessions.
pub(crate) struct Consumers {
    sessions: Mutex<HashMap<(County, String), Session>>,
    /// Where the journal ended at the start: what came later was never handed out before.
    end_at_start: Position,
}

struct Session {
    token: u64,
    acknowledged: Position,
    /// Looked through so far.
    looked: Position,
    /// Handed out so far on this lease.
    handed: (Position, u64),
    /// Handed out so far in this process, on any lease.
    most_handed: u64,
    /// Durably reserved.
    reserved: u64,
    /// Reserved by earlier processes.
    reserved_before: u64,
    unacknowledged: VecDeque<(Position, u64)>,
}

/// Where the next hand-over begins.
#[derive(Clone, Copy)]
pub(crate) struct Cursor {
    pub(crate) looked: Position,
    pub(crate) ordinal: u64,
    pub(crate) reserved: u64,
    most_handed: u64,
    reserved_before: u64,
}

impl Consumers {
    /// The sessions of the consumers that were there at the start.
    pub(crate) fn new(state: &State, end_at_start: Position) -> Self {
        let sessions = state
            .consumers
            .iter()
            .map(|(key, consumer)| (key.clone(), Session::at_start(consumer)))
            .collect();
        Self {
            sessions: Mutex::new(sessions),
            end_at_start,
        }
    }

    /// Notes that a consumer was made in this process.
    pub(crate) fn made(&self, home: County, name: &str, start: Position) {
        self.lock()
            .entry((home, name.to_owned()))
            .or_insert(Session {
                token: 0,
                acknowledged: start,
                looked: start,
                handed: (start, 0),
                most_handed: 0,
                reserved: 0,
                reserved_before: 0,
                unacknowledged: VecDeque::new(),
            });
    }

    /// Forgets a consumer.
    pub(crate) fn removed(&self, home: County, name: &str) {
        self.lock().remove(&(home, name.to_owned()));
    }

    /// Begins anew behind what is acknowledged; fences the older subscriber. Returns the token and
    /// the acknowledged position.
    pub(crate) fn take(&self, home: County, name: &str) -> Option<(u64, Position)> {
        let mut sessions = self.lock();
        let session = sessions.get_mut(&(home, name.to_owned()))?;
        session.token = session.token.saturating_add(1);
        let ordinal = session
            .unacknowledged
            .front()
            .map_or(session.handed.1, |(_, ordinal)| ordinal.saturating_sub(1));
        session.unacknowledged.clear();
        session.looked = session.acknowledged;
        session.handed = (session.acknowledged, ordinal);
        Some((session.token, session.acknowledged))
    }

    /// Where the holder of a lease goes on.
    pub(crate) fn cursor(
        &self,
        home: County,
        name: &str,
        token: u64,
    ) -> Result<Cursor, ConsumerError> {
        let mut sessions = self.lock();
        let session = holder(&mut sessions, home, name, token)?;
        Ok(Cursor {
            looked: session.looked,
            ordinal: session.handed.1,
            reserved: session.reserved,
            most_handed: session.most_handed,
            reserved_before: session.reserved_before,
        })
    }

    /// True if a notice may have been handed to this consumer before.
    pub(crate) fn handed_before(&self, cursor: Cursor, position: Position, ordinal: u64) -> bool {
        let in_this_process = ordinal <= cursor.most_handed;
        let before = ordinal <= cursor.reserved_before && position < self.end_at_start;
        Guard::Mark.holds() && (in_this_process || before)
    }

    /// Notes what is about to be handed out, and what is durably reserved for it.
    pub(crate) fn handed(
        &self,
        home: County,
        name: &str,
        token: u64,
        positions: &[Position],
        looked: Position,
        reserved: u64,
    ) -> Result<(), ConsumerError> {
        let mut sessions = self.lock();
        let session = holder(&mut sessions, home, name, token)?;
        session.reserved = session.reserved.max(reserved);
        session.looked = looked;
        for position in positions {
            let ordinal = session.handed.1.saturating_add(1);
            session.handed = (*position, ordinal);
            session.unacknowledged.push_back((*position, ordinal));
        }
        session.most_handed = session.most_handed.max(session.handed.1);
        Ok(())
    }

    /// The last notice handed out that an acknowledgement covers; none if it covers nothing new.
    pub(crate) fn covered(
        &self,
        home: County,
        name: &str,
        token: u64,
        position: Position,
    ) -> Result<Option<(Position, u64)>, ConsumerError> {
        let mut sessions = self.lock();
        let session = holder(&mut sessions, home, name, token)?;
        if position > session.handed.0 {
            return Err(ConsumerError::BeyondHandout);
        }
        Ok(session
            .unacknowledged
            .iter()
            .take_while(|(handed, _)| *handed <= position)
            .last()
            .copied())
    }

    /// An acknowledgement is durable.
    pub(crate) fn acknowledged(&self, home: County, name: &str, position: Position) {
        if let Some(session) = self.lock().get_mut(&(home, name.to_owned())) {
            session.acknowledged = session.acknowledged.max(position);
            while session
                .unacknowledged
                .front()
                .is_some_and(|(handed, _)| *handed <= position)
            {
                session.unacknowledged.pop_front();
            }
        }
    }

    /// Position up to which a consumer acknowledged.
    pub(crate) fn acknowledged_upto(&self, home: County, name: &str) -> Option<Position> {
        self.lock()
            .get(&(home, name.to_owned()))
            .map(|session| session.acknowledged)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(County, String), Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn at_start(consumer: &ConsumerState) -> Self {
        Self {
            token: 0,
            acknowledged: consumer.acknowledged,
            looked: consumer.acknowledged,
            handed: (consumer.acknowledged, consumer.acknowledged_ordinal),
            most_handed: 0,
            reserved: consumer.reserved,
            reserved_before: consumer.reserved,
            unacknowledged: VecDeque::new(),
        }
    }
}

fn holder<'a>(
    sessions: &'a mut HashMap<(County, String), Session>,
    home: County,
    name: &str,
    token: u64,
) -> Result<&'a mut Session, ConsumerError> {
    match sessions.get_mut(&(home, name.to_owned())) {
        Some(session) if session.token == token => Ok(session),
        _ => Err(NotNow::Fenced.into()),
    }
}

/// So far ahead of what is handed out is reserved at a time.
pub(crate) const RESERVED_AHEAD: u64 = 1_000;
