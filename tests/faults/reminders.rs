//! Reminders by a clock that runs fast, stands still and goes back: none is lost, none doubled.

use std::time::{Duration, Instant};

use jiff::{ToSpan, civil::Date};
use serde_json::Value;

use crate::harness::{Build, County, Node, World, departure, eventually, faketime::Faked, notices};

/// Seconds of the node in one of ours, once its clock runs: a day has passed for certain after an
/// hour of it.
const FAST: &str = "x200";

/// So long takes what the node waits twenty minutes for: it looks every ten what is due.
const TWO_LOOKS: Duration = Duration::from_secs(7);

/// A node alone with a notice that nobody has answered, and its clock.
struct Waiting {
    jinjiang: County,
    clock: Faked,
    /// The day on which the answer is due.
    due: Date,
    case: String,
}

impl Waiting {
    fn of(world: &World, jinjiang: County, guandu: &County) -> Self {
        let (here, there) = (jinjiang.start(), guandu.start());
        let published = jinjiang.publish(&[departure(1)]).expect(0).lines();
        let case = published[0]["notice_id"].as_str().unwrap().to_owned();
        jinjiang.wait_until_answered();
        assert!(here.stop().success() && there.stop().success());
        let mut waiting = Self {
            clock: Faked::of(world),
            jinjiang,
            due: Date::MIN,
            case,
        };
        let here = waiting.jinjiang.start();
        let due = waiting.shown()["owed"][0]["answer_due_on"].clone();
        waiting.due = due.as_str().unwrap().parse().unwrap();
        here.kill();
        waiting
    }

    /// Starts it on that day, by a clock that runs fast from then on.
    fn start(&self, day: Date) -> Node {
        let today = jiff::Zoned::now().date();
        let days = (day - today).get_days();
        let node = self.clock.start_whole(&self.jinjiang);
        self.clock.set(&format!("{days:+}d {FAST}"));
        node
    }

    /// The node is reminded of its own on that day, and killed as soon as it has said so.
    fn reminds_on(&self, day: Date) {
        let node = self.start(day);
        eventually("a reminder is sent", || said(&node) == 1);
        node.kill();
    }

    /// For so long it sends nothing on that day.
    fn is_silent_on(&self, day: Date, patience: Duration) {
        let node = self.start(day);
        let begun = Instant::now();
        while begun.elapsed() < patience {
            assert_eq!(said(&node), 0, "a reminder is sent too often");
            std::thread::sleep(Duration::from_millis(50));
        }
        node.kill();
    }

    fn shown(&self) -> Value {
        let said = self.jinjiang.ask(&["case", "show", &self.case]);
        said.expect(0).lines().remove(0)
    }
}

/// How often it said that peers were reminded.
fn said(node: &Node) -> usize {
    node.log().matches("Peers were reminded").count()
}

/// The reminders of a case.
fn reminders(case: &Value) -> Vec<Value> {
    let history = case["history"].as_array().unwrap().iter();
    let kind = |event: &&Value| event["kind"] == "reminder";
    history.filter(kind).cloned().collect()
}

fn row(build: Build) {
    let (world, jinjiang, guandu) = World::two_counties_of(build);
    let waiting = Waiting::of(&world, jinjiang, &guandu);
    let first = waiting.due.saturating_sub(2.days());
    waiting.is_silent_on(first, TWO_LOOKS);
    let begun = Instant::now();
    waiting.reminds_on(first);
    // Longer than it took to remind, it is silent where it shall be.
    let patience = begun.elapsed() * 3 / 2;
    waiting.is_silent_on(first, patience);
    waiting.is_silent_on(first.saturating_sub(1.days()), patience);
    waiting.reminds_on(waiting.due.saturating_add(4.days()));
    // Both were told once, and the other side has them.
    let (_here, _there) = (waiting.jinjiang.start(), guandu.start());
    waiting.jinjiang.wait_until_answered();
    assert_eq!(reminders(&waiting.shown()).len(), 2);
    let there = guandu.ask(&["case", "show", &waiting.case]).expect(0);
    assert_eq!(reminders(&there.lines()[0]).len(), 2);
}

#[test]
fn a_reminder_is_sent_once_whatever_the_clock_does() {
    row(Build::Sound);
    notices("a reminder is sent too often", || {
        row(Build::Without("deadline"));
    });
}
