use std::{collections::BTreeMap, fs};

use jiff::{Timestamp, civil::date};
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::*;
use crate::{
    agreement::{
        life::{Reason, Says, State, Statement},
        samples::TEXT,
    },
    domain::{agreement::AgreementVersion, channel::Channel, notice::Kind, problem::Code},
    pairing::{Nonce, PairingFile, load_agreements},
    trust::{
        forms::Frame,
        identity::SpiffeId,
        keys::SigningKey,
        pairing::{Pairing, RevocationPolicy},
        rotation,
        signature::Signed,
        statement::StatementForm,
    },
};

/// A node's directory.
struct Node {
    root: TempDir,
    id: SpiffeId,
}

const NODE: &str = "mode = 'sandbox'\n[exchange]\nlisten = '127.0.0.1:7443'\n\
                    [office]\nlisten = '127.0.0.1:7444'\n";

impl Node {
    fn new(domain: &str, area: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let node = Self {
            root,
            id: format!("spiffe://{domain}/area/{area}").parse().unwrap(),
        };
        let config = format!("areas = ['{area}']\ntrust_domain = '{domain}'\n{NODE}");
        fs::write(node.dir().config(), config).unwrap();
        SigningKey::create(&node.dir().signing_key()).unwrap();
        fs::create_dir_all(node.dir().agreements()).unwrap();
        let text = node.dir().agreement("350582-530111".parse().unwrap());
        fs::write(text, TEXT).unwrap();
        node
    }

    fn dir(&self) -> NodeDir {
        NodeDir::new(self.root.path())
    }

    fn key(&self) -> SigningKey {
        SigningKey::load(&self.dir().signing_key()).unwrap()
    }

    /// Pins the other one.
    fn knows(&self, other: &Self) {
        let root = CertificateParams::default();
        let root = root.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let file = PairingFile {
            pairing: Pairing {
                id: other.id.clone(),
                areas: vec![other.id.area()],
                endpoint: "gate.example.cn:7443".into(),
                root_pem: root.pem(),
                signing_key_spki: other.key().public().spki().to_vec(),
                earlier_keys: Vec::new(),
                revocation: RevocationPolicy::ShortLived,
                sandbox: true,
            },
            paired_at: now(),
            invitation: Nonce::new([1; 16]),
        };
        fs::create_dir_all(self.dir().peers()).unwrap();
        fs::write(self.dir().peer(other.id.area()), file.to_text().unwrap()).unwrap();
    }

    fn says(&self, act: Act) -> Result<Said, Unsaid> {
        say(&self.dir(), act, now()).map_err(|error| match error {
            SayError::Unsaid(why) => why,
            error => panic!("{error}"),
        })
    }

    fn hears(&self, other: &Self, handed: Vec<Handed>) -> Result<usize, Unsaid> {
        let before = self.files();
        let heard = hear(&self.dir(), &other.id, handed, date(2026, 10, 8)).unwrap();
        match heard.refused.first() {
            None => Ok(heard.news),
            Some(refused) => {
                assert_eq!(before, self.files(), "a refusal changes nothing");
                Err(refused.why)
            }
        }
    }

    fn state(&self, version: u32) -> Option<State> {
        let id = "350582-530111".parse().unwrap();
        let held = load_agreements(&self.dir()).unwrap();
        held.state(AgreementVersion { id, version }, date(2026, 10, 8))
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let listed = fs::read_dir(self.dir().agreements()).unwrap();
        let files = listed.map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        });
        files.collect()
    }

    /// What it would hand over to one who holds nothing.
    fn all(&self, to: &Self) -> Vec<Handed> {
        show(&self.dir(), &to.id, Some(&[])).unwrap().lacking
    }

    /// A statement of its own as it signs it, whatever it says.
    fn signs(&self, to: &Self, statement: Vec<u8>) -> Signed {
        let frame = Frame {
            channel: Channel {
                from: self.id.area(),
                to: to.id.area(),
            },
            sandbox: true,
        };
        let form = StatementForm { frame, statement };
        self.key().sign(self.id.trust_domain(), &form).unwrap()
    }
}

/// 2026-10-08 09:00 in Shanghai.
fn now() -> Timestamp {
    "2026-10-08T01:00:00Z".parse().unwrap()
}

fn two() -> (Node, Node) {
    let (a, b) = (
        Node::new("fj.test", "350582"),
        Node::new("yn.test", "530111"),
    );
    a.knows(&b);
    b.knows(&a);
    (a, b)
}

/// Brings both to the same, and says how many statements moved.
fn meet(a: &Node, b: &Node) -> usize {
    let held = |node: &Node, other: &Node| show(&node.dir(), &other.id, None).unwrap().held;
    let mut moved = 0;
    for (from, to) in [(a, b), (b, a)] {
        let theirs = held(to, from);
        let lacking = show(&from.dir(), &to.id, Some(&theirs)).unwrap().lacking;
        moved += to.hears(from, lacking).unwrap();
    }
    assert_eq!(held(a, b), held(b, a));
    moved
}

fn which(text: &str) -> Which {
    text.parse().unwrap()
}

fn reason() -> Reason {
    "系统升级".parse().unwrap()
}

fn suspend() -> Act {
    Act::Suspend {
        which: which("350582-530111"),
        kind: Some(Kind::Departure),
        way: Some(Way::Out),
        reason: reason(),
    }
}

fn amend() -> Act {
    Act::Amend {
        id: "350582-530111".parse().unwrap(),
        text: TEXT.replace("20 calendar days", "15 calendar days"),
    }
}

#[test]
fn what_one_side_signs_both_hold_and_a_node_that_was_set_back_gets_its_own_words_back() {
    let (a, b) = two();
    let proposed = b.says(amend()).unwrap();
    assert_eq!(proposed.version.to_string(), "350582-530111/2");
    assert_eq!((proposed.state, a.state(2)), (State::Proposed, None));
    assert_eq!(meet(&a, &b), 1);
    assert_eq!(a.state(2), Some(State::Proposed));
    assert_eq!(a.state(1), Some(State::InForce));
    let accepted = a.says(Act::Accept(proposed.version)).unwrap();
    assert_eq!(accepted.state, State::InForce);
    a.says(suspend()).unwrap();
    assert_eq!(meet(&a, &b), 2);
    assert_eq!(meet(&a, &b), 0, "nothing moves twice");
    for node in [&a, &b] {
        assert_eq!(node.state(1), Some(State::Superseded));
        assert_eq!(node.state(2), Some(State::InForce), "one kind is no all");
        let held = load_agreements(&node.dir()).unwrap();
        let channel = Channel {
            from: "350582".parse().unwrap(),
            to: "530111".parse().unwrap(),
        };
        let day = date(2026, 10, 8);
        let waits = |kind, channel| held.keeps_back(proposed.version, channel, kind, day);
        let suspended = Some(Code::AgreementSuspended);
        assert_eq!(waits(Kind::Departure, channel), suspended);
        assert_eq!(waits(Kind::Feedback, channel), None);
        assert_eq!(waits(Kind::Feedback, channel.opposite()), None);
        assert!(held.keeps_any_back(channel, day));
        assert!(!held.keeps_any_back(channel.opposite(), day));
    }
    let before = a.files();
    fs::remove_file(a.dir().statements("350582-530111".parse().unwrap())).unwrap();
    fs::remove_file(a.dir().agreement_version(proposed.version)).unwrap();
    assert_eq!(meet(&a, &b), 3);
    assert_eq!(a.files(), before);
}

#[test]
fn every_act_is_refused_where_it_says_nothing() {
    let (a, b) = two();
    let version = |text: &str| text.parse().unwrap();
    let end = |text: &str, day| Act::End {
        which: which(text),
        from: day,
        reason: reason(),
    };
    let propose = |text: &str, to: &str| Act::Propose {
        text: text.to_owned(),
        to: to.parse().unwrap(),
    };
    for (act, why) in [
        (
            Act::Accept(version("350582-530111/1")),
            Unsaid::AlreadyAgreed,
        ),
        (
            Act::Accept(version("350582-530111/2")),
            Unsaid::UnknownAgreement,
        ),
        (
            Act::Accept(version("350582-530112/1")),
            Unsaid::UnknownAgreement,
        ),
        (Act::Resume(which("350582-530111")), Unsaid::NotSuspended),
        (Act::Resume(which("350582-530111/1")), Unsaid::NotSuspended),
        (end("350582-530111", date(2026, 10, 7)), Unsaid::Backdated),
        (
            end("350582-530111/3", date(2026, 10, 8)),
            Unsaid::UnknownAgreement,
        ),
        (propose(TEXT, "530111"), Unsaid::AgreementHeld),
        (propose(TEXT, "530112"), Unsaid::NoPeer),
        (propose(TEXT, "350582"), Unsaid::OwnAreas),
        (
            propose(&TEXT.replace("530111", "530112"), "530111"),
            Unsaid::NotBetween,
        ),
        (
            Act::Suspend {
                which: which("350582-530111"),
                kind: Some(Kind::Arrival),
                way: None,
                reason: reason(),
            },
            Unsaid::SuspendsNothing,
        ),
        (
            Act::Amend {
                id: "350582-530111".parse().unwrap(),
                text: TEXT
                    .replace("a = \"350582\"", "a = \"530111\"")
                    .replace("b = \"530111\"", "b = \"350582\""),
            },
            Unsaid::TextDiffers,
        ),
    ] {
        let before = a.files();
        assert_eq!(a.says(act.clone()), Err(why), "{act:?}");
        assert_eq!(a.files(), before, "{act:?}");
    }
    // Nobody has answered one's own proposal.
    a.says(amend()).unwrap();
    let proposed = version("350582-530111/2");
    assert_eq!(a.says(Act::Accept(proposed)), Err(Unsaid::AlreadyAgreed));
    let taken_back = a.says(end("350582-530111/2", date(2026, 10, 8))).unwrap();
    assert_eq!(taken_back.state, State::Ended);
    meet(&a, &b);
    let accepted = b.says(Act::Accept(proposed)).unwrap();
    assert_eq!(accepted.state, State::Ended, "too late");
}

#[test]
fn a_new_agreement_is_made_from_a_template_and_counts_with_the_second_yes() {
    let (a, b) = two();
    for node in [&a, &b] {
        fs::remove_file(node.dir().agreement("350582-530111".parse().unwrap())).unwrap();
    }
    let text = crate::agreement::DEFAULT.to_owned();
    let to = "530111".parse().unwrap();
    let said = a.says(Act::Propose { text, to }).unwrap();
    assert_eq!(said.version.to_string(), "350582-530111/1");
    meet(&a, &b);
    let states = || [a.state(1), b.state(1)];
    assert_eq!(states(), [Some(State::Proposed); 2]);
    b.says(Act::Accept(said.version)).unwrap();
    meet(&a, &b);
    assert_eq!(states(), [Some(State::InForce); 2]);
}

#[test]
fn what_does_not_stand_is_refused_and_changes_nothing() {
    let (a, b) = two();
    let stranger = Node::new("fj.test", "350582");
    stranger.knows(&b);
    b.says(suspend_in()).unwrap();
    meet(&a, &b);
    a.says(amend()).unwrap();
    a.says(suspend()).unwrap();
    let genuine = a.all(&b);
    let [proposal, suspension, theirs] = genuine.as_slice() else {
        panic!("{genuine:?}");
    };
    assert_eq!((&suspension.text, &theirs.text), (&None, &None));
    let id = proposal.id;
    let handed = |signed: Signed, text: Option<&str>| Handed {
        id,
        signed,
        text: text.map(str::to_owned),
    };
    let text = proposal.text.as_deref().unwrap();
    let read = |handed: &Handed| {
        let keys = Signers::load(&a.dir()).unwrap().own.keys;
        let form = keys.recognise::<StatementForm>(handed.signed.clone());
        Statement::read(&form.unwrap().as_ref().statement).unwrap()
    };
    let changed = |change: fn(&mut Statement)| {
        let mut statement = read(proposal);
        change(&mut statement);
        a.signs(&b, statement.bytes())
    };
    let broken = Signed::received(proposal.signed.form().clone(), vec![0x30].into());
    let elsewhere = Handed {
        id: "350582-530112".parse().unwrap(),
        ..proposal.clone()
    };
    for (what, handed, why) in [
        (
            "another key",
            handed(stranger.signs(&b, read(proposal).bytes()), Some(text)),
            Unsaid::Forged,
        ),
        ("no signature", handed(broken, Some(text)), Unsaid::Forged),
        (
            "no statement",
            handed(a.signs(&b, b"x".to_vec()), None),
            Unsaid::Malformed,
        ),
        ("another agreement", elsewhere, Unsaid::NotBetween),
        ("a gap", suspension.clone(), Unsaid::Gap),
        (
            "no text",
            handed(proposal.signed.clone(), None),
            Unsaid::TextMissing,
        ),
        (
            "another text",
            handed(proposal.signed.clone(), Some(TEXT)),
            Unsaid::TextDiffers,
        ),
        (
            "no agreement",
            handed(proposal.signed.clone(), Some("x")),
            Unsaid::TextDiffers,
        ),
        (
            "the other side",
            handed(changed(|it| it.side = it.side.other()), Some(text)),
            Unsaid::OtherSide,
        ),
        (
            "the future",
            handed(changed(|it| it.on = date(2026, 10, 10)), Some(text)),
            Unsaid::FromTheFuture,
        ),
        (
            "a number too high",
            handed(changed(|it| it.number = 2), Some(text)),
            Unsaid::Gap,
        ),
    ] {
        assert_eq!(b.hears(&a, vec![handed]), Err(why), "{what}");
    }
    assert_eq!(b.hears(&a, genuine.clone()), Ok(2));
    assert_eq!(
        b.hears(&a, genuine.clone()),
        Ok(0),
        "a replay changes nothing"
    );
    // The same number once more, with other words.
    let other = changed(|it| it.says = Says::Accept);
    assert_eq!(
        b.hears(&a, vec![handed(other, None)]),
        Err(Unsaid::Conflict)
    );
    // Two nodes on the other side: nobody speaks for both.
    let third = Node::new("yn.test", "530112");
    a.knows(&third);
    let province = TEXT.replace("530111", "53");
    let to = "530111".parse().unwrap();
    let shared = a.says(Act::Propose { text: province, to });
    assert_eq!(shared, Err(Unsaid::Shared));
}

#[test]
fn a_side_that_has_said_two_things_under_one_number_is_found_out() {
    let (a, b) = two();
    let before = a.files();
    a.says(suspend()).unwrap();
    assert_eq!(meet(&a, &b), 1);
    // As many statements, and other words.
    fs::remove_file(a.dir().statements("350582-530111".parse().unwrap())).unwrap();
    assert_eq!(a.files(), before);
    let all = Act::Suspend {
        which: which("350582-530111"),
        kind: None,
        way: None,
        reason: reason(),
    };
    a.says(all).unwrap();
    let told = |from: &Node, to: &Node| {
        let theirs = show(&to.dir(), &from.id, None).unwrap().held;
        let lacking = show(&from.dir(), &to.id, Some(&theirs)).unwrap().lacking;
        to.hears(from, lacking)
    };
    assert_eq!(told(&a, &b), Err(Unsaid::Conflict));
    assert_eq!(
        told(&b, &a),
        Err(Unsaid::Conflict),
        "and who said it sees it"
    );
}

fn suspend_in() -> Act {
    Act::Suspend {
        which: which("350582-530111"),
        kind: Some(Kind::Departure),
        way: Some(Way::In),
        reason: reason(),
    }
}

#[test]
fn a_peer_keeps_this_node_waiting_for_no_more_proposals_than_it_may() {
    let (a, b) = two();
    for _ in 0..16 {
        a.says(amend()).unwrap();
    }
    assert_eq!(meet(&a, &b), 16);
    a.says(amend()).unwrap();
    assert_eq!(b.hears(&a, a.all(&b)), Err(Unsaid::TooManyProposals));
    // An answer makes room.
    b.says(Act::Accept("350582-530111/2".parse().unwrap()))
        .unwrap();
    assert_eq!(b.hears(&a, a.all(&b)), Ok(1));
}

#[test]
fn a_key_that_was_given_up_says_nothing_new_and_what_waited_is_signed_anew() {
    let (a, b) = two();
    a.says(amend()).unwrap();
    let late = a.all(&b);
    rotation::rotate(a.dir().path(), &a.id, true, 1_791_421_200_000).unwrap();
    let own = rotation::OwnKeys::load(a.dir().path(), &a.id, true).unwrap();
    let shown: Vec<Signed> = own
        .earlier
        .into_iter()
        .filter_map(|key| key.statement)
        .collect();
    crate::pairing::succeed(&b.dir(), &a.id, &shown, 1_791_421_200_000).unwrap();
    assert_eq!(b.hears(&a, late.clone()), Err(Unsaid::KeySuperseded));
    assert_eq!(meet(&a, &b), 1);
    assert_eq!(b.hears(&a, late), Ok(0), "it is held already");
    // What was signed before stands after every start.
    assert_eq!(a.state(2), Some(State::Proposed));
}

#[test]
fn damage_in_what_was_said_stops_the_load_with_file_and_line() {
    let (a, b) = two();
    b.says(suspend_in()).unwrap();
    meet(&a, &b);
    a.says(amend()).unwrap();
    let path = a.dir().statements("350582-530111".parse().unwrap());
    let good = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let without = |at: usize| -> String {
        let kept = lines.iter().enumerate().filter(|(number, _)| *number != at);
        kept.map(|(_, line)| format!("{line}\n")).collect()
    };
    // Two lines of comment, then what a said, then what b said.
    assert_eq!(lines.len(), 4, "{good}");
    for (text, line, why) in [
        (
            good.replacen("350582 ", "350582  ", 1),
            3,
            Unsaid::Malformed,
        ),
        (good.replacen("350582 ", "530111 ", 1), 3, Unsaid::Forged),
        (format!("{good}{}\n", lines[3]), 5, Unsaid::Conflict),
        (
            format!("{}350582 eA== eA==\n", without(2)),
            4,
            Unsaid::Forged,
        ),
    ] {
        fs::write(&path, text).unwrap();
        let error = load_agreements(&a.dir()).unwrap_err().to_string();
        let expected = format!("agreements/350582-530111.statements, line {line}: {why}");
        assert!(error.starts_with(&expected), "{error}");
    }
    // A peer that is not paired any more says nothing, and stops nothing.
    fs::write(&path, &good).unwrap();
    fs::remove_file(a.dir().peer(b.id.area())).unwrap();
    assert_eq!(a.state(1), Some(State::InForce));
}
