//! Old segments, moved out of the journal into the archive.
//!
//! A segment goes once nobody needs it at hand: everything in it is older than evidence is kept ready,
//! each notice that left from it has its answer, the keys of all that it tells of people are destroyed,
//! and no consumer that is still about has to read it. They go in order, the oldest first, and each is
//! read back before its file is removed. What the node is asked for later it reads in the archive: its
//! files stay where they are, on a slower disk if need be.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    erasing::outlives,
    keys,
    newest::List,
    places::{PlaceError, Places, place_of},
};
use crate::{
    domain::{
        channel::{Channel, Sequence},
        notice::Kind,
    },
    store::{
        journal::{
            archive,
            group::{GROUP_HEADER, Placed, read_group, whole_group},
            payload::Slot,
            reader::ReadError,
            record::{Direction, Position, Record, Side},
            recovery::{JournalError, Proven, header_of},
            segment::{self, SegmentFile},
        },
        verb::{ArchivedSegment, Archiving, ConsumerView, ToldOf},
    },
};

/// Why nothing could be archived. What was to be is in the journal as before.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchivingError {
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the segment {} does not lead to the next; run `hongyan journal check`", .0.display())]
    LeadsElsewhere(PathBuf),
    #[error("cannot archive to {path}: {source}; check that the disk is mounted and has room", path = path.display())]
    Disk { path: PathBuf, source: io::Error },
}

/// What stands against archiving a segment.
enum Needed {
    /// Nothing.
    No,
    /// Something is newer, has no answer yet, or is to be read by a consumer.
    Yet,
    /// These tell of somebody still.
    Told(Vec<ToldOf>),
}

impl Places {
    /// Archives the oldest segment that is in the journal, if nobody needs what is in it and all of it
    /// is older than that moment, in milliseconds since 1970.
    pub(super) fn archive_oldest(
        &self,
        journal: &Path,
        before_ms: i64,
    ) -> Result<Archiving, ArchivingError> {
        let Some((first, end)) = self.segments.oldest() else {
            return Ok(Archiving::NotYet);
        };
        match self.needed(first, end, before_ms)? {
            Needed::No => Ok(Archiving::Done(self.archive(journal, first, end)?)),
            Needed::Yet => Ok(Archiving::NotYet),
            Needed::Told(notices) => Ok(Archiving::Told(notices)),
        }
    }

    fn archive(
        &self,
        journal: &Path,
        first: Position,
        end: Position,
    ) -> Result<ArchivedSegment, ArchivingError> {
        let disk = |path: &Path| {
            let path = path.to_owned();
            move |source| ArchivingError::Disk { path, source }
        };
        let path = segment::path_of(journal, first);
        let file = SegmentFile {
            first,
            path: path.clone(),
            archived: None,
        };
        let proven = Proven::read(&file)?;
        let mut chains = proven.header.chains.clone();
        proven.walk(&mut chains, |_, _, _| Ok::<_, JournalError>(()))?;
        let files = segment::list(journal).map_err(disk(journal))?;
        let next = files.iter().find(|file| file.first == end);
        let Some(next) = next else {
            return Err(ArchivingError::LeadsElsewhere(path));
        };
        let (next, _) = header_of(&next.path)?;
        if proven.torn > 0 || proven.end() != end || chains != next.chains {
            return Err(ArchivingError::LeadsElsewhere(path));
        }
        let (gone, archived) = SegmentFile::archived(journal, first, end);
        if let Some(directory) = archived.path.parent() {
            fs::create_dir_all(directory).map_err(disk(directory))?;
            segment::sync_directory_of(directory).map_err(disk(directory))?;
        }
        archive::put_in_place(&archived.path, &proven.content).map_err(disk(&archived.path))?;
        let groups = proven.content.get(proven.header_len..).unwrap_or_default();
        let head = whole_group(groups)
            .and_then(|len| {
                let behind = len.saturating_add(GROUP_HEADER);
                proven
                    .content
                    .get(..proven.header_len.saturating_add(behind))
            })
            .unwrap_or_default();
        let head = segment::put_in_place(&gone.path, &[head]).map_err(disk(&gone.path))?;
        let header = proven.header_len as u64;
        (self.segments)
            .add_archived(first, head, header, archived.path.clone())
            .map_err(disk(&gone.path))?;
        segment::remove_all_but(&gone).map_err(disk(journal))?;
        segment::sync_directory_of(&path).map_err(disk(&path))?;
        let size = |path: &Path| fs::metadata(path).map(|it| it.len()).map_err(disk(path));
        Ok(ArchivedSegment {
            name: gone.name(),
            bytes: proven.content.len() as u64,
            left_bytes: size(&gone.path)?,
            archived_bytes: size(&archived.path)?,
        })
    }

    /// What in the segment from `first` to `end` stands against archiving it.
    fn needed(&self, first: Position, end: Position, before_ms: i64) -> Result<Needed, PlaceError> {
        for consumer in self.consumer_views()? {
            let is_live = consumer.seen_ms >= before_ms;
            if is_live && self.is_to_read(&consumer, end)? {
                return Ok(Needed::Yet);
            }
        }
        let mut settled: BTreeMap<Channel, Sequence> = BTreeMap::new();
        let mut told = Vec::new();
        let mut at = first;
        while at < end {
            let group = self.segments.group(at)?;
            let placed = read_group(&group, at, |_, _| {})
                .map_err(|_| ReadError::Damaged { at: at.get() })?;
            for Placed { record, .. } in placed {
                if time_of(&record).is_some_and(|at_ms| at_ms >= before_ms) {
                    return Ok(Needed::Yet);
                }
                if let Some(channel) = out_of(&record)
                    && let Some((sequence, _)) = place_of(&record)
                {
                    let settled = match settled.entry(channel) {
                        Entry::Occupied(known) => *known.get(),
                        Entry::Vacant(free) => *free.insert(self.settled(channel)?),
                    };
                    let on_hold = self.index.get(&keys::hold(channel, sequence))?;
                    if settled < sequence || on_hold.is_some() {
                        return Ok(Needed::Yet);
                    }
                }
                if told.len() < MOST_TOLD
                    && let Some((slot, mut notice)) = told_under(&record)
                    && self.vault.seal_at(slot)?.is_some()
                {
                    notice.is_stray = self.is_stray(&record)?;
                    told.push(notice);
                }
            }
            at = at.plus(group.len() as u64);
        }
        Ok(match told.is_empty() {
            true => Needed::No,
            false => Needed::Told(told),
        })
    }
}

impl Places {
    /// Whether a consumer has still to be handed what came in before a position.
    fn is_to_read(&self, consumer: &ConsumerView, before: Position) -> Result<bool, PlaceError> {
        let behind = consumer.acknowledged;
        for feed in self.listed(List::Feed, consumer.home, behind)? {
            for stretch in feed?.iter() {
                if stretch.at >= before {
                    return Ok(false);
                }
                let came_in = stretch.mark == u64::from(Direction::In.number());
                if came_in && stretch.end() > behind.plus(1) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether a notice opened a case of its own that never came to be: it was refused or never arrived.
    fn is_stray(&self, record: &Record) -> Result<bool, PlaceError> {
        let Record::Published(published) = record else {
            return Ok(false);
        };
        if published.facts.case_id != published.facts.id {
            return Ok(false);
        }
        let mut at = published.sequence;
        loop {
            let exception = self.exception(published.channel, at)?;
            match exception.moved_to.filter(|next| *next > at) {
                Some(next) => at = next,
                None => return Ok(exception.outcome.is_some() || exception.ended.is_some()),
            }
        }
    }
}

/// When a record was written, of those that say.
fn time_of(record: &Record) -> Option<i64> {
    match record {
        Record::Published(r) => Some(r.facts.published_at_ms),
        Record::Received(r) => Some(r.received_at_ms),
        Record::PlaceUsed(r) => Some(r.at_ms),
        Record::Audited(r) => Some(r.entry.at_ms),
        _ => None,
    }
}

/// The channel on which a notice leaves.
fn out_of(record: &Record) -> Option<Channel> {
    match record {
        Record::Published(r) => Some(r.channel),
        Record::Requeued(r) => Some(r.channel),
        _ => None,
    }
}

/// Under which key a notice is sealed that tells of somebody, and which it is. A bulletin tells of
/// nobody; what was refused here is sealed with whatever it named, so it goes with that or by hand.
fn told_under(record: &Record) -> Option<(Slot, ToldOf)> {
    let (channel, direction, facts) = match record {
        Record::Published(r) => (r.channel, Direction::Out, &r.facts),
        Record::Received(r) => (r.channel, Direction::In, &r.facts),
        _ => return None,
    };
    if outlives(facts.kind) || facts.kind == Kind::Bulletin {
        return None;
    }
    let notice = ToldOf {
        side: Side::of(channel, direction),
        id: facts.id,
        case: facts.case_id,
        is_stray: false,
    };
    Some((record.payload()?.slot()?, notice))
}

/// So many of those that stand against archiving are named at a time.
const MOST_TOLD: usize = 1_000;
