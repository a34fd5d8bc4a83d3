//! The blocks of a vault: drawn, kept open while they are used, wrapped anew.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use super::{
    VaultError,
    block::{self, Block, disk},
};
use crate::trust::{
    keys::{NoRandomness, draw},
    master_key::{MasterKeyId, MasterKeys},
};

/// All blocks in a directory, and the master keys that open them.
pub(super) struct Blocks {
    directory: PathBuf,
    masters: RwLock<MasterKeys>,
    opened: Mutex<Opened>,
    /// Whoever changes the file of a block that is there has it.
    changing: Mutex<()>,
}

/// Blocks that were used lately, each with the number of its last use.
#[derive(Default)]
struct Opened {
    blocks: HashMap<u64, (Arc<Block>, u64)>,
    uses: u64,
}

impl Blocks {
    /// The blocks of a directory.
    pub(super) fn new(directory: PathBuf, masters: MasterKeys) -> Self {
        Self {
            directory,
            masters: RwLock::new(masters),
            opened: Mutex::default(),
            changing: Mutex::default(),
        }
    }

    /// A block that is there.
    pub(super) fn get(&self, number: u64) -> Result<Arc<Block>, VaultError> {
        {
            let mut opened = self.opened();
            opened.uses = opened.uses.wrapping_add(1);
            let uses = opened.uses;
            if let Some((block, used)) = opened.blocks.get_mut(&number) {
                *used = uses;
                return Ok(Arc::clone(block));
            }
        }
        // Nobody keeps what was read before keys of it were destroyed.
        let _turn = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let block = Block::read(&self.directory, number, &self.masters())?;
        Ok(self.keep(block))
    }

    /// Destroys the keys at those places of a block, on the disk and then in memory; gives what is
    /// left of it, or none if it had none of them. A block that is not there has none.
    pub(super) fn destroy(
        &self,
        number: u64,
        places: &[u16],
    ) -> Result<Option<Arc<Block>>, VaultError> {
        let _turn = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let masters = self.masters.read().unwrap_or_else(PoisonError::into_inner);
        let block = match Block::read(&self.directory, number, &masters) {
            Ok(block) => block,
            Err(VaultError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(left) = block.without(places) else {
            return Ok(None);
        };
        left.write(&self.directory, masters.first())?;
        Ok(Some(self.keep(left)))
    }

    /// Draws a block of so many keys and writes it down.
    pub(super) fn draw(&self, count: u16) -> Result<Arc<Block>, VaultError> {
        let block = Block::draw(number()?, count)?;
        {
            let masters = self.masters.read().unwrap_or_else(PoisonError::into_inner);
            block.write(&self.directory, masters.first())?;
        }
        Ok(self.keep(block))
    }

    /// Wraps every block by the first of these keys, one after the other; says how many were wrapped
    /// by another. From the beginning on, new blocks are wrapped by it.
    pub(super) fn wrap_by(&self, masters: MasterKeys) -> Result<u64, VaultError> {
        let first = masters.first().clone();
        {
            // A block that is being drawn is written under this lock, so it is among them.
            let mut in_use = self.masters.write().unwrap_or_else(PoisonError::into_inner);
            all_opened_by(&self.directory, &masters)?;
            *in_use = masters;
        }
        let mut wrapped = 0u64;
        for number in stale(&self.directory, first.id())? {
            let _turn = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
            let block = Block::read(&self.directory, number, &self.masters())?;
            block.write(&self.directory, &first)?;
            wrapped = wrapped.saturating_add(1);
        }
        Ok(wrapped)
    }

    /// Reads and opens every block; says how many there are.
    pub(super) fn check(&self) -> Result<u64, VaultError> {
        let numbers = block::numbers(&self.directory).map_err(disk(&self.directory))?;
        let masters = self.masters();
        for number in &numbers {
            Block::read(&self.directory, *number, &masters)?;
        }
        Ok(numbers.len() as u64)
    }

    /// What stands in the journal was sealed under other keys than those of that block.
    pub(super) fn differs(&self, number: u64) -> VaultError {
        VaultError::Differs {
            path: block::path_of(&self.directory, number),
        }
    }

    /// That block does not hold what it is to hold.
    pub(super) fn damaged(&self, number: u64) -> VaultError {
        VaultError::Damaged {
            path: block::path_of(&self.directory, number),
        }
    }

    fn masters(&self) -> MasterKeys {
        let masters = self.masters.read().unwrap_or_else(PoisonError::into_inner);
        masters.clone()
    }

    /// Keeps an opened block for those who ask next; the one that was not used longest goes.
    fn keep(&self, block: Block) -> Arc<Block> {
        let (number, block) = (block.number, Arc::new(block));
        let mut opened = self.opened();
        let uses = opened.uses;
        if opened.blocks.len() >= MOST_OPEN
            && let Some(oldest) = opened
                .blocks
                .iter()
                .min_by_key(|(_, (_, used))| *used)
                .map(|(number, _)| *number)
        {
            opened.blocks.remove(&oldest);
        }
        opened.blocks.insert(number, (Arc::clone(&block), uses));
        block
    }

    fn opened(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of a new block: drawn, so that no two are the same, not even one that was lost and one
/// that was drawn after an old copy was put back.
fn number() -> Result<u64, NoRandomness> {
    let number = u64::from_be_bytes(draw()?) >> 16;
    // Small ones are the node's own.
    Ok(number.max(1 << 16))
}

/// Fails with the first block that none of these keys opens, as its head says.
pub(super) fn all_opened_by(directory: &Path, masters: &MasterKeys) -> Result<(), VaultError> {
    for number in block::numbers(directory).map_err(disk(directory))? {
        if masters.of(block::wrapped_by(directory, number)?).is_none() {
            // One that rotted there is named as such.
            Block::read(directory, number, masters)?;
        }
    }
    Ok(())
}

/// The blocks that are not wrapped by that key, as their heads say.
pub(super) fn stale(directory: &Path, id: MasterKeyId) -> Result<Vec<u64>, VaultError> {
    let mut stale = Vec::new();
    for number in block::numbers(directory).map_err(disk(directory))? {
        if block::wrapped_by(directory, number)? != id {
            stale.push(number);
        }
    }
    Ok(stale)
}

/// Blocks that are kept open: 8 MiB at most.
const MOST_OPEN: usize = 16;
