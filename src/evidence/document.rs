//! The bytes of a file of evidence.
//!
//! JSON in one canonical form: members in the order of their names, no white space, texts as they
//! are, one line feed behind. So a meaning has one spelling, and the digest that the seal covers is
//! that of the file without its member `seal`.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};

use super::error::{EvidenceError, Part};
use crate::{domain::channel::Digest, trust::signature::Signed};

/// The end of the channel at which a file was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// By the node that received the notice.
    Receiver,
    /// By the node that sent it.
    Sender,
}

/// A file as it is written. The members stand in the order of their names.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) agreement: RawAgreement,
    pub(super) content: Option<String>,
    pub(super) digest: String,
    pub(super) format: String,
    pub(super) from: String,
    pub(super) notice_id: String,
    pub(super) pairings: Vec<RawPaper>,
    pub(super) parcel: Option<RawParcel>,
    pub(super) receipt: Option<RawSigned>,
    pub(super) receiver: RawNode,
    pub(super) sandbox: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seal: Option<RawSigned>,
    pub(super) sender: RawNode,
    pub(super) sequence: u64,
    pub(super) side: End,
    pub(super) to: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAgreement {
    pub(super) canonical: Option<String>,
    pub(super) name: String,
    pub(super) statements: Vec<RawSigned>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPaper {
    pub(super) answer: String,
    pub(super) invitation: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawParcel {
    pub(super) digests: Vec<String>,
    pub(super) form: String,
    pub(super) signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSigned {
    pub(super) form: String,
    pub(super) signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNode {
    pub(super) identity: String,
    pub(super) keys: Vec<RawKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKey {
    pub(super) key: String,
    pub(super) succession: Option<RawSigned>,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// [`EvidenceError::NotEvidence`], [`EvidenceError::OtherFormat`],
    /// [`EvidenceError::NotCanonical`].
    pub(super) fn read(file: &[u8]) -> Result<Self, EvidenceError> {
        if file.len() > MAX_BYTES {
            return Err(EvidenceError::NotEvidence);
        }
        let text = str::from_utf8(file).map_err(|_| EvidenceError::NotEvidence)?;
        let format: Format = serde_json::from_str(text).map_err(|_| EvidenceError::NotEvidence)?;
        if !format.format.starts_with(FORMATS) {
            return Err(EvidenceError::NotEvidence);
        }
        if format.format != FORMAT {
            return Err(EvidenceError::OtherFormat);
        }
        let document: Self = serde_json::from_str(text).map_err(|_| EvidenceError::NotEvidence)?;
        if document.seal.is_none() || document.canonical()? != text {
            return Err(EvidenceError::NotCanonical);
        }
        Ok(document)
    }

    /// The file, or what the seal covers where it has none.
    pub(super) fn canonical(&self) -> Result<String, EvidenceError> {
        let mut text = serde_json::to_string(self).map_err(|_| EvidenceError::NotEvidence)?;
        text.push('\n');
        Ok(text)
    }

    /// Takes the seal off: what is left, and the digest that the seal covers.
    pub(super) fn unseal(mut self) -> Result<(Self, RawSigned, Digest), EvidenceError> {
        let seal = self.seal.take().ok_or(EvidenceError::NotEvidence)?;
        let digest = self.digest()?;
        Ok((self, seal, digest))
    }

    /// SHA-256 of its canonical bytes.
    pub(super) fn digest(&self) -> Result<Digest, EvidenceError> {
        let sum = digest(&SHA256, self.canonical()?.as_bytes());
        Digest::try_from(sum.as_ref()).map_err(|_| EvidenceError::NotEvidence)
    }
}

impl RawSigned {
    pub(super) fn of(signed: &Signed) -> Self {
        Self {
            form: BASE64.encode(signed.form()),
            signature: BASE64.encode(signed.signature()),
        }
    }

    pub(super) fn read(&self, part: Part) -> Result<Signed, EvidenceError> {
        Ok(Signed::received(
            base64(&self.form, part)?,
            base64(&self.signature, part)?,
        ))
    }
}

/// Bytes as they stand in a file.
pub(super) fn base64(text: &str, part: Part) -> Result<Bytes, EvidenceError> {
    BASE64
        .decode(text.as_bytes())
        .map(Bytes::from)
        .map_err(|_| EvidenceError::Value(part))
}

/// A digest as it stands in a file.
pub(super) fn hex(text: &str, part: Part) -> Result<Digest, EvidenceError> {
    let bytes = HEXLOWER
        .decode(text.as_bytes())
        .map_err(|_| EvidenceError::Value(part))?;
    Digest::try_from(bytes.as_slice()).map_err(|_| EvidenceError::Value(part))
}

/// What any file of evidence has, of whatever format.
#[derive(Deserialize)]
struct Format {
    format: String,
}

/// What every file says of itself.
pub(super) const FORMAT: &str = "hongyan evidence v1";

/// How that of every version begins.
const FORMATS: &str = "hongyan evidence v";

/// Two pairings with long revocation lists are far below.
const MAX_BYTES: usize = 64 << 20;
