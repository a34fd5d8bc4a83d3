//! The keys with which a node signed, one after the other, and how the next one is believed.
//!
//! Only the key in use signs anything new. Those before it prove what was signed while they were in
//! use: stored parcels and receipts, statements that are shown again. What is verified and what is
//! recognised are therefore two methods, and whoever calls has to choose.

use std::sync::Arc;

use data_encoding::BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    forms::{self, Form, FormError, Frame},
    identity::SpiffeId,
    keys::{KeyId, PublicKey},
    signature::{PinnedKey, SignatureError, Signed, Verified},
    succession::SuccessionForm,
};
use crate::domain::{area::County, channel::Channel};

/// A key that a node gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierKey {
    /// The key.
    pub public: PublicKey,
    /// Until when it was in use here: milliseconds since 1970.
    pub until_ms: i64,
    /// The statement, signed with it, that names the next; none where the nodes were paired anew
    /// under another key.
    pub statement: Option<Signed>,
}

/// The keys of one node: the one in use, and those before it.
#[derive(Clone, Debug)]
pub struct Lineage {
    node: SpiffeId,
    areas: Arc<[County]>,
    sandbox: bool,
    current: PinnedKey,
    earlier: Arc<[Passed]>,
}

/// A key that was given up, and what its statement says: number and successor.
#[derive(Clone, Debug)]
struct Passed {
    key: PinnedKey,
    next: Option<(u64, KeyId)>,
}

/// Why the statements that a node shows of its keys are not believed. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SuccessionError {
    /// Another successor of a key than the one that was taken.
    #[error("one key has two successors; compare fingerprints over the telephone and pair anew")]
    Fork,
    /// No statement.
    #[error("no canonical statement: {0}")]
    Malformed(#[from] FormError),
    /// The key pinned for the node signed none of it.
    #[error("not signed with the key that is pinned")]
    NotSigned,
    /// A number that does not follow, or an end before the key that is pinned.
    #[error(
        "the statements go backwards or leave one out; was the node restored from an old copy?"
    )]
    OutOfOrder,
    /// Signed for another node, or for the other kind of it.
    #[error("a statement for another node")]
    OtherNode,
    /// More statements than a node shows.
    #[error("more than {MAX_SHOWN} statements")]
    TooMany,
}

impl SuccessionError {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fork => "succession_fork",
            Self::Malformed(_) => "succession_malformed",
            Self::NotSigned => "succession_not_signed",
            Self::OutOfOrder => "succession_out_of_order",
            Self::OtherNode => "succession_other_node",
            Self::TooMany => "succession_too_many",
        }
    }
}

/// Most statements that a node shows and that a peer reads: the newest. Whoever missed more pairs
/// anew.
pub const MAX_SHOWN: usize = 128;

impl Lineage {
    /// The keys of a node, as a pairing or the node's own directory holds them, the oldest first.
    pub fn new(
        node: SpiffeId,
        areas: Arc<[County]>,
        sandbox: bool,
        current: PublicKey,
        earlier: &[EarlierKey],
    ) -> Self {
        let pin = |public: &PublicKey| {
            PinnedKey::new(
                public.clone(),
                node.trust_domain().clone(),
                Arc::clone(&areas),
            )
        };
        let earlier = earlier
            .iter()
            .map(|earlier| Passed {
                key: pin(&earlier.public),
                next: earlier.statement.as_ref().and_then(|statement| {
                    let (_, form) = forms::read::<SuccessionForm>(statement.form()).ok()?;
                    Some((form.number, form.successor.id()))
                }),
            })
            .collect();
        Self {
            current: pin(&current),
            earlier,
            node,
            areas,
            sandbox,
        }
    }

    /// The key in use.
    pub const fn current(&self) -> &PinnedKey {
        &self.current
    }

    /// Verifies what is new: only the key in use may have signed it.
    ///
    /// # Errors
    /// [`SignatureError::Superseded`] if a key signed it that was given up; else as
    /// [`PinnedKey::verify`].
    pub fn verify<F: Form>(&self, signed: Signed) -> Result<Verified<F>, SignatureError> {
        match self.current.verify(signed.clone()) {
            Err(SignatureError::Bad) if self.recognise::<F>(signed).is_ok() => {
                Err(SignatureError::Superseded)
            }
            verified => verified,
        }
    }

    /// Verifies what was signed before now and kept: any key of the node's may have signed it.
    ///
    /// # Errors
    /// As [`PinnedKey::verify`].
    pub fn recognise<F: Form>(&self, signed: Signed) -> Result<Verified<F>, SignatureError> {
        let earlier = self.earlier.iter().rev().map(|passed| &passed.key);
        for key in std::iter::once(&self.current).chain(earlier) {
            match key.verify(signed.clone()) {
                Err(SignatureError::Bad) => {}
                verified => return verified,
            }
        }
        Err(SignatureError::Bad)
    }

    /// The key of the node's that signed what was kept; `None` if none of them did.
    pub fn signer_of<F: Form>(&self, signed: &Signed) -> Option<&PublicKey> {
        let earlier = self.earlier.iter().rev().map(|passed| &passed.key);
        let mut keys = std::iter::once(&self.current).chain(earlier);
        let key = keys.find(|key| key.verify::<F>(signed.clone()).is_ok());
        key.map(PinnedKey::public)
    }

    /// Walks the statements that the node shows, the oldest first, from the key in use on; gives
    /// those that are new. Statements of before the pairing, which nobody here can check, are passed
    /// over: what counts is that the walk begins at the key in use and ends at the last key shown.
    ///
    /// # Errors
    /// [`SuccessionError`]; then none of them is to be taken.
    pub fn follow(
        &self,
        shown: &[Signed],
    ) -> Result<Vec<Verified<SuccessionForm>>, SuccessionError> {
        if shown.len() > MAX_SHOWN {
            return Err(SuccessionError::TooMany);
        }
        let mut passed = self.earlier.to_vec();
        let mut key = self.current.clone();
        let mut number = passed.last().and_then(|last| last.next).map(|next| next.0);
        let mut end = None;
        let mut taken = Vec::new();
        for signed in shown {
            let (header, form) = forms::read::<SuccessionForm>(signed.form())?;
            end = Some(form.successor.id());
            if header.key == key.id() {
                let verified = key.verify::<SuccessionForm>(signed.clone())?;
                if form.frame != self.frame() {
                    return Err(SuccessionError::OtherNode);
                }
                let follows =
                    number.is_none_or(|number| number.checked_add(1) == Some(form.number));
                let next = form.successor.id();
                let again = next == key.id() || passed.iter().any(|passed| passed.key.id() == next);
                if !follows || again {
                    return Err(SuccessionError::OutOfOrder);
                }
                number = Some(form.number);
                let successor = PinnedKey::new(
                    form.successor,
                    self.node.trust_domain().clone(),
                    Arc::clone(&self.areas),
                );
                passed.push(Passed {
                    key: std::mem::replace(&mut key, successor),
                    next: Some((form.number, next)),
                });
                taken.push(verified);
            } else if let Some(passed) = passed.iter().find(|passed| passed.key.id() == header.key)
                && let Some((_, next)) = passed.next
                && next != form.successor.id()
            {
                passed.key.verify::<SuccessionForm>(signed.clone())?;
                return Err(SuccessionError::Fork);
            }
        }
        match end {
            None => Ok(taken),
            Some(end) if end == key.id() => Ok(taken),
            Some(end) if passed.iter().any(|passed| passed.key.id() == end) => {
                Err(SuccessionError::OutOfOrder)
            }
            Some(_) => Err(SuccessionError::NotSigned),
        }
    }

    /// What every statement of the node is framed by.
    const fn frame(&self) -> Frame {
        let area = self.node.area();
        let channel = Channel {
            from: area,
            to: area,
        };
        Frame {
            channel,
            sandbox: self.sandbox,
        }
    }
}

impl From<SignatureError> for SuccessionError {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::Form(error) => Self::Malformed(error),
            SignatureError::OtherArea | SignatureError::OtherSigner => Self::OtherNode,
            SignatureError::Bad | SignatureError::NoRandomness(_) | SignatureError::Superseded => {
                Self::NotSigned
            }
        }
    }
}

/// An earlier key as written in a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawEarlierKey {
    signing_key: String,
    until: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
}

/// The key of a file whose value is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadValue(pub(crate) &'static str);

impl From<&EarlierKey> for RawEarlierKey {
    fn from(key: &EarlierKey) -> Self {
        let EarlierKey {
            public,
            until_ms,
            statement,
        } = key;
        Self {
            signing_key: BASE64.encode(public.spki()),
            until: Timestamp::from_millisecond(*until_ms)
                .unwrap_or(Timestamp::UNIX_EPOCH)
                .to_string(),
            statement: statement
                .as_ref()
                .map(|signed| BASE64.encode(signed.form())),
            signature: statement
                .as_ref()
                .map(|signed| BASE64.encode(signed.signature())),
        }
    }
}

impl TryFrom<RawEarlierKey> for EarlierKey {
    type Error = BadValue;

    fn try_from(raw: RawEarlierKey) -> Result<Self, BadValue> {
        let RawEarlierKey {
            signing_key,
            until,
            statement,
            signature,
        } = raw;
        let bytes = |text: String, key: &'static str| {
            BASE64.decode(text.as_bytes()).map_err(|_| BadValue(key))
        };
        let until: Timestamp = until.parse().map_err(|_| BadValue("until"))?;
        Ok(Self {
            public: PublicKey::from_spki(&bytes(signing_key, "signing_key")?)
                .map_err(|_| BadValue("signing_key"))?,
            until_ms: until.as_millisecond(),
            statement: match (statement, signature) {
                (None, None) => None,
                (Some(form), Some(signature)) => Some(Signed::received(
                    bytes(form, "statement")?.into(),
                    bytes(signature, "signature")?.into(),
                )),
                (Some(_), None) => return Err(BadValue("signature")),
                (None, Some(_)) => return Err(BadValue("statement")),
            },
        })
    }
}

#[cfg(test)]
#[path = "lineage_tests.rs"]
mod tests;
