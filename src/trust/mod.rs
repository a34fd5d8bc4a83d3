//! Who is who, and who said what: identities, keys, signatures, certificates, connections.

pub mod files;
pub mod identity;
pub mod keys;
pub mod pairing;
