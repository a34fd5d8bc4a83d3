//! What two nodes agreed on when they were paired, as far as trust goes.

use std::{fmt, str::FromStr};

use super::{
    identity::SpiffeId,
    keys::{Fingerprint, KeyError, PublicKey},
    lineage::{EarlierKey, Lineage, SuccessionError},
    signature::Signed,
};
use crate::domain::area::County;

/// A paired node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairing {
    /// Its name.
    pub id: SpiffeId,
    /// The areas that it speaks for, its first home area among them.
    pub areas: Vec<County>,
    /// Where it is dialled: `host:port`.
    pub endpoint: String,
    /// The root or roots of its trust domain, PEM.
    pub root_pem: String,
    /// The key with which it signs: SubjectPublicKeyInfo, DER.
    pub signing_key_spki: Vec<u8>,
    /// The keys with which it signed before, the oldest first.
    pub earlier_keys: Vec<EarlierKey>,
    /// How its trust domain revokes certificates.
    pub revocation: RevocationPolicy,
    /// True between two sandbox nodes.
    pub sandbox: bool,
}

impl Pairing {
    /// Digest of all that it says: what tells whether a running node uses the pairing that is on
    /// disk.
    pub fn digest(&self) -> Fingerprint {
        let Self {
            id,
            areas,
            endpoint,
            root_pem,
            signing_key_spki,
            earlier_keys,
            revocation,
            sandbox,
        } = self;
        let areas: Vec<String> = areas.iter().map(ToString::to_string).collect();
        let (id, areas) = (id.to_string(), areas.join(","));
        let mut bytes = b"hongyan pairing v1\0".to_vec();
        let earlier = earlier_keys.iter().flat_map(|key| {
            let signed = key.statement.as_ref();
            let form = signed.map_or(&[][..], |signed| signed.form());
            [key.public.spki(), form]
        });
        let parts = [
            id.as_bytes(),
            areas.as_bytes(),
            endpoint.as_bytes(),
            root_pem.as_bytes(),
            signing_key_spki,
            revocation.name().as_bytes(),
            &[u8::from(*sandbox)],
        ];
        for part in parts.into_iter().chain(earlier) {
            // With its length before it, no part can lend bytes to the next.
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Fingerprint::of(&bytes)
    }

    /// The keys with which the peer signs and signed.
    ///
    /// # Errors
    /// [`KeyError::NotP256`] if the pinned key is none.
    pub fn lineage(&self) -> Result<Lineage, KeyError> {
        Ok(Lineage::new(
            self.id.clone(),
            self.areas.as_slice().into(),
            self.sandbox,
            PublicKey::from_spki(&self.signing_key_spki)?,
            &self.earlier_keys,
        ))
    }

    /// Pins the key to which the statements lead that the peer shows at that time; the keys before
    /// it are kept, each with its statement. Gives how many were new.
    ///
    /// # Errors
    /// [`SuccessionError`]; then nothing was changed.
    pub fn follow(&mut self, shown: &[Signed], at_ms: i64) -> Result<usize, SuccessionError> {
        let lineage = self.lineage().map_err(|_| SuccessionError::NotSigned)?;
        let mut key = lineage.current().public().clone();
        let taken = lineage.follow(shown)?;
        for statement in &taken {
            let next = statement.as_ref().successor.clone();
            self.earlier_keys.push(EarlierKey {
                public: std::mem::replace(&mut key, next),
                until_ms: at_ms,
                statement: Some(statement.signed().clone()),
            });
        }
        self.signing_key_spki = key.spki().to_vec();
        Ok(taken.len())
    }
}

/// How a trust domain takes certificates back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationPolicy {
    /// A current revocation list is required.
    Crl,
    /// Certificates live at most 24 hours; no list is looked at.
    ShortLived,
}

impl RevocationPolicy {
    /// Its stable name in configuration and pairings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crl => "crl",
            Self::ShortLived => "short-lived",
        }
    }
}

impl FromStr for RevocationPolicy {
    type Err = UnknownRevocationPolicy;

    fn from_str(text: &str) -> Result<Self, UnknownRevocationPolicy> {
        [Self::Crl, Self::ShortLived]
            .into_iter()
            .find(|policy| policy.name() == text)
            .ok_or(UnknownRevocationPolicy)
    }
}

impl fmt::Display for RevocationPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// No policy of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("revocation is \"crl\" or \"short-lived\"")]
pub struct UnknownRevocationPolicy;
