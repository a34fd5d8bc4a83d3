//! A node with ten peers, one of which is dead.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use super::{
    flow::{Flow, Load},
    harness::{County, JINJIANG},
    notice::Template,
    office::{Office, Subscriber},
    pair::{SETTING, block_on, event_date, new_world},
    result::{Outcome, median},
};

/// Rounds in which the tenth lives and rounds in which it is dead with notices waiting for it, in
/// turn: what the nine others get of the second beside the first.
pub fn ten_peers(notices: u64) -> Outcome {
    let world = new_world();
    let from = world.county(JINJIANG);
    let peers = PEERS.map(|area| world.county(area));
    for peer in &peers {
        world.pair(&from, peer);
    }
    let (tenth, nine) = peers.split_last().unwrap();
    let _from = from.start();
    let _nine: Vec<_> = nine.iter().map(County::start).collect();
    let mut living = tenth.start();
    let share = notices / nine.len() as u64;
    let (mut alive, mut dead) = (Vec::new(), Vec::new());
    block_on(async {
        let mut nine = Nine {
            office: Office::of(&from.dir).await,
            subscribers: Vec::new(),
            runs: 'a'..='z',
        };
        for peer in peers.iter().take(9) {
            let office = Office::of(&peer.dir).await;
            nine.subscribers.push(Subscriber::open(&office, 1).await);
        }
        nine.round(share / 10).await;
        for _ in 0..ROUNDS {
            alive.push(nine.round(share).await);
            living.kill();
            nine.leave_for(tenth).await;
            dead.push(nine.round(share).await);
            living = tenth.start();
            from.wait_until_answered();
        }
    });
    let ratios = alive.iter().zip(&dead).map(|(alive, dead)| dead / alive);
    let figures = [
        (
            "notices/s of nine with the tenth alive",
            median(alive.clone()),
        ),
        (
            "of it with the tenth dead, median",
            median(ratios.collect()),
        ),
    ];
    Outcome {
        load: "ten-peers".into(),
        system: "hongyan".into(),
        setting: SETTING.into(),
        notices,
        window: WINDOW,
        per_second: median(dead),
        figures: figures.map(|(name, value)| (name.to_owned(), value)).into(),
        ..Outcome::default()
    }
}

/// The offices of the sender and of the nine.
struct Nine {
    office: Office,
    subscribers: Vec<Subscriber>,
    runs: std::ops::RangeInclusive<char>,
}

impl Nine {
    /// Moves so many notices to each of the nine; notices a second of all.
    async fn round(&mut self, share: u64) -> f64 {
        let run = self.runs.next().unwrap();
        let day = event_date();
        let templates = PEERS
            .iter()
            .take(9)
            .map(|area| Template::new(run, area, &day));
        let flow = Flow::begin(Load {
            notices: share * 9,
            window: WINDOW,
            pace: None,
        });
        let turns = self.subscribers.iter_mut().zip(0..);
        let takings = turns.map(|(subscriber, turn)| -> Taking<'_> {
            let flow = &flow;
            Box::pin(subscriber.take(share, move |number| flow.handed(number * 9 + turn)))
        });
        let mut takings: Vec<_> = takings.collect();
        let taking = poll_fn(|context| poll_all(&mut takings, context));
        tokio::join!(self.office.publish(&flow, templates.collect()), taking);
        assert!(flow.is_through());
        flow.per_second()
    }

    /// Publishes notices for a peer that is dead.
    async fn leave_for(&mut self, peer: &County) {
        let run = self.runs.next().unwrap();
        let flow = Flow::begin(Load {
            notices: WAITING,
            window: WAITING,
            pace: None,
        });
        let template = Template::new(run, &peer.area, &event_date());
        self.office.publish(&flow, vec![template]).await;
    }
}

type Taking<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

fn poll_all(takings: &mut Vec<Taking<'_>>, context: &mut Context<'_>) -> Poll<()> {
    takings.retain_mut(|taking| taking.as_mut().poll(context).is_pending());
    if takings.is_empty() {
        Poll::Ready(())
    } else {
        Poll::Pending
    }
}

/// Counties of Yunnan; the last is the one that dies.
const PEERS: [&str; 10] = [
    "530102", "530103", "530111", "530112", "530113", "530114", "530115", "530124", "530125",
    "530126",
];
const ROUNDS: usize = 3;
/// Notices under way to the nine together.
const WINDOW: u64 = 9 * 256;
/// Notices that wait for the dead one.
const WAITING: u64 = 1_000;
