//! Two JetStream servers: a stream on the first, and one on a leaf of it that sources from there.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use async_nats::{
    Client, ConnectOptions, Subscriber,
    jetstream::{
        self,
        consumer::{AckPolicy, push},
        stream::{Config, External, Source, StorageType},
    },
};
use tempfile::TempDir;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_stream::StreamExt as _;

use crate::{
    ACKNOWLEDGE_AT, ACKNOWLEDGE_WITHIN,
    flow::Flow,
    notice::Template,
    payload,
    pki::Pki,
    relay::Relay,
    servers::{Servers, free_port, version},
};

/// Starts both. With `synchronous`, every write of theirs is on disk before it returns: version
/// 2.9, which Debian has, knows no such setting of its own.
pub fn start(within: &Path, relayed: bool, synchronous: bool) -> Servers {
    let home = TempDir::new_in(within).unwrap();
    let pki = Pki::make(home.path());
    let ports = [free_port(), free_port()];
    let leaf = free_port();
    let relay = relayed.then(|| Relay::to(leaf));
    let dialled = relay.as_ref().map_or(leaf, |relay| relay.port);
    let tls = format!(
        "cert_file: {:?}, key_file: {:?}, ca_file: {:?}",
        pki.certificate, pki.key, pki.root
    );
    let leaves = [
        format!("port: {leaf}, host: 127.0.0.1, tls {{ {tls}, verify: true }}"),
        format!("remotes: [ {{ url: \"tls://127.0.0.1:{dialled}\", tls {{ {tls} }} }} ]"),
    ];
    let data = ["a", "b"].map(|name| home.path().join(name));
    let mut children = Vec::new();
    for place in 0..2 {
        fs::create_dir(&data[place]).unwrap();
        if synchronous {
            let told = Command::new("chattr").arg("+S").arg(&data[place]).status();
            assert!(told.unwrap().success(), "chattr needs ext4 and root");
        }
        let name = ["a", "b"][place];
        let config = home.path().join(format!("{name}.conf"));
        let text = format!(
            "server_name: {name}\nhost: 127.0.0.1\nport: {}\ntls {{ {tls}, verify: true }}\n\
             jetstream {{ store_dir: {:?}, domain: {name} }}\nleafnodes {{ {} }}\n",
            ports[place], data[place], leaves[place]
        );
        fs::write(&config, text).unwrap();
        children.push(serve(&config, &home.path().join(format!("{name}.log"))));
    }
    let setting = if synchronous {
        "every write synchronous (chattr +S), file storage"
    } else {
        "as it comes: no sync before it answers, file storage"
    };
    Servers {
        processes: [children[0].id(), children[1].id()],
        _home: home,
        pki,
        children,
        ports,
        data,
        relay,
        setting: format!("{}, {setting}", version("nats-server")),
    }
}

fn serve(config: &Path, log: &Path) -> Child {
    Command::new("nats-server")
        .arg("-c")
        .arg(config)
        .stdin(Stdio::null())
        .stderr(File::create(log).unwrap())
        .spawn()
        .unwrap()
}

/// The clients of both servers.
pub struct JetStream {
    publisher: Client,
    /// Answers of the first server; the subject of each ends with the number of its notice.
    answers: Subscriber,
    subscriber: Client,
    notices: Subscriber,
}

impl JetStream {
    /// Connects, makes both streams and the consumer.
    pub async fn connect(servers: &Servers) -> Self {
        let publisher = client(servers, 0).await;
        let subscriber = client(servers, 1).await;
        let out = Config {
            name: "OUT".into(),
            subjects: vec![SUBJECT.into()],
            storage: StorageType::File,
            ..Config::default()
        };
        let first = jetstream::with_domain(publisher.clone(), "a");
        first.create_stream(out).await.unwrap();
        let source = Source {
            name: "OUT".into(),
            external: Some(External {
                api_prefix: "$JS.a.API".into(),
                delivery_prefix: None,
            }),
            ..Source::default()
        };
        let inbox = Config {
            name: "IN".into(),
            sources: Some(vec![source]),
            storage: StorageType::File,
            ..Config::default()
        };
        let second = jetstream::with_domain(subscriber.clone(), "b");
        let inbox = second.create_stream(inbox).await.unwrap();
        let notices = subscriber.subscribe("handed").await.unwrap();
        let consumer = push::Config {
            durable_name: Some("bench".into()),
            deliver_subject: "handed".into(),
            ack_policy: AckPolicy::All,
            max_ack_pending: CREDIT,
            ..push::Config::default()
        };
        inbox.create_consumer(consumer).await.unwrap();
        Self {
            answers: publisher.subscribe("accepted.*").await.unwrap(),
            publisher,
            subscriber,
            notices,
        }
    }

    /// Moves a flow.
    pub async fn pass(&mut self, flow: &Arc<Flow>, template: &Template) {
        let Self {
            publisher,
            answers,
            subscriber,
            notices,
        } = self;
        let publishing = async {
            let mut numbers = flow.numbers();
            while let Some(number) = numbers.next().await {
                let reply = format!("accepted.{number}");
                let bytes = payload(template, number).into();
                let sent = publisher.publish_with_reply(SUBJECT, reply, bytes).await;
                sent.unwrap();
            }
        };
        let hearing = async {
            for _ in 0..flow.load.notices {
                let answer = answers.next().await.unwrap();
                assert!(
                    answer.payload.starts_with(br#"{"stream""#),
                    "refused: {:?}",
                    answer.payload
                );
                let (_, number) = answer.subject.rsplit_once('.').unwrap();
                flow.accepted(number.parse().unwrap());
            }
        };
        let taking = async {
            let mut ticks = interval(ACKNOWLEDGE_WITHIN);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let (mut left, mut waiting, mut last) = (flow.load.notices, 0, None);
            while left > 0 || waiting > 0 {
                tokio::select! {
                    biased;
                    notice = notices.next(), if left > 0 => {
                        let notice = notice.unwrap();
                        if !template.is_own(&notice.payload) {
                            continue;
                        }
                        flow.handed(template.number(&notice.payload));
                        left -= 1;
                        waiting += 1;
                        last = notice.reply;
                        if waiting < ACKNOWLEDGE_AT {
                            continue;
                        }
                    }
                    _ = ticks.tick() => {}
                }
                waiting = 0;
                if let Some(reply) = last.take() {
                    subscriber.publish(reply, "+ACK".into()).await.unwrap();
                }
            }
            subscriber.flush().await.unwrap();
        };
        tokio::join!(publishing, hearing, taking);
    }
}

async fn client(servers: &Servers, place: usize) -> Client {
    let begun = Instant::now();
    loop {
        let options = ConnectOptions::new()
            .require_tls(true)
            .add_root_certificates(servers.pki.root.clone())
            .add_client_certificate(servers.pki.certificate.clone(), servers.pki.key.clone());
        let address = format!("tls://127.0.0.1:{}", servers.ports[place]);
        match options.connect(address).await {
            Ok(client) => return client,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(20), "{error}"),
        }
        sleep(Duration::from_millis(100)).await;
    }
}

const SUBJECT: &str = "notices";
/// Notices that the second server hands over before it waits for an acknowledgement.
const CREDIT: i64 = 4_096;
