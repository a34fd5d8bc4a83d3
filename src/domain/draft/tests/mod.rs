mod kinds;

use proptest::prelude::*;

use super::*;
use crate::domain::problem::Code;

fn rules() -> Rules {
    Rules {
        today: Date::new(2026, 11, 22).unwrap(),
        home_areas: vec!["350582".parse().unwrap()],
        sandbox: true,
    }
}

fn departure() -> RawDraft {
    raw(&[
        (Field::Reference, "r-1"),
        (Field::Kind, "departure"),
        (Field::Name, "杨晓燕"),
        (Field::ResidentId, "994409198707016347"),
        (Field::MaritalStatus, "20"),
        (Field::OriginArea, "350582104000"),
        (Field::DestinationArea, "530111001000"),
        (Field::EventDate, "2026-09-22"),
    ])
}

fn feedback() -> RawDraft {
    raw(&[
        (Field::Kind, "feedback"),
        (Field::Answers, "01020304-0506-8708-8000-000000000001"),
        (Field::Outcome, "confirmed"),
        (Field::EventDate, "2026-10-22"),
    ])
}

fn raw(values: &[(Field, &str)]) -> RawDraft {
    let mut raw = RawDraft::default();
    for (field, value) in values {
        raw.set(*field, value);
    }
    raw
}

fn with(mut raw: RawDraft, values: &[(Field, &str)]) -> RawDraft {
    for (field, value) in values {
        raw.set(*field, value);
    }
    raw
}

fn problems(raw: &RawDraft) -> Vec<(Code, String)> {
    let problems = Draft::parse(raw, &rules()).err().unwrap_or_default();
    problems
        .into_iter()
        .map(|problem| (problem.code, problem.field.into_owned()))
        .collect()
}

fn problem(code: Code, field: Field) -> (Code, String) {
    (code, field.name().to_owned())
}

#[test]
fn a_draft_says_again_what_it_was_read_from() {
    let full = with(
        departure(),
        &[
            (Field::Phone, "13800000000"),
            (Field::ManagingArea, "350582"),
            (Field::DestinationAddress, "工业区宿舍A座, 302室"),
            (Field::ExpectedUntil, "2027.10.1"),
            (Field::CertificateNumber, "T350582403391"),
            (Field::CertificateStatus, "有效"),
            (Field::ValidUntil, "2029-01-01"),
            (Field::ExpectedDeliveryDate, "2027-01-01"),
            (Field::LastCheckOn, "2026-10-01"),
            (Field::NextCheckOn, "2026-12-01"),
            (Field::Provider, "市妇幼保健院"),
            (Field::MethodClass, "a20"),
            (Field::NextSupplyOn, "2026-12-02"),
            (Field::VaccinationDueOn, "2026-12-03"),
            (Field::ConsentDate, "2026-09-20"),
            (Field::ConsentReference, "c-1"),
        ],
    );
    let moved = with(
        feedback(),
        &[
            (Field::Outcome, "moved_on"),
            (Field::MovedToArea, "440305"),
            (Field::Note, "两行\n文字"),
        ],
    );
    for raw in [departure(), full, feedback(), moved] {
        let draft = Draft::parse(&raw, &rules()).ok().unwrap();
        let said = entries(draft.answers, draft.consent.as_ref(), &draft.content);
        let mut again = RawDraft::default();
        for (field, value) in &said {
            again.set(*field, value);
        }
        let filled: Vec<Field> = again.iter().map(|(field, _)| field).collect();
        let mut expected: Vec<Field> = raw.iter().map(|(field, _)| field).collect();
        expected.retain(|field| *field != Field::Reference);
        assert_eq!(filled, expected);
        let mut parsed = Draft::parse(&again, &rules()).ok().unwrap();
        parsed.reference.clone_from(&draft.reference);
        assert!(parsed == draft);
    }
}

#[test]
fn every_problem_is_told_at_once() {
    let raw = with(
        departure(),
        &[
            (Field::Name, ""),
            (Field::ResidentId, "994409196707016341"),
            (Field::MaritalStatus, "未婚"),
            (Field::DestinationArea, "889900000000"),
            (Field::Phone, "12"),
            (Field::ExpectedUntil, "明年"),
        ],
    );
    assert_eq!(
        problems(&raw),
        [
            problem(Code::MissingField, Field::Name),
            problem(Code::ResidentIdCheckDigit, Field::ResidentId),
            problem(Code::OutOfScopeAge, Field::ResidentId),
            problem(Code::OutOfScopeMaritalStatus, Field::MaritalStatus),
            problem(Code::AreaUnknown, Field::DestinationArea),
            problem(Code::DateFormat, Field::ExpectedUntil),
            problem(Code::ValueFormat, Field::Phone),
        ]
    );
}

#[test]
fn an_unreadable_number_or_date_casts_no_shadow() {
    let unread = with(departure(), &[(Field::ResidentId, "9944091987070163")]);
    assert_eq!(
        problems(&unread),
        [problem(Code::ResidentIdFormat, Field::ResidentId)]
    );
    let old_and_undated = with(
        departure(),
        &[
            (Field::ResidentId, "994409193707016341"),
            (Field::EventDate, "去年冬天"),
            (Field::ResidentIdVerified, "派出所证明"),
        ],
    );
    assert_eq!(
        problems(&old_and_undated),
        [problem(Code::DateFormat, Field::EventDate)]
    );
}

#[test]
fn a_verified_number_passes_and_its_reason_travels_only_then() {
    let reason = [(Field::ResidentIdVerified, "派出所证明")];
    let wrong = with(departure(), &[(Field::ResidentId, "994409198707016346")]);
    assert_eq!(
        problems(&wrong),
        [problem(Code::ResidentIdCheckDigit, Field::ResidentId)]
    );
    let filled = |raw| {
        let draft: Draft = Draft::parse(&raw, &rules()).ok().unwrap();
        draft.filled_fields().contains(&Field::ResidentIdVerified)
    };
    assert!(filled(with(wrong, &reason)));
    assert!(!filled(with(departure(), &reason)));
}

#[test]
fn the_sender_is_ours_and_areas_given_agree_with_the_addresses() {
    for (values, expected) in [
        (
            [(Field::OriginArea, "440305"), (Field::ToArea, "530111")],
            vec![problem(Code::AreaNotOurs, Field::OriginArea)],
        ),
        (
            [(Field::DestinationArea, "350582"), (Field::ToArea, "")],
            vec![problem(Code::SameArea, Field::DestinationArea)],
        ),
        (
            [(Field::FromArea, "530111"), (Field::ToArea, "440305")],
            vec![
                problem(Code::ValueFormat, Field::FromArea),
                problem(Code::ValueFormat, Field::ToArea),
            ],
        ),
        (
            [(Field::FromArea, "350582"), (Field::ToArea, "530111")],
            vec![],
        ),
    ] {
        assert_eq!(problems(&with(departure(), &values)), expected);
    }
}

#[test]
fn agreements_are_asked_beside_other_problems_but_not_where_an_area_is_unknown() {
    let deny = |asked: &Asked<'_>| {
        assert_eq!(asked.from.as_str(), "350582");
        // A township's agreement is asked about the townships.
        let movement = asked
            .movement
            .map(|(from, to)| [from, to].map(|it| it.to_string()));
        let expected = ["350582104000", "530111001000"].map(str::to_owned);
        assert_eq!(movement, asked.kind.is_answered().then_some(expected));
        vec![Problem::new(Code::NoAgreement, Field::ToArea)]
    };
    let codes = |raw: &RawDraft| -> Vec<Code> {
        let refused = Draft::judge(raw, &rules(), &deny).err().unwrap_or_default();
        refused.into_iter().map(|problem| problem.code).collect()
    };
    let nameless = with(departure(), &[(Field::Name, "")]);
    assert_eq!(codes(&nameless), [Code::MissingField, Code::NoAgreement]);
    let nowhere = with(departure(), &[(Field::DestinationArea, "889900")]);
    assert_eq!(codes(&nowhere), [Code::AreaUnknown]);
    let home = with(departure(), &[(Field::DestinationArea, "350582")]);
    assert_eq!(codes(&home), [Code::SameArea]);
    assert_eq!(codes(&feedback()), [Code::NoAgreement]);
}

#[test]
fn at_a_node_of_several_areas_the_sender_of_an_answer_follows_from_the_notice() {
    let several = Rules {
        home_areas: vec!["350582".parse().unwrap(), "350583".parse().unwrap()],
        ..rules()
    };
    let unasked = |_: &Asked<'_>| -> Vec<Problem> { panic!("nobody knows the channel yet") };
    let open = with(feedback(), &[(Field::ToArea, "350582")]);
    let draft = Draft::judge(&open, &several, &unasked).ok().unwrap();
    assert!(draft.from_follows);
    let named = with(feedback(), &[(Field::FromArea, "350583")]);
    let draft = Draft::parse(&named, &several).ok().unwrap();
    assert_eq!((draft.from.as_str(), draft.from_follows), ("350583", false));
    assert!(
        !Draft::parse(&feedback(), &rules())
            .ok()
            .unwrap()
            .from_follows
    );
    let itself = with(open.clone(), &[(Field::FromArea, "350582")]);
    let refused = Draft::parse(&itself, &several).err().unwrap();
    assert_eq!(refused, [Problem::new(Code::SameArea, Field::ToArea)]);
}

#[test]
fn an_answer_needs_its_notice_and_what_its_outcome_asks_for() {
    let base = with(feedback(), &[(Field::Answers, "")]);
    assert_eq!(
        problems(&base),
        [problem(Code::MissingField, Field::Answers)]
    );
    for (values, expected) in [
        (
            vec![(Field::Outcome, "fine")],
            problem(Code::ValueFormat, Field::Outcome),
        ),
        (
            vec![(Field::Outcome, "moved_on")],
            problem(Code::MissingField, Field::MovedToArea),
        ),
        (
            vec![(Field::Outcome, "duplicate_of")],
            problem(Code::MissingField, Field::DuplicateOf),
        ),
        (
            vec![(Field::MovedToArea, "440305")],
            problem(Code::ValueFormat, Field::MovedToArea),
        ),
        (
            vec![(Field::Name, "杨晓燕")],
            problem(Code::UnknownField, Field::Name),
        ),
        (
            vec![(Field::FromArea, "530111")],
            problem(Code::AreaNotOurs, Field::FromArea),
        ),
        (
            vec![(Field::ToArea, "350582")],
            problem(Code::SameArea, Field::ToArea),
        ),
    ] {
        assert_eq!(problems(&with(feedback(), &values)), [expected]);
    }
}

#[test]
fn long_texts_control_characters_and_forbidden_words_are_refused_in_their_field() {
    let long = "字".repeat(2_001);
    let message = |text: &str| {
        raw(&[
            (Field::Kind, "message"),
            (Field::Answers, "01020304-0506-8708-8000-000000000001"),
            (Field::Text, text),
        ])
    };
    assert_eq!(problems(&message("两行\n文字")), []);
    assert_eq!(
        problems(&message(&long)),
        [problem(Code::ValueTooLong, Field::Text)]
    );
    assert_eq!(
        problems(&message("a\u{1b}[31m")),
        [problem(Code::ValueFormat, Field::Text)]
    );
    assert_eq!(
        problems(&message("社会抚养费未缴清")),
        [problem(Code::ForbiddenValue, Field::Text)]
    );
}

#[test]
fn a_production_node_refuses_numbers_of_no_one() {
    let production = Rules {
        sandbox: false,
        ..rules()
    };
    let refused = Draft::parse(&departure(), &production).err().unwrap();
    assert_eq!(
        refused,
        [Problem::new(Code::ResidentIdUnassigned, Field::ResidentId)]
    );
}

#[test]
fn content_alone_decides_the_canonical_bytes() {
    let bytes = |raw: &RawDraft| Draft::parse(raw, &rules()).ok().unwrap().canonical();
    let base = bytes(&departure());
    assert_eq!(
        base,
        bytes(&with(departure(), &[(Field::Reference, "r-2")]))
    );
    for change in [
        (Field::Name, "杨晓雁"),
        (Field::DestinationArea, "530111"),
        (Field::Phone, "13800000000"),
        (Field::Provider, "市妇幼保健院"),
    ] {
        assert_ne!(base, bytes(&with(departure(), &[change])));
    }
    let consent = [
        (Field::ConsentDate, "2026-09-20"),
        (Field::ConsentReference, "c"),
    ];
    assert_ne!(base, bytes(&with(departure(), &consent)));
}

#[test]
fn references_are_short_and_plain() {
    assert!("r-1 号".parse::<Reference>().is_ok());
    assert!("字".repeat(128).parse::<Reference>().is_ok());
    for text in ["", " r", "a\nb", &"字".repeat(129)] {
        assert_eq!(text.parse::<Reference>(), Err(NotAReference));
    }
}

proptest! {
    #[test]
    fn any_text_in_any_field_is_judged_and_only_whole_drafts_pass(
        values in proptest::collection::vec((0..Field::ALL.len(), ".{0,24}"), 0..6),
        kind in proptest::sample::select(Kind::ALL.to_vec()),
    ) {
        let mut raw = with(departure(), &[(Field::Kind, kind.name())]);
        for (at, value) in &values {
            raw.set(Field::ALL[*at], value);
        }
        match Draft::parse(&raw, &rules()) {
            Ok(draft) => prop_assert!(draft.canonical().len() > 17),
            Err(problems) => prop_assert!(!problems.is_empty()),
        }
    }
}
