//! Dialling: a peer, or one's own node.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{net::TcpStream, sync::watch, time::timeout};
use tokio_rustls::{TlsConnector, TlsStream, client};

use super::{
    alert::{Attentive, Farewell},
    connection::{Connection, ConnectionRegistry, Standing},
    identity::{PeerId, SpiffeId},
    identity_error::IdentityError,
    material::TrustSnapshot,
    tls::ALPN,
    verifier::Part,
};
use crate::clock::Clock;

/// Dials peers. Every connection is registered and cut like an accepted one.
#[derive(Clone)]
pub struct Connector {
    snapshots: watch::Receiver<Arc<TrustSnapshot>>,
    registry: ConnectionRegistry,
    clock: Clock,
    within: Duration,
}

impl Connector {
    /// Dials by the newest snapshot; each attempt ends `within` that time.
    pub const fn new(
        snapshots: watch::Receiver<Arc<TrustSnapshot>>,
        registry: ConnectionRegistry,
        clock: Clock,
        within: Duration,
    ) -> Self {
        Self {
            snapshots,
            registry,
            clock,
            within,
        }
    }

    /// Connects to the peer where its pairing says.
    ///
    /// The peer judges our certificate after that: if it refuses, the first read fails, and the
    /// connection's [`Farewell`] knows why.
    ///
    /// # Errors
    /// [`ConnectError`]; nothing was sent but the handshake.
    pub async fn connect(&self, peer: &SpiffeId) -> Result<Connection<PeerId>, ConnectError> {
        timeout(self.within, self.dial(peer))
            .await
            .map_err(|_| ConnectError::Slow)?
    }

    async fn dial(&self, peer: &SpiffeId) -> Result<Connection<PeerId>, ConnectError> {
        let snapshot = Arc::clone(&self.snapshots.borrow());
        let known = snapshot
            .peer(peer)
            .ok_or(ConnectError::Identity(IdentityError::NotPaired))?;
        let stream = shake_hands(&known.client, &known.pairing.endpoint).await?;
        let (tcp, session) = stream.get_ref();
        let remote = tcp.peer_addr()?;
        let chain = session.peer_certificates().unwrap_or_default();
        let chain: Vec<_> = chain.iter().map(|der| der.clone().into_owned()).collect();
        let prove = |snapshot: &TrustSnapshot| {
            snapshot
                .identify_peer(&chain, Part::Server, self.clock.now())
                .and_then(|id| {
                    if id.id() == peer {
                        Ok(id)
                    } else {
                        Err(IdentityError::OtherPeer)
                    }
                })
        };
        let id = prove(&snapshot)?;
        let standing = Standing::Peer(id.clone(), Part::Server);
        let registration = self.registry.register(standing, chain.clone());
        // As when accepting: a snapshot may have come out before the registration.
        let newest = Arc::clone(&self.snapshots.borrow());
        if prove(&newest)? != id {
            return Err(IdentityError::OtherPeer.into());
        }
        let stream = TlsStream::Client(stream);
        Ok(Connection::new(stream, id, remote, registration, None))
    }
}

/// Connects an office's client to its node at `host:port`, with
/// [`office_client`](super::tls::office_client)'s configuration. As with a peer, a refusal of our
/// certificate comes with the first read; it is then in `farewell`.
///
/// # Errors
/// [`ConnectError`].
pub async fn connect_office(
    config: &Arc<ClientConfig>,
    endpoint: &str,
    within: Duration,
    farewell: &Farewell,
) -> Result<Attentive<client::TlsStream<TcpStream>>, ConnectError> {
    let stream = timeout(within, shake_hands(config, endpoint))
        .await
        .map_err(|_| ConnectError::Slow)??;
    Ok(Attentive::new(stream, farewell.clone()))
}

async fn shake_hands(
    config: &Arc<ClientConfig>,
    endpoint: &str,
) -> Result<client::TlsStream<TcpStream>, ConnectError> {
    let tcp = TcpStream::connect(endpoint).await?;
    tcp.set_nodelay(true)?;
    // rustls wants a name; ours is neither sent nor looked at.
    let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST).into());
    let stream = TlsConnector::from(Arc::clone(config))
        .connect(name, tcp)
        .await
        .map_err(|error| match IdentityError::of_io(&error) {
            Some(reason) => ConnectError::Identity(reason),
            None => ConnectError::Io(error),
        })?;
    if stream.get_ref().1.alpn_protocol() == Some(ALPN) {
        Ok(stream)
    } else {
        Err(ConnectError::NoHttp2)
    }
}

/// Why dialling came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Whoever answered does not prove to be the one dialled.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The network, or the other end's alert.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The other end speaks TLS but not HTTP/2.
    #[error("the other end does not speak HTTP/2")]
    NoHttp2,
    /// It took too long.
    #[error("no answer in time")]
    Slow,
}
