//! The exchange: how two nodes move the notices of a channel, in prose.
//!
//! **Opening.** The sender's courier opens one stream for its channel and says what it holds: the
//! highest sequence given with its head, and the highest receipted one with the receipt itself.
//! The receiver says what it holds: the highest sequence with its head, and the sender's own
//! signed parcel that brought it. A newer stream of a channel fences the older.
//!
//! **Moving.** The sender signs the next places as one parcel and keeps a few in flight. The
//! receiver verifies the signature over the bytes as received, judges each notice by the agreement
//! version that it names, compares sequence, head and ids in the writer at the moment of commit,
//! and only then signs a receipt. The sender commits the receipt, which settles the places. Parcel
//! and receipt name the head of their signer's own journal, and the other side keeps them: neither
//! can rewrite its journal without contradicting what its peers hold.
//!
//! **Receipts** speak of places. Their outcomes are a prefix: the first answer that is not final
//! ends them and consumes nothing from there on. A notice whose agreement version the receiver
//! does not hold is put on hold: a void goes out in its place, and it comes again behind the
//! others. Every other pause stands for the whole channel.
//!
//! **Differing histories.** The same place with another digest, heads that differ, or a receiver
//! that holds less than it has receipted: the channel stops, both sides say so, nothing is
//! overwritten. Whoever is shown its own valid signature over places that it does not know was set
//! back, and its operator may adopt: a sender takes over the signed places and numbers its own
//! unanswered notices behind them; a receiver signs a statement, and is sent what it lost.
//!
//! **Retry.** Exponential, jittered, capped, without end. A contact from the peer wakes its
//! couriers, at most once in five seconds and never against a standing `after`.
//!
//! **Oneself.** Two home areas of one node exchange by this same path: where they have an agreement
//! the node is a peer of its own, dials itself, and judges, stores and receipts what comes in as if
//! it were a stranger's. Each end of such a channel has its own state in the one store.
//!
//! | part | does |
//! |---|---|
//! | `wire` | the only place that sees the protos of the exchange |
//! | `status` | the only file that makes a `tonic::Status` of them |
//! | `evidence` | what is kept of a parcel and a receipt |
//! | `gate` | one arriving place to a verdict |
//! | `allowance` | what a peer may use up without bringing anything |
//! | `inbound` | the service that peers call |
//! | `receiving` | one stream of a peer, from opening to end |
//! | `streams` | the newest stream of each channel, which fences the one before |
//! | `link` | one HTTP/2 connection a peer, shared by its couriers |
//! | `outbound` | one courier a channel |
//! | `session` | one stream of a courier, from opening to end |
//! | `couriers` | a courier for every channel that appears |
//! | `adopt` | bringing histories together, after a person's decision |
//! | `probe` | how the two stand to each other |
//! | `due` | whether both come to the same: what was due, notice by notice |
//! | `agreeing` | what both sides sign of their agreements, and what waits for it |
//! | `agreed` | which agreements each peer holds, and in what they differ |
//! | `signatures` | what both sides signed over one place |
//! | `misdeed` | peers that send nonsense |
//! | `succession` | signing keys that change meanwhile |
//! | `expiry` | notices whose business deadline passed |

mod adopt;
mod agreed;
mod agreeing;
mod allowance;
mod couriers;
mod due;
mod evidence;
mod expiry;
mod failure;
mod gate;
mod inbound;
mod link;
mod misdeed;
mod outbound;
mod probe;
mod receiving;
mod retry;
mod session;
mod signatures;
mod status;
mod streams;
mod succession;
mod wire;

use std::sync::Arc;

use jiff::civil::Date;
use tokio::sync::watch;

pub(crate) use self::inbound::service;
#[cfg(any(test, fuzzing))]
pub(crate) use self::wire::fuzz;
pub use self::{
    adopt::{AdoptError, AdoptedChannel},
    agreed::{AgreementComparison, Compared, LastTold},
    agreeing::{AgreeError, Statements},
    due::CompareError,
    failure::{LinkError, SessionError},
    link::LinkState,
    misdeed::{Misbehaviour, Misdeed},
    outbound::CourierState,
    probe::{ChannelComparison, ProbeError, Probed},
    signatures::{Signatures, SignaturesError},
    succession::{PeerKeys, PinError},
    wire::NotOfItsForm,
};
use self::{
    agreed::Told, agreeing::Agreeing, allowance::Allowances, link::Links, outbound::Couriers,
    streams::Streams,
};
use crate::{
    agreement::Agreements,
    cases::Cases,
    clock::Clock,
    domain::{
        calendar,
        channel::{Channel, Digest},
    },
    store::Store,
    trust::{connector::Connector, material::TrustSnapshot},
};

/// Sizes and times that the exchange keeps to.
#[derive(Clone, Copy, Debug)]
pub struct ExchangeLimits {
    /// Places in one parcel, at most.
    pub parcel_places: usize,
    /// Bytes of notices in one parcel, at most, unless one notice is larger.
    pub parcel_bytes: usize,
    /// Parcels in flight on one stream.
    pub parcels_in_flight: usize,
    /// Streams that one peer may have open here.
    pub streams_per_peer: usize,
    /// Bytes of the journal that one peer may use up in an hour without bringing anything.
    pub idle_bytes_per_hour: u64,
    /// The longest pause between two tries, in seconds.
    pub retry_cap_seconds: u64,
}

impl Default for ExchangeLimits {
    fn default() -> Self {
        Self {
            parcel_places: 128,
            parcel_bytes: 256 << 10,
            parcels_in_flight: 4,
            streams_per_peer: 64,
            idle_bytes_per_hour: 64 << 20,
            retry_cap_seconds: 300,
        }
    }
}

/// Largest message of the exchange, in bytes. A parcel has a quarter of it; small, because empty
/// sub-messages grow many-fold when they are decoded.
const MESSAGE_BYTES: usize = 1 << 20;

/// The protocol versions that this node speaks, ascending. Since 2 parcels and receipts name the
/// head of their signer's journal.
pub const VERSIONS: [u32; 1] = [2];

/// Everything that the parts of the exchange share. Cheap to clone.
#[derive(Clone)]
pub struct Exchange(Arc<Shared>);

struct Shared {
    store: Store,
    cases: Cases,
    trust: watch::Receiver<Arc<TrustSnapshot>>,
    agreements: watch::Receiver<Arc<Agreements>>,
    clock: Clock,
    limits: ExchangeLimits,
    links: Links,
    streams: Streams,
    allowances: Allowances,
    couriers: Couriers,
    told: Told,
    peer_keys: Arc<dyn PeerKeys>,
    statements: Arc<dyn Statements>,
    agreeing: Agreeing,
}

impl Exchange {
    /// Puts the parts together. Nothing runs before [`Exchange::run`].
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts that it is put together from, once"
    )]
    pub fn new(
        store: Store,
        cases: Cases,
        trust: watch::Receiver<Arc<TrustSnapshot>>,
        agreements: watch::Receiver<Arc<Agreements>>,
        connector: Connector,
        peer_keys: Arc<dyn PeerKeys>,
        statements: Arc<dyn Statements>,
        clock: Clock,
        limits: ExchangeLimits,
    ) -> Self {
        Self(Arc::new(Shared {
            store,
            cases,
            trust,
            agreements,
            links: Links::new(connector, clock.clone()),
            clock,
            allowances: Allowances::new(limits.idle_bytes_per_hour),
            limits,
            streams: Streams::default(),
            couriers: Couriers::default(),
            told: Told::default(),
            peer_keys,
            statements,
            agreeing: Agreeing::default(),
        }))
    }

    /// What the node believes now.
    fn trust(&self) -> Arc<TrustSnapshot> {
        Arc::clone(&self.0.trust.borrow())
    }

    /// The day in Asia/Shanghai.
    fn today(&self) -> Date {
        // Only a clock beyond the year 9999 has no day; nothing is in force then.
        calendar::day_of(self.0.clock.now_ms()).unwrap_or(Date::MAX)
    }

    /// The agreements that the node holds now.
    fn agreements(&self) -> Arc<Agreements> {
        Arc::clone(&self.0.agreements.borrow())
    }

    /// Head of a channel's chain before its first notice; none if no paired peer has the other
    /// end.
    pub fn origin(&self, channel: Channel) -> Option<Digest> {
        let trust = self.trust();
        let domain_of = |area| {
            if trust.areas().contains(&area) {
                Some(trust.id().trust_domain().clone())
            } else {
                trust
                    .peer_for(area)
                    .map(|peer| peer.pairing().id.trust_domain().clone())
            }
        };
        Some(crate::trust::chain::channel_origin(
            &domain_of(channel.from)?,
            &domain_of(channel.to)?,
            channel,
            trust.is_sandbox(),
        ))
    }

    /// How the link to each peer stands, by its SPIFFE id.
    pub fn links(&self) -> Vec<LinkState> {
        self.0.links.states()
    }

    /// How the courier of a channel stands.
    pub fn courier(&self, channel: Channel) -> CourierState {
        self.0.couriers.state(channel)
    }
}
