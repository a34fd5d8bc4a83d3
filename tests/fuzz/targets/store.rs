//! Groups of the journal, heads of segments, and what the index holds: a module of `store::embedded`.
//!
//! No checksum may hide a reader from the bytes that are tried, so checksums are put right first.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    reason = "a target fails by panicking"
)]

use bytes::Bytes;

use super::{
    keys::{Exception, IdRun, Reflection, Run, Stray},
    state::State,
    stretches::Stretches,
    summary::Summary,
};
use crate::{
    domain::work::ActKind,
    store::journal::{
        act,
        bytes::Unreadable,
        group::{
            GROUP_HEADER, GROUP_MAGIC, GroupWriter, Placed, entry_len, read_group, whole_group,
        },
        record::Position,
        segment::SegmentHeader,
    },
};

/// The payload of an act, behind the number of its kind.
pub(crate) fn act(bytes: &[u8]) {
    let Some((kind, payload)) = bytes.split_first() else {
        return;
    };
    let home = "350582".parse().unwrap();
    if let Some(kind) = ActKind::from_number(*kind)
        && let Ok((read, office)) = act::decode(kind, home, payload)
    {
        assert_eq!(read.kind(), kind);
        assert_eq!(act::encode(&read, &office), payload);
    }
}

pub(crate) fn group(bytes: &[u8]) {
    whole_group(bytes);
    let proven: Bytes = proven(bytes).into();
    if whole_group(&proven) != proven.len().checked_sub(GROUP_HEADER) {
        return;
    }
    let Ok(records) = read_group(&proven, START, |_, _| {}) else {
        return;
    };
    // What differs from its canonical spelling is written in that.
    let written = write(records);
    let again = read_group(&written, START, |_, _| {}).unwrap();
    assert!(write(again) == written, "records written again are others");
}

fn write(records: Vec<Placed>) -> Bytes {
    let mut writer = GroupWriter::new(START, Vec::new());
    for placed in records {
        writer.push(placed.record, None).unwrap();
    }
    let group = writer.finish();
    assert_eq!(whole_group(&group), Some(group.len() - GROUP_HEADER));
    group.into()
}

/// The group with the length and the checksums that its bytes have.
fn proven(bytes: &[u8]) -> Vec<u8> {
    let mut group = bytes.to_vec();
    if group.len() < GROUP_HEADER {
        return group;
    }
    let mut at = GROUP_HEADER;
    while let Some(len) = group.get(at..).and_then(entry_len) {
        let Some(entry) = group.get_mut(at..at + len as usize) else {
            break;
        };
        let crc = crc32c::crc32c(&entry[4..]).to_be_bytes();
        entry[..4].copy_from_slice(&crc);
        at += len as usize;
    }
    let body = u32::try_from(group.len() - GROUP_HEADER).unwrap();
    group[..4].copy_from_slice(&GROUP_MAGIC);
    group[4..8].copy_from_slice(&body.to_be_bytes());
    let crc = crc32c::crc32c(&group[4..12]);
    let crc = crc32c::crc32c_append(crc, &group[GROUP_HEADER..]);
    group[12..16].copy_from_slice(&crc.to_be_bytes());
    group
}

pub(crate) fn segment_header(bytes: &[u8]) {
    let mut proven = bytes.to_vec();
    if let Some(at) = bytes.len().checked_sub(4) {
        let crc = crc32c::crc32c(&bytes[..at]).to_be_bytes();
        proven[at..].copy_from_slice(&crc);
    }
    for bytes in [bytes, &proven] {
        if let Ok((header, len)) = SegmentHeader::decode(bytes) {
            let again = SegmentHeader::decode(&header.encode()).unwrap();
            assert!(len <= bytes.len());
            assert_eq!(again.0, header);
        }
    }
}

pub(crate) fn snapshot(bytes: &[u8]) {
    stable(bytes, State::decode, |state| state.encode().to_vec());
}

pub(crate) fn summary(bytes: &[u8]) {
    stable(bytes, of_this_version, Summary::encode);
    if let Ok(one) = of_this_version(bytes) {
        let mut both = of_this_version(bytes).unwrap();
        both.absorb(one);
    }
}

fn of_this_version(bytes: &[u8]) -> Result<Summary, Unreadable> {
    Summary::decode(bytes)?.ok_or(Unreadable)
}

pub(crate) fn index_values(bytes: &[u8]) {
    stable(bytes, Exception::decode, Exception::encode);
    stable(bytes, IdRun::decode, IdRun::encode);
    stable(bytes, Reflection::decode, Reflection::encode);
    stable(bytes, Run::decode, Run::encode);
    stable(bytes, Stray::decode, Stray::encode);
    stable(bytes, Stretches::decode, Stretches::encode);
}

/// What was read and written is read and written as the same.
fn stable<T>(
    bytes: &[u8],
    read: impl Fn(&[u8]) -> Result<T, Unreadable>,
    write: impl Fn(&T) -> Vec<u8>,
) {
    if let Ok(value) = read(bytes) {
        let written = write(&value);
        assert_eq!(write(&read(&written).unwrap()), written);
    }
}

const START: Position = Position::new(1 << 20);

/// Bytes of each kind, for a target to begin from.
#[cfg(test)]
pub(crate) fn seeds(kind: &str) -> Vec<Vec<u8>> {
    use std::{collections::BTreeMap, sync::Arc};

    use super::{
        references::Use,
        state::{ConsumerState, InState, OutState, Stop},
    };
    use crate::{
        domain::{
            area::County,
            audit::{self, Came, Counts, LOCAL, On, Purpose, Who},
            channel::{Channel, Digest, Sequence},
            erasure::ErasureReason,
            field::Field,
            notice::{Kind, NoticeId},
            problem::Code,
            receipt::{Outcome, VoidReason},
            refusal::Refusal,
            work::{Act, SubArea},
        },
        store::journal::{
            audited::Audited,
            erased::Erased,
            payload::{Payload, Seal, Slot},
            record::{
                Acknowledged, AdoptedIn, AdoptedOut, Consented, ConsumerOpened, ConsumerRemoved,
                Direction, Ended, Facts, HandedOut, Holding, LossAccepted, ParcelReceived,
                PlaceUsed, Published, Received, Record, ReferencesForgotten, Requeued, Settled,
                Side, StopReason, Stopped, Worked,
            },
        },
        trust::sealing::SealingKey,
    };

    let channel = Channel {
        from: "350582".parse().unwrap(),
        to: "530111".parse().unwrap(),
    };
    let home: County = channel.from;
    let [one, two] = [1, 2].map(|byte| Digest::new([byte; 32]));
    let id = |counter| NoticeId::new([7; 8], counter);
    let at = Sequence::new;
    let time = 1_791_421_200_000;
    let refused = || Outcome::Refused(Refusal::of(Code::FieldNotPermitted, Field::Phone));
    let holding = |sequence, outcome| Holding {
        sequence: at(sequence),
        digest: one,
        id: Some(id(sequence)),
        outcome,
    };
    let published = Placed {
        position: START,
        len: 900,
        record: Record::LossAccepted(LossAccepted {
            home,
            at: START,
            index_at: START,
            at_ms: 1,
        }),
    };
    let mut stretches = Stretches::new(&published, 3);
    stretches.add(&published, 4, Some);
    let run = Run {
        first: at(5),
        head_before: one,
        stretches: stretches.clone(),
    };
    let acts = [
        Act::Took,
        Act::Forwarded {
            to: SubArea::of(home, "350582104001".parse().unwrap()).unwrap(),
        },
        Act::Noted {
            text: "已电话联系".parse().unwrap(),
        },
        Act::NotTheSame { other: id(4) },
    ];
    let offices = || BTreeMap::from([([3; 16], 2), ([4; 16], 1)]);
    let said = |bytes: &'static [u8]| Payload::clear(Bytes::from_static(bytes));
    let sealed = |bytes: &Bytes| {
        let seal = Seal {
            slot: Slot::at(1 << 20, 7),
            key: SealingKey::new(&[8; 32]).unwrap(),
            nonce: [9; 12],
        };
        Payload::sealed(bytes.clone(), Arc::new(seal))
    };
    match kind {
        "act" => acts
            .iter()
            .map(|it| [&[it.kind().number()], &act::encode(it, "desk")[..]].concat())
            .collect(),
        "group" => {
            let facts = Facts {
                id: id(1),
                kind: Kind::Departure,
                case_id: id(1),
                answers: None,
                agreement: "350582-530111/1".parse().unwrap(),
                published_at_ms: time,
                deadline_ms: time + 1,
                digest: one,
            };
            let answer = Facts {
                kind: Kind::Feedback,
                answers: Some(id(1)),
                ..facts.clone()
            };
            let notice = Bytes::from_static(b"the bytes of a notice");
            let name = || "desk".to_owned();
            let records = vec![
                Record::Published(Published {
                    channel,
                    sequence: at(1),
                    facts,
                    origin: one,
                    office_key: [1; 16],
                    reference_key: [2; 16],
                    content_key: [3; 16],
                    notice_len: 21,
                    payload: said(b"the bytes of a notice, and r-1"),
                }),
                Record::Requeued(Requeued {
                    channel,
                    sequence: at(4),
                    id: id(1),
                    digest: one,
                    left: at(1),
                    origin: START,
                    office_key: [1; 16],
                }),
                Record::Ended(Ended {
                    channel,
                    sequence: at(2),
                    reason: VoidReason::OnHold,
                    at_ms: time,
                    code: Some(Code::NoAgreement),
                }),
                Record::Settled(Settled {
                    channel,
                    first: at(1),
                    outcomes: vec![Outcome::Stored, Outcome::Stored, refused()],
                    head: two,
                    at_ms: time,
                    offices: offices(),
                    evidence: notice.clone(),
                }),
                Record::ParcelReceived(ParcelReceived {
                    channel: channel.opposite(),
                    first: at(1),
                    origin: two,
                    at_ms: time,
                    evidence: notice.clone(),
                }),
                Record::Received(Received {
                    channel: channel.opposite(),
                    sequence: at(1),
                    facts: answer,
                    received_at_ms: time,
                    payload: sealed(&notice),
                }),
                Record::PlaceUsed(PlaceUsed {
                    channel: channel.opposite(),
                    sequence: at(2),
                    digest: two,
                    id: Some(id(9)),
                    outcome: refused(),
                    at_ms: time,
                    known: true,
                    payload: sealed(&notice),
                }),
            ];
            let rare = vec![
                Record::Stopped(Stopped {
                    channel,
                    direction: Direction::In,
                    reason: Some(StopReason::HeadDiffers),
                    sequence: at(3),
                    at_ms: time,
                }),
                Record::AdoptedOut(AdoptedOut {
                    channel,
                    holdings: vec![holding(1, Outcome::Stored), holding(2, refused())],
                    head_before: one,
                    head: two,
                    at_ms: time,
                }),
                Record::AdoptedIn(AdoptedIn {
                    channel,
                    disowned: at(9),
                    statement: Bytes::from_static(b"signed"),
                    at_ms: time,
                }),
                Record::ConsumerOpened(ConsumerOpened {
                    home,
                    name: name(),
                    kinds: vec![Kind::Departure, Kind::Feedback],
                    scope: "350582104".into(),
                    start: START,
                    at_ms: time,
                }),
                Record::HandedOut(HandedOut {
                    home,
                    name: name(),
                    ordinal: 1_000,
                }),
                Record::Acknowledged(Acknowledged {
                    home,
                    name: name(),
                    position: START,
                    ordinal: 3,
                    at_ms: time,
                }),
                Record::ConsumerRemoved(ConsumerRemoved { home, name: name() }),
                Record::LossAccepted(LossAccepted {
                    home,
                    at: START,
                    index_at: START,
                    at_ms: time,
                }),
                Record::ReferencesForgotten(ReferencesForgotten {
                    home,
                    before: 20_700,
                }),
            ];
            let worked = acts.map(|it| {
                Record::Worked(Worked {
                    side: Side::of(channel, Direction::In),
                    about: id(1),
                    kind: it.kind(),
                    office_key: [1; 16],
                    at_ms: time,
                    payload: Payload::clear(act::encode(&it, "desk")),
                })
            });
            let audited = Record::Audited(Audited {
                home,
                number: 1,
                previous: one,
                entry: audit::Entry {
                    at_ms: time,
                    who: Who::Office(name()),
                    role: "clerk".into(),
                    from: LOCAL.into(),
                    act: audit::Act::NoticeRead,
                    on: vec![On::Notice(id(1)), On::Peer(home), On::Consumer(name())],
                    purpose: Purpose::Duty,
                    came: Came::Refused("role_needed".into()),
                    counts: Counts::of(1),
                },
            });
            let erased = Record::Erased(Erased {
                side: Side::of(channel, Direction::Out),
                id: id(3),
                case: id(1),
                reason: ErasureReason::PersonAsked,
                at_ms: time,
                asked_by: Some(id(2)),
                office: name(),
                notices: vec![id(1), id(2)],
                slots: vec![Slot::at(1 << 20, 3)],
                next: Slot::at(1 << 20, 4),
            });
            let consented = Record::Consented(Consented {
                home,
                key: [4; 16],
                withdrawn: true,
                at_ms: time,
                payload: Payload::clear(b"as sealed".as_slice().into()),
            });
            [
                records,
                rare,
                worked.to_vec(),
                vec![audited, erased, consented],
            ]
            .map(|records| {
                let mut writer = GroupWriter::new(START, Vec::new());
                for record in records {
                    writer.push(record, None).unwrap();
                }
                writer.finish()
            })
            .to_vec()
        }
        "segment_header" => {
            let header = SegmentHeader {
                first: START,
                chains: BTreeMap::from([(home, one), (channel.to, two)]),
            };
            vec![header.encode()]
        }
        "snapshot" => {
            let mut state = State::default();
            let mut out = OutState::new(one);
            out.last = at(9);
            out.receipt = Some(START);
            out.offices = offices();
            out.stop = Some(Stop {
                reason: StopReason::SenderSetBack,
                sequence: at(4),
            });
            let mut into = InState::new(two);
            into.disowned = Some((at(3), START));
            let consumer = ConsumerState {
                kinds: vec![Kind::Departure],
                scope: String::new(),
                start: START,
                acknowledged: START,
                acknowledged_ordinal: 5,
                reserved: 1_000,
                seen_ms: time,
            };
            state.outs.insert(channel, out);
            state.ins.insert(channel.opposite(), into);
            state.consumers.insert((home, "desk".into()), consumer);
            vec![state.encode().to_vec()]
        }
        "summary" => {
            let mut summary = Summary::default();
            summary.other(b"Pkey".to_vec(), Some(run.encode()));
            let last = Use {
                at: START,
                len: 300,
                day: 20_700,
            };
            summary.reference(home, &[5; 16], last);
            summary.other(b"Ckey".to_vec(), Some(b"value".to_vec()));
            summary.other(b"Dkey".to_vec(), None);
            vec![summary.encode()]
        }
        "index_values" => vec![
            run.encode(),
            stretches.encode(),
            IdRun {
                direction: Direction::Out,
                last: 9,
                stretches,
            }
            .encode(),
            Stray {
                direction: Direction::In,
                channel,
                sequence: at(4),
                at: START,
                len: 300,
            }
            .encode(),
            Exception {
                ended: Some((VoidReason::OnHold, Some(Code::NoAgreement))),
                outcome: Some(refused()),
                moved_to: Some(at(8)),
                origin: Some(START),
                adopted: Some((one, Some(id(4)))),
            }
            .encode(),
            Reflection {
                position: START,
                chains: BTreeMap::from([(home, one)]),
            }
            .encode(),
        ],
        kind => unreachable!("no such bytes: {kind}"),
    }
}
