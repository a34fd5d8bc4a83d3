//! What no peer of sound mind does. It is held apart: its couriers wait out their pauses whatever it
//! calls, nobody else waits for it, and people are shown who it is and what it did.

use super::succession::PinError;
use crate::{
    domain::problem::Text,
    pairing::life::{NotHeard, Unsaid},
    trust::signature::SignatureError,
};

/// What a peer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misdeed {
    /// It sent for a channel that is none of its own.
    ChannelOfOthers,
    /// It showed statements about its signing key that are not believed.
    KeyNotBelieved,
    /// It did not sign what it sent, or signed something else.
    NotSigned,
    /// It handed over statements on agreements that do not stand.
    StatementNotBelieved,
    /// It sent a message that is not of its form.
    WrongForm,
}

impl Misdeed {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::ChannelOfOthers,
        Self::KeyNotBelieved,
        Self::NotSigned,
        Self::StatementNotBelieved,
        Self::WrongForm,
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChannelOfOthers => "channel_of_others",
            Self::KeyNotBelieved => "key_not_believed",
            Self::NotSigned => "not_signed",
            Self::StatementNotBelieved => "statement_not_believed",
            Self::WrongForm => "wrong_form",
        }
    }

    /// What people read of it, and what to do.
    pub const fn text(self) -> Text {
        let (zh, en) = match self {
            Self::ChannelOfOthers => (
                "对方使用了不属于它的通道，已拒绝；请与对方核对双方的区县，必要时重新配对。",
                "It used a channel that is none of its own, and was refused; compare the areas of both sides, and pair again if they changed.",
            ),
            Self::KeyNotBelieved => (
                "对方出示的签名密钥变更不可信，已拒绝；请电话核对指纹，必要时重新配对。",
                "It showed a change of its signing key that is not believed; compare fingerprints by telephone, and pair again if it is theirs.",
            ),
            Self::NotSigned => (
                "对方发来的内容签名不符，已拒绝；请电话核对对方签名密钥的指纹。",
                "What it sent is not signed with its key, and was refused; compare the fingerprint of its signing key by telephone.",
            ),
            Self::StatementNotBelieved => (
                "对方交来的协议声明不成立，未采纳；请与对方管理员核对协议。",
                "It handed over statements on an agreement that do not stand, and none of them counts; compare agreements with its operator.",
            ),
            Self::WrongForm => (
                "对方发来的内容不合格式，已拒绝；请对方管理员检查节点版本和日志。",
                "What it sent is not of its form, and was refused; let its operator look at the node's version and log.",
            ),
        };
        Text { zh, en }
    }
}

/// Where a peer is met. It is held against it there until it does right there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum At {
    /// In what it answers to a probe.
    Probe,
    /// In what it answers on a stream of ours.
    Answers,
    /// In what it asks in single calls.
    Calls,
    /// In what it says was due.
    Due,
    /// In what it says of agreements.
    Statements,
    /// In what it sends on its own streams: there a parcel that is taken is what does right.
    Streams,
}

/// A misdeed and when it was last met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misbehaviour {
    /// What the peer did.
    pub misdeed: Misdeed,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

impl Misdeed {
    /// What the peer did, if it is that for which its keys were not followed.
    pub(super) const fn of_pin(error: &PinError) -> Option<Self> {
        match error {
            PinError::Refused(_) => Some(Self::KeyNotBelieved),
            PinError::NotPaired | PinError::NotKept(_) => None,
        }
    }

    /// What the peer did, if it is that for which a signature does not hold.
    pub(super) const fn of_signature(error: &SignatureError) -> Option<Self> {
        match error {
            SignatureError::Bad
            | SignatureError::Form(_)
            | SignatureError::OtherArea
            | SignatureError::OtherSigner => Some(Self::NotSigned),
            // Signed before its key changed; and what is no fault of the peer's.
            SignatureError::Superseded | SignatureError::NoRandomness(_) => None,
        }
    }

    /// What the peer did, if it is more than a statement that comes too early or too late.
    pub(super) const fn of_statement(refused: &NotHeard) -> Option<Self> {
        match refused.why {
            Unsaid::Forged
            | Unsaid::Malformed
            | Unsaid::NotBetween
            | Unsaid::OtherSide
            | Unsaid::TextDiffers => Some(Self::StatementNotBelieved),
            _ => None,
        }
    }
}
