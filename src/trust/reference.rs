//! Keys under which references of offices are derived, and offices, references and people looked up.
//!
//! A reference may name a person (offices use what they like), so the index holds only a keyed
//! hash of it, and a row without one gets one that tells nothing of its content. Whoever derives
//! needs the key of a file, `keys/reference.key`; what is looked up is hashed under one that lies in
//! the store's vault, and so is of no use without the master key.

use std::path::Path;

use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};

use super::{
    files,
    keys::{KeyError, draw},
};

/// A 32-byte HMAC-SHA-256 key.
pub struct ReferenceKey(Key);

impl ReferenceKey {
    /// Draws a key and writes it to a new file, mode 0600.
    ///
    /// # Errors
    /// [`KeyError::File`], [`KeyError::NoRandomness`].
    pub fn create(path: &Path) -> Result<Self, KeyError> {
        let bytes: [u8; 32] = draw()?;
        files::write_new_secret(path, &bytes)?;
        Ok(Self::new(bytes))
    }

    /// Loads the key from its file.
    ///
    /// # Errors
    /// [`KeyError::File`], [`KeyError::NotReferenceKey`].
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let bytes = files::read_secret(path)?;
        let bytes: [u8; 32] = bytes
            .try_into()
            .map_err(|_| KeyError::NotReferenceKey { path: path.into() })?;
        Ok(Self::new(bytes))
    }

    /// The key of those bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Key::new(HMAC_SHA256, &bytes))
    }

    /// The reference of a row that brought none: the same for the same canonical content, 32
    /// hexadecimal digits behind `d-`.
    pub fn derive(&self, content: &[u8]) -> String {
        let bytes = self.tag(DERIVE, &[content]);
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("d-{digits}")
    }

    /// What the index holds instead of a reference. `scope` is whose reference it is: the same
    /// reference of another office is another.
    pub fn index_hash(&self, scope: &[u8], reference: &[u8]) -> [u8; 16] {
        self.tag(INDEX, &[scope, reference])
    }

    /// What journal and index hold instead of an office's identity.
    pub fn office_hash(&self, office: &[u8]) -> [u8; 16] {
        self.tag(OFFICE, &[office])
    }

    /// What journal and index hold instead of the reference of a consent that a home area registered.
    pub fn consent_hash(&self, home: &[u8], reference: &[u8]) -> [u8; 16] {
        self.tag(CONSENT, &[home, reference])
    }

    /// What stands for a person's number in whatever is derived from notices.
    pub fn subject_hash(&self, number: &[u8]) -> [u8; 16] {
        self.tag(SUBJECT, &[number])
    }

    /// What stands there for a value that may help to recognise somebody, or to find her: `of`
    /// names which.
    pub fn trait_hash(&self, of: &[u8], value: &[u8]) -> [u8; 16] {
        self.tag(TRAIT, &[of, value])
    }

    fn tag(&self, context: &[u8], parts: &[&[u8]]) -> [u8; 16] {
        let mut mac = Context::with_key(&self.0);
        mac.update(context);
        for part in parts {
            // With its length before it, no part can lend bytes to the next.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(mac.sign().as_ref()) {
            *to = *from;
        }
        bytes
    }
}

const DERIVE: &[u8] = b"hongyan derived reference v1\0";
const CONSENT: &[u8] = b"hongyan consent v1\0";
const OFFICE: &[u8] = b"hongyan office v1\0";
const SUBJECT: &[u8] = b"hongyan subject v1\0";
const TRAIT: &[u8] = b"hongyan trait v1\0";
const INDEX: &[u8] = b"hongyan reference index v1\0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_depend_on_key_scope_reference_and_purpose() {
        let key = ReferenceKey::new([1; 32]);
        let hash = key.index_hash(b"a", b"bc");
        assert_eq!(hash, key.index_hash(b"a", b"bc"));
        assert_ne!(hash, key.index_hash(b"ab", b"c"));
        assert_ne!(hash, ReferenceKey::new([2; 32]).index_hash(b"a", b"bc"));
        assert_eq!(key.derive(b"row").len(), 34);
        assert_ne!(key.derive(b"row"), key.derive(b"rows"));
    }

    #[test]
    fn the_key_comes_back_from_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("reference.key");
        let made = ReferenceKey::create(&path).unwrap();
        let loaded = ReferenceKey::load(&path).unwrap();
        assert_eq!(made.derive(b"x"), loaded.derive(b"x"));
    }
}
