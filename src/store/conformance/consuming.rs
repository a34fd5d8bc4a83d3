//! Laws about feeds and their consumers.

use super::*;

/// A subscriber gets everything at least once, in order; what it acknowledged never again; what
/// may have been handed out before is marked, and nothing else.
pub(crate) async fn consumers_are_handed_everything(open: Open<'_>) {
    let store = open();
    let mut sender = Sender::new();
    receive(&store, sender.parcel(4)).await;
    let lease = store.open_consumer(request("desk")).await.unwrap();
    let first = handed(&store, &lease, 3).await;
    assert_eq!(first.len(), 3);
    assert!(first.iter().all(|handover| !handover.redelivered));
    assert_eq!(handed(&store, &lease, 3).await.len(), 1);
    assert!(handed(&store, &lease, 3).await.is_empty());
    assert_eq!(
        store
            .acknowledge(&lease, first[0].position, 1)
            .await
            .unwrap(),
        first[0].position
    );
    // A newer subscriber of the name fences the older, and begins behind what is acknowledged.
    let newer = store.open_consumer(request("desk")).await.unwrap();
    assert_eq!(
        store.acknowledge(&lease, first[1].position, 1).await,
        Err(NotNow::Fenced.into())
    );
    assert_eq!(
        store.acknowledge(&newer, first[1].position, 1).await,
        Err(ConsumerError::BeyondHandout)
    );
    let again = handed(&store, &newer, 2).await;
    assert_eq!(again[0].position, first[1].position);
    assert_eq!(again[0].bytes, first[1].bytes);
    assert!(again.iter().all(|handover| handover.redelivered));
    receive(&store, sender.parcel(1)).await;
    let rest = handed(&store, &newer, 9).await;
    let marks: Vec<_> = rest.iter().map(|handover| handover.redelivered).collect();
    assert_eq!(marks, [true, false], "before a restart the mark is exact");
    store.stop().await;
    drop(store);
    let store = open();
    receive(&store, sender.parcel(1)).await;
    let lease = store.open_consumer(request("desk")).await.unwrap();
    let after = handed(&store, &lease, 9).await;
    let marks: Vec<_> = after.iter().map(|handover| handover.redelivered).collect();
    assert_eq!(marks, [true, true, true, true, false]);
    let fresh = store.open_consumer(request("fresh")).await.unwrap();
    let fresh = handed(&store, &fresh, 9).await;
    assert_eq!(fresh.len(), 6);
    assert!(fresh.iter().all(|handover| !handover.redelivered));
    store.stop().await;
}

/// A consumer keeps its filter and its start.
pub(crate) async fn a_consumer_is_what_it_was_made(open: Open<'_>) {
    let store = open();
    let mut sender = Sender::new();
    receive(&store, sender.parcel(2)).await;
    let from_now = ConsumerRequest {
        from_first: false,
        ..request("now")
    };
    let lease = store.open_consumer(from_now).await.unwrap();
    assert!(handed(&store, &lease, 9).await.is_empty());
    receive(&store, sender.parcel(1)).await;
    assert_eq!(handed(&store, &lease, 9).await.len(), 1);
    let feedback_only = ConsumerRequest {
        kinds: vec![Kind::Feedback],
        ..request("feedback")
    };
    let lease = store.open_consumer(feedback_only).await.unwrap();
    assert!(handed(&store, &lease, 9).await.is_empty());
    assert_eq!(
        store.open_consumer(request("feedback")).await,
        Err(ConsumerError::OtherFilter)
    );
    store.stop().await;
}
