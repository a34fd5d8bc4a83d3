//! What is refused while the disk is low.

use tempfile::TempDir;

use super::*;
use crate::{
    domain::audit::{Act, Entry},
    store::{
        conformance::{entry, every_act, on_record},
        verb::NotNow,
    },
};

#[test]
fn below_the_mark_nothing_new_is_taken_and_each_caller_is_told_why() {
    let directory = TempDir::new().unwrap();
    let low = EmbeddedLimits {
        low_bytes: u64::MAX,
        ..limits()
    };
    let epoch = crate::trust::keys::draw().unwrap();
    let (store, _) = Embedded::open(directory.path(), low, epoch, masters()).unwrap();
    let store: Arc<dyn Backend> = Arc::new(store);
    block_on(async {
        let asked = store.publish(vec![outgoing("r-1", 1)]).await;
        assert_eq!(asked, [Err(NotNow::StorageLow.into())]);
        let asked = store.work(here().from, every_act(1)).await;
        assert_eq!(asked, vec![Err(NotNow::StorageLow); 6]);
        assert_eq!(kept(&store, here().from, Position::START, 9).await, []);
        let home = here().from;
        assert_eq!(
            store.audit(home, vec![entry(1)]).await,
            Err(NotNow::StorageLow)
        );
        assert_eq!(
            store.audit_along(home, vec![entry(1)]).await,
            Err(NotNow::StorageLow)
        );
        // Whoever mends the disk does so on record.
        let mending = Entry {
            act: Act::ConfigurationReloaded,
            ..entry(2)
        };
        store.audit(home, vec![mending]).await.unwrap();
        assert_eq!(on_record(&store, home, 9).await.len(), 1);
        store.stop().await;
    });
}
