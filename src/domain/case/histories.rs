//! Written histories of two nodes, each with what both sides make of it: `histories/*.txt`.
//!
//! A line of a history is a day and what one side does on it: `10-08 A d1 departure` publishes a
//! notice that the history calls `d1`, `10-09 A > B` hands over all that A has published. Below the
//! history stands what each side then holds to be true on the day called `today`.

use std::{collections::HashMap, fmt::Write as _, fs, path::PathBuf};

use jiff::{Span, civil::Date};

use super::{
    Case, CloseReason, Count, Due, Fact, Move, Owed, PersonKey, Role, Says, Standing, Work, fold,
    work_lists,
};
use crate::{
    domain::{
        area::{AreaCode, County},
        calendar,
        channel::{Channel, Sequence},
        notice::{NoticeId, Outcome},
        workdays::samples::two_years,
    },
    golden,
};

const DIRECTORY: &str = "src/domain/case/histories";

/// A side of a history: its node, and what it holds.
struct Node {
    county: County,
    published: Vec<Fact>,
    received: Vec<Fact>,
}

/// A history that runs.
struct World {
    nodes: [Node; 2],
    names: HashMap<NoticeId, String>,
    ids: HashMap<String, NoticeId>,
    today: Date,
    work: [Work; 2],
    /// The side whose ids are smaller.
    smaller: usize,
}

impl World {
    fn new() -> Self {
        let node = |county: &str| Node {
            county: county.parse().unwrap(),
            published: Vec::new(),
            received: Vec::new(),
        };
        Self {
            nodes: [node("350582"), node("530111")],
            names: HashMap::new(),
            ids: HashMap::new(),
            today: day("10-08"),
            work: [Work::None; 2],
            smaller: 0,
        }
    }

    fn act(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["smaller", "ids", side] => self.smaller = index(side),
            ["today", on] => self.today = day(on),
            ["work", side, work] => {
                self.work[index(side)] = match *work {
                    "verifying" => Work::Verifying,
                    "passed_on" => Work::PassedOn,
                    other => panic!("{other}"),
                };
            }
            [_, from, ">", _] => self.deliver(index(from)),
            [on, side, name, kind, rest @ ..] => {
                self.publish(day(on), index(side), name, kind, rest)
            }
            _ => panic!("{line}"),
        }
    }

    fn deliver(&mut self, from: usize) {
        let published = self.nodes[from].published.clone();
        self.nodes[1 - from].received = published;
    }

    fn publish(&mut self, on: Date, side: usize, name: &str, kind: &str, rest: &[&str]) {
        let node = &self.nodes[side];
        let channel = Channel {
            from: node.county,
            to: self.nodes[1 - side].county,
        };
        let count = node.published.len() as u64 + 1;
        let id = NoticeId::new([if side == self.smaller { 1 } else { 2 }; 8], count);
        let last = node.received.last();
        let named = rest.first().and_then(|name| self.ids.get(*name)).copied();
        let fact = Fact {
            id,
            channel,
            sequence: Sequence::new(count),
            opposite: last.map_or(Sequence::ZERO, |fact| fact.sequence),
            published_at_ms: calendar::begin_ms(on).unwrap() + 9 * 3_600_000,
            speaks_of: named,
            says: self.says(on, channel, kind, rest),
        };
        self.names.insert(id, name.to_owned());
        self.ids.insert(name.to_owned(), id);
        self.nodes[side].published.push(fact);
    }

    fn says(&self, on: Date, channel: Channel, kind: &str, rest: &[&str]) -> Says {
        let due = |answer: i64| Due {
            take_up: Some(on.saturating_add(Span::new().days(5))),
            answer: Some(on.saturating_add(Span::new().days(answer))),
        };
        let has = |word: &str| rest.contains(&word);
        let after = |word: &str| {
            let at = rest.iter().position(|each| *each == word);
            at.and_then(|at| rest.get(at + 1)).copied()
        };
        let person = PersonKey::new([1; 16]);
        let movement = |role: Role| {
            let (origin, destination) = match role {
                Role::Departure => (channel.from, channel.to),
                Role::Arrival => (channel.to, channel.from),
            };
            let urgent = has("urgent");
            let of = |area: County, township: &str| -> AreaCode {
                format!("{area}{township}").parse().unwrap()
            };
            Move {
                role,
                person,
                origin_area: of(origin, "104"),
                destination_area: of(destination, "001"),
                urgent,
                due: due(if urgent { 7 } else { 21 }),
            }
        };
        let area = |word: &str| after(word).map(|code| code.parse::<AreaCode>().unwrap());
        match kind {
            "departure" => Says::Movement(movement(Role::Departure)),
            "arrival" => Says::Movement(movement(Role::Arrival)),
            "correction" => Says::Correction(movement(if has("arrival") {
                Role::Arrival
            } else {
                Role::Departure
            })),
            "verification" => Says::Verification {
                person,
                due: due(30),
            },
            "question" => Says::Question(due(7)),
            "reply" => Says::Reply,
            "withdrawal" => Says::Withdrawal,
            "erasure" => Says::Erasure,
            "taken_up" => Says::TakenUp,
            "note" => Says::Note,
            "return" => Says::Ending(match rest[1] {
                "returned" => CloseReason::Returned,
                "moved_on" => CloseReason::MovedOn(area("moved_on").unwrap()),
                "registered_here" => CloseReason::RegisteredHere,
                "deceased" => CloseReason::Deceased,
                "left_scope" => CloseReason::LeftScope,
                "error" => CloseReason::Error,
                other => panic!("{other}"),
            }),
            "feedback" => Says::Feedback(match rest[1] {
                "confirmed" => Outcome::Confirmed,
                "corrected" => Outcome::Corrected,
                "not_found" => Outcome::NotFound,
                "not_ours" => Outcome::NotOurs,
                "moved_on" => Outcome::MovedOn(area("moved_on").unwrap()),
                "duplicate_of" => Outcome::DuplicateOf(self.ids[rest[2]]),
                "needs_information" => Outcome::NeedsInformation,
                "consent_withdrawn" => Outcome::ConsentWithdrawn,
                other => panic!("{other}"),
            }),
            other => panic!("{other}"),
        }
    }

    fn facts(&self, side: usize) -> Vec<Fact> {
        let Node {
            published,
            received,
            ..
        } = &self.nodes[side];
        published.iter().chain(received).cloned().collect()
    }

    /// What a side holds to be true, in words.
    fn view(&self, side: usize) -> String {
        let mut text = String::new();
        let cases = fold(self.facts(side));
        for case in &cases {
            self.case(case, side, &mut text);
        }
        text
    }

    fn case(&self, case: &Case, side: usize, text: &mut String) {
        let flags = [
            (case.urgent, " urgent"),
            (case.is_one_sided(), " one_sided"),
            (case.erased, " erased"),
        ];
        let flags: String = flags
            .iter()
            .filter(|(set, _)| *set)
            .map(|(_, name)| *name)
            .collect();
        writeln!(
            text,
            "case {} {}{flags}",
            self.name(case.id),
            case.state.name()
        )
        .unwrap();
        for change in &case.history {
            let (name, on) = (self.name(change.notice), date_of(change.at_ms));
            writeln!(text, "  {on} {name}: {}", change.state.name()).unwrap();
        }
        for owed in &case.owed {
            self.owed(owed, text);
        }
        self.counts(case, text);
        let lists = work_lists(case, self.nodes[side].county, self.work[side], self.today);
        let lists: Vec<_> = lists.iter().map(|list| list.name()).collect();
        writeln!(
            text,
            "  lists: {}",
            if lists.is_empty() {
                "none".into()
            } else {
                lists.join(", ")
            }
        )
        .unwrap();
    }

    /// What each side is measured by: of what was due before today, how much was done.
    fn counts(&self, case: &Case, text: &mut String) {
        for (side, node) in ["A", "B"].iter().zip(&self.nodes) {
            let own = case.owed.iter().filter(|owed| owed.by == node.county);
            let counts = own.flat_map(|owed| owed.counts(&two_years()).unwrap());
            let mut sum = Count::default();
            for (_, count) in counts.filter(|(day, _)| *day < self.today) {
                sum += &count;
            }
            if sum == Count::default() {
                continue;
            }
            write!(
                text,
                "  counts for {side}: taken up in time {} of {}, answered {} of {}, in time {}",
                sum.taken_up_in_time,
                sum.to_take_up,
                sum.answered,
                sum.to_answer,
                sum.answered_in_time,
            )
            .unwrap();
            if let Some(days) = sum.response.percentile(50) {
                write!(text, ", median {days} working days").unwrap();
            }
            writeln!(text).unwrap();
        }
    }

    fn owed(&self, owed: &Owed, text: &mut String) {
        let by = if owed.by == self.nodes[0].county {
            "A"
        } else {
            "B"
        };
        let name = self.name(owed.notice);
        write!(
            text,
            "  owed by {by} for {name}, until {}",
            owed.due.answer.unwrap()
        )
        .unwrap();
        if let Some(at) = owed.taken_up_at_ms {
            write!(text, ", taken up {}", date_of(at)).unwrap();
        }
        let standing = match &owed.standing {
            Standing::Open if owed.is_overdue(self.today) => "OVERDUE".into(),
            Standing::Open => "open".into(),
            Standing::Answered(answer) => format!(
                "answered {} by {}",
                date_of(answer.at_ms),
                self.name(answer.notice)
            ),
            Standing::Lapsed { at_ms } => format!("lapsed {}", date_of(*at_ms)),
        };
        writeln!(text, ": {standing}").unwrap();
    }

    fn name(&self, id: NoticeId) -> &str {
        &self.names[&id]
    }
}

fn index(side: &str) -> usize {
    ["A", "B"].iter().position(|known| *known == side).unwrap()
}

fn day(text: &str) -> Date {
    calendar::parse_day(&format!("2026-{text}")).unwrap()
}

fn date_of(at_ms: i64) -> Date {
    calendar::day_of(at_ms).unwrap()
}

#[test]
fn both_sides_make_of_every_history_what_is_written() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(DIRECTORY);
    let mut files: Vec<_> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert!(files.len() >= 30, "{}", files.len());
    let mut faults = Vec::new();
    for file in files {
        let text = fs::read_to_string(directory.join(&file)).unwrap();
        let history = text.split("\n= ").next().unwrap().trim_end();
        let mut world = World::new();
        for line in history.lines().filter(|line| !line.starts_with('#')) {
            world.act(line);
        }
        let whole = [0, 1].map(|from| {
            let there = &world.nodes[1 - from].received;
            world.nodes[from].published.len() == there.len()
        });
        if whole == [true; 2] {
            assert_eq!(fold(world.facts(0)), fold(world.facts(1)), "{file}");
        }
        let [a, b] = [0, 1].map(|side| world.view(side));
        let made = format!("{history}\n\n= A\n{a}\n= B\n{b}");
        golden::compare(DIRECTORY, &file, &made, &mut faults);
    }
    assert!(faults.is_empty(), "not as written:\n{}", faults.join("\n"));
}
