//! Signing, and the proof that something was signed.

use bytes::Bytes;

use std::sync::Arc;

use super::{
    forms::{self, Form, FormError, Header},
    identity::TrustDomain,
    keys::{KeyId, NoRandomness, PublicKey, SigningKey, sha256},
    lineage::Lineage,
};
use crate::{
    domain::{area::County, channel::Digest},
    guard::Guard,
};

/// Bytes and a signature over them, as made or as received. Nothing of it is checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    form: Bytes,
    signature: Bytes,
}

impl Signed {
    /// What came over a wire or out of a store.
    pub const fn received(form: Bytes, signature: Bytes) -> Self {
        Self { form, signature }
    }

    /// The canonical form.
    pub const fn form(&self) -> &Bytes {
        &self.form
    }

    /// ECDSA P-256 with SHA-256 over the form, ASN.1 DER.
    pub const fn signature(&self) -> &Bytes {
        &self.signature
    }

    /// What a receipt names when it answers this. It does not cover the signature, of which there
    /// are many for one form.
    pub fn digest(&self) -> Digest {
        Digest::new(sha256(&[b"hongyan signed form v1\0", &self.form]))
    }
}

impl SigningKey {
    /// Signs a form for the node of that trust domain.
    ///
    /// # Errors
    /// [`SignatureError::Form`] if the value has no canonical form;
    /// [`SignatureError::NoRandomness`].
    pub fn sign<F: Form>(&self, signer: &TrustDomain, form: &F) -> Result<Signed, SignatureError> {
        let header = Header {
            key: self.public().id(),
            signer: signer.clone(),
        };
        let form = forms::write(&header, form)?;
        let signature = self.sign_bytes(&form)?;
        Ok(Signed {
            form: form.into(),
            signature: signature.into(),
        })
    }
}

/// A key together with the only one who may sign with it: his trust domain and his areas.
#[derive(Clone, Debug)]
pub struct PinnedKey {
    public: PublicKey,
    id: KeyId,
    signer: TrustDomain,
    areas: Arc<[County]>,
}

impl PinnedKey {
    /// Pins a key, as the pairing or the node's own configuration says.
    pub fn new(public: PublicKey, signer: TrustDomain, areas: Arc<[County]>) -> Self {
        Self {
            id: public.id(),
            public,
            signer,
            areas,
        }
    }

    /// Which key it is.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The key itself.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Its SubjectPublicKeyInfo in DER.
    pub fn spki(&self) -> &[u8] {
        self.public.spki()
    }

    /// Checks the signature over the bytes as received, then reads them.
    ///
    /// # Errors
    /// [`SignatureError::Bad`] if the key did not sign these bytes; [`SignatureError::Form`] if it
    /// did, and they are no canonical form of this kind; [`SignatureError::OtherSigner`] if they
    /// name another key or trust domain; [`SignatureError::OtherArea`] if they speak for an area
    /// that is not the signer's.
    pub fn verify<F: Form>(&self, signed: Signed) -> Result<Verified<F>, SignatureError> {
        if Guard::Signature.holds() && !self.public.accepts(&signed.form, &signed.signature) {
            return Err(SignatureError::Bad);
        }
        let (header, value) = forms::read::<F>(&signed.form)?;
        if header.key != self.id || header.signer != self.signer {
            return Err(SignatureError::OtherSigner);
        }
        if !self.areas.contains(&value.signed_for()) {
            return Err(SignatureError::OtherArea);
        }
        Ok(Verified { value, signed })
    }

    /// Checks a signature that travels without its form, over the form of a value that both sides
    /// know.
    ///
    /// # Errors
    /// As [`PinnedKey::verify`].
    pub fn verify_detached<F: Form>(
        &self,
        value: &F,
        signature: Bytes,
    ) -> Result<Verified<F>, SignatureError> {
        let header = Header {
            key: self.id,
            signer: self.signer.clone(),
        };
        let form = forms::write(&header, value)?;
        self.verify(Signed::received(form.into(), signature))
    }
}

/// Proof that a value was signed by the one who may sign it. Keeps what proves it to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<F> {
    value: F,
    signed: Signed,
}

impl<F> Verified<F> {
    /// A value that nobody signed, for tests of what takes a signed one.
    #[cfg(test)]
    #[allow(dead_code, reason = "for the tests of other modules")]
    pub(crate) const fn for_test(value: F) -> Self {
        Self {
            value,
            signed: Signed {
                form: Bytes::new(),
                signature: Bytes::new(),
            },
        }
    }

    /// The bytes and the signature: the evidence.
    pub const fn signed(&self) -> &Signed {
        &self.signed
    }

    /// The value.
    pub fn into_inner(self) -> F {
        self.value
    }
}

impl<F: Form> Verified<F> {
    /// Recognises one's own word when a peer shows it: the proof that this node was set back. It may
    /// have been signed with any key that the node ever used; else it is held to the same rules as a
    /// peer's.
    ///
    /// # Errors
    /// As [`PinnedKey::verify`]; then the peer shows something that this node never said.
    pub fn own(signed: Signed, own_keys: &Lineage) -> Result<Self, SignatureError> {
        own_keys.recognise(signed)
    }
}

impl<F> AsRef<F> for Verified<F> {
    fn as_ref(&self) -> &F {
        &self.value
    }
}

/// Why something was not signed, or is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key did not sign these bytes.
    #[error("the signature does not fit the bytes and the key of the pairing")]
    Bad,
    /// The key signed them, and they are no canonical form of this kind.
    #[error("signed, but no canonical form: {0}")]
    Form(#[from] FormError),
    /// No randomness to sign with.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Signed for an area that is not the signer's.
    #[error("signed for an area that the signer does not speak for")]
    OtherArea,
    /// Names another key or trust domain than signed it.
    #[error("names another signer than the one who signed")]
    OtherSigner,
    /// Something new, signed with a key that the signer has given up.
    #[error("key_superseded: signed with a key that the signer has given up for another")]
    Superseded,
}
