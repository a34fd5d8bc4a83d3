//! Which consents are withdrawn, in memory: whatever is about to leave is held against that.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
};

use super::verb::ConsentKey;
use crate::domain::area::County;

/// The consents that were withdrawn. Shared by all who read and by whoever sends.
#[derive(Clone, Default)]
pub struct Withdrawn(Arc<RwLock<HashSet<(County, ConsentKey)>>>);

impl Withdrawn {
    /// Whether any is, of a home area.
    pub fn any(&self, home: County) -> bool {
        let withdrawn = self.0.read().unwrap_or_else(PoisonError::into_inner);
        withdrawn.iter().any(|(of, _)| *of == home)
    }

    /// Whether that one is.
    pub fn holds(&self, home: County, key: ConsentKey) -> bool {
        let withdrawn = self.0.read().unwrap_or_else(PoisonError::into_inner);
        withdrawn.contains(&(home, key))
    }

    pub(crate) fn add(&self, home: County, key: ConsentKey) {
        let mut withdrawn = self.0.write().unwrap_or_else(PoisonError::into_inner);
        withdrawn.insert((home, key));
    }
}
