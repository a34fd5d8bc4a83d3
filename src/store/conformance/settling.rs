//! Laws about channels out: claims, leases, receipts, ends, holds.

use super::*;
use crate::{
    domain::{
        delivery::{Confirmation, Delivery},
        problem::Code,
        receipt::VoidReason,
        refusal::Refusal,
    },
    store::journal::record::{Position, Side, StopReason},
};

/// Claims come in order, bounded, with a chain that fits; a void stands where a notice ended.
pub(crate) async fn claims_follow_the_chain(open: Open<'_>) {
    let store = open();
    publish(&store, 300).await;
    assert!(
        store
            .end(here(), Sequence::new(2), VoidReason::Expired, None, 1)
            .await
            .unwrap()
    );
    let lease = store.lease(here()).await;
    let mut after = Sequence::ZERO;
    let mut head = origin();
    while let Some(batch) = store
        .claim(lease, origin(), after, 7, 1 << 20)
        .await
        .unwrap()
    {
        assert!(batch.places.len() <= 7);
        assert_eq!(batch.previous_head, head);
        for place in &batch.places {
            after = after.next();
            head = chain(head, place.digest);
            match &place.content {
                Ok(bytes) => assert_eq!(notice_digest(bytes), place.digest),
                Err(reason) => {
                    assert_eq!((after, *reason), (Sequence::new(2), VoidReason::Expired));
                }
            }
        }
        assert_eq!(batch.head, head);
    }
    assert_eq!(after, Sequence::new(300));
    let one = store
        .claim(lease, origin(), Sequence::ZERO, 100, 1)
        .await
        .unwrap();
    assert_eq!(one.unwrap().places.len(), 1, "one is always claimed");
    store.stop().await;
}

/// An older lease can neither claim nor settle.
pub(crate) async fn a_newer_lease_fences(open: Open<'_>) {
    let store = open();
    publish(&store, 1).await;
    let old = store.lease(here()).await;
    let batch = store
        .claim(old, origin(), Sequence::ZERO, 1, 1)
        .await
        .unwrap()
        .unwrap();
    let new = store.lease(here()).await;
    assert!(matches!(
        store.claim(old, origin(), Sequence::ZERO, 1, 1).await,
        Err(NotNow::Fenced)
    ));
    let settlement = |evidence| Settlement {
        receipt: Receipt {
            channel: here(),
            first: Sequence::new(1),
            outcomes: vec![Outcome::Stored],
            head: batch.head,
            held: Sequence::new(1),
        },
        evidence,
        at_ms: 1,
    };
    assert_eq!(
        store.settle(old, settlement(Bytes::new())).await,
        Err(NotNow::Fenced)
    );
    assert_eq!(
        store.settle(new, settlement(Bytes::new())).await,
        Ok(Settled::Upto(Sequence::new(1)))
    );
    store.stop().await;
}

/// A receipt settles once; a repeat changes nothing; one that does not fit stops the channel.
pub(crate) async fn receipts_settle_once(open: Open<'_>) {
    let store = open();
    let ids = publish(&store, 3).await;
    assert_eq!(
        settle_all(&store, vec![Outcome::Stored; 2]).await,
        Settled::Upto(Sequence::new(2))
    );
    let lease = store.lease(here()).await;
    let batch = store
        .claim(lease, origin(), Sequence::ZERO, 2, 1 << 20)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        settle(&store, lease, &batch, vec![Outcome::Voided; 2]).await,
        Settled::Upto(Sequence::new(2)),
        "the first answer stands"
    );
    for (id, expected) in ids.iter().zip(["stored", "stored", "queued"]) {
        let view = record(&store, *id).await;
        assert_eq!(view.delivery.name(), expected);
    }
    assert_eq!(
        settle_all(&store, vec![Outcome::Voided]).await,
        Settled::Stopped(StopReason::PeerNonsense),
        "a notice that was not voided cannot be answered voided"
    );
    store.stop().await;
}

/// An end here is unconfirmed until the peer answers, and its answer decides.
pub(crate) async fn an_end_waits_for_the_peer(open: Open<'_>) {
    let store = open();
    let ids = publish(&store, 2).await;
    for sequence in [1, 2] {
        store
            .end(
                here(),
                Sequence::new(sequence),
                VoidReason::Expired,
                None,
                1,
            )
            .await
            .unwrap();
    }
    for id in &ids {
        let view = record(&store, *id).await;
        assert_eq!(view.delivery, Delivery::Expired(Confirmation::Unconfirmed));
    }
    settle_all(&store, vec![Outcome::Stored, Outcome::Voided]).await;
    let stored = record(&store, ids[0]).await;
    assert_eq!(stored.delivery, Delivery::Stored);
    let expired = record(&store, ids[1]).await;
    assert_eq!(expired.delivery, Delivery::Expired(Confirmation::Confirmed));
    store.stop().await;
}

/// What was put on hold too late, because the peer has it, does not come again.
pub(crate) async fn what_the_peer_has_is_on_hold_no_more(open: Open<'_>) {
    let store = open();
    publish(&store, 2).await;
    for sequence in [1, 2] {
        let code = Some(Code::NoAgreement);
        let held = store
            .end(here(), Sequence::new(sequence), VoidReason::OnHold, code, 1)
            .await;
        assert_eq!(held, Ok(true));
    }
    settle_all(&store, vec![Outcome::Stored, Outcome::Voided]).await;
    assert_eq!(store.on_hold(here()).await, Ok(1));
    assert_eq!(store.release(here()).await, Ok(1));
    store.stop().await;
}

/// What waits for an agreement leaves a void and comes again behind the others, same id.
pub(crate) async fn what_is_on_hold_comes_again(open: Open<'_>) {
    let store = open();
    let ids = publish(&store, 2).await;
    let code = Some(Code::NoAgreement);
    assert!(
        store
            .end(here(), Sequence::new(1), VoidReason::OnHold, code, 1)
            .await
            .unwrap()
    );
    assert_eq!(store.on_hold(here()).await, Ok(1));
    let view = record(&store, ids[0]).await;
    assert_eq!(
        (view.delivery, view.on_hold),
        (Delivery::Queued, Some(code))
    );
    settle_all(&store, vec![Outcome::Voided, Outcome::Stored]).await;
    store.stop().await;
    drop(store);
    let store = open();
    assert_eq!(store.on_hold(here()).await, Ok(1));
    assert_eq!(store.release(here()).await, Ok(1));
    assert_eq!(store.on_hold(here()).await, Ok(0));
    let view = record(&store, ids[0]).await;
    assert_eq!((view.sequence, view.on_hold), (Sequence::new(3), None));
    let lease = store.lease(here()).await;
    let batch = store
        .claim(lease, origin(), Sequence::new(2), 9, 1 << 20)
        .await
        .unwrap()
        .unwrap();
    let bytes = batch.places[0].content.clone().unwrap();
    assert_eq!(notice_digest(&bytes), view.facts.digest);
    settle(&store, lease, &batch, vec![Outcome::Stored]).await;
    let view = record(&store, ids[0]).await;
    assert_eq!(view.delivery, Delivery::Stored);
    let page = store
        .page(home(), NoticeFilter::default(), Position::new(u64::MAX), 10)
        .await
        .unwrap();
    assert_eq!(page.notices.len(), 2, "a notice is listed once");
    store.stop().await;
}

/// A notice knows its correction that counts: the last on the channel, wherever it was first, that was
/// neither refused nor has ended; on the side that received it likewise.
pub(crate) async fn the_last_correction_that_has_not_ended_counts(open: Open<'_>) {
    let store = open();
    let departure = publish(&store, 1).await[0];
    let correction = |number: u8| Outgoing {
        kind: Kind::Correction,
        answers: Some(departure),
        ..outgoing(&format!("c-{number}"), 100 + number)
    };
    let side = Side::of(here(), Direction::Out);
    let counts = async |store: &Arc<dyn Backend>, corrected| {
        let view = store.correction(side, corrected).await.unwrap();
        view.map(|view| view.facts.id)
    };
    assert_eq!(counts(&store, departure).await, None);
    let mut ids = Vec::new();
    for answer in store.publish((1..=4).map(correction).collect()).await {
        ids.push(answer.unwrap().id);
    }
    assert_eq!(counts(&store, departure).await, Some(ids[3]));
    let end = async |sequence, reason| {
        let sequence = Sequence::new(sequence);
        store.end(here(), sequence, reason, None, 1).await.unwrap()
    };
    assert!(end(5, VoidReason::Expired).await);
    assert_eq!(counts(&store, departure).await, Some(ids[2]));
    assert!(end(2, VoidReason::OnHold).await);
    let refused = Outcome::Refused(Refusal::whole(Code::Malformed));
    let answers = vec![
        Outcome::Stored,
        Outcome::Voided,
        Outcome::Stored,
        refused,
        Outcome::Voided,
    ];
    settle_all(&store, answers).await;
    assert_eq!(counts(&store, departure).await, Some(ids[1]));
    assert_eq!(store.release(here()).await, Ok(1));
    assert_eq!(
        counts(&store, departure).await,
        Some(ids[0]),
        "it comes last now"
    );

    let theirs = NoticeId::new([9; 8], 99);
    let mut sender = Sender::new();
    let mut parcel = sender.parcel(3);
    for place in &mut parcel.places {
        if let InContent::Notice { facts, .. } = &mut place.content {
            facts.kind = Kind::Correction;
            facts.answers = Some(theirs);
        }
    }
    let InContent::Notice { facts, .. } = &parcel.places[2].content else {
        panic!("a notice");
    };
    let last = facts.id;
    receive(&store, parcel).await;
    assert_eq!(counts(&store, theirs).await, Some(last));
    store.stop().await;
    drop(store);
    let store = open();
    assert_eq!(counts(&store, departure).await, Some(ids[0]));
    assert_eq!(counts(&store, theirs).await, Some(last));
    store.stop().await;
}

/// A channel is read page by page, each notice once, where it stands now, and as it stands.
pub(crate) async fn a_channel_is_read_as_it_stands(open: Open<'_>) {
    let store = open();
    let ids = publish(&store, 4).await;
    let hold = store.end(here(), Sequence::new(2), VoidReason::OnHold, None, 1);
    assert!(hold.await.unwrap());
    let refused = Refusal::whole(Code::Malformed);
    let answers = vec![
        Outcome::Stored,
        Outcome::Voided,
        Outcome::Refused(refused.clone()),
    ];
    settle_all(&store, answers).await;
    assert_eq!(store.release(here()).await.unwrap(), 1);
    let mut seen = Vec::new();
    let mut after = Sequence::ZERO;
    loop {
        let told = store.told(here(), Direction::Out, after, 2).await.unwrap();
        let notices = told.notices.into_iter();
        seen.extend(notices.map(|it| (it.sequence.get(), it.facts.id, it.delivery)));
        if told.looked == after {
            break;
        }
        after = told.looked;
    }
    assert_eq!(
        seen,
        [
            (1, ids[0], Delivery::Stored),
            (3, ids[2], Delivery::Refused(refused.clone())),
            (4, ids[3], Delivery::Queued),
            (5, ids[1], Delivery::Queued),
        ]
    );
    let mut sender = Sender::new();
    let mut parcel = sender.parcel(3);
    let second = judged(parcel.places.remove(1), Verdict::Refuse(refused));
    parcel.places.insert(1, second);
    receive(&store, parcel).await;
    let there = here().opposite();
    let told = store.told(there, Direction::In, Sequence::ZERO, 10).await;
    let told = told.unwrap();
    let sequences: Vec<_> = told.notices.iter().map(|it| it.sequence.get()).collect();
    assert_eq!((sequences, told.looked.get()), (vec![1, 3], 3));
    store.stop().await;
}
