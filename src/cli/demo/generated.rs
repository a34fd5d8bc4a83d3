//! Synthetic people: their numbers begin with 99, which belongs to no one.

use jiff::{ToSpan as _, civil::Date};

use super::place::Place;
use crate::domain::{draft::RawDraft, field::Field, notice::Kind, resident::ResidentNumber};

/// The notice of that number from one county to another: departures and arrivals in turn.
pub(super) fn generate(number: u32, from: &Place, to: &Place, today: Date) -> RawDraft {
    let kind = match number % 5 {
        0..3 => Kind::Departure,
        _ => Kind::Arrival,
    };
    let (origin, destination) = match kind {
        Kind::Departure => (from, to),
        _ => (to, from),
    };
    let moved = before(today, number % 75);
    let mut raw = RawDraft::default();
    let mut set = |field, value: &str| raw.set(field, value);
    set(Field::Kind, kind.name());
    set(Field::Reference, &format!("demo-{number:06}"));
    set(Field::Name, &name(number));
    set(Field::ResidentId, &resident_id(number, today));
    set(
        Field::MaritalStatus,
        pick(&["20", "21", "21", "22", "23"], number / 3),
    );
    set(Field::OriginArea, pick(&origin.townships, number / 2));
    set(
        Field::DestinationArea,
        pick(&destination.townships, number / 5),
    );
    set(Field::EventDate, &moved.to_string());
    let county = destination.area.entry();
    let (prefecture, county) = county.map_or(("", ""), |entry| (entry.prefecture, entry.name));
    let street = pick(&STREETS, number / 7);
    let house = number % 199 + 1;
    set(
        Field::DestinationAddress,
        &format!("{prefecture}{county}{street}{house}号"),
    );
    if !number.is_multiple_of(4) {
        set(
            Field::Phone,
            &format!("199{:08}", number.wrapping_mul(7_919) % 100_000_000),
        );
    }
    if number.is_multiple_of(3) {
        let until = moved.checked_add(1.year()).unwrap_or(moved);
        set(Field::ExpectedUntil, &until.to_string());
    }
    raw
}

/// A number whose check digit holds, of a woman of 20 to 44 years.
fn resident_id(number: u32, today: Date) -> String {
    let year = i32::from(today.year())
        .saturating_sub(21)
        .saturating_sub(i32::try_from(number % 24).unwrap_or_default());
    let month = number / 24 % 12 + 1;
    let day = number / 5 % 28 + 1;
    let woman = number % 5 * 2;
    let body = format!(
        "99{:04}{year:04}{month:02}{day:02}{:02}{woman}",
        number % 10_000,
        number / 10_000 % 100,
    );
    CHECKS
        .chars()
        .map(|check| format!("{body}{check}"))
        .find(|whole| whole.parse::<ResidentNumber>().is_ok())
        .unwrap_or(body)
}

fn name(number: u32) -> String {
    let surname = pick(&SURNAMES, number);
    let given = pick(&GIVEN, number / 11);
    format!("{surname}{given}")
}

fn before(day: Date, days: u32) -> Date {
    day.checked_sub(i64::from(days).days()).unwrap_or(day)
}

fn pick<'a>(all: &[&'a str], number: u32) -> &'a str {
    let turn = usize::try_from(number).unwrap_or_default();
    turn.checked_rem(all.len())
        .and_then(|place| all.get(place).copied())
        .unwrap_or_default()
}

const CHECKS: &str = "0123456789X";
const SURNAMES: [&str; 13] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "周", "吴", "徐", "孙", "欧阳",
];
const GIVEN: [&str; 11] = [
    "秀英", "丽华", "静怡", "彩云", "海霞", "玉兰", "桂花", "春梅", "美玲", "文静", "雪",
];
const STREETS: [&str; 7] = [
    "人民路",
    "解放路",
    "建设街",
    "和平路",
    "长江路",
    "青阳街",
    "东山村",
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::civil::date;

    use super::*;
    use crate::{
        cli::demo::place::cast,
        domain::draft::{Draft, Rules},
    };

    #[test]
    fn every_generated_notice_passes_and_no_two_are_of_one_person() {
        let cast = cast().unwrap();
        let [a, b, ..] = &cast;
        let today = date(2026, 11, 22);
        let rules = Rules {
            today,
            home_areas: vec![a.area],
            sandbox: true,
        };
        let mut people = HashSet::new();
        for number in 0..2_000 {
            let raw = generate(number, a, b, today);
            let person = raw.get(Field::ResidentId).unwrap();
            assert!(person.starts_with("99"));
            assert!(people.insert(person.to_owned()));
            let codes = Draft::parse(&raw, &rules).map(drop).map_err(|problems| {
                let codes = problems.iter().map(|problem| problem.code.name());
                codes.collect::<Vec<_>>()
            });
            assert_eq!(codes, Ok(()), "{number}");
        }
    }
}
