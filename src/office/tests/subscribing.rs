//! Handing over, acknowledging, fencing, credit, scope.

use std::time::Duration;

use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code as Grpc, Status, Streaming};

use super::world::{World, departure, peer_feedback, publish, told};
use crate::{
    domain::notice::{Content, Correction, Kind, Message, NoticeId},
    envelope::{self, samples},
    proto::office::v1::{
        self as wire, subscribe_request::Step as Ask, subscribe_response::Step as Told,
    },
};

struct Subscriber {
    asks: mpsc::Sender<wire::SubscribeRequest>,
    tells: Streaming<wire::SubscribeResponse>,
}

impl Subscriber {
    async fn begin(world: &World, office: &str, first: Ask) -> Self {
        let (asks, asked) = mpsc::channel(8);
        let mut client = world.client(office).await;
        let tells = client
            .subscribe(ReceiverStream::new(asked))
            .await
            .unwrap()
            .into_inner();
        let subscriber = Self { asks, tells };
        subscriber.ask(first).await;
        subscriber
    }

    async fn open(world: &World, office: &str, open: wire::OpenConsumer) -> (Self, u64) {
        let mut subscriber = Self::begin(world, office, Ask::Open(open)).await;
        match subscriber.told().await.unwrap() {
            Told::Opened(opened) => (subscriber, opened.acknowledged_position),
            _ => panic!("it opens"),
        }
    }

    async fn ask(&self, step: Ask) {
        let request = wire::SubscribeRequest { step: Some(step) };
        self.asks.send(request).await.unwrap();
    }

    async fn told(&mut self) -> Result<Told, Status> {
        let within = Duration::from_secs(10);
        let message = timeout(within, self.tells.message()).await.unwrap()?;
        Ok(message.unwrap().step.unwrap())
    }

    async fn notice(&mut self) -> wire::Handover {
        match self.told().await.unwrap() {
            Told::Notice(handover) => handover,
            _ => panic!("a notice comes"),
        }
    }

    async fn acknowledge(&mut self, position: u64) {
        self.ask(Ask::Acknowledge(wire::Acknowledge { position }))
            .await;
        match self.told().await.unwrap() {
            Told::Acknowledged(it) => assert_eq!(it.position, position),
            _ => panic!("an acknowledgement comes"),
        }
    }

    async fn silent(&mut self) {
        let waited = timeout(Duration::from_millis(100), self.tells.message()).await;
        assert!(waited.is_err(), "something came");
    }
}

fn consumer(name: &str) -> wire::OpenConsumer {
    wire::OpenConsumer {
        name: name.into(),
        ..wire::OpenConsumer::default()
    }
}

fn id_of(handover: &wire::Handover) -> NoticeId {
    envelope::decode(&handover.notice).unwrap().header.id
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_marked_and_the_rest_never() {
    let world = World::start().await;
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.push(world.receive_arrival("350582104000").await);
    }
    let (mut first, from) = Subscriber::open(&world, "system", consumer("desk")).await;
    assert_eq!(from, 0);
    let mut handed = Vec::new();
    for id in &sent {
        let handover = first.notice().await;
        assert_eq!(id_of(&handover), *id);
        assert!(!handover.redelivered);
        assert_eq!(handover.sequence, handed.len() as u64 + 1);
        handed.push(handover);
    }
    first.acknowledge(handed[0].position).await;
    // What comes later is handed over too.
    let later = world.receive_arrival("350582104000").await;
    let fourth = first.notice().await;
    assert_eq!(id_of(&fourth), later);
    drop(first);

    let world = world.restart().await;
    let (mut again, from) = Subscriber::open(&world, "system", consumer("desk")).await;
    assert_eq!(from, handed[0].position);
    for before in [&handed[1], &handed[2], &fourth] {
        let handover = again.notice().await;
        assert!(handover.redelivered);
        assert_eq!(handover.notice, before.notice);
        assert_eq!(
            (handover.position, handover.received_at_ms),
            (before.position, before.received_at_ms)
        );
    }
    again.silent().await;
    again.acknowledge(fourth.position).await;
}

#[tokio::test]
async fn acknowledgements_outlive_the_clients_half_of_the_stream() {
    let world = World::start().await;
    world.receive_arrival("350582104000").await;
    let (mut desk, _) = Subscriber::open(&world, "system", consumer("desk")).await;
    let handover = desk.notice().await;
    desk.ask(Ask::Acknowledge(wire::Acknowledge {
        position: handover.position,
    }))
    .await;
    let Subscriber { asks, mut tells } = desk;
    drop(asks);
    let told = tells.message().await.unwrap().unwrap().step.unwrap();
    assert!(matches!(told, Told::Acknowledged(it) if it.position == handover.position));
    assert!(tells.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_newer_subscriber_fences_the_older_at_once() {
    let world = World::start().await;
    let (mut older, _) = Subscriber::open(&world, "system", consumer("desk")).await;
    let (mut newer, _) = Subscriber::open(&world, "system", consumer("desk")).await;
    let status = older.told().await.err().unwrap();
    assert_eq!(told(&status), (Grpc::Aborted, "fenced".into()));
    world.receive_arrival("350582104000").await;
    newer.notice().await;
}

#[tokio::test]
async fn no_more_is_handed_over_than_there_is_credit() {
    let world = World::start().await;
    for _ in 0..4 {
        world.receive_arrival("350582104000").await;
    }
    let open = wire::OpenConsumer {
        credit: 2,
        ..consumer("desk")
    };
    let (mut desk, _) = Subscriber::open(&world, "system", open).await;
    desk.notice().await;
    let second = desk.notice().await;
    desk.silent().await;
    desk.acknowledge(second.position).await;
    desk.silent().await;
    desk.ask(Ask::Credit(wire::Credit { notices: 1 })).await;
    desk.notice().await;
    desk.silent().await;
    desk.ask(Ask::Credit(wire::Credit { notices: u32::MAX }))
        .await;
    desk.notice().await;
}

#[tokio::test]
async fn a_desk_is_handed_what_lies_in_its_areas_and_knows_its_references() {
    let world = World::start().await;
    let mut chendai = world.client("chendai").await;
    let ours = publish(&mut chendai, departure("r-7")).await.unwrap();
    let ours: NoticeId = ours.notice_id.as_ref().try_into().unwrap();
    // More that lies elsewhere than one look takes in.
    for _ in 0..3 {
        world.receive_arrival("350582105000").await;
    }
    let answer = world.receive(peer_feedback(), Some(ours)).await;
    let here = world.receive_arrival("350582104001").await;
    let note = Content::Message(Message { text: "好".into() });
    let about_here = world.receive(note.clone(), Some(here)).await;
    let about_answer = world.receive(note, Some(answer)).await;

    let open = wire::OpenConsumer {
        credit: 1,
        ..consumer("chendai")
    };
    let (mut desk, _) = Subscriber::open(&world, "chendai", open).await;
    for (id, reference) in [
        (answer, "r-7"),
        (here, ""),
        (about_here, ""),
        (about_answer, ""),
    ] {
        let handover = desk.notice().await;
        assert_eq!(id_of(&handover), id);
        assert_eq!(handover.answers_reference, reference);
        desk.acknowledge(handover.position).await;
        desk.ask(Ask::Credit(wire::Credit { notices: 1 })).await;
    }
    desk.silent().await;

    let (mut cizao, _) = Subscriber::open(&world, "cizao", consumer("cizao")).await;
    for _ in 0..3 {
        let handover = cizao.notice().await;
        assert!(handover.answers_reference.is_empty());
    }
    cizao.silent().await;
    // An older place that waits is not found again by the other desk.
    let elsewhere = world.receive_arrival("350582104002").await;
    assert_eq!(id_of(&desk.notice().await), elsewhere);
    cizao.silent().await;
}

#[tokio::test]
async fn a_correction_is_handed_to_the_desk_of_either_address() {
    let world = World::start().await;
    let arrival = world.receive_arrival("350582104000").await;
    let correction = |origin: &str| {
        let mut movement = samples::movement();
        movement.origin_area = origin.parse().unwrap();
        Content::Correction(Correction {
            corrects: Kind::Arrival,
            event_date: jiff::civil::date(2026, 10, 8),
            movement,
        })
    };
    let moved = correction("350582105000");
    let moved = world.receive(moved, Some(arrival)).await;
    let stayed = correction("350582104000");
    let stayed = world.receive(stayed, Some(arrival)).await;
    for (office, expected) in [
        ("chendai", vec![arrival, moved, stayed]),
        ("cizao", vec![moved]),
    ] {
        let (mut desk, _) = Subscriber::open(&world, office, consumer(office)).await;
        for id in expected {
            assert_eq!(id_of(&desk.notice().await), id, "{office}");
        }
        desk.silent().await;
    }
    // Every desk hears what was erased: one of them may have a copy. What was told is told no more.
    let erasure = samples::content(Kind::Erasure);
    let erasure = world.receive(erasure, Some(arrival)).await;
    for (office, name) in [
        ("chendai", "chendai"),
        ("cizao", "cizao"),
        ("chendai", "later"),
    ] {
        let (mut desk, _) = Subscriber::open(&world, office, consumer(name)).await;
        assert_eq!(id_of(&desk.notice().await), erasure, "{name}");
        desk.silent().await;
    }
}

#[tokio::test]
async fn what_lies_elsewhere_does_not_pile_up_behind_a_desk() {
    let world = World::start().await;
    let here = world.receive_arrival("350582104000").await;
    let note = Content::Message(Message { text: "好".into() });
    let open = wire::OpenConsumer {
        kinds: vec!["message".into()],
        ..consumer("cizao")
    };
    let (mut cizao, _) = Subscriber::open(&world, "cizao", open).await;
    for _ in 0..3 {
        world.receive(note.clone(), Some(here)).await;
    }
    let mut acknowledged = 0;
    for _ in 0..200 {
        acknowledged = world.store.consumers().await.unwrap()[0].acknowledged.get();
        if acknowledged > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(acknowledged > 0, "what was passed over is let go");
    cizao.silent().await;
}

#[tokio::test]
async fn kinds_and_start_are_the_consumers_own() {
    let world = World::start().await;
    let arrival = world.receive_arrival("350582104000").await;
    let open = |kinds: &[&str], start: wire::Start| wire::OpenConsumer {
        kinds: kinds.iter().map(ToString::to_string).collect(),
        start: start.into(),
        ..consumer("desk")
    };
    let now = open(&["feedback", "message", "feedback"], wire::Start::Now);
    let (mut desk, _) = Subscriber::open(&world, "system", now).await;
    desk.silent().await;
    world.receive_arrival("350582104000").await;
    let note = Content::Message(Message { text: "好".into() });
    let note = world.receive(note, Some(arrival)).await;
    assert_eq!(id_of(&desk.notice().await), note);
    drop(desk);
    let same = open(&["message", "feedback"], wire::Start::First);
    Subscriber::open(&world, "system", same).await;
    let other = Ask::Open(open(&["message"], wire::Start::First));
    let mut refused = Subscriber::begin(&world, "system", other).await;
    let status = refused.told().await.err().unwrap();
    assert_eq!(
        told(&status),
        (Grpc::FailedPrecondition, "consumer_differs".into())
    );
}

#[tokio::test]
async fn what_makes_no_sense_ends_the_stream() {
    let world = World::start().await;
    let open = |change: fn(&mut wire::OpenConsumer)| {
        let mut open = consumer("desk");
        change(&mut open);
        Ask::Open(open)
    };
    for (office, first, grpc, reason) in [
        (
            "system",
            Ask::Credit(wire::Credit { notices: 1 }),
            Grpc::InvalidArgument,
            "missing_field",
        ),
        (
            "system",
            open(|it| it.name = "Desk".into()),
            Grpc::InvalidArgument,
            "value_format",
        ),
        (
            "system",
            open(|it| it.kinds = vec!["letter".into()]),
            Grpc::InvalidArgument,
            "value_format",
        ),
        (
            "system",
            open(|it| it.home_area = "530111".into()),
            Grpc::PermissionDenied,
            "area_outside_scope",
        ),
        (
            "watcher",
            open(|_| {}),
            Grpc::PermissionDenied,
            "role_needed",
        ),
        (
            "former",
            open(|_| {}),
            Grpc::PermissionDenied,
            "office_not_listed",
        ),
    ] {
        let mut subscriber = Subscriber::begin(&world, office, first).await;
        let status = subscriber.told().await.err().unwrap();
        assert_eq!(told(&status), (grpc, reason.into()));
    }
    let (mut desk, _) = Subscriber::open(&world, "system", consumer("desk")).await;
    desk.ask(Ask::Acknowledge(wire::Acknowledge { position: 9 }))
        .await;
    let status = desk.told().await.err().unwrap();
    assert_eq!(told(&status), (Grpc::OutOfRange, "beyond_handout".into()));
}

#[tokio::test]
async fn a_subscription_ends_with_its_role_its_areas_and_the_node() {
    let world = World::start().await;
    let (mut chendai, _) = Subscriber::open(&world, "chendai", consumer("a")).await;
    let (mut cizao, _) = Subscriber::open(&world, "cizao", consumer("b")).await;
    let (mut system, _) = Subscriber::open(&world, "system", consumer("c")).await;
    world.set_offices(&[
        ("chendai", "roles = [\"auditor\"]"),
        ("cizao", "roles = [\"clerk\"]\nareas = [\"350582106\"]"),
        ("system", "roles = [\"integrator\"]"),
    ]);
    let status = chendai.told().await.err().unwrap();
    assert_eq!(
        told(&status),
        (Grpc::PermissionDenied, "role_needed".into())
    );
    let status = cizao.told().await.err().unwrap();
    assert_eq!(
        told(&status),
        (Grpc::PermissionDenied, "area_outside_scope".into())
    );
    world.receive_arrival("350582104000").await;
    system.notice().await;
    world.stop.cancel();
    let status = system.told().await.err().unwrap();
    assert_eq!(told(&status), (Grpc::Unavailable, "stopping".into()));
}
