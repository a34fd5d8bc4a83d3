use std::fs;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, PublicKeyData as _, SerialNumber, date_time_ymd,
};

use super::*;
use crate::{
    agreement::{DEFAULT, TemplateError, TermsError},
    config::NodeDir,
    domain::area::County,
    trust::{
        certification::Certification,
        keys::{PublicKey, SigningKey},
        lineage::SuccessionError,
        pairing::RevocationPolicy,
        signature::Signed,
        succession::SuccessionForm,
    },
};

mod keys;

/// A root and its list, issued on that day of October 2026.
fn authority(day: u8) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::CrlSign, KeyUsagePurpose::KeyCertSign];
    let root = params.self_signed(&key).unwrap().pem();
    let crl = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 10, day),
        next_update: date_time_ymd(2026, 11, day),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let issuer = Issuer::new(params, key);
    (root, crl.signed_by(&issuer).unwrap().pem().unwrap())
}

fn party(id: &str) -> Party {
    let (root_pem, crl_pem) = authority(1);
    let id: crate::trust::identity::SpiffeId = id.parse().unwrap();
    let spki = KeyPair::generate().unwrap().subject_public_key_info();
    Party {
        areas: vec![id.area()],
        id,
        endpoint: "gate.example.cn:7443".into(),
        root_pem,
        crl_pem: Some(crl_pem),
        signing_key: PublicKey::from_spki(&spki).unwrap(),
        certification: None,
        revocation: RevocationPolicy::Crl,
        sandbox: true,
    }
}

/// Jinjiang, which invites.
fn a() -> Party {
    party("spiffe://fj.test/area/350582")
}

/// Guandu, which accepts.
fn b() -> Party {
    party("spiffe://yn.test/area/530111")
}

fn county(code: &str) -> County {
    code.parse().unwrap()
}

fn at(hours: i64) -> Timestamp {
    let start: Timestamp = "2026-10-08T01:00:00Z".parse().unwrap();
    start + SignedDuration::from_hours(hours)
}

/// A signature for tests: what is signed, and by whom.
fn sign(party: &Party) -> impl Fn(&Statement) -> Vec<u8> {
    let key = party.signing_key.id();
    move |statement| format!("{key} {statement:?}").into_bytes()
}

fn verify(key: &PublicKey, statement: &Statement, signature: &[u8]) -> bool {
    signature == format!("{} {statement:?}", key.id()).as_bytes()
}

fn invitation_of(inviter: &Party, invited: Option<&str>, nonce: u8) -> String {
    let inviting = Inviting {
        inviter,
        area: None,
        invited: invited.map(county),
        template: DEFAULT,
        nonce: Nonce::new([nonce; 16]),
        now: at(0),
    };
    invite(&inviting, sign(inviter)).unwrap()
}

fn here<'a>(party: &'a Party, pairings: &'a [PairingFile]) -> Here<'a> {
    Here {
        party,
        pairings,
        now: at(1),
    }
}

fn accept(file: &str, here: &Here<'_>) -> Result<(Joined, String), PairingError> {
    accept_invitation(&read_invitation(file, verify)?, here, sign(here.party))
}

fn take(answer: &str, issued: &str, here: &Here<'_>) -> Result<Joined, PairingError> {
    let issued = Issued {
        file: issued.into(),
        used_by: None,
    };
    accept_answer(&read_answer(answer, verify)?, Some(&issued), here, verify)
}

#[test]
fn two_nodes_pair_and_hold_the_same_agreement() {
    let (a, b) = (a(), b());
    for invited in [None, Some("530111")] {
        let file = invitation_of(&a, invited, 1);
        let (there, answer) = accept(&file, &here(&b, &[])).unwrap();
        let joined = take(&answer, &file, &here(&a, &[])).unwrap();
        assert_eq!(joined.agreement, there.agreement);
        assert_eq!(joined.agreement.version.id.to_string(), "350582-530111");
        assert_eq!(there.pairing.pairing, a.pairing());
        assert_eq!(joined.pairing.pairing, b.pairing());
        assert_eq!(joined.pairing.invitation, Nonce::new([1; 16]));
        let (domain, crl) = joined.foreign_crl.unwrap();
        assert_eq!((domain.as_str(), Some(crl)), ("yn.test", b.crl_pem.clone()));
    }
}

#[test]
fn a_changed_file_is_refused() {
    let (a, b) = (a(), b());
    let file = invitation_of(&a, None, 1);
    let (_, answer) = accept(&file, &here(&b, &[])).unwrap();
    let changed = file.replace("gate.example.cn", "gate.example.com");
    assert_eq!(
        accept(&changed, &here(&b, &[])).err(),
        Some(PairingError::Altered)
    );
    let changed = answer.replace("fields = [\"identity\",", "fields = [");
    assert_ne!(changed, answer);
    assert_eq!(
        take(&changed, &file, &here(&a, &[])).err(),
        Some(PairingError::Altered)
    );
    let other_key = file.replace(
        &data_encoding::BASE64.encode(a.signing_key.spki()),
        &data_encoding::BASE64.encode(b.signing_key.spki()),
    );
    assert_eq!(
        accept(&other_key, &here(&b, &[])).err(),
        Some(PairingError::Altered)
    );
    for no_file in [
        "",
        "hello",
        file.split("[inviter]").next().unwrap(),
        answer.trim_end_matches('-'),
    ] {
        assert!(accept(no_file, &here(&b, &[])).is_err());
    }
    let unknown = file.replace("format = 1", "format = 1\nformta = 1");
    let error = accept(&unknown, &here(&b, &[])).unwrap_err().to_string();
    assert!(error.contains("did you mean `format`?"), "{error}");
}

#[test]
fn an_invitation_that_must_not_be_accepted_is_refused_by_reason() {
    let (a, b) = (a(), b());
    let open = invitation_of(&a, None, 1);
    let named = invitation_of(&a, Some("530112"), 1);
    let late = Here {
        now: at(14 * 24),
        ..here(&b, &[])
    };
    assert_eq!(accept(&open, &late).err(), Some(PairingError::Expired));
    let early = Here {
        now: at(-25),
        ..here(&b, &[])
    };
    assert_eq!(
        accept(&open, &early).err(),
        Some(PairingError::FromTheFuture)
    );
    assert_eq!(
        accept(&named, &here(&b, &[])).err(),
        Some(PairingError::ForAnother(county("530112")))
    );
    assert_eq!(accept(&open, &here(&a, &[])).err(), Some(PairingError::Own));
    let production = Party {
        sandbox: false,
        ..b.clone()
    };
    assert_eq!(
        accept(&open, &here(&production, &[])).err(),
        Some(PairingError::SandboxMixed)
    );
    let same_domain = party("spiffe://fj.test/area/530111");
    assert_eq!(
        accept(&open, &here(&same_domain, &[])).err(),
        Some(PairingError::OtherRoot("fj.test".parse().unwrap()))
    );
}

#[test]
fn an_area_belongs_to_one_node_and_a_trust_domain_to_one_root() {
    let (a, b) = (a(), b());
    let (held, _) = accept(&invitation_of(&a, None, 1), &here(&b, &[])).unwrap();
    let held = [held.pairing];
    let impostor = party("spiffe://other.test/area/350582");
    assert_eq!(
        accept(&invitation_of(&impostor, None, 2), &here(&b, &held)).err(),
        Some(PairingError::AreaTaken {
            area: county("350582"),
            by: a.id.clone(),
        })
    );
    let neighbour = party("spiffe://fj.test/area/350583");
    assert_eq!(
        accept(&invitation_of(&neighbour, None, 2), &here(&b, &held)).err(),
        Some(PairingError::OtherRoot("fj.test".parse().unwrap()))
    );
    let good_neighbour = Party {
        root_pem: a.root_pem.clone(),
        ..neighbour
    };
    assert!(accept(&invitation_of(&good_neighbour, None, 2), &here(&b, &held)).is_ok());
}

#[test]
fn a_step_may_be_repeated_but_an_invitation_joins_only_one() {
    let (a, b) = (a(), b());
    let file = invitation_of(&a, None, 1);
    let (there, answer) = accept(&file, &here(&b, &[])).unwrap();
    let later = |party, pairings| Here {
        now: at(5),
        ..here(party, pairings)
    };
    let held = [there.pairing.clone()];
    assert_eq!(accept(&file, &later(&b, &held)).unwrap().0, there);

    let joined = take(&answer, &file, &here(&a, &[])).unwrap();
    let held = [joined.pairing.clone()];
    let used = Issued {
        file: file.clone(),
        used_by: Some("digest".into()),
    };
    let again = read_answer(&answer, verify).unwrap();
    let past_expiry = Here {
        now: at(15 * 24),
        ..here(&a, &held)
    };
    assert_eq!(
        accept_answer(&again, Some(&used), &past_expiry, verify),
        Ok(joined)
    );

    let third = party("spiffe://sd.test/area/370211");
    let (_, second) = accept(&file, &here(&third, &[])).unwrap();
    // Whether the mark was written before the kill or not.
    for used_by in [None, Some("digest".to_owned())] {
        let issued = Issued {
            file: file.clone(),
            used_by,
        };
        let second = read_answer(&second, verify).unwrap();
        assert_eq!(
            accept_answer(&second, Some(&issued), &here(&a, &held), verify).err(),
            Some(PairingError::AlreadyUsed)
        );
    }
}

#[test]
fn an_answer_must_fit_an_invitation_of_ones_own() {
    let (a, b) = (a(), b());
    let file = invitation_of(&a, None, 1);
    let (_, answer) = accept(&file, &here(&b, &[])).unwrap();
    let read = read_answer(&answer, verify).unwrap();
    let unknown = Some(PairingError::UnknownInvitation);
    assert_eq!(
        accept_answer(&read, None, &here(&a, &[]), verify).err(),
        unknown
    );
    let other = invitation_of(&a, None, 2);
    assert_eq!(take(&answer, &other, &here(&a, &[])).err(), unknown);
    // The same nonce, another text.
    let twin = invitation_of(&a, Some("530111"), 1);
    assert_eq!(take(&answer, &twin, &here(&a, &[])).err(), unknown);
    let c = party("spiffe://sd.test/area/370211");
    assert_eq!(take(&answer, &file, &here(&c, &[])).err(), unknown);
    let late = Here {
        now: at(15 * 24),
        ..here(&a, &[])
    };
    assert_eq!(
        take(&answer, &file, &late).err(),
        Some(PairingError::Expired)
    );
}

#[test]
fn an_answer_with_other_terms_is_refused() {
    let (a, b) = (a(), b());
    let file = invitation_of(&a, None, 1);
    let (_, answer) = accept(&file, &here(&b, &[])).unwrap();
    let mut read = read_answer(&answer, verify).unwrap();
    read.agreement = read
        .agreement
        .replace("free_text = false", "free_text = true");
    let issued = Issued {
        file,
        used_by: None,
    };
    assert_eq!(
        accept_answer(&read, Some(&issued), &here(&a, &[]), verify).err(),
        Some(PairingError::AgreementDiffers)
    );
}

#[test]
fn an_older_invitation_does_not_set_a_pairing_back() {
    let (a, b) = (a(), b());
    let old = invitation_of(&a, None, 1);
    let new = invitation_of(&a, None, 2);
    let (joined, _) = accept(&new, &here(&b, &[])).unwrap();
    let held = [joined.pairing];
    assert_eq!(
        accept(&old, &here(&b, &held)).err(),
        Some(PairingError::Superseded)
    );
}

#[test]
fn a_node_does_not_invite_itself() {
    let a = a();
    let inviting = Inviting {
        inviter: &a,
        area: None,
        invited: Some(county("350582")),
        template: DEFAULT,
        nonce: Nonce::new([1; 16]),
        now: at(0),
    };
    assert_eq!(invite(&inviting, sign(&a)).err(), Some(PairingError::Own));
}

#[test]
fn what_was_installed_is_loaded() {
    let (a, b) = (a(), b());
    let root = tempfile::tempdir().unwrap();
    let dir = NodeDir::new(root.path());
    assert_eq!(load_all(&dir).unwrap(), []);
    assert_eq!(load_agreements(&dir).unwrap().iter().count(), 0);

    let file = invitation_of(&a, None, 1);
    let nonce = Nonce::new([1; 16]);
    assert_eq!(Issued::load(&dir, nonce).unwrap(), None);
    Issued::save(&dir, nonce, &file).unwrap();
    let (_, answer) = accept(&file, &here(&b, &[])).unwrap();
    let read = read_answer(&answer, verify).unwrap();
    let issued = Issued::load(&dir, nonce).unwrap();
    let joined = accept_answer(&read, issued.as_ref(), &here(&a, &[]), verify).unwrap();
    for _ in 0..2 {
        install(&dir, &joined).unwrap();
    }
    Issued::mark_used(&dir, nonce, read.digest).unwrap();
    let marked = Issued::load(&dir, nonce).unwrap().unwrap();
    assert_eq!(marked.used_by, Some(read.digest.to_string()));

    assert_eq!(load_all(&dir).unwrap(), [joined.pairing]);
    let agreements = load_agreements(&dir).unwrap();
    let ids: Vec<_> = agreements.iter().map(|held| held.version.id).collect();
    assert_eq!(ids, [joined.agreement.version.id]);
    let crl = fs::read_to_string(dir.foreign_crl(b.id.trust_domain())).unwrap();
    assert_eq!(Some(crl), b.crl_pem);
}

#[test]
fn the_same_answer_signed_again_leaves_what_was_said_and_another_begins_anew() {
    let (a, b) = (a(), b());
    let root = tempfile::tempdir().unwrap();
    let dir = NodeDir::new(root.path());
    let file = invitation_of(&a, None, 1);
    let (mut joined, answer) = accept(&file, &here(&b, &[])).unwrap();
    install(&dir, &joined).unwrap();
    let statements = dir.statements(joined.agreement.version.id);
    fs::write(&statements, "what was said").unwrap();
    let (body, _) = signed::unseal(&answer).unwrap();
    for (body, stays) in [(body.to_owned(), true), (format!("{body}#"), false)] {
        joined.signed.answer = signed::seal(&body, b"another signature");
        install(&dir, &joined).unwrap();
        assert_eq!(statements.exists(), stays, "{body}");
    }
}

#[test]
fn a_newer_revocation_list_stays() {
    let (a, b) = (a(), b());
    let root = tempfile::tempdir().unwrap();
    let dir = NodeDir::new(root.path());
    let file = invitation_of(&a, None, 1);
    let (_, answer) = accept(&file, &here(&b, &[])).unwrap();
    let mut joined = take(&answer, &file, &here(&a, &[])).unwrap();
    let domain = b.id.trust_domain().clone();
    for (day, kept) in [(5, 5), (3, 5), (9, 9)] {
        joined.foreign_crl = Some((domain.clone(), authority(day).1));
        install(&dir, &joined).unwrap();
        let crl = fs::read(dir.foreign_crl(&domain)).unwrap();
        let expected = i64::from(date_time_ymd(2026, 10, kept).unix_timestamp() as i32);
        assert_eq!(install::issued(&crl), Some(expected), "{day}");
    }
}

#[test]
fn an_agreement_can_be_for_any_home_area_of_the_inviter() {
    let (mut a, b) = (a(), b());
    a.areas.push(county("350583"));
    let inviting = |area| Inviting {
        inviter: &a,
        area: Some(county(area)),
        invited: Some(county("530111")),
        template: DEFAULT,
        nonce: Nonce::new([1; 16]),
        now: at(0),
    };
    let file = invite(&inviting("350583"), sign(&a)).unwrap();
    let (joined, _) = accept(&file, &here(&b, &[])).unwrap();
    assert_eq!(joined.agreement.version.id.to_string(), "350583-530111");
    assert_eq!(joined.pairing.pairing.id, a.id);
    assert_eq!(
        invite(&inviting("350581"), sign(&a)).err(),
        Some(PairingError::NotAtHome(county("350581")))
    );
}

#[test]
fn a_broken_file_is_named() {
    let root = tempfile::tempdir().unwrap();
    let dir = NodeDir::new(root.path());
    for sub in [dir.peers(), dir.agreements()] {
        fs::create_dir_all(&sub).unwrap();
        fs::write(sub.join("350582.toml"), "identiti = 1").unwrap();
    }
    assert_eq!(
        load_all(&dir).unwrap_err().to_string(),
        "peers/350582.toml: the file cannot be read: line 1: unknown key `identiti`; did you mean `identity`?"
    );
    let error = load_agreements(&dir).unwrap_err().to_string();
    assert!(
        error.starts_with("agreements/350582.toml: line 1: unknown key"),
        "{error}"
    );
}

#[test]
fn the_summary_says_who_and_on_what_terms_in_both_languages() {
    let (a, b) = (a(), b());
    let (joined, _) = accept(&invitation_of(&a, None, 1), &here(&b, &[])).unwrap();
    let Summary {
        zh,
        en,
        fingerprint,
    } = joined.summary;
    assert_eq!(fingerprint, a.signing_key.id().fingerprint().spoken());
    let lines = [
        "对方节点：spiffe://fj.test/area/350582",
        "代表区县：晋江市 350582",
        "地址：gate.example.cn:7443",
        &format!("签名密钥指纹：{fingerprint}"),
        "协议 350582-530111/1（测试环境，仅限测试通报）",
        "甲方：晋江市 350582",
        "乙方：官渡区 530111",
        "有效期：2026-10-08 至 2029-10-07，首尾两日均含",
        "目的：mobility_service；合法性基础：《中华人民共和国个人信息保护法》第十三条第一款第三项：为履行法定职责所必需",
        "个人信息保护影响评估：未附",
        "晋江市 350582 → 官渡区 530111：流出通报，身份信息、流动信息、婚育证明；30日内送达，3个工作日内接收，15个工作日内反馈（急件7日内），接收方保存730日",
        "晋江市 350582 → 官渡区 530111：流入通报，身份信息、流动信息、婚育证明；30日内送达，3个工作日内接收，15个工作日内反馈（急件7日内），接收方保存730日",
        "晋江市 350582 → 官渡区 530111：反馈，身份信息、流动信息、婚育证明；30日内送达，接收方保存730日",
        "官渡区 530111 → 晋江市 350582：流出通报，身份信息、流动信息、婚育证明；30日内送达，3个工作日内接收，15个工作日内反馈（急件7日内），接收方保存730日",
        "官渡区 530111 → 晋江市 350582：流入通报，身份信息、流动信息、婚育证明；30日内送达，3个工作日内接收，15个工作日内反馈（急件7日内），接收方保存730日",
        "官渡区 530111 → 晋江市 350582：反馈，身份信息、流动信息、婚育证明；30日内送达，接收方保存730日",
        "随上述通报双向传递：更正、撤回、删除、接收通知、催办；更正所含字段与被更正的通报相同",
    ];
    assert_eq!(zh.lines().collect::<Vec<_>>(), lines);
    assert!(en.starts_with("Node: spiffe://fj.test/area/350582\nSpeaks for: 晋江市 350582\n"));
    assert!(en.contains(
        "departures, identity, movement, entitlement certificate; delivered within 30 calendar days"
    ));
}

#[test]
fn every_refusal_speaks_chinese() {
    for error in [
        PairingError::NotAFile,
        PairingError::Altered,
        PairingError::Expired,
        PairingError::ForAnother(county("530111")),
        PairingError::Own,
        PairingError::SandboxMixed,
        PairingError::AlreadyUsed,
        PairingError::Superseded,
        PairingError::UnknownInvitation,
        PairingError::AgreementDiffers,
        PairingError::NotAtHome(county("530111")),
        PairingError::OneArea,
        PairingError::Template(TemplateError::Environment(true)),
        PairingError::Template(TemplateError::Incomplete(TermsError::AssessmentMissing)),
    ] {
        assert!(error.zh().ends_with('。'), "{error}");
    }
}
