//! Many notices on one stream.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code as Grpc;

use super::world::{World, departure, feedback, out, told};
use crate::{
    domain::{
        channel::{Digest, Sequence},
        notice::NoticeId,
    },
    proto::office::v1::{self as wire, publish_stream_response::Result as Answer},
    store::Direction,
};

fn item(draft: wire::Draft) -> wire::PublishStreamRequest {
    wire::PublishStreamRequest { draft: Some(draft) }
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_items_whatever_they_are() {
    const COUNT: usize = 3_000;
    let world = World::start().await;
    let mut client = world.client("system").await;
    let items: Vec<_> = (0..COUNT)
        .map(|n| {
            let mut draft = departure(&format!("r-{n}"));
            if n % 7 == 3 {
                draft.content = None;
            }
            if n % 100 == 50 {
                draft = departure(&format!("r-{}", n - 1));
            }
            item(draft)
        })
        .collect();
    let mut answers = client
        .publish_stream(tokio_stream::iter(items))
        .await
        .unwrap()
        .into_inner();
    let mut place = Sequence::ZERO;
    let mut ids = Vec::new();
    for n in 0..COUNT {
        let answer = answers.message().await.unwrap().unwrap().result.unwrap();
        match answer {
            Answer::Refused(refused) => {
                assert_eq!(n % 7, 3, "{n}");
                let problem = &refused.problems[0];
                assert_eq!(
                    (problem.code.as_str(), &*problem.field),
                    ("missing_field", "kind")
                );
                assert!(problem.message_zh.contains("必填"));
            }
            Answer::Accepted(accepted) => {
                let repeats = n % 100 == 50 && (n - 1) % 7 != 3;
                assert_eq!(accepted.repeated, repeats, "{n}");
                if !repeats {
                    ids.push(NoticeId::try_from(accepted.notice_id.as_ref()).unwrap());
                }
            }
        }
    }
    assert!(answers.message().await.unwrap().is_none());
    // The channel has them in the order in which they came.
    let lease = world.store.lease(out()).await;
    while let Some(batch) = world
        .store
        .claim(lease, Digest::default(), place, 4_096, 8 << 20)
        .await
        .unwrap()
    {
        for placed in &batch.places {
            let bytes = placed.content.as_ref().unwrap();
            let read = crate::envelope::decode(bytes).unwrap().header.id;
            assert_eq!(read, ids[usize::try_from(place.get()).unwrap()]);
            place = place.next();
        }
    }
    assert_eq!(place.get(), ids.len() as u64);
}

#[tokio::test]
async fn an_answer_is_known_before_the_next_item_is_sent() {
    let world = World::start().await;
    let theirs = world.receive_arrival("350582104000").await;
    let mut client = world.client("chendai").await;
    let (sender, items) = mpsc::channel(1);
    let mut answers = client
        .publish_stream(ReceiverStream::new(items))
        .await
        .unwrap()
        .into_inner();
    for draft in [departure("a"), feedback(theirs), departure("b")] {
        sender.send(item(draft)).await.unwrap();
        let answer = answers.message().await.unwrap().unwrap();
        assert!(matches!(answer.result, Some(Answer::Accepted(_))));
    }
    // Losing the role ends it at the next item; what was accepted stays.
    world.set_offices(&[("chendai", "roles = [\"auditor\"]")]);
    sender.send(item(departure("c"))).await.unwrap();
    let status = answers.message().await.err().unwrap();
    assert_eq!(
        told(&status),
        (Grpc::PermissionDenied, "role_needed".into())
    );
    let channel = world.store.channel(out(), Direction::Out).await.unwrap();
    assert_eq!(channel.unwrap().last, Sequence::new(3));
}

#[tokio::test]
async fn a_node_that_stops_answers_what_it_took_and_says_so() {
    let world = World::start().await;
    let mut client = world.client("system").await;
    let (sender, items) = mpsc::channel(1);
    let mut answers = client
        .publish_stream(ReceiverStream::new(items))
        .await
        .unwrap()
        .into_inner();
    sender.send(item(departure("a"))).await.unwrap();
    assert!(answers.message().await.unwrap().is_some());
    world.stop.cancel();
    let status = answers.message().await.err().unwrap();
    assert_eq!(told(&status), (Grpc::Unavailable, "stopping".into()));
}

#[tokio::test]
async fn a_client_that_goes_loses_nothing_that_was_accepted() {
    let world = World::start().await;
    let mut client = world.client("system").await;
    let items: Vec<_> = (0..500).map(|n| item(departure(&format!("{n}")))).collect();
    let mut answers = client
        .publish_stream(tokio_stream::iter(items))
        .await
        .unwrap()
        .into_inner();
    let mut accepted = 0;
    for _ in 0..10 {
        answers.message().await.unwrap().unwrap();
        accepted += 1;
    }
    drop(answers);
    drop(client);
    let world = world.restart().await;
    let channel = world.store.channel(out(), Direction::Out).await.unwrap();
    assert!(channel.unwrap().last.get() >= accepted);
}
