//! The power fails at any moment of a node's life, and what was not synced is there, or not, or in
//! part.
//!
//! Everything that two nodes do to their files is recorded with `strace` while an office publishes
//! and a subscriber acknowledges. From the record a disk is led to a moment, and what a power cut at
//! that moment may leave is laid down as a directory; the other county's disk is as it was at that
//! moment. Both are started: nothing that an office was told before may be missing, doubled or out
//! of order, and nobody's hand is needed.

mod course;
mod disk;
mod trace;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs,
    io::{BufRead, BufReader},
    panic::resume_unwind,
    process::Stdio,
    thread,
};

use serde_json::Value;
use tempfile::TempDir;

use self::{
    course::{A_SEGMENT, Book, Course, DESK, Watched},
    disk::{Disk, Files, Loss, lay_down},
    trace::Event,
};
use crate::{
    draw::Draw,
    harness::{Build, County, Node, copy, notices, rounds},
};

/// A moment, behind so many calls of the attacked node, and what the power cut takes there.
type Cut = (usize, Loss);

fn row(build: Build, filling: u32, draws: usize) {
    let mut draw = Draw::new("power");
    let course = Course::run(build, filling);
    let (sender, receiver) = (&course.sender, &course.receiver);
    for (attacked, other) in [(sender, receiver), (receiver, sender)] {
        let (mut here, mut there) = (Playback::of(attacked), Playback::of(other));
        for (calls, loss) in cuts(&attacked.events, draws, &mut draw) {
            let area = &attacked.county.area;
            let what = format!("{area} after {calls} calls, {loss:?}");
            here.until(calls);
            // The other machine goes on until the power fails here.
            let at = attacked.events.get(calls).map_or(u64::MAX, |next| next.at);
            there.until(other.events.partition_point(|event| event.at < at));
            let left = [
                (attacked, here.disk.after(loss, &mut draw)),
                (other, there.disk.as_it_is()),
            ];
            Aftermath::new(what, at, &course, left).holds();
        }
    }
}

/// Leads a disk through what was recorded.
struct Playback<'a> {
    disk: Disk,
    events: &'a [Event],
    done: usize,
}

impl<'a> Playback<'a> {
    fn of(watched: &'a Watched) -> Self {
        Self {
            disk: watched.disk(),
            events: &watched.events,
            done: 0,
        }
    }

    fn until(&mut self, calls: usize) {
        for event in &self.events[self.done..calls] {
            self.disk.follow(&event.call);
        }
        self.done = calls;
    }
}

/// Draws moments and losses, rising; always with the end of the record and all that is not synced
/// dropped. So many draws as there are calls mean every moment with every loss.
fn cuts(events: &[Event], draws: usize, draw: &mut Draw) -> BTreeSet<Cut> {
    const LOSSES: [Loss; 3] = [Loss::Dropped, Loss::Kept, Loss::Torn];
    let moments = 0..=events.len();
    let mut cuts = BTreeSet::from([(events.len(), Loss::Dropped)]);
    if draws >= events.len() {
        cuts.extend(moments.flat_map(|moment| LOSSES.map(|loss| (moment, loss))));
        return cuts;
    }
    // Most calls are the index's: the moments about all others are drawn three times out of four.
    let of_journal = |event: &Event| {
        let path = event.call.path();
        path.is_some_and(|path| !path.components().any(|name| name.as_os_str() == "index"))
    };
    let near: Vec<usize> = moments
        .filter(|moment| {
            let about = moment.saturating_sub(2)..events.len().min(moment + 1);
            events[about].iter().any(of_journal)
        })
        .collect();
    while cuts.len() <= draws {
        let moment = match draw.below(4) {
            0 => draw.below(events.len()),
            _ => near[draw.below(near.len())],
        };
        cuts.insert((moment, LOSSES[draw.below(3)]));
    }
    cuts
}

/// Two counties after a power cut.
struct Aftermath<'a> {
    what: String,
    /// When the power failed.
    at: u64,
    book: &'a Book,
    _directory: TempDir,
    sender: County,
    receiver: County,
}

impl<'a> Aftermath<'a> {
    fn new(what: String, at: u64, course: &'a Course, left: [(&Watched, Files); 2]) -> Self {
        let directory = TempDir::new_in(course.world.root.path()).unwrap();
        for (watched, files) in left {
            let dir = directory.path().join(&watched.county.area);
            copy(&watched.before, &dir);
            fs::remove_dir_all(dir.join("data")).unwrap();
            lay_down(&files, &dir.join("data"));
        }
        let moved = |county: &County| County {
            dir: directory.path().join(&county.area),
            ..county.clone()
        };
        Self {
            what,
            at,
            book: &course.book,
            sender: moved(&course.sender.county),
            receiver: moved(&course.receiver.county),
            _directory: directory,
        }
    }

    /// Both start by themselves, everything that was answered before is there, once and in order,
    /// and what is published now arrives behind it.
    fn holds(&self) {
        let _nodes = thread::scope(|scope| {
            [&self.receiver, &self.sender]
                .map(|county| scope.spawn(|| self.start(county)))
                .map(|starting| starting.join().unwrap_or_else(|panic| resume_unwind(panic)))
        });
        let last = self.publish_again();
        let numbers = self.arrived(&last);
        self.subscriber_goes_on(&last, &numbers);
        self.sender.wait_until_answered();
        for county in [&self.sender, &self.receiver] {
            for channel in county.channels() {
                assert!(channel["code"].is_null(), "{}: {channel}", self.what);
            }
        }
    }

    fn start(&self, county: &County) -> Node {
        let what = &self.what;
        Node::spawn(county.command(&["serve"]))
            .unwrap_or_else(|said| panic!("{what}: {} does not start: {said:?}", county.area))
    }

    /// The id of a notice if an office was told before the cut that it is accepted.
    fn told(&self, number: u32) -> Option<&str> {
        let (at, id) = self.book.accepted.get(&number)?;
        (*at < self.at).then_some(id)
    }

    /// Publishes the last notices that were accepted, those behind them, and a new one, whose id is
    /// returned.
    fn publish_again(&self) -> String {
        let newest = (1..)
            .take_while(|number| self.told(*number).is_some())
            .count();
        let newest = u32::try_from(newest).unwrap();
        let numbers = newest.saturating_sub(2).max(1)..=newest + 2;
        let rows: Vec<_> = numbers.chain([NEW]).map(course::row).collect();
        let answers = self.sender.publish(&rows).expect(0).lines();
        let mut last = String::new();
        for (row, answer) in rows.iter().zip(answers) {
            let id = answer["notice_id"].as_str().unwrap();
            let number = number_of(row);
            if let Some(told) = self.told(number) {
                let same = answer["status"] == "repeated" && id == told;
                assert!(same, "{}: accepted notices are gone: {answer}", self.what);
            }
            last = id.to_owned();
        }
        last
    }

    /// Everything is in the feed up to the last one; returns the numbers by id.
    fn arrived(&self, last: &str) -> HashMap<String, u32> {
        let what = &self.what;
        let mut numbers = HashMap::new();
        let mut before = 0;
        for (place, notice) in self.follow("check", last).iter().enumerate() {
            assert_eq!(notice["sequence"], place + 1, "{what}: a gap");
            let number = number_of(notice);
            assert!(number > before, "{what}: {number} after {before}");
            before = number;
            let published = course::row(number);
            for field in ["subject", "destination_address", "event_date"] {
                assert_eq!(notice[field], published[field], "{what}: {number}");
            }
            let id = notice["notice_id"].as_str().unwrap().to_owned();
            if let Some(told) = self.told(number) {
                assert_eq!(id, told, "{what}: {number}");
            }
            numbers.insert(id, number);
        }
        let there: HashSet<_> = numbers.values().collect();
        let missing = self.book.accepted.keys();
        let missing = missing.filter(|number| self.told(**number).is_some());
        let missing: Vec<_> = missing.filter(|number| !there.contains(number)).collect();
        assert!(
            missing.is_empty(),
            "{what}: accepted notices are gone: {missing:?}"
        );
        numbers
    }

    /// The subscriber gets all but what it acknowledged.
    fn subscriber_goes_on(&self, last: &str, numbers: &HashMap<String, u32>) {
        let what = &self.what;
        let rest: HashSet<_> = self.follow(DESK, last).iter().map(number_of).collect();
        let mut owed: HashSet<_> = numbers.values().copied().collect();
        for handed in &self.book.handed {
            for number in handed.ids.iter().filter_map(|id| numbers.get(id)) {
                if handed.begun < self.at {
                    owed.remove(number);
                }
                let again = handed.ended < self.at && rest.contains(number);
                assert!(
                    !again,
                    "{what}: {number} was acknowledged, and is handed over again"
                );
            }
        }
        let missing: Vec<_> = owed.difference(&rest).collect();
        assert!(missing.is_empty(), "{what}: never handed over: {missing:?}");
    }

    /// Everything that a consumer gets up to that notice.
    fn follow(&self, consumer: &str, last: &str) -> Vec<Value> {
        let words = ["subscribe", "--consumer", consumer, "--idle-exit", "30"];
        let mut child = self
            .receiver
            .command(&words)
            .args(["--format", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut got: Vec<Value> = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            got.push(serde_json::from_str(&line.unwrap()).unwrap());
            if got.last().unwrap()["notice_id"] == last {
                break;
            }
        }
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().unwrap();
        let came = got.last().is_some_and(|it| it["notice_id"] == last);
        assert!(came, "{}: {last} does not come to {consumer}", self.what);
        got
    }
}

/// The number that a notice was made from.
fn number_of(notice: &Value) -> u32 {
    let id = notice["subject"]["resident_id"].as_str().unwrap();
    id[2..6].parse().unwrap()
}

/// What is published after the power is back.
const NEW: u32 = 9_000;

#[test]
fn a_power_cut_at_any_moment_loses_and_doubles_nothing() {
    row(Build::Sound, A_SEGMENT, rounds("HONGYAN_POWER", 12));
    notices("are gone", || row(Build::Without("sync"), 50, 0));
}
