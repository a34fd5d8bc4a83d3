//! Everyone whom their certificate does not prove to be who they say, at every door and on both
//! sides of it: nobody gets in.

use std::{
    collections::HashMap,
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Stdio,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rcgen::{BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};
use rustls::HandshakeKind;

use crate::{
    harness::{
        Build, County, GUANDU, JINJIANG, Node, World, binary, departure, eventually, notices, run,
    },
    knock::{Answer, Caller, HTTP2, client, hold, knock, knock_with, lure},
    papers::{Leaf, Signer},
};

const HUANGDAO: &str = "370211";

/// A door, and the side of it on which someone stands who is not who they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    /// Dials the exchange as a paired node.
    Exchange,
    /// Dials the office listener as an office.
    Office,
    /// Answers the courier in a paired node's place.
    Peer,
    /// Answers an office in its node's place.
    Node,
}

use Door::{Exchange, Office, Peer};

const EVERY: &[Door] = &[Exchange, Office, Peer, Door::Node];
/// The doors whose authorities have a revocation list: an office's client has none of its node's.
const LISTED: &[Door] = &[Exchange, Office, Peer];
const DIALLING: &[Door] = &[Exchange, Office];
const DIALLED: &[Door] = &[Peer, Door::Node];

/// An authority, and those whom it let sign for it or should not have.
struct Authority {
    root: Signer,
    itself: Caller,
    impostor: Signer,
    below: HashMap<&'static str, Signer>,
}

impl Authority {
    fn open(directory: &Path) -> Self {
        let root = Signer::open(directory);
        let plain = |name, serial| root.delegate(&Leaf::authority(name, serial));
        let mut below = HashMap::new();
        below.insert("proper", plain("proper", 1));
        below.insert("revoked", plain("revoked", REVOKED_AUTHORITY));
        below.insert("not listed", plain("not listed", 2));
        let node = Leaf::proper("spiffe://hongyan.test/area/530112");
        below.insert("a node", root.delegate(&node));
        let no_signer = Leaf::authority("no signer", 3);
        let no_signer =
            no_signer.with(|leaf| leaf.usages = vec![KeyUsagePurpose::DigitalSignature]);
        below.insert("no signer", root.delegate(&no_signer));
        let expired = Leaf::authority("expired", 4).with(|leaf| leaf.days = [-9, -1]);
        below.insert("expired", root.delegate(&expired));
        let last = Leaf::authority("last", 5);
        let last = last.with(|leaf| leaf.authority = IsCa::Ca(BasicConstraints::Constrained(0)));
        let last = root.delegate(&last);
        below.insert(
            "beyond the last",
            last.delegate(&Leaf::authority("beyond", 6)),
        );
        below.insert("last", last);
        for (name, kind, domain) in [
            ("of another domain", 0xa0, "other.test"),
            ("not of this domain", 0xa1, "hongyan.test"),
        ] {
            let confined = Leaf::authority(name, 7);
            let confined = confined.with(|leaf| leaf.extension = Some(names_within(kind, domain)));
            below.insert(name, root.delegate(&confined));
        }
        let mut long = plain("long", 8);
        for _ in 0..8 {
            long = long.delegate(&Leaf::authority("long", 8));
        }
        below.insert("long", long);
        below.insert("not shown", plain("not shown", 9).without_chain());
        Self {
            itself: Caller::of(&directory.join("ca.crt"), &directory.join("ca.key")),
            impostor: Signer::impostor(directory),
            root,
            below,
        }
    }

    /// What it has revoked, and the empty lists of all below it but of one.
    fn lists(&self) -> String {
        let listed = self.below.iter().filter(|(name, _)| **name != "not listed");
        let below: String = listed.map(|(_, signer)| signer.list(&[], 30)).collect();
        self.root.list(&[REVOKED, REVOKED_AUTHORITY], 30) + &below
    }
}

const REVOKED: u64 = 666;
const REVOKED_AUTHORITY: u64 = 667;

/// Name constraints, critical: URIs of that domain only (`0xa0`) or anything else (`0xa1`).
fn names_within(kind: u8, domain: &str) -> CustomExtension {
    let wrapped = |tag: u8, content: &[u8]| {
        let mut bytes = vec![tag, u8::try_from(content.len()).unwrap()];
        bytes.extend(content);
        bytes
    };
    let subtree = wrapped(0x30, &wrapped(0x86, domain.as_bytes()));
    let content = wrapped(0x30, &wrapped(kind, &subtree));
    critical(&[2, 5, 29, 30], content)
}

fn critical(id: &[u64], content: Vec<u8>) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(id, content);
    extension.set_criticality(true);
    extension
}

/// What is at hand before a door.
struct Scene<'a> {
    /// The name that is let in.
    name: String,
    /// A name of the other kind, true elsewhere.
    elsewhere: String,
    authority: &'a Authority,
    /// Another trust domain's.
    foreign: &'a Authority,
}

impl Scene<'_> {
    fn proper(&self) -> Leaf {
        Leaf::proper(&self.name)
    }

    fn signed(&self, change: impl FnOnce(&mut Leaf)) -> Caller {
        self.authority.root.sign(&self.proper().with(change))
    }

    fn named(&self, name: impl Into<String>) -> Caller {
        let name = name.into();
        self.signed(|leaf| leaf.uris = vec![name])
    }

    fn signed_by(&self, below: &str) -> Caller {
        self.authority.below[below].sign(&self.proper())
    }
}

/// Someone who must stay outside.
struct Case {
    name: &'static str,
    doors: &'static [Door],
    papers: fn(&Scene<'_>) -> Caller,
}

const fn case(
    name: &'static str,
    doors: &'static [Door],
    papers: fn(&Scene<'_>) -> Caller,
) -> Case {
    Case {
        name,
        doors,
        papers,
    }
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    // Who signed.
    case("another authority of that name", EVERY, |scene| scene.authority.impostor.sign(&scene.proper())),
    case("the authority of another trust domain", EVERY, |scene| scene.foreign.root.sign(&scene.proper())),
    case("itself", EVERY, |scene| scene.proper().by_itself()),
    case("the authority's own certificate", EVERY, |scene| Caller { chain: scene.authority.itself.chain.clone(), key: scene.authority.itself.key.clone_key() }),
    case("a node as authority", EVERY, |scene| scene.signed_by("a node")),
    case("an authority that may not sign", EVERY, |scene| scene.signed_by("no signer")),
    case("an expired authority", EVERY, |scene| scene.signed_by("expired")),
    case("an authority below the last", EVERY, |scene| scene.signed_by("beyond the last")),
    case("an authority for other names", EVERY, |scene| scene.signed_by("of another domain")),
    case("an authority for all names but these", EVERY, |scene| scene.signed_by("not of this domain")),
    case("an authority that is not shown", EVERY, |scene| scene.signed_by("not shown")),
    case("too many authorities", EVERY, |scene| scene.signed_by("long")),
    // Whether it still holds.
    case("revoked", LISTED, |scene| scene.signed(|leaf| leaf.serial = REVOKED)),
    case("a revoked authority", LISTED, |scene| scene.signed_by("revoked")),
    case("an authority without a list", LISTED, |scene| scene.signed_by("not listed")),
    case("expired", EVERY, |scene| scene.signed(|leaf| leaf.days = [-9, -1])),
    case("not yet valid", EVERY, |scene| scene.signed(|leaf| leaf.days = [1, 9])),
    // What it is for.
    case("no extended usage", EVERY, |scene| scene.signed(|leaf| leaf.extended.clear())),
    case("any extended usage", EVERY, |scene| scene.signed(|leaf| leaf.extended = vec![ExtendedKeyUsagePurpose::Any])),
    case("for signing code", EVERY, |scene| scene.signed(|leaf| leaf.extended = vec![ExtendedKeyUsagePurpose::CodeSigning])),
    case("a server only", DIALLING, |scene| scene.signed(|leaf| leaf.extended = vec![ExtendedKeyUsagePurpose::ServerAuth])),
    case("a client only", DIALLED, |scene| scene.signed(|leaf| leaf.extended = vec![ExtendedKeyUsagePurpose::ClientAuth])),
    case("no key usage", EVERY, |scene| scene.signed(|leaf| leaf.usages.clear())),
    case("a key for agreement", EVERY, |scene| scene.signed(|leaf| leaf.usages = vec![KeyUsagePurpose::KeyAgreement])),
    case("a key for certificates too", EVERY, |scene| scene.signed(|leaf| leaf.usages.push(KeyUsagePurpose::KeyCertSign))),
    case("a key for lists too", EVERY, |scene| scene.signed(|leaf| leaf.usages.push(KeyUsagePurpose::CrlSign))),
    case("an authority as itself", EVERY, |scene| scene.signed(|leaf| leaf.authority = IsCa::Ca(BasicConstraints::Unconstrained))),
    case("an unknown critical extension", EVERY, |scene| scene.signed(|leaf| leaf.extension = Some(critical(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0])))),
    // Whether it is whole.
    case("another's key", EVERY, |scene| Caller { key: scene.signed(|_| ()).key, ..scene.signed(|_| ()) }),
    case("a changed signature", EVERY, |scene| scene.signed(|_| ()).altered(|der| *der.last_mut().unwrap() ^= 1)),
    case("a changed name", EVERY, |scene| scene.named(scene.name.replace("test", "tset")).altered(|der| {
        let at = der.windows(4).rposition(|bytes| bytes == b"tset").unwrap();
        der[at..at + 4].copy_from_slice(b"test");
    })),
    case("cut short", EVERY, |scene| scene.signed(|_| ()).altered(|der| der.truncate(der.len() - 40))),
    case("more behind it", EVERY, |scene| scene.signed(|_| ()).altered(|der| der.extend([0; 4]))),
    case("the true one behind another", EVERY, |scene| {
        let mut shown = scene.proper().by_itself();
        shown.chain.extend(scene.signed(|_| ()).chain);
        shown
    }),
    // Whom it names.
    case("no name", EVERY, |scene| scene.signed(|leaf| leaf.uris.clear())),
    case("a host only", EVERY, |scene| scene.signed(|leaf| { leaf.uris.clear(); leaf.hosts = vec!["node.hongyan.test"]; })),
    case("the name as a host", EVERY, |scene| scene.signed(|leaf| { leaf.uris.clear(); leaf.hosts = vec!["spiffe://hongyan.test/area/530111"]; })),
    case("two names", EVERY, |scene| scene.signed(|leaf| leaf.uris.push(scene.elsewhere.clone()))),
    case("the name twice", EVERY, |scene| scene.signed(|leaf| leaf.uris.push(scene.name.clone()))),
    case("another URI before the name", EVERY, |scene| scene.signed(|leaf| leaf.uris.insert(0, "https://node.hongyan.test/".to_owned()))),
    case("a name of the other kind", EVERY, |scene| scene.named(&scene.elsewhere)),
    case("another trust domain", EVERY, |scene| scene.named(scene.name.replace("hongyan.test", "other.test"))),
    case("a trust domain below", EVERY, |scene| scene.named(scene.name.replace("hongyan.test", "sub.hongyan.test"))),
    case("a longer trust domain", EVERY, |scene| scene.named(scene.name.replace("hongyan.test", "hongyan.test.cn"))),
    case("another area", EVERY, |scene| scene.named(scene.name.replace("530111", "530112").replace("350582", "350583"))),
    case("a digit less", EVERY, |scene| scene.named(scene.name.replace("530111", "53011").replace("350582", "35058"))),
    case("a digit more", EVERY, |scene| scene.named(scene.name.replace("530111", "5301110").replace("350582", "3505820"))),
    case("an upper-case scheme", EVERY, |scene| scene.named(scene.name.replace("spiffe", "SPIFFE"))),
    case("an upper-case trust domain", EVERY, |scene| scene.named(scene.name.replace("hongyan", "HONGYAN"))),
    case("an upper-case path", EVERY, |scene| scene.named(scene.name.replace("/area", "/Area"))),
    case("another scheme", EVERY, |scene| scene.named(scene.name.replace("spiffe", "https"))),
    case("a slash behind", EVERY, |scene| scene.named(scene.name.clone() + "/")),
    case("a slash too many", EVERY, |scene| scene.named(scene.name.replace("/area", "//area"))),
    case("up and down again", EVERY, |scene| scene.named(scene.name.replace("/area", "/x/../area"))),
    case("where it is", EVERY, |scene| scene.named(scene.name.replace("/area", "/./area"))),
    case("a query", EVERY, |scene| scene.named(scene.name.clone() + "?x=1")),
    case("a fragment", EVERY, |scene| scene.named(scene.name.clone() + "#x")),
    case("percent-encoded", EVERY, |scene| scene.named(scene.name.replace("area", "%61rea"))),
    case("a port", EVERY, |scene| scene.named(scene.name.replace("hongyan.test", "hongyan.test:443"))),
    case("a user", EVERY, |scene| scene.named(scene.name.replace("hongyan.test", "user@hongyan.test"))),
    case("no path", EVERY, |scene| scene.named("spiffe://hongyan.test")),
    case("an empty path", EVERY, |scene| scene.named("spiffe://hongyan.test/")),
    case("a longer path", EVERY, |scene| scene.named(scene.name.clone() + "/x")),
    case("a blank before", EVERY, |scene| scene.named(" ".to_owned() + &scene.name)),
    case("a blank behind", EVERY, |scene| scene.named(scene.name.clone() + " ")),
    case("a zero byte behind", EVERY, |scene| scene.named(scene.name.clone() + "\0")),
    case("a line behind", EVERY, |scene| scene.named(scene.name.clone() + "\n")),
    case("a name without end", EVERY, |scene| scene.named(scene.name.clone() + &"x".repeat(4_000))),
];

impl Caller {
    /// With other bytes in its own certificate.
    fn altered(mut self, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut der = self.chain[0].to_vec();
        change(&mut der);
        self.chain[0] = der.into();
        self
    }
}

/// A running node, one of its peers that is away, whose places others may take, and whoever could
/// have signed for them.
struct Stage {
    jinjiang: County,
    guandu: County,
    here: Node,
    nodes: Authority,
    offices: Authority,
    offices_of_guandu: Authority,
    foreign: Authority,
    /// Stand where the peer and its office listener would be.
    traps: [TcpListener; 2],
    _world: World,
}

impl Stage {
    fn of(build: Build) -> Self {
        let (world, jinjiang, guandu) = World::two_counties_of(build);
        let nodes = Authority::open(&world.authority());
        let offices = Authority::open(&jinjiang.dir.join("office"));
        fs::write(jinjiang.dir.join("tls/crl.pem"), nodes.lists()).unwrap();
        fs::write(jinjiang.dir.join("office/crl.pem"), offices.lists()).unwrap();
        let traps = [guandu.exchange, guandu.office_port()].map(|port| {
            let trap = TcpListener::bind(("127.0.0.1", port)).unwrap();
            trap.set_nonblocking(true).unwrap();
            trap
        });
        Self {
            here: jinjiang.start(),
            traps,
            nodes,
            offices,
            offices_of_guandu: Authority::open(&guandu.dir.join("office")),
            foreign: Authority::open(&world.begin_authority("elsewhere")),
            jinjiang,
            guandu,
            _world: world,
        }
    }

    fn scene(&self, door: Door) -> Scene<'_> {
        let node = |area: &str| format!("spiffe://hongyan.test/area/{area}");
        let operator = |area: &str| node(area) + "/office/operator";
        let (name, elsewhere, authority) = match door {
            Exchange | Peer => (node(GUANDU), operator(GUANDU), &self.nodes),
            Office => (operator(JINJIANG), node(JINJIANG), &self.offices),
            Door::Node => (node(GUANDU), operator(GUANDU), &self.offices_of_guandu),
        };
        Scene {
            name,
            elsewhere,
            authority,
            foreign: &self.foreign,
        }
    }

    /// Where whoever stands before the node dials.
    fn port(&self, door: Door) -> u16 {
        if door == Office {
            self.jinjiang.office_port()
        } else {
            self.jinjiang.exchange
        }
    }

    /// What becomes of whoever stands at a door with that.
    fn answer(&self, door: Door, caller: &Caller, protocols: &[&[u8]]) -> Answer {
        let [at_peer, at_node] = &self.traps;
        let (mut command, trap) = match door {
            Exchange | Office => {
                let config = Arc::new(client(Some(caller), protocols));
                return knock_with(self.port(door), &config).0;
            }
            Peer => (self.jinjiang.command(&["peer", "probe", GUANDU]), at_peer),
            Door::Node => (self.guandu.command(&["channel", "list"]), at_node),
        };
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut dialling = command.spawn().unwrap();
        let mut answer = None;
        // The courier dials of itself as well: everyone gets the same answer.
        while dialling.try_wait().unwrap().is_none() {
            match trap.accept() {
                Ok((tcp, _)) => match lure(tcp, caller, protocols) {
                    Answer::Admitted => answer = Some(Answer::Admitted),
                    refused @ Answer::Refused(_) => answer = answer.or(Some(refused)),
                },
                Err(_) => thread::sleep(Duration::from_millis(2)),
            }
        }
        answer.expect("nobody dialled")
    }

    /// Who was let in at a door of those who must not be.
    fn let_in(&self, door: Door, cases: &[&Case]) -> Vec<&'static str> {
        let scene = self.scene(door);
        for honest in [scene.signed(|_| ()), scene.signed_by("proper")] {
            let answer = self.answer(door, &honest, &[HTTP2]);
            assert_eq!(answer, Answer::Admitted, "{door:?}");
        }
        cases
            .iter()
            .filter(|case| case.doors.contains(&door))
            .filter(|case| self.answer(door, &(case.papers)(&scene), &[HTTP2]) == Answer::Admitted)
            .map(|case| case.name)
            .collect()
    }
}

fn row(build: Build, doors: &[Door], names: &[&str]) {
    let stage = Stage::of(build);
    let cases: Vec<&Case> = CASES
        .iter()
        .filter(|case| names.is_empty() || names.contains(&case.name))
        .collect();
    thread::scope(|scope| {
        let at_doors: Vec<_> = doors
            .iter()
            .map(|door| (door, scope.spawn(|| stage.let_in(*door, &cases))))
            .collect();
        for (door, at_door) in at_doors {
            let let_in = at_door.join().unwrap();
            assert!(let_in.is_empty(), "let in at {door:?}: {let_in:?}");
        }
    });
    let log = stage.here.log();
    assert!(log.contains("Turned a connection away"));
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn whoever_is_not_proven_is_let_in_at_no_door() {
    assert!(CASES.len() >= 40);
    row(Build::Sound, EVERY, &[]);
    notices(
        "let in at Exchange: [\"revoked\", \"a revoked authority\"]",
        || {
            let names = ["revoked", "a revoked authority", "expired"];
            row(Build::Without("revocation"), &[Exchange], &names);
        },
    );
    notices(
        "let in at Exchange: [\"expired\", \"not yet valid\"]",
        || {
            let names = ["revoked", "expired", "not yet valid"];
            row(Build::Without("expiry"), &[Exchange], &names);
        },
    );
}

#[test]
fn only_what_was_agreed_on_is_spoken_at_a_door() {
    let stage = Stage::of(Build::Sound);
    for door in EVERY {
        let honest = stage.scene(*door).signed(|_| ());
        for protocols in [&[][..], &[&b"http/1.1"[..]], &[&b"h2c"[..], b"H2"]] {
            let answer = stage.answer(*door, &honest, protocols);
            assert_ne!(answer, Answer::Admitted, "{door:?}: {protocols:?}");
        }
    }
    for door in DIALLING {
        let port = stage.port(*door);
        let nobody = knock(port, None);
        assert!(matches!(nobody, Answer::Refused(_)), "no certificate");
        // Plain garbage, plain HTTP, nothing at all.
        for bytes in [
            &b"\x00\xff\x16\x03garbage\r\n\r\n"[..],
            b"GET / HTTP/1.1\r\n\r\n",
            b"",
        ] {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.write_all(bytes).unwrap();
        }
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(&hello_of_tls_1_2()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        // A fatal alert, protocol_version.
        assert_eq!(answer, b"\x15\x03\x03\0\x02\x02\x46");
        // A session is never taken up again: nobody would look at the revocation list.
        let config = Arc::new(client(Some(&stage.scene(*door).signed(|_| ())), &[HTTP2]));
        for _ in 0..2 {
            let (answer, handshake) = knock_with(port, &config);
            assert_eq!(answer, Answer::Admitted);
            assert_eq!(handshake, Some(HandshakeKind::Full));
        }
    }
    assert!(stage.here.stop().success());
}

/// One suite (ECDHE-ECDSA-AES128-GCM), with curves and signature algorithms, and without the
/// extension that offers TLS 1.3.
fn hello_of_tls_1_2() -> Vec<u8> {
    let mut hello = b"\x03\x03".to_vec();
    hello.extend([7; 32]);
    hello.extend(b"\0\0\x02\xc0\x2b\x01\0");
    hello.extend(b"\0\x10\0\x0a\0\x04\0\x02\0\x17\0\x0d\0\x04\0\x02\x04\x03");
    let length = u16::try_from(hello.len()).unwrap();
    let mut record = b"\x16\x03\x01".to_vec();
    record.extend((length + 4).to_be_bytes());
    record.extend(b"\x01\0");
    record.extend(length.to_be_bytes());
    record.extend(hello);
    record
}

/// Puts a list in place as an operator would: as a whole.
fn put_list(county: &County, list: &str) {
    let temporary = county.dir.join("tls/crl.new");
    fs::write(&temporary, list).unwrap();
    fs::rename(temporary, county.dir.join("tls/crl.pem")).unwrap();
}

#[test]
fn no_list_counts_that_is_not_the_authoritys_own_and_of_today() {
    let stage = Stage::of(Build::Sound);
    let scene = stage.scene(Exchange);
    let (honest, revoked) = (
        scene.signed(|_| ()),
        scene.signed(|leaf| leaf.serial = REVOKED),
    );
    let admitted = |caller| knock(stage.jinjiang.exchange, Some(caller)) == Answer::Admitted;
    // With one of yesterday nobody can be judged, so nobody passes.
    put_list(&stage.jinjiang, &stage.nodes.root.list(&[], -1));
    eventually("nobody is let in", || !admitted(&honest));
    let reason = "revocation list of its trust domain has expired";
    eventually(reason, || stage.here.log().contains(reason));
    put_list(&stage.jinjiang, &stage.nodes.lists());
    eventually("the honest are let in again", || admitted(&honest));
    let bad = [
        (stage.nodes.impostor.list(&[], 30), "crl_of_another"),
        (stage.foreign.root.list(&[], 30), "crl_missing"),
    ];
    for (list, reason) in &bad {
        put_list(&stage.jinjiang, list);
        eventually(reason, || {
            let log = stage.here.log();
            log.lines()
                .any(|line| line.contains("not taken up") && line.contains(reason))
        });
        // The list that holds stays in use.
        assert!(admitted(&honest) && !admitted(&revoked), "{reason}");
    }
    // A node that has no other does not start.
    assert!(stage.here.stop().success());
    for (list, reason) in &bad {
        put_list(&stage.jinjiang, list);
        let error = stage.jinjiang.refused_start(1);
        assert!(error.contains(reason), "{reason}: {error}");
    }
    fs::remove_file(stage.jinjiang.dir.join("tls/crl.pem")).unwrap();
    let error = stage.jinjiang.refused_start(1);
    assert!(error.contains("crl.pem is missing"), "{error}");
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
    let live = hold(jinjiang.exchange, &guandu.caller());
    let spared = hold(jinjiang.exchange, &huangdao.caller());
    run(binary()
        .args(["authority", "revoke", "--dir"])
        .arg(world.authority())
        .arg("--cert")
        .arg(guandu.dir.join("tls/node.crt")))
    .expect(0);
    let list = fs::read_to_string(world.authority().join("crl.pem")).unwrap();
    put_list(&jinjiang, &list);
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
        knock(jinjiang.exchange, Some(&guandu.caller())),
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
    jinjiang.publish(&[departure(1)]).expect(0);
    assert_eq!(guandu.subscribe("desk", 1, 20).len(), 1);
    assert!(here.stop().success() && there.stop().success());
}
