//! A month of 晋江市 that was never counted.

use jiff::civil::date;

use super::{Bulletin, Item, List, Owes, Past, Report, Row, with_sums};
use crate::domain::{
    calendar::begin_ms,
    case::{Count, Response, WorkList},
    indicator::{ByHand, Figures},
    month::Month,
    notice::{Kind, NoticeId},
    problem::Sentence,
};

/// What came of so many notices: with the parts that were answered, in time, and taken up in
/// hundredths, and the days that answers took around a middle.
pub(super) fn figures(due: u64, answered: u64, in_time: u64, middle: u32) -> Figures {
    let of = |hundredths: u64| due * hundredths / 100;
    let mut response = Response::default();
    for (place, _) in (0_u32..).zip(0..of(answered)) {
        // From 0 to twice the middle, with a few that took much longer.
        let days =
            (place * 7 + place / 3) % (2 * middle + 1) + if place % 17 == 16 { 25 } else { 0 };
        response += &Response::of(days);
    }
    Figures {
        owed: Count {
            to_take_up: due,
            taken_up_in_time: of(answered.midpoint(100)),
            to_answer: due,
            answered: of(answered),
            answered_in_time: of(in_time),
            response,
        },
        sent: due + due / 8,
        stored: due + due / 8,
        records: due,
        records_mended: due / 40,
        fields_asked: due * 12,
        fields_filled: due * 11,
        answers: of(answered),
        answers_matched: of(answered) * 8 / 10,
        answers_not_found: of(answered) / 10,
        cases: due,
        cases_one_sided: due / 15,
        persons_active: due * 3,
        persons_served: due * 27 / 10,
        trips_saved: of(answered) / 2,
    }
}

/// Code, notices due, per cent answered and in time, middle of the days.
type Peer = (&'static str, u64, u64, u64, u32);

const THEY: &[Peer] = &[
    ("530111", 128, 97, 95, 5),
    ("360102", 86, 93, 88, 7),
    ("520502", 64, 89, 81, 9),
    ("530926", 41, 100, 98, 3),
    ("450123", 33, 76, 61, 12),
    ("513425", 18, 94, 94, 4),
    ("422822", 12, 83, 75, 8),
    ("340321", 9, 100, 89, 6),
    ("620422", 3, 67, 67, 6),
];
const WE: &[Peer] = &[
    ("530111", 143, 99, 97, 4),
    ("360102", 71, 96, 94, 5),
    ("520502", 52, 98, 96, 5),
    ("450123", 22, 91, 86, 8),
    ("530926", 4, 100, 100, 2),
    ("513425", 2, 100, 50, 3),
];

/// By area, or by area and kind.
pub(super) fn report(kinds: bool, sandbox: bool) -> Report {
    let sides = [(Owes::They, THEY), (Owes::We, WE)];
    let mut cells = Vec::new();
    for (side, peers) in sides {
        for (peer, due, answered, in_time, middle) in peers {
            let cell = |kind, due| Row {
                peer: Some(peer.parse().unwrap()),
                side,
                kind,
                figures: figures(due, *answered, *in_time, *middle),
            };
            if kinds {
                cells.push(cell(Some(Kind::Departure), due - due / 4));
                cells.push(cell(Some(Kind::Arrival), due / 4));
            } else {
                cells.push(cell(None, *due));
            }
        }
    }
    Report {
        home: "350582".parse().unwrap(),
        area: "350582".parse().unwrap(),
        from: date(2026, 10, 1),
        until: date(2026, 10, 31),
        as_of_ms: begin_ms(date(2026, 11, 2)).unwrap() + 9 * 3_600_000,
        sandbox,
        by_hand: ByHand {
            registered: Some(410),
            estimated: None,
        },
        rows: with_sums(cells),
    }
}

/// The month of [`report`] with eleven before it, one of which is not known and one too small.
pub(super) fn bulletin(sandbox: bool) -> Bulletin {
    let mut past = Vec::new();
    for back in 0..12_u32 {
        if back == 7 {
            continue;
        }
        let (year, month) = if back < 10 {
            (2026, 10 - back)
        } else {
            (2025, 22 - back)
        };
        let month: Month = format!("{year}-{month:02}").parse().unwrap();
        let due = if back == 10 { 4 } else { 300 };
        let worse = u64::from(back) + u64::from(back % 3) * 2;
        for (side, best) in [(Owes::They, 94), (Owes::We, 98)] {
            past.push(Past {
                month,
                side,
                figures: figures(due, best - worse, best - 5 - worse, 6),
            });
        }
    }
    Bulletin {
        report: report(false, sandbox),
        past,
    }
}

/// Stable name, Chinese, English.
type State = (&'static str, &'static str, &'static str);

/// Three cases that are overdue.
pub(super) fn list(sandbox: bool) -> List {
    let item = |number: u64, peer: &str, side, kind, due, days_late, (state, zh, en): State| Item {
        case: NoticeId::new([7; 8], number),
        notice: NoticeId::new([7; 8], number + 1),
        peer: peer.parse().unwrap(),
        side,
        kind,
        since: date(2026, 9, 28),
        due,
        days_late,
        state,
        state_words: Sentence {
            zh: zh.to_owned(),
            en: en.to_owned(),
        },
    };
    List {
        home: "350582".parse().unwrap(),
        list: WorkList::Overdue,
        as_of_ms: begin_ms(date(2026, 11, 2)).unwrap() + 9 * 3_600_000,
        sandbox,
        items: vec![
            item(
                1,
                "530111",
                Owes::We,
                Kind::Departure,
                Some(date(2026, 10, 26)),
                5,
                ("opened", "未反馈", "opened"),
            ),
            item(
                3,
                "530926",
                Owes::They,
                Kind::Arrival,
                Some(date(2026, 10, 30)),
                1,
                ("active", "已确认居住", "active"),
            ),
            item(
                5,
                "450123",
                Owes::They,
                Kind::VerificationRequest,
                None,
                0,
                (
                    "closed",
                    "已结案：已在现居住地落户",
                    "closed: registered here",
                ),
            ),
        ],
    }
}
