//! `peers/<area>.toml`: a paired node.

use std::fs;

use data_encoding::BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    error::PairingError,
    nonce::Nonce,
    party::{certificates, counties, host_and_port, node_id, public_key},
};
use crate::{
    config::NodeDir,
    document,
    trust::{
        files::{self, FileError},
        lineage::{BadValue, RawEarlierKey},
        pairing::Pairing,
    },
};

/// A paired node, and how it came to be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairingFile {
    /// What was agreed on.
    pub pairing: Pairing,
    /// When.
    pub paired_at: Timestamp,
    /// The nonce of the invitation.
    pub invitation: Nonce,
}

/// A pairing that cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The directory cannot be listed.
    #[error("peers: {0}")]
    Directory(#[source] std::io::Error),
    /// What stands in it is no pairing.
    #[error("peers/{name}: {error}")]
    Content {
        /// The file.
        name: String,
        /// Why.
        error: PairingError,
    },
}

impl PairingFile {
    /// Reads the text of a pairing.
    ///
    /// # Errors
    /// The first fault, by key.
    pub fn parse(text: &str) -> Result<Self, PairingError> {
        let RawPairing {
            identity,
            areas,
            endpoint,
            sandbox,
            revocation,
            paired_at,
            invitation,
            signing_key,
            root,
            earlier_key,
        } = document::parse(text)?;
        let id = node_id(&identity)?;
        let areas = counties(&areas)?;
        if areas.first() != Some(&id.area()) {
            return Err(PairingError::Value("areas"));
        }
        Ok(Self {
            pairing: Pairing {
                id,
                areas,
                endpoint: host_and_port(endpoint)?,
                root_pem: certificates(root)?,
                signing_key_spki: public_key(&signing_key)?.spki().to_vec(),
                earlier_keys: earlier_key
                    .into_iter()
                    .map(|raw| {
                        raw.try_into()
                            .map_err(|BadValue(key)| PairingError::Value(key))
                    })
                    .collect::<Result<_, _>>()?,
                revocation: revocation
                    .parse()
                    .map_err(|_| PairingError::Value("revocation"))?,
                sandbox,
            },
            paired_at: paired_at
                .parse()
                .map_err(|_| PairingError::Value("paired_at"))?,
            invitation: invitation
                .parse()
                .map_err(|_| PairingError::Value("invitation"))?,
        })
    }

    /// Its text.
    ///
    /// # Errors
    /// Never for what was parsed; the writer of TOML reports errors.
    pub fn to_text(&self) -> Result<String, PairingError> {
        let Self {
            pairing:
                Pairing {
                    id,
                    areas,
                    endpoint,
                    root_pem,
                    signing_key_spki,
                    earlier_keys,
                    revocation,
                    sandbox,
                },
            paired_at,
            invitation,
        } = self;
        let raw = RawPairing {
            identity: id.to_string(),
            areas: areas.iter().map(ToString::to_string).collect(),
            endpoint: endpoint.clone(),
            sandbox: *sandbox,
            revocation: revocation.to_string(),
            paired_at: paired_at.to_string(),
            invitation: invitation.to_string(),
            signing_key: BASE64.encode(signing_key_spki),
            root: root_pem.clone(),
            earlier_key: earlier_keys.iter().map(Into::into).collect(),
        };
        let text = toml::to_string_pretty(&raw).map_err(|_| PairingError::NotAFile)?;
        Ok(format!("{HEAD}{text}"))
    }
}

/// All pairings of a node, in the order of their files; none where the directory is not there.
///
/// # Errors
/// The first file that is no pairing: a node with a pairing that it cannot read does not start.
pub fn load_all(dir: &NodeDir) -> Result<Vec<PairingFile>, LoadError> {
    let listed = match fs::read_dir(dir.peers()) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(LoadError::Directory(error)),
    };
    let mut names = Vec::new();
    for entry in listed {
        let name = entry.map_err(LoadError::Directory)?.file_name();
        let name = name.to_string_lossy().into_owned();
        if name.ends_with(".toml") && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort_unstable();
    let mut pairings = Vec::new();
    for name in names {
        let bytes = files::read_public(&dir.peers().join(&name))?;
        let read = str::from_utf8(&bytes)
            .map_err(|_| PairingError::NotAFile)
            .and_then(PairingFile::parse);
        match read {
            Ok(pairing) => pairings.push(pairing),
            Err(error) => return Err(LoadError::Content { name, error }),
        }
    }
    Ok(pairings)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPairing {
    identity: String,
    areas: Vec<String>,
    endpoint: String,
    sandbox: bool,
    revocation: String,
    paired_at: String,
    invitation: String,
    signing_key: String,
    root: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier_key: Vec<RawEarlierKey>,
}

const HEAD: &str = "\
# 已配对的节点，由 hongyan peer accept 写入；对方更换签名密钥时由节点改写。可改 endpoint；其余请重新配对。
# A paired node, written by `hongyan peer accept`, and by the node when the peer changes its signing
# key. The endpoint may be changed by hand; for anything else pair again.

";
