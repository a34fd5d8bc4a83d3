//! Two offices: one publishes a flow, the other takes it.

use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use hongyan::{
    clock::Clock,
    config::{NodeConfig, NodeDir},
    trust::{alert::Farewell, connector::connect_office, tls::office_client},
};
use hyper_util::rt::TokioIo;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tonic::{
    Streaming,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint, Uri},
};

use super::{
    flow::Flow,
    notice::Template,
    raw::{Field, Fields, Raw, inner, step, varint, wrapped},
};

/// A connection of an office, with the node's operator certificate.
#[derive(Clone)]
pub struct Office(Channel);

impl Office {
    /// Connects to the node of that directory.
    pub async fn of(node: &Path) -> Self {
        let config = config(node);
        Self::at(node, config.office_listen).await
    }

    /// Connects to whoever proves at that address to be the node of that directory.
    pub async fn at(node: &Path, address: SocketAddr) -> Self {
        let dir = NodeDir::new(node);
        let tls = office_client(
            &fs::read(dir.office_root()).unwrap(),
            &fs::read(dir.operator_certificate()).unwrap(),
            &fs::read(dir.operator_key()).unwrap(),
            config(node).id,
            &Clock::system(),
        )
        .unwrap();
        let connector = tower::service_fn(move |_: Uri| {
            let (tls, address) = (Arc::clone(&tls), address.to_string());
            async move {
                connect_office(
                    &tls,
                    &address,
                    Duration::from_secs(10),
                    &Farewell::default(),
                )
                .await
                .map(TokioIo::new)
            }
        });
        let endpoint = Endpoint::from_static("http://office.invalid");
        Self(endpoint.connect_with_connector(connector).await.unwrap())
    }

    /// Opens a stream of messages both ways.
    pub async fn stream(
        &self,
        path: &'static str,
        messages: impl tokio_stream::Stream<Item = Vec<u8>> + Send + 'static,
    ) -> Streaming<Bytes> {
        let mut grpc = Grpc::new(self.0.clone());
        grpc.ready().await.unwrap();
        let path = PathAndQuery::from_static(path);
        let request = tonic::Request::new(messages);
        let answer = grpc.streaming(request, path, Raw).await;
        answer.unwrap().into_inner()
    }

    /// Publishes a flow, each notice by the next of the templates; every one must be accepted.
    pub async fn publish(&self, flow: &Arc<Flow>, templates: Vec<Template>) {
        let drafts = flow.numbers().map(move |number| {
            let turn = number as usize % templates.len();
            templates[turn].bytes(number)
        });
        let mut answers = self
            .stream("/hongyan.office.v1.Office/PublishStream", drafts)
            .await;
        let mut number = 0;
        while let Some(answer) = answers.message().await.unwrap() {
            let (result, told) = inner(&answer);
            assert!(
                result == ACCEPTED,
                "refused: {}",
                String::from_utf8_lossy(told)
            );
            flow.accepted(number);
            number += 1;
        }
    }
}

/// The other side's office.
pub struct Subscriber {
    steps: mpsc::Sender<Vec<u8>>,
    answers: Streaming<Bytes>,
    /// Sequence that comes next.
    next: u64,
    /// Bytes of the last notice.
    pub notice_bytes: usize,
    taken: Taken,
}

/// What waits to be acknowledged.
#[derive(Default)]
struct Taken {
    position: u64,
    notices: u64,
}

impl Subscriber {
    /// Opens the consumer; `next` is the sequence of the first notice that it has not had.
    pub async fn open(office: &Office, next: u64) -> Self {
        let mut open = wrapped(1, b"bench");
        open.push(5 << 3);
        varint(&mut open, CREDIT);
        let (steps, sent) = mpsc::channel(64);
        steps.send(wrapped(1, &open)).await.unwrap();
        let answers = office
            .stream(
                "/hongyan.office.v1.Office/Subscribe",
                ReceiverStream::new(sent),
            )
            .await;
        Self {
            steps,
            answers,
            next,
            notice_bytes: 0,
            taken: Taken::default(),
        }
    }

    /// Takes so many notices, in order, and acknowledges them; `handed` is told how many came
    /// before each.
    pub async fn take(&mut self, notices: u64, handed: impl Fn(u64)) {
        let base = self.next;
        let mut ticks = interval(ACKNOWLEDGE_WITHIN);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.next < base + notices {
            tokio::select! {
                biased;
                answer = self.answers.message() => {
                    let answer = answer.unwrap().expect("the node ended the subscription");
                    // It also hears that it is open, and what is acknowledged.
                    if let (HANDOVER, handover) = inner(&answer) {
                        self.handed(handover);
                        handed(self.next - 1 - base);
                        if self.taken.notices >= ACKNOWLEDGE_AT {
                            self.acknowledge().await;
                        }
                    }
                }
                _ = ticks.tick() => self.acknowledge().await,
            }
        }
        self.acknowledge().await;
    }

    /// Waits until everything taken is acknowledged, and would not come again; nothing more may be on
    /// its way.
    pub async fn settle(&mut self) {
        let mut acknowledged = 0;
        while acknowledged < self.taken.position {
            let answer = self.answers.message().await.unwrap().unwrap();
            let (ACKNOWLEDGED, told) = inner(&answer) else {
                panic!("more came than was published");
            };
            if let Some((1, Field::Number(position))) = Fields(told).next() {
                acknowledged = position;
            }
        }
    }

    fn handed(&mut self, handover: &[u8]) {
        for (number, field) in Fields(handover) {
            match (number, field) {
                (1, Field::Bytes(notice)) => self.notice_bytes = notice.len(),
                (2, Field::Number(position)) => self.taken.position = position,
                (3, Field::Number(sequence)) => {
                    assert_eq!(sequence, self.next, "out of order, lost or twice");
                    self.next += 1;
                }
                _ => {}
            }
        }
        self.taken.notices += 1;
    }

    async fn acknowledge(&mut self) {
        let notices = std::mem::take(&mut self.taken.notices);
        if notices > 0 {
            let position = self.taken.position;
            self.steps.send(step(2, position)).await.unwrap();
            self.steps.send(step(3, notices)).await.unwrap();
        }
    }
}

/// The configuration of the node of that directory.
pub fn config(node: &Path) -> NodeConfig {
    let text = fs::read_to_string(NodeDir::new(node).config()).unwrap();
    NodeConfig::parse(&text).unwrap()
}

/// Of an answer to an item.
const ACCEPTED: u64 = 1;
/// Of what a subscriber is told.
const HANDOVER: u64 = 2;
const ACKNOWLEDGED: u64 = 3;
/// Notices on their way to the subscriber: the most that a node gives.
const CREDIT: u64 = 4_096;
/// Notices of one acknowledgement.
const ACKNOWLEDGE_AT: u64 = 256;
/// How long a notice waits for its acknowledgement where fewer come.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_millis(10);
