//! Signed forms, certificates, revocation lists, keys: a module of `trust`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    reason = "a target fails by panicking"
)]

use std::{sync::LazyLock, time::Duration};

use rcgen::PublicKeyData as _;
use rustls_pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime, pem::PemObject as _,
};

use super::{
    authority::root_trust_domain,
    certification::CertificationForm,
    expiry::{Expiry, Subject},
    forms::{
        self, Form, InvitationAnswerForm, InvitationForm, ParcelForm, ReceiptForm, ResendForm,
    },
    identity::SpiffeId,
    issue::{Issuer, draw_key},
    keys::{PublicKey, SigningKey},
    pairing::RevocationPolicy,
    rotation,
    segment_head::SegmentHeadForm,
    showing::ShowingForm,
    statement::StatementForm,
    succession::SuccessionForm,
    tls,
    verifier::{Part, PeerTrust, Roots, named_id},
};

pub(crate) fn parcel(bytes: &[u8]) {
    form::<ParcelForm>(bytes);
}

pub(crate) fn receipt(bytes: &[u8]) {
    form::<ReceiptForm>(bytes);
}

pub(crate) fn resend(bytes: &[u8]) {
    form::<ResendForm>(bytes);
}

/// The short forms: those of a pairing, and of what a node says of its keys, journal and evidence.
pub(crate) fn pairing_forms(bytes: &[u8]) {
    form::<InvitationForm>(bytes);
    form::<InvitationAnswerForm>(bytes);
    form::<CertificationForm>(bytes);
    form::<SegmentHeadForm>(bytes);
    form::<ShowingForm>(bytes);
}

pub(crate) fn succession(bytes: &[u8]) {
    form::<SuccessionForm>(bytes);
}

/// A statement on an agreement, within its signed form and without.
pub(crate) fn statement(bytes: &[u8]) {
    use crate::agreement::life::Statement;

    form::<StatementForm>(bytes);
    let inner = forms::read::<StatementForm>(bytes).map(|(_, form)| form.statement);
    for bytes in [bytes, &inner.unwrap_or_default()] {
        if let Ok(statement) = Statement::read(bytes) {
            assert_eq!(statement.bytes(), bytes);
        }
    }
}

/// A signed form has one spelling: what is read is written with the same bytes.
fn form<F: Form>(bytes: &[u8]) {
    if let Ok((header, form)) = forms::read::<F>(bytes) {
        assert_eq!(forms::write(&header, &form).as_deref(), Ok(bytes));
    }
}

/// An authority, a node of its and one that it took back.
pub(crate) struct Authority {
    pub(crate) root: CertificateDer<'static>,
    pub(crate) honest: CertificateDer<'static>,
    pub(crate) revoked: CertificateDer<'static>,
    pub(crate) list: CertificateRevocationListDer<'static>,
}

pub(crate) static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| {
    let id: SpiffeId = "spiffe://hongyan.test/area/350582".parse().unwrap();
    let (issuer, _) = Issuer::create("Pilot", Some("spiffe://hongyan.test"), NOW).unwrap();
    let node = || issuer.node(&id, &draw_key().unwrap(), YEAR, NOW).unwrap();
    let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let revoked = node();
    let list = [(revoked.serial.to_vec(), 1_791_000_000)];
    let list = issuer.crl(7, &list, YEAR, NOW).unwrap();
    Authority {
        root: der(issuer.root_pem()),
        honest: der(&node().pem),
        revoked: der(&revoked.pem),
        list: CertificateRevocationListDer::from_pem_slice(list.as_bytes()).unwrap(),
    }
});

impl Authority {
    /// What is believed of a chain under that list.
    fn judge(
        &self,
        chain: &[CertificateDer<'_>],
        list: &CertificateRevocationListDer<'_>,
    ) -> Option<SpiffeId> {
        let roots = std::slice::from_ref(&self.root);
        let lists = std::slice::from_ref(list);
        let roots = Roots::of_domain(roots, RevocationPolicy::Crl, lists).ok()?;
        let mut trust = PeerTrust::default();
        trust.domains.insert("hongyan.test".parse().unwrap(), roots);
        let client = trust.check_node(chain, Part::Client, NOW).ok();
        assert_eq!(client, trust.check_node(chain, Part::Server, NOW).ok());
        client
    }
}

pub(crate) fn certificate(bytes: &[u8]) {
    let der = CertificateDer::from(bytes);
    if let Ok(id) = named_id(&der) {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    root_trust_domain(&der);
    Expiry::of_certificate(Subject::Certificate, &der);
    // As a root, as an authority in between, and as the one that is shown.
    let authority = &*AUTHORITY;
    if let Ok(roots) = Roots::of_domain(
        std::slice::from_ref(&der),
        RevocationPolicy::ShortLived,
        &[],
    ) {
        let mut trust = PeerTrust::default();
        trust.domains.insert("hongyan.test".parse().unwrap(), roots);
        let shown = [authority.honest.clone()];
        assert!(bytes == &*authority.root || trust.check_node(&shown, Part::Client, NOW).is_err());
    }
    authority.judge(&[authority.honest.clone(), der.clone()], &authority.list);
    if authority.judge(&[der], &authority.list).is_some() {
        assert!(
            bytes == &*authority.honest,
            "an altered certificate is believed"
        );
    }
}

pub(crate) fn crl(bytes: &[u8]) {
    let list = CertificateRevocationListDer::from(bytes);
    Expiry::of_list(Subject::OfficeCrl, &list);
    let authority = &*AUTHORITY;
    let revoked = authority.judge(std::slice::from_ref(&authority.revoked), &list);
    assert_eq!(revoked, None, "what was taken back is believed");
    if authority
        .judge(std::slice::from_ref(&authority.honest), &list)
        .is_some()
    {
        assert!(bytes == &*authority.list, "an altered list is believed");
    }
}

pub(crate) fn pem(bytes: &[u8]) {
    let _ = tls::certificates(bytes);
    let lists = CertificateRevocationListDer::pem_slice_iter(bytes).collect::<Result<Vec<_>, _>>();
    let _ = lists.map(|lists| Roots::of_domain(&[], RevocationPolicy::Crl, &lists).is_ok());
    let _ = PrivateKeyDer::from_pem_slice(bytes);
    let _ = SigningKey::from_pem(bytes);
}

pub(crate) fn spki(bytes: &[u8]) {
    if let Ok(key) = PublicKey::from_spki(bytes) {
        assert_eq!(key.spki(), bytes);
    }
}

pub(crate) fn earlier_keys(bytes: &[u8]) {
    static CURRENT: LazyLock<PublicKey> = LazyLock::new(|| {
        PublicKey::from_spki(&draw_key().unwrap().subject_public_key_info()).unwrap()
    });
    let node = "spiffe://hongyan.test/area/350582".parse().unwrap();
    let _ = rotation::earlier_keys(bytes, &CURRENT, &node, true);
}

/// 2026-10-08 09:00 in Shanghai.
const NOW: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1_791_421_200));
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// A form of each kind, for a target to begin from.
#[cfg(test)]
pub(crate) fn seeds(kind: &str) -> Vec<Vec<u8>> {
    use crate::domain::{
        channel::{Channel, Digest, Sequence},
        field::Field,
        journal::JournalHead,
        problem::Code,
        receipt::{Outcome, VoidReason},
        refusal::Refusal,
    };
    use forms::{Frame, Header};

    let frame = Frame {
        channel: Channel {
            from: "350582".parse().unwrap(),
            to: "530111".parse().unwrap(),
        },
        sandbox: true,
    };
    let key = || PublicKey::from_spki(&draw_key().unwrap().subject_public_key_info()).unwrap();
    let header = Header {
        key: key().id(),
        signer: "hongyan.test".parse().unwrap(),
    };
    let [one, two, three] = [1, 2, 3].map(|byte| Digest::new([byte; 32]));
    let time_ms = 1_791_421_200_000;
    let head = JournalHead {
        position: 1_234,
        head: three,
    };
    let journal = Some(head);
    match kind {
        "parcel" => [
            vec![],
            vec![(1, VoidReason::OnHold), (2, VoidReason::Expired)],
        ]
        .map(|voids| {
            let form = ParcelForm {
                frame,
                first: Sequence::new(7),
                count: 3,
                previous: one,
                head: two,
                time_ms,
                voids,
                journal,
            };
            forms::write(&header, &form).unwrap()
        })
        .to_vec(),
        "receipt" => {
            let refused = Outcome::Refused(Refusal::of(Code::FieldNotPermitted, Field::Phone));
            let form = ReceiptForm {
                frame,
                first: Sequence::new(7),
                outcomes: vec![Outcome::Stored, Outcome::Stored, refused, Outcome::Voided],
                head: one,
                held: Sequence::new(10),
                answers: two,
                time_ms,
                journal,
            };
            vec![forms::write(&header, &form).unwrap()]
        }
        "resend" => {
            let form = ResendForm {
                frame,
                held: Sequence::new(3),
                head: one,
                disowned: Sequence::new(9),
                time_ms,
                nonce: [4; 16],
            };
            vec![forms::write(&header, &form).unwrap()]
        }
        "pairing_forms" => vec![
            forms::write(
                &header,
                &InvitationForm {
                    frame,
                    document: one,
                },
            )
            .unwrap(),
            forms::write(
                &header,
                &InvitationAnswerForm {
                    frame,
                    invitation: two,
                    document: three,
                },
            )
            .unwrap(),
            forms::write(&header, &CertificationForm { frame, key: key() }).unwrap(),
            forms::write(
                &header,
                &SegmentHeadForm::new(frame.channel.from, true, head, time_ms),
            )
            .unwrap(),
            forms::write(
                &header,
                &ShowingForm {
                    frame,
                    document: one,
                    time_ms,
                },
            )
            .unwrap(),
        ],
        "succession" => {
            let node = "spiffe://hongyan.test/area/350582".parse().unwrap();
            let form = SuccessionForm::new(&node, true, 1, key(), time_ms);
            vec![forms::write(&header, &form).unwrap()]
        }
        "statement" => {
            use crate::agreement::{
                Side,
                life::{Says, Statement, What},
            };
            let day = jiff::civil::date(2026, 10, 8);
            let reason = || "系统升级".parse().unwrap();
            let kinds = [(Side::A, crate::domain::notice::Kind::Departure)];
            let said = |what| Says::Suspend {
                what,
                from: day,
                reason: reason(),
            };
            let says = [
                Says::Propose,
                Says::Accept,
                said(What::All),
                said(What::Kinds(kinds.into())),
                Says::Resume,
                Says::End {
                    from: day,
                    reason: reason(),
                },
            ];
            let statements = says.map(|says| Statement {
                side: Side::A,
                number: 7,
                agreement: "350582-530111/2".parse().unwrap(),
                digest: one,
                on: day,
                says,
            });
            let forms = statements.iter().map(|statement| {
                let statement = statement.bytes();
                forms::write(&header, &StatementForm { frame, statement }).unwrap()
            });
            forms.chain([statements[0].bytes()]).collect()
        }
        "certificate" => vec![AUTHORITY.honest.to_vec(), AUTHORITY.root.to_vec()],
        "crl" => vec![AUTHORITY.list.to_vec()],
        "spki" => vec![key().spki().to_vec()],
        "pem" => {
            let key = draw_key().unwrap();
            let certificate = rcgen::CertificateParams::default()
                .self_signed(&key)
                .unwrap();
            let both = format!("{}{}", certificate.pem(), key.serialize_pem());
            vec![
                certificate.pem().into(),
                key.serialize_pem().into(),
                both.into(),
            ]
        }
        "earlier_keys" => {
            let dir = tempfile::tempdir().unwrap();
            SigningKey::create(&dir.path().join("keys/signing.key")).unwrap();
            let node = "spiffe://hongyan.test/area/350582".parse().unwrap();
            for at in [1_000, 2_000] {
                rotation::rotate(dir.path(), &node, true, at).unwrap();
            }
            vec![std::fs::read(dir.path().join(rotation::EARLIER)).unwrap()]
        }
        kind => unreachable!("no such form: {kind}"),
    }
}
