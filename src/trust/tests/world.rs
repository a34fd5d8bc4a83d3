//! Throw-away authorities and nodes.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType, SerialNumber,
};
use rustls_pki_types::UnixTime;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;
use x509_parser::time::ASN1Time;

use crate::clock::Clock;
use crate::trust::{
    connection::{Caller, Connection, ConnectionRegistry},
    connector::Connector,
    files,
    identity::SpiffeId,
    issue::{CertificateAndKey, Issuer},
    keys::SigningKey,
    listener::{Incoming, Limits, accept},
    material::{Reload, TrustSource, TrustStore},
    office_authority::OfficeAuthority,
    pairing::{Pairing, RevocationPolicy},
};

/// When these tests take place.
pub(super) const NOW: u64 = 1_791_331_200;
pub(super) const DAY: i64 = 86_400;
pub(super) const HERE: &str = "spiffe://fujian.example/area/350582";
pub(super) const PEER: &str = "spiffe://yunnan.example/area/530111";
pub(super) const OTHER: &str = "spiffe://yunnan.example/area/530112";

pub(super) fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// An authority of which everything can be asked, also what a real one would refuse.
pub(super) struct Ca {
    pub(super) issuer: Issuer,
    pub(super) root: CertificateAndKey,
    numbers: AtomicU64,
}

impl Ca {
    pub(super) fn new(domain: &str) -> Self {
        let uri = format!("spiffe://{domain}");
        let (issuer, root) = Issuer::create(domain, Some(&uri), at(NOW)).unwrap();
        Self {
            issuer,
            root,
            numbers: AtomicU64::new(1),
        }
    }

    pub(super) fn issue(&self, leaf: &Leaf) -> Credentials {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let authority_key = KeyPair::from_pem(&self.root.key_pem).unwrap();
        let authority =
            rcgen::Issuer::from_ca_cert_pem(&self.root.certificate_pem, authority_key).unwrap();
        let time = |offset: i64| {
            ASN1Time::from_timestamp(NOW as i64 + offset)
                .unwrap()
                .to_datetime()
        };
        let mut serial = [0x40; 16];
        serial[8..].copy_from_slice(&self.numbers.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, "anything");
        for uri in &leaf.uris {
            let uri = SanType::URI(uri.as_str().try_into().unwrap());
            params.subject_alt_names.push(uri);
        }
        for name in &leaf.names {
            let name = SanType::DnsName((*name).try_into().unwrap());
            params.subject_alt_names.push(name);
        }
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.not_before = time(leaf.from);
        params.not_after = time(leaf.to);
        params.key_usages = leaf.usages.clone();
        params.extended_key_usages = leaf.extended.clone();
        params.is_ca = if leaf.authority {
            IsCa::Ca(BasicConstraints::Unconstrained)
        } else {
            IsCa::ExplicitNoCa
        };
        Credentials {
            certificate: params.signed_by(&key, &authority).unwrap().pem(),
            key: key.serialize_pem(),
            serial: serial.to_vec(),
        }
    }

    pub(super) fn crl(&self, revoked: &[&Credentials]) -> String {
        self.crl_until(revoked, 30 * DAY)
    }

    pub(super) fn crl_until(&self, revoked: &[&Credentials], until: i64) -> String {
        let revoked: Vec<_> = revoked
            .iter()
            .map(|credentials| (credentials.serial.clone(), NOW as i64 - 60))
            .collect();
        let issued = NOW - 60 * DAY as u64;
        let validity = Duration::from_secs((NOW as i64 + until) as u64 - issued);
        self.issuer.crl(1, &revoked, validity, at(issued)).unwrap()
    }
}

/// A certificate to be: a proper node's, until something is changed.
#[derive(Clone)]
pub(super) struct Leaf {
    pub(super) uris: Vec<String>,
    pub(super) names: Vec<&'static str>,
    pub(super) usages: Vec<KeyUsagePurpose>,
    pub(super) extended: Vec<ExtendedKeyUsagePurpose>,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) authority: bool,
}

impl Leaf {
    pub(super) fn of(uri: &str) -> Self {
        Self {
            uris: vec![uri.into()],
            names: vec![],
            usages: vec![KeyUsagePurpose::DigitalSignature],
            extended: vec![
                ExtendedKeyUsagePurpose::ServerAuth,
                ExtendedKeyUsagePurpose::ClientAuth,
            ],
            from: -DAY,
            to: 100 * DAY,
            authority: false,
        }
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

pub(super) struct Credentials {
    pub(super) certificate: String,
    pub(super) key: String,
    pub(super) serial: Vec<u8>,
}

/// A node on disk, with its trust loaded, listening on loopback.
pub(super) struct Node {
    pub(super) dir: TempDir,
    pub(super) source: TrustSource,
    pub(super) store: TrustStore,
    pub(super) registry: ConnectionRegistry,
    pub(super) clock: Clock,
    seconds: Arc<AtomicU64>,
    stop: CancellationToken,
}

impl Node {
    pub(super) fn start(id: &str, ca: &Ca, pairings: Vec<Pairing>) -> Self {
        let id: SpiffeId = id.parse().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let credentials = ca.issue(&Leaf::of(&id.to_string()));
        install(dir.path(), &credentials);
        write(dir.path(), "tls/ca.crt", &ca.root.certificate_pem);
        write(dir.path(), "tls/crl.pem", &ca.crl(&[]));
        SigningKey::create(&dir.path().join("keys/signing.key")).unwrap();
        OfficeAuthority::create(&dir.path().join("office"), &id, at(NOW)).unwrap();
        let source = TrustSource {
            dir: dir.path().into(),
            areas: vec![id.area()],
            sandbox: true,
            revocation: RevocationPolicy::Crl,
            pairings,
            own_endpoint: None,
            offices: vec![id.with_office("operator").unwrap()],
            office_hosts: vec![],
        };
        Self::open(dir, source)
    }

    fn open(dir: TempDir, source: TrustSource) -> Self {
        let seconds = Arc::new(AtomicU64::new(NOW));
        let told = Arc::clone(&seconds);
        let clock = Clock::new(move || at(told.load(Ordering::SeqCst)));
        let store = TrustStore::open(&source, clock.clone()).unwrap();
        let node = Self {
            dir,
            source,
            store,
            registry: ConnectionRegistry::new(),
            clock,
            seconds,
            stop: CancellationToken::new(),
        };
        let (registry, stop) = (node.registry.clone(), node.stop.clone());
        let (snapshots, clock) = (node.store.subscribe(), node.clock.clone());
        tokio::spawn(async move { registry.watch(snapshots, clock, stop).await });
        node
    }

    pub(super) fn set_time(&self, seconds: u64) {
        self.seconds.store(seconds, Ordering::SeqCst);
    }

    /// Puts a file into the directory and reloads, which must succeed.
    pub(super) fn give(&self, name: &str, text: &str) {
        write(self.dir.path(), name, text);
        assert_eq!(self.store.reload(&self.source).unwrap(), Reload::Published);
    }

    pub(super) fn pair(&mut self, pairings: Vec<Pairing>) {
        self.source.pairings = pairings;
        assert_eq!(self.store.reload(&self.source).unwrap(), Reload::Published);
    }

    pub(super) fn listen<I: Caller>(&self, listener: TcpListener) -> Incoming<I> {
        accept(
            listener,
            self.store.subscribe(),
            self.registry.clone(),
            self.clock.clone(),
            Limits::default(),
            self.stop.clone(),
        )
    }

    pub(super) fn connector(&self) -> Connector {
        Connector::new(
            self.store.subscribe(),
            self.registry.clone(),
            self.clock.clone(),
            Duration::from_secs(10),
        )
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(super) fn pairing(id: &str, ca: &Ca, endpoint: SocketAddr) -> Pairing {
    let id: SpiffeId = id.parse().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let key = SigningKey::create(&dir.path().join("k")).unwrap();
    Pairing {
        areas: vec![id.area()],
        id,
        endpoint: endpoint.to_string(),
        root_pem: ca.root.certificate_pem.clone(),
        signing_key_spki: key.public().spki().to_vec(),
        earlier_keys: vec![],
        revocation: RevocationPolicy::Crl,
        sandbox: true,
    }
}

pub(super) fn install(dir: &Path, credentials: &Credentials) {
    write(dir, "tls/node.crt", &credentials.certificate);
    files::replace_secret(&dir.join("tls/node.key"), credentials.key.as_bytes()).unwrap();
}

pub(super) fn write(dir: &Path, name: &str, text: &str) {
    files::write_public(&dir.join(name), text.as_bytes()).unwrap();
}

pub(super) async fn bind() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(super) async fn accepted<I: Caller>(incoming: &mut Incoming<I>) -> Connection<I> {
    tokio::time::timeout(Duration::from_secs(10), incoming.next())
        .await
        .expect("a connection comes")
        .unwrap()
        .unwrap()
}

/// Nothing that ended before this was accepted.
pub(super) async fn nothing_accepted<I: Caller>(incoming: &mut Incoming<I>) {
    let waited = tokio::time::timeout(Duration::from_millis(30), incoming.next()).await;
    assert!(waited.is_err(), "a connection was accepted");
}
