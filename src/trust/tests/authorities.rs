//! The pilot authority.

use std::{os::unix::fs::PermissionsExt, time::Duration};

use rcgen::{CertificateParams, KeyPair, SanType};
use rustls_pki_types::{CertificateRevocationListDer, pem::PemObject};
use x509_parser::prelude::{CertificateRevocationList, FromDer};

use super::world::{HERE, NOW, at};
use crate::trust::{
    authority::{Authority, AuthorityError, Target},
    identity::SpiffeId,
    issue::{CRL_VALIDITY, DEFAULT_VALIDITY, Request, SHORT_VALIDITY},
    pairing::RevocationPolicy,
    tls,
    verifier::{Part, PeerTrust, Roots},
};

fn authority() -> (tempfile::TempDir, Authority) {
    let dir = tempfile::tempdir().unwrap();
    let domain = "fujian.example".parse().unwrap();
    let made = Authority::create(&dir.path().join("ca"), domain, CRL_VALIDITY, at(NOW)).unwrap();
    (dir, made)
}

fn here() -> SpiffeId {
    HERE.parse().unwrap()
}

fn number(pem: &str) -> u64 {
    let der = CertificateRevocationListDer::from_pem_slice(pem.as_bytes()).unwrap();
    let (_, list) = CertificateRevocationList::from_der(&der).unwrap();
    list.crl_number().unwrap().iter_u64_digits().next().unwrap()
}

#[test]
fn what_it_signs_passes_until_it_is_revoked() {
    let (dir, made) = authority();
    let request = Request::new(&here()).unwrap();
    assert_eq!(made.requested(&request.csr_pem).unwrap(), here());
    let certificate = made
        .sign(&request.csr_pem, DEFAULT_VALIDITY, at(NOW))
        .unwrap();
    // All of it is on disk.
    drop(made);
    let opened = Authority::open(&dir.path().join("ca")).unwrap();
    assert_eq!(opened.trust_domain().as_str(), "fujian.example");
    assert_eq!(opened.issued().unwrap().len(), 1);
    let key = std::fs::metadata(dir.path().join("ca/ca.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);

    let passes = |list: &str, policy, certificate: &str| {
        let list = CertificateRevocationListDer::from_pem_slice(list.as_bytes()).unwrap();
        let roots = tls::certificates(opened.root_pem().as_bytes()).unwrap();
        let mut trust = PeerTrust::default();
        trust.domains.insert(
            opened.trust_domain().clone(),
            Roots::of_domain(&roots, policy, &[list]).unwrap(),
        );
        let chain = tls::certificates(certificate.as_bytes()).unwrap();
        [Part::Client, Part::Server]
            .iter()
            .all(|part| trust.check_node(&chain, *part, at(NOW)).is_ok())
    };
    let first = std::fs::read_to_string(dir.path().join("ca/crl.pem")).unwrap();
    assert!(passes(&first, RevocationPolicy::Crl, &certificate));
    let second = opened
        .revoke(Target::Certificate(&certificate), CRL_VALIDITY, at(NOW))
        .unwrap();
    assert!(!passes(&second, RevocationPolicy::Crl, &certificate));
    let third = opened.crl(CRL_VALIDITY, at(NOW)).unwrap();
    assert!(!passes(&third, RevocationPolicy::Crl, &certificate));
    assert!(number(&first) < number(&second) && number(&second) < number(&third));

    // A certificate of 24 hours is short enough, back-dated as it is.
    let short = opened
        .sign(&request.csr_pem, SHORT_VALIDITY, at(NOW))
        .unwrap();
    assert!(passes(&third, RevocationPolicy::ShortLived, &short));
    assert!(!passes(&third, RevocationPolicy::ShortLived, &certificate));
}

#[test]
fn it_signs_nothing_but_nodes_of_its_own_trust_domain() {
    let (_dir, made) = authority();
    let sign = |csr: &str| {
        made.sign(csr, Duration::from_secs(60), at(NOW))
            .unwrap_err()
    };
    let ask = |id: &str| Request::new(&id.parse().unwrap()).unwrap().csr_pem;
    assert!(matches!(
        sign(&ask("spiffe://yunnan.example/area/530111")),
        AuthorityError::OtherTrustDomain
    ));
    assert!(matches!(
        sign(&ask("spiffe://fujian.example/area/350582/office/desk")),
        AuthorityError::NotANode
    ));
    assert!(matches!(sign("nonsense"), AuthorityError::NotARequest));

    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = CertificateParams::default();
    let bare = params.serialize_request(&key).unwrap().pem().unwrap();
    assert!(matches!(sign(&bare), AuthorityError::NotANode));
    let uri = |text: &str| SanType::URI(text.try_into().unwrap());
    params.subject_alt_names = vec![uri(HERE), uri("spiffe://fujian.example/area/350583")];
    let two = params.serialize_request(&key).unwrap().pem().unwrap();
    assert!(matches!(sign(&two), AuthorityError::NotANode));

    let big = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    params.subject_alt_names = vec![uri(HERE)];
    let other_curve = params.serialize_request(&big).unwrap().pem().unwrap();
    assert!(matches!(sign(&other_curve), AuthorityError::NotARequest));

    // The last bytes of a request are its signature.
    let csr = params.serialize_request(&key).unwrap();
    let mut der = csr.der().to_vec();
    *der.last_mut().unwrap() ^= 1;
    let forged = format!(
        "-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n",
        data_encoding::BASE64.encode(&der)
    );
    assert!(matches!(sign(&forged), AuthorityError::BadRequestSignature));
    assert_eq!(made.issued().unwrap(), []);
}

#[test]
fn it_revokes_only_what_it_issued_and_never_overwrites_itself() {
    let (dir, made) = authority();
    assert!(matches!(
        made.revoke(Target::Serial("00:ff"), CRL_VALIDITY, at(NOW)),
        Err(AuthorityError::NotIssuedHere)
    ));
    let domain = "fujian.example".parse().unwrap();
    assert!(matches!(
        Authority::create(&dir.path().join("ca"), domain, CRL_VALIDITY, at(NOW)),
        Err(AuthorityError::File(_))
    ));
    let request = Request::new(&here()).unwrap();
    made.sign(&request.csr_pem, DEFAULT_VALIDITY, at(NOW))
        .unwrap();
    let serial = made.issued().unwrap()[0].serial.to_uppercase();
    made.revoke(Target::Serial(&serial), CRL_VALIDITY, at(NOW))
        .unwrap();
}
