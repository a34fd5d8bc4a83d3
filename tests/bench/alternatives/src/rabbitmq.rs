//! Two RabbitMQ brokers: a quorum queue on each, and a shovel on the first that confirms.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Consumer,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
        ConfirmSelectOptions, QueueDeclareOptions,
    },
    tcp::{OwnedIdentity, OwnedTLSConfig},
    types::{AMQPValue, FieldTable},
};
use tempfile::TempDir;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep},
};
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

/// Starts both, with a port mapper of their own.
pub fn start(within: &Path, relayed: bool) -> Servers {
    let home = TempDir::new_in(within).unwrap();
    let pki = Pki::make(home.path());
    let ports = [free_port(), free_port()];
    let relay = relayed.then(|| Relay::to(ports[1]));
    let dialled = relay.as_ref().map_or(ports[1], |relay| relay.port);
    let mapper = free_port();
    let epmd = Command::new("epmd")
        .args(["-port", &mapper.to_string(), "-address", "127.0.0.1"])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let data = ["a", "b"].map(|name| home.path().join(name));
    let mut children = Vec::new();
    for place in 0..2 {
        fs::create_dir(&data[place]).unwrap();
        let name = ["a", "b"][place];
        let config = configure(&home.path().join(name), &pki, ports[place]);
        let shovel = (place == 0).then(|| shovel(&pki, dialled));
        let advanced = config.with_file_name("advanced.config");
        fs::write(&advanced, shovel.unwrap_or_else(|| "[].".into())).unwrap();
        children.push(serve(&config, name, mapper));
    }
    let processes = data.each_ref().map(|data| process_of(data));
    children.push(epmd);
    Servers {
        _home: home,
        pki,
        children,
        processes,
        ports,
        data: data.map(|data| data.join("mnesia")),
        relay,
        setting: format!(
            "{}, durable quorum queues of one member, confirms, a shovel that waits for confirms",
            version("rabbitmq-server")
        ),
    }
}

fn configure(home: &Path, pki: &Pki, port: u16) -> PathBuf {
    let config = home.join("rabbitmq.conf");
    let text = format!(
        "listeners.tcp = none\nlisteners.ssl.1 = 127.0.0.1:{port}\n\
         ssl_options.cacertfile = {}\nssl_options.certfile = {}\nssl_options.keyfile = {}\n\
         ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\n\
         ssl_options.versions.1 = tlsv1.3\n",
        pki.root.display(),
        pki.certificate.display(),
        pki.key.display()
    );
    fs::write(&config, text).unwrap();
    fs::write(home.join("enabled_plugins"), "[rabbitmq_shovel].").unwrap();
    config
}

/// A shovel from the queue of its own broker to that of the other.
fn shovel(pki: &Pki, port: u16) -> String {
    let declare = |queue: &str| {
        format!(
            "{{declarations, [{{'queue.declare', [{{queue, <<\"{queue}\">>}}, durable, \
             {{arguments, [{{<<\"x-queue-type\">>, longstr, <<\"quorum\">>}}]}}]}}]}}"
        )
    };
    format!(
        "[{{rabbitmq_shovel, [{{shovels, [{{forward, [\
         {{source, [{{protocol, amqp091}}, {{uris, [\"amqp://\"]}}, {}, \
         {{queue, <<\"out\">>}}, {{prefetch_count, {PREFETCH}}}]}}, \
         {{destination, [{{protocol, amqp091}}, \
         {{uris, [\"amqps://guest:guest@localhost:{port}?cacertfile={}&certfile={}&keyfile={}&verify=verify_peer\"]}}, {}, \
         {{publish_properties, [{{delivery_mode, 2}}]}}, \
         {{publish_fields, [{{exchange, <<\"\">>}}, {{routing_key, <<\"in\">>}}]}}]}}, \
         {{ack_mode, on_confirm}}, {{reconnect_delay, 1}}]}}]}}]}}].",
        declare("out"),
        pki.root.display(),
        pki.certificate.display(),
        pki.key.display(),
        declare("in"),
    )
}

fn serve(config: &Path, name: &str, mapper: u16) -> Child {
    let home = config.parent().unwrap();
    let log = File::create(home.join("out.log")).unwrap();
    Command::new("/usr/lib/rabbitmq/bin/rabbitmq-server")
        .env("HOME", home)
        .env("RABBITMQ_NODENAME", format!("{name}@localhost"))
        .env("RABBITMQ_CONFIG_FILE", config)
        .env(
            "RABBITMQ_ADVANCED_CONFIG_FILE",
            home.join("advanced.config"),
        )
        .env(
            "RABBITMQ_ENABLED_PLUGINS_FILE",
            home.join("enabled_plugins"),
        )
        .env("RABBITMQ_MNESIA_BASE", home.join("mnesia"))
        .env("RABBITMQ_LOG_BASE", home.join("log"))
        .env("RABBITMQ_PID_FILE", home.join("pid"))
        .env("RABBITMQ_DIST_PORT", free_port().to_string())
        .env("ERL_EPMD_PORT", mapper.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .stdin(Stdio::null())
        .stderr(log.try_clone().unwrap())
        .stdout(log)
        .spawn()
        .unwrap()
}

/// The process of a broker, once it has written it down.
fn process_of(home: &Path) -> u32 {
    let begun = Instant::now();
    loop {
        let text = fs::read_to_string(home.join("pid")).unwrap_or_default();
        if let Ok(process) = text.trim().parse() {
            return process;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "no broker");
        thread::sleep(Duration::from_millis(100));
    }
}

/// The clients of both brokers.
pub struct RabbitMq {
    publisher: Channel,
    subscriber: Channel,
    notices: Consumer,
    _connections: [Connection; 2],
}

impl RabbitMq {
    /// Connects and opens both queues.
    pub async fn connect(servers: &Servers) -> Self {
        let connections = [connection(servers, 0).await, connection(servers, 1).await];
        let publisher = connections[0].create_channel().await.unwrap();
        let subscriber = connections[1].create_channel().await.unwrap();
        let options = ConfirmSelectOptions::default();
        publisher.confirm_select(options).await.unwrap();
        for (channel, queue) in [(&publisher, "out"), (&subscriber, "in")] {
            let mut arguments = BTreeMap::new();
            let kind = AMQPValue::LongString("quorum".into());
            arguments.insert("x-queue-type".into(), kind);
            let options = QueueDeclareOptions {
                durable: true,
                ..QueueDeclareOptions::default()
            };
            let declared = channel.queue_declare(queue.into(), options, arguments.into());
            declared.await.unwrap();
        }
        let options = BasicQosOptions::default();
        subscriber.basic_qos(PREFETCH, options).await.unwrap();
        let options = BasicConsumeOptions::default();
        let notices = subscriber
            .basic_consume("in".into(), "bench".into(), options, FieldTable::default())
            .await
            .unwrap();
        Self {
            publisher,
            subscriber,
            notices,
            _connections: connections,
        }
    }

    /// Moves a flow.
    pub async fn pass(&mut self, flow: &Arc<Flow>, template: &Template) {
        let Self {
            publisher,
            subscriber,
            notices,
            _connections,
        } = self;
        let (confirms, mut confirmed) = mpsc::channel(usize::from(u16::MAX));
        let publishing = async move {
            let mut numbers = flow.numbers();
            while let Some(number) = numbers.next().await {
                let bytes = payload(template, number);
                let persistent = BasicProperties::default().with_delivery_mode(2);
                let options = BasicPublishOptions::default();
                let sent =
                    publisher.basic_publish("".into(), "out".into(), options, &bytes, persistent);
                confirms.send((number, sent.await.unwrap())).await.unwrap();
            }
        };
        let hearing = async {
            while let Some((number, confirm)) = confirmed.recv().await {
                assert!(matches!(confirm.await.unwrap(), Confirmation::Ack(None)));
                flow.accepted(number);
            }
        };
        let taking = async {
            let mut ticks = interval(ACKNOWLEDGE_WITHIN);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let (mut left, mut waiting, mut last) = (flow.load.notices, 0, 0);
            while left > 0 || waiting > 0 {
                tokio::select! {
                    biased;
                    notice = notices.next(), if left > 0 => {
                        let notice = notice.unwrap().unwrap();
                        assert!(template.is_own(&notice.data));
                        flow.handed(template.number(&notice.data));
                        left -= 1;
                        waiting += 1;
                        last = notice.delivery_tag;
                        if waiting < ACKNOWLEDGE_AT {
                            continue;
                        }
                    }
                    _ = ticks.tick() => {}
                }
                if waiting > 0 {
                    waiting = 0;
                    let options = BasicAckOptions { multiple: true };
                    subscriber.basic_ack(last, options).await.unwrap();
                }
            }
        };
        tokio::join!(publishing, hearing, taking);
    }
}

async fn connection(servers: &Servers, place: usize) -> Connection {
    let begun = Instant::now();
    let tls = OwnedTLSConfig {
        identity: Some(OwnedIdentity::PKCS8 {
            pem: fs::read(&servers.pki.certificate).unwrap(),
            key: fs::read(&servers.pki.key).unwrap(),
        }),
        cert_chain: Some(fs::read_to_string(&servers.pki.root).unwrap()),
    };
    loop {
        let uri = format!("amqps://guest:guest@localhost:{}/%2f", servers.ports[place]);
        let runtime = lapin::runtime::default_runtime().unwrap();
        let properties = ConnectionProperties::default();
        match Connection::connect_with_config(&uri, properties, tls.clone(), runtime).await {
            Ok(connection) => return connection,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(90), "{error}"),
        }
        sleep(Duration::from_millis(250)).await;
    }
}

/// Notices under way on the shovel, and to the subscriber, before they are acknowledged.
const PREFETCH: u16 = 4_096;
