//! The thread that makes what gathers in the [memtable](super::memtable) part of sled.
//!
//! A batch costs sled two writes of its log, each waited for, and two changes of threads, however
//! small it is; and what a group changes the next one often changes again. So changes gather for
//! some time, and whole groups go to sled as one batch, beside the writer instead of in its way.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock},
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{IndexError, memtable::Memtable, tree::Tree};

/// What the flusher shares with those who read and write.
pub(super) struct Shared {
    pub(super) tree: Tree,
    pub(super) memtable: RwLock<Memtable>,
    turn: Mutex<Turn>,
    /// Something is to be done.
    work: Condvar,
    /// Something was done.
    done: Condvar,
}

/// What the flusher is asked for.
#[derive(Default)]
struct Turn {
    /// There is something in the memtable.
    waiting: bool,
    /// It goes to sled without more waiting.
    hurry: bool,
    stop: bool,
    failed: Option<IndexError>,
}

/// The thread; it ends when this is dropped. What sled does not have by then is in the journal.
pub(super) struct Flusher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Shared {
    pub(super) fn new(tree: Tree) -> Arc<Self> {
        Arc::new(Self {
            tree,
            memtable: RwLock::default(),
            turn: Mutex::default(),
            work: Condvar::new(),
            done: Condvar::new(),
        })
    }

    /// Enters the changes of a whole group. Waits only where sled is far behind.
    ///
    /// # Errors
    /// [`IndexError`] if sled has failed since.
    pub(super) fn enter(
        &self,
        changes: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>,
    ) -> Result<(), IndexError> {
        let keys = self
            .memtable
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .enter(changes);
        let mut turn = self.turn();
        if !turn.waiting || (keys >= FULL && !turn.hurry) {
            turn.waiting = true;
            turn.hurry |= keys >= FULL;
            self.work.notify_one();
        }
        if keys >= MOST {
            turn = self
                .done
                .wait_while(turn, |turn| turn.hurry && turn.failed.is_none())
                .unwrap_or_else(PoisonError::into_inner);
        }
        turn.failed.clone().map_or(Ok(()), Err)
    }

    /// Waits until sled has everything.
    ///
    /// # Errors
    /// [`IndexError`] if sled failed.
    pub(super) fn drain(&self) -> Result<(), IndexError> {
        let mut turn = self.turn();
        while turn.failed.is_none() && !self.read().is_empty() {
            turn.waiting = true;
            turn.hurry = true;
            self.work.notify_one();
            turn = self.done.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
        turn.failed.clone().map_or(Ok(()), Err)
    }

    pub(super) fn read(&self) -> std::sync::RwLockReadGuard<'_, Memtable> {
        self.memtable.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        while self.next() {
            let layer = self
                .memtable
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .freeze();
            let written = self.tree.apply(&layer);
            let failed = written.is_err();
            match written {
                Ok(()) => {
                    let settled = self
                        .memtable
                        .write()
                        .unwrap_or_else(PoisonError::into_inner)
                        .settle();
                    drop(settled);
                }
                // What is there stays where readers find it; the next group hears of it.
                Err(error) => self.turn().failed = Some(error),
            }
            drop(self.turn());
            self.done.notify_all();
            if failed {
                return;
            }
        }
    }

    /// Waits for something to do. False: the thread ends.
    fn next(&self) -> bool {
        let turn = self
            .work
            .wait_while(self.turn(), |turn| !turn.waiting && !turn.stop)
            .unwrap_or_else(PoisonError::into_inner);
        let (mut turn, _) = self
            .work
            .wait_timeout_while(turn, GATHER, |turn| !turn.hurry && !turn.stop)
            .unwrap_or_else(PoisonError::into_inner);
        turn.waiting = false;
        turn.hurry = false;
        let goes_on = !turn.stop;
        drop(turn);
        self.done.notify_all();
        goes_on
    }
}

impl Flusher {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system starts none.
    pub(super) fn start(shared: &Arc<Shared>) -> Result<Self, IndexError> {
        let its = Arc::clone(shared);
        let thread = thread::Builder::new()
            .name("index-flush".into())
            .spawn(move || its.run())
            .map_err(|error| IndexError(error.to_string()))?;
        Ok(Self {
            shared: Arc::clone(shared),
            thread: Some(thread),
        })
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.shared.turn().stop = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            // Whatever it panicked over, the journal has it.
            thread.join().unwrap_or_default();
        }
    }
}

/// So long changes gather.
const GATHER: Duration = Duration::from_millis(100);
/// So many keys do not wait: while sled takes a batch, who reads from it stands still.
const FULL: usize = 512;
/// So many keys hold the writer up until sled has caught up.
const MOST: usize = 8_192;
