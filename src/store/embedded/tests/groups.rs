//! What goes with which group.

use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use tempfile::TempDir;
use tokio::time::sleep;

use super::*;
use crate::store::{conformance::settlement_of_all, embedded::maintenance::check};

#[test]
fn what_nobody_waits_for_goes_with_the_next_group_and_with_its_own_if_none_comes() {
    let directory = TempDir::new().unwrap();
    let groups = || check(directory.path(), masters()).unwrap().groups;
    let (store, _) = open(directory.path()).unwrap();
    block_on(async {
        store.publish(vec![outgoing("first", 1)]).await;
        store.stop().await;
    });
    drop(store);
    let before = groups();
    let (store, _) = open(directory.path()).unwrap();
    block_on(async {
        let (lease, settlement) = settlement_of_all(&store).await;
        let mut settling = pin!(store.settle(lease, settlement));
        // Once: a slow machine must not bring it to the end of its patience.
        let asked = poll_fn(|context| Poll::Ready(settling.as_mut().poll(context))).await;
        assert!(asked.is_pending(), "it waits");
        sleep(Duration::from_millis(20)).await;
        let settled = async || {
            store
                .channel(here(), Direction::Out)
                .await
                .unwrap()
                .unwrap()
        };
        assert_eq!(
            settled().await.settled,
            Sequence::ZERO,
            "nobody has asked for more"
        );
        store.publish(vec![outgoing("second", 1)]).await;
        assert_eq!(settled().await.settled, Sequence::new(1));
        settling.await.unwrap();
        store.stop().await;
    });
    drop(store);
    assert_eq!(groups(), before + 1, "one sync for both");
    let (store, _) = open(directory.path()).unwrap();
    block_on(async {
        let (lease, settlement) = settlement_of_all(&store).await;
        store.settle(lease, settlement).await.unwrap();
        store.stop().await;
    });
    drop(store);
    assert_eq!(groups(), before + 2);
}
