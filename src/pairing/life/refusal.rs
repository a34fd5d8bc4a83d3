//! Why something is not said of an agreement, or not believed.

use std::fmt;

use crate::{agreement::life::NotAdded, domain::problem::Text};

/// Why a statement on an agreement is not made here, or not taken from the peer. Nothing was
/// changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unsaid {
    /// A version of that agreement is held: the next one amends it.
    AgreementHeld,
    /// This side has said yes to the version before.
    AlreadyAgreed,
    /// It would change what has been.
    Backdated,
    /// The side has said something else under the same number.
    Conflict,
    /// The side has ended the version.
    Ended,
    /// Nobody whom this node knows has signed it.
    Forged,
    /// Made by a clock that is ahead.
    FromTheFuture,
    /// A statement before it has not arrived.
    Gap,
    /// Something new, signed with a key that the peer has given up.
    KeySuperseded,
    /// Bytes that are no statement.
    Malformed,
    /// No paired node speaks for that area.
    NoPeer,
    /// The agreement is not one between the two nodes.
    NotBetween,
    /// The other side has not said yes to the version.
    NotProposed,
    /// The side has suspended nothing of it.
    NotSuspended,
    /// Both sides of it are this node's own.
    OwnAreas,
    /// Not the side for which its signer speaks.
    OtherSide,
    /// Several paired nodes are on the other side of it.
    Shared,
    /// A suspension of nothing.
    SuspendsNothing,
    /// The text is not the one that the statement speaks of.
    TextDiffers,
    /// The text did not come with the statement, and is not held.
    TextMissing,
    /// More versions wait for a yes than a node keeps of one peer.
    TooManyProposals,
    /// More statements than a node keeps of one side.
    TooManyStatements,
    /// No such agreement, or no version of it to which that could be said.
    UnknownAgreement,
    /// Versions are numbered one after the other.
    VersionGap,
}

impl Unsaid {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::AgreementHeld,
        Self::AlreadyAgreed,
        Self::Backdated,
        Self::Conflict,
        Self::Ended,
        Self::Forged,
        Self::FromTheFuture,
        Self::Gap,
        Self::KeySuperseded,
        Self::Malformed,
        Self::NoPeer,
        Self::NotBetween,
        Self::NotProposed,
        Self::NotSuspended,
        Self::OwnAreas,
        Self::OtherSide,
        Self::Shared,
        Self::SuspendsNothing,
        Self::TextDiffers,
        Self::TextMissing,
        Self::TooManyProposals,
        Self::TooManyStatements,
        Self::UnknownAgreement,
        Self::VersionGap,
    ];

    /// Its stable code.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AgreementHeld => "agreement_held",
            Self::AlreadyAgreed => "already_agreed",
            Self::Backdated => "statement_backdated",
            Self::Conflict => "statement_conflict",
            Self::Ended => "agreement_ended",
            Self::Forged => "statement_forged",
            Self::FromTheFuture => "statement_from_the_future",
            Self::Gap => "statement_gap",
            Self::KeySuperseded => "key_superseded",
            Self::Malformed => "statement_malformed",
            Self::NoPeer => "unknown_peer",
            Self::NotBetween => "agreement_of_others",
            Self::NotProposed => "agreement_not_proposed",
            Self::NotSuspended => "agreement_not_suspended",
            Self::OwnAreas => "agreement_at_home",
            Self::OtherSide => "statement_of_other_side",
            Self::Shared => "agreement_shared",
            Self::SuspendsNothing => "suspends_nothing",
            Self::TextDiffers => "agreement_text_differs",
            Self::TextMissing => "agreement_text_missing",
            Self::TooManyProposals => "too_many_proposals",
            Self::TooManyStatements => "too_many_statements",
            Self::UnknownAgreement => "unknown_agreement",
            Self::VersionGap => "version_gap",
        }
    }

    /// That of a code.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// What a person reads.
    pub const fn text(self) -> Text {
        match self {
            Self::AgreementHeld => Text {
                zh: "已有该协议，请用 hongyan agreement amend 提出下一版。",
                en: "that agreement is held already; propose its next version with hongyan agreement amend",
            },
            Self::AlreadyAgreed => Text {
                zh: "该方已同意过这一版；换文本须用新的版本号。",
                en: "this side has said yes to this version already; another text needs another version",
            },
            Self::Backdated => Text {
                zh: "暂停或终止的起始日不能早于作出之日。",
                en: "a suspension or an end begins on the day on which it is made, or later",
            },
            Self::Conflict => Text {
                zh: "同一序号下该方已有不同的声明，请与对方管理员核对。",
                en: "this side has said something else under the same number; compare with the other side's operator",
            },
            Self::Ended => Text {
                zh: "该方已终止这一版；如需继续，请另提新版。",
                en: "this side has ended this version; what comes next is a new one",
            },
            Self::Forged => Text {
                zh: "签名与配对时登记的密钥不符。",
                en: "the signature does not fit the keys of the pairing",
            },
            Self::FromTheFuture => Text {
                zh: "声明日期晚于今天，请核对双方时钟。",
                en: "the statement is from the future; compare the clocks of both nodes",
            },
            Self::Gap => Text {
                zh: "此前的声明尚未到达。",
                en: "statements before it have not arrived",
            },
            Self::KeySuperseded => Text {
                zh: "新的声明使用了已更换的旧签名密钥。",
                en: "something new is signed with a key that its node has given up",
            },
            Self::Malformed => Text {
                zh: "不是规范的协议声明。",
                en: "the bytes are no statement on an agreement",
            },
            Self::NoPeer => Text {
                zh: "没有代表该区县的已配对节点，请先配对：hongyan peer invite",
                en: "no paired node speaks for that area; pair with it first: hongyan peer invite",
            },
            Self::NotBetween => Text {
                zh: "该协议不在这两个节点之间。",
                en: "the agreement is not one between these two nodes",
            },
            Self::NotProposed => Text {
                zh: "对方尚未提出这一版，无可接受。",
                en: "the other side has not said yes to this version; there is nothing to accept",
            },
            Self::NotSuspended => Text {
                zh: "本方没有暂停该协议；对方的暂停只能由对方恢复。",
                en: "this side has suspended nothing of it; what the other side suspended only the other side resumes",
            },
            Self::OwnAreas => Text {
                zh: "协议双方都是本节点的区县，请直接修改其文件。",
                en: "both sides of it are areas of this node; change its file instead",
            },
            Self::OtherSide => Text {
                zh: "声明不是签名者所代表的一方作出的。",
                en: "the statement is not that of the side for which its signer speaks",
            },
            Self::Shared => Text {
                zh: "该协议另一方涉及多个已配对节点，不能由其中一个变更；请分别与各节点订立协议。",
                en: "several paired nodes are on the other side of this agreement, and none of them changes it for all; make one with each",
            },
            Self::SuspendsNothing => Text {
                zh: "协议不允许所指的通报种类，无可暂停。",
                en: "the agreement lets no such kind through that way; there is nothing to suspend",
            },
            Self::TextDiffers => Text {
                zh: "协议文本与声明所指的不一致，或环境、双方与原协议不同。",
                en: "the text is not the one that the statement speaks of, or its environment or sides are other than before",
            },
            Self::TextMissing => Text {
                zh: "缺少声明所指版本的协议文本。",
                en: "the text of the version is missing",
            },
            Self::TooManyProposals => Text {
                zh: "待答复的协议过多，请先答复或撤回。",
                en: "too many versions wait for an answer; accept or end some first",
            },
            Self::TooManyStatements => Text {
                zh: "该协议的声明过多，请重新配对以订立新协议。",
                en: "too much was said of this agreement; pair again for a new one",
            },
            Self::UnknownAgreement => Text {
                zh: "没有这份协议，或没有可作此操作的版本。",
                en: "there is no such agreement, or no version of it to which that can be said",
            },
            Self::VersionGap => Text {
                zh: "版本号须逐一递增。",
                en: "versions are numbered one after the other",
            },
        }
    }
}

impl fmt::Display for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().en)
    }
}

impl std::error::Error for Unsaid {}

impl From<NotAdded> for Unsaid {
    fn from(error: NotAdded) -> Self {
        match error {
            NotAdded::OtherAgreement => Self::Malformed,
            NotAdded::Gap { .. } => Self::Gap,
            NotAdded::Conflict => Self::Conflict,
            NotAdded::Backdated => Self::Backdated,
            NotAdded::Nothing => Self::SuspendsNothing,
            NotAdded::YesTwice => Self::AlreadyAgreed,
            NotAdded::NotSuspended => Self::NotSuspended,
            NotAdded::AfterTheEnd => Self::Ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_code_of_its_own_and_both_languages() {
        for unsaid in Unsaid::ALL {
            assert_eq!(Unsaid::from_name(unsaid.name()), Some(unsaid));
            let Text { zh, en } = unsaid.text();
            assert!(!zh.is_ascii() && en.is_ascii(), "{unsaid:?}");
        }
        assert_eq!(Unsaid::from_name("other"), None);
    }
}
