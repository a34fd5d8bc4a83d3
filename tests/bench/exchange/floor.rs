//! What nothing on this machine can be faster than: the disk alone, and the network alone.

use std::{
    convert::Infallible,
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    ops::Range,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Barrier, mpsc},
    task::{Context, Poll},
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use hongyan::{
    clock::Clock,
    trust::{
        connection::ConnectionRegistry,
        identity::OfficeId,
        listener::{self, Limits},
        material::{TrustSource, TrustStore},
    },
};
use tokio::net::TcpListener;
use tokio_stream::{Stream, StreamExt as _};
use tokio_util::sync::CancellationToken;
use tonic::{
    Request, Response, Status, Streaming,
    body::Body,
    codegen::{BoxFuture, Service, http},
    server::{Grpc, NamedService, StreamingService},
    transport::Server,
};

use super::{
    flow::{Flow, Load},
    harness::GUANDU,
    histogram::Histogram,
    notice::Template,
    office::{Office, config},
    pair::{Pair, block_on, event_date},
    process,
    raw::Raw,
    result::{Outcome, Times},
};

/// The disk alone: the groups of both journals once more, side by side as the nodes wrote them, each
/// with a sync of its own.
pub fn appended(pair: &Pair, load: Load) -> Outcome {
    let journals = pair.counties.each_ref().map(|county| groups(&county.dir));
    let barrier = Barrier::new(journals.len() + 1);
    let begun = thread::scope(|scope| {
        for (groups, county) in journals.iter().zip(&pair.counties) {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                append(groups, &county.dir);
            });
        }
        barrier.wait();
        Instant::now()
    });
    let seconds = begun.elapsed().as_secs_f64();
    let [here, there] = journals.map(|groups| groups.len());
    Outcome {
        system: "floor".into(),
        load: "floor-append".into(),
        setting: format!("append and fdatasync of the same {here} and {there} groups"),
        notices: load.notices,
        window: load.window,
        per_second: load.notices as f64 / seconds,
        ..Outcome::default()
    }
}

/// The disk alone at the same pace: what is due by then is appended to one file with a sync, as it is
/// accepted, then to another with one more, as it is handed over.
pub fn paced(pair: &Pair, load: Load, notice_bytes: usize) -> Outcome {
    let pace = load.pace.unwrap();
    let begun = Instant::now();
    let due = |number: u64| Duration::from_nanos(number * 1_000_000_000 / pace);
    let (accept, accepted) = mpsc::channel::<Range<u64>>();
    let (mut accepting, mut handing) = (Histogram::default(), Histogram::default());
    let write = |file: &mut File, numbers: &Range<u64>, times: &mut Histogram| {
        let count = (numbers.end - numbers.start) as usize;
        file.write_all(&vec![1; count * notice_bytes]).unwrap();
        file.sync_data().unwrap();
        for number in numbers.clone() {
            let took = begun.elapsed().saturating_sub(due(number));
            times.record(took.as_nanos() as u64);
        }
    };
    let paths = pair
        .counties
        .each_ref()
        .map(|county| county.dir.join("floor"));
    let [mut here, mut there] = paths.each_ref().map(|path| File::create(path).unwrap());
    thread::scope(|scope| {
        let (there, handing, write) = (&mut there, &mut handing, &write);
        scope.spawn(move || {
            while let Ok(mut numbers) = accepted.recv() {
                while let Ok(more) = accepted.try_recv() {
                    numbers.end = more.end;
                }
                write(there, &numbers, handing);
            }
        });
        let mut sent = 0;
        while sent < load.notices {
            thread::sleep(due(sent).saturating_sub(begun.elapsed()));
            let now = begun.elapsed();
            let mut numbers = sent..sent + 1;
            while numbers.end < load.notices && due(numbers.end) <= now {
                numbers.end += 1;
            }
            write(&mut here, &numbers, &mut accepting);
            sent = numbers.end;
            accept.send(numbers).unwrap();
        }
        drop(accept);
    });
    for path in paths {
        fs::remove_file(path).unwrap();
    }
    Outcome {
        system: "floor".into(),
        load: "floor-paced".into(),
        setting: "append and fdatasync of what is due at 1,000/s, in one file and then in another"
            .into(),
        notices: load.notices,
        window: load.window,
        per_second: load.notices as f64 / begun.elapsed().as_secs_f64(),
        accepted: Times::from(&accepting),
        handed: Times::from(&handing),
        ..Outcome::default()
    }
}

/// The network alone: the same drafts through a bare stream between two processes, which answers
/// each with an id's worth of bytes.
pub fn streamed(pair: &Pair, load: Load) -> Outcome {
    let node = &pair.counties[0].dir;
    let own = || process::cpu(std::process::id());
    let before = own();
    let flow = block_on(stream(node, load));
    let spent = own() - before;
    let (accepted, handed) = flow.times();
    Outcome {
        system: "floor".into(),
        load: "floor-stream".into(),
        setting: "a bare tonic stream over the same TLS, no store".into(),
        notices: load.notices,
        window: load.window,
        per_second: flow.per_second(),
        accepted: Times::from(&accepted),
        handed: Times::from(&handed),
        generator_us: spent.as_secs_f64() * 1e6 / load.notices as f64,
        ..Outcome::default()
    }
}

/// The groups that a node has written to its journal, byte for byte.
fn groups(node: &Path) -> Vec<Vec<u8>> {
    let mut segments: Vec<PathBuf> = fs::read_dir(node.join("data/journal"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|name| name == "segment"))
        .collect();
    segments.sort();
    let mut groups = Vec::new();
    for segment in segments {
        let bytes = fs::read(&segment).unwrap();
        let mut windows = bytes.windows(GROUP_MAGIC.len());
        let mut at = windows.position(|window| window == GROUP_MAGIC).unwrap();
        while bytes[at..].starts_with(GROUP_MAGIC) {
            let length = bytes[at + 4..at + 8].try_into().unwrap();
            let end = at + GROUP_HEADER + u32::from_be_bytes(length) as usize;
            groups.push(bytes[at..end].to_vec());
            at = end;
        }
    }
    groups
}

fn append(groups: &[Vec<u8>], directory: &Path) {
    let path = directory.join("floor");
    let mut file = File::create(&path).unwrap();
    for group in groups {
        file.write_all(group).unwrap();
        file.sync_data().unwrap();
    }
    fs::remove_file(path).unwrap();
}

async fn stream(node: &Path, load: Load) -> Arc<Flow> {
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args([SERVE, node.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(server.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let address: SocketAddr = line.trim().parse().unwrap();
    let office = Office::at(node, address).await;
    let flow = Flow::begin(load);
    let template = Template::new('f', GUANDU, &event_date());
    let drafts = flow.numbers().map(move |number| template.bytes(number));
    let mut answers = office.stream("/hongyan.bench.Floor/Pass", drafts).await;
    let mut number = 0;
    while answers.message().await.unwrap().is_some() {
        flow.accepted(number);
        flow.handed(number);
        number += 1;
    }
    drop(server.stdin.take());
    server.wait().unwrap();
    flow
}

/// The other end of [`streamed`]: a process of its own, which ends when its standard input does.
pub fn serve(node: &Path) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let config = config(node);
        let source = TrustSource {
            dir: node.to_owned(),
            areas: config.areas.clone(),
            sandbox: config.mode.is_sandbox(),
            revocation: config.revocation,
            pairings: Vec::new(),
            offices: config
                .office_clients
                .iter()
                .map(|it| it.id.clone())
                .collect(),
            office_hosts: Vec::new(),
            own_endpoint: None,
        };
        let clock = Clock::system();
        let trust = TrustStore::open(&source, clock.clone()).unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", socket.local_addr().unwrap());
        let stop = CancellationToken::new();
        let end = stop.clone();
        thread::spawn(move || {
            std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
            end.cancel();
        });
        let incoming = listener::accept::<OfficeId>(
            socket,
            trust.subscribe(),
            ConnectionRegistry::new(),
            clock,
            Limits::default(),
            stop.clone(),
        );
        let serving = Server::builder()
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .add_service(Floor)
            .serve_with_incoming(incoming);
        tokio::select! {
            served = serving => served.unwrap(),
            () = stop.cancelled() => {}
        }
    });
}

/// Answers every message with an id's worth of bytes.
#[derive(Clone)]
struct Floor;

impl NamedService for Floor {
    const NAME: &'static str = "hongyan.bench.Floor";
}

impl Service<http::Request<Body>> for Floor {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move { Ok(Grpc::new(Raw).streaming(Self, request).await) })
    }
}

impl StreamingService<Bytes> for Floor {
    type Response = Vec<u8>;
    type ResponseStream = std::pin::Pin<Box<dyn Stream<Item = Result<Vec<u8>, Status>> + Send>>;
    type Future = BoxFuture<Response<Self::ResponseStream>, Status>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        let answers = request
            .into_inner()
            .map(|item| item.map(|_| vec![0_u8; 18]));
        Box::pin(async move { Ok(Response::new(Box::pin(answers) as Self::ResponseStream)) })
    }
}

/// The argument that makes this program the other end of the bare stream.
pub const SERVE: &str = "floor-server";

/// As `store/journal/group.rs` has them.
const GROUP_MAGIC: &[u8] = b"HYg1";
const GROUP_HEADER: usize = 16;

/// As the office listener has them.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
