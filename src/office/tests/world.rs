//! A node of 350582 with offices, a paired node of 530111 that never answers, and drafts.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use hyper_util::rt::TokioIo;
use rustls_pki_types::UnixTime;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tonic::{
    Code as Grpc, Status,
    transport::{Channel as Transport, Endpoint},
};
use tonic_types::StatusExt as _;

use super::rooms::Rooms;
use crate::{
    agreement::{Agreement, Agreements, Permitted},
    cases::{Cases, CasesParts, Following},
    clock::Clock,
    config::NodeConfig,
    domain::{
        channel::{Channel, Digest, Sequence},
        notice::{Content, NoticeId},
        workdays::samples::two_years,
    },
    envelope::{self, samples},
    office::{OfficeParts, ServeError, serve},
    proto::{
        notice::v1 as notice,
        office::v1::{self as wire, office_client::OfficeClient},
    },
    store::{Allowance, Arriving, EmbeddedLimits, Facts, InContent, InPlace, Store, Verdict},
    trust::{
        alert::Farewell,
        authority::Authority,
        chain::{chain, notice_digest},
        connection::ConnectionRegistry,
        connector::connect_office,
        files,
        forms::{Frame, ParcelForm},
        identity::{OfficeId, SpiffeId},
        issue::{CRL_VALIDITY, DEFAULT_VALIDITY, Request},
        keys::{SigningKey, draw},
        listener::{Limits, accept},
        master_key::MasterKeys,
        material::{TrustSource, TrustStore},
        office_authority::OfficeAuthority,
        pairing::{Pairing, RevocationPolicy},
        reference::ReferenceKey,
        signature::Verified,
        tls,
    },
};

pub(super) const NODE: &str = "spiffe://fujian.example/area/350582";
pub(super) const PEER: &str = "spiffe://yunnan.example/area/530111";

/// 2026-10-08 09:00 in Shanghai.
const NOW: u64 = samples::PUBLISHED_AT_MS as u64 / 1_000;

/// A name that must stand in no status.
pub(super) const CANARY: &str = "甲乙丙丁戊";

/// The offices and their lines in the configuration.
const OFFICES: [(&str, &str); 6] = [
    ("chendai", "roles = [\"clerk\"]\nareas = [\"350582104\"]"),
    ("cizao", "roles = [\"clerk\"]\nareas = [\"350582105\"]"),
    ("system", "roles = [\"integrator\"]"),
    ("watcher", "roles = [\"auditor\"]"),
    ("operator", "roles = [\"operator\"]"),
    (
        "former",
        "roles = [\"integrator\"]\nexpires = \"2026-10-07\"",
    ),
];

const AGREEMENT: &str = r#"id = "350582-530111"
version = 1
sandbox = true
purpose = "mobility_service"
legal_basis = "basis of the test"
valid_from = "2026-01-01"
valid_until = "2028-12-31"

[parties]
a = "350582"
b = "530111"

[[grant]]
from = "a"
to = "b"
kinds = ["departure", "arrival", "feedback", "message"]
fields = ["identity", "movement"]
free_text = true

[[grant]]
from = "b"
to = "a"
kinds = ["departure", "arrival", "feedback", "message"]
fields = ["identity", "movement"]
free_text = true

[kind.departure]
deliver_within = "20 calendar days"
"#;

pub(super) fn out() -> Channel {
    Channel {
        from: "350582".parse().unwrap(),
        to: "530111".parse().unwrap(),
    }
}

pub(super) struct World {
    dir: TempDir,
    pub(super) store: Store,
    _trust: TrustStore,
    registry: ConnectionRegistry,
    config: watch::Sender<Arc<NodeConfig>>,
    pub(super) agreements: watch::Sender<Arc<Agreements>>,
    clock: Clock,
    address: SocketAddr,
    pub(super) stop: CancellationToken,
    pub(super) serving: Option<JoinHandle<Result<(), ServeError>>>,
    following: Option<Following>,
    arrived: Mutex<(u64, Digest)>,
}

impl World {
    pub(super) async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap()).await
    }

    async fn start_in(dir: TempDir) -> Self {
        let id: SpiffeId = NODE.parse().unwrap();
        if !dir.path().join("office").exists() {
            make_node(&dir, &id);
        }
        let seconds = Arc::new(AtomicU64::new(NOW));
        let clock = Clock::new(move || now_of(seconds.load(Ordering::SeqCst)));
        let source = TrustSource {
            dir: dir.path().into(),
            areas: vec![id.area()],
            sandbox: true,
            revocation: RevocationPolicy::Crl,
            pairings: vec![peer(&dir)],
            own_endpoint: None,
            offices: OFFICES
                .iter()
                .map(|(name, _)| id.with_office(name).unwrap())
                .collect(),
            office_hosts: vec![],
        };
        let trust = TrustStore::open(&source, clock.clone()).unwrap();
        let store = open_store(&dir).await;
        let (config, _) = watch::channel(Arc::new(config(&OFFICES)));
        let (agreements, _) = watch::channel(Arc::new(held(AGREEMENT)));
        let registry = ConnectionRegistry::new();
        let stop = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let incoming = accept::<OfficeId>(
            listener,
            trust.subscribe(),
            registry.clone(),
            clock.clone(),
            Limits::default(),
            stop.clone(),
        );
        let reference_key = Arc::new(ReferenceKey::new([7; 32]));
        let (cases, following) = Cases::start(
            CasesParts {
                store: store.clone(),
                homes: vec![id.area()],
                agreements: agreements.subscribe(),
                workdays: watch::channel(Arc::new(two_years())).1,
                data: dir.path().join("data"),
                cache_bytes: 1 << 20,
            },
            stop.clone(),
        )
        .unwrap();
        let parts = OfficeParts {
            store: store.clone(),
            cases,
            config: config.subscribe(),
            agreements: agreements.subscribe(),
            workdays: watch::channel(Arc::new(two_years())).1,
            trust: trust.subscribe(),
            reference_key,
            clock: clock.clone(),
            operations: Arc::new(Rooms),
            data: dir.path().join("data"),
        };
        let stopping = stop.clone();
        let serving = tokio::spawn(async move {
            serve(parts, incoming, &crate::config::Limits::default(), stopping).await
        });
        Self {
            dir,
            store,
            _trust: trust,
            registry,
            config,
            agreements,
            clock,
            address,
            stop,
            serving: Some(serving),
            following: Some(following),
            arrived: Mutex::new((0, Digest::new([7; 32]))),
        }
    }

    /// Stops the node and starts it again on the same directory.
    pub(super) async fn restart(mut self) -> Self {
        self.stop.cancel();
        self.registry.cut_all();
        self.serving.take().unwrap().await.unwrap().unwrap();
        let following = self.following.take().unwrap();
        tokio::task::spawn_blocking(|| following.join())
            .await
            .unwrap();
        self.store.stop().await;
        let dir = std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap());
        let arrived = *self.arrived.lock().unwrap();
        drop(self);
        let mut world = Self::start_in(dir).await;
        world.arrived = Mutex::new(arrived);
        world
    }

    pub(super) async fn transport(&self, office: &str) -> Transport {
        let authority = OfficeAuthority::open(&self.dir.path().join("office")).unwrap();
        let id: SpiffeId = NODE.parse().unwrap();
        let own = authority
            .issue(
                &id.with_office(office).unwrap(),
                DEFAULT_VALIDITY,
                now_of(NOW),
            )
            .unwrap();
        let config = tls::office_client(
            authority.root_pem().as_bytes(),
            own.certificate_pem.as_bytes(),
            own.key_pem.as_bytes(),
            id,
            &self.clock,
        )
        .unwrap();
        let address = self.address.to_string();
        Endpoint::from_static("http://node.invalid")
            .connect_with_connector(tower::service_fn(move |_| {
                let (config, address) = (Arc::clone(&config), address.clone());
                async move {
                    connect_office(
                        &config,
                        &address,
                        Duration::from_secs(10),
                        &Farewell::default(),
                    )
                    .await
                    .map(TokioIo::new)
                }
            }))
            .await
            .unwrap()
    }

    pub(super) async fn client(&self, office: &str) -> OfficeClient<Transport> {
        OfficeClient::new(self.transport(office).await)
    }

    /// Changes the lines of the offices.
    pub(super) fn set_offices(&self, offices: &[(&str, &str)]) {
        self.config.send_replace(Arc::new(config(offices)));
    }

    /// Lets each office publish so many certificate queries a minute.
    pub(super) fn limit_queries(&self, per_minute: u32) {
        let mut config = NodeConfig::clone(&self.config.borrow());
        config.limits.certificate_queries_per_minute = per_minute.try_into().unwrap();
        self.config.send_replace(Arc::new(config));
    }

    /// A notice that the peer sent is stored here; returns its id.
    pub(super) async fn receive(&self, content: Content, answers: Option<NoticeId>) -> NoticeId {
        let (first, previous_head) = *self.arrived.lock().unwrap();
        let id = NoticeId::new([9; 8], first + 1);
        let opposite = out().opposite();
        let body = envelope::encode_body(&envelope::Outgoing {
            from: opposite.from,
            to: opposite.to,
            case_id: answers,
            answers,
            ..samples::outgoing(&content)
        });
        let prefix = envelope::prefix(id, Sequence::ZERO);
        let bytes = Bytes::from([prefix.as_slice(), &body].concat());
        envelope::decode(&bytes).unwrap();
        let digest = notice_digest(&bytes);
        let head = chain(previous_head, digest);
        let arriving = Arriving {
            channel: opposite,
            origin: Digest::new([7; 32]),
            first: Sequence::new(first + 1),
            previous_head,
            places: vec![InPlace {
                digest,
                content: InContent::Notice {
                    facts: Facts {
                        id,
                        kind: content.kind(),
                        case_id: answers.unwrap_or(id),
                        answers,
                        agreement: "350582-530111/1".parse().unwrap(),
                        published_at_ms: samples::PUBLISHED_AT_MS,
                        deadline_ms: samples::PUBLISHED_AT_MS + 1,
                        digest,
                    },
                    bytes,
                    verdict: Verdict::Take(Permitted::for_test(())),
                },
            }],
            evidence: Bytes::from_static(b"signed"),
            allowance: Allowance {
                bytes: u64::MAX,
                after_seconds: 1,
            },
            at_ms: samples::PUBLISHED_AT_MS + 5,
        };
        let form = ParcelForm {
            frame: Frame {
                channel: opposite,
                sandbox: true,
            },
            first: Sequence::new(first + 1),
            count: 1,
            previous: previous_head,
            head,
            time_ms: 0,
            voids: vec![],
            journal: None,
        };
        self.store
            .receive(&Verified::for_test(form), arriving)
            .await
            .unwrap();
        *self.arrived.lock().unwrap() = (first + 1, head);
        id
    }

    /// A woman from Chendai or elsewhere lives at the peer's.
    pub(super) async fn receive_arrival(&self, origin: &str) -> NoticeId {
        let mut movement = samples::movement();
        movement.origin_area = origin.parse().unwrap();
        self.receive(Content::Arrival(movement), None).await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
        self.registry.cut_all();
        // Before its directory goes.
        if let Some(following) = self.following.take() {
            following.join();
        }
    }
}

fn make_node(dir: &TempDir, id: &SpiffeId) {
    let at = now_of(NOW);
    let ca_dir = dir.path().join("ca");
    let domain = id.trust_domain().clone();
    let authority = Authority::create(&ca_dir, domain, CRL_VALIDITY, at).unwrap();
    let request = Request::new(id).unwrap();
    let certificate = authority
        .sign(&request.csr_pem, DEFAULT_VALIDITY, at)
        .unwrap();
    let tls = dir.path().join("tls");
    files::write_public(&tls.join("node.crt"), certificate.as_bytes()).unwrap();
    files::replace_secret(&tls.join("node.key"), request.key_pem.as_bytes()).unwrap();
    files::write_public(&tls.join("ca.crt"), authority.root_pem().as_bytes()).unwrap();
    let list = std::fs::read(ca_dir.join("crl.pem")).unwrap();
    files::write_public(&tls.join("crl.pem"), &list).unwrap();
    SigningKey::create(&dir.path().join("keys/signing.key")).unwrap();
    OfficeAuthority::create(&dir.path().join("office"), id, at).unwrap();
    let there = "yunnan.example".parse().unwrap();
    Authority::create(&dir.path().join("there"), there, CRL_VALIDITY, at).unwrap();
    SigningKey::create(&dir.path().join("there/signing.key")).unwrap();
}

fn peer(dir: &TempDir) -> Pairing {
    let there = dir.path().join("there");
    let id: SpiffeId = PEER.parse().unwrap();
    let key = SigningKey::load(&there.join("signing.key")).unwrap();
    Pairing {
        areas: vec![id.area()],
        id,
        endpoint: "127.0.0.1:9".into(),
        root_pem: std::fs::read_to_string(there.join("ca.crt")).unwrap(),
        signing_key_spki: key.public().spki().to_vec(),
        earlier_keys: vec![],
        revocation: RevocationPolicy::Crl,
        sandbox: true,
    }
}

fn config(offices: &[(&str, &str)]) -> NodeConfig {
    let mut text = "areas = [\"350582\"]\ntrust_domain = \"fujian.example\"\nmode = \"sandbox\"\n\
         [exchange]\nlisten = \"127.0.0.1:1\"\n[office]\nlisten = \"127.0.0.1:2\"\n"
        .to_owned();
    for (name, line) in offices {
        text.push_str(&format!(
            "[[office_client]]\nid = \"{NODE}/office/{name}\"\n{line}\n"
        ));
    }
    NodeConfig::parse(&text).unwrap()
}

pub(super) fn held(text: &str) -> Agreements {
    Agreements::new([Agreement::parse(text).unwrap()], []).unwrap()
}

fn store_limits() -> EmbeddedLimits {
    EmbeddedLimits {
        index_cache_bytes: 1 << 20,
        low_bytes: 0,
        ballast_bytes: 0,
        ..EmbeddedLimits::default()
    }
}

fn now_of(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// Connections that end hold the store a moment longer.
async fn open_store(dir: &TempDir) -> Store {
    let data = dir.path().join("data");
    for _ in 0..250 {
        let masters = MasterKeys::of_test(&[1]);
        match Store::open_embedded(&data, store_limits(), draw().unwrap(), masters) {
            Ok((store, _)) => return store,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    panic!("the store does not open");
}

/// A departure from Chendai that may travel.
pub(super) fn departure(reference: &str) -> wire::Draft {
    wire::Draft {
        reference: reference.into(),
        content: Some(wire::draft::Content::Departure(movement())),
        ..wire::Draft::default()
    }
}

pub(super) fn movement() -> notice::Movement {
    notice::Movement {
        subject: Some(notice::Person {
            name: CANARY.into(),
            resident_id: samples::number(jiff::civil::date(1995, 3, 4)),
            marital_status: "21".into(),
            ..notice::Person::default()
        }),
        origin_area: "350582104000".into(),
        destination_area: "530111001000".into(),
        event_date: "2026-10-01".into(),
        ..notice::Movement::default()
    }
}

pub(super) fn feedback(answers: NoticeId) -> wire::Draft {
    wire::Draft {
        answers: Bytes::copy_from_slice(answers.as_bytes()),
        content: Some(wire::draft::Content::Feedback(notice::Feedback {
            outcome: notice::Outcome::Confirmed.into(),
            event_date: "2026-10-08".into(),
            ..notice::Feedback::default()
        })),
        ..wire::Draft::default()
    }
}

pub(super) async fn publish(
    client: &mut OfficeClient<Transport>,
    draft: wire::Draft,
) -> Result<wire::Accepted, Status> {
    let request = wire::PublishRequest { draft: Some(draft) };
    let response = client.publish(request).await?.into_inner();
    Ok(response.accepted.unwrap())
}

/// Code and stable reason of a status, which names nobody.
pub(super) fn told(status: &Status) -> (Grpc, String) {
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(info.domain, "hongyan");
    let all = format!("{status:?} {details:?}");
    let number = samples::number(jiff::civil::date(1995, 3, 4));
    assert!(!all.contains(CANARY) && !all.contains(&number), "{all}");
    (status.code(), info.reason.clone())
}

/// The content of a feedback that the peer sends.
pub(super) fn peer_feedback() -> Content {
    Content::Feedback(crate::domain::notice::Feedback {
        outcome: crate::domain::notice::Outcome::Confirmed,
        event_date: jiff::civil::date(2026, 10, 8),
        note: None,
    })
}
