//! Making certificates and revocation lists: what is in them, not where they lie.

use std::{net::IpAddr, time::Duration};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, PublicKeyData,
    RevokedCertParams, SanType, SerialNumber,
};
use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject};
use x509_parser::time::ASN1Time;

use super::{
    identity::SpiffeId,
    keys::{NoRandomness, draw},
};

/// How long a node's or an office's certificate lives unless told otherwise.
pub const DEFAULT_VALIDITY: Duration = Duration::from_secs(365 * DAY);

/// How long a certificate lives that needs no revocation list.
pub const SHORT_VALIDITY: Duration = Duration::from_secs(DAY);

/// How long a revocation list is good unless told otherwise.
pub const CRL_VALIDITY: Duration = Duration::from_secs(30 * DAY);

/// A private key and what asks an authority for a certificate for it. Has no `Debug`: it is a
/// secret.
pub struct Request {
    /// PKCS#8 PEM, to be kept with mode 0600.
    pub key_pem: String,
    /// PKCS#10 PEM, to be sent to the authority.
    pub csr_pem: String,
}

impl Request {
    /// Draws a key and asks for a certificate that names `id`.
    ///
    /// # Errors
    /// [`IssueError`] if the system gives no random bytes.
    pub fn new(id: &SpiffeId) -> Result<Self, IssueError> {
        let key = draw_key()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = name(&id.to_string());
        params.subject_alt_names = vec![uri(&id.to_string())?];
        Ok(Self {
            csr_pem: params.serialize_request(&key)?.pem()?,
            key_pem: key.serialize_pem(),
        })
    }
}

/// A certificate and its private key. Has no `Debug`: it is a secret.
pub struct CertificateAndKey {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Its key, PKCS#8 PEM, to be kept with mode 0600.
    pub key_pem: String,
}

/// The root of an authority, with the key to issue under it.
pub(in crate::trust) struct Issuer {
    inner: rcgen::Issuer<'static, KeyPair>,
    root_pem: String,
}

/// A certificate that was just made.
pub(in crate::trust) struct Made {
    pub(in crate::trust) pem: String,
    pub(in crate::trust) serial: [u8; 16],
    pub(in crate::trust) not_after: i64,
}

impl Issuer {
    /// Draws a root. `title` is shown to people; `root_uri` is the trust domain's URI.
    pub(in crate::trust) fn create(
        title: &str,
        root_uri: Option<&str>,
        now: UnixTime,
    ) -> Result<(Self, CertificateAndKey), IssueError> {
        let key = draw_key()?;
        let mut params = CertificateParams::default();
        let drawn: [u8; 4] = draw()?;
        // Two roots never share a name: revocation lists are found by their issuer's name.
        params.distinguished_name = name(&format!("{title} {:08x}", u32::from_be_bytes(drawn)));
        params.subject_alt_names = root_uri.map(uri).transpose()?.into_iter().collect();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.serial_number = Some(SerialNumber::from_slice(&draw_serial()?));
        params.not_before = moment(now, -BACK_DATED)?.to_datetime();
        params.not_after = moment(now, ROOT_VALIDITY)?.to_datetime();
        let certificate_pem = params.self_signed(&key)?.pem();
        let key_pem = key.serialize_pem();
        let issuer = Self::open(&certificate_pem, &key_pem)?;
        Ok((
            issuer,
            CertificateAndKey {
                certificate_pem,
                key_pem,
            },
        ))
    }

    /// The root of those files.
    pub(in crate::trust) fn open(root_pem: &str, key_pem: &str) -> Result<Self, IssueError> {
        let key = KeyPair::from_pem(key_pem)?;
        let der = CertificateDer::from_pem_slice(root_pem.as_bytes())
            .map_err(|_| IssueError::NotACertificate)?;
        let (_, root) =
            x509_parser::parse_x509_certificate(&der).map_err(|_| IssueError::NotACertificate)?;
        if root.public_key().raw != key.subject_public_key_info() {
            return Err(IssueError::OtherKey);
        }
        Ok(Self {
            inner: rcgen::Issuer::from_ca_cert_der(&der, key)?,
            root_pem: root_pem.to_owned(),
        })
    }

    pub(in crate::trust) fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// A node's certificate: both sides of the exchange.
    pub(in crate::trust) fn node(
        &self,
        id: &SpiffeId,
        key: &impl PublicKeyData,
        validity: Duration,
        now: UnixTime,
    ) -> Result<Made, IssueError> {
        let usages = [
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        self.leaf(id, &[], usages.into(), key, validity, now)
    }

    /// An office's certificate: a client only.
    pub(in crate::trust) fn office(
        &self,
        id: &SpiffeId,
        key: &impl PublicKeyData,
        validity: Duration,
        now: UnixTime,
    ) -> Result<Made, IssueError> {
        let usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.leaf(id, &[], usages, key, validity, now)
    }

    /// The certificate of the office listener: besides the node's name, the host names and
    /// addresses by which ordinary gRPC clients reach it.
    pub(in crate::trust) fn office_server(
        &self,
        id: &SpiffeId,
        hosts: &[String],
        validity: Duration,
        now: UnixTime,
    ) -> Result<CertificateAndKey, IssueError> {
        let key = draw_key()?;
        let usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let made = self.leaf(id, hosts, usages, &key, validity, now)?;
        Ok(CertificateAndKey {
            certificate_pem: made.pem,
            key_pem: key.serialize_pem(),
        })
    }

    /// A revocation list.
    pub(in crate::trust) fn crl(
        &self,
        number: u64,
        revoked: &[(Vec<u8>, i64)],
        validity: Duration,
        now: UnixTime,
    ) -> Result<String, IssueError> {
        let revoked_certs = revoked
            .iter()
            .map(|(serial, at)| {
                let at = ASN1Time::from_timestamp(*at).map_err(|_| IssueError::Time)?;
                Ok(RevokedCertParams {
                    serial_number: SerialNumber::from_slice(serial),
                    revocation_time: at.to_datetime(),
                    reason_code: None,
                    invalidity_date: None,
                })
            })
            .collect::<Result<_, IssueError>>()?;
        let params = CertificateRevocationListParams {
            this_update: moment(now, -BACK_DATED)?.to_datetime(),
            next_update: moment(now, seconds(validity)?)?.to_datetime(),
            crl_number: SerialNumber::from_slice(&number.to_be_bytes()),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(params.signed_by(&self.inner)?.pem()?)
    }

    fn leaf(
        &self,
        id: &SpiffeId,
        hosts: &[String],
        usages: Vec<ExtendedKeyUsagePurpose>,
        key: &impl PublicKeyData,
        validity: Duration,
        now: UnixTime,
    ) -> Result<Made, IssueError> {
        let serial = draw_serial()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = name(&id.to_string());
        params.subject_alt_names = vec![uri(&id.to_string())?];
        for host in hosts {
            params.subject_alt_names.push(match host.parse::<IpAddr>() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(host.as_str().try_into()?),
            });
        }
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = usages;
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        // Clocks of counties differ; the life counts from the back-dated start, so that a
        // certificate of 24 hours lives no longer than that.
        let not_after = moment(now, seconds(validity)?.saturating_sub(BACK_DATED))?;
        params.not_before = moment(now, -BACK_DATED)?.to_datetime();
        params.not_after = not_after.to_datetime();
        Ok(Made {
            pem: params.signed_by(key, &self.inner)?.pem(),
            serial,
            not_after: not_after.timestamp(),
        })
    }
}

/// What keeps a certificate or list from being made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The library refuses, for example a host name that is none.
    #[error(transparent)]
    Encoding(#[from] rcgen::Error),
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The file holds no certificate.
    #[error("not a certificate in PEM")]
    NotACertificate,
    /// The key is not that of the certificate.
    #[error("the key is not that of the certificate")]
    OtherKey,
    /// A time that a certificate cannot hold.
    #[error("a certificate cannot hold that time")]
    Time,
}

pub(in crate::trust) fn draw_key() -> Result<KeyPair, IssueError> {
    Ok(KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?)
}

fn draw_serial() -> Result<[u8; 16], NoRandomness> {
    let mut serial: [u8; 16] = draw()?;
    let [first, ..] = &mut serial;
    // Positive, and always of full length.
    *first = (*first & 0x7f) | 0x40;
    Ok(serial)
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

fn uri(text: &str) -> Result<SanType, rcgen::Error> {
    Ok(SanType::URI(text.try_into()?))
}

fn moment(now: UnixTime, offset: i64) -> Result<ASN1Time, IssueError> {
    let now = i64::try_from(now.as_secs()).map_err(|_| IssueError::Time)?;
    ASN1Time::from_timestamp(now.saturating_add(offset)).map_err(|_| IssueError::Time)
}

fn seconds(validity: Duration) -> Result<i64, IssueError> {
    i64::try_from(validity.as_secs()).map_err(|_| IssueError::Time)
}

const DAY: u64 = 86_400;
const BACK_DATED: i64 = 300;
const ROOT_VALIDITY: i64 = 10 * 365 * 86_400;
