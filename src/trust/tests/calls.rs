//! gRPC over these connections: who calls is known to the handler, and a cut ends the calls.

use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tonic::{
    Request, Status,
    transport::{Endpoint, Server},
};
use tonic_health::pb::{
    HealthCheckRequest, health_client::HealthClient, health_server::HealthServer,
};

use super::world::{Ca, HERE, Node, PEER, bind, pairing};
use crate::trust::{
    connection::CallerInfo,
    identity::{PeerId, SpiffeId},
};

#[tokio::test]
async fn a_handler_knows_who_calls_and_a_cut_ends_the_call() {
    let (fujian, yunnan) = (Ca::new("fujian.example"), Ca::new("yunnan.example"));
    let (listener, here_at) = bind().await;
    let (_keep, nowhere) = bind().await;
    let mut here = Node::start(HERE, &fujian, vec![pairing(PEER, &yunnan, nowhere)]);
    here.give("tls/crl-yunnan.example.pem", &yunnan.crl(&[]));
    let peer = Node::start(PEER, &yunnan, vec![pairing(HERE, &fujian, here_at)]);
    peer.give("tls/crl-fujian.example.pem", &fujian.crl(&[]));

    let (seen, mut callers) = mpsc::channel(1);
    let (reporter, health) = tonic_health::server::health_reporter();
    drop(reporter);
    let health: HealthServer<_> = health;
    let health = tonic::service::interceptor::InterceptedService::new(
        health,
        move |request: Request<()>| -> Result<Request<()>, Status> {
            let info = request.extensions().get::<CallerInfo<PeerId>>().unwrap();
            seen.try_send(info.clone()).unwrap();
            Ok(request)
        },
    );
    tokio::spawn(
        Server::builder()
            .add_service(health)
            .serve_with_incoming(here.listen::<PeerId>(listener)),
    );

    let id: SpiffeId = HERE.parse().unwrap();
    let connector = peer.connector();
    let channel = Endpoint::from_static("http://peer.invalid").connect_with_connector_lazy(
        tower::service_fn(move |_| {
            let (connector, id) = (connector.clone(), id.clone());
            async move { connector.connect(&id).await.map(TokioIo::new) }
        }),
    );
    let mut client = HealthClient::new(channel);
    let mut calls = client
        .watch(HealthCheckRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert!(calls.message().await.unwrap().is_some());
    let caller = callers.recv().await.unwrap();
    assert_eq!(caller.id.to_string(), PEER);

    here.pair(vec![]);
    let within = Duration::from_secs(5);
    let ended = tokio::time::timeout(within, calls.message()).await.unwrap();
    assert!(ended.is_err(), "the open call ends");
    assert!(caller.cut.is_cancelled());
    assert!(client.check(HealthCheckRequest::default()).await.is_err());
}
