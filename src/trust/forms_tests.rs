//! What holds of every signed form.

use proptest::{collection::vec, prelude::*};

use super::{sealed::Body as _, *};
use crate::{
    domain::{field::Field, problem::Code, refusal::Refusal},
    trust::{
        audit_head::AuditHeadForm,
        certification::CertificationForm,
        identity::SpiffeId,
        keys::{PublicKey, SigningKey},
        lineage::Lineage,
        segment_head::SegmentHeadForm,
        showing::ShowingForm,
        signature::{PinnedKey, SignatureError, Signed, Verified},
        statement::{MAX_STATEMENT, StatementForm},
        succession::SuccessionForm,
    },
};

fn frame() -> Frame {
    Frame {
        channel: Channel {
            from: "350582".parse().unwrap(),
            to: "530111".parse().unwrap(),
        },
        sandbox: true,
    }
}

fn header() -> Header {
    Header {
        key: KeyId::from_bytes([7; 32]),
        signer: "fujian.example".parse().unwrap(),
    }
}

fn parcel() -> ParcelForm {
    ParcelForm {
        frame: frame(),
        first: Sequence::new(1),
        count: 3,
        previous: Digest::new([1; 32]),
        head: Digest::new([2; 32]),
        time_ms: 1_791_331_200_000,
        voids: vec![(1, VoidReason::OnHold)],
        journal: journal(9),
    }
}

fn journal(byte: u8) -> Option<JournalHead> {
    Some(JournalHead {
        position: 77,
        head: Digest::new([byte; 32]),
    })
}

fn receipt() -> ReceiptForm {
    ReceiptForm {
        frame: frame(),
        first: Sequence::new(1),
        outcomes: vec![
            Outcome::Stored,
            Outcome::Stored,
            Outcome::Voided,
            Outcome::Refused(Refusal::of(Code::FieldNotPermitted, Field::Phone)),
            Outcome::Stored,
        ],
        head: Digest::new([3; 32]),
        held: Sequence::new(5),
        answers: Digest::new([4; 32]),
        time_ms: -1,
        journal: journal(8),
    }
}

fn resend() -> ResendForm {
    ResendForm {
        frame: frame(),
        held: Sequence::new(3),
        head: Digest::new([5; 32]),
        disowned: Sequence::new(9),
        time_ms: 0,
        nonce: [6; 16],
    }
}

fn invitation() -> InvitationForm {
    InvitationForm {
        frame: frame(),
        document: Digest::new([8; 32]),
    }
}

fn answer() -> InvitationAnswerForm {
    InvitationAnswerForm {
        frame: frame(),
        invitation: Digest::new([8; 32]),
        document: Digest::new([9; 32]),
    }
}

fn statement() -> StatementForm {
    StatementForm {
        frame: frame(),
        statement: b"what a side says".to_vec(),
    }
}

/// The generator of the curve as a key: its point is known to everybody.
fn generator() -> Vec<u8> {
    data_encoding::HEXLOWER
        .decode(
            b"3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277\
              037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837\
              bf51f5",
        )
        .unwrap()
}

fn succession() -> SuccessionForm {
    let node: SpiffeId = "spiffe://fujian.example/area/350582".parse().unwrap();
    let successor = PublicKey::from_spki(&generator()).unwrap();
    SuccessionForm::new(&node, true, 7, successor, 1_791_331_200_000)
}

/// Round trip, every truncation, a byte too many, and every other context.
fn laws<F: Form + PartialEq + std::fmt::Debug>(form: &F) {
    let bytes = write(&header(), form).unwrap();
    let (read_header, read_form) = read::<F>(&bytes).unwrap();
    assert_eq!((&read_header, &read_form), (&header(), form));
    for end in 0..bytes.len() {
        assert!(read::<F>(&bytes[..end]).is_err(), "{end}");
    }
    let longer = [bytes.as_slice(), b"\0"].concat();
    // What follows the first of two editions is the beginning of what the second has.
    let beyond = if form.context() == F::CONTEXTS[0] {
        FormError::TrailingBytes
    } else {
        FormError::Truncated
    };
    assert_eq!(read::<F>(&longer).unwrap_err(), beyond);
    let context = form.context().len();
    let other = [b"hongyan other v1\0", &bytes[context..]].concat();
    assert_eq!(read::<F>(&other).unwrap_err(), FormError::OtherContext);
    let mut algorithm = bytes;
    algorithm[context] = 2;
    assert_eq!(read::<F>(&algorithm).unwrap_err(), FormError::Algorithm);
}

#[test]
fn every_form_has_one_layout() {
    laws(&parcel());
    laws(&receipt());
    laws(&first_parcel());
    laws(&first_receipt());
    laws(&resend());
    laws(&invitation());
    laws(&answer());
    laws(&succession());
    laws(&statement());
    laws(&segment_head());
    laws(&showing());
    laws(&certification());
}

fn certification() -> CertificationForm {
    CertificationForm {
        frame: frame(),
        key: PublicKey::from_spki(&generator()).unwrap(),
    }
}

fn segment_head() -> SegmentHeadForm {
    let home = frame().channel.from;
    SegmentHeadForm::new(home, true, journal(5).unwrap(), 1_791_331_200_000)
}

fn showing() -> ShowingForm {
    ShowingForm {
        frame: frame(),
        document: Digest::new([6; 32]),
        time_ms: 1_791_331_200_000,
    }
}

#[test]
fn the_layouts_of_a_segments_head_and_of_a_showing_are_golden() {
    let mut expected = b"hongyan journal head v1\0\x01".to_vec();
    expected.extend([7; 32]);
    expected.extend(b"\0\x0efujian.example350582350582\x01");
    expected.extend(b"\0\0\0\0\0\0\0\x4d");
    expected.extend([5; 32]);
    expected.extend(1_791_331_200_000_i64.to_be_bytes());
    assert_eq!(write(&header(), &segment_head()).unwrap(), expected);

    let mut expected = b"hongyan evidence v1\0\x01".to_vec();
    expected.extend([7; 32]);
    expected.extend(b"\0\x0efujian.example350582530111\x01");
    expected.extend([6; 32]);
    expected.extend(1_791_331_200_000_i64.to_be_bytes());
    assert_eq!(write(&header(), &showing()).unwrap(), expected);
}

fn audit_head() -> AuditHeadForm {
    let home = frame().channel.from;
    let mut form = AuditHeadForm::begin(home, true, 6, Digest::new([5; 32]));
    form.add(Digest::new([6; 32]));
    form.time_ms = 1_791_331_200_000;
    form
}

#[test]
fn the_layout_of_an_audit_head_is_golden_and_no_other_span_is_one() {
    let mut expected = b"hongyan audit head v1\0\x01".to_vec();
    expected.extend([7; 32]);
    expected.extend(b"\0\x0efujian.example350582350582\x01");
    expected.extend(b"\0\0\0\0\0\0\0\x07");
    expected.extend([5; 32]);
    expected.extend(b"\0\0\0\0\0\0\0\x07");
    expected.extend([6; 32]);
    expected.extend(1_791_331_200_000_i64.to_be_bytes());
    assert_eq!(write(&header(), &audit_head()).unwrap(), expected);
    laws(&audit_head());
    let none = AuditHeadForm::begin(frame().channel.from, true, 6, Digest::new([5; 32]));
    laws(&none);
    for strange in [
        AuditHeadForm {
            head: Digest::new([1; 32]),
            ..none
        },
        AuditHeadForm {
            first: 9,
            ..audit_head()
        },
        AuditHeadForm {
            frame: frame(),
            ..audit_head()
        },
    ] {
        assert_eq!(
            write(&header(), &strange).unwrap_err(),
            FormError::NotCanonical
        );
    }
}

#[test]
fn a_form_is_never_read_as_another_kind() {
    let bytes = write(&header(), &invitation()).unwrap();
    assert_eq!(
        read::<InvitationAnswerForm>(&bytes).unwrap_err(),
        FormError::OtherContext
    );
    assert_eq!(
        read::<ParcelForm>(&bytes).unwrap_err(),
        FormError::OtherContext
    );
}

/// As parcels and receipts were signed before they named a journal.
fn first_parcel() -> ParcelForm {
    ParcelForm {
        journal: None,
        ..parcel()
    }
}

fn first_receipt() -> ReceiptForm {
    ReceiptForm {
        journal: None,
        ..receipt()
    }
}

#[test]
fn what_was_signed_in_the_first_edition_is_read_and_never_taken_for_the_second() {
    let [first, second] = [first_parcel(), parcel()].map(|form| write(&header(), &form).unwrap());
    let context = b"hongyan parcel v1\0".len();
    assert_eq!(&first[..context], b"hongyan parcel v1\0");
    assert_eq!(first[context..], second[context..second.len() - 40]);
    let exchanged = |from: &[u8], to: &[u8]| [&from[..context], &to[context..]].concat();
    assert_eq!(
        read::<ParcelForm>(&exchanged(&second, &first)).unwrap_err(),
        FormError::Truncated
    );
    assert_eq!(
        read::<ParcelForm>(&exchanged(&first, &second)).unwrap_err(),
        FormError::Truncated
    );
}

/// The layout is a contract between versions of this program.
#[test]
fn the_layout_of_a_parcel_is_golden() {
    let mut expected = b"hongyan parcel v2\0\x01".to_vec();
    expected.extend([7; 32]);
    expected.extend(b"\0\x0efujian.example350582530111\x01");
    expected.extend(b"\0\0\0\0\0\0\0\x01\0\0\0\x03");
    expected.extend([1; 32]);
    expected.extend([2; 32]);
    expected.extend(1_791_331_200_000_i64.to_be_bytes());
    expected.extend(b"\0\0\0\x01\0\0\0\x01\x03");
    expected.extend(b"\0\0\0\0\0\0\0\x4d");
    expected.extend([9; 32]);
    assert_eq!(write(&header(), &parcel()).unwrap(), expected);
}

#[test]
fn the_layout_of_a_receipt_is_golden() {
    let mut expected = b"hongyan receipt v2\0\x01".to_vec();
    expected.extend([7; 32]);
    expected.extend(b"\0\x0efujian.example350582530111\x01");
    expected.extend(b"\0\0\0\0\0\0\0\x01\0\0\0\x05");
    expected.extend(b"\0\0\0\0\x02\x01\x02\x13field_not_permitted\x0dsubject.phone");
    expected.extend(b"\0\0\0\0\x01");
    expected.extend([3; 32]);
    expected.extend(b"\0\0\0\0\0\0\0\x05");
    expected.extend([4; 32]);
    expected.extend((-1_i64).to_be_bytes());
    expected.extend(b"\0\0\0\0\0\0\0\x4d");
    expected.extend([8; 32]);
    assert_eq!(write(&header(), &receipt()).unwrap(), expected);
}

#[test]
fn the_layout_of_a_succession_is_golden() {
    let mut expected = b"hongyan succession v1\0\x01".to_vec();
    expected.extend([7; 32]);
    expected.extend(b"\0\x0efujian.example350582350582\x01");
    expected.extend(b"\0\0\0\0\0\0\0\x07");
    expected.extend(generator());
    expected.extend(1_791_331_200_000_i64.to_be_bytes());
    assert_eq!(write(&header(), &succession()).unwrap(), expected);
}

#[test]
fn the_layout_of_a_signed_statement_is_golden() {
    let mut expected = b"hongyan signed statement v1\0\x01".to_vec();
    expected.extend([7; 32]);
    expected.extend(b"\0\x0efujian.example350582530111\x01");
    expected.extend(b"\0\0\0\x10what a side says");
    assert_eq!(write(&header(), &statement()).unwrap(), expected);
}

#[test]
fn a_signed_statement_says_something_and_not_too_much() {
    let of = |bytes: Vec<u8>| {
        let form = StatementForm {
            statement: bytes,
            ..statement()
        };
        write(&header(), &form).map(|_| ())
    };
    assert_eq!(of(Vec::new()), Err(FormError::NotCanonical));
    assert_eq!(of(vec![1; MAX_STATEMENT]), Ok(()));
    assert_eq!(of(vec![1; MAX_STATEMENT + 1]), Err(FormError::TooMany));
    // What is not written is not read either.
    let mut none = write(&header(), &statement()).unwrap();
    none.truncate(none.len() - 16);
    let length = none.len() - 1;
    none[length] = 0;
    assert_eq!(
        read::<StatementForm>(&none).unwrap_err(),
        FormError::NotCanonical
    );
}

#[test]
fn a_succession_is_a_nodes_own_and_has_a_number() {
    let change = |change: fn(&mut SuccessionForm)| {
        let mut form = succession();
        change(&mut form);
        write(&header(), &form).unwrap_err()
    };
    assert_eq!(change(|form| form.number = 0), FormError::NotCanonical);
    assert_eq!(change(|form| form.frame = frame()), FormError::NotCanonical);
    // What is not written is not read either: another receiving area, and a point off the curve.
    let bytes = write(&header(), &succession()).unwrap();
    let at = succession().context().len() + 33 + 2 + "fujian.example".len();
    for changed in [at + 6, at + 13 + 8 + 90] {
        let mut other = bytes.clone();
        other[changed] ^= 1;
        assert_eq!(
            read::<SuccessionForm>(&other).unwrap_err(),
            FormError::NotCanonical,
            "{changed}"
        );
    }
}

#[test]
fn parcels_that_say_nothing_or_too_much_have_no_form() {
    let change = |change: fn(&mut ParcelForm)| {
        let mut form = parcel();
        change(&mut form);
        write(&header(), &form).unwrap_err()
    };
    assert_eq!(change(|form| form.count = 0), FormError::NotCanonical);
    assert_eq!(change(|form| form.count = 4_097), FormError::TooMany);
    assert_eq!(
        change(|form| form.first = Sequence::ZERO),
        FormError::NotCanonical
    );
    assert_eq!(
        change(|form| form.first = Sequence::new(u64::MAX)),
        FormError::NotCanonical
    );
    assert_eq!(
        change(|form| form.voids = vec![(3, VoidReason::Expired)]),
        FormError::NotCanonical
    );
    assert_eq!(
        change(|form| form.voids = vec![(1, VoidReason::Expired); 2]),
        FormError::NotCanonical
    );
}

#[test]
fn a_count_beyond_the_limit_costs_no_memory() {
    let bytes = write(&header(), &receipt()).unwrap();
    let at = receipt().context().len() + 33 + 2 + "fujian.example".len() + 13 + 8;
    let mut many = bytes;
    many[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(read::<ReceiptForm>(&many).unwrap_err(), FormError::TooMany);
}

#[test]
fn two_runs_that_could_be_one_are_not_canonical() {
    let mut form = receipt();
    form.outcomes = vec![Outcome::Stored; 2];
    let bytes = write(&header(), &form).unwrap();
    let one = b"\0\0\0\x02\0\0\0\0\x02";
    let at = bytes.windows(9).position(|window| window == one).unwrap();
    let split = [
        &bytes[..at],
        b"\0\0\0\x02\0\0\0\0\x01\0\0\0\0\x01",
        &bytes[at + 9..],
    ]
    .concat();
    assert_eq!(
        read::<ReceiptForm>(&split).unwrap_err(),
        FormError::NotCanonical
    );
}

#[test]
fn nobody_receipts_what_he_does_not_hold() {
    let mut form = receipt();
    form.held = Sequence::new(4);
    assert_eq!(
        write(&header(), &form).unwrap_err(),
        FormError::NotCanonical
    );
}

#[test]
fn only_the_pinned_key_signer_and_area_are_believed() {
    let dir = tempfile::tempdir().unwrap();
    let key = SigningKey::create(&dir.path().join("a")).unwrap();
    let other = SigningKey::create(&dir.path().join("b")).unwrap();
    let home: TrustDomain = "fujian.example".parse().unwrap();
    let away: TrustDomain = "yunnan.example".parse().unwrap();
    let from: std::sync::Arc<[County]> = [frame().channel.from].into();
    let pinned = PinnedKey::new(key.public().clone(), home.clone(), from.clone());

    let signed = key.sign(&home, &parcel()).unwrap();
    let verified: Verified<ParcelForm> = pinned.verify(signed.clone()).unwrap();
    assert_eq!(verified.as_ref(), &parcel());
    assert_eq!(verified.signed(), &signed);
    let node = SpiffeId::node(home.clone(), frame().channel.from);
    let own = Lineage::new(node, from, true, key.public().clone(), &[]);
    assert!(Verified::<ParcelForm>::own(signed.clone(), &own).is_ok());

    let verify = |signed: Signed| pinned.verify::<ParcelForm>(signed).unwrap_err();
    let mut form = signed.form().to_vec();
    *form.last_mut().unwrap() ^= 1;
    let changed = Signed::received(form.into(), signed.signature().clone());
    assert_eq!(verify(changed), SignatureError::Bad);
    let by_other = other.sign(&home, &parcel()).unwrap();
    assert_eq!(verify(by_other), SignatureError::Bad);
    let for_other = key.sign(&away, &parcel()).unwrap();
    assert_eq!(verify(for_other), SignatureError::OtherSigner);
    let mut backwards = parcel();
    backwards.frame.channel = backwards.frame.channel.opposite();
    let backwards = key.sign(&home, &backwards).unwrap();
    assert_eq!(verify(backwards), SignatureError::OtherArea);
    // A receipt is signed for the area that receives.
    let receipt = key.sign(&home, &receipt()).unwrap();
    assert_eq!(
        pinned.verify::<ReceiptForm>(receipt.clone()).unwrap_err(),
        SignatureError::OtherArea
    );
    assert_eq!(
        verify(receipt),
        SignatureError::Form(FormError::OtherContext)
    );
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => Just(Outcome::Stored),
        1 => Just(Outcome::Voided),
        1 => (
            proptest::sample::select(Code::ALL.to_vec()),
            proptest::option::of(proptest::sample::select(Field::ALL.to_vec())),
        )
            .prop_map(|(code, field)| Outcome::Refused(Refusal { code, field })),
    ]
}

proptest! {
    #[test]
    fn receipts_round_trip(
        first in 1..1_000_u64,
        outcomes in vec(any_outcome(), 0..40),
        time_ms: i64,
        ahead in 0..10_u64,
        head: [u8; 32],
    ) {
        let held = Sequence::new(first - 1 + outcomes.len() as u64 + ahead);
        let form = ReceiptForm {
            frame: frame(),
            first: Sequence::new(first),
            outcomes,
            head: Digest::new(head),
            held,
            answers: Digest::new(head),
            time_ms,
            journal: journal(1),
        };
        let bytes = write(&header(), &form).unwrap();
        prop_assert_eq!(read::<ReceiptForm>(&bytes).unwrap(), (header(), form));
    }

    #[test]
    fn parcels_round_trip(
        first in 1..u64::MAX - 5_000,
        count in 1..=MAX_ITEMS,
        offsets in proptest::collection::btree_set(0..MAX_ITEMS, 0..20),
        reason in 1..=3_u8,
        time_ms: i64,
    ) {
        let voids = offsets
            .into_iter()
            .filter(|offset| *offset < count)
            .map(|offset| (offset, VoidReason::from_number(reason).unwrap()))
            .collect();
        let form = ParcelForm { first: Sequence::new(first), count, time_ms, voids, ..parcel() };
        let bytes = write(&header(), &form).unwrap();
        prop_assert_eq!(read::<ParcelForm>(&bytes).unwrap(), (header(), form));
    }

    /// Whatever is read at all is written back as the same bytes: no second form of one meaning.
    #[test]
    fn what_is_read_is_canonical(at in 0..400_usize, to: u8) {
        let mut bytes = write(&header(), &receipt()).unwrap();
        let at = at % bytes.len();
        bytes[at] = to;
        if let Ok((header, form)) = read::<ReceiptForm>(&bytes) {
            prop_assert_eq!(write(&header, &form).unwrap(), bytes);
        }
    }
}
