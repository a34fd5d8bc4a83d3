//! The one writer: gathers what is waiting, writes it as one group, syncs once, applies it to the
//! index, then answers everyone.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, Write},
    os::fd::OwnedFd,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::mpsc;

use super::{
    answers::{Answers, known},
    auditing::{self, Acts},
    command::Command,
    consenting, erasing,
    health::Health,
    index::IndexError,
    leases::Leases,
    newest::Newest,
    places::Places,
    publishing::{ItemAnswer, Publications, Quotas},
    receiving::Arrivals,
    references, settling,
    space::{Room, Space},
    stage::{Finished, Stage, StageError},
    state::State,
    summary::Summary,
    wakeups::Wakeups,
    working,
};
use crate::{
    domain::{consent::Kept, notice::NoticeId},
    guard::Guard,
    store::{
        erasures::{Erasures, ErasuresError},
        journal::{
            erased::Erased,
            group::{GroupWriter, Placed},
            payload::Slot,
            record::{self, ConsumerRemoved, HandedOut, Position, Record, Snapshot},
            segment::{self, Chains, SegmentHeader},
        },
        vault::VaultError,
        verb::{ConsentWord, NotNow},
    },
};

/// Sizes that the writer keeps to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WriterLimits {
    pub(crate) segment_bytes: u64,
    pub(crate) group_bytes: usize,
    pub(crate) quotas: Quotas,
}

/// The journal's open end, and the live state there.
pub(crate) struct Writer {
    pub(crate) directory: PathBuf,
    pub(crate) file: File,
    pub(crate) end: Position,
    pub(crate) segment_first: Position,
    /// What the open segment has put into the index; none if it was begun before this start.
    pub(crate) summary: Option<Summary>,
    pub(crate) chains: Chains,
    pub(crate) state: State,
    pub(crate) places: Places,
    pub(crate) leases: Arc<Leases>,
    pub(crate) wakeups: Arc<Wakeups>,
    pub(crate) space: Space,
    pub(crate) limits: WriterLimits,
    pub(crate) epoch: [u8; 8],
    pub(crate) counter: u64,
    pub(crate) health: Arc<Health>,
    /// Where the next group is put together.
    pub(crate) buffer: Vec<u8>,
    pub(crate) patient: Arc<Patient>,
    /// Where the chains of acts on record end.
    pub(crate) acts: Acts,
    pub(crate) erasures: Erasures,
}

/// Commands that wait for a group to go with.
#[derive(Default)]
pub(crate) struct Patient(Mutex<Vec<Command>>);

impl Patient {
    pub(crate) fn add(&self, command: Command) {
        self.lock().push(command);
    }

    fn take(&self) -> Vec<Command> {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Command>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a group could not be committed.
#[derive(Debug, thiserror::Error)]
enum CommitError {
    #[error("a write or sync of the journal failed: {0}")]
    Journal(#[from] io::Error),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error("an erasure is on record and could not be carried out: {0}")]
    Erasures(#[from] ErasuresError),
    #[error("an erasure is on record and could not be carried out: {0}")]
    Vault(#[from] VaultError),
    #[error("the writer broke off; this is a defect")]
    Panicked,
}

impl Writer {
    /// Runs until told to stop, or until every sender is gone.
    pub(crate) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        while let Some(first) = commands.blocking_recv() {
            let mut gathered = self.patient.take();
            gathered.push(first);
            while gathered.len() < MAX_COMMANDS
                && let Ok(next) = commands.try_recv()
            {
                gathered.push(next);
            }
            let mut rest = gathered.into_iter().peekable();
            while rest.peek().is_some() {
                if self.health.trouble().is_some() {
                    // A reader found the index broken.
                    self.refuse_all(rest, &mut commands);
                    return;
                }
                let committed = catch_unwind(AssertUnwindSafe(|| self.commit(&mut rest)))
                    .unwrap_or(Err(CommitError::Panicked));
                match committed {
                    Ok(Next::Continue) => {}
                    Ok(Next::Stop) => {
                        if let Err(error) = self.places.index.flush() {
                            tracing::warn!(%error, "The index could not be flushed.");
                        }
                        return;
                    }
                    Err(error) => {
                        match &error {
                            CommitError::Index(error) => self.health.index_failed(error),
                            CommitError::Journal(_)
                            | CommitError::Erasures(_)
                            | CommitError::Vault(_)
                            | CommitError::Panicked => {
                                tracing::error!(%error, "The writer is poisoned; the node takes no new work.");
                                self.health.journal_failed(&error);
                            }
                        }
                        self.refuse_all(rest, &mut commands);
                        return;
                    }
                }
            }
        }
    }

    /// Tells everyone who still waits that nothing new is taken: dropping a reply says so.
    fn refuse_all(
        &self,
        rest: impl Iterator<Item = Command>,
        commands: &mut mpsc::Receiver<Command>,
    ) {
        commands.close();
        drop(rest.collect::<Vec<_>>());
        while let Ok(command) = commands.try_recv() {
            drop(command);
        }
        drop(self.patient.take());
    }

    /// Gathers one group from the head of `commands` and commits it.
    fn commit(
        &mut self,
        commands: &mut std::iter::Peekable<impl Iterator<Item = Command>>,
    ) -> Result<Next, CommitError> {
        let room = self.space.room();
        let mut answers = Answers::default();
        let mut on_record = Vec::new();
        let mut publications = Publications::default();
        let mut arrivals = Arrivals::default();
        let mut next = Next::Continue;
        let Self {
            places,
            state,
            chains,
            leases,
            limits,
            buffer,
            acts: ends,
            ..
        } = self;
        let mut stage = Stage::new(places, state, chains, self.end, std::mem::take(buffer));
        let mut gathered = 0usize;
        let mut received = HashSet::new();
        while let Some(command) = commands.next_if(|command| match command {
            command if command.stands_alone() => gathered == 0,
            // A repeat is answered from the index, which does not show this group yet.
            Command::Receive(arriving, _) => {
                let held = stage.state.ins.get(&arriving.channel).map(|it| it.held);
                !received.contains(&arriving.channel)
                    || held.is_some_and(|held| held.next() == arriving.first)
            }
            _ => true,
        }) {
            gathered = gathered.saturating_add(1);
            let alone = command.stands_alone();
            match command {
                Command::Publish { items, act, reply } => {
                    let mut decided = Vec::with_capacity(items.len());
                    for item in items {
                        let answer = if room == Room::Low {
                            ItemAnswer::Known(Err(NotNow::StorageLow.into()))
                        } else {
                            match publications.add(&stage, item, limits.quotas) {
                                Ok(answer) => answer,
                                Err(StageError::Index(error)) => return Err(error.into()),
                                Err(StageError::NotNow(error)) => {
                                    ItemAnswer::Known(Err(error.into()))
                                }
                            }
                        };
                        decided.push(answer);
                    }
                    let found = act.as_ref().map(|(home, _)| ends.find(&stage, *home));
                    let act = match found.transpose() {
                        Ok(_) => act,
                        Err(StageError::Index(error)) => return Err(error.into()),
                        // Its notices are kept whatever becomes of that.
                        Err(StageError::NotNow(error)) => {
                            tracing::error!(%error, "A publication is not on record.");
                            None
                        }
                    };
                    answers.published.push((decided, act, reply));
                }
                Command::Work { acts, reply } => {
                    let mut decided = Vec::with_capacity(acts.len());
                    for act in acts {
                        let result = if room == Room::Low {
                            Err(StageError::NotNow(NotNow::StorageLow))
                        } else {
                            working::work(&mut stage, act)
                        };
                        decided.push(known(result)?);
                    }
                    answers.push(Box::new(move |durable| {
                        let told = decided.into_iter().map(|result| durable.tell(result));
                        drop(reply.send(told.collect()));
                    }));
                }
                Command::Consent {
                    home,
                    key,
                    word,
                    at_ms,
                    reply,
                } => {
                    let is_withdrawal = matches!(word, ConsentWord::Withdrawn { .. });
                    // A withdrawal is taken whatever room there is: it stops what leaves.
                    let result = if room == Room::Low && !is_withdrawal {
                        Err(StageError::NotNow(NotNow::StorageLow))
                    } else {
                        consenting::consent(&mut stage, home, key, word, at_ms)
                    };
                    let (result, withdrawn) = (known(result)?, places.withdrawn.clone());
                    answers.push(Box::new(move |durable| {
                        let told = durable.tell(result);
                        let is_known = matches!(told, Ok(Kept::Anew | Kept::Repeated));
                        // Before anybody is told: from then on nothing leaves under it.
                        if is_withdrawal && is_known {
                            withdrawn.add(home, key);
                        }
                        drop(reply.send(told));
                    }));
                }
                Command::Audit { home, acts, reply } => {
                    let result = if room == Room::Low && !auditing::spared(&acts) {
                        Err(StageError::NotNow(NotNow::StorageLow))
                    } else {
                        let found = ends.find(&stage, home);
                        if found.is_ok() {
                            on_record.extend(acts.into_iter().map(|act| (home, act)));
                        }
                        found
                    };
                    answers.keep(reply, result)?;
                }
                Command::Erase(what, reply) => {
                    // On a low disk too: it is owed, and it takes little.
                    self.counter = self.counter.saturating_add(1);
                    let id = NoticeId::new(self.epoch, self.counter);
                    let result = erasing::erase(&mut stage, what, id);
                    answers.keep(reply, result)?;
                }
                Command::Receive(arriving, reply) => {
                    received.insert(arriving.channel);
                    let result = if room == Room::Low {
                        Err(StageError::NotNow(NotNow::StorageLow))
                    } else {
                        arrivals.receive(&mut stage, arriving)
                    };
                    answers.keep(reply, result)?;
                }
                Command::Settle(lease, settlement, reply) => {
                    let result = if leases.holds(lease) {
                        settling::settle(&mut stage, leases, lease, settlement)
                    } else {
                        Err(StageError::NotNow(NotNow::Fenced))
                    };
                    answers.keep(reply, result)?;
                }
                Command::End {
                    channel,
                    sequence,
                    reason,
                    code,
                    at_ms,
                    reply,
                } => {
                    let result = settling::end(&mut stage, channel, sequence, reason, code, at_ms);
                    answers.keep(reply, result)?;
                }
                Command::Release(channel, reply) => {
                    let result = settling::release(&mut stage, channel);
                    answers.keep(reply, result)?;
                }
                Command::SetStop {
                    channel,
                    direction,
                    stop,
                    at_ms,
                    reply,
                } => {
                    let result = settling::set_stop(&mut stage, channel, direction, stop, at_ms);
                    answers.keep(reply, result)?;
                }
                Command::AdoptOut(holdings, reply) => {
                    let channel = holdings.channel;
                    let result = settling::adopt_out(&mut stage, holdings);
                    let leases = Arc::clone(leases);
                    // Once nobody reads the numbers of before any more.
                    answers.push(Box::new(move |_| leases.renumbered(channel)));
                    answers.keep(reply, result)?;
                }
                Command::AdoptIn {
                    channel,
                    disowned,
                    statement,
                    at_ms,
                    reply,
                } => {
                    let result =
                        settling::adopt_in(&mut stage, channel, disowned, statement, at_ms);
                    answers.keep(reply, result)?;
                }
                Command::OpenConsumer(opened, reply) => {
                    let result = stage.push(Record::ConsumerOpened(opened));
                    answers.keep(reply, result.map_err(StageError::from))?;
                }
                Command::HandOut {
                    home,
                    name,
                    ordinal,
                    reply,
                } => {
                    let result = stage.push(Record::HandedOut(HandedOut {
                        home,
                        name,
                        ordinal,
                    }));
                    answers.keep(reply, result.map_err(StageError::from))?;
                }
                Command::Acknowledge(acknowledged, reply) => {
                    let result = stage.push(Record::Acknowledged(acknowledged));
                    answers.keep(reply, result.map_err(StageError::from))?;
                }
                Command::RemoveConsumer(home, name, reply) => {
                    let result =
                        stage.push(Record::ConsumerRemoved(ConsumerRemoved { home, name }));
                    answers.keep(reply, result.map_err(StageError::from))?;
                }
                Command::Forget(before, reply) => {
                    let result = references::forget(&mut stage, before);
                    answers.keep(reply, result)?;
                }
                Command::WriteWhatIsThere => {}
                Command::Stop => {
                    next = Next::Stop;
                    break;
                }
            }
            if alone || stage.len() >= limits.group_bytes {
                break;
            }
        }
        let (epoch, counter) = (self.epoch, &mut self.counter);
        let numbered = publications.number(&mut stage, || {
            *counter = counter.saturating_add(1);
            NoticeId::new(epoch, *counter)
        });
        match numbered {
            Ok(()) => {}
            Err(StageError::Index(error)) => return Err(error.into()),
            Err(StageError::NotNow(error)) => {
                tracing::error!(%error, "Accepted notices could not be numbered.");
                return Err(IndexError(error.to_string()).into());
            }
        }
        for (decided, act, _) in &mut answers.published {
            let act = act.take().and_then(|(home, act)| {
                let counted = publications.counted(decided, act)?;
                Some((home, counted))
            });
            on_record.extend(act);
        }
        ends.push(&mut stage, on_record)?;
        let staged = if stage.is_empty() {
            None
        } else {
            let end = self.end.plus(stage.len() as u64);
            Some((stage.finish(end)?, end))
        };
        if !Guard::Written.holds() {
            answers.tell(&publications);
        }
        if let Some((finished, end)) = staged
            && let Err(error) = self.write(finished, end)
        {
            answers.unknown();
            return Err(error);
        }
        answers.tell(&publications);
        self.rotate_if_full()?;
        Ok(next)
    }

    /// One write, one sync, then the index.
    fn write(&mut self, finished: Finished, end: Position) -> Result<(), CommitError> {
        let Finished {
            bytes,
            placed,
            changes,
            summary,
        } = finished;
        self.space.make_room(bytes.len() as u64);
        let written = self.file.write_all(&bytes).and_then(|()| {
            if Guard::Sync.holds() {
                self.file.sync_data()
            } else {
                Ok(())
            }
        });
        if Guard::Poison.holds() {
            written?;
        }
        self.end = end;
        if bytes.capacity() <= KEPT_BUFFER {
            self.buffer = bytes;
        }
        self.places.index.apply(changes)?;
        if let Some(open) = &mut self.summary {
            open.absorb(summary);
        }
        self.destroy(&placed)?;
        self.wakeups.reached(self.end, &self.chains);
        self.wakeups.committed(&self.state, &placed);
        Ok(())
    }

    /// Destroys the keys of what the group erased. Their place on the list comes first, so that a copy
    /// of before does not bring them back; a start does what is left undone here.
    fn destroy(&mut self, placed: &[Placed]) -> Result<(), CommitError> {
        let erased = placed.iter().filter_map(|placed| match &placed.record {
            Record::Erased(erased) => Some(erased),
            _ => None,
        });
        let erased: Vec<&Erased> = erased.collect();
        if erased.is_empty() {
            return Ok(());
        }
        let slots = erased.iter().flat_map(|erased| &erased.slots);
        let slots: Vec<Slot> = slots.copied().collect();
        // The ballast is there for what is owed.
        self.space.make_room(ERASING_BYTES);
        self.erasures.add(erased)?;
        self.places.vault.destroy(&slots)?;
        Ok(())
    }

    fn rotate_if_full(&mut self) -> Result<(), CommitError> {
        if self.end.get().saturating_sub(self.segment_first.get()) < self.limits.segment_bytes {
            return Ok(());
        }
        match self.rotate() {
            // Nothing is wrong with the disk: this segment grows until there is a handle for the next.
            Err(error) if lacks_handles(&error) => Ok(()),
            rotated => Ok(rotated?),
        }
    }

    fn rotate(&mut self) -> io::Result<()> {
        // The handle for reading, before there is a segment that cannot do without.
        let mut reading = OwnedFd::from(self.file.try_clone()?);
        let (file, header_len, end) = begin_segment(
            &self.directory,
            self.end,
            &self.chains,
            &self.state,
            self.summary.as_ref(),
        )?;
        rustix::io::dup2(&file, &mut reading)?;
        self.places
            .segments
            .add(self.end, reading.into(), header_len);
        self.file = file;
        self.summary = Some(Summary::default());
        self.segment_first = self.end;
        self.state.newest = Newest::of(self.end);
        self.wakeups.began(self.segment_first);
        self.end = end;
        Ok(())
    }
}

/// Puts a segment in place that begins with the snapshot of all that is live, and with what the
/// segment before it put into the index. Returns it, the length of its header, and the position
/// behind its first group.
pub(crate) fn begin_segment(
    directory: &std::path::Path,
    first: Position,
    chains: &Chains,
    state: &State,
    summary: Option<&Summary>,
) -> io::Result<(File, u64, Position)> {
    let header = SegmentHeader {
        first,
        chains: chains.clone(),
    }
    .encode();
    let mut group = GroupWriter::new(first, Vec::new());
    let state = state.encode();
    let summary = summary.map(|summary| summary.encode().into());
    let records = std::iter::once(Record::Snapshot(Snapshot { state }))
        .chain(summary.map(|summary| Record::Summary(record::Summary { summary })));
    for record in records {
        group.push(record, None).map_err(io::Error::other)?;
    }
    let bytes = group.finish();
    let file = segment::put_in_place(&segment::path_of(directory, first), &[&header, &bytes])?;
    Ok((file, header.len() as u64, first.plus(bytes.len() as u64)))
}

/// Whether the process or the system has as many files and connections open as it may.
fn lacks_handles(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

enum Next {
    Continue,
    Stop,
}

/// A block of keys is written beside the one that it replaces.
const ERASING_BYTES: u64 = 1 << 20;
/// A larger buffer is given back.
const KEPT_BUFFER: usize = 1 << 20;
/// A group gathers no more commands than this.
const MAX_COMMANDS: usize = 4_096;
