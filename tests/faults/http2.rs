//! A peer and an office with true certificates but no manners, and strangers without any, do what
//! HTTP/2 and TLS let them; meanwhile everyone else is served as ever.

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Lines, Read, Write},
    net::TcpStream,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};
use serde_json::Value;

use crate::{
    frames::{END_HEADERS, Line, REPEATED, frame, headers, kind, message, remembered},
    grpc::Connection,
    harness::{
        Build, County, GUANDU, JINJIANG, NANAN, Node, World, departure_between, notices, rounds,
        run,
    },
    knock::{self, Answer, Caller, knock},
};

/// What an attack may cost, in bytes of the node's memory.
const BEARABLE: u64 = 64 << 20;

/// The longest that 99 of 100 honest notices may take on a machine that does nothing else,
const HONEST: Duration = Duration::from_secs(1);
/// and so many times what they take without the attack, on one that is busy.
const TIMES: u32 = 4;
/// So long honest notices go back and forth, a hundred at least: an attacker's first burst, which
/// every caller may have, is then no hundredth of them.
const LONG_ENOUGH: Duration = Duration::from_secs(6);
/// How often an attack is made before it is blamed for what others waited.
const ATTEMPTS: u32 = 3;

/// Whoever attacks a listener with a true certificate, and the calls that it may make there.
struct Hostile {
    port: u16,
    caller: Caller,
    /// Stays open while nothing is sent.
    long: &'static str,
    /// Is answered once it has its message.
    short: &'static str,
    /// That message, for a long answer.
    request: Vec<u8>,
}

impl Hostile {
    fn peer(of: &County, at: &County) -> Self {
        Self {
            port: at.exchange,
            caller: of.caller(),
            long: "/hongyan.exchange.v1.Exchange/Deliver",
            short: "/hongyan.exchange.v1.Exchange/Probe",
            request: Vec::new(),
        }
    }

    fn office(at: &County) -> Self {
        run(at
            .command(&["office", "add", "--name", "crooked"])
            .args(["--role", "clerk"]))
        .expect(0);
        let directory = at.dir.join("office");
        // `file_containing_symbol`: the longest answer that costs nothing to ask for.
        let symbol = b"hongyan.office.v1.Office";
        let mut request = vec![0x22, u8::try_from(symbol.len()).unwrap()];
        request.extend(symbol);
        Self {
            port: at.office_port(),
            caller: Caller::of(
                &directory.join("crooked.crt"),
                &directory.join("crooked.key"),
            ),
            long: "/hongyan.office.v1.Office/Subscribe",
            short: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            request,
        }
    }
}

/// What is done to both listeners at once.
struct Attack {
    name: &'static str,
    means: Means,
}

enum Means {
    /// By callers with true certificates, on so many connections to each listener; each says that
    /// again and again. Every other one listens to what it is told.
    Frames {
        connections: usize,
        window: u32,
        say: fn(&mut Line<'_>, &Hostile) -> io::Result<()>,
    },
    /// By strangers: so many connections to each listener, from many addresses, that begin a
    /// handshake byte by byte, or say nothing.
    Strangers { connections: usize, speak: bool },
}

const RAPID_RESET: Attack = Attack {
    name: "rapid reset",
    means: Means::Frames {
        connections: 2,
        window: WINDOW,
        say: |line, hostile| {
            let mut burst = Vec::new();
            for _ in 0..100 {
                let stream = line.stream();
                let call = headers(hostile.long);
                burst.extend(frame(kind::HEADERS, END_HEADERS, stream, &call));
                burst.extend(frame(kind::RST_STREAM, 0, stream, &CANCEL));
            }
            line.say(&burst)
        },
    },
};

const CONTINUATION_FLOOD: Attack = Attack {
    name: "continuation flood",
    means: Means::Frames {
        connections: 2,
        window: WINDOW,
        say: |line, hostile| {
            let stream = line.stream();
            line.say(&frame(kind::HEADERS, 0, stream, &headers(hostile.long)))?;
            // Each a header of its own, never remembered; the block never ends.
            let header = [&[0x00, 1, b'x', 0x7e][..], &[b'y'; 0x7e]].concat();
            let full = frame(kind::CONTINUATION, 0, stream, &header.repeat(120));
            loop {
                line.say(&full)?;
            }
        },
    },
};

const EMPTY_CONTINUATIONS: Attack = Attack {
    name: "empty continuations",
    means: Means::Frames {
        connections: 2,
        window: WINDOW,
        say: |line, hostile| {
            let stream = line.stream();
            line.say(&frame(kind::HEADERS, 0, stream, &headers(hostile.long)))?;
            let empty = frame(kind::CONTINUATION, 0, stream, &[]).repeat(1_000);
            loop {
                line.say(&empty)?;
            }
        },
    },
};

const PING_FLOOD: Attack = Attack {
    name: "ping flood",
    means: Means::Frames {
        connections: 2,
        window: WINDOW,
        say: |line, _| line.say(&frame(kind::PING, 0, 0, b"hongyan!").repeat(500)),
    },
};

const SETTINGS_FLOOD: Attack = Attack {
    name: "settings flood",
    means: Means::Frames {
        connections: 2,
        window: WINDOW,
        say: |line, _| {
            // The table's size, up and down.
            let sizes = [0_u32, 4_096].map(|size| {
                let setting = [&[0, 1][..], &size.to_be_bytes()].concat();
                frame(kind::SETTINGS, 0, 0, &setting)
            });
            line.say(&sizes.concat().repeat(200))
        },
    },
};

/// Each stream names one long header fifteen thousand times, a byte a time, and stays open.
const HEADER_BOMB: Attack = Attack {
    name: "header bomb",
    means: Means::Frames {
        connections: 8,
        window: WINDOW,
        say: |line, hostile| {
            let mut call = headers(hostile.short);
            if line.streams() == 0 {
                call.extend(remembered(1_000));
            }
            let room = (16 << 10) - call.len();
            call.extend(std::iter::repeat_n(REPEATED, room));
            hold_open(line, &call, &[])
        },
    },
};

/// Ten thousand streams are asked for on each connection, as the other end allows.
const STREAM_FLOOD: Attack = Attack {
    name: "stream flood",
    means: Means::Frames {
        connections: 2,
        window: WINDOW,
        say: |line, hostile| {
            if line.streams() >= 10_000 {
                return line.rest();
            }
            let mut burst = Vec::new();
            for _ in 0..100 {
                let stream = line.stream();
                let call = headers(hostile.long);
                burst.extend(frame(kind::HEADERS, END_HEADERS, stream, &call));
            }
            line.say(&burst)
        },
    },
};

/// Answers are asked for and never taken.
const UNREAD: Attack = Attack {
    name: "answers that nobody reads",
    means: Means::Frames {
        connections: 16,
        window: 0,
        say: |line, hostile| hold_open(line, &headers(hostile.short), &hostile.request),
    },
};

/// One more stream that stays open, as long as there may be more.
fn hold_open(line: &mut Line<'_>, call: &[u8], request: &[u8]) -> io::Result<()> {
    if line.streams() >= 256 {
        return line.rest();
    }
    let stream = line.stream();
    line.say(&frame(kind::HEADERS, END_HEADERS, stream, call))?;
    if request.is_empty() {
        return Ok(());
    }
    line.say(&frame(kind::DATA, 0, stream, &message(request)))
}

const SLOW_HANDSHAKES: Attack = Attack {
    name: "slow handshakes",
    means: Means::Strangers {
        connections: 600,
        speak: true,
    },
};

fn idle_connections() -> Attack {
    Attack {
        name: "idle connections",
        means: Means::Strangers {
            connections: rounds("HONGYAN_IDLE", 2_500) / 2,
            speak: false,
        },
    }
}

impl Attack {
    /// Attacks one listener until told to stop; returns when it is under way.
    fn begin<'scope, 'env>(
        &'env self,
        scope: &'scope thread::Scope<'scope, 'env>,
        hostile: &'env Hostile,
        stop: &'env AtomicBool,
    ) {
        match self.means {
            Means::Frames {
                connections,
                window,
                say,
            } => {
                for number in 0..connections {
                    scope.spawn(move || {
                        step_back();
                        while !stop.load(Ordering::SeqCst) {
                            // Each ends when the other end has had enough of it.
                            let ended = Line::open(
                                hostile.port,
                                &hostile.caller,
                                window,
                                number % 2 == 0,
                                stop,
                            )
                            .and_then(|mut line| {
                                loop {
                                    say(&mut line, hostile)?;
                                }
                            });
                            let _: io::Result<()> = ended;
                            thread::sleep(Duration::from_millis(20));
                        }
                    });
                }
            }
            Means::Strangers { connections, speak } => {
                let mut strangers = Strangers::at(hostile.port, connections, speak);
                strangers.come();
                scope.spawn(move || {
                    step_back();
                    while !stop.load(Ordering::SeqCst) {
                        strangers.go_on();
                        thread::sleep(Duration::from_millis(100));
                    }
                });
            }
        }
    }
}

/// This thread leaves the processor to the others: an attacker's is elsewhere.
fn step_back() {
    nice(10).unwrap();
}

/// Connections without a certificate, a few from each of many addresses.
struct Strangers {
    port: u16,
    /// What each says, a byte at a time.
    words: Vec<u8>,
    open: Vec<Option<(TcpStream, usize)>>,
    runtime: tokio::runtime::Runtime,
}

impl Strangers {
    fn at(port: u16, connections: usize, speak: bool) -> Self {
        Self {
            port,
            words: if speak { knock::hello() } else { Vec::new() },
            open: (0..connections).map(|_| None).collect(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    /// Whoever is not connected connects.
    fn come(&mut self) {
        let to = ([127, 0, 0, 1], self.port).into();
        for (number, place) in self.open.iter_mut().enumerate() {
            if place.is_some() {
                continue;
            }
            // From the second address on: the bound on handshakes is for each address, and the
            // first is everyone's.
            let from = [127, 0, 1, u8::try_from(number / 25 % 250).unwrap() + 1];
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            let connected = self.runtime.block_on(async {
                socket.bind((from, 0).into())?;
                socket.connect(to).await?.into_std()
            });
            *place = connected.ok().map(|stream| (stream, 0));
        }
    }

    /// Each says its next byte; whoever was closed comes again.
    fn go_on(&mut self) {
        for place in &mut self.open {
            let Some((stream, said)) = place else {
                continue;
            };
            let mut sink = [0; 64];
            let closed = match stream.read(&mut sink) {
                Ok(count) => count == 0,
                Err(error) => error.kind() != ErrorKind::WouldBlock,
            };
            let next = self.words.get(*said..=*said).unwrap_or_default();
            *said += next.len();
            if closed || stream.write_all(next).is_err() {
                *place = None;
            }
        }
        self.come();
    }
}

/// An office that publishes a row at a time, and another that is handed it: each one process, so
/// that what is measured is the node's time.
struct Desk {
    publisher: Child,
    rows: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    subscriber: Child,
    handed: Receiver<Value>,
    route: [&'static str; 2],
    published: u32,
}

impl Desk {
    fn between(from: &County, to: &County, route: [&'static str; 2]) -> Self {
        let spawn = |mut command: Command| {
            command
                .args(["--format", "json"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        let mut publisher = spawn(from.command(&["publish", "-"]));
        let mut subscriber = spawn(to.command(&["subscribe", "--consumer", "watch"]));
        let arrivals = BufReader::new(subscriber.stdout.take().unwrap()).lines();
        let (sender, handed) = mpsc::channel();
        thread::spawn(move || {
            for line in arrivals.map_while(Result::ok) {
                let notice = serde_json::from_str(&line).unwrap();
                if sender.send(notice).is_err() {
                    break;
                }
            }
        });
        Self {
            rows: publisher.stdin.take().unwrap(),
            answers: BufReader::new(publisher.stdout.take().unwrap()).lines(),
            publisher,
            subscriber,
            handed,
            route,
            published: 0,
        }
    }

    /// Publishes one notice and waits until it is handed over.
    fn deal(&mut self) {
        self.published += 1;
        let [from, to] = self.route;
        writeln!(self.rows, "{}", departure_between(self.published, from, to)).unwrap();
        let answer: Value = serde_json::from_str(&self.answers.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["status"], "accepted", "{answer}");
        let handed = self.handed.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(handed["notice_id"], answer["notice_id"], "another came");
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        for child in [&mut self.publisher, &mut self.subscriber] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A county that is attacked at both its listeners, and another that deals with it honestly.
struct Siege {
    jinjiang: County,
    nanan: County,
    here: Node,
    there: Node,
    desks: [Desk; 2],
    /// The memory that the attacked node took before.
    base: u64,
    _world: World,
}

impl Siege {
    fn of(build: Build) -> (Self, [Hostile; 2]) {
        let world = World::alone(build);
        let (jinjiang, nanan) = (world.county(JINJIANG), world.county(NANAN));
        let guandu = world.county(GUANDU);
        world.pair(&jinjiang, &nanan);
        world.pair(&jinjiang, &guandu);
        let hostile = [
            Hostile::peer(&guandu, &jinjiang),
            Hostile::office(&jinjiang),
        ];
        let (here, there) = (with_few_files(&jinjiang), nanan.start());
        let mut siege = Self {
            desks: [
                Desk::between(&jinjiang, &nanan, [JINJIANG, NANAN]),
                Desk::between(&nanan, &jinjiang, [NANAN, JINJIANG]),
            ],
            jinjiang,
            nanan,
            here,
            there,
            base: 0,
            _world: world,
        };
        for _ in 0..10 {
            siege.deal();
        }
        siege.base = siege.here.peak_memory();
        (siege, hostile)
    }

    /// Deals one notice each way, and has an honest peer and an honest office let in; returns how
    /// long each took.
    fn deal(&mut self) -> [Duration; 4] {
        let [out, back] = &mut self.desks;
        let jinjiang = &self.jinjiang;
        let admitted = |port, caller| {
            assert_eq!(knock(port, Some(&caller)), Answer::Admitted);
        };
        [
            timed(|| out.deal()),
            timed(|| back.deal()),
            timed(|| admitted(jinjiang.exchange, self.nanan.caller())),
            timed(|| admitted(jinjiang.office_port(), jinjiang.operator())),
        ]
    }

    /// The longest that 99 of 100 honest notices take while that goes on, and what it has cost by
    /// then.
    fn deals(&mut self, name: &str) -> (Duration, u64) {
        let deals = rounds("HONGYAN_DEALS", 25);
        let begun = Instant::now();
        let mut took = Vec::new();
        let mut grown = 0;
        while took.len() < deals * 4 || begun.elapsed() < LONG_ENOUGH {
            let dealt = catch_unwind(AssertUnwindSafe(|| self.deal()));
            // First what it costs: a node that swells also keeps its callers waiting.
            grown = self.here.peak_memory().saturating_sub(self.base);
            assert!(grown <= BEARABLE, "{name}: the node grew by {grown} bytes");
            took.extend(dealt.unwrap_or_else(|panic| resume_unwind(panic)));
        }
        took.sort_unstable();
        (took[(took.len() * 99).div_ceil(100) - 1], grown)
    }

    /// Deals honestly while that goes on, and looks what it has cost.
    fn withstand(&mut self, attack: &Attack, hostile: &[Hostile]) {
        let name = attack.name;
        // A disk or a neighbour that stands still for a second does so once; an attack that costs
        // others their time does it whenever it is made.
        for left in (0..ATTEMPTS).rev() {
            let stop = AtomicBool::new(false);
            let (p99, grown) = thread::scope(|scope| {
                let _stopped = Stopped(&stop);
                for hostile in hostile {
                    attack.begin(scope, hostile, &stop);
                }
                self.deals(name)
            });
            eprintln!("{name}: p99 {p99:?}, grew by {} KiB", grown >> 10);
            if p99 <= HONEST {
                break;
            }
            let (unharmed, _) = self.deals(name);
            if p99 <= unharmed * TIMES {
                break;
            }
            assert_ne!(
                left, 0,
                "{name}: an honest notice took {p99:?}, and {unharmed:?} without it"
            );
        }
        for node in [&self.here, &self.there] {
            assert!(!node.log().contains("panicked"), "{}", node.log());
        }
    }
}

fn timed(act: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    act();
    begun.elapsed()
}

/// Tells the attackers to stop, also when the test fails.
struct Stopped<'a>(&'a AtomicBool);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Starts a node that may open no more files than a user's shell allows it.
fn with_few_files(county: &County) -> Node {
    let plain = county.command(&["serve"]);
    let mut command = Command::new("prlimit");
    command
        .arg("--nofile=1024:1024")
        .arg(plain.get_program())
        .args(plain.get_args())
        .env_remove("HONGYAN_NODE")
        .env("LC_ALL", "C.UTF-8");
    Node::spawn(command).unwrap_or_else(|said| panic!("prlimit: {said:?}"))
}

fn row(build: Build, attacks: &[Attack]) {
    let (mut siege, hostile) = Siege::of(build);
    allow_many_files();
    for attack in attacks {
        siege.withstand(attack, &hostile);
    }
    let Siege { here, there, .. } = siege;
    assert!(here.stop().success() && there.stop().success());
}

/// Lets this process hold as many connections as the system lets it.
fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    )
    .unwrap();
}

#[test]
fn hostile_callers_cost_little_and_slow_no_one() {
    row(
        Build::Sound,
        &[
            RAPID_RESET,
            CONTINUATION_FLOOD,
            EMPTY_CONTINUATIONS,
            PING_FLOOD,
            SETTINGS_FLOOD,
            HEADER_BOMB,
            STREAM_FLOOD,
            UNREAD,
        ],
    );
    notices("header bomb: the node grew by", || {
        row(Build::Without("limits"), &[HEADER_BOMB]);
    });
}

#[test]
fn strangers_cost_little_and_slow_no_one() {
    row(Build::Sound, &[SLOW_HANDSHAKES, idle_connections()]);
}

#[test]
fn a_message_beyond_the_limit_is_refused_precisely() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (here, _there) = (jinjiang.start(), guandu.start());
    for (port, caller, path) in [
        (
            jinjiang.office_port(),
            jinjiang.operator(),
            "/hongyan.office.v1.Office/Publish",
        ),
        (
            jinjiang.exchange,
            guandu.caller(),
            "/hongyan.exchange.v1.Exchange/Probe",
        ),
    ] {
        let mut connection = Connection::connect(port, &caller);
        let (_, status) = connection.ask(path, &vec![0; 5 << 20]);
        // OUT_OF_RANGE is what tonic says of a message beyond the limit.
        assert!(matches!(status.code, 8 | 11), "{status:?}");
        assert!(status.message.contains("too large"), "{status:?}");
    }
    assert!(here.stop().success());
}

/// `CANCEL`, in a reset.
const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// What HTTP/2 takes of an answer unless told otherwise.
const WINDOW: u32 = 65_535;
