//! A node's own authority for its offices: `office/` in the node's directory.

use std::{path::Path, time::Duration};

use rustls_pki_types::UnixTime;

use super::{
    identity::SpiffeId,
    issue::{CertificateAndKey, draw_key},
    register::{AuthorityError, Issued, Register, Target},
};

/// The authority whose certificates the office listener takes, and no other.
pub struct OfficeAuthority {
    register: Register,
}

impl OfficeAuthority {
    /// Draws the root of a node's offices.
    ///
    /// # Errors
    /// [`AuthorityError::File`] if the directory holds an authority already.
    pub fn create(dir: &Path, node: &SpiffeId, now: UnixTime) -> Result<Self, AuthorityError> {
        let title = format!("Hongyan offices of {}", node.area());
        Ok(Self {
            register: Register::create(dir, &title, None, now)?,
        })
    }

    /// Opens the directory.
    ///
    /// # Errors
    /// [`AuthorityError::File`], [`AuthorityError::Damaged`].
    pub fn open(dir: &Path) -> Result<Self, AuthorityError> {
        Ok(Self {
            register: Register::open(dir)?,
        })
    }

    /// Its root certificate, PEM, which clients of the office listener trust.
    pub fn root_pem(&self) -> &str {
        self.register.issuer().root_pem()
    }

    /// All that it issued, oldest first.
    ///
    /// # Errors
    /// [`AuthorityError::File`], [`AuthorityError::Damaged`].
    pub fn issued(&self) -> Result<Vec<Issued>, AuthorityError> {
        self.register.issued()
    }

    /// Issues a client certificate, with a fresh key, to the office of that name.
    ///
    /// # Errors
    /// [`AuthorityError::NotANode`] if `office` names no office; [`AuthorityError::File`].
    pub fn issue(
        &self,
        office: &SpiffeId,
        validity: Duration,
        now: UnixTime,
    ) -> Result<CertificateAndKey, AuthorityError> {
        if office.is_node() {
            return Err(AuthorityError::NotANode);
        }
        let key = draw_key()?;
        let certificate_pem = self
            .register
            .issue(office, |issuer| issuer.office(office, &key, validity, now))?;
        Ok(CertificateAndKey {
            certificate_pem,
            key_pem: key.serialize_pem(),
        })
    }

    /// Makes the certificate of the office listener, with a fresh key. It names the node, and
    /// `localhost`, the loopback addresses and `hosts`, so that ordinary gRPC clients can check it
    /// with this root. It is meant to be kept in memory only.
    ///
    /// # Errors
    /// [`AuthorityError::Issue`] if a host is no name or address.
    pub fn server(
        &self,
        node: &SpiffeId,
        hosts: &[String],
        validity: Duration,
        now: UnixTime,
    ) -> Result<CertificateAndKey, AuthorityError> {
        let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
        names.extend(hosts.iter().filter(|host| !host.is_empty()).cloned());
        Ok(self
            .register
            .issuer()
            .office_server(node, &names, validity, now)?)
    }

    /// Revokes an office's certificate and publishes `office/crl.pem`, returned as PEM. From then
    /// on the node wants a current list.
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
}
