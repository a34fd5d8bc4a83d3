//! What notices and drafts of each kind say, by hand.

use crate::protobuf::{bytes, number};

/// How many kinds there are.
const KINDS: u64 = 17;

/// A kind by its number in a notice and in a draft, another one each time.
pub(super) fn kind(drawn: u64) -> u64 {
    DEPARTURE + drawn % KINDS
}

pub(super) const DEPARTURE: u64 = 20;
pub(super) const WITHDRAWAL: u64 = 32;
pub(super) const ERASURE: u64 = 33;

/// Whether such a notice must name another.
pub(super) fn names_a_notice(kind: u64) -> bool {
    !matches!(kind, 20 | 21 | 24 | 36)
}

/// A well-formed content of that kind, about that person and that move of hers.
pub(super) fn content(kind: u64, subject: &[u8], ends: [&str; 2]) -> Vec<u8> {
    let day = "2026-10-08";
    let movement = [
        bytes(1, subject),
        bytes(2, ends[0]),
        bytes(3, ends[1]),
        bytes(5, "测试路1号"),
        bytes(6, day),
    ]
    .concat();
    let said = match kind {
        20 | 21 => movement,
        22 => [number(1, 1), bytes(2, day)].concat(),
        23 => bytes(1, "测试"),
        24 => [bytes(1, subject), bytes(2, number(1, 1)), bytes(3, day)].concat(),
        25 => [number(1, 6), bytes(2, day), bytes(4, "2026-12-01")].concat(),
        27 => [bytes(1, day), bytes(2, bytes(3, "2026-12-01"))].concat(),
        29 => [bytes(1, day), bytes(2, bytes(2, "有效"))].concat(),
        30 => [bytes(1, day), bytes(2, "350583")].concat(),
        31 => [bytes(1, day), bytes(2, movement)].concat(),
        WITHDRAWAL => [bytes(1, day), number(2, 3)].concat(),
        34 => vec![],
        35 => bytes(1, "2026-12-01"),
        36 => [bytes(1, "2026-09"), bytes(2, number(1, 300))].concat(),
        // A day and nothing else.
        _ => bytes(1, day),
    };
    bytes(kind, said)
}
