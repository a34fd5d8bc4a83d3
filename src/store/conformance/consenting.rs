//! Laws about consents.

use super::*;
use crate::{
    domain::consent::{Kept, Registered},
    store::journal::consent::tests::consent,
};

const NOW: i64 = 1_795_000_000_000;

fn key(number: u8) -> ConsentKey {
    [number; 16]
}

async fn give(store: &Arc<dyn Backend>, number: u8, given: &Registered) -> Kept {
    let word = ConsentWord::Given(given.clone());
    store.consent(home(), key(number), word, NOW).await.unwrap()
}

async fn withdraw(store: &Arc<dyn Backend>, number: u8) -> Kept {
    let on = "2026-11-02".parse().unwrap();
    let word = ConsentWord::Withdrawn { on };
    store.consent(home(), key(number), word, NOW).await.unwrap()
}

/// A consent is given once under a reference, found by it, and withdrawn once, in one group or in
/// another; what stands is what is read, page by page, and after a reopening. Each home area has its
/// own.
pub(crate) async fn a_consent_stands_until_it_is_withdrawn(open: Open<'_>) {
    let there = here().to;
    let (one, other) = (
        consent("c-1", &["next_check_on"]),
        consent("c-2", &["care"]),
    );
    let store = open();
    assert_eq!(withdraw(&store, 1).await, Kept::Unknown);
    assert_eq!(give(&store, 1, &one).await, Kept::Anew);
    assert_eq!(give(&store, 1, &one).await, Kept::Repeated);
    assert_eq!(give(&store, 1, &other).await, Kept::Conflict);
    for number in 2..=5 {
        // Two words of one group.
        let given = ConsentWord::Given(other.clone());
        let (first, again) = tokio::join!(
            store.consent(home(), key(number), given, NOW),
            give(&store, number, &other),
        );
        assert_eq!((first, again), (Ok(Kept::Anew), Kept::Repeated));
    }
    assert!(!store.withdrawn().any(home()));
    assert_eq!(withdraw(&store, 2).await, Kept::Anew);
    assert_eq!(withdraw(&store, 2).await, Kept::Repeated);
    assert_eq!(
        give(&store, 2, &other).await,
        Kept::Conflict,
        "it was withdrawn"
    );
    let published = outgoing("r-1", 1);
    store.publish(vec![published]).await.remove(0).unwrap();
    let read = async |store: &Arc<dyn Backend>| {
        let found = store.consent_of(home(), key(1)).await.unwrap();
        assert!(found.is_some_and(|found| found == one));
        let found = store.consent_of(home(), key(2)).await.unwrap();
        let withdrawn_on = found.and_then(|found| found.withdrawn_on);
        assert_eq!(withdrawn_on, "2026-11-02".parse().ok());
        assert!(store.consent_of(there, key(1)).await.unwrap().is_none());
        assert!(store.consent_of(home(), key(9)).await.unwrap().is_none());
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = store.consents(home(), after, 2).await.unwrap();
            assert!(page.len() <= 2);
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            seen.extend(page.into_iter().map(|(key, _)| key));
        }
        assert_eq!(seen, (1..=5).map(key).collect::<Vec<_>>());
        assert!(store.consents(there, None, 9).await.unwrap().is_empty());
        let withdrawn = store.withdrawn();
        assert!(withdrawn.any(home()) && !withdrawn.any(there));
        assert!(withdrawn.holds(home(), key(2)) && !withdrawn.holds(home(), key(1)));
    };
    read(&store).await;
    store.stop().await;
    drop(store);
    let store = open();
    read(&store).await;
    assert_eq!(withdraw(&store, 2).await, Kept::Repeated);
    assert_eq!(give(&store, 1, &one).await, Kept::Repeated);
    store.stop().await;
}
