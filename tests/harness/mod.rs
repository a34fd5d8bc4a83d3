//! Whole nodes as real processes, so that tests read as sentences.
//!
//! A [`World`] is a directory with an authority and the nodes made in it. Everything is done
//! through the command line, as an operator or an office would.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(unreachable_pub, reason = "a test file is a crate of its own")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and waits by the system's clock"
)]

use std::{
    collections::{HashMap, HashSet},
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    panic::{UnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

pub mod faketime;
mod ground;
pub mod relay;
pub mod trace;

use faketime::Faked;
use ground::Place;

pub const JINJIANG: &str = "350582";
pub const NANAN: &str = "350583";
pub const GUANDU: &str = "530111";

/// The program under test.
pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hongyan"));
    command
        .env_remove("HONGYAN_NODE")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null());
    command
}

/// Which program the nodes of a world are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// As it is shipped.
    Sound,
    /// Without the guard of that name.
    Without(&'static str),
}

impl Build {
    fn command(self) -> Command {
        let Self::Without(guard) = self else {
            return binary();
        };
        let mut command = Command::new(broken());
        command
            .arg(guard)
            .env_remove("HONGYAN_NODE")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        command
    }
}

/// The program that can lack a guard, built by whoever needs it first.
fn broken() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let sound = Path::new(env!("CARGO_BIN_EXE_hongyan"));
        // `target/debug/hongyan`: the profile's directory within the target's.
        let (profile, target) = (sound.parent().unwrap(), sound.ancestors().nth(2).unwrap());
        let mut build = Command::new(env!("CARGO"));
        build
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["build", "--quiet", "--locked", "--features", "broken"])
            .args(["--bin", "hongyan-broken", "--target-dir"])
            .arg(target);
        if env!("CARGO_CRATE_NAME") == "exchange" {
            // What is measured beside it is built so.
            build.args(["--profile", "bench"]);
        } else if profile.ends_with("release") {
            build.arg("--release");
        }
        run(&mut build).expect(0);
        profile.join("hongyan-broken")
    });
    &BUILT
}

/// Fails unless that row of faults fails, and with those words: a row that a node without its
/// guard passes proves nothing.
pub fn notices(words: &str, row: impl FnOnce() + UnwindSafe) {
    let Err(panic) = catch_unwind(row) else {
        panic!("the row passes without the guard");
    };
    let said = panic
        .downcast_ref::<String>()
        .map_or_else(|| panic.downcast_ref::<&str>().copied(), |text| Some(text));
    let said = said.unwrap_or_default();
    assert!(said.contains(words), "it failed by something else: {said}");
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// The JSON objects of standard output, one a line and nothing else.
    pub fn lines(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }

    /// Fails the test unless the command ended with that code.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }
}

/// The one line of error that a command ended with, and nothing on standard output.
pub fn one_error(said: &Said, code: i32) -> String {
    assert_eq!(said.code, code, "{said:?}");
    assert_eq!(said.out, "", "{said:?}");
    assert!(!said.err.contains("panicked"), "{said:?}");
    let errors: Vec<_> = said
        .err
        .lines()
        .filter_map(|line| line.strip_prefix("error: "))
        .collect();
    let [error] = errors.as_slice() else {
        panic!("not one error: {said:?}");
    };
    (*error).to_owned()
}

/// Changes a file that people write.
pub fn edit(path: &Path, change: impl FnOnce(&str) -> String) {
    let text = fs::read_to_string(path).unwrap();
    let changed = change(&text);
    assert_ne!(text, changed, "the edit changes nothing");
    fs::write(path, changed).unwrap();
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a command with something on its standard input.
pub fn run_with(command: &mut Command, input: &str) -> Said {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = thread::spawn(move || {
        // A command that ends early closes its end.
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A directory with an authority and the nodes made in it.
pub struct World {
    pub root: TempDir,
    build: Build,
    /// Given up last, once the directory is gone.
    _place: Place,
}

impl World {
    pub fn new() -> Self {
        Self::of(Build::Sound)
    }

    /// A world whose nodes are that program.
    pub fn of(build: Build) -> Self {
        Self::made(&std::env::temp_dir(), build, Place::shared())
    }

    /// A world beside which no other of this program stands. A test holds one world at a time.
    pub fn alone(build: Build) -> Self {
        Self::made(&std::env::temp_dir(), build, Place::alone())
    }

    /// In a directory of its own in that one.
    pub fn within(directory: &Path, build: Build) -> Self {
        Self::made(directory, build, Place::shared())
    }

    fn made(directory: &Path, build: Build, place: Place) -> Self {
        let world = Self {
            root: TempDir::new_in(directory).unwrap(),
            build,
            _place: place,
        };
        world.begin_authority("authority");
        world
    }

    pub fn authority(&self) -> PathBuf {
        self.path("authority")
    }

    /// Makes an authority of the same name as that of the nodes, with another root.
    pub fn begin_authority(&self, name: &str) -> PathBuf {
        let directory = self.path(name);
        run(binary()
            .args(["authority", "init", "--trust-domain", "hongyan.test"])
            .arg("--dir")
            .arg(&directory))
        .expect(0);
        directory
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Makes a sandbox node.
    pub fn county(&self, area: &str) -> County {
        self.county_at(area, free_port(), None)
    }

    /// Makes a sandbox node of several home areas.
    pub fn counties_in_one(&self, areas: &[&str]) -> County {
        self.node(areas, free_port(), None)
    }

    /// Makes a sandbox node whose peers dial another address: a relay's.
    pub fn county_at(&self, area: &str, exchange: u16, public: Option<u16>) -> County {
        self.node(&[area], exchange, public)
    }

    fn node(&self, areas: &[&str], exchange: u16, public: Option<u16>) -> County {
        let area = areas[0];
        let county = County {
            area: area.to_owned(),
            dir: self.path(area),
            exchange,
            build: self.build,
            clock: None,
        };
        let mut command = binary();
        command
            .args(["init", "--sandbox", "--dir"])
            .arg(&county.dir)
            .args(areas.iter().flat_map(|area| ["--area", area]))
            .arg("--authority")
            .arg(self.authority())
            .args(["--exchange", &format!("127.0.0.1:{exchange}")])
            .args(["--office", &format!("127.0.0.1:{}", free_port())]);
        if let Some(public) = public {
            command.args(["--public", &format!("127.0.0.1:{public}")]);
        }
        run(&mut command).expect(0);
        county.quicken();
        fs::write(county.dir.join("holidays.toml"), holidays()).unwrap();
        county
    }

    /// Pairs two nodes under the default agreement.
    pub fn pair(&self, a: &County, b: &County) {
        self.pair_with(a, b, None);
    }

    pub fn pair_with(&self, a: &County, b: &County, template: Option<&Path>) {
        let invitation = self.path(&format!("{}-{}.invitation", a.area, b.area));
        let answer = self.path(&format!("{}-{}.answer", a.area, b.area));
        let mut invite = binary();
        invite
            .args(["peer", "invite", "--node"])
            .arg(&a.dir)
            .args(["--for", &b.area, "--out"])
            .arg(&invitation);
        if let Some(template) = template {
            invite.arg("--agreement").arg(template);
        }
        run(&mut invite).expect(0);
        run(binary()
            .args(["peer", "accept", "--yes", "--node"])
            .arg(&b.dir)
            .arg(&invitation)
            .arg("--answer")
            .arg(&answer))
        .expect(0);
        run(binary()
            .args(["peer", "accept", "--yes", "--node"])
            .arg(&a.dir)
            .arg(&answer))
        .expect(0);
    }

    /// Two paired counties.
    pub fn two_counties() -> (Self, County, County) {
        Self::two_counties_of(Build::Sound)
    }

    pub fn two_counties_of(build: Build) -> (Self, County, County) {
        let world = Self::of(build);
        let (a, b) = (world.county(JINJIANG), world.county(GUANDU));
        world.pair(&a, &b);
        (world, a, b)
    }
}

/// Two paired counties, the second of which is dialled through a relay.
pub fn two_linked_counties_of(build: Build) -> (World, County, County, relay::Relay) {
    let world = World::of(build);
    let port = free_port();
    let relay = relay::Relay::to(port);
    let a = world.county(JINJIANG);
    let b = world.county_at(GUANDU, port, Some(relay.port));
    world.pair(&a, &b);
    (world, a, b, relay)
}

/// A node's directory.
#[derive(Clone)]
pub struct County {
    pub area: String,
    pub dir: PathBuf,
    pub exchange: u16,
    pub build: Build,
    /// By which clock its commands run; `None` for the true one.
    pub clock: Option<Faked>,
}

impl County {
    /// The same by another clock: what is run or started from now on.
    pub fn by(self, clock: &Faked) -> Self {
        Self {
            clock: Some(clock.clone()),
            ..self
        }
    }

    /// Lets a node try again quickly, and run on small disks.
    pub fn quicken(&self) {
        let path = self.dir.join("node.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, quickened(&text)).unwrap();
    }

    /// A command of this node.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.build.command();
        command.args(words).arg("--node").arg(&self.dir);
        if let Some(clock) = &self.clock {
            clock.apply(&mut command);
        }
        command
    }

    /// A command whose answers are JSON lines.
    pub fn ask(&self, words: &[&str]) -> Said {
        run(self.command(words).args(["--format", "json"]))
    }

    /// Starts the node, which must fail with that code and one line of error.
    pub fn refused_start(&self, code: i32) -> String {
        let Err(said) = Node::spawn(self.command(&["serve"])) else {
            panic!("the node started");
        };
        let plain = said.err.lines().filter(|line| !line.starts_with('{'));
        assert_eq!(plain.count(), 1, "one line: {said:?}");
        one_error(&said, code)
    }

    /// Starts the node and waits until it says that it is ready.
    pub fn start(&self) -> Node {
        self.start_with(|_| {})
    }

    pub fn start_with(&self, change: impl FnOnce(&mut Command)) -> Node {
        let mut command = self.command(&["serve"]);
        change(&mut command);
        Node::spawn(command).unwrap_or_else(|said| panic!("the node did not start: {said:?}"))
    }

    /// The port of the office listener.
    pub fn office_port(&self) -> u16 {
        let text = fs::read_to_string(self.dir.join("node.toml")).unwrap();
        let document: toml::Table = text.parse().unwrap();
        let listen = document["office"]["listen"].as_str().unwrap();
        listen.rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// Publishes rows of JSON lines; returns the answers.
    pub fn publish(&self, rows: &[Value]) -> Said {
        let input: String = rows.iter().map(|row| format!("{row}\n")).collect();
        run_with(
            self.command(&["publish", "-"]).args(["--format", "json"]),
            &input,
        )
    }

    /// Publishes rows again and again until each is known to be accepted; returns the ids by
    /// reference.
    pub fn publish_all(&self, rows: &[Value]) -> HashMap<String, String> {
        let mut accepted: HashMap<String, String> = HashMap::new();
        self.publish_until_accepted(rows, |answers| {
            for answer in answers {
                assert_ne!(answer["status"], "refused", "{answer}");
                let reference = answer["reference"].as_str().unwrap().to_owned();
                let id = answer["notice_id"].as_str().unwrap().to_owned();
                let known = accepted.insert(reference, id.clone());
                assert!(known.is_none_or(|known| known == id), "an id changed");
            }
        });
        accepted
    }

    /// Publishes rows again and again until each has an answer; `told` hears the answers.
    pub fn publish_until_accepted(&self, rows: &[Value], mut told: impl FnMut(&[Value])) {
        let mut missing = rows.to_vec();
        while !missing.is_empty() {
            let mut answered: HashSet<Value> = HashSet::new();
            for chunk in missing.chunks(50) {
                let said = self.publish(chunk);
                assert!(matches!(said.code, 0 | 3), "{said:?}");
                let answers = said.lines();
                answered.extend(answers.iter().map(|answer| answer["reference"].clone()));
                told(&answers);
            }
            missing.retain(|row| !answered.contains(&row["reference"]));
        }
    }

    /// Follows the feed of a home area until `count` different notices were handed over; returns
    /// the first hand-over of each, in order.
    pub fn follow(&self, home: &str, count: usize) -> Vec<Value> {
        let (mut seen, mut first) = (HashSet::new(), Vec::new());
        while first.len() < count {
            self.subscribe_while(home, "60", |notice| {
                if seen.insert(notice["notice_id"].clone()) {
                    first.push(notice);
                } else {
                    assert_eq!(notice["redelivered"], true, "again, and not marked");
                }
                first.len() < count
            });
        }
        first
    }

    /// One `subscribe` of the consumer `desk`, as long as `each` wants more. True if it ended by
    /// itself and well: nothing more came for `idle` seconds.
    pub fn subscribe_while(
        &self,
        home: &str,
        idle: &str,
        mut each: impl FnMut(Value) -> bool,
    ) -> bool {
        let mut child = self
            .command(&["subscribe", "--consumer", "desk", "--home", home])
            .args(["--idle-exit", idle, "--format", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            if !each(serde_json::from_str(&line.unwrap()).unwrap()) {
                let _ = child.kill();
                break;
            }
        }
        child.wait().unwrap().success()
    }

    /// Everything that a consumer gets until nothing comes for a while.
    pub fn subscribe(&self, consumer: &str, limit: usize, idle_seconds: u32) -> Vec<Value> {
        self.ask(&[
            "subscribe",
            "--consumer",
            consumer,
            "--limit",
            &limit.to_string(),
            "--idle-exit",
            &idle_seconds.to_string(),
        ])
        .expect(0)
        .lines()
    }

    /// The channels, by from and to area and direction.
    pub fn channels(&self) -> Vec<Value> {
        self.ask(&["channel", "list"]).expect(0).lines()
    }

    /// How many notices have places on the channels out of here, and how many of those an answer.
    pub fn given_and_answered(&self) -> (u64, u64) {
        let channels = self.channels();
        let out = channels.iter().filter(|it| it["direction"] == "out");
        let counts = out.map(|channel| {
            let count = |key: &str| channel[key].as_u64().unwrap();
            (count("last_sequence"), count("answered_sequence"))
        });
        counts.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1))
    }

    /// Waits until everything that was published here has its answer.
    pub fn wait_until_answered(&self) {
        eventually("every notice is answered", || {
            let (given, answered) = self.given_and_answered();
            given == answered
        });
    }
}

/// A configuration for tests: quick retries, small marks.
fn quickened(text: &str) -> String {
    let mut document: toml::Table = text.parse().unwrap();
    let retry = document
        .entry("retry")
        .or_insert_with(|| toml::Table::new().into());
    retry["cap_seconds"] = 1.into();
    let limits = document
        .entry("limits")
        .or_insert_with(|| toml::Table::new().into());
    let limits = limits.as_table_mut().unwrap();
    limits.insert("low_bytes".into(), (64 << 20).into());
    limits.insert("ballast_bytes".into(), (1 << 20).into());
    toml::to_string(&document).unwrap()
}

/// The table of holidays that is shipped, with the years after it until two from now: whether a
/// year is in it shall not decide what a test sees.
fn holidays() -> String {
    let mut table = include_str!("../../config/holidays.toml").to_owned();
    let year = jiff::Zoned::now().year();
    for year in year..=year + 2 {
        if !table.contains(&format!("year = {year}\n")) {
            table += &format!(
                "[[year]]\nyear = {year}\nnumber = \"–\"\nissued = \"{0}-11-01\"\n\
                 [[year.festival]]\nzh = \"元旦\"\nen = \"New Year\"\n\
                 first = \"{year}-01-01\"\nlast = \"{year}-01-01\"\n",
                year - 1,
            );
        }
    }
    table
}

/// A running node.
pub struct Node {
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Node {
    /// Starts a process and waits for its `ready`.
    pub fn spawn(mut command: Command) -> Result<Self, Said> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let mut stderr = child.stderr.take().unwrap();
        let sink = Arc::clone(&log);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stderr.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
                sink.lock().unwrap().push_str(&text);
            }
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        if line.starts_with("ready") {
            return Ok(Self {
                child,
                log,
                reader: Some(reader),
            });
        }
        let status = child.wait().unwrap();
        reader.join().unwrap();
        Err(Said {
            code: status.code().unwrap_or(-1),
            out: line,
            err: log.lock().unwrap().clone(),
        })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most memory that it had at any time, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: u64 = peak
            .unwrap()
            .split_whitespace()
            .next()
            .unwrap()
            .parse()
            .unwrap();
        kib << 10
    }

    /// Everything that it logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; waits for the end.
    pub fn stop(mut self) -> ExitStatus {
        self.terminate();
        let status = self.child.wait().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        if !status.success() {
            let log = self.log();
            let last: Vec<&str> = log.lines().rev().take(10).collect();
            println!("{status}; it said last: {last:#?}");
        }
        status
    }

    pub fn terminate(&self) {
        let said = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(said.success());
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Already ended for most; a test that failed must not leave one behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Copies a directory as a careless operator would.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// Puts an old copy of a directory back.
pub fn restore(copy_at: &Path, dir: &Path) {
    fs::remove_dir_all(dir).unwrap();
    copy(copy_at, dir);
}

/// Waits for something that comes by itself; fails after a minute.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "never: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A port that was free a moment ago, below those that the system gives to whoever dials: a node
/// that is started again must not find its port taken by a connection.
pub fn free_port() -> u16 {
    static DRAWN: AtomicU32 = AtomicU32::new(0);
    loop {
        let drawn = DRAWN.fetch_add(1, Ordering::SeqCst);
        let place = std::process::id().wrapping_mul(61).wrapping_add(drawn) % 20_000;
        let port = 12_000 + u16::try_from(place).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A synthetic woman's departure from Jinjiang to Guandu.
pub fn departure(number: u32) -> Value {
    json!({
        "reference": format!("d-{number}"),
        "kind": "departure",
        "event_date": "2026-10-08",
        "subject": {
            "name": "测试甲",
            "resident_id": resident(number),
            "marital_status": "21",
            "phone": "19900000000",
        },
        "origin_area": "350582104000",
        "destination_area": "530111001000",
        "destination_address": "云南省昆明市官渡区测试路1号",
    })
}

/// A synthetic woman's departure from one county to another.
pub fn departure_between(number: u32, from: &str, to: &str) -> Value {
    let mut row = departure(number);
    row["origin_area"] = format!("{from}104000").into();
    row["destination_area"] = format!("{to}001000").into();
    row
}

/// The answer to a notice.
pub fn feedback(number: usize, notice_id: &str) -> Value {
    json!({
        "reference": format!("f-{number}"),
        "kind": "feedback",
        "answers": notice_id,
        "outcome": "confirmed",
        "event_date": "2026-10-09",
    })
}

/// A number that belongs to no one: it begins with 99, a woman's of 1990.
pub fn resident(number: u32) -> String {
    let body = format!(
        "99{:04}19900101{:02}{}",
        number % 10_000,
        number / 10_000 % 100,
        2
    );
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body
        .bytes()
        .zip(weights)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let check = ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][(sum % 11) as usize];
    format!("{body}{check}")
}

/// How many rounds a long test makes: the knob, or what is short.
pub fn rounds(knob: &str, short: usize) -> usize {
    std::env::var(knob)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(short)
}
