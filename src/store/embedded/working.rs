//! What desks of a home area do: written down, and read back in its order.

use super::{
    index::IndexError,
    keys,
    newest::List,
    places::{PlaceError, Places},
    stage::{Stage, StageError},
};
use crate::{
    domain::{area::County, work},
    store::{
        journal::{
            act,
            bytes::Take,
            group::Placed,
            payload::Payload,
            reader::ReadError,
            record::{Position, Record, Side, Worked},
        },
        verb::{KeptAct, LocalAct, NotNow},
    },
};

/// The record of an act, to be sealed yet.
pub(crate) fn record(home: County, act: LocalAct) -> Worked {
    let LocalAct {
        other,
        office_key,
        worked,
    } = act;
    Worked {
        side: Side { home, other },
        about: worked.about,
        kind: worked.act.kind(),
        office_key,
        at_ms: worked.at_ms,
        payload: Payload::clear(act::encode(&worked.act, &worked.office)),
    }
}

/// Writes an act down, unless the newest about its notice says the same. Says where it stands.
pub(crate) fn work(stage: &mut Stage<'_>, act: Worked) -> Result<Position, StageError> {
    if let Some(at) = repeated(stage, &act)? {
        return Ok(at);
    }
    let seal = stage.places.seal_for(act.side, act.about)?;
    let payload = match act.payload {
        Payload::Said { bytes, .. } => Payload::sealed(bytes, seal),
        kept @ Payload::Kept(_) => kept,
    };
    let at = stage.next_position();
    stage.push(Record::Worked(Worked { payload, ..act }))?;
    Ok(at)
}

/// Where the newest act about the notice stands, if it is this one.
fn repeated(stage: &Stage<'_>, act: &Worked) -> Result<Option<Position>, StageError> {
    let key = keys::newest_act(act.side, act.about);
    let Some(at) = stage.projection.get(&key)? else {
        return Ok(None);
    };
    let at = Position::new(Take(&at).u64().map_err(IndexError::from)?);
    let Record::Worked(newest) = stage.record_at(at)? else {
        return Err(StageError::NotNow(NotNow::Unreadable));
    };
    let Some(said) = stage
        .places
        .said(&newest.payload)
        .map_err(PlaceError::from)?
    else {
        return Ok(None);
    };
    let again = Worked {
        at_ms: newest.at_ms,
        ..act.clone()
    };
    let newest = Worked {
        payload: Payload::clear(said),
        ..newest
    };
    Ok((newest == again).then_some(at))
}

impl Places {
    /// Acts of a home area behind a position, in order, `limit` at most.
    pub(super) fn worked(
        &self,
        home: County,
        after: Position,
        limit: usize,
    ) -> Result<Vec<KeptAct>, PlaceError> {
        let mut kept = Vec::new();
        for acts in self.listed(List::Acts, home, after)? {
            for stretch in acts?.iter().filter(|it| it.end() > after) {
                if kept.len() >= limit {
                    return Ok(kept);
                }
                let placed = self.segments.run(stretch.at, stretch.len)?.into_iter();
                let wanted = placed.filter(|placed| placed.position > after);
                for placed in wanted.take(limit.saturating_sub(kept.len())) {
                    kept.extend(self.kept_act(placed)?);
                }
            }
        }
        Ok(kept)
    }

    /// An act as it was done; none once it was erased.
    fn kept_act(&self, placed: Placed) -> Result<Option<KeptAct>, PlaceError> {
        let Placed {
            position, record, ..
        } = placed;
        let damaged = || ReadError::Damaged { at: position.get() };
        let Record::Worked(worked) = record else {
            return Err(damaged().into());
        };
        let Worked {
            side,
            about,
            kind,
            office_key: _,
            at_ms,
            payload,
        } = worked;
        let Some(act) = self.said(&payload)? else {
            return Ok(None);
        };
        let (act, office) = act::decode(kind, side.home, &act).map_err(|_| damaged())?;
        Ok(Some(KeptAct {
            position,
            other: side.other,
            worked: work::Worked {
                about,
                act,
                office,
                at_ms,
            },
        }))
    }
}
