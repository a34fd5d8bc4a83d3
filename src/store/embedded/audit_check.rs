//! The whole journal walked once more, group by group, for whoever asks whether what is on record is
//! all that was recorded.
//!
//! Three chains are followed: that of each home area, which covers every entry and which each segment's
//! header repeats; that of its acts, which tells which of them is another or gone; and the lengths of
//! the segments. What the index reflects says where the journal ended. Never more than one group is in
//! memory.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;

use super::{
    index::Index,
    keys::Reflection,
    open::{Layout, OpenError, lock},
};
use crate::{
    domain::{area::County, channel::Digest, problem::Sentence},
    store::journal::{
        audited::Audited,
        group::{GROUP_HEADER, GROUP_MAGIC, Placed, claimed_len, read_group, whole_group},
        heads::segments_of,
        record::{Position, Record},
        recovery::{JournalError, header_of, name_of},
        segment::{Chains, SegmentFile},
    },
};

/// Whether a node runs on the journal that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// It does: what it is writing is not looked at, and neither is the index.
    ARunningNode,
    /// None does.
    NoNode,
}

/// The digest of an act that is known from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownAct {
    /// Its home area.
    pub home: County,
    /// Its number.
    pub number: u64,
    /// Its digest.
    pub digest: Digest,
}

/// A journal in which everything holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Segments walked.
    pub segments: u64,
    /// Groups proven.
    pub groups: u64,
    /// The last act of each home area.
    pub ends: BTreeMap<County, (u64, Digest)>,
    /// How its end was looked at.
    pub end: EndCompared,
}

/// Whether the end of a journal was compared with what the index reflects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndCompared {
    /// It was, and nothing is missing.
    Compared,
    /// No node runs, and the index cannot be read or reflects nothing: whether the end was cut is not
    /// known.
    #[default]
    IndexUnreadable,
    /// A node runs, so it was not: the index is brought forward while it does.
    NodeRuns,
}

/// Where the journal is not what was written, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFault {
    /// Name of the segment.
    pub segment: String,
    /// Offset in it: there, or between there and the end of the segment.
    pub offset: u64,
    /// The first act that is not proven: its home area and number.
    pub act: Option<(County, u64)>,
    /// How.
    pub what: AuditWrong,
}

/// How a journal is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditWrong {
    /// An act is another than the one behind it names.
    ActChanged,
    /// An act is missing, or one stands there that was put in.
    ActOutOfPlace,
    /// An act is another than is known from elsewhere.
    ActNotTheKnown,
    /// The file of an archived segment is missing.
    ArchiveMissing,
    /// Entries of a segment are others than those to which the next goes on.
    Chain,
    /// A group does not match its checksum.
    Checksum,
    /// The journal ends before what is known of it.
    End,
    /// Entries are others than those that the index reflects.
    Index,
    /// The header of a segment does not match its checksum.
    SegmentHeader,
    /// A segment, or a part of one, is missing or was put in.
    SegmentOutOfPlace,
    /// A group cannot be read: it was changed, or is of a newer version.
    Unreadable,
}

impl AuditWrong {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ActChanged => "act_changed",
            Self::ActOutOfPlace => "act_out_of_place",
            Self::ActNotTheKnown => "act_not_the_known",
            Self::ArchiveMissing => "archive_missing",
            Self::Chain => "chain_broken",
            Self::Checksum => "checksum",
            Self::End => "end_missing",
            Self::Index => "index_differs",
            Self::SegmentHeader => "segment_header",
            Self::SegmentOutOfPlace => "segment_out_of_place",
            Self::Unreadable => "unreadable",
        }
    }

    /// In words.
    pub fn sentence(self) -> Sentence {
        let (zh, en) = match self {
            Self::ActChanged => (
                "该条记录被改写：其后一条所记的摘要与它不符",
                "the act was changed: the one behind it names another",
            ),
            Self::ActOutOfPlace => (
                "序号不连续：有记录被删除、插入或移位",
                "the numbers have a gap: an act was removed, put in or moved",
            ),
            Self::ActNotTheKnown => (
                "与此前导出的文件不符：该条或其前的记录被改写；若其间由备份恢复（记录中有 restored），则属正常，请与文件逐条对照",
                "the last act of the file that was exported before is another here: it or one before it was rewritten. After a restore in between, which is on record as restored, that is to be expected: compare the file act by act",
            ),
            Self::ArchiveMissing => (
                "归档文件不在 data/archive 中，请放回",
                "the archived file is not in data/archive: put it back",
            ),
            Self::Chain => (
                "该段内容与下一段所接的链不符：段内有记录被改写",
                "the entries of the segment do not lead to the chain of the next: something in it was changed",
            ),
            Self::Checksum => ("校验和不符", "a group does not match its checksum"),
            Self::End => (
                "日志末尾缺失：被截短",
                "the end of the journal is missing: it was cut",
            ),
            Self::Index => (
                "与索引所记的链不符：有记录被改写或移位",
                "the entries are others than the index reflects: something was changed or moved",
            ),
            Self::SegmentHeader => (
                "段首校验和不符",
                "the header of the segment does not match its checksum",
            ),
            Self::SegmentOutOfPlace => (
                "段的位置不连续：有内容被删除或插入",
                "the segment does not go on where the one before it ends: something was removed or put in",
            ),
            Self::Unreadable => (
                "记录无法读取：被改写，或由更新的版本写成",
                "a group cannot be read: it was changed, or written by a newer version",
            ),
        };
        Sentence {
            zh: zh.to_owned(),
            en: en.to_owned(),
        }
    }
}

/// Why nothing can be said, or what is wrong.
#[derive(Debug, thiserror::Error)]
pub enum AuditCheckError {
    /// Something is not what was written.
    #[error("segment {}, offset {}: {}", .0.segment, .0.offset, .0.what.code())]
    Fault(Box<AuditFault>),
    /// There is no journal at all. One that a node has begun always has a segment.
    #[error("there is no journal in {}", .0.display())]
    NoJournal(PathBuf),
    /// The journal cannot be looked at.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Walks the journal of a data directory, and compares it with acts that are known from elsewhere.
///
/// # Errors
/// [`AuditCheckError`]: the first thing that does not hold, and where.
pub fn verify_audit(
    data: &Path,
    beside: Beside,
    known: &[KnownAct],
) -> Result<AuditReport, AuditCheckError> {
    let layout = Layout::of(data);
    // Before the lock, which would make the directory anew where all of it is gone.
    if segments_of(&layout.journal)
        .map_err(OpenError::from)?
        .is_empty()
    {
        return Err(AuditCheckError::NoJournal(layout.journal));
    }
    let _lock = match beside {
        Beside::NoNode => Some(lock(data)?),
        Beside::ARunningNode => None,
    };
    let reflection = match beside {
        Beside::NoNode if layout.index.is_dir() => Index::open(&layout.index, CACHE_BYTES)
            .and_then(|index| index.reflection())
            .ok()
            .flatten(),
        Beside::NoNode | Beside::ARunningNode => None,
    };
    let end = match (beside, &reflection) {
        (Beside::ARunningNode, _) => EndCompared::NodeRuns,
        (Beside::NoNode, Some(_)) => EndCompared::Compared,
        (Beside::NoNode, None) => EndCompared::IndexUnreadable,
    };
    let mut walk = Walk {
        report: AuditReport {
            end,
            ..AuditReport::default()
        },
        chains: Chains::new(),
        lasts: BTreeMap::new(),
        proven: Place::default(),
        reached: Place::default(),
        end: Position::START,
        met: reflection.is_none(),
        reflection,
        known,
    };
    let segments = segments_of(&layout.journal).map_err(OpenError::from)?;
    for file in &segments {
        let is_last = segments.last() == Some(file);
        // A node that runs may have archived it meanwhile.
        if beside == Beside::ARunningNode && !file.path.exists() {
            let now = segments_of(&layout.journal).map_err(OpenError::from)?;
            if let Some(file) = now.iter().find(|it| it.first == file.first) {
                walk.segment(file, is_last)?;
                continue;
            }
        }
        walk.segment(file, is_last)?;
    }
    walk.finish()
}

/// A place in the journal, for people.
#[derive(Clone, Debug, Default)]
struct Place {
    segment: String,
    offset: u64,
}

/// The last act of a home area.
struct Last {
    number: u64,
    digest: Digest,
    place: Place,
}

struct Walk<'a> {
    report: AuditReport,
    chains: Chains,
    lasts: BTreeMap<County, Last>,
    /// Everything before it is proven by what stands behind it.
    proven: Place,
    /// Where the last segment that was walked ends.
    reached: Place,
    end: Position,
    reflection: Option<Reflection>,
    /// Whether the journal was compared with the reflection.
    met: bool,
    known: &'a [KnownAct],
}

impl Walk<'_> {
    fn segment(&mut self, file: &SegmentFile, is_last: bool) -> Result<(), AuditCheckError> {
        let path = file.archived.as_ref().map_or(&file.path, |it| &it.path);
        let disk = |source| OpenError::Disk {
            path: path.clone(),
            source,
        };
        let segment = name_of(path);
        let begin = Place { segment, offset: 0 };
        let (header, header_len) = match header_of(&file.path) {
            Ok(header) => header,
            Err(error @ JournalError::Disk { .. }) => return Err(OpenError::from(error).into()),
            Err(_) => return Err(self.fault(begin, AuditWrong::SegmentHeader)),
        };
        if header.first != self.end {
            return Err(self.fault(begin, AuditWrong::SegmentOutOfPlace));
        }
        if header.chains != self.chains {
            let proven = self.proven.clone();
            return Err(self.fault(proven, AuditWrong::Chain));
        }
        self.proven = begin.clone();
        self.compare(&begin)?;
        let opened = match File::open(path) {
            Ok(opened) => opened,
            Err(error) if file.archived.is_some() && error.kind() == io::ErrorKind::NotFound => {
                return Err(self.fault(begin, AuditWrong::ArchiveMissing));
            }
            Err(error) => return Err(disk(error).into()),
        };
        let (mut bytes, size): (Box<dyn Read>, u64) = match &file.archived {
            None => {
                let size = opened.metadata().map_err(disk)?.len();
                (Box::new(BufReader::new(opened)), size)
            }
            Some(archived) => {
                let whole = archived.end.get().saturating_sub(file.first.get());
                let gzip = MultiGzDecoder::new(BufReader::new(opened));
                let gzip = BufReader::new(gzip);
                (Box::new(gzip), whole.saturating_add(header_len))
            }
        };
        let mut head = vec![0; usize::try_from(header_len).unwrap_or(usize::MAX)];
        let same = bytes.read_exact(&mut head).is_ok() && head == header.encode();
        if !same {
            return Err(self.fault(begin, AuditWrong::SegmentHeader));
        }
        let mut at = header_len;
        while at < size {
            let place = Place {
                offset: at,
                ..begin.clone()
            };
            let group = match next_group(&mut bytes, size.saturating_sub(at)) {
                Ok(group) => group,
                // What is compressed has checksums of its own.
                Err(_) if file.archived.is_some() => None,
                Err(error) => return Err(disk(error).into()),
            };
            let Some(group) = group else {
                // A write that was cut off, and of which nobody was told, is no fault.
                let torn = is_last
                    && file.archived.is_none()
                    && at > header_len
                    && !whole_follows(path, at).map_err(disk)?;
                if torn && self.reflected_upto() <= self.end {
                    break;
                }
                return Err(self.fault(place, AuditWrong::Checksum));
            };
            self.group(&group, &place)?;
            at = at.saturating_add(group.len() as u64);
            self.compare(&Place {
                offset: at,
                ..begin.clone()
            })?;
        }
        if at == header_len {
            // The first group is put in place together with the header.
            return Err(self.fault(begin, AuditWrong::Checksum));
        }
        self.reached = Place {
            offset: at,
            ..begin
        };
        self.report.segments = self.report.segments.saturating_add(1);
        Ok(())
    }

    fn group(&mut self, group: &Bytes, place: &Place) -> Result<(), AuditCheckError> {
        let start = self.end;
        let chains = &mut self.chains;
        let Ok(placed) = read_group(group, start, |home, lengthen| {
            let head = chains.entry(home).or_default();
            *head = lengthen(head);
        }) else {
            return Err(self.fault(place.clone(), AuditWrong::Unreadable));
        };
        for Placed {
            position, record, ..
        } in placed
        {
            if let Record::Audited(audited) = record {
                let within = position.get().saturating_sub(start.get());
                let offset = place.offset.saturating_add(within);
                self.act(
                    &audited,
                    Place {
                        offset,
                        ..place.clone()
                    },
                )?;
            }
        }
        self.report.groups = self.report.groups.saturating_add(1);
        self.end = start.plus(group.len() as u64);
        Ok(())
    }

    fn act(&mut self, audited: &Audited, place: Place) -> Result<(), AuditCheckError> {
        let home = audited.home;
        let last = self.lasts.get(&home);
        let next = last.map_or(0, |last| last.number).saturating_add(1);
        if audited.number != next {
            return Err(fault(place, Some((home, next)), AuditWrong::ActOutOfPlace));
        }
        match last {
            Some(last) if last.digest != audited.previous => {
                let act = Some((home, last.number));
                return Err(fault(last.place.clone(), act, AuditWrong::ActChanged));
            }
            None if audited.previous != Digest::default() => {
                return Err(fault(place, Some((home, next)), AuditWrong::ActOutOfPlace));
            }
            Some(last) => self.proven = last.place.clone(),
            None => {}
        }
        let digest = audited.digest();
        let mut known = self.known.iter();
        if known.any(|it| it.home == home && it.number == next && it.digest != digest) {
            return Err(fault(place, Some((home, next)), AuditWrong::ActNotTheKnown));
        }
        self.lasts.insert(
            home,
            Last {
                number: next,
                digest,
                place,
            },
        );
        Ok(())
    }

    /// Compares the chains here with those that the index reflects, where it reflects this place.
    fn compare(&mut self, place: &Place) -> Result<(), AuditCheckError> {
        let Some(reflection) = &self.reflection else {
            return Ok(());
        };
        if reflection.position == self.end {
            if reflection.chains != self.chains {
                let proven = self.proven.clone();
                return Err(self.fault(proven, AuditWrong::Index));
            }
            self.met = true;
        } else if reflection.position < self.end && !self.met {
            return Err(self.fault(place.clone(), AuditWrong::Index));
        }
        Ok(())
    }

    fn reflected_upto(&self) -> Position {
        self.reflection
            .as_ref()
            .map_or(Position::START, |reflection| reflection.position)
    }

    fn finish(mut self) -> Result<AuditReport, AuditCheckError> {
        let last = std::mem::take(&mut self.reached);
        if self.reflected_upto() > self.end {
            return Err(self.fault(last, AuditWrong::End));
        }
        for known in self.known {
            let reached = self.lasts.get(&known.home).map_or(0, |last| last.number);
            if known.number > reached {
                let act = Some((known.home, reached.saturating_add(1)));
                return Err(fault(last, act, AuditWrong::End));
            }
        }
        let ends = std::mem::take(&mut self.lasts).into_iter();
        self.report.ends = ends
            .map(|(home, last)| (home, (last.number, last.digest)))
            .collect();
        Ok(self.report)
    }

    /// A fault, with the first act that is not proven before it.
    fn fault(&self, place: Place, what: AuditWrong) -> AuditCheckError {
        let next = self.lasts.iter().next();
        let act = next.map(|(home, last)| (*home, last.number.saturating_add(1)));
        fault(place, act, what)
    }
}

fn fault(place: Place, act: Option<(County, u64)>, what: AuditWrong) -> AuditCheckError {
    let Place { segment, offset } = place;
    AuditCheckError::Fault(Box::new(AuditFault {
        segment,
        offset,
        act,
        what,
    }))
}

/// The whole group that comes next; none if none does.
fn next_group(file: &mut impl Read, left: u64) -> io::Result<Option<Bytes>> {
    let head = GROUP_HEADER as u64;
    if left < head {
        return Ok(None);
    }
    let mut bytes = vec![0; GROUP_HEADER];
    file.read_exact(&mut bytes)?;
    let Some(len) = claimed_len(&bytes).filter(|len| *len as u64 <= left.saturating_sub(head))
    else {
        return Ok(None);
    };
    bytes.resize(GROUP_HEADER.saturating_add(len), 0);
    file.read_exact(bytes.get_mut(GROUP_HEADER..).unwrap_or_default())?;
    Ok(whole_group(&bytes).is_some().then(|| bytes.into()))
}

/// Whether a whole group begins anywhere behind an offset.
fn whole_follows(path: &Path, at: u64) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut from = at.saturating_add(1);
    let mut window = vec![0; WINDOW];
    while from < size {
        file.seek(SeekFrom::Start(from))?;
        let mut filled = 0;
        while let count @ 1.. = file.read(window.get_mut(filled..).unwrap_or_default())? {
            filled = filled.saturating_add(count);
        }
        let read = window.get(..filled).unwrap_or_default();
        let magics = read.windows(GROUP_MAGIC.len()).enumerate();
        let found = magics.filter(|(_, bytes)| *bytes == GROUP_MAGIC);
        for (offset, _) in found {
            let begin = from.saturating_add(offset as u64);
            file.seek(SeekFrom::Start(begin))?;
            let mut rest = BufReader::new(&mut file);
            if next_group(&mut rest, size.saturating_sub(begin))?.is_some() {
                return Ok(true);
            }
        }
        if filled < WINDOW {
            return Ok(false);
        }
        // A magic may lie across two windows.
        let step = WINDOW.saturating_sub(GROUP_MAGIC.len()).saturating_add(1);
        from = from.saturating_add(step as u64);
    }
    Ok(false)
}

const CACHE_BYTES: u64 = 8 << 20;

const WINDOW: usize = 1 << 20;
