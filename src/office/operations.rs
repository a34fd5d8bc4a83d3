//! What the service needs of other rooms of the node, in types of its own.

use std::{future::Future, pin::Pin, time::Duration};

use super::EvidenceAsked;
use crate::{
    agreement::{Difference, life::State},
    domain::{
        agreement::{AgreementId, AgreementVersion},
        area::County,
        case::Comparison,
        channel::{Channel, Digest, Sequence},
        month::Month,
        problem::{Code, Sentence},
    },
    pairing::life::{Act, Proof},
    store::{ChannelView, Direction, NotNow, Side, StopReason},
    trust::identity::SpiffeId,
};

/// The future of an operation.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What belongs to the exchange and to the node as a whole. A dropped future does not undo what was
/// begun.
pub trait Operations: Send + Sync + 'static {
    /// Head of a channel's chain before its first notice; none if nobody paired has the other end.
    fn origin(&self, channel: Channel) -> Option<Digest>;

    /// How the courier of a channel out stands.
    fn courier(&self, channel: Channel) -> CourierView;

    /// How the links stand, one for each peer that was ever tried.
    fn links(&self) -> Vec<LinkView>;

    /// Asks the peer that speaks for an area how the two stand. A peer that cannot be reached is an
    /// answer, not an error.
    fn probe(&self, area: County) -> Pending<'_, Result<ProbeView, OperationError>>;

    /// Asks the peer that speaks for an area what it holds, and compares it with what is held here;
    /// by what it last told if it cannot be asked.
    fn compare(&self, area: County) -> Pending<'_, Result<ComparedView, OperationError>>;

    /// Asks the peer that speaks for an area what was due between it and a home area in a month, and
    /// lays that beside what is known here.
    fn compare_due(
        &self,
        home: County,
        area: County,
        month: Month,
    ) -> Pending<'_, Result<Comparison, OperationError>>;

    /// When the node at the other end of a channel out signed what became of a place; none where that
    /// is not known. Reads through the journal: for a person who asks.
    fn answered_at(&self, channel: Channel, sequence: Sequence) -> Pending<'_, Option<i64>>;

    /// Brings the histories of the stopped channels with that peer together.
    fn adopt(&self, area: County) -> Pending<'_, Result<Vec<AdoptedView>, OperationError>>;

    /// Says something of an agreement for this node's side, and tells the peer. A peer that cannot be
    /// told is no error: it is told later.
    fn agree(&self, act: Act) -> Pending<'_, Result<AgreedView, OperationError>>;

    /// What both sides have signed of the version that is held with that digest.
    fn proofs(
        &self,
        version: AgreementVersion,
        digest: Digest,
    ) -> Pending<'_, Result<Vec<Proof>, OperationError>>;

    /// Evidence of a notice: a file that its reader verifies by itself.
    fn evidence(&self, asked: EvidenceAsked) -> Pending<'_, Result<String, OperationError>>;

    /// Reads the node's directory anew; done when what it says is in use.
    fn reload(&self) -> Pending<'_, Result<ReloadView, OperationError>>;
}

/// How a courier stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourierView {
    /// In one word.
    pub state: CourierState,
    /// With paused or stopped: why, and what to do.
    pub hindrance: Option<Hindrance>,
}

/// How a courier stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CourierState {
    /// Notices are under way.
    Moving,
    /// There is nothing to send.
    Idle,
    /// It waits for its next try.
    Waiting,
    /// The peer asked to wait.
    Paused,
    /// It stands still until a person acts.
    Stopped,
}

impl CourierState {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Moving => "moving",
            Self::Idle => "idle",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }
}

/// What hinders a courier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hindrance {
    /// Stable code.
    pub code: String,
    /// What to do.
    pub remedy: Sentence,
}

impl Hindrance {
    /// The peer asked for a pause with that code.
    pub fn of_code(code: Code) -> Self {
        let text = code.text();
        Self {
            code: code.name().to_owned(),
            remedy: Sentence {
                zh: text.zh.to_owned(),
                en: text.en.to_owned(),
            },
        }
    }

    /// A channel stands still since then, as this node holds it.
    pub fn of_view(view: &ChannelView, reason: StopReason, found: Sequence) -> Self {
        let set_back_here = matches!(
            (view.direction, reason),
            (Direction::Out, StopReason::SenderSetBack)
                | (Direction::In, StopReason::ReceiverSetBack)
        );
        if !set_back_here {
            return Self::of_stop(reason);
        }
        let (last, other) = (view.last, Side::of(view.channel, view.direction).other);
        let (zh, en) = match view.direction {
            Direction::Out => ("对方持有到", "the peer holds up to"),
            Direction::In => ("本方曾签收到", "this node receipted up to"),
        };
        Self {
            code: reason.name().to_owned(),
            remedy: Sentence {
                zh: format!(
                    "本节点的数据被恢复到旧版本，通道已停：{zh}第{found}号，本方现有到第{last}号。与对方管理员核对后执行 hongyan channel adopt {other}。"
                ),
                en: format!(
                    "This node's store was set back; the channel stands still: {en} {found}, it now holds up to {last}. Compare with the operator of the other side, then run hongyan channel adopt {other}."
                ),
            },
        }
    }

    /// The histories of a channel differ.
    pub fn of_stop(reason: StopReason) -> Self {
        let (zh, en) = match reason {
            StopReason::HeadDiffers => (
                "双方在同一序号下的通报不同，通道已停。本节点若由备份恢复，先确认最新的签名密钥（keys 目录）已放回；与对方管理员核对后执行 hongyan channel adopt，重新比对。",
                "Both sides hold other notices under the same sequence; the channel stands still. If this node was restored, see first that its newest signing key (directory keys) is in place; compare with the operator of the other side, then run hongyan channel adopt, which compares anew.",
            ),
            StopReason::SenderSetBack => (
                "发送方的数据被恢复到旧版本，通道已停；请发送方管理员执行 hongyan channel adopt。",
                "The sender's store was set back; the channel stands still until its operator runs hongyan channel adopt.",
            ),
            StopReason::ReceiverSetBack => (
                "接收方的数据被恢复到旧版本，通道已停；请接收方管理员执行 hongyan channel adopt。",
                "The receiver's store was set back; the channel stands still until its operator runs hongyan channel adopt.",
            ),
            StopReason::PeerNonsense => (
                "对方的回执与本节点记录不符，通道已停；请与对方管理员核对。",
                "The peer's receipt does not fit what this node holds; the channel stands still. Compare with the operator of the other side.",
            ),
        };
        Self {
            code: reason.name().to_owned(),
            remedy: Sentence {
                zh: zh.to_owned(),
                en: en.to_owned(),
            },
        }
    }
}

/// How the link to a peer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// The peer.
    pub identity: SpiffeId,
    /// When it was last heard, in milliseconds since 1970; 0 for never since the start.
    pub last_contact_ms: i64,
    /// Code of the last failure; none if the last try went well.
    pub last_error: Option<String>,
    /// What it did that no peer should do; none if nothing.
    pub misbehaviour: Option<MisbehaviourView>,
}

/// What a peer did that no peer should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MisbehaviourView {
    /// Stable code.
    pub code: &'static str,
    /// When it did it last, in milliseconds since 1970.
    pub at_ms: i64,
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeView {
    /// The peer answered.
    Reached(ReachedView),
    /// It did not; the stable code says why.
    Unreachable(String),
}

/// What a peer answered to a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachedView {
    /// From asking to answer.
    pub round_trip: Duration,
    /// The peer's clock less this node's, half of the round trip taken off.
    pub clock_difference_ms: i64,
    /// Its protocol versions.
    pub versions: Vec<u32>,
    /// Those of this node.
    pub versions_here: Vec<u32>,
    /// Last second of its certificate, in milliseconds since 1970.
    pub certificate_until_ms: i64,
    /// Agreements held by either side.
    pub agreements: Vec<AgreementComparisonView>,
    /// Channels between the two.
    pub channels: Vec<ChannelComparisonView>,
}

/// An agreement as both sides hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementComparisonView {
    /// Which.
    pub id: AgreementId,
    /// Version here; none if it is not held.
    pub version_here: Option<u32>,
    /// Version there; none if it is not held.
    pub version_there: Option<u32>,
    /// True if both hold the same text.
    pub equal: bool,
    /// Where it is not equal: in what the texts differ, as far as both are known here.
    pub differences: Vec<Difference>,
    /// The version that was compared on the side that does not hold this one.
    pub compared_version: Option<u32>,
}

/// What a peer and this node hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedView {
    /// Agreements held by either side.
    pub agreements: Vec<AgreementComparisonView>,
    /// When the peer told what it holds, in milliseconds since 1970; 0 for never.
    pub told_at_ms: i64,
    /// Why it could not be asked now; none if it was.
    pub failure: Option<String>,
}

/// A channel as both sides hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelComparisonView {
    /// Which.
    pub channel: Channel,
    /// Highest sequence here.
    pub sequence_here: Sequence,
    /// Highest sequence there.
    pub sequence_there: Sequence,
    /// False if at the lower of the two the heads are known to differ.
    pub heads_agree: bool,
}

/// A channel whose histories were brought together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptedView {
    /// Which.
    pub channel: Channel,
    /// Sequences taken over from the peer.
    pub taken_over: u64,
    /// Own unanswered notices that were numbered anew behind them.
    pub renumbered: u64,
    /// True where the peer is asked to send once more.
    pub resend_asked: bool,
}

/// What was said of an agreement: signed, on disk, in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreedView {
    /// The version that it was said of.
    pub version: AgreementVersion,
    /// Where the version stands now.
    pub state: State,
    /// Why the peer has not been told yet; none if it has.
    pub not_told: Option<String>,
}

/// What is in use after a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReloadView {
    /// Peers.
    pub peers: u32,
    /// Agreements.
    pub agreements: u32,
}

/// Why an operation was not done. Texts and codes never carry a personal value: they are shown to
/// the operator as they are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// Cases, lists and figures are being made anew.
    #[error("cases, lists and figures are being made from the notices; ask again in a moment")]
    CasesNotReady,
    /// A person has to change something first: a file that cannot be read, nothing to adopt.
    #[error("{}", words.en)]
    Declined {
        /// Stable code.
        code: &'static str,
        /// What is wrong and what to do.
        words: Sentence,
    },
    /// The store does not do it now.
    #[error(transparent)]
    NotNow(#[from] NotNow),
    /// No paired node speaks for that area.
    #[error("no paired node speaks for that area")]
    UnknownPeer,
    /// The peer cannot be reached; the stable code says why.
    #[error("the peer cannot be reached: {0}")]
    Unreachable(String),
}
