//! Files of the node's directory as a bad disk, a bad editor or a bad copy leaves them: a running
//! node says so and goes on with what it had, and one that starts says so and does not.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    draw::Draw,
    grpc::{Connection, Status},
    harness::{Build, County, Node, World, departure, eventually, one_error},
};

use super::{assert_unshaken, mutation::flip, mutations};

/// The files that a node reads anew, below its directory.
const FILES: [&str; 8] = [
    "node.toml",
    "holidays.toml",
    "agreements/350582-530111.toml",
    "peers/530111.toml",
    "tls/crl.pem",
    "tls/node.crt",
    "office/ca.crt",
    "office/crl.pem",
];

/// The bytes of a file, and what became of them.
fn spoilt(draw: &mut Draw, bytes: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let at = draw.below(lines.len());
    match draw.below(7) {
        0 => bytes[..draw.below(bytes.len())].to_vec(),
        // A line twice, a line too many, a line too few.
        1 => [lines[..=at].concat(), lines[at..].concat()].concat(),
        2 => [
            &lines[..at].concat(),
            &b"unknown = 1\n"[..],
            &lines[at..].concat(),
        ]
        .concat(),
        3 => [lines[..at].concat(), lines[at + 1..].concat()].concat(),
        4 => (0..draw.below(300))
            .map(|_| draw.below(256) as u8)
            .collect(),
        _ => flip(draw, bytes),
    }
}

/// Puts bytes in the place of a file as a whole.
fn put(path: &Path, bytes: &[u8]) {
    let new = path.with_extension("new");
    fs::write(&new, bytes).unwrap();
    fs::rename(new, path).unwrap();
}

/// Asks a running node to read its directory; none if it lets nobody ask.
fn reload(county: &County) -> Option<Status> {
    let mut connection = Connection::connect(county.office_port(), &county.operator());
    connection.ask_unless_cut("/hongyan.office.v1.Office/Reload", &[])
}

/// How often the log of a node says that it has no connection to somebody any more, and why.
fn turned_away(node: &Node) -> usize {
    let log = node.log();
    let words = ["Cut a connection.", "Turned a connection away."];
    let lines = log.lines();
    lines
        .filter(|line| words.iter().any(|words| line.contains(words)))
        .count()
}

/// The files in turn, each with what it should hold; the table of holidays is put there first.
fn files(county: &County) -> Vec<(PathBuf, Vec<u8>)> {
    let holidays = include_bytes!("../../../config/holidays.toml");
    put(&county.dir.join("holidays.toml"), holidays);
    let paths = FILES.iter().map(|file| county.dir.join(file));
    let there = paths.filter(|path| path.exists());
    there
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn a_running_node_goes_on_whatever_is_written_into_its_files() {
    let (_world, jinjiang, guandu) = World::two_counties_of(Build::Sound);
    let (here, there) = (jinjiang.start(), guandu.start());
    let mut draw = Draw::new("spoilt files of a running node");
    let files = files(&jinjiang);
    let mut connection = Connection::connect(jinjiang.office_port(), &jinjiang.operator());
    for round in 0..mutations() {
        let (path, proper) = &files[round % files.len()];
        let before = turned_away(&here);
        put(path, &spoilt(&mut draw, proper));
        match connection.ask_unless_cut("/hongyan.office.v1.Office/Reload", &[]) {
            Some(status) => {
                // Done, refused with the reason, or not this office's to ask any more.
                let precise = matches!(status.code, 0 | 7 | 9 | 16);
                assert!(precise, "{}: {status:?}", path.display());
                assert!(status.code == 0 || !status.message.is_empty());
            }
            // What was read no longer lets it in: then the node says so in its log alone.
            None => eventually("the log says why", || turned_away(&here) > before),
        }
        put(path, proper);
        // By itself, if nobody may ask for it.
        eventually("what is right is taken up again", || {
            reload(&jinjiang).is_some_and(|status| status.code == 0)
        });
        connection = Connection::connect(jinjiang.office_port(), &jinjiang.operator());
    }
    jinjiang.publish(&[departure(1)]).expect(0);
    jinjiang.wait_until_answered();
    assert_eq!(guandu.subscribe("desk", 1, 20).len(), 1);
    for node in [&here, &there] {
        assert_unshaken(node);
    }
    assert!(here.stop().success());
}

#[test]
fn a_node_starts_or_says_why_not_whatever_is_written_into_its_files() {
    let (_world, jinjiang, guandu) = World::two_counties_of(Build::Sound);
    let mut draw = Draw::new("spoilt files of a node that starts");
    let files = files(&jinjiang);
    for round in 0..mutations() {
        let (path, proper) = &files[round % files.len()];
        put(path, &spoilt(&mut draw, proper));
        match Node::spawn(jinjiang.command(&["serve"])) {
            Ok(node) => assert!(node.stop().success(), "{}", path.display()),
            Err(said) => {
                one_error(&said, said.code);
                assert!(matches!(said.code, 1 | 2), "{said:?}");
            }
        }
        put(path, proper);
    }
    let (here, _there) = (jinjiang.start(), guandu.start());
    jinjiang.publish(&[departure(1)]).expect(0);
    jinjiang.wait_until_answered();
    assert_unshaken(&here);
}
