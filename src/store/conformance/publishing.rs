//! Laws about publishing: numbers, references, quotas.

use super::*;
use crate::domain::{delivery::Delivery, field::Field, problem::Code, refusal::Refusal};

/// Accepted notices have rising ids and sequences without gaps, and survive a reopening.
pub(crate) async fn accepted_notices_are_numbered_and_kept(open: Open<'_>) {
    let store = open();
    let ids = publish(&store, 5).await;
    assert!(ids.is_sorted());
    store.stop().await;
    drop(store);
    let store = open();
    let channel = store
        .channel(here(), Direction::Out)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(channel.last, Sequence::new(5));
    for (offset, id) in ids.iter().enumerate() {
        let view = record(&store, *id).await;
        assert_eq!(view.sequence, Sequence::new(offset as u64 + 1));
        assert_eq!(view.delivery, Delivery::Queued);
        assert_eq!(view.reference, format!("r-{offset}"));
        assert_eq!(notice_digest(&view.bytes), view.facts.digest);
    }
    store.stop().await;
}

/// The same reference and content is the same notice, within a group, across groups, and after a
/// reopening; other content is a conflict.
pub(crate) async fn a_reference_is_used_once(open: Open<'_>) {
    let store = open();
    let answers = store
        .publish(vec![outgoing("a", 1), outgoing("a", 1), outgoing("a", 2)])
        .await;
    let first = answers[0].clone().unwrap();
    assert!(!first.repeated);
    let again = Accepted {
        id: first.id,
        repeated: true,
    };
    assert_eq!(answers[1], Ok(again));
    let conflict = Err(PublishError::Refused(Refusal::of(
        Code::ReferenceConflict,
        Field::Reference,
    )));
    assert_eq!(answers[2], conflict);
    store.stop().await;
    drop(store);
    let store = open();
    assert_eq!(store.publish(vec![outgoing("a", 1)]).await, vec![Ok(again)]);
    assert_eq!(store.publish(vec![outgoing("a", 2)]).await, vec![conflict]);
    let channel = store
        .channel(here(), Direction::Out)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(channel.last, Sequence::new(1));
    store.stop().await;
}

/// After a refusal the same reference is a new attempt.
pub(crate) async fn a_refused_notice_may_be_tried_anew(open: Open<'_>) {
    let store = open();
    let ids = publish(&store, 1).await;
    let refused = Refusal::of(Code::FieldNotPermitted, Field::Phone);
    settle_all(&store, vec![Outcome::Refused(refused.clone())]).await;
    let view = record(&store, ids[0]).await;
    assert_eq!(view.delivery, Delivery::Refused(refused));
    let again = store.publish(vec![outgoing("r-0", 0)]).await;
    let again = again[0].clone().unwrap();
    assert!(!again.repeated);
    assert_ne!(again.id, ids[0]);
    store.stop().await;
}

/// The channel's quota is kept, and room returns when notices are answered.
pub(crate) async fn the_quota_is_kept(open: Open<'_>, quota: usize) {
    let store = open();
    publish(&store, quota).await;
    let full = store.publish(vec![outgoing("more", 1)]).await;
    assert_eq!(full, vec![Err(PublishError::NotNow(NotNow::Busy))]);
    settle_all(&store, vec![Outcome::Stored]).await;
    let room = store.publish(vec![outgoing("more", 1)]).await;
    assert!(room[0].is_ok());
    store.stop().await;
}
