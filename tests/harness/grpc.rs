//! gRPC by hand: any bytes may stand where a message should.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use h2::{RecvStream, SendStream, client::ResponseFuture, client::SendRequest};
use rustls_pki_types::ServerName;
use tokio::{runtime::Runtime, time::timeout};
use tonic::codegen::http::{HeaderMap, Request};

use crate::{
    frames::message,
    knock::{Caller, HTTP2, client},
};

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The number of the code.
    pub code: u32,
    pub message: String,
    /// `google.rpc.Status`, in its bytes.
    pub details: Vec<u8>,
}

/// A connection of a caller, for one call after the other.
pub struct Connection {
    runtime: Runtime,
    client: SendRequest<Bytes>,
}

/// A call under way.
pub struct Dialogue<'a> {
    runtime: &'a Runtime,
    mouth: SendStream<Bytes>,
    ear: Ear,
}

enum Ear {
    Waits(ResponseFuture),
    Hears { body: RecvStream, heard: Vec<u8> },
    Told(Status),
}

/// A node that neither answers nor refuses for so long has been silenced.
const PATIENCE: Duration = Duration::from_secs(20);

fn within<T>(runtime: &Runtime, what: impl Future<Output = T>) -> T {
    runtime.block_on(async {
        let patient = timeout(PATIENCE, what).await;
        patient.expect("the node says nothing")
    })
}

impl Connection {
    pub fn connect(port: u16, caller: &Caller) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let config = Arc::new(client(Some(caller), &[HTTP2]));
        let client = within(&runtime, async {
            let tcp = tokio::net::TcpStream::connect(("127.0.0.1", port));
            let tcp = tcp.await.unwrap();
            tcp.set_nodelay(true).unwrap();
            let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST).into());
            let tls = tokio_rustls::TlsConnector::from(config).connect(name, tcp);
            let (client, connection) = h2::client::handshake(tls.await.unwrap()).await.unwrap();
            tokio::spawn(connection);
            client
        });
        Self { runtime, client }
    }

    /// Begins a call.
    pub fn begin(&mut self, path: &str) -> Dialogue<'_> {
        self.try_begin(path).expect("the node ended the connection")
    }

    fn try_begin(&mut self, path: &str) -> Result<Dialogue<'_>, h2::Error> {
        let request = Request::post(format!("https://node{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .unwrap();
        let (response, mouth) = within(&self.runtime, async {
            let mut client = self.client.clone().ready().await?;
            client.send_request(request, false)
        })?;
        Ok(Dialogue {
            runtime: &self.runtime,
            mouth,
            ear: Ear::Waits(response),
        })
    }

    /// Says all of that, hears all that is answered.
    pub fn call(&mut self, path: &str, bytes: &[u8]) -> (Vec<Vec<u8>>, Status) {
        let mut dialogue = self.begin(path);
        dialogue.say(bytes, true);
        dialogue.end()
    }

    /// As [`Connection::call`], with one message.
    pub fn ask(&mut self, path: &str, body: &[u8]) -> (Vec<Vec<u8>>, Status) {
        self.call(path, &message(body))
    }

    /// How such a call ended; none if the node cut the connection first.
    pub fn ask_unless_cut(&mut self, path: &str, body: &[u8]) -> Option<Status> {
        let mut asked = self.try_begin(path).map_err(cut).ok()?;
        asked.say(&message(body), true);
        let heard = loop {
            match within(asked.runtime, next(&mut asked.ear)) {
                Ok(Some(_)) => {}
                heard => break heard,
            }
        };
        heard.map_err(cut).ok()?;
        Some(asked.status())
    }
}

/// Anything else that ends a connection is no cut.
fn cut(error: h2::Error) {
    assert!(error.is_io(), "{error:?}");
}

impl Dialogue<'_> {
    /// Says those bytes; a node that has refused the call already need not hear them.
    pub fn say(&mut self, bytes: &[u8], last: bool) {
        let said = self.mouth.send_data(Bytes::copy_from_slice(bytes), last);
        said.unwrap_or_default();
    }

    /// The next message; none if the call has ended.
    pub fn hear(&mut self) -> Option<Vec<u8>> {
        let heard = within(self.runtime, next(&mut self.ear));
        heard.expect("the node ended the connection")
    }

    /// Everything else that is answered, and how the call ended.
    pub fn end(mut self) -> (Vec<Vec<u8>>, Status) {
        let mut messages = Vec::new();
        while let Some(message) = self.hear() {
            messages.push(message);
        }
        (messages, self.status())
    }

    /// Once nothing more is heard.
    fn status(self) -> Status {
        match self.ear {
            Ear::Told(status) => status,
            _ => unreachable!("nothing is heard after the end only"),
        }
    }
}

async fn next(ear: &mut Ear) -> Result<Option<Vec<u8>>, h2::Error> {
    loop {
        match ear {
            Ear::Waits(response) => {
                let response = response.await?;
                *ear = match status_in(response.headers()) {
                    Some(status) => Ear::Told(status),
                    None => Ear::Hears {
                        body: response.into_body(),
                        heard: Vec::new(),
                    },
                };
            }
            Ear::Hears { body, heard } => {
                if let Some(message) = whole(heard) {
                    return Ok(Some(message));
                }
                if let Some(chunk) = body.data().await {
                    let chunk = chunk?;
                    body.flow_control().release_capacity(chunk.len()).unwrap();
                    heard.extend(chunk);
                    continue;
                }
                assert!(heard.is_empty(), "half a message");
                let trailers = body.trailers().await?.expect("trailers");
                *ear = Ear::Told(status_in(&trailers).expect("a status"));
            }
            Ear::Told(_) => return Ok(None),
        }
    }
}

/// The first message, if it is there as a whole.
pub fn whole(heard: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = heard.get(1..5)?.try_into().unwrap();
    let end = usize::try_from(u32::from_be_bytes(length)).unwrap() + 5;
    let message = heard.get(5..end)?.to_vec();
    heard.drain(..end);
    Some(message)
}

fn status_in(headers: &HeaderMap) -> Option<Status> {
    let status = tonic::Status::from_header_map(headers)?;
    Some(Status {
        code: i32::from(status.code()).try_into().unwrap(),
        message: status.message().to_owned(),
        details: status.details().to_vec(),
    })
}
