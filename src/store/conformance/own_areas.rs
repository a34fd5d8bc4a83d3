//! Laws about two home areas of one node: a channel between them goes out and comes in in one
//! store, which never takes one end for the other.

use super::*;
use crate::{
    domain::{delivery::Delivery, problem::Code, receipt::VoidReason},
    store::journal::record::{Position, Side},
};

async fn publish_on(
    store: &Arc<dyn Backend>,
    channel: Channel,
    references: &[&str],
) -> Vec<NoticeId> {
    let item = |reference: &&str| Outgoing {
        channel,
        ..outgoing(reference, reference.len() as u8)
    };
    let answers = store.publish(references.iter().map(item).collect()).await;
    answers
        .into_iter()
        .map(|answer| answer.unwrap().id)
        .collect()
}

/// Claims what waits on a channel, has it come in at the other end, and settles it with the
/// outcomes, as courier and service of one node do.
async fn carry(store: &Arc<dyn Backend>, channel: Channel) -> Vec<Outcome> {
    let lease = store.lease(channel).await;
    let out = store.channel(channel, Direction::Out).await.unwrap();
    let batch = store
        .claim(lease, origin(), out.unwrap().settled, 100, 1 << 20)
        .await
        .unwrap()
        .unwrap();
    let outcomes = arrive(store, channel, &batch).await;
    let settled = settle(store, lease, &batch, outcomes.clone()).await;
    assert!(matches!(settled, Settled::Upto(_)), "{settled:?}");
    outcomes
}

async fn arrive(store: &Arc<dyn Backend>, channel: Channel, batch: &Batch) -> Vec<Outcome> {
    let page = page_of(store, channel.from).await;
    let places = batch.places.iter().map(|place| InPlace {
        digest: place.digest,
        content: match &place.content {
            Err(reason) => InContent::Void(*reason),
            Ok(bytes) => {
                let mut known = page.iter();
                let view = known.find(|view| view.facts.digest == place.digest);
                InContent::Notice {
                    facts: view.unwrap().facts.clone(),
                    bytes: bytes.clone(),
                    verdict: Verdict::Take(Permitted::for_test(())),
                }
            }
        },
    });
    let parcel = Arriving {
        channel,
        ..arriving(batch.first.get(), batch.previous_head, places.collect())
    };
    receive(store, parcel).await.0
}

async fn page_of(store: &Arc<dyn Backend>, home: County) -> Vec<NoticeView> {
    let page = store.page(
        home,
        NoticeFilter::default(),
        Position::new(u64::MAX),
        1_000,
    );
    page.await.unwrap().notices
}

async fn feed_of(store: &Arc<dyn Backend>, home: County) -> Vec<(u64, NoticeId)> {
    let lease = store
        .open_consumer(ConsumerRequest {
            home,
            ..request("desk")
        })
        .await
        .unwrap();
    let feed = handed(store, &lease, 1_000).await;
    feed.iter()
        .map(|handover| (handover.sequence.get(), handover.facts.id))
        .collect()
}

async fn again(store: Arc<dyn Backend>, open: Open<'_>) -> Arc<dyn Backend> {
    store.stop().await;
    drop(store);
    open()
}

/// A notice is unknown at the receiving end until it came in there; then each end has a record of
/// its own, and so has each of feeds, lists and channels.
pub(crate) async fn each_home_area_knows_its_own_side(open: Open<'_>) {
    let store = open();
    let ids = publish_on(&store, here(), &["a", "b", "c"]).await;
    let ends = [Direction::Out, Direction::In].map(|way| Side::of(here(), way));
    let [sending, receiving] = ends;
    for id in &ids {
        assert!(store.knows(sending, *id).await.unwrap());
        assert!(!store.knows(receiving, *id).await.unwrap(), "not yet");
        let view = store.notice_of_pair(receiving, *id).await.unwrap();
        assert!(view.is_none());
    }
    assert_eq!(carry(&store, here()).await, vec![Outcome::Stored; 3]);
    let store = again(store, open).await;
    for (offset, id) in ids.iter().enumerate() {
        let records = store.notices(*id).await.unwrap();
        let told: Vec<_> = records
            .iter()
            .map(|view| (view.side(), view.sequence.get(), view.reference.is_empty()))
            .collect();
        let sequence = offset as u64 + 1;
        assert_eq!(
            told,
            [(sending, sequence, false), (receiving, sequence, true)]
        );
        assert_eq!(records[0].bytes, records[1].bytes);
        assert_eq!(records[0].delivery, Delivery::Stored);
        for end in ends {
            let view = store.notice_of_pair(end, *id).await.unwrap().unwrap();
            assert_eq!(view.side(), end);
        }
    }
    let channels = store.channels().await.unwrap();
    let told: Vec<_> = channels
        .iter()
        .map(|view| (view.channel, view.direction, view.settled.get(), view.head))
        .collect();
    let head = channels[0].head;
    assert_eq!(
        told,
        [
            (here(), Direction::Out, 3, head),
            (here(), Direction::In, 3, head)
        ]
    );
    assert_eq!(feed_of(&store, here().from).await, []);
    let expected: Vec<_> = (1..).zip(ids).collect();
    assert_eq!(feed_of(&store, here().to).await, expected);
    for end in ends {
        let page = page_of(&store, end.home).await;
        assert_eq!(page.len(), 3);
        assert!(page.iter().all(|view| view.side() == end));
    }
    store.stop().await;
}

/// Ids of both ways come from one counter, so neither way has them rise alone; yet every notice
/// comes in once, in order, and is found at both ends of its own channel.
pub(crate) async fn both_ways_between_home_areas_are_told_apart(open: Open<'_>) {
    let mut store = open();
    let ways = [here(), here().opposite()];
    let mut published = [Vec::new(), Vec::new()];
    for round in 0..4 {
        for number in 0..3 {
            for (way, ids) in ways.iter().zip(&mut published) {
                let reference = format!("{round}-{number}");
                ids.extend(publish_on(&store, *way, &[&reference]).await);
            }
        }
        for way in ways {
            assert_eq!(carry(&store, way).await, vec![Outcome::Stored; 3]);
        }
        store = again(store, open).await;
    }
    for (way, ids) in ways.into_iter().zip(published) {
        for (id, sequence) in ids.iter().zip(1..) {
            for direction in [Direction::Out, Direction::In] {
                let end = Side::of(way, direction);
                let view = store.notice_of_pair(end, *id).await.unwrap().unwrap();
                assert_eq!(
                    (view.channel, view.direction, view.sequence.get()),
                    (way, direction, sequence)
                );
            }
            let foreign = Side::of(way.opposite(), Direction::In);
            let view = store.notice_of_pair(foreign, *id).await.unwrap().unwrap();
            assert_eq!(
                view.direction,
                Direction::Out,
                "what one sent, not what came"
            );
        }
        let lease = store.lease(way).await;
        let batch = store
            .claim(lease, origin(), Sequence::ZERO, 100, 1 << 20)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            arrive(&store, way, &batch).await,
            vec![Outcome::Stored; 12],
            "a repeat is answered from the record"
        );
        let expected: Vec<_> = (1..).zip(ids).collect();
        assert_eq!(feed_of(&store, way.to).await, expected);
    }
    store.stop().await;
}

/// What waits for an agreement waits at the sending end alone, and comes again to the other.
pub(crate) async fn a_hold_between_home_areas_is_the_senders(open: Open<'_>) {
    let store = open();
    let ids = publish_on(&store, here(), &["a", "b"]).await;
    let code = Some(Code::NoAgreement);
    let first = Sequence::new(1);
    let held = store.end(here(), first, VoidReason::OnHold, code, 1).await;
    assert_eq!(held, Ok(true));
    assert_eq!(
        carry(&store, here()).await,
        [Outcome::Voided, Outcome::Stored]
    );
    assert!(
        !store
            .knows(Side::of(here(), Direction::In), ids[0])
            .await
            .unwrap(),
        "a void reserves no id"
    );
    let store = again(store, open).await;
    assert_eq!(store.release(here()).await, Ok(1));
    assert_eq!(carry(&store, here()).await, [Outcome::Stored]);
    for view in store.notices(ids[0]).await.unwrap() {
        assert_eq!((view.sequence.get(), view.delivery), (3, Delivery::Stored));
    }
    assert_eq!(feed_of(&store, here().to).await, [(2, ids[1]), (3, ids[0])]);
    store.stop().await;
}
