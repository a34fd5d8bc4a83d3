//! Cases, work lists and figures: what follows from the notices of the store.
//!
//! Everything in here is a projection. It follows the store by a position of its own, in a tree of
//! its own (`data/cases`), and no answer to an office's publication or to a peer waits for it: a
//! thread that rests most of the time while notices come (`rests`) brings it up to date (`follow`), at
//! once where somebody asks. What fails is made anew from the store.
//!
//! For each pair of areas and each woman the tree holds a *thread*: what each notice says to its
//! case, under a keyed digest of her number (`thread`, `tags`), whose key lies in the vault. Her cases are folded from it each
//! time ([`fold`](crate::domain::case::fold)); what stands on lists and in cells of figures is a
//! pure function of the thread (`derived`), so a change takes out what followed before and puts in
//! what follows now (`batch`). No personal value and no area finer than a county is in the tree.
//!
//! | part | does |
//! |---|---|
//! | `tags` | keyed digests |
//! | `reading` | a notice of the store, as its case sees it |
//! | `thread` | what two areas told each other about one woman |
//! | `derived` | what lists and figures hold of it |
//! | `keys`, `cells`, `day` | how that stands in the tree |
//! | `batch`, `follow`, `rests` | how it comes there |
//! | `renewals` | how nothing stays there that was erased |
//! | `view`, `query`, `due`, `person` | what is asked of it |

mod batch;
mod cells;
mod day;
mod derived;
mod due;
mod follow;
mod keys;
mod person;
mod query;
mod reading;
mod renewals;
mod rests;
mod tags;
mod thread;
mod view;

use std::{io, path::PathBuf, sync::Arc, thread as threads};

use tokio::{
    runtime,
    sync::{Notify, watch},
};
use tokio_util::sync::CancellationToken;

pub use self::{
    due::DuePage,
    keys::{ListName, Side},
    person::PersonCases,
    query::{CasesError, Figured, ListAsked, MOST_COUNTED, Page, PageToken},
    view::{CaseView, Doing, HistoryEntry},
};
use self::{follow::Follower, tags::Tags};
use crate::{
    agreement::Agreements,
    domain::{area::County, workdays::Workdays},
    store::{Shelf, Store},
};

/// What cases are made from.
pub struct CasesParts {
    /// The notices.
    pub store: Store,
    /// The home areas.
    pub homes: Vec<County>,
    /// The agreements that hold.
    pub agreements: watch::Receiver<Arc<Agreements>>,
    /// Which days are worked on.
    pub workdays: watch::Receiver<Arc<Workdays>>,
    /// The data directory.
    pub data: PathBuf,
    /// Memory that the tree may use for its cache, in bytes.
    pub cache_bytes: u64,
}

/// Cases, work lists and figures of a running node. Cheap to clone.
#[derive(Clone)]
pub struct Cases {
    store: Store,
    tags: Tags,
    shared: Arc<Shared>,
}

/// What those who ask share with the thread that follows.
struct Shared {
    shelf: watch::Sender<Option<Shelf>>,
    /// How many commits of the store have been taken up; none while it is made anew.
    followed: watch::Sender<Option<u64>>,
    /// Somebody waits.
    asked: Notify,
}

impl Shared {
    /// Waits until somebody waits for what is made.
    async fn waited_for(&self) {
        while self.followed.receiver_count() == 0 {
            self.asked.notified().await;
        }
    }
}

/// The thread that follows. It ends once it was told to.
pub struct Following(threads::JoinHandle<()>);

impl Following {
    /// Waits for its end. Blocks.
    pub fn join(self) {
        if self.0.join().is_err() {
            tracing::error!("What makes cases, lists and figures broke off.");
        }
    }
}

impl Cases {
    /// Starts to follow the store, until `stop` is done.
    ///
    /// # Errors
    /// If the system starts no thread.
    pub fn start(parts: CasesParts, stop: CancellationToken) -> io::Result<(Self, Following)> {
        let CasesParts {
            store,
            homes,
            agreements,
            workdays,
            data,
            cache_bytes,
        } = parts;
        let tags = Tags::new(store.index_key());
        let shared = Arc::new(Shared {
            shelf: watch::Sender::default(),
            followed: watch::Sender::default(),
            asked: Notify::new(),
        });
        let follower = Follower {
            store: store.clone(),
            tags: tags.clone(),
            homes,
            agreements,
            workdays,
            data,
            cache_bytes,
            shared: Arc::clone(&shared),
        };
        // Its own runtime: what it makes and reads keeps no caller of others waiting.
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            .max_blocking_threads(1)
            .build()?;
        let thread = threads::Builder::new()
            .name("cases".into())
            .spawn(move || runtime.block_on(follower.run(stop)))?;
        let cases = Self {
            store,
            tags,
            shared,
        };
        Ok((cases, Following(thread)))
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod year;
