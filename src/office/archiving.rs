//! Old segments of the journal, archived by the node itself.

use jiff::civil::Date;
use tokio_util::sync::CancellationToken;

use super::{Office, problem::Fault};
use crate::{
    domain::{
        audit::{Act, Came, Counts, Entry, LOCAL, On, Purpose, Who},
        erasure::ErasureReason,
        retention::Keeping,
    },
    store::{ArchivedSegment, Archiving, Erasing, Side, ToErase, ToldOf},
};

impl Office {
    /// Archives segment by segment, until one has to stay.
    pub(super) async fn archive(
        &self,
        now_ms: i64,
        today: Date,
        stop: &CancellationToken,
    ) -> Result<(), Fault> {
        let days = i64::from(self.config().archive_after_days);
        let before_ms = now_ms.saturating_sub(days.saturating_mul(DAY_MS));
        let mut archived = Vec::new();
        let mut ended = Ok(());
        while !stop.is_cancelled() {
            match self.parts.store.archive(before_ms).await {
                Ok(Archiving::Done(segment)) => archived.push(segment),
                Ok(Archiving::NotYet) => break,
                Ok(Archiving::Told(notices)) => match self.purge_told(&notices, today).await {
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

    /// Purges those of some notices that the pass over cases does not come by: what never became a case,
    /// and what was told of one after it was erased. False if none of them went.
    async fn purge_told(&self, notices: &[ToldOf], today: Date) -> Result<bool, Fault> {
        let mut purged = Vec::new();
        let mut keeps = None;
        for notice in notices {
            let what = if notice.is_stray {
                Some(self.stray(notice))
            } else {
                self.told_since(notice, today).await?
            };
            match what {
                Some(what) => {
                    if let Erasing::Done(_) = self.erase(what).await? {
                        purged.push((notice.side.home, On::Case(notice.case)));
                    }
                }
                None => {
                    keeps.get_or_insert(notice.case);
                }
            }
        }
        if let Some(case) = keeps {
            tracing::info!(%case, "A case that is kept keeps the oldest segment of the journal.");
        }
        let any = !purged.is_empty();
        for home in self.config().areas.clone() {
            let of_home = purged.iter().filter(|(of, _)| *of == home);
            let on: Vec<On> = of_home.map(|(_, on)| on.clone()).collect();
            if !on.is_empty() {
                self.put_purged_on_record(home, on).await;
            }
        }
        Ok(any)
    }

    fn stray(&self, notice: &ToldOf) -> ToErase {
        ToErase {
            side: notice.side,
            case: notice.case,
            notices: vec![notice.id],
            reason: ErasureReason::RetentionEnded,
            asked_by: None,
            office: self.config().id.to_string(),
            at_ms: self.parts.clock.now_ms(),
        }
    }

    /// What was told of an erased case since, if its time is over too.
    async fn told_since(&self, notice: &ToldOf, today: Date) -> Result<Option<ToErase>, Fault> {
        let Side { home, other } = notice.side;
        let cases = &self.parts.cases;
        let case = cases.case(home, other, notice.case, self.today()).await?;
        let Some(case) = case.filter(|case| case.erased) else {
            return Ok(None);
        };
        Ok(match self.keeping_of_ended(&case).await? {
            Keeping::Until(day, _) if day <= today => Some(self.to_purge(&case)),
            _ => None,
        })
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
