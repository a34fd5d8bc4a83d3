//! The keys of the tree and what stands under each. All of it follows from the store.
//!
//! | key | value |
//! |---|---|
//! | `A` home other | [`Cursor`]: how far the two channels of a pair have been read |
//! | `B` home | position of the last act of a desk that was read |
//! | `E` home | position of the last erasure that was read |
//! | `R` | nothing: something was erased, and the tree is to be written anew |
//! | `T` home other person | a [thread](super::thread::Thread); of an erased case the id of that stands for the person |
//! | `N` home other notice | the person whose thread a notice stands in |
//! | `L` home list tag day case | the other area: a case with it on a list |
//! | `M` home other tag role person | the notice by which she may be recognised |
//! | `C` home tag day other side kind | [`Figures`](crate::domain::indicator::Figures) |

use jiff::civil::Date;

use super::{
    day::{date_of, days},
    tags::Tag,
    thread::ThreadId,
};
use crate::domain::{
    area::County,
    case::{PersonKey, Role, WorkList},
    channel::Sequence,
    notice::{Kind, NoticeId},
};

/// The version of these keys and values; one of another version is filled anew.
pub(super) const VERSION: u8 = 2;

/// A list in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListName {
    /// A list of work. `Overdue` holds everything that is owed here by the day on which it is due:
    /// how far it is to be read is a question of today.
    Work(WorkList),
    /// What the other side owes, by the day on which it is due.
    Awaited,
    /// Who may be known under two numbers.
    NearMatches,
    /// Every case, by the day on which it was opened.
    All,
    /// With one other area, which stands in the place of the tag: every case, by each day on which
    /// an answer was or is due in it.
    Due,
}

/// Which side owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The home area.
    We,
    /// The other area.
    They,
}

/// How far the channels of a pair have been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The channel out.
    pub(super) out: Sequence,
    /// Up to there it is known what became of what went out.
    pub(super) settled: Sequence,
    /// The channel in.
    pub(super) came: Sequence,
}

/// A cell of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Cell {
    pub(super) home: County,
    pub(super) tag: Tag,
    pub(super) day: Date,
    pub(super) other: County,
    pub(super) side: Side,
    pub(super) kind: Kind,
}

pub(super) fn cursor(home: County, other: County) -> Vec<u8> {
    key(b'A', &[home.as_bytes(), other.as_bytes()])
}

pub(super) fn acts(home: County) -> Vec<u8> {
    key(b'B', &[home.as_bytes()])
}

/// What was erased is in the files of the tree still.
pub(super) const TO_RENEW: &[u8] = b"R";

pub(super) fn erasures(home: County) -> Vec<u8> {
    key(b'E', &[home.as_bytes()])
}

pub(super) fn thread(id: ThreadId) -> Vec<u8> {
    let ThreadId {
        home,
        other,
        person,
    } = id;
    key(
        b'T',
        &[home.as_bytes(), other.as_bytes(), person.as_bytes()],
    )
}

pub(super) fn notice(home: County, other: County, id: NoticeId) -> Vec<u8> {
    key(b'N', &[home.as_bytes(), other.as_bytes(), id.as_bytes()])
}

/// The entries of a notice in every pair of a home area have no common prefix; those of a pair do.
pub(super) fn list(home: County, list: ListName, tag: Tag) -> Vec<u8> {
    key(b'L', &[home.as_bytes(), &[list_number(list)], &tag])
}

/// What stands in the place of a tag for another area.
pub(super) fn tag_of(other: County) -> Tag {
    let [a, b, c, d, e, f] = *other.as_bytes();
    [a, b, c, d, e, f, 0, 0]
}

pub(super) fn listed(
    home: County,
    name: ListName,
    tag: Tag,
    day: Option<Date>,
    case: NoticeId,
) -> Vec<u8> {
    let mut key = list(home, name, tag);
    key.extend(day_key(day));
    key.extend(case.as_bytes());
    key
}

/// Whether a key is of a list by which people work: all but those of every case.
pub(super) fn is_of_work(key: &[u8]) -> bool {
    let every = [ListName::All, ListName::Due].map(list_number);
    key.get(7).is_some_and(|list| !every.contains(list))
}

/// Day and case of a key of a list.
pub(super) fn listed_at(key: &[u8]) -> Option<(Option<Date>, NoticeId)> {
    let (rest, case) = key.split_at_checked(key.len().checked_sub(16)?)?;
    let (_, day) = rest.split_at_checked(rest.len().checked_sub(4)?)?;
    let day = u32::from_be_bytes(day.try_into().ok()?);
    let day = match day {
        u32::MAX => None,
        day => Some(date_of_key(day)?),
    };
    Some((day, NoticeId::try_from(case).ok()?))
}

pub(super) fn likeness(
    home: County,
    other: County,
    tag: Tag,
    role: Role,
    person: PersonKey,
) -> Vec<u8> {
    let mut key = likenesses(home, other, tag, role);
    key.extend(person.as_bytes());
    key
}

pub(super) fn likenesses(home: County, other: County, tag: Tag, role: Role) -> Vec<u8> {
    let role = match role {
        Role::Departure => 0,
        Role::Arrival => 1,
    };
    key(b'M', &[home.as_bytes(), other.as_bytes(), &tag, &[role]])
}

/// The person of a key of a likeness.
pub(super) fn person_at(key: &[u8]) -> Option<PersonKey> {
    let person = key.get(key.len().checked_sub(16)?..)?;
    Some(PersonKey::new(person.try_into().ok()?))
}

pub(super) fn cells(home: County, tag: Tag) -> Vec<u8> {
    key(b'C', &[home.as_bytes(), &tag])
}

/// Where the cells of a day begin.
pub(super) fn cells_from(home: County, tag: Tag, day: Date) -> Vec<u8> {
    let mut key = cells(home, tag);
    key.extend(day_key(Some(day)));
    key
}

pub(super) fn cell(cell: &Cell) -> Vec<u8> {
    let mut key = cells_from(cell.home, cell.tag, cell.day);
    key.extend(cell.other.as_bytes());
    key.push(match cell.side {
        Side::We => 0,
        Side::They => 1,
    });
    key.push(cell.kind.number());
    key
}

/// Day, other area, side and kind of a key of a cell.
pub(super) fn cell_at(key: &[u8]) -> Option<(Date, County, Side, Kind)> {
    let tail = key.get(key.len().checked_sub(12)?..)?;
    let (day, tail) = tail.split_first_chunk::<4>()?;
    let (other, tail) = tail.split_first_chunk::<6>()?;
    let [side, kind] = tail else { return None };
    let side = match side {
        0 => Side::We,
        1 => Side::They,
        _ => return None,
    };
    Some((
        date_of_key(u32::from_be_bytes(*day))?,
        County::try_from(*other).ok()?,
        side,
        Kind::from_number(*kind)?,
    ))
}

impl Cursor {
    pub(super) fn encode(self) -> Vec<u8> {
        let Self { out, settled, came } = self;
        [out, settled, came]
            .into_iter()
            .flat_map(|at| at.get().to_be_bytes())
            .collect()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (out, rest) = bytes.split_first_chunk::<8>()?;
        let (settled, rest) = rest.split_first_chunk::<8>()?;
        let came: &[u8; 8] = rest.try_into().ok()?;
        let [out, settled, came] =
            [out, settled, came].map(|bytes| Sequence::new(u64::from_be_bytes(*bytes)));
        Some(Self { out, settled, came })
    }
}

/// The other area of a value of a list. Whose case it is stands under the notice that names it.
pub(super) fn other_of(listed: &[u8]) -> Option<County> {
    County::try_from(<[u8; 6]>::try_from(listed).ok()?).ok()
}

fn day_key(day: Option<Date>) -> [u8; 4] {
    // What has no day comes last.
    day.map_or(u32::MAX, |day| days(day).cast_unsigned() ^ SIGN)
        .to_be_bytes()
}

fn date_of_key(key: u32) -> Option<Date> {
    date_of((key ^ SIGN).cast_signed())
}

fn list_number(list: ListName) -> u8 {
    match list {
        ListName::Work(WorkList::ToTakeUp) => 1,
        ListName::Work(WorkList::ToVerify) => 2,
        ListName::Work(WorkList::ToAnswer) => 3,
        ListName::Work(WorkList::Overdue) => 4,
        ListName::Work(WorkList::OneSided) => 5,
        ListName::Work(WorkList::CorrectionsWaiting) => 6,
        ListName::Work(WorkList::ToPassOn) => 7,
        ListName::Awaited => 8,
        ListName::NearMatches => 9,
        ListName::All => 10,
        ListName::Due => 11,
    }
}

fn key(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = vec![first];
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

/// Turns the order of signed numbers into that of bytes.
const SIGN: u32 = 1 << 31;

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn keys_of_a_list_rise_by_day_and_give_back_what_they_hold() {
        let home: County = "350582".parse().unwrap();
        let case = NoticeId::new([7; 8], 9);
        let at = |day| listed(home, ListName::All, [3; 8], day, case);
        let days = [
            Some(date(1969, 12, 31)),
            Some(date(1970, 1, 1)),
            Some(date(2026, 2, 28)),
            Some(date(2026, 3, 1)),
            None,
        ];
        assert!(days.map(at).is_sorted());
        for day in days {
            assert_eq!(listed_at(&at(day)), Some((day, case)));
        }
    }

    #[test]
    fn a_cell_gives_back_what_its_key_holds() {
        let day = date(2026, 10, 8);
        let it = Cell {
            home: "350582".parse().unwrap(),
            tag: [1; 8],
            day,
            other: "530111".parse().unwrap(),
            side: Side::They,
            kind: Kind::Departure,
        };
        let held = cell_at(&cell(&it));
        assert_eq!(held, Some((day, it.other, it.side, it.kind)));
        assert!(cell(&it).starts_with(&cells_from(it.home, it.tag, day)));
    }
}
