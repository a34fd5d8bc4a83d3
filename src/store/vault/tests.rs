//! Keys that were drawn, wrapped, read again, lost.

use std::collections::HashSet;

use bytes::Bytes;
use tempfile::TempDir;

use super::*;
use crate::store::journal::{
    group::{GroupWriter, read_group},
    record::{PlaceUsed, Position, Record},
};

fn masters(numbers: &[u8]) -> MasterKeys {
    MasterKeys::of_test(numbers)
}

fn open(data: &TempDir, numbers: &[u8], held: Held) -> Result<Vault, VaultError> {
    Vault::open(data.path(), masters(numbers), held)
}

/// What an entry that was sealed so says once it stands in the journal.
fn written(seal: Arc<Seal>, text: &'static [u8]) -> Payload {
    let record = Record::PlaceUsed(PlaceUsed {
        channel: crate::store::conformance::here(),
        sequence: crate::domain::channel::Sequence::new(1),
        digest: Default::default(),
        id: None,
        outcome: crate::domain::receipt::Outcome::Stored,
        at_ms: 1,
        known: false,
        payload: Payload::sealed(Bytes::from_static(text), seal),
    });
    let mut group = GroupWriter::new(Position::START, Vec::new());
    assert!(group.push(record, None).is_ok());
    let bytes = Bytes::from(group.finish());
    assert!(!bytes.windows(text.len()).any(|window| window == text));
    let mut placed = read_group(&bytes, Position::START, |_, _| {}).unwrap();
    match placed.remove(0).record {
        Record::PlaceUsed(used) => used.payload,
        _ => unreachable!(),
    }
}

fn files(data: &TempDir) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(data.path().join("keys"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn path_of(data: &TempDir, number: u64) -> PathBuf {
    block::path_of(&data.path().join("keys"), number)
}

#[test]
fn what_was_sealed_is_opened_after_the_next_start_and_no_slot_is_given_twice() {
    let data = TempDir::new().unwrap();
    let mut slots = HashSet::new();
    let mut sealed = Vec::new();
    for start in 0..3 {
        let held = if start == 0 {
            Held::Nothing
        } else {
            Held::Journal
        };
        let vault = open(&data, &[1], held).unwrap();
        vault.draw_ahead();
        for _ in 0..6_000 {
            let seal = vault.seal_anew().unwrap();
            assert!(slots.insert(seal.slot));
        }
        let seal = vault.seal_anew().unwrap();
        let again = vault.seal_at(seal.slot).unwrap().unwrap();
        assert_ne!(seal.nonce, again.nonce);
        sealed.extend([(written(seal, b"one")), written(again, b"two")]);
        for (payload, text) in sealed.iter().zip([b"one", b"two"].iter().cycle()) {
            let opened = vault.open_payload(payload).unwrap().unwrap();
            assert_eq!(opened, text[..]);
        }
        assert!(vault.check().unwrap() > 2);
    }
}

#[test]
fn another_master_key_is_named_and_opens_nothing() {
    let data = TempDir::new().unwrap();
    let vault = open(&data, &[1], Held::Nothing).unwrap();
    let payload = written(vault.seal_anew().unwrap(), b"said");
    let key = vault.index_key().office_hash(b"office");
    drop(vault);
    let error = open(&data, &[2], Held::Journal).err().unwrap();
    assert!(matches!(&error, VaultError::WrongKey { .. }), "{error}");
    let [right, wrong] = [1, 2].map(|number| masters(&[number]).first().id().to_string());
    let told = error.to_string();
    assert!(told.contains(&right) && told.contains(&wrong), "{told}");
    let vault = open(&data, &[2, 1], Held::Journal).unwrap();
    assert_eq!(vault.open_payload(&payload).unwrap().unwrap(), "said");
    assert_eq!(vault.index_key().office_hash(b"office"), key);
}

#[test]
fn keys_that_are_gone_are_not_made_anew_where_a_journal_needs_them() {
    let data = TempDir::new().unwrap();
    let missing = |held| {
        let error = open(&data, &[1], held).err();
        matches!(error, Some(VaultError::Missing { .. }))
    };
    assert!(missing(Held::Journal));
    drop(open(&data, &[1], Held::Nothing).unwrap());
    let vault = open(&data, &[1], Held::Journal).unwrap();
    let payload = written(vault.seal_anew().unwrap(), b"said");
    drop(vault);
    let [node, block] =
        [NODE, payload.slot().unwrap().block()].map(|number| path_of(&data, number));
    fs::remove_file(block).unwrap();
    let vault = open(&data, &[1], Held::Journal).unwrap();
    let error = vault.open_payload(&payload).err();
    assert!(matches!(error, Some(VaultError::Missing { .. })));
    vault.seal_anew().unwrap();
    drop(vault);
    fs::remove_file(node).unwrap();
    assert!(missing(Held::Nothing), "other blocks are there");
}

#[test]
fn whatever_rots_in_a_block_is_named_and_never_a_wrong_key() {
    let data = TempDir::new().unwrap();
    let vault = open(&data, &[1], Held::Nothing).unwrap();
    let payload = written(vault.seal_anew().unwrap(), b"said");
    drop(vault);
    let block = path_of(&data, payload.slot().unwrap().block());
    let whole = fs::read(&block).unwrap();
    let mut spoilt: Vec<Vec<u8>> = [0, whole.len() / 2, whole.len() - 1]
        .map(|len| whole[..len].to_vec())
        .into();
    spoilt.extend((0..whole.len()).step_by(7).map(|at| {
        let mut rotten = whole.clone();
        rotten[at] ^= 0x10;
        rotten
    }));
    for bytes in spoilt {
        fs::write(&block, bytes).unwrap();
        let error = match open(&data, &[1], Held::Journal) {
            Ok(vault) => vault.open_payload(&payload).err(),
            Err(error) => Some(error),
        };
        match error {
            Some(VaultError::Damaged { path }) => assert_eq!(path, block),
            error => panic!("{:?}", error.map(|error| error.to_string())),
        }
    }
}

#[test]
fn a_change_of_the_master_key_leaves_nothing_wrapped_by_the_old_one() {
    let data = TempDir::new().unwrap();
    let vault = open(&data, &[1], Held::Nothing).unwrap();
    let payload = written(vault.seal_anew().unwrap(), b"said");
    let left = |numbers| not_wrapped_by(data.path(), &masters(numbers)).unwrap();
    // The next one may be drawn at any moment.
    let blocks = || {
        let names = files(&data).into_iter();
        names
            .filter(|path| path.extension() != Some("new".as_ref()))
            .count() as u64
    };
    let least = blocks();
    assert_eq!(left(&[1]), 0);
    assert!(left(&[2, 1]) >= least);
    assert!(not_wrapped_by(data.path(), &masters(&[2])).is_err());
    let error = vault.wrap_by(masters(&[2])).err();
    assert!(matches!(error, Some(VaultError::WrongKey { .. })));
    // Nothing has changed: what is drawn now is wrapped by the old one.
    for _ in 0..2_000 {
        vault.seal_anew().unwrap();
    }
    assert_eq!(left(&[1]), 0);
    let least = blocks();
    assert!(vault.wrap_by(masters(&[2, 1])).unwrap() >= least);
    assert_eq!(left(&[2]), 0);
    for _ in 0..9_000 {
        vault.seal_anew().unwrap();
    }
    assert_eq!(vault.wrap_by(masters(&[2, 1])).unwrap(), 0);
    assert_eq!(vault.open_payload(&payload).unwrap().unwrap(), "said");
    drop(vault);
    assert!(open(&data, &[1], Held::Journal).is_err());
    let vault = open(&data, &[2], Held::Journal).unwrap();
    assert_eq!(vault.open_payload(&payload).unwrap().unwrap(), "said");
}

#[test]
fn a_block_that_was_being_written_when_the_power_failed_is_swept_away() {
    let data = TempDir::new().unwrap();
    drop(open(&data, &[1], Held::Nothing).unwrap());
    fs::write(data.path().join("keys/00000000abcd.new"), b"half").unwrap();
    drop(open(&data, &[1], Held::Nothing).unwrap());
    assert_eq!(files(&data).len(), 1);
}

#[test]
fn a_destroyed_key_opens_nothing_now_and_after_the_next_start_and_the_others_stay() {
    let data = TempDir::new().unwrap();
    let vault = open(&data, &[1], Held::Nothing).unwrap();
    let [gone, stays, other] = [b"gone" as &[u8], b"stays", b"other"]
        .map(|text| written(vault.seal_anew().unwrap(), text));
    let slots = [&gone, &other].map(|payload| payload.slot().unwrap());
    let nowhere = Slot::at(0x1234_5678_9abc, 3);
    for _ in 0..2 {
        vault.destroy(&[slots[0], nowhere, slots[1]]).unwrap();
        for payload in [&gone, &other] {
            assert_eq!(vault.open_payload(payload).unwrap(), None);
            assert!(vault.seal_at(payload.slot().unwrap()).unwrap().is_none());
        }
        assert_eq!(vault.open_payload(&stays).unwrap().unwrap(), "stays");
    }
    // The block that is being used goes on behind the gap.
    {
        let fresh = vault.fresh();
        let (block, _) = fresh.open.as_ref().unwrap();
        assert!(matches!(block.place(slots[0].place()), Place::Destroyed));
    }
    let later = written(vault.seal_anew().unwrap(), b"later");
    assert!(!slots.contains(&later.slot().unwrap()));
    vault.destroy(&[Slot::at(NODE, INDEX_KEY)]).unwrap();
    drop(vault);
    let vault = open(&data, &[1], Held::Journal).unwrap();
    assert_eq!(vault.open_payload(&gone).unwrap(), None);
    assert_eq!(vault.open_payload(&stays).unwrap().unwrap(), "stays");
    assert_eq!(vault.open_payload(&later).unwrap().unwrap(), "later");
}
