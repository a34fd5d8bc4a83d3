//! What offices do is on record.

use tonic::Code as Grpc;

use super::world::{CANARY, World, departure, feedback, publish, told};
use crate::{
    domain::{
        audit::{Act, Came, Counts, Entry, Purpose},
        notice::NoticeId,
    },
    proto::office::v1 as wire,
    store::{AuditPart, Position},
};

/// What is on record, the oldest first.
async fn record(world: &World) -> Vec<Entry> {
    let home = "350582".parse().unwrap();
    let all = AuditPart::Behind(Position::START);
    let all = world.store.audited(home, all, 1_000).await.unwrap();
    all.into_iter().map(|(_, audited)| audited.entry).collect()
}

async fn newest(world: &World) -> Entry {
    record(world).await.pop().unwrap()
}

#[tokio::test]
async fn a_publication_is_on_record_with_what_it_came_to() {
    let world = World::start().await;
    let mut chendai = world.client("chendai").await;
    let first = publish(&mut chendai, departure("a")).await.unwrap();
    let entry = newest(&world).await;
    assert_eq!((entry.act, entry.counts), (Act::Published, Counts::of(1)));
    assert_eq!(entry.role, "clerk");
    assert!(entry.who.to_string().ends_with("/office/chendai"));
    assert_eq!(entry.on.len(), 1);
    publish(&mut chendai, departure("a")).await.unwrap();
    let entry = newest(&world).await;
    assert_eq!((entry.counts.done, entry.counts.repeated), (0, 1));
    // What another has published under no name of ours, under the same reference with other content.
    let id = NoticeId::try_from(first.notice_id.as_ref()).unwrap();
    let other = wire::Draft {
        reference: "a".into(),
        ..feedback(id)
    };
    let status = publish(&mut chendai, other).await.err().unwrap();
    let code = told(&status).1;
    let entry = newest(&world).await;
    assert_eq!(
        (entry.act, entry.came),
        (Act::Published, Came::Refused(code))
    );
    // A stream is one act.
    let before = record(&world).await.len();
    let rows = ["a", "b", "c"].map(|reference| wire::PublishStreamRequest {
        draft: Some(departure(reference)),
    });
    let answers = chendai.publish_stream(tokio_stream::iter(rows)).await;
    let mut answers = answers.unwrap().into_inner();
    while answers.message().await.unwrap().is_some() {}
    let all = record(&world).await;
    assert_eq!(all.len(), before + 1);
    let counts = all.last().unwrap().counts;
    // The references of a desk are its own, and these rows say the same.
    assert_eq!(counts.total(), 3);
    assert_eq!(counts.repeated, 1);
}

#[tokio::test]
async fn a_reason_is_recorded_and_what_is_none_is_refused() {
    let world = World::start().await;
    let mut chendai = world.client("chendai").await;
    let published = publish(&mut chendai, departure("a")).await.unwrap();
    let mut watcher = world.client("watcher").await;
    let mut asks = async |reason: &str| {
        let request = wire::GetNoticeRequest {
            notice_id: published.notice_id.clone(),
            reason: reason.to_owned(),
        };
        watcher.get_notice(request).await
    };
    let seen = asks("投诉核查").await.unwrap().into_inner();
    assert!(!seen.notice.is_empty() && seen.masked.is_empty());
    let entry = newest(&world).await;
    assert_eq!(entry.purpose.reason(), "投诉核查");
    asks("").await.unwrap();
    assert_eq!(newest(&world).await.purpose, Purpose::Masked);
    let before = record(&world).await.len();
    for (reason, code) in [
        ("a\nb", "reason_control_character"),
        ("99000119950304002X", "reason_identity_number"),
        (" ", "reason_empty"),
    ] {
        let status = asks(reason).await.err().unwrap();
        assert_eq!(told(&status), (Grpc::InvalidArgument, code.into()));
    }
    assert_eq!(record(&world).await.len(), before, "nothing was asked");
    for entry in record(&world).await {
        assert!(!format!("{entry:?}").contains(CANARY));
    }
}

#[tokio::test]
async fn a_call_that_was_refused_is_on_record_with_its_code() {
    let world = World::start().await;
    let mut former = world.client("former").await;
    let listed = former.list_cases(wire::ListCasesRequest::default()).await;
    let code = told(&listed.err().unwrap()).1;
    let entry = newest(&world).await;
    assert_eq!(
        (entry.act, entry.came),
        (Act::CasesListed, Came::Refused(code))
    );
    let mut watcher = world.client("watcher").await;
    let reloaded = watcher.reload(wire::ReloadRequest {}).await;
    assert_eq!(told(&reloaded.err().unwrap()).1, "role_needed");
    let entry = newest(&world).await;
    assert_eq!(entry.act, Act::ConfigurationReloaded);
    assert_eq!(
        (entry.came.code(), &*entry.role),
        ("role_needed", "auditor")
    );
}

#[tokio::test]
async fn the_record_is_listed_page_by_page_as_it_is_asked_for() {
    let world = World::start().await;
    let mut chendai = world.client("chendai").await;
    for number in 0..7 {
        publish(&mut chendai, departure(&format!("r-{number}")))
            .await
            .unwrap_or_default();
    }
    let mut operator = world.client("operator").await;
    operator
        .list_notices(wire::ListNoticesRequest::default())
        .await
        .unwrap();
    let asked = wire::ListAuditRequest {
        who: "chendai".into(),
        page_size: 3,
        ..wire::ListAuditRequest::default()
    };
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let request = wire::ListAuditRequest {
            page_token: token,
            ..asked.clone()
        };
        let page = operator.list_audit(request).await.unwrap().into_inner();
        assert!(page.entries.len() <= 3);
        seen.extend(page.entries);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 7);
    assert!(seen.is_sorted_by(|a, b| a.number > b.number));
    for (request, count) in [
        (
            wire::ListAuditRequest {
                act: "notices_listed".into(),
                ..wire::ListAuditRequest::default()
            },
            1,
        ),
        (
            wire::ListAuditRequest {
                until_ms: 1,
                ..wire::ListAuditRequest::default()
            },
            0,
        ),
    ] {
        let page = operator.list_audit(request).await.unwrap().into_inner();
        assert_eq!(page.entries.len(), count);
    }
    let strange = wire::ListAuditRequest {
        act: "stolen".into(),
        ..wire::ListAuditRequest::default()
    };
    let status = operator.list_audit(strange).await.err().unwrap();
    assert_eq!(told(&status).0, Grpc::InvalidArgument);
}
