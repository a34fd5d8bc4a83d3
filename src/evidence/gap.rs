//! What a file does not prove: said as plainly as what it does.

use crate::{
    domain::{area::County, notice::NoticeId, problem::Sentence},
    trust::{
        identity::SpiffeId,
        keys::{Fingerprint, KeyId},
    },
};

/// Something that whoever reads a file might take for proven, and that is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// That both sides have signed the agreement.
    Agreement,
    /// That the clocks were right.
    Clocks,
    /// What the notice says: its content is not in the file.
    Content,
    /// That the digest is that of the notice of that id: only who wrote the file says so.
    NoticeId(NoticeId),
    /// That the journals were as they are: signed before parcels and receipts named them.
    Journals,
    /// That somebody else received it: both ends are one node.
    OneNode,
    /// Which office within the county told it, and that what it says is true.
    Office(County),
    /// That the receiver had it before: the receipt was signed by it when it wrote the file.
    OwnReceipt,
    /// That the peer has answered.
    Receipt,
    /// That no certificate had been revoked when the two were paired.
    Revocation,
    /// Whose the key is: to be compared over a way that is known.
    Root {
        /// The node.
        node: SpiffeId,
        /// Its newest signing key.
        key: KeyId,
        /// SHA-256 of the root of its trust domain, where a certificate under it vouched for a key
        /// and it was not given to compare with.
        root: Option<Fingerprint>,
    },
    /// That it speaks of anybody: these are trial data.
    Sandbox,
    /// That it was told: the file has no signature of the sender over it.
    Sent,
}

impl Gap {
    /// Its stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Agreement => "agreement",
            Self::Clocks => "clocks",
            Self::Content => "content",
            Self::Journals => "journals",
            Self::NoticeId(_) => "notice_id",
            Self::Office(_) => "office",
            Self::OneNode => "one_node",
            Self::OwnReceipt => "own_receipt",
            Self::Receipt => "receipt",
            Self::Revocation => "revocation",
            Self::Root { .. } => "root",
            Self::Sandbox => "sandbox",
            Self::Sent => "sent",
        }
    }

    /// In plain words.
    pub fn sentence(&self) -> Sentence {
        let (zh, en) = self.words();
        Sentence { zh, en }
    }

    fn words(&self) -> (String, String) {
        let fixed = |zh: &str, en: &str| (zh.to_owned(), en.to_owned());
        match self {
            Self::Agreement => fixed(
                "双方签署过所述协议：本文件中没有双方对该版本的签名",
                "that both sides signed the agreement named: the file has no signatures of both over that version",
            ),
            Self::Clocks => fixed(
                "双方时钟准确：各时间均以签署方自己的时钟为准",
                "that the clocks were right: every time is by the clock of whoever signed",
            ),
            Self::Content => fixed(
                "通报说了什么：原文不在本文件中（已删除或未出示），只有摘要",
                "what the notice says: its content is not in the file, erased or not shown, but its digest only",
            ),
            Self::NoticeId(id) => (
                format!("该摘要属于编号 {id} 的通报：仅出具方如此陈述"),
                format!(
                    "that the digest is that of notice {id}: only the node that wrote the file says so"
                ),
            ),
            Self::Journals => fixed(
                "签署时双方日志的链头：这些签名早于链头写入签名",
                "how far the journals had come: these signatures are older than naming it",
            ),
            Self::OneNode => fixed(
                "有另一方收到：收发两端是同一节点，只有其自己的说法",
                "that anybody else received it: both ends are one node, and this is its word alone",
            ),
            Self::Office(county) => {
                let label = county.label();
                (
                    format!("由{label}的哪个办公室发出，以及所述内容属实：节点只以区县名义签署"),
                    format!(
                        "which office of {county} told it, and that what it says is true: a node signs for its county as a whole"
                    ),
                )
            }
            Self::OwnReceipt => fixed(
                "接收方当时即已答复：本回执由接收方在出具本文件时重新签署，是其自己的说法",
                "that the receiver answered at the time: it signed this receipt anew when it wrote the file, as its own word",
            ),
            Self::Receipt => fixed(
                "接收方已答复：本文件中没有接收方对该通报的回执",
                "that the receiver answered: the file has no receipt of it for this notice",
            ),
            Self::Revocation => fixed(
                "证书在配对时未被吊销：本文件不含当时的吊销查询",
                "that the certificates were not revoked when the two were paired: the file does not look into lists",
            ),
            Self::Root { node, key, root } => {
                let spoken = key.fingerprint().spoken();
                match root {
                    None => (
                        format!("密钥确属 {node}：请通过已知途径核对其签名密钥指纹 {spoken}"),
                        format!(
                            "that the key is that of {node}: compare the fingerprint of its signing key over a way that you know: {spoken}"
                        ),
                    ),
                    Some(root) => (
                        format!(
                            "密钥确属 {node}：请核对其信任域根证书指纹 {root}，或其签名密钥指纹 {spoken}"
                        ),
                        format!(
                            "that the key is that of {node}: compare the root of its trust domain, {root}, or its signing key, {spoken}"
                        ),
                    ),
                }
            }
            Self::Sandbox => fixed(
                "涉及任何真人：这是测试数据",
                "that it is about anybody: these are trial data",
            ),
            Self::Sent => fixed(
                "通报已发出：本文件中没有发送方对该序号的签名（对方答复之后才有）",
                "that the notice was told: the file has no signature of the sender over its place, which is kept once the peer has answered",
            ),
        }
    }
}
