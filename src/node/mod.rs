//! The composition root: builds every part from the node's directory, runs it, stops it in order.
//!
//! Order of the start: configuration, trust, agreements, sockets, store, exchange, office. Order of
//! the stop: accept no more, end the streams, finish what is in flight, stop the writer.

mod directory;
mod evidence;
mod heads;
mod master_key;
mod operations;
mod restored;
mod upkeep;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{Mutex, watch},
    task::{JoinSet, spawn_blocking},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tower::layer::util::{Identity, Stack};

use self::{
    directory::{Current, Directory},
    heads::sign_heads,
    master_key::{MasterKeyFile, wrap_what_is_left},
    operations::Node,
    restored::ask_peers,
    upkeep::upkeep,
};
pub use self::{
    directory::{DirectoryError, Loaded},
    heads::{HeadsError, HeadsReport, check_heads, lay_heads_aside},
};
use crate::{
    cases::{Cases, CasesParts},
    clock::Clock,
    config::{Limits, NodeConfig, NodeDir},
    domain::area::County,
    exchange::{self, Exchange, ExchangeLimits},
    guard::Guard,
    office::{self, OfficeParts},
    store::{EmbeddedLimits, NotNow, OpenError, Store, Trouble, erasures},
    trust::{
        calls::CallsPerCaller,
        connection::ConnectionRegistry,
        connector::Connector,
        identity::{OfficeId, PeerId},
        keys::{KeyError, NoRandomness, draw},
        listener,
        master_key::{MasterKeyError, MasterKeys},
        material::{MaterialError, TrustStore},
        reference::ReferenceKey,
    },
};

/// What a node says when both listeners are up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Where peers are served.
    pub exchange: SocketAddr,
    /// Where offices are served.
    pub office: SocketAddr,
    /// The home areas.
    pub areas: Vec<County>,
    /// True for a sandbox node.
    pub sandbox: bool,
}

/// Why a node cannot start, or had to stop. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The directory cannot be read.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Certificates, keys or pairings do not hold.
    #[error(transparent)]
    Material(#[from] MaterialError),
    /// A key file cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is no master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// A socket cannot be bound.
    #[error(
        "cannot listen on {address} ({key} in node.toml): {source}; is another program using the port?"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The key of the configuration.
        key: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A write to the journal failed.
    #[error(
        "the node stopped: {0}; check the disk, then start it again: whatever was accepted is in the journal"
    )]
    Poisoned(String),
    /// The index failed; starting again builds it anew.
    #[error(
        "the node stopped: {why}; start it again, and the index is rebuilt from the journal; if it fails again, check the disk under data/index"
    )]
    IndexFailed {
        /// How.
        why: String,
        /// True if this start had built it anew already: then the disk is not well.
        rebuilt: bool,
    },
    /// The exchange cannot read its channels.
    #[error(transparent)]
    Exchange(#[from] NotNow),
    /// What makes cases, lists and figures cannot be started.
    #[error(
        "cannot start what makes cases, lists and figures: {0}; is the machine out of threads?"
    )]
    Cases(io::Error),
    /// A listener failed.
    #[error("a listener failed: {0}")]
    Serve(String),
}

/// Runs a node until `stop` is done, and stops it within 30 seconds.
///
/// # Errors
/// [`NodeError`].
pub async fn run(
    dir: NodeDir,
    ready: impl FnOnce(&Ready),
    stop: CancellationToken,
) -> Result<(), NodeError> {
    let clock = Clock::system();
    let loaded = directory::load(&dir)?;
    let masters = MasterKeys::load(&loaded.config.master_key, dir.path())?;
    let reference_key = Arc::new(ReferenceKey::load(&dir.reference_key())?);
    let trust = Arc::new(TrustStore::open(&loaded.trust, clock.clone())?);
    let config = loaded.config.clone();
    let exchange_socket = bind(config.exchange.listen, "exchange.listen").await?;
    let office_socket = bind(config.office_listen, "office.listen").await?;
    let said = Ready {
        exchange: address_of(&exchange_socket, config.exchange.listen),
        office: address_of(&office_socket, config.office_listen),
        areas: config.areas.clone(),
        sandbox: config.mode.is_sandbox(),
    };
    let data = dir.data();
    let (store, rebuilt) = open_store(&dir, &config, masters.clone()).await?;
    let master_key = MasterKeyFile::new(store.clone(), masters.clone());
    let wrapping = store.clone();
    spawn_blocking(move || wrap_what_is_left(&wrapping, masters));
    let directory = Arc::new(Directory::new(
        dir,
        master_key,
        Arc::clone(&trust),
        clock.clone(),
        Current::new(loaded),
    ));
    let registry = ConnectionRegistry::new();
    let connector = Connector::new(
        trust.subscribe(),
        registry.clone(),
        clock.clone(),
        CONNECT_WITHIN,
    );
    let following = CancellationToken::new();
    let (cases, follower) = Cases::start(
        CasesParts {
            store: store.clone(),
            homes: config.areas.clone(),
            agreements: directory.current.agreements.subscribe(),
            workdays: directory.current.workdays.subscribe(),
            data: data.clone(),
            cache_bytes: config.limits.index_cache_bytes,
        },
        following.clone(),
    )
    .map_err(NodeError::Cases)?;
    let exchange = Exchange::new(
        store.clone(),
        cases.clone(),
        trust.subscribe(),
        directory.current.agreements.subscribe(),
        connector,
        Arc::<Directory>::clone(&directory),
        Arc::<Directory>::clone(&directory),
        clock.clone(),
        exchange_limits(&config),
    );
    let node = Arc::new(Node {
        directory,
        exchange: exchange.clone(),
        trust: Arc::clone(&trust),
        clock: clock.clone(),
        store: store.clone(),
        taking: Mutex::default(),
    });
    node.take_by_hand().await;
    // Listeners stop first; what moves goes on until they are done.
    let (listening, moving) = (CancellationToken::new(), CancellationToken::new());
    let mut tasks = JoinSet::new();
    let limits = config.limits;
    let incoming = listener::accept::<PeerId>(
        exchange_socket,
        trust.subscribe(),
        registry.clone(),
        clock.clone(),
        listener_limits(&limits),
        listening.clone(),
    );
    let service = exchange::service(exchange.clone(), listening.clone());
    let (end, mut server) = (listening.clone(), exchange_server(&limits));
    tasks.spawn(async move {
        server
            .add_service(service)
            .serve_with_incoming_shutdown(incoming, end.cancelled_owned())
            .await
            .map_err(|error| NodeError::Serve(error.to_string()))
    });
    let incoming = listener::accept::<OfficeId>(
        office_socket,
        trust.subscribe(),
        registry.clone(),
        clock.clone(),
        listener_limits(&limits),
        listening.clone(),
    );
    let parts = OfficeParts {
        store: store.clone(),
        cases,
        config: node.directory.current.config.subscribe(),
        agreements: node.directory.current.agreements.subscribe(),
        workdays: node.directory.current.workdays.subscribe(),
        trust: trust.subscribe(),
        reference_key,
        data,
        clock: clock.clone(),
        operations: Arc::new(Arc::clone(&node)),
    };
    let end = listening.clone();
    tasks.spawn(async move {
        office::serve(parts, incoming, &limits, end)
            .await
            .map_err(|error| NodeError::Serve(error.to_string()))
    });
    let watching = registry.clone();
    let (snapshots, end) = (trust.subscribe(), moving.clone());
    let watch_clock = clock.clone();
    tasks.spawn(async move {
        watching.watch(snapshots, watch_clock, end).await;
        Ok(())
    });
    let (mover, end) = (exchange.clone(), moving.clone());
    tasks.spawn(async move { mover.run(end).await.map_err(NodeError::from) });
    tasks.spawn(sign_heads(Arc::clone(&node), store.clone(), moving.clone()));
    tasks.spawn(ask_peers(Arc::clone(&node), moving.clone()));
    tasks.spawn(upkeep(Arc::clone(&node), store.clone(), moving.clone()));
    ready(&said);
    let ended = wait(&mut tasks, store.poisoned(), rebuilt, &stop).await;
    let drained = timeout(DRAIN_WITHIN, drain(&mut tasks, &listening, &moving)).await;
    if drained.is_err() {
        tracing::warn!("Not everything ended in time; it is cut.");
        tasks.abort_all();
    }
    registry.cut_all();
    following.cancel();
    let followed = spawn_blocking(move || follower.join()).await;
    if followed.is_err() {
        tracing::error!("What follows the store could not be waited for.");
    }
    store.stop().await;
    ended
}

/// Waits until told to stop, or until something fails.
async fn wait(
    tasks: &mut JoinSet<Result<(), NodeError>>,
    mut poisoned: watch::Receiver<Option<Trouble>>,
    rebuilt: bool,
    stop: &CancellationToken,
) -> Result<(), NodeError> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Ok(()),
        // Before the parts of the node, which may end because of it.
        trouble = poisoned.wait_for(Option::is_some) => {
            Err(match trouble.ok().and_then(|trouble| trouble.clone()) {
                Some(Trouble::Index(why)) => NodeError::IndexFailed { why, rebuilt },
                Some(Trouble::Journal(why)) => NodeError::Poisoned(why),
                None => NodeError::Serve("the store ended by itself".into()),
            })
        }
        Some(ended) = tasks.join_next() => match ended {
            Ok(Ok(())) => Err(NodeError::Serve("a part of the node ended by itself".into())),
            Ok(Err(error)) => Err(error),
            // What a panic said is not for every ear.
            Err(_) => Err(NodeError::Serve("a part of the node broke off".into())),
        },
    }
}

async fn drain(
    tasks: &mut JoinSet<Result<(), NodeError>>,
    listening: &CancellationToken,
    moving: &CancellationToken,
) {
    listening.cancel();
    moving.cancel();
    while tasks.join_next().await.is_some() {}
}

async fn bind(address: SocketAddr, key: &'static str) -> Result<TcpListener, NodeError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| NodeError::Listen {
            address,
            key,
            source,
        })
}

fn address_of(listener: &TcpListener, asked: SocketAddr) -> SocketAddr {
    listener.local_addr().unwrap_or(asked)
}

/// The store, and whether its index was built anew.
async fn open_store(
    dir: &NodeDir,
    config: &NodeConfig,
    masters: MasterKeys,
) -> Result<(Store, bool), NodeError> {
    let limits = EmbeddedLimits {
        segment_bytes: config.limits.segment_bytes,
        index_cache_bytes: config.limits.index_cache_bytes,
        low_bytes: config.limits.low_bytes,
        ballast_bytes: config.limits.ballast_bytes,
        channel_quota: config.limits.channel_quota,
        office_quota: config.limits.office_quota,
        ..EmbeddedLimits::default()
    };
    let (data, epoch, areas) = (dir.data(), draw()?, config.areas.clone());
    let opened = spawn_blocking(move || {
        // Before the keys are destroyed that it names.
        erasures::must_be_of(&data, &areas)?;
        Store::open_embedded(&data, limits, epoch, masters)
    })
    .await;
    let (store, report) = opened.map_err(|error| NodeError::Serve(error.to_string()))??;
    tracing::info!(
        torn_bytes = report.torn_bytes,
        groups_replayed = report.groups_replayed,
        index_rebuilt = report.index_rebuilt,
        "The store is open."
    );
    Ok((store, report.index_rebuilt))
}

fn exchange_limits(config: &NodeConfig) -> ExchangeLimits {
    ExchangeLimits {
        parcels_in_flight: config.limits.parcels_in_flight,
        streams_per_peer: config.limits.streams as usize,
        idle_bytes_per_hour: config.limits.idle_bytes_per_hour,
        retry_cap_seconds: config.retry_cap.as_secs(),
        ..ExchangeLimits::default()
    }
}

fn listener_limits(limits: &Limits) -> listener::Limits {
    listener::Limits {
        connections: limits.connections,
        ..listener::Limits::default()
    }
}

fn exchange_server(limits: &Limits) -> Server<Stack<CallsPerCaller<PeerId>, Identity>> {
    let headers = if Guard::Limits.holds() {
        HEADER_BYTES
    } else {
        u32::MAX
    };
    Server::builder()
        .max_concurrent_streams(limits.streams)
        .concurrency_limit_per_connection(limits.streams as usize)
        .load_shed(true)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .http2_max_pending_accept_reset_streams(Some(RESETS))
        .http2_max_header_list_size(headers)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_connection_age(CONNECTION_AGE)
        .max_connection_age_grace(CONNECTION_GRACE)
        .layer(CallsPerCaller::new(limits.streams as usize))
}

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// SIGTERM to exit, less what stopping the writer may take.
const DRAIN_WITHIN: Duration = Duration::from_secs(20);
const KEEPALIVE: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Streams that a peer may reset before they are served.
const RESETS: usize = 64;
const HEADER_BYTES: u32 = 16 << 10;
const STREAM_WINDOW: u32 = 2 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
const CONNECTION_AGE: Duration = Duration::from_secs(3_600);
/// Longer than a courier's stream lives.
const CONNECTION_GRACE: Duration = Duration::from_secs(900);
