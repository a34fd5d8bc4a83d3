//! The journal: a node's append-only, checksummed, hash-chained log, and the truth.
//!
//! Constraints first. A group of entries is one write and one `fdatasync`; nobody is answered
//! before it. A group is there whole or not at all. The bytes of a home area's entries are chained
//! by SHA-256, so an edit, a removal or an insertion shows. A position is the offset of an entry
//! counted over all segments. What tells of a person is sealed ([`payload`]) before it is chained, so
//! that a chain proves itself also when the key is gone.
//!
//! Opening is recovery ([`recovery`]): a tail is torn only if nothing whole follows it and the
//! index does not reach past it; damage anywhere else stops the node.

pub(crate) mod act;
pub(crate) mod archive;
pub(crate) mod audited;
pub(crate) mod bytes;
pub(crate) mod consent;
pub(crate) mod erased;
pub(crate) mod group;
pub(crate) mod heads;
pub(crate) mod layout;
pub(crate) mod payload;
pub(crate) mod reader;
pub(crate) mod record;
pub(crate) mod recovery;
pub(crate) mod segment;
