//! A consumer and a node of cardboard.

use std::time::Duration;

use super::{
    super::{
        fake_node::FakeNode,
        home::Home,
        language::Language,
        output::{Format, Output},
        stop::Stop,
    },
    run::{Link, Progress, Subscriber},
};
use crate::{
    clock::Clock,
    config::{Initial, Mode, NodeConfig, NodeDir, node_toml},
    office::client::Client,
    trust::identity::SpiffeId,
};

fn home() -> Home {
    let id: SpiffeId = "spiffe://fj.test/area/530111".parse().unwrap();
    let text = node_toml(&Initial {
        id: &id,
        further_areas: &[],
        mode: Mode::Sandbox,
        exchange: "127.0.0.1:7443".parse().unwrap(),
        public: None,
        office: "127.0.0.1:7444".parse().unwrap(),
        operator: &id.with_office("operator").unwrap(),
    });
    Home {
        dir: NodeDir::new("/nowhere"),
        config: NodeConfig::parse(&text).unwrap(),
        clock: Clock::system(),
    }
}

fn subscriber(home: &Home, limit: Option<u64>, idle_exit: Option<u64>) -> Subscriber<'_> {
    Subscriber {
        home,
        office: "operator",
        consumer: "desk",
        kinds: &[],
        from_now: false,
        area: None,
        limit,
        idle_exit: idle_exit.map(Duration::from_millis),
        acknowledges: true,
        output: Output {
            format: Format::Table,
            language: Language::En,
        },
    }
}

async fn follow(subscriber: &Subscriber<'_>, client: &Client, progress: &mut Progress) -> Link {
    let subscription = client
        .subscribe(subscriber.opening(progress))
        .await
        .unwrap();
    let mut stop = Stop::new().unwrap();
    subscriber
        .follow(subscription, progress, &mut stop)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_takes_no_more_than_it_prints_and_waits_for_the_last_acknowledgement() {
    let node = FakeNode {
        notices: 1_000,
        ..FakeNode::default()
    };
    let (acknowledged, handed) = (node.acknowledged.clone(), node.handed.clone());
    let client = node.start().await;
    let home = home();
    let mut progress = Progress::default();
    let link = follow(&subscriber(&home, Some(700), None), &client, &mut progress).await;
    assert_eq!(link, Link::Done);
    let all: Vec<u64> = (1..=700).collect();
    assert_eq!(*acknowledged.lock().unwrap(), all);
    assert_eq!(*handed.lock().unwrap(), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_it_once_everything_is_acknowledged() {
    let node = FakeNode {
        notices: 3,
        ..FakeNode::default()
    };
    let acknowledged = node.acknowledged.clone();
    let client = node.start().await;
    let home = home();
    let mut progress = Progress::default();
    let link = follow(&subscriber(&home, None, Some(300)), &client, &mut progress).await;
    assert_eq!(link, Link::Done);
    assert_eq!(*acknowledged.lock().unwrap(), [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_link_is_followed_by_another_without_printing_twice() {
    let node = FakeNode {
        notices: 10,
        breaks_after: Some(4),
        ..FakeNode::default()
    };
    let client = node.start().await;
    let home = home();
    let subscriber = subscriber(&home, Some(10), None);
    let mut progress = Progress::default();
    let mut links = 1;
    while follow(&subscriber, &client, &mut progress).await == Link::Broken {
        links += 1;
        assert!(links < 20);
    }
    assert!(links > 2);
    assert_eq!(progress.printed, 10);
}
