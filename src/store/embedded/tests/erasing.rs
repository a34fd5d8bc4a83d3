//! Erasures that a kill or a restore comes between.

use tempfile::TempDir;

use super::*;
use crate::{
    domain::notice::NoticeId,
    store::{
        conformance::{erase, reply, says, to_erase},
        embedded::maintenance::check,
        erasures::path_of,
    },
};

/// A case of a few notices, and one beside it.
async fn told(store: &Arc<dyn Backend>) -> [NoticeId; 3] {
    let accepted = store
        .publish(vec![outgoing("r-0", 0), outgoing("r-1", 1)])
        .await;
    let [case, other] = [0, 1].map(|at: usize| accepted[at].as_ref().unwrap().id);
    let message = reply("r-2", crate::domain::notice::Kind::Message, case);
    let message = store.publish(vec![message]).await.remove(0).unwrap().id;
    [case, message, other]
}

/// A data directory, a copy of before the erasure, and the ids.
fn erased(data: &Path, before: &Path) -> [NoticeId; 3] {
    let (store, _) = open(data).unwrap();
    let ids = block_on(async {
        let ids = told(&store).await;
        store.stop().await;
        ids
    });
    drop(store);
    copy(data, before, true);
    let (store, _) = open(data).unwrap();
    block_on(async {
        let erased = erase(&store, to_erase(ids[0], &ids[..2])).await;
        assert!(erased.is_some());
        store.stop().await;
    });
    ids
}

/// That an opening of the directory leaves nothing of her, and all of the other one.
fn is_gone(data: &Path, [case, message, other]: [NoticeId; 3]) {
    for _ in 0..2 {
        let (store, _) = open(data).unwrap();
        block_on(async {
            assert!(!says(&store, case).await);
            assert!(!says(&store, message).await);
            assert!(says(&store, other).await);
            let known = store.erasures(here().from, Position::START, 9).await;
            assert_eq!(known.unwrap().len(), 1);
            store.stop().await;
        });
    }
    check(data, masters()).unwrap();
}

#[test]
fn a_copy_of_before_with_the_newest_list_does_not_bring_her_back() {
    let [data, before] = [(); 2].map(|()| TempDir::new().unwrap());
    let ids = erased(data.path(), before.path());
    let list = fs::read(path_of(data.path())).unwrap();
    fs::write(path_of(before.path()), &list).unwrap();
    is_gone(before.path(), ids);
    assert_eq!(fs::read(path_of(before.path())).unwrap(), list);
    // Without an index likewise.
    fs::remove_dir_all(before.path().join("index")).unwrap();
    is_gone(before.path(), ids);
}

#[test]
fn what_a_kill_left_undone_the_next_start_does() {
    let [data, before] = [(); 2].map(|()| TempDir::new().unwrap());
    let ids = erased(data.path(), before.path());
    let list = fs::read(path_of(data.path())).unwrap();
    // Killed between the list and the keys, and between the group and the list.
    for listed in [true, false] {
        fs::remove_dir_all(data.path().join("keys")).unwrap();
        copy_tree(&before.path().join("keys"), &data.path().join("keys"));
        if !listed {
            fs::remove_file(path_of(data.path())).unwrap();
        }
        is_gone(data.path(), ids);
        assert_eq!(fs::read(path_of(data.path())).unwrap(), list);
    }
}

#[test]
fn a_copy_that_never_knew_her_takes_the_list_too() {
    let [data, before] = [(); 2].map(|()| TempDir::new().unwrap());
    erased(data.path(), before.path());
    let fresh = TempDir::new().unwrap();
    fs::copy(path_of(data.path()), path_of(fresh.path())).unwrap();
    for _ in 0..2 {
        let (store, _) = open(fresh.path()).unwrap();
        let known = block_on(store.erasures(here().from, Position::START, 9));
        assert_eq!(known.unwrap().len(), 1);
        block_on(store.stop());
    }
}

#[test]
fn a_list_that_was_changed_stops_the_start() {
    let [data, before] = [(); 2].map(|()| TempDir::new().unwrap());
    erased(data.path(), before.path());
    let list = fs::read_to_string(path_of(data.path())).unwrap();
    // The chain proves no last line, but the journal does.
    let changed = list.replacen("person_asked", "entered_in_error", 1);
    for text in [changed, list.replacen("\"number\":1", "\"number\":2", 1)] {
        fs::write(path_of(data.path()), text).unwrap();
        let error = open(data.path()).err().unwrap();
        assert!(matches!(error, OpenError::Erasures(_)), "{error}");
    }
    fs::write(path_of(data.path()), list).unwrap();
    open(data.path()).unwrap();
}

#[test]
fn what_a_set_back_node_had_erased_does_not_come_back_with_what_it_asks_for_once_more() {
    let [data, fresh] = [(); 2].map(|()| TempDir::new().unwrap());
    let [erased, stays] = [1, 2].map(|counter| NoticeId::new([9; 8], counter));
    let (store, _) = open(data.path()).unwrap();
    block_on(async {
        store.receive(Sender::new().parcel(2)).await.unwrap();
        let done = erase(&store, to_erase(erased, &[erased])).await;
        assert!(done.is_some());
        store.stop().await;
    });
    // All of its journal is gone, and its list is there.
    fs::copy(path_of(data.path()), path_of(fresh.path())).unwrap();
    let (store, _) = open(fresh.path()).unwrap();
    block_on(async {
        let statement = bytes::Bytes::from_static(b"signed");
        let asks = store.adopt_in(here().opposite(), Sequence::new(2), statement, 1);
        asks.await.unwrap();
        store.receive(Sender::new().parcel(2)).await.unwrap();
    });
    let mut store = Some(store);
    for _ in 0..2 {
        let store = match store.take() {
            Some(store) => store,
            None => open(fresh.path()).unwrap().0,
        };
        block_on(async {
            assert!(!says(&store, erased).await);
            assert!(says(&store, stays).await);
            store.stop().await;
        });
    }
}
