use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use tempfile::TempDir;

use super::*;

const CACHE: u64 = 8 << 20;

/// Numbers that are drawn again from the same seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        // Numerical Recipes' linear congruential generator.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn key(&mut self) -> Vec<u8> {
        let prefix = [b'a', b'b', 0xff][self.below(3) as usize];
        vec![prefix, self.below(12) as u8]
    }
}

fn all(found: impl Iterator<Item = Result<(IVec, IVec), IndexError>>) -> Vec<(Vec<u8>, Vec<u8>)> {
    found
        .map(|entry| entry.unwrap())
        .map(|(key, value)| (key.to_vec(), value.to_vec()))
        .collect()
}

#[test]
fn it_answers_as_one_ordered_map_wherever_its_parts_lie() {
    for seed in 0..20 {
        let directory = TempDir::new().unwrap();
        let index = Index::open(&directory.path().join("index"), CACHE).unwrap();
        index.apply([(VERSION.to_vec(), None)]).unwrap();
        let mut model = BTreeMap::new();
        let mut draw = Draw(seed);
        for step in 0..150_u64 {
            let changes: BTreeMap<_, _> = (0..draw.below(6))
                .map(|_| {
                    let value = (draw.below(3) > 0).then(|| step.to_be_bytes().to_vec());
                    (draw.key(), value)
                })
                .collect();
            for (key, value) in &changes {
                match value {
                    Some(value) => model.insert(key.clone(), value.clone()),
                    None => model.remove(key),
                };
            }
            index.apply(changes).unwrap();
            if draw.below(8) == 0 {
                index.flush().unwrap();
            }
            let (key, from) = (draw.key(), draw.key());
            let prefix = &from[..1];
            assert_eq!(
                index.get(&key).unwrap().map(|value| value.to_vec()),
                model.get(&key).cloned()
            );
            let entry = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
            let within = |(key, _): &(&Vec<u8>, &Vec<u8>)| key.starts_with(prefix);
            let up: Vec<_> = model
                .range(from.clone()..)
                .filter(within)
                .map(entry)
                .collect();
            assert_eq!(
                all(index.from(prefix, &from)),
                up,
                "seed {seed}, step {step}"
            );
            let down: Vec<_> = model
                .range(prefix.to_vec()..=from.clone())
                .rev()
                .map(entry)
                .collect();
            assert_eq!(all(index.down_from(prefix, &from)), down);
            let floor = index.floor(prefix, &from).unwrap();
            assert_eq!(all(floor.map(Ok).into_iter()).first(), down.first());
            assert_eq!(all(index.from(b"", b"")).len(), model.len());
        }
    }
}

#[test]
fn a_reader_misses_nothing_while_changes_become_part_of_the_tree() {
    let directory = TempDir::new().unwrap();
    let index = Index::open(&directory.path().join("index"), CACHE).unwrap();
    let key = |number: u16| [b"k".as_slice(), &number.to_be_bytes()].concat();
    // Even keys stay, odd ones come and go.
    index
        .apply((0..400).step_by(2).map(|n| (key(n), Some(vec![0]))))
        .unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..60_u16 {
                for n in (1..400).step_by(2) {
                    let value = (round % 2 == 0).then(|| vec![1]);
                    index
                        .apply([(key(n), value), (key(n - 1), Some(vec![2]))])
                        .unwrap();
                }
                index.flush().unwrap();
            }
            done.store(true, Ordering::Release);
        });
        let mut looks = 0;
        while !done.load(Ordering::Acquire) || looks == 0 {
            let up = all(index.from(b"k", b"k"));
            let mut down = all(index.down_from(b"k", &key(u16::MAX)));
            down.reverse();
            for found in [up, down] {
                assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0));
                let staying = found.iter().filter(|(key, _)| key[2] % 2 == 0).count();
                assert_eq!(staying, 200);
            }
            looks += 1;
        }
    });
    let left = all(index.from(b"k", b"k")).len();
    assert_eq!(left, 200, "what was removed is seen no more");
}

#[test]
fn what_was_flushed_is_there_after_the_process() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("index");
    let index = Index::open(&path, CACHE).unwrap();
    index.apply([(b"a".to_vec(), Some(vec![1]))]).unwrap();
    index.flush().unwrap();
    drop(index);
    let index = Index::open(&path, CACHE).unwrap();
    assert_eq!(index.get(b"a").unwrap().unwrap(), [1]);
}

#[test]
fn who_applies_hears_that_the_tree_has_failed() {
    let directory = TempDir::new().unwrap();
    let index = Index::open(&directory.path().join("index"), CACHE).unwrap();
    index.break_by(Some(Fault::WriteFails));
    index.apply([(b"a".to_vec(), Some(vec![1]))]).unwrap();
    index.flush().unwrap_err();
    index.apply([(b"b".to_vec(), Some(vec![2]))]).unwrap_err();
    // What was read before is read still.
    assert_eq!(index.get(b"a").unwrap().unwrap(), [1]);
}
