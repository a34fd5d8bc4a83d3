//! The checker's own book: what offices were told is accepted and what they were handed, in the
//! order in which they heard it, each line synced before the checker goes on.

#![allow(
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    fs::{self, File, OpenOptions},
    io::Write,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::harness::{County, World};

/// What was heard.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Entry {
    /// An office was told that its notice is accepted.
    Accepted {
        reference: String,
        id: String,
        /// It was published before, under the same reference.
        repeated: bool,
    },
    /// A consumer was handed a notice.
    Handed {
        consumer: String,
        id: String,
        place: Place,
        redelivered: bool,
    },
}

/// Where a notice stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    from: String,
    to: String,
    sequence: u64,
    position: u64,
}

/// What is wrong, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    /// Accepted, and a consumer never got it.
    Lost {
        consumer: String,
        count: usize,
        accepted: usize,
        reference: String,
    },
    /// It has two places, two ids, or came again without a mark.
    Doubled(String),
    /// Not in the order of the channel, or of its acceptance.
    Disordered(String),
    /// Handed over, and nobody was ever told that it is accepted.
    Unknown(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost {
                consumer,
                count,
                accepted,
                reference,
            } => write!(
                f,
                "lost: {consumer} never got {count} of {accepted} accepted notices; {reference} is one"
            ),
            Self::Doubled(what) => write!(f, "doubled: {what}"),
            Self::Disordered(what) => write!(f, "disordered: {what}"),
            Self::Unknown(id) => write!(f, "unknown: nobody was told of {id}"),
        }
    }
}

/// What the book says so far.
#[derive(Default)]
struct Judge {
    ids: HashMap<String, String>,
    references: HashMap<String, String>,
    /// Ids in the order in which they were accepted.
    order: Vec<String>,
    /// What each consumer got, by id.
    handed: BTreeMap<String, HashMap<String, Place>>,
    /// The last sequence of a channel that a consumer got, and the last position of an area.
    last: HashMap<(String, String, String), u64>,
    positions: HashMap<(String, String), u64>,
}

impl Judge {
    fn take(&mut self, entry: Entry) -> Result<(), Fault> {
        match entry {
            Entry::Accepted {
                reference,
                id,
                repeated,
            } => {
                let known = self.ids.insert(reference.clone(), id.clone());
                if known.as_ref().is_some_and(|known| *known != id) {
                    return Err(Fault::Doubled(format!("{reference} has two ids")));
                }
                if !repeated {
                    self.order.push(id.clone());
                }
                self.references.insert(id, reference);
                Ok(())
            }
            Entry::Handed {
                consumer,
                id,
                place,
                redelivered,
            } => {
                let known = self.handed.entry(consumer.clone()).or_default();
                if let Some(first) = known.get(&id) {
                    if *first != place {
                        return Err(Fault::Doubled(format!("{id} at {first:?} and {place:?}")));
                    }
                    if !redelivered {
                        return Err(Fault::Doubled(format!("{id} came again and is not marked")));
                    }
                    return Ok(());
                }
                let channel = (consumer.clone(), place.from.clone(), place.to.clone());
                let sequence = self.last.insert(channel, place.sequence).unwrap_or(0);
                let feed = (consumer, place.to.clone());
                let position = self.positions.insert(feed, place.position).unwrap_or(0);
                if place.sequence != sequence + 1 || place.position <= position {
                    return Err(Fault::Disordered(format!(
                        "{place:?} came after sequence {sequence} and position {position}"
                    )));
                }
                known.insert(id, place);
                Ok(())
            }
        }
    }

    /// What can only be said at the end.
    fn conclude(&self) -> Result<(), Fault> {
        let nothing = BTreeMap::from([("anybody".to_owned(), HashMap::new())]);
        let handed = if self.handed.is_empty() {
            &nothing
        } else {
            &self.handed
        };
        for (consumer, got) in handed {
            let lost: Vec<_> = self
                .ids
                .iter()
                .filter(|(_, id)| !got.contains_key(*id))
                .collect();
            if let Some((reference, _)) = lost.iter().min() {
                return Err(Fault::Lost {
                    consumer: consumer.clone(),
                    count: lost.len(),
                    accepted: self.ids.len(),
                    reference: (*reference).clone(),
                });
            }
            if let Some(id) = got.keys().find(|id| !self.references.contains_key(*id)) {
                return Err(Fault::Unknown(id.clone()));
            }
            let mut last: HashMap<(&str, &str), u64> = HashMap::new();
            for place in self.order.iter().filter_map(|id| got.get(id)) {
                let before = last.insert((&place.from, &place.to), place.sequence);
                if before.is_some_and(|before| before >= place.sequence) {
                    return Err(Fault::Disordered(format!(
                        "{place:?} was accepted after {before:?}"
                    )));
                }
            }
        }
        Ok(())
    }
}

/// The book. One publisher a channel writes into it: else nobody knows the order of acceptance.
pub struct Book {
    path: PathBuf,
    open: Mutex<Open>,
}

struct Open {
    file: File,
    judge: Judge,
    fault: Option<Fault>,
}

impl Book {
    /// A new book in the directory of that world.
    pub fn of(world: &World) -> Arc<Self> {
        let path = world.path("book");
        let file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(&path)
            .unwrap();
        Arc::new(Self {
            path,
            open: Mutex::new(Open {
                file,
                judge: Judge::default(),
                fault: None,
            }),
        })
    }

    /// Writes down the answers of `publish`, none of which may be a refusal.
    pub fn told(&self, answers: &[Value]) {
        let entries = answers.iter().map(|answer| {
            let status = text(&answer["status"]);
            assert!(status == "accepted" || status == "repeated", "{answer}");
            Entry::Accepted {
                reference: text(&answer["reference"]),
                id: text(&answer["notice_id"]),
                repeated: status == "repeated",
            }
        });
        self.write(entries.collect());
    }

    /// Writes down what `subscribe` printed.
    pub fn handed(&self, consumer: &str, notices: &[Value]) {
        let entries = notices.iter().map(|notice| Entry::Handed {
            consumer: consumer.to_owned(),
            id: text(&notice["notice_id"]),
            place: Place {
                from: text(&notice["from_area"]),
                to: text(&notice["to_area"]),
                sequence: notice["sequence"].as_u64().unwrap(),
                position: notice["position"].as_u64().unwrap(),
            },
            redelivered: notice["redelivered"] == true,
        });
        self.write(entries.collect());
    }

    fn write(&self, entries: Vec<Entry>) {
        let mut lines = Vec::new();
        for entry in &entries {
            serde_json::to_writer(&mut lines, entry).unwrap();
            lines.push(b'\n');
        }
        let mut open = self.open.lock().unwrap();
        open.file.write_all(&lines).unwrap();
        open.file.sync_data().unwrap();
        for entry in entries {
            if let (Err(fault), None) = (open.judge.take(entry), &open.fault) {
                open.fault = Some(fault);
            }
        }
    }

    /// Fails if what was heard so far cannot be right, whatever comes.
    pub fn check(&self) {
        let fault = self.open.lock().unwrap().fault.clone();
        if let Some(fault) = fault {
            panic!("{fault}");
        }
    }

    fn is_whole(&self) -> bool {
        self.open.lock().unwrap().judge.conclude().is_ok()
    }

    /// Reads the book from its first line; fails if anything was lost, doubled or disordered.
    pub fn judge(&self) {
        let mut judge = Judge::default();
        let text = fs::read_to_string(&self.path).unwrap();
        let read = |line| serde_json::from_str(line).unwrap();
        let judged = text.lines().try_for_each(|line| judge.take(read(line)));
        if let Err(fault) = judged.and_then(|()| judge.conclude()) {
            panic!("{fault}");
        }
    }

    /// Publishes rows again and again until each is known to be accepted.
    pub fn publish_all(&self, county: &County, rows: &[Value]) {
        county.publish_until_accepted(rows, |answers| self.told(answers));
    }

    /// Waits until everything that was published at that county has its answer, as long as answers
    /// come; fails at once if the book shows a fault.
    pub fn wait_until_answered(&self, county: &County) {
        let (mut most, mut since) = (0, Instant::now());
        loop {
            self.check();
            let (given, answered) = county.given_and_answered();
            if given == answered {
                return;
            }
            if answered > most {
                (most, since) = (answered, Instant::now());
            }
            assert!(since.elapsed() < STILL, "{answered} of {given} answered");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Follows the feed of a home area into the book, through every break.
    pub fn follow(self: &Arc<Self>, county: &County, home: &str) -> Follower {
        let (book, county, home) = (Arc::clone(self), county.clone(), home.to_owned());
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut passes = 0;
            loop {
                // Asked before the pass that is then the last and must find everything.
                let last = asked.load(Ordering::SeqCst);
                let ended = county.subscribe_while(&home, "1", |notice| {
                    book.handed("desk", &[notice]);
                    true
                });
                passes += u32::from(last && ended);
                if passes > 0 && book.is_whole() || passes == PASSES {
                    return;
                }
            }
        });
        Follower { stop, thread }
    }
}

/// Follows a feed in the background.
pub struct Follower {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Follower {
    /// Takes what is still to come, until nothing comes any more.
    pub fn finish(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// What is not there after so many passes in which nothing came does not come.
const PASSES: u32 = 10;
/// Without an answer for this long, none comes any more.
const STILL: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(number: u64, repeated: bool) -> Entry {
        Entry::Accepted {
            reference: format!("r-{number}"),
            id: format!("id-{number}"),
            repeated,
        }
    }

    fn handed(number: u64, sequence: u64, position: u64, redelivered: bool) -> Entry {
        Entry::Handed {
            consumer: "desk".into(),
            id: format!("id-{number}"),
            place: Place {
                from: "350582".into(),
                to: "530111".into(),
                sequence,
                position,
            },
            redelivered,
        }
    }

    fn verdict(entries: Vec<Entry>) -> String {
        let mut judge = Judge::default();
        let judged = entries.into_iter().try_for_each(|entry| judge.take(entry));
        match judged.and_then(|()| judge.conclude()) {
            Ok(()) => "right".into(),
            Err(fault) => fault.to_string().split(':').next().unwrap().to_owned(),
        }
    }

    #[test]
    fn the_judge_names_what_is_wrong() {
        let [one, two] = [1, 2].map(|number| accepted(number, false));
        let cases = [
            (
                vec![handed(1, 1, 10, false), handed(2, 2, 20, false)],
                "right",
            ),
            (
                vec![
                    handed(1, 1, 10, false),
                    handed(1, 1, 10, true),
                    handed(2, 2, 20, true),
                ],
                "right",
            ),
            (vec![], "lost"),
            (vec![handed(1, 1, 10, false)], "lost"),
            (
                vec![handed(1, 1, 10, false), handed(1, 1, 10, false)],
                "doubled",
            ),
            (
                vec![handed(1, 1, 10, false), handed(1, 1, 20, true)],
                "doubled",
            ),
            (
                vec![handed(1, 1, 10, false), handed(1, 2, 20, true)],
                "doubled",
            ),
            (vec![handed(1, 2, 10, false)], "disordered"),
            (
                vec![handed(1, 1, 20, false), handed(2, 2, 10, false)],
                "disordered",
            ),
            (
                vec![handed(2, 1, 10, false), handed(1, 2, 20, false)],
                "disordered",
            ),
            (
                vec![
                    handed(1, 1, 10, false),
                    handed(2, 2, 20, false),
                    handed(3, 3, 30, false),
                ],
                "unknown",
            ),
        ];
        for (rest, expected) in cases {
            let shown = format!("{rest:?}");
            let entries = [one.clone(), two.clone()].into_iter().chain(rest);
            assert_eq!(verdict(entries.collect()), expected, "{shown}");
        }
        let renamed = Entry::Accepted {
            reference: "r-1".into(),
            id: "id-9".into(),
            repeated: true,
        };
        assert_eq!(verdict(vec![one, renamed]), "doubled");
    }
}
