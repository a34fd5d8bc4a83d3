//! How the index finds what desks did.

use tempfile::TempDir;

use super::*;
use crate::{
    domain::area::County,
    store::{
        conformance::every_act,
        embedded::{
            open,
            stage::{Finished, Stage},
            working,
        },
    },
};

/// One group of so many acts of each home area in turn; the entries that tell of them.
fn entries_of(turns: &[(County, usize)]) -> usize {
    let directory = TempDir::new().unwrap();
    let mut opened = open::open(directory.path(), 1 << 20, masters()).unwrap();
    let mut stage = Stage::new(
        &opened.places,
        &mut opened.state,
        &mut opened.chains,
        opened.end,
        Vec::new(),
    );
    let mut numbers = 0..;
    for (home, count) in turns {
        for number in numbers.by_ref().take(*count) {
            let act = every_act(number).remove(0);
            assert!(working::work(&mut stage, working::record(*home, act)).is_ok());
        }
    }
    let end = opened.end.plus(stage.len() as u64);
    let Finished { changes, .. } = stage.finish(end).unwrap();
    changes
        .keys()
        .filter(|key| key.first() == Some(&b'A'))
        .count()
}

#[test]
fn one_entry_of_the_index_tells_of_some_acts_of_one_home_area() {
    let [here, there] = [here().from, here().to];
    assert_eq!(entries_of(&[(here, 256)]), 1);
    assert_eq!(entries_of(&[(here, 2), (there, 2), (here, 2)]), 2);
    let turns: Vec<_> = [(here, 1), (there, 1)].repeat(129);
    assert_eq!(
        entries_of(&turns),
        4,
        "they are no longer than can be written anew"
    );
}
