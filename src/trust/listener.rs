//! Accepting: TCP, then TLS, then a proven caller, before a byte of HTTP/2.

use std::{error::Error, io, marker::PhantomData, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc, watch},
    time::{Instant, timeout_at},
};
use tokio_rustls::{TlsAcceptor, TlsStream};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use super::{
    connection::{Caller, Connection, ConnectionRegistry},
    handshakes::Handshakes,
    identity_error::IdentityError,
    material::TrustSnapshot,
    tls::ALPN,
};
use crate::clock::Clock;

/// What a listener bears.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once whose callers are proven. One more is closed.
    pub connections: usize,
    /// Connections at once of one proven caller. One more is closed.
    pub connections_per_caller: usize,
    /// Handshakes at once. For one more, another one is closed: the oldest of the address that has
    /// the most, so that strangers who send nothing keep out nobody.
    pub handshakes: usize,
    /// Handshakes at once from one address. One more is closed.
    pub handshakes_per_address: usize,
    /// How long a handshake may take.
    pub handshake: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            connections_per_caller: 16,
            handshakes: 128,
            handshakes_per_address: 32,
            handshake: Duration::from_secs(10),
        }
    }
}

/// The connections that a listener accepts: hand it to tonic's `serve_with_incoming`.
pub type Incoming<I> = ReceiverStream<io::Result<Connection<I>>>;

/// Accepts on a bound socket until `stop`, or until the stream is dropped. Each connection is
/// judged by the newest snapshot, both in its handshake and after it is registered, so none slips
/// through while a new one is published.
pub fn accept<I: Caller>(
    listener: TcpListener,
    snapshots: watch::Receiver<Arc<TrustSnapshot>>,
    registry: ConnectionRegistry,
    clock: Clock,
    limits: Limits,
    stop: CancellationToken,
) -> Incoming<I> {
    let (sender, receiver) = mpsc::channel(1);
    let door = Door {
        snapshots,
        registry,
        clock,
        limits,
        handshakes: Handshakes::new(limits.handshakes, limits.handshakes_per_address),
        places: Arc::new(Semaphore::new(limits.connections)),
        caller: PhantomData,
    };
    tokio::spawn(run(listener, Arc::new(door), sender, stop));
    ReceiverStream::new(receiver)
}

struct Door<I> {
    snapshots: watch::Receiver<Arc<TrustSnapshot>>,
    registry: ConnectionRegistry,
    clock: Clock,
    limits: Limits,
    handshakes: Handshakes,
    places: Arc<Semaphore>,
    caller: PhantomData<fn() -> I>,
}

/// Why an accepted TCP connection came to nothing.
#[derive(Debug, thiserror::Error)]
enum Turned {
    /// Told so by an alert, which it may not have read yet.
    #[error("{0}")]
    Alerted(Box<Self>, TcpStream),
    #[error("{0}")]
    Identity(#[from] IdentityError),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("there are more connections than this listener bears")]
    Full,
    #[error("its handshake gave way to others")]
    GaveWay,
    #[error("the handshake took too long")]
    Slow,
    #[error("too many connections of this caller")]
    TooMany,
    #[error("no HTTP/2 was agreed on")]
    NoHttp2,
}

impl Turned {
    /// How a handshake failed. What rustls itself found it has said in an alert.
    fn by(error: io::Error, tcp: TcpStream) -> Self {
        let inner = error.get_ref();
        let found = inner.is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>);
        let reason = match IdentityError::of_io(&error) {
            Some(reason) => Self::Identity(reason),
            None => Self::Io(error),
        };
        if found {
            Self::Alerted(Box::new(reason), tcp)
        } else {
            reason
        }
    }
}

async fn run<I: Caller>(
    listener: TcpListener,
    door: Arc<Door<I>>,
    sender: mpsc::Sender<io::Result<Connection<I>>>,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            () = sender.closed() => return,
            accepted = next(&listener) => accepted,
        };
        let Some((tcp, remote)) = accepted else {
            continue;
        };
        let Some(turn) = door.handshakes.begin(remote.ip()) else {
            tracing::debug!(%remote, "Closed: too many handshakes from there.");
            continue;
        };
        let (door, sender, stop) = (Arc::clone(&door), sender.clone(), stop.clone());
        tokio::spawn(async move {
            let end = Instant::now() + door.limits.handshake;
            let shaken = tokio::select! {
                () = stop.cancelled() => return,
                () = turn.gives_way() => Err(Turned::GaveWay),
                shaken = timeout_at(end, door.shake_hands(tcp, remote)) => {
                    shaken.unwrap_or(Err(Turned::Slow))
                }
            };
            match shaken {
                Ok(connection) => {
                    drop(turn);
                    tokio::select! {
                        () = stop.cancelled() => {}
                        // If the stream is gone, so is the connection.
                        sent = sender.send(Ok(connection)) => drop(sent),
                    }
                }
                Err(reason) => {
                    tracing::info!(%remote, %reason, "Turned a connection away.");
                    if let Turned::Alerted(_, tcp) = reason {
                        // Still a handshake, with its turn and its time.
                        tokio::select! {
                            () = stop.cancelled() => {}
                            () = turn.gives_way() => {}
                            _ = timeout_at(end, see_off(tcp)) => {}
                        }
                    }
                }
            }
        });
    }
}

/// Waits until the other end has closed the connection, for a short while.
///
/// A client speaks on before it knows that it is refused. A socket that is closed over what it has
/// not read is reset, and a reset may overtake the alert: the client would learn no more than that
/// the connection broke.
async fn see_off(mut tcp: TcpStream) {
    let gone = async {
        tcp.shutdown().await?;
        let mut rest = tcp.take(MOST_SEEN_OFF);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    // Whatever comes of it, the connection is closed.
    drop(tokio::time::timeout(SEEING_OFF, gone).await);
}

/// None after an error that is not this listener's fault, or after waiting out one that is.
async fn next(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok(accepted) => Some(accepted),
        Err(error) if is_callers(&error) => None,
        Err(error) => {
            // No descriptors or no memory: asking again at once would spin.
            tracing::error!(%error, "Cannot accept; trying again in a second.");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

fn is_callers(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

impl<I: Caller> Door<I> {
    async fn shake_hands(
        &self,
        tcp: TcpStream,
        remote: SocketAddr,
    ) -> Result<Connection<I>, Turned> {
        tcp.set_nodelay(true)?;
        let snapshot = Arc::clone(&self.snapshots.borrow());
        let stream = TlsAcceptor::from(I::server_config(&snapshot))
            .accept(tcp)
            .into_fallible()
            .await
            .map_err(|(error, tcp)| Turned::by(error, tcp))?;
        let (_, session) = stream.get_ref();
        if session.alpn_protocol() != Some(ALPN) {
            return Err(Turned::NoHttp2);
        }
        let chain = session.peer_certificates().unwrap_or_default();
        let chain: Vec<_> = chain.iter().map(|der| der.clone().into_owned()).collect();
        let id = I::prove(&snapshot, &chain, self.clock.now())?;
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| Turned::Full)?;
        let registration = self.registry.register(id.standing(), chain.clone());
        if self.registry.count(id.name()) > self.limits.connections_per_caller {
            return Err(Turned::TooMany);
        }
        // A snapshot that came out before this line may have been looked at before the
        // registration; one that comes after it finds the registration.
        let newest = Arc::clone(&self.snapshots.borrow());
        if I::prove(&newest, &chain, self.clock.now())? != id {
            return Err(Turned::Identity(IdentityError::OtherPeer));
        }
        let stream = TlsStream::Server(stream);
        Ok(Connection::new(
            stream,
            id,
            remote,
            registration,
            Some(place),
        ))
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// An alert has crossed the widest net by then, and the other end's farewell has come back.
const SEEING_OFF: Duration = Duration::from_secs(2);
/// More than a client says before it reads.
const MOST_SEEN_OFF: u64 = 64 << 10;
