//! Laws about channels in: parcels, ids, pauses.

use super::*;
use crate::{
    domain::{
        field::Field,
        problem::Code,
        receipt::VoidReason,
        refusal::{Pause, Refusal},
    },
    store::journal::record::StopReason,
};

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

/// However ids of several starts of a peer are mixed, and whether they rise or fall, each keeps its
/// outcome, also for a store that was opened again.
pub(crate) async fn ids_in_any_order_are_known(open: Open<'_>) {
    let ids: Vec<NoticeId> = [
        (1, 5),
        (2, 9),
        (1, 6),
        (2, 3),
        (3, 7),
        (1, 2),
        (3, 8),
        (2, 10),
    ]
    .map(|(epoch, counter)| NoticeId::new([epoch; 8], counter))
    .into();
    let store = open();
    let mut sender = Sender::new();
    for half in ids.chunks(4) {
        let places = half.iter().map(|id| notice_of(*id, b"first")).collect();
        let stored = receive(&store, sender.parcel_of(places)).await.0;
        assert_eq!(stored, vec![Outcome::Stored; 4]);
    }
    store.stop().await;
    drop(store);
    let store = open();
    let conflict = Outcome::Refused(Refusal::whole(Code::IdConflict));
    for id in &ids {
        let places = vec![notice_of(*id, b"first"), notice_of(*id, b"other")];
        let answered = receive(&store, sender.parcel_of(places)).await.0;
        assert_eq!(answered, [Outcome::Stored, conflict.clone()], "{id}");
    }
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
