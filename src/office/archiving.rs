//! Old segments of the journal, archived by the node itself.

use tokio_util::sync::CancellationToken;

use super::{Office, problem::Fault};
use crate::{
    domain::{
        audit::{Act, Came, Counts, Entry, LOCAL, Purpose, Who},
        erasure::ErasureReason,
    },
    store::{ArchivedSegment, Archiving, Erasing, ToErase, ToldOf},
};

impl Office {
    /// Archives segment by segment, until one has to stay.
    pub(super) async fn archive(&self, now_ms: i64, stop: &CancellationToken) -> Result<(), Fault> {
        let days = i64::from(self.config().archive_after_days);
        let before_ms = now_ms.saturating_sub(days.saturating_mul(DAY_MS));
        let mut archived = Vec::new();
        let mut ended = Ok(());
        while !stop.is_cancelled() {
            match self.parts.store.archive(before_ms).await {
                Ok(Archiving::Done(segment)) => archived.push(segment),
                Ok(Archiving::NotYet) => break,
                Ok(Archiving::Told(notices)) => match self.purge_strays(&notices).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(fault) => {
                        ended = Err(fault);
                        break;
                    }
                },
                Err(error) => {
                    ended = Err(error.into());
                    break;
                }
            }
        }
        if !archived.is_empty() {
            self.put_archived_on_record(&archived).await;
        }
        ended
    }

    /// Purges those of some notices that belong to no case: they were refused or never arrived, so no
    /// case that ends takes them along. False if none of them went.
    async fn purge_strays(&self, notices: &[ToldOf]) -> Result<bool, Fault> {
        let mut purged = false;
        for ToldOf { side, id, case } in notices {
            let cases = &self.parts.cases;
            let known = cases
                .case(side.home, side.other, *case, self.today())
                .await?;
            if known.is_some() {
                return Ok(purged);
            }
            let what = ToErase {
                side: *side,
                case: *case,
                notices: vec![*id],
                reason: ErasureReason::RetentionEnded,
                asked_by: None,
                office: self.config().id.to_string(),
                at_ms: self.parts.clock.now_ms(),
            };
            purged |= matches!(self.erase(what).await?, Erasing::Done(_));
        }
        Ok(purged)
    }

    async fn put_archived_on_record(&self, archived: &[ArchivedSegment]) {
        let bytes = |of: fn(&ArchivedSegment) -> u64| archived.iter().map(of).sum::<u64>();
        let (journal, left) = (bytes(|it| it.bytes), bytes(|it| it.left_bytes));
        tracing::info!(
            segments = archived.len(),
            newest = archived.last().map(|segment| segment.name.as_str()),
            bytes = journal.saturating_sub(left),
            archived_bytes = bytes(|it| it.archived_bytes),
            "Old segments were archived."
        );
        for home in self.config().areas.clone() {
            let entry = Entry {
                at_ms: self.parts.clock.now_ms(),
                who: Who::Node,
                role: String::new(),
                from: LOCAL.to_owned(),
                act: Act::SegmentsArchived,
                counts: Counts::of(archived.len()),
                on: Vec::new(),
                purpose: Purpose::None,
                came: Came::Done,
            };
            if let Err(error) = self.parts.store.audit(home, vec![entry]).await {
                let act = Act::SegmentsArchived.name();
                tracing::error!(%home, act, %error, "An act is not on record.");
            }
        }
    }
}

const DAY_MS: i64 = 86_400_000;
