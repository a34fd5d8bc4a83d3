//! Acts on record: each gets its number and the digest of the one before it, and is read back in
//! either order.

use std::collections::{BTreeMap, btree_map::Entry as MapEntry};

use super::{
    index::IndexError,
    keys,
    newest::List,
    places::{PlaceError, Places},
    stage::{Stage, StageError},
    stretches::{Stretch, Stretches},
};
use crate::{
    domain::{area::County, audit::Entry, channel::Digest},
    store::{
        journal::{
            audited::Audited,
            reader::ReadError,
            record::{Position, Record},
        },
        verb::AuditPart,
    },
};

/// Where the chain of each home area ends, of those that were written to since the start.
#[derive(Default)]
pub(crate) struct Acts(BTreeMap<County, End>);

/// The end of a chain of acts: number and digest of the last.
#[derive(Clone, Copy, Default)]
struct End {
    number: u64,
    digest: Digest,
}

impl Acts {
    /// Finds the end of the chain of a home area, unless it is known. Before any act is added there.
    pub(crate) fn find(&mut self, stage: &Stage<'_>, home: County) -> Result<(), StageError> {
        if let MapEntry::Vacant(place) = self.0.entry(home) {
            place.insert(stage.places.end_of_acts(home)?);
        }
        Ok(())
    }

    /// Adds acts to a group. They stand at its end, so that they are read as one.
    pub(crate) fn push(
        &mut self,
        stage: &mut Stage<'_>,
        mut acts: Vec<(County, Entry)>,
    ) -> Result<(), IndexError> {
        acts.sort_by_key(|(home, _)| *home);
        for (home, entry) in acts {
            let end = self.0.get(&home).copied().unwrap_or_default();
            let audited = Audited {
                home,
                number: end.number.saturating_add(1),
                previous: end.digest,
                entry,
            };
            let end = End {
                number: audited.number,
                digest: audited.digest(),
            };
            self.0.insert(home, end);
            stage.push(Record::Audited(audited))?;
        }
        Ok(())
    }
}

/// Whether acts are recorded on a disk that is low, too.
pub(crate) fn spared(acts: &[Entry]) -> bool {
    acts.iter().all(|entry| entry.act.runs_the_node())
}

impl Places {
    /// Where the chain of acts of a home area ends by what is written.
    fn end_of_acts(&self, home: County) -> Result<End, PlaceError> {
        let top = Position::new(u64::MAX);
        let newest = self.audited(home, AuditPart::Before(top), 1)?;
        Ok(newest.first().map_or_else(End::default, |(_, last)| End {
            number: last.number,
            digest: last.digest(),
        }))
    }

    /// Acts on record in a home area, in the order that is asked for, `limit` at most.
    pub(super) fn audited(
        &self,
        home: County,
        part: AuditPart,
        limit: usize,
    ) -> Result<Vec<(Position, Audited)>, PlaceError> {
        let mut found = Vec::new();
        match part {
            AuditPart::Behind(after) => {
                'behind: for acts in self.listed(List::Audits, home, after)? {
                    for stretch in acts?.iter().filter(|it| it.end() > after) {
                        let wanted = self.acts_of(stretch)?.into_iter();
                        let wanted = wanted.filter(|(at, _)| *at > after);
                        found.extend(wanted.take(limit.saturating_sub(found.len())));
                        if found.len() >= limit {
                            break 'behind;
                        }
                    }
                }
            }
            AuditPart::Before(before) => {
                let prefix = keys::audits(home);
                let top = Position::new(before.get().saturating_sub(1));
                'before: for entry in self.index.down_from(&prefix, &keys::audit(home, top)) {
                    let acts = Stretches::decode(&entry?.1).map_err(IndexError::from)?;
                    for stretch in acts.iter().rev().filter(|it| it.at < before) {
                        let wanted = self.acts_of(stretch)?.into_iter().rev();
                        let wanted = wanted.filter(|(at, _)| *at < before);
                        found.extend(wanted.take(limit.saturating_sub(found.len())));
                        if found.len() >= limit {
                            break 'before;
                        }
                    }
                }
            }
        }
        Ok(found)
    }

    /// The acts of one stretch.
    fn acts_of(&self, stretch: Stretch) -> Result<Vec<(Position, Audited)>, PlaceError> {
        let mut acts = Vec::new();
        for placed in self.segments.run(stretch.at, stretch.len)? {
            let Record::Audited(audited) = placed.record else {
                let at = placed.position.get();
                return Err(ReadError::Damaged { at }.into());
            };
            acts.push((placed.position, audited));
        }
        Ok(acts)
    }
}
