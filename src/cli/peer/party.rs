//! This node as one side of a pairing.

use std::net::SocketAddr;

use super::super::{exit::Failure, home::Home, language::both};
use crate::{
    pairing::Party,
    trust::{
        certification::Certification,
        files,
        keys::{KeyError, SigningKey},
        pairing::RevocationPolicy,
    },
};

/// The key with which the node signs.
pub(super) fn signing_key(home: &Home) -> Result<SigningKey, Failure> {
    Ok(SigningKey::load(&home.dir.signing_key())?)
}

/// What the node tells about itself.
pub(super) fn own(home: &Home, key: &SigningKey) -> Result<Party, Failure> {
    let config = &home.config;
    let endpoint = config.exchange.dialled.clone();
    let anywhere = endpoint
        .parse()
        .is_ok_and(|address: SocketAddr| address.ip().is_unspecified() || address.port() == 0);
    if anywhere {
        return Err(Failure::usage(both(
            format!("对方无法拨入 {endpoint}，请在 node.toml 的 [exchange] 中填写 public。"),
            format!("peers cannot dial {endpoint}; set `public` under [exchange] in node.toml"),
        )));
    }
    let text = |path| -> Result<String, Failure> {
        Ok(String::from_utf8_lossy(&files::read_public(path)?).into_owned())
    };
    Ok(Party {
        id: config.id.clone(),
        areas: config.areas.clone(),
        endpoint,
        root_pem: text(&home.dir.root())?,
        crl_pem: match config.revocation {
            RevocationPolicy::Crl => Some(text(&home.dir.crl())?),
            RevocationPolicy::ShortLived => None,
        },
        signing_key: key.public().clone(),
        certification: certification(home, key)?,
        revocation: config.revocation,
        sandbox: config.mode.is_sandbox(),
    })
}

/// What lets the node's certificate vouch for the key with which it signs; none where the
/// certificate's key is of another kind.
fn certification(home: &Home, key: &SigningKey) -> Result<Option<Certification>, Failure> {
    let certified = match SigningKey::load(&home.dir.node_key()) {
        Ok(certified) => certified,
        Err(KeyError::NotP256) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let chain = files::read_public(&home.dir.node_certificate())?;
    let chain = String::from_utf8_lossy(&chain).into_owned();
    let (id, sandbox) = (&home.config.id, home.config.mode.is_sandbox());
    let made = Certification::make(&certified, chain, id, sandbox, key.public());
    Ok(Some(made?))
}
