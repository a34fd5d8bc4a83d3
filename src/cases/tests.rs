//! However notices come into the tree, it holds what follows from them, and nothing else.

use std::collections::BTreeMap;

use jiff::civil::date;
use proptest::{prelude::*, sample::Index};

use super::{
    batch::Batch,
    keys::{self, ListName},
    tags::{Tag, WHOLE},
    thread::{Done, Reached, Told},
};
use crate::{
    domain::{
        area::County,
        calendar::begin_ms,
        case::{CloseReason, Due, Fact, Move, PersonKey, Role, Says, WorkList},
        channel::{Channel, Sequence},
        notice::{Kind, NoticeId, Outcome},
        work::ActKind,
        workdays::samples::two_years,
    },
    store::{Position, Shelf},
};

/// What comes into the tree.
#[derive(Clone, Debug)]
enum Step {
    Tell(Told),
    Settle(NoticeId, Reached),
    Done(Done),
    Erase(NoticeId),
}

fn home() -> County {
    "350582".parse().unwrap()
}

fn other() -> County {
    "530111".parse().unwrap()
}

fn person(number: u8) -> PersonKey {
    PersonKey::new([number; 16])
}

fn channel(out: bool) -> Channel {
    let out_channel = Channel {
        from: home(),
        to: other(),
    };
    if out {
        out_channel
    } else {
        out_channel.opposite()
    }
}

fn told(out: bool, number: u64, opposite: u64, speaks_of: Option<NoticeId>, says: Says) -> Told {
    let (kind, who) = match &says {
        Says::Movement(said) => match said.role {
            Role::Departure => (Kind::Departure, Some(said.person)),
            Role::Arrival => (Kind::Arrival, Some(said.person)),
        },
        Says::Correction(said) => (Kind::Correction, Some(said.person)),
        Says::Verification { person, .. } => (Kind::VerificationRequest, Some(*person)),
        Says::Feedback(_) => (Kind::Feedback, None),
        Says::Erasure => (Kind::Erasure, None),
        Says::Withdrawal => (Kind::Withdrawal, None),
        Says::TakenUp => (Kind::TakenUp, None),
        Says::Ending(_) => (Kind::Return, None),
        Says::Note => (Kind::ServiceRecord, None),
        _ => (Kind::Message, None),
    };
    let begin = begin_ms(date(2026, 3, 2)).unwrap();
    Told {
        kind,
        reached: if out {
            Reached::Waiting
        } else {
            Reached::Stored
        },
        person: who,
        desk: who.map_or_else(Vec::new, |who| vec![WHOLE, [who.as_bytes()[0] % 2 + 1; 8]]),
        // Numbers 1 and 2 are the same name, 2 and 3 the same telephone.
        likenesses: who.map_or_else(Vec::new, |who| match who.as_bytes()[0] {
            1 => vec![[91; 8]],
            2 => vec![[91; 8], [92; 8]],
            _ => vec![[92; 8]],
        }),
        filled: 3,
        asked: 5,
        fact: Fact {
            id: NoticeId::new([u8::from(out) + 1; 8], number),
            channel: channel(out),
            sequence: Sequence::new(number),
            opposite: Sequence::new(opposite),
            published_at_ms: begin + i64::try_from(number).unwrap() * 40_000_000,
            speaks_of,
            says,
        },
    }
}

fn moves(role: Role, who: u8) -> Move {
    let (origin, destination) = match role {
        Role::Departure => (home(), other()),
        Role::Arrival => (other(), home()),
    };
    Move {
        role,
        person: person(who),
        origin_area: origin.into(),
        destination_area: destination.into(),
        urgent: false,
        due: Due {
            take_up: Some(date(2026, 3, 10)),
            answer: Some(date(2026, 3, 20)),
        },
    }
}

#[derive(Clone, Debug)]
struct Drawn {
    out: bool,
    what: u8,
    who: u8,
    about: Index,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let drawn =
        (any::<bool>(), 0..16_u8, 1..4_u8, any::<Index>()).prop_map(|(out, what, who, about)| {
            Drawn {
                out,
                what,
                who,
                about,
            }
        });
    prop::collection::vec(drawn, 1..30).prop_map(|drawn| {
        let mut steps = Vec::new();
        let mut known: Vec<Told> = Vec::new();
        let mut counts = [0_u64; 2];
        for Drawn {
            out,
            what,
            who,
            about,
        } in drawn
        {
            let named = (!known.is_empty()).then(|| about.get(&known).fact.id);
            // Either side of the pair may be where she is registered.
            let role = if what % 2 == 0 {
                Role::Departure
            } else {
                Role::Arrival
            };
            let says = match what {
                0..=4 => Says::Movement(moves(role, who)),
                5 | 6 => Says::Correction(moves(role, who)),
                7 | 8 => Says::Feedback(Outcome::Confirmed),
                9 => Says::Feedback(Outcome::NotFound),
                10 => Says::Withdrawal,
                11 => Says::TakenUp,
                12 => Says::Ending(CloseReason::Returned),
                13 => Says::Note,
                14 => {
                    if let Some(about) = named {
                        let outgoing = about.as_bytes()[0] == 2;
                        let reached = [Reached::Stored, Reached::Ended][usize::from(who) % 2];
                        if outgoing {
                            steps.push(Step::Settle(about, reached));
                        }
                    }
                    continue;
                }
                _ => {
                    if let Some(about) = named {
                        steps.push(Step::Done(Done {
                            position: Position::new(steps.len() as u64 + 1),
                            about,
                            office: "spiffe://a.example/area/350582/office/x".into(),
                            at_ms: 0,
                            kind: ActKind::ALL[usize::from(who)],
                            desk: vec![WHOLE, [9; 8]],
                            other: None,
                        }));
                    }
                    continue;
                }
            };
            let speaks_of = match says {
                Says::Movement(_) => None,
                _ => named,
            };
            let count = &mut counts[usize::from(out)];
            *count += 1;
            let (number, opposite) = (*count, counts[usize::from(!out)]);
            let told = told(out, number, opposite, speaks_of, says);
            known.push(told.clone());
            steps.push(Step::Tell(told));
        }
        steps
    })
}

/// Everything in a tree that those steps went into, so many at a time.
fn filled(steps: &[Step], at_a_time: usize) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let data = tempfile::tempdir().unwrap();
    let shelf = Shelf::open(data.path(), "cases", b"1", 1 << 20).unwrap();
    let workdays = two_years();
    for some in steps.chunks(at_a_time) {
        let mut batch = Batch::new(&shelf, &workdays);
        for step in some {
            match step.clone() {
                Step::Tell(told) => batch.tell(home(), told).unwrap(),
                Step::Settle(id, reached) => batch.settle(home(), other(), id, reached).unwrap(),
                Step::Done(done) => batch.done(home(), other(), done).unwrap(),
                Step::Erase(case) => batch.erase(home(), other(), case, &[]).unwrap(),
            }
        }
        batch.apply().unwrap();
    }
    [b"T", b"N", b"L", b"M", b"C"]
        .into_iter()
        .flat_map(|prefix| shelf.from(prefix, prefix))
        .map(|entry| {
            entry
                .map(|(key, value)| (key.to_vec(), value.to_vec()))
                .unwrap()
        })
        .collect()
}

/// The same with every notice told once, as it ended.
fn as_it_ended(steps: &[Step]) -> Vec<Step> {
    let mut ends = BTreeMap::new();
    for step in steps {
        if let Step::Settle(id, reached) = step {
            ends.insert(*id, *reached);
        }
    }
    let ended = steps.iter().filter_map(|step| match step.clone() {
        Step::Tell(mut told) => {
            told.reached = ends.get(&told.fact.id).copied().unwrap_or(told.reached);
            Some(Step::Tell(told))
        }
        Step::Done(done) => Some(Step::Done(done)),
        Step::Settle(..) | Step::Erase(_) => None,
    });
    ended.collect()
}

/// The keys under which two trees differ, to read.
fn differing(a: &BTreeMap<Vec<u8>, Vec<u8>>, b: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<String> {
    let only = |a: &BTreeMap<Vec<u8>, Vec<u8>>, b: &BTreeMap<Vec<u8>, Vec<u8>>, mark: &str| {
        let keys = a.iter().filter(|(key, value)| b.get(*key) != Some(value));
        keys.map(|(key, value)| format!("{mark} {} {value:?}", key.escape_ascii()))
            .collect::<Vec<_>>()
    };
    [only(a, b, "-"), only(b, a, "+")].concat()
}

/// Lists, figures and likenesses alone: the order within a thread is that of its coming.
fn derived(entries: BTreeMap<Vec<u8>, Vec<u8>>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    entries
        .into_iter()
        .filter(|(key, _)| key[0] != b'T')
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn it_does_not_matter_how_many_come_at_a_time(steps in steps(), some in 2..9_usize) {
        let whole = derived(filled(&steps, steps.len().max(1)));
        for at_a_time in [1, some] {
            let there = derived(filled(&steps, at_a_time));
            prop_assert_eq!(differing(&whole, &there), Vec::<String>::new());
        }
    }

    #[test]
    fn what_was_is_taken_out_and_what_is_stands_there(steps in steps()) {
        let ended = as_it_ended(&steps);
        let one_by_one = derived(filled(&steps, 1));
        let at_once = derived(filled(&ended, ended.len().max(1)));
        prop_assert_eq!(differing(&at_once, &one_by_one), Vec::<String>::new());
    }

    #[test]
    fn what_comes_twice_changes_nothing(steps in steps()) {
        let twice: Vec<Step> = as_it_ended(&steps);
        let twice: Vec<Step> = twice.iter().chain(&twice).cloned().collect();
        let once = as_it_ended(&steps);
        let (once, twice) = (derived(filled(&once, 4)), derived(filled(&twice, 4)));
        prop_assert_eq!(differing(&once, &twice), Vec::<String>::new());
    }
}

fn on_list(entries: &BTreeMap<Vec<u8>, Vec<u8>>, list: ListName, tag: Tag) -> usize {
    let prefix = keys::list(home(), list, tag);
    entries
        .keys()
        .filter(|key| key.starts_with(&prefix))
        .count()
}

#[test]
fn a_corrected_number_moves_what_was_told_to_her_whom_it_is_about() {
    let first = told(true, 1, 0, None, Says::Movement(moves(Role::Departure, 1)));
    let met = told(
        false,
        1,
        0,
        None,
        Says::Movement(Move {
            role: Role::Arrival,
            ..moves(Role::Departure, 3)
        }),
    );
    let mended = told(
        true,
        2,
        1,
        Some(first.fact.id),
        Says::Correction(moves(Role::Departure, 3)),
    );
    let before = filled(&[Step::Tell(first.clone()), Step::Tell(met.clone())], 1);
    let one_sided = ListName::Work(WorkList::OneSided);
    assert_eq!(on_list(&before, one_sided, WHOLE), 2);
    let steps = [first, met, mended.clone()].map(Step::Tell);
    let after = filled(&steps, 1);
    assert_eq!(on_list(&after, one_sided, WHOLE), 0, "they met");
    assert_eq!(on_list(&after, ListName::All, WHOLE), 1);
    let mut taken_back = steps.to_vec();
    taken_back.push(Step::Settle(mended.fact.id, Reached::Ended));
    let apart = filled(&taken_back, 1);
    assert_eq!(
        on_list(&apart, one_sided, WHOLE),
        2,
        "a correction that nobody has"
    );
}

#[test]
fn who_may_be_one_woman_is_proposed_until_she_is_known_to_both() {
    let departure = told(true, 1, 0, None, Says::Movement(moves(Role::Departure, 1)));
    let arrival = told(
        false,
        1,
        0,
        None,
        Says::Movement(Move {
            role: Role::Arrival,
            ..moves(Role::Departure, 2)
        }),
    );
    let another = told(
        false,
        2,
        0,
        None,
        Says::Movement(Move {
            role: Role::Arrival,
            ..moves(Role::Departure, 3)
        }),
    );
    let alike = |steps: &[Step]| on_list(&filled(steps, 1), ListName::NearMatches, WHOLE);
    let of_two = [departure.clone(), arrival.clone()].map(Step::Tell);
    assert_eq!(alike(&of_two), 2, "the same name and day of birth");
    assert_eq!(alike(&[departure.clone(), another].map(Step::Tell)), 0);
    let answered = told(
        true,
        2,
        1,
        Some(arrival.fact.id),
        Says::Feedback(Outcome::Confirmed),
    );
    assert_eq!(
        alike(&[departure.clone(), arrival.clone(), answered].map(Step::Tell)),
        0,
        "both know her"
    );
    let mut parted = of_two.to_vec();
    for (position, about, other) in [
        (1, departure.fact.id, arrival.fact.id),
        (2, arrival.fact.id, departure.fact.id),
    ] {
        parted.push(Step::Done(Done {
            position: Position::new(position),
            about,
            office: String::new(),
            at_ms: 0,
            kind: ActKind::NotTheSame,
            desk: Vec::new(),
            other: Some(other),
        }));
    }
    assert_eq!(alike(&parted), 0, "a person said so");
}

/// Whether anything in a tree tells of that woman, or what she may be recognised by as the one who
/// left.
fn tells_of(entries: &BTreeMap<Vec<u8>, Vec<u8>>, who: u8) -> bool {
    let holds = |bytes: &[u8]| bytes.windows(16).any(|window| window == [who; 16]);
    let recognised = keys::likenesses(home(), other(), [91; 8], Role::Departure);
    entries
        .iter()
        .any(|(key, value)| holds(key) || holds(value) || key.starts_with(&recognised))
}

#[test]
fn nothing_of_an_erased_case_tells_whose_it_was_and_its_figures_stay() {
    let departure = told(true, 1, 0, None, Says::Movement(moves(Role::Departure, 1)));
    let case = departure.fact.id;
    let of = |out, number, says| Step::Tell(told(out, number, 1, Some(case), says));
    let another = told(
        false,
        2,
        0,
        None,
        Says::Movement(Move {
            role: Role::Arrival,
            ..moves(Role::Departure, 2)
        }),
    );
    let before = vec![
        Step::Tell(departure.clone()),
        of(false, 1, Says::Feedback(Outcome::NotFound)),
        Step::Tell(another),
        Step::Done(Done {
            position: Position::new(1),
            about: case,
            office: String::new(),
            at_ms: 0,
            kind: ActKind::Noted,
            desk: Vec::new(),
            other: None,
        }),
    ];
    let erased = [before.clone(), vec![Step::Erase(case)]].concat();
    let (with, without) = (filled(&before, 2), filled(&erased, 2));
    assert!(tells_of(&with, 1) && on_list(&with, ListName::NearMatches, WHOLE) > 0);
    assert!(!tells_of(&without, 1));
    assert_eq!(on_list(&without, ListName::NearMatches, WHOLE), 0);
    assert_eq!(on_list(&without, ListName::All, WHOLE), 2);
    let one_sided = ListName::Work(WorkList::OneSided);
    assert_eq!(on_list(&with, one_sided, WHOLE), 2);
    assert_eq!(on_list(&without, one_sided, WHOLE), 1, "nobody works on it");
    let figures = |entries: &BTreeMap<Vec<u8>, Vec<u8>>| {
        let cells = entries.iter().filter(|(key, _)| key[0] == b'C');
        cells
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(figures(&with), figures(&without));
    // What is told later, and what is read once more, brings her back neither.
    let mut later = erased.clone();
    later.push(of(false, 3, Says::Correction(moves(Role::Departure, 1))));
    later.push(Step::Tell(departure));
    later.push(of(true, 2, Says::Erasure));
    for at_a_time in [1, 9] {
        let later = filled(&later, at_a_time);
        assert!(!tells_of(&later, 1));
        assert_eq!(on_list(&later, ListName::All, WHOLE), 2);
    }
    // Erased once more, it is as it was.
    let twice = [erased, vec![Step::Erase(case)]].concat();
    assert_eq!(
        differing(&filled(&twice, 1), &without),
        Vec::<String>::new()
    );
}
