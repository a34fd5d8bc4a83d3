//! What is where, and who sees what of it.

use tonic::Code as Grpc;

use super::world::{CANARY, PEER, World, departure, movement, publish, told};
use crate::{
    agreement::Agreement,
    envelope::samples,
    proto::{notice::v1 as notice, office::v1 as wire},
};

fn get(accepted: &wire::Accepted) -> wire::GetNoticeRequest {
    wire::GetNoticeRequest {
        notice_id: accepted.notice_id.clone(),
        ..wire::GetNoticeRequest::default()
    }
}

#[tokio::test]
async fn who_runs_the_node_sees_states_and_no_values() {
    let world = World::start().await;
    let mut chendai = world.client("chendai").await;
    let published = publish(&mut chendai, departure("r-1")).await.unwrap();
    for (office, full) in [
        ("chendai", true),
        ("system", true),
        ("operator", false),
        ("watcher", false),
    ] {
        let mut client = world.client(office).await;
        let seen = client.get_notice(get(&published)).await.unwrap();
        let seen = seen.into_inner();
        let state = seen.state.unwrap();
        assert_eq!(!seen.notice.is_empty(), full, "{office}");
        assert_eq!(seen.masked.is_empty(), full, "{office}");
        let shown: String = seen.masked.iter().map(|field| &*field.value).collect();
        let number = samples::number(jiff::civil::date(1995, 3, 4));
        assert!(
            !shown.contains(CANARY) && !shown.contains(&number),
            "{shown}"
        );
        assert_eq!(shown.contains("甲＊＊＊＊"), !full, "{shown}");
        assert_eq!(state.reference, if full { "r-1" } else { "" });
        assert_eq!((&*state.delivery, state.sequence), ("queued", 1));
        assert!(state.direction() == wire::Direction::Out);
        assert!(state.sandbox && state.size_bytes > 100);

        let listed = client.list_notices(wire::ListNoticesRequest::default());
        let listed = listed.await.unwrap().into_inner();
        assert_eq!(listed.notices.len(), 1, "{office}");
        assert_eq!(listed.notices[0].reference, state.reference);
        assert!(listed.next_page_token.is_empty());
    }
    // For another desk it does not exist.
    let mut cizao = world.client("cizao").await;
    let status = cizao.get_notice(get(&published)).await.err().unwrap();
    assert_eq!(told(&status), (Grpc::NotFound, "unknown_notice".into()));
    let listed = cizao.list_notices(wire::ListNoticesRequest::default());
    assert!(listed.await.unwrap().into_inner().notices.is_empty());
}

#[tokio::test]
async fn evidence_holds_the_content_only_for_those_who_may_see_it() {
    let world = World::start().await;
    let mut chendai = world.client("chendai").await;
    let published = publish(&mut chendai, departure("r-1")).await.unwrap();
    let request = || wire::ExportEvidenceRequest {
        notice_id: published.notice_id.clone(),
    };
    for (office, told) in [
        ("system", "1 true"),
        ("operator", "1 false"),
        ("watcher", "1 false"),
    ] {
        let mut client = world.client(office).await;
        let exported = client.export_evidence(request()).await.unwrap();
        assert_eq!(exported.into_inner().file, told.as_bytes(), "{office}");
    }
    let unknown = wire::ExportEvidenceRequest {
        notice_id: vec![0x81; 16].into(),
    };
    let mut client = world.client("system").await;
    let status = client.export_evidence(unknown).await.err().unwrap();
    assert_eq!(told(&status), (Grpc::NotFound, "unknown_notice".into()));
}

#[tokio::test]
async fn pages_lead_from_one_to_the_next() {
    let world = World::start().await;
    let mut system = world.client("system").await;
    for n in 0..10 {
        let area = if n % 2 == 0 {
            "350582104000"
        } else {
            "350582105000"
        };
        let draft = wire::Draft {
            reference: format!("r-{n}"),
            content: Some(wire::draft::Content::Departure(notice::Movement {
                origin_area: area.into(),
                ..movement()
            })),
            ..wire::Draft::default()
        };
        publish(&mut system, draft).await.unwrap();
    }
    world.receive_arrival("350582104000").await;
    for (office, direction, expected) in [
        ("system", wire::Direction::Unspecified, 11),
        ("system", wire::Direction::In, 1),
        ("chendai", wire::Direction::Out, 5),
        ("cizao", wire::Direction::Unspecified, 5),
    ] {
        let mut client = world.client(office).await;
        let mut token = String::new();
        let mut seen = Vec::new();
        loop {
            let request = wire::ListNoticesRequest {
                direction: direction.into(),
                page_size: 3,
                page_token: token,
                ..wire::ListNoticesRequest::default()
            };
            let page = client.list_notices(request).await.unwrap().into_inner();
            assert!(page.notices.len() <= 3);
            seen.extend(page.notices.into_iter().map(|state| state.notice_id));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((seen.len(), count), (expected, expected), "{office}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_told_by_its_field() {
    let world = World::start().await;
    let mut system = world.client("system").await;
    let ask = |change: fn(&mut wire::ListNoticesRequest)| {
        let mut request = wire::ListNoticesRequest::default();
        change(&mut request);
        request
    };
    for (request, reason) in [
        (ask(|it| it.page_size = 1_001), "value_format"),
        (ask(|it| it.page_token = "x".into()), "value_format"),
        (ask(|it| it.states = vec!["lost".into()]), "value_format"),
        (ask(|it| it.kinds = vec!["x".into()]), "value_format"),
        (ask(|it| it.direction = 9), "value_format"),
        (ask(|it| it.home_area = "35".into()), "area_unknown"),
    ] {
        let status = system.list_notices(request).await.err().unwrap();
        assert_eq!(told(&status), (Grpc::InvalidArgument, reason.into()));
    }
    let none = wire::GetNoticeRequest::default();
    let status = system.get_notice(none).await.err().unwrap();
    assert_eq!(told(&status).0, Grpc::InvalidArgument);
}

#[tokio::test]
async fn channels_and_peers_tell_the_age_of_the_oldest_unanswered() {
    let world = World::start().await;
    let mut system = world.client("system").await;
    publish(&mut system, departure("r")).await.unwrap();
    world.receive_arrival("350582104000").await;
    let mut auditor = world.client("watcher").await;
    let channels = auditor.list_channels(wire::ListChannelsRequest {});
    let channels = channels.await.unwrap().into_inner().channels;
    assert_eq!(channels.len(), 2);
    for channel in channels {
        match channel.direction() {
            wire::Direction::Out => {
                assert_eq!((channel.last_sequence, channel.answered_sequence), (1, 0));
                assert_eq!(channel.oldest_unanswered_seconds, 1);
                assert_eq!((&*channel.state, &*channel.code), ("paused", "storage_low"));
                assert!(!channel.message_zh.is_empty() && !channel.message_en.is_empty());
            }
            wire::Direction::In => {
                assert_eq!((channel.last_sequence, channel.answered_sequence), (1, 1));
                assert_eq!(
                    (&*channel.state, channel.oldest_unanswered_seconds),
                    ("idle", 0)
                );
            }
            wire::Direction::Unspecified => panic!("every channel has a direction"),
        }
        assert_eq!(channel.head.len(), 32);
    }
    let peers = auditor.list_peers(wire::ListPeersRequest {});
    let peers = peers.await.unwrap().into_inner().peers;
    let [peer] = peers.as_slice() else {
        panic!("one peer")
    };
    assert_eq!((&*peer.identity, &*peer.endpoint), (PEER, "127.0.0.1:9"));
    assert_eq!(peer.areas, ["530111"]);
    assert_eq!((peer.last_contact_ms, &*peer.last_error), (17, "slow"));
    assert_eq!(
        (&*peer.misbehaviour, peer.misbehaved_at_ms),
        ("wrong_form", 19)
    );
    assert_eq!(peer.oldest_unanswered_seconds, 1);
    assert_eq!(
        (peer.pairing_digest.len(), peer.signing_key.len()),
        (32, 64)
    );
}

#[tokio::test]
async fn an_operator_probes_adopts_and_reloads() {
    let world = World::start().await;
    let mut operator = world.client("operator").await;
    let mut system = world.client("system").await;
    publish(&mut system, departure("r")).await.unwrap();
    let probe = |area: &str| wire::ProbePeerRequest { area: area.into() };
    let probed = operator.probe_peer(probe("530111")).await.unwrap();
    let probed = probed.into_inner();
    assert_eq!((probed.reachable, &*probed.error), (false, "refused"));
    assert_eq!(&*probed.misbehaviour, "wrong_form");
    let [waiting] = probed.waiting.as_slice() else {
        panic!("one channel waits, whether the peer answers or not")
    };
    assert_eq!(
        (&*waiting.to_area, waiting.oldest_unanswered_seconds),
        ("530111", 1)
    );
    for (area, grpc, reason) in [
        ("530112", Grpc::NotFound, "unknown_peer"),
        ("x", Grpc::InvalidArgument, "area_unknown"),
    ] {
        let status = operator.probe_peer(probe(area)).await.err().unwrap();
        assert_eq!(told(&status), (grpc, reason.into()));
    }
    let adopt = wire::AdoptChannelRequest {
        area: "530111".into(),
    };
    let adopted = operator.adopt_channel(adopt).await.unwrap().into_inner();
    assert_eq!(
        (adopted.adopted[0].taken_over, adopted.adopted[0].renumbered),
        (1, 2)
    );
    let status = operator.reload(wire::ReloadRequest {}).await.err().unwrap();
    assert_eq!(
        told(&status),
        (Grpc::FailedPrecondition, "agreements".into())
    );
    assert!(status.message().contains("agreements/x.toml"));
}

#[tokio::test]
async fn agreements_are_told_with_their_state_their_words_and_their_text() {
    let world = World::start().await;
    let mut watcher = world.client("watcher").await;
    let listed = watcher.list_agreements(wire::ListAgreementsRequest {});
    let listed = listed.await.unwrap().into_inner().agreements;
    let [state] = listed.as_slice() else {
        panic!("one agreement")
    };
    assert_eq!((&*state.id, state.version), ("350582-530111", 1));
    assert_eq!((&*state.state, &*state.ends_on), ("in_force", "2028-12-31"));
    // From 2026-10-08 on.
    assert_eq!(state.days_left, Some(815));
    let ask = |id: &str, version| wire::GetAgreementRequest {
        id: id.into(),
        version,
    };
    for version in [0, 1] {
        let shown = watcher.get_agreement(ask("350582-530111", version)).await;
        let shown = shown.unwrap().into_inner();
        assert!(shown.state.unwrap() == *state);
        let agreement = Agreement::parse(&shown.text).unwrap();
        assert_eq!(agreement.digest().as_bytes(), &*state.digest);
        assert_eq!(agreement.canonical(), shown.canonical);
        let words = shown.words.unwrap();
        assert!(words.zh.starts_with("协议 350582-530111/1"), "{}", words.zh);
        assert!(words.en.contains("basis of the test"), "{}", words.en);
    }
    for (request, grpc, reason) in [
        (ask("350582-530111", 2), Grpc::NotFound, "unknown_agreement"),
        (ask("350582-530112", 0), Grpc::NotFound, "unknown_agreement"),
        (ask("530111", 0), Grpc::InvalidArgument, "value_format"),
    ] {
        let status = watcher.get_agreement(request).await.err().unwrap();
        assert_eq!(told(&status), (grpc, reason.into()));
    }
    let compare = wire::CompareAgreementsRequest {
        area: "530111".into(),
    };
    let compared = watcher.compare_agreements(compare).await.unwrap();
    let compared = compared.into_inner();
    assert_eq!((compared.told_at_ms, &*compared.error), (23, "gone"));
    let of = &compared.agreements[0];
    assert_eq!(
        (of.version_here, of.version_there, of.compared_version),
        (1, 0, 2)
    );
    assert_eq!(of.differences[0].key, "valid_until");
}
