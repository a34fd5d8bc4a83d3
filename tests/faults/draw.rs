//! A small generator, so that what was drawn can be drawn again.

use crate::harness::rounds;

/// Draws numbers from a seed.
pub struct Draw(u64);

impl Draw {
    /// From the seed `HONGYAN_SEED`, or another one in every process; it is printed, and a test that
    /// fails shows it.
    pub fn new(what: &str) -> Self {
        let seed = rounds("HONGYAN_SEED", std::process::id() as usize) as u64;
        eprintln!("{what}: HONGYAN_SEED={seed}");
        Self::of(seed)
    }

    /// From that seed.
    pub const fn of(seed: u64) -> Self {
        // Neighbouring seeds must not draw alike.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 16) % limit as u64).unwrap()
    }

    /// Heads or tails.
    pub fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}
