//! A year of a busy county with a hundred partners: lists and sums are there at once.
//!
//! `HONGYAN_YEAR=1000000 cargo test --release --lib year -- --nocapture` for the long form.

use std::env;

use jiff::{ToSpan, civil::date};

use super::{
    batch::Batch,
    keys::ListName,
    query::{ListAsked, figures, list},
    tags::WHOLE,
    thread::{Reached, Told},
};
use crate::{
    clock::Clock,
    domain::{
        area::County,
        calendar::begin_ms,
        case::{Due, Fact, Move, PersonKey, Role, Says, WorkList},
        channel::{Channel, Sequence},
        notice::{Kind, NoticeId, Outcome},
        workdays::{Workdays, samples::two_years},
    },
    store::Shelf,
};

const PARTNERS: u64 = 100;

struct Year {
    home: County,
    workdays: Workdays,
    notices: u64,
    /// How far each channel of each pair is: out, then in.
    places: Vec<[u64; 2]>,
}

impl Year {
    fn partner(number: u64) -> County {
        format!("{}", 420_100 + number).parse().unwrap()
    }

    fn told(&mut self, pair: u64, out: bool, day: i64, of: Option<NoticeId>, says: Says) -> Told {
        self.notices += 1;
        let places = &mut self.places[usize::try_from(pair).unwrap()];
        let at = usize::from(!out);
        places[at] += 1;
        let (sequence, opposite) = (places[at], places[1 - at]);
        let channel = Channel {
            from: self.home,
            to: Self::partner(pair),
        };
        let (kind, person) = match &says {
            Says::Movement(said) => match said.role {
                Role::Departure => (Kind::Departure, Some(said.person)),
                Role::Arrival => (Kind::Arrival, Some(said.person)),
            },
            Says::TakenUp => (Kind::TakenUp, None),
            _ => (Kind::Feedback, None),
        };
        let first = begin_ms(date(2025, 9, 1)).unwrap();
        Told {
            kind,
            reached: Reached::Stored,
            person,
            desk: person.map_or_else(Vec::new, |person| {
                let township = person.as_bytes()[15] % 20 + 1;
                vec![WHOLE, [township; 8], [township + 100; 8]]
            }),
            likenesses: person.map_or_else(Vec::new, |person| {
                vec![person.as_bytes()[..8].try_into().unwrap()]
            }),
            filled: 9,
            asked: 12,
            fact: Fact {
                id: NoticeId::new([1; 8], self.notices),
                channel: if out { channel } else { channel.opposite() },
                sequence: Sequence::new(sequence),
                opposite: Sequence::new(opposite),
                published_at_ms: first + day * 86_400_000 + 9 * 3_600_000,
                speaks_of: of,
                says,
            },
        }
    }

    /// One woman: told by one side, taken up and answered by the other after some days, or not.
    fn woman(&mut self, number: u64) -> Vec<Told> {
        // A few partners have most of it.
        let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let pair = (spread % PARTNERS).min(spread / 7 % PARTNERS);
        let (out, day) = (
            number.is_multiple_of(2),
            i64::try_from(number % 365).unwrap(),
        );
        let mut key = [0; 16];
        key[..8].copy_from_slice(&spread.wrapping_add(number << 20).to_be_bytes());
        key[8..].copy_from_slice(&number.to_be_bytes());
        let (role, origin, destination) = if out {
            (Role::Departure, self.home, Self::partner(pair))
        } else {
            (Role::Arrival, Self::partner(pair), self.home)
        };
        let published = date(2025, 9, 1).saturating_add(day.days());
        let due = |days| {
            self.workdays
                .due(published, crate::domain::calendar::Days::working(days))
        };
        let due = Due {
            take_up: due(3).ok(),
            answer: due(15).ok(),
        };
        let says = Says::Movement(Move {
            role,
            person: PersonKey::new(key),
            origin_area: origin.into(),
            destination_area: destination.into(),
            urgent: false,
            due,
        });
        let told = self.told(pair, out, day, None, says);
        let id = told.fact.id;
        let mut all = vec![told];
        if !spread.is_multiple_of(10) {
            let later = day + i64::try_from(spread % 28).unwrap() + 1;
            let outcome = if spread.is_multiple_of(13) {
                Outcome::NotFound
            } else {
                Outcome::Confirmed
            };
            all.push(self.told(pair, !out, later, Some(id), Says::Feedback(outcome)));
        } else {
            all.push(self.told(pair, !out, day + 1, Some(id), Says::TakenUp));
        }
        all
    }
}

fn now() -> std::time::Instant {
    Clock::system().monotonic()
}

#[test]
fn lists_and_sums_of_a_year_are_there_at_once() {
    let notices: u64 = env::var("HONGYAN_YEAR").map_or(10_000, |text| text.parse().unwrap());
    let data = tempfile::tempdir().unwrap();
    let shelf = Shelf::open(data.path(), "cases", b"1", 8 << 20).unwrap();
    let home: County = "350582".parse().unwrap();
    let mut year = Year {
        home,
        workdays: two_years(),
        notices: 0,
        places: vec![[0; 2]; usize::try_from(PARTNERS).unwrap()],
    };
    let workdays = two_years();
    let begun = now();
    let mut number = 0;
    while year.notices < notices {
        let mut batch = Batch::new(&shelf, &workdays);
        for _ in 0..256 {
            number += 1;
            for told in year.woman(number) {
                batch.tell(home, told).unwrap();
            }
        }
        batch.apply().unwrap();
    }
    println!("{} notices in {:?}", year.notices, begun.elapsed());
    let lists = WorkList::ALL.into_iter().map(ListName::Work);
    for name in lists.chain([ListName::Awaited, ListName::NearMatches, ListName::All]) {
        for tags in [vec![WHOLE], vec![[3; 8]], vec![[103; 8], [104; 8]]] {
            let asked = ListAsked {
                home,
                list: name,
                areas: Vec::new(),
                peer: None,
                today: date(2026, 9, 10),
                after: None,
                limit: 100,
            };
            let once = || {
                let begun = now();
                let page = list(&shelf, &asked, &tags).unwrap();
                (begun.elapsed(), page.cases.len())
            };
            // The first look may read from disk.
            let first = once();
            let (best, cases) = (0..3).map(|_| once()).min().unwrap();
            println!(
                "{name:?} of {} areas: {cases} cases, first {:?}, then {best:?}",
                tags.len(),
                first.0
            );
            assert!(best.as_millis() <= 50, "{name:?}: {best:?}");
        }
    }
    for (from, what) in [(date(2026, 8, 1), "a month"), (date(2025, 9, 1), "a year")] {
        let begun = now();
        let sums = figures(&shelf, home, WHOLE, from, date(2026, 8, 31)).unwrap();
        let took = begun.elapsed();
        let records: u64 = sums.iter().map(|sum| sum.figures.records).sum();
        println!(
            "sums of {what}: {} rows of {records} records in {took:?}",
            sums.len()
        );
        assert!(took.as_millis() <= 2_000, "{what}: {took:?}");
        let all = what == "a year";
        assert!(!all || records == number, "every woman was told once");
    }
}
