//! Every certificate that must not pass, as a client and as a server, with nothing accepted.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};
use rustls::{
    ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};

use super::world::{
    Ca, Credentials, DAY, HERE, Leaf, NOW, Node, OTHER, PEER, accepted, at, bind, nothing_accepted,
    pairing,
};
use crate::trust::{
    alert::Alert,
    connector::ConnectError,
    identity::{OfficeId, PeerId},
    identity_error::IdentityError,
    material::{Reload, TrustSource},
    pairing::RevocationPolicy,
    tls,
    verifier::Part,
};

/// What is wrong with a chain, and why it is refused as a client and as a server. None: it passes.
struct Case {
    name: &'static str,
    by: &'static str,
    leaf: Leaf,
    as_client: Option<IdentityError>,
    as_server: Option<IdentityError>,
}

fn case(name: &'static str, by: &'static str, leaf: Leaf, both: Option<IdentityError>) -> Case {
    Case {
        name,
        by,
        leaf,
        as_client: both,
        as_server: both,
    }
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    use IdentityError as E;
    let peer = || Leaf::of(PEER);
    let office = format!("{PEER}/office/desk");
    vec![
        case("proper", "yunnan", peer(), None),
        case("with a DNS name besides", "yunnan", peer().with(|leaf| leaf.names = vec!["n.example"]), None),
        case("another authority of that name", "impostor", peer(), Some(E::UnknownIssuer)),
        case("the root of another trust domain", "fujian", peer(), Some(E::UnknownIssuer)),
        case("a trust domain of nobody", "yunnan", Leaf::of("spiffe://hunan.example/area/430100"), Some(E::UnknownTrustDomain)),
        case("revoked", "revoked", peer(), Some(E::Revoked)),
        case("expired", "yunnan", peer().with(|leaf| leaf.to = -1), Some(E::Expired)),
        case("not yet valid", "yunnan", peer().with(|leaf| leaf.from = 60), Some(E::NotYetValid)),
        case("another area, not paired", "yunnan", Leaf::of("spiffe://yunnan.example/area/530113"), Some(E::NotPaired)),
        Case { as_client: None, ..case("another peer than dialled", "yunnan", Leaf::of(OTHER), Some(E::OtherPeer)) },
        case("two URIs", "yunnan", peer().with(|leaf| leaf.uris.push(OTHER.into())), Some(E::SeveralSpiffeIds)),
        case("a second URI that is no SPIFFE id", "yunnan", peer().with(|leaf| leaf.uris.push("https://x.example".into())), Some(E::SeveralSpiffeIds)),
        case("no name", "yunnan", peer().with(|leaf| leaf.uris.clear()), Some(E::NoSpiffeId)),
        case("a DNS name only", "yunnan", peer().with(|leaf| { leaf.uris.clear(); leaf.names = vec!["n.example"]; }), Some(E::NoSpiffeId)),
        case("another URI", "yunnan", Leaf::of("https://yunnan.example/area/530111"), Some(E::NotANode)),
        case("an office", "yunnan", Leaf::of(&office), Some(E::NotANode)),
        case("no key usage", "yunnan", peer().with(|leaf| leaf.usages.clear()), Some(E::WrongUsage)),
        case("a key for agreement", "yunnan", peer().with(|leaf| leaf.usages = vec![KeyUsagePurpose::KeyAgreement]), Some(E::WrongUsage)),
        case("a key for certificates too", "yunnan", peer().with(|leaf| leaf.usages.push(KeyUsagePurpose::KeyCertSign)), Some(E::WrongUsage)),
        case("no extended usage", "yunnan", peer().with(|leaf| leaf.extended.clear()), Some(E::WrongUsage)),
        case("any extended usage", "yunnan", peer().with(|leaf| leaf.extended = vec![ExtendedKeyUsagePurpose::Any]), Some(E::WrongUsage)),
        Case { as_server: None, ..case("a server only", "yunnan", peer().with(|leaf| leaf.extended = vec![ExtendedKeyUsagePurpose::ServerAuth]), Some(E::WrongUsage)) },
        Case { as_client: None, ..case("a client only", "yunnan", peer().with(|leaf| leaf.extended = vec![ExtendedKeyUsagePurpose::ClientAuth]), Some(E::WrongUsage)) },
        case("an authority", "yunnan", peer().with(|leaf| leaf.authority = true), Some(E::AuthorityAsLeaf)),
    ]
}

/// Authorities and the node under test.
struct Scene {
    fujian: Ca,
    yunnan: Ca,
    impostor: Ca,
    node: Node,
}

impl Scene {
    fn new(peer_at: SocketAddr, other_at: SocketAddr) -> Self {
        let (fujian, yunnan) = (Ca::new("fujian.example"), Ca::new("yunnan.example"));
        let pairings = vec![
            pairing(PEER, &yunnan, peer_at),
            pairing(OTHER, &yunnan, other_at),
        ];
        let node = Node::start(HERE, &fujian, pairings);
        let scene = Self {
            fujian,
            yunnan,
            impostor: Ca::new("yunnan.example"),
            node,
        };
        scene.give_list(&scene.yunnan.crl(&[]));
        scene
    }

    fn give_list(&self, pem: &str) {
        self.node.give("tls/crl-yunnan.example.pem", pem);
    }

    fn issue(&self, case: &Case) -> Credentials {
        match case.by {
            "impostor" => self.impostor.issue(&case.leaf),
            "fujian" => self.fujian.issue(&case.leaf),
            "revoked" => {
                let credentials = self.yunnan.issue(&case.leaf);
                self.give_list(&self.yunnan.crl(&[&credentials]));
                credentials
            }
            _ => self.yunnan.issue(&case.leaf),
        }
    }
}

#[tokio::test]
async fn as_a_client_only_a_proper_peer_is_accepted() {
    let (listener, here) = bind().await;
    let scene = Scene::new(here, here);
    let mut incoming = scene.node.listen::<PeerId>(listener);
    for case in cases() {
        let credentials = scene.issue(&case);
        let judged = judge(&scene.node, &credentials, Part::Client);
        assert_eq!(judged.err(), case.as_client, "{}", case.name);
        if case.as_client.is_none() {
            let _stream = dial(here, Some(&credentials)).await.unwrap();
            accepted(&mut incoming).await;
        } else {
            turned_away(case.name, here, Some(&credentials)).await;
            nothing_accepted(&mut incoming).await;
        }
    }
    turned_away("without a certificate", here, None).await;
    nothing_accepted(&mut incoming).await;
    assert!(scene.node.registry.is_empty());
}

#[tokio::test]
async fn as_a_server_only_the_peer_that_was_dialled_is_accepted() {
    let (listener, there) = bind().await;
    let (_keep, nowhere) = bind().await;
    let scene = Scene::new(there, nowhere);
    let connector = scene.node.connector();
    for case in cases() {
        let credentials = scene.issue(&case);
        let server = tokio::spawn(serve_one(listener_clone(&listener), credentials));
        let dialled = connector.connect(&PEER.parse().unwrap()).await;
        match (case.as_server, dialled) {
            (None, Ok(connection)) => assert_eq!(connection.id().to_string(), PEER),
            (Some(expected), Err(ConnectError::Identity(found))) => {
                assert_eq!(found, expected, "{}", case.name);
            }
            (expected, found) => {
                panic!("{}: {expected:?}, {:?}", case.name, found.err());
            }
        }
        let finished = server.await.unwrap();
        assert_eq!(finished, case.as_server.is_none(), "{}", case.name);
    }
    assert!(scene.node.registry.is_empty());
}

#[tokio::test]
async fn without_a_current_list_of_the_right_authority_nobody_passes() {
    let (listener, here) = bind().await;
    let scene = Scene::new(here, here);
    let mut incoming = scene.node.listen::<PeerId>(listener);
    let credentials = scene.yunnan.issue(&Leaf::of(PEER));
    let mut forged = Ca::new("yunnan.example");
    forged.root.certificate_pem.clear();
    for (name, list, expected) in [
        (
            "expired",
            scene.yunnan.crl_until(&[], -1),
            IdentityError::CrlExpired,
        ),
        (
            "of another authority",
            forged.crl(&[]),
            IdentityError::CrlMissing,
        ),
    ] {
        scene.give_list(&list);
        let judged = judge(&scene.node, &credentials, Part::Client);
        assert_eq!(judged.err(), Some(expected), "{name}");
        turned_away(name, here, Some(&credentials)).await;
        nothing_accepted(&mut incoming).await;
    }
    std::fs::remove_file(scene.node.dir.path().join("tls/crl-yunnan.example.pem")).unwrap();
    let reloaded = scene.node.store.reload(&scene.node.source).unwrap();
    assert_eq!(reloaded, Reload::Published);
    let judged = judge(&scene.node, &credentials, Part::Client);
    assert_eq!(judged.err(), Some(IdentityError::CrlMissing));
    turned_away("without a list", here, Some(&credentials)).await;
    nothing_accepted(&mut incoming).await;
    scene.give_list(&scene.yunnan.crl(&[]));
    let _stream = dial(here, Some(&credentials)).await.unwrap();
    accepted(&mut incoming).await;
}

#[tokio::test]
async fn without_a_list_certificates_live_a_day() {
    let (_keep, nowhere) = bind().await;
    let (fujian, yunnan) = (Ca::new("fujian.example"), Ca::new("yunnan.example"));
    let mut pairing = pairing(PEER, &yunnan, nowhere);
    pairing.revocation = RevocationPolicy::ShortLived;
    let node = Node::start(HERE, &fujian, vec![pairing]);
    for (seconds, expected) in [(DAY, None), (DAY + 1, Some(IdentityError::LivesTooLong))] {
        let credentials = yunnan.issue(&Leaf::of(PEER).with(|leaf| {
            leaf.from = -60;
            leaf.to = seconds - 60;
        }));
        for part in [Part::Client, Part::Server] {
            assert_eq!(judge(&node, &credentials, part).err(), expected);
        }
    }
}

/// A refused client has said more by then than the listener has read. A socket that is closed over
/// that is reset, and the client learned that its connection broke, not why.
#[tokio::test]
async fn whoever_is_refused_may_speak_on_and_then_reads_why() {
    let (listener, here) = bind().await;
    let scene = Scene::new(here, here);
    let mut incoming = scene.node.listen::<PeerId>(listener);
    let expired = scene
        .yunnan
        .issue(&Leaf::of(PEER).with(|leaf| leaf.to = -1));
    let mut stream = dial(here, Some(&expired)).await.unwrap();
    let (tcp, _) = stream.get_ref();
    while !tcp
        .ready(Interest::READABLE)
        .await
        .unwrap()
        .is_read_closed()
    {
        tokio::task::yield_now().await;
    }
    for _ in 0..2 {
        stream.write_all(b"PRI * HTTP/2.0").await.unwrap();
        stream.flush().await.unwrap();
    }
    let error = stream.read_u8().await.unwrap_err();
    assert_eq!(Alert::of_io(&error), Some(Alert::CertificateExpired));
    // Not for ever: whoever goes on speaking is cut off.
    let speaks_on = async { while stream.get_mut().0.write_all(&[0; 4096]).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(10), speaks_on)
        .await
        .expect("it is cut off");
    nothing_accepted(&mut incoming).await;
}

#[tokio::test]
async fn a_client_of_tls_1_2_is_refused() {
    let (listener, here) = bind().await;
    let scene = Scene::new(here, here);
    let mut incoming = scene.node.listen::<PeerId>(listener);
    let mut tcp = TcpStream::connect(here).await.unwrap();
    // ClientHello of version 3.3, one suite (ECDHE-ECDSA-AES128-GCM), with curves and signature
    // algorithms, and without the extension that offers TLS 1.3.
    let mut hello = b"\x03\x03".to_vec();
    hello.extend([7; 32]);
    hello.extend(b"\0\0\x02\xc0\x2b\x01\0");
    hello.extend(b"\0\x10\0\x0a\0\x04\0\x02\0\x17\0\x0d\0\x04\0\x02\x04\x03");
    let length = hello.len() as u16;
    let mut record = b"\x16\x03\x01".to_vec();
    record.extend((length + 4).to_be_bytes());
    record.extend(b"\x01\0");
    record.extend(length.to_be_bytes());
    record.extend(hello);
    tcp.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).await.unwrap();
    // A fatal alert, protocol_version.
    assert_eq!(answer, b"\x15\x03\x03\0\x02\x02\x46");
    nothing_accepted(&mut incoming).await;
}

#[tokio::test]
async fn at_the_wrong_door_nobody_is_let_in() {
    let (exchange, exchange_at) = bind().await;
    let (offices, offices_at) = bind().await;
    let scene = Scene::new(exchange_at, exchange_at);
    let mut exchange = scene.node.listen::<PeerId>(exchange);
    let mut offices = scene.node.listen::<OfficeId>(offices);
    let authority = crate::trust::office_authority::OfficeAuthority::open(
        &scene.node.dir.path().join("office"),
    )
    .unwrap();
    let operator: crate::trust::identity::SpiffeId =
        format!("{HERE}/office/operator").parse().unwrap();
    let office = authority
        .issue(&operator, Duration::from_secs(3_600), at(NOW))
        .unwrap();
    let office = Credentials {
        certificate: office.certificate_pem,
        key: office.key_pem,
        serial: vec![],
    };
    let node = scene.yunnan.issue(&Leaf::of(PEER));
    turned_away("an office at the exchange", exchange_at, Some(&office)).await;
    turned_away("a node at the offices", offices_at, Some(&node)).await;
    turned_away("nobody at the offices", offices_at, None).await;
    nothing_accepted(&mut exchange).await;
    nothing_accepted(&mut offices).await;
    let _stream = dial(offices_at, Some(&office)).await.unwrap();
    assert_eq!(
        accepted(&mut offices).await.id().to_string(),
        operator.to_string()
    );
}

#[tokio::test]
async fn pairings_that_contradict_each_other_are_refused_by_name() {
    let (_keep, nowhere) = bind().await;
    let mut scene = Scene::new(nowhere, nowhere);
    let good = scene.node.source.pairings.clone();
    let change = |node: &mut Node, change: &dyn Fn(&mut TrustSource)| {
        node.source.pairings = good.clone();
        let mut source = node.source.clone();
        change(&mut source);
        node.store.reload(&source).unwrap_err().to_string()
    };
    let impostor = scene.impostor.root.certificate_pem.clone();
    let fujian = scene.fujian.root.certificate_pem.clone();
    let area = |text: &str| text.parse().unwrap();
    let node = &mut scene.node;
    type Change<'a> = &'a dyn Fn(&mut TrustSource);
    let table: [(&str, Change<'_>); 9] = [
        ("another root", &|source| {
            source.pairings[1].root_pem = impostor.clone();
        }),
        ("that of another trust domain", &|source| {
            source.pairings[1].root_pem = fujian.clone();
        }),
        ("another revocation policy", &|source| {
            source.pairings[1].revocation = RevocationPolicy::ShortLived;
        }),
        ("is another peer's", &|source| {
            source.pairings[1].areas.push(area("530111"));
        }),
        ("is this node's own", &|source| {
            source.pairings[1].areas.push(area("350582"));
        }),
        ("does not list the area", &|source| {
            source.pairings[1].areas = vec![area("530199")];
        }),
        ("sandbox", &|source| source.pairings[1].sandbox = false),
        ("signing key", &|source| {
            source.pairings[1].signing_key_spki.clear();
        }),
        ("expected spiffe://fujian.example/area/350583", &|source| {
            source.areas = vec![area("350583")];
        }),
    ];
    for (expected, wrong) in table {
        let error = change(node, wrong);
        assert!(error.contains(expected), "{expected}: {error}");
    }
    // What held goes on to hold.
    assert_eq!(node.store.current().peers().count(), 2);
}

#[tokio::test]
async fn a_stranger_who_sends_nothing_is_closed() {
    let (listener, here) = bind().await;
    let scene = Scene::new(here, here);
    let limits = crate::trust::listener::Limits {
        handshake: Duration::from_millis(50),
        ..Default::default()
    };
    let _incoming = crate::trust::listener::accept::<PeerId>(
        listener,
        scene.node.store.subscribe(),
        scene.node.registry.clone(),
        scene.node.clock.clone(),
        limits,
        tokio_util::sync::CancellationToken::new(),
    );
    let mut tcp = TcpStream::connect(here).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), tcp.read_to_end(&mut answer)).await;
    assert_eq!(read.unwrap().unwrap(), 0);
}

fn judge(node: &Node, credentials: &Credentials, part: Part) -> Result<PeerId, IdentityError> {
    let chain = tls::certificates(credentials.certificate.as_bytes()).unwrap();
    node.store.current().identify_peer(&chain, part, at(NOW))
}

/// Connects as a client that takes any server.
async fn dial(
    to: SocketAddr,
    credentials: Option<&Credentials>,
) -> io::Result<TlsStream<TcpStream>> {
    let builder = ClientConfig::builder_with_provider(Arc::clone(tls::provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TakesAny));
    let mut config = match credentials {
        None => builder.with_no_client_auth(),
        Some(credentials) => {
            let (chain, key) = parse(credentials);
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = vec![tls::ALPN.to_vec()];
    let tcp = TcpStream::connect(to).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
}

/// Connects and must be told of a refusal, which a client learns only when it reads.
async fn turned_away(name: &str, to: SocketAddr, credentials: Option<&Credentials>) {
    let attempt = async {
        let mut stream = dial(to, credentials).await?;
        stream.read_u8().await
    };
    let answer = tokio::time::timeout(Duration::from_secs(10), attempt).await;
    let error = answer
        .unwrap_or_else(|_| panic!("{name}: let in"))
        .unwrap_err();
    assert!(Alert::of_io(&error).is_some(), "{name}: {error}");
}

/// Answers one client, with any certificate, and waits until it is gone. True if the handshake was
/// finished.
async fn serve_one(listener: TcpListener, credentials: Credentials) -> bool {
    let (chain, key) = parse(&credentials);
    let mut config = ServerConfig::builder_with_provider(Arc::clone(tls::provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![tls::ALPN.to_vec()];
    let (tcp, _) = listener.accept().await.unwrap();
    match TlsAcceptor::from(Arc::new(config)).accept(tcp).await {
        Err(_) => false,
        Ok(mut stream) => {
            let mut rest = Vec::new();
            drop(stream.read_to_end(&mut rest).await);
            assert_eq!(rest, b"");
            true
        }
    }
}

fn listener_clone(listener: &TcpListener) -> TcpListener {
    use std::os::fd::AsFd;
    let fd = listener.as_fd().try_clone_to_owned().unwrap();
    TcpListener::from_std(fd.into()).unwrap()
}

fn parse(credentials: &Credentials) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    (
        tls::certificates(credentials.certificate.as_bytes()).unwrap(),
        PrivateKeyDer::from_pem_slice(credentials.key.as_bytes()).unwrap(),
    )
}

#[derive(Debug)]
struct TakesAny;

impl ServerCertVerifier for TakesAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        tls::provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
