//! Sealing with AES-256-GCM: the one place that knows the cipher.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;
/// Bytes that no two seals under one key share.
pub(crate) const NONCE_BYTES: usize = NONCE_LEN;
/// Bytes by which a seal proves itself.
pub(crate) const TAG_BYTES: usize = 16;

/// A key ready for use. Wiped when dropped; it cannot be printed.
pub(crate) struct SealingKey(LessSafeKey);

/// Bytes could not be sealed, or are not what was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the seal does not hold")]
pub(crate) struct Unsealed;

impl SealingKey {
    /// The key of those bytes.
    ///
    /// # Errors
    /// [`Unsealed`] if the cipher does not take it.
    pub(crate) fn new(bytes: &[u8; KEY_BYTES]) -> Result<Self, Unsealed> {
        let key = UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| Unsealed)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals bytes where they stand, bound to `about`; returns the tag. No nonce may be used twice
    /// under one key.
    ///
    /// # Errors
    /// [`Unsealed`]; the bytes are then not to be used.
    pub(crate) fn seal(
        &self,
        nonce: [u8; NONCE_BYTES],
        about: &[u8],
        bytes: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], Unsealed> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(about), bytes)
            .map_err(|_| Unsealed)?;
        tag.as_ref().try_into().map_err(|_| Unsealed)
    }

    /// Opens what was sealed, and is followed by its tag, into `open`, which is as long as what was
    /// sealed.
    ///
    /// # Errors
    /// [`Unsealed`] if it is not what was sealed under this key about the same.
    pub(crate) fn open(
        &self,
        nonce: [u8; NONCE_BYTES],
        about: &[u8],
        sealed: &[u8],
        open: &mut [u8],
    ) -> Result<(), Unsealed> {
        let (sealed, tag) = sealed.split_at_checked(open.len()).ok_or(Unsealed)?;
        if tag.len() != TAG_BYTES {
            return Err(Unsealed);
        }
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0
            .open_separate_gather(nonce, Aad::from(about), sealed, tag, open)
            .map_err(|_| Unsealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_is_opened_under_its_key_about_the_same_and_nothing_else() {
        let key = SealingKey::new(&[1; KEY_BYTES]).unwrap();
        let mut bytes = b"said".to_vec();
        let tag = key.seal([2; NONCE_BYTES], b"about", &mut bytes).unwrap();
        assert_ne!(bytes, b"said");
        let sealed = [&bytes[..], &tag].concat();
        let open = |key: &SealingKey, nonce, about: &[u8], sealed: &[u8]| {
            let mut open = vec![0; sealed.len() - TAG_BYTES];
            key.open([nonce; NONCE_BYTES], about, sealed, &mut open)
                .map(|()| open)
        };
        assert_eq!(open(&key, 2, b"about", &sealed).unwrap(), b"said");
        let other = SealingKey::new(&[3; KEY_BYTES]).unwrap();
        assert_eq!(open(&other, 2, b"about", &sealed), Err(Unsealed));
        assert_eq!(open(&key, 4, b"about", &sealed), Err(Unsealed));
        assert_eq!(open(&key, 2, b"another", &sealed), Err(Unsealed));
        for at in 0..sealed.len() {
            let mut rotten = sealed.clone();
            rotten[at] ^= 1;
            assert_eq!(open(&key, 2, b"about", &rotten), Err(Unsealed), "{at}");
        }
    }
}
