//! Whoever may not come in is turned away in the handshake and told to nobody else, and whoever may
//! is held to the limits; a node that was knocked at by all of them serves honest peers as before.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and waits by the system's clock"
)]

mod harness;
#[path = "harness/knock.rs"]
mod knock;

use std::{
    fs,
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

use harness::{County, GUANDU, Node, World, binary, departure, eventually, run};
use hongyan::trust::authority::Authority;
use knock::{Answer, Caller, flood, hold, knock, send_message};
use rustls_pki_types::UnixTime;

const HUANGDAO: &str = "370211";

/// The address of the office listener.
fn office_port(county: &County) -> u16 {
    let text = fs::read_to_string(county.dir.join("node.toml")).unwrap();
    let document: toml::Table = text.parse().unwrap();
    let listen = document["office"]["listen"].as_str().unwrap();
    listen.rsplit_once(':').unwrap().1.parse().unwrap()
}

fn node_of(county: &County) -> Caller {
    Caller::of(
        &county.dir.join("tls/node.crt"),
        &county.dir.join("tls/node.key"),
    )
}

fn operator_of(county: &County) -> Caller {
    let office = county.dir.join("office");
    Caller::of(&office.join("operator.crt"), &office.join("operator.key"))
}

/// A node's certificate that ended yesterday.
fn expired(world: &World, county: &County) -> Caller {
    let key_path = county.dir.join("tls/node.key");
    let key = rcgen::KeyPair::from_pem(&fs::read_to_string(&key_path).unwrap()).unwrap();
    let mut params = rcgen::CertificateParams::default();
    let uri = format!("spiffe://hongyan.test/area/{}", county.area);
    params
        .subject_alt_names
        .push(rcgen::SanType::URI(uri.as_str().try_into().unwrap()));
    let request = params.serialize_request(&key).unwrap().pem().unwrap();
    let now = UnixTime::now().as_secs();
    let then = UnixTime::since_unix_epoch(Duration::from_secs(now - 2 * 86_400));
    let certificate = Authority::open(&world.authority())
        .unwrap()
        .sign(&request, Duration::from_secs(86_400), then)
        .unwrap();
    let path = world.path("expired.crt");
    fs::write(&path, certificate).unwrap();
    Caller::of(&path, &key_path)
}

/// A node still does its work, and nothing in it broke.
fn serves_honestly(nodes: &[&Node], from: &County, to: &County, number: u32) {
    let begun = Instant::now();
    from.publish(&[departure(number)]).expect(0);
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    let received = to.subscribe(&format!("desk-{number}"), number as usize, 20);
    assert_eq!(received.last().unwrap()["sequence"], number);
    for node in nodes {
        assert!(!node.log().contains("panicked"), "{}", node.log());
    }
}

fn eventually_logged(node: &Node, words: &str) {
    eventually(words, || node.log().contains(words));
}

#[test]
fn strangers_are_turned_away_in_the_handshake() {
    let (world, jinjiang, guandu) = World::two_counties();
    let unpaired = world.county(HUANGDAO);
    let other = World::new();
    let impostor = other.county(GUANDU);
    let (here, there) = (jinjiang.start(), guandu.start());
    let office = office_port(&jinjiang);

    for port in [jinjiang.exchange, office] {
        // Plain garbage, plain HTTP, nothing at all.
        for bytes in [
            &b"\x00\xff\x16\x03garbage\r\n\r\n"[..],
            b"GET / HTTP/1.1\r\n\r\n",
            b"",
        ] {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.write_all(bytes).unwrap();
        }
        let refused = |caller: Option<&Caller>, who: &str| {
            assert!(
                matches!(knock(port, caller), Answer::Refused(_)),
                "{who} at {port}"
            );
        };
        refused(None, "no certificate");
        refused(
            Some(&node_of(&impostor)),
            "another authority of the same name",
        );
        refused(Some(&operator_of(&impostor)), "an office of another node");
        refused(Some(&node_of(&unpaired)), "a node that is not paired");
        refused(Some(&expired(&world, &guandu)), "an expired certificate");
        refused(Some(&operator_of(&guandu)), "an office of a paired node");
    }
    // Each at the other's door.
    assert!(matches!(
        knock(jinjiang.exchange, Some(&operator_of(&jinjiang))),
        Answer::Refused(_)
    ));
    assert!(matches!(
        knock(office, Some(&node_of(&guandu))),
        Answer::Refused(_)
    ));
    // And at their own: the test can tell the difference.
    assert_eq!(
        knock(jinjiang.exchange, Some(&node_of(&guandu))),
        Answer::Admitted
    );
    assert_eq!(
        knock(office, Some(&operator_of(&jinjiang))),
        Answer::Admitted
    );

    eventually_logged(&here, "Turned a connection away");
    serves_honestly(&[&here, &there], &jinjiang, &guandu, 1);
}

fn copy_crl(world: &World, county: &County) {
    // As an operator would: put in place as a whole.
    let temporary = county.dir.join("tls/crl.new");
    fs::copy(world.authority().join("crl.pem"), &temporary).unwrap();
    fs::rename(temporary, county.dir.join("tls/crl.pem")).unwrap();
}

fn unanswered(county: &County, area: &str) -> u64 {
    let channels = county.channels();
    let channel = channels
        .iter()
        .find(|channel| channel["to_area"] == area && channel["direction"] == "out")
        .unwrap();
    channel["last_sequence"].as_u64().unwrap() - channel["answered_sequence"].as_u64().unwrap()
}

#[test]
fn a_revoked_peer_is_cut_within_seconds_and_the_others_go_on() {
    let (world, jinjiang, guandu) = World::two_counties();
    let huangdao = world.county(HUANGDAO);
    world.pair(&jinjiang, &huangdao);
    let (here, _there, _third) = (jinjiang.start(), guandu.start(), huangdao.start());
    jinjiang.publish(&[departure(1)]).expect(0);
    jinjiang.wait_until_answered();
    let live = hold(jinjiang.exchange, &node_of(&guandu));
    let spared = hold(jinjiang.exchange, &node_of(&huangdao));
    run(binary()
        .args(["authority", "revoke", "--dir"])
        .arg(world.authority())
        .arg("--cert")
        .arg(guandu.dir.join("tls/node.crt")))
    .expect(0);
    copy_crl(&world, &jinjiang);
    let begun = Instant::now();
    eventually("the revoked peer's live connection is cut", || {
        live.is_finished()
    });
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    assert!(matches!(
        knock(jinjiang.exchange, Some(&node_of(&guandu))),
        Answer::Refused(_)
    ));
    // Nothing goes to it any more; the other peer gets its own.
    let mut row = departure(3);
    row["destination_area"] = "370211001000".into();
    jinjiang.publish(&[departure(2), row]).expect(0);
    assert_eq!(huangdao.subscribe("desk", 1, 20).len(), 1);
    eventually("the third is answered", || {
        unanswered(&jinjiang, HUANGDAO) == 0
    });
    assert_eq!(unanswered(&jinjiang, GUANDU), 1, "held, not lost");
    assert!(
        !spared.is_finished(),
        "the peer that was not revoked is not cut"
    );
    let listed = jinjiang.ask(&["channel", "list"]).expect(0);
    assert!(listed.out.contains("530111"));
    assert!(!here.log().contains("panicked"));
}

/// Guandu takes an area that its pairing does not list, and an agreement of its own making.
#[test]
fn a_peer_does_not_speak_for_an_area_that_its_pairing_does_not_list() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let config = guandu.dir.join("node.toml");
    let text = fs::read_to_string(&config).unwrap();
    let mut document: toml::Table = text.parse().unwrap();
    document["areas"] = vec!["530111", "530112"].into();
    fs::write(&config, toml::to_string(&document).unwrap()).unwrap();
    let agreement = guandu.dir.join("agreements/350582-530111.toml");
    let forged = fs::read_to_string(&agreement)
        .unwrap()
        .replace("530111", "530112");
    fs::write(guandu.dir.join("agreements/350582-530112.toml"), forged).unwrap();
    let (here, there) = (jinjiang.start(), guandu.start());
    let mut row = departure(1);
    row["origin_area"] = "530112001000".into();
    row["destination_area"] = "350582104000".into();
    guandu.publish(&[row]).expect(0);
    eventually("the sender is told that the area is not its own", || {
        guandu
            .channels()
            .iter()
            .any(|channel| channel["from_area"] == "530112" && channel["code"] == "area_of_another")
    });
    assert!(
        jinjiang.subscribe("desk", 1, 1).is_empty(),
        "nothing entered"
    );
    serves_honestly(&[&here, &there], &jinjiang, &guandu, 1);
}

/// Highest memory that a process had, in bytes.
fn peak(node: &Node) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", node.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib << 10
}

#[test]
fn ten_thousand_streams_and_idle_connections_cost_little() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (here, there) = (jinjiang.start(), guandu.start());
    serves_honestly(&[&here, &there], &jinjiang, &guandu, 1);
    let before = peak(&here);
    let office = office_port(&jinjiang);
    let flooded = [
        flood(
            jinjiang.exchange,
            &node_of(&guandu),
            "/hongyan.exchange.v1.Exchange/Deliver",
            10_000,
        ),
        flood(
            office,
            &operator_of(&jinjiang),
            "/hongyan.office.v1.Office/Subscribe",
            10_000,
        ),
    ];
    // From an address of their own: the bound on handshakes is for each address.
    let idle = knock::idle([127, 0, 0, 2], &[jinjiang.exchange, office], 300);
    assert!(idle.len() > 500, "the test has its connections");
    serves_honestly(&[&here, &there], &jinjiang, &guandu, 2);
    let grown = peak(&here).saturating_sub(before);
    assert!(grown < 64 << 20, "grew by {grown} bytes");
    drop((flooded, idle));
    serves_honestly(&[&here, &there], &jinjiang, &guandu, 3);
}

#[test]
fn a_message_beyond_the_limit_is_refused_precisely() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (here, there) = (jinjiang.start(), guandu.start());
    for (port, caller, path) in [
        (
            office_port(&jinjiang),
            operator_of(&jinjiang),
            "/hongyan.office.v1.Office/Publish",
        ),
        (
            jinjiang.exchange,
            node_of(&guandu),
            "/hongyan.exchange.v1.Exchange/Probe",
        ),
    ] {
        let (status, message) = send_message(port, &caller, path, 5 << 20);
        // OUT_OF_RANGE is what tonic says of a message beyond the limit.
        assert!(matches!(status.as_str(), "8" | "11"), "{status}: {message}");
        assert!(
            message.contains("too%20large") || message.contains("too large"),
            "{message}"
        );
    }
    serves_honestly(&[&here, &there], &jinjiang, &guandu, 1);
}
