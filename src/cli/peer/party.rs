//! This node as one side of a pairing, and how the files of a pairing are signed.

use std::net::SocketAddr;

use bytes::Bytes;

use super::super::{exit::Failure, home::Home, language::both};
use crate::{
    domain::channel::Channel,
    pairing::{Party, Statement},
    trust::{
        files,
        forms::{Frame, InvitationAnswerForm, InvitationForm},
        identity::TrustDomain,
        keys::{PublicKey, SigningKey},
        pairing::RevocationPolicy,
        signature::{PinnedKey, SignatureError},
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
        revocation: config.revocation,
        sandbox: config.mode.is_sandbox(),
    })
}

/// Signs what a file says, in the canonical form of its kind.
pub(super) fn sign(
    key: &SigningKey,
    signer: &TrustDomain,
    statement: &Statement,
) -> Result<Vec<u8>, SignatureError> {
    let signed = match Form::of(statement) {
        Form::Invitation(form) => key.sign(signer, &form),
        Form::Answer(form) => key.sign(signer, &form),
    };
    Ok(signed?.signature().to_vec())
}

/// Whether the key of that trust domain signed what a file says.
pub(super) fn verify(
    signer: &TrustDomain,
    key: &PublicKey,
    statement: &Statement,
    signature: &[u8],
) -> bool {
    let (Statement::Invitation { from, .. } | Statement::Answer { from, .. }) = *statement;
    let key = PinnedKey::new(key.clone(), signer.clone(), [from].into());
    let signature = Bytes::copy_from_slice(signature);
    match Form::of(statement) {
        Form::Invitation(form) => key.verify_detached(&form, signature).is_ok(),
        Form::Answer(form) => key.verify_detached(&form, signature).is_ok(),
    }
}

enum Form {
    Invitation(InvitationForm),
    Answer(InvitationAnswerForm),
}

impl Form {
    fn of(statement: &Statement) -> Self {
        match *statement {
            Statement::Invitation {
                from,
                to,
                sandbox,
                document,
            } => Self::Invitation(InvitationForm {
                frame: Frame {
                    // An open invitation names no other area than the one that invites.
                    channel: Channel {
                        from,
                        to: to.unwrap_or(from),
                    },
                    sandbox,
                },
                document,
            }),
            Statement::Answer {
                from,
                to,
                sandbox,
                invitation,
                document,
            } => Self::Answer(InvitationAnswerForm {
                frame: Frame {
                    channel: Channel { from, to },
                    sandbox,
                },
                invitation,
                document,
            }),
        }
    }
}
