//! What each kind may speak of, and who may say it.

use tonic::Code as Grpc;
use tonic_types::StatusExt as _;

use super::world::{World, held, publish, told};
use crate::{
    agreement::Agreements,
    domain::{
        draft::Draft,
        field::Field,
        notice::{Consent, Content, Correction, Kind, Movement, NoticeId},
    },
    envelope::samples,
    office::client::to_wire,
    proto::office::v1 as wire,
};

/// An agreement of 350582 with 530111 that lets everything through.
pub(super) fn generous() -> Agreements {
    let granted = Kind::ALL.into_iter().filter(|kind| !kind.follows());
    let kinds: Vec<&str> = granted.map(Kind::name).collect();
    let fields = [
        "identity",
        "movement",
        "entitlement",
        "next_check_on",
        "next_due_on",
        "provider",
        "service",
    ];
    let grant = |from: &str, to: &str| {
        format!(
            "[[grant]]\nfrom = \"{from}\"\nto = \"{to}\"\nkinds = {kinds:?}\n\
             fields = {fields:?}\nfree_text = true\n"
        )
    };
    held(&format!(
        "id = \"350582-530111\"\nversion = 1\nsandbox = true\npurpose = \"mobility_service\"\n\
         legal_basis = \"basis\"\nvalid_from = \"2026-01-01\"\nvalid_until = \"2028-12-31\"\n\
         [parties]\na = \"350582\"\nb = \"530111\"\n{}{}",
        grant("a", "b"),
        grant("b", "a")
    ))
}

async fn world() -> World {
    let world = World::start().await;
    world
        .agreements
        .send_replace(std::sync::Arc::new(generous()));
    world
}

pub(super) fn draft(content: Content, answers: Option<NoticeId>) -> wire::Draft {
    to_wire(&Draft {
        reference: None,
        from: "350582".parse().unwrap(),
        from_follows: true,
        to: answers.is_none().then(|| "530111".parse().unwrap()),
        answers,
        consent: Some(Consent {
            date: jiff::civil::date(2026, 9, 1),
            reference: "c-1".into(),
        }),
        content,
    })
}

/// The same move, told by the other county.
fn turned() -> Movement {
    let Movement {
        origin_area,
        destination_area,
        ..
    } = samples::movement();
    Movement {
        origin_area: destination_area,
        destination_area: origin_area,
        ..samples::movement()
    }
}

pub(super) fn id(accepted: &wire::Accepted) -> NoticeId {
    accepted.notice_id.as_ref().try_into().unwrap()
}

#[tokio::test]
async fn a_notice_speaks_only_of_what_its_kind_may_speak_of() {
    let world = world().await;
    let mut client = world.client("system").await;
    let published = publish(&mut client, draft(samples::content(Kind::Departure), None));
    let departed = id(&published.await.unwrap());
    let published = publish(&mut client, draft(samples::content(Kind::Arrival), None));
    let arrived = id(&published.await.unwrap());
    let their_departure = world.receive(Content::Departure(turned()), None).await;
    let their_arrival = world.receive_arrival("350582104000").await;
    let received = |kind, of| world.receive(samples::content(kind), Some(of));
    let their_query = received(Kind::CertificateQuery, departed).await;
    let their_request = received(Kind::ContinuityRequest, departed).await;
    let nobodys = NoticeId::new([3; 8], 1);
    let unfit = Some(("value_format", Field::Answers));
    let cases = [
        (Kind::Feedback, their_arrival, None),
        (Kind::Feedback, departed, unfit),
        (Kind::Feedback, their_query, unfit),
        (Kind::ServiceRecord, their_departure, None),
        (Kind::ServiceRecord, arrived, None),
        (Kind::ServiceRecord, departed, unfit),
        (Kind::ServiceRecord, their_arrival, unfit),
        (Kind::CertificateQuery, arrived, None),
        (Kind::CertificateQuery, their_arrival, unfit),
        (Kind::CertificateResult, their_query, None),
        (Kind::CertificateResult, their_request, unfit),
        (Kind::CertificateResult, departed, unfit),
        (Kind::ContinuityRequest, departed, None),
        (Kind::ContinuityTransfer, their_request, None),
        (Kind::ContinuityTransfer, their_query, unfit),
        (Kind::Correction, departed, None),
        (Kind::Correction, their_arrival, unfit),
        (Kind::Withdrawal, arrived, None),
        (Kind::Withdrawal, their_departure, unfit),
        (Kind::Erasure, arrived, None),
        (Kind::Erasure, their_arrival, unfit),
        (Kind::Return, their_arrival, None),
        (Kind::Message, their_query, None),
        (Kind::VerificationRequest, departed, None),
        (
            Kind::Return,
            nobodys,
            Some(("unknown_notice", Field::Answers)),
        ),
        (
            Kind::VerificationRequest,
            nobodys,
            Some(("unknown_notice", Field::Answers)),
        ),
    ];
    for (kind, of, expected) in cases {
        let said = publish(&mut client, draft(samples::content(kind), Some(of))).await;
        let Some((reason, field)) = expected else {
            let accepted = said.unwrap_or_else(|status| panic!("{kind}: {status:?}"));
            let view = world.store.notices(id(&accepted)).await.unwrap().remove(0);
            assert_eq!(view.facts.kind, kind);
            assert_eq!(view.facts.answers, Some(of), "{kind}");
            continue;
        };
        let status = said.err().unwrap_or_else(|| panic!("{kind} was taken"));
        assert_eq!(told(&status), (Grpc::InvalidArgument, reason.into()));
        let details = status.get_error_details();
        let violations = &details.bad_request().unwrap().field_violations;
        let fields: Vec<&str> = violations.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(fields, [field.name()], "{kind}");
    }
}

#[tokio::test]
async fn a_correction_is_of_the_kind_and_the_counties_of_what_it_mends() {
    let world = world().await;
    let mut client = world.client("system").await;
    let published = publish(&mut client, draft(samples::content(Kind::Departure), None));
    let departed = id(&published.await.unwrap());
    let correction = |corrects, movement| {
        let event_date = jiff::civil::date(2026, 10, 8);
        let correction = Correction {
            corrects,
            event_date,
            movement,
        };
        draft(Content::Correction(correction), Some(departed))
    };
    let elsewhere = Movement {
        destination_area: "530112001000".parse().unwrap(),
        ..samples::movement()
    };
    for (draft, reason, field) in [
        (
            correction(Kind::Arrival, turned()),
            "value_format",
            Field::Corrects,
        ),
        // Between these two it does not exist.
        (
            correction(Kind::Departure, elsewhere),
            "unknown_notice",
            Field::Answers,
        ),
    ] {
        let status = publish(&mut client, draft).await.err().unwrap();
        let details = status.get_error_details();
        let violations = &details.bad_request().unwrap().field_violations;
        let told: Vec<_> = violations
            .iter()
            .map(|it| (it.reason.as_str(), it.field.as_str()))
            .collect();
        assert!(told.contains(&(reason, field.name())), "{told:?}");
    }
}

#[tokio::test]
async fn what_the_node_makes_no_office_says() {
    let world = world().await;
    let mut client = world.client("system").await;
    let theirs = world.receive_arrival("350582104000").await;
    for kind in [Kind::TakenUp, Kind::Reminder] {
        let draft = draft(samples::content(kind), Some(theirs));
        let status = publish(&mut client, draft).await.err().unwrap();
        assert_eq!(
            told(&status),
            (Grpc::InvalidArgument, "made_by_node".into())
        );
    }
}

#[tokio::test]
async fn what_lies_nowhere_is_for_an_office_of_the_whole_county() {
    let world = world().await;
    let theirs = world.receive_arrival("350582104000").await;
    let mut clerk = world.client("chendai").await;
    let mut system = world.client("system").await;
    for kind in [Kind::Bulletin, Kind::VerificationRequest] {
        let said = || draft(samples::content(kind), None);
        let status = publish(&mut clerk, said()).await.err().unwrap();
        let expected = (Grpc::PermissionDenied, "area_outside_scope".into());
        assert_eq!(told(&status), expected, "{kind}");
        publish(&mut system, said()).await.unwrap();
    }
    // A question in a case of the township is the township's to ask.
    let asked = draft(samples::content(Kind::VerificationRequest), Some(theirs));
    publish(&mut clerk, asked).await.unwrap();
}
