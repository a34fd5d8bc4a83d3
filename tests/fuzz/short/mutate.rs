//! Bytes changed as rot, a bad copy or an attacker changes them.

/// Draws numbers from a seed.
pub(super) struct Draw(u64);

impl Draw {
    /// From that seed.
    pub(super) const fn of(seed: u64) -> Self {
        // Neighbouring seeds must not draw alike.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`, or 0.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let drawn = usize::try_from(self.0 >> 16).unwrap();
        drawn.checked_rem(limit).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    /// A range of so many bytes; most are short.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let most = if self.below(4) == 0 { length } else { 16 };
        let start = self.below(length + 1);
        let end = start + self.below(most + 1);
        start..end.min(length)
    }
}

/// A seed that was changed once or a few times. The first rounds cut the seeds everywhere.
pub(super) fn mutated(seeds: &[Vec<u8>], round: u64, draw: &mut Draw) -> Vec<u8> {
    let mut bytes = seeds[draw.below(seeds.len())].clone();
    if round.is_multiple_of(16) {
        bytes.truncate(draw.below(bytes.len()));
        return bytes;
    }
    for _ in 0..=draw.below(4) {
        change(&mut bytes, seeds, draw);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], draw: &mut Draw) {
    let length = bytes.len();
    let at = draw.below(length);
    match draw.below(9) {
        // A bit.
        0 | 1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << draw.below(8);
            }
        }
        // A byte.
        2 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = [0, 1, 0x7f, 0x80, 0xff, b'"', b'\n', b'9', draw.byte()][draw.below(9)];
            }
        }
        // What looks like a number or a length lies.
        3 | 4 => lie(bytes, at, draw),
        // Something is left out, stands twice, or comes from elsewhere.
        5 => {
            bytes.drain(draw.range(length));
        }
        6 => {
            let copied = bytes[draw.range(length)].to_vec();
            let times = [1, 1, 1, 2, 50][draw.below(5)];
            let copied = copied.repeat(times.min((1 << 20) / copied.len().max(1)));
            bytes.splice(at..at, copied);
        }
        7 => {
            let other = &seeds[draw.below(seeds.len())];
            let copied = other[draw.range(other.len())].to_vec();
            let gone = draw.range(length);
            bytes.splice(gone, copied);
        }
        _ => {
            let new: Vec<u8> = (0..draw.below(9)).map(|_| draw.byte()).collect();
            bytes.splice(at..at, new);
        }
    }
}

/// Puts another number in the place of one, two, four or eight bytes, or of digits.
fn lie(bytes: &mut [u8], at: usize, draw: &mut Draw) {
    if bytes.get(at).is_some_and(u8::is_ascii_digit) {
        let digits = bytes[at..]
            .iter_mut()
            .take_while(|byte| byte.is_ascii_digit());
        let digit = b'0' + u8::try_from(draw.below(10)).unwrap();
        digits.for_each(|byte| *byte = digit);
        return;
    }
    let width = [1, 2, 4, 8][draw.below(4)];
    let Some(place) = bytes.get_mut(at..at + width) else {
        return;
    };
    let near = place
        .iter()
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let number = match draw.below(7) {
        0 => 0,
        1 => u64::MAX,
        2 => u64::MAX >> 1,
        3 => near.wrapping_add(1),
        4 => near.wrapping_sub(1),
        5 => near.wrapping_mul(2),
        _ => 1 << draw.below(64),
    };
    let written = number.to_be_bytes();
    place.copy_from_slice(&written[8 - width..]);
    if draw.below(2) == 0 {
        place.reverse();
    }
}
