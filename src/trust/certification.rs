//! A certificate that vouches for a signing key: `hongyan certification v1`.
//!
//! The key with which a node signs is pinned by two people who compare fingerprints. A third one,
//! who was not there, knows at most the root of a trust domain. So a node says once more whose its
//! signing key is, signed with the key of its TLS certificate: from root to certificate to signing
//! key nothing is left to be believed but the root.

use bytes::Bytes;
use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject as _};

use super::{
    forms::{Form, FormError, Frame, Reader, Writer, sealed},
    identity::SpiffeId,
    keys::{Fingerprint, PublicKey, SPKI_BYTES, SigningKey},
    signature::{PinnedKey, SignatureError},
    verifier::holder,
};
use crate::domain::{area::County, channel::Channel};

/// What a node signs with the key of its certificate (`hongyan certification v1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificationForm {
    /// From the area of the node's name to the same.
    pub frame: Frame,
    /// The key with which it signs.
    pub key: PublicKey,
}

impl Form for CertificationForm {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn signed_for(&self) -> County {
        self.frame.channel.from
    }
}

impl sealed::Body for CertificationForm {
    const CONTEXTS: &'static [&'static [u8]] = &[b"hongyan certification v1\0"];

    fn write(&self, out: &mut Writer) -> Result<(), FormError> {
        out.bytes(self.key.spki());
        Ok(())
    }

    fn read(frame: Frame, input: &mut Reader<'_>) -> Result<Self, FormError> {
        let spki = input.take(SPKI_BYTES)?;
        Ok(Self {
            frame,
            key: PublicKey::from_spki(spki).map_err(|_| FormError::NotCanonical)?,
        })
    }
}

/// A certificate and what its key signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certification {
    /// The certificate, and those between it and the root, PEM.
    pub chain_pem: String,
    /// The signature over the form, ASN.1 DER.
    pub signature: Bytes,
}

impl Certification {
    /// Lets the key of the node's certificate vouch for the key with which it signs.
    ///
    /// # Errors
    /// As [`SigningKey::sign`].
    pub fn make(
        certified: &SigningKey,
        chain_pem: String,
        node: &SpiffeId,
        sandbox: bool,
        key: &PublicKey,
    ) -> Result<Self, SignatureError> {
        let signed = certified.sign(node.trust_domain(), &form(node, sandbox, key))?;
        Ok(Self {
            chain_pem,
            signature: signed.signature().clone(),
        })
    }

    /// The one of these roots, in PEM, under which the certificate names that node and vouches for
    /// that key at that time, or, if it was issued later, when it was; none if it does not. Whether it
    /// was revoked is not looked at.
    pub fn root(
        &self,
        node: &SpiffeId,
        sandbox: bool,
        key: &PublicKey,
        roots_pem: &str,
        at: UnixTime,
    ) -> Option<Fingerprint> {
        let chain = certificates(&self.chain_pem)?;
        let roots = certificates(roots_pem)?;
        roots.iter().find_map(|root| {
            let (named, public) = holder(&chain, root, at)?;
            let pinned = PinnedKey::new(public, node.trust_domain().clone(), [node.area()].into());
            let vouched = pinned
                .verify_detached(&form(node, sandbox, key), self.signature.clone())
                .is_ok();
            (named == *node && vouched).then(|| Fingerprint::of(root))
        })
    }
}

fn form(node: &SpiffeId, sandbox: bool, key: &PublicKey) -> CertificationForm {
    let area = node.area();
    CertificationForm {
        frame: Frame {
            channel: Channel {
                from: area,
                to: area,
            },
            sandbox,
        },
        key: key.clone(),
    }
}

fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .ok()
}
