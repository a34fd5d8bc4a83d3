//! Laws about what desks do.

use super::*;
use crate::{
    domain::work::{Act, SubArea, Worked},
    store::journal::record::Position,
};

fn about(counter: u64) -> NoticeId {
    NoticeId::new([1; 8], counter)
}

fn act(counter: u64, act: Act) -> LocalAct {
    LocalAct {
        other: here().to,
        office_key: office(1),
        worked: Worked {
            about: about(counter),
            act,
            office: "spiffe://hongyan.test/area/350582/office/desk-1".into(),
            at_ms: 1_795_000_000_000,
        },
    }
}

fn noted(counter: u64, text: &str) -> LocalAct {
    let text = text.parse().unwrap();
    act(counter, Act::Noted { text })
}

pub(crate) fn every_act(counter: u64) -> Vec<LocalAct> {
    let area = "350582104001".parse().unwrap();
    let acts = [
        Act::Took,
        Act::Forwarded {
            to: SubArea::of(home(), area).unwrap(),
        },
        Act::Verifying,
        Act::NotTheSame { other: about(99) },
        Act::PassedOn,
    ];
    let mut acts: Vec<_> = acts.into_iter().map(|it| act(counter, it)).collect();
    acts.push(noted(counter, "已电话联系"));
    acts
}

async fn positions(store: &Arc<dyn Backend>, home: County, acts: Vec<LocalAct>) -> Vec<Position> {
    let answers = store.work(home, acts).await.into_iter();
    answers.map(Result::unwrap).collect()
}

async fn position(store: &Arc<dyn Backend>, act: LocalAct) -> Position {
    positions(store, home(), vec![act]).await.remove(0)
}

/// Everything that is kept of a home area, page by page.
pub(crate) async fn kept(
    store: &Arc<dyn Backend>,
    home: County,
    after: Position,
    limit: usize,
) -> Vec<KeptAct> {
    let (mut all, mut after) = (Vec::new(), after);
    loop {
        let page = store.worked(home, after, limit).await.unwrap();
        assert!(page.len() <= limit);
        let Some(last) = page.last() else {
            return all;
        };
        assert!(last.position > after, "it would never end");
        after = last.position;
        all.extend(page);
    }
}

/// What was answered as kept is read as it was said, in the order of its positions, page by page and
/// whatever else came between; and so after a reopening. Each home area has its own.
pub(crate) async fn acts_are_kept_in_order(open: Open<'_>) {
    let there = here().to;
    let store = open();
    let mut sender = Sender::new();
    let (mut said, mut stand) = (Vec::new(), Vec::new());
    for round in 0..3 {
        let mut acts = every_act(round);
        if round == 1 {
            for act in &mut acts {
                act.other = "530112".parse().unwrap();
            }
        }
        said.extend(acts.clone());
        stand.extend(positions(&store, home(), acts).await);
        let published = outgoing(&format!("r-{round}"), 1);
        store.publish(vec![published]).await.remove(0).unwrap();
        let alone = noted(round, "明日上门");
        said.push(alone.clone());
        stand.push(position(&store, alone).await);
        receive(&store, sender.parcel(2)).await;
        let of_another = LocalAct {
            other: home(),
            ..noted(round, "别处的事")
        };
        positions(&store, there, vec![of_another]).await;
    }
    assert!(stand.is_sorted_by(|a, b| a < b), "{stand:?}");
    // More at once than is read at once.
    let many = (0..300).map(|number| noted(number, "批量"));
    let many: Vec<_> = many.collect();
    said.extend(many.clone());
    stand.extend(positions(&store, home(), many).await);
    let expected: Vec<_> = said
        .into_iter()
        .zip(&stand)
        .map(|(act, position)| KeptAct {
            position: *position,
            other: act.other,
            worked: act.worked,
        })
        .collect();
    let read = async |store: &Arc<dyn Backend>| {
        for limit in [1, 4, 1_000] {
            let all = kept(store, home(), Position::START, limit).await;
            assert!(all == expected, "in pages of {limit}");
        }
        for behind in [0, 5, 6, 20, 280, 320] {
            let rest = kept(store, home(), stand[behind], 50).await;
            assert!(rest == expected[behind + 1..], "behind {behind}");
        }
        let of_another = kept(store, there, Position::START, 2).await;
        assert_eq!(of_another.len(), 3);
        let nobodys = "370211".parse().unwrap();
        assert_eq!(kept(store, nobodys, Position::START, 2).await, []);
    };
    read(&store).await;
    store.stop().await;
    drop(store);
    let store = open();
    read(&store).await;
    // What comes after is behind all of it.
    let last = stand.last().copied().unwrap();
    let later = noted(400, "后来的事");
    assert!(position(&store, later.clone()).await > last);
    let page = store.worked(home(), last, 9).await.unwrap();
    assert_eq!(page.len(), 1);
    assert_eq!(page[0].worked, later.worked);
    store.stop().await;
}

/// The newest act about a notice, said again by its office, is that act, at whatever time, in one
/// call, in another, and after a reopening. Another office, another act, another notice or another
/// pair of areas is another, and so is the same act once another stands between.
pub(crate) async fn an_act_said_again_is_that_act(open: Open<'_>) {
    let store = open();
    let later = |mut act: LocalAct| {
        act.worked.at_ms += 60_000;
        act
    };
    let twice = vec![act(1, Act::Took), later(act(1, Act::Took))];
    let twice = positions(&store, home(), twice).await;
    assert_eq!(twice[0], twice[1], "in one call");
    assert_eq!(position(&store, later(act(1, Act::Took))).await, twice[0]);
    // Acts about other notices do not stand between.
    let other = position(&store, act(2, Act::Took)).await;
    let other_pair = LocalAct {
        other: "530112".parse().unwrap(),
        ..act(1, Act::Took)
    };
    let other_pair = position(&store, other_pair).await;
    assert!(twice[0] < other && other < other_pair);
    assert_eq!(position(&store, act(1, Act::Took)).await, twice[0]);
    store.stop().await;
    drop(store);
    let store = open();
    assert_eq!(position(&store, later(act(1, Act::Took))).await, twice[0]);
    let of_another_office = LocalAct {
        office_key: office(2),
        ..act(1, Act::Took)
    };
    let mut last = other_pair;
    for act in [
        of_another_office,
        act(1, Act::Took),
        noted(1, "已电话联系"),
        noted(1, "明日上门"),
        noted(1, "已电话联系"),
        act(1, Act::Took),
    ] {
        let next = position(&store, act).await;
        assert!(next > last, "an act of its own");
        last = next;
    }
    assert_eq!(kept(&store, home(), Position::START, 4).await.len(), 9);
    store.stop().await;
}
