//! What the journal says: one record an entry, its header apart from its payload.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{
    audited::Audited,
    erased::Erased,
    payload::{Kept, Payload, Seal, Slot},
};
use crate::domain::{
    agreement::AgreementVersion,
    area::County,
    channel::{Channel, Digest, Sequence},
    notice::{Kind, NoticeId},
    problem::Code,
    receipt::{Outcome, VoidReason},
    work::ActKind,
};

/// A place in the journal: the offset of an entry, counted over all segments. Positions rise and
/// may have holes; clients take them as opaque.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(u64);

impl Position {
    /// Before everything.
    pub const START: Self = Self(0);

    /// The position of that number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The position `bytes` behind this one; saturates.
    #[must_use]
    pub const fn plus(self, bytes: u64) -> Self {
        Self(self.0.saturating_add(bytes))
    }
}

/// One record. Which home area it belongs to is [`Record::home`].
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Record {
    Published(Published),
    Requeued(Requeued),
    Ended(Ended),
    Settled(Settled),
    ParcelReceived(ParcelReceived),
    Received(Received),
    PlaceUsed(PlaceUsed),
    Stopped(Stopped),
    AdoptedOut(AdoptedOut),
    AdoptedIn(AdoptedIn),
    ConsumerOpened(ConsumerOpened),
    HandedOut(HandedOut),
    Acknowledged(Acknowledged),
    ConsumerRemoved(ConsumerRemoved),
    LossAccepted(LossAccepted),
    Snapshot(Snapshot),
    ReferencesForgotten(ReferencesForgotten),
    Summary(Summary),
    Worked(Worked),
    Audited(Audited),
    Erased(Erased),
    Consented(Consented),
}

impl Record {
    /// What tells of people; none where nothing does.
    pub(crate) const fn payload(&self) -> Option<&Payload> {
        match self {
            Self::Published(r) => Some(&r.payload),
            Self::Received(r) => Some(&r.payload),
            Self::PlaceUsed(r) => Some(&r.payload),
            Self::Worked(r) => Some(&r.payload),
            Self::Consented(r) => Some(&r.payload),
            Self::Requeued(_)
            | Self::Ended(_)
            | Self::Settled(_)
            | Self::ParcelReceived(_)
            | Self::Stopped(_)
            | Self::AdoptedOut(_)
            | Self::AdoptedIn(_)
            | Self::ConsumerOpened(_)
            | Self::HandedOut(_)
            | Self::Acknowledged(_)
            | Self::ConsumerRemoved(_)
            | Self::LossAccepted(_)
            | Self::Snapshot(_)
            | Self::ReferencesForgotten(_)
            | Self::Summary(_)
            | Self::Audited(_)
            | Self::Erased(_) => None,
        }
    }

    /// What it is to be sealed with.
    pub(crate) fn seal(&self) -> Option<&Seal> {
        match self.payload() {
            Some(Payload::Said { seal, .. }) => seal.as_deref(),
            Some(Payload::Kept(_)) | None => None,
        }
    }

    /// The slot of the key that it was sealed with already.
    pub(crate) fn kept_slot(&self) -> Option<Slot> {
        match self.payload() {
            Some(Payload::Kept(Kept { slot, .. })) => Some(*slot),
            Some(Payload::Said { .. }) | None => None,
        }
    }
}

/// What a notice is, apart from what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its id.
    pub id: NoticeId,
    /// Its kind.
    pub kind: Kind,
    /// Id of its case.
    pub case_id: NoticeId,
    /// The notice that it answers or speaks of.
    pub answers: Option<NoticeId>,
    /// The agreement under which it travels.
    pub agreement: AgreementVersion,
    /// When its node accepted it, in milliseconds since 1970.
    pub published_at_ms: i64,
    /// Its business deadline, in milliseconds since 1970.
    pub deadline_ms: i64,
    /// Digest of its bytes.
    pub digest: Digest,
}

/// A notice that an office published here.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) channel: Channel,
    pub(crate) sequence: Sequence,
    pub(crate) facts: Facts,
    /// Head of the chain before the first notice of the channel; counts only at sequence 1.
    pub(crate) origin: Digest,
    /// Keyed hash of the office, whose quota it counts against.
    pub(crate) office_key: [u8; 16],
    /// Keyed hash of the office's reference.
    pub(crate) reference_key: [u8; 16],
    /// Keyed hash of the content.
    pub(crate) content_key: [u8; 16],
    /// Bytes of the notice in the payload.
    pub(crate) notice_len: u32,
    /// The exact bytes of the notice, then the reference.
    pub(crate) payload: Payload,
}

/// A notice that comes again behind the others of its channel, same id and bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Requeued {
    pub(crate) channel: Channel,
    pub(crate) sequence: Sequence,
    pub(crate) id: NoticeId,
    pub(crate) digest: Digest,
    /// The place that it leaves.
    pub(crate) left: Sequence,
    /// Where its `Published` record stands.
    pub(crate) origin: Position,
    /// As in its `Published` record.
    pub(crate) office_key: [u8; 16],
}

/// A place that goes out as a void from now on.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) channel: Channel,
    pub(crate) sequence: Sequence,
    pub(crate) reason: VoidReason,
    pub(crate) at_ms: i64,
    /// With `OnHold`: what the receiver said.
    pub(crate) code: Option<Code>,
}

/// A receipt that settles places of a channel out.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) channel: Channel,
    pub(crate) first: Sequence,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) head: Digest,
    pub(crate) at_ms: i64,
    /// How many of the places each office had published or sent again.
    pub(crate) offices: BTreeMap<[u8; 16], u64>,
    /// Payload: our parcel's signed form, its digests, and the receipt's signed form.
    pub(crate) evidence: Bytes,
}

/// A parcel that brought the `Received` and `PlaceUsed` records behind it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ParcelReceived {
    pub(crate) channel: Channel,
    pub(crate) first: Sequence,
    pub(crate) origin: Digest,
    pub(crate) at_ms: i64,
    /// Payload: the sender's signed form and the digests of its places.
    pub(crate) evidence: Bytes,
}

/// A notice that came in and was stored.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) channel: Channel,
    pub(crate) sequence: Sequence,
    pub(crate) facts: Facts,
    pub(crate) received_at_ms: i64,
    /// The exact bytes as received.
    pub(crate) payload: Payload,
}

/// A place that came in and put nothing into the inbox.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PlaceUsed {
    pub(crate) channel: Channel,
    pub(crate) sequence: Sequence,
    pub(crate) digest: Digest,
    /// The id that it names; none for a void, or for bytes that cannot be read.
    pub(crate) id: Option<NoticeId>,
    pub(crate) outcome: Outcome,
    pub(crate) at_ms: i64,
    /// True if the id had its outcome before, at another place: this one reserves nothing.
    pub(crate) known: bool,
    /// The exact bytes as received; empty for a void.
    pub(crate) payload: Payload,
}

/// Which way a channel goes, seen from this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Published here.
    Out,
    /// Received here.
    In,
}

impl Direction {
    /// The other way.
    pub(crate) const fn opposite(self) -> Self {
        match self {
            Self::Out => Self::In,
            Self::In => Self::Out,
        }
    }
}

/// One end of a pair of areas: what a home area holds of all that passed between it and another.
/// Two home areas of one node are two sides in one store, and each knows only what it published or
/// received itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Side {
    /// The home area.
    pub home: County,
    /// The area at the other end.
    pub other: County,
}

impl Side {
    /// The channel that goes that way here.
    pub(crate) const fn channel(self, direction: Direction) -> Channel {
        let (from, to) = match direction {
            Direction::Out => (self.home, self.other),
            Direction::In => (self.other, self.home),
        };
        Channel { from, to }
    }

    /// The side of a channel on which its notices go that way.
    pub const fn of(channel: Channel, direction: Direction) -> Self {
        match direction {
            Direction::Out => Self {
                home: channel.from,
                other: channel.to,
            },
            Direction::In => Self {
                home: channel.to,
                other: channel.from,
            },
        }
    }
}

/// Why a channel stands still until its operator acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The same sequence with another digest, or heads that differ.
    HeadDiffers,
    /// The sender knows less than it has signed.
    SenderSetBack,
    /// The receiver knows less than it has receipted.
    ReceiverSetBack,
    /// The peer's answer makes no sense.
    PeerNonsense,
}

/// A channel stopped, or goes on again.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Stopped {
    pub(crate) channel: Channel,
    pub(crate) direction: Direction,
    /// None: it goes on.
    pub(crate) reason: Option<StopReason>,
    pub(crate) sequence: Sequence,
    pub(crate) at_ms: i64,
}

/// One place that the peer holds of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Its sequence.
    pub sequence: Sequence,
    /// Digest of the notice.
    pub digest: Digest,
    /// Its id; none for a void.
    pub id: Option<NoticeId>,
    /// Its final outcome.
    pub outcome: Outcome,
}

/// A set-back sender takes over what it had signed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AdoptedOut {
    pub(crate) channel: Channel,
    /// From here on the places are the peer's; our own there are renumbered by the `Requeued`
    /// records that follow.
    pub(crate) holdings: Vec<Holding>,
    pub(crate) head_before: Digest,
    pub(crate) head: Digest,
    pub(crate) at_ms: i64,
}

/// A set-back receiver asks for what it had receipted.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AdoptedIn {
    pub(crate) channel: Channel,
    /// Highest sequence that it had receipted.
    pub(crate) disowned: Sequence,
    /// The statement, signed by this node, that the peer is shown.
    pub(crate) statement: Bytes,
    pub(crate) at_ms: i64,
}

/// A consumer is made.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ConsumerOpened {
    pub(crate) home: County,
    pub(crate) name: String,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) scope: String,
    pub(crate) start: Position,
    pub(crate) at_ms: i64,
}

/// A consumer may have been handed so many notices.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct HandedOut {
    pub(crate) home: County,
    pub(crate) name: String,
    pub(crate) ordinal: u64,
}

/// A consumer acknowledged.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) home: County,
    pub(crate) name: String,
    pub(crate) position: Position,
    pub(crate) ordinal: u64,
    pub(crate) at_ms: i64,
}

/// A consumer that was silent too long is gone.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ConsumerRemoved {
    pub(crate) home: County,
    pub(crate) name: String,
}

/// An operator went on without what the journal had lost.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LossAccepted {
    pub(crate) home: County,
    pub(crate) at: Position,
    pub(crate) index_at: Position,
    pub(crate) at_ms: i64,
}

/// References of before a day do not count any more.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ReferencesForgotten {
    pub(crate) home: County,
    /// The first day that counts, counted from 1970-01-01.
    pub(crate) before: u32,
}

/// What a desk did about a notice. It never travels.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Worked {
    pub(crate) side: Side,
    pub(crate) about: NoticeId,
    pub(crate) kind: ActKind,
    /// Keyed hash of the office.
    pub(crate) office_key: [u8; 16],
    pub(crate) at_ms: i64,
    /// The act and its office, as [`act`](super::act) writes them.
    pub(crate) payload: Payload,
}

/// A consent as it stands from now on: registered, or withdrawn. It never travels.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Consented {
    pub(crate) home: County,
    /// Keyed hash of its reference.
    pub(crate) key: [u8; 16],
    pub(crate) withdrawn: bool,
    pub(crate) at_ms: i64,
    /// All of it, as [`consent`](super::consent) writes it.
    pub(crate) payload: Payload,
}

/// All that is live, at the head of a segment. Not chained.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) state: Bytes,
}

/// What the segment before this one put into the index, beside the snapshot. Not chained.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) summary: Bytes,
}

impl Direction {
    /// Its number in stored records.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Out => 1,
            Self::In => 2,
        }
    }

    /// The direction of that number.
    pub(crate) const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Out),
            2 => Some(Self::In),
            _ => None,
        }
    }
}

impl StopReason {
    /// Its number in stored records.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::HeadDiffers => 1,
            Self::SenderSetBack => 2,
            Self::ReceiverSetBack => 3,
            Self::PeerNonsense => 4,
        }
    }

    /// The reason of that number.
    pub(crate) const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::HeadDiffers),
            2 => Some(Self::SenderSetBack),
            3 => Some(Self::ReceiverSetBack),
            4 => Some(Self::PeerNonsense),
            _ => None,
        }
    }

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HeadDiffers => "head_differs",
            Self::SenderSetBack => "sender_set_back",
            Self::ReceiverSetBack => "receiver_set_back",
            Self::PeerNonsense => "peer_nonsense",
        }
    }
}
