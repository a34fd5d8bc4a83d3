//! What else stands on the listener, and how it ends.

use std::time::Duration;

use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use super::world::World;

#[tokio::test]
async fn health_and_reflection_answer() {
    let world = World::start().await;
    let transport = world.transport("watcher").await;
    let service = "hongyan.office.v1.Office".to_owned();
    let mut health = HealthClient::new(transport.clone());
    for service in [String::new(), service.clone()] {
        let checked = health.check(HealthCheckRequest { service }).await.unwrap();
        assert_eq!(checked.into_inner().status(), ServingStatus::Serving);
    }
    let mut reflection = ServerReflectionClient::new(transport);
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let answers = reflection
        .server_reflection_info(tokio_stream::iter([request]))
        .await
        .unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("a list")
    };
    assert!(list.service.iter().any(|it| it.name == service));
}

#[tokio::test]
async fn whoever_watches_does_not_hold_up_the_end() {
    let mut world = World::start().await;
    let mut health = HealthClient::new(world.transport("watcher").await);
    let mut watched = health
        .watch(HealthCheckRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert!(watched.message().await.unwrap().is_some());
    world.stop.cancel();
    while watched.message().await.is_ok_and(|it| it.is_some()) {}
    drop(health);
    let within = Duration::from_secs(10);
    let served = tokio::time::timeout(within, world.serving.take().unwrap()).await;
    served.expect("it ends in time").unwrap().unwrap();
}
