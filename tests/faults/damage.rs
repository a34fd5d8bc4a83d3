//! Bytes of the journal and of the index that are gone or no longer what they were.
//!
//! Whatever was cut off or has rotted: the node names it and does not start, or refuses to read it,
//! or it was the index and is built anew. What can be read is what was written, notice by notice.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    draw::Draw,
    harness::{
        Build, County, JINJIANG, NANAN, Node, Said, World, copy, departure, departure_between,
        edit, eventually, feedback, notices, one_error, restore, rounds,
    },
};

/// A node of two home areas that exchanged with each other, stopped: its directory holds everything
/// that a sender and a receiver write down.
struct Settled {
    _world: World,
    county: County,
    whole: PathBuf,
    /// What was published, or some of it.
    rows: Vec<Value>,
    /// The ids of the departures.
    ids: Vec<String>,
    /// What is answered when all is well.
    told: Vec<Reading>,
}

/// What one question is answered.
#[derive(Debug, PartialEq)]
struct Reading {
    question: String,
    lines: Vec<Value>,
    /// The error that it ended with.
    error: Option<String>,
}

impl Settled {
    fn new(build: Build) -> Self {
        let world = World::of(build);
        let county = world.counties_in_one(&[JINJIANG, NANAN]);
        edit(&county.dir.join("node.toml"), |text| {
            let mut document: toml::Table = text.parse().unwrap();
            document["limits"]["segment_bytes"] = (1 << 20).into();
            toml::to_string(&document).unwrap()
        });
        county
            .ask(&["peer", "join", "--yes", NANAN, JINJIANG])
            .expect(0);
        let mut rows: Vec<_> = (1..=440).map(row).collect();
        let node = county.start();
        let accepted = county.publish(&rows).expect(0).lines();
        let ids = accepted
            .iter()
            .map(|it| it["notice_id"].as_str().unwrap().to_owned());
        let ids: Vec<_> = ids.collect();
        let answers = ids.iter().take(20).enumerate();
        let answers: Vec<_> = answers.map(|(number, id)| feedback(number, id)).collect();
        // Only what has come in can be answered.
        county.wait_until_answered();
        county.publish(&answers).expect(0);
        // Every repeat is compared with what is held: some are enough.
        rows = rows.into_iter().step_by(20).chain(answers).collect();
        county.wait_until_answered();
        county
            .ask(&[
                "subscribe",
                "--consumer",
                "desk",
                "--home",
                NANAN,
                "--limit",
                "9",
            ])
            .expect(0);
        assert!(node.stop().success());
        let segments = fs::read_dir(county.dir.join("data/journal")).unwrap();
        assert!(segments.count() > 1, "no segment is full");
        let whole = world.path("whole");
        copy(&county.dir, &whole);
        let mut settled = Self {
            _world: world,
            county,
            whole,
            rows,
            ids,
            told: Vec::new(),
        };
        let node = settled.county.start();
        settled.told = settled.read();
        assert!(settled.told.iter().all(|it| it.error.is_none()));
        assert!(node.stop().success());
        settled
    }

    /// Asks everything that the store knows.
    fn read(&self) -> Vec<Reading> {
        let mut told = Vec::new();
        let mut note = |question: String, said: Said| {
            let error = (said.code != 0).then(|| {
                assert!(!said.err.contains("panicked"), "{said:?}");
                let errors = said.err.lines().find(|line| line.starts_with("error: "));
                errors
                    .unwrap_or_else(|| panic!("no error: {said:?}"))
                    .to_owned()
            });
            let lines = said.lines();
            told.push(Reading {
                question,
                lines,
                error,
            });
        };
        for (home, count) in [(NANAN, "440"), (JINJIANG, "20")] {
            let list = ["notice", "list", "--home", home, "--limit", "5000"];
            note(list.join(" "), self.county.ask(&list));
            let subscribe = ["subscribe", "--consumer", "check", "--home", home];
            let subscribe = [&subscribe[..], &["--limit", count, "--idle-exit", "3"]].concat();
            note(subscribe.join(" "), self.county.ask(&subscribe));
        }
        note("publish".into(), self.county.publish(&self.rows));
        for id in [&self.ids[0], self.ids.last().unwrap()] {
            let show = ["notice", "show", id];
            note(show.join(" "), self.county.ask(&show));
        }
        let mut channels = self.county.ask(&["channel", "list"]);
        if channels.code == 0 {
            // Whether a stream is open is no matter of the store.
            let mut lines = channels.lines();
            for line in &mut lines {
                line.as_object_mut().unwrap().remove("state");
            }
            channels.out = lines.iter().map(|line| format!("{line}\n")).collect();
        }
        note("channel list".into(), channels);
        told
    }

    /// A byte of the journal and one of the index by turns.
    fn draw(&self, draw: &mut Draw, number: usize) -> Flip {
        let journal = number.is_multiple_of(2);
        let files = files_below(
            &self.whole,
            if journal {
                "data/journal"
            } else {
                "data/index"
            },
        );
        let mut file = || {
            let file = files[draw.below(files.len())].clone();
            (fs::metadata(self.whole.join(&file)).unwrap().len(), file)
        };
        // The longer of two: most of the index is one file.
        let (len, file) = file().max(file());
        Flip {
            at: draw.below(usize::try_from(len).unwrap()),
            bit: 1 << draw.below(8),
            file,
            journal,
        }
    }

    /// The hash of what the first notice says, in the oldest segment: by it a repeat is known. Newer
    /// segments tell what the oldest is followed by, so that only a reader comes upon it; and what is
    /// sealed proves itself, but this is not.
    fn hash(&self) -> Flip {
        let file = files_below(&self.whole, "data/journal").remove(0);
        let bytes = fs::read(self.whole.join(&file)).unwrap();
        let id = self.ids[0].replace('-', "");
        let id = data_encoding::HEXLOWER.decode(id.as_bytes()).unwrap();
        let at = bytes.windows(id.len()).position(|it| it == id);
        Flip {
            at: at.unwrap() + FROM_ID_TO_HASH,
            bit: 1,
            file,
            journal: true,
        }
    }

    fn attack(&self, flip: &Flip) {
        restore(&self.whole, &self.county.dir);
        flip.make(&self.county.dir);
        let started = Node::spawn(self.county.command(&["serve"]));
        if flip.journal {
            self.named_or_unread(flip, started);
        } else {
            self.built_anew(flip, started);
        }
    }

    /// A journal that rotted: the node does not start, or what it reads is right, and the check of
    /// the journal says where.
    fn named_or_unread(&self, flip: &Flip, started: Result<Node, Said>) {
        let error = match started {
            Err(said) => said.err.lines().last().unwrap().to_owned(),
            Ok(node) => {
                self.compare(flip, &self.read());
                assert!(node.stop().success());
                one_error(&self.county.ask(&["journal", "check"]), 1)
            }
        };
        let file = flip
            .file
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        // Without its last group a journal ends before the index does.
        let ahead = error.contains(GONE);
        let named = error.contains(&file) && error.contains("offset") || ahead;
        let remedy = error.contains("backup") && error.contains("accept-loss");
        assert!(named && remedy, "{flip:?}: {error}");
    }

    /// An index that rotted: everything is answered as ever, at the latest when the node that stopped
    /// for it is started again.
    fn built_anew(&self, flip: &Flip, started: Result<Node, Said>) {
        let mut node = started.unwrap_or_else(|said| panic!("{flip:?}: {said:?}"));
        let told = self.read();
        self.compare(flip, &told);
        if told.iter().any(|reading| reading.error.is_some()) {
            eventually("the node sees that its index is broken", || {
                node.log().contains("The index failed")
            });
            assert!(!node.wait().success(), "{flip:?}");
            node = self.county.start();
            let told = self.read();
            self.compare(flip, &told);
            let unread = told.iter().find_map(|reading| reading.error.as_ref());
            assert_eq!(unread, None, "{flip:?}");
        }
        assert!(node.stop().success(), "{flip:?}");
    }

    /// What is answered is what was answered before the damage; a question that ends in an error
    /// was answered rightly up to there.
    fn compare(&self, flip: &Flip, told: &[Reading]) {
        for (before, now) in self.told.iter().zip(told) {
            let question = &now.question;
            if now.error.is_none() {
                let (least, is) = (before.lines.len(), now.lines.len());
                assert_eq!(is, least, "a wrong answer to {question}: {flip:?}");
            }
            for (before, now) in before.lines.iter().zip(&now.lines) {
                let unread = now["problems"][0]["code"] == "record_unreadable";
                let same = before == now || unread && flip.journal;
                assert!(
                    same,
                    "a wrong answer to {question}: {flip:?}: {now} for {before}"
                );
            }
        }
    }
}

/// The files that are not empty below a directory of a node's, by their paths in the node's.
fn files_below(dir: &Path, below: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![PathBuf::from(below)];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(dir.join(&directory)).unwrap() {
            let entry = entry.unwrap();
            let path = directory.join(entry.file_name());
            match entry.metadata().unwrap() {
                it if it.is_dir() => directories.push(path),
                it if it.len() > 0 => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

/// One bit of one byte.
#[derive(Debug)]
struct Flip {
    file: PathBuf,
    at: usize,
    bit: u8,
    journal: bool,
}

impl Flip {
    fn make(&self, dir: &Path) {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).open(dir.join(&self.file));
        let file = file.unwrap();
        let (mut byte, at) = ([0], self.at as u64);
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ self.bit], at).unwrap();
    }
}

fn row(number: u32) -> Value {
    let mut row = departure_between(number, JINJIANG, NANAN);
    row["destination_address"] = LETTER.repeat(256).into();
    row
}

const LETTER: &str = "𠮷";
/// In the record of a departure: id, kind, case, no answer, agreement with its length and version,
/// two times, digest, head, hashes of office and reference.
const FROM_ID_TO_HASH: usize = 16 + 1 + 16 + 1 + (4 + 13 + 4) + 8 + 8 + 32 + 32 + 16 + 16;
/// What a node says whose journal ends before its index does.
const GONE: &str = "acknowledged groups are gone";

fn rotten(build: Build, flips: usize) {
    let settled = Settled::new(build);
    settled.attack(&settled.hash());
    let mut draw = Draw::new("rotten");
    for number in 0..flips {
        settled.attack(&settled.draw(&mut draw, number));
    }
}

/// Where the first group behind `at` begins and ends that holds a record of that type.
fn group_with(record: u8, segment: &[u8], mut at: usize) -> (u64, u64) {
    let long = |at: usize| u32::from_be_bytes(segment[at..at + 4].try_into().unwrap()) as usize;
    let short = |at: usize| u16::from_be_bytes(segment[at..at + 2].try_into().unwrap()) as usize;
    loop {
        let (mut entry, end) = (at + 16, at + 16 + long(at + 4));
        while entry < end {
            if segment[entry + 4] == record {
                return (at as u64, end as u64);
            }
            entry += 26 + short(entry + 12) + long(entry + 14);
        }
        at = end;
    }
}

/// The types of records, as the journal numbers them.
const PUBLISHED: u8 = 1;
const ACKNOWLEDGED: u8 = 13;

/// A stopped node, and where a group of its newest segment begins and ends that is among the last.
struct Tail {
    county: County,
    whole: PathBuf,
    segment: PathBuf,
    from: u64,
    to: u64,
}

impl Tail {
    /// Lets a running node write a record of that type, and stops it: its index is written too. Only
    /// what puts that on record comes behind its group.
    fn of(world: &World, county: &County, node: Node, record: u8, act: impl FnOnce()) -> Self {
        let mut segments = files_below(&county.dir, "data/journal");
        let segment = segments.pop().unwrap();
        let read = || fs::read(county.dir.join(&segment)).unwrap();
        let before = read().len();
        act();
        assert!(node.stop().success());
        let (from, to) = group_with(record, &read(), before);
        let whole = world.path("whole");
        copy(&county.dir, &whole);
        Self {
            county: county.clone(),
            whole,
            from,
            to,
            segment,
        }
    }

    /// Cuts the segment at every `step`th length within the group. While the index knows of the
    /// group the node stops; when nothing knows of it, it was never there.
    fn cut(&self, step: u64, served: impl Fn(&County)) {
        for len in self.from..self.to {
            if !(len - self.from).is_multiple_of(step) && len + 1 != self.to {
                continue;
            }
            let seldom = (len - self.from).is_multiple_of(step * 16);
            restore(&self.whole, &self.county.dir);
            let file = self.county.dir.join(&self.segment);
            let file = OpenOptions::new().write(true).open(file).unwrap();
            file.set_len(len).unwrap();
            let check = ["journal", "check"];
            let error = one_error(&self.county.ask(&check), 1);
            let told = error.contains(GONE) && error.contains("accept-loss");
            assert!(told, "{len}: {error}");
            if seldom {
                let error = self.county.refused_start(1);
                assert!(error.contains(GONE), "{len}: {error}");
                fs::remove_dir_all(self.county.dir.join("data/index")).unwrap();
                let found = self.county.ask(&check).expect(0).lines().remove(0);
                assert_eq!(found["torn_bytes"], len - self.from, "{len}");
                let node = self.county.start();
                served(&self.county);
                assert!(node.stop().success());
            }
        }
    }
}

fn torn_publication(build: Build) {
    let (world, county, _away) = World::two_counties_of(build);
    let node = county.start();
    let publish = |county: &County, number| {
        let answer = county.publish(&[departure(number)]).expect(0).lines();
        let text = |key: &str| answer[0][key].as_str().unwrap().to_owned();
        (text("status"), text("notice_id"))
    };
    let before = [1, 2].map(|number| publish(&county, number));
    let tail = Tail::of(&world, &county, node, PUBLISHED, || {
        publish(&county, 3);
    });
    tail.cut(32, |county| {
        for (number, (_, id)) in (1..).zip(&before) {
            assert_eq!(publish(county, number), ("repeated".into(), id.clone()));
        }
        assert_eq!(publish(county, 3).0, "accepted");
    });
}

fn torn_acknowledgement(build: Build) {
    let (world, jinjiang, guandu) = World::two_counties_of(build);
    let (here, there) = (jinjiang.start(), guandu.start());
    jinjiang.publish(&[1, 2, 3].map(departure)).expect(0);
    jinjiang.wait_until_answered();
    assert!(here.stop().success());
    let first = guandu.subscribe("desk", 2, 30);
    let mut last = Vec::new();
    let tail = Tail::of(&world, &guandu, there, ACKNOWLEDGED, || {
        last = guandu.subscribe("desk", 1, 30);
    });
    let all = [first, last.clone()].concat();
    tail.cut(1, |county| {
        let mut again = county.subscribe("desk", 1, 30);
        assert_eq!(again[0]["redelivered"], true, "{again:?}");
        again[0].as_object_mut().unwrap().remove("redelivered");
        assert_eq!(again, last);
        assert_eq!(county.subscribe("check", 3, 30), all);
    });
}

#[test]
fn a_last_group_that_is_cut_is_missed_by_whoever_knows_of_it() {
    torn_publication(Build::Sound);
    torn_acknowledgement(Build::Sound);
    notices("the node started", || {
        torn_publication(Build::Without("reflection"));
    });
}

#[test]
fn a_bit_that_flips_is_named_or_changes_nothing() {
    rotten(Build::Sound, rounds("HONGYAN_FLIPS", 24));
    notices("a wrong answer", || {
        rotten(Build::Without("checksum"), 0);
    });
}
