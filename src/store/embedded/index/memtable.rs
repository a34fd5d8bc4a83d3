//! Changes that sled does not have yet: they lie over it in two layers, one that still grows, and
//! one that is on its way to sled. The newer hides the older, and both hide what sled holds.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use sled::IVec;

/// Keys with their values; none for a key that is removed.
pub(super) type Layer = BTreeMap<Vec<u8>, Option<IVec>>;

/// Both layers.
#[derive(Default)]
pub(super) struct Memtable {
    active: Layer,
    frozen: Arc<Layer>,
    /// Rises whenever a layer has become part of sled: what was found there before may be stale.
    generation: u64,
}

/// Which end of a range comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
}

/// A range of keys, not empty.
pub(super) type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

impl Memtable {
    /// Enters changes, and tells how many keys the growing layer has.
    pub(super) fn enter(
        &mut self,
        changes: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>,
    ) -> usize {
        let changes = changes.into_iter();
        self.active
            .extend(changes.map(|(key, value)| (key, value.map(IVec::from))));
        self.active.len()
    }

    /// What stands under a key: none if sled alone knows, none within for a key that is removed.
    pub(super) fn get(&self, key: &[u8]) -> Option<&Option<IVec>> {
        self.active.get(key).or_else(|| self.frozen.get(key))
    }

    /// The first key in that range, removed or not.
    pub(super) fn first(&self, bounds: Bounds<'_>, order: Order) -> Option<(&[u8], &Option<IVec>)> {
        let newer = end_of(&self.active, bounds, order);
        let older = end_of(&self.frozen, bounds, order);
        match (newer, older) {
            (Some(newer), Some(older)) => {
                let hidden = match order {
                    Order::Ascending => newer.0 <= older.0,
                    Order::Descending => newer.0 >= older.0,
                };
                Some(if hidden { newer } else { older })
            }
            (newer, older) => newer.or(older),
        }
    }

    /// Begins a new layer; the old one goes to sled. The one before it must be there.
    pub(super) fn freeze(&mut self) -> Arc<Layer> {
        self.frozen = Arc::new(std::mem::take(&mut self.active));
        Arc::clone(&self.frozen)
    }

    /// The frozen layer is part of sled. It is given back, to be dropped where nobody waits.
    pub(super) fn settle(&mut self) -> Arc<Layer> {
        self.generation = self.generation.wrapping_add(1);
        std::mem::take(&mut self.frozen)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.active.is_empty() && self.frozen.is_empty()
    }

    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }
}

fn end_of<'a>(
    layer: &'a Layer,
    bounds: Bounds<'_>,
    order: Order,
) -> Option<(&'a [u8], &'a Option<IVec>)> {
    let mut range = layer.range::<[u8], _>(bounds);
    let found = match order {
        Order::Ascending => range.next(),
        Order::Descending => range.next_back(),
    };
    found.map(|(key, value)| (key.as_slice(), value))
}
