//! Laws about stores that were set back.

use super::*;
use crate::{
    domain::delivery::Delivery,
    store::journal::record::{Holding, StopReason},
};

/// A set-back sender takes over what it had signed, and its own unanswered notices come behind.
pub(crate) async fn a_set_back_sender_goes_on(open: Open<'_>) {
    let store = open();
    // Of these the peer holds the first; the second was published after the set-back.
    let ids = publish(&store, 2).await;
    let lease = store.lease(here()).await;
    let batch = store
        .claim(lease, origin(), Sequence::ZERO, 1, 1)
        .await
        .unwrap()
        .unwrap();
    let same = Holding {
        sequence: Sequence::new(1),
        digest: batch.places[0].digest,
        id: Some(ids[0]),
        outcome: Outcome::Stored,
    };
    let lost = |sequence: u64| Holding {
        sequence: Sequence::new(sequence),
        digest: Digest::new([sequence as u8; 32]),
        id: Some(NoticeId::new([3; 8], sequence)),
        outcome: Outcome::Stored,
    };
    let places = vec![same, lost(2), lost(3)];
    let head = places
        .iter()
        .fold(origin(), |head, place| chain(head, place.digest));
    let adopted = store
        .adopt_out(Holdings {
            channel: here(),
            origin: origin(),
            places,
            head,
            at_ms: 1,
        })
        .await
        .unwrap();
    assert_eq!(
        adopted,
        Adopted {
            taken_over: 2,
            renumbered: 1
        }
    );
    store.stop().await;
    drop(store);
    let store = open();
    let channel = store
        .channel(here(), Direction::Out)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (channel.settled.get(), channel.last.get()),
        (3, 4),
        "own notices come behind the taken ones"
    );
    let view = record(&store, ids[1]).await;
    assert_eq!((view.sequence.get(), view.delivery), (4, Delivery::Queued));
    let view = record(&store, ids[0]).await;
    assert_eq!((view.sequence.get(), view.delivery), (1, Delivery::Stored));
    let lease = store.lease(here()).await;
    let batch = store
        .claim(lease, origin(), Sequence::new(3), 9, 1 << 20)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(batch.previous_head, head);
    assert_eq!(
        notice_digest(batch.places[0].content.as_ref().unwrap()),
        batch.places[0].digest
    );
    assert_eq!(
        store
            .head_at(here(), Direction::Out, Sequence::new(2), origin())
            .await
            .unwrap(),
        Some(chain(
            chain(origin(), store_digest(&store, ids[0]).await),
            Digest::new([2; 32])
        ))
    );
    store.stop().await;
}

async fn store_digest(store: &Arc<dyn Backend>, id: NoticeId) -> Digest {
    record(store, id).await.facts.digest
}

/// A receiver shows its statement until what it lost came again.
pub(crate) async fn a_set_back_receiver_asks_again(open: Open<'_>) {
    let store = open();
    let mut sender = Sender::new();
    let channel = here().opposite();
    receive(&store, sender.parcel(1)).await;
    let statement = Bytes::from_static(b"statement");
    store
        .adopt_in(channel, Sequence::new(3), statement.clone(), 1)
        .await
        .unwrap();
    store.stop().await;
    drop(store);
    let store = open();
    let shown = store.shown(channel, Direction::In).await.unwrap();
    assert_eq!(shown.statement, statement);
    assert_eq!(shown.evidence, Bytes::from_static(b"signed"));
    // A stream that found it out before may say so after; that more is lost is news.
    for (found, stops) in [(3, false), (4, true)] {
        let stop = Some((StopReason::ReceiverSetBack, Sequence::new(found)));
        store
            .set_stop(channel, Direction::In, stop, 1)
            .await
            .unwrap();
        let view = store
            .channel(channel, Direction::In)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(view.stop.is_some(), stops, "{found}");
    }
    store
        .set_stop(channel, Direction::In, None, 1)
        .await
        .unwrap();
    receive(&store, sender.parcel(2)).await;
    let shown = store.shown(channel, Direction::In).await.unwrap();
    assert_eq!(shown.statement, Bytes::new());
    store.stop().await;
}
