//! The office listener, as the command line and as an ordinary gRPC client meet it.

use std::{sync::Arc, time::Duration};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{PrivateKeyDer, ServerName, pem::PemObject};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::world::{Ca, HERE, NOW, Node, accepted, at, bind, nothing_accepted};
use crate::trust::{
    alert::{Alert, Farewell},
    connector::{ConnectError, connect_office},
    identity::{OfficeId, SpiffeId},
    identity_error::IdentityError,
    issue::{CRL_VALIDITY, CertificateAndKey, DEFAULT_VALIDITY},
    office_authority::OfficeAuthority,
    register::Target,
    tls,
};

fn issue(node: &Node, name: &str) -> (OfficeAuthority, CertificateAndKey) {
    let authority = OfficeAuthority::open(&node.dir.path().join("office")).unwrap();
    let id: SpiffeId = format!("{HERE}/office/{name}").parse().unwrap();
    let issued = authority.issue(&id, DEFAULT_VALIDITY, at(NOW)).unwrap();
    (authority, issued)
}

fn client(node: &Node, own: &CertificateAndKey, expected: &str) -> Arc<ClientConfig> {
    let root = std::fs::read(node.dir.path().join("office/ca.crt")).unwrap();
    tls::office_client(
        &root,
        own.certificate_pem.as_bytes(),
        own.key_pem.as_bytes(),
        expected.parse().unwrap(),
        &node.clock,
    )
    .unwrap()
}

#[tokio::test]
async fn an_office_and_its_node_know_each_other() {
    let node = Node::start(HERE, &Ca::new("fujian.example"), vec![]);
    let (listener, address) = bind().await;
    let mut incoming = node.listen::<OfficeId>(listener);
    let (authority, operator) = issue(&node, "operator");
    let endpoint = address.to_string();
    let within = Duration::from_secs(10);

    let config = client(&node, &operator, HERE);
    let farewell = Farewell::default();
    let dial = |config| connect_office(config, &endpoint, within, &farewell);
    let _stream = dial(&config).await.unwrap();
    let connection = accepted(&mut incoming).await;
    assert_eq!(connection.id().id().office_name(), Some("operator"));

    // Another node's listener is not spoken to.
    let other = client(&node, &operator, "spiffe://fujian.example/area/350583");
    let refused = dial(&other).await;
    assert!(matches!(
        refused,
        Err(ConnectError::Identity(IdentityError::OtherPeer))
    ));

    // A certificate gives no role: who is not in the configuration stays outside.
    let (_, stranger) = issue(&node, "stranger");
    let stranger = client(&node, &stranger, HERE);
    assert_refused(&stranger, &endpoint, Alert::CertificateUnknown).await;

    // Revoked: shut out, and cut.
    authority
        .revoke(
            Target::Certificate(&operator.certificate_pem),
            CRL_VALIDITY,
            at(NOW),
        )
        .unwrap();
    node.store.reload(&node.source).unwrap();
    tokio::time::timeout(within, connection.cut().cancelled())
        .await
        .unwrap();
    assert_refused(&config, &endpoint, Alert::CertificateRevoked).await;
    nothing_accepted(&mut incoming).await;
}

#[tokio::test]
async fn an_ordinary_client_can_check_the_listener_by_its_host_name() {
    let node = Node::start(HERE, &Ca::new("fujian.example"), vec![]);
    let (listener, address) = bind().await;
    let mut incoming = node.listen::<OfficeId>(listener);
    let (authority, operator) = issue(&node, "operator");
    let mut roots = RootCertStore::empty();
    for root in tls::certificates(authority.root_pem().as_bytes()).unwrap() {
        roots.add(root).unwrap();
    }
    let chain = tls::certificates(operator.certificate_pem.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(operator.key_pem.as_bytes()).unwrap();
    let mut config = ClientConfig::builder_with_details(
        Arc::clone(tls::provider()),
        Arc::new(node.clock.clone()),
    )
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(roots)
    .with_client_auth_cert(chain, key)
    .unwrap();
    config.alpn_protocols = vec![tls::ALPN.to_vec()];
    let config = Arc::new(config);
    for name in ["localhost", "127.0.0.1", "::1"] {
        let tcp = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from(name).unwrap();
        let _stream = TlsConnector::from(Arc::clone(&config))
            .connect(name, tcp)
            .await
            .unwrap();
        accepted(&mut incoming).await;
    }
}

async fn assert_refused(config: &Arc<ClientConfig>, endpoint: &str, by: Alert) {
    use tokio::io::AsyncReadExt;
    let farewell = Farewell::default();
    let mut stream = connect_office(config, endpoint, Duration::from_secs(10), &farewell)
        .await
        .unwrap();
    assert_eq!(farewell.alert(), None);
    stream.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(farewell.alert(), Some(by));
}
