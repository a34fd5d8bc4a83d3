//! Whose a key is, and how the next one follows.

use super::*;

/// A node with keys of its own, so that it can really sign, and what follows its first.
fn with_keys(id: &str, count: usize) -> (Party, Vec<SigningKey>, Vec<Signed>) {
    let dir = tempfile::tempdir().unwrap();
    let keys: Vec<_> = (0..count)
        .map(|number| SigningKey::create(&dir.path().join(number.to_string())).unwrap())
        .collect();
    let mut party = party(id);
    party.signing_key = keys[0].public().clone();
    let steps = (1..).zip(keys.windows(2)).map(|(number, pair)| {
        let next = pair[1].public().clone();
        let form = SuccessionForm::new(&party.id, party.sandbox, number, next, 5);
        pair[0].sign(party.id.trust_domain(), &form).unwrap()
    });
    let steps = steps.collect();
    (party, keys, steps)
}

#[test]
fn a_peers_next_key_is_put_in_its_pairing_and_stays_there() {
    let (a, keys, steps) = with_keys("spiffe://fj.test/area/350582", 3);
    let b = b();
    let root = tempfile::tempdir().unwrap();
    let dir = NodeDir::new(root.path());
    let file = invitation_of(&a, None, 1);
    let (joined, _) = accept(&file, &here(&b, &[])).unwrap();
    install(&dir, &joined).unwrap();
    for taken in [2, 0] {
        assert_eq!(succeed(&dir, &a.id, &steps, 9_000).unwrap(), taken);
        let held = load_all(&dir).unwrap().remove(0);
        assert_eq!(held.pairing.signing_key_spki, keys[2].public().spki());
        let earlier: Vec<_> = held.pairing.earlier_keys.iter().collect();
        assert_eq!(earlier.len(), 2);
        assert_eq!(earlier[1].public, *keys[1].public());
        assert_eq!(earlier[1].until_ms, 9_000);
        assert_eq!(earlier[1].statement.as_ref(), Some(&steps[1]));
        assert_eq!(
            (held.paired_at, held.invitation),
            (at(1), Nonce::new([1; 16]))
        );
    }
    // A forged statement leaves the file as it is.
    let before = fs::read(dir.peer(a.id.area())).unwrap();
    let (_, _, forged) = with_keys("spiffe://fj.test/area/350582", 2);
    assert!(matches!(
        succeed(&dir, &a.id, &forged, 9_000),
        Err(SucceedError::Refused(SuccessionError::NotSigned))
    ));
    assert!(matches!(
        succeed(&dir, &b.id, &steps, 9_000),
        Err(SucceedError::File(_))
    ));
    assert_eq!(fs::read(dir.peer(a.id.area())).unwrap(), before);

    // The same invitation once more does not set the key back.
    let held = load_all(&dir).unwrap();
    let (again, _) = accept(&file, &here(&b, &held)).unwrap();
    assert_eq!(again.pairing.pairing, held[0].pairing);
    // Paired anew, earlier keys are kept: under the same key, another, or, after a set-back, an
    // earlier one.
    let (_, strange, _) = with_keys("spiffe://fj.test/area/350582", 1);
    for (key, earlier) in [(&keys[2], 2), (&strange[0], 3), (&keys[1], 1)] {
        let renewed = Party {
            signing_key: key.public().clone(),
            ..a.clone()
        };
        let inviting = Inviting {
            inviter: &renewed,
            area: None,
            invited: None,
            template: DEFAULT,
            nonce: Nonce::new([2; 16]),
            now: at(2),
        };
        let file = invite(&inviting, sign(&renewed)).unwrap();
        let (joined, _) = accept(&file, &here(&b, &held)).unwrap();
        let pairing = joined.pairing.pairing;
        assert_eq!(pairing.signing_key_spki, key.public().spki());
        assert_eq!(pairing.earlier_keys.len(), earlier);
        assert_eq!(pairing.earlier_keys[0], held[0].pairing.earlier_keys[0]);
    }
}

#[test]
fn what_pinned_the_keys_of_before_is_kept_when_two_nodes_pair_anew() {
    let (a, a_keys, _) = with_keys("spiffe://fj.test/area/350582", 1);
    let (b, b_keys, _) = with_keys("spiffe://yn.test/area/530111", 2);
    let root = tempfile::tempdir().unwrap();
    let dir = NodeDir::new(root.path());
    let mut held = Vec::new();
    for (round, key) in (0..).zip(&b_keys) {
        let b = Party {
            signing_key: key.public().clone(),
            ..b.clone()
        };
        let inviting = Inviting {
            inviter: &a,
            area: None,
            invited: None,
            template: DEFAULT,
            nonce: Nonce::new([round; 16]),
            now: at(round.into()),
        };
        let file = invite(&inviting, |said| {
            said.sign(&a_keys[0], a.id.trust_domain()).unwrap()
        });
        let invitation = read_invitation(&file.unwrap(), |_, _, _| true).unwrap();
        let here = Here {
            party: &b,
            pairings: &held,
            now: at(i64::from(round) + 1),
        };
        let joined = accept_invitation(&invitation, &here, |said| {
            said.sign(key, b.id.trust_domain()).unwrap()
        });
        let (joined, _) = joined.unwrap();
        for _ in 0..2 {
            install(&dir, &joined).unwrap();
        }
        held = vec![joined.pairing];
    }
    let kept = signed_between(&dir, [&b.id, &a.id]).unwrap();
    let pinned = kept.iter().map(|files| {
        let pair = read_signed_pair(&files.invitation, &files.answer).unwrap();
        pair.party(&b.id).unwrap().signing_key.clone()
    });
    assert!(pinned.eq(b_keys.iter().map(|key| key.public().clone())));
    assert_eq!(signed_between(&dir, [&a.id, &a.id]).unwrap(), []);
    let [one, other] = [&kept[0], &kept[1]];
    assert_eq!(read_signed_pair(&one.invitation, &other.answer), None);
    // What no longer holds is left out, and hinders nothing.
    let id = "350582-530111".parse().unwrap();
    let altered = other.answer.replace("gate.example.cn", "gate.example.com");
    fs::write(dir.signed_answer(id), altered).unwrap();
    assert_eq!(signed_between(&dir, [&a.id, &b.id]).unwrap(), kept[..1]);
}

#[test]
fn a_certificate_that_does_not_vouch_for_the_key_beside_it_is_refused() {
    let (mut a, b) = (a(), b());
    a.certification = Some(Certification {
        chain_pem: a.root_pem.clone(),
        signature: b"another signature".to_vec().into(),
    });
    let file = invitation_of(&a, None, 1);
    let refused = Some(PairingError::NotVouched);
    assert_eq!(accept(&file, &here(&b, &[])).err(), refused);
}
