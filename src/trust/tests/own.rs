//! A node that is its own peer, because two of its home areas have an agreement.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;

use super::world::{Ca, HERE, Node, PEER, accepted, bind, pairing};
use crate::{
    domain::area::County,
    trust::{
        connector::ConnectError,
        identity::{PeerId, SpiffeId},
        identity_error::IdentityError,
        material::{MaterialError, Reload},
    },
};

#[tokio::test]
async fn a_node_is_a_stranger_to_itself_unless_two_of_its_areas_agree() {
    let fujian = Ca::new("fujian.example");
    let (listener, here_at) = bind().await;
    let mut here = Node::start(HERE, &fujian, vec![]);
    let mut incoming = here.listen::<PeerId>(listener);
    let id: SpiffeId = HERE.parse().unwrap();
    let second: County = "350583".parse().unwrap();
    let is_stranger = |dialled: Result<_, ConnectError>| {
        matches!(
            dialled.map(drop),
            Err(ConnectError::Identity(IdentityError::NotPaired))
        )
    };
    here.source.areas.push(second);
    assert_eq!(here.store.reload(&here.source).unwrap(), Reload::Published);
    assert!(is_stranger(here.connector().connect(&id).await));
    assert!(here.store.current().peer_for(second).is_none());

    here.source.own_endpoint = Some(here_at.to_string());
    assert_eq!(here.store.reload(&here.source).unwrap(), Reload::Published);
    let mut dialled = here.connector().connect(&id).await.unwrap();
    let taken = accepted(&mut incoming).await;
    for end in [dialled.id(), taken.id()] {
        assert_eq!((end.id(), end.areas()), (&id, here.source.areas.as_slice()));
    }
    let trust = here.store.current();
    let own = trust.peer_for(second).unwrap();
    assert_eq!(
        own.lineage().current().id(),
        trust.own_keys().current().id()
    );
    assert_eq!(own.pairing().root_pem, fujian.root.certificate_pem);

    here.source.own_endpoint = None;
    assert_eq!(here.store.reload(&here.source).unwrap(), Reload::Published);
    let mut byte = [0; 1];
    let read = tokio::time::timeout(Duration::from_secs(5), dialled.read(&mut byte)).await;
    assert!(
        !matches!(read.expect("it is cut"), Ok(1..)),
        "nothing is read any more"
    );
    assert!(is_stranger(here.connector().connect(&id).await));
}

#[tokio::test]
async fn no_peer_may_claim_an_area_of_a_node_that_is_its_own_peer() {
    let (fujian, yunnan) = (Ca::new("fujian.example"), Ca::new("yunnan.example"));
    let (_keep, nowhere) = bind().await;
    let mut here = Node::start(HERE, &fujian, vec![]);
    let second: County = "350583".parse().unwrap();
    here.source.areas.push(second);
    here.source.own_endpoint = Some(nowhere.to_string());
    let mut greedy = pairing(PEER, &yunnan, nowhere);
    greedy.areas.push(second);
    let itself = pairing(HERE, &fujian, nowhere);
    for pairing in [greedy, itself] {
        here.source.pairings = vec![pairing];
        let refused = here.store.reload(&here.source);
        assert!(matches!(refused, Err(MaterialError::OwnArea { .. })));
    }
}
