//! stand-in
use crate::domain::channel::Digest;
use aws_lc_rs::digest::{Context, SHA256};
/// head
pub fn chain(head: Digest, digest: Digest) -> Digest {
    let mut c = Context::new(&SHA256);
    c.update(head.as_bytes());
    c.update(digest.as_bytes());
    c.finish().as_ref().try_into().unwrap_or_default()
}
/// digest
pub fn notice_digest(bytes: &[u8]) -> Digest {
    let mut c = Context::new(&SHA256);
    c.update(b"hongyan notice v1\0");
    c.update(bytes);
    c.finish().as_ref().try_into().unwrap_or_default()
}
