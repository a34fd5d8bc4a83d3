//! What the verbs of the store take and give.

use bytes::Bytes;
use jiff::civil::Date;

use super::{
    journal::{
        reader::ReadError,
        record::{Direction, Facts, Holding, Position, Side, StopReason},
    },
    vault::VaultError,
};
use crate::{
    agreement::Permitted,
    domain::{
        agreement::AgreementVersion,
        area::County,
        channel::{Channel, Digest, Sequence},
        consent::Registered,
        delivery::Delivery,
        erasure::ErasureReason,
        notice::{Kind, NoticeId},
        problem::Code,
        receipt::{Receipt, VoidReason},
        refusal::{Pause, Refusal},
        work::Worked,
    },
};

/// A notice that an office wants published, encoded but for what the writer gives.
pub struct Outgoing {
    /// Its channel.
    pub channel: Channel,
    /// Head of the channel's chain before its first notice.
    pub origin: Digest,
    /// Its kind.
    pub kind: Kind,
    /// Id of the case; none if this notice opens one.
    pub case_id: Option<NoticeId>,
    /// The notice that it answers or speaks of.
    pub answers: Option<NoticeId>,
    /// The agreement.
    pub agreement: AgreementVersion,
    /// When it is accepted, in milliseconds since 1970.
    pub published_at_ms: i64,
    /// Its business deadline, in milliseconds since 1970.
    pub deadline_ms: i64,
    /// Keyed hash of the office that publishes it: against its quota it counts.
    pub office_key: [u8; 16],
    /// The office's reference.
    pub reference: String,
    /// Keyed hash of the reference.
    pub reference_key: [u8; 16],
    /// Keyed hash of the content: the same content under the same reference is a repeat.
    pub content_key: [u8; 16],
    /// The encoded notice without id and opposite sequence.
    pub body: Bytes,
}

/// A notice that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub id: NoticeId,
    /// True if an earlier call had published it.
    pub repeated: bool,
}

/// Why a notice was not accepted. Nothing of it was kept, unless the outcome is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The notice cannot be taken as it is.
    #[error("the notice is refused: {}", .0.code)]
    Refused(Refusal),
    /// Not now.
    #[error(transparent)]
    NotNow(#[from] NotNow),
}

/// What a desk did about a notice, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalAct {
    /// The area at the other end of the pair between which the notice went.
    pub other: County,
    /// Keyed hash of the office.
    pub office_key: [u8; 16],
    /// The act.
    pub worked: Worked,
}

/// An act that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAct {
    /// Where it stands among those of its home area.
    pub position: Position,
    /// The area at the other end of the pair between which the notice went.
    pub other: County,
    /// The act.
    pub worked: Worked,
}

/// A case whose keys are to be destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToErase {
    /// The home area, and the one at the other end.
    pub side: Side,
    /// The case.
    pub case: NoticeId,
    /// Its notices, both ways, as far as they are known.
    pub notices: Vec<NoticeId>,
    /// Why.
    pub reason: ErasureReason,
    /// The notice of the other side that asks for it.
    pub asked_by: Option<NoticeId>,
    /// SPIFFE id of the office that does it; empty where the other side asks.
    pub office: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// What became of a case that was to be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erasing {
    /// Its keys were destroyed; the id of that.
    Done(NoticeId),
    /// Nothing of it was left.
    NothingLeft,
    /// It is held, and stays as it is.
    Held,
}

/// What came of archiving the oldest segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Archiving {
    /// It was archived.
    Done(ArchivedSegment),
    /// It is the last, or something in it is newer, has no answer yet, or is to be read by a consumer.
    NotYet,
    /// It is old enough, but these notices of it tell of somebody still; not all are named at once.
    Told(Vec<ToldOf>),
}

/// A segment that was archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedSegment {
    /// Its name.
    pub name: String,
    /// Bytes that it took in the journal.
    pub bytes: u64,
    /// Bytes that it left there.
    pub left_bytes: u64,
    /// Bytes that it takes in the archive.
    pub archived_bytes: u64,
}

/// A notice whose key is there still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToldOf {
    /// On which side it stands.
    pub side: Side,
    /// Its id.
    pub id: NoticeId,
    /// Its case.
    pub case: NoticeId,
    /// Whether it was refused or never arrived, and the case it opened never came to be.
    pub is_stray: bool,
}

/// A case whose keys were destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Its own id.
    pub id: NoticeId,
    /// The home area, and the one at the other end.
    pub side: Side,
    /// The case.
    pub case: NoticeId,
    /// Why.
    pub reason: ErasureReason,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The notice of the other side that asked for it; none where an office did.
    pub asked_by: Option<NoticeId>,
    /// SPIFFE id of that office; empty where the other side asked.
    pub office: String,
    /// The notices of the case that were known then.
    pub notices: Vec<NoticeId>,
}

/// Which acts on record are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditPart {
    /// Behind that position, the oldest first.
    Behind(Position),
    /// Before that position, the newest first.
    Before(Position),
}

/// Why the store does not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// A record lies in an archived segment whose file is missing.
    #[error(
        "the record is archived and the file is missing; ask the operator to put it back: the node's log names it"
    )]
    Archived,
    /// The disk is low; it goes on by itself once there is room.
    #[error("the node is low on disk; free some space, then the node goes on by itself")]
    StorageLow,
    /// The writer's queue is full, or the quota of waiting notices is used up.
    #[error("too much is waiting; come again in a moment")]
    Busy,
    /// A write or sync failed while this was under way: nobody knows whether it is durable.
    #[error(
        "the outcome is unknown: a write to the journal failed; ask again with the same reference once the node has been restarted"
    )]
    Unknown,
    /// A write or sync failed before: the node takes no new work.
    #[error("the journal cannot be written; check the disk and restart the node")]
    Poisoned,
    /// The index failed: the node starts again by itself and builds it anew from the journal.
    #[error(
        "the index failed and is rebuilt from the journal; ask again with the same reference in a moment"
    )]
    IndexFailed,
    /// A record could not be read.
    #[error("a stored record cannot be read; stop the node and run `hongyan journal check`")]
    Unreadable,
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
    /// A newer holder has taken over.
    #[error("a newer stream has taken over")]
    Fenced,
}

impl From<ReadError> for NotNow {
    fn from(error: ReadError) -> Self {
        if let ReadError::ArchiveMissing { .. } = error {
            tracing::warn!(%error, "The archived file of a stored record is missing.");
            return Self::Archived;
        }
        tracing::error!(%error, "A stored record cannot be read.");
        Self::Unreadable
    }
}

impl From<VaultError> for NotNow {
    fn from(error: VaultError) -> Self {
        tracing::error!(%error, "The keys of what is stored cannot be used.");
        match error {
            // New keys cannot be drawn: nothing is wrong with what is there.
            VaultError::Disk { .. } | VaultError::NoRandomness(_) => Self::StorageLow,
            VaultError::Damaged { .. }
            | VaultError::Differs { .. }
            | VaultError::Missing { .. }
            | VaultError::WrongKey { .. } => Self::Unreadable,
        }
    }
}

/// Why a store takes no new work until it is opened again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A write or sync of the journal failed: what is on the disk has to be looked at.
    Journal(String),
    /// The index failed. Nothing is lost: the next opening sets it aside and builds it anew.
    Index(String),
}

/// The right to move one channel out. A newer one fences it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The channel.
    pub channel: Channel,
    pub(crate) token: u64,
}

/// Consecutive places of a channel out, ready to be signed.
pub struct Batch {
    /// First place.
    pub first: Sequence,
    /// Head of the chain before it.
    pub previous_head: Digest,
    /// The places; never empty.
    pub places: Vec<OutPlace>,
    /// Head of the chain at the last place.
    pub head: Digest,
}

/// A place of a channel out.
pub struct OutPlace {
    /// Digest of its notice.
    pub digest: Digest,
    /// The bytes of the notice, or why they do not go out.
    pub content: Result<Bytes, VoidReason>,
}

/// A receipt that was verified, with what it answers.
pub struct Settlement {
    /// The receipt.
    pub receipt: Receipt,
    /// Our parcel's signed form, its digests, and the receipt's signed form.
    pub evidence: Bytes,
    /// When it came, in milliseconds since 1970.
    pub at_ms: i64,
}

/// What became of a settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Durable; so far the channel is answered.
    Upto(Sequence),
    /// The receipt does not fit what this node holds; the channel is stopped.
    Stopped(StopReason),
}

/// A parcel that was verified and judged, ready to be stored.
pub struct Arriving {
    /// Its channel.
    pub channel: Channel,
    /// Head of the channel's chain before its first notice.
    pub origin: Digest,
    /// First place.
    pub first: Sequence,
    /// Head of the chain before it, as the sender signed it.
    pub previous_head: Digest,
    /// The places in sequence.
    pub places: Vec<InPlace>,
    /// The sender's signed form and the digests of all places.
    pub evidence: Bytes,
    /// What its places may use up without bringing anything.
    pub allowance: Allowance,
    /// When it came, in milliseconds since 1970.
    pub at_ms: i64,
}

/// What a sender may still use up of the journal with places that put nothing into the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// So many bytes. The place that reaches it is still taken, whatever its size.
    pub bytes: u64,
    /// When to come again with the next such place, in seconds.
    pub after_seconds: u32,
}

/// One place of an arriving parcel.
pub struct InPlace {
    /// Digest of its notice.
    pub digest: Digest,
    /// What stands there.
    pub content: InContent,
}

/// What stands at a place of an arriving parcel.
#[expect(
    clippy::large_enum_variant,
    reason = "most are notices, each made once and taken apart at once"
)]
pub enum InContent {
    /// A notice that could be read.
    Notice {
        /// What it is.
        facts: Facts,
        /// Its exact bytes.
        bytes: Bytes,
        /// What the gate says of it, should it be new.
        verdict: Verdict,
    },
    /// Bytes that cannot be read as a notice: refused for good.
    Unreadable {
        /// The bytes.
        bytes: Bytes,
        /// Why.
        refusal: Refusal,
    },
    /// A void.
    Void(VoidReason),
}

impl InContent {
    /// The case that a notice belongs to, but for one that opens it.
    pub(super) fn case(&self) -> Option<NoticeId> {
        match self {
            Self::Notice { facts, .. } => (facts.case_id != facts.id).then_some(facts.case_id),
            Self::Unreadable { .. } | Self::Void(_) => None,
        }
    }
}

/// What the gate says of a new notice.
#[derive(Clone)]
pub enum Verdict {
    /// An agreement lets it in.
    Take(Permitted<()>),
    /// Refused for good.
    Refuse(Refusal),
    /// Not final: nothing from here on is consumed.
    Pause(Pause),
}

/// What became of an arriving parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// Durable: the outcomes of a prefix, and why it ends early.
    Answered {
        /// The outcomes.
        receipt: Receipt,
        /// Why the prefix ends before the parcel; none if it does not.
        pause: Option<Pause>,
        /// About how many bytes of the journal went to places that put nothing into the inbox.
        idle_bytes: u64,
    },
    /// Places before it are missing.
    Gap {
        /// Highest place held.
        held: Sequence,
    },
    /// The histories differ; the channel is stopped.
    Stopped {
        /// How.
        reason: StopReason,
        /// Where it was found.
        sequence: Sequence,
    },
}

/// How far a channel has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelView {
    /// The channel.
    pub channel: Channel,
    /// Which way it goes, seen from this node.
    pub direction: Direction,
    /// Highest sequence given or held.
    pub last: Sequence,
    /// Head of the chain there.
    pub head: Digest,
    /// Highest sequence with a receipt; equals `last` for a channel in.
    pub settled: Sequence,
    /// Head of the chain there.
    pub settled_head: Digest,
    /// Why it stands still, and where that was found.
    pub stop: Option<(StopReason, Sequence)>,
    /// While this node asks, after it was set back, that lost notices are sent once more.
    pub disowned: Option<Sequence>,
}

/// What a node can show of a channel when a stream opens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Out: the record of the highest receipt. In: that of the newest parcel. Empty for none.
    pub evidence: Bytes,
    /// In: the statement that asks for lost notices. Empty for none.
    pub statement: Bytes,
}

/// An unanswered notice of a channel out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub id: NoticeId,
    /// Its place.
    pub sequence: Sequence,
    /// When it was accepted, in milliseconds since 1970.
    pub accepted_at_ms: i64,
    /// Its business deadline, in milliseconds since 1970.
    pub deadline_ms: i64,
    /// Its kind.
    pub kind: Kind,
    /// The agreement under which it travels.
    pub agreement: AgreementVersion,
    /// While it waits for an agreement: why.
    pub on_hold: Option<Option<Code>>,
}

/// Unanswered notices of a channel out, as far as was looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitingPage {
    /// The notices.
    pub notices: Vec<Waiting>,
    /// Where the next page begins; none at the end of the channel.
    pub next: Option<Sequence>,
}

/// A notice and where it stands.
#[derive(Clone)]
pub struct NoticeView {
    /// What it is.
    pub facts: Facts,
    /// Its channel.
    pub channel: Channel,
    /// Which way it goes, seen from this node.
    pub direction: Direction,
    /// Its sequence.
    pub sequence: Sequence,
    /// Where its record stands: of one that came in, its position in the feed.
    pub position: Position,
    /// Its delivery; `Stored` for a notice that came in.
    pub delivery: Delivery,
    /// While it waits for an agreement: what the receiver said.
    pub on_hold: Option<Option<Code>>,
    /// With an end that was decided here: what stood in its way, if that is known.
    pub ended_for: Option<Code>,
    /// When it was accepted or stored, in milliseconds since 1970.
    pub at_ms: i64,
    /// Bytes of it.
    pub size_bytes: u32,
    /// The office's reference; empty for a notice that came in, and once it was erased.
    pub reference: String,
    /// Its exact bytes; none once they were erased.
    pub bytes: Option<Bytes>,
}

impl NoticeView {
    /// The side of its pair of areas that has it so.
    pub const fn side(&self) -> Side {
        Side::of(self.channel, self.direction)
    }
}

/// Which notices are wanted.
#[derive(Clone, Debug, Default)]
pub struct NoticeFilter {
    /// Which way; none for both.
    pub direction: Option<Direction>,
    /// Kinds; empty for all.
    pub kinds: Vec<Kind>,
    /// Delivery states by name; empty for all.
    pub states: Vec<String>,
}

/// Stands for a consent: the keyed hash of its reference.
pub type ConsentKey = [u8; 16];

/// What is said of a consent. It has no `Debug`: it may name a person.
#[derive(Clone)]
pub enum ConsentWord {
    /// It was given.
    Given(Registered),
    /// It does not hold any more.
    Withdrawn {
        /// Since that day.
        on: Date,
    },
}

/// A page of notices, newest first.
pub struct Page {
    /// The notices.
    pub notices: Vec<NoticeView>,
    /// Where the next page begins; none at the end.
    pub next: Option<Position>,
}

/// What a channel has told, as far as was looked.
pub struct Told {
    /// Its notices in sequence, as they stand; what is void, used up or comes again later on the
    /// channel is left out.
    pub notices: Vec<NoticeView>,
    /// Highest place that was looked at; `after` itself at the end of the channel.
    pub looked: Sequence,
}

/// What a subscriber asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerRequest {
    /// Home area whose feed is wanted.
    pub home: County,
    /// Name.
    pub name: String,
    /// Kinds; empty for all.
    pub kinds: Vec<Kind>,
    /// Area prefixes that the office may see, in a canonical text; part of the consumer.
    pub scope: String,
    /// Where a new consumer begins: the oldest notice, or after the newest.
    pub from_first: bool,
    /// Now, in milliseconds since 1970.
    pub at_ms: i64,
}

/// The right to be handed a consumer's notices. A newer one fences it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerLease {
    /// Home area.
    pub home: County,
    /// Name.
    pub name: String,
    /// Position up to which everything is acknowledged.
    pub acknowledged: Position,
    pub(crate) token: u64,
}

/// Why a consumer cannot be opened or moved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsumerError {
    /// It was made with another filter or scope.
    #[error(
        "this consumer was made with other kinds or areas; use another name, or the same filter as before"
    )]
    OtherFilter,
    /// The position was never handed out to this subscriber.
    #[error("the position lies beyond what was handed out on this stream")]
    BeyondHandout,
    /// Not now.
    #[error(transparent)]
    NotNow(#[from] NotNow),
}

/// A notice that is handed over.
#[derive(Clone)]
pub struct Handover {
    /// Its position in the feed.
    pub position: Position,
    /// Its channel.
    pub channel: Channel,
    /// Its sequence.
    pub sequence: Sequence,
    /// What it is.
    pub facts: Facts,
    /// When it was stored, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// True if it may have been handed to this consumer before.
    pub redelivered: bool,
    /// Its exact bytes.
    pub bytes: Bytes,
}

/// Tells whether a notice lies in a subscriber's areas, from its exact bytes.
pub type InScope<'a> = &'a (dyn Fn(&[u8]) -> bool + Send + Sync);

/// What an operator's decision to take over a peer's word did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Places taken over.
    pub taken_over: u64,
    /// Own unanswered notices numbered anew behind them.
    pub renumbered: u64,
}

/// What the peer holds of a channel out, proven by this node's own signature over the head.
pub struct Holdings {
    /// The channel.
    pub channel: Channel,
    /// Head of the channel's chain before its first notice.
    pub origin: Digest,
    /// Every place above the highest receipted one, in sequence.
    pub places: Vec<Holding>,
    /// Head of the chain at the last of them.
    pub head: Digest,
    /// Now, in milliseconds since 1970.
    pub at_ms: i64,
}

/// Final outcomes of places that a receiver holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPlaces {
    /// The places asked for.
    pub places: Vec<Holding>,
    /// Highest place held.
    pub held: Sequence,
    /// The record of the newest parcel; empty for none.
    pub evidence: Bytes,
}

/// What a consumer's operator is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerView {
    /// Home area.
    pub home: County,
    /// Name.
    pub name: String,
    /// The kinds that it is handed; empty for all.
    pub kinds: Vec<Kind>,
    /// Position up to which everything is acknowledged.
    pub acknowledged: Position,
    /// When it last opened or acknowledged, in milliseconds since 1970.
    pub seen_ms: i64,
}
