//! Records as bytes: header and payload, apart.
//!
//! Headers hold only what may stay in clear: ids, home areas, sequence, kind, agreement, times,
//! sizes, digests and keyed hashes. Payloads that tell of a person are sealed ([`payload`](super::payload));
//! the others hold only what a header may, signatures, and what an office set up: names and scopes of
//! consumers. A type or version that is not in the table stops the node; it is never skipped.

use std::collections::BTreeMap;

use super::{
    audited::Audited,
    bytes::{Put, Take, Unreadable},
    erased::Erased,
    payload::Payload,
    record::{
        Acknowledged, AdoptedIn, AdoptedOut, Consented, ConsumerOpened, ConsumerRemoved, Direction,
        Ended, Facts, HandedOut, Holding, LossAccepted, ParcelReceived, PlaceUsed, Position,
        Published, Received, Record, ReferencesForgotten, Requeued, Settled, Side, Snapshot,
        StopReason, Stopped, Summary, Worked,
    },
};
use crate::domain::{
    agreement::AgreementVersion,
    area::County,
    field::Field,
    notice::Kind,
    problem::Code,
    receipt::{Outcome, VoidReason},
    refusal::Refusal,
    work::ActKind,
};

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
            Self::ReferencesForgotten(r) => Some(r.home),
            Self::Worked(r) => Some(r.side.home),
            Self::Audited(r) => Some(r.home),
            Self::Erased(r) => Some(r.side.home),
            Self::Consented(r) => Some(r.home),
            Self::Snapshot(_) | Self::Summary(_) => None,
        }
    }

    /// Appends its header, and says its type.
    pub(crate) fn put_header(&self, put: &mut Put) -> u8 {
        match self {
            Self::Published(r) => {
                put.channel(r.channel).sequence(r.sequence);
                put_facts(put, &r.facts);
                put.digest(&r.origin)
                    .raw(&r.office_key)
                    .raw(&r.reference_key)
                    .raw(&r.content_key)
                    .u32(r.notice_len);
                1
            }
            Self::Requeued(r) => {
                put.channel(r.channel)
                    .sequence(r.sequence)
                    .id(r.id)
                    .digest(&r.digest)
                    .sequence(r.left)
                    .u64(r.origin.get())
                    .raw(&r.office_key);
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
                put.channel(r.channel)
                    .sequence(r.first)
                    .digest(&r.head)
                    .i64(r.at_ms);
                4
            }
            Self::ParcelReceived(r) => {
                put.channel(r.channel)
                    .sequence(r.first)
                    .digest(&r.origin)
                    .i64(r.at_ms);
                5
            }
            Self::Received(r) => {
                put.channel(r.channel).sequence(r.sequence);
                put_facts(put, &r.facts);
                put.i64(r.received_at_ms);
                6
            }
            Self::PlaceUsed(r) => {
                put.channel(r.channel)
                    .sequence(r.sequence)
                    .digest(&r.digest)
                    .option_id(r.id);
                put_outcome(put, &r.outcome);
                put.i64(r.at_ms).u8(u8::from(r.known));
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
                9
            }
            Self::AdoptedIn(r) => {
                put.channel(r.channel).sequence(r.disowned).i64(r.at_ms);
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
            Self::Snapshot(_) => 16,
            Self::ReferencesForgotten(r) => {
                put.county(r.home).u32(r.before);
                17
            }
            Self::Summary(_) => 18,
            Self::Worked(r) => {
                put.county(r.side.home)
                    .county(r.side.other)
                    .id(r.about)
                    .u8(r.kind.number())
                    .raw(&r.office_key)
                    .i64(r.at_ms);
                19
            }
            Self::Audited(r) => {
                r.put_header(put);
                20
            }
            Self::Erased(r) => {
                r.put_header(put);
                22
            }
            Self::Consented(r) => {
                put.county(r.home)
                    .raw(&r.key)
                    .u8(u8::from(r.withdrawn))
                    .i64(r.at_ms);
                23
            }
        }
    }

    /// Appends its payload, which may be empty.
    pub(crate) fn put_payload(&self, put: &mut Put) {
        match self {
            Self::Published(r) => put_kept(put, &r.payload),
            Self::Settled(r) => {
                put_outcomes(put, &r.outcomes);
                put_offices(put, &r.offices);
                put.raw(&r.evidence);
            }
            Self::ParcelReceived(r) => {
                put.raw(&r.evidence);
            }
            Self::Received(r) => put_kept(put, &r.payload),
            Self::PlaceUsed(r) => put_kept(put, &r.payload),
            Self::AdoptedOut(r) => {
                for holding in &r.holdings {
                    put.sequence(holding.sequence)
                        .digest(&holding.digest)
                        .option_id(holding.id);
                    put_outcome(put, &holding.outcome);
                }
            }
            Self::AdoptedIn(r) => {
                put.raw(&r.statement);
            }
            Self::ConsumerOpened(r) => {
                put.raw(r.scope.as_bytes());
            }
            Self::Snapshot(r) => {
                put.raw(&r.state);
            }
            Self::Summary(r) => {
                put.raw(&r.summary);
            }
            Self::Worked(r) => put_kept(put, &r.payload),
            Self::Audited(r) => r.put_payload(put),
            Self::Erased(r) => r.put_payload(put),
            Self::Consented(r) => put_kept(put, &r.payload),
            Self::Requeued(_)
            | Self::Ended(_)
            | Self::Stopped(_)
            | Self::HandedOut(_)
            | Self::Acknowledged(_)
            | Self::ConsumerRemoved(_)
            | Self::LossAccepted(_)
            | Self::ReferencesForgotten(_) => {}
        }
    }

    /// Reads a record back.
    ///
    /// # Errors
    /// [`Unreadable`] for a type that this version does not know, or a header that is not of its
    /// type.
    pub(crate) fn from_parts(
        kind: u8,
        header: &[u8],
        payload: Payload,
    ) -> Result<Self, Unreadable> {
        let mut take = Take(header);
        let record = match kind {
            1 => {
                let channel = take.channel()?;
                let sequence = take.sequence()?;
                let facts = take_facts(&mut take)?;
                let origin = take.digest()?;
                let office_key = take.key()?;
                let reference_key = take.key()?;
                let content_key = take.key()?;
                let notice_len = take.u32()?;
                if notice_len as usize > payload.len() {
                    return Err(Unreadable);
                }
                Self::Published(Published {
                    channel,
                    sequence,
                    facts,
                    origin,
                    office_key,
                    reference_key,
                    content_key,
                    notice_len,
                    payload,
                })
            }
            2 => Self::Requeued(Requeued {
                channel: take.channel()?,
                sequence: take.sequence()?,
                id: take.id()?,
                digest: take.digest()?,
                left: take.sequence()?,
                origin: Position::new(take.u64()?),
                office_key: take.key()?,
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
            4 => {
                let payload = payload.said()?;
                let mut both = Take(&payload);
                let outcomes = take_outcomes(&mut both)?;
                let offices = take_offices(&mut both)?;
                let evidence = payload.len().saturating_sub(both.0.len());
                Self::Settled(Settled {
                    channel: take.channel()?,
                    first: take.sequence()?,
                    outcomes,
                    head: take.digest()?,
                    at_ms: take.i64()?,
                    offices,
                    evidence: payload.slice(evidence..),
                })
            }
            5 => Self::ParcelReceived(ParcelReceived {
                channel: take.channel()?,
                first: take.sequence()?,
                origin: take.digest()?,
                at_ms: take.i64()?,
                evidence: payload.said()?,
            }),
            6 => Self::Received(Received {
                channel: take.channel()?,
                sequence: take.sequence()?,
                facts: take_facts(&mut take)?,
                received_at_ms: take.i64()?,
                payload,
            }),
            7 => Self::PlaceUsed(PlaceUsed {
                channel: take.channel()?,
                sequence: take.sequence()?,
                digest: take.digest()?,
                id: take.option_id()?,
                outcome: take_outcome(&mut take)?,
                at_ms: take.i64()?,
                known: take.u8()? != 0,
                payload,
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
                let payload = payload.said()?;
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
                statement: payload.said()?,
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
                    scope: utf8(&payload.said()?)?,
                    start: Position::new(take.u64()?),
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
                position: Position::new(take.u64()?),
                ordinal: take.u64()?,
                at_ms: take.i64()?,
            }),
            14 => Self::ConsumerRemoved(ConsumerRemoved {
                home: take.county()?,
                name: take.text()?,
            }),
            15 => Self::LossAccepted(LossAccepted {
                home: take.county()?,
                at: Position::new(take.u64()?),
                index_at: Position::new(take.u64()?),
                at_ms: take.i64()?,
            }),
            16 => Self::Snapshot(Snapshot {
                state: payload.said()?,
            }),
            17 => Self::ReferencesForgotten(ReferencesForgotten {
                home: take.county()?,
                before: take.u32()?,
            }),
            18 => Self::Summary(Summary {
                summary: payload.said()?,
            }),
            19 => Self::Worked(Worked {
                side: Side {
                    home: take.county()?,
                    other: take.county()?,
                },
                about: take.id()?,
                kind: ActKind::from_number(take.u8()?).ok_or(Unreadable)?,
                office_key: take.key()?,
                at_ms: take.i64()?,
                payload,
            }),
            20 => Self::Audited(Audited::from_parts(&mut take, &payload.said()?)?),
            22 => Self::Erased(Erased::from_parts(&mut take, &payload.said()?)?),
            23 => Self::Consented(Consented {
                home: take.county()?,
                key: take.key()?,
                withdrawn: match take.u8()? {
                    0 => false,
                    1 => true,
                    _ => return Err(Unreadable),
                },
                at_ms: take.i64()?,
                payload,
            }),
            _ => return Err(Unreadable),
        };
        take.end()?;
        Ok(record)
    }
}

/// Writes what is said, to be sealed where it stands, or what was sealed before.
fn put_kept(put: &mut Put, payload: &Payload) {
    match payload {
        Payload::Said { bytes, .. } => put.raw(bytes),
        Payload::Kept(kept) => put.raw(kept.raw()),
    };
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

/// Writes how many places each office has, as journal and index hold it.
pub(crate) fn put_offices(put: &mut Put, offices: &BTreeMap<[u8; 16], u64>) {
    put.u32(u32::try_from(offices.len()).unwrap_or(u32::MAX));
    for (office, places) in offices {
        put.raw(office).u64(*places);
    }
}

/// Reads how many places each office has back.
pub(crate) fn take_offices(take: &mut Take<'_>) -> Result<BTreeMap<[u8; 16], u64>, Unreadable> {
    let mut offices = BTreeMap::new();
    for _ in 0..take.u32()? {
        offices.insert(take.key()?, take.u64()?);
    }
    Ok(offices)
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

/// No receipt answers more places than this.
const MAX_OUTCOMES: u32 = 1 << 20;
