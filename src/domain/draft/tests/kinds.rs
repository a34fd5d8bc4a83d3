//! What each kind needs, takes and refuses.

use super::*;
use crate::domain::notice::{Figure, Names};

const NOTICE: &str = "01020304-0506-8708-8000-000000000001";

/// What a kind cannot do without, but for what a movement needs.
fn least(kind: Kind) -> RawDraft {
    let person = [
        (Field::Name, "杨晓燕"),
        (Field::ResidentId, "994409198707016347"),
        (Field::MaritalStatus, "20"),
    ];
    let own: &[(Field, &str)] = match kind {
        Kind::Departure => return departure(),
        Kind::Arrival => {
            let swapped = [
                (Field::Kind, "arrival"),
                (Field::OriginArea, "530111001000"),
                (Field::DestinationArea, "350582104000"),
            ];
            return with(departure(), &swapped);
        }
        Kind::Correction => {
            let corrected = [
                (Field::Kind, "correction"),
                (Field::Answers, NOTICE),
                (Field::Corrects, "departure"),
                (Field::CorrectedOn, "2026-10-22"),
            ];
            return with(departure(), &corrected);
        }
        Kind::Feedback => &[(Field::Outcome, "confirmed")],
        Kind::Message => &[(Field::Text, "请回电")],
        Kind::VerificationRequest => &[(Field::Facts, "lives_here、phone")],
        Kind::ServiceRecord => &[(Field::Service, "vaccination")],
        Kind::ContinuityTransfer => &[(Field::NextCheckOn, "2026-12-01")],
        Kind::CertificateResult => &[(Field::CertificateStatus, "有效")],
        Kind::Return => &[(Field::Reason, "returned")],
        Kind::Withdrawal => &[(Field::Reason, "duplicate")],
        Kind::Reminder => &[(Field::DueOn, "2026-12-01")],
        Kind::Bulletin => &[(Field::Month, "2026年10月"), (Field::ToArea, "530111")],
        Kind::ContinuityRequest | Kind::CertificateQuery | Kind::Erasure | Kind::TakenUp => &[],
    };
    let mut least = with(raw(&[(Field::Kind, kind.name())]), own);
    if belongs(kind, Field::EventDate) {
        least.set(Field::EventDate, "2026-10-22");
    }
    if kind.names_a_notice() == Names::Must {
        least.set(Field::Answers, NOTICE);
    }
    if kind == Kind::VerificationRequest {
        least = with(least, &person);
        least.set(Field::ToArea, "530111");
    }
    least
}

#[test]
fn each_kind_takes_its_least_and_misses_whatever_is_left_out() {
    for kind in Kind::ALL.into_iter().filter(|kind| !kind.made_by_node()) {
        let least = least(kind);
        let draft = Draft::parse(&least, &rules()).ok();
        let draft = draft.unwrap_or_else(|| panic!("{kind}: {:?}", problems(&least)));
        assert_eq!(draft.content.kind(), kind);
        for (field, _) in least.iter().filter(|(field, _)| *field != Field::Reference) {
            let told = problems(&with(least.clone(), &[(field, "")]));
            let missing = problem(Code::MissingField, field);
            assert!(told.contains(&missing), "{kind} without {field}: {told:?}");
        }
    }
}

#[test]
fn each_kind_refuses_the_fields_of_others() {
    for kind in Kind::ALL.into_iter().filter(|kind| !kind.made_by_node()) {
        for field in Field::ALL
            .into_iter()
            .filter(|field| !belongs(kind, *field))
        {
            let told = problems(&with(least(kind), &[(field, "1")]));
            let stranger = problem(Code::UnknownField, field);
            assert!(told.contains(&stranger), "{kind} with {field}: {told:?}");
        }
    }
}

#[test]
fn an_office_says_nothing_that_the_node_makes() {
    for kind in [Kind::TakenUp, Kind::Reminder] {
        assert_eq!(
            problems(&least(kind)),
            [problem(Code::MadeByNode, Field::Kind)]
        );
    }
}

#[test]
fn a_wrong_value_of_a_kind_is_told_at_its_field() {
    for (kind, field, value, code) in [
        (
            Kind::VerificationRequest,
            Field::Facts,
            "lives_here,income",
            Code::ValueFormat,
        ),
        (
            Kind::VerificationRequest,
            Field::ResidentId,
            "994409193707016341",
            Code::OutOfScopeAge,
        ),
        (
            Kind::ServiceRecord,
            Field::Service,
            "abortion",
            Code::ValueFormat,
        ),
        (
            Kind::ServiceRecord,
            Field::EventDate,
            "2026-11-23",
            Code::DateInFuture,
        ),
        (
            Kind::ServiceRecord,
            Field::NextDueOn,
            "明年",
            Code::DateFormat,
        ),
        (Kind::Return, Field::Reason, "vanished", Code::ValueFormat),
        (
            Kind::Correction,
            Field::Corrects,
            "feedback",
            Code::ValueFormat,
        ),
        (
            Kind::Correction,
            Field::CorrectedOn,
            "2026-11-23",
            Code::DateInFuture,
        ),
        (
            Kind::Correction,
            Field::OriginArea,
            "440305",
            Code::AreaNotOurs,
        ),
        (
            Kind::Withdrawal,
            Field::Reason,
            "cancelled",
            Code::ValueFormat,
        ),
        (Kind::Bulletin, Field::Month, "2026-13", Code::DateFormat),
        (Kind::Bulletin, Field::Month, "2026-12", Code::DateInFuture),
        (
            Kind::Bulletin,
            Field::Figure(Figure::Overdue),
            "4",
            Code::CountTooSmall,
        ),
        (
            Kind::Bulletin,
            Field::Figure(Figure::Overdue),
            "1",
            Code::CountTooSmall,
        ),
        (
            Kind::Bulletin,
            Field::Figure(Figure::Overdue),
            "-5",
            Code::ValueFormat,
        ),
        (
            Kind::Bulletin,
            Field::Figure(Figure::Overdue),
            "5.5",
            Code::ValueFormat,
        ),
    ] {
        let told = problems(&with(least(kind), &[(field, value)]));
        assert!(
            told.contains(&problem(code, field)),
            "{kind} {field} {value}: {told:?}"
        );
    }
    let counts = [
        (Field::Figure(Figure::Overdue), "0"),
        (Field::Figure(Figure::OneSided), "5"),
    ];
    assert_eq!(problems(&with(least(Kind::Bulletin), &counts)), []);
}

#[test]
fn a_reason_of_closing_takes_what_belongs_to_it_and_nothing_else() {
    let moved_to = Field::MovedToArea;
    for (reason, area, expected) in [
        ("returned", "", None),
        ("registered_here", "", None),
        ("deceased", "", None),
        ("left_scope", "", None),
        ("error", "", None),
        ("moved_on", "350583104", None),
        ("moved_on", "", Some((Code::MissingField, moved_to))),
        ("moved_on", "889900", Some((Code::AreaUnknown, moved_to))),
        ("returned", "350583104", Some((Code::ValueFormat, moved_to))),
        ("error", "350583104", Some((Code::ValueFormat, moved_to))),
        ("", "", Some((Code::MissingField, Field::Reason))),
    ] {
        let said = [(Field::Reason, reason), (moved_to, area)];
        let raw = with(least(Kind::Return), &said);
        let expected: Vec<_> = expected
            .map(|(code, field)| problem(code, field))
            .into_iter()
            .collect();
        assert_eq!(problems(&raw), expected, "{reason} {area}");
        if let Ok(draft) = Draft::parse(&raw, &rules()) {
            let Content::Return(ending) = draft.content else {
                panic!("{reason}");
            };
            assert_eq!(ending.reason.name(), reason);
        }
    }
}

#[test]
fn a_correction_goes_the_way_of_what_it_mends() {
    let way = |raw: &RawDraft| {
        let draft = Draft::parse(raw, &rules()).ok().unwrap();
        (draft.from.to_string(), draft.to.map(|to| to.to_string()))
    };
    let (ours, theirs) = ("350582".to_owned(), Some("530111".to_owned()));
    assert_eq!(
        way(&least(Kind::Correction)),
        (ours.clone(), theirs.clone())
    );
    let arrival = [
        (Field::Corrects, "arrival"),
        (Field::OriginArea, "530111001000"),
        (Field::DestinationArea, "350582104000"),
    ];
    assert_eq!(
        way(&with(least(Kind::Correction), &arrival)),
        (ours, theirs)
    );
    let asked = |asked: &Asked<'_>| {
        assert_eq!(asked.corrects, Some(Kind::Departure));
        assert!(asked.movement.is_some() && asked.answers.is_some());
        vec![Problem::new(Code::KindNotPermitted, Field::Kind)]
    };
    let told = Draft::judge(&least(Kind::Correction), &rules(), &asked);
    assert!(told.is_err());
}

#[test]
fn what_names_no_notice_names_its_areas() {
    let several = Rules {
        home_areas: vec!["350582".parse().unwrap(), "350583".parse().unwrap()],
        ..rules()
    };
    for kind in [Kind::VerificationRequest, Kind::Bulletin] {
        let told = Draft::parse(&least(kind), &several).err().unwrap();
        let expected = [Problem::new(Code::MissingField, Field::FromArea)];
        assert_eq!(told, expected, "{kind}");
        let named = with(least(kind), &[(Field::FromArea, "350583")]);
        let draft = Draft::parse(&named, &several).ok().unwrap();
        assert_eq!((draft.from.as_str(), draft.from_follows), ("350583", false));
        assert_eq!(draft.to.map(|to| to.to_string()).as_deref(), Some("530111"));
    }
    // With a notice to go by, both follow from that.
    let of_a_case = [(Field::Answers, NOTICE), (Field::ToArea, "")];
    let asked = with(least(Kind::VerificationRequest), &of_a_case);
    let draft = Draft::parse(&asked, &several).ok().unwrap();
    assert_eq!((draft.from_follows, draft.to), (true, None));
}
