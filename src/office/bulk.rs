//! Many notices on one stream: read ahead, several groups on their way to the journal at once,
//! and the answers in the order of the items.
//!
//! Two tasks a stream. The *intake* takes what is waiting, up to a bound, judges it and passes it on
//! as a batch; the *driver* has a few batches in the store's hands and sends the answers as they
//! come. Each channel between them is bounded, so a client that does not read its answers stops
//! being read. A client that goes loses nothing that was accepted: the store finishes what it was
//! given.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::mpsc;
use tokio_stream::{Stream, StreamExt as _};

use super::{
    Office,
    audit::Caller,
    problem::{Fault, problem_of},
    publish::{Kept, Prepared, kept},
};
use crate::{
    domain::{
        audit::{Act, Counts, Entry},
        draft::RawDraft,
        field::Field,
        problem::{Code, Problem},
    },
    in_order::InOrder,
    store::{NotNow, PublishError, Store},
};

/// One item as it came.
pub(super) struct Item {
    pub(super) raw: RawDraft,
    /// Bytes that it took on the wire.
    pub(super) size: usize,
}

/// The answer to one item: durable, or everything that is wrong with it.
pub(super) type ItemAnswer = Result<Kept, Vec<Problem>>;

/// From the intake to the driver.
enum Intake {
    Batch(Vec<Result<Prepared, Vec<Problem>>>),
    /// Nothing more comes, and why.
    End(Fault),
}

impl Office {
    /// Publishes what comes; the receiver gets an answer an item, in order, then the end, with a
    /// fault if the stream ended before its time. Items without an answer are of unknown outcome.
    pub(super) fn publish_stream(
        self: &Arc<Self>,
        caller: Caller,
        items: impl Stream<Item = Result<Item, Fault>> + Send + Unpin + 'static,
    ) -> mpsc::Receiver<Result<ItemAnswer, Fault>> {
        let (batches, waiting) = mpsc::channel(BATCHES_AHEAD);
        let (answers, receiver) = mpsc::channel(ANSWERS_AHEAD);
        let (office, driven) = (Arc::clone(self), caller.clone());
        tokio::spawn(async move {
            if let Err(fault) = office.take_in(caller, items, &batches).await {
                // If the driver is gone, so is the client.
                batches.send(Intake::End(fault)).await.unwrap_or_default();
            }
        });
        tokio::spawn(drive(Arc::clone(self), driven, waiting, answers));
        receiver
    }

    async fn take_in(
        &self,
        caller: Caller,
        mut items: impl Stream<Item = Result<Item, Fault>> + Send + Unpin,
        batches: &mpsc::Sender<Intake>,
    ) -> Result<(), Fault> {
        // Who may not publish at all hears so before it sends anything.
        self.desk(&caller.id)?;
        loop {
            let first = tokio::select! {
                biased;
                () = caller.cut.cancelled() => return Err(Fault::Cut),
                () = self.stop.cancelled() => return Err(NotNow::Stopping.into()),
                () = batches.closed() => return Ok(()),
                item = items.next() => item,
            };
            let Some(first) = first else {
                return Ok(());
            };
            let mut end = None;
            let mut drafts = Vec::new();
            let mut size = 0_usize;
            let mut next = Some(first);
            while let Some(item) = next {
                match item {
                    Ok(item) => {
                        size = size.saturating_add(item.size);
                        drafts.push(item.raw);
                    }
                    Err(fault) => {
                        end = Some(fault);
                        break;
                    }
                }
                if drafts.len() >= BATCH_ITEMS || size >= BATCH_BYTES {
                    break;
                }
                next = waiting(&mut items).await;
            }
            // Roles, areas and agreements may have changed since the batch before.
            let desk = self.desk(&caller.id)?;
            let mut batch = Vec::with_capacity(drafts.len());
            for raw in drafts {
                batch.push(match self.count_query(&caller.id, &raw) {
                    Ok(()) => desk.prepare(raw).await,
                    // Of one item: the others go on.
                    Err(_) => Ok(Err(vec![Problem::new(Code::TooManyQueries, Field::Kind)])),
                });
            }
            let (prepared, failed) = whole(batch);
            if !prepared.is_empty() && batches.send(Intake::Batch(prepared)).await.is_err() {
                return Ok(());
            }
            if let Some(fault) = failed.or(end) {
                return Err(fault);
            }
        }
    }
}

/// The items before the first that could not be judged, and why it could not.
fn whole<T>(items: Vec<Result<T, Fault>>) -> (Vec<T>, Option<Fault>) {
    let mut judged = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Ok(item) => judged.push(item),
            Err(fault) => return (judged, Some(fault)),
        }
    }
    (judged, None)
}

/// The next item if it is here already.
async fn waiting<S: Stream + Unpin>(items: &mut S) -> Option<S::Item> {
    tokio::select! {
        biased;
        item = items.next() => item,
        () = std::future::ready(()) => None,
    }
}

/// Gives batches to the store and answers to the client, both in order, and puts the stream on record.
async fn drive(
    office: Arc<Office>,
    caller: Caller,
    mut batches: mpsc::Receiver<Intake>,
    answers: mpsc::Sender<Result<ItemAnswer, Fault>>,
) {
    let mut under_way = InOrder::new();
    let mut tally = Tally::default();
    let mut end = pump(
        &office,
        &caller,
        &mut batches,
        &answers,
        &mut under_way,
        &mut tally,
    )
    .await;
    // What the store was given is done, though nobody may listen any more.
    while under_way.len() > 0 {
        tally.add(&under_way.next().await);
    }
    if tally.counts.total() > 0 {
        let entry = tally.take(&office, &caller);
        if let Err(error) = office.record(&caller, entry).await {
            tracing::error!(office = %caller.id, %error, "A publication is not on record.");
        }
    } else if let Some(fault) = end.take() {
        end = Some(
            office
                .refused(&caller, Act::Published, Vec::new(), fault)
                .await,
        );
    }
    if let Some(fault) = end {
        // If nobody listens any more, nobody needs to know.
        answers.send(Err(fault)).await.unwrap_or_default();
    }
}

/// Until the last answer is sent, or nobody is there for the next; gives why the stream ended early.
async fn pump(
    office: &Arc<Office>,
    caller: &Caller,
    batches: &mut mpsc::Receiver<Intake>,
    answers: &mpsc::Sender<Result<ItemAnswer, Fault>>,
    under_way: &mut InOrder<Vec<Result<ItemAnswer, Fault>>>,
    tally: &mut Tally,
) -> Option<Fault> {
    let mut open = true;
    let mut end = None;
    while open || under_way.len() > 0 {
        tokio::select! {
            // First what is under way, so that batches begin in order.
            biased;
            () = caller.cut.cancelled() => return None,
            done = under_way.next(), if under_way.len() > 0 => {
                tally.add(&done);
                if tally.is_a_part(office) {
                    office.record_along(caller, tally.take(office, caller));
                }
                for answer in done {
                    match answer {
                        Err(fault) => return Some(fault),
                        Ok(answer) => if answers.send(Ok(answer)).await.is_err() {
                            return None;
                        },
                    }
                }
            }
            next = batches.recv(), if open && under_way.len() < BATCHES_UNDER_WAY => match next {
                Some(Intake::Batch(batch)) => {
                    under_way.push(settle(office.parts.store.clone(), batch));
                }
                Some(Intake::End(fault)) => {
                    end = Some(fault);
                    open = false;
                }
                None => open = false,
            },
        }
    }
    end
}

/// What of a stream is not on record yet.
#[derive(Default)]
struct Tally {
    counts: Counts,
    /// Since when.
    since: Option<Instant>,
}

impl Tally {
    fn add(&mut self, answers: &[Result<ItemAnswer, Fault>]) {
        for answer in answers {
            let count = match answer {
                Ok(Ok(kept)) if kept.accepted.repeated => &mut self.counts.repeated,
                Ok(Ok(_)) => &mut self.counts.done,
                Ok(Err(_)) => &mut self.counts.refused,
                // Nobody knows what became of it.
                Err(_) => continue,
            };
            *count = count.saturating_add(1);
        }
    }

    /// A stream may be long, or never end: it is put on record part by part.
    fn is_a_part(&mut self, office: &Office) -> bool {
        let now = office.parts.clock.monotonic();
        let since = *self.since.get_or_insert(now);
        let waits = now.saturating_duration_since(since);
        self.counts.total() >= PART || (waits >= PART_WITHIN && self.counts.total() > 0)
    }

    /// The act so far; the next begins.
    fn take(&mut self, office: &Office, caller: &Caller) -> Entry {
        let Self { counts, since: _ } = std::mem::take(self);
        Entry {
            counts,
            ..office.entry(caller, Act::Published, Vec::new())
        }
    }
}

/// Publishes a batch; an answer for each item, the last of them a fault if the store stopped there.
async fn settle(
    store: Store,
    batch: Vec<Result<Prepared, Vec<Problem>>>,
) -> Vec<Result<ItemAnswer, Fault>> {
    let mut outgoing = Vec::new();
    let mut items = Vec::with_capacity(batch.len());
    for item in batch {
        items.push(item.map(|prepared| {
            outgoing.push(prepared.outgoing);
            prepared.reference
        }));
    }
    let mut answers = if outgoing.is_empty() {
        Vec::new().into_iter()
    } else {
        store.publish(outgoing).await.into_iter()
    };
    items
        .into_iter()
        .map(|item| match item {
            Err(problems) => Ok(Err(problems)),
            Ok(reference) => match answers.next().map(|answer| kept(answer, reference)) {
                Some(Ok(kept)) => Ok(Ok(kept)),
                Some(Err(PublishError::Refused(refusal))) => Ok(Err(vec![problem_of(refusal)])),
                Some(Err(PublishError::NotNow(error))) => Err(Fault::NotNow(error)),
                None => Err(Fault::Defect),
            },
        })
        .collect()
}

/// Items in a batch, at most.
const BATCH_ITEMS: usize = 256;

/// Bytes of items in a batch, at most, unless one item is larger.
const BATCH_BYTES: usize = 1 << 20;

/// Batches judged before the store has room for them.
const BATCHES_AHEAD: usize = 1;

/// Batches in the store's hands: one being written, the others gathering for the next group.
const BATCHES_UNDER_WAY: usize = 4;

/// So many items of a stream are one act on record,
const PART: u64 = 4_096;

/// and so long what came on it is none yet.
const PART_WITHIN: Duration = Duration::from_secs(5);

/// Answers that wait for the client to read them.
const ANSWERS_AHEAD: usize = 256;
