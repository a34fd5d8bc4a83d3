//! What the walk over the journal finds of what was changed.

use std::{fs, path::Path};

use bytes::Bytes;
use tempfile::TempDir;

use super::*;
use crate::{
    domain::channel::Digest,
    store::{
        AuditCheckError, AuditFault, AuditWrong, Beside, EndCompared, KnownAct,
        conformance::{entry, on_record},
        journal::{
            group::{GROUP_HEADER, GroupWriter, read_group, whole_group},
            record::Record,
            segment::SegmentHeader,
        },
        verify_audit,
    },
};

/// A store with acts in several segments, and others between them, stopped; gives their digests.
fn recorded(data: &Path) -> Vec<Digest> {
    let (store, _) = open(data).unwrap();
    block_on(async {
        let mut round = 0_usize;
        // The newest segment has something to lose, and is not about to be closed.
        let is_open = || {
            let newest = fs::read(newest_segment(data)).unwrap();
            newest.len() < 4_096 && groups(&newest).len() >= 3
        };
        while round < 30 || !is_open() {
            store.audit(here().from, vec![entry(round)]).await.unwrap();
            let item = outgoing(&format!("r-{round}"), 1);
            store.publish(vec![item]).await.remove(0).unwrap();
            round += 1;
        }
        let all = on_record(&store, here().from, 100).await;
        store.stop().await;
        all.iter().map(|(_, audited)| audited.digest()).collect()
    })
}

fn found(data: &Path, known: &[KnownAct]) -> AuditFault {
    // Once a store is gone, sled's own threads hold its file a moment longer.
    drop(opened_sled(data));
    match verify_audit(data, Beside::NoNode, known) {
        Err(AuditCheckError::Fault(fault)) => *fault,
        Err(error) => panic!("{error}"),
        Ok(report) => panic!("nothing was found: {report:?}"),
    }
}

/// The groups of a segment: where each begins, and its bytes.
fn groups(segment: &[u8]) -> Vec<(usize, Bytes)> {
    let (_, mut at) = SegmentHeader::decode(segment).unwrap();
    let mut groups = Vec::new();
    while let Some(len) = whole_group(&segment[at..]) {
        let len = len + GROUP_HEADER;
        groups.push((at, Bytes::copy_from_slice(&segment[at..at + len])));
        at += len;
    }
    groups
}

/// Writes a segment anew, with all of its checksums, as `change` leaves its records.
fn forge(path: &Path, mut change: impl FnMut(usize, &mut Vec<Record>)) {
    let bytes = fs::read(path).unwrap();
    let (header, header_len) = SegmentHeader::decode(&bytes).unwrap();
    let mut forged = bytes[..header_len].to_vec();
    let mut chain = Digest::default();
    for (number, (_, group)) in groups(&bytes).into_iter().enumerate() {
        let placed = read_group(&group, header.first, |_, _| {}).unwrap();
        let mut records: Vec<Record> = placed.into_iter().map(|it| it.record).collect();
        change(number, &mut records);
        if records.is_empty() {
            continue;
        }
        let mut writer = GroupWriter::new(header.first, Vec::new());
        for record in records {
            writer.push(record, Some(&mut chain)).unwrap();
        }
        forged.extend(writer.finish());
    }
    assert_ne!(forged, bytes, "the forgery changes nothing");
    fs::write(path, forged).unwrap();
}

fn number_of(record: &Record) -> Option<u64> {
    match record {
        Record::Audited(audited) => Some(audited.number),
        _ => None,
    }
}

#[test]
fn what_is_whole_is_told_with_its_ends_and_beside_a_node_too() {
    let directory = TempDir::new().unwrap();
    let data = directory.path();
    let digests = recorded(data);
    drop(opened_sled(data));
    let known = KnownAct {
        home: here().from,
        number: 7,
        digest: digests[6],
    };
    let report = verify_audit(data, Beside::NoNode, &[known]).unwrap();
    assert!(report.segments > 3);
    assert_eq!(report.end, EndCompared::Compared);
    let end = (digests.len() as u64, *digests.last().unwrap());
    assert_eq!(report.ends.get(&here().from), Some(&end));
    let (store, _) = open(data).unwrap();
    assert!(matches!(
        verify_audit(data, Beside::NoNode, &[]),
        Err(AuditCheckError::Open(OpenError::InUse(_)))
    ));
    let report = verify_audit(data, Beside::ARunningNode, &[known]).unwrap();
    assert_eq!(report.ends.get(&here().from), Some(&end));
    assert_eq!(report.end, EndCompared::NodeRuns);
    block_on(store.stop());
}

#[test]
fn an_act_that_was_forged_removed_or_put_in_is_named() {
    let directory = TempDir::new().unwrap();
    let data = directory.path();
    recorded(data);
    let segment = segments(data).remove(1);
    let whole = fs::read(&segment).unwrap();
    let all = groups(&whole);
    let first = all.iter().find_map(|(_, group)| {
        let placed = read_group(group, Position::START, |_, _| {}).unwrap();
        placed.iter().find_map(|it| number_of(&it.record))
    });
    let number = first.unwrap() + 1;
    let name = segment.file_name().unwrap().to_str().unwrap().to_owned();
    type Change = fn(&mut Vec<Record>);
    let forgeries: [(&str, AuditWrong, u64, Change); 3] = [
        ("changed", AuditWrong::ActChanged, number, |records| {
            for record in records {
                if let Record::Audited(audited) = record {
                    audited.entry.role = "nobody".into();
                }
            }
        }),
        ("removed", AuditWrong::ActOutOfPlace, number, |records| {
            records.retain(|record| number_of(record).is_none());
        }),
        ("put in", AuditWrong::ActOutOfPlace, number + 1, |records| {
            let act = records.iter().find(|it| number_of(it).is_some());
            let act = act.unwrap().clone();
            records.push(act);
        }),
    ];
    for (how, what, act, change) in forgeries {
        forge(&segment, |_, records| {
            if records.iter().any(|it| number_of(it) == Some(number)) {
                change(records);
            }
        });
        let fault = found(data, &[]);
        assert_eq!(
            (fault.what, fault.act, &fault.segment),
            (what, Some((here().from, act)), &name),
            "{how}"
        );
        fs::write(&segment, &whole).unwrap();
    }
    // What is no act, with all checksums as they should be.
    forge(&segment, |_, records| {
        for record in records {
            if let Record::Published(published) = record {
                published.reference_key = [7; 16];
            }
        }
    });
    let fault = found(data, &[]);
    assert!(matches!(
        fault.what,
        AuditWrong::Chain | AuditWrong::SegmentOutOfPlace
    ));
    fs::write(&segment, &whole).unwrap();
    assert!(verify_audit(data, Beside::NoNode, &[]).is_ok());
}

#[test]
fn the_end_is_compared_with_the_index_and_with_what_others_hold() {
    let directory = TempDir::new().unwrap();
    let data = directory.path();
    let digests = recorded(data);
    let count = digests.len() as u64;
    let last = newest_segment(data);
    let whole = fs::read(&last).unwrap();
    let (behind, _) = groups(&whole).pop().unwrap();
    // Cut where a group ends: nothing torn is left.
    fs::write(&last, &whole[..behind]).unwrap();
    assert_eq!(found(data, &[]).what, AuditWrong::End);
    // The last act, forged with all checksums: nothing behind it tells.
    fs::write(&last, &whole).unwrap();
    forge(&last, |_, records| {
        for record in records {
            if let Record::Audited(audited) = record
                && audited.number == count
            {
                audited.entry.role = "forge".into();
            }
        }
    });
    assert_eq!(found(data, &[]).what, AuditWrong::Index);
    // Without an index, what was exported before.
    fs::remove_dir_all(data.join("index")).unwrap();
    let known = KnownAct {
        home: here().from,
        number: count,
        digest: *digests.last().unwrap(),
    };
    let verified = verify_audit(data, Beside::NoNode, &[known]);
    let Err(AuditCheckError::Fault(fault)) = verified else {
        panic!("{verified:?}")
    };
    assert_eq!(fault.what, AuditWrong::ActNotTheKnown);
    assert_eq!(fault.act, Some((here().from, count)));
    fs::write(&last, &whole[..behind]).unwrap();
    let known = KnownAct {
        number: count + 1,
        ..known
    };
    let verified = verify_audit(data, Beside::NoNode, &[known]);
    let Err(AuditCheckError::Fault(fault)) = verified else {
        panic!("{verified:?}")
    };
    assert_eq!(fault.what, AuditWrong::End);
    // A tail that was cut within a group is one of which nobody was told.
    fs::write(&last, &whole[..whole.len() - 3]).unwrap();
    assert!(verify_audit(data, Beside::NoNode, &[]).is_ok());
}

#[test]
fn what_cannot_be_compared_is_told_and_no_journal_is_no_whole_one() {
    let directory = TempDir::new().unwrap();
    let data = directory.path().join("data");
    let missing = |data: &Path| {
        for beside in [Beside::NoNode, Beside::ARunningNode] {
            let verified = verify_audit(data, beside, &[]);
            assert!(
                matches!(verified, Err(AuditCheckError::NoJournal(_))),
                "{verified:?}"
            );
        }
    };
    missing(&data);
    assert!(!data.exists(), "looking makes nothing");
    fs::create_dir(&data).unwrap();
    recorded(&data);
    drop(opened_sled(&data));
    let compared = || verify_audit(&data, Beside::NoNode, &[]).unwrap().end;
    assert_eq!(compared(), EndCompared::Compared);
    fs::remove_dir_all(data.join("index")).unwrap();
    assert_eq!(compared(), EndCompared::IndexUnreadable);
    assert!(!data.join("index").exists());
    fs::create_dir(data.join("index")).unwrap();
    assert_eq!(compared(), EndCompared::IndexUnreadable);
    fs::remove_dir_all(data.join("journal")).unwrap();
    missing(&data);
}
