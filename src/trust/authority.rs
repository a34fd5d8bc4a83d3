//! A pilot certificate authority: enough for counties that have none of their own.

use std::{path::Path, time::Duration};

use rcgen::{CertificateSigningRequestParams, PublicKeyData, SanType};
use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject};

use super::{
    identity::{SpiffeId, TrustDomain},
    keys::{Fingerprint, PublicKey},
    register::Register,
};

pub use super::register::{AuthorityError, Issued, Target};

/// The authority of one trust domain, in a directory of its own.
pub struct Authority {
    register: Register,
    trust_domain: TrustDomain,
}

impl Authority {
    /// Draws a root for the trust domain, valid for ten years, and publishes an empty revocation
    /// list.
    ///
    /// # Errors
    /// [`AuthorityError::File`] if the directory holds an authority already.
    pub fn create(
        dir: &Path,
        trust_domain: TrustDomain,
        crl_validity: Duration,
        now: UnixTime,
    ) -> Result<Self, AuthorityError> {
        let title = format!("Hongyan authority {trust_domain}");
        let register = Register::create(dir, &title, Some(&trust_domain.uri()), now)?;
        register.crl(crl_validity, now)?;
        Ok(Self {
            register,
            trust_domain,
        })
    }

    /// Opens the directory.
    ///
    /// # Errors
    /// [`AuthorityError::File`] if a file is missing or the key can be read by others;
    /// [`AuthorityError::Damaged`].
    pub fn open(dir: &Path) -> Result<Self, AuthorityError> {
        let register = Register::open(dir)?;
        let damaged = || AuthorityError::Damaged {
            path: dir.join("ca.crt"),
        };
        let der = CertificateDer::from_pem_slice(register.issuer().root_pem().as_bytes())
            .map_err(|_| damaged())?;
        let trust_domain = root_trust_domain(&der).ok_or_else(damaged)?;
        Ok(Self {
            register,
            trust_domain,
        })
    }

    /// Its trust domain.
    pub const fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// Its root certificate, PEM: a node's `tls/ca.crt`.
    pub fn root_pem(&self) -> &str {
        self.register.issuer().root_pem()
    }

    /// The fingerprint of its root, over the DER.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        let der = CertificateDer::from_pem_slice(self.root_pem().as_bytes()).ok()?;
        Some(Fingerprint::of(&der))
    }

    /// All that it issued, oldest first.
    ///
    /// # Errors
    /// [`AuthorityError::File`], [`AuthorityError::Damaged`].
    pub fn issued(&self) -> Result<Vec<Issued>, AuthorityError> {
        self.register.issued()
    }

    /// Whom a request names, so that a person can look before signing. Checks all that
    /// [`Authority::sign`] checks.
    ///
    /// # Errors
    /// [`AuthorityError::NotARequest`], [`AuthorityError::BadRequestSignature`],
    /// [`AuthorityError::NotANode`], [`AuthorityError::OtherTrustDomain`].
    pub fn requested(&self, csr_pem: &str) -> Result<SpiffeId, AuthorityError> {
        self.parse(csr_pem).map(|(id, _)| id)
    }

    /// Issues a node's certificate, PEM. Of the request only its key and its one SPIFFE id count;
    /// everything else that it asks for is left out.
    ///
    /// # Errors
    /// As [`Authority::requested`], and [`AuthorityError::File`].
    pub fn sign(
        &self,
        csr_pem: &str,
        validity: Duration,
        now: UnixTime,
    ) -> Result<String, AuthorityError> {
        let (id, key) = self.parse(csr_pem)?;
        self.register
            .issue(&id, |issuer| issuer.node(&id, &key, validity, now))
    }

    /// Revokes a certificate and publishes the list, which is returned as PEM.
    ///
    /// # Errors
    /// [`AuthorityError::NotIssuedHere`], [`AuthorityError::File`].
    pub fn revoke(
        &self,
        target: Target<'_>,
        crl_validity: Duration,
        now: UnixTime,
    ) -> Result<String, AuthorityError> {
        self.register.revoke(target, crl_validity, now)
    }

    /// Publishes the revocation list anew, with a higher number; returned as PEM.
    ///
    /// # Errors
    /// [`AuthorityError::File`].
    pub fn crl(&self, validity: Duration, now: UnixTime) -> Result<String, AuthorityError> {
        self.register.crl(validity, now)
    }

    fn parse(&self, csr_pem: &str) -> Result<(SpiffeId, rcgen::PublicKey), AuthorityError> {
        let request = CertificateSigningRequestParams::from_pem(csr_pem).map_err(|error| {
            if error == rcgen::Error::InvalidCertificationRequestSignature {
                AuthorityError::BadRequestSignature
            } else {
                AuthorityError::NotARequest
            }
        })?;
        PublicKey::from_spki(&request.public_key.subject_public_key_info())
            .map_err(|_| AuthorityError::NotARequest)?;
        let mut uris = request
            .params
            .subject_alt_names
            .iter()
            .filter_map(|name| match name {
                SanType::URI(uri) => Some(uri.as_str()),
                _ => None,
            });
        let (Some(uri), None) = (uris.next(), uris.next()) else {
            return Err(AuthorityError::NotANode);
        };
        let id: SpiffeId = uri.parse().map_err(|_| AuthorityError::NotANode)?;
        if !id.is_node() {
            return Err(AuthorityError::NotANode);
        }
        if *id.trust_domain() != self.trust_domain {
            return Err(AuthorityError::OtherTrustDomain);
        }
        Ok((id, request.public_key))
    }
}

/// The trust domain that a root names as its own: its one URI, without a path.
pub(in crate::trust) fn root_trust_domain(der: &CertificateDer<'_>) -> Option<TrustDomain> {
    let (_, root) = x509_parser::parse_x509_certificate(der).ok()?;
    let names = root.subject_alternative_name().ok()??;
    let mut uris = names
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            x509_parser::extensions::GeneralName::URI(uri) => Some(*uri),
            _ => None,
        });
    match (uris.next(), uris.next()) {
        (Some(uri), None) => uri.strip_prefix("spiffe://")?.parse().ok(),
        _ => None,
    }
}
