//! A blocked Bloom filter (Putze, Sanders, Singler, "Cache-, hash- and space-efficient Bloom
//! filters", 2007): whether a hash may be among those that were added. One line of the processor's
//! cache is looked at for an answer.

use super::Hash;

/// Never says no to what was added; says yes to some one in 300 that were not.
pub(super) struct Filter(Vec<u8>);

impl Filter {
    /// An empty one for so many hashes.
    pub(super) fn of(hashes: usize) -> Self {
        let blocks = hashes.saturating_mul(BITS_A_HASH).div_ceil(BLOCK * 8);
        Self(vec![0; blocks.max(1).saturating_mul(BLOCK)])
    }

    pub(super) const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn add(&mut self, hash: &Hash) {
        let at = self.block_of(hash);
        for bit in bits(hash) {
            if let Some(byte) = self.0.get_mut(at.saturating_add(bit / 8)) {
                *byte |= 1 << (bit % 8);
            }
        }
    }

    pub(super) fn may_have(&self, hash: &Hash) -> bool {
        let at = self.block_of(hash);
        bits(hash).all(|bit| {
            let byte = self.0.get(at.saturating_add(bit / 8));
            // Where bytes are missing, only a look can tell.
            byte.is_none_or(|byte| byte & (1 << (bit % 8)) != 0)
        })
    }

    /// Where the block of a hash begins: by its first half, scaled to the number of blocks.
    fn block_of(&self, hash: &Hash) -> usize {
        let blocks = (self.0.len() / BLOCK) as u128;
        let half = u128::from_be_bytes(*hash) >> 64;
        usize::try_from((half.saturating_mul(blocks)) >> 64)
            .unwrap_or(0)
            .saturating_mul(BLOCK)
    }
}

/// The bits of a hash in its block: nine bits of its second half for each.
fn bits(hash: &Hash) -> impl Iterator<Item = usize> {
    let half = u128::from_be_bytes(*hash);
    (0..PROBES).map(move |probe| (half >> (9 * probe)) as usize % (BLOCK * 8))
}

/// Bytes of a line of the cache.
const BLOCK: usize = 64;
const BITS_A_HASH: usize = 16;
const PROBES: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::keys;

    #[test]
    fn what_was_added_is_there_and_hardly_anything_else() {
        let mut filter = Filter::of(10_000);
        let drawn = || -> Hash { keys::draw().unwrap() };
        let added: Vec<Hash> = (0..10_000).map(|_| drawn()).collect();
        for hash in &added {
            filter.add(hash);
        }
        let read = Filter::from_bytes(filter.bytes().to_vec());
        assert!(added.iter().all(|hash| read.may_have(hash)));
        let in_vain = (0..10_000).filter(|_| read.may_have(&drawn())).count();
        assert!(in_vain < 100, "{in_vain} of 10000");
        assert_eq!(filter.bytes().len(), 20_032);
    }

    #[test]
    fn a_filter_that_was_cut_says_yes() {
        assert!(Filter::from_bytes(Vec::new()).may_have(&[7; 16]));
    }
}
