//! Laws about what a store can show later: heads of journals, and what both sides signed.

use super::*;
use crate::domain::journal::JournalHead;

/// Every commit of a home area moves the head of its chain, and nobody else's; opened again, the head
/// is the one that was there.
pub(crate) async fn the_head_follows_the_home_area(open: Open<'_>) {
    let other: County = "350583".parse().unwrap();
    let store = open();
    assert_eq!(store.journal_head(home()).head, Digest::default());
    let mut heads = vec![store.journal_head(home())];
    let mut sender = Sender::new();
    for round in 0..40u8 {
        if round % 2 == 0 {
            let item = outgoing(&format!("r-{round}"), round);
            assert!(store.publish(vec![item]).await.iter().all(Result::is_ok));
        } else {
            receive(&store, sender.parcel(2)).await;
        }
        // Whoever was answered finds the commit in the head.
        let now = store.journal_head(home());
        let before = heads[heads.len() - 1];
        assert!(now.position > before.position);
        assert!(!heads.iter().any(|it| it.head == now.head));
        heads.push(now);
        assert_eq!(store.journal_head(other).head, Digest::default());
    }
    store.stop().await;
    drop(store);
    let store = open();
    let last: JournalHead = heads[heads.len() - 1];
    let found = store.journal_head(home());
    assert_eq!(found.head, last.head);
    assert!(found.position >= last.position);
    store.stop().await;
}

/// What was kept with the answer to a place is found for each place that it answers, and nothing for
/// one that has no answer; however many segments lie between.
pub(crate) async fn what_both_signed_is_found(open: Open<'_>) {
    let store = open();
    let mut sender = Sender::new();
    let name = |round: u64| Bytes::from(format!("signed {round}"));
    // In: parcels of two, the last of which brings one place that is known and one that is not.
    for round in 0..20 {
        let mut arriving = sender.parcel(2);
        arriving.evidence = name(round);
        receive(&store, arriving).await;
    }
    let mut again = Sender::new();
    let mut overlapping = again.parcel(41);
    overlapping.evidence = name(99);
    receive(&store, overlapping).await;
    // Out: ten parcels of three, all but the last answered; the fifth in two receipts.
    publish(&store, 30).await;
    for round in 0..9 {
        let lease = store.lease(here()).await;
        let after = Sequence::new(3 * round);
        let batch = store.claim(lease, origin(), after, 3, 1 << 20).await;
        let batch = batch.unwrap().unwrap();
        for count in if round == 4 { vec![1, 3] } else { vec![3] } {
            let mut settlement = settlement(lease, &batch, vec![Outcome::Stored; count]);
            settlement.evidence = name(100 * round + count as u64);
            store.settle(lease, settlement).await.unwrap();
        }
    }
    store.stop().await;
    drop(store);
    let store = open();
    let found = async |channel, direction, place: u64| {
        let found = store.evidence(channel, direction, Sequence::new(place));
        found.await.unwrap()
    };
    for place in 1..=40 {
        let kept = found(here().opposite(), Direction::In, place).await;
        assert_eq!(kept, Some(name((place - 1) / 2)), "{place}");
    }
    let (inbound, behind) = (here().opposite(), [0, 42, u64::MAX]);
    assert_eq!(found(inbound, Direction::In, 41).await, Some(name(99)));
    for place in behind {
        assert_eq!(found(inbound, Direction::In, place).await, None);
    }
    for place in 1..=27 {
        let kept = found(here(), Direction::Out, place).await;
        let (round, first) = ((place - 1) / 3, (place - 1) % 3 == 0);
        let count = if round == 4 && first { 1 } else { 3 };
        assert_eq!(kept, Some(name(100 * round + count)), "{place}");
    }
    for place in [0, 28, 30, 31] {
        assert_eq!(found(here(), Direction::Out, place).await, None);
    }
    // Either end of a channel has its own.
    assert_eq!(found(here(), Direction::In, 1).await, None);
    store.stop().await;
}
