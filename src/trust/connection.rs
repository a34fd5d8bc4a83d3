//! Connections that know who is at their other end, and that are cut when that no longer holds.

use std::{
    collections::HashMap,
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, UnixTime};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, watch},
    time::MissedTickBehavior,
};
use tokio_rustls::TlsStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

use super::{
    alert::{Attentive, Farewell},
    identity::{OfficeId, PeerId, SpiffeId},
    identity_error::IdentityError,
    material::TrustSnapshot,
    verifier::Part,
};
use crate::clock::Clock;

/// Who can be at the other end of an accepted connection: a peer, or an office.
pub trait Caller: Clone + Eq + fmt::Display + Send + Sync + Proof + 'static {
    /// The TLS configuration of the listener for such callers.
    fn server_config(snapshot: &TrustSnapshot) -> Arc<ServerConfig>;
}

impl Caller for PeerId {
    fn server_config(snapshot: &TrustSnapshot) -> Arc<ServerConfig> {
        Arc::clone(&snapshot.exchange_server)
    }
}

impl Caller for OfficeId {
    fn server_config(snapshot: &TrustSnapshot) -> Arc<ServerConfig> {
        Arc::clone(&snapshot.office_server)
    }
}

mod sealed {
    use super::{
        CertificateDer, IdentityError, OfficeId, Part, PeerId, SpiffeId, Standing, TrustSnapshot,
        UnixTime,
    };

    pub trait Proof: Sized {
        fn prove(
            snapshot: &TrustSnapshot,
            chain: &[CertificateDer<'_>],
            now: UnixTime,
        ) -> Result<Self, IdentityError>;
        fn name(&self) -> &SpiffeId;
        fn standing(&self) -> Standing;
    }

    impl Proof for PeerId {
        fn prove(
            snapshot: &TrustSnapshot,
            chain: &[CertificateDer<'_>],
            now: UnixTime,
        ) -> Result<Self, IdentityError> {
            snapshot.identify_peer(chain, Part::Client, now)
        }

        fn name(&self) -> &SpiffeId {
            self.id()
        }

        fn standing(&self) -> Standing {
            Standing::Peer(self.clone(), Part::Client)
        }
    }

    impl Proof for OfficeId {
        fn prove(
            snapshot: &TrustSnapshot,
            chain: &[CertificateDer<'_>],
            now: UnixTime,
        ) -> Result<Self, IdentityError> {
            snapshot.identify_office(chain, now)
        }

        fn name(&self) -> &SpiffeId {
            self.id()
        }

        fn standing(&self) -> Standing {
            Standing::Office(self.clone())
        }
    }
}

pub(in crate::trust) use sealed::Proof;

/// What a connection was let through as.
#[derive(Clone)]
pub enum Standing {
    /// A peer, and the part that it plays: the client of what we accepted, the server of what we
    /// dialled.
    Peer(PeerId, Part),
    /// An office.
    Office(OfficeId),
}

impl Standing {
    fn name(&self) -> &SpiffeId {
        match self {
            Self::Peer(peer, _) => peer.id(),
            Self::Office(office) => office.id(),
        }
    }

    /// Judges the chain anew. A peer whose areas changed is another: its proof says which it has.
    fn holds(
        &self,
        snapshot: &TrustSnapshot,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), IdentityError> {
        let same = match self {
            Self::Peer(peer, part) => snapshot.identify_peer(chain, *part, now)? == *peer,
            Self::Office(office) => snapshot.identify_office(chain, now)? == *office,
        };
        if same {
            Ok(())
        } else {
            Err(IdentityError::OtherPeer)
        }
    }
}

/// Every live connection of a node, in and out.
#[derive(Clone, Default)]
pub struct ConnectionRegistry(Arc<Mutex<Live>>);

#[derive(Default)]
struct Live {
    next: u64,
    entries: HashMap<u64, Entry>,
}

struct Entry {
    standing: Standing,
    chain: Vec<CertificateDer<'static>>,
    cut: CancellationToken,
}

impl ConnectionRegistry {
    /// With nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many connections are live.
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// True if none is live.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many connections with that name at the other end are live.
    pub fn count(&self, id: &SpiffeId) -> usize {
        let live = self.lock();
        live.entries
            .values()
            .filter(|entry| entry.standing.name() == id)
            .count()
    }

    /// Judges every live connection by that snapshot and cuts those that no longer pass; returns
    /// how many.
    pub fn recheck(&self, snapshot: &TrustSnapshot, now: UnixTime) -> usize {
        let mut cut = 0_usize;
        for entry in self.lock().entries.values() {
            if entry.cut.is_cancelled() {
                continue;
            }
            if let Err(reason) = entry.standing.holds(snapshot, &entry.chain, now) {
                let id = entry.standing.name();
                tracing::warn!(%id, reason = reason.name(), "Cut a connection.");
                entry.cut.cancel();
                cut = cut.saturating_add(1);
            }
        }
        cut
    }

    /// Judges all live connections at each new snapshot, and each minute, since certificates and
    /// lists also expire. Runs until `stop`, or until no snapshot can come any more.
    pub async fn watch(
        &self,
        mut snapshots: watch::Receiver<Arc<TrustSnapshot>>,
        clock: Clock,
        stop: CancellationToken,
    ) {
        let mut tick = tokio::time::interval(RECHECK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                changed = snapshots.changed() => if changed.is_err() {
                    return;
                },
                _ = tick.tick() => {}
            }
            let snapshot = Arc::clone(&snapshots.borrow_and_update());
            self.recheck(&snapshot, clock.now());
        }
    }

    /// Cuts everything.
    pub fn cut_all(&self) {
        for entry in self.lock().entries.values() {
            entry.cut.cancel();
        }
    }

    pub(in crate::trust) fn register(
        &self,
        standing: Standing,
        chain: Vec<CertificateDer<'static>>,
    ) -> Registration {
        let cut = CancellationToken::new();
        let mut live = self.lock();
        let key = live.next;
        live.next = live.next.wrapping_add(1);
        let entry = Entry {
            standing,
            chain,
            cut: cut.clone(),
        };
        live.entries.insert(key, entry);
        Registration {
            registry: self.clone(),
            key,
            cut,
        }
    }

    /// The map is whole whatever thread panicked over it: each change is one insert or remove.
    fn lock(&self) -> MutexGuard<'_, Live> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place in the registry; given up when dropped.
pub(in crate::trust) struct Registration {
    registry: ConnectionRegistry,
    key: u64,
    pub(in crate::trust) cut: CancellationToken,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.registry.lock().entries.remove(&self.key);
    }
}

/// What a request knows of the connection that it came by.
#[derive(Clone, Debug)]
pub struct CallerInfo<I> {
    /// Who calls, proven.
    pub id: I,
    /// Where from.
    pub remote: SocketAddr,
    /// Done when the connection is cut: long answers end then.
    pub cut: CancellationToken,
}

/// A TLS connection whose other end is proven. Reads and writes fail once it is cut.
pub struct Connection<I> {
    stream: Attentive<TlsStream<TcpStream>>,
    info: CallerInfo<I>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Bytes read since there were none to read.
    in_a_row: usize,
    _registration: Registration,
    _permit: Option<OwnedSemaphorePermit>,
}

/// An accepted connection of a peer.
pub type PeerConnection = Connection<PeerId>;

/// An accepted connection of an office.
pub type OfficeConnection = Connection<OfficeId>;

impl<I> Connection<I> {
    pub(in crate::trust) fn new(
        stream: TlsStream<TcpStream>,
        id: I,
        remote: SocketAddr,
        registration: Registration,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let cut = registration.cut.clone();
        Self {
            stream: Attentive::new(stream, Farewell::default()),
            info: CallerInfo {
                id,
                remote,
                cut: cut.clone(),
            },
            cut: Box::pin(cut.cancelled_owned()),
            in_a_row: 0,
            _registration: registration,
            _permit: permit,
        }
    }

    /// Who is at the other end.
    pub const fn id(&self) -> &I {
        &self.info.id
    }

    /// Last second of the certificate at the other end: milliseconds since 1970; none if it shows
    /// none.
    pub fn certificate_until_ms(&self) -> Option<i64> {
        let (_, session) = self.stream.get_ref().get_ref();
        let leaf = session.peer_certificates()?.first()?;
        let (_, certificate) = x509_parser::parse_x509_certificate(leaf).ok()?;
        Some(
            certificate
                .validity()
                .not_after
                .timestamp()
                .saturating_mul(1_000),
        )
    }

    /// Where the alert is noted by which the other end ends the connection.
    pub const fn farewell(&self) -> &Farewell {
        self.stream.farewell()
    }

    /// Done when the connection is cut.
    pub const fn cut(&self) -> &CancellationToken {
        &self.info.cut
    }

    /// Fails once the connection is cut, and wakes the task when that happens.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "cut: the other end no longer passes",
            )),
            Poll::Pending => Ok(()),
        }
    }
}

impl<I: Unpin> AsyncRead for Connection<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        if self.in_a_row >= MOST_IN_A_ROW {
            // Whoever sends without end has its turn again after all others have had theirs.
            self.in_a_row = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.in_a_row = match read {
            Poll::Ready(_) => {
                let count = buffer.filled().len().saturating_sub(before);
                self.in_a_row.saturating_add(count)
            }
            Poll::Pending => 0,
        };
        read
    }
}

impl<I: Unpin> AsyncWrite for Connection<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

impl<I: Clone + Send + Sync + 'static> Connected for Connection<I> {
    type ConnectInfo = CallerInfo<I>;

    fn connect_info(&self) -> CallerInfo<I> {
        self.info.clone()
    }
}

/// Bytes that one connection reads before the others have their turn. The smallest frames of HTTP/2
/// have nine bytes, and each costs more than its bytes: what is here takes some milliseconds.
const MOST_IN_A_ROW: usize = 16 << 10;

const RECHECK_EVERY: Duration = Duration::from_secs(60);
