//! How fast an office may ask about certificates and look people up: whoever could ask without end
//! could go through everybody.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{Office, problem::Fault};
use crate::{
    domain::{
        draft::RawDraft,
        field::Field,
        notice::Kind,
        pace::{Pace, Taken},
    },
    trust::identity::{OfficeId, SpiffeId},
};

/// The questions that each office asked lately. Not kept over a restart: a minute's worth more may
/// then come.
#[derive(Default)]
pub(super) struct Queries(Mutex<HashMap<SpiffeId, Taken>>);

impl Queries {
    fn take(&self, office: &SpiffeId, pace: Pace, now: Instant) -> Result<(), Duration> {
        // As many offices as the configuration lists: whoever it does not list never comes here.
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pace.take(asked.entry(office.clone()).or_default(), now)
    }
}

impl Office {
    /// Counts a draft that asks about a certificate, however it is published. Whether it is then
    /// refused or was published before makes no difference: it was asked.
    ///
    /// # Errors
    /// [`Fault::TooManyQueries`] if the office asks faster than it may.
    pub(super) fn count_query(&self, caller: &OfficeId, raw: &RawDraft) -> Result<(), Fault> {
        if raw.get(Field::Kind) != Some(Kind::CertificateQuery.name()) {
            return Ok(());
        }
        let pace = Pace::per_minute(self.config().limits.certificate_queries_per_minute);
        self.queries
            .take(caller.id(), pace, self.parts.clock.monotonic())
            .map_err(Fault::TooManyQueries)
    }

    /// Counts a look at what is held of a person, whether anything is or not.
    ///
    /// # Errors
    /// [`Fault::TooManyLookups`] if the office looks people up faster than anybody may.
    pub(super) fn count_lookup(&self, office: &SpiffeId) -> Result<(), Fault> {
        let now = self.parts.clock.monotonic();
        let taken = self.lookups.take(office, LOOKUPS, now);
        taken.map_err(Fault::TooManyLookups)
    }
}

/// A desk has one woman before it at a time.
const LOOKUPS: Pace = Pace::per_minute(NonZeroU32::MIN.saturating_add(9));
