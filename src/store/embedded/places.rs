//! Reading places, ids and heads back from index and journal.

use bytes::Bytes;

use super::{
    case_slots::CaseSlots,
    index::{Index, IndexError},
    keys::{self, Exception, IdRun, Run, Stray},
    newest::List,
    projection::Projection,
    stretches::{Stretch, Stretches},
    under_way::Claimed,
};
use crate::{
    domain::{
        area::County,
        channel::{Channel, Digest, Sequence},
        notice::NoticeId,
        receipt::Outcome,
    },
    store::{
        journal::{
            group::Placed,
            payload::Payload,
            reader::{ReadError, Segments},
            record::{Direction, Position, Published, Record, Side},
        },
        vault::{Vault, VaultError},
        withdrawn::Withdrawn,
    },
    trust::chain::chain,
};

/// Index, journal and keys together, for readers.
#[derive(Clone)]
pub(crate) struct Places {
    pub(crate) index: Index,
    pub(crate) segments: Segments,
    pub(crate) vault: Vault,
    pub(crate) slots: CaseSlots,
    pub(crate) withdrawn: Withdrawn,
}

/// Why a place cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Journal(#[from] ReadError),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// What stands at a place of a channel.
pub(crate) struct Place {
    pub(crate) sequence: Sequence,
    pub(crate) digest: Digest,
    pub(crate) exception: Exception,
    /// The record there; none for a place taken over from the peer.
    pub(crate) record: Option<Placed>,
}

impl Place {
    /// What is to be known of it until it has its answer.
    pub(crate) fn claimed(&self) -> Claimed {
        Claimed {
            sequence: self.sequence,
            digest: self.digest,
            office: match self.record.as_ref().map(|placed| &placed.record) {
                Some(Record::Published(r)) => Some(r.office_key),
                Some(Record::Requeued(r)) => Some(r.office_key),
                // Taken over from the peer.
                _ => None,
            },
        }
    }
}

/// Where an id stands.
pub(crate) struct Found {
    pub(crate) direction: Direction,
    pub(crate) channel: Channel,
    pub(crate) sequence: Sequence,
    pub(crate) placed: Placed,
}

impl Places {
    /// The places `first ..= last` of a channel. Ends early where the channel does.
    pub(crate) fn range(
        &self,
        direction: Direction,
        channel: Channel,
        first: Sequence,
        last: Sequence,
    ) -> Result<Vec<Place>, PlaceError> {
        let mut exceptions = self.exceptions(direction, channel, first, last)?;
        let mut places = Vec::new();
        let mut wanted = first;
        while wanted <= last {
            if let Some(exception) = exceptions.get(&wanted)
                && let Some((digest, _)) = exception.adopted
            {
                let exception = exceptions.remove(&wanted).unwrap_or_default();
                places.push(Place {
                    sequence: wanted,
                    digest,
                    exception,
                    record: None,
                });
                wanted = wanted.next();
                continue;
            }
            let Some(run) = self.run_of(direction, channel, wanted)? else {
                break;
            };
            'run: for (there, stretch) in run.places() {
                if there.end <= wanted || there.start > last {
                    continue;
                }
                for placed in self.segments.run(stretch.at, stretch.len)? {
                    let Some((sequence, digest)) = place_of(&placed.record) else {
                        continue;
                    };
                    if sequence != wanted || sequence > last {
                        continue;
                    }
                    let exception = exceptions.remove(&wanted).unwrap_or_default();
                    if exception.adopted.is_some() {
                        exceptions.insert(wanted, exception);
                        break 'run;
                    }
                    places.push(Place {
                        sequence,
                        digest,
                        exception,
                        record: Some(placed),
                    });
                    wanted = wanted.next();
                }
            }
            if wanted < run.end()
                && wanted <= last
                && exceptions
                    .get(&wanted)
                    .is_none_or(|it| it.adopted.is_none())
            {
                // The run is shorter than the index says: the journal was read wrongly.
                let at = run.stretches.at().get();
                return Err(ReadError::Damaged { at }.into());
            }
        }
        Ok(places)
    }

    fn exceptions(
        &self,
        direction: Direction,
        channel: Channel,
        first: Sequence,
        last: Sequence,
    ) -> Result<std::collections::HashMap<Sequence, Exception>, IndexError> {
        if direction == Direction::In {
            return Ok(std::collections::HashMap::new());
        }
        let prefix = keys::exceptions(direction, channel);
        let mut found = std::collections::HashMap::new();
        for entry in self
            .index
            .from(&prefix, &keys::exception(direction, channel, first))
        {
            let (key, value) = entry?;
            let sequence = sequence_at_end(&key);
            if sequence > last {
                break;
            }
            found.insert(sequence, Exception::decode(&value)?);
        }
        Ok(found)
    }

    /// The run that a place lies in.
    fn run_of(
        &self,
        direction: Direction,
        channel: Channel,
        sequence: Sequence,
    ) -> Result<Option<Run>, IndexError> {
        let prefix = keys::runs(direction, channel);
        let Some((_, value)) = self
            .index
            .floor(&prefix, &keys::run(direction, channel, sequence))?
        else {
            return Ok(None);
        };
        let run = Run::decode(&value)?;
        Ok((sequence < run.end()).then_some(run))
    }

    /// Head of the chain at a place, which the channel must have.
    pub(crate) fn head_at(
        &self,
        direction: Direction,
        channel: Channel,
        sequence: Sequence,
        origin: Digest,
    ) -> Result<Option<Digest>, PlaceError> {
        if sequence == Sequence::ZERO {
            return Ok(Some(origin));
        }
        let prefix = keys::runs(direction, channel);
        let (from, mut head) = match self
            .index
            .floor(&prefix, &keys::run(direction, channel, sequence))?
        {
            Some((_, value)) => {
                let run = Run::decode(&value).map_err(IndexError::from)?;
                (run.first, run.head_before)
            }
            None => (Sequence::new(1), origin),
        };
        let places = self.range(direction, channel, from, sequence)?;
        if places.last().map(|place| place.sequence) != Some(sequence) {
            return Ok(None);
        }
        for place in places {
            head = chain(head, place.digest);
        }
        Ok(Some(head))
    }

    /// The rising ids among which an id stands, if its side has such, and which way they went. Whether
    /// it is really there, the records tell.
    pub(crate) fn among_ids(
        &self,
        side: Side,
        id: NoticeId,
    ) -> Result<Option<(Direction, Stretch)>, PlaceError> {
        let (epoch, counter) = id.halves();
        let prefix = keys::id_runs(side, epoch);
        let Some((key, value)) = self
            .index
            .floor(&prefix, &keys::id_run(side, epoch, counter))?
        else {
            return Ok(None);
        };
        let run = IdRun::decode(&value).map_err(IndexError::from)?;
        let stretch = run.stretch_of(keys::counter_at_end(&key), counter);
        Ok(stretch.map(|stretch| (run.direction, stretch)))
    }

    /// The one entry of an id that does not rise along its channel. `pending` holds changes that
    /// are not applied yet.
    pub(crate) fn stray(
        &self,
        side: Side,
        id: NoticeId,
        pending: Option<&Projection<'_>>,
    ) -> Result<Option<Found>, PlaceError> {
        let key = keys::stray(side, id);
        let stray = match pending {
            Some(pending) => pending.get(&key)?,
            None => self.index.get(&key)?.map(|value| value.to_vec()),
        };
        let Some(value) = stray else {
            return Ok(None);
        };
        let stray = Stray::decode(&value).map_err(IndexError::from)?;
        Ok(Some(Found {
            direction: stray.direction,
            channel: stray.channel,
            sequence: stray.sequence,
            placed: Placed {
                position: stray.at,
                len: stray.len,
                record: self.segments.entry(stray.at, stray.len)?,
            },
        }))
    }

    /// Where an id stands on a side; a notice that came again is found at its newest place.
    pub(crate) fn find(&self, side: Side, id: NoticeId) -> Result<Option<Found>, PlaceError> {
        if let Some(found) = self.stray(side, id, None)? {
            return Ok(Some(found));
        }
        let Some((direction, stretch)) = self.among_ids(side, id)? else {
            return Ok(None);
        };
        for placed in self.segments.run(stretch.at, stretch.len)? {
            if id_of(&placed.record) == Some(id)
                && let Some((sequence, _)) = place_of(&placed.record)
            {
                return Ok(Some(Found {
                    direction,
                    channel: side.channel(direction),
                    sequence,
                    placed,
                }));
            }
        }
        Ok(None)
    }

    /// What a list of a home area has of what stands behind a position, and maybe some before it.
    ///
    /// The newest entry grows until there is one behind it, so each is read once that was looked for: what
    /// an entry got after it was read is never passed over.
    pub(crate) fn listed(
        &self,
        list: List,
        home: County,
        behind: Position,
    ) -> Result<impl Iterator<Item = Result<Stretches, IndexError>> + use<'_>, IndexError> {
        let prefix = list.prefix(home);
        let from = match self.index.floor(&prefix, &list.key(home, behind))? {
            Some((key, _)) => key.to_vec(),
            None => prefix.clone(),
        };
        let mut entries = self.index.from(&prefix, &from).peekable();
        Ok(std::iter::from_fn(move || {
            let entry = entries.next()?;
            entries.peek();
            Some(entry.and_then(|(key, value)| {
                let newest = self.index.get(&key)?.unwrap_or(value);
                Ok(Stretches::decode(&newest)?)
            }))
        }))
    }

    /// The exception of one place, if it has any.
    pub(crate) fn exception(
        &self,
        channel: Channel,
        sequence: Sequence,
    ) -> Result<Exception, IndexError> {
        let key = keys::exception(Direction::Out, channel, sequence);
        match self.index.get(&key)? {
            Some(value) => Ok(Exception::decode(&value)?),
            None => Ok(Exception::default()),
        }
    }

    /// The published notice that a record of a channel out stands for.
    pub(crate) fn published(&self, placed: &Placed) -> Result<Published, PlaceError> {
        let at = match &placed.record {
            Record::Published(published) => return Ok(published.clone()),
            Record::Requeued(requeued) => requeued.origin,
            _ => placed.position,
        };
        match self.segments.entry_at(at)?.record {
            Record::Published(published) => Ok(published),
            _ => Err(ReadError::Damaged { at: at.get() }.into()),
        }
    }

    /// What a record says that tells of people; none once it was erased.
    pub(crate) fn said(&self, payload: &Payload) -> Result<Option<Bytes>, VaultError> {
        self.vault.open_payload(payload)
    }

    /// The exact bytes of a notice that was published here, and its reference; none once they were
    /// erased.
    pub(crate) fn told_by(
        &self,
        published: &Published,
    ) -> Result<Option<(Bytes, String)>, PlaceError> {
        let Some(mut notice) = self.said(&published.payload)? else {
            return Ok(None);
        };
        // A record whose payload is shorter is none.
        let len = notice.len().min(published.notice_len as usize);
        let reference = notice.split_off(len);
        let reference = String::from_utf8_lossy(&reference).into_owned();
        Ok(Some((notice, reference)))
    }
}

/// Sequence and digest of the place that a record takes.
pub(crate) fn place_of(record: &Record) -> Option<(Sequence, Digest)> {
    match record {
        Record::Published(r) => Some((r.sequence, r.facts.digest)),
        Record::Requeued(r) => Some((r.sequence, r.digest)),
        Record::Received(r) => Some((r.sequence, r.facts.digest)),
        Record::PlaceUsed(r) => Some((r.sequence, r.digest)),
        _ => None,
    }
}

/// The outcome that a place of a channel in was answered with.
pub(crate) fn outcome_in(record: &Record) -> Option<Outcome> {
    match record {
        Record::Received(_) => Some(Outcome::Stored),
        Record::PlaceUsed(r) => Some(r.outcome.clone()),
        _ => None,
    }
}

/// The id that a record reserves.
pub(crate) fn id_of(record: &Record) -> Option<NoticeId> {
    match record {
        Record::Published(r) => Some(r.facts.id),
        Record::Received(r) => Some(r.facts.id),
        Record::PlaceUsed(r) => r.id.filter(|_| !r.known),
        _ => None,
    }
}

/// The sequence that a key ends with.
pub(crate) fn sequence_at_end(key: &[u8]) -> Sequence {
    let number = key
        .last_chunk::<8>()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes));
    Sequence::new(number)
}
