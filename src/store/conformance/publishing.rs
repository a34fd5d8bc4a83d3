//! Laws about publishing: numbers, references, quotas.

use super::*;
use crate::domain::{
    delivery::Delivery, field::Field, problem::Code, receipt::VoidReason, refusal::Refusal,
};

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
        assert_eq!(
            notice_digest(view.bytes.as_ref().unwrap()),
            view.facts.digest
        );
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
    let items = (0..quota).map(|number| {
        let item = outgoing(&format!("r-{number}"), number as u8);
        of_office(1 + (number % 2) as u8, item)
    });
    for answer in store.publish(items.collect()).await {
        answer.unwrap();
    }
    let full = store.publish(vec![outgoing("more", 1)]).await;
    assert_eq!(full, vec![Err(PublishError::NotNow(NotNow::Busy))]);
    settle_all(&store, vec![Outcome::Stored]).await;
    let room = store.publish(vec![outgoing("more", 1)]).await;
    assert!(room[0].is_ok());
    store.stop().await;
}

/// One office cannot use up a channel: behind its quota its notices are refused with the code that
/// says so, nothing of them is kept, and the others go on. Answers give room again, a reopening
/// does not.
pub(crate) async fn an_office_leaves_room_for_the_others(open: Open<'_>, quota: usize) {
    let store = open();
    let full = Err(PublishError::Refused(Refusal::whole(Code::QuotaExceeded)));
    // Not in one group, so that both what is staged and what is durable counts.
    let ids = publish(&store, quota - 1).await;
    let both = vec![outgoing("last", 1), outgoing("more", 1)];
    let answers = store.publish(both).await;
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], full);
    let other = || of_office(2, outgoing("other", 1));
    assert!(store.publish(vec![other()]).await[0].is_ok());
    store.stop().await;
    drop(store);
    let store = open();
    let repeated = store.publish(vec![outgoing("r-0", 0)]).await;
    assert!(repeated[0].clone().unwrap().repeated, "a repeat takes none");
    assert_eq!(store.publish(vec![outgoing("more", 1)]).await[0], full);
    // On hold its notice gives its place up, and takes one when it comes again.
    let code = Some(Code::NoAgreement);
    let held = store.end(here(), Sequence::new(1), VoidReason::OnHold, code, 1);
    assert!(held.await.unwrap());
    settle_all(&store, vec![Outcome::Voided]).await;
    assert_eq!(store.release(here()).await, Ok(1));
    assert_eq!(store.publish(vec![outgoing("more", 1)]).await[0], full);
    settle_all(&store, vec![Outcome::Stored]).await;
    let stored = record(&store, ids[1]).await;
    assert_eq!(stored.delivery, Delivery::Stored);
    assert!(store.publish(vec![outgoing("more", 1)]).await[0].is_ok());
    assert_eq!(store.publish(vec![outgoing("yet", 1)]).await[0], full);
    store.stop().await;
}

/// A reference counts for 400 days and is then forgotten, also by a store that was built anew; one
/// that was used again since stays.
pub(crate) async fn a_reference_is_forgotten_after_400_days(
    open: Open<'_>,
    lose_what_is_derived: &dyn Fn(),
) {
    let first_day = outgoing("", 0).published_at_ms;
    let on = |day: i64| first_day + day * 86_400_000;
    let published = |reference: &str, day| Outgoing {
        published_at_ms: on(day),
        ..outgoing(reference, 1)
    };
    let store = open();
    let old = (0..600).map(|number| published(&format!("old-{number}"), 0));
    for answer in store.publish(old.collect()).await {
        answer.unwrap();
    }
    store.publish(vec![published("later", 1)]).await;
    assert_eq!(store.forget_references(on(400)).await, Ok(0));
    let repeat = store.publish(vec![published("old-0", 400)]).await;
    assert!(repeat[0].clone().unwrap().repeated);
    let anew = store.publish(vec![published("old-0", 401)]).await;
    assert!(!anew[0].clone().unwrap().repeated);
    // The one that was used again may count with its earlier use.
    let forgotten = store.forget_references(on(401)).await;
    assert!(matches!(forgotten, Ok(599 | 600)), "{forgotten:?}");
    assert_eq!(store.forget_references(on(401)).await, Ok(0));
    store.stop().await;
    drop(store);
    for derived_is_lost in [false, true] {
        if derived_is_lost {
            lose_what_is_derived();
        }
        let store = open();
        assert_eq!(store.forget_references(on(401)).await, Ok(0));
        for reference in ["old-0", "later"] {
            let known = store.publish(vec![published(reference, 401)]).await;
            assert!(known[0].clone().unwrap().repeated, "{reference}");
        }
        store.stop().await;
    }
}
