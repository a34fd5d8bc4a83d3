//! What an authority keeps on disk: its root, what it issued, what it revoked, its list.
//!
//! ```text
//! ca.crt  ca.key (0600)  register.json  crl.pem  register.lock
//! ```

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject};
use serde::{Deserialize, Serialize};

use super::{
    files::{self, FileError},
    identity::SpiffeId,
    issue::{IssueError, Issuer, Made},
};

/// An authority's directory, opened.
pub(in crate::trust) struct Register {
    dir: PathBuf,
    issuer: Issuer,
}

/// What an authority remembers.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    format: u32,
    crl_number: u64,
    issued: Vec<Issued>,
    revoked: Vec<Revoked>,
}

/// A certificate that an authority issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    /// Serial number in hexadecimal digits.
    pub serial: String,
    /// Whom it names.
    pub id: String,
    /// Last second of its life, since 1970.
    pub not_after: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoked {
    serial: String,
    at: i64,
}

/// Which certificate to revoke.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// The one in this PEM.
    Certificate(&'a str),
    /// The one of this serial number in hexadecimal digits, with or without colons.
    Serial(&'a str),
}

/// What an authority cannot do.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The request's own signature does not fit: whoever asks does not hold the key.
    #[error("the request is not signed with the key that it asks for")]
    BadRequestSignature,
    /// The register cannot be read.
    #[error("{} is damaged or of a newer version", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
    },
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// Making the certificate.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The request asks for no name that the authority gives.
    #[error("the request does not ask for exactly one spiffe://<trust-domain>/area/<code>")]
    NotANode,
    /// Not a request.
    #[error("not a certificate request in PEM for a key on the curve P-256")]
    NotARequest,
    /// No such certificate was issued here.
    #[error("this authority has issued no such certificate")]
    NotIssuedHere,
    /// The request is for another trust domain.
    #[error("the request names another trust domain than this authority's")]
    OtherTrustDomain,
}

impl Register {
    pub(in crate::trust) fn create(
        dir: &Path,
        title: &str,
        root_uri: Option<&str>,
        now: UnixTime,
    ) -> Result<Self, AuthorityError> {
        let (issuer, root) = Issuer::create(title, root_uri, now)?;
        files::make_dir(dir)?;
        // The key goes first: a second `init` in the same place stops here.
        files::write_new_secret(&dir.join(KEY), root.key_pem.as_bytes())?;
        files::write_public(&dir.join(ROOT), root.certificate_pem.as_bytes())?;
        let register = Self {
            dir: dir.to_owned(),
            issuer,
        };
        register.save(&Record {
            format: FORMAT,
            crl_number: 0,
            issued: Vec::new(),
            revoked: Vec::new(),
        })?;
        Ok(register)
    }

    pub(in crate::trust) fn open(dir: &Path) -> Result<Self, AuthorityError> {
        let damaged = |name: &str| AuthorityError::Damaged {
            path: dir.join(name),
        };
        let key = String::from_utf8(files::read_secret(&dir.join(KEY))?);
        let root = String::from_utf8(files::read_public(&dir.join(ROOT))?);
        let issuer = Issuer::open(
            &root.map_err(|_| damaged(ROOT))?,
            &key.map_err(|_| damaged(KEY))?,
        )?;
        Ok(Self {
            dir: dir.to_owned(),
            issuer,
        })
    }

    pub(in crate::trust) const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    pub(in crate::trust) fn issued(&self) -> Result<Vec<Issued>, AuthorityError> {
        Ok(self.read()?.issued)
    }

    /// Makes a certificate and notes it down before anyone gets it.
    pub(in crate::trust) fn issue(
        &self,
        id: &SpiffeId,
        make: impl FnOnce(&Issuer) -> Result<Made, IssueError>,
    ) -> Result<String, AuthorityError> {
        let _lock = self.lock()?;
        let made = make(&self.issuer)?;
        let mut record = self.read()?;
        record.issued.push(Issued {
            serial: data_encoding::HEXLOWER.encode(&made.serial),
            id: id.to_string(),
            not_after: made.not_after,
        });
        self.save(&record)?;
        Ok(made.pem)
    }

    /// Revokes one certificate and publishes the list. A repeat changes nothing but the list.
    pub(in crate::trust) fn revoke(
        &self,
        target: Target<'_>,
        validity: Duration,
        now: UnixTime,
    ) -> Result<String, AuthorityError> {
        let serial = serial_of(target)?;
        let _lock = self.lock()?;
        let mut record = self.read()?;
        if !record.issued.iter().any(|issued| issued.serial == serial) {
            return Err(AuthorityError::NotIssuedHere);
        }
        if !record.revoked.iter().any(|known| known.serial == serial) {
            record.revoked.push(Revoked {
                serial,
                at: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
            });
        }
        self.publish(record, validity, now)
    }

    /// Publishes the list anew, under the next number.
    pub(in crate::trust) fn crl(
        &self,
        validity: Duration,
        now: UnixTime,
    ) -> Result<String, AuthorityError> {
        let _lock = self.lock()?;
        self.publish(self.read()?, validity, now)
    }

    fn publish(
        &self,
        mut record: Record,
        validity: Duration,
        now: UnixTime,
    ) -> Result<String, AuthorityError> {
        record.crl_number = record.crl_number.saturating_add(1);
        let revoked = record
            .revoked
            .iter()
            .map(|revoked| Ok((serial_bytes(&revoked.serial)?, revoked.at)))
            .collect::<Result<Vec<_>, AuthorityError>>()?;
        let pem = self
            .issuer
            .crl(record.crl_number, &revoked, validity, now)?;
        // The number is used up before the list is seen, so no two lists share one.
        self.save(&record)?;
        files::write_public(&self.dir.join(CRL), pem.as_bytes())?;
        Ok(pem)
    }

    fn read(&self) -> Result<Record, AuthorityError> {
        let path = self.dir.join(RECORD);
        let bytes = files::read_public(&path)?;
        match serde_json::from_slice::<Record>(&bytes) {
            Ok(record) if record.format == FORMAT => Ok(record),
            Ok(_) | Err(_) => Err(AuthorityError::Damaged { path }),
        }
    }

    fn save(&self, record: &Record) -> Result<(), AuthorityError> {
        let path = self.dir.join(RECORD);
        let bytes = serde_json::to_vec_pretty(record)
            .map_err(|_| AuthorityError::Damaged { path: path.clone() })?;
        Ok(files::write_public(&path, &bytes)?)
    }

    /// Two commands at once take turns.
    fn lock(&self) -> Result<File, AuthorityError> {
        let path = self.dir.join(LOCK);
        let lock = || {
            let file = File::create(&path)?;
            file.lock()?;
            Ok(file)
        };
        lock().map_err(|source| {
            AuthorityError::File(FileError::Io {
                path: path.clone(),
                source,
            })
        })
    }
}

fn serial_of(target: Target<'_>) -> Result<String, AuthorityError> {
    let bytes = match target {
        Target::Serial(text) => serial_bytes(&text.replace(':', "").to_ascii_lowercase())?,
        Target::Certificate(pem) => {
            let der = CertificateDer::from_pem_slice(pem.as_bytes())
                .map_err(|_| IssueError::NotACertificate)?;
            let (_, certificate) = x509_parser::parse_x509_certificate(&der)
                .map_err(|_| IssueError::NotACertificate)?;
            certificate.raw_serial().to_vec()
        }
    };
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}

fn serial_bytes(digits: &str) -> Result<Vec<u8>, AuthorityError> {
    data_encoding::HEXLOWER
        .decode(digits.as_bytes())
        .map_err(|_| AuthorityError::NotIssuedHere)
}

const FORMAT: u32 = 1;
const ROOT: &str = "ca.crt";
const KEY: &str = "ca.key";
const CRL: &str = "crl.pem";
const RECORD: &str = "register.json";
const LOCK: &str = "register.lock";
