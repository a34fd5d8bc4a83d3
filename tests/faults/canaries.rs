//! No personal value where it does not belong.
//!
//! Known people travel through success, every refusal, ledgers that cannot be read, a kill, a
//! time-out and a panic, with logs at their most talkative and as usual; afterwards nothing of them
//! stands in any log, in what any command said to people, in a status, in a command line or an
//! environment, or in any file. Standard output of
//! `publish` and `subscribe` is the office's own and not looked at, but for the sentences of
//! refusals; a name of a key that the office made up is told back to it there.

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    net::TcpListener,
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{
    grpc::Connection,
    harness::{
        self, Build, County, GUANDU, Node, Said, World, departure, eventually, notices, resident,
        rounds, run, run_with,
    },
    protobuf::bytes,
};

/// How many known numbers travel.
fn canaries() -> u32 {
    u32::try_from(rounds("HONGYAN_CANARIES", 1_000)).unwrap()
}

/// A row of which every personal value is known and like no other text.
fn canary(number: u32) -> Value {
    let mut row = departure(number);
    row["subject"]["name"] = name(number).into();
    row["subject"]["phone"] = phone(number).into();
    row["destination_address"] = format!("{STREET}{number}号").into();
    row["reference"] = format!("{REFERENCE}{number}").into();
    row
}

const STREET: &str = "云南省昆明市金丝雀巷";
const REFERENCE: &str = "kanarie-";

fn name(number: u32) -> String {
    // A letter a digit, so that each is a name.
    let digits: String = format!("{number:05}")
        .bytes()
        .map(|digit| {
            ["甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸"][usize::from(digit - b'0')]
        })
        .collect();
    format!("金雀{digits}")
}

fn phone(number: u32) -> String {
    format!("{PHONES}{:04}", number % 10_000)
}

const PHONES: &str = "1990770";

/// All that may stand nowhere.
struct Forbidden {
    numbers: HashSet<String>,
    /// Whole: a clock, too, has six digits in a row.
    phones: HashSet<String>,
    /// What the other values have in common, in clear, as formatters escape them, and as the bytes
    /// of a debugged buffer.
    marks: Vec<String>,
}

impl Forbidden {
    fn new(canaries: u32) -> Self {
        let clear = ["金雀", "金丝雀巷", REFERENCE];
        let escaped = [
            "\\u{91d1}\\u{96c0}",
            "\\u91d1\\u96c0",
            "\\351\\207\\221\\351\\233\\200",
        ];
        let buffers = ["金雀", "金丝雀巷", "19900101", PHONES].map(|text| {
            let bytes = format!("{:?}", text.as_bytes());
            bytes.trim_matches(['[', ']']).to_owned()
        });
        let marks = clear.into_iter().chain(escaped).map(str::to_owned);
        Self {
            numbers: (1..=canaries).map(resident).collect(),
            phones: (1..=canaries).map(phone).collect(),
            marks: marks.chain(buffers).collect(),
        }
    }

    /// Where the first of it stands, in one pass for all numbers.
    fn find(&self, text: &str) -> Option<usize> {
        // Every number begins so; of three nines in a row the first two are found.
        let mut begins = text
            .match_indices("99")
            .flat_map(|(begin, _)| [begin, begin + 1]);
        let number = begins.find(|begin| {
            let window = text.get(*begin..begin + 18);
            window.is_some_and(|window| {
                self.numbers.contains(window) || self.numbers.contains(&window.to_uppercase())
            })
        });
        let mut begins = text.match_indices(PHONES).map(|(begin, _)| begin);
        let phone = begins.find(|begin| {
            let window = text.get(*begin..begin + 11);
            window.is_some_and(|window| self.phones.contains(window))
        });
        number
            .or(phone)
            .or_else(|| self.marks.iter().find_map(|mark| text.find(mark)))
    }

    fn assert_not_in(&self, what: &str, text: impl AsRef<[u8]>) {
        let text = String::from_utf8_lossy(text.as_ref());
        if let Some(at) = self.find(&text) {
            let begin = text[..at].rfind('\n').map_or(0, |at| at + 1);
            let line: String = text[begin..].chars().take(600).collect();
            panic!("{what} holds a personal value: {line}");
        }
    }

    /// Every file below, but what is named.
    fn assert_not_below(&self, directory: &Path, except: &[&Path]) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if except.contains(&path.as_path()) {
                continue;
            }
            self.assert_not_in("the name of a file", path.to_str().unwrap());
            if path.is_dir() {
                self.assert_not_below(&path, except);
            } else {
                self.assert_not_in(&path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
}

fn spoilt(number: u32, change: impl FnOnce(&mut Value)) -> Value {
    let mut row = canary(number);
    change(&mut row);
    row
}

/// A row for every way of being refused.
fn refused_rows(first: u32) -> Vec<Value> {
    let number = resident(first);
    let wrong = format!(
        "{}{}",
        &number[..17],
        if number.ends_with('1') { '2' } else { '1' }
    );
    vec![
        spoilt(first, |row| row["subject"]["resident_id"] = wrong.into()),
        spoilt(first + 1, |row| {
            row["subject"]["resident_id"] = resident(first + 1)[..17].into()
        }),
        spoilt(first + 2, |row| {
            row["subject"]["marital_status"] = name(first + 2).into()
        }),
        spoilt(first + 3, |row| row["kind"] = name(first + 3).into()),
        spoilt(first + 4, |row| row["event_date"] = phone(first + 4).into()),
        spoilt(first + 5, |row| row["event_date"] = "2099-01-01".into()),
        spoilt(first + 6, |row| {
            row["origin_area"] = resident(first + 6).into()
        }),
        spoilt(first + 7, |row| {
            row["destination_area"] = "370211001000".into()
        }),
        spoilt(first + 8, |row| row["origin_area"] = "370211001000".into()),
        spoilt(first + 9, |row| {
            row["destination_address"] = name(first + 9).repeat(9_000).into()
        }),
        spoilt(first + 10, |row| {
            row["subject"]["nickname"] = phone(first + 10).into()
        }),
        spoilt(first + 11, |row| row["remark"] = name(first + 11).into()),
        spoilt(first + 12, |row| row["next_check_on"] = "2026-11-20".into()),
        spoilt(first + 13, |row| row["answers"] = name(first + 13).into()),
        spoilt(first + 14, |row| {
            row["subject"]["phone"] = format!("{}{}", phone(first + 14), name(first + 14)).into()
        }),
        spoilt(first + 15, |row| row["subject"] = name(first + 15).into()),
        spoilt(first + 16, |row| row["message"] = name(first + 16).into()),
        // The reference of another row, with other content.
        spoilt(first + 17, |row| {
            row["reference"] = format!("{REFERENCE}1").into()
        }),
    ]
}

/// Ledgers that cannot be read, and one that is not JSON.
fn broken_ledgers(numbers: &[u32]) -> Vec<(&'static str, Vec<u8>)> {
    let lines = |line: &dyn Fn(u32) -> String| -> String {
        numbers.iter().map(|number| line(*number) + "\n").collect()
    };
    let row = |number| format!("{},{},{}", name(number), resident(number), phone(number));
    let json = |number| {
        let row = canary(number).to_string();
        row[..row.len() - 1].to_owned()
    };
    vec![
        ("broken.csv", lines(&row).into_bytes()),
        (
            "broken.xlsx",
            format!("PK\x03\x04{}", lines(&row)).into_bytes(),
        ),
        ("broken.xls", lines(&row).into_bytes()),
        ("broken.jsonl", lines(&json).into_bytes()),
        (
            "title.csv",
            format!("流出台账\n姓名,身份证号,备忘\n{}", lines(&row)).into_bytes(),
        ),
    ]
}

/// Looks at command lines and environments of nodes and commands for as long as it runs.
struct Watch {
    end: Arc<AtomicBool>,
    seen: Arc<Mutex<BTreeSet<Vec<u8>>>>,
}

impl Watch {
    fn begin() -> Self {
        let watch = Self {
            end: Arc::default(),
            seen: Arc::default(),
        };
        let (end, seen) = (Arc::clone(&watch.end), Arc::clone(&watch.seen));
        thread::spawn(move || {
            while !end.load(Ordering::SeqCst) {
                for entry in fs::read_dir("/proc").unwrap().flatten() {
                    let read = |name| fs::read(entry.path().join(name)).unwrap_or_default();
                    let line = read("cmdline");
                    let program = line.split(|byte| *byte == 0).next().unwrap_or_default();
                    if program.windows(7).any(|word| word == b"hongyan") {
                        let mut seen = seen.lock().unwrap();
                        seen.insert(line);
                        seen.insert(read("environ"));
                    }
                }
                thread::sleep(Duration::from_millis(5));
            }
        });
        watch
    }

    fn end(self) -> Vec<u8> {
        self.end.store(true, Ordering::SeqCst);
        let seen = self.seen.lock().unwrap();
        let seen: Vec<&[u8]> = seen.iter().map(Vec::as_slice).collect();
        seen.join(&b'\n')
    }
}

/// A county whose commands say everything, keep their temporary files where they can be found, and
/// are listened to.
struct Desk<'a> {
    county: &'a County,
    level: Option<&'a str>,
    temporary: &'a Path,
    heard: String,
}

impl Desk<'_> {
    fn prepare(&self, command: &mut Command) {
        command.env("TMPDIR", self.temporary);
        if let Some(level) = self.level {
            command.env("HONGYAN_LOG", level);
        }
    }

    fn start(&self) -> Node {
        self.county.start_with(|command| self.prepare(command))
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.county.command(words);
        self.prepare(&mut command);
        command
    }

    /// What is told to people of what was published; the answers are the office's own.
    fn publish(&mut self, rows: &[Value]) -> Said {
        let input: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let mut command = self.command(&["publish", "-", "--format", "json"]);
        let said = run_with(&mut command, &input);
        self.heard.push_str(&said.err);
        said
    }

    fn publish_file(&mut self, path: &Path) -> Said {
        let mut command = self.command(&["publish", "--format", "json"]);
        let said = run(command.arg(path));
        self.heard.push_str(&said.err);
        said
    }

    /// A command whose answer is for everyone.
    fn ask(&mut self, words: &[&str]) -> Said {
        let said = run(&mut self.command(words));
        self.heard.push_str(&said.err);
        self.heard.push_str(&said.out);
        said
    }
}

/// A draft of which almost nothing is right but the number.
fn draft(number: u32) -> Vec<u8> {
    let subject = [bytes(1, name(number)), bytes(2, resident(number))].concat();
    let movement = [
        bytes(1, subject),
        bytes(2, phone(number)),
        bytes(5, format!("{STREET}{number}号")),
        bytes(6, name(number)),
    ];
    let reference = bytes(1, format!("{REFERENCE}{number}"));
    [reference, bytes(20, movement.concat())].concat()
}

/// Asks for what must be refused without the help of the command line; returns the statuses.
fn statuses(county: &County, numbers: &[u32]) -> Vec<u8> {
    let mut connection = Connection::connect(county.office_port(), &county.operator());
    let mut told = Vec::new();
    for number in numbers {
        let mut request = bytes(1, draft(*number));
        if number % 2 == 0 {
            // No message any more.
            request.truncate(request.len() - 1);
        }
        let path = "/hongyan.office.v1.Office/Publish";
        let (_, status) = connection.ask(path, &request);
        assert_ne!(status.code, 0, "{status:?}");
        told.extend(status.message.into_bytes());
        told.extend(status.details);
        let list = [bytes(1, resident(*number)), bytes(5, name(*number))].concat();
        let (_, status) = connection.ask("/hongyan.office.v1.Office/ListNotices", &list);
        assert_ne!(status.code, 0, "{status:?}");
        told.extend(status.message.into_bytes());
        told.extend(status.details);
    }
    told
}

/// Everything that a canary can meet but a panic; `level` is how much the nodes log.
fn row(build: Build, level: Option<&str>, canaries: u32) {
    let (world, jinjiang, guandu) = World::two_counties_of(build);
    let forbidden = Forbidden::new(canaries);
    let (temporary, ledgers) = (world.path("temporary"), world.path("ledgers"));
    fs::create_dir(&temporary).unwrap();
    fs::create_dir(&ledgers).unwrap();
    let watch = Watch::begin();
    let desk = |county| Desk {
        county,
        level,
        temporary: &temporary,
        heard: String::new(),
    };
    let (mut here_desk, mut there_desk) = (desk(&jinjiang), desk(&guandu));
    let (here, there) = (here_desk.start(), there_desk.start());
    let mut logs = String::new();
    let part = canaries / 10;
    let all = |from: u32, to: u32| -> Vec<Value> { (from + 1..=to).map(canary).collect() };

    // Success, and the same again.
    let rows = all(0, 5 * part);
    let accepted = here_desk.publish(&rows).expect(0).lines();
    here_desk.publish(&rows).expect(0);
    let received = guandu.subscribe("desk", rows.len(), 30);
    assert_eq!(received.len(), rows.len());
    let travelled = &received[0]["subject"]["name"];
    assert_eq!(*travelled, name(1), "the canaries do travel");
    let id = accepted[0]["notice_id"].as_str().unwrap();
    there_desk.publish(&[harness::feedback(1, id)]).expect(0);

    // Every kind of refusal; what is told of a row stands in its line, without the value.
    let mut refused = Vec::new();
    let kinds = u32::try_from(refused_rows(1).len()).unwrap();
    for first in (5 * part + 1..=7 * part - kinds).step_by(kinds as usize) {
        refused.extend(refused_rows(first));
    }
    let answers = here_desk.publish(&refused).expect(1).lines();
    assert_eq!(answers.len(), refused.len());
    for answer in &answers {
        assert_eq!(answer["status"], "refused", "{answer}");
        for problem in answer["problems"].as_array().unwrap() {
            forbidden.assert_not_in("a sentence of a refusal", problem["message"].to_string());
        }
    }
    let numbers: Vec<u32> = (7 * part + 1..=8 * part).collect();
    forbidden.assert_not_in("a status", statuses(&jinjiang, &numbers));

    let numbers: Vec<u32> = (8 * part + 1..=9 * part).collect();
    for (file, bytes) in broken_ledgers(&numbers) {
        let path = ledgers.join(file);
        fs::write(&path, bytes).unwrap();
        let said = here_desk.publish_file(&path);
        assert_ne!(said.code, 0, "{file}");
    }

    // The node is killed while rows are under way; then nobody answers.
    let rows = all(9 * part, canaries);
    let logged = here.log().len();
    let said = thread::scope(|scope| {
        let publisher = scope.spawn(|| here_desk.publish(&rows));
        eventually("a call is under way or done", || {
            publisher.is_finished() || here.log().len() > logged || level.is_none()
        });
        logs.push_str(&here.log());
        here.kill();
        publisher.join().unwrap()
    });
    assert!(matches!(said.code, 0 | 3), "{said:?}");
    assert_eq!(here_desk.publish(&[canary(canaries)]).code, 3);
    // One that takes the connection and says nothing.
    let silent = TcpListener::bind(("127.0.0.1", jinjiang.office_port())).unwrap();
    assert_eq!(here_desk.publish(&[canary(canaries)]).code, 3);
    drop(silent);
    let here = here_desk.start();
    here_desk.publish(&rows).expect(0);
    jinjiang.wait_until_answered();
    for words in [&["channel", "list"][..], &["peer", "list"], &["doctor"]] {
        here_desk.ask(words);
    }
    here_desk.ask(&["peer", "probe", GUANDU]);
    for node in [&here, &there] {
        logs.push_str(&node.log());
    }
    assert!(!logs.contains("panicked"));
    let talkative = logs.contains("TRACE") && logs.contains("DEBUG");
    assert_eq!(talkative, level == Some("trace"), "they talk as told");
    assert!(here.stop().success() && there.stop().success());
    let lines = watch.end();
    assert!(lines.windows(7).any(|word| word == b"publish"), "seen");
    forbidden.assert_not_in("a log", logs);
    forbidden.assert_not_in("what a command said", here_desk.heard + &there_desk.heard);
    forbidden.assert_not_in("a command line or an environment", lines);
    forbidden.assert_not_below(world.root.path(), &[&ledgers]);
}

#[test]
fn no_personal_value_is_logged_or_told_outside_its_row() {
    row(Build::Sound, Some("trace"), canaries());
    row(Build::Sound, None, canaries());
    notices("a log holds a personal value", || {
        row(Build::Without("quiet"), None, 300);
    });
}

/// A panic that quotes the value over which it came: what it says is kept back.
#[test]
fn no_personal_value_is_told_by_a_panic() {
    let (_world, jinjiang, _) = World::two_counties_of(Build::Without("calm"));
    let forbidden = Forbidden::new(20);
    for level in ["trace", "info"] {
        let here = jinjiang.start_with(|command| {
            command.env("HONGYAN_LOG", level);
        });
        let mut connection = Connection::connect(jinjiang.office_port(), &jinjiang.operator());
        for number in 1..=20 {
            let request = bytes(1, draft(number));
            let path = "/hongyan.office.v1.Office/PublishStream";
            let (answers, _) = connection.ask(path, &request);
            assert!(answers.is_empty(), "it panicked over the draft");
        }
        let panics = || here.log().matches("panicked").count();
        eventually("each is told of", || panics() >= 20);
        assert!(here.log().contains("src/office/publish.rs"), "and where");
        let (_, status) = connection.ask("/hongyan.office.v1.Office/ListChannels", &[]);
        assert_eq!(status.code, 0, "the node goes on: {status:?}");
        forbidden.assert_not_in("a log", here.log());
        assert_eq!(panics(), 20, "once");
        assert!(here.stop().success());
    }
}
