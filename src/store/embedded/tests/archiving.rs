//! Segments that leave for the archive: what keeps them, and that nothing is lost by it.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::*;
use crate::{
    domain::{notice::NoticeId, receipt::VoidReason},
    store::{
        ArchivedSegment, Archiving, AuditCheckError, AuditWrong, Beside, NotNow, PublishError,
        accept_loss, check,
        conformance::{entry, erase, on_record, settlement_of_all, side, to_erase},
        embedded::copying::copy_journal,
        journal::{record::Side, recovery::JournalError},
        verb::{ConsumerRequest, Received, ToErase},
        verify_audit,
    },
};

const LATER_MS: i64 = 1_800_000_000_000;

/// What was published and received, all of it answered, and with acts on record between.
struct Told {
    sent: Vec<NoticeId>,
    received: Vec<NoticeId>,
    sender: Sender,
}

impl Told {
    async fn to(store: &Arc<dyn Backend>) -> Self {
        let mut sender = Sender::new();
        let (mut sent, mut received) = (Vec::new(), Vec::new());
        for round in 0..16_u8 {
            let item = outgoing(&format!("r-{round}"), round);
            sent.push(store.publish(vec![item]).await.remove(0).unwrap().id);
            store.receive(sender.parcel(1)).await.unwrap();
            received.push(NoticeId::new([9; 8], u64::from(round) + 1));
            let acts = vec![entry(round.into())];
            store.audit(here().from, acts).await.unwrap();
        }
        let (lease, settlement) = settlement_of_all(store).await;
        store.settle(lease, settlement).await.unwrap();
        Self {
            sent,
            received,
            sender,
        }
    }

    fn all(&self) -> impl Iterator<Item = (Side, NoticeId)> {
        let received = Side::of(here().opposite(), Direction::In);
        let sent = self.sent.iter().map(|id| (side(), *id));
        sent.chain(self.received.iter().map(move |id| (received, *id)))
    }

    async fn erase(&self, store: &Arc<dyn Backend>) {
        for (side, id) in self.all() {
            let what = to_erase(id, &[id]);
            erase(store, ToErase { side, ..what }).await.unwrap();
        }
    }

    /// What is to be read of them all, as text.
    async fn read(&self, store: &Arc<dyn Backend>) -> Vec<String> {
        let mut read = Vec::new();
        for (_, id) in self.all() {
            read.push(format!("{:?}", record(store, id).await.facts));
        }
        for (_, act) in on_record(store, here().from, 100).await {
            read.push(format!("{} {}", act.number, act.digest()));
        }
        read
    }
}

async fn archive(store: &Arc<dyn Backend>) -> Vec<ArchivedSegment> {
    let mut archived = Vec::new();
    while let Archiving::Done(segment) = store.archive(LATER_MS).await.unwrap() {
        archived.push(segment);
    }
    archived
}

fn names(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let paths = entries.map(|entry| entry.path());
    let mut names: Vec<_> = paths
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .collect();
    names.sort();
    names
}

/// A store whose old segments are archived, stopped; and what was to be read of it before.
fn archived(data: &Path) -> (Told, Vec<String>) {
    let (store, _) = open(data).unwrap();
    block_on(async {
        let told = Told::to(&store).await;
        told.erase(&store).await;
        let before = told.read(&store).await;
        let segments = names(&data.join("journal"), ".segment").len();
        let archived = archive(&store).await;
        assert!(archived.len() > 5, "{archived:?}");
        for segment in &archived {
            assert!(segment.left_bytes < segment.bytes, "{segment:?}");
        }
        assert_eq!(told.read(&store).await, before, "read in the archive");
        let journal = data.join("journal");
        let left = names(&journal, ".segment").len();
        assert_eq!(left, segments - archived.len());
        assert_eq!(names(&journal, ".head").len(), archived.len());
        store.stop().await;
        (told, before)
    })
}

fn archive_count(data: &Path) -> u64 {
    names(&data.join("archive"), ".gz").len() as u64
}

fn walked(data: &Path) -> Result<(), (AuditWrong, String)> {
    drop(opened_sled(data));
    match verify_audit(data, Beside::NoNode, &[]) {
        Ok(_) => Ok(()),
        Err(AuditCheckError::Fault(fault)) => Err((fault.what, fault.segment)),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn what_was_archived_is_read_and_verified_as_before() {
    let directory = TempDir::new().unwrap();
    let data = directory.path();
    let (told, before) = archived(data);
    assert_eq!(walked(data), Ok(()));
    check(data, masters()).unwrap();
    let indexed = entries(data);
    fs::remove_dir_all(data.join("index")).unwrap();
    let (store, report) = open(data).unwrap();
    assert!(report.index_rebuilt);
    block_on(async {
        assert_eq!(told.read(&store).await, before);
        store.stop().await;
    });
    drop(store);
    assert_eq!(entries(data), indexed);
    let mut copied = Vec::new();
    let reach = copy_journal(&data.join("journal"), |path, _| {
        copied.push(path.to_owned());
        Ok::<_, JournalError>(())
    });
    assert!(reach.unwrap().segments > archive_count(data));
    let archive = names(&data.join("archive"), ".gz");
    assert!(archive.iter().all(|path| copied.contains(path)));
}

#[test]
fn a_journal_begins_with_the_head_of_what_was_archived_first_and_not_behind_it() {
    let directory = TempDir::new().unwrap();
    let data = directory.path();
    archived(data);
    let heads = names(&data.join("journal"), ".head");
    let aside = data.join("aside");
    fs::rename(&heads[0], &aside).unwrap();
    let behind = heads[1].file_name().unwrap().to_str().unwrap().to_owned();
    for refused in [open(data).map(drop), check(data, masters()).map(drop)] {
        match refused {
            Err(OpenError::Journal(JournalError::NoBeginning { segment, .. })) => {
                assert_eq!(segment, behind);
            }
            other => panic!("{other:?}"),
        }
    }
    fs::rename(&aside, &heads[0]).unwrap();
    // Nor is it cut for the want of a head, which can be put back.
    for head in &heads {
        fs::rename(head, &aside).unwrap();
        let before = names(&data.join("journal"), "");
        let refused = accept_loss(data, 0, masters()).map(drop);
        assert!(matches!(
            refused,
            Err(OpenError::Journal(
                JournalError::NoBeginning { .. } | JournalError::Gap { .. }
            ))
        ));
        assert_eq!(names(&data.join("journal"), ""), before);
        fs::rename(&aside, head).unwrap();
    }
    check(data, masters()).unwrap();
    let (store, _) = open(data).unwrap();
    block_on(store.stop());
}

#[test]
fn a_missing_file_of_the_archive_is_named_and_the_store_goes_on() {
    let directory = TempDir::new().unwrap();
    let data = directory.path();
    let (mut told, before) = archived(data);
    let indexed = entries(data);
    let elsewhere = data.join("elsewhere");
    let first = names(&data.join("archive"), ".gz").remove(0);
    fs::rename(data.join("archive"), &elsewhere).unwrap();
    let name = first.file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(walked(data), Err((AuditWrong::ArchiveMissing, name)));
    let missing = |error: &JournalError| matches!(error, JournalError::ArchiveMissing { archive } if *archive == first);
    match check(data, masters()) {
        Err(OpenError::Journal(error)) => assert!(missing(&error), "{error}"),
        other => panic!("{other:?}"),
    }
    let reach = copy_journal(&data.join("journal"), |_, _| Ok::<_, JournalError>(()));
    assert!(reach.is_err_and(|error| missing(&error)));
    fs::remove_dir_all(data.join("index")).unwrap();
    let (store, report) = open(data).unwrap();
    assert!(report.index_rebuilt);
    block_on(store.stop());
    drop(store);
    assert_eq!(entries(data), indexed);
    let (store, _) = open(data).unwrap();
    block_on(async {
        let read = store.notices(told.sent[0]).await;
        assert_eq!(read.err(), Some(NotNow::Archived));
        // It is known still, and the store goes on.
        let next = store.receive(told.sender.parcel(1)).await.unwrap();
        assert!(matches!(next, Received::Answered { pause: None, .. }));
        let again = store.publish(vec![outgoing("r-0", 0)]).await.remove(0);
        assert_eq!(again.unwrap_err(), PublishError::NotNow(NotNow::Archived));
        store.stop().await;
    });
    drop(store);
    fs::rename(&elsewhere, data.join("archive")).unwrap();
    let (store, _) = open(data).unwrap();
    block_on(async {
        let read = told.read(&store).await;
        assert_eq!(read[..before.len()], before);
        store.stop().await;
    });
    drop(store);
    assert_eq!(walked(data), Ok(()));
}

#[test]
fn a_segment_stays_while_somebody_needs_it() {
    let directory = TempDir::new().unwrap();
    let (store, _) = open(directory.path()).unwrap();
    block_on(async {
        let told = Told::to(&store).await;
        let state = async |before_ms| store.archive(before_ms).await.unwrap();
        // A newer notice, then one that tells of somebody.
        assert_eq!(state(1_795_000_000_000).await, Archiving::NotYet);
        let Archiving::Told(named) = state(LATER_MS).await else {
            panic!("all of them tell of somebody");
        };
        let first = named.first().unwrap();
        assert_eq!((first.side, first.id, first.case), {
            let id = told.sent[0];
            (side(), id, id)
        });
        told.erase(&store).await;
        let consumer = ConsumerRequest {
            home: here().from,
            name: "desk".into(),
            kinds: vec![],
            scope: String::new(),
            from_first: true,
            at_ms: LATER_MS,
        };
        store.open_consumer(consumer).await.unwrap();
        assert_eq!(state(LATER_MS).await, Archiving::NotYet);
        // Nobody has seen it since.
        assert!(matches!(state(LATER_MS + 1).await, Archiving::Done(_)));
        store.stop().await;
    });
}

#[test]
fn what_never_became_a_case_is_told_from_what_did() {
    let directory = TempDir::new().unwrap();
    let (store, _) = open(directory.path()).unwrap();
    block_on(async {
        let mut sent = Vec::new();
        for round in 0..16_u8 {
            let item = outgoing(&format!("r-{round}"), round);
            sent.push(store.publish(vec![item]).await.remove(0).unwrap().id);
        }
        let withdrawn = VoidReason::Withdrawn;
        let ended = store.end(here(), Sequence::new(2), withdrawn, None, 1);
        assert_eq!(ended.await, Ok(true));
        let (lease, settlement) = settlement_of_all(&store).await;
        store.settle(lease, settlement).await.unwrap();
        let Ok(Archiving::Told(named)) = store.archive(LATER_MS).await else {
            panic!("all of them tell of somebody");
        };
        let strays = named.iter().filter(|notice| notice.is_stray);
        let strays: Vec<_> = strays.map(|notice| notice.id).collect();
        assert_eq!(strays, [sent[1]]);
        store.stop().await;
    });
}

#[test]
fn a_notice_without_an_answer_keeps_its_segment() {
    let directory = TempDir::new().unwrap();
    let (store, _) = open(directory.path()).unwrap();
    block_on(async {
        for round in 0..16_u8 {
            let item = outgoing(&format!("r-{round}"), round);
            store.publish(vec![item]).await.remove(0).unwrap();
        }
        assert_eq!(store.archive(LATER_MS).await, Ok(Archiving::NotYet));
        store.stop().await;
    });
}

#[test]
fn a_kill_between_two_steps_leaves_the_segment_or_its_archive() {
    let directory = TempDir::new().unwrap();
    let data = directory.path();
    let (told, before) = archived(data);
    let (journal, archive_dir) = (data.join("journal"), data.join("archive"));
    let newest = names(&archive_dir, ".gz").pop().unwrap();
    let whole = crate::store::journal::archive::read(&newest).unwrap();
    let name = newest.file_stem().unwrap();
    // Head and archive are there, and the segment has not gone yet.
    fs::write(journal.join(name), &whole).unwrap();
    fs::write(archive_dir.join("x.segment.new"), b"half").unwrap();
    let (store, _) = open(data).unwrap();
    assert!(!archive_dir.join("x.segment.new").exists());
    block_on(async {
        assert_eq!(told.read(&store).await, before);
        assert_eq!(archive(&store).await.len(), 1);
        assert!(!journal.join(name).exists());
        assert_eq!(told.read(&store).await, before);
        store.stop().await;
    });
}

#[test]
fn an_archive_that_was_changed_is_found_and_brings_no_wrong_answer() {
    let directory = TempDir::new().unwrap();
    let data = directory.path();
    let (told, before) = archived(data);
    let archive = names(&data.join("archive"), ".gz");
    let (first, second) = (&archive[0], &archive[1]);
    let whole = fs::read(first).unwrap();
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let plain = crate::store::journal::archive::read(first).unwrap();
    for bytes in [&changed[..], &whole[..middle], &fs::read(second).unwrap()] {
        fs::write(first, bytes).unwrap();
        let (what, segment) = walked(data).unwrap_err();
        assert_eq!(segment, first.file_name().unwrap().to_str().unwrap());
        assert!(
            matches!(what, AuditWrong::Checksum | AuditWrong::SegmentHeader),
            "{what:?}"
        );
        let wrong = check(data, masters()).unwrap_err();
        assert!(
            matches!(
                &wrong,
                OpenError::Journal(JournalError::ArchiveDamaged { .. })
            ),
            "{wrong}"
        );
    }
    // Written anew with its checksums in order: the chain does not lead to the next segment.
    let mut forged = plain.clone();
    let chained = forged.len() - 40;
    forged[chained] ^= 1;
    crate::store::journal::archive::put_in_place(first, &forged).unwrap();
    assert!(walked(data).is_err());
    fs::write(first, &whole).unwrap();
    let (store, _) = open(data).unwrap();
    block_on(async {
        assert_eq!(told.read(&store).await, before);
        store.stop().await;
    });
}

#[test]
fn a_segment_that_rotted_is_not_archived() {
    let directory = TempDir::new().unwrap();
    let data = directory.path();
    let (store, _) = open(data).unwrap();
    block_on(async {
        let told = Told::to(&store).await;
        told.erase(&store).await;
        let oldest = names(&data.join("journal"), ".segment").remove(0);
        let whole = fs::read(&oldest).unwrap();
        let mut rotten = whole.clone();
        let at = rotten.len() - 30;
        rotten[at] ^= 1;
        fs::write(&oldest, &rotten).unwrap();
        let refused = store.archive(LATER_MS).await;
        assert_eq!(refused, Err(NotNow::Unreadable));
        assert!(oldest.exists() && !data.join("archive").exists());
        fs::write(&oldest, &whole).unwrap();
        assert!(matches!(
            store.archive(LATER_MS).await,
            Ok(Archiving::Done(_))
        ));
        store.stop().await;
    });
}
