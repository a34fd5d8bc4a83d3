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

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Agreement>> {
        self.by_pair.values().flatten()
    }
}
