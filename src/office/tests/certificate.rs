//! Asking whether a certificate holds, of a peer that answers when the test says so.

use std::time::Duration;

use tokio::time::timeout;
use tokio_stream::StreamExt as _;
use tonic::{Code as Grpc, Request, Status, transport::Channel as Transport};
use tonic_types::StatusExt as _;

use super::{
    kinds::{draft, generous, id},
    world::{World, publish, told},
};
use crate::{
    domain::notice::{
        Certificate, CertificateResult, Content, Kind, NoticeId, Withdrawal, WithdrawalReason,
    },
    envelope::samples,
    proto::office::v1::{
        self as wire, ask_certificate_response::Heard, office_client::OfficeClient,
    },
};

type Client = OfficeClient<Transport>;

/// A woman who lives here, of whom the peer was told.
async fn world() -> (World, Client, NoticeId) {
    let world = World::start().await;
    world
        .agreements
        .send_replace(std::sync::Arc::new(generous()));
    let mut client = world.client("system").await;
    let arrival = draft(samples::content(Kind::Arrival), None);
    let arrived = id(&publish(&mut client, arrival).await.unwrap());
    (world, client, arrived)
}

fn query(arrived: NoticeId, reference: &str) -> wire::Draft {
    wire::Draft {
        reference: reference.into(),
        consent: None,
        ..draft(samples::content(Kind::CertificateQuery), Some(arrived))
    }
}

/// The question, and what was heard of it within so many milliseconds.
async fn ask(
    client: &mut Client,
    draft: wire::Draft,
    wait_ms: u32,
) -> Result<(wire::Accepted, Heard), Status> {
    let request = wire::AskCertificateRequest {
        draft: Some(draft),
        wait_ms,
    };
    let said = client.ask_certificate(request).await?.into_inner();
    Ok((said.question.unwrap(), said.heard.unwrap()))
}

/// The peer answers the question.
async fn answer(world: &World, question: NoticeId, status: &str) -> NoticeId {
    let result = CertificateResult {
        event_date: jiff::civil::date(2026, 10, 8),
        certificate: Certificate {
            number: Some("A-1".into()),
            status: Some(status.into()),
            valid_until: Some(jiff::civil::date(2027, 1, 8)),
        },
    };
    let content = Content::CertificateResult(result);
    world.receive(content, Some(question)).await
}

fn status_of(heard: Heard) -> String {
    let Heard::Answer(answer) = heard else {
        panic!("not answered");
    };
    answer.certificate.unwrap().status
}

#[tokio::test]
async fn an_answer_ends_the_wait_and_is_there_for_whoever_asks_again() {
    let (world, mut client, arrived) = world().await;
    let question = query(arrived, "q-1");
    let (asked, heard) = ask(&mut client, question.clone(), 1).await.unwrap();
    let Heard::ByNotice(by_notice) = heard else {
        panic!("nobody has answered");
    };
    // Seven calendar days; the link to the peer was slow at its last try.
    let expected = wire::CertificateAnswerByNotice {
        due_on: "2026-10-15".into(),
        delivered: false,
        peer_reachable: false,
    };
    assert!(by_notice == expected, "{}", by_notice.due_on);
    let mut waiting = client.clone();
    let again = question.clone();
    let waits = tokio::spawn(async move { ask(&mut waiting, again, 30_000).await });
    // What answers something else is no answer.
    let (other, _) = ask(&mut client, query(arrived, "q-2"), 1).await.unwrap();
    answer(&world, id(&other), "注销").await;
    let answered_by = answer(&world, id(&asked), "有效").await;
    let waited = timeout(Duration::from_secs(20), waits).await;
    let (repeated, heard) = waited.expect("woken by the answer").unwrap().unwrap();
    assert_eq!(
        (repeated.repeated, &repeated.notice_id),
        (true, &asked.notice_id)
    );
    let Heard::Answer(answer) = heard else {
        panic!("not answered");
    };
    let expected = wire::CertificateAnswer {
        notice_id: answered_by.as_bytes().to_vec().into(),
        certificate: Some(crate::proto::notice::v1::Certificate {
            number: "A-1".into(),
            status: "有效".into(),
            valid_until: "2027-01-08".into(),
        }),
        looked_up_on: "2026-10-08".into(),
        answered_at_ms: samples::PUBLISHED_AT_MS,
    };
    assert!(answer == expected);
    let (_, heard) = ask(&mut client, query(arrived, "q-2"), 1).await.unwrap();
    assert_eq!(status_of(heard), "注销");
}

#[tokio::test]
async fn the_newest_answer_stands_however_much_came_besides_unless_it_was_taken_back() {
    let (world, mut client, arrived) = world().await;
    let question = query(arrived, "q-1");
    let (asked, _) = ask(&mut client, question.clone(), 1).await.unwrap();
    answer(&world, id(&asked), "有效").await;
    for _ in 0..300 {
        let message = samples::content(Kind::Message);
        world.receive(message, Some(arrived)).await;
    }
    let newer = answer(&world, id(&asked), "注销").await;
    let (_, heard) = ask(&mut client, question.clone(), 1).await.unwrap();
    assert_eq!(status_of(heard), "注销");
    let withdrawal = Content::Withdrawal(Withdrawal {
        event_date: jiff::civil::date(2026, 10, 8),
        reason: WithdrawalReason::EnteredInError,
    });
    world.receive(withdrawal, Some(newer)).await;
    let (_, heard) = ask(&mut client, question, 1).await.unwrap();
    assert!(matches!(heard, Heard::ByNotice(_)));
}

#[tokio::test]
async fn what_is_no_query_or_may_not_be_published_is_refused_and_waited_for_by_nobody() {
    let (world, mut client, arrived) = world().await;
    let other = draft(samples::content(Kind::ServiceRecord), Some(arrived));
    let status = ask(&mut client, other, 30_000).await.err().unwrap();
    assert_eq!(
        told(&status),
        (Grpc::InvalidArgument, "missing_field".into())
    );
    let status = ask(&mut client, query(arrived, "q-1"), 30_001).await;
    let refused = (Grpc::InvalidArgument, "value_format".into());
    assert_eq!(told(&status.err().unwrap()), refused);
    let mut watcher = world.client("watcher").await;
    let status = ask(&mut watcher, query(arrived, "q-1"), 30_000).await;
    let refused = (Grpc::PermissionDenied, "role_needed".into());
    assert_eq!(told(&status.err().unwrap()), refused);
    let nobodys = query(NoticeId::new([3; 8], 1), "q-1");
    let status = ask(&mut client, nobodys, 30_000).await.err().unwrap();
    assert_eq!(
        told(&status),
        (Grpc::InvalidArgument, "unknown_notice".into())
    );
    let (_, heard) = ask(&mut client, query(arrived, "q-1"), 1).await.unwrap();
    assert!(
        matches!(heard, Heard::ByNotice(_)),
        "nothing stood under it"
    );
}

#[tokio::test]
async fn the_answer_comes_within_the_deadline_of_the_call() {
    let (_world, mut client, arrived) = world().await;
    let mut request = Request::new(wire::AskCertificateRequest {
        draft: Some(query(arrived, "q-1")),
        wait_ms: 30_000,
    });
    request.set_timeout(Duration::from_secs(3));
    let said = client.ask_certificate(request).await.unwrap().into_inner();
    let heard = said.heard.unwrap();
    assert!(matches!(heard, Heard::ByNotice(_)));
}

#[tokio::test]
async fn an_office_asks_so_often_and_no_oftener_however_it_asks() {
    let (world, mut client, arrived) = world().await;
    let integrator = "roles = [\"integrator\"]";
    world.set_offices(&[("system", integrator), ("former", integrator)]);
    world.limit_queries(2);
    for _ in 0..2 {
        ask(&mut client, query(arrived, "q-1"), 1).await.unwrap();
    }
    let refusals = [
        ask(&mut client, query(arrived, "q-1"), 1)
            .await
            .err()
            .unwrap(),
        publish(&mut client, query(arrived, "q-2"))
            .await
            .err()
            .unwrap(),
    ];
    for status in refusals {
        let expected = (Grpc::ResourceExhausted, "too_many_queries".into());
        assert_eq!(told(&status), expected);
        let details = status.get_error_details();
        let after = details.retry_info().unwrap().retry_delay.unwrap();
        let seconds = after.as_secs();
        assert!((1..=31).contains(&seconds), "{after:?}");
    }
    // Of many each by itself, and nothing else is held up.
    let other = draft(samples::content(Kind::ServiceRecord), Some(arrived));
    let requests = [query(arrived, "q-2"), other]
        .map(|draft| wire::PublishStreamRequest { draft: Some(draft) });
    let answers = client.publish_stream(tokio_stream::iter(requests)).await;
    let answers: Vec<_> = answers.unwrap().into_inner().collect().await;
    let codes = answers.into_iter().map(|answer| {
        use wire::publish_stream_response::Result as Told;
        match answer.unwrap().result.unwrap() {
            Told::Accepted(_) => "accepted".to_owned(),
            Told::Refused(refused) => refused.problems[0].code.clone(),
        }
    });
    let codes: Vec<_> = codes.collect();
    assert_eq!(codes, ["too_many_queries", "accepted"]);
    let mut another = world.client("former").await;
    ask(&mut another, query(arrived, "q-3"), 1).await.unwrap();
}
