//! What a node offers to the offices of its own areas: the gRPC service `hongyan.office.v1.Office`
//! on a listener of its own.
//!
//! *Who calls* is known from the certificate alone; *what it may do* is looked up in the
//! configuration of that moment at every call, and again on long streams whenever the
//! configuration changes. A clerk acts for the areas that its line names, an integrator for the
//! whole home area; an auditor and an operator see states, and personal values masked unless they give
//! a reason.
//!
//! *Which areas a notice lies in*: a departure or an arrival in the one of its two addresses that
//! is on this side; an answer or a note where the notice lies that it speaks of, however many
//! steps back. What lies outside an office's areas is answered as if it did not exist.
//!
//! | part | does |
//! |---|---|
//! | `wire` | the only place that sees the protos of the service |
//! | `problem` | the one table that makes a `tonic::Status` |
//! | `authority`, `scope` | who may do what, and where |
//! | `publish`, `bulk` | one notice; many, in order, without waiting for each |
//! | `certificate`, `queries` | a question whose answer is waited for; how fast an office may ask and look up |
//! | `subscribe`, `handing` | notices that came in, handed over and acknowledged |
//! | `query`, `cases`, `peers`, `agreements` | what is where |
//! | `erasing` | cases erased here and wherever they were sent |
//! | `retention` | cases purged once their time is over |
//! | `consents` | what people agreed to, registered and withdrawn |
//! | `subject` | what is held of one person, and who got it |
//! | `evidence` | what convinces others of a notice |
//! | `touched` | whose data were exchanged in a time |
//! | `audit` | what offices do, on record; and that record |
//! | `working`, `reminding` | what a desk does about cases, and the node for it |
//! | `operations` | what other rooms do for this one |
//! | `server` | the listener with its bounds |
//! | `client` | the other end: what the command line calls |

mod agreements;
mod archiving;
mod audit;
mod authority;
mod bulk;
mod cases;
mod certificate;
pub mod client;
mod consents;
mod erasing;
mod evidence;
mod handing;
mod operations;
mod peers;
mod problem;
mod publish;
mod queries;
mod query;
mod reminding;
mod retention;
mod scope;
mod server;
mod subject;
mod subscribe;
mod touched;
mod wire;
mod working;

use std::{path::PathBuf, sync::Arc};

use jiff::civil::Date;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

#[cfg(any(test, fuzzing))]
pub(crate) use self::wire::fuzz;
use self::{authority::Authority, problem::Fault, queries::Queries, subscribe::Subscribers};
pub use self::{
    evidence::EvidenceAsked,
    operations::{
        AdoptedView, AgreedView, AgreementComparisonView, ChannelComparisonView, ComparedView,
        CourierState, CourierView, Hindrance, LinkView, MisbehaviourView, OperationError,
        Operations, Pending, ProbeView, ReachedView, ReloadView,
    },
    server::{ServeError, serve},
};
use crate::{
    agreement::Agreements,
    cases::Cases,
    clock::Clock,
    config::NodeConfig,
    domain::{calendar, workdays::Workdays},
    store::Store,
    trust::{identity::OfficeId, material::TrustSnapshot, reference::ReferenceKey},
};

/// What the service is built from.
pub struct OfficeParts {
    /// What must not be forgotten.
    pub store: Store,
    /// The configuration that holds: roles, areas, mode.
    pub config: watch::Receiver<Arc<NodeConfig>>,
    /// The agreements that hold.
    pub agreements: watch::Receiver<Arc<Agreements>>,
    /// The working days by which deadlines are counted.
    pub workdays: watch::Receiver<Arc<Workdays>>,
    /// Who the peers are.
    pub trust: watch::Receiver<Arc<TrustSnapshot>>,
    /// Under which references are derived and looked up.
    pub reference_key: Arc<ReferenceKey>,
    /// Cases, lists and figures.
    pub cases: Cases,
    /// The data directory: its register of backups tells until when they hold what was erased.
    pub data: PathBuf,
    /// The time.
    pub clock: Clock,
    /// What other rooms do.
    pub operations: Arc<dyn Operations>,
}

/// The service, shared by all of its calls.
pub struct Office {
    parts: OfficeParts,
    subscribers: Subscribers,
    queries: Queries,
    lookups: Queries,
    stop: CancellationToken,
}

impl Office {
    /// The service; long calls end, and say so, once `stop` is done.
    pub fn new(parts: OfficeParts, stop: CancellationToken) -> Self {
        Self {
            parts,
            subscribers: Subscribers::default(),
            queries: Queries::default(),
            lookups: Queries::default(),
            stop,
        }
    }

    /// Today in Asia/Shanghai.
    fn today(&self) -> Date {
        // Only a clock beyond the year 9999 has no day; nothing is in force then.
        calendar::day_of(self.parts.clock.now_ms()).unwrap_or(Date::MAX)
    }

    fn config(&self) -> Arc<NodeConfig> {
        Arc::clone(&self.parts.config.borrow())
    }

    /// What a caller may do by the configuration of this moment.
    fn authority(&self, caller: &OfficeId) -> Result<Authority, Fault> {
        Authority::of(caller, &self.config(), self.today())
    }
}

#[cfg(test)]
mod tests;
