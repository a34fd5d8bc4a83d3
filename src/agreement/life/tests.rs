use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;
use crate::{
    agreement::{Agreement, Side, samples::TEXT},
    domain::{channel::Digest, notice::Kind},
};

/// What a step gives, a line a state, a column an event, in the order of `ALL`; a dash where the
/// event cannot happen.
const STEPS: &str = "
              proposed  accepted  begun     suspended  resumed   ended  expired  superseded
draft         proposed  -         -         -          -         -      -        -
proposed      -         accepted  -         -          -         ended  expired  superseded
accepted      -         -         in_force  -          -         ended  -        superseded
in_force      -         -         -         suspended  -         ended  expired  superseded
suspended     -         -         -         -          in_force  ended  expired  superseded
ended         -         -         -         -          -         -      -        -
expired       -         -         -         -          -         -      -        -
superseded    -         -         -         -          -         -      -        -
";

#[test]
fn every_event_in_every_state_does_what_the_table_says() {
    let mut lines = STEPS.trim().lines().map(str::split_whitespace);
    let events: Vec<&str> = lines.next().unwrap().collect();
    assert_eq!(events, Event::ALL.map(Event::name));
    let mut states = Vec::new();
    for mut line in lines {
        let state = line.next().unwrap();
        let state = *State::ALL.iter().find(|it| it.name() == state).unwrap();
        states.push(state);
        for (event, expected) in Event::ALL.into_iter().zip(line.by_ref()) {
            match state.step(event) {
                Ok(next) => assert_eq!(next.name(), expected, "{state:?} {event:?}"),
                Err(error) => {
                    assert_eq!(error, NotFrom { state, event });
                    assert_eq!(expected, "-", "{error}");
                }
            }
        }
    }
    assert_eq!(states, State::ALL);
}

fn version(number: u32) -> Agreement {
    let from = format!("2026-0{number}-01");
    let text = TEXT
        .replace("version = 1", &format!("version = {number}"))
        .replace("2026-01-01", &from)
        .replace("2028-12-31", "2026-12-31");
    Agreement::parse(&text).unwrap()
}

fn day(month: i8, day: i8) -> Date {
    date(2026, month, day)
}

/// The next statement of that side on that version.
fn says(standing: &Standing, side: Side, of: &Agreement, on: Date, says: Says) -> Statement {
    Statement {
        side,
        number: standing.next_number(side),
        agreement: of.version,
        digest: of.digest(),
        on,
        says,
    }
}

fn reason() -> Reason {
    "系统升级".parse().unwrap()
}

fn suspend(from: Date) -> Says {
    Says::Suspend {
        what: What::All,
        from,
        reason: reason(),
    }
}

fn end(from: Date) -> Says {
    Says::End {
        from,
        reason: reason(),
    }
}

/// A standing after those statements, each of which is taken.
fn after(statements: &[(Side, &Agreement, Date, Says)]) -> Standing {
    let id = version(1).version.id;
    let mut standing = Standing::new(id);
    for (side, of, on, what) in statements {
        let statement = says(&standing, *side, of, *on, what.clone());
        assert_eq!(standing.add(statement), Ok(Added::New));
    }
    standing
}

/// The state of the first of these versions on a day.
fn state(versions: &[&Agreement], standing: &Standing, day: Date) -> State {
    let records = records(versions.iter().copied(), Some(standing));
    state_on(&records[0], day)
}

#[test]
fn a_version_lives_by_two_yeses_and_the_calendar() {
    let v = version(3);
    let (a, b) = (Side::A, Side::B);
    let proposed = (a, &v, day(2, 1), Says::Propose);
    let accepted = (b, &v, day(2, 3), Says::Accept);
    let both = after(&[proposed.clone(), accepted.clone()]);
    let ended = after(&[
        proposed.clone(),
        accepted.clone(),
        (b, &v, day(4, 1), end(day(5, 1))),
        (a, &v, day(4, 2), end(day(6, 1))),
    ]);
    let suspended = after(&[
        proposed.clone(),
        accepted.clone(),
        (a, &v, day(4, 1), suspend(day(4, 10))),
    ]);
    for (standing, on, expected) in [
        (&after(&[]), day(4, 1), State::Draft),
        (&after(&[]), date(2027, 1, 1), State::Draft),
        (
            &after(std::slice::from_ref(&proposed)),
            day(4, 1),
            State::Proposed,
        ),
        (
            &after(std::slice::from_ref(&proposed)),
            date(2027, 1, 1),
            State::Expired,
        ),
        (
            &after(std::slice::from_ref(&accepted)),
            day(4, 1),
            State::Proposed,
        ),
        (&both, day(2, 28), State::Accepted),
        (&both, day(3, 1), State::InForce),
        (&both, day(12, 31), State::InForce),
        (&both, date(2027, 1, 1), State::Expired),
        (&ended, day(4, 30), State::InForce),
        (&ended, day(5, 1), State::Ended),
        (&ended, date(2027, 1, 1), State::Ended),
        (&suspended, day(4, 9), State::InForce),
        (&suspended, day(4, 10), State::Suspended),
        (&suspended, date(2027, 1, 1), State::Expired),
    ] {
        assert_eq!(state(&[&v], standing, on), expected, "{on} {standing:?}");
    }
    let refused = after(&[proposed, (b, &v, day(2, 2), end(day(2, 2)))]);
    assert_eq!(state(&[&v], &refused, day(2, 2)), State::Ended);
}

#[test]
fn only_the_sides_that_suspended_resume_and_both_have_to() {
    let v = version(1);
    let yes = [
        (Side::A, &v, day(1, 1), Says::Propose),
        (Side::B, &v, day(1, 1), Says::Accept),
    ];
    let mut standing = after(&yes);
    let now = |standing: &Standing| state(&[&v], standing, day(6, 1));
    for (side, what, expected) in [
        (Side::A, suspend(day(5, 1)), State::Suspended),
        (Side::B, suspend(day(5, 1)), State::Suspended),
        (Side::A, Says::Resume, State::Suspended),
        (Side::B, Says::Resume, State::InForce),
        (Side::B, suspend(day(5, 1)), State::Suspended),
    ] {
        let statement = says(&standing, side, &v, day(5, 1), what);
        assert_eq!(standing.add(statement), Ok(Added::New));
        assert_eq!(now(&standing), expected);
    }
    let resume = says(&standing, Side::A, &v, day(5, 2), Says::Resume);
    assert_eq!(standing.add(resume), Err(NotAdded::NotSuspended));
}

#[test]
fn named_kinds_are_suspended_in_one_direction_and_add_up() {
    let v = version(1);
    let of = |side, kind| Says::Suspend {
        what: What::Kinds([(side, kind)].into()),
        from: day(5, 1),
        reason: reason(),
    };
    let standing = after(&[
        (Side::A, &v, day(1, 1), Says::Propose),
        (Side::B, &v, day(1, 1), Says::Accept),
        (Side::A, &v, day(5, 1), of(Side::B, Kind::Message)),
        (Side::A, &v, day(5, 1), of(Side::A, Kind::Departure)),
    ]);
    assert_eq!(state(&[&v], &standing, day(5, 1)), State::InForce);
    let record = &records([&v].into_iter(), Some(&standing))[0];
    for (side, kind, on, expected) in [
        (Side::B, Kind::Message, day(5, 1), true),
        (Side::B, Kind::Message, day(4, 30), false),
        (Side::A, Kind::Message, day(5, 1), false),
        (Side::A, Kind::Departure, day(5, 1), true),
        (Side::B, Kind::Feedback, day(5, 1), false),
        // What follows flows, but for what would carry the same as the suspended kind.
        (Side::A, Kind::Correction, day(5, 1), true),
        (Side::B, Kind::Correction, day(5, 1), false),
        (Side::A, Kind::Withdrawal, day(5, 1), false),
        (Side::A, Kind::Erasure, day(5, 1), false),
    ] {
        assert_eq!(record.suspends(side, kind, on), expected, "{side:?} {kind}");
    }
}

#[test]
fn an_erasure_waits_for_no_suspension() {
    let v = version(1);
    let suspend = |what| Says::Suspend {
        what,
        from: day(5, 1),
        reason: reason(),
    };
    let of_its_own = What::Kinds([(Side::A, Kind::Erasure)].into());
    for what in [What::All, of_its_own] {
        let standing = after(&[
            (Side::A, &v, day(1, 1), Says::Propose),
            (Side::B, &v, day(1, 1), Says::Accept),
            (Side::B, &v, day(5, 1), suspend(what.clone())),
        ]);
        let record = &records([&v].into_iter(), Some(&standing))[0];
        assert!(!record.suspends(Side::A, Kind::Erasure, day(5, 1)));
        let all = what == What::All;
        assert_eq!(record.suspends(Side::A, Kind::Withdrawal, day(5, 1)), all);
    }
}

#[test]
fn a_newer_version_supersedes_from_its_first_day_or_that_of_the_second_yes() {
    let (one, two) = (version(1), version(5));
    let versions = [&one, &two];
    let mut standing = Standing::new(one.version.id);
    standing.signed_in_pairing(1, one.digest(), day(1, 1));
    let now = |standing: &Standing, on| state(&versions, standing, on);
    let propose = says(&standing, Side::B, &two, day(5, 10), Says::Propose);
    standing.add(propose).unwrap();
    assert_eq!(now(&standing, day(6, 1)), State::InForce, "one yes");
    let accept = says(&standing, Side::A, &two, day(5, 20), Says::Accept);
    standing.add(accept).unwrap();
    let record = &records(versions.into_iter(), Some(&standing))[0];
    for (on, expected, honoured) in [
        (day(5, 19), State::InForce, true),
        (day(5, 20), State::Superseded, true),
        (day(5, 21), State::Superseded, false),
    ] {
        assert_eq!(state_on(record, on), expected, "{on}");
        assert_eq!(record.honours(on), honoured, "{on}");
    }
    // What was superseded stays so, also when its successor ends.
    let end = says(&standing, Side::A, &two, day(5, 21), end(day(5, 25)));
    standing.add(end).unwrap();
    assert_eq!(now(&standing, day(6, 1)), State::Superseded);
    // One that ends before it begins supersedes nothing.
    let mut other = Standing::new(one.version.id);
    other.signed_in_pairing(1, one.digest(), day(1, 1));
    other.signed_in_pairing(5, two.digest(), day(2, 1));
    let never = says(&other, Side::A, &two, day(2, 2), self::end(day(5, 1)));
    other.add(never).unwrap();
    assert_eq!(now(&other, day(6, 1)), State::InForce);
}

#[test]
fn a_yes_to_another_text_of_the_version_is_none_to_this() {
    let v = version(1);
    let mut other = Standing::new(v.version.id);
    other.signed_in_pairing(1, Digest::new([7; 32]), day(1, 1));
    assert_eq!(state(&[&v], &other, day(6, 1)), State::Draft);
}

#[test]
fn a_statement_that_does_not_follow_on_its_sides_others_is_not_taken() {
    let (v, later) = (version(1), version(2));
    let base = after(&[
        (Side::A, &v, day(1, 1), Says::Propose),
        (Side::B, &v, day(1, 1), Says::Accept),
        (Side::B, &v, day(4, 1), end(day(5, 1))),
    ]);
    let statement = |side, says_| says(&base, side, &v, day(4, 2), says_);
    let changed = |change: fn(&mut Statement)| {
        let mut statement = base.said(Side::B)[1].clone();
        change(&mut statement);
        statement
    };
    let elsewhere = Statement {
        agreement: "350582-530112/1".parse().unwrap(),
        ..statement(Side::A, Says::Resume)
    };
    let nothing = Says::Suspend {
        what: What::Kinds([].into()),
        from: day(5, 1),
        reason: reason(),
    };
    let early = Statement {
        number: 9,
        ..statement(Side::A, suspend(day(4, 2)))
    };
    let zero = Statement {
        number: 0,
        ..early.clone()
    };
    let another = Statement {
        digest: Digest::new([9; 32]),
        ..statement(Side::A, Says::Accept)
    };
    for (statement, expected) in [
        (changed(|_| {}), Ok(Added::Repeated)),
        (changed(|it| it.on = day(4, 3)), Err(NotAdded::Conflict)),
        (
            changed(|it| it.says = Says::Resume),
            Err(NotAdded::Conflict),
        ),
        (elsewhere, Err(NotAdded::OtherAgreement)),
        (early, Err(NotAdded::Gap { expected: 2 })),
        (zero, Err(NotAdded::Gap { expected: 2 })),
        (
            statement(Side::A, suspend(day(4, 1))),
            Err(NotAdded::Backdated),
        ),
        (statement(Side::A, end(day(4, 1))), Err(NotAdded::Backdated)),
        (statement(Side::A, nothing), Err(NotAdded::Nothing)),
        (statement(Side::A, Says::Accept), Err(NotAdded::YesTwice)),
        (another, Err(NotAdded::YesTwice)),
        (
            statement(Side::A, Says::Resume),
            Err(NotAdded::NotSuspended),
        ),
        (
            statement(Side::B, suspend(day(4, 2))),
            Err(NotAdded::AfterTheEnd),
        ),
        (
            statement(Side::B, end(day(4, 2))),
            Err(NotAdded::AfterTheEnd),
        ),
        (
            says(&base, Side::B, &later, day(4, 2), Says::Propose),
            Ok(Added::New),
        ),
    ] {
        let mut standing = base.clone();
        assert_eq!(standing.add(statement.clone()), expected, "{statement:?}");
        assert_eq!(standing != base, expected == Ok(Added::New));
    }
    let mut paired = Standing::new(v.version.id);
    paired.signed_in_pairing(1, v.digest(), day(1, 1));
    // Whoever invited signs the text that was answered, once; and again when they pair anew.
    let counter = |paired: &Standing, digest| Statement {
        digest,
        ..says(paired, Side::A, &v, day(1, 1), Says::Accept)
    };
    assert_eq!(paired.add(counter(&paired, v.digest())), Ok(Added::New));
    let twice = counter(&paired, v.digest());
    assert_eq!(paired.add(twice), Err(NotAdded::YesTwice));
    let anew = Digest::new([9; 32]);
    paired.signed_in_pairing(1, anew, day(2, 1));
    assert_eq!(paired.add(counter(&paired, anew)), Ok(Added::New));
}

#[test]
fn a_statement_has_one_form_in_bytes() {
    let v = version(1);
    let kinds = What::Kinds([(Side::B, Kind::Message), (Side::A, Kind::Arrival)].into());
    let standing = Standing::new(v.version.id);
    let all = [
        Says::Propose,
        Says::Accept,
        suspend(day(5, 1)),
        Says::Suspend {
            what: kinds,
            from: day(5, 1),
            reason: reason(),
        },
        Says::Resume,
        end(day(5, 1)),
    ];
    for what in all {
        let statement = says(&standing, Side::B, &v, day(4, 1), what);
        let bytes = statement.bytes();
        assert!(bytes.starts_with(b"hongyan agreement statement v1\0"));
        assert_eq!(Statement::read(&bytes), Ok(statement));
        for at in 0..bytes.len() {
            assert_eq!(Statement::read(&bytes[..at]), Err(NotAStatement::Form));
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(Statement::read(&longer), Err(NotAStatement::Form));
    }
}

#[test]
fn the_bytes_of_a_statement_never_change() {
    let v = version(1);
    let statement = Statement {
        digest: Digest::new([7; 32]),
        ..says(
            &Standing::new(v.version.id),
            Side::B,
            &v,
            day(4, 1),
            Says::Suspend {
                what: What::Kinds([(Side::A, Kind::Feedback)].into()),
                from: day(5, 1),
                reason: "r".parse().unwrap(),
            },
        )
    };
    let mut expected = b"hongyan agreement statement v1\0\x02".to_vec();
    expected.extend(1u64.to_be_bytes());
    expected.extend(b"\0\0\0\x0d350582-530111\0\0\0\x01");
    expected.extend([7; 32]);
    expected.extend(b"\0\0\0\x0a2026-04-01\x03\x01\0\0\0\x01\x01\x03");
    expected.extend(b"\0\0\0\x0a2026-05-01\0\0\0\x01r");
    assert_eq!(statement.bytes(), expected);
}

#[test]
fn a_reason_is_one_line() {
    assert!("系统升级".repeat(50).parse::<Reason>().is_ok());
    for text in ["", " ", "a\nb", &"x".repeat(201)] {
        assert_eq!(text.parse::<Reason>(), Err(NotAStatement::Reason));
    }
}

/// Up to a dozen things that one side says, some of which do not follow on the others.
fn any_says() -> impl Strategy<Value = Vec<(u32, i8, Says)>> {
    let what = prop_oneof![
        Just(What::All),
        Just(What::Kinds([(Side::A, Kind::Departure)].into())),
    ];
    let said = prop_oneof![
        Just(Says::Propose),
        Just(Says::Accept),
        (what, 1_i8..=28).prop_map(|(what, from)| Says::Suspend {
            what,
            from: day(6, from),
            reason: reason(),
        }),
        Just(Says::Resume),
        (1_i8..=28).prop_map(|from| end(day(7, from))),
    ];
    proptest::collection::vec((1_u32..=3, 1_i8..=28, said), 0..12)
}

/// The statements of one side that a standing takes, numbered.
fn taken(side: Side, said: Vec<(u32, i8, Says)>, of: &BTreeMap<u32, Agreement>) -> Vec<Statement> {
    let mut standing = Standing::new(of[&1].version.id);
    for (number, on, what) in said {
        let statement = says(&standing, side, &of[&number], day(5, on), what);
        // What does not follow was never said.
        let refused = standing.add(statement).err();
        assert!(!matches!(
            refused,
            Some(NotAdded::Gap { .. } | NotAdded::Conflict)
        ));
    }
    standing.said(side).to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever each node hears first, also twice and too early, both hold the same in the end.
    #[test]
    fn both_nodes_come_to_the_same_whatever_they_hear_first(
        a in any_says(),
        b in any_says(),
        order in proptest::collection::vec(any::<bool>(), 48),
        other in proptest::collection::vec(any::<proptest::sample::Index>(), 1..96),
    ) {
        let of: BTreeMap<u32, Agreement> = (1..=3).map(|n| (n, version(n))).collect();
        let sides = [taken(Side::A, a, &of), taken(Side::B, b, &of)];
        // One node hears the two sides by turns.
        let mut here = Standing::new(of[&1].version.id);
        let mut rest = sides.clone().map(Vec::into_iter);
        for first in order {
            let turn = usize::from(first);
            let next = rest[turn].next().or_else(|| rest[1 - turn].next());
            if let Some(statement) = next {
                prop_assert_eq!(here.add(statement), Ok(Added::New));
            }
        }
        // The other hears anything at any time, until it has heard all.
        let mut there = Standing::new(of[&1].version.id);
        let all = sides.concat();
        for index in other.iter().filter(|_| !all.is_empty()) {
            let heard = there.add(index.get(&all).clone());
            prop_assert!(
                matches!(heard, Ok(_) | Err(NotAdded::Gap { .. })),
                "{heard:?}"
            );
        }
        for statement in &all {
            prop_assert!(there.add(statement.clone()).is_ok());
        }
        prop_assert_eq!(&here, &there);
        let newest_first = || of.values().rev();
        let here = records(newest_first(), Some(&here));
        prop_assert_eq!(&here, &records(newest_first(), Some(&there)));
        // And a life goes on only forward, but for what is suspended.
        let mut before = [State::Draft; 3];
        for offset in 0..300 {
            let on = day(4, 1).checked_add(jiff::Span::new().days(offset)).unwrap();
            for (record, before) in here.iter().zip(&mut before) {
                let now = state_on(record, on);
                let back = *before == State::Suspended && now == State::InForce;
                prop_assert!(now >= *before || back, "{before:?} {now:?}");
                *before = now;
            }
        }
    }
}
