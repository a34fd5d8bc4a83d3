//! A journal that was cut, that rotted, or that another program wrote.

use std::fs;

use tempfile::TempDir;

use super::{
    answers, block_on, copy, copy_tree, filled, last_sequence, masters, newest_segment, open,
    opened_sled, segments, small,
};
use crate::store::{
    accept_loss, check,
    conformance::here,
    copying::copy_journal,
    embedded::open::OpenError,
    journal::{recovery::JournalError, segment::SegmentHeader},
    rebuild_index,
};

#[test]
fn a_cut_anywhere_drops_the_torn_tail_or_is_named() {
    let directory = TempDir::new().unwrap();
    let whole = small(directory.path());
    let segment = newest_segment(directory.path());
    let name = segment.file_name().unwrap();
    // Where each group ends, told by what a cut leaves.
    let mut seen = std::collections::BTreeSet::new();
    for cut in 0..whole.len() {
        let other = TempDir::new().unwrap();
        copy(directory.path(), other.path(), false);
        fs::write(other.path().join("journal").join(name), &whole[..cut]).unwrap();
        match open(other.path()) {
            Ok((store, report)) => {
                let last = last_sequence(&store);
                assert!(last < 3, "a cut of the last group cannot leave it whole");
                seen.insert(last);
                // A second start finds nothing torn: the tail was cut for good.
                block_on(store.stop());
                drop(store);
                let (store, again) = open(other.path()).unwrap();
                assert_eq!(again.torn_bytes, 0);
                assert_eq!(last_sequence(&store), last);
                assert!(!again.index_rebuilt || report.index_rebuilt);
                block_on(store.stop());
            }
            Err(OpenError::Journal(JournalError::Damaged { segment, .. })) => {
                assert_eq!(segment, name.to_string_lossy());
            }
            Err(error) => panic!("cut at {cut}: {error}"),
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn a_flip_anywhere_never_gives_a_wrong_answer() {
    let directory = TempDir::new().unwrap();
    let whole = small(directory.path());
    let name = newest_segment(directory.path());
    let name = name.file_name().unwrap();
    for at in 0..whole.len() {
        let other = TempDir::new().unwrap();
        copy(directory.path(), other.path(), false);
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        fs::write(other.path().join("journal").join(name), &flipped).unwrap();
        match open(other.path()) {
            // Without an index the last group may be taken for a torn write, and nothing else.
            Ok((store, report)) => {
                assert!(report.torn_bytes > 0, "flip at {at} went unseen");
                assert_eq!(last_sequence(&store), 2, "flip at {at}");
                block_on(store.stop());
            }
            Err(OpenError::Journal(JournalError::Damaged { segment, .. })) => {
                assert_eq!(segment, name.to_string_lossy());
            }
            Err(error) => panic!("flip at {at}: {error}"),
        }
    }
}

#[test]
fn with_an_index_that_is_ahead_the_node_always_stops() {
    let directory = TempDir::new().unwrap();
    let whole = small(directory.path());
    let name = newest_segment(directory.path());
    let name = name.file_name().unwrap();
    for cut in (0..whole.len()).step_by(3) {
        for flip in [false, true] {
            let other = TempDir::new().unwrap();
            copy(directory.path(), other.path(), true);
            let mut bytes = whole.clone();
            if flip {
                bytes[cut] ^= 1;
            } else {
                bytes.truncate(cut);
            }
            fs::write(other.path().join("journal").join(name), &bytes).unwrap();
            match open(other.path()) {
                Err(OpenError::Journal(
                    JournalError::IndexAhead { .. } | JournalError::Damaged { .. },
                )) => {}
                Err(error) => panic!("at {cut}: {error}"),
                Ok(_) => panic!("the node started although the index is ahead (at {cut})"),
            }
        }
    }
}

#[test]
fn a_journal_without_its_beginning_is_named_wherever_it_is_looked_at_and_nothing_is_cut() {
    let directory = TempDir::new().unwrap();
    let data = directory.path();
    let known = filled(data);
    drop(opened_sled(data));
    let all = segments(data);
    assert!(all.len() > 3);
    let behind = all[1].file_name().unwrap().to_str().unwrap().to_owned();
    let whole = fs::read(&all[0]).unwrap();
    fs::remove_file(&all[0]).unwrap();
    let is_named = |error: &JournalError| {
        let JournalError::NoBeginning { segment, found } = error else {
            panic!("{error}");
        };
        assert_eq!(segment, &behind);
        assert!(*found > 0);
    };
    for with_index in [true, false] {
        let other = TempDir::new().unwrap();
        copy(data, other.path(), with_index);
        let refused = [
            open(other.path()).map(drop),
            check(other.path(), masters()).map(drop),
            accept_loss(other.path(), 1, masters()).map(drop),
            rebuild_index(other.path(), masters()).map(drop),
        ];
        for refused in refused {
            match refused {
                Err(OpenError::Journal(error)) => is_named(&error),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(segments(other.path()).len(), all.len() - 1);
    }
    let mut copied = 0;
    let refused = copy_journal(&data.join("journal"), |_, _| {
        copied += 1;
        Ok::<_, JournalError>(())
    });
    is_named(&refused.err().unwrap());
    assert_eq!(copied, 0);
    fs::write(&all[0], whole).unwrap();
    let (store, report) = open(data).unwrap();
    assert!(!report.index_rebuilt);
    assert_eq!(block_on(answers(&store)), known);
    block_on(store.stop());
}

#[test]
fn an_index_of_another_history_stops_the_node() {
    let directory = TempDir::new().unwrap();
    small(directory.path());
    let other = TempDir::new().unwrap();
    small(other.path());
    fs::remove_dir_all(directory.path().join("index")).unwrap();
    copy_tree(&other.path().join("index"), &directory.path().join("index"));
    assert!(matches!(
        open(directory.path()),
        Err(OpenError::Journal(JournalError::IndexDiffers { .. }))
    ));
}

#[test]
fn a_journal_of_before_payloads_were_sealed_is_told_from_damage() {
    let directory = TempDir::new().unwrap();
    let mut bytes = small(directory.path());
    // Behind the name of the format.
    bytes[16..20].copy_from_slice(&1u32.to_be_bytes());
    let (_, len) =
        SegmentHeader::decode(&fs::read(newest_segment(directory.path())).unwrap()).unwrap();
    let crc = crc32c::crc32c(&bytes[..len - 4]).to_be_bytes();
    bytes[len - 4..len].copy_from_slice(&crc);
    fs::write(newest_segment(directory.path()), &bytes).unwrap();
    let error = open(directory.path()).err().unwrap();
    assert!(matches!(
        &error,
        OpenError::Journal(JournalError::Older { .. })
    ));
    assert!(error.to_string().contains("make the node anew"), "{error}");
}

#[test]
fn a_record_of_a_newer_version_stops_the_node_and_is_not_called_damage() {
    use crate::store::journal::group::{GROUP_HEADER, GroupWriter};
    use crate::store::journal::record::{LossAccepted, Position, Record};

    let directory = TempDir::new().unwrap();
    let mut bytes = small(directory.path());
    let mut group = GroupWriter::new(Position::new(bytes.len() as u64), Vec::new());
    let pushed = group.push(
        Record::LossAccepted(LossAccepted {
            home: here().from,
            at: Position::START,
            index_at: Position::START,
            at_ms: 0,
        }),
        None,
    );
    assert!(pushed.is_ok());
    let mut group = group.finish();
    // Another type, and checksums that fit it.
    let entry = GROUP_HEADER;
    group[entry + 4] = 200;
    let crc = crc32c::crc32c(&group[entry + 4..]).to_be_bytes();
    group[entry..entry + 4].copy_from_slice(&crc);
    let crc = crc32c::crc32c_append(crc32c::crc32c(&group[4..12]), &group[GROUP_HEADER..]);
    group[12..16].copy_from_slice(&crc.to_be_bytes());
    bytes.extend_from_slice(&group);
    fs::write(newest_segment(directory.path()), &bytes).unwrap();
    assert!(matches!(
        open(directory.path()),
        Err(OpenError::Journal(JournalError::Newer { .. }))
    ));
}
