//! Times, counted in buckets a sixty-fourth wide: a figure read from it is at most 1.6 % too high.

/// Nanoseconds, from none to 18 minutes; what is longer counts as that.
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: vec![0; bucket(LONGEST) + 1],
            count: 0,
        }
    }
}

impl Histogram {
    pub fn record(&mut self, nanoseconds: u64) {
        self.buckets[bucket(nanoseconds.min(LONGEST))] += 1;
        self.count += 1;
    }

    /// Adds what another has counted.
    pub fn add(&mut self, other: &Self) {
        for (own, others) in self.buckets.iter_mut().zip(&other.buckets) {
            *own += others;
        }
        self.count += other.count;
    }

    /// The time within which that share of all times lies, in microseconds.
    pub fn percentile(&self, percent: f64) -> f64 {
        let rank = (self.count as f64 * percent / 100.0).ceil().max(1.0) as u64;
        let mut seen = 0;
        let place = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        place.map_or(0.0, |place| upper(place) as f64 / 1_000.0)
    }
}

/// Each power of two has as many buckets; what is smaller has one for each value.
const PARTS: u64 = 64;
const LONGEST: u64 = (1 << 40) - 1;

fn bucket(value: u64) -> usize {
    if value < PARTS {
        return value as usize;
    }
    let shift = value.ilog2() - PARTS.ilog2();
    (u64::from(shift) * PARTS + (value >> shift)) as usize
}

/// The highest value of a bucket.
fn upper(place: usize) -> u64 {
    let place = place as u64;
    if place < 2 * PARTS {
        return place;
    }
    let shift = place / PARTS - 1;
    ((place % PARTS + PARTS + 1) << shift) - 1
}
