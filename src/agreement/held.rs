//! The agreements that a node holds.

use std::{collections::HashMap, sync::Arc};

use jiff::civil::Date;

use super::terms::Agreement;
use crate::domain::{
    agreement::{AgreementId, AgreementVersion},
    channel::Channel,
};

/// The agreements that a node holds, several versions of each at most; found by pair of areas.
#[derive(Clone, Debug, Default)]
pub struct Agreements {
    /// The versions of each pair, newest first.
    by_pair: HashMap<AgreementId, Vec<Arc<Agreement>>>,
}

/// Two texts under one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two different texts are both called agreement {0}; keep the one that both sides signed")]
pub struct TwoTexts(pub AgreementVersion);

impl Agreements {
    /// True if both hold the same versions with the same texts.
    pub fn same_as(&self, other: &Self) -> bool {
        let digests = |held: &Self| -> std::collections::BTreeMap<_, _> {
            held.iter()
                .map(|agreement| (agreement.version, *agreement.digest().as_bytes()))
                .collect()
        };
        digests(self) == digests(other)
    }

    /// Those agreements. The same text twice is held once.
    ///
    /// # Errors
    /// [`TwoTexts`] for one name with two different texts.
    pub fn new(agreements: impl IntoIterator<Item = Agreement>) -> Result<Self, TwoTexts> {
        let mut by_pair: HashMap<AgreementId, Vec<Arc<Agreement>>> = HashMap::new();
        for agreement in agreements {
            let versions = by_pair.entry(agreement.version.id).or_default();
            match versions
                .iter()
                .find(|held| held.version == agreement.version)
            {
                Some(held) if held.digest() == agreement.digest() => {}
                Some(held) => return Err(TwoTexts(held.version)),
                None => versions.push(Arc::new(agreement)),
            }
        }
        for versions in by_pair.values_mut() {
            versions.sort_by_key(|agreement| std::cmp::Reverse(agreement.version));
        }
        Ok(Self { by_pair })
    }

    /// The version of that name.
    pub fn version(&self, version: AgreementVersion) -> Option<&Arc<Agreement>> {
        self.between(version.id)
            .iter()
            .find(|held| held.version == version)
    }

    /// The newest version for that channel that is in force on that day.
    pub fn in_force(&self, channel: Channel, on: Date) -> Option<&Arc<Agreement>> {
        self.between(AgreementId::of(channel))
            .iter()
            .find(|held| held.in_force(on))
    }

    /// All versions between two areas, newest first.
    pub fn between(&self, id: AgreementId) -> &[Arc<Agreement>] {
        self.by_pair.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The pairs of areas of which no version is in force on that day, ascending.
    pub fn not_in_force(&self, on: Date) -> Vec<AgreementId> {
        let mut pairs: Vec<AgreementId> = self
            .by_pair
            .iter()
            .filter(|(_, versions)| !versions.iter().any(|held| held.in_force(on)))
            .map(|(id, _)| *id)
            .collect();
        pairs.sort_unstable();
        pairs
    }

    /// How many pairs of areas have any.
    pub fn pairs(&self) -> usize {
        self.by_pair.len()
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Agreement>> {
        self.by_pair.values().flatten()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::agreement::samples::TEXT;

    #[test]
    fn a_pair_is_not_in_force_before_and_after_all_its_versions() {
        let first = Agreement::parse(TEXT).unwrap();
        let renewed = TEXT
            .replace("version = 1", "version = 2")
            .replace("2026-01-01", "2029-01-01")
            .replace("2028-12-31", "2029-12-31");
        let id = first.version.id;
        let both = [first, Agreement::parse(&renewed).unwrap()];
        let held = Agreements::new(both).unwrap();
        assert_eq!(held.pairs(), 1);
        for (day, ended) in [
            (date(2025, 12, 31), vec![id]),
            (date(2028, 12, 31), vec![]),
            (date(2029, 1, 1), vec![]),
            (date(2030, 1, 1), vec![id]),
        ] {
            assert_eq!(held.not_in_force(day), ended, "{day}");
        }
    }
}
