//! One HTTP/2 connection a peer, shared by the couriers of its channels.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hyper_util::rt::TokioIo;
use tokio::sync::{Mutex as AsyncMutex, watch};
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use super::{
    failure::{LinkError, SessionError},
    misdeed::{At, Misbehaviour, Misdeed},
};
use crate::{
    clock::Clock,
    guard::Guard,
    trust::{
        alert::{Alert, Farewell},
        connector::Connector,
        identity::SpiffeId,
    },
};

/// The links to all peers.
pub(super) struct Links {
    connector: Connector,
    clock: Clock,
    links: Mutex<HashMap<SpiffeId, Arc<Link>>>,
}

struct Link {
    peer: SpiffeId,
    open: AsyncMutex<Option<OpenLink>>,
    told: Mutex<Told>,
    /// Counts contacts from the peer; couriers that wait are woken by it.
    contacts: watch::Sender<u64>,
}

#[derive(Default)]
struct Told {
    generation: u64,
    certificate_until_ms: i64,
    last_contact_ms: i64,
    last_error: Option<String>,
    misbehaviour: BTreeMap<At, Misbehaviour>,
}

/// An open connection; `generation` tells it from its successors.
#[derive(Clone)]
pub(super) struct OpenLink {
    pub(super) channel: Channel,
    farewell: Farewell,
    generation: u64,
}

impl OpenLink {
    /// The alert by which the peer turned the connection away; none if it did not.
    pub(super) fn alert(&self) -> Option<Alert> {
        self.farewell.alert()
    }
}

/// How the link to a peer stands. Never "connected": what counts is when it was last heard, and
/// how old the oldest unanswered notice is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkState {
    /// The peer.
    pub peer: SpiffeId,
    /// When it was last heard, in milliseconds since 1970; 0 for never since the start.
    pub last_contact_ms: i64,
    /// Why the last try failed; none if it went well.
    pub last_error: Option<String>,
    /// What it did last that no peer should do; none once it did right.
    pub misbehaviour: Option<Misbehaviour>,
}

impl Links {
    pub(super) fn new(connector: Connector, clock: Clock) -> Self {
        Self {
            connector,
            clock,
            links: Mutex::default(),
        }
    }

    /// The open connection to a peer, dialled if there is none.
    pub(super) async fn open(&self, peer: &SpiffeId) -> Result<OpenLink, LinkError> {
        let link = self.link(peer);
        let mut open = link.open.lock().await;
        if let Some(open) = open.as_ref() {
            return Ok(open.clone());
        }
        let (channel, farewell) = self.dial(peer).await?;
        let generation = {
            let mut told = link.told();
            told.generation = told.generation.saturating_add(1);
            told.generation
        };
        let dialled = OpenLink {
            channel,
            farewell,
            generation,
        };
        *open = Some(dialled.clone());
        Ok(dialled)
    }

    async fn dial(&self, peer: &SpiffeId) -> Result<(Channel, Farewell), LinkError> {
        let connection = self.connector.connect(peer).await?;
        let farewell = connection.farewell().clone();
        self.link(peer).told().certificate_until_ms =
            connection.certificate_until_ms().unwrap_or_default();
        // The connection is there already; tonic may use it once, and dials no other by itself.
        let mut once = Some(TokioIo::new(connection));
        let connector = service_fn(move |_| {
            let taken = once.take();
            async move {
                taken.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::ConnectionAborted))
            }
        });
        let endpoint = Endpoint::from_static("http://peer.invalid")
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .buffer_size(64);
        match endpoint.connect_with_connector(connector).await {
            Ok(channel) => Ok((channel, farewell)),
            Err(error) => Err(farewell
                .alert()
                .map_or_else(|| error.into(), LinkError::Refused)),
        }
    }

    /// Forgets a connection that failed, unless a newer one has taken its place.
    pub(super) async fn failed(&self, peer: &SpiffeId, open: &OpenLink) {
        let link = self.link(peer);
        let mut held = link.open.lock().await;
        if held
            .as_ref()
            .is_some_and(|held| held.generation == open.generation)
        {
            *held = None;
        }
    }

    /// Notes why the last try failed. Where a certificate stands between the two it tells the
    /// operator, once until that changes.
    pub(super) fn note_error(&self, peer: &SpiffeId, error: &SessionError) {
        let why = Some(error.to_string());
        let link = self.link(peer);
        let mut told = link.told();
        if told.last_error != why && error.is_of_certificates() {
            tracing::warn!(%peer, %error, "A certificate stands between this node and a peer.");
        }
        told.last_error = why;
    }

    /// Notes what went wrong with a peer that was reached.
    pub(super) fn note(&self, peer: &SpiffeId, why: String) {
        self.link(peer).told().last_error = Some(why);
    }

    /// Notes what the peer did there, or that it did right. It tells the operator, once until that
    /// changes.
    pub(super) fn note_misdeed(&self, peer: &SpiffeId, at: At, misdeed: Option<Misdeed>) {
        let link = self.link(peer);
        let mut told = link.told();
        let Some(misdeed) = misdeed else {
            if told.misbehaviour.remove(&at).is_some() {
                tracing::info!(%peer, "A peer that sent nonsense does right again.");
            }
            return;
        };
        let at_ms = self.clock.now_ms();
        let before = told
            .misbehaviour
            .insert(at, Misbehaviour { misdeed, at_ms });
        if before.map(|before| before.misdeed) != Some(misdeed) {
            tracing::warn!(%peer, code = misdeed.name(), "A peer sends nonsense; it is held apart, and others go on.");
        }
    }

    /// Notes that the peer was heard on a stream of ours.
    pub(super) fn heard(&self, peer: &SpiffeId) {
        let now = self.clock.now_ms();
        let link = self.link(peer);
        let mut told = link.told();
        told.last_contact_ms = now;
        told.last_error = None;
    }

    /// Notes that the peer called us, and wakes its couriers.
    pub(super) fn called(&self, peer: &SpiffeId) {
        self.link(peer).told().last_contact_ms = self.clock.now_ms();
        if Guard::Wake.holds() {
            self.link(peer)
                .contacts
                .send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// Last second of the certificate that the peer last showed, in milliseconds since 1970.
    pub(super) fn certificate_until_ms(&self, peer: &SpiffeId) -> i64 {
        self.link(peer).told().certificate_until_ms
    }

    /// Rings when the peer calls.
    pub(super) fn contacts(&self, peer: &SpiffeId) -> watch::Receiver<u64> {
        self.link(peer).contacts.subscribe()
    }

    pub(super) fn states(&self) -> Vec<LinkState> {
        self.links
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .map(|link| {
                let told = link.told();
                LinkState {
                    peer: link.peer.clone(),
                    last_contact_ms: told.last_contact_ms,
                    last_error: told.last_error.clone(),
                    misbehaviour: told
                        .misbehaviour
                        .values()
                        .max_by_key(|met| met.at_ms)
                        .copied(),
                }
            })
            .collect()
    }

    fn link(&self, peer: &SpiffeId) -> Arc<Link> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(links.entry(peer.clone()).or_insert_with(|| {
            Arc::new(Link {
                peer: peer.clone(),
                open: AsyncMutex::new(None),
                told: Mutex::default(),
                contacts: watch::Sender::new(0),
            })
        }))
    }
}

impl Link {
    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const KEEPALIVE: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
const STREAM_WINDOW: u32 = 2 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
