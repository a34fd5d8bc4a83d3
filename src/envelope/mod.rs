//! stand-in
use crate::domain::{channel::Sequence, notice::NoticeId};
/// prefix
pub fn prefix(id: NoticeId, opposite: Sequence) -> Vec<u8> {
    let mut v = vec![0x0a, 16];
    v.extend_from_slice(id.as_bytes());
    let _ = opposite;
    v
}
