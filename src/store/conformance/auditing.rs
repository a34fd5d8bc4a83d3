//! Laws about acts on record.

use super::*;
use crate::{
    domain::audit::{Act, Came, Counts, Entry, On, Purpose, Who},
    store::journal::{audited::Audited, record::Position},
};

pub(crate) fn entry(number: usize) -> Entry {
    Entry {
        at_ms: 1_795_000_000_000 + number as i64,
        who: Who::Office("spiffe://hongyan.test/area/350582/office/desk-1".into()),
        role: "clerk".into(),
        from: "127.0.0.1:9".into(),
        act: Act::NoticeRead,
        on: vec![On::Notice(NoticeId::new([1; 8], number as u64))],
        purpose: Purpose::Duty,
        came: Came::Done,
        counts: Counts::of(1),
    }
}

/// Everything on record of a home area, page by page, the oldest first.
pub(crate) async fn on_record(
    store: &Arc<dyn Backend>,
    home: County,
    limit: usize,
) -> Vec<(Position, Audited)> {
    let (mut all, mut after) = (Vec::new(), Position::START);
    loop {
        let part = AuditPart::Behind(after);
        let page = store.audited(home, part, limit).await.unwrap();
        assert!(page.len() <= limit);
        let Some((last, _)) = page.last() else {
            return all;
        };
        assert!(*last > after, "it would never end");
        after = *last;
        all.extend(page);
    }
}

/// Acts are numbered without gaps from 1 on, each names the digest of the one before it, and they are
/// read back as they were said, in either order, page by page, whatever else came between; and so after
/// a reopening. Each home area has its own.
pub(crate) async fn acts_on_record_are_a_chain(open: Open<'_>) {
    let there = here().to;
    let store = open();
    let mut sender = Sender::new();
    let mut said = Vec::new();
    for round in 0..4 {
        let acts: Vec<Entry> = (0..5).map(|it| entry(round * 10 + it)).collect();
        said.extend(acts.clone());
        store.audit(home(), acts).await.unwrap();
        let published = outgoing(&format!("r-{round}"), 1);
        store.publish(vec![published]).await.remove(0).unwrap();
        receive(&store, sender.parcel(2)).await;
        let along = entry(round * 10 + 9);
        said.push(along.clone());
        store.audit_along(home(), vec![along]).await.unwrap();
        store.audit(there, vec![entry(round)]).await.unwrap();
    }
    // More at once than is read at once.
    let many: Vec<Entry> = (100..400).map(entry).collect();
    said.extend(many.clone());
    store.audit(home(), many).await.unwrap();
    let read = async |store: &Arc<dyn Backend>, said: &[Entry]| {
        for limit in [1, 7, 1_000] {
            let all = on_record(store, home(), limit).await;
            let mut previous = Digest::default();
            assert_eq!(all.len(), said.len());
            for (number, ((_, audited), said)) in (1..).zip(all.iter().zip(said)) {
                assert_eq!((audited.number, &audited.entry), (number, said));
                assert_eq!((audited.home, audited.previous), (home(), previous));
                previous = audited.digest();
            }
            let mut back = Vec::new();
            let mut before = Position::new(u64::MAX);
            loop {
                let part = AuditPart::Before(before);
                let page = store.audited(home(), part, limit).await.unwrap();
                let Some((last, _)) = page.last() else { break };
                before = *last;
                back.extend(page);
            }
            back.reverse();
            assert!(back == all, "in pages of {limit}");
        }
        assert_eq!(on_record(store, there, 3).await.len(), 4);
        let nobodys = "370211".parse().unwrap();
        assert_eq!(on_record(store, nobodys, 3).await, []);
    };
    read(&store, &said).await;
    store.stop().await;
    drop(store);
    let store = open();
    read(&store, &said).await;
    // What comes after goes on from there.
    store.audit(home(), vec![entry(500)]).await.unwrap();
    said.push(entry(500));
    read(&store, &said).await;
    store.stop().await;
}

/// A publication is on record with its notices, with how many of them came to what; what brought
/// nothing is not.
pub(crate) async fn a_publication_is_on_record_with_its_notices(open: Open<'_>) {
    let store = open();
    let publish = async |items: Vec<Outgoing>| {
        let act = Entry {
            on: Vec::new(),
            counts: Counts::default(),
            ..entry(1)
        };
        store.publish_on_record(items, Some((home(), act))).await
    };
    let counts = async || {
        let all = on_record(&store, home(), 100).await;
        let newest = all.last().map(|(_, audited)| audited.entry.clone());
        (all.len(), newest.map(|entry| (entry.counts, entry.on)))
    };
    let alone = publish(vec![outgoing("r-1", 1)]).await.remove(0).unwrap();
    let one = (Counts::of(1), vec![On::Notice(alone.id)]);
    assert_eq!(counts().await, (1, Some(one)));
    let conflict = outgoing("r-1", 2);
    assert!(publish(vec![conflict]).await[0].is_err());
    assert_eq!(counts().await.0, 1);
    let items = vec![
        outgoing("r-1", 1),
        outgoing("r-2", 1),
        outgoing("r-2", 1),
        outgoing("r-2", 3),
    ];
    publish(items).await;
    let some = Counts {
        done: 1,
        repeated: 2,
        refused: 1,
    };
    assert_eq!(counts().await, (2, Some((some, vec![]))));
    store.stop().await;
}
