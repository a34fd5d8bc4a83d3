//! What a file proves.

use jiff::Timestamp;

use crate::{
    agreement::kind_words,
    domain::{
        agreement::AgreementVersion,
        area::County,
        calendar,
        channel::{Channel, Digest, Sequence},
        journal::JournalHead,
        notice::{Kind, NoticeId},
        problem::Sentence,
        receipt::{Outcome, VoidReason},
    },
    trust::{identity::SpiffeId, keys::Fingerprint},
};

/// Something that a file proves, to whoever believes whose the keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Both sides have signed the agreement that is named.
    Agreed {
        /// Which.
        version: AgreementVersion,
        /// By what.
        by: Accord,
    },
    /// A certificate of the node's, under that root, vouched for its signing key when the two were
    /// paired.
    Certified {
        /// Whose.
        node: SpiffeId,
        /// SHA-256 of the root.
        root: Fingerprint,
    },
    /// The content in the file is what was signed.
    Content {
        /// The id in it.
        id: NoticeId,
        /// Its kind.
        kind: Kind,
        /// When its node accepted it, by its clock: milliseconds since 1970.
        published_at_ms: i64,
    },
    /// How far the journal of a node had come, which it signed and the other side keeps.
    Journal {
        /// Whose.
        node: SpiffeId,
        /// Of which home area.
        home: County,
        /// How far.
        journal: JournalHead,
    },
    /// Both nodes signed what pins their keys.
    Paired {
        /// The nodes, the one that invited first.
        nodes: [SpiffeId; 2],
        /// When the invitation was made.
        at: Timestamp,
    },
    /// The receiver answered for the place.
    Received {
        /// Who.
        node: SpiffeId,
        /// The outcome.
        outcome: Outcome,
        /// When, by its clock: milliseconds since 1970.
        at_ms: i64,
    },
    /// The sender told the notice, or that its place is void.
    Sent {
        /// Who.
        node: SpiffeId,
        /// On which channel.
        channel: Channel,
        /// At which place.
        sequence: Sequence,
        /// Digest of the notice.
        digest: Digest,
        /// Why the place is void; none where the notice was told.
        void: Option<VoidReason>,
        /// When, by its clock: milliseconds since 1970.
        at_ms: i64,
    },
    /// Who wrote the file stands by all of it.
    Shown {
        /// Who.
        node: SpiffeId,
        /// When, by its clock: milliseconds since 1970.
        at_ms: i64,
    },
    /// A node changed its signing key, and signed so with the one before.
    Succeeded {
        /// Who.
        node: SpiffeId,
        /// The key that follows.
        key: Fingerprint,
        /// When, by its clock: milliseconds since 1970.
        at_ms: i64,
    },
}

/// What shows that both sides have signed an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accord {
    /// The files of their pairing, with its text in them.
    Pairing,
    /// A statement of each over its digest.
    Statements {
        /// SHA-256 of its canonical bytes.
        digest: Digest,
    },
}

impl Claim {
    /// Its stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Agreed { .. } => "agreed",
            Self::Certified { .. } => "certified",
            Self::Content { .. } => "content",
            Self::Journal { .. } => "journal",
            Self::Paired { .. } => "paired",
            Self::Received { .. } => "received",
            Self::Sent { .. } => "sent",
            Self::Shown { .. } => "shown",
            Self::Succeeded { .. } => "succeeded",
        }
    }

    /// Who signed it; none where both did.
    pub const fn by(&self) -> Option<&SpiffeId> {
        match self {
            Self::Certified { node, .. }
            | Self::Journal { node, .. }
            | Self::Received { node, .. }
            | Self::Sent { node, .. }
            | Self::Shown { node, .. }
            | Self::Succeeded { node, .. } => Some(node),
            Self::Agreed { .. } | Self::Content { .. } | Self::Paired { .. } => None,
        }
    }

    /// When it was signed, by the clock of whoever signed it: milliseconds since 1970.
    pub fn at_ms(&self) -> Option<i64> {
        match self {
            Self::Received { at_ms, .. }
            | Self::Sent { at_ms, .. }
            | Self::Shown { at_ms, .. }
            | Self::Succeeded { at_ms, .. } => Some(*at_ms),
            Self::Paired { at, .. } => Some(at.as_millisecond()),
            Self::Agreed { .. }
            | Self::Certified { .. }
            | Self::Content { .. }
            | Self::Journal { .. } => None,
        }
    }

    /// In plain words.
    pub fn sentence(&self) -> Sentence {
        let (zh, en) = self.words();
        Sentence { zh, en }
    }

    fn words(&self) -> (String, String) {
        match self {
            Self::Agreed { version, by } => match by {
                Accord::Pairing => (
                    format!("双方在配对文件中签署了协议 {version}"),
                    format!("both sides signed agreement {version} in the files of their pairing"),
                ),
                Accord::Statements { digest } => (
                    format!("双方各自签署声明同意协议 {version}，其规范字节的摘要为 {digest}"),
                    format!(
                        "each side signed a statement of its own that accepts agreement {version}, whose canonical bytes have the digest {digest}"
                    ),
                ),
            },
            Self::Certified { node, root } => (
                format!("配对时，{node} 的证书（根证书指纹 {root}）为其签名密钥作证"),
                format!(
                    "when they were paired, a certificate of {node} under the root {root} vouched for its signing key"
                ),
            ),
            Self::Content {
                id,
                kind,
                published_at_ms,
            } => {
                let at = calendar::rfc3339(*published_at_ms);
                (
                    format!(
                        "所附原文正是所签的通报：编号 {id}，类别 {}，发送节点 {at} 受理",
                        kind_words(*kind).zh
                    ),
                    format!(
                        "the content in the file is what was signed: notice {id}, kind {kind}, accepted by its node at {at}"
                    ),
                )
            }
            Self::Journal {
                node,
                home: _,
                journal,
            } => {
                let JournalHead { position, head } = journal;
                (
                    format!(
                        "{node} 签名时，其日志到位置 {position} 的链头为 {head}；此前内容如有改动，即与此不符"
                    ),
                    format!(
                        "when {node} signed, its journal up to position {position} had the head {head}: whoever changes anything before that contradicts it"
                    ),
                )
            }
            Self::Paired { nodes, at } => {
                let at = calendar::rfc3339(at.as_millisecond());
                let [inviter, accepter] = nodes;
                (
                    format!(
                        "{inviter} 与 {accepter} 于 {at} 所发邀请及其答复中互相交换并签署了签名密钥"
                    ),
                    format!(
                        "{inviter} and {accepter} exchanged their signing keys, each signed by its side, in the invitation of {at} and its answer"
                    ),
                )
            }
            Self::Received {
                node,
                outcome,
                at_ms,
            } => {
                let at = calendar::rfc3339(*at_ms);
                let (zh, en) = outcome_words(outcome);
                (
                    format!("{node} 于 {at} 签署回执：{zh}"),
                    format!("{node} signed at {at}: {en}"),
                )
            }
            Self::Sent {
                node,
                channel,
                sequence,
                digest,
                void,
                at_ms,
            } => {
                let at = calendar::rfc3339(*at_ms);
                let Channel { from, to } = channel;
                let (from_label, to_label) = (from.label(), to.label());
                match void {
                    None => (
                        format!(
                            "{node} 于 {at} 签署：在 {from_label}→{to_label} 通道第 {sequence} 号发出摘要为 {digest} 的通报"
                        ),
                        format!(
                            "{node} signed at {at} that at place {sequence} of the channel from {from} to {to} it tells the notice with the digest {digest}"
                        ),
                    ),
                    Some(reason) => {
                        let (why_zh, why_en) = void_words(*reason);
                        (
                            format!(
                                "{node} 于 {at} 签署：{from_label}→{to_label} 通道第 {sequence} 号为空号（{why_zh}），其通报摘要为 {digest}，内容未发出"
                            ),
                            format!(
                                "{node} signed at {at} that place {sequence} of the channel from {from} to {to} is void ({why_en}): the notice with the digest {digest} was not told there"
                            ),
                        )
                    }
                }
            }
            Self::Shown { node, at_ms } => {
                let at = calendar::rfc3339(*at_ms);
                (
                    format!("本文件由 {node} 于 {at} 出具并签章，此后未被改动"),
                    format!(
                        "{node} wrote and signed this file at {at}, and it was not changed since"
                    ),
                )
            }
            Self::Succeeded { node, key, at_ms } => {
                let at = calendar::rfc3339(*at_ms);
                (
                    format!("{node} 于 {at} 用原密钥签署，改用指纹为 {key} 的签名密钥"),
                    format!(
                        "{node} signed at {at}, with the key before it, that it changes to the signing key {key}"
                    ),
                )
            }
        }
    }
}

fn outcome_words(outcome: &Outcome) -> (String, String) {
    match outcome {
        Outcome::Stored => ("已收存".into(), "it has stored the notice".into()),
        Outcome::Voided => (
            "空号已登记，从未收到该通报".into(),
            "the place is void, and it never had the notice".into(),
        ),
        Outcome::Refused(refusal) => {
            let field = refusal
                .field
                .map_or_else(String::new, |field| format!(" {}", field.name()));
            let code = refusal.code.name();
            (
                format!("拒收（{code}{field}）"),
                format!("it refuses the notice for good ({code}{field})"),
            )
        }
    }
}

const fn void_words(reason: VoidReason) -> (&'static str, &'static str) {
    match reason {
        VoidReason::Expired => ("逾期未送达", "its deadline passed"),
        VoidReason::OnHold => ("等待协议", "it waits for an agreement"),
        VoidReason::Withdrawn => ("办公室撤回", "its office took it back"),
    }
}
