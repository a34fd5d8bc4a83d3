//! The bytes of a notice and what they mean.
//!
//! A notice is written once, by the node that publishes it, and never encoded again: what is
//! digested, chained, signed, stored and shown are the bytes as they came. Two constraints follow.
//!
//! * *Writing is in two parts.* [`encode_body`] gives everything but the two fields that only the
//!   store's writer knows; [`prefix`] gives those. Prefix and body, one behind the other, are the
//!   notice.
//! * *Reading trusts nothing.* [`decode()`] first walks over the bytes (`walk`) against a closed
//!   table of what may stand where (`schema`), since a decoded struct no longer shows what was
//!   dropped or overwritten; then every value becomes a type of the domain (`content`, `value`).

pub(crate) mod content;
mod decode;
mod encode;
mod schema;
mod value;
mod walk;

#[cfg(test)]
pub(crate) mod samples;

pub use decode::{EnvelopeError, Header, Incoming, consent_needed, decode};
pub use encode::{Outgoing, Prefix, encode_body, prefix};

/// The size that no notice may exceed, in bytes.
pub const SIZE_LIMIT: usize = 64 * 1024;
