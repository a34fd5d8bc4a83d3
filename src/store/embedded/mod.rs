//! The default back end: the journal is the truth, sled the index.
//!
//! One writer thread changes things ([`writer`]); readers go to index and journal by themselves
//! ([`places`], [`views`]). What the index holds follows from the journal ([`projection`]).

mod answers;
mod archiving;
pub(crate) mod audit_check;
mod auditing;
mod case_slots;
mod command;
pub(crate) mod compared;
mod consenting;
mod consumers;
mod consuming;
pub(crate) mod copying;
mod erasing;
mod evidence;
#[cfg(any(test, fuzzing))]
#[path = "../../../tests/fuzz/targets/store.rs"]
pub(crate) mod fuzz;
mod health;
pub(crate) mod index;
mod keys;
mod leases;
pub(crate) mod maintenance;
mod newest;
pub(crate) mod open;
mod places;
mod projection;
mod publishing;
mod reads;
mod receiving;
mod references;
mod settling;
pub(crate) mod shelf;
mod space;
mod stage;
mod state;
mod stretches;
mod summary;
mod under_way;
mod verbs;
mod views;
mod wakeups;
mod working;
mod writer;

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    task::spawn_blocking,
    time::timeout,
};

use self::{
    command::Command,
    consumers::Consumers,
    health::Health,
    leases::Leases,
    open::{Layout, OpenError, OpenReport},
    places::{PlaceError, Places},
    publishing::Quotas,
    space::Space,
    wakeups::Wakeups,
    writer::{Patient, Writer, WriterLimits},
};
use super::verb::{NotNow, Trouble};
use crate::trust::master_key::MasterKeys;

/// Sizes that the embedded store keeps to.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedLimits {
    /// A segment is closed when it has grown to this many bytes.
    pub segment_bytes: u64,
    /// A group takes no further command at this many bytes.
    pub group_bytes: usize,
    /// Memory that sled may use for its cache, in bytes.
    pub index_cache_bytes: u64,
    /// Below this many free bytes nothing new is taken.
    pub low_bytes: u64,
    /// Size of the ballast file in bytes.
    pub ballast_bytes: u64,
    /// So many notices of one channel may wait for an answer.
    pub channel_quota: u64,
    /// So many of them may be one office's.
    pub office_quota: u64,
    /// So many commands may wait for the writer.
    pub queue: usize,
}

impl Default for EmbeddedLimits {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            group_bytes: 4 << 20,
            index_cache_bytes: 8 << 20,
            low_bytes: 256 << 20,
            ballast_bytes: 16 << 20,
            channel_quota: 2_000_000,
            office_quota: 1_600_000,
            queue: 1_024,
        }
    }
}

/// Journal and sled in one directory, held by one process.
pub(crate) struct Embedded {
    commands: mpsc::Sender<Command>,
    patient: Arc<Patient>,
    places: Places,
    leases: Arc<Leases>,
    wakeups: Arc<Wakeups>,
    consumers: Arc<Consumers>,
    health: Arc<Health>,
    journal: PathBuf,
    thread: Mutex<Option<JoinHandle<()>>>,
    _lock: File,
}

impl Embedded {
    /// Opens a data directory, recovers it, and starts its writer.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(crate) fn open(
        data: &Path,
        limits: EmbeddedLimits,
        epoch: [u8; 8],
        masters: MasterKeys,
    ) -> Result<(Self, OpenReport), OpenError> {
        let opened = open::open(data, limits.index_cache_bytes, masters)?;
        opened.places.note_withdrawn()?;
        opened.places.vault.draw_ahead();
        let (leases, wakeups, health) = (
            Arc::new(Leases::default()),
            Arc::new(Wakeups::default()),
            Arc::new(Health::new(Layout::of(data).index)),
        );
        wakeups.reached(opened.end, &opened.chains);
        wakeups.began(opened.segment_first);
        let consumers = Arc::new(Consumers::new(&opened.state, opened.end));
        let patient = Arc::new(Patient::default());
        let writer = Writer {
            directory: data.join("journal"),
            file: opened.file,
            end: opened.end,
            segment_first: opened.segment_first,
            summary: opened.summary,
            chains: opened.chains,
            state: opened.state,
            places: opened.places.clone(),
            leases: Arc::clone(&leases),
            wakeups: Arc::clone(&wakeups),
            space: Space::new(data, limits.low_bytes, limits.ballast_bytes),
            limits: WriterLimits {
                segment_bytes: limits.segment_bytes,
                group_bytes: limits.group_bytes,
                quotas: Quotas {
                    channel: limits.channel_quota,
                    office: limits.office_quota,
                },
            },
            epoch,
            counter: 0,
            health: Arc::clone(&health),
            buffer: Vec::new(),
            patient: Arc::clone(&patient),
            acts: auditing::Acts::default(),
            erasures: opened.erasures,
        };
        let (commands, receiver) = mpsc::channel(limits.queue);
        let thread = std::thread::Builder::new()
            .name("journal-writer".into())
            .spawn(move || writer.run(receiver))
            .map_err(|source| OpenError::Disk {
                path: data.to_owned(),
                source,
            })?;
        let store = Self {
            commands,
            patient,
            places: opened.places,
            leases,
            wakeups,
            consumers,
            health,
            journal: Layout::of(data).journal,
            thread: Mutex::new(Some(thread)),
            _lock: opened.lock,
        };
        Ok((store, opened.report))
    }

    /// Asks the writer and waits for its answer. The command stays under way if the caller goes.
    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, NotNow>>) -> Command,
    ) -> Result<T, NotNow> {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(command(reply)).await.is_err() {
            return Err(self.gone().await);
        }
        match answer.await {
            Ok(answer) => answer,
            Err(_) => Err(self.gone().await),
        }
    }

    /// Asks the writer for `count` things at once, with an answer for each.
    async fn ask_for_each<T, E: From<NotNow>>(
        &self,
        count: usize,
        command: impl FnOnce(oneshot::Sender<Vec<Result<T, E>>>) -> Command,
    ) -> Vec<Result<T, E>> {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(command(reply)).await.is_ok()
            && let Ok(answers) = answer.await
        {
            return answers;
        }
        let error = self.gone().await;
        (0..count).map(|_| Err(error.clone().into())).collect()
    }

    /// Asks the writer for something that nobody waits for: it goes with the next group that is
    /// written for other reasons, if one comes soon, and so costs no sync of its own.
    async fn ask_patiently<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, NotNow>>) -> Command,
    ) -> Result<T, NotNow> {
        let (reply, mut answer) = oneshot::channel();
        self.patient.add(command(reply));
        let answer = match timeout(PATIENCE, &mut answer).await {
            Ok(answer) => answer,
            Err(_) => {
                if self.commands.send(Command::WriteWhatIsThere).await.is_err() {
                    return Err(self.gone().await);
                }
                answer.await
            }
        };
        match answer {
            Ok(answer) => answer,
            Err(_) => Err(self.gone().await),
        }
    }

    /// Why the writer answers no more.
    async fn gone(&self) -> NotNow {
        // It says why before it closes.
        self.commands.closed().await;
        match self.health.trouble() {
            Some(Trouble::Journal(_)) => NotNow::Poisoned,
            Some(Trouble::Index(_)) => NotNow::IndexFailed,
            None => NotNow::Stopping,
        }
    }

    /// Reads on a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Places) -> Result<T, PlaceError> + Send + 'static,
    ) -> Result<T, NotNow> {
        let places = self.places.clone();
        match spawn_blocking(move || read(&places)).await {
            Ok(result) => self.told(result),
            Err(_) => Err(NotNow::Stopping),
        }
    }

    /// Reads what was written a moment ago, and so is in memory: no disk is waited for, and a change
    /// of threads would take longer.
    async fn read_fresh<T: Send + 'static>(
        &self,
        is_fresh: bool,
        read: impl FnOnce(&Places) -> Result<T, PlaceError> + Send + 'static,
    ) -> Result<T, NotNow> {
        if is_fresh {
            self.told(read(&self.places))
        } else {
            self.read(read).await
        }
    }

    fn told<T>(&self, result: Result<T, PlaceError>) -> Result<T, NotNow> {
        match result {
            Ok(value) => Ok(value),
            Err(PlaceError::Index(error)) => {
                self.health.index_failed(&error);
                Err(NotNow::IndexFailed)
            }
            Err(PlaceError::Journal(error)) => Err(error.into()),
            Err(PlaceError::Vault(error)) => {
                tracing::error!(%error, "A stored record cannot be read.");
                Err(NotNow::Unreadable)
            }
        }
    }
}

/// So long something waits for a group to go with.
const PATIENCE: Duration = Duration::from_millis(3);
/// So many notices behind the newest of a channel are fresh,
const FRESH_PLACES: u64 = 1_024;
/// and so many bytes behind the newest of a feed.
const FRESH_BYTES: u64 = 4 << 20;

#[cfg(test)]
mod tests;
