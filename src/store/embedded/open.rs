//! Opening a data directory is recovery, step by step.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::{
    case_slots::CaseSlots,
    erasing,
    index::{self, Index, IndexError},
    keys::Reflection,
    newest::Newest,
    places::Places,
    projection::Projection,
    references::{Forgotten, References},
    state::{ConsumerState, InState, OutState, State},
    summary::Summary,
    writer::begin_segment,
};
use crate::{
    guard::Guard,
    store::{
        erasures::{Erasures, ErasuresError},
        journal::{
            bytes::{Take, Unreadable},
            group::Placed,
            reader::Segments,
            record::{Position, Record},
            recovery::{JournalError, Opening, Proven, contiguous, header_of},
            segment::{self, Chains, SegmentFile},
        },
        vault::{Held, Vault, VaultError},
        withdrawn::Withdrawn,
    },
    trust::master_key::MasterKeys,
};

/// Why a data directory cannot be opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("another process uses {path}; a node runs there already", path = .0.display())]
    InUse(PathBuf),
    /// The disk failed.
    #[error("cannot use {path}: {source}; check that the disk is mounted, has room, and is writable for this user", path = path.display())]
    Disk {
        /// File or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// What is sealed cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The list of erasures cannot be used.
    #[error(transparent)]
    Erasures(#[from] ErasuresError),
    /// A fresh index failed too.
    #[error("the index cannot be built: {0}; check the disk under data/index")]
    Index(String),
}

impl From<IndexError> for OpenError {
    fn from(error: IndexError) -> Self {
        Self::Index(error.0)
    }
}

/// What is in a data directory.
pub(crate) struct Layout {
    pub(crate) data: PathBuf,
    pub(crate) journal: PathBuf,
    pub(crate) index: PathBuf,
}

impl Layout {
    pub(crate) fn of(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            journal: data.join("journal"),
            index: data.join("index"),
        }
    }
}

/// A data directory that was opened and recovered.
pub(crate) struct Opened {
    pub(crate) lock: File,
    pub(crate) places: Places,
    pub(crate) state: State,
    pub(crate) chains: Chains,
    pub(crate) file: File,
    pub(crate) segment_first: Position,
    pub(crate) summary: Option<Summary>,
    pub(crate) end: Position,
    pub(crate) report: OpenReport,
    pub(crate) erasures: Erasures,
}

/// What opening found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Bytes of a torn tail that were dropped: a write that nobody was told of.
    pub torn_bytes: u64,
    /// Groups that the index was brought forward by.
    pub groups_replayed: u64,
    /// True if the index was built anew.
    pub index_rebuilt: bool,
}

/// Takes the lock of a data directory.
///
/// # Errors
/// [`OpenError::InUse`] while another process has it.
pub(crate) fn lock(data: &Path) -> Result<File, OpenError> {
    let path = data.join("lock");
    let disk = |source| OpenError::Disk {
        path: path.clone(),
        source,
    };
    fs::create_dir_all(data).map_err(disk)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(disk)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(data.to_owned())),
        Err(TryLockError::Error(source)) => Err(disk(source)),
    }
}

/// Opens and recovers a data directory. Whoever was erased from it, or from one of which it is an
/// older copy, is not in it.
///
/// # Errors
/// [`OpenError`]: damage, or an index that knows more than the journal, is never passed over.
pub(crate) fn open(
    data: &Path,
    cache_bytes: u64,
    masters: MasterKeys,
) -> Result<Opened, OpenError> {
    let layout = Layout::of(data);
    let lock = lock(&layout.data)?;
    let (erasures, listed) = Erasures::open(data)?;
    let mut opened = recover(&layout, lock, cache_bytes, masters, erasures)?;
    erasing::reconcile(&mut opened, &layout, &listed)?;
    Ok(opened)
}

fn recover(
    layout: &Layout,
    lock: File,
    cache_bytes: u64,
    masters: MasterKeys,
    erasures: Erasures,
) -> Result<Opened, OpenError> {
    let disk = |path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Disk { path, source }
    };
    fs::create_dir_all(&layout.journal).map_err(disk(&layout.journal))?;
    segment::sync_directory_of(&layout.journal).map_err(disk(&layout.data))?;
    segment::tidy(&layout.journal).map_err(disk(&layout.journal))?;
    let archive = segment::archive_of(&layout.journal);
    if let Err(error) = segment::tidy(&archive) {
        tracing::warn!(%error, "The archive of the journal cannot be looked at.");
    }
    let mut report = OpenReport::default();
    let (mut index, reflection) = match open_index(layout, cache_bytes) {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "The index is set aside and rebuilt from the journal.");
            index::set_aside(&layout.index).map_err(disk(&layout.index))?;
            (Index::open(&layout.index, cache_bytes)?, None)
        }
    };
    let segments = contiguous(&layout.journal)?;
    let held = match segments.is_empty() {
        true => Held::Nothing,
        false => Held::Journal,
    };
    let vault = Vault::open(&layout.data, masters, held)?;
    let Some(last_file) = segments.last() else {
        if let Some(reflection) = reflection {
            return Err(JournalError::IndexAhead {
                index: reflection.position.get(),
                journal: 0,
            }
            .into());
        }
        return first_segment(layout, lock, index, vault, erasures);
    };
    let (last_first, last_path) = (last_file.first, last_file.path.clone());
    let last = Proven::read(last_file)?;
    let end = last.end();
    if let Some(reflection) = &reflection
        && reflection.position > end
    {
        return Err(JournalError::IndexAhead {
            index: reflection.position.get(),
            journal: end.get(),
        }
        .into());
    }
    report.torn_bytes = last.torn as u64;
    // Bytes that were read are not bytes that were synced.
    let file = segment::put_in_place(&last_path, &[&last.content]).map_err(disk(&last_path))?;
    let missing = segments.iter().filter_map(|file| file.archived.as_ref());
    let mut missing = missing.filter(|archived| !archived.path.exists());
    if let Some(archived) = missing.next() {
        let (first, count) = (archived.path.display(), missing.count().saturating_add(1));
        tracing::warn!(count, %first, "Archived segments are not there; put their files back.");
    }
    let open = Segments::default();
    for SegmentFile {
        first,
        path,
        archived,
    } in &segments
    {
        if *first == last_first {
            break;
        }
        let (_, header_len) = header_of(path)?;
        let file = File::open(path).map_err(disk(path))?;
        match archived {
            None => open.add(*first, file, header_len),
            Some(archived) => open
                .add_archived(*first, file, header_len, archived.path.clone())
                .map_err(disk(path))?,
        }
    }
    open.add(
        last_first,
        file.try_clone().map_err(disk(&last_path))?,
        last.header_len as u64,
    );
    let mut state = State::default();
    let distrusted = index::is_distrusted(&layout.index);
    if distrusted {
        tracing::warn!("The index failed while it was in use; it is rebuilt from the journal.");
    }
    let mut rebuild = reflection.is_none() || distrusted;
    if let Some(reflection) = &reflection {
        match state_of_this_version(&index) {
            Ok(loaded) => state = loaded,
            Err(error) => {
                tracing::warn!(%error, "The index is rebuilt from the journal.");
                rebuild = true;
            }
        }
        check_reflection(&segments, reflection)?;
    }
    if rebuild && reflection.is_some() {
        drop(index);
        index::set_aside(&layout.index).map_err(disk(&layout.index))?;
        index = Index::open(&layout.index, cache_bytes)?;
        state = State::default();
    }
    report.index_rebuilt = rebuild;
    let from = if rebuild {
        None
    } else {
        reflection.map(|reflection| reflection.position)
    };
    let mut replay = Replay {
        index: &index,
        state,
        from,
        groups: 0,
        oldest: true,
        reached: None,
        pending: Pending::default(),
    };
    let mut chains = Chains::new();
    let start = first_needed(&segments, from);
    for (number, file) in segments.iter().enumerate().skip(start) {
        let next = segments.get(number.saturating_add(1));
        if let Some(next) = next
            && rebuild
            && replay.summary(next.first, &Opening::read(&next.path)?)?
        {
            continue;
        }
        let proven;
        let segment = if file.first == last_first {
            &last
        } else {
            proven = Proven::read(file)?;
            if proven.torn > 0 {
                return Err(JournalError::Damaged {
                    segment: crate::store::journal::recovery::name_of(&file.path),
                    offset: proven.content.len() as u64,
                    what: "the last group does not match its checksum, yet newer segments follow",
                }
                .into());
            }
            &proven
        };
        chains = segment.header.chains.clone();
        replay.began(segment.header.first);
        segment.walk(&mut chains, |end, chains, placed| {
            replay.group(end, chains, placed)
        })?;
    }
    replay.flush(end, &chains)?;
    report.groups_replayed = replay.groups;
    let state = replay.state;
    if rebuild {
        index::trust(&layout.index).map_err(disk(&layout.index))?;
    }
    Ok(Opened {
        lock,
        places: Places {
            index,
            segments: open,
            vault,
            slots: CaseSlots::default(),
            withdrawn: Withdrawn::default(),
        },
        state,
        chains,
        file,
        segment_first: last_first,
        summary: None,
        end,
        report,
        erasures,
    })
}

fn open_index(
    layout: &Layout,
    cache_bytes: u64,
) -> Result<(Index, Option<Reflection>), IndexError> {
    let index = Index::open(&layout.index, cache_bytes)?;
    let reflection = index.reflection()?;
    Ok((index, reflection.filter(|_| Guard::Reflection.holds())))
}

fn first_segment(
    layout: &Layout,
    lock: File,
    index: Index,
    vault: Vault,
    erasures: Erasures,
) -> Result<Opened, OpenError> {
    let disk = |source| OpenError::Disk {
        path: layout.journal.clone(),
        source,
    };
    let (state, chains) = (State::default(), Chains::new());
    let (file, header_len, end) =
        begin_segment(&layout.journal, Position::START, &chains, &state, None).map_err(disk)?;
    let segments = Segments::default();
    segments.add(Position::START, file.try_clone().map_err(disk)?, header_len);
    Ok(Opened {
        lock,
        places: Places {
            index,
            segments,
            vault,
            slots: CaseSlots::default(),
            withdrawn: Withdrawn::default(),
        },
        state,
        chains,
        file,
        segment_first: Position::START,
        summary: Some(Summary::default()),
        end,
        report: OpenReport::default(),
        erasures,
    })
}

/// The oldest segment that a replay from a position needs.
fn first_needed(segments: &[SegmentFile], from: Option<Position>) -> usize {
    match from {
        None => 0,
        Some(from) => segments
            .iter()
            .rposition(|segment| segment.first <= from)
            .unwrap_or(0),
    }
}

/// The chain heads that the index reflects must be those of the journal at that position.
fn check_reflection(segments: &[SegmentFile], reflection: &Reflection) -> Result<(), JournalError> {
    let differs = JournalError::IndexDiffers {
        at: reflection.position.get(),
    };
    let Some(file) = segments.get(first_needed(segments, Some(reflection.position))) else {
        return Err(differs);
    };
    let proven = Proven::read(file)?;
    let mut chains = proven.header.chains.clone();
    let mut met = reflection.position == proven.header.first && chains == reflection.chains;
    proven.walk(&mut chains, |end, chains, _| {
        if end == reflection.position {
            met = *chains == reflection.chains;
        }
        Ok::<_, JournalError>(())
    })?;
    if met { Ok(()) } else { Err(differs) }
}

fn state_of_this_version(index: &Index) -> Result<State, IndexError> {
    if index.is_of_this_version()? {
        load_state(index)
    } else {
        Err(IndexError("it is of another version".into()))
    }
}

/// The live state as the index holds it. Its keys and values are the same in every version.
pub(crate) fn load_state(index: &Index) -> Result<State, IndexError> {
    let mut state = State::default();
    for entry in index.from(b"O", b"O") {
        let (key, value) = entry?;
        let channel = Take(key.get(1..).unwrap_or_default()).channel()?;
        state
            .outs
            .insert(channel, OutState::take(&mut Take(&value))?);
    }
    for entry in index.from(b"I", b"I") {
        let (key, value) = entry?;
        let channel = Take(key.get(1..).unwrap_or_default()).channel()?.opposite();
        state.ins.insert(channel, InState::take(&mut Take(&value))?);
    }
    for entry in index.from(b"C", b"C") {
        let (key, value) = entry?;
        let mut take = Take(key.get(1..).unwrap_or_default());
        let home = take.county()?;
        let name = str::from_utf8(take.0).map_err(|_| Unreadable)?.to_owned();
        state
            .consumers
            .insert((home, name), ConsumerState::take(&mut Take(&value))?);
    }
    state.forgotten = load_forgotten(index)?;
    state.references = References::load(index)?;
    Ok(state)
}

/// From which day on references count.
fn load_forgotten(index: &Index) -> Result<Forgotten, IndexError> {
    let mut forgotten = Forgotten::new();
    for entry in index.from(b"G", b"G") {
        let (key, value) = entry?;
        let home = Take(key.get(1..).unwrap_or_default()).county()?;
        forgotten.insert(home, Take(&value).u32()?);
    }
    Ok(forgotten)
}

/// Brings the index forward from the journal.
struct Replay<'a> {
    index: &'a Index,
    state: State,
    /// Groups that end at or before it are in the index already.
    from: Option<Position>,
    groups: u64,
    /// True until the first snapshot was met.
    oldest: bool,
    /// End of the newest group followed, and the chain heads there.
    reached: Option<(Position, Chains)>,
    pending: Pending<'a>,
}

/// Changes of several groups, applied together.
#[derive(Default)]
struct Pending<'a> {
    projection: Option<Projection<'a>>,
    records: usize,
}

impl<'a> Replay<'a> {
    fn group(
        &mut self,
        end: Position,
        chains: &Chains,
        placed: Vec<Placed>,
    ) -> Result<(), OpenError> {
        if self.from.is_some_and(|from| end <= from) {
            return Ok(());
        }
        self.groups = self.groups.saturating_add(1);
        let adopts = placed
            .iter()
            .any(|placed| matches!(placed.record, Record::AdoptedOut(_)));
        if adopts && let Some((end, chains)) = self.reached.take() {
            // It reads runs that must be in the index by then.
            self.flush(end, &chains)?;
        }
        for placed in &placed {
            if let Record::Snapshot(snapshot) = &placed.record {
                if self.from.is_none() && self.oldest {
                    let state = State::decode(&snapshot.state).map_err(IndexError::from)?;
                    self.adopt_snapshot(state);
                }
                self.oldest = false;
                continue;
            }
            let index = self.index;
            let projection = self
                .pending
                .projection
                .get_or_insert_with(|| Projection::new(index));
            projection.follow(&mut self.state, placed)?;
            self.pending.records = self.pending.records.saturating_add(1);
        }
        if self.pending.records >= RECORDS_A_BATCH {
            self.flush(end, chains)?;
        }
        self.reached = Some((end, chains.clone()));
        Ok(())
    }

    /// The records of a segment follow, which begins there.
    fn began(&mut self, first: Position) {
        if let Some(projection) = &mut self.pending.projection {
            projection.write_newest(&mut self.state.newest);
        }
        self.state.newest = Newest::of(first);
    }

    /// Applies what is pending.
    fn flush(&mut self, end: Position, chains: &Chains) -> Result<(), IndexError> {
        let index = self.index;
        let projection = self
            .pending
            .projection
            .take()
            .unwrap_or_else(|| Projection::new(index));
        self.pending.records = 0;
        let (changes, _) = projection.finish(&mut self.state, end, chains)?;
        index.apply(changes)
    }

    /// Enters what the head of the segment that begins at `end` tells of the one before it. Says
    /// whether it tells anything.
    fn summary(&mut self, end: Position, next: &Opening) -> Result<bool, OpenError> {
        let Some(summary) = &next.summary else {
            return Ok(false);
        };
        let Some(summary) = Summary::decode(summary).map_err(IndexError::from)? else {
            return Ok(false);
        };
        if let Some((end, chains)) = self.reached.take() {
            self.flush(end, &chains)?;
        }
        let state = State::decode(&next.snapshot).map_err(IndexError::from)?;
        let references = &mut self.state.references;
        let mut projection = summary.enter(self.index, references)?;
        for (home, before) in &state.forgotten {
            if self.state.forgotten.get(home) != Some(before) {
                projection.forget(references, *home, *before)?;
            }
        }
        self.pending.projection = Some(projection);
        self.adopt_snapshot(state);
        self.oldest = false;
        self.flush(end, &next.chains)?;
        Ok(true)
    }

    /// Goes on from what was live at the head of a segment. References, and what may be lengthened, are
    /// in no snapshot.
    fn adopt_snapshot(&mut self, mut state: State) {
        let index = self.index;
        let projection = self
            .pending
            .projection
            .get_or_insert_with(|| Projection::new(index));
        // A consumer that is there no more leaves the index too.
        projection.touch_all(&self.state);
        state.references = std::mem::take(&mut self.state.references);
        state.newest = std::mem::take(&mut self.state.newest);
        self.state = state;
        projection.touch_all(&self.state);
    }
}

/// A replay applies its changes in batches of about this many records.
const RECORDS_A_BATCH: usize = 2_000;
