//! The laws that every back end keeps: one function a law, each given a fresh store. Laws about
//! reopening are given a way to open the same store again.
//!
//! | part | laws about |
//! |---|---|
//! | `publishing` | numbers, references, quotas |
//! | `settling` | claims, leases, receipts, ends, holds |
//! | `receiving` | parcels, ids, pauses |
//! | `consuming` | feeds and their consumers |
//! | `adopting` | stores that were set back |
//! | `evidence` | what can be shown later |
//! | `own_areas` | two home areas of one node: both ends of a channel in one store |
//! | `working` | what desks do |
//! | `auditing` | acts on record |
//! | `erasing` | what is left of a case whose keys are gone |
//! | `consenting` | consents |

mod adopting;
mod auditing;
mod consenting;
mod consuming;
mod erasing;
mod evidence;
mod own_areas;
mod publishing;
mod receiving;
mod settling;
mod working;

use std::sync::Arc;

use bytes::Bytes;

pub(crate) use self::{
    adopting::*, auditing::*, consenting::*, consuming::*, erasing::*, evidence::*, own_areas::*,
    publishing::*, receiving::*, settling::*, working::*,
};
use super::{
    backend::Backend,
    journal::record::{Direction, Facts},
    verb::*,
};
use crate::agreement::Permitted;
use crate::domain::{
    area::County,
    channel::{Channel, Digest, Sequence},
    notice::{Kind, NoticeId},
    receipt::{Outcome, Receipt},
};
use crate::trust::chain::{chain, notice_digest};

/// Opens the same store, once more at each call.
pub(crate) type Open<'a> = &'a dyn Fn() -> Arc<dyn Backend>;

pub(crate) fn here() -> Channel {
    Channel {
        from: "350582".parse().unwrap(),
        to: "530111".parse().unwrap(),
    }
}

fn home() -> County {
    "350582".parse().unwrap()
}

fn origin() -> Digest {
    Digest::new([7; 32])
}

/// The keyed hash of an office.
fn office(number: u8) -> [u8; 16] {
    [number; 16]
}

/// The same notice, from another office.
fn of_office(number: u8, item: Outgoing) -> Outgoing {
    Outgoing {
        office_key: office(number),
        ..item
    }
}

pub(crate) fn outgoing(reference: &str, content: u8) -> Outgoing {
    let mut key = [0; 16];
    for (to, from) in key.iter_mut().zip(reference.bytes()) {
        *to = from;
    }
    Outgoing {
        channel: here(),
        origin: origin(),
        kind: Kind::Departure,
        case_id: None,
        answers: None,
        agreement: "350582-530111/1".parse().unwrap(),
        published_at_ms: 1_795_000_000_000,
        deadline_ms: 1_797_000_000_000,
        office_key: office(1),
        reference: reference.into(),
        reference_key: key,
        content_key: [content; 16],
        body: Bytes::from(vec![content; 200]),
    }
}

/// A parcel of notices from the other area, each with an id and content of its own.
pub(crate) struct Sender {
    head: Digest,
    next: u64,
    counter: u64,
}

impl Sender {
    pub(crate) fn new() -> Self {
        Self {
            head: origin(),
            next: 1,
            counter: 0,
        }
    }

    fn place(&mut self) -> InPlace {
        self.counter += 1;
        notice(self.counter, b"content")
    }

    pub(crate) fn parcel(&mut self, count: usize) -> Arriving {
        let places = (0..count).map(|_| self.place()).collect();
        self.parcel_of(places)
    }

    fn parcel_of(&mut self, places: Vec<InPlace>) -> Arriving {
        let arriving = arriving(self.next, self.head, places);
        for place in &arriving.places {
            self.head = chain(self.head, place.digest);
            self.next += 1;
        }
        arriving
    }
}

fn arriving(first: u64, previous_head: Digest, places: Vec<InPlace>) -> Arriving {
    Arriving {
        channel: here().opposite(),
        origin: origin(),
        first: Sequence::new(first),
        previous_head,
        places,
        evidence: Bytes::from_static(b"signed"),
        allowance: Allowance {
            bytes: u64::MAX,
            after_seconds: 60,
        },
        at_ms: 1_795_000_000_500,
    }
}

fn notice(counter: u64, content: &[u8]) -> InPlace {
    notice_of(NoticeId::new([9; 8], counter), content)
}

fn notice_of(id: NoticeId, content: &[u8]) -> InPlace {
    let mut bytes = id.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    let digest = notice_digest(&bytes);
    InPlace {
        digest,
        content: InContent::Notice {
            facts: Facts {
                id,
                kind: Kind::Arrival,
                case_id: id,
                answers: None,
                agreement: "350582-530111/1".parse().unwrap(),
                published_at_ms: 1_795_000_000_000,
                deadline_ms: 1_797_000_000_000,
                digest,
            },
            bytes: bytes.into(),
            verdict: Verdict::Take(Permitted::for_test(())),
        },
    }
}

fn judged(mut place: InPlace, judgement: Verdict) -> InPlace {
    if let InContent::Notice { verdict, .. } = &mut place.content {
        *verdict = judgement;
    }
    place
}

async fn receive(store: &Arc<dyn Backend>, arriving: Arriving) -> (Vec<Outcome>, u64) {
    match store.receive(arriving).await.unwrap() {
        Received::Answered { receipt, .. } => (receipt.outcomes, receipt.held.get()),
        Received::Gap { held } => panic!("gap above {held}"),
        Received::Stopped { reason, .. } => panic!("{}", reason.name()),
    }
}

async fn publish(store: &Arc<dyn Backend>, count: usize) -> Vec<NoticeId> {
    let items = (0..count)
        .map(|number| outgoing(&format!("r-{number}"), number as u8))
        .collect();
    store
        .publish(items)
        .await
        .into_iter()
        .map(|answer| answer.unwrap().id)
        .collect()
}

async fn settle_all(store: &Arc<dyn Backend>, outcomes: Vec<Outcome>) -> Settled {
    let lease = store.lease(here()).await;
    let after = store
        .channel(here(), Direction::Out)
        .await
        .unwrap()
        .unwrap()
        .settled;
    let batch = store
        .claim(lease, origin(), after, outcomes.len(), 1 << 20)
        .await
        .unwrap()
        .unwrap();
    settle(store, lease, &batch, outcomes).await
}

async fn settle(
    store: &Arc<dyn Backend>,
    lease: Lease,
    batch: &Batch,
    outcomes: Vec<Outcome>,
) -> Settled {
    let settlement = settlement(lease, batch, outcomes);
    store.settle(lease, settlement).await.unwrap()
}

/// That everything unanswered is stored by the peer.
pub(crate) async fn settlement_of_all(store: &Arc<dyn Backend>) -> (Lease, Settlement) {
    let lease = store.lease(here()).await;
    let view = store
        .channel(here(), Direction::Out)
        .await
        .unwrap()
        .unwrap();
    let claimed = store
        .claim(lease, origin(), view.settled, 100, 1 << 20)
        .await;
    let batch = claimed.unwrap().unwrap();
    let outcomes = vec![Outcome::Stored; batch.places.len()];
    (lease, settlement(lease, &batch, outcomes))
}

fn settlement(lease: Lease, batch: &Batch, outcomes: Vec<Outcome>) -> Settlement {
    let head = batch
        .places
        .iter()
        .take(outcomes.len())
        .fold(batch.previous_head, |head, place| chain(head, place.digest));
    let held = Sequence::new(batch.first.get() - 1).plus(outcomes.len() as u64);
    Settlement {
        receipt: Receipt {
            channel: lease.channel,
            first: batch.first,
            outcomes,
            head,
            held,
        },
        evidence: Bytes::from_static(b"evidence"),
        at_ms: 1,
    }
}

/// The one record of a notice.
pub(crate) async fn record(store: &Arc<dyn Backend>, id: NoticeId) -> NoticeView {
    let mut records = store.notices(id).await.unwrap();
    assert_eq!(records.len(), 1);
    records.remove(0)
}

fn request(name: &str) -> ConsumerRequest {
    ConsumerRequest {
        home: home(),
        name: name.into(),
        kinds: vec![],
        scope: String::new(),
        from_first: true,
        at_ms: 1,
    }
}

async fn handed(store: &Arc<dyn Backend>, lease: &ConsumerLease, limit: usize) -> Vec<Handover> {
    store.hand_over(lease, limit, &|_| true).await.unwrap()
}
