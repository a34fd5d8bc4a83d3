//! Certificates as no authority should make them.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and takes the system's clock"
)]

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SanType, SerialNumber,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use crate::knock::Caller;

/// Who signs: a root, or someone further down.
pub struct Signer {
    issuer: Issuer<'static, KeyPair>,
    /// The same, as if its certificate let it sign lists, if it does not.
    lister: Option<Issuer<'static, KeyPair>>,
    /// What stands between it and the root, itself first.
    chain: Vec<CertificateDer<'static>>,
}

impl Signer {
    /// The authority whose root and key lie there.
    pub fn open(directory: &Path) -> Self {
        let read = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
        let root = CertificateDer::from_pem_slice(read("ca.crt").as_bytes()).unwrap();
        let key = KeyPair::from_pem(&read("ca.key")).unwrap();
        Self {
            issuer: Issuer::from_ca_cert_der(&root, key).unwrap(),
            lister: None,
            chain: Vec::new(),
        }
    }

    /// An authority of the same name as that one, with a key of its own.
    pub fn impostor(directory: &Path) -> Self {
        let pem = fs::read_to_string(directory.join("ca.crt")).unwrap();
        let root = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let key = KeyPair::generate().unwrap();
        Self {
            issuer: Issuer::from_ca_cert_der(&root, key).unwrap(),
            lister: None,
            chain: Vec::new(),
        }
    }

    /// A certificate that it signs.
    pub fn sign(&self, leaf: &Leaf) -> Caller {
        let key = leaf.key();
        let certificate = leaf.params().signed_by(&key, &self.issuer).unwrap();
        let mut chain = vec![certificate.der().clone()];
        chain.extend(self.chain.iter().cloned());
        caller(chain, &key)
    }

    /// Whoever has that certificate, signing in its turn.
    pub fn delegate(&self, leaf: &Leaf) -> Self {
        let key = leaf.key();
        let params = leaf.params();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let mut chain = vec![certificate];
        chain.extend(self.chain.iter().cloned());
        let mut lister = params.clone();
        lister.key_usages.push(KeyUsagePurpose::CrlSign);
        let same_key = KeyPair::try_from(key.serialize_der()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            lister: Some(Issuer::new(lister, same_key)),
            chain,
        }
    }

    /// Signs as before, and shows nothing of what is between it and the root.
    pub fn without_chain(mut self) -> Self {
        self.chain.clear();
        self
    }

    /// A revocation list of those serial numbers that ends in so many days.
    pub fn list(&self, revoked: &[u64], days: i64) -> String {
        let params = CertificateRevocationListParams {
            this_update: day(-10).into(),
            next_update: day(days).into(),
            crl_number: SerialNumber::from(9),
            issuing_distribution_point: None,
            revoked_certs: revoked
                .iter()
                .map(|serial| RevokedCertParams {
                    serial_number: SerialNumber::from(*serial),
                    revocation_time: day(-5).into(),
                    reason_code: None,
                    invalidity_date: None,
                })
                .collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let issuer = self.lister.as_ref().unwrap_or(&self.issuer);
        params.signed_by(issuer).unwrap().pem().unwrap()
    }
}

/// A certificate to be.
#[derive(Clone)]
pub struct Leaf {
    pub common_name: String,
    pub uris: Vec<String>,
    pub hosts: Vec<&'static str>,
    pub usages: Vec<KeyUsagePurpose>,
    pub extended: Vec<ExtendedKeyUsagePurpose>,
    /// First and last day, from today.
    pub days: [i64; 2],
    pub authority: IsCa,
    pub serial: u64,
    pub extension: Option<CustomExtension>,
}

impl Leaf {
    /// As it should be, for whoever dials and is dialled.
    pub fn proper(uri: &str) -> Self {
        Self {
            common_name: uri.to_owned(),
            uris: vec![uri.to_owned()],
            hosts: Vec::new(),
            usages: vec![KeyUsagePurpose::DigitalSignature],
            extended: vec![
                ExtendedKeyUsagePurpose::ServerAuth,
                ExtendedKeyUsagePurpose::ClientAuth,
            ],
            days: [-3, 100],
            authority: IsCa::ExplicitNoCa,
            serial: 1_000,
            extension: None,
        }
    }

    /// As an authority below the root should be.
    pub fn authority(name: &str, serial: u64) -> Self {
        Self {
            common_name: name.to_owned(),
            uris: Vec::new(),
            usages: vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign],
            extended: Vec::new(),
            authority: IsCa::Ca(BasicConstraints::Unconstrained),
            serial,
            ..Self::proper(name)
        }
    }

    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Signed by its own key.
    pub fn by_itself(&self) -> Caller {
        let key = self.key();
        let certificate = self.params().self_signed(&key).unwrap();
        caller(vec![certificate.der().clone()], &key)
    }

    fn key(&self) -> KeyPair {
        KeyPair::generate().unwrap()
    }

    fn params(&self) -> CertificateParams {
        let Self {
            common_name,
            uris,
            hosts,
            usages,
            extended,
            days: [from, to],
            authority,
            serial,
            extension,
        } = self.clone();
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, common_name);
        params.subject_alt_names = uris
            .iter()
            .map(|uri| SanType::URI(uri.as_str().try_into().unwrap()))
            .chain(
                hosts
                    .iter()
                    .map(|host| SanType::DnsName((*host).try_into().unwrap())),
            )
            .collect();
        params.key_usages = usages;
        params.extended_key_usages = extended;
        params.not_before = day(from).into();
        params.not_after = day(to).into();
        params.is_ca = authority;
        params.serial_number = Some(SerialNumber::from(serial));
        params.use_authority_key_identifier_extension = true;
        params.custom_extensions = extension.into_iter().collect();
        params
    }
}

fn caller(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Caller {
    Caller {
        chain,
        key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
    }
}

fn day(from_today: i64) -> SystemTime {
    let day = Duration::from_secs(86_400);
    let now = SystemTime::now();
    let away = day * u32::try_from(from_today.unsigned_abs()).unwrap();
    if from_today < 0 {
        now - away
    } else {
        now + away
    }
}
