//! Files and names that people write or carry.

use std::{fmt, str::FromStr, sync::LazyLock};

use rcgen::{CertificateParams, KeyPair, PublicKeyData as _};

use crate::{
    agreement::{self, Agreement, Opening},
    config::NodeConfig,
    domain::{
        agreement::{AgreementId, AgreementVersion},
        area::{AreaCode, County},
        calendar,
        draft::Reference,
        month::Month,
        notice::{Kind, NoticeId},
    },
    ledger::Mapping,
    pairing::{Here, Nonce, PairingFile, Party, accept_invitation, read_answer, read_invitation},
    trust::{
        identity::{SpiffeId, TrustDomain},
        keys::PublicKey,
        pairing::RevocationPolicy,
    },
};

/// Nothing but a text gets as far as these readers.
fn text(bytes: &[u8], read: impl FnOnce(&str)) {
    if let Ok(text) = str::from_utf8(bytes) {
        read(text);
    }
}

pub fn node_toml(bytes: &[u8]) {
    text(bytes, |text| {
        if let Ok(config) = NodeConfig::parse(text) {
            assert_eq!(config.areas.first(), Some(&config.id.area()));
        }
    });
}

pub fn agreement(bytes: &[u8]) {
    text(bytes, |text| {
        let Ok(read) = Agreement::parse(text) else {
            return;
        };
        // What is no part of its meaning is none of its digest.
        let again = Agreement::parse(&format!("# \n{text}\n"));
        assert_eq!(again.as_ref().map(Agreement::digest), Ok(read.digest()));
        let _ = agreement::plain_words(&read);
    });
}

pub fn template(bytes: &[u8]) {
    text(bytes, |text| {
        let opening = Opening {
            a: "350582".parse().unwrap(),
            sandbox: true,
            valid_from: calendar::parse_day("2026-10-08").unwrap(),
            valid_until: calendar::parse_day("2029-10-07").unwrap(),
        };
        if let Ok(open) = agreement::open(text, &opening) {
            let closed = agreement::close(&open, opening.a, "530111".parse().unwrap());
            assert!(closed.is_ok(), "opened, and not to be closed: {closed:?}");
        }
    });
}

pub fn mapping(bytes: &[u8]) {
    text(bytes, |text| {
        let _ = Mapping::parse(text);
    });
}

pub fn peer(bytes: &[u8]) {
    text(bytes, |text| {
        if let Ok(read) = PairingFile::parse(text) {
            let written = read.to_text().unwrap();
            assert_eq!(PairingFile::parse(&written), Ok(read));
        }
    });
}

pub fn invitation(bytes: &[u8]) {
    // The signature is taken for good: what stands behind it is read as if its key had signed it.
    text(bytes, |text| {
        let Ok(invitation) = read_invitation(text, |_, _, _| true) else {
            return;
        };
        let here = Here {
            party: &PARTY,
            pairings: &[],
            now: invitation.created,
        };
        let Ok((joined, answer)) = accept_invitation(&invitation, &here, |_| b"signed".to_vec())
        else {
            return;
        };
        let written = joined.pairing.to_text().unwrap();
        assert_eq!(PairingFile::parse(&written), Ok(joined.pairing));
        let answer = read_answer(&answer, |_, _, _| true).unwrap();
        assert_eq!(answer.invitation, invitation.digest);
        assert_eq!(answer.accepter, *PARTY);
        assert_eq!(answer.agreement, joined.agreement.text);
    });
}

pub fn answer(bytes: &[u8]) {
    text(bytes, |text| {
        let _ = read_answer(text, |_, _, _| true);
    });
}

pub fn names(bytes: &[u8]) {
    text(bytes, |text| {
        same::<AgreementId>(text);
        same::<AgreementVersion>(text);
        same::<AreaCode>(text);
        same::<County>(text);
        same::<Month>(text);
        same::<Nonce>(text);
        same::<RevocationPolicy>(text);
        same::<SpiffeId>(text);
        same::<TrustDomain>(text);
        if let Ok(id) = text.parse::<NoticeId>() {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        if let Ok(kind) = text.parse::<Kind>() {
            assert_eq!(kind.name(), text);
        }
        if let Ok(reference) = text.parse::<Reference>() {
            assert_eq!(reference.as_str(), text);
        }
        if let Some(day) = calendar::parse_day(text) {
            assert_eq!(day.to_string(), text);
        }
    });
}

/// What is read is written as it was.
fn same<T: FromStr + fmt::Display>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        assert_eq!(read.to_string(), text);
    }
}

/// Who is invited.
pub static PARTY: LazyLock<Party> = LazyLock::new(|| party("spiffe://yn.test/area/530111"));

pub fn party(id: &str) -> Party {
    let id: SpiffeId = id.parse().unwrap();
    let key = KeyPair::generate().unwrap();
    let root = CertificateParams::default().self_signed(&key).unwrap();
    Party {
        areas: vec![id.area()],
        id,
        endpoint: "gate.example.cn:7443".into(),
        root_pem: root.pem(),
        crl_pem: None,
        signing_key: PublicKey::from_spki(&key.subject_public_key_info()).unwrap(),
        certification: None,
        revocation: RevocationPolicy::ShortLived,
        sandbox: true,
    }
}

#[cfg(test)]
pub fn at() -> jiff::Timestamp {
    "2026-10-08T01:00:00Z".parse().unwrap()
}
