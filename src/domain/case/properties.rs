//! Whatever two areas tell each other, in whatever order it comes: both make the same of it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, sample::Index};

use super::{CloseReason, Due, Fact, Move, PersonKey, Role, Says, fold, in_order};
use crate::domain::{
    channel::{Channel, Sequence},
    notice::{NoticeId, Outcome},
};

/// What a side does next: it publishes something about a notice that it knows, or gets some of
/// what is on its way.
#[derive(Clone, Debug)]
enum Act {
    Publish { side: usize, what: u8, about: Index },
    Deliver { to: usize, count: usize },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let publish = (0..2_usize, 0..20_u8, any::<Index>())
        .prop_map(|(side, what, about)| Act::Publish { side, what, about });
    let deliver = (0..2_usize, 1..4_usize).prop_map(|(to, count)| Act::Deliver { to, count });
    prop::collection::vec(prop_oneof![3 => publish, 2 => deliver], 1..40)
}

/// Two nodes: what each published, and how much of it the other has.
#[derive(Default)]
struct World {
    published: [Vec<Fact>; 2],
    delivered: [usize; 2],
}

impl World {
    fn run(acts: &[Act]) -> Self {
        let mut world = Self::default();
        for act in acts {
            match act {
                Act::Deliver { to, count } => {
                    let from = 1 - to;
                    let sent = world.published[from].len();
                    world.delivered[from] = (world.delivered[from] + count).min(sent);
                }
                Act::Publish { side, what, about } => world.publish(*side, *what, about),
            }
        }
        world
    }

    /// What a node holds.
    fn facts(&self, side: usize) -> Vec<Fact> {
        let there = &self.published[1 - side][..self.delivered[1 - side]];
        self.published[side].iter().chain(there).cloned().collect()
    }

    fn publish(&mut self, side: usize, what: u8, about: &Index) {
        let known = self.facts(side);
        let named = (!known.is_empty()).then(|| about.get(&known).id);
        let counties = ["350582", "530111"].map(|code| code.parse().unwrap());
        let channel = Channel {
            from: counties[side],
            to: counties[1 - side],
        };
        let role = [Role::Departure, Role::Arrival][usize::from(what) % 2];
        let origin = match role {
            Role::Departure => channel.from,
            Role::Arrival => channel.to,
        };
        let said = || Move {
            role,
            person: PersonKey::new([1; 16]),
            origin_area: origin.into(),
            destination_area: (if origin == channel.from {
                channel.to
            } else {
                channel.from
            })
            .into(),
            urgent: what == 1,
            due: Due::default(),
        };
        let says = match what {
            0..=3 => Says::Movement(said()),
            4 | 5 => Says::Correction(said()),
            6 => Says::Withdrawal,
            7 => Says::Erasure,
            8 => Says::Verification {
                person: PersonKey::new([1; 16]),
                due: Due::default(),
            },
            9 => Says::Question(Due::default()),
            10 => Says::Reply,
            11 => Says::TakenUp,
            12 => Says::Note,
            13 => Says::Ending(CloseReason::Returned),
            14 => Says::Feedback(Outcome::MovedOn("440305".parse().unwrap())),
            15 => Says::Feedback(Outcome::NeedsInformation),
            16 => Says::Feedback(Outcome::NotFound),
            _ => Says::Feedback(Outcome::Confirmed),
        };
        let named = match says {
            Says::Movement(_) => None,
            _ => named,
        };
        let count = self.published[side].len() as u64 + 1;
        self.published[side].push(Fact {
            id: NoticeId::new([side as u8 + 1; 8], count),
            channel,
            sequence: Sequence::new(count),
            opposite: Sequence::new(self.delivered[1 - side] as u64),
            published_at_ms: 1_791_388_800_000 + known.len() as i64,
            speaks_of: named,
            says,
        });
    }
}

proptest! {
    #[test]
    fn both_nodes_come_to_the_same_whatever_came_first(
        acts in acts(),
        shuffled in any::<u64>(),
    ) {
        let mut world = World::run(&acts);
        world.delivered = [0, 1].map(|side| world.published[side].len());
        let mut other = world.facts(1);
        // In any order at all.
        let length = other.len().max(1);
        other.rotate_left(shuffled as usize % length);
        if shuffled % 2 == 0 {
            other.reverse();
        }
        prop_assert_eq!(fold(world.facts(0)), fold(other));
    }

    #[test]
    fn what_came_first_stays_first_when_more_comes(acts in acts()) {
        let world = World::run(&acts);
        let mut whole = World::run(&acts);
        whole.delivered = [0, 1].map(|side| whole.published[side].len());
        let all: Vec<_> = in_order(whole.facts(0)).into_iter().map(|fact| fact.id).collect();
        for side in [0, 1] {
            let part: Vec<_> = in_order(world.facts(side)).into_iter().map(|fact| fact.id).collect();
            let of_all: Vec<_> = all.iter().filter(|id| part.contains(id)).copied().collect();
            prop_assert_eq!(part, of_all);
        }
    }

    #[test]
    fn the_order_never_puts_a_notice_before_one_that_its_node_had(acts in acts()) {
        let ordered = in_order(World::run(&acts).facts(0));
        for (at, fact) in ordered.iter().enumerate() {
            for later in &ordered[at..] {
                prop_assert!(!fact.saw(later));
            }
        }
    }

    #[test]
    fn cases_hold_together(acts in acts()) {
        for side in [0, 1] {
            let cases = fold(World::run(&acts).facts(side));
            let mut seen = BTreeSet::new();
            let mut open = BTreeMap::new();
            for case in &cases {
                for change in &case.history {
                    prop_assert!(seen.insert(change.notice), "a notice in two cases");
                }
                let ended = case.history.iter().position(|change| change.state.is_ended());
                if let Some(ended) = ended {
                    let after: Vec<_> = case.history[ended..].iter().map(|c| c.state).collect();
                    prop_assert!(after.iter().all(|state| *state == case.state), "an end that is none");
                    prop_assert!(case.owed.iter().all(|owed| !owed.is_open()), "owed after the end");
                } else {
                    *open.entry(case.origin).or_insert(0) += 1;
                }
                let ids: BTreeSet<_> = case.history.iter().map(|change| change.notice).collect();
                prop_assert!(ids.contains(&case.id));
                for owed in &case.owed {
                    prop_assert!(ids.contains(&owed.notice));
                }
            }
            prop_assert!(open.values().all(|count| *count == 1), "two open cases for one move");
        }
    }
}
