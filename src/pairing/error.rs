//! Why two nodes are not paired.

use crate::{
    agreement::{TemplateError, TermsError},
    document::DocumentError,
    domain::area::County,
    trust::identity::{SpiffeId, TrustDomain},
};

/// Why two nodes are not paired. Its display is English; [`PairingError::zh`] is the Chinese.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairingError {
    /// Not a file of this kind at all.
    #[error("this is no Hongyan invitation or answer, or a part of it is missing")]
    NotAFile,
    /// A document that cannot be read.
    #[error("the file cannot be read: {0}")]
    Document(#[from] DocumentError),
    /// A value that cannot be.
    #[error("`{0}` in the file is not valid; ask for a new file")]
    Value(&'static str),
    /// The signature does not fit.
    #[error("the file was altered after it was signed; ask for it again")]
    Altered,
    /// Too late.
    #[error("the invitation has expired; ask for a new one")]
    Expired,
    /// Made by a clock that is ahead.
    #[error("the invitation is from the future; compare the clocks of both nodes")]
    FromTheFuture,
    /// Somebody else is invited.
    #[error("the invitation is for {}, not for this node", .0.label())]
    ForAnother(County),
    /// The node invited itself.
    #[error(
        "this is the node's own invitation or area; it is for another node. Two areas of one node exchange by hongyan peer join"
    )]
    Own,
    /// Not a home area.
    #[error("{} is no home area of this node; see `areas` in node.toml", .0.label())]
    NotAtHome(County),
    /// An area with itself.
    #[error("an agreement is between two areas; name another one")]
    OneArea,
    /// Trials and the real thing.
    #[error(
        "a sandbox node pairs only with a sandbox node, a production node only with a production node"
    )]
    SandboxMixed,
    /// Used once already, by somebody else.
    #[error("the invitation was already used; make a new one")]
    AlreadyUsed,
    /// A newer invitation was accepted since.
    #[error(
        "a newer invitation of this node was accepted already; ask for a new one if something changed"
    )]
    Superseded,
    /// Not one of ours.
    #[error("the answer is to an invitation that this node did not issue")]
    UnknownInvitation,
    /// Not what was proposed.
    #[error(
        "the agreement in the answer differs from the one proposed; make a new invitation with the terms wanted"
    )]
    AgreementDiffers,
    /// An area that another node speaks for.
    #[error("{} is already paired with {by}; end that pairing first", .area.label())]
    AreaTaken {
        /// The area.
        area: County,
        /// Who has it.
        by: SpiffeId,
    },
    /// One trust domain with two roots.
    #[error(
        "trust domain {0} is already known with another root; ask its authority which is right"
    )]
    OtherRoot(TrustDomain),
    /// A certificate that does not vouch for the signing key beside it.
    #[error(
        "the certificate in the file does not vouch for the signing key in it; ask for a new file"
    )]
    NotVouched,
    /// An agreement that is none.
    #[error("the agreement cannot be read: {0}")]
    Terms(#[from] TermsError),
    /// A template that cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl PairingError {
    /// The same in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::NotAFile => "这不是鸿雁的邀请或答复文件，或内容不完整。".into(),
            Self::Document(error) => format!("文件无法读取：{error}"),
            Self::Value(key) => format!("文件中的 {key} 无效，请对方重新出具。"),
            Self::Altered => "文件签名后被改动过，请对方重新发送。".into(),
            Self::Expired => "邀请已过期，请对方重新出具。".into(),
            Self::FromTheFuture => "邀请的时间晚于现在，请核对双方时钟。".into(),
            Self::ForAnother(area) => format!("该邀请发给{}，不是发给本节点的。", area.label()),
            Self::Own => "这是本节点自己的邀请或区县，应由对方节点接受；本节点的两个区县互通，请用 hongyan peer join。".into(),
            Self::NotAtHome(area) => {
                format!("{}不是本节点的区县，请查看 node.toml 中的 areas。", area.label())
            }
            Self::OneArea => "协议须在两个不同的区县之间订立，请另填一个区县。".into(),
            Self::SandboxMixed => "测试节点只能与测试节点配对，正式节点只能与正式节点配对。".into(),
            Self::AlreadyUsed => "该邀请已被使用，请重新出具邀请。".into(),
            Self::Superseded => "已接受过该节点更新的邀请；如有变更，请对方重新出具。".into(),
            Self::UnknownInvitation => "该答复对应的邀请不是本节点发出的。".into(),
            Self::AgreementDiffers => {
                "答复中的协议与所提议的不一致，请按商定的条款重新出具邀请。".into()
            }
            Self::AreaTaken { area, by } => {
                format!("{}已与 {by} 配对，请先解除原配对。", area.label())
            }
            Self::OtherRoot(domain) => {
                format!("信任域 {domain} 已登记了另一个根证书，请向其签发机构核实。")
            }
            Self::NotVouched => "文件中的证书不能证明其签名密钥，请对方重新出具。".into(),
            Self::Terms(error) => format!("协议无法读取：{error}"),
            Self::Template(TemplateError::Incomplete(_)) => "正式环境中允许敏感字段或自由文本的协议，须附个人信息保护影响评估：请把模板复制成自己的文件，填写 [impact_assessment] 后，用 --agreement 指定该文件。".into(),
            Self::Template(TemplateError::Environment(sandbox)) => {
                let only = if *sandbox { "测试" } else { "正式" };
                format!("该协议模板只用于{only}节点，与本节点环境不符，请换用其他模板。")
            }
            Self::Template(error) => format!("协议模板无法使用：{error}"),
        }
    }
}
