//! Where worlds stand: side by side, but for those whose times the others would spoil.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

static GROUND: RwLock<()> = RwLock::new(());

/// A place on the ground, for as long as it is held.
pub enum Place {
    Shared {
        _held: RwLockReadGuard<'static, ()>,
    },
    Alone {
        _held: RwLockWriteGuard<'static, ()>,
    },
}

impl Place {
    pub fn shared() -> Self {
        // A row that fails, as each does without its guard, leaves the ground as it was.
        let held = GROUND.read().unwrap_or_else(PoisonError::into_inner);
        Self::Shared { _held: held }
    }

    pub fn alone() -> Self {
        let held = GROUND.write().unwrap_or_else(PoisonError::into_inner);
        Self::Alone { _held: held }
    }
}
