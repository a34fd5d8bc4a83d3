//! An index that is gone, broken, or of another version.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::{
    answers, block_on, entries, filled, limits, masters, newest_segment, open, opened_sled,
    segments, small,
};
use crate::store::{
    backend::Backend,
    conformance::{every_act, here, outgoing},
    embedded::{Embedded, index::Fault, open::OpenError},
    journal::{
        group::{GROUP_HEADER, whole_group},
        recovery::JournalError,
        segment::SegmentHeader,
    },
    verb::{NotNow, PublishError, Trouble},
};

#[test]
fn an_index_that_was_thrown_away_is_rebuilt_and_answers_the_same() {
    let directory = TempDir::new().unwrap();
    let before = filled(directory.path());
    fs::remove_dir_all(directory.path().join("index")).unwrap();
    let (store, report) = open(directory.path()).unwrap();
    assert!(report.index_rebuilt);
    assert_eq!(block_on(answers(&store)), before);
    block_on(store.stop());
}

#[test]
fn a_rebuild_reads_the_newest_segment_and_of_the_others_the_heads() {
    let directory = TempDir::new().unwrap();
    filled(directory.path());
    let before = entries(directory.path());
    let mut segments = segments(directory.path());
    segments.pop();
    assert!(segments.len() > 3);
    for segment in &segments {
        let mut bytes = fs::read(segment).unwrap();
        let (_, header) = SegmentHeader::decode(&bytes).unwrap();
        let first_group = GROUP_HEADER + whole_group(&bytes[header..]).unwrap();
        bytes[header + first_group..].fill(0);
        fs::write(segment, bytes).unwrap();
    }
    fs::remove_dir_all(directory.path().join("index")).unwrap();
    let (store, report) = open(directory.path()).unwrap();
    assert!(report.index_rebuilt);
    block_on(store.stop());
    drop(store);
    assert_eq!(entries(directory.path()), before);
}

#[test]
fn an_index_that_fails_to_open_is_set_aside_and_rebuilt() {
    let directory = TempDir::new().unwrap();
    let before = filled(directory.path());
    for entry in fs::read_dir(directory.path().join("index")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::write(path, b"this is no sled").unwrap();
        }
    }
    let (store, report) = open(directory.path()).unwrap();
    assert!(report.index_rebuilt);
    assert_eq!(block_on(answers(&store)), before);
    block_on(store.stop());
}

/// A store that is in use, whose index then breaks in that way.
fn broken_in_use(data: &Path, fault: Fault) -> Vec<String> {
    let before = filled(data);
    let epoch = crate::trust::keys::draw().unwrap();
    let (store, report) = Embedded::open(data, limits(), epoch, masters()).unwrap();
    assert!(!report.index_rebuilt);
    store.places.index.break_by(Some(fault));
    let mut trouble = store.poisoned();
    block_on(async {
        let mut reference = "broken";
        if fault == Fault::WriteFails {
            // It shows when the changes of this group become part of sled.
            let asked = store.publish(vec![outgoing(reference, 1)]).await;
            assert!(asked[0].is_ok());
            store.places.index.flush().unwrap_err();
            reference = "next";
        }
        let asked = store.publish(vec![outgoing(reference, 1)]).await;
        let PublishError::NotNow(told) = asked[0].clone().unwrap_err() else {
            panic!("a failed index refuses nothing")
        };
        // What is in the journal may be accepted; what is not is not.
        let unknown = NotNow::Unknown;
        assert!([unknown, NotNow::IndexFailed].contains(&told), "{told}");
        let trouble = trouble.wait_for(Option::is_some).await.unwrap().clone();
        assert!(matches!(trouble, Some(Trouble::Index(_))), "{trouble:?}");
        // Everyone is told, nobody waits.
        let asked = store.publish(vec![outgoing("later", 1)]).await;
        assert_eq!(asked[0], Err(NotNow::IndexFailed.into()));
        let asked = store.work(here().from, every_act(1)).await;
        assert_eq!(asked, vec![Err(NotNow::IndexFailed); 6]);
        store.stop().await;
    });
    before
}

#[test]
fn an_index_that_fails_in_use_is_set_aside_and_rebuilt_at_the_next_opening() {
    for fault in [Fault::WriteFails, Fault::ReadPanics] {
        let directory = TempDir::new().unwrap();
        let before = broken_in_use(directory.path(), fault);
        let (store, report) = open(directory.path()).unwrap();
        assert!(report.index_rebuilt, "sled opens it as if nothing had been");
        let again = block_on(store.publish(vec![outgoing("broken", 1)]));
        let durable = fault == Fault::WriteFails;
        assert_eq!(again[0].clone().unwrap().repeated, durable);
        let after = block_on(answers(&store));
        for answer in before
            .iter()
            .filter(|answer| !answer.starts_with("ChannelView"))
        {
            assert!(after.contains(answer), "{answer}");
        }
        block_on(store.stop());
        drop(store);
        let (store, report) = open(directory.path()).unwrap();
        assert!(!report.index_rebuilt, "once is enough");
        block_on(store.stop());
    }
}

#[test]
fn a_reader_that_finds_the_index_broken_stops_the_store_too() {
    let directory = TempDir::new().unwrap();
    let before = filled(directory.path());
    let epoch = crate::trust::keys::draw().unwrap();
    let (store, _) = Embedded::open(directory.path(), limits(), epoch, masters()).unwrap();
    store.places.index.break_by(Some(Fault::ReadPanics));
    block_on(async {
        let asked = store.channels().await;
        assert_eq!(asked, Err(NotNow::IndexFailed));
        assert!(matches!(
            *store.poisoned().borrow(),
            Some(Trouble::Index(_))
        ));
        store.places.index.break_by(None);
        let asked = store.publish(vec![outgoing("later", 1)]).await;
        assert_eq!(asked[0], Err(NotNow::IndexFailed.into()));
        store.stop().await;
    });
    drop(store);
    let (store, report) = open(directory.path()).unwrap();
    assert!(report.index_rebuilt);
    assert_eq!(block_on(answers(&store)), before);
    block_on(store.stop());
}

#[test]
fn an_index_of_another_version_is_set_aside_and_rebuilt() {
    let directory = TempDir::new().unwrap();
    let before = filled(directory.path());
    {
        // As the first version left it: nothing told its version.
        let db = opened_sled(directory.path());
        db.remove(b"V").unwrap().unwrap();
        db.flush().unwrap();
    }
    let (store, report) = open(directory.path()).unwrap();
    assert!(report.index_rebuilt);
    assert!(directory.path().join("index.aside").is_dir());
    assert_eq!(block_on(answers(&store)), before);
    block_on(store.stop());
    drop(store);
    let (store, report) = open(directory.path()).unwrap();
    assert!(!report.index_rebuilt, "it is of this version now");
    block_on(store.stop());
}

#[test]
fn an_index_of_another_version_that_is_ahead_is_named_like_any_other() {
    let directory = TempDir::new().unwrap();
    let whole = small(directory.path());
    let db = opened_sled(directory.path());
    db.remove(b"V").unwrap().unwrap();
    db.flush().unwrap();
    drop(db);
    fs::write(newest_segment(directory.path()), &whole[..whole.len() - 1]).unwrap();
    assert!(matches!(
        open(directory.path()),
        Err(OpenError::Journal(JournalError::IndexAhead { .. }))
    ));
}
