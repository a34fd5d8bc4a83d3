//! Consents: written down, withdrawn, and found by the keyed hash of their reference.
//!
//! Each is sealed under a key of its own. Which are withdrawn is in memory too
//! ([`Withdrawn`](crate::store::Withdrawn)).

use std::sync::Arc;

use super::{
    index::IndexError,
    keys::{self, Consenting},
    places::{PlaceError, Places},
    stage::{Stage, StageError},
};
use crate::{
    domain::{
        area::County,
        consent::{Kept, Registered},
    },
    store::{
        journal::{
            consent,
            payload::{Payload, Seal},
            reader::ReadError,
            record::{Consented, Position, Record},
        },
        verb::{ConsentKey, ConsentWord, NotNow},
    },
};

/// Writes down what is said of a consent, unless it stands so.
pub(crate) fn consent(
    stage: &mut Stage<'_>,
    home: County,
    key: ConsentKey,
    word: ConsentWord,
    at_ms: i64,
) -> Result<Kept, StageError> {
    let known = newest(stage, home, key)?;
    let (said, seal) = match (word, known) {
        (ConsentWord::Given(given), None) => {
            let seal = stage.places.vault.seal_anew();
            (given, seal.map_err(PlaceError::from)?)
        }
        (ConsentWord::Given(given), Some((known, _))) => {
            let same = given == known;
            return Ok(if same { Kept::Repeated } else { Kept::Conflict });
        }
        (ConsentWord::Withdrawn { .. }, None) => return Ok(Kept::Unknown),
        (ConsentWord::Withdrawn { on }, Some((known, seal))) => {
            if known.withdrawn_on.is_some() {
                return Ok(Kept::Repeated);
            }
            let withdrawn = Registered {
                withdrawn_on: Some(on),
                ..known
            };
            (withdrawn, seal)
        }
    };
    stage.push(Record::Consented(Consented {
        home,
        key,
        withdrawn: said.withdrawn_on.is_some(),
        at_ms,
        payload: Payload::sealed(consent::encode(&said), seal),
    }))?;
    Ok(Kept::Anew)
}

/// A consent as it stands, and what to seal with what is said of it next; none once it was erased.
fn newest(
    stage: &Stage<'_>,
    home: County,
    key: ConsentKey,
) -> Result<Option<(Registered, Arc<Seal>)>, StageError> {
    let Some(entry) = stage.projection.get(&keys::consent(home, key))? else {
        return Ok(None);
    };
    let Consenting { at, .. } = Consenting::decode(&entry).map_err(IndexError::from)?;
    let record = stage.record_at(at)?;
    let Some(registered) = stage.places.registered(at, &record)? else {
        return Ok(None);
    };
    let slot = record.payload().and_then(Payload::slot);
    let slot = slot.ok_or(StageError::NotNow(NotNow::Unreadable))?;
    let seal = stage.places.vault.seal_at(slot).map_err(PlaceError::from)?;
    Ok(seal.map(|seal| (registered, seal)))
}

impl Places {
    /// What a record says of a consent; none once it was erased.
    fn registered(&self, at: Position, record: &Record) -> Result<Option<Registered>, PlaceError> {
        let damaged = || ReadError::Damaged { at: at.get() };
        let Record::Consented(consented) = record else {
            return Err(damaged().into());
        };
        let Some(said) = self.said(&consented.payload)? else {
            return Ok(None);
        };
        Ok(Some(consent::decode(&said).map_err(|_| damaged())?))
    }

    /// A consent as it stands.
    pub(super) fn consent(
        &self,
        home: County,
        key: ConsentKey,
    ) -> Result<Option<Registered>, PlaceError> {
        let Some(entry) = self.index.get(&keys::consent(home, key))? else {
            return Ok(None);
        };
        let Consenting { at, .. } = Consenting::decode(&entry).map_err(IndexError::from)?;
        self.registered(at, &self.segments.entry_at(at)?.record)
    }

    /// Consents of a home area behind one of them, in the order of their keys, `limit` at most.
    pub(super) fn consents(
        &self,
        home: County,
        after: Option<ConsentKey>,
        limit: usize,
    ) -> Result<Vec<(ConsentKey, Registered)>, PlaceError> {
        let prefix = keys::consents(home);
        let from = after.map_or_else(|| prefix.clone(), |after| keys::consent(home, after));
        let mut found = Vec::new();
        for entry in self.index.from(&prefix, &from) {
            if found.len() >= limit {
                break;
            }
            let (key, value) = entry?;
            let (_, key) = keys::consent_at(&key).map_err(IndexError::from)?;
            if after == Some(key) {
                continue;
            }
            let Consenting { at, .. } = Consenting::decode(&value).map_err(IndexError::from)?;
            let registered = self.registered(at, &self.segments.entry_at(at)?.record)?;
            found.extend(registered.map(|registered| (key, registered)));
        }
        Ok(found)
    }

    /// Reads from the index which consents are withdrawn.
    pub(super) fn note_withdrawn(&self) -> Result<(), IndexError> {
        for entry in self.index.from(keys::CONSENTS, keys::CONSENTS) {
            let (key, value) = entry?;
            if Consenting::decode(&value)?.withdrawn {
                let (home, key) = keys::consent_at(&key)?;
                self.withdrawn.add(home, key);
            }
        }
        Ok(())
    }
}
