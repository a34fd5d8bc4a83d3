//! Answers to invitations.

use serde::{Deserialize, Serialize};

use super::{
    error::PairingError,
    invitation::{FORMAT, Invitation},
    nonce::Nonce,
    party::{Party, RawParty},
    signed::{Statement, digest_of, seal, unseal},
};
use crate::{
    document,
    domain::{area::County, channel::Digest},
    trust::keys::PublicKey,
};
use data_encoding::HEXLOWER;

/// An answer whose signature fits the key that stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The nonce of the invitation.
    pub nonce: Nonce,
    /// SHA-256 of the invitation's text.
    pub invitation: Digest,
    /// The area that invited.
    pub inviter: County,
    /// Who accepts.
    pub accepter: Party,
    /// The final agreement.
    pub agreement: String,
    /// SHA-256 of its own text.
    pub digest: Digest,
    /// The file.
    pub file: String,
}

/// Writes the answer to an invitation.
pub(super) fn answer(
    invitation: &Invitation,
    accepter: &Party,
    agreement: &str,
    sign: impl FnOnce(&Statement) -> Vec<u8>,
) -> Result<String, PairingError> {
    let raw = RawAnswer {
        format: FORMAT,
        invitation_nonce: invitation.nonce.to_string(),
        invitation_digest: invitation.digest.to_string(),
        inviter_area: invitation.inviter.area().to_string(),
        agreement: agreement.to_owned(),
        accepter: accepter.into(),
    };
    let text = toml::to_string_pretty(&raw).map_err(|_| PairingError::NotAFile)?;
    let body = format!("{HEAD}{text}");
    let statement = Statement::Answer {
        from: accepter.area(),
        to: invitation.inviter.area(),
        sandbox: accepter.sandbox,
        invitation: invitation.digest,
        document: digest_of(&body),
    };
    Ok(seal(&body, &sign(&statement)))
}

/// Reads an answer and checks that nobody changed it since its key signed it.
///
/// # Errors
/// If it is none, or was altered.
pub fn read_answer(
    file: &str,
    verify: impl FnOnce(&PublicKey, &Statement, &[u8]) -> bool,
) -> Result<Answer, PairingError> {
    let (body, signature) = unseal(file)?;
    let RawAnswer {
        format,
        invitation_nonce,
        invitation_digest,
        inviter_area,
        agreement,
        accepter,
    } = document::parse(body)?;
    if format != FORMAT {
        return Err(PairingError::Value("format"));
    }
    let invitation = HEXLOWER
        .decode(invitation_digest.as_bytes())
        .ok()
        .and_then(|bytes| Digest::try_from(bytes.as_slice()).ok())
        .ok_or(PairingError::Value("invitation_digest"))?;
    let answer = Answer {
        nonce: invitation_nonce
            .parse()
            .map_err(|_| PairingError::Value("invitation_nonce"))?,
        invitation,
        inviter: inviter_area
            .parse()
            .map_err(|_| PairingError::Value("inviter_area"))?,
        accepter: accepter.try_into()?,
        agreement,
        digest: digest_of(body),
        file: file.to_owned(),
    };
    let statement = Statement::Answer {
        from: answer.accepter.area(),
        to: answer.inviter,
        sandbox: answer.accepter.sandbox,
        invitation,
        document: answer.digest,
    };
    if verify(&answer.accepter.signing_key, &statement, &signature) {
        Ok(answer)
    } else {
        Err(PairingError::Altered)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAnswer {
    format: u32,
    invitation_nonce: String,
    invitation_digest: String,
    inviter_area: String,
    agreement: String,
    accepter: RawParty,
}

const HEAD: &str = "\
# 鸿雁配对答复。请勿改动：任何改动都会使签名失效。请交还发出邀请的节点。
# The answer to an invitation to pair. Change nothing, or the signature no longer fits. Give it to
# the node that invited.

";
