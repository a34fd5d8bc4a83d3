//! References against a plain map, through closings, forgetting and loading.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// A group with uses of these references.
    Group(Vec<u16>),
    /// A day goes by, and what is older than so many days is forgotten.
    Forget(u32),
    /// The node starts again.
    Load,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => prop::collection::vec(0..400_u16, 1..90).prop_map(Step::Group),
        1 => (0..3_u32).prop_map(Step::Forget),
        2 => Just(Step::Load),
    ];
    prop::collection::vec(step, 1..30)
}

fn hash(number: u16) -> Hash {
    // Keyed hashes are spread evenly; so are these.
    let spread = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    spread.to_be_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn they_are_found_where_they_were_last_used(steps in steps()) {
        let directory = tempfile::tempdir().unwrap();
        let index = Index::open(&directory.path().join("index"), 16 << 20).unwrap();
        let county: County = "350582".parse().unwrap();
        let (mut references, mut model) = (References::default(), HashMap::new());
        let (mut at, mut day) = (0_u64, 1_000_u32);
        let mut forgotten = 0;
        for step in steps {
            let mut changes = Changes::new();
            match step {
                Step::Group(numbers) => {
                    for number in numbers {
                        at += 1;
                        let last = Use { at: Position::new(at), len: 7, day };
                        references.used(county, hash(number), last);
                        model.insert(number, last);
                    }
                }
                Step::Forget(days) => {
                    day += 1;
                    forgotten = forgotten.max(day - days);
                    references.forget(&index, county, forgotten, &mut changes).unwrap();
                }
                Step::Load => references = References::load(&index).unwrap(),
            }
            references.write(&mut changes);
            index.apply(changes).unwrap();
            for number in 0..410 {
                let found = references.find(&index, county, &hash(number)).unwrap();
                let expected = model.get(&number).copied();
                let counts = |last: &Use| last.day >= forgotten;
                prop_assert_eq!(found.filter(counts), expected.filter(counts), "{}", number);
            }
        }
        references.forget(&index, county, u32::MAX, &mut Changes::new()).unwrap();
        prop_assert_eq!(references.leaving(county, u32::MAX), 0);
    }
}

#[test]
fn the_index_has_no_entry_a_reference() {
    let directory = tempfile::tempdir().unwrap();
    let index = Index::open(&directory.path().join("index"), 16 << 20).unwrap();
    let county: County = "350582".parse().unwrap();
    let mut references = References::default();
    let entries = || index.from(b"", b"").count();
    let before = entries();
    for number in 0..1_000 {
        let last = Use {
            at: Position::new(u64::from(number)),
            len: 7,
            day: 1_000,
        };
        references.used(county, hash(number), last);
        let mut changes = Changes::new();
        references.write(&mut changes);
        index.apply(changes).unwrap();
    }
    assert!(entries() - before < 100, "{}", entries() - before);
    let mut changes = Changes::new();
    references
        .forget(&index, county, 1_001, &mut changes)
        .unwrap();
    references.write(&mut changes);
    index.apply(changes).unwrap();
    assert_eq!(entries(), before);
}
