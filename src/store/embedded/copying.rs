//! What a copy of a store is made of, taken while a node may run on it.
//!
//! Segments first: the list of them is taken once, whole ones are copied whole, and of the last what
//! is there up to its last whole group, so the copy is the journal as it stood at one moment. Keys
//! after it: a block is synced before the journal names it, so the blocks that are there by then hold
//! every slot that the copy names. One that is rewritten meanwhile is the old or the new one.

use std::{collections::BTreeMap, fs, io, path::Path};

use super::state::State;
pub(crate) use crate::store::journal::segment::among as segments_among;
use crate::{
    domain::{
        area::County,
        channel::{Channel, Sequence},
        journal::JournalHead,
    },
    store::{
        journal::{
            group::Placed,
            heads::segments_of,
            payload::Slot,
            record::{Direction, Position, Record},
            recovery::{JournalError, Proven, name_of, out_of_place},
            segment::{Chains, SegmentFile},
        },
        vault::{VaultError, block_in, block_paths},
    },
    trust::master_key::MasterKeyId,
};

/// What the segments of a journal hold, one behind the other.
#[derive(Default)]
pub(crate) struct Reach {
    /// Segments read.
    pub(crate) segments: u64,
    /// Records in them.
    pub(crate) records: u64,
    /// Where the first begins.
    pub(crate) first: Position,
    /// Behind the last whole group.
    pub(crate) end: Position,
    chains: Option<Chains>,
    state: State,
    /// Blocks of keys that are named, and the highest place of each.
    blocks: BTreeMap<u64, u16>,
}

/// How far a channel has come, seen from one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) channel: Channel,
    pub(crate) direction: Direction,
    pub(crate) last: Sequence,
}

impl Reach {
    /// Goes on with the next segment.
    ///
    /// # Errors
    /// [`JournalError`] if it does not go on from the one before it.
    pub(crate) fn follow(&mut self, proven: &Proven) -> Result<(), JournalError> {
        let damaged = |what| JournalError::Damaged {
            segment: name_of(&proven.path),
            offset: 0,
            what,
        };
        self.goes_on(proven.header.first, &proven.path)?;
        if self.segments == 0 {
            self.first = proven.header.first;
        }
        match &self.chains {
            Some(chains) if *chains != proven.header.chains => {
                return Err(damaged(
                    "the chain does not go on from the segment before it",
                ));
            }
            Some(_) | None => {}
        }
        let mut chains = proven.header.chains.clone();
        let mut snapshots = true;
        proven.walk(&mut chains, |_, _, placed| {
            for placed in &placed {
                snapshots &= self.record(placed);
            }
            Ok::<_, JournalError>(())
        })?;
        if !snapshots {
            return Err(damaged("the snapshot of the segment cannot be read"));
        }
        self.chains = Some(chains);
        self.end = proven.end();
        self.segments = self.segments.saturating_add(1);
        Ok(())
    }

    /// Whether what begins there stands behind what was met so far.
    fn goes_on(&self, begins: Position, path: &Path) -> Result<(), JournalError> {
        match self.end == begins {
            true => Ok(()),
            false => Err(out_of_place(path, begins, self.end)),
        }
    }

    /// False for a snapshot that cannot be read.
    fn record(&mut self, placed: &Placed) -> bool {
        self.records = self.records.saturating_add(1);
        if let Some(slot) = placed.record.kept_slot().filter(|slot| *slot != Slot::NONE) {
            let highest = self.blocks.entry(slot.block()).or_default();
            *highest = slot.place().max(*highest);
        }
        if let Record::Snapshot(snapshot) = &placed.record {
            return State::decode(&snapshot.state)
                .map(|state| self.state = state)
                .is_ok();
        }
        self.state.follow(&placed.record, placed.position);
        true
    }

    /// The head of each home area's chain at the end.
    pub(crate) fn heads(&self) -> Vec<(County, JournalHead)> {
        let position = self.end.get();
        let chains = self.chains.iter().flatten();
        chains
            .map(|(home, head)| {
                let head = *head;
                (*home, JournalHead { position, head })
            })
            .collect()
    }

    /// How far each channel has come at the end.
    pub(crate) fn channels(&self) -> Vec<Held> {
        let outs = self.state.outs.iter().map(|(channel, out)| Held {
            channel: *channel,
            direction: Direction::Out,
            last: out.last,
        });
        let ins = self.state.ins.iter().map(|(channel, it)| Held {
            channel: *channel,
            direction: Direction::In,
            last: it.held,
        });
        outs.chain(ins).collect()
    }
}

/// Copies a journal as it stands now: `put` gets each file and what is to be kept of it, the oldest
/// segment first; of an archived one the head and the archived file. A node may run.
///
/// # Errors
/// [`JournalError`] as an `E`, or that of `put`.
pub(crate) fn copy_journal<E: From<JournalError>>(
    journal: &Path,
    mut put: impl FnMut(&Path, &[u8]) -> Result<(), E>,
) -> Result<Reach, E> {
    prove_journal(&segments_of(journal)?, |file, proven| {
        let Some(archived) = &file.archived else {
            return put(&file.path, &proven.content);
        };
        put(&file.path, &bytes_of(&file.path)?)?;
        put(&archived.path, &bytes_of(&archived.path)?)
    })
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, JournalError> {
    fs::read(path).map_err(|source| JournalError::Disk {
        path: path.to_owned(),
        source,
    })
}

/// Reads the segments of a journal, the oldest first, and proves that each goes on from the one before.
/// What stands behind the last whole group of the last one was never answered, and is left out.
///
/// # Errors
/// [`JournalError`] as an `E`, or that of `each`.
pub(crate) fn prove_journal<E: From<JournalError>>(
    files: &[SegmentFile],
    mut each: impl FnMut(&SegmentFile, &Proven) -> Result<(), E>,
) -> Result<Reach, E> {
    let mut reach = Reach::default();
    for file in files {
        let proven = Proven::read(file)?;
        let is_last = files.last() == Some(file);
        if proven.torn > 0 && !is_last {
            return Err(E::from(JournalError::Damaged {
                segment: name_of(&file.path),
                offset: proven.content.len() as u64,
                what: "the last group does not match its checksum, yet newer segments follow",
            }));
        }
        reach.follow(&proven)?;
        each(file, &proven)?;
    }
    Ok(reach)
}

/// Whether that is what a segment says that left, or of one that came, while they were listed.
pub(crate) fn changed_meanwhile(error: &JournalError) -> bool {
    match error {
        JournalError::Disk { source, .. } => source.kind() == io::ErrorKind::NotFound,
        JournalError::Gap { .. } | JournalError::NoBeginning { .. } => true,
        JournalError::Damaged { .. }
        | JournalError::ArchiveDamaged { .. }
        | JournalError::ArchiveMissing { .. }
        | JournalError::Newer { .. }
        | JournalError::Older { .. }
        | JournalError::IndexAhead { .. }
        | JournalError::IndexDiffers { .. } => false,
    }
}

/// The keys that a copy has.
#[derive(Default)]
pub(crate) struct KeyBlocks {
    /// How many places each block has.
    places: BTreeMap<u64, u16>,
    /// The master keys that open them.
    pub(crate) wrapped_by: Vec<MasterKeyId>,
}

impl KeyBlocks {
    /// Blocks in it.
    pub(crate) fn count(&self) -> u64 {
        self.places.len() as u64
    }

    /// Whether it has every key that was named there.
    ///
    /// # Errors
    /// [`VaultError::Missing`] with the file, in `directory`, of the first block that it lacks.
    pub(crate) fn suffice(&self, reach: &Reach, directory: &Path) -> Result<(), VaultError> {
        // That of the node's own keys is needed by every journal.
        let own = (reach.segments > 0).then_some((0, 0));
        let named = reach.blocks.iter().map(|(block, place)| (*block, *place));
        for (block, highest) in own.into_iter().chain(named) {
            if self
                .places
                .get(&block)
                .is_none_or(|places| *places <= highest)
            {
                return Err(VaultError::missing(directory, block));
            }
        }
        Ok(())
    }
}

/// Reads the key blocks of a directory: `each` gets the path of every file and what stands in it. A
/// node may run. They are not opened, and no master key is needed.
///
/// # Errors
/// [`VaultError`] as an `E` for one that is not what was written, or that of `each`.
pub(crate) fn read_keys<E: From<VaultError>>(
    directory: &Path,
    mut each: impl FnMut(&Path, &[u8]) -> Result<(), E>,
) -> Result<KeyBlocks, E> {
    let mut blocks = KeyBlocks::default();
    for (number, path) in block_paths(directory)? {
        let bytes = fs::read(&path).map_err(|source| VaultError::Disk {
            path: path.clone(),
            source,
        })?;
        let Some((places, wrapped_by)) = block_in(&bytes, number) else {
            return Err(E::from(VaultError::Damaged { path }));
        };
        blocks.places.insert(number, places);
        if !blocks.wrapped_by.contains(&wrapped_by) {
            blocks.wrapped_by.push(wrapped_by);
        }
        each(&path, &bytes)?;
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::journal::segment::{SegmentHeader, among, path_of, put_in_place};

    #[test]
    fn a_segment_that_left_while_it_was_listed_is_told_from_a_damaged_one() {
        let journal = tempfile::tempdir().unwrap();
        let prove = |files: &[SegmentFile]| {
            let proven = prove_journal(files, |_, _| Ok::<_, JournalError>(()));
            proven.map(|reach| reach.segments)
        };
        let path = path_of(journal.path(), Position::START);
        let files = among(journal.path(), [path.clone()]);
        let gone = prove(&files).unwrap_err();
        assert!(changed_meanwhile(&gone), "{gone}");
        let header = SegmentHeader {
            first: Position::START,
            chains: Chains::new(),
        };
        put_in_place(&path, &[&header.encode()]).unwrap();
        let damaged = prove(&files).unwrap_err();
        assert!(!changed_meanwhile(&damaged), "{damaged}");
        assert_eq!(prove(&[]).unwrap(), 0);
    }

    #[test]
    fn keys_suffice_only_if_the_highest_place_that_is_named_is_among_them() {
        let directory = Path::new("keys");
        let reach = Reach {
            segments: 1,
            blocks: [(70_000, 4)].into(),
            ..Reach::default()
        };
        let with = |places: &[(u64, u16)]| {
            let blocks = KeyBlocks {
                places: places.iter().copied().collect(),
                wrapped_by: Vec::new(),
            };
            blocks.suffice(&reach, directory)
        };
        with(&[(0, 1), (70_000, 5), (80_000, 1)]).unwrap();
        for lacking in [&[(0, 1), (70_000, 4)][..], &[(0, 1)], &[(70_000, 5)]] {
            let refused = with(lacking);
            assert!(matches!(refused, Err(VaultError::Missing { .. })));
        }
    }
}
