//! What the journal says: one record an entry, its header apart from its payload.
//!
//! Headers hold only what may stay in clear once payloads are sealed: ids, home areas, sequence,
//! kind, agreement, times, sizes, digests and keyed hashes. A type or version that is not in the
//! table stops the node; it is never skipped.

use bytes::Bytes;

use super::bytes::{Put, Take, Unreadable};
use crate::domain::{
    agreement::AgreementVersion,
    area::County,
    channel::{Channel, Digest, Sequence},
    field::Field,
    notice::{Kind, NoticeId},
    problem::Code,
    receipt::{Outcome, VoidReason},
    refusal::Refusal,
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
    /// Keyed hash of the office's reference.
    pub(crate) reference_key: [u8; 16],
    /// Keyed hash of the content.
    pub(crate) content_key: [u8; 16],
    /// Payload: the exact bytes of the notice, then the reference.
    pub(crate) notice: Bytes,
    pub(crate) reference: String,
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
    /// Payload: the exact bytes as received.
    pub(crate) notice: Bytes,
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
    /// Payload: the exact bytes as received; empty for a void.
    pub(crate) notice: Bytes,
}

/// Which way a channel goes, seen from this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Published here.
    Out,
    /// Received here.
    In,
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

/// All that is live, at the head of a segment. Not chained.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) state: Bytes,
}

/// A record as an entry holds it.
pub(crate) struct Parts {
    pub(crate) kind: u8,
    pub(crate) header: Vec<u8>,
    pub(crate) payload: Bytes,
}

impl Record {
    /// The home area whose chain it lengthens; none for what belongs to the segment.
    pub(crate) fn home(&self) -> Option<County> {
        match self {
            Self::Published(r) => Some(r.channel.from),
            Self::Requeued(r) => Some(r.channel.from),
            Self::Ended(r) => Some(r.channel.from),
            Self::Settled(r) => Some(r.channel.from),
            Self::ParcelReceived(r) => Some(r.channel.to),
            Self::Received(r) => Some(r.channel.to),
            Self::PlaceUsed(r) => Some(r.channel.to),
            Self::Stopped(r) => Some(match r.direction {
                Direction::Out => r.channel.from,
                Direction::In => r.channel.to,
            }),
            Self::AdoptedOut(r) => Some(r.channel.from),
            Self::AdoptedIn(r) => Some(r.channel.to),
            Self::ConsumerOpened(r) => Some(r.home),
            Self::HandedOut(r) => Some(r.home),
            Self::Acknowledged(r) => Some(r.home),
            Self::ConsumerRemoved(r) => Some(r.home),
            Self::LossAccepted(r) => Some(r.home),
            Self::Snapshot(_) => None,
        }
    }

    /// Header and payload, apart.
    pub(crate) fn parts(&self) -> Parts {
        let mut put = Put::default();
        let mut payload = Bytes::new();
        let kind = match self {
            Self::Published(r) => {
                put.channel(r.channel).sequence(r.sequence);
                put_facts(&mut put, &r.facts);
                put.digest(&r.origin)
                    .raw(&r.reference_key)
                    .raw(&r.content_key)
                    .u32(len32(&r.notice));
                let mut both = Vec::with_capacity(r.notice.len().saturating_add(r.reference.len()));
                both.extend_from_slice(&r.notice);
                both.extend_from_slice(r.reference.as_bytes());
                payload = both.into();
                1
            }
            Self::Requeued(r) => {
                put.channel(r.channel)
                    .sequence(r.sequence)
                    .id(r.id)
                    .digest(&r.digest)
                    .sequence(r.left)
                    .u64(r.origin.get());
                2
            }
            Self::Ended(r) => {
                put.channel(r.channel)
                    .sequence(r.sequence)
                    .u8(r.reason.number())
                    .i64(r.at_ms)
                    .text(r.code.map_or("", Code::name));
                3
            }
            Self::Settled(r) => {
                put.channel(r.channel).sequence(r.first);
                put_outcomes(&mut put, &r.outcomes);
                put.digest(&r.head).i64(r.at_ms);
                payload = r.evidence.clone();
                4
            }
            Self::ParcelReceived(r) => {
                put.channel(r.channel)
                    .sequence(r.first)
                    .digest(&r.origin)
                    .i64(r.at_ms);
                payload = r.evidence.clone();
                5
            }
            Self::Received(r) => {
                put.channel(r.channel).sequence(r.sequence);
                put_facts(&mut put, &r.facts);
                put.i64(r.received_at_ms);
                payload = r.notice.clone();
                6
            }
            Self::PlaceUsed(r) => {
                put.channel(r.channel)
                    .sequence(r.sequence)
                    .digest(&r.digest)
                    .option_id(r.id);
                put_outcome(&mut put, &r.outcome);
                put.i64(r.at_ms).u8(u8::from(r.known));
                payload = r.notice.clone();
                7
            }
            Self::Stopped(r) => {
                put.channel(r.channel)
                    .u8(r.direction.number())
                    .u8(r.reason.map_or(0, StopReason::number))
                    .sequence(r.sequence)
                    .i64(r.at_ms);
                8
            }
            Self::AdoptedOut(r) => {
                put.channel(r.channel)
                    .digest(&r.head_before)
                    .digest(&r.head)
                    .i64(r.at_ms)
                    .u32(u32::try_from(r.holdings.len()).unwrap_or(u32::MAX));
                let mut list = Put::default();
                for holding in &r.holdings {
                    list.sequence(holding.sequence)
                        .digest(&holding.digest)
                        .option_id(holding.id);
                    put_outcome(&mut list, &holding.outcome);
                }
                payload = list.0.into();
                9
            }
            Self::AdoptedIn(r) => {
                put.channel(r.channel).sequence(r.disowned).i64(r.at_ms);
                payload = r.statement.clone();
                10
            }
            Self::ConsumerOpened(r) => {
                put.county(r.home)
                    .text(&r.name)
                    .u8(u8::try_from(r.kinds.len()).unwrap_or(u8::MAX));
                for kind in &r.kinds {
                    put.u8(kind.number());
                }
                put.u64(r.start.get()).i64(r.at_ms);
                payload = Bytes::copy_from_slice(r.scope.as_bytes());
                11
            }
            Self::HandedOut(r) => {
                put.county(r.home).text(&r.name).u64(r.ordinal);
                12
            }
            Self::Acknowledged(r) => {
                put.county(r.home)
                    .text(&r.name)
                    .u64(r.position.get())
                    .u64(r.ordinal)
                    .i64(r.at_ms);
                13
            }
            Self::ConsumerRemoved(r) => {
                put.county(r.home).text(&r.name);
                14
            }
            Self::LossAccepted(r) => {
                put.county(r.home)
                    .u64(r.at.get())
                    .u64(r.index_at.get())
                    .i64(r.at_ms);
                15
            }
            Self::Snapshot(r) => {
                payload = r.state.clone();
                16
            }
        };
        Parts {
            kind,
            header: put.0,
            payload,
        }
    }

    /// Reads a record back.
    ///
    /// # Errors
    /// [`Unreadable`] for a type that this version does not know, or a header that is not of its
    /// type.
    pub(crate) fn from_parts(kind: u8, header: &[u8], payload: Bytes) -> Result<Self, Unreadable> {
        let mut take = Take(header);
        let record = match kind {
            1 => {
                let channel = take.channel()?;
                let sequence = take.sequence()?;
                let facts = take_facts(&mut take)?;
                let origin = take.digest()?;
                let reference_key = take.key()?;
                let content_key = take.key()?;
                let len = take.u32()? as usize;
                if len > payload.len() {
                    return Err(Unreadable);
                }
                let mut notice = payload;
                let reference = notice.split_off(len);
                Self::Published(Published {
                    channel,
                    sequence,
                    facts,
                    origin,
                    reference_key,
                    content_key,
                    notice,
                    reference: utf8(&reference)?,
                })
            }
            2 => Self::Requeued(Requeued {
                channel: take.channel()?,
                sequence: take.sequence()?,
                id: take.id()?,
                digest: take.digest()?,
                left: take.sequence()?,
                origin: Position(take.u64()?),
            }),
            3 => Self::Ended(Ended {
                channel: take.channel()?,
                sequence: take.sequence()?,
                reason: VoidReason::from_number(take.u8()?).ok_or(Unreadable)?,
                at_ms: take.i64()?,
                code: match take.text()?.as_str() {
                    "" => None,
                    name => Some(Code::from_name(name).ok_or(Unreadable)?),
                },
            }),
            4 => Self::Settled(Settled {
                channel: take.channel()?,
                first: take.sequence()?,
                outcomes: take_outcomes(&mut take)?,
                head: take.digest()?,
                at_ms: take.i64()?,
                evidence: payload,
            }),
            5 => Self::ParcelReceived(ParcelReceived {
                channel: take.channel()?,
                first: take.sequence()?,
                origin: take.digest()?,
                at_ms: take.i64()?,
                evidence: payload,
            }),
            6 => Self::Received(Received {
                channel: take.channel()?,
                sequence: take.sequence()?,
                facts: take_facts(&mut take)?,
                received_at_ms: take.i64()?,
                notice: payload,
            }),
            7 => Self::PlaceUsed(PlaceUsed {
                channel: take.channel()?,
                sequence: take.sequence()?,
                digest: take.digest()?,
                id: take.option_id()?,
                outcome: take_outcome(&mut take)?,
                at_ms: take.i64()?,
                known: take.u8()? != 0,
                notice: payload,
            }),
            8 => Self::Stopped(Stopped {
                channel: take.channel()?,
                direction: Direction::from_number(take.u8()?).ok_or(Unreadable)?,
                reason: match take.u8()? {
                    0 => None,
                    number => Some(StopReason::from_number(number).ok_or(Unreadable)?),
                },
                sequence: take.sequence()?,
                at_ms: take.i64()?,
            }),
            9 => {
                let channel = take.channel()?;
                let head_before = take.digest()?;
                let head = take.digest()?;
                let at_ms = take.i64()?;
                let count = take.u32()?;
                let mut list = Take(&payload);
                let mut holdings = Vec::new();
                for _ in 0..count {
                    holdings.push(Holding {
                        sequence: list.sequence()?,
                        digest: list.digest()?,
                        id: list.option_id()?,
                        outcome: take_outcome(&mut list)?,
                    });
                }
                list.end()?;
                Self::AdoptedOut(AdoptedOut {
                    channel,
                    holdings,
                    head_before,
                    head,
                    at_ms,
                })
            }
            10 => Self::AdoptedIn(AdoptedIn {
                channel: take.channel()?,
                disowned: take.sequence()?,
                at_ms: take.i64()?,
                statement: payload,
            }),
            11 => {
                let home = take.county()?;
                let name = take.text()?;
                let count = take.u8()?;
                let mut kinds = Vec::new();
                for _ in 0..count {
                    kinds.push(Kind::from_number(take.u8()?).ok_or(Unreadable)?);
                }
                Self::ConsumerOpened(ConsumerOpened {
                    home,
                    name,
                    kinds,
                    scope: utf8(&payload)?,
                    start: Position(take.u64()?),
                    at_ms: take.i64()?,
                })
            }
            12 => Self::HandedOut(HandedOut {
                home: take.county()?,
                name: take.text()?,
                ordinal: take.u64()?,
            }),
            13 => Self::Acknowledged(Acknowledged {
                home: take.county()?,
                name: take.text()?,
                position: Position(take.u64()?),
                ordinal: take.u64()?,
                at_ms: take.i64()?,
            }),
            14 => Self::ConsumerRemoved(ConsumerRemoved {
                home: take.county()?,
                name: take.text()?,
            }),
            15 => Self::LossAccepted(LossAccepted {
                home: take.county()?,
                at: Position(take.u64()?),
                index_at: Position(take.u64()?),
                at_ms: take.i64()?,
            }),
            16 => Self::Snapshot(Snapshot { state: payload }),
            _ => return Err(Unreadable),
        };
        take.end()?;
        Ok(record)
    }
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

/// Writes an outcome, as journal and index hold it.
pub(crate) fn put_outcome(put: &mut Put, outcome: &Outcome) {
    match outcome {
        Outcome::Stored => put.u8(0),
        Outcome::Voided => put.u8(1),
        Outcome::Refused(refusal) => put
            .u8(2)
            .text(refusal.code.name())
            .text(refusal.field.map_or("", Field::name)),
    };
}

/// Reads an outcome back.
pub(crate) fn take_outcome(take: &mut Take<'_>) -> Result<Outcome, Unreadable> {
    match take.u8()? {
        0 => Ok(Outcome::Stored),
        1 => Ok(Outcome::Voided),
        2 => Ok(Outcome::Refused(Refusal {
            code: Code::from_name(&take.text()?).ok_or(Unreadable)?,
            field: match take.text()?.as_str() {
                "" => None,
                name => Some(Field::from_name(name).ok_or(Unreadable)?),
            },
        })),
        _ => Err(Unreadable),
    }
}

/// Almost every outcome is `Stored`, so the count and the others with their offsets are enough.
fn put_outcomes(put: &mut Put, outcomes: &[Outcome]) {
    put.u32(u32::try_from(outcomes.len()).unwrap_or(u32::MAX));
    let others: Vec<_> = outcomes
        .iter()
        .enumerate()
        .filter(|(_, outcome)| **outcome != Outcome::Stored)
        .collect();
    put.u32(u32::try_from(others.len()).unwrap_or(u32::MAX));
    for (offset, outcome) in others {
        put.u32(u32::try_from(offset).unwrap_or(u32::MAX));
        put_outcome(put, outcome);
    }
}

fn take_outcomes(take: &mut Take<'_>) -> Result<Vec<Outcome>, Unreadable> {
    let count = take.u32()?;
    if count > MAX_OUTCOMES {
        return Err(Unreadable);
    }
    let mut outcomes = vec![Outcome::Stored; count as usize];
    for _ in 0..take.u32()? {
        let offset = take.u32()? as usize;
        *outcomes.get_mut(offset).ok_or(Unreadable)? = take_outcome(take)?;
    }
    Ok(outcomes)
}

fn put_facts(put: &mut Put, facts: &Facts) {
    put.id(facts.id)
        .u8(facts.kind.number())
        .id(facts.case_id)
        .option_id(facts.answers)
        .text(&facts.agreement.id.to_string())
        .u32(facts.agreement.version)
        .i64(facts.published_at_ms)
        .i64(facts.deadline_ms)
        .digest(&facts.digest);
}

fn take_facts(take: &mut Take<'_>) -> Result<Facts, Unreadable> {
    Ok(Facts {
        id: take.id()?,
        kind: Kind::from_number(take.u8()?).ok_or(Unreadable)?,
        case_id: take.id()?,
        answers: take.option_id()?,
        agreement: AgreementVersion {
            id: take.text()?.parse().map_err(|_| Unreadable)?,
            version: take.u32()?,
        },
        published_at_ms: take.i64()?,
        deadline_ms: take.i64()?,
        digest: take.digest()?,
    })
}

fn utf8(bytes: &[u8]) -> Result<String, Unreadable> {
    str::from_utf8(bytes)
        .map(str::to_owned)
        .map_err(|_| Unreadable)
}

fn len32(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// No receipt answers more places than this.
const MAX_OUTCOMES: u32 = 1 << 20;
