//! The laws that every back end keeps: one function a law, each given a fresh store. Laws about
//! reopening are given a way to open the same store again.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    backend::Backend,
    journal::record::{Direction, Facts, Holding, Position, StopReason},
    verb::*,
};
use crate::agreement::Permitted;
use crate::domain::{
    area::County,
    channel::{Channel, Digest, Sequence},
    delivery::{Confirmation, Delivery},
    field::Field,
    notice::{Kind, NoticeId},
    problem::Code,
    receipt::{Outcome, Receipt, VoidReason},
    refusal::{Pause, Refusal},
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
    let id = NoticeId::new([9; 8], counter);
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
    let head = batch
        .places
        .iter()
        .take(outcomes.len())
        .fold(batch.previous_head, |head, place| chain(head, place.digest));
    let held = Sequence::new(batch.first.get() - 1).plus(outcomes.len() as u64);
    let settlement = Settlement {
        receipt: Receipt {
            channel: here(),
            first: batch.first,
            outcomes,
            head,
            held,
        },
        evidence: Bytes::from_static(b"evidence"),
        at_ms: 1,
    };
    store.settle(lease, settlement).await.unwrap()
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

/// Accepted notices have rising ids and sequences without gaps, and survive a reopening.
pub(crate) async fn accepted_notices_are_numbered_and_kept(open: Open<'_>) {
    let store = open();
    let ids = publish(&store, 5).await;
    assert!(ids.is_sorted());
    store.stop().await;
    drop(store);
    let store = open();
    let channel = store
        .channel(here(), Direction::Out)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(channel.last, Sequence::new(5));
    for (offset, id) in ids.iter().enumerate() {
        let view = store.notice(*id).await.unwrap().unwrap();
        assert_eq!(view.sequence, Sequence::new(offset as u64 + 1));
        assert_eq!(view.delivery, Delivery::Queued);
        assert_eq!(view.reference, format!("r-{offset}"));
        assert_eq!(notice_digest(&view.bytes), view.facts.digest);
    }
    store.stop().await;
}

/// The same reference and content is the same notice, within a group, across groups, and after a
/// reopening; other content is a conflict.
pub(crate) async fn a_reference_is_used_once(open: Open<'_>) {
    let store = open();
    let answers = store
        .publish(vec![outgoing("a", 1), outgoing("a", 1), outgoing("a", 2)])
        .await;
    let first = answers[0].clone().unwrap();
    assert!(!first.repeated);
    let again = Accepted {
        id: first.id,
        repeated: true,
    };
    assert_eq!(answers[1], Ok(again));
    let conflict = Err(PublishError::Refused(Refusal::of(
        Code::ReferenceConflict,
        Field::Reference,
    )));
    assert_eq!(answers[2], conflict);
    store.stop().await;
    drop(store);
    let store = open();
    assert_eq!(store.publish(vec![outgoing("a", 1)]).await, vec![Ok(again)]);
    assert_eq!(store.publish(vec![outgoing("a", 2)]).await, vec![conflict]);
    let channel = store
        .channel(here(), Direction::Out)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(channel.last, Sequence::new(1));
    store.stop().await;
}

/// A reference counts for 400 days and is then forgotten, also by a store that was built anew; one
/// that was used again since stays.
pub(crate) async fn a_reference_is_forgotten_after_400_days(
    open: Open<'_>,
    lose_what_is_derived: &dyn Fn(),
) {
    let first_day = outgoing("", 0).published_at_ms;
    let on = |day: i64| first_day + day * 86_400_000;
    let published = |reference: &str, day| Outgoing {
        published_at_ms: on(day),
        ..outgoing(reference, 1)
    };
    let store = open();
    let old = (0..600).map(|number| published(&format!("old-{number}"), 0));
    for answer in store.publish(old.collect()).await {
        answer.unwrap();
    }
    store.publish(vec![published("later", 1)]).await;
    assert_eq!(store.forget_references(on(400)).await, Ok(0));
    let repeat = store.publish(vec![published("old-0", 400)]).await;
    assert!(repeat[0].clone().unwrap().repeated);
    let anew = store.publish(vec![published("old-0", 401)]).await;
    assert!(!anew[0].clone().unwrap().repeated);
    // The one that was used again may count with its earlier use.
    let forgotten = store.forget_references(on(401)).await;
    assert!(matches!(forgotten, Ok(599 | 600)), "{forgotten:?}");
    assert_eq!(store.forget_references(on(401)).await, Ok(0));
    store.stop().await;
    drop(store);
    for derived_is_lost in [false, true] {
        if derived_is_lost {
            lose_what_is_derived();
        }
        let store = open();
        assert_eq!(store.forget_references(on(401)).await, Ok(0));
        for reference in ["old-0", "later"] {
            let known = store.publish(vec![published(reference, 401)]).await;
            assert!(known[0].clone().unwrap().repeated, "{reference}");
        }
        store.stop().await;
    }
}

/// After a refusal the same reference is a new attempt.
pub(crate) async fn a_refused_notice_may_be_tried_anew(open: Open<'_>) {
    let store = open();
    let ids = publish(&store, 1).await;
    let refused = Refusal::of(Code::FieldNotPermitted, Field::Phone);
    settle_all(&store, vec![Outcome::Refused(refused.clone())]).await;
    let view = store.notice(ids[0]).await.unwrap().unwrap();
    assert_eq!(view.delivery, Delivery::Refused(refused));
    let again = store.publish(vec![outgoing("r-0", 0)]).await;
    let again = again[0].clone().unwrap();
    assert!(!again.repeated);
    assert_ne!(again.id, ids[0]);
    store.stop().await;
}

/// Claims come in order, bounded, with a chain that fits; a void stands where a notice ended.
pub(crate) async fn claims_follow_the_chain(open: Open<'_>) {
    let store = open();
    publish(&store, 300).await;
    assert!(
        store
            .end(here(), Sequence::new(2), VoidReason::Expired, None, 1)
            .await
            .unwrap()
    );
    let lease = store.lease(here()).await;
    let mut after = Sequence::ZERO;
    let mut head = origin();
    while let Some(batch) = store
        .claim(lease, origin(), after, 7, 1 << 20)
        .await
        .unwrap()
    {
        assert!(batch.places.len() <= 7);
        assert_eq!(batch.previous_head, head);
        for place in &batch.places {
            after = after.next();
            head = chain(head, place.digest);
            match &place.content {
                Ok(bytes) => assert_eq!(notice_digest(bytes), place.digest),
                Err(reason) => {
                    assert_eq!((after, *reason), (Sequence::new(2), VoidReason::Expired));
                }
            }
        }
        assert_eq!(batch.head, head);
    }
    assert_eq!(after, Sequence::new(300));
    let one = store
        .claim(lease, origin(), Sequence::ZERO, 100, 1)
        .await
        .unwrap();
    assert_eq!(one.unwrap().places.len(), 1, "one is always claimed");
    store.stop().await;
}

/// An older lease can neither claim nor settle.
pub(crate) async fn a_newer_lease_fences(open: Open<'_>) {
    let store = open();
    publish(&store, 1).await;
    let old = store.lease(here()).await;
    let batch = store
        .claim(old, origin(), Sequence::ZERO, 1, 1)
        .await
        .unwrap()
        .unwrap();
    let new = store.lease(here()).await;
    assert!(matches!(
        store.claim(old, origin(), Sequence::ZERO, 1, 1).await,
        Err(NotNow::Fenced)
    ));
    let settlement = |evidence| Settlement {
        receipt: Receipt {
            channel: here(),
            first: Sequence::new(1),
            outcomes: vec![Outcome::Stored],
            head: batch.head,
            held: Sequence::new(1),
        },
        evidence,
        at_ms: 1,
    };
    assert_eq!(
        store.settle(old, settlement(Bytes::new())).await,
        Err(NotNow::Fenced)
    );
    assert_eq!(
        store.settle(new, settlement(Bytes::new())).await,
        Ok(Settled::Upto(Sequence::new(1)))
    );
    store.stop().await;
}

/// A receipt settles once; a repeat changes nothing; one that does not fit stops the channel.
pub(crate) async fn receipts_settle_once(open: Open<'_>) {
    let store = open();
    let ids = publish(&store, 3).await;
    assert_eq!(
        settle_all(&store, vec![Outcome::Stored; 2]).await,
        Settled::Upto(Sequence::new(2))
    );
    let lease = store.lease(here()).await;
    let batch = store
        .claim(lease, origin(), Sequence::ZERO, 2, 1 << 20)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        settle(&store, lease, &batch, vec![Outcome::Voided; 2]).await,
        Settled::Upto(Sequence::new(2)),
        "the first answer stands"
    );
    for (id, expected) in ids.iter().zip(["stored", "stored", "queued"]) {
        let view = store.notice(*id).await.unwrap().unwrap();
        assert_eq!(view.delivery.name(), expected);
    }
    assert_eq!(
        settle_all(&store, vec![Outcome::Voided]).await,
        Settled::Stopped(StopReason::PeerNonsense),
        "a notice that was not voided cannot be answered voided"
    );
    store.stop().await;
}

/// An end here is unconfirmed until the peer answers, and its answer decides.
pub(crate) async fn an_end_waits_for_the_peer(open: Open<'_>) {
    let store = open();
    let ids = publish(&store, 2).await;
    for sequence in [1, 2] {
        store
            .end(
                here(),
                Sequence::new(sequence),
                VoidReason::Expired,
                None,
                1,
            )
            .await
            .unwrap();
    }
    for id in &ids {
        let view = store.notice(*id).await.unwrap().unwrap();
        assert_eq!(view.delivery, Delivery::Expired(Confirmation::Unconfirmed));
    }
    settle_all(&store, vec![Outcome::Stored, Outcome::Voided]).await;
    let stored = store.notice(ids[0]).await.unwrap().unwrap();
    assert_eq!(stored.delivery, Delivery::Stored);
    let expired = store.notice(ids[1]).await.unwrap().unwrap();
    assert_eq!(expired.delivery, Delivery::Expired(Confirmation::Confirmed));
    store.stop().await;
}

/// What waits for an agreement leaves a void and comes again behind the others, same id.
pub(crate) async fn what_is_on_hold_comes_again(open: Open<'_>) {
    let store = open();
    let ids = publish(&store, 2).await;
    let code = Some(Code::NoAgreement);
    assert!(
        store
            .end(here(), Sequence::new(1), VoidReason::OnHold, code, 1)
            .await
            .unwrap()
    );
    assert_eq!(store.on_hold(here()).await, Ok(1));
    let view = store.notice(ids[0]).await.unwrap().unwrap();
    assert_eq!(
        (view.delivery, view.on_hold),
        (Delivery::Queued, Some(code))
    );
    settle_all(&store, vec![Outcome::Voided, Outcome::Stored]).await;
    store.stop().await;
    drop(store);
    let store = open();
    assert_eq!(store.on_hold(here()).await, Ok(1));
    assert_eq!(store.release(here()).await, Ok(1));
    assert_eq!(store.on_hold(here()).await, Ok(0));
    let view = store.notice(ids[0]).await.unwrap().unwrap();
    assert_eq!((view.sequence, view.on_hold), (Sequence::new(3), None));
    let lease = store.lease(here()).await;
    let batch = store
        .claim(lease, origin(), Sequence::new(2), 9, 1 << 20)
        .await
        .unwrap()
        .unwrap();
    let bytes = batch.places[0].content.clone().unwrap();
    assert_eq!(notice_digest(&bytes), view.facts.digest);
    settle(&store, lease, &batch, vec![Outcome::Stored]).await;
    let view = store.notice(ids[0]).await.unwrap().unwrap();
    assert_eq!(view.delivery, Delivery::Stored);
    let page = store
        .page(home(), NoticeFilter::default(), Position::new(u64::MAX), 10)
        .await
        .unwrap();
    assert_eq!(page.notices.len(), 2, "a notice is listed once");
    store.stop().await;
}

/// A parcel enters once, whatever is repeated; a gap and a difference enter nothing.
pub(crate) async fn a_parcel_enters_once(open: Open<'_>) {
    let store = open();
    let mut sender = Sender::new();
    let first = sender.parcel(3);
    assert_eq!(receive(&store, first).await, (vec![Outcome::Stored; 3], 3));
    let mut again = Sender::new();
    assert_eq!(
        receive(&store, again.parcel(3)).await,
        (vec![Outcome::Stored; 3], 3)
    );
    let mut overlapping = Sender::new();
    assert_eq!(
        receive(&store, overlapping.parcel(5)).await,
        (vec![Outcome::Stored; 5], 5)
    );
    overlapping.parcel(1);
    let gap = store.receive(overlapping.parcel(1)).await.unwrap();
    assert_eq!(
        gap,
        Received::Gap {
            held: Sequence::new(5)
        }
    );
    store.stop().await;
    drop(store);
    let store = open();
    let mut other = Sender::new();
    other.parcel(4);
    let differing = other.parcel_of(vec![notice(99, b"other")]);
    let stopped = store.receive(differing).await.unwrap();
    assert_eq!(
        stopped,
        Received::Stopped {
            reason: StopReason::HeadDiffers,
            sequence: Sequence::new(5)
        }
    );
    let lease = store.open_consumer(request("all")).await.unwrap();
    assert_eq!(handed(&store, &lease, 100).await.len(), 5);
    store.stop().await;
}

/// A known id at another place gets its first outcome and enters nothing; other bytes under it
/// are refused.
pub(crate) async fn an_id_has_one_outcome(open: Open<'_>) {
    let store = open();
    let mut sender = Sender::new();
    let refused = Outcome::Refused(Refusal::of(Code::KindNotPermitted, Field::Kind));
    let Outcome::Refused(refusal) = refused.clone() else {
        panic!()
    };
    let parcel = sender.parcel_of(vec![
        notice(1, b"a"),
        judged(notice(2, b"b"), Verdict::Refuse(refusal)),
        notice(1, b"a"),
    ]);
    let expected = vec![Outcome::Stored, refused.clone(), Outcome::Stored];
    assert_eq!(receive(&store, parcel).await, (expected, 3));
    let parcel = sender.parcel_of(vec![
        notice(1, b"a"),
        notice(2, b"b"),
        notice(1, b"other bytes"),
        judged(
            notice(2, b"b"),
            Verdict::Pause(Pause::Operator(Refusal::whole(Code::Malformed))),
        ),
    ]);
    let conflict = Outcome::Refused(Refusal::whole(Code::IdConflict));
    let expected = vec![Outcome::Stored, refused.clone(), conflict, refused];
    assert_eq!(receive(&store, parcel).await, (expected, 7));
    let lease = store.open_consumer(request("all")).await.unwrap();
    assert_eq!(handed(&store, &lease, 100).await.len(), 1);
    store.stop().await;
}

/// The first answer that is not final ends the receipt and consumes nothing from there on.
pub(crate) async fn a_pause_consumes_nothing(open: Open<'_>) {
    let store = open();
    let mut sender = Sender::new();
    let why = Pause::Operator(Refusal::whole(Code::SetBack));
    let parcel = sender.parcel_of(vec![
        notice(1, b"a"),
        judged(notice(2, b"b"), Verdict::Pause(why.clone())),
        notice(3, b"c"),
    ]);
    let answered = store.receive(parcel).await.unwrap();
    let Received::Answered { receipt, pause, .. } = answered else {
        panic!("{answered:?}")
    };
    assert_eq!(receipt.outcomes, vec![Outcome::Stored]);
    assert_eq!((receipt.held, pause), (Sequence::new(1), Some(why)));
    let mut again = Sender::new();
    let parcel = again.parcel_of(vec![notice(1, b"a"), notice(2, b"b"), notice(3, b"c")]);
    assert_eq!(receive(&store, parcel).await, (vec![Outcome::Stored; 3], 3));
    store.stop().await;
}

/// What puts nothing into the inbox is taken only within the allowance, and counted; what enters
/// it is taken whatever the allowance is. What had to wait is taken when it comes again.
pub(crate) async fn what_brings_nothing_waits_behind_the_allowance(open: Open<'_>) {
    let store = open();
    let idle = |bytes| Allowance {
        bytes,
        after_seconds: 77,
    };
    let void = |number: u8| InPlace {
        digest: Digest::new([number; 32]),
        content: InContent::Void(VoidReason::Expired),
    };
    let later = Some(Pause::RetryLater {
        after_seconds: 77,
        refusal: Refusal::whole(Code::QuotaExceeded),
    });
    let refuse = || Verdict::Refuse(Refusal::whole(Code::Malformed));
    let places = || {
        vec![
            notice(1, b"useful"),
            judged(notice(2, &[0; 5_000]), refuse()),
            notice(3, b"useful"),
            void(4),
            notice(1, b"useful"),
        ]
    };
    let parcel = |bytes| {
        let mut parcel = Sender::new().parcel_of(places());
        parcel.allowance = idle(bytes);
        parcel
    };
    // The first that reaches it is taken whole; it is counted with its bytes.
    let answers = [(0, 1, 0..1), (1, 3, 5_000..6_000), (1, 4, 1..1_000)];
    for (allowed, held, spent) in answers {
        let answered = store.receive(parcel(allowed)).await.unwrap();
        let Received::Answered {
            receipt,
            pause,
            idle_bytes,
        } = answered
        else {
            panic!("{answered:?}")
        };
        assert_eq!((receipt.held.get(), pause), (held, later.clone()));
        assert!(spent.contains(&idle_bytes), "{idle_bytes}");
    }
    let answered = store.receive(parcel(u64::MAX)).await.unwrap();
    let Received::Answered { receipt, pause, .. } = answered else {
        panic!("{answered:?}")
    };
    assert_eq!((receipt.held.get(), pause), (5, None));
    // Repeats are answered from the record and cost nothing.
    let again = store.receive(parcel(0)).await.unwrap();
    let Received::Answered {
        receipt,
        pause,
        idle_bytes,
    } = again
    else {
        panic!("{again:?}")
    };
    assert_eq!((receipt.outcomes.len(), pause, idle_bytes), (5, None, 0));
    store.stop().await;
}

/// A stop is written once, however often a peer brings what does not fit or says so itself; a
/// parcel that fits lifts it, and then the next is written again.
pub(crate) async fn a_stop_is_written_once(open: Open<'_>, written: &dyn Fn() -> u64) {
    let store = open();
    let channel = here().opposite();
    let mut sender = Sender::new();
    receive(&store, sender.parcel(1)).await;
    let newest = async || {
        let view = store.channel(channel, Direction::In).await.unwrap();
        view.unwrap().stop
    };
    let ill = || {
        let mut other = Sender::new();
        other.parcel_of(vec![notice(99, b"other")]);
        other.parcel(1)
    };
    let before = written();
    assert!(matches!(
        store.receive(ill()).await.unwrap(),
        Received::Stopped { .. }
    ));
    let once = written();
    assert!(once > before);
    for number in 1..20 {
        store.receive(ill()).await.unwrap();
        let said = Some((StopReason::HeadDiffers, Sequence::new(number)));
        let set = store.set_stop(channel, Direction::In, said, 1).await;
        set.unwrap();
    }
    assert_eq!(written(), once, "nothing was written again");
    assert_eq!(
        newest().await,
        Some((StopReason::HeadDiffers, Sequence::new(1)))
    );
    receive(&store, sender.parcel(1)).await;
    assert_eq!(newest().await, None);
    // How far this node had receipted is proven by its own signature, so it may rise; and while it
    // asks for what it lost, nothing else is taken.
    for number in [5, 7] {
        let said = Some((StopReason::ReceiverSetBack, Sequence::new(number)));
        let set = store.set_stop(channel, Direction::In, said, 1).await;
        set.unwrap();
        assert_eq!(newest().await, said);
    }
    assert!(matches!(
        store.receive(sender.parcel(1)).await.unwrap(),
        Received::Stopped {
            reason: StopReason::ReceiverSetBack,
            ..
        }
    ));
    store.stop().await;
}

/// A subscriber gets everything at least once, in order; what it acknowledged never again; what
/// may have been handed out before is marked, and nothing else.
pub(crate) async fn consumers_are_handed_everything(open: Open<'_>) {
    let store = open();
    let mut sender = Sender::new();
    receive(&store, sender.parcel(4)).await;
    let lease = store.open_consumer(request("desk")).await.unwrap();
    let first = handed(&store, &lease, 3).await;
    assert_eq!(first.len(), 3);
    assert!(first.iter().all(|handover| !handover.redelivered));
    assert_eq!(handed(&store, &lease, 3).await.len(), 1);
    assert!(handed(&store, &lease, 3).await.is_empty());
    assert_eq!(
        store
            .acknowledge(&lease, first[0].position, 1)
            .await
            .unwrap(),
        first[0].position
    );
    // A newer subscriber of the name fences the older, and begins behind what is acknowledged.
    let newer = store.open_consumer(request("desk")).await.unwrap();
    assert_eq!(
        store.acknowledge(&lease, first[1].position, 1).await,
        Err(NotNow::Fenced.into())
    );
    assert_eq!(
        store.acknowledge(&newer, first[1].position, 1).await,
        Err(ConsumerError::BeyondHandout)
    );
    let again = handed(&store, &newer, 2).await;
    assert_eq!(again[0].position, first[1].position);
    assert_eq!(again[0].bytes, first[1].bytes);
    assert!(again.iter().all(|handover| handover.redelivered));
    receive(&store, sender.parcel(1)).await;
    let rest = handed(&store, &newer, 9).await;
    let marks: Vec<_> = rest.iter().map(|handover| handover.redelivered).collect();
    assert_eq!(marks, [true, false], "before a restart the mark is exact");
    store.stop().await;
    drop(store);
    let store = open();
    receive(&store, sender.parcel(1)).await;
    let lease = store.open_consumer(request("desk")).await.unwrap();
    let after = handed(&store, &lease, 9).await;
    let marks: Vec<_> = after.iter().map(|handover| handover.redelivered).collect();
    assert_eq!(marks, [true, true, true, true, false]);
    let fresh = store.open_consumer(request("fresh")).await.unwrap();
    let fresh = handed(&store, &fresh, 9).await;
    assert_eq!(fresh.len(), 6);
    assert!(fresh.iter().all(|handover| !handover.redelivered));
    store.stop().await;
}

/// A consumer keeps its filter and its start.
pub(crate) async fn a_consumer_is_what_it_was_made(open: Open<'_>) {
    let store = open();
    let mut sender = Sender::new();
    receive(&store, sender.parcel(2)).await;
    let from_now = ConsumerRequest {
        from_first: false,
        ..request("now")
    };
    let lease = store.open_consumer(from_now).await.unwrap();
    assert!(handed(&store, &lease, 9).await.is_empty());
    receive(&store, sender.parcel(1)).await;
    assert_eq!(handed(&store, &lease, 9).await.len(), 1);
    let feedback_only = ConsumerRequest {
        kinds: vec![Kind::Feedback],
        ..request("feedback")
    };
    let lease = store.open_consumer(feedback_only).await.unwrap();
    assert!(handed(&store, &lease, 9).await.is_empty());
    assert_eq!(
        store.open_consumer(request("feedback")).await,
        Err(ConsumerError::OtherFilter)
    );
    store.stop().await;
}

/// A set-back sender takes over what it had signed, and its own unanswered notices come behind.
pub(crate) async fn a_set_back_sender_goes_on(open: Open<'_>) {
    let store = open();
    // Of these the peer holds the first; the second was published after the set-back.
    let ids = publish(&store, 2).await;
    let lease = store.lease(here()).await;
    let batch = store
        .claim(lease, origin(), Sequence::ZERO, 1, 1)
        .await
        .unwrap()
        .unwrap();
    let same = Holding {
        sequence: Sequence::new(1),
        digest: batch.places[0].digest,
        id: Some(ids[0]),
        outcome: Outcome::Stored,
    };
    let lost = |sequence: u64| Holding {
        sequence: Sequence::new(sequence),
        digest: Digest::new([sequence as u8; 32]),
        id: Some(NoticeId::new([3; 8], sequence)),
        outcome: Outcome::Stored,
    };
    let places = vec![same, lost(2), lost(3)];
    let head = places
        .iter()
        .fold(origin(), |head, place| chain(head, place.digest));
    let adopted = store
        .adopt_out(Holdings {
            channel: here(),
            origin: origin(),
            places,
            head,
            at_ms: 1,
        })
        .await
        .unwrap();
    assert_eq!(
        adopted,
        Adopted {
            taken_over: 2,
            renumbered: 1
        }
    );
    store.stop().await;
    drop(store);
    let store = open();
    let channel = store
        .channel(here(), Direction::Out)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (channel.settled.get(), channel.last.get()),
        (3, 4),
        "own notices come behind the taken ones"
    );
    let view = store.notice(ids[1]).await.unwrap().unwrap();
    assert_eq!((view.sequence.get(), view.delivery), (4, Delivery::Queued));
    let view = store.notice(ids[0]).await.unwrap().unwrap();
    assert_eq!((view.sequence.get(), view.delivery), (1, Delivery::Stored));
    let lease = store.lease(here()).await;
    let batch = store
        .claim(lease, origin(), Sequence::new(3), 9, 1 << 20)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(batch.previous_head, head);
    assert_eq!(
        notice_digest(batch.places[0].content.as_ref().unwrap()),
        batch.places[0].digest
    );
    assert_eq!(
        store
            .head_at(here(), Direction::Out, Sequence::new(2), origin())
            .await
            .unwrap(),
        Some(chain(
            chain(origin(), store_digest(&store, ids[0]).await),
            Digest::new([2; 32])
        ))
    );
    store.stop().await;
}

async fn store_digest(store: &Arc<dyn Backend>, id: NoticeId) -> Digest {
    store.notice(id).await.unwrap().unwrap().facts.digest
}

/// A receiver shows its statement until what it lost came again.
pub(crate) async fn a_set_back_receiver_asks_again(open: Open<'_>) {
    let store = open();
    let mut sender = Sender::new();
    let channel = here().opposite();
    receive(&store, sender.parcel(1)).await;
    let statement = Bytes::from_static(b"statement");
    store
        .adopt_in(channel, Sequence::new(3), statement.clone(), 1)
        .await
        .unwrap();
    store.stop().await;
    drop(store);
    let store = open();
    let shown = store.shown(channel, Direction::In).await.unwrap();
    assert_eq!(shown.statement, statement);
    assert_eq!(shown.evidence, Bytes::from_static(b"signed"));
    receive(&store, sender.parcel(2)).await;
    let shown = store.shown(channel, Direction::In).await.unwrap();
    assert_eq!(shown.statement, Bytes::new());
    store.stop().await;
}

/// The channel's quota is kept, and room returns when notices are answered.
pub(crate) async fn the_quota_is_kept(open: Open<'_>, quota: usize) {
    let store = open();
    let items = (0..quota).map(|number| {
        let item = outgoing(&format!("r-{number}"), number as u8);
        of_office(1 + (number % 2) as u8, item)
    });
    for answer in store.publish(items.collect()).await {
        answer.unwrap();
    }
    let full = store.publish(vec![outgoing("more", 1)]).await;
    assert_eq!(full, vec![Err(PublishError::NotNow(NotNow::Busy))]);
    settle_all(&store, vec![Outcome::Stored]).await;
    let room = store.publish(vec![outgoing("more", 1)]).await;
    assert!(room[0].is_ok());
    store.stop().await;
}

/// One office cannot use up a channel: behind its quota its notices are refused with the code that
/// says so, nothing of them is kept, and the others go on. Answers give room again, a reopening
/// does not.
pub(crate) async fn an_office_leaves_room_for_the_others(open: Open<'_>, quota: usize) {
    let store = open();
    let full = Err(PublishError::Refused(Refusal::whole(Code::QuotaExceeded)));
    // Not in one group, so that both what is staged and what is durable counts.
    let ids = publish(&store, quota - 1).await;
    let both = vec![outgoing("last", 1), outgoing("more", 1)];
    let answers = store.publish(both).await;
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], full);
    let other = || of_office(2, outgoing("other", 1));
    assert!(store.publish(vec![other()]).await[0].is_ok());
    store.stop().await;
    drop(store);
    let store = open();
    let repeated = store.publish(vec![outgoing("r-0", 0)]).await;
    assert!(repeated[0].clone().unwrap().repeated, "a repeat takes none");
    assert_eq!(store.publish(vec![outgoing("more", 1)]).await[0], full);
    // On hold its notice gives its place up, and takes one when it comes again.
    let code = Some(Code::NoAgreement);
    let held = store.end(here(), Sequence::new(1), VoidReason::OnHold, code, 1);
    assert!(held.await.unwrap());
    settle_all(&store, vec![Outcome::Voided]).await;
    assert_eq!(store.release(here()).await, Ok(1));
    assert_eq!(store.publish(vec![outgoing("more", 1)]).await[0], full);
    settle_all(&store, vec![Outcome::Stored]).await;
    let stored = store.notice(ids[1]).await.unwrap().unwrap();
    assert_eq!(stored.delivery, Delivery::Stored);
    assert!(store.publish(vec![outgoing("more", 1)]).await[0].is_ok());
    assert_eq!(store.publish(vec![outgoing("yet", 1)]).await[0], full);
    store.stop().await;
}

/// The same parcel twice at once, as an old and a new stream bring it, enters once.
pub(crate) async fn a_parcel_that_comes_twice_at_once_enters_once(open: Open<'_>) {
    let store = open();
    let parcels = || (0..40).map(|_| Sender::new().parcel(3));
    let mut waiting = Vec::new();
    // Something for the writer to do, so that the parcels wait for one group together.
    let busy = Arc::clone(&store);
    let publishing = tokio::spawn(async move { publish(&busy, 900).await });
    tokio::task::yield_now().await;
    for parcel in parcels() {
        let store = Arc::clone(&store);
        waiting.push(tokio::spawn(async move { receive(&store, parcel).await }));
    }
    for answer in waiting {
        assert_eq!(answer.await.unwrap(), (vec![Outcome::Stored; 3], 3));
    }
    publishing.await.unwrap();
    let mut sender = Sender::new();
    sender.parcel(3);
    assert_eq!(
        receive(&store, sender.parcel(1)).await,
        (vec![Outcome::Stored], 4),
        "the chain goes on from the third place"
    );
    let lease = store.open_consumer(request("all")).await.unwrap();
    let all = handed(&store, &lease, 100).await;
    let sequences: Vec<_> = all.iter().map(|handover| handover.sequence.get()).collect();
    assert_eq!(sequences, [1, 2, 3, 4]);
    store.stop().await;
}
