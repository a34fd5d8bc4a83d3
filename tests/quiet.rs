//! No personal value where it does not belong.
//!
//! Known values travel through success, every refusal, a ledger that cannot be read, a time-out and
//! a kill, with logs at their most talkative; afterwards none of them stands in any log, in what any
//! command said to people, in a status, or in a command line. Standard output of `publish` and
//! `subscribe` is the office's own and not looked at, but for the sentences of refusals; a name of
//! a key that the office made up is told back to it there. The files of the journal are exempt: they are
//! not sealed yet.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and waits by the system's clock"
)]

mod harness;

use std::{
    fs,
    net::TcpListener,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use harness::{County, GUANDU, Said, World, departure, eventually, resident, run};
use serde_json::Value;

const ROWS: u32 = 300;

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
    let digits: String = format!("{number:04}")
        .bytes()
        .map(|digit| {
            ["甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸"][usize::from(digit - b'0')]
        })
        .collect();
    format!("金雀{digits}")
}

fn phone(number: u32) -> String {
    format!("1990077{number:04}")
}

/// All that may stand nowhere.
fn forbidden() -> Vec<String> {
    let mut values = vec![
        "金雀".to_owned(),
        "1990077".to_owned(),
        "金丝雀巷".to_owned(),
        REFERENCE.to_owned(),
    ];
    values.extend((1..=ROWS).map(resident));
    // As a formatter would escape them.
    values.extend(
        [
            "\\u{91d1}\\u{96c0}",
            "\\u91d1\\u96c0",
            "\\351\\207\\221\\351\\233\\200",
        ]
        .map(str::to_owned),
    );
    // As the bytes of a debugged buffer.
    values.push(
        format!("{:?}", "金雀".as_bytes())
            .trim_matches(['[', ']'])
            .to_owned(),
    );
    values
}

fn assert_quiet(what: &str, text: &str) {
    for value in forbidden() {
        if let Some(at) = text.find(&value) {
            let begin = text[..at].rfind('\n').map_or(0, |at| at + 1);
            let line: String = text[begin..].chars().take(600).collect();
            panic!("{what} holds {value}: {line}");
        }
    }
}

fn spoilt(number: u32, change: impl FnOnce(&mut Value)) -> Value {
    let mut row = canary(number);
    change(&mut row);
    row
}

/// A row for every way of being refused.
fn refused_rows() -> Vec<Value> {
    let number = resident(201);
    let wrong = format!(
        "{}{}",
        &number[..17],
        if number.ends_with('1') { '2' } else { '1' }
    );
    vec![
        spoilt(201, |row| row["subject"]["resident_id"] = wrong.into()),
        spoilt(202, |row| {
            row["subject"]["resident_id"] = resident(202)[..17].into()
        }),
        spoilt(203, |row| {
            row["subject"]["marital_status"] = name(203).into()
        }),
        spoilt(204, |row| row["kind"] = name(204).into()),
        spoilt(205, |row| row["event_date"] = phone(205).into()),
        spoilt(206, |row| row["event_date"] = "2099-01-01".into()),
        spoilt(207, |row| row["origin_area"] = resident(207).into()),
        spoilt(208, |row| row["destination_area"] = "370211001000".into()),
        spoilt(209, |row| row["origin_area"] = "370211001000".into()),
        spoilt(210, |row| {
            row["destination_address"] = name(210).repeat(9_000).into()
        }),
        spoilt(211, |row| row["subject"]["nickname"] = phone(211).into()),
        spoilt(212, |row| row["remark"] = name(212).into()),
        spoilt(213, |row| row["next_check_on"] = "2026-11-20".into()),
        spoilt(214, |row| row["answers"] = name(214).into()),
        spoilt(215, |row| {
            row["subject"]["phone"] = format!("{}{}", phone(215), name(215)).into()
        }),
        spoilt(216, |row| row["subject"] = name(216).into()),
        spoilt(217, |row| row["message"] = name(217).into()),
        // The reference of another row, with other content.
        spoilt(218, |row| row["reference"] = format!("{REFERENCE}1").into()),
    ]
}

/// Looks at the command lines of this test's children for as long as it runs.
fn watch_command_lines(end: Arc<AtomicBool>, seen: Arc<Mutex<String>>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        while !end.load(Ordering::SeqCst) {
            for entry in fs::read_dir("/proc").unwrap().flatten() {
                let Ok(line) = fs::read(entry.path().join("cmdline")) else {
                    continue;
                };
                let line = String::from_utf8_lossy(&line).replace('\0', " ");
                let mut seen = seen.lock().unwrap();
                if line.contains("hongyan") && !seen.contains(&line) {
                    seen.push_str(&line);
                    seen.push('\n');
                }
            }
            thread::yield_now();
        }
    })
}

struct Heard(String);

impl Heard {
    fn of(&mut self, said: Said) -> Said {
        self.0.push_str(&said.err);
        said
    }
}

fn at_trace(command: &mut Command) {
    command.env("HONGYAN_LOG", "trace");
}

fn publish_file(county: &County, name: &str, bytes: &[u8]) -> Said {
    let path = county.dir.join(name);
    fs::write(&path, bytes).unwrap();
    run(county.command(&["publish", "--format", "json"]).arg(path))
}

#[test]
fn no_personal_value_is_logged_or_told_outside_its_row() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (end, lines) = (
        Arc::new(AtomicBool::new(false)),
        Arc::<Mutex<String>>::default(),
    );
    let watcher = watch_command_lines(Arc::clone(&end), Arc::clone(&lines));
    let (here, there) = (jinjiang.start_with(at_trace), guandu.start_with(at_trace));
    let mut heard = Heard(String::new());
    let mut logs = String::new();

    // Success, and the same again.
    let rows: Vec<_> = (1..=200).map(canary).collect();
    let accepted = heard.of(jinjiang.publish(&rows)).expect(0).lines();
    heard.of(jinjiang.publish(&rows)).expect(0);
    let received = guandu.subscribe("desk", 200, 20);
    assert_eq!(received.len(), 200);
    assert_eq!(
        received[0]["subject"]["name"],
        name(1),
        "the canaries do travel"
    );
    let id = accepted[0]["notice_id"].as_str().unwrap();
    let answer = harness::feedback(1, id);
    heard.of(guandu.publish(&[answer])).expect(0);
    for words in [
        &["notice", "show", id][..],
        &["notice", "list"],
        &["channel", "list"],
        &["peer", "probe", GUANDU],
    ] {
        heard.of(jinjiang.ask(words));
    }

    // Every kind of refusal; what is told of a row stands in its line, without the value.
    let refused = refused_rows();
    let said = heard.of(jinjiang.publish(&refused)).expect(1);
    let answers = said.lines();
    assert_eq!(answers.len(), refused.len());
    for answer in &answers {
        assert_eq!(answer["status"], "refused", "{answer}");
        assert_quiet(
            "a sentence of a refusal",
            &answer["problems"]
                .as_array()
                .unwrap()
                .iter()
                .map(|problem| format!("{}\n", problem["message"]))
                .collect::<String>(),
        );
    }

    // Ledgers that cannot be read, and one that is not JSON.
    let broken = [
        (
            "broken.csv",
            format!(
                "{},{}\n{},{}\n",
                name(230),
                phone(230),
                resident(230),
                name(231)
            )
            .into_bytes(),
        ),
        (
            "broken.xlsx",
            format!("PK\x03\x04{}{}", name(232), resident(232)).into_bytes(),
        ),
        ("broken.xls", resident(233).into_bytes()),
        (
            "broken.jsonl",
            format!(
                "{{\"subject\": {{\"name\": \"{}\", \"resident_id\": {}\n",
                name(234),
                resident(234)
            )
            .into_bytes(),
        ),
        (
            "title.csv",
            format!(
                "流出台账\n姓名,身份证号,备忘\n{},{},x\n",
                name(235),
                resident(235)
            )
            .into_bytes(),
        ),
    ];
    for (file, bytes) in broken {
        let said = heard.of(publish_file(&jinjiang, file, &bytes));
        assert_ne!(said.code, 0, "{file}");
    }

    // The node is killed while rows are under way; then nobody answers.
    let publisher = {
        let jinjiang = jinjiang.clone();
        thread::spawn(move || jinjiang.publish(&(237..=ROWS).map(canary).collect::<Vec<_>>()))
    };
    eventually("a call is under way or done", || {
        publisher.is_finished() || here.log().len() > 1_000
    });
    logs.push_str(&here.log());
    here.kill();
    heard.of(publisher.join().unwrap());
    let said = heard.of(jinjiang.publish(&[canary(299)]));
    assert_eq!(said.code, 3);
    // One that takes the connection and says nothing.
    let text = fs::read_to_string(jinjiang.dir.join("node.toml")).unwrap();
    let document: toml::Table = text.parse().unwrap();
    let silent = TcpListener::bind(document["office"]["listen"].as_str().unwrap()).unwrap();
    let said = heard.of(jinjiang.publish(&[canary(300)]));
    assert_eq!(said.code, 3, "{said:?}");
    drop(silent);
    let here = jinjiang.start_with(at_trace);
    heard
        .of(jinjiang.publish(&(237..=ROWS).map(canary).collect::<Vec<_>>()))
        .expect(0);
    jinjiang.wait_until_answered();
    heard.of(run(&mut jinjiang.command(&["doctor"])));

    for node in [&here, &there] {
        logs.push_str(&node.log());
    }
    assert!(
        logs.contains("TRACE") || logs.contains("DEBUG"),
        "they do talk"
    );
    assert!(!logs.contains("panicked"));
    end.store(true, Ordering::SeqCst);
    watcher.join().unwrap();
    assert!(
        lines.lock().unwrap().contains("publish"),
        "command lines were seen"
    );
    assert_quiet("a log", &logs);
    assert_quiet("what a command said", &heard.0);
    assert_quiet("a command line", &lines.lock().unwrap());
}
