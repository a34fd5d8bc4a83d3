//! The laws of the store on journal and sled, and what only they must keep.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Embedded, EmbeddedLimits, OpenReport, open::OpenError};
use crate::{
    domain::channel::Sequence,
    store::{
        backend::Backend,
        conformance::{Sender, every_act, here, kept, outgoing, record},
        journal::record::{Direction, Position},
        verb::Accepted,
    },
    trust::master_key::MasterKeys,
};

mod archiving;
mod auditing;
mod erasing;
mod groups;
mod laws;
mod opening;
mod rebuild;
mod room;
mod small_groups;
mod working;

const QUOTA: u64 = 1_000;
const OFFICE_QUOTA: u64 = 900;
/// Bytes of a segment: a law needs many of them.
const SMALL: u64 = 4_096;
/// A law needs one.
const LARGE: u64 = 64 << 20;

fn limits() -> EmbeddedLimits {
    EmbeddedLimits {
        segment_bytes: SMALL,
        index_cache_bytes: 1 << 20,
        low_bytes: 0,
        ballast_bytes: 0,
        channel_quota: QUOTA,
        office_quota: OFFICE_QUOTA,
        ..EmbeddedLimits::default()
    }
}

fn open(data: &Path) -> Result<(Arc<dyn Backend>, OpenReport), OpenError> {
    open_with(data, SMALL)
}

fn open_with(data: &Path, segment_bytes: u64) -> Result<(Arc<dyn Backend>, OpenReport), OpenError> {
    let limits = EmbeddedLimits {
        segment_bytes,
        ..limits()
    };
    let epoch = crate::trust::keys::draw().unwrap();
    Embedded::open(data, limits, epoch, masters()).map(|(store, report)| {
        let store: Arc<dyn Backend> = Arc::new(store);
        (store, report)
    })
}

fn masters() -> MasterKeys {
    MasterKeys::of_test(&[1])
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
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
            let worked = store.work(here().from, every_act(round.into())).await;
            assert!(worked.iter().all(Result::is_ok));
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
    for act in kept(store, here().from, Position::START, 4).await {
        answers.push(format!("{act:?}"));
    }
    let newest = every_act(5).pop().unwrap();
    let again = store.work(here().from, vec![newest]).await;
    answers.push(format!("{again:?}"));
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

/// The segments, oldest first.
fn segments(data: &Path) -> Vec<PathBuf> {
    let mut segments: Vec<_> = fs::read_dir(data.join("journal"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    segments.sort();
    segments
}

/// The newest segment, which small limits have kept small.
fn newest_segment(data: &Path) -> PathBuf {
    segments(data).pop().unwrap()
}

fn copy(from: &Path, to: &Path, with_index: bool) {
    for name in ["journal", "keys", "index"] {
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

/// sled itself. Once a store is gone, sled's own threads hold its file a moment longer.
fn opened_sled(data: &Path) -> sled::Db {
    loop {
        match sled::open(data.join("index")) {
            Err(sled::Error::Io(error)) if error.to_string().contains("acquire lock") => {
                std::thread::yield_now();
            }
            opened => return opened.unwrap(),
        }
    }
}

/// What the index of a stopped store holds, but for references, whose blocks fall as the groups did,
/// and for what the index says of itself.
fn entries(data: &Path) -> BTreeSet<(String, String)> {
    let db = opened_sled(data);
    db.iter()
        .map(Result::unwrap)
        .filter(|(key, _)| !b"BRQTMV".contains(&key[0]))
        .map(|(key, value)| (key.escape_ascii().to_string(), format!("{value:?}")))
        .collect()
}
