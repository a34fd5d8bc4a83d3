//! Bytes as no node and no office of this version writes them, from those who have every key to be
//! let in, and from whoever writes the node's own files: each gets a precise answer, nothing is half
//! done, the process goes on, and so do the others.

mod configuration;
mod contents;
mod mutation;
mod nonsense;
mod office;
mod peer;
mod receiver;
mod stand_in;

use crate::{
    draw::Draw,
    frames::message,
    grpc::Status,
    harness::{
        Build, County, GUANDU, NANAN, Node, World, departure, departure_between, notices, rounds,
    },
    protobuf::{bytes, bytes_in, number},
};

use self::{
    contents::{ERASURE, WITHDRAWAL},
    mutation::{Kind, flip, spoil},
    peer::{Held, PROBE, Peer, SHOW_HOLDINGS, notice_digest},
};

/// How many messages are spoilt in each of the ways below.
fn mutations() -> usize {
    rounds("HONGYAN_MUTATIONS", 25)
}

/// Fails unless that status says precisely what is wrong.
fn assert_precise(what: &str, status: &Status) {
    let Status { code, message, .. } = status;
    let precise = match code {
        // Done, or: of a wrong form, unknown, not permitted, too much, waits for a person, overtaken.
        0 | 3 | 5 | 7 | 8 | 9 | 10 => true,
        // Longer than any message may be, or beyond what was handed out.
        11 => message.contains("too large") || message.contains("beyond"),
        // By gRPC's own table, for what is no message at all.
        13 => ["decode", "protocol error", "EOF", "Missing request message"]
            .iter()
            .any(|words| message.contains(words)),
        _ => false,
    };
    assert!(precise, "no precise answer to {what}: {status:?}");
    assert!(*code == 0 || !message.is_empty(), "{what}: {status:?}");
}

/// Fails if the node met anything that it was not made for.
fn assert_unshaken(node: &Node) {
    let log = node.log();
    for words in ["panicked", "starts again by itself", "broke off"] {
        let at = log.lines().find(|line| line.contains(words));
        assert_eq!(at, None, "{words}");
    }
}

/// Frames of gRPC that hold no message.
fn framed_wrongly(draw: &mut Draw, proper: &[u8]) -> Vec<u8> {
    let mut framed = message(proper);
    match draw.below(5) {
        // Compressed, or whatever.
        0 => framed[0] = [1, 2, 0xff][draw.below(3)],
        1 => {
            framed[1..5].copy_from_slice(&[[0, 0, 0, 1], [0, 0x10, 0, 0], [0xff; 4]][draw.below(3)])
        }
        2 => framed.truncate(draw.below(framed.len())),
        3 => {
            framed = (0..draw.below(200))
                .map(|_| draw.below(256) as u8)
                .collect()
        }
        _ => framed.extend([0; 3]),
    }
    framed
}

/// What a place of the channel holds by rights.
struct Place {
    digest: [u8; 32],
    /// Whether the notice in it may be taken.
    sound: bool,
}

/// A peer at work, and its own book of the channel.
struct Attack {
    peer: Peer,
    draw: Draw,
    held: Held,
    book: Vec<Place>,
}

impl Attack {
    fn begin(from: &County, to: &County) -> Self {
        let mut peer = Peer::of(from, to);
        Self {
            held: peer.held(),
            peer,
            draw: Draw::new("spoilt messages of a peer"),
            book: Vec::new(),
        }
    }

    /// Delivers that, after the opening of one who holds as much; fails unless nothing was taken, or
    /// that notice as a whole.
    fn deliver(&mut self, what: &str, said: &[u8], notice: &[u8], sound: bool) -> (bool, Status) {
        let opening = self.peer.opening(self.held);
        let heard = self.peer.deliver(&opening, said);
        assert_eq!(heard.held, Some(self.held), "{what}: {:?}", heard.status);
        assert_precise(what, &heard.status);
        let now = self.peer.held();
        if now == self.held {
            return (false, heard.status);
        }
        assert_eq!(now, self.held.with(notice), "half done: {what}");
        self.held = now;
        let digest = notice_digest(notice);
        self.book.push(Place { digest, sound });
        (true, heard.status)
    }

    /// Nothing is taken of what nobody signed.
    fn signature(&mut self) {
        let notice = self.peer.notice();
        let signed = self.peer.sign(&self.peer.form(self.held, &notice));
        let (form, signature) = (bytes_in(&signed, 1).unwrap(), bytes_in(&signed, 2).unwrap());
        let other = [bytes(1, form), bytes(2, flip(&mut self.draw, &signature))].concat();
        if other == signed {
            return;
        }
        let parcel = message(&Peer::parcel(&other, &notice));
        let (taken, status) = self.deliver("another signature", &parcel, &notice, true);
        assert!(!taken, "the node took a parcel that nobody signed");
        assert_eq!(status.code, 3, "{status:?}");
    }

    /// A parcel that was spoilt after it was signed is taken only if nothing of what was signed is
    /// missing.
    fn parcel(&mut self) {
        let notice = self.peer.notice_of_any_kind();
        let signed = self.peer.sign(&self.peer.form(self.held, &notice));
        let (kind, spoilt) = spoil(&mut self.draw, &Peer::parcel(&signed, &notice));
        let what = format!("a parcel: {kind:?}");
        let (taken, _) = self.deliver(&what, &message(&spoilt), &notice, true);
        for number in [1, 2] {
            let whole = holds(&spoilt, &bytes_in(&signed, number).unwrap());
            assert!(whole || !taken, "the node took a parcel that nobody signed");
        }
        assert!(holds(&spoilt, &notice) || !taken, "{what}");
    }

    /// A notice that was spoilt before it was signed uses up its place, or waits.
    fn notice(&mut self) {
        let proper = self.peer.notice_of_any_kind();
        let (kind, notice) = spoil(&mut self.draw, &proper);
        let parcel = message(&self.peer.proper(self.held, &notice));
        let sound = kind == Kind::Flip;
        self.deliver(&format!("a notice: {kind:?}"), &parcel, &notice, sound);
    }

    /// A form that was spoilt before it was signed.
    fn form(&mut self) {
        let notice = self.peer.notice();
        let form = self.peer.form(self.held, &notice);
        let spoilt = if self.draw.below(4) == 0 {
            form[..self.draw.below(form.len())].to_vec()
        } else {
            flip(&mut self.draw, &form)
        };
        let parcel = Peer::parcel(&self.peer.sign(&spoilt), &notice);
        self.deliver("a signed form", &message(&parcel), &notice, true);
    }

    /// An opening, or whatever else may be said on a stream.
    fn step(&mut self) {
        let opening = self.peer.opening(self.held);
        let signed = self.peer.sign(b"hongyan succession v1\0");
        let divergence = [number(1, 1), number(2, self.held.sequence)].concat();
        let steps = [
            opening.clone(),
            bytes(3, divergence),
            bytes(4, bytes(1, signed)),
        ];
        let chosen = self.draw.below(steps.len() + 1);
        let proper = steps.get(chosen).unwrap_or(&opening);
        let (kind, spoilt) = spoil(&mut self.draw, proper);
        let what = format!("step {chosen}: {kind:?}");
        if chosen == steps.len() {
            let heard = self.peer.deliver(&spoilt, &[]);
            assert_precise(&what, &heard.status);
            assert_eq!(self.peer.held(), self.held, "half done: {what}");
        } else {
            self.deliver(&what, &message(&spoilt), &[], false);
        }
    }

    /// What is no message.
    fn frame(&mut self) {
        let notice = self.peer.notice();
        let proper = self.peer.proper(self.held, &notice);
        let said = framed_wrongly(&mut self.draw, &proper);
        self.deliver("a frame", &said, &notice, true);
    }

    /// What is asked without a stream.
    fn question(&mut self) {
        let holdings = self.peer.holdings_request(0);
        let questions = [
            (PROBE, self.peer.probe(self.held)),
            (SHOW_HOLDINGS, holdings),
        ];
        let (path, proper) = &questions[self.draw.below(questions.len())];
        let said = if self.draw.below(4) == 0 {
            framed_wrongly(&mut self.draw, proper)
        } else {
            message(&spoil(&mut self.draw, proper).1)
        };
        assert_precise(path, &self.peer.call(path, &said));
        assert_eq!(self.peer.held(), self.held, "half done: {path}");
    }

    /// A parcel as it should be is taken all the while.
    fn honest(&mut self) {
        let notice = self.peer.notice();
        let parcel = message(&self.peer.proper(self.held, &notice));
        let (taken, status) = self.deliver("an honest parcel", &parcel, &notice, true);
        assert!(taken, "an honest parcel was not taken: {status:?}");
    }

    /// The node's own account agrees with the book; returns the sequences of what it stored.
    fn account(&mut self, from: Held) -> Vec<u64> {
        let shown = self.peer.holdings(from.sequence);
        assert_eq!(shown.len(), self.book.len());
        let mut stored = Vec::new();
        for ((sequence, (digest, outcome)), place) in
            (from.sequence + 1..).zip(&shown).zip(&self.book)
        {
            assert_eq!(*digest, place.digest, "another notice at {sequence}");
            if outcome == "stored" {
                assert!(place.sound, "a spoilt notice was stored at {sequence}");
                stored.push(sequence);
            } else {
                let code = outcome
                    .bytes()
                    .all(|byte| byte == b'_' || byte.is_ascii_lowercase());
                assert!(code && outcome != "voided", "{outcome}");
            }
        }
        stored
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// One notice each way between two honest counties.
fn deal(number: u32, here: &County, there: &County) {
    for (from, to) in [(here, there), (there, here)] {
        let row = departure_between(number, &from.area, &to.area);
        from.publish(&[row]).expect(0);
        from.wait_until_answered();
    }
}

/// A paired peer with its real keys.
fn peers(build: Build, mutations: usize) {
    let (world, jinjiang, guandu) = World::two_counties_of(build);
    let nanan = world.county(NANAN);
    world.pair(&jinjiang, &nanan);
    let (here, _third) = (jinjiang.start(), nanan.start());
    let mut attack = Attack::begin(&guandu, &jinjiang);
    let begun = attack.held;
    attack.honest();
    for _ in 0..8 {
        attack.signature();
    }
    deal(1, &jinjiang, &nanan);
    let process = here.id();
    for _ in 0..mutations {
        attack.signature();
        attack.parcel();
        attack.notice();
        attack.form();
        attack.step();
        attack.frame();
        attack.question();
        attack.honest();
    }
    deal(2, &jinjiang, &nanan);
    let stored = attack.account(begun);
    assert!(stored.len() > mutations, "the honest ones were taken");
    let handed = jinjiang.subscribe("desk", stored.len() + 2, 20);
    let from = |area: &str| -> Vec<u64> {
        let notices = handed.iter().filter(|notice| notice["from_area"] == area);
        notices
            .map(|notice| notice["sequence"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(from(GUANDU), stored, "what was stored is handed over, once");
    assert_eq!(from(NANAN), [1, 2]);
    assert!(
        jinjiang.subscribe("desk", 1, 1).is_empty(),
        "and nothing else"
    );
    assert_unshaken(&here);
    assert_eq!(here.id(), process);
    assert!(here.stop().success());
}

#[test]
fn a_peer_gets_a_precise_answer_whatever_it_says() {
    peers(Build::Sound, mutations());
    notices("the node took a parcel that nobody signed", || {
        peers(Build::Without("signature"), 0);
    });
}

/// The bytes of an id as people are shown it.
fn id_of(shown: &str) -> [u8; 16] {
    let digits: String = shown.chars().filter(|c| *c != '-').collect();
    u128::from_str_radix(&digits, 16).unwrap().to_be_bytes()
}

#[test]
fn a_parcel_that_names_no_journal_is_not_taken() {
    let (_world, jinjiang, guandu) = World::two_counties_of(Build::Sound);
    let here = jinjiang.start();
    let mut attack = Attack::begin(&guandu, &jinjiang);
    let notice = attack.peer.notice();
    // As it was signed before there was a journal at its end.
    let mut form = attack.peer.form(attack.held, &notice);
    form.truncate(form.len() - 40);
    let context = b"hongyan parcel v1\0";
    form[..context.len()].copy_from_slice(context);
    let parcel = message(&Peer::parcel(&attack.peer.sign(&form), &notice));
    let (taken, status) = attack.deliver("no journal", &parcel, &notice, true);
    assert!(!taken, "its sender may rewrite its journal unnoticed");
    assert_eq!(status.code, 3, "{status:?}");
    attack.honest();
    assert_unshaken(&here);
}

#[test]
fn a_peer_takes_back_only_what_it_sent() {
    let (_world, jinjiang, guandu) = World::two_counties_of(Build::Sound);
    let here = jinjiang.start();
    let said = jinjiang.publish(&[departure(1)]).expect(0).lines();
    let ours = id_of(said[0]["notice_id"].as_str().unwrap());
    let mut attack = Attack::begin(&guandu, &jinjiang);
    let begun = attack.held;
    let sent = attack.peer.notice();
    let theirs: [u8; 16] = bytes_in(&sent, 1).unwrap().try_into().unwrap();
    let parcel = message(&attack.peer.proper(attack.held, &sent));
    attack.deliver("a departure", &parcel, &sent, true);
    let mut expected = vec!["stored"];
    for kind in [WITHDRAWAL, ERASURE] {
        for (id, outcome) in [
            (ours, "value_format"),
            ([0x80; 16], "unknown_notice"),
            (theirs, "stored"),
        ] {
            let notice = attack.peer.notice_of(kind, Some(id));
            let parcel = message(&attack.peer.proper(attack.held, &notice));
            attack.deliver("what takes back", &parcel, &notice, outcome == "stored");
            expected.push(outcome);
        }
    }
    // Nor by sending the id, in the same parcel, as if it were its own.
    let mut forged = attack.peer.notice();
    forged.splice(..18, bytes(1, ours));
    let erasure = attack.peer.notice_of(ERASURE, Some(ours));
    let both = [forged.as_slice(), &erasure];
    let parcel = message(&attack.peer.proper_of(attack.held, &both));
    let opening = attack.peer.opening(attack.held);
    attack.peer.deliver(&opening, &parcel);
    expected.extend(["id_conflict", "value_format"]);
    let shown = attack.peer.holdings(begun.sequence);
    let outcomes: Vec<&str> = shown.iter().map(|(_, outcome)| outcome.as_str()).collect();
    assert_eq!(outcomes, expected);
    assert_unshaken(&here);
}
