//! A long record is verified in the memory of a short one, measured on the process.
//!
//! Alone in its file, so that no other test adds to the peak.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "harness/memory.rs"]
mod memory;

use std::{fs, path::Path};

use hongyan::{
    domain::{
        area::County,
        audit::{Act, Came, Counts, Entry, LOCAL, On, Purpose, Who},
        notice::NoticeId,
    },
    store::{Beside, EmbeddedLimits, Store, verify_audit},
    trust::master_key::MasterKeys,
};

use self::memory::peak;

/// Some 60 MB of journal, in one segment.
const ACTS: u64 = 200_000;
/// Less than a tenth of that.
const BOUND: usize = 6 << 20;

fn act(number: u64) -> Entry {
    Entry {
        at_ms: 1_795_000_000_000,
        who: Who::Office("spiffe://hongyan.test/area/350582/office/desk-1".into()),
        role: "clerk,integrator".into(),
        from: LOCAL.into(),
        act: Act::NoticeRead,
        on: vec![On::Notice(NoticeId::new([1; 8], number))],
        purpose: Purpose::Duty,
        came: Came::Done,
        counts: Counts::of(1),
    }
}

fn fill(data: &Path, count: u64) {
    let home: County = "350582".parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let limits = EmbeddedLimits {
            low_bytes: 0,
            ballast_bytes: 0,
            segment_bytes: 1 << 30,
            ..EmbeddedLimits::default()
        };
        let masters = MasterKeys::create(&data.with_extension("key")).unwrap();
        let (store, _) = Store::open_embedded(data, limits, [1; 8], masters).unwrap();
        for part in 0..count / 500 {
            let acts = (0..500).map(|number| act(part * 500 + number)).collect();
            store.audit(home, acts).await.unwrap();
        }
        store.stop().await;
    });
}

#[test]
fn two_hundred_thousand_acts_are_verified_in_the_memory_of_a_thousand() {
    let dir = tempfile::tempdir().unwrap();
    let (short, long) = (dir.path().join("short"), dir.path().join("long"));
    fill(&short, 1_000);
    fill(&long, ACTS);
    let journal = fs::read_dir(long.join("journal")).unwrap();
    let bytes: u64 = journal
        .map(|it| it.unwrap().metadata().unwrap().len())
        .sum();
    assert!(bytes > 40 << 20, "{bytes}");
    // What is set up once counts for neither.
    verify_audit(&short, Beside::ARunningNode, &[]).unwrap();
    // Forgets the peak of before.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = peak();
    let report = verify_audit(&long, Beside::ARunningNode, &[]).unwrap();
    let more = peak() - before;
    assert_eq!(report.ends.values().next().unwrap().0, ACTS);
    assert!(more < BOUND, "{} KiB more", more >> 10);
}
