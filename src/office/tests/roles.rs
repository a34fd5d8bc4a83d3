//! Who may call what.

use tonic::{Code as Grpc, Status};
use tonic_types::StatusExt as _;

use super::world::{World, departure, movement, publish, told};
use crate::proto::{
    notice::v1 as notice,
    office::v1::{self as wire, office_client::OfficeClient},
};
use tonic::transport::Channel as Transport;

const CALLS: [&str; 17] = [
    "publish",
    "stream",
    "subscribe",
    "get",
    "list",
    "channels",
    "peers",
    "probe",
    "adopt",
    "reload",
    "agreements",
    "agreement",
    "compare",
    "due",
    "evidence",
    "audit",
    "excerpt",
];

async fn call(client: &mut OfficeClient<Transport>, name: &str) -> Result<(), Status> {
    let area = "530111".to_owned();
    match name {
        "publish" => publish(client, departure("r")).await.map(drop),
        "stream" => {
            let item = wire::PublishStreamRequest {
                draft: Some(departure("r")),
            };
            let answers = client.publish_stream(tokio_stream::iter([item])).await?;
            answers.into_inner().message().await.map(drop)
        }
        "subscribe" => {
            let open = wire::OpenConsumer {
                name: "desk".into(),
                ..wire::OpenConsumer::default()
            };
            let step = Some(wire::subscribe_request::Step::Open(open));
            let asks = tokio_stream::iter([wire::SubscribeRequest { step }]);
            let answers = client.subscribe(asks).await?;
            answers.into_inner().message().await.map(drop)
        }
        "get" => client
            .get_notice(wire::GetNoticeRequest {
                notice_id: vec![0x81; 16].into(),
                ..wire::GetNoticeRequest::default()
            })
            .await
            .map(drop),
        "list" => client
            .list_notices(wire::ListNoticesRequest::default())
            .await
            .map(drop),
        "channels" => client
            .list_channels(wire::ListChannelsRequest {})
            .await
            .map(drop),
        "peers" => client.list_peers(wire::ListPeersRequest {}).await.map(drop),
        "probe" => client
            .probe_peer(wire::ProbePeerRequest { area })
            .await
            .map(drop),
        "agreements" => client
            .list_agreements(wire::ListAgreementsRequest {})
            .await
            .map(drop),
        "agreement" => client
            .get_agreement(wire::GetAgreementRequest {
                id: "350582-530111".into(),
                version: 1,
            })
            .await
            .map(drop),
        "compare" => client
            .compare_agreements(wire::CompareAgreementsRequest { area })
            .await
            .map(drop),
        "due" => client
            .compare_due(wire::CompareDueRequest {
                peer_area: area,
                month: "2026-10".to_owned(),
                ..wire::CompareDueRequest::default()
            })
            .await
            .map(drop),
        "evidence" => client
            .export_evidence(wire::ExportEvidenceRequest {
                notice_id: vec![0x81; 16].into(),
            })
            .await
            .map(drop),
        "audit" => client
            .list_audit(wire::ListAuditRequest::default())
            .await
            .map(drop),
        "excerpt" => client
            .export_audit(wire::ExportAuditRequest::default())
            .await
            .map(drop),
        "adopt" => client
            .adopt_channel(wire::AdoptChannelRequest { area })
            .await
            .map(drop),
        _ => client.reload(wire::ReloadRequest {}).await.map(drop),
    }
}

#[tokio::test]
async fn each_role_may_do_its_own() {
    let world = World::start().await;
    let reads = ["get", "list", "channels", "peers"];
    let desk = ["publish", "stream", "subscribe"];
    let terms = ["agreements", "agreement", "compare", "audit", "excerpt"];
    let runs = ["probe", "adopt", "reload"];
    let counts = ["due", "evidence"];
    for (office, may) in [
        ("chendai", [&desk[..], &reads].concat()),
        ("system", [&desk[..], &reads, &counts].concat()),
        ("watcher", [&reads[..], &terms, &counts].concat()),
        ("operator", [&reads[..], &terms, &runs, &counts].concat()),
        ("former", vec![]),
    ] {
        let mut client = world.client(office).await;
        for name in CALLS {
            let ended = call(&mut client, name).await;
            let denied = ended
                .as_ref()
                .err()
                .is_some_and(|status| status.code() == Grpc::PermissionDenied);
            assert_eq!(denied, !may.contains(&name), "{office} {name} {ended:?}");
            if let Err(status) = ended {
                told(&status);
            }
        }
    }
}

#[tokio::test]
async fn what_was_due_is_compared_by_no_clerk() {
    let world = World::start().await;
    let mut office = world.client("chendai").await;
    for (line, refused) in [
        ("roles = [\"integrator\"]", None),
        ("roles = [\"clerk\"]", Some("role_needed")),
    ] {
        world.set_offices(&[("chendai", line)]);
        let ended = call(&mut office, "due").await;
        let code = ended.err().map(|status| told(&status).1);
        assert_eq!(code.as_deref(), refused, "{line}");
    }
}

#[tokio::test]
async fn roles_and_areas_are_looked_up_at_every_call() {
    let world = World::start().await;
    let mut chendai = world.client("chendai").await;
    publish(&mut chendai, departure("a")).await.unwrap();
    let elsewhere = wire::Draft {
        content: Some(wire::draft::Content::Departure(notice::Movement {
            origin_area: "350582105000".into(),
            ..movement()
        })),
        ..wire::Draft::default()
    };
    let status = publish(&mut chendai, elsewhere.clone())
        .await
        .err()
        .unwrap();
    assert_eq!(
        told(&status),
        (Grpc::PermissionDenied, "area_outside_scope".into())
    );
    let details = status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "origin_area");

    world.set_offices(&[("chendai", "roles = [\"clerk\"]\nareas = [\"350582105\"]")]);
    publish(&mut chendai, elsewhere).await.unwrap();
    world.set_offices(&[("chendai", "roles = [\"auditor\"]")]);
    let status = publish(&mut chendai, departure("b")).await.err().unwrap();
    assert_eq!(
        told(&status),
        (Grpc::PermissionDenied, "role_needed".into())
    );
    assert!(status.message().contains("clerk or integrator"));
    world.set_offices(&[]);
    let status = publish(&mut chendai, departure("c")).await.err().unwrap();
    assert_eq!(
        told(&status),
        (Grpc::PermissionDenied, "office_not_listed".into())
    );
}
