//! What a new snapshot does to connections that are there already.

use std::{io, time::Duration};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::world::{
    Ca, DAY, HERE, Leaf, NOW, Node, OTHER, PEER, accepted, bind, install, nothing_accepted,
    pairing, write,
};
use crate::trust::{
    alert::Alert,
    connection::Connection,
    expiry::{Stage, Subject, Warning},
    identity::{PeerId, SpiffeId},
    material::{MaterialError, Reload},
};

/// Two neighbours of one node, each connected to it in both directions.
struct Scene {
    yunnan: Ca,
    here: Node,
    peer: Side,
    other: Side,
}

struct Side {
    node: Node,
    id: SpiffeId,
    /// At the node under test: what it accepted from the neighbour, and what it dialled.
    accepted: Connection<PeerId>,
    dialled: Connection<PeerId>,
    /// The neighbour's ends of them, and what else it accepts.
    its: (Connection<PeerId>, Connection<PeerId>),
    incoming: crate::trust::listener::Incoming<PeerId>,
}

impl Scene {
    async fn new() -> (Self, crate::trust::listener::Incoming<PeerId>) {
        let (fujian, yunnan) = (Ca::new("fujian.example"), Ca::new("yunnan.example"));
        let (listener, here_at) = bind().await;
        let (peer_listener, peer_at) = bind().await;
        let (other_listener, other_at) = bind().await;
        let pairings = vec![
            pairing(PEER, &yunnan, peer_at),
            pairing(OTHER, &yunnan, other_at),
        ];
        let here = Node::start(HERE, &fujian, pairings);
        here.give("tls/crl-yunnan.example.pem", &yunnan.crl(&[]));
        let mut incoming = here.listen(listener);
        let mut sides = Vec::new();
        for (id, listener) in [(PEER, peer_listener), (OTHER, other_listener)] {
            let node = Node::start(id, &yunnan, vec![pairing(HERE, &fujian, here_at)]);
            node.give("tls/crl-fujian.example.pem", &fujian.crl(&[]));
            let mut its_incoming = node.listen::<PeerId>(listener);
            let id: SpiffeId = id.parse().unwrap();
            let out = node
                .connector()
                .connect(&HERE.parse().unwrap())
                .await
                .unwrap();
            let in_here = accepted(&mut incoming).await;
            let dialled = here.connector().connect(&id).await.unwrap();
            let in_there = accepted(&mut its_incoming).await;
            sides.push(Side {
                node,
                id,
                accepted: in_here,
                dialled,
                its: (out, in_there),
                incoming: its_incoming,
            });
        }
        let other = sides.pop().unwrap();
        let peer = sides.pop().unwrap();
        assert_eq!(here.registry.len(), 4);
        let scene = Self {
            yunnan,
            here,
            peer,
            other,
        };
        (scene, incoming)
    }
}

impl Side {
    async fn is_cut(&mut self) {
        for connection in [&mut self.accepted, &mut self.dialled] {
            let mut byte = [0; 1];
            let read = tokio::time::timeout(PATIENCE, connection.read(&mut byte)).await;
            let error = read.expect("the connection is cut").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
            assert!(connection.write_all(b"x").await.is_err());
        }
    }

    async fn is_open(&mut self) {
        for (ours, theirs) in [
            (&mut self.accepted, &mut self.its.0),
            (&mut self.dialled, &mut self.its.1),
        ] {
            theirs.write_all(b"?").await.unwrap();
            theirs.flush().await.unwrap();
            let mut byte = [0; 1];
            let read = tokio::time::timeout(PATIENCE, ours.read_exact(&mut byte)).await;
            read.expect("the connection is open").unwrap();
            assert_eq!(&byte, b"?");
        }
    }
}

fn own_serial(node: &Node) -> Vec<u8> {
    let pem = std::fs::read(node.dir.path().join("tls/node.crt")).unwrap();
    let chain = crate::trust::tls::certificates(&pem).unwrap();
    let (_, certificate) = x509_parser::parse_x509_certificate(&chain[0]).unwrap();
    certificate.raw_serial().to_vec()
}

fn revoked(node: &Node) -> super::world::Credentials {
    super::world::Credentials {
        certificate: String::new(),
        key: String::new(),
        serial: own_serial(node),
    }
}

#[tokio::test]
async fn a_revoked_peer_is_cut_both_ways_and_nobody_else() {
    let (mut scene, mut incoming) = Scene::new().await;
    let list = scene.yunnan.crl(&[&revoked(&scene.peer.node)]);
    scene.here.give("tls/crl-yunnan.example.pem", &list);
    scene.peer.is_cut().await;
    scene.other.is_open().await;
    // Nor does it come back.
    assert!(
        scene
            .here
            .connector()
            .connect(&scene.peer.id)
            .await
            .is_err()
    );
    let again = scene.peer.node.connector();
    let mut again = again.connect(&HERE.parse().unwrap()).await.unwrap();
    let error = again.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(Alert::of_io(&error), Some(Alert::CertificateRevoked));
    assert_eq!(again.farewell().alert(), Some(Alert::CertificateRevoked));
    nothing_accepted(&mut incoming).await;
}

#[tokio::test]
async fn a_peer_that_is_no_longer_paired_is_cut() {
    let (mut scene, _incoming) = Scene::new().await;
    let mut pairings = scene.here.source.pairings.clone();
    pairings.retain(|pairing| pairing.id != scene.peer.id);
    scene.here.pair(pairings);
    scene.peer.is_cut().await;
    scene.other.is_open().await;
}

#[tokio::test]
async fn a_peer_whose_areas_change_has_to_prove_itself_anew() {
    let (mut scene, _incoming) = Scene::new().await;
    let mut pairings = scene.here.source.pairings.clone();
    pairings[0].areas.push("530114".parse().unwrap());
    scene.here.pair(pairings);
    scene.peer.is_cut().await;
    scene.other.is_open().await;
}

#[tokio::test]
async fn a_connection_does_not_outlive_its_certificate() {
    let (mut scene, _incoming) = Scene::new().await;
    scene.here.set_time(NOW + 101 * DAY as u64);
    let snapshot = scene.here.store.current();
    let cut = scene
        .here
        .registry
        .recheck(&snapshot, scene.here.clock.now());
    assert_eq!(cut, 4);
    scene.peer.is_cut().await;
    scene.other.is_cut().await;
}

#[tokio::test]
async fn a_renewed_certificate_is_used_from_the_next_connection_on() {
    let (mut scene, mut incoming) = Scene::new().await;
    let old = revoked(&scene.peer.node);
    let fresh = scene.yunnan.issue(&Leaf::of(PEER));
    install(scene.peer.node.dir.path(), &fresh);
    let node = &scene.peer.node;
    assert_eq!(node.store.reload(&node.source).unwrap(), Reload::Published);
    // What is open stays open.
    scene.peer.is_open().await;
    // With the old one revoked, only the new one gets through, in both directions.
    let list = scene.yunnan.crl(&[&old]);
    scene.here.give("tls/crl-yunnan.example.pem", &list);
    scene.peer.is_cut().await;
    let connector = scene.peer.node.connector();
    let _out = connector.connect(&HERE.parse().unwrap()).await.unwrap();
    assert_eq!(accepted(&mut incoming).await.id().to_string(), PEER);
    let here = scene.here.connector();
    let _dialled = here.connect(&scene.peer.id).await.unwrap();
    accepted(&mut scene.peer.incoming).await;
    assert_eq!(scene.other.node.registry.len(), 2);
}

#[tokio::test]
async fn what_does_not_pass_is_not_published_and_what_is_the_same_neither() {
    let ca = Ca::new("fujian.example");
    let node = Node::start(HERE, &ca, vec![]);
    let before = node.store.current().certificate();
    let reload = || node.store.reload(&node.source);
    assert_eq!(reload().unwrap(), Reload::Unchanged);

    let foreign = Ca::new("fujian.example").issue(&Leaf::of(HERE));
    install(node.dir.path(), &foreign);
    assert!(matches!(reload(), Err(MaterialError::OwnChain { .. })));

    let own = ca.issue(&Leaf::of(HERE));
    write(node.dir.path(), "tls/node.crt", &own.certificate);
    assert!(matches!(reload(), Err(MaterialError::KeyMismatch { .. })));

    std::fs::remove_file(node.dir.path().join("tls/node.key")).unwrap();
    let error = reload().unwrap_err().to_string();
    assert!(error.contains("tls/node.key is missing"), "{error}");
    assert_eq!(node.store.current().certificate(), before);

    install(node.dir.path(), &own);
    assert_eq!(reload().unwrap(), Reload::Published);
    assert_ne!(node.store.current().certificate(), before);
}

#[tokio::test]
async fn what_expires_is_told_in_time() {
    let ca = Ca::new("fujian.example");
    let node = Node::start(HERE, &ca, vec![]);
    let at = |days: i64| super::world::at(NOW + (days * DAY) as u64);
    let snapshot = node.store.current();
    assert_eq!(snapshot.warnings(at(0)), []);
    let domain = node.source.offices[0].trust_domain().clone();
    for (days, stage) in [
        (16, Stage::Days14),
        (24, Stage::Days7),
        (29, Stage::Days2),
        (31, Stage::Past),
    ] {
        let expected = Warning::Expires {
            subject: Subject::Crl(domain.clone()),
            at: NOW as i64 + 30 * DAY,
            stage,
        };
        assert_eq!(snapshot.warnings(at(days)), [expected], "{days}");
    }
}

const PATIENCE: Duration = Duration::from_secs(5);
