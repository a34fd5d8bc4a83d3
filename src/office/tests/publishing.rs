//! One notice at a time.

use tonic::Code as Grpc;
use tonic_types::StatusExt as _;

use super::world::{World, departure, feedback, held, movement, peer_feedback, publish, told};
use crate::{
    domain::notice::NoticeId,
    envelope,
    office::tests::world::out,
    proto::{notice::v1 as notice, office::v1 as wire},
    store::Direction,
};

fn id(accepted: &wire::Accepted) -> NoticeId {
    accepted.notice_id.as_ref().try_into().unwrap()
}

#[tokio::test]
async fn the_same_reference_is_published_once() {
    let world = World::start().await;
    let mut client = world.client("system").await;
    let first = publish(&mut client, departure("r-1")).await.unwrap();
    assert!(!first.repeated);
    assert_eq!(first.reference, "r-1");
    let again = publish(&mut client, departure("r-1")).await.unwrap();
    assert_eq!((again.repeated, &again.notice_id), (true, &first.notice_id));

    let mut other = departure("r-1");
    other.content = Some(wire::draft::Content::Departure(notice::Movement {
        event_date: "2026-10-02".into(),
        ..movement()
    }));
    let conflict = publish(&mut client, other).await.err().unwrap();
    assert_eq!(
        told(&conflict),
        (Grpc::AlreadyExists, "reference_conflict".into())
    );

    // A reference is its office's own.
    let mut clerk = world.client("chendai").await;
    let theirs = publish(&mut clerk, departure("r-1")).await.unwrap();
    assert!(!theirs.repeated);
    assert_ne!(theirs.notice_id, first.notice_id);
}

#[tokio::test]
async fn a_row_without_a_reference_is_one_notice_whoever_brings_it() {
    let world = World::start().await;
    let mut client = world.client("system").await;
    let first = publish(&mut client, departure("")).await.unwrap();
    assert!(first.reference.starts_with("d-"));
    let mut clerk = world.client("chendai").await;
    let mut named = departure(&first.reference);
    named.from_area = "350582".into();
    for (client, draft) in [(&mut clerk, departure("")), (&mut client, named)] {
        let again = publish(client, draft).await.unwrap();
        assert!(again.repeated);
        assert_eq!(again.notice_id, first.notice_id);
    }
}

#[tokio::test]
async fn a_draft_hears_all_of_its_problems_at_once_and_none_of_its_values() {
    let world = World::start().await;
    let mut client = world.client("system").await;
    let mut wrong = movement();
    wrong.event_date = "2027-01-01".into();
    wrong.certificate = Some(notice::Certificate {
        number: "甲乙丙丁戊".into(),
        ..notice::Certificate::default()
    });
    let person = wrong.subject.as_mut().unwrap();
    person.marital_status = "10".into();
    person.phone = "甲乙丙丁戊".into();
    let draft = wire::Draft {
        content: Some(wire::draft::Content::Departure(wrong)),
        ..wire::Draft::default()
    };
    let status = publish(&mut client, draft).await.err().unwrap();
    assert_eq!(told(&status).0, Grpc::InvalidArgument);
    let details = status.get_error_details();
    let mut violations: Vec<_> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|violation| format!("{} {}", violation.field, violation.reason))
        .collect();
    violations.sort();
    assert_eq!(
        violations,
        [
            "certificate_number field_not_permitted",
            "event_date date_in_future",
            "subject.marital_status out_of_scope_marital_status",
            "subject.phone value_format",
        ]
    );

    let nothing = publish(&mut client, wire::Draft::default()).await;
    assert_eq!(
        told(&nothing.err().unwrap()),
        (Grpc::InvalidArgument, "missing_field".into())
    );
}

#[tokio::test]
async fn without_an_agreement_it_is_for_a_person_to_act() {
    let world = World::start().await;
    let mut client = world.client("system").await;
    let elsewhere = notice::Movement {
        destination_area: "530112001000".into(),
        ..movement()
    };
    let draft = wire::Draft {
        content: Some(wire::draft::Content::Departure(elsewhere)),
        ..wire::Draft::default()
    };
    let status = publish(&mut client, draft).await.err().unwrap();
    assert_eq!(
        told(&status),
        (Grpc::FailedPrecondition, "no_agreement".into())
    );

    let expired = r#"id = "350582-530111"
version = 1
sandbox = true
purpose = "x"
legal_basis = "x"
valid_from = "2026-01-01"
valid_until = "2026-02-01"
[parties]
a = "350582"
b = "530111"
[[grant]]
from = "a"
to = "b"
kinds = ["departure"]
fields = ["identity", "movement"]
"#;
    world
        .agreements
        .send_replace(std::sync::Arc::new(held(expired)));
    let status = publish(&mut client, departure("x")).await.err().unwrap();
    assert_eq!(
        told(&status),
        (Grpc::FailedPrecondition, "agreement_expired".into())
    );
}

#[tokio::test]
async fn an_answer_goes_where_its_notice_came_from_and_joins_its_case() {
    let world = World::start().await;
    let mut client = world.client("chendai").await;
    let theirs = world.receive_arrival("350582104000").await;
    let answer = publish(&mut client, feedback(theirs)).await.unwrap();
    let view = world.store.notices(id(&answer)).await.unwrap().remove(0);
    assert_eq!((view.channel, view.direction), (out(), Direction::Out));
    assert_eq!(view.facts.case_id, theirs);
    let read = envelope::decode(view.bytes.as_ref().unwrap())
        .unwrap()
        .header;
    assert_eq!((read.case_id, read.answers), (Some(theirs), Some(theirs)));
    assert!(read.sandbox);
    assert_eq!(read.deadline_ms - read.published_at_ms, 30 * 86_400_000);
    let again = publish(&mut client, feedback(theirs)).await.unwrap();
    assert!(again.repeated);

    // A note joins the case of what it speaks of, also of one's own notice.
    let own = publish(&mut client, departure("r")).await.unwrap();
    let note = wire::Draft {
        answers: own.notice_id.clone(),
        content: Some(wire::draft::Content::Message(notice::Message {
            text: "请回电".into(),
        })),
        ..wire::Draft::default()
    };
    let note = publish(&mut client, note).await.unwrap();
    let view = world.store.notices(id(&note)).await.unwrap().remove(0);
    assert_eq!(view.facts.case_id, id(&own));
}

#[tokio::test]
async fn an_answer_to_nothing_that_came_in_is_refused() {
    let world = World::start().await;
    let mut client = world.client("chendai").await;
    let elsewhere = world.receive_arrival("350582105000").await;
    let ours = publish(&mut client, departure("r")).await.unwrap();
    let their_answer = world.receive(peer_feedback(), Some(id(&ours))).await;
    let mut to_another = feedback(elsewhere);
    to_another.to_area = "530112".into();
    let mut short = feedback(elsewhere);
    short.answers = vec![1, 2, 3].into();
    for (draft, reason) in [
        (feedback(NoticeId::new([3; 8], 1)), "unknown_notice"),
        // In the area of another desk.
        (feedback(elsewhere), "unknown_notice"),
        (feedback(id(&ours)), "value_format"),
        (feedback(their_answer), "value_format"),
        (short, "value_format"),
    ] {
        let status = publish(&mut client, draft).await.err().unwrap();
        assert_eq!(told(&status), (Grpc::InvalidArgument, reason.into()));
        let details = status.get_error_details();
        let violations = &details.bad_request().unwrap().field_violations;
        assert_eq!(violations.len(), 1, "{reason}");
        assert_eq!(violations[0].field, "answers");
    }
    let mut system = world.client("system").await;
    let status = publish(&mut system, to_another).await.err().unwrap();
    assert_eq!(told(&status).0, Grpc::InvalidArgument);
    publish(&mut system, feedback(elsewhere)).await.unwrap();
}

#[tokio::test]
async fn what_grows_too_large_is_refused() {
    let world = World::start().await;
    let mut client = world.client("system").await;
    let own = publish(&mut client, departure("r")).await.unwrap();
    let note = wire::Draft {
        answers: own.notice_id,
        content: Some(wire::draft::Content::Message(notice::Message {
            text: "长".repeat(100_000),
        })),
        ..wire::Draft::default()
    };
    let status = publish(&mut client, note).await.err().unwrap();
    assert_eq!(
        told(&status),
        (Grpc::InvalidArgument, "value_too_long".into())
    );
}
