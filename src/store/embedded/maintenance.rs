//! The store by hand, while no node runs on it.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    index::{self, Index},
    open::{Layout, OpenError, OpenReport, load_state, lock, open},
    stage::Stage,
    state::State,
};
use crate::{
    domain::channel::{Channel, Sequence},
    store::{
        erasures::Erasures,
        journal::{
            archive,
            record::{Direction, LossAccepted, Position, Record},
            recovery::{JournalError, Proven, contiguous, out_of_place},
            segment::{self, Chains, SegmentFile},
        },
        vault::{Held, Vault, VaultError, not_wrapped_by},
    },
    trust::master_key::MasterKeys,
};

/// What a check of the whole journal found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Segments read.
    pub segments: u64,
    /// Groups proven.
    pub groups: u64,
    /// Records proven, and opened where they are sealed.
    pub records: u64,
    /// Blocks of keys opened.
    pub key_blocks: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Bytes of a torn tail, which the next start drops: a write that nobody was told of.
    pub torn_bytes: u64,
    /// Where the journal ends.
    pub end: Position,
    /// Position that the index reflects; none if it cannot be opened.
    pub index: Option<Position>,
}

/// What an operator went on without.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LossReport {
    /// Where the journal ends now.
    pub end: Position,
    /// Where the cut-off bytes were put; none if none were.
    pub kept_at: Option<PathBuf>,
    /// Channels whose places the index knew and the journal no longer holds.
    pub channels: Vec<LostPlaces>,
}

/// Places of one channel that are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostPlaces {
    /// The channel.
    pub channel: Channel,
    /// Which way it goes.
    pub direction: Direction,
    /// First place that is gone.
    pub first: Sequence,
    /// Last place that is gone.
    pub last: Sequence,
}

/// Reads and proves the whole journal, and opens what is sealed in it.
///
/// # Errors
/// [`OpenError`]: where it is damaged, that a node uses it, or that the master keys do not open it.
pub fn check(data: &Path, masters: MasterKeys) -> Result<CheckReport, OpenError> {
    let layout = Layout::of(data);
    let _lock = lock(data)?;
    let mut report = CheckReport::default();
    let segments = contiguous(&layout.journal)?;
    let held = match segments.is_empty() {
        true => Held::Nothing,
        false => Held::Journal,
    };
    let vault = Vault::open(data, masters, held)?;
    Erasures::open(data)?;
    report.key_blocks = vault.check()?;
    let count = segments.len();
    let mut chains: Option<Chains> = None;
    for (number, file) in segments.iter().enumerate() {
        let proven = Proven::read(file)?;
        let name = crate::store::journal::recovery::name_of(&proven.path);
        if chains
            .as_ref()
            .is_some_and(|chains| *chains != proven.header.chains)
        {
            return Err(JournalError::Damaged {
                segment: name,
                offset: 0,
                what: "the chain does not go on from the segment before it",
            }
            .into());
        }
        if proven.torn > 0 && number.saturating_add(1) < count {
            return Err(JournalError::Damaged {
                segment: name,
                offset: proven.content.len() as u64,
                what: "the last group does not match its checksum, yet newer segments follow",
            }
            .into());
        }
        let mut lengthened = proven.header.chains.clone();
        proven.walk(&mut lengthened, |_, _, placed| {
            report.groups = report.groups.saturating_add(1);
            report.records = report.records.saturating_add(placed.len() as u64);
            for payload in placed.iter().filter_map(|placed| placed.record.payload()) {
                vault.open_payload(payload)?;
            }
            Ok::<_, OpenError>(())
        })?;
        chains = Some(lengthened);
        report.segments = report.segments.saturating_add(1);
        report.bytes = report.bytes.saturating_add(proven.content.len() as u64);
        report.torn_bytes = proven.torn as u64;
        report.end = proven.end();
    }
    report.index = Index::open(&layout.index, CACHE_BYTES)
        .and_then(|index| index.reflection())
        .ok()
        .flatten()
        .map(|reflection| reflection.position);
    if let Some(index) = report.index
        && index > report.end
    {
        return Err(JournalError::IndexAhead {
            index: index.get(),
            journal: report.end.get(),
        }
        .into());
    }
    Ok(report)
}

/// Builds the index anew from the journal.
///
/// # Errors
/// [`OpenError`].
pub fn rebuild_index(data: &Path, masters: MasterKeys) -> Result<OpenReport, OpenError> {
    let layout = Layout::of(data);
    {
        // An index that is ahead must not be thrown away unseen.
        let _lock = lock(data)?;
        refuse_if_ahead(&layout)?;
        index::set_aside(&layout.index).map_err(|source| OpenError::Disk {
            path: layout.index.clone(),
            source,
        })?;
    }
    let opened = open(data, CACHE_BYTES, masters)?;
    opened.places.index.flush()?;
    Ok(opened.report)
}

/// Cuts the journal where it is damaged, trusts it from there on, and names what is gone.
///
/// # Errors
/// [`OpenError`].
pub fn accept_loss(data: &Path, at_ms: i64, masters: MasterKeys) -> Result<LossReport, OpenError> {
    let layout = Layout::of(data);
    let mut report = LossReport::default();
    let (known, index_at) = {
        let _lock = lock(data)?;
        report.kept_at = cut(&layout, at_ms)?;
        let known = Index::open(&layout.index, CACHE_BYTES).and_then(|index| {
            let at = index.reflection()?.map(|reflection| reflection.position);
            Ok((load_state(&index)?, at))
        });
        index::set_aside(&layout.index).map_err(disk(&layout.index))?;
        known.unwrap_or_default()
    };
    let mut opened = open(data, CACHE_BYTES, masters)?;
    report.channels = lost(&known, &opened.state);
    let homes: Vec<_> = opened.chains.keys().copied().collect();
    let end = opened.end;
    let mut stage = Stage::new(
        &opened.places,
        &mut opened.state,
        &mut opened.chains,
        end,
        Vec::new(),
    );
    for home in homes {
        stage.push(Record::LossAccepted(LossAccepted {
            home,
            at: end,
            index_at: index_at.unwrap_or(end),
            at_ms,
        }))?;
    }
    if !stage.is_empty() {
        let behind = end.plus(stage.len() as u64);
        let finished = stage.finish(behind)?;
        opened
            .file
            .write_all(&finished.bytes)
            .and_then(|()| opened.file.sync_data())
            .map_err(disk(&layout.journal))?;
        opened.places.index.apply(finished.changes)?;
        opened.end = behind;
    }
    opened.places.index.flush()?;
    report.end = opened.end;
    Ok(report)
}

/// How many blocks of keys are not wrapped by the first of these master keys. Only reads, so a node may
/// run.
///
/// # Errors
/// [`VaultError`], also if they do not open all that is there.
pub fn blocks_not_wrapped_by(data: &Path, masters: &MasterKeys) -> Result<u64, VaultError> {
    not_wrapped_by(data, masters)
}

/// Wraps every block of keys by the first of these master keys; says how many were wrapped by
/// another.
///
/// # Errors
/// [`OpenError`]: said again it goes on where it ended.
pub fn wrap_by(data: &Path, masters: MasterKeys) -> Result<u64, OpenError> {
    let _lock = lock(data)?;
    if !data.join("keys").exists() {
        return Ok(0);
    }
    let vault = Vault::open(data, masters.clone(), Held::Nothing)?;
    Ok(vault.wrap_by(masters)?)
}

fn refuse_if_ahead(layout: &Layout) -> Result<(), OpenError> {
    let Ok(Some(reflection)) =
        Index::open(&layout.index, CACHE_BYTES).and_then(|index| index.reflection())
    else {
        return Ok(());
    };
    let end = match contiguous(&layout.journal)?.last() {
        Some(last) => Proven::read(last)?.end(),
        None => Position::START,
    };
    if reflection.position > end {
        return Err(JournalError::IndexAhead {
            index: reflection.position.get(),
            journal: end.get(),
        }
        .into());
    }
    Ok(())
}

/// Cuts the journal before the first byte that cannot be trusted. What is cut off is kept aside,
/// for those who can read it.
fn cut(layout: &Layout, at_ms: i64) -> Result<Option<PathBuf>, OpenError> {
    let aside = layout.data.join(format!("lost-{at_ms}"));
    let segments = segment::list(&layout.journal).map_err(disk(&layout.journal))?;
    let mut expected = Position::START;
    if let Some(oldest) = segments.first().filter(|oldest| oldest.first != expected) {
        // What is left speaks of what is gone, and all of it would be cut.
        return Err(out_of_place(&oldest.path, oldest.first, expected).into());
    }
    let mut segments = segments.into_iter();
    let mut moved = false;
    let mut behind_archived = false;
    for file in segments.by_ref() {
        if file.first != expected && (behind_archived || file.archived.is_some()) {
            // A head can be put back, and nothing behind it is worse for the want of it.
            return Err(out_of_place(&file.path, file.first, expected).into());
        }
        behind_archived = file.archived.is_some();
        if let Some(archived) = &file.archived {
            // Likewise its file.
            expected = archived.end;
            continue;
        }
        let proven = Proven::read(&file);
        let SegmentFile { first, path, .. } = file;
        let trusted = match proven {
            Ok(proven) if expected == first => {
                expected = proven.end();
                if proven.torn == 0 {
                    continue;
                }
                true
            }
            _ => false,
        };
        let kept = if trusted {
            None
        } else {
            trusted_prefix(&path).map_err(disk(&path))?
        };
        fs::create_dir_all(&aside).map_err(disk(&aside))?;
        let name = path.file_name().unwrap_or_default();
        fs::copy(&path, aside.join(name)).map_err(disk(&aside))?;
        moved = true;
        match (trusted, kept) {
            (true, _) => {}
            (false, Some(kept)) if expected == first => {
                segment::put_in_place(&path, &[&kept]).map_err(disk(&path))?;
            }
            (false, _) => fs::remove_file(&path).map_err(disk(&path))?,
        }
        break;
    }
    for SegmentFile { path, .. } in segments {
        let name = path.file_name().unwrap_or_default();
        fs::create_dir_all(&aside).map_err(disk(&aside))?;
        fs::rename(&path, aside.join(name)).map_err(disk(&path))?;
        moved = true;
    }
    let left = segment::list(&layout.journal).map_err(disk(&layout.journal))?;
    if let Some(last) = left.last()
        && let Some(archived) = &last.archived
    {
        // The journal goes on behind it.
        let bytes = archive::read(&archived.path).map_err(disk(&archived.path))?;
        let path = segment::path_of(&layout.journal, last.first);
        segment::put_in_place(&path, &[&bytes]).map_err(disk(&path))?;
    }
    if moved {
        segment::sync_directory_of(&layout.journal.join("x")).map_err(disk(&layout.journal))?;
    }
    Ok(moved.then_some(aside))
}

/// The head of a damaged segment up to its last whole group before the damage; none if not even
/// header and snapshot are whole.
fn trusted_prefix(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut File::open(path)?, &mut bytes)?;
    let Ok((_, header_len)) = segment::SegmentHeader::decode(&bytes) else {
        return Ok(None);
    };
    let mut at = header_len;
    while let Some(len) =
        crate::store::journal::group::whole_group(bytes.get(at..).unwrap_or_default())
    {
        at = at
            .saturating_add(crate::store::journal::group::GROUP_HEADER)
            .saturating_add(len);
    }
    bytes.truncate(at);
    Ok((at > header_len).then_some(bytes))
}

fn lost(known: &State, journal: &State) -> Vec<LostPlaces> {
    let mut places = Vec::new();
    let mut note = |channel, direction, known: Sequence, here: Sequence| {
        if known > here {
            places.push(LostPlaces {
                channel,
                direction,
                first: here.next(),
                last: known,
            });
        }
    };
    let outs: BTreeMap<_, _> = journal.outs.iter().map(|(c, out)| (*c, out.last)).collect();
    for (channel, out) in &known.outs {
        let here = outs.get(channel).copied().unwrap_or_default();
        note(*channel, Direction::Out, out.last, here);
    }
    let ins: BTreeMap<_, _> = journal.ins.iter().map(|(c, it)| (*c, it.held)).collect();
    for (channel, state) in &known.ins {
        let here = ins.get(channel).copied().unwrap_or_default();
        note(*channel, Direction::In, state.held, here);
    }
    places
}

fn disk(path: &Path) -> impl FnOnce(io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    move |source| OpenError::Disk { path, source }
}

const CACHE_BYTES: u64 = 64 << 20;
