//! The keys of the index and what stands under each. All of it follows from the journal.
//!
//! | key | value |
//! |---|---|
//! | `V` | version of these keys and values |
//! | `M` | position, chain heads that the index reflects |
//! | `O` from to | [`OutState`](super::state::OutState) |
//! | `I` to from | [`InState`](super::state::InState) |
//! | `P` from to first | [`Run`]: the outbox, some places an entry |
//! | `N` to from first | [`Run`]: the inbox, likewise |
//! | `F` home position | [`Stretches`] of places, marked with their direction: the feed, and lists of what is newest |
//! | `D` home other epoch first-counter | [`IdRun`]: ids, by range |
//! | `E` home other epoch | highest counter known there: an id above it is new |
//! | `S` home other id | [`Stray`]: an id that does not rise along its channel |
//! | `X` direction from to sequence | [`Exception`]: a place that is not just stored or queued |
//! | `H` from to sequence | nothing: the place waits for an agreement |
//! | `B` home generation block | references of the open generation, in the order of their use |
//! | `R` home generation hash | references of a closed one, sorted, from that hash on |
//! | `Q` home generation chunk | bytes of its filter |
//! | `T` home generation | how many references it has, and the newest day of use |
//! | `G` home | first day whose references count |
//! | `A` home position | [`Stretches`]: what desks did, unmarked |
//! | `W` home other id | position of the newest act about that notice |
//! | `K` home other corrected sequence | id of the correction that was given that place first |
//! | `L` home position | [`Stretches`]: what was done with the node, likewise |
//! | `U` home other erased sequence | id of the notice that asks for that, given that place first |
//! | `Z` home position | nothing: an erasure stands there |
//! | `J` home other id | position of the newest erasure that names that notice |
//! | `Y` slot | the key under which is sealed what is told later of what was sealed under that one |
//! | `h` home other id | nothing: what that notice opened is held |
//! | `c` home reference | [`Consenting`]: a consent, by the keyed hash of its reference |
//! | `C` home name | [`ConsumerState`](super::state::ConsumerState) |

use std::ops::Range;

use super::stretches::{Stretch, Stretches};
use crate::{
    domain::{
        area::County,
        channel::{Channel, Digest, Sequence},
        notice::NoticeId,
        problem::Code,
        receipt::{Outcome, VoidReason},
    },
    store::journal::{
        bytes::{Put, Take, Unreadable},
        layout::{put_outcome, take_outcome},
        payload::Slot,
        record::{Direction, Position, Side},
        segment::Chains,
    },
};

/// Consecutive places of one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) first: Sequence,
    /// Head of the channel's chain before the first place.
    pub(crate) head_before: Digest,
    /// Each marked with how many places it has.
    pub(crate) stretches: Stretches,
}

/// Ids of one epoch that rise along a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdRun {
    pub(crate) direction: Direction,
    pub(crate) last: u64,
    /// Each marked with how far its first counter is above the first of all.
    pub(crate) stretches: Stretches,
}

/// Where one notice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stray {
    pub(crate) direction: Direction,
    pub(crate) channel: Channel,
    pub(crate) sequence: Sequence,
    pub(crate) at: Position,
    pub(crate) len: u32,
}

/// What there is to say of a place that is not just stored or queued.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exception {
    /// Ended or put on hold here, and with what code.
    pub(crate) ended: Option<(VoidReason, Option<Code>)>,
    /// The peer's final outcome, if it is not `Stored`.
    pub(crate) outcome: Option<Outcome>,
    /// Comes again at this sequence.
    pub(crate) moved_to: Option<Sequence>,
    /// For a notice that comes again: where its `Published` record stands.
    pub(crate) origin: Option<Position>,
    /// Taken over from the peer: digest, and id.
    pub(crate) adopted: Option<(Digest, Option<NoticeId>)>,
}

/// A consent that is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Consenting {
    /// Where its newest record stands.
    pub(crate) at: Position,
    /// Whether it is withdrawn.
    pub(crate) withdrawn: bool,
}

/// How far the index reflects the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reflection {
    pub(crate) position: Position,
    pub(crate) chains: Chains,
}

pub(crate) const REFLECTION: &[u8] = b"M";
/// The prefix of the blocks of open generations.
pub(crate) const BLOCKS: &[u8] = b"B";
/// The prefix of the table of closed generations.
pub(crate) const GENERATIONS: &[u8] = b"T";

/// The prefix of the erasures of all home areas.
pub(crate) const ERASURES: &[u8] = b"Z";

pub(crate) const VERSION: &[u8] = b"V";

/// The version of what this file describes. The first had no entry under `V`, and knew ids by pair
/// of areas, whatever their side; the second knew no acts of desks, the third no corrections; the
/// fourth had entries for each group.
pub(crate) const THIS_VERSION: [u8; 4] = 5u32.to_be_bytes();

fn key(prefix: u8) -> Put {
    let mut put = Put(Vec::with_capacity(40));
    put.u8(prefix);
    put
}

pub(crate) fn out_state(channel: Channel) -> Vec<u8> {
    let mut put = key(b'O');
    put.channel(channel);
    put.0
}

pub(crate) fn in_state(channel: Channel) -> Vec<u8> {
    let mut put = key(b'I');
    put.channel(channel.opposite());
    put.0
}

/// The prefix of the runs of a channel.
pub(crate) fn runs(direction: Direction, channel: Channel) -> Vec<u8> {
    let mut put = match direction {
        Direction::Out => key(b'P'),
        Direction::In => key(b'N'),
    };
    match direction {
        Direction::Out => put.channel(channel),
        Direction::In => put.channel(channel.opposite()),
    };
    put.0
}

pub(crate) fn run(direction: Direction, channel: Channel, first: Sequence) -> Vec<u8> {
    let mut put = Put(runs(direction, channel));
    put.sequence(first);
    put.0
}

/// The prefix of the feed of a home area.
pub(crate) fn feeds(home: County) -> Vec<u8> {
    let mut put = key(b'F');
    put.county(home);
    put.0
}

pub(crate) fn feed(home: County, at: Position) -> Vec<u8> {
    let mut put = Put(feeds(home));
    put.u64(at.get());
    put.0
}

fn side_key(prefix: u8, side: Side) -> Put {
    let mut put = key(prefix);
    put.county(side.home).county(side.other);
    put
}

/// The prefix of the id runs of a side and an epoch.
pub(crate) fn id_runs(side: Side, epoch: u64) -> Vec<u8> {
    let mut put = side_key(b'D', side);
    put.u64(epoch);
    put.0
}

pub(crate) fn id_run(side: Side, epoch: u64, counter: u64) -> Vec<u8> {
    let mut put = Put(id_runs(side, epoch));
    put.u64(counter);
    put.0
}

/// The counter that a key of an id run ends with.
pub(crate) fn counter_at_end(key: &[u8]) -> u64 {
    key.last_chunk().copied().map_or(0, u64::from_be_bytes)
}

pub(crate) fn epoch(side: Side, epoch: u64) -> Vec<u8> {
    let mut put = side_key(b'E', side);
    put.u64(epoch);
    put.0
}

pub(crate) fn stray(side: Side, id: NoticeId) -> Vec<u8> {
    let mut put = side_key(b'S', side);
    put.id(id);
    put.0
}

/// The prefix of what desks of a home area did.
pub(crate) fn acts(home: County) -> Vec<u8> {
    let mut put = key(b'A');
    put.county(home);
    put.0
}

pub(crate) fn act(home: County, at: Position) -> Vec<u8> {
    let mut put = Put(acts(home));
    put.u64(at.get());
    put.0
}

/// The prefix of the acts on record of a home area.
pub(crate) fn audits(home: County) -> Vec<u8> {
    let mut put = key(b'L');
    put.county(home);
    put.0
}

pub(crate) fn audit(home: County, at: Position) -> Vec<u8> {
    let mut put = Put(audits(home));
    put.u64(at.get());
    put.0
}

/// The prefix of the erasures of a home area.
pub(crate) fn erasures(home: County) -> Vec<u8> {
    let mut put = key(b'Z');
    put.county(home);
    put.0
}

/// The prefix of all consents.
pub(crate) const CONSENTS: &[u8] = b"c";

/// The prefix of the consents of a home area.
pub(crate) fn consents(home: County) -> Vec<u8> {
    let mut put = Put(CONSENTS.to_vec());
    put.county(home);
    put.0
}

pub(crate) fn erasure(home: County, at: Position) -> Vec<u8> {
    let mut put = Put(erasures(home));
    put.u64(at.get());
    put.0
}

/// A notice of an erased case, as far as it was known then.
pub(crate) fn erased_notice(side: Side, id: NoticeId) -> Vec<u8> {
    let mut put = side_key(b'J', side);
    put.id(id);
    put.0
}

pub(crate) fn slot_behind(slot: Slot) -> Vec<u8> {
    let mut put = key(b'Y');
    put.u64(slot.get());
    put.0
}

pub(crate) fn consent(home: County, reference: [u8; 16]) -> Vec<u8> {
    let mut key = consents(home);
    key.extend_from_slice(&reference);
    key
}

/// Home area and keyed hash of the reference of a key of a consent.
pub(crate) fn consent_at(key: &[u8]) -> Result<(County, [u8; 16]), Unreadable> {
    let mut take = Take(key.get(1..).unwrap_or_default());
    let of = (take.county()?, take.key()?);
    take.end()?;
    Ok(of)
}

impl Consenting {
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut put = Put::default();
        put.u64(self.at.get()).u8(u8::from(self.withdrawn));
        put.0
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut take = Take(bytes);
        let at = Position::new(take.u64()?);
        let withdrawn = take.u8()? != 0;
        take.end()?;
        Ok(Self { at, withdrawn })
    }
}

pub(crate) fn newest_act(side: Side, about: NoticeId) -> Vec<u8> {
    let mut put = side_key(b'W', side);
    put.id(about);
    put.0
}

pub(crate) fn held(side: Side, notice: NoticeId) -> Vec<u8> {
    let mut put = side_key(b'h', side);
    put.id(notice);
    put.0
}

/// The prefix of the corrections of a notice. They have its channel, since only the area that sent it
/// may correct it.
pub(crate) fn corrections(side: Side, corrected: NoticeId) -> Vec<u8> {
    let mut put = side_key(b'K', side);
    put.id(corrected);
    put.0
}

pub(crate) fn correction(side: Side, corrected: NoticeId, sequence: Sequence) -> Vec<u8> {
    let mut put = Put(corrections(side, corrected));
    put.sequence(sequence);
    put.0
}

/// The prefix of the erasures of a notice that its area asked for. They have its channel likewise.
pub(crate) fn askings(side: Side, erased: NoticeId) -> Vec<u8> {
    let mut put = side_key(b'U', side);
    put.id(erased);
    put.0
}

pub(crate) fn asking(side: Side, erased: NoticeId, sequence: Sequence) -> Vec<u8> {
    let mut put = Put(askings(side, erased));
    put.sequence(sequence);
    put.0
}

/// The prefix of the exceptions of a channel.
pub(crate) fn exceptions(direction: Direction, channel: Channel) -> Vec<u8> {
    let mut put = key(b'X');
    put.u8(direction.number()).channel(channel);
    put.0
}

pub(crate) fn exception(direction: Direction, channel: Channel, sequence: Sequence) -> Vec<u8> {
    let mut put = Put(exceptions(direction, channel));
    put.sequence(sequence);
    put.0
}

/// The prefix of the places of a channel out that wait for an agreement.
pub(crate) fn holds(channel: Channel) -> Vec<u8> {
    let mut put = key(b'H');
    put.channel(channel);
    put.0
}

pub(crate) fn hold(channel: Channel, sequence: Sequence) -> Vec<u8> {
    let mut put = Put(holds(channel));
    put.sequence(sequence);
    put.0
}

pub(crate) fn forgotten(home: County) -> Vec<u8> {
    let mut put = key(b'G');
    put.county(home);
    put.0
}

fn of_generation(prefix: u8, home: County, number: u32) -> Put {
    let mut put = key(prefix);
    put.county(home).u32(number);
    put
}

pub(crate) fn block(home: County, generation: u32, block: u32) -> Vec<u8> {
    let mut put = of_generation(b'B', home, generation);
    put.u32(block);
    put.0
}

/// The prefix of the pages of a closed generation.
pub(crate) fn pages(home: County, generation: u32) -> Vec<u8> {
    of_generation(b'R', home, generation).0
}

pub(crate) fn page(home: County, generation: u32, first: &[u8; 16]) -> Vec<u8> {
    let mut put = Put(pages(home, generation));
    put.raw(first);
    put.0
}

/// The prefix of the filter of a closed generation.
pub(crate) fn filters(home: County, generation: u32) -> Vec<u8> {
    of_generation(b'Q', home, generation).0
}

pub(crate) fn filter(home: County, generation: u32, chunk: u32) -> Vec<u8> {
    let mut put = Put(filters(home, generation));
    put.u32(chunk);
    put.0
}

pub(crate) fn generation(home: County, number: u32) -> Vec<u8> {
    of_generation(b'T', home, number).0
}

pub(crate) fn consumer(home: County, name: &str) -> Vec<u8> {
    let mut put = key(b'C');
    put.county(home).raw(name.as_bytes());
    put.0
}

impl Run {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut put = Put::default();
        put.sequence(self.first).digest(&self.head_before);
        self.stretches.put(&mut put);
        put.0
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut take = Take(bytes);
        Ok(Self {
            first: take.sequence()?,
            head_before: take.digest()?,
            stretches: Stretches::take(take)?,
        })
    }

    /// How many places it has.
    pub(crate) fn count(&self) -> u64 {
        let counts = self.stretches.iter().map(|stretch| stretch.mark);
        counts.fold(0, u64::saturating_add)
    }

    /// The place behind its last.
    pub(crate) fn end(&self) -> Sequence {
        self.first.plus(self.count())
    }

    /// Each stretch, with its first place and the place behind its last.
    pub(crate) fn places(&self) -> impl Iterator<Item = (Range<Sequence>, Stretch)> {
        let mut first = self.first;
        self.stretches.iter().map(move |stretch| {
            let places = first..first.plus(stretch.mark);
            first = places.end;
            (places, stretch)
        })
    }
}

impl IdRun {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut put = Put::default();
        put.u8(self.direction.number()).u64(self.last);
        self.stretches.put(&mut put);
        put.0
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut take = Take(bytes);
        Ok(Self {
            direction: Direction::from_number(take.u8()?).ok_or(Unreadable)?,
            last: take.u64()?,
            stretches: Stretches::take(take)?,
        })
    }

    /// Where a counter stands, if it is one of those from `first` on.
    pub(crate) fn stretch_of(&self, first: u64, counter: u64) -> Option<Stretch> {
        let above = counter.checked_sub(first)?;
        if counter > self.last {
            return None;
        }
        self.stretches
            .iter()
            .rev()
            .find(|stretch| stretch.mark <= above)
    }
}

impl Stray {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut put = Put::default();
        put.u8(self.direction.number())
            .channel(self.channel)
            .sequence(self.sequence)
            .u64(self.at.get())
            .u32(self.len);
        put.0
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut take = Take(bytes);
        Ok(Self {
            direction: Direction::from_number(take.u8()?).ok_or(Unreadable)?,
            channel: take.channel()?,
            sequence: take.sequence()?,
            at: Position::new(take.u64()?),
            len: take.u32()?,
        })
    }
}

impl Exception {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut put = Put::default();
        match &self.ended {
            Some((reason, code)) => put.u8(reason.number()).text(code.map_or("", Code::name)),
            None => put.u8(0),
        };
        match &self.outcome {
            Some(outcome) => {
                put.u8(1);
                put_outcome(&mut put, outcome);
            }
            None => {
                put.u8(0);
            }
        }
        put.u64(self.moved_to.map_or(0, Sequence::get));
        put.u64(self.origin.map_or(u64::MAX, Position::get));
        match &self.adopted {
            Some((digest, id)) => put.u8(1).digest(digest).option_id(*id),
            None => put.u8(0),
        };
        put.0
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut take = Take(bytes);
        let ended = match take.u8()? {
            0 => None,
            number => {
                let reason = VoidReason::from_number(number).ok_or(Unreadable)?;
                let code = match take.text()?.as_str() {
                    "" => None,
                    name => Some(Code::from_name(name).ok_or(Unreadable)?),
                };
                Some((reason, code))
            }
        };
        let outcome = match take.u8()? {
            0 => None,
            _ => Some(take_outcome(&mut take)?),
        };
        let moved_to = match take.u64()? {
            0 => None,
            number => Some(Sequence::new(number)),
        };
        let origin = match take.u64()? {
            u64::MAX => None,
            number => Some(Position::new(number)),
        };
        let adopted = match take.u8()? {
            0 => None,
            _ => Some((take.digest()?, take.option_id()?)),
        };
        take.end()?;
        Ok(Self {
            ended,
            outcome,
            moved_to,
            origin,
            adopted,
        })
    }
}

impl Reflection {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut put = Put::default();
        put.u64(self.position.get());
        for (home, head) in &self.chains {
            put.county(*home).digest(head);
        }
        put.0
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut take = Take(bytes);
        let position = Position::new(take.u64()?);
        let mut chains = Chains::new();
        while !take.0.is_empty() {
            chains.insert(take.county()?, take.digest()?);
        }
        Ok(Self { position, chains })
    }
}
