//! What is wrong with a file of evidence.

use crate::{
    domain::problem::Sentence,
    trust::{lineage::SuccessionError, signature::SignatureError},
};

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The agreement that the notice names.
    Agreement,
    /// The bytes of the notice.
    Content,
    /// The digest of the notice.
    Digest,
    /// The areas between which it went.
    Channel,
    /// The id of the notice.
    NoticeId,
    /// What the sender signed.
    Parcel,
    /// The files of a pairing.
    Pairing,
    /// What the receiver signed.
    Receipt,
    /// The keys of the node that received.
    Receiver,
    /// What the node signed that wrote the file.
    Seal,
    /// The keys of the node that sent.
    Sender,
    /// A statement on the agreement.
    Statement,
}

/// What is wrong with a file of evidence: then nothing in it is to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The agreement is not the one that the notice names, or its bytes are those of another.
    #[error("the agreement is not the one that is named")]
    Agreement,
    /// A certificate of a pairing does not vouch for the key.
    #[error("a certificate in the pairing does not vouch for the signing key")]
    Certificate,
    /// The digests do not lead to the heads that were signed.
    #[error("the digests do not lead to the heads that were signed in the {}", .0.name())]
    Chain(Part),
    /// The bytes of the notice have another digest, or say another id or channel.
    #[error("the bytes of the notice are not those that the file is about")]
    Content,
    /// The digest is not that at the notice's place.
    #[error("the digest is not that at the place of the notice")]
    Digest,
    /// A key that nothing in the file pins.
    #[error("a key of the {} is pinned by nothing in the file", .0.name())]
    KeyNotPinned(Part),
    /// JSON, and written in another than the one canonical form.
    #[error("not written in the one canonical form")]
    NotCanonical,
    /// No file of evidence.
    #[error("not a file of evidence")]
    NotEvidence,
    /// Of a format that this version does not know.
    #[error("a file of evidence of another version")]
    OtherFormat,
    /// Signed for another channel, environment, pair of nodes or notice than the file is about.
    #[error("the {} speaks of something else", .0.name())]
    Other(Part),
    /// A root that was not given to compare with.
    #[error("the root of a trust domain is not the one that was given")]
    OtherRoot,
    /// The sequence lies outside of the parcel.
    #[error("the place of the notice lies outside of the parcel")]
    Outside,
    /// The files of a pairing do not hold.
    #[error("the files of a pairing do not hold")]
    Pairing,
    /// The seal covers something else.
    #[error("the seal covers something else: the file was changed")]
    Seal,
    /// A signature is not believed.
    #[error("the signature of the {part} does not hold: {1}", part = .0.name())]
    Signature(Part, SignatureError),
    /// The keys of a node do not follow each other.
    #[error("the keys of the {part} do not follow each other: {1}", part = .0.name())]
    Succession(Part, SuccessionError),
    /// A value that is none.
    #[error("the {} holds a value that is none", .0.name())]
    Value(Part),
}

impl Part {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        self.told().0
    }

    /// Its name in Chinese.
    const fn zh(self) -> &'static str {
        self.told().1
    }

    const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Agreement => ("agreement", "协议"),
            Self::Channel => ("channel", "通道"),
            Self::Content => ("content", "通报原文"),
            Self::Digest => ("digest", "通报摘要"),
            Self::NoticeId => ("notice_id", "通报编号"),
            Self::Pairing => ("pairing", "配对文件"),
            Self::Parcel => ("parcel", "发送方签名"),
            Self::Receipt => ("receipt", "接收方回执"),
            Self::Receiver => ("receiver", "接收方密钥"),
            Self::Seal => ("seal", "出具方签章"),
            Self::Sender => ("sender", "发送方密钥"),
            Self::Statement => ("statement", "协议声明"),
        }
    }
}

impl EvidenceError {
    /// Its stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Agreement => "agreement_differs",
            Self::Certificate => "certificate_does_not_hold",
            Self::Chain(_) => "chain_differs",
            Self::Content => "content_differs",
            Self::Digest => "digest_differs",
            Self::KeyNotPinned(_) => "key_not_pinned",
            Self::NotCanonical => "not_canonical",
            Self::NotEvidence => "not_evidence",
            Self::Other(_) => "speaks_of_something_else",
            Self::OtherFormat => "other_format",
            Self::OtherRoot => "other_root",
            Self::Outside => "outside_the_parcel",
            Self::Pairing => "pairing_does_not_hold",
            Self::Seal => "changed",
            Self::Signature(..) => "signature_does_not_hold",
            Self::Succession(..) => "succession_does_not_hold",
            Self::Value(_) => "value",
        }
    }

    /// The part that is wrong; none where it is the whole.
    pub const fn part(&self) -> Option<Part> {
        match self {
            Self::Agreement => Some(Part::Agreement),
            Self::Certificate | Self::OtherRoot | Self::Pairing => Some(Part::Pairing),
            Self::Content => Some(Part::Content),
            Self::Digest => Some(Part::Digest),
            Self::Outside => Some(Part::Parcel),
            Self::Seal => Some(Part::Seal),
            Self::Chain(part)
            | Self::KeyNotPinned(part)
            | Self::Other(part)
            | Self::Signature(part, _)
            | Self::Succession(part, _)
            | Self::Value(part) => Some(*part),
            Self::NotCanonical | Self::NotEvidence | Self::OtherFormat => None,
        }
    }

    /// What is wrong, for people.
    pub fn sentence(&self) -> Sentence {
        let part = self.part().map_or("", Part::zh);
        let zh = match self {
            Self::Agreement => "所附协议不是通报所依据的协议".to_owned(),
            Self::Certificate => "配对文件中的证书不能证明签名密钥".to_owned(),
            Self::Chain(_) => format!("摘要与{part}中签署的链头不符"),
            Self::Content => "通报原文与本文件所述通报不符".to_owned(),
            Self::Digest => "通报摘要与其序号处的摘要不符".to_owned(),
            Self::KeyNotPinned(_) => format!("{part}没有任何文件可证明归属"),
            Self::NotCanonical => "文件不是规范写法，可能被改动".to_owned(),
            Self::NotEvidence => "不是鸿雁证据文件".to_owned(),
            Self::Other(_) => format!("{part}说的是别的事项"),
            Self::OtherFormat => "证据文件的版本不同，请用相应版本的程序核验".to_owned(),
            Self::OtherRoot => "信任域根证书与所给的不同".to_owned(),
            Self::Outside => "通报序号不在所附签名的范围内".to_owned(),
            Self::Pairing => "配对文件不成立".to_owned(),
            Self::Seal => "文件在出具之后被改动".to_owned(),
            Self::Signature(..) => format!("{part}的签名不成立"),
            Self::Succession(..) => format!("{part}的更换声明前后不接"),
            Self::Value(_) => format!("{part}中有无法识别的值"),
        };
        Sentence {
            zh,
            en: self.to_string(),
        }
    }
}
