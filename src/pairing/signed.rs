//! A text that people can read, with the signature over its exact bytes behind it.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use data_encoding::BASE64;

use super::error::PairingError;
use crate::{
    domain::{
        area::County,
        channel::{Channel, Digest},
    },
    trust::{
        forms::{Frame, InvitationAnswerForm, InvitationForm},
        identity::TrustDomain,
        keys::{PublicKey, SigningKey},
        signature::{PinnedKey, SignatureError, Signed},
    },
};

/// What a signature under a file says. The one who signs and the one who verifies turn it into the
/// canonical form of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statement {
    /// An invitation.
    Invitation {
        /// The area that invites.
        from: County,
        /// The area that is invited, where it is known.
        to: Option<County>,
        /// Whether between sandbox nodes.
        sandbox: bool,
        /// SHA-256 of the invitation's text.
        document: Digest,
    },
    /// The answer to one.
    Answer {
        /// The area that answers.
        from: County,
        /// The area that invited.
        to: County,
        /// Whether between sandbox nodes.
        sandbox: bool,
        /// SHA-256 of the invitation's text.
        invitation: Digest,
        /// SHA-256 of the answer's text.
        document: Digest,
    },
}

impl Statement {
    /// Signs it, in the canonical form of its kind, for the node of that trust domain.
    ///
    /// # Errors
    /// As [`SigningKey::sign`].
    pub fn sign(&self, key: &SigningKey, signer: &TrustDomain) -> Result<Vec<u8>, SignatureError> {
        let signed = match Form::of(self) {
            Form::Invitation(form) => key.sign(signer, &form),
            Form::Answer(form) => key.sign(signer, &form),
        };
        Ok(signed?.signature().to_vec())
    }

    /// What proves that the key of that trust domain signed it; `None` if it did not.
    pub fn signed_by(
        &self,
        key: &PublicKey,
        signer: &TrustDomain,
        signature: &[u8],
    ) -> Option<Signed> {
        let (Self::Invitation { from, .. } | Self::Answer { from, .. }) = *self;
        let key = PinnedKey::new(key.clone(), signer.clone(), [from].into());
        let signature = Bytes::copy_from_slice(signature);
        match Form::of(self) {
            Form::Invitation(form) => {
                let verified = key.verify_detached(&form, signature).ok()?;
                Some(verified.signed().clone())
            }
            Form::Answer(form) => {
                let verified = key.verify_detached(&form, signature).ok()?;
                Some(verified.signed().clone())
            }
        }
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

/// The text with its signature behind it.
pub(super) fn seal(body: &str, signature: &[u8]) -> String {
    format!("{body}{BEGIN}{}{END}", BASE64.encode(signature))
}

/// A file taken apart into text and signature.
pub(super) fn unseal(file: &str) -> Result<(&str, Vec<u8>), PairingError> {
    if file.len() > MAX_BYTES {
        return Err(PairingError::NotAFile);
    }
    let (body, rest) = file.rsplit_once(BEGIN).ok_or(PairingError::NotAFile)?;
    let encoded = rest
        .trim_end()
        .strip_suffix(END.trim_end())
        .ok_or(PairingError::NotAFile)?;
    let signature = BASE64
        .decode(encoded.as_bytes())
        .map_err(|_| PairingError::NotAFile)?;
    Ok((body, signature))
}

/// SHA-256 of a text.
pub(super) fn digest_of(body: &str) -> Digest {
    Digest::try_from(digest(&SHA256, body.as_bytes()).as_ref()).unwrap_or_default()
}

const BEGIN: &str = "\n-----BEGIN HONGYAN SIGNATURE-----\n";
const END: &str = "\n-----END HONGYAN SIGNATURE-----\n";

/// Far above any file, revocation list included.
const MAX_BYTES: usize = 16 << 20;
