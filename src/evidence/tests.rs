//! What a file proves, of every outcome, and what is found wrong with it, by part.

use jiff::{Timestamp, civil::date};
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::*;
use crate::{
    agreement::{
        Agreement, DEFAULT, Side,
        life::{Says, Statement},
    },
    domain::{
        channel::{Channel, Digest, Sequence},
        field::Field,
        journal::JournalHead,
        notice::NoticeId,
        problem::Code,
        receipt::{Outcome, VoidReason},
        refusal::Refusal,
    },
    pairing::{
        Here, Inviting, Nonce, Party, SignedFiles, accept_invitation, invite, read_invitation,
    },
    trust::{
        chain::{chain, channel_origin},
        forms::{Frame, ParcelForm, ReceiptForm},
        identity::SpiffeId,
        keys::SigningKey,
        pairing::RevocationPolicy,
        signature::{SignatureError, Signed},
        statement::StatementForm,
        succession::SuccessionForm,
    },
};

/// Two nodes that are paired, the second of which has changed its key since.
struct World {
    root: TempDir,
    a: Node,
    b: Node,
    files: SignedFiles,
    agreement: Agreement,
}

struct Node {
    id: SpiffeId,
    /// The key of the pairing, and the one in use.
    keys: [SigningKey; 2],
}

impl Node {
    fn new(root: &TempDir, id: &str) -> Self {
        let id: SpiffeId = id.parse().unwrap();
        let key = |name: &str| {
            let path = root.path().join(format!("{}-{name}", id.area()));
            SigningKey::create(&path).unwrap()
        };
        Self {
            keys: [key("first"), key("second")],
            id,
        }
    }

    fn party(&self) -> Party {
        let root = CertificateParams::default()
            .self_signed(&KeyPair::generate().unwrap())
            .unwrap();
        Party {
            areas: vec![self.id.area()],
            id: self.id.clone(),
            endpoint: "gate.example.cn:7443".into(),
            root_pem: root.pem(),
            crl_pem: None,
            signing_key: self.keys[0].public().clone(),
            certification: None,
            revocation: RevocationPolicy::ShortLived,
            sandbox: true,
        }
    }

    fn succession(&self, number: u64) -> Signed {
        let next = self.keys[1].public().clone();
        let form = SuccessionForm::new(&self.id, true, number, next, AT);
        self.keys[0].sign(self.id.trust_domain(), &form).unwrap()
    }

    fn shown(&self) -> ShownNode {
        let key = |at: usize, succession| ShownKey {
            public: self.keys[at].public().clone(),
            succession,
        };
        ShownNode {
            id: self.id.clone(),
            keys: vec![key(0, Some(self.succession(1))), key(1, None)],
        }
    }
}

const AT: i64 = 1_791_421_200_000;

fn frame() -> Frame {
    Frame {
        channel: Channel {
            from: "350582".parse().unwrap(),
            to: "530111".parse().unwrap(),
        },
        sandbox: true,
    }
}

fn journal() -> Option<JournalHead> {
    Some(JournalHead {
        position: 9,
        head: Digest::new([9; 32]),
    })
}

/// Five places: stored, refused, void, stored although it had ended here, and without an answer.
fn digests() -> Vec<Digest> {
    (1..=5).map(|byte| Digest::new([byte; 32])).collect()
}

impl World {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let a = Node::new(&root, "spiffe://fj.test/area/350582");
        let b = Node::new(&root, "spiffe://yn.test/area/530111");
        let now: Timestamp = "2026-10-08T01:00:00Z".parse().unwrap();
        let (inviter, accepter) = (a.party(), b.party());
        let inviting = Inviting {
            inviter: &inviter,
            area: None,
            invited: None,
            template: DEFAULT,
            nonce: Nonce::new([1; 16]),
            now,
        };
        let invitation = invite(&inviting, |statement| {
            statement.sign(&a.keys[0], a.id.trust_domain()).unwrap()
        });
        let invitation = read_invitation(&invitation.unwrap(), |_, _, _| true).unwrap();
        let here = Here {
            party: &accepter,
            pairings: &[],
            now,
        };
        let joined = accept_invitation(&invitation, &here, |statement| {
            statement.sign(&b.keys[0], b.id.trust_domain()).unwrap()
        });
        let (joined, _) = joined.unwrap();
        Self {
            root,
            a,
            b,
            files: joined.signed,
            agreement: Agreement::parse(&joined.agreement.text).unwrap(),
        }
    }

    fn parcel(&self) -> ParcelForm {
        let Channel { from, to } = frame().channel;
        let (a, b) = (self.a.id.trust_domain(), self.b.id.trust_domain());
        let origin = channel_origin(a, b, Channel { from, to }, true);
        ParcelForm {
            frame: frame(),
            first: Sequence::new(1),
            count: 5,
            previous: origin,
            head: digests().into_iter().fold(origin, chain),
            time_ms: AT,
            voids: vec![(2, VoidReason::Withdrawn), (3, VoidReason::Expired)],
            journal: journal(),
        }
    }

    fn receipt(&self, parcel: &Signed) -> ReceiptForm {
        let refused = Refusal::of(Code::FieldNotPermitted, Field::Phone);
        let outcomes = vec![
            Outcome::Stored,
            Outcome::Refused(refused),
            Outcome::Voided,
            Outcome::Stored,
        ];
        ReceiptForm {
            frame: frame(),
            first: Sequence::new(1),
            head: digests()
                .into_iter()
                .take(4)
                .fold(self.parcel().previous, chain),
            outcomes,
            held: Sequence::new(4),
            answers: parcel.digest(),
            time_ms: AT + 1,
            journal: journal(),
        }
    }

    fn signed_parcel(&self, form: &ParcelForm) -> Signed {
        self.a.keys[1].sign(self.a.id.trust_domain(), form).unwrap()
    }

    fn signed_receipt(&self, form: &ReceiptForm) -> Signed {
        self.b.keys[0].sign(self.b.id.trust_domain(), form).unwrap()
    }

    fn showing(&self, sequence: u64) -> Showing {
        let parcel = self.signed_parcel(&self.parcel());
        let receipt = self.signed_receipt(&self.receipt(&parcel));
        let at = usize::try_from(sequence - 1).unwrap();
        Showing {
            channel: frame().channel,
            sandbox: true,
            sequence: Sequence::new(sequence),
            end: End::Sender,
            id: NoticeId::new([1; 8], sequence),
            digest: digests()[at],
            content: None,
            agreement: ShownAgreement {
                version: self.agreement.version,
                canonical: None,
                statements: Vec::new(),
            },
            parcel: Some(ShownParcel {
                signed: parcel,
                digests: digests(),
            }),
            receipt: Some(receipt),
            sender: self.a.shown(),
            receiver: self.b.shown(),
            pairings: vec![self.files.clone()],
        }
    }

    fn judge(&self, showing: Showing) -> Result<Verdict, EvidenceError> {
        let file = showing.seal(&self.a.keys[1], AT).unwrap();
        verify(file.as_bytes(), &[])
    }

    /// What is found wrong once the sender itself has changed what it shows.
    fn found(&self, change: impl FnOnce(&mut Showing)) -> EvidenceError {
        let mut showing = self.showing(1);
        change(&mut showing);
        self.judge(showing).unwrap_err()
    }

    fn said(&self, by: &Node, side: Side, says: Says) -> Signed {
        let (other, number) = (if by.id == self.a.id { &self.b } else { &self.a }, 1);
        let statement = Statement {
            side,
            number,
            agreement: self.agreement.version,
            digest: self.agreement.digest(),
            on: date(2026, 10, 8),
            says,
        };
        let form = StatementForm {
            frame: Frame {
                channel: Channel {
                    from: by.id.area(),
                    to: other.id.area(),
                },
                sandbox: true,
            },
            statement: statement.bytes(),
        };
        by.keys[1].sign(by.id.trust_domain(), &form).unwrap()
    }
}

/// A file that holds.
pub(crate) fn sample() -> Vec<u8> {
    let world = World::new();
    let file = world.showing(1).seal(&world.a.keys[1], AT).unwrap();
    file.into_bytes()
}

fn codes(verdict: &Verdict) -> Vec<&'static str> {
    verdict.not_proven.iter().map(Gap::code).collect()
}

#[test]
fn every_outcome_is_told_as_it_was_signed() {
    let world = World::new();
    let refused = Refusal::of(Code::FieldNotPermitted, Field::Phone);
    let expected = [
        (Some(Outcome::Stored), None),
        (Some(Outcome::Refused(refused)), None),
        (Some(Outcome::Voided), Some(VoidReason::Withdrawn)),
        (Some(Outcome::Stored), Some(VoidReason::Expired)),
        (None, None),
    ];
    for (sequence, (outcome, void)) in (1..).zip(expected) {
        let verdict = world.judge(world.showing(sequence)).unwrap();
        assert_eq!(
            (&verdict.outcome, verdict.void),
            (&outcome, void),
            "{sequence}"
        );
        let received = verdict.proven.iter().find_map(|claim| match claim {
            Claim::Received { node, at_ms, .. } => Some((node, *at_ms)),
            _ => None,
        });
        let answered = outcome.is_some();
        assert_eq!(received, answered.then_some((&world.b.id, AT + 1)));
        assert_eq!(codes(&verdict).contains(&"receipt"), !answered);
        assert!(codes(&verdict).contains(&"content"));
        // Whoever reads it is told in both languages.
        for claim in &verdict.proven {
            let told = claim.sentence();
            assert!(!told.zh.is_empty() && !told.en.is_empty());
        }
    }
}

#[test]
fn what_was_signed_before_journals_were_named_is_shown_as_such() {
    let world = World::new();
    let mut showing = world.showing(1);
    let form = ParcelForm {
        journal: None,
        ..world.parcel()
    };
    let parcel = world.signed_parcel(&form);
    let receipt = ReceiptForm {
        journal: None,
        ..world.receipt(&parcel)
    };
    showing.receipt = Some(world.signed_receipt(&receipt));
    showing.parcel = Some(ShownParcel {
        signed: parcel,
        digests: digests(),
    });
    let verdict = world.judge(showing).unwrap();
    assert_eq!(
        codes(&verdict)
            .iter()
            .filter(|it| **it == "journals")
            .count(),
        1
    );
    assert!(!verdict.proven.iter().any(|claim| claim.code() == "journal"));
}

#[test]
fn an_agreement_is_signed_by_both_or_not_proven() {
    let world = World::new();
    let agreed = |showing: Showing| {
        let verdict = world.judge(showing).unwrap();
        verdict.proven.into_iter().find_map(|claim| match claim {
            Claim::Agreed { by, .. } => Some(by),
            _ => None,
        })
    };
    assert_eq!(agreed(world.showing(1)), Some(Accord::Pairing));
    let with = |statements: Vec<Signed>| {
        let mut showing = world.showing(1);
        showing.agreement.canonical = Some(world.agreement.canonical());
        showing.agreement.statements = statements;
        showing
    };
    let proposed = world.said(&world.a, Side::A, Says::Propose);
    let accepted = world.said(&world.b, Side::B, Says::Accept);
    let resumed = world.said(&world.b, Side::B, Says::Resume);
    let digest = world.agreement.digest();
    assert_eq!(
        agreed(with(vec![proposed.clone(), accepted])),
        Some(Accord::Statements { digest })
    );
    assert_eq!(
        agreed(with(vec![proposed.clone(), resumed])),
        Some(Accord::Pairing)
    );
    // A version that neither has signed.
    let mut other = world.showing(1);
    other.agreement.version = "350582-530111/2".parse().unwrap();
    assert_eq!(agreed(other), None);
    // Bytes of another agreement, and statements on none.
    let mut other = with(Vec::new());
    other.agreement.version = "350582-530111/2".parse().unwrap();
    assert_eq!(world.judge(other), Err(EvidenceError::Agreement));
    let mut none = with(vec![proposed]);
    none.agreement.canonical = None;
    assert_eq!(
        world.judge(none),
        Err(EvidenceError::Other(Part::Statement))
    );
}

#[test]
fn what_the_writer_itself_has_changed_is_found_by_part() {
    let world = World::new();
    let parcel = |change: fn(&mut ParcelForm)| {
        let mut form = world.parcel();
        change(&mut form);
        world.signed_parcel(&form)
    };
    let shown = |signed: Signed| {
        Some(ShownParcel {
            signed,
            digests: digests(),
        })
    };
    assert_eq!(
        world.found(|it| it.digest = Digest::new([7; 32])),
        EvidenceError::Digest
    );
    assert_eq!(
        world.found(|it| it.sequence = Sequence::new(6)),
        EvidenceError::Outside
    );
    assert_eq!(
        world.found(|it| it.sequence = Sequence::ZERO),
        EvidenceError::Outside
    );
    assert_eq!(
        world.found(|it| it.channel = it.channel.opposite()),
        EvidenceError::Signature(Part::Seal, SignatureError::OtherArea)
    );
    // What the sender may sign as it likes, it must have signed like the rest.
    for (signed, error) in [
        (
            parcel(|form| form.head = Digest::new([7; 32])),
            EvidenceError::Chain(Part::Parcel),
        ),
        (
            parcel(|form| {
                form.previous = Digest::new([7; 32]);
                form.head = digests().into_iter().fold(form.previous, chain);
            }),
            EvidenceError::Chain(Part::Parcel),
        ),
        (
            parcel(|form| {
                form.count = 4;
                form.head = digests().into_iter().take(4).fold(form.previous, chain);
            }),
            EvidenceError::Chain(Part::Parcel),
        ),
        (
            parcel(|form| form.frame.sandbox = false),
            EvidenceError::Other(Part::Parcel),
        ),
        (
            parcel(|form| form.time_ms += 1),
            EvidenceError::Other(Part::Receipt),
        ),
    ] {
        assert_eq!(world.found(|it| it.parcel = shown(signed)), error);
    }
    assert_eq!(
        world.found(|it| it.parcel = None),
        EvidenceError::Other(Part::Receipt)
    );
    // A receipt is the receiver's.
    assert_eq!(
        world.found(|it| {
            let form = world.receipt(&it.parcel.as_ref().unwrap().signed);
            let by = world.a.keys[1].sign(world.b.id.trust_domain(), &form);
            it.receipt = Some(by.unwrap());
        }),
        EvidenceError::Signature(Part::Receipt, SignatureError::Bad)
    );
    let receipt = |change: fn(&mut ReceiptForm)| {
        world.found(|it| {
            let mut form = world.receipt(&it.parcel.as_ref().unwrap().signed);
            change(&mut form);
            it.receipt = Some(world.signed_receipt(&form));
        })
    };
    assert_eq!(
        receipt(|form| form.outcomes[0] = Outcome::Voided),
        EvidenceError::Other(Part::Receipt)
    );
    assert_eq!(
        receipt(|form| {
            form.first = Sequence::new(2);
            form.held = Sequence::new(5);
        }),
        EvidenceError::Other(Part::Receipt)
    );
    assert_eq!(
        receipt(|form| form.head = Digest::new([7; 32])),
        EvidenceError::Chain(Part::Receipt)
    );
}

#[test]
fn a_key_that_nothing_pins_is_believed_in_nothing() {
    let world = World::new();
    let unpinned = EvidenceError::KeyNotPinned(Part::Sender);
    assert_eq!(world.found(|it| it.pairings.clear()), unpinned);
    assert_eq!(
        world.found(|it| it.sender.keys[0].succession = None),
        unpinned
    );
    let forged = |signed| EvidenceError::Succession(Part::Receiver, signed);
    use crate::trust::lineage::SuccessionError;
    assert_eq!(
        world.found(|it| it.receiver.keys[0].succession = Some(world.a.succession(1))),
        forged(SuccessionError::NotSigned)
    );
    assert_eq!(
        world.found(|it| {
            it.receiver.keys[1].succession = Some(world.b.succession(2));
        }),
        forged(SuccessionError::OutOfOrder)
    );
    // A pairing of others, and one that was altered.
    let other = World::new();
    assert_eq!(
        world.found(|it| it.pairings = vec![other.files.clone()]),
        unpinned
    );
    assert_eq!(
        world.found(|it| {
            let altered = it.pairings[0]
                .answer
                .replace("gate.example.cn", "gate.example.com");
            it.pairings[0].answer = altered;
        }),
        EvidenceError::Pairing
    );
    assert_eq!(
        world.found(|it| it.pairings[0].invitation = other.files.invitation.clone()),
        EvidenceError::Pairing
    );
}

#[test]
fn a_file_has_one_spelling() {
    let world = World::new();
    let file = world.showing(1).seal(&world.a.keys[1], AT).unwrap();
    let found = |text: &str| verify(text.as_bytes(), &[]).unwrap_err();
    assert!(verify(file.as_bytes(), &[]).is_ok());
    for (from, to) in [
        ("\n", ""),
        ("\n", " \n"),
        ("{\"agreement\":", "{ \"agreement\":"),
        ("\"sequence\":1", "\"sequence\":1 "),
    ] {
        assert_eq!(
            found(&file.replacen(from, to, 1)),
            EvidenceError::NotCanonical
        );
    }
    for (from, to) in [
        ("\"sequence\":1", "\"sequence\":1,\"sequence\":1"),
        ("\"sequence\":1", "\"sequence\":1,\"more\":1"),
        ("\"sequence\":1", "\"sequence\":-1"),
        ("\"content\":null,", ""),
    ] {
        let changed = file.replacen(from, to, 1);
        assert!(
            matches!(
                found(&changed),
                EvidenceError::NotEvidence | EvidenceError::NotCanonical
            ),
            "{to}"
        );
    }
    let newer = file.replacen("hongyan evidence v1", "hongyan evidence v2", 1);
    assert_eq!(found(&newer), EvidenceError::OtherFormat);
    // Sealed by nobody who could: the id is the writer's word, and so covered by the seal alone.
    let id = NoticeId::new([1; 8], 1).to_string();
    let other = file.replacen(&id, &NoticeId::new([1; 8], 2).to_string(), 1);
    assert_eq!(found(&other), EvidenceError::Seal);
    let stranger = SigningKey::create(&world.root.path().join("stranger")).unwrap();
    let sealed = world.showing(1).seal(&stranger, AT).unwrap();
    assert_eq!(
        found(&sealed),
        EvidenceError::Signature(Part::Seal, SignatureError::Bad)
    );
}
