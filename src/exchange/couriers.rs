//! A courier for every channel that appears, and whoever else the exchange needs. One that breaks
//! off begins again: else its channel would stand still without a word until the next start.

use std::{
    collections::{HashMap, hash_map::Entry},
    pin::Pin,
    time::{Duration, Instant},
};

use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{Exchange, expiry, outbound::courier, retry::Retry};
use crate::{
    clock::Clock,
    domain::channel::Channel,
    store::{Direction, NotNow},
};

impl Exchange {
    /// Runs couriers, probes and the watches over deadlines and suspensions until told to stop; then waits until
    /// what is in flight has ended.
    ///
    /// # Errors
    /// [`NotNow`] if the channels cannot be read.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), NotNow> {
        let (exchange, end) = (self.clone(), stop.clone());
        let work: Work = Box::new(move |duty| {
            let (exchange, end) = (exchange.clone(), end.clone());
            match duty {
                Duty::Courier(channel) => Box::pin(courier(exchange, channel, end)),
                Duty::Deadlines => Box::pin(expiry::watch(exchange, end)),
                Duty::Probes => Box::pin(exchange.probe_all(end)),
                Duty::Holds => Box::pin(exchange.hold_kept_back(end)),
            }
        });
        let cap = Duration::from_secs(self.0.limits.retry_cap_seconds.max(1));
        let mut crew = Crew::new(work, cap, self.0.clock.clone(), stop.clone());
        crew.take_on(Duty::Deadlines);
        crew.take_on(Duty::Probes);
        crew.take_on(Duty::Holds);
        let mut bell = self.0.store.new_channel_bell();
        let mut doubts = self.0.couriers.bell();
        loop {
            bell.mark_unchanged();
            doubts.mark_unchanged();
            // One that the peer alone knows has to be compared as well.
            for channel in self.0.couriers.doubts() {
                crew.take_on(Duty::Courier(channel));
            }
            for view in self.0.store.channels().await? {
                if view.direction == Direction::Out {
                    crew.take_on(Duty::Courier(view.channel));
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                changed = bell.changed() => if changed.is_err() {
                    break;
                },
                changed = doubts.changed() => if changed.is_err() {
                    break;
                },
                () = crew.mend() => {}
            }
        }
        crew.end().await;
        Ok(())
    }
}

/// What a task of the exchange is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Duty {
    Courier(Channel),
    Deadlines,
    Probes,
    Holds,
}

/// Does a duty until told to stop.
type Work = Box<dyn Fn(Duty) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The tasks, each with its duty.
struct Crew {
    work: Work,
    cap: Duration,
    clock: Clock,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    on: HashMap<Id, Duty>,
    known: HashMap<Duty, Standing>,
}

/// When a duty was last begun, and when to begin it again should it break off.
struct Standing {
    begun: Instant,
    retry: Retry,
}

impl Crew {
    fn new(work: Work, cap: Duration, clock: Clock, stop: CancellationToken) -> Self {
        Self {
            work,
            cap,
            clock,
            stop,
            tasks: JoinSet::new(),
            on: HashMap::new(),
            known: HashMap::new(),
        }
    }

    /// Begins a duty that nobody has yet.
    fn take_on(&mut self, duty: Duty) {
        if let Entry::Vacant(place) = self.known.entry(duty) {
            place.insert(Standing {
                begun: self.clock.monotonic(),
                retry: Retry::new(self.cap),
            });
            self.begin(duty, Duration::ZERO);
        }
    }

    fn begin(&mut self, duty: Duty, after: Duration) {
        let (work, stop) = ((self.work)(duty), self.stop.clone());
        let task = self.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(after) => {}
                () = stop.cancelled() => return,
            }
            work.await;
        });
        self.on.insert(task.id(), duty);
    }

    /// Waits until a task has ended; one that broke off begins again, after a while that grows.
    async fn mend(&mut self) {
        let Some(ended) = self.tasks.join_next_with_id().await else {
            return std::future::pending().await;
        };
        let error = match ended {
            Ok((id, ())) => {
                self.on.remove(&id);
                return;
            }
            Err(error) => error,
        };
        let Some(duty) = self.on.remove(&error.id()) else {
            return;
        };
        let now = self.clock.monotonic();
        if let Some(standing) = self.known.get_mut(&duty) {
            let ran = now.saturating_duration_since(standing.begun);
            if ran > self.cap.saturating_mul(2) {
                standing.retry.reset();
            }
            let after = standing.retry.next();
            standing.begun = now;
            tracing::error!(?duty, %error, ?after, "A task of the exchange broke off; it begins again. This is a defect.");
            self.begin(duty, after);
        }
    }

    /// Waits until all have ended.
    async fn end(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_courier_that_breaks_off_begins_again_and_the_others_go_on() {
        let channel = |to: &str| Channel {
            from: "350582".parse().unwrap(),
            to: to.parse().unwrap(),
        };
        let (ill, well) = (channel("530111"), channel("110101"));
        let (begun, mut beginnings) = mpsc::channel(16);
        let stop = CancellationToken::new();
        let end = stop.clone();
        let tries = std::sync::atomic::AtomicU32::new(0);
        let work: Work = Box::new(move |duty| {
            let nth = match duty == Duty::Courier(ill) {
                true => tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst),
                false => 9,
            };
            let (begun, end) = (begun.clone(), end.clone());
            Box::pin(async move {
                begun.send(duty).await.unwrap();
                assert!(nth >= 2, "as the test wants it");
                end.cancelled().await;
            })
        });
        let clock = Clock::system();
        let started = clock.monotonic();
        let mut crew = Crew::new(work, Duration::from_secs(5), clock.clone(), stop.clone());
        for duty in [ill, well, ill].map(Duty::Courier) {
            crew.take_on(duty);
        }
        let mut seen = Vec::new();
        while seen.len() < 4 {
            tokio::select! {
                Some(duty) = beginnings.recv() => seen.push(duty),
                () = crew.mend() => {}
                () = tokio::time::sleep(Duration::from_secs(20)) => panic!("only {seen:?}"),
            }
        }
        let again = seen.iter().filter(|duty| **duty == Duty::Courier(ill));
        assert_eq!(again.count(), 3, "twice it broke off");
        // Each wait is at least half of its interval: 200 ms, then 400 ms.
        let waited = clock.monotonic().saturating_duration_since(started);
        assert!(waited >= Duration::from_millis(250), "{waited:?}");
        stop.cancel();
        crew.end().await;
        assert!(beginnings.try_recv().is_err(), "nobody began once more");
    }
}
