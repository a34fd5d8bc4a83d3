//! A consumer from its opening to its end, over as many links as that takes.

use std::{collections::VecDeque, future::pending, time::Duration};

use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        link::{connect, connect_patiently},
        output::Output,
        stop::Stop,
    },
    line,
};
use crate::{
    domain::{
        area::County,
        notice::{Kind, NoticeId},
    },
    office::client::{ClientError, Handover, Opening, Step, Subscription},
};

/// What a consumer is and when it ends.
pub(super) struct Subscriber<'a> {
    pub(super) home: &'a Home,
    pub(super) office: &'a str,
    pub(super) consumer: &'a str,
    pub(super) kinds: &'a [Kind],
    pub(super) from_now: bool,
    pub(super) area: Option<County>,
    pub(super) limit: Option<u64>,
    pub(super) idle_exit: Option<Duration>,
    pub(super) acknowledges: bool,
    pub(super) output: Output,
}

/// How far it has come.
#[derive(Default)]
pub(super) struct Progress {
    /// Notices printed.
    pub(super) printed: u64,
    /// Those of them whose acknowledgement is not known to be durable, oldest first.
    unsure: VecDeque<(u64, NoticeId)>,
    /// When the last notice came, or the consumer was first opened.
    last: Option<Instant>,
    /// True once no more is to be printed.
    ending: bool,
}

/// How a link ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// All is printed and acknowledged.
    Done,
    /// It broke, after having worked or without.
    Broken,
}

impl Subscriber<'_> {
    pub(super) async fn run(&self) -> Result<Exit, Failure> {
        let mut stop = Stop::new()?;
        let mut progress = Progress::default();
        let first = tokio::select! {
            () = stop.asked() => return Ok(Exit::Done),
            first = connect_patiently(self.home, self.office, PATIENCE) => first?,
        };
        let mut client = Some(first);
        let mut pause = SHORTEST;
        let mut give_up: Option<Instant> = None;
        loop {
            if let Some(client) = client.take() {
                let opening = client.subscribe(self.opening(&progress)).await;
                let ended = match opening {
                    Ok(subscription) => self.follow(subscription, &mut progress, &mut stop).await,
                    Err(error) => Err(error.into()),
                };
                match ended {
                    Ok(Link::Done) => return Ok(Exit::Done),
                    Ok(Link::Broken) => pause = SHORTEST,
                    Err(failure) if failure.exit != Exit::Unreachable => return Err(failure),
                    // Gone before the first notice could come: as a node that is not there yet.
                    Err(_) => {}
                }
            }
            if progress.ending || stop.was_asked() {
                progress.ending = true;
                if progress.unsure.is_empty() {
                    return Ok(Exit::Done);
                }
                let end = *give_up.get_or_insert_with(|| Instant::now() + PATIENCE);
                if Instant::now() >= end {
                    return Err(ClientError::Ended(String::new()).into());
                }
            }
            let wait = sleep(pause);
            pause = (pause * 2).min(LONGEST);
            tokio::select! {
                () = stop.asked(), if !progress.ending => continue,
                () = self.idle(&progress), if !progress.ending => progress.ending = true,
                () = wait => match connect(self.home, self.office).await {
                    Ok(connected) => client = Some(connected),
                    Err(ClientError::Unreachable(_) | ClientError::Ended(_)) => {}
                    Err(error) => return Err(error.into()),
                },
            }
        }
    }

    /// No more credit than what may still be printed, and what may come a second time.
    pub(super) fn opening(&self, progress: &Progress) -> Opening {
        Opening {
            consumer: self.consumer.to_owned(),
            home: self.area,
            kinds: self.kinds.to_vec(),
            from_now: self.from_now,
            credit: self.credit(progress).max(1),
        }
    }

    fn credit(&self, progress: &Progress) -> u32 {
        let again = progress.unsure.len() as u64;
        let wanted = if progress.ending {
            again
        } else {
            match self.limit {
                Some(limit) => limit.saturating_sub(progress.printed).saturating_add(again),
                None => u64::from(WINDOW),
            }
        };
        u32::try_from(wanted).map_or(WINDOW, |wanted| wanted.min(WINDOW))
    }

    /// Prints and acknowledges what comes over one link.
    pub(super) async fn follow(
        &self,
        mut subscription: Subscription,
        progress: &mut Progress,
        stop: &mut Stop,
    ) -> Result<Link, Failure> {
        let mut credit = self.credit(progress).max(1);
        let mut end: Option<Instant> = None;
        loop {
            if progress.ending {
                if progress.unsure.is_empty() {
                    return Ok(Link::Done);
                }
                end = end.or_else(|| Some(Instant::now() + PATIENCE));
            }
            let next = async {
                match end {
                    Some(end) => timeout_at(end, subscription.next())
                        .await
                        .unwrap_or_else(|_| Err(ClientError::Ended(String::new()))),
                    None => subscription.next().await,
                }
            };
            let step = tokio::select! {
                biased;
                () = stop.asked(), if !progress.ending => {
                    progress.ending = true;
                    continue;
                }
                step = next => step,
                () = self.idle(progress), if !progress.ending => {
                    progress.ending = true;
                    continue;
                }
            };
            let handed = match step {
                Ok(Step::Opened(position) | Step::Acknowledged(position)) => {
                    progress.last.get_or_insert_with(Instant::now);
                    progress.durable(position);
                    continue;
                }
                Ok(Step::Notice(handover)) => {
                    self.take(&handover, progress)?.then_some(handover.position)
                }
                Err(ClientError::Unreachable(_) | ClientError::Ended(_)) => {
                    return Ok(Link::Broken);
                }
                Err(error) => return Err(error.into()),
            };
            credit = credit.saturating_sub(1);
            let sent = self
                .answer(&subscription, handed, progress, &mut credit)
                .await;
            if sent.is_err() {
                return self.why(&mut subscription, progress).await;
            }
        }
    }

    /// The link takes nothing more: what the node said last tells why.
    async fn why(
        &self,
        subscription: &mut Subscription,
        progress: &mut Progress,
    ) -> Result<Link, Failure> {
        loop {
            match subscription.next().await {
                Ok(Step::Opened(position) | Step::Acknowledged(position)) => {
                    progress.durable(position);
                }
                // It comes again over the next link.
                Ok(Step::Notice(_)) => {}
                Err(ClientError::Unreachable(_) | ClientError::Ended(_)) => {
                    return Ok(Link::Broken);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Prints a notice, unless this very process has printed it over an earlier link. True if it is
    /// to be acknowledged.
    fn take(&self, handover: &Handover, progress: &mut Progress) -> Result<bool, Failure> {
        let name = (handover.position, handover.notice.header.id);
        if progress.unsure.contains(&name) {
            return Ok(self.acknowledges);
        }
        if progress.ending {
            // Not printed, so not acknowledged: it comes again to whoever subscribes next.
            return Ok(false);
        }
        if self.output.is_json() {
            self.output.object(&line::object(handover))?;
        } else {
            self.output.line(&line::words(handover))?;
        }
        progress.printed = progress.printed.saturating_add(1);
        progress.last = Some(Instant::now());
        if self.acknowledges {
            progress.unsure.push_back(name);
        }
        if self.limit.is_some_and(|limit| progress.printed >= limit) {
            progress.ending = true;
        }
        Ok(self.acknowledges)
    }

    /// Acknowledges what was printed and lets more come before the node runs out of credit.
    async fn answer(
        &self,
        subscription: &Subscription,
        handed: Option<u64>,
        progress: &Progress,
        credit: &mut u32,
    ) -> Result<(), ClientError> {
        if let Some(position) = handed {
            subscription.acknowledge(position).await?;
        }
        if progress.ending || *credit > WINDOW / 2 {
            return Ok(());
        }
        let left = self
            .limit
            .map_or(u64::MAX, |limit| limit.saturating_sub(progress.printed));
        let room = u64::from(WINDOW.saturating_sub(*credit));
        let more = left.saturating_sub(u64::from(*credit)).min(room);
        if more > 0 {
            let more = u32::try_from(more).unwrap_or(WINDOW);
            subscription.grant(more).await?;
            *credit = credit.saturating_add(more);
        }
        Ok(())
    }

    /// Ends when no notice has come for so long as was asked for.
    async fn idle(&self, progress: &Progress) {
        match (self.idle_exit, progress.last) {
            (Some(idle), Some(last)) => sleep_until(last + idle).await,
            (None, _) | (_, None) => pending().await,
        }
    }
}

impl Progress {
    /// Everything up to that position is durably acknowledged.
    fn durable(&mut self, position: u64) {
        while self
            .unsure
            .front()
            .is_some_and(|(printed, _)| *printed <= position)
        {
            self.unsure.pop_front();
        }
    }
}

/// How long the node is waited for, at the start and for the last acknowledgements.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two tries to reach the node again.
const SHORTEST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(5);

/// Notices that may be on their way.
const WINDOW: u32 = 256;
