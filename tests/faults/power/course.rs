//! What two counties did while everything that they did to their disks was written down, and the
//! book of what their offices were told meanwhile.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Write},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use serde_json::Value;

use super::{
    disk::{Disk, Files, files_of},
    trace::{self, Event},
};
use crate::harness::{Build, County, Node, World, copy, departure, edit};

/// A county whose disk is watched.
pub struct Watched {
    pub county: County,
    /// The node's directory before it first ran.
    pub before: PathBuf,
    /// Everything that it did to its data, over all its lives.
    pub events: Vec<Event>,
    disk: Disk,
    lives: PathBuf,
}

impl Watched {
    fn new(world: &World, county: County) -> Self {
        edit(&county.dir.join("node.toml"), |text| {
            let mut document: toml::Table = text.parse().unwrap();
            document["limits"]["segment_bytes"] = SEGMENT.into();
            toml::to_string(&document).unwrap()
        });
        let before = world.path(&format!("{}-before", county.area));
        copy(&county.dir, &before);
        let held = files_of(&before.join("data"));
        Self {
            before,
            events: Vec::new(),
            disk: Disk::new(&county.dir.join("data"), held),
            lives: world.path(&format!("{}-life", county.area)),
            county,
        }
    }

    /// The disk as it was before, to be led through the events.
    pub fn disk(&self) -> Disk {
        let held = files_of(&self.before.join("data"));
        Disk::new(&self.county.dir.join("data"), held)
    }

    fn start(&self) -> Node {
        trace::start(&self.county, &self.lives)
    }

    fn stop(&mut self, node: Node) {
        let id = node.id();
        assert!(node.stop().success());
        self.ended(id);
    }

    fn kill(&mut self, node: Node) {
        let id = node.id();
        node.kill();
        self.ended(id);
    }

    /// Follows what it did in the life that ended; what the disk then holds in theory must be what
    /// it holds.
    fn ended(&mut self, node: u32) {
        let data = self.county.dir.join("data");
        let recorded = trace::read(&self.lives, node, &data);
        self.follow(recorded.events);
        if !self.differing(&data).is_empty() {
            self.follow(recorded.in_flight);
        }
        let differing = self.differing(&data);
        assert!(
            differing.is_empty(),
            "the trace tells otherwise of {differing:?}"
        );
        fs::remove_file(&self.lives).unwrap();
    }

    fn follow(&mut self, events: Vec<Event>) {
        for event in events {
            self.disk.follow(&event.call);
            self.events.push(event);
        }
    }

    fn differing(&self, data: &Path) -> Vec<PathBuf> {
        let (theory, there) = (self.disk.as_it_is(), files_of(data));
        let other = |these: &Files, those: &Files| {
            let other = these
                .iter()
                .filter(|(path, it)| those.get(*path) != Some(it));
            other.map(|(path, _)| path.clone()).collect::<Vec<_>>()
        };
        [other(&theory, &there), other(&there, &theory)].concat()
    }
}

/// Notices that a consumer was handed and acknowledged in one call.
pub struct Handed {
    /// When the call began.
    pub begun: u64,
    /// When it had ended: all were acknowledged, and the acknowledgements answered.
    pub ended: u64,
    pub ids: Vec<String>,
}

/// What offices were told, and when. The clock is that of the traces.
#[derive(Default)]
pub struct Book {
    /// Ids and moments of notices that an office was told are accepted, by their number.
    pub accepted: HashMap<u32, (u64, String)>,
    /// Hand-overs to [`DESK`].
    pub handed: Vec<Handed>,
}

/// What happened, with the directories in which it did.
pub struct Course {
    pub world: World,
    pub sender: Watched,
    pub receiver: Watched,
    pub book: Book,
}

impl Course {
    /// Two counties from their first start: notices singly and together, a receiver that is away,
    /// `filling` notices in bulk, stops, kills, acknowledgements between.
    pub fn run(build: Build, filling: u32) -> Self {
        let (world, jinjiang, guandu) = World::two_counties_of(build);
        let mut course = Self {
            sender: Watched::new(&world, jinjiang),
            receiver: Watched::new(&world, guandu),
            world,
            book: Book::default(),
        };
        let (here, there) = (course.sender.start(), course.receiver.start());
        let mut office = Office::new(&course.sender.county);
        for number in 1..=3 {
            course.publish(&mut office, number..=number);
        }
        course.subscribe(2);
        course.publish(&mut office, 4..=8);
        course.sender.county.wait_until_answered();
        course.receiver.stop(there);
        course.publish(&mut office, 9..=10);
        let there = course.receiver.start();
        course.subscribe(3);
        let filled = 11 + filling;
        for first in (11..filled).step_by(50) {
            course.publish(&mut office, first..=(first + 49).min(filled - 1));
        }
        course.subscribe(filling as usize);
        for number in filled..filled + 4 {
            course.publish(&mut office, number..=number);
        }
        course.sender.kill(here);
        office.gone();
        let here = course.sender.start();
        let mut office = Office::new(&course.sender.county);
        for number in filled + 4..filled + 7 {
            course.publish(&mut office, number..=number);
        }
        course.receiver.kill(there);
        course.publish(&mut office, filled + 7..=filled + 8);
        let there = course.receiver.start();
        course.subscribe(8);
        course.publish(&mut office, filled + 9..=filled + 12);
        course.sender.county.wait_until_answered();
        office.gone();
        course.sender.stop(here);
        course.receiver.stop(there);
        for watched in [&course.sender, &course.receiver] {
            let full = filling >= A_SEGMENT;
            let journal = files_of(&watched.county.dir.join("data/journal"));
            assert_eq!(journal.len() > 2, full, "segments: {:?}", journal.keys());
        }
        course
    }

    fn publish(&mut self, office: &mut Office, numbers: RangeInclusive<u32>) {
        for number in numbers.clone() {
            writeln!(office.rows, "{}", row(number)).unwrap();
        }
        for number in numbers {
            let mut answer = String::new();
            office.answers.read_line(&mut answer).unwrap();
            let at = trace::now();
            let answer: Value = serde_json::from_str(&answer).unwrap();
            assert_eq!(answer["status"], "accepted", "{answer}");
            assert_eq!(answer["reference"], format!("d-{number}"));
            let id = answer["notice_id"].as_str().unwrap().to_owned();
            self.book.accepted.insert(number, (at, id));
        }
    }

    fn subscribe(&mut self, count: usize) {
        let begun = trace::now();
        let handed = self.receiver.county.subscribe(DESK, count, 30);
        let ended = trace::now();
        assert_eq!(handed.len(), count);
        let ids = handed
            .iter()
            .map(|it| it["notice_id"].as_str().unwrap().to_owned());
        let ids = ids.collect();
        self.book.handed.push(Handed { begun, ended, ids });
    }
}

/// An office that publishes row by row, and reads each answer.
struct Office {
    child: Child,
    rows: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Office {
    fn new(county: &County) -> Self {
        let mut child = county
            .command(&["publish", "-", "--format", "json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            rows: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// Whether its node is still there or not.
    fn gone(mut self) {
        drop(self.rows);
        self.child.wait().unwrap();
    }
}

/// A departure that fills segments quickly: its address is as long as an address may be.
pub fn row(number: u32) -> Value {
    let mut row = departure(number);
    row["destination_address"] = "𠮷".repeat(256).into();
    row
}

/// The consumer that reads and acknowledges meanwhile.
pub const DESK: &str = "desk";
/// The smallest segment that a node takes.
const SEGMENT: i64 = 1 << 20;
/// So many notices fill a segment.
pub const A_SEGMENT: u32 = 800;
