//! The laws of the store on journal and sled, and what only they must keep.

use std::{fs, path::Path, sync::Arc};

use tempfile::TempDir;

use super::{Embedded, EmbeddedLimits, OpenReport, index::Fault, open::OpenError};
use crate::{
    domain::channel::Sequence,
    store::{
        backend::Backend,
        conformance::{self, Open, Sender, here, outgoing, record},
        journal::{record::Direction, recovery::JournalError},
        verb::{Accepted, NotNow, PublishError, Trouble},
    },
};

const QUOTA: u64 = 1_000;
const OFFICE_QUOTA: u64 = 900;

fn limits() -> EmbeddedLimits {
    EmbeddedLimits {
        // Small, so that the laws run over many segments.
        segment_bytes: 4_096,
        index_cache_bytes: 1 << 20,
        low_bytes: 0,
        ballast_bytes: 0,
        channel_quota: QUOTA,
        office_quota: OFFICE_QUOTA,
        ..EmbeddedLimits::default()
    }
}

fn open(data: &Path) -> Result<(Arc<dyn Backend>, OpenReport), OpenError> {
    let epoch = crate::trust::keys::draw().unwrap();
    Embedded::open(data, limits(), epoch).map(|(store, report)| {
        let store: Arc<dyn Backend> = Arc::new(store);
        (store, report)
    })
}

fn run<F: Future<Output = ()>>(law: impl FnOnce(Open<'static>) -> F) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().to_owned();
    let opener: Open<'static> = Box::leak(Box::new(move || open(&path).unwrap().0));
    block_on(law(opener));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

#[test]
fn accepted_notices_are_numbered_and_kept() {
    run(conformance::accepted_notices_are_numbered_and_kept);
}

#[test]
fn a_reference_is_used_once() {
    run(conformance::a_reference_is_used_once);
}

#[test]
fn a_refused_notice_may_be_tried_anew() {
    run(conformance::a_refused_notice_may_be_tried_anew);
}

#[test]
fn claims_follow_the_chain() {
    run(conformance::claims_follow_the_chain);
}

#[test]
fn a_newer_lease_fences() {
    run(conformance::a_newer_lease_fences);
}

#[test]
fn receipts_settle_once() {
    run(conformance::receipts_settle_once);
}

#[test]
fn an_end_waits_for_the_peer() {
    run(conformance::an_end_waits_for_the_peer);
}

#[test]
fn what_is_on_hold_comes_again() {
    run(conformance::what_is_on_hold_comes_again);
}

#[test]
fn a_parcel_enters_once() {
    run(conformance::a_parcel_enters_once);
}

#[test]
fn a_parcel_that_comes_twice_at_once_enters_once() {
    run(conformance::a_parcel_that_comes_twice_at_once_enters_once);
}

#[test]
fn an_id_has_one_outcome() {
    run(conformance::an_id_has_one_outcome);
}

#[test]
fn ids_in_any_order_are_known() {
    run(conformance::ids_in_any_order_are_known);
}

#[test]
fn a_pause_consumes_nothing() {
    run(conformance::a_pause_consumes_nothing);
}

#[test]
fn what_brings_nothing_waits_behind_the_allowance() {
    run(conformance::what_brings_nothing_waits_behind_the_allowance);
}

#[test]
fn a_stop_is_written_once() {
    let directory = TempDir::new().unwrap();
    let data = directory.path();
    block_on(conformance::a_stop_is_written_once(
        &|| open(data).unwrap().0,
        &|| {
            let segments = fs::read_dir(data.join("journal")).unwrap();
            segments
                .map(|segment| segment.unwrap().metadata().unwrap().len())
                .sum()
        },
    ));
}

#[test]
fn a_reference_is_forgotten_after_400_days() {
    let directory = TempDir::new().unwrap();
    let data = directory.path();
    block_on(conformance::a_reference_is_forgotten_after_400_days(
        &|| open(data).unwrap().0,
        &|| fs::remove_dir_all(data.join("index")).unwrap(),
    ));
}

#[test]
fn consumers_are_handed_everything() {
    run(conformance::consumers_are_handed_everything);
}

#[test]
fn a_consumer_is_what_it_was_made() {
    run(conformance::a_consumer_is_what_it_was_made);
}

#[test]
fn a_set_back_sender_goes_on() {
    run(conformance::a_set_back_sender_goes_on);
}

#[test]
fn a_set_back_receiver_asks_again() {
    run(conformance::a_set_back_receiver_asks_again);
}

#[test]
fn each_home_area_knows_its_own_side() {
    run(conformance::each_home_area_knows_its_own_side);
}

#[test]
fn both_ways_between_home_areas_are_told_apart() {
    run(conformance::both_ways_between_home_areas_are_told_apart);
}

#[test]
fn a_hold_between_home_areas_is_the_senders() {
    run(conformance::a_hold_between_home_areas_is_the_senders);
}

#[test]
fn the_quota_is_kept() {
    run(|open| conformance::the_quota_is_kept(open, QUOTA as usize));
}

#[test]
fn an_office_leaves_room_for_the_others() {
    run(|open| conformance::an_office_leaves_room_for_the_others(open, OFFICE_QUOTA as usize));
}

#[test]
fn a_second_process_is_told_so() {
    let directory = TempDir::new().unwrap();
    let (store, _) = open(directory.path()).unwrap();
    assert!(matches!(open(directory.path()), Err(OpenError::InUse(_))));
    block_on(store.stop());
    drop(store);
    assert!(open(directory.path()).is_ok());
}

/// A store with notices both ways, stopped. Returns what an index must answer.
fn filled(data: &Path) -> Vec<String> {
    let (store, _) = open(data).unwrap();
    block_on(async {
        let mut sender = Sender::new();
        for round in 0..6u8 {
            let items = (0..5)
                .map(|number| outgoing(&format!("{round}-{number}"), number))
                .collect();
            store.publish(items).await;
            store.receive(sender.parcel(3)).await.unwrap();
        }
        let answers = answers(&store).await;
        store.stop().await;
        answers
    })
}

/// Everything that a reader can ask, as text.
async fn answers(store: &Arc<dyn Backend>) -> Vec<String> {
    let mut answers = vec![];
    for channel in store.channels().await.unwrap() {
        answers.push(format!("{channel:?}"));
    }
    let lease = store.lease(here()).await;
    let mut after = Sequence::ZERO;
    while let Some(batch) = store
        .claim(
            lease,
            crate::domain::channel::Digest::new([7; 32]),
            after,
            4,
            1 << 20,
        )
        .await
        .unwrap()
    {
        for place in &batch.places {
            after = after.next();
            answers.push(format!("{after} {} {:?}", place.digest, place.content));
        }
    }
    let held = store
        .held_places(here().opposite(), Sequence::ZERO, 1_000)
        .await
        .unwrap();
    answers.push(format!("{held:?}"));
    for round in 0..6u8 {
        let again = store
            .publish(vec![outgoing(&format!("{round}-0"), 0)])
            .await;
        let Ok(Accepted { id, repeated }) = again[0] else {
            panic!("{again:?}")
        };
        answers.push(format!("{id} {repeated}"));
        let view = record(store, id).await;
        answers.push(format!("{} {}", view.sequence, view.facts.digest));
    }
    answers
}

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
    let (store, report) = Embedded::open(data, limits(), epoch).unwrap();
    assert!(!report.index_rebuilt);
    *store.places.index.fault.lock().unwrap() = Some(fault);
    let mut trouble = store.poisoned();
    block_on(async {
        let asked = store.publish(vec![outgoing("broken", 1)]).await;
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
    let (store, _) = Embedded::open(directory.path(), limits(), epoch).unwrap();
    *store.places.index.fault.lock().unwrap() = Some(Fault::ReadPanics);
    block_on(async {
        let asked = store.channels().await;
        assert_eq!(asked, Err(NotNow::IndexFailed));
        assert!(matches!(
            *store.poisoned().borrow(),
            Some(Trouble::Index(_))
        ));
        *store.places.index.fault.lock().unwrap() = None;
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
    let index = directory.path().join("index");
    {
        // As the first version left it: nothing told its version.
        let db = sled::open(&index).unwrap();
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
    let db = sled::open(directory.path().join("index")).unwrap();
    db.remove(b"V").unwrap().unwrap();
    db.flush().unwrap();
    drop(db);
    fs::write(newest_segment(directory.path()), &whole[..whole.len() - 1]).unwrap();
    assert!(matches!(
        open(directory.path()),
        Err(OpenError::Journal(JournalError::IndexAhead { .. }))
    ));
}

/// The newest segment, which small limits have kept small.
fn newest_segment(data: &Path) -> std::path::PathBuf {
    let mut segments: Vec<_> = fs::read_dir(data.join("journal"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    segments.sort();
    segments.pop().unwrap()
}

fn copy(from: &Path, to: &Path, with_index: bool) {
    for name in ["journal", "index"] {
        if name == "index" && !with_index {
            continue;
        }
        copy_tree(&from.join(name), &to.join(name));
    }
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A journal of one segment that holds a few groups.
fn small(data: &Path) -> Vec<u8> {
    let (store, _) = open(data).unwrap();
    block_on(async {
        for number in 0..3u8 {
            store
                .publish(vec![outgoing(&format!("r-{number}"), number)])
                .await;
        }
        store.stop().await;
    });
    fs::read(newest_segment(data)).unwrap()
}

fn last_sequence(store: &Arc<dyn Backend>) -> u64 {
    block_on(store.channel(here(), Direction::Out))
        .unwrap()
        .map_or(0, |channel| channel.last.get())
}

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
fn a_record_of_a_newer_version_stops_the_node_and_is_not_called_damage() {
    use crate::store::journal::group::{GROUP_HEADER, GroupWriter};
    use crate::store::journal::record::{LossAccepted, Position, Record};

    let directory = TempDir::new().unwrap();
    let mut bytes = small(directory.path());
    let mut group = GroupWriter::new(Position::new(bytes.len() as u64), Vec::new());
    group.push(
        Record::LossAccepted(LossAccepted {
            home: here().from,
            at: Position::START,
            index_at: Position::START,
            at_ms: 0,
        }),
        None,
    );
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
