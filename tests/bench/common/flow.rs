//! One load: numbered notices, of which so many may be under way, and what each of them took.
//!
//! A notice is under way from the moment it is handed to the client library until it is both
//! accepted and handed over at the other end; so one window holds for every system, whatever it
//! calls an acknowledgement. A paced notice is timed from the moment it was due, so a system that
//! falls behind is not forgiven the wait.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use tokio_stream::Stream;

use super::histogram::Histogram;

/// What is asked of a system.
#[derive(Clone, Copy)]
pub struct Load {
    pub notices: u64,
    /// Notices under way at most.
    pub window: u64,
    /// Notices a second; `None` for as fast as the window lets.
    pub pace: Option<u64>,
}

/// A load under way.
pub struct Flow {
    pub load: Load,
    begun: Instant,
    /// Notices that are due by now.
    due: AtomicU64,
    sent: AtomicU64,
    accepted: AtomicU64,
    handed: AtomicU64,
    /// When the last one was through, in nanoseconds since the begin.
    ended: AtomicU64,
    /// When each notice was sent, and which of its two ends it has reached.
    stamps: Box<[AtomicU64]>,
    publishing: Mutex<Histogram>,
    handing: Mutex<Histogram>,
    waiting: Mutex<Option<Waker>>,
}

impl Flow {
    pub fn begin(load: Load) -> Arc<Self> {
        let flow = Arc::new(Self {
            load,
            begun: Instant::now(),
            due: AtomicU64::new(if load.pace.is_some() { 0 } else { load.notices }),
            sent: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            handed: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            stamps: (0..load.notices).map(|_| AtomicU64::new(0)).collect(),
            publishing: Mutex::default(),
            handing: Mutex::default(),
            waiting: Mutex::default(),
        });
        if let Some(pace) = load.pace {
            let own = Arc::clone(&flow);
            // Not a timer of the runtime: those are a millisecond coarse.
            thread::spawn(move || own.keep_pace(pace));
        }
        flow
    }

    /// The numbers to send, each as soon as it may be.
    pub fn numbers(self: &Arc<Self>) -> Numbers {
        Numbers(Arc::clone(self))
    }

    pub fn accepted(&self, number: u64) {
        self.reached(number, ACCEPTED, &self.publishing, &self.accepted);
    }

    pub fn handed(&self, number: u64) {
        self.reached(number, HANDED, &self.handing, &self.handed);
    }

    pub fn is_through(&self) -> bool {
        self.through() == self.load.notices
    }

    /// Notices that are accepted and handed over.
    pub fn through(&self) -> u64 {
        self.accepted.load(Relaxed).min(self.handed.load(Relaxed))
    }

    pub fn seconds(&self) -> f64 {
        Duration::from_nanos(self.ended.load(Relaxed)).as_secs_f64()
    }

    pub fn per_second(&self) -> f64 {
        self.through() as f64 / self.seconds()
    }

    /// What the times were since this was last asked: to accepted, and to handed over.
    pub fn times(&self) -> (Histogram, Histogram) {
        let take = |times: &Mutex<Histogram>| std::mem::take(&mut *times.lock().unwrap());
        (take(&self.publishing), take(&self.handing))
    }

    fn reached(&self, number: u64, end: u64, times: &Mutex<Histogram>, count: &AtomicU64) {
        let now = self.now();
        let stamp = self.stamps[number as usize].fetch_or(end, Relaxed);
        if stamp & end != 0 {
            // At least once is what the systems promise; it counts once.
            return;
        }
        let sent = stamp & !(ACCEPTED | HANDED);
        times.lock().unwrap().record(now.saturating_sub(sent));
        count.fetch_add(1, Relaxed);
        self.ended.store(now, Relaxed);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.waiting.lock().unwrap().take() {
            waker.wake();
        }
    }

    fn next(&self) -> Next {
        let sent = self.sent.load(Relaxed);
        if sent == self.load.notices {
            return Next::End;
        }
        if sent >= self.due.load(Relaxed) || sent - self.through() >= self.load.window {
            return Next::Later;
        }
        let stamp = match self.load.pace {
            Some(pace) => due_at(sent, pace),
            None => self.now(),
        };
        self.stamps[sent as usize].fetch_or(stamp, Relaxed);
        self.sent.store(sent + 1, Relaxed);
        Next::Number(sent)
    }

    fn keep_pace(&self, pace: u64) {
        for number in 0..self.load.notices {
            let early = due_at(number, pace).saturating_sub(self.now());
            thread::sleep(Duration::from_nanos(early));
            self.due.store(number + 1, Relaxed);
            self.wake();
        }
    }

    fn now(&self) -> u64 {
        self.begun.elapsed().as_nanos() as u64
    }
}

/// Nanoseconds from the begin to the moment when a paced notice is due.
fn due_at(number: u64, pace: u64) -> u64 {
    number * 1_000_000_000 / pace
}

enum Next {
    Number(u64),
    Later,
    End,
}

/// The numbers of a flow, as a stream.
pub struct Numbers(Arc<Flow>);

impl Stream for Numbers {
    type Item = u64;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<u64>> {
        let mut next = self.0.next();
        if matches!(next, Next::Later) {
            *self.0.waiting.lock().unwrap() = Some(context.waker().clone());
            // What came meanwhile found nobody to wake.
            next = self.0.next();
        }
        match next {
            Next::Number(number) => Poll::Ready(Some(number)),
            Next::Later => Poll::Pending,
            Next::End => Poll::Ready(None),
        }
    }
}

const ACCEPTED: u64 = 1 << 63;
const HANDED: u64 = 1 << 62;
