//! Laws about erasing.

use super::*;
use crate::{
    domain::{
        delivery::{Confirmation, Delivery},
        erasure::ErasureReason,
        receipt::VoidReason,
        work::{Act, Worked},
    },
    store::journal::record::{Position, Side},
};

pub(crate) fn side() -> Side {
    Side::of(here(), Direction::Out)
}

pub(crate) fn to_erase(case: NoticeId, notices: &[NoticeId]) -> ToErase {
    ToErase {
        side: side(),
        case,
        notices: notices.to_vec(),
        reason: ErasureReason::PersonAsked,
        asked_by: None,
        office: "spiffe://hongyan.test/area/350582/office/desk-1".into(),
        at_ms: 1_795_000_001_000,
    }
}

/// Erases; the id of that, or none where nothing was left.
pub(crate) async fn erase(store: &Arc<dyn Backend>, what: ToErase) -> Option<NoticeId> {
    match store.erase(what).await.unwrap() {
        Erasing::Done(id) => Some(id),
        Erasing::NothingLeft => None,
        Erasing::Held => panic!("it is held"),
    }
}

fn noted(about: NoticeId) -> LocalAct {
    LocalAct {
        other: here().to,
        office_key: office(1),
        worked: Worked {
            about,
            act: Act::Noted {
                text: "已电话联系".parse().unwrap(),
            },
            office: "spiffe://hongyan.test/area/350582/office/desk-1".into(),
            at_ms: 1_795_000_000_000,
        },
    }
}

/// A notice from the other area, in a case.
fn in_case(counter: u64, kind: Kind, case: NoticeId, answers: NoticeId) -> InPlace {
    let mut place = notice(counter, b"told of her");
    if let InContent::Notice { facts, .. } = &mut place.content {
        facts.kind = kind;
        facts.case_id = case;
        facts.answers = Some(answers);
    }
    place
}

pub(crate) fn reply(reference: &str, kind: Kind, case: NoticeId) -> Outgoing {
    Outgoing {
        kind,
        case_id: Some(case),
        answers: Some(case),
        ..outgoing(reference, 9)
    }
}

async fn publish_one(store: &Arc<dyn Backend>, item: Outgoing) -> Accepted {
    store.publish(vec![item]).await.remove(0).unwrap()
}

/// Whether anything is left of what a notice said.
pub(crate) async fn says(store: &Arc<dyn Backend>, id: NoticeId) -> bool {
    let view = record(store, id).await;
    assert!(view.bytes.is_some() || view.reference.is_empty());
    view.bytes.is_some()
}

async fn erasures(store: &Arc<dyn Backend>) -> Vec<Erasure> {
    let (mut all, mut after) = (Vec::new(), Position::START);
    loop {
        let page = store.erasures(home(), after, 1).await.unwrap();
        let Some((at, erasure)) = page.into_iter().next() else {
            return all;
        };
        assert!(at > after);
        after = at;
        all.push(erasure);
    }
}

/// What was told in an erased case, and what desks did about it, says nothing to anybody, now and after
/// a reopening; its id, digest, size and place stay, and so does everything else.
pub(crate) async fn an_erased_case_says_nothing(open: Open<'_>) {
    let store = open();
    let [case, other] = [0, 1].map(|number| outgoing(&format!("r-{number}"), number));
    let case = publish_one(&store, case).await.id;
    let other = publish_one(&store, other).await.id;
    let mut sender = Sender::new();
    let feedback = in_case(1, Kind::Feedback, case, case);
    let answer = NoticeId::new([9; 8], 1);
    let stays = NoticeId::new([9; 8], 2);
    let parcel = sender.parcel_of(vec![feedback, notice(2, b"of another")]);
    receive(&store, parcel).await;
    for about in [case, answer, other] {
        store
            .work(home(), vec![noted(about)])
            .await
            .remove(0)
            .unwrap();
    }
    let before = record(&store, case).await;
    let desk = store.open_consumer(request("desk")).await.unwrap();
    assert_eq!(handed(&store, &desk, 1).await.len(), 1);
    let erased = erase(&store, to_erase(case, &[case, answer])).await;
    let expected = Erasure {
        id: erased.unwrap(),
        side: side(),
        case,
        reason: ErasureReason::PersonAsked,
        at_ms: 1_795_000_001_000,
        asked_by: None,
        office: "spiffe://hongyan.test/area/350582/office/desk-1".into(),
        notices: vec![case, answer],
    };
    let again = erase(&store, to_erase(case, &[case, answer])).await;
    assert_eq!(again, None, "nothing of it is left");
    let gone = async |store: &Arc<dyn Backend>| {
        for id in [case, answer] {
            assert!(!says(store, id).await);
        }
        for id in [other, stays] {
            assert!(says(store, id).await);
        }
        let after = record(store, case).await;
        assert_eq!(after.facts, before.facts);
        assert_eq!(after.size_bytes, before.size_bytes);
        let done = store.worked(home(), Position::START, 9).await.unwrap();
        let done: Vec<_> = done.iter().map(|act| act.worked.about).collect();
        assert_eq!(done, [other]);
        assert_eq!(erasures(store).await, std::slice::from_ref(&expected));
    };
    gone(&store).await;
    // What its subscriber has not got yet it does not get, and what comes behind it does.
    let rest = handed(&store, &desk, 9).await;
    assert_eq!(rest.len(), 1);
    let fresh = store.open_consumer(request("fresh")).await.unwrap();
    assert_eq!(handed(&store, &fresh, 9).await.len(), 1);
    store.stop().await;
    drop(store);
    let store = open();
    gone(&store).await;
    let desk = store.open_consumer(request("desk")).await.unwrap();
    assert_eq!(handed(&store, &desk, 9).await.len(), 1);
    // The reference is remembered, and brings nothing back.
    let again = publish_one(&store, outgoing("r-0", 0)).await;
    assert_eq!((again.id, again.repeated), (case, true));
    store.stop().await;
}

/// What of an erased case was not answered yet goes out as a void, whether it was known to the one who
/// erased it or not, and the channel goes on.
pub(crate) async fn what_was_queued_of_an_erased_case_goes_out_as_a_void(open: Open<'_>) {
    let store = open();
    let case = publish_one(&store, outgoing("r-0", 0)).await.id;
    let later = publish_one(&store, reply("r-1", Kind::Message, case))
        .await
        .id;
    let held = publish_one(&store, reply("r-2", Kind::Message, case))
        .await
        .id;
    let other = publish_one(&store, outgoing("r-3", 3)).await.id;
    let hold = store.end(here(), Sequence::new(3), VoidReason::OnHold, None, 1);
    assert_eq!(hold.await, Ok(true));
    let known = [case, held];
    erase(&store, to_erase(case, &known)).await.unwrap();
    assert!(!says(&store, later).await);
    for id in known {
        let withdrawn = Delivery::Withdrawn(Confirmation::Unconfirmed);
        assert_eq!(record(&store, id).await.delivery, withdrawn);
    }
    assert_eq!(store.on_hold(here()).await, Ok(0));
    let lease = store.lease(here()).await;
    let batch = store.claim(lease, origin(), Sequence::ZERO, 9, 1 << 20);
    let batch = batch.await.unwrap().unwrap();
    let voids: Vec<_> = (batch.places.iter())
        .map(|place| place.content.as_ref().err().copied())
        .collect();
    let void = Some(VoidReason::Withdrawn);
    assert_eq!(voids, [void, void, void, None]);
    let mut outcomes = vec![Outcome::Voided; 3];
    outcomes.push(Outcome::Stored);
    let settled = settle(&store, lease, &batch, outcomes).await;
    assert_eq!(settled, Settled::Upto(Sequence::new(4)));
    for id in [case, later, held] {
        let withdrawn = Delivery::Withdrawn(Confirmation::Confirmed);
        assert_eq!(record(&store, id).await.delivery, withdrawn);
    }
    assert_eq!(record(&store, other).await.delivery, Delivery::Stored);
    store.stop().await;
}

/// What is told of a case once it was erased has a key of its own, which the next erasure destroys;
/// what says that it was erased outlives it.
pub(crate) async fn what_is_told_of_an_erased_case_is_read_until_it_is_erased_again(
    open: Open<'_>,
) {
    let store = open();
    let case = publish_one(&store, outgoing("r-0", 0)).await.id;
    let mut sender = Sender::new();
    let first = erase(&store, to_erase(case, &[case])).await;
    let erasure = publish_one(&store, reply("r-1", Kind::Erasure, case))
        .await
        .id;
    let message = publish_one(&store, reply("r-2", Kind::Message, case))
        .await
        .id;
    let late = NoticeId::new([9; 8], 1);
    let taken_up = NoticeId::new([9; 8], 2);
    let parcel = sender.parcel_of(vec![
        in_case(1, Kind::Feedback, case, case),
        in_case(2, Kind::TakenUp, case, erasure),
    ]);
    receive(&store, parcel).await;
    for id in [erasure, message, late, taken_up] {
        assert!(says(&store, id).await);
    }
    store.stop().await;
    drop(store);
    let store = open();
    store
        .work(home(), vec![noted(late)])
        .await
        .remove(0)
        .unwrap();
    let all = [case, erasure, message, late, taken_up];
    let second = erase(&store, to_erase(case, &all)).await;
    assert!(second.is_some() && second != first);
    for (id, left) in all.into_iter().zip([false, true, false, false, true]) {
        assert_eq!(says(&store, id).await, left, "{id}");
    }
    assert_eq!(store.worked(home(), Position::START, 9).await.unwrap(), []);
    assert_eq!(record(&store, erasure).await.delivery, Delivery::Queued);
    let asking = store.askings(side(), case).await.unwrap();
    let asking: Vec<_> = asking.iter().map(|view| view.facts.id).collect();
    assert_eq!(asking, [erasure]);
    assert!(store.askings(side(), message).await.unwrap().is_empty());
    store.stop().await;
}

/// The area that opened a case has it erased with a notice that says so, in whatever parcel it comes;
/// one that only answered in it has not.
pub(crate) async fn a_case_is_erased_as_its_area_asks(open: Open<'_>) {
    let store = open();
    let mut sender = Sender::new();
    let id = |counter| NoticeId::new([9; 8], counter);
    let parcel = sender.parcel_of(vec![
        notice(1, b"told of her"),
        in_case(2, Kind::Message, id(1), id(1)),
        notice(3, b"of another"),
        // It opens a case and has it erased at once.
        notice(4, b"told of her"),
        in_case(5, Kind::Erasure, id(4), id(4)),
        in_case(6, Kind::Message, id(4), id(4)),
    ]);
    receive(&store, parcel).await;
    let ours = publish_one(&store, reply("r-0", Kind::Feedback, id(1)))
        .await
        .id;
    let own = publish_one(&store, outgoing("r-1", 1)).await.id;
    let parcel = sender.parcel_of(vec![in_case(7, Kind::Feedback, own, own)]);
    receive(&store, parcel).await;
    let left = async |store: &Arc<dyn Backend>, expected: &[u64]| {
        let mut left = Vec::new();
        for counter in 1..=sender_count(store).await {
            if says(store, id(counter)).await {
                left.push(counter);
            }
        }
        assert_eq!(left, expected);
    };
    left(&store, &[1, 2, 3, 5, 6, 7]).await;
    let parcel = sender.parcel_of(vec![
        in_case(8, Kind::Erasure, id(1), id(1)),
        // Of its answer alone: the case is ours.
        in_case(9, Kind::Erasure, own, id(7)),
    ]);
    receive(&store, parcel).await;
    let mut store = Some(store);
    for _ in 0..2 {
        let store = store.take().unwrap_or_else(open);
        left(&store, &[3, 5, 6, 7, 8, 9]).await;
        assert!(!says(&store, ours).await);
        assert!(says(&store, own).await);
        let told = erasures(&store).await;
        let told: Vec<_> = (told.iter())
            .map(|it| (it.id, it.case, it.asked_by, it.reason))
            .collect();
        let asked = |by, case| (id(by), id(case), Some(id(by)), ErasureReason::SenderAsked);
        assert_eq!(told, [asked(5, 4), asked(8, 1)]);
        store.stop().await;
    }
}

/// What went by its time here is erased once more where somebody asks for that: whoever had it is to
/// hear of it.
pub(crate) async fn what_went_by_its_time_can_be_asked_to_go_elsewhere(open: Open<'_>) {
    let store = open();
    let case = publish_one(&store, outgoing("r-0", 0)).await.id;
    let by_time = || ToErase {
        reason: ErasureReason::RetentionEnded,
        ..to_erase(case, &[case])
    };
    assert!(erase(&store, by_time()).await.is_some());
    assert_eq!(erase(&store, by_time()).await, None);
    assert!(erase(&store, to_erase(case, &[case])).await.is_some());
    assert_eq!(erase(&store, to_erase(case, &[case])).await, None);
    let reasons: Vec<_> = erasures(&store).await.iter().map(|it| it.reason).collect();
    let asked = ErasureReason::PersonAsked;
    assert_eq!(reasons, [ErasureReason::RetentionEnded, asked]);
    store.stop().await;
    drop(store);
    assert_eq!(erasures(&open()).await.len(), 2);
}

/// What is held is erased by nobody, neither at once nor as its area asks, also after a reopen; once it
/// is released, what was asked for meanwhile can be carried out and names who asked.
pub(crate) async fn what_is_held_is_not_erased_before_it_is_released(open: Open<'_>) {
    let store = open();
    let mut sender = Sender::new();
    let id = |counter| NoticeId::new([9; 8], counter);
    let told = [1, 2].map(|counter| notice(counter, b"told of her"));
    receive(&store, sender.parcel_of(told.into())).await;
    let act = |about, act| LocalAct {
        worked: Worked {
            act,
            ..noted(about).worked
        },
        ..noted(about)
    };
    let reason = || Act::Held {
        reason: "诉讼".parse().unwrap(),
    };
    for (about, done) in [(id(1), reason()), (id(2), reason()), (id(2), Act::Released)] {
        let kept = store.work(home(), vec![act(about, done)]).await;
        kept.into_iter().next().unwrap().unwrap();
    }
    store.stop().await;
    drop(store);
    let store = open();
    let parcel = sender.parcel_of(vec![
        in_case(3, Kind::Erasure, id(1), id(1)),
        in_case(4, Kind::Erasure, id(2), id(2)),
    ]);
    receive(&store, parcel).await;
    assert!(says(&store, id(1)).await && !says(&store, id(2)).await);
    // It is held whichever notice of the case names it.
    for notices in [&[id(1)][..], &[id(2), id(1)]] {
        let case = notices[0];
        let held = store.erase(to_erase(case, notices)).await;
        assert_eq!(held, Ok(Erasing::Held));
    }
    assert!(says(&store, id(1)).await);
    assert_eq!(erasures(&store).await.len(), 1);
    let released = vec![act(id(1), Act::Released)];
    store.work(home(), released).await.remove(0).unwrap();
    assert!(says(&store, id(1)).await, "nobody has erased it yet");
    let asked = || ToErase {
        reason: ErasureReason::SenderAsked,
        asked_by: Some(id(3)),
        office: String::new(),
        ..to_erase(id(1), &[id(1)])
    };
    erase(&store, asked()).await.unwrap();
    assert!(!says(&store, id(1)).await && says(&store, id(3)).await);
    // What is told of it afterwards does not make the request stand again.
    let released = vec![act(id(1), Act::Released)];
    store.work(home(), released).await.remove(0).unwrap();
    assert_eq!(erase(&store, asked()).await, None);
    let erased = erasures(&store).await;
    assert_eq!(erased.len(), 2);
    assert_eq!(erased[1].asked_by, Some(id(3)));
    store.stop().await;
}

/// How many places the other area has sent.
async fn sender_count(store: &Arc<dyn Backend>) -> u64 {
    let view = store.channel(here().opposite(), Direction::In).await;
    view.unwrap().unwrap().last.get()
}
