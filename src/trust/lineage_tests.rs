//! What holds of keys that follow each other.

use super::*;
use crate::{
    domain::channel::{Channel, Digest, Sequence},
    trust::{
        forms::{Frame, ParcelForm},
        keys::SigningKey,
        pairing::{Pairing, RevocationPolicy},
    },
};

fn node() -> SpiffeId {
    "spiffe://fujian.example/area/350582".parse().unwrap()
}

fn key() -> SigningKey {
    let dir = tempfile::tempdir().unwrap();
    SigningKey::create(&dir.path().join("k")).unwrap()
}

/// That `from` gives way to `to`, for the `number`th time.
fn step(from: &SigningKey, number: u64, to: &SigningKey) -> Signed {
    let form = SuccessionForm::new(&node(), true, number, to.public().clone(), 5);
    from.sign(node().trust_domain(), &form).unwrap()
}

/// What a peer pins of the node.
fn pinned(key: &SigningKey) -> Pairing {
    Pairing {
        id: node(),
        areas: vec![node().area(), "350583".parse().unwrap()],
        endpoint: "gate.example.cn:7443".into(),
        root_pem: String::new(),
        signing_key_spki: key.public().spki().to_vec(),
        earlier_keys: Vec::new(),
        revocation: RevocationPolicy::Crl,
        sandbox: true,
    }
}

fn parcel(key: &SigningKey) -> Signed {
    let form = ParcelForm {
        frame: Frame {
            channel: Channel {
                from: node().area(),
                to: "530111".parse().unwrap(),
            },
            sandbox: true,
        },
        first: Sequence::new(1),
        count: 1,
        previous: Digest::new([1; 32]),
        head: Digest::new([2; 32]),
        time_ms: 0,
        voids: Vec::new(),
        journal: None,
    };
    key.sign(node().trust_domain(), &form).unwrap()
}

/// Refused, and nothing changed.
fn refused(pairing: &Pairing, shown: &[Signed]) -> SuccessionError {
    let mut changed = pairing.clone();
    let error = changed.follow(shown, 9).unwrap_err();
    assert_eq!(&changed, pairing);
    error
}

#[test]
fn a_peer_catches_up_however_many_changes_it_missed() {
    let keys = [key(), key(), key(), key()];
    let shown = [
        step(&keys[0], 1, &keys[1]),
        step(&keys[1], 2, &keys[2]),
        step(&keys[2], 3, &keys[3]),
    ];
    for missed in 0..=3 {
        let mut pairing = pinned(&keys[3 - missed]);
        assert_eq!(pairing.follow(&shown, 9), Ok(missed));
        assert_eq!(pairing.signing_key_spki, keys[3].public().spki());
        let earlier: Vec<_> = pairing.earlier_keys.iter().map(|key| &key.public).collect();
        let expected: Vec<_> = keys[3 - missed..3].iter().map(SigningKey::public).collect();
        assert_eq!(earlier, expected);
        assert!(pairing.earlier_keys.iter().all(|key| key.until_ms == 9));
        // Shown once more, or not at all, it changes nothing.
        let again = pairing.clone();
        assert_eq!(pairing.follow(&shown, 10), Ok(0));
        assert_eq!(pairing.follow(&[], 10), Ok(0));
        assert_eq!(pairing, again);
    }
    // Also one by one.
    let mut pairing = pinned(&keys[0]);
    for upto in 1..=3 {
        assert_eq!(pairing.follow(&shown[..upto], 9), Ok(1));
    }
    assert_eq!(pairing.signing_key_spki, keys[3].public().spki());
}

#[test]
fn what_the_pinned_key_did_not_sign_is_refused() {
    let [old, new, thief, other] = [key(), key(), key(), key()];
    let pairing = pinned(&old);
    assert_eq!(
        refused(&pairing, &[step(&thief, 1, &new)]),
        SuccessionError::NotSigned
    );
    // The thief says that it is the old key.
    let honest = step(&old, 1, &thief);
    let bent = Signed::received(
        honest.form().clone(),
        step(&thief, 1, &other).signature().clone(),
    );
    assert_eq!(refused(&pairing, &[bent]), SuccessionError::NotSigned);
    // A good statement with a bad one behind it: neither is taken.
    assert_eq!(
        refused(&pairing, &[step(&old, 1, &new), step(&thief, 2, &other)]),
        SuccessionError::NotSigned
    );
    let nonsense = Signed::received(
        parcel(&old).form().clone(),
        parcel(&old).signature().clone(),
    );
    assert_eq!(
        refused(&pairing, &[nonsense]),
        SuccessionError::Malformed(FormError::OtherContext)
    );
    let many = vec![step(&old, 1, &new); MAX_SHOWN + 1];
    assert_eq!(refused(&pairing, &many), SuccessionError::TooMany);
}

#[test]
fn a_key_has_one_successor() {
    let [first, second, third, other] = [key(), key(), key(), key()];
    let mut pairing = pinned(&first);
    assert_eq!(pairing.follow(&[step(&first, 1, &second)], 9), Ok(1));
    assert_eq!(
        refused(&pairing, &[step(&first, 1, &other)]),
        SuccessionError::Fork
    );
    // Even if the other branch goes on.
    assert_eq!(
        refused(
            &pairing,
            &[step(&first, 1, &other), step(&other, 2, &third)]
        ),
        SuccessionError::Fork
    );
    // And within one showing.
    assert_eq!(
        refused(
            &pairing,
            &[step(&second, 2, &third), step(&second, 2, &other)]
        ),
        SuccessionError::Fork
    );
    // Whoever did not sign it does not make a fork.
    let claimed = Signed::received(
        step(&first, 1, &other).form().clone(),
        step(&other, 1, &first).signature().clone(),
    );
    assert_eq!(refused(&pairing, &[claimed]), SuccessionError::NotSigned);
}

#[test]
fn the_numbers_follow_each_other_and_no_key_comes_back() {
    let [first, second, third] = [key(), key(), key()];
    let mut pairing = pinned(&first);
    let taken = [step(&first, 4, &second)];
    assert_eq!(pairing.follow(&taken, 9), Ok(1), "paired after the third");
    for number in [1, 4, 6] {
        assert_eq!(
            refused(&pairing, &[step(&second, number, &third)]),
            SuccessionError::OutOfOrder,
            "{number}"
        );
    }
    for back in [&first, &second] {
        assert_eq!(
            refused(&pairing, &[step(&second, 5, back)]),
            SuccessionError::OutOfOrder
        );
    }
    assert_eq!(pairing.follow(&[step(&second, 5, &third)], 9), Ok(1));
    // A node that was set back shows less than was taken.
    assert_eq!(refused(&pairing, &taken), SuccessionError::OutOfOrder);
}

#[test]
fn a_statement_for_another_node_is_refused() {
    let [old, new] = [key(), key()];
    let pairing = pinned(&old);
    let signed = |change: fn(&mut SuccessionForm), domain: &str| {
        let mut form = SuccessionForm::new(&node(), true, 1, new.public().clone(), 5);
        change(&mut form);
        old.sign(&domain.parse().unwrap(), &form).unwrap()
    };
    let others = [
        signed(|form| form.frame.sandbox = false, "fujian.example"),
        // Another of its areas than the one in its name, and an area of somebody else.
        signed(|form| form.frame.channel = own("350583"), "fujian.example"),
        signed(|form| form.frame.channel = own("530111"), "fujian.example"),
        signed(|_| {}, "yunnan.example"),
    ];
    for other in others {
        assert_eq!(refused(&pairing, &[other]), SuccessionError::OtherNode);
    }
    assert_eq!(
        pinned(&old).follow(&[signed(|_| {}, "fujian.example")], 9),
        Ok(1)
    );
}

fn own(area: &str) -> Channel {
    Channel {
        from: area.parse().unwrap(),
        to: area.parse().unwrap(),
    }
}

#[test]
fn a_superseded_key_signs_nothing_new_and_is_recognised() {
    let [old, new, stranger] = [key(), key(), key()];
    let mut pairing = pinned(&old);
    let before = parcel(&old);
    let lineage = pairing.lineage().unwrap();
    assert!(lineage.verify::<ParcelForm>(before.clone()).is_ok());
    pairing.follow(&[step(&old, 1, &new)], 9).unwrap();
    let lineage = pairing.lineage().unwrap();
    assert!(lineage.verify::<ParcelForm>(parcel(&new)).is_ok());
    assert_eq!(
        lineage.verify::<ParcelForm>(before.clone()).unwrap_err(),
        SignatureError::Superseded
    );
    assert!(lineage.recognise::<ParcelForm>(before.clone()).is_ok());
    assert!(Verified::<ParcelForm>::own(before, &lineage).is_ok());
    for verified in [
        lineage.verify::<ParcelForm>(parcel(&stranger)),
        lineage.recognise(parcel(&stranger)),
    ] {
        assert_eq!(verified.unwrap_err(), SignatureError::Bad);
    }
}

#[test]
fn a_key_that_was_paired_anew_binds_nobody() {
    let [lost, fresh, next] = [key(), key(), key()];
    let mut pairing = pinned(&fresh);
    pairing.earlier_keys.push(EarlierKey {
        public: lost.public().clone(),
        until_ms: 1,
        statement: None,
    });
    let lineage = pairing.lineage().unwrap();
    assert!(lineage.recognise::<ParcelForm>(parcel(&lost)).is_ok());
    assert_eq!(pairing.follow(&[step(&fresh, 1, &next)], 9), Ok(1));
}

#[test]
fn the_digest_of_a_pairing_covers_its_keys() {
    let [old, new] = [key(), key()];
    let mut pairing = pinned(&new);
    let before = pairing.digest();
    pairing.earlier_keys.push(EarlierKey {
        public: old.public().clone(),
        until_ms: 1,
        statement: None,
    });
    assert_ne!(pairing.digest(), before);
}
