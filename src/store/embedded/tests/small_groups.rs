//! Notices that come one by one, each with a group of its own or nearly so.

use std::collections::BTreeMap;

use tempfile::TempDir;

use super::*;
use crate::store::{
    conformance::{entry, on_record, settlement_of_all},
    embedded::{newest::List, stretches::Stretches},
    journal::{
        group::Placed,
        record::{Record, ReferencesForgotten},
    },
    verb::{ConsumerRequest, NoticeFilter},
};

/// Publishes and receives that many notices one by one, each with an act on record, while those before
/// are settled.
async fn one_by_one(store: &Arc<dyn Backend>, sender: &mut Sender, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let publish = async {
            let item = outgoing(&number.to_string(), 1);
            let act = (here().from, entry(1));
            let told = store.publish_on_record(vec![item], Some(act)).await;
            told[0].as_ref().unwrap();
        };
        let receive = async {
            store.receive(sender.parcel(1)).await.unwrap();
        };
        if number % 4 == 3 {
            let (lease, settlement) = settlement_of_all(store).await;
            let settle = async {
                store.settle(lease, settlement).await.unwrap();
            };
            tokio::join!(publish, receive, settle);
        } else {
            publish.await;
            receive.await;
        }
    }
}

#[test]
fn the_index_is_small() {
    const NOTICES: u32 = 1_000;
    let directory = TempDir::new().unwrap();
    let store = open_with(directory.path(), LARGE).unwrap().0;
    block_on(async {
        one_by_one(&store, &mut Sender::new(), 0..NOTICES).await;
        store.stop().await;
    });
    drop(store);
    let mut by_prefix = BTreeMap::<char, (usize, usize)>::new();
    for found in opened_sled(directory.path()).iter() {
        let (key, value) = found.unwrap();
        let (count, bytes) = by_prefix.entry(key[0].into()).or_default();
        *count += 1;
        *bytes += key.len() + value.len();
    }
    let bytes: usize = by_prefix.values().map(|(_, bytes)| bytes).sum();
    let keys: usize = by_prefix.values().map(|(count, _)| count).sum();
    // Each number is one notice out and one in.
    let notices = 2 * NOTICES as usize;
    assert!(bytes / notices < 50, "{by_prefix:?}");
    assert!(keys * 8 < notices, "{by_prefix:?}");
}

/// Everything that was published, received and recorded, as readers find it.
async fn told(store: &Arc<dyn Backend>) -> Vec<String> {
    let mut told = Vec::new();
    let home = here().from;
    let filter = NoticeFilter::default();
    let mut before = Position::new(u64::MAX);
    loop {
        let page = store.page(home, filter.clone(), before, 7).await.unwrap();
        for notice in page.notices {
            assert!(notice.position < before, "newest first");
            before = notice.position;
            let found = record(store, notice.facts.id).await;
            assert_eq!(found.position, notice.position, "an id leads there too");
            let at = notice.position.get();
            let (direction, sequence) = (notice.direction, notice.sequence);
            told.push(format!(
                "{at} {direction:?} {sequence} {}",
                notice.delivery.name()
            ));
        }
        match page.next {
            Some(next) => before = next,
            None => break,
        }
    }
    let request = ConsumerRequest {
        home,
        name: "desk".into(),
        kinds: vec![],
        scope: String::new(),
        from_first: true,
        at_ms: 1,
    };
    let consumer = store.open_consumer(request).await.unwrap();
    loop {
        let handed = store.hand_over(&consumer, 5, &|_| true).await.unwrap();
        if handed.is_empty() {
            break;
        }
        told.extend(
            handed
                .iter()
                .map(|it| format!("handed {}", it.position.get())),
        );
    }
    let acts = on_record(store, home, 9).await;
    told.extend(
        acts.iter()
            .map(|(at, act)| format!("act {} {}", act.number, at.get())),
    );
    for channel in [(here(), Direction::Out), (here().opposite(), Direction::In)] {
        let places = store
            .told(channel.0, channel.1, Sequence::ZERO, 1_000)
            .await;
        let sequences = places.unwrap().notices.into_iter().map(|it| it.sequence);
        told.extend(sequences.map(|it| it.to_string()));
    }
    told
}

#[test]
fn what_groups_share_is_the_same_wherever_the_node_was_stopped_or_the_index_left_behind() {
    let directory = TempDir::new().unwrap();
    let data = directory.path();
    let mut sender = Sender::new();
    let mut left_behind = Vec::new();
    // Each start gives ids of another epoch.
    for start in 0..4 {
        let store = open_with(data, LARGE).unwrap().0;
        block_on(async {
            one_by_one(&store, &mut sender, start * 90..(start + 1) * 90).await;
            store.stop().await;
        });
        drop(store);
        let kept = TempDir::new().unwrap();
        copy_tree(&data.join("index"), kept.path());
        left_behind.push(kept);
    }
    let before = entries(data);
    let store = open_with(data, LARGE).unwrap().0;
    let told = block_on(async {
        let told = told(&store).await;
        store.stop().await;
        told
    });
    drop(store);
    let count = |what: &str| told.iter().filter(|it| it.contains(what)).count();
    assert_eq!(
        [count("In"), count("Out"), count("handed"), count("act")],
        [360; 4]
    );
    let published = Sequence::new(360);
    assert_eq!(
        told.iter()
            .filter(|it| **it == published.to_string())
            .count(),
        2
    );
    for behind in left_behind.iter().map(Some).chain([None]) {
        fs::remove_dir_all(data.join("index")).unwrap();
        if let Some(behind) = behind {
            copy_tree(behind.path(), &data.join("index"));
        }
        let store = open_with(data, LARGE).unwrap().0;
        block_on(store.stop());
        drop(store);
        let after: BTreeSet<_> = entries(data)
            .into_iter()
            .filter(|(key, _)| !key.starts_with('C'))
            .collect();
        let differ: Vec<_> = before.symmetric_difference(&after).collect();
        assert!(differ.is_empty(), "{differ:#?}");
    }
}

#[test]
fn what_an_entry_gets_while_it_is_read_is_not_passed_over() {
    let directory = TempDir::new().unwrap();
    let epoch = crate::trust::keys::draw().unwrap();
    let (store, _) = Embedded::open(directory.path(), limits(), epoch, masters()).unwrap();
    let (places, home) = (&store.places, here().from);
    let of = |numbers: std::ops::Range<u32>| {
        let mut stretches = Stretches::default();
        for number in numbers {
            stretches.add(&placed(number), 0, |_| None);
        }
        stretches
    };
    let put = |stretches: &Stretches| {
        let key = List::Feed.key(home, stretches.at());
        places
            .index
            .apply([(key, Some(stretches.encode()))])
            .unwrap();
    };
    put(&of(0..3));
    let mut found = places.listed(List::Feed, home, Position::START).unwrap();
    let first = found.next().unwrap().unwrap();
    assert_eq!(first, of(0..3));
    // The writer goes on meanwhile.
    put(&of(0..5));
    put(&of(5..6));
    let rest: Vec<_> = found.map(Result::unwrap).collect();
    assert!(rest.is_empty(), "it ends where it was read up to: {rest:?}");
    let again = places.listed(List::Feed, home, first.end()).unwrap();
    let again: Vec<_> = again.map(Result::unwrap).collect();
    assert_eq!(again, [of(0..5), of(5..6)]);
    block_on(store.stop());
}

/// A record of ten bytes.
fn placed(number: u32) -> Placed {
    let home = here().from;
    let at = Position::new(100 + 10 * u64::from(number));
    Placed {
        position: at,
        len: 10,
        record: Record::ReferencesForgotten(ReferencesForgotten { home, before: 1 }),
    }
}
