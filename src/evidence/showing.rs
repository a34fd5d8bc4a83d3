//! From what a node holds of a notice to a file that convinces others.

use bytes::Bytes;
use data_encoding::BASE64;

use super::{
    document::{
        Document, End, FORMAT, RawAgreement, RawKey, RawNode, RawPaper, RawParcel, RawSigned,
    },
    error::EvidenceError,
    nodes::first_pinned,
};
use crate::{
    domain::{
        agreement::AgreementVersion,
        channel::{Channel, Digest, Sequence},
        notice::NoticeId,
    },
    pairing::SignedFiles,
    trust::{
        forms::Frame,
        identity::SpiffeId,
        keys::{PublicKey, SigningKey},
        showing::ShowingForm,
        signature::{SignatureError, Signed},
    },
};

/// What a node shows of one notice. It has no `Debug`: it holds a person.
#[derive(Clone)]
pub struct Showing {
    /// Its channel.
    pub channel: Channel,
    /// True between sandbox nodes.
    pub sandbox: bool,
    /// Its place.
    pub sequence: Sequence,
    /// At which end it is shown.
    pub end: End,
    /// Its id.
    pub id: NoticeId,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its exact bytes; none where they were erased, or are not to be shown.
    pub content: Option<Bytes>,
    /// The agreement that it names.
    pub agreement: ShownAgreement,
    /// What its sender signed; none before the receiver has answered.
    pub parcel: Option<ShownParcel>,
    /// What its receiver signed.
    pub receipt: Option<Signed>,
    /// The node that sent it.
    pub sender: ShownNode,
    /// The node that received it.
    pub receiver: ShownNode,
    /// The files by which the two were paired, the oldest first.
    pub pairings: Vec<SignedFiles>,
}

/// The agreement that a notice names.
#[derive(Clone, Debug)]
pub struct ShownAgreement {
    /// Which.
    pub version: AgreementVersion,
    /// Its canonical bytes, where there are statements that speak of them.
    pub canonical: Option<Vec<u8>>,
    /// What both sides have signed of it since they were paired.
    pub statements: Vec<Signed>,
}

/// What the sender signed, and what that covers.
#[derive(Clone, Debug)]
pub struct ShownParcel {
    /// The form and the signature.
    pub signed: Signed,
    /// Digests of all its places.
    pub digests: Vec<Digest>,
}

/// A node and the keys with which it signed, the oldest first.
#[derive(Clone, Debug)]
pub struct ShownNode {
    /// Its name.
    pub id: SpiffeId,
    /// Its keys; at least one.
    pub keys: Vec<ShownKey>,
}

/// A key of a node's.
#[derive(Clone, Debug)]
pub struct ShownKey {
    /// The key.
    pub public: PublicKey,
    /// The statement, signed with it, that names the next; none for the newest, and where the nodes
    /// were paired anew under another key.
    pub succession: Option<Signed>,
}

impl Showing {
    /// Writes the file, signed as a whole with the key that the node uses now.
    ///
    /// # Errors
    /// As [`SigningKey::sign`].
    pub fn seal(self, key: &SigningKey, now_ms: i64) -> Result<String, SealError> {
        let (home, other) = match self.end {
            End::Sender => (self.channel.from, self.channel.to),
            End::Receiver => (self.channel.to, self.channel.from),
        };
        let own = match self.end {
            End::Sender => &self.sender,
            End::Receiver => &self.receiver,
        };
        let signer = own.id.trust_domain().clone();
        let frame = Frame {
            channel: Channel {
                from: home,
                to: other,
            },
            sandbox: self.sandbox,
        };
        let mut document = self.document();
        let form = ShowingForm {
            frame,
            document: document.digest()?,
            time_ms: now_ms,
        };
        document.seal = Some(RawSigned::of(&key.sign(&signer, &form)?));
        Ok(document.canonical()?)
    }

    fn document(self) -> Document {
        let Self {
            channel,
            sandbox,
            sequence,
            end,
            id,
            digest,
            content,
            agreement,
            parcel,
            receipt,
            sender,
            receiver,
            pairings,
        } = self;
        let ShownAgreement {
            version,
            canonical,
            statements,
        } = agreement;
        Document {
            agreement: RawAgreement {
                canonical: canonical.map(|bytes| BASE64.encode(&bytes)),
                name: version.to_string(),
                statements: statements.iter().map(RawSigned::of).collect(),
            },
            content: content.map(|bytes| BASE64.encode(&bytes)),
            digest: digest.to_string(),
            format: FORMAT.to_owned(),
            from: channel.from.to_string(),
            notice_id: id.to_string(),
            parcel: parcel.map(|parcel| RawParcel {
                digests: parcel.digests.iter().map(ToString::to_string).collect(),
                form: BASE64.encode(parcel.signed.form()),
                signature: BASE64.encode(parcel.signed.signature()),
            }),
            receipt: receipt.as_ref().map(RawSigned::of),
            receiver: node(receiver, &pairings),
            sandbox,
            seal: None,
            sender: node(sender, &pairings),
            sequence: sequence.get(),
            side: end,
            to: channel.to.to_string(),
            pairings: pairings
                .into_iter()
                .map(|SignedFiles { invitation, answer }| RawPaper { answer, invitation })
                .collect(),
        }
    }
}

/// Keys of before the oldest pairing prove nothing to anybody, and stay out.
fn node(node: ShownNode, pairings: &[SignedFiles]) -> RawNode {
    let ShownNode { id, keys } = node;
    let from = first_pinned(&id, &keys, pairings).unwrap_or_default();
    RawNode {
        identity: id.to_string(),
        keys: keys
            .into_iter()
            .skip(from)
            .map(|key| RawKey {
                key: BASE64.encode(key.public.spki()),
                succession: key.succession.as_ref().map(RawSigned::of),
            })
            .collect(),
    }
}

/// Why no file was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It was not signed.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// It cannot be written as JSON.
    #[error(transparent)]
    Document(#[from] EvidenceError),
}
