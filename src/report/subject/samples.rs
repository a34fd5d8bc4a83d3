//! A woman who never was, and what is held of her.

use super::{Basis, Done, Subject, SubjectCase, SubjectNotice, Telling};
use crate::domain::{
    field::Field,
    notice::{Kind, NoticeId},
    problem::{Sentence, Text},
};

fn both(zh: &str, en: &str) -> Sentence {
    Sentence {
        zh: zh.to_owned(),
        en: en.to_owned(),
    }
}

fn notice(number: u64, kind: Kind, sent: bool, fields: &[(Field, &str)]) -> SubjectNotice {
    let at_ms = 1_791_421_200_000 + i64::try_from(number).unwrap() * 86_400_000;
    let fields = fields
        .iter()
        .map(|(field, value)| (*field, (*value).to_owned()));
    SubjectNotice {
        id: NoticeId::new([7; 8], number),
        kind,
        sent,
        home: "350582".parse().unwrap(),
        other: "530111".parse().unwrap(),
        at_ms,
        state: both("对方已收存", "stored at the other side"),
        disclosed: sent,
        answered_at_ms: sent.then_some(at_ms + 60_000),
        taken_up_at_ms: sent.then_some(at_ms + 7_200_000),
        agreement: Some("350582-530111/2".parse().unwrap()),
        corrected_by: None,
        fields: Some(fields.collect()),
    }
}

pub(in crate::report) fn subject(sandbox: bool) -> Subject {
    let said = [
        (Field::Name, "测试甲<b>"),
        (Field::ResidentId, "990101199203154029"),
        (Field::MaritalStatus, "21"),
        (Field::Phone, "19900000000"),
        (Field::OriginArea, "350582104000"),
        (Field::DestinationArea, "530111001000"),
        (Field::DestinationAddress, "测试路1号3单元502室"),
        (Field::EventDate, "2026-10-08"),
    ];
    let mut departure = notice(1, Kind::Departure, true, &said);
    departure.corrected_by = Some(NoticeId::new([7; 8], 3));
    let answer = [(Field::Outcome, "confirmed")];
    let correction = notice(3, Kind::Correction, true, &said);
    let erased = SubjectNotice {
        fields: None,
        state: both("期限已过", "expired"),
        disclosed: false,
        answered_at_ms: None,
        taken_up_at_ms: None,
        ..notice(4, Kind::Departure, true, &[])
    };
    Subject {
        number: "990101199203154029".parse().unwrap(),
        purpose: "本人10月20日到窗口查询".to_owned(),
        homes: vec!["350582".parse().unwrap()],
        as_of_ms: 1_792_490_400_000,
        sandbox,
        cases: vec![SubjectCase {
            id: departure.id,
            home: departure.home,
            other: departure.other,
            state: both("已反馈：属实", "answered: confirmed"),
            opened_ms: departure.at_ms,
            done: vec![Done {
                at_ms: departure.at_ms + 3_600_000,
                office: "desk".to_owned(),
                what: Text {
                    zh: "备注",
                    en: "noted",
                },
                detail: "电话已核对".to_owned(),
            }],
            notices: vec![
                departure,
                notice(2, Kind::Feedback, false, &answer),
                correction,
            ],
        }],
        apart: vec![erased],
        bases: vec![Basis {
            version: "350582-530111/2".parse().unwrap(),
            terms: Some([
                "regional_cooperation".to_owned(),
                "《个人信息保护法》第十三条第一款第三项".to_owned(),
                "2026-01-01".to_owned(),
                "2027-12-31".to_owned(),
            ]),
        }],
        told_here: vec![Telling {
            at_ms: 1_792_490_400_000,
            who: "spiffe://pilot.example/area/350582/office/desk".to_owned(),
            what: Text {
                zh: "本人查询",
                en: "subject_reported",
            },
            notices: [3, 1, 2].map(|it| NoticeId::new([7; 8], it)).to_vec(),
            purpose: both(
                "事由：本人10月20日到窗口查询",
                "reason: 本人10月20日到窗口查询",
            ),
        }],
    }
}

/// Of whom nothing is held.
pub(in crate::report) fn nobody(sandbox: bool) -> Subject {
    Subject {
        cases: Vec::new(),
        apart: Vec::new(),
        bases: Vec::new(),
        told_here: Vec::new(),
        ..subject(sandbox)
    }
}
