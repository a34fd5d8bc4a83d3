//! As many peers and agreements as a county may have.

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

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use harness::{JINJIANG, NANAN, World, run};
use hongyan::{
    agreement::{self, DEFAULT, Opening},
    pairing::{Nonce, PairingFile},
    trust::{
        keys::SigningKey,
        pairing::{Pairing, RevocationPolicy},
    },
};
use jiff::{Timestamp, ToSpan as _};

const MANY: u16 = 250;

/// Pairs the node of that directory with that many, each under an agreement of its own.
fn pair_with_many(dir: &Path, authority: &Path) {
    let root = fs::read_to_string(authority.join("ca.crt")).unwrap();
    let now = Timestamp::now();
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let here = JINJIANG.parse().unwrap();
    let opening = Opening {
        a: here,
        sandbox: true,
        valid_from: today.yesterday().unwrap(),
        valid_until: today.checked_add(300.days()).unwrap(),
    };
    let opened = agreement::open(DEFAULT, &opening).unwrap();
    for name in ["peers", "agreements"] {
        fs::create_dir_all(dir.join(name)).unwrap();
    }
    for number in 0..MANY {
        let area = format!("53{:04}", 100 + number);
        let key = dir.join("drawn.key");
        let signing_key = SigningKey::create(&key).unwrap();
        fs::remove_file(&key).unwrap();
        let pairing = PairingFile {
            pairing: Pairing {
                id: format!("spiffe://hongyan.test/area/{area}")
                    .parse()
                    .unwrap(),
                areas: vec![area.parse().unwrap()],
                // Nobody listens there.
                endpoint: "127.0.0.1:9".into(),
                root_pem: root.clone(),
                signing_key_spki: signing_key.public().spki().to_vec(),
                earlier_keys: Vec::new(),
                revocation: RevocationPolicy::Crl,
                sandbox: true,
            },
            paired_at: now,
            invitation: Nonce::new([u8::try_from(number % 256).unwrap(); 16]),
        };
        let text = pairing.to_text().unwrap();
        fs::write(dir.join(format!("peers/{area}.toml")), text).unwrap();
        let text = agreement::close(&opened, here, area.parse().unwrap()).unwrap();
        fs::write(dir.join(format!("agreements/{JINJIANG}-{area}.toml")), text).unwrap();
    }
}

#[test]
fn a_node_of_250_peers_and_agreements_starts_within_seconds_and_answers() {
    let world = World::new();
    let (jinjiang, nanan) = (world.county(JINJIANG), world.county(NANAN));
    pair_with_many(&jinjiang.dir, &world.authority());
    let started = |county: &harness::County| {
        let begun = Instant::now();
        let node = county.start();
        (node, begun.elapsed())
    };
    // How slow this machine is now: a node that has nobody starts in a part of this when all is
    // quiet.
    let (empty, alone) = started(&nanan);
    assert!(empty.stop().success());
    let (node, took) = started(&jinjiang);
    let slowness = (alone.as_secs_f64() / ALONE.as_secs_f64()).max(1.0);
    println!("ready after {took:?} with {MANY} peers and agreements, {alone:?} with none");
    assert!(
        took <= MOST.mul_f64(slowness),
        "ready after {took:?}, where one with no peers takes {alone:?}"
    );

    let listed = jinjiang.ask(&["agreement", "list"]).expect(0).lines();
    assert_eq!(listed.len(), usize::from(MANY));
    assert!(listed.iter().all(|it| it["state"] == "in_force"));
    let peers = jinjiang.ask(&["peer", "list"]).expect(0).lines();
    assert_eq!(peers.len(), usize::from(MANY));
    for words in [["agreement", "list"], ["peer", "list"]] {
        let table = run(&mut jinjiang.command(&words)).expect(0).out;
        assert!(table.lines().count() > usize::from(MANY), "{table}");
    }
    assert!(node.stop().success());
}

/// What a node with no peers takes to its `ready` on a quiet machine, at most.
const ALONE: Duration = Duration::from_secs(1);
/// What one with many may take there.
const MOST: Duration = Duration::from_secs(5);
