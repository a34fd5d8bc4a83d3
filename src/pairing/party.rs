//! One side of a pairing, as it tells the other.

use data_encoding::BASE64;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, pem::PemObject as _};
use serde::{Deserialize, Serialize};

use super::error::PairingError;
use crate::{
    domain::area::County,
    trust::{
        certification::Certification,
        identity::SpiffeId,
        keys::PublicKey,
        pairing::{Pairing, RevocationPolicy},
    },
};

/// What one side tells the other about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Its name.
    pub id: SpiffeId,
    /// The areas that it speaks for, that of its name first.
    pub areas: Vec<County>,
    /// Where it is dialled, `host:port`.
    pub endpoint: String,
    /// The root of its trust domain, PEM.
    pub root_pem: String,
    /// The revocation list of its trust domain, PEM; none where certificates are short-lived.
    pub crl_pem: Option<String>,
    /// The key with which it signs.
    pub signing_key: PublicKey,
    /// The certificate that vouches for that key, and how; none where it is of another kind than the
    /// signing key, or the file was written before there was one in it.
    pub certification: Option<Certification>,
    /// How its trust domain revokes.
    pub revocation: RevocationPolicy,
    /// Whether it is a sandbox node.
    pub sandbox: bool,
}

impl Party {
    /// What the other side pins of it.
    pub(super) fn pairing(&self) -> Pairing {
        Pairing {
            id: self.id.clone(),
            areas: self.areas.clone(),
            endpoint: self.endpoint.clone(),
            root_pem: self.root_pem.clone(),
            signing_key_spki: self.signing_key.spki().to_vec(),
            earlier_keys: Vec::new(),
            revocation: self.revocation,
            sandbox: self.sandbox,
        }
    }

    /// The area of its name.
    pub(super) const fn area(&self) -> County {
        self.id.area()
    }
}

/// A party as written in a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawParty {
    identity: String,
    areas: Vec<String>,
    endpoint: String,
    sandbox: bool,
    revocation: String,
    signing_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    certification: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    root: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    crl: Option<String>,
}

impl From<&Party> for RawParty {
    fn from(party: &Party) -> Self {
        let Party {
            id,
            areas,
            endpoint,
            root_pem,
            crl_pem,
            signing_key,
            certification,
            revocation,
            sandbox,
        } = party;
        Self {
            identity: id.to_string(),
            areas: areas.iter().map(ToString::to_string).collect(),
            endpoint: endpoint.clone(),
            sandbox: *sandbox,
            revocation: revocation.to_string(),
            signing_key: BASE64.encode(signing_key.spki()),
            certification: certification
                .as_ref()
                .map(|it| BASE64.encode(&it.signature)),
            certificate: certification.as_ref().map(|it| it.chain_pem.clone()),
            root: root_pem.clone(),
            crl: crl_pem.clone(),
        }
    }
}

impl TryFrom<RawParty> for Party {
    type Error = PairingError;

    fn try_from(raw: RawParty) -> Result<Self, PairingError> {
        let RawParty {
            identity,
            areas,
            endpoint,
            sandbox,
            revocation,
            signing_key,
            certification,
            certificate,
            root,
            crl,
        } = raw;
        let party = Self {
            id: node_id(&identity)?,
            areas: counties(&areas)?,
            endpoint: host_and_port(endpoint)?,
            root_pem: certificates(root)?,
            crl_pem: crl.map(revocation_list).transpose()?,
            signing_key: public_key(&signing_key)?,
            certification: vouching(certificate, certification)?,
            revocation: revocation
                .parse()
                .map_err(|_| PairingError::Value("revocation"))?,
            sandbox,
        };
        if party.areas.first() != Some(&party.id.area()) {
            return Err(PairingError::Value("areas"));
        }
        if party.revocation == RevocationPolicy::Crl && party.crl_pem.is_none() {
            return Err(PairingError::Value("crl"));
        }
        Ok(party)
    }
}

pub(super) fn node_id(text: &str) -> Result<SpiffeId, PairingError> {
    text.parse()
        .ok()
        .filter(SpiffeId::is_node)
        .ok_or(PairingError::Value("identity"))
}

pub(super) fn counties(codes: &[String]) -> Result<Vec<County>, PairingError> {
    let mut areas = Vec::new();
    for code in codes {
        let area = code.parse().map_err(|_| PairingError::Value("areas"))?;
        if areas.contains(&area) || areas.len() >= MAX_AREAS {
            return Err(PairingError::Value("areas"));
        }
        areas.push(area);
    }
    Ok(areas)
}

/// Something that can be dialled and shown to a person.
pub(super) fn host_and_port(text: String) -> Result<String, PairingError> {
    let port = text.rsplit_once(':').and_then(|(host, port)| {
        let plain = (1..=255).contains(&host.len())
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte));
        port.parse::<u16>().ok().filter(|port| plain && *port > 0)
    });
    match port {
        Some(_) => Ok(text),
        None => Err(PairingError::Value("endpoint")),
    }
}

/// One or more certificates and nothing that cannot be read.
pub(super) fn certificates(pem: String) -> Result<String, PairingError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(pem),
        Ok(_) | Err(_) => Err(PairingError::Value("root")),
    }
}

/// A certificate and what its key signed: both or neither.
fn vouching(
    certificate: Option<String>,
    certification: Option<String>,
) -> Result<Option<Certification>, PairingError> {
    let (chain_pem, signature) = match (certificate, certification) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(signature)) => (certificates(certificate), signature),
        (Some(_), None) | (None, Some(_)) => {
            return Err(PairingError::Value("certification"));
        }
    };
    let signature = BASE64.decode(signature.as_bytes());
    Ok(Some(Certification {
        chain_pem: chain_pem.map_err(|_| PairingError::Value("certificate"))?,
        signature: signature
            .map_err(|_| PairingError::Value("certification"))?
            .into(),
    }))
}

fn revocation_list(pem: String) -> Result<String, PairingError> {
    match CertificateRevocationListDer::from_pem_slice(pem.as_bytes()) {
        Ok(_) => Ok(pem),
        Err(_) => Err(PairingError::Value("crl")),
    }
}

pub(super) fn public_key(base64: &str) -> Result<PublicKey, PairingError> {
    let unread = PairingError::Value("signing_key");
    let spki = BASE64
        .decode(base64.as_bytes())
        .map_err(|_| unread.clone())?;
    PublicKey::from_spki(&spki).map_err(|_| unread)
}

/// No node speaks for more counties than a prefecture has.
const MAX_AREAS: usize = 64;
