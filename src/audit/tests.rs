//! A file of acts, written and read.

use std::io::BufReader;

use super::{ExcerptWriter, ExcerptWrong, Layout, verify};
use crate::{
    domain::{
        audit::{Act, Came, Counts, Entry, On, Purpose, Who},
        channel::Digest,
        notice::NoticeId,
    },
    store::Audited,
    trust::{audit_head::AuditHeadForm, identity::TrustDomain, keys::SigningKey},
};

fn domain() -> TrustDomain {
    "fj.test".parse().unwrap()
}

fn entry(number: u64) -> Entry {
    Entry {
        at_ms: 1_791_421_200_000 + number as i64,
        who: Who::Office("spiffe://fj.test/area/350582/office/watch".into()),
        role: "auditor".into(),
        from: "127.0.0.1:9".into(),
        act: Act::NoticeRead,
        on: vec![On::Notice(NoticeId::new([1; 8], number))],
        purpose: Purpose::Reason("=SUM(A1) 投诉".parse().unwrap()),
        came: Came::Done,
        counts: Counts::of(1),
    }
}

/// Acts from that number on.
fn acts(first: u64, count: u64) -> Vec<Audited> {
    let mut previous = match first {
        1 => Digest::default(),
        _ => Digest::new([4; 32]),
    };
    let mut acts = Vec::new();
    for number in first..first + count {
        let audited = Audited {
            home: "350582".parse().unwrap(),
            number,
            previous,
            entry: entry(number),
        };
        previous = audited.digest();
        acts.push(audited);
    }
    acts
}

fn written(layout: Layout, acts: &[Audited], key: &SigningKey) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = ExcerptWriter::new(&mut file, layout, domain(), true);
    let first = &acts[0];
    let before = first.number - 1;
    let mut form = AuditHeadForm::begin(first.home, true, before, first.previous);
    for act in acts {
        writer.act(act).unwrap();
        form.add(act.digest());
    }
    form.time_ms = 1_791_421_300_000;
    let signed = key.sign(&domain(), &form).unwrap();
    writer.finish(&signed, key.public().spki()).unwrap();
    file
}

#[test]
fn what_was_written_holds_and_tells_what_was_signed() {
    let dir = tempfile::tempdir().unwrap();
    let key = SigningKey::create(&dir.path().join("key")).unwrap();
    for layout in [Layout::Csv, Layout::Json] {
        for first in [1, 7] {
            let acts = acts(first, 5);
            let file = written(layout, &acts, &key);
            let excerpt = verify(BufReader::new(file.as_slice())).unwrap().unwrap();
            assert_eq!((excerpt.first, excerpt.last), (first, first + 4));
            assert_eq!(excerpt.head, acts[4].digest());
            assert_eq!(excerpt.key, key.public().id());
            assert_eq!(excerpt.trust_domain, domain());
            assert!(excerpt.sandbox);
            // Nothing in a sheet is run.
            let text = String::from_utf8(file).unwrap();
            assert_eq!(text.contains("\"'=SUM(A1)"), layout == Layout::Csv);
        }
    }
}

#[test]
fn every_byte_counts() {
    let dir = tempfile::tempdir().unwrap();
    let key = SigningKey::create(&dir.path().join("key")).unwrap();
    for layout in [Layout::Csv, Layout::Json] {
        let file = written(layout, &acts(1, 3), &key);
        for at in 0..file.len() {
            let mut edited = file.clone();
            edited[at] ^= 1;
            let found = verify(BufReader::new(edited.as_slice())).unwrap();
            let line = file[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            let fault = found.unwrap_err();
            assert!(
                fault.line.abs_diff(line) <= 1,
                "{at}: {fault:?} in line {line}"
            );
            let cut = verify(BufReader::new(&file[..at])).unwrap();
            assert!(cut.is_err(), "cut at {at}");
        }
    }
}

#[test]
fn acts_that_were_forged_with_their_line_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let key = SigningKey::create(&dir.path().join("key")).unwrap();
    let other = SigningKey::create(&dir.path().join("other")).unwrap();
    let whole = acts(1, 4);
    let honest = written(Layout::Json, &whole, &key);
    let lines = |file: &[u8]| -> Vec<Vec<u8>> {
        let lines = file.split_inclusive(|byte| *byte == b'\n');
        lines.map(<[u8]>::to_vec).collect()
    };
    // Each line is as it would be written: only the chain tells.
    let mut forged = whole.clone();
    forged[1].entry.role = "clerk".into();
    let forged = written(Layout::Json, &forged, &key);
    let mut mixed = lines(&honest);
    mixed[2] = lines(&forged)[2].clone();
    let fault = verify(BufReader::new(mixed.concat().as_slice()))
        .unwrap()
        .unwrap_err();
    assert_eq!(
        (fault.what, fault.line, fault.act),
        (ExcerptWrong::Chain, 4, Some(3))
    );
    // The last: only the signature tells.
    let mut forged = whole.clone();
    forged[3].entry.role = "clerk".into();
    let forged = written(Layout::Json, &forged, &key);
    let mut mixed = lines(&honest);
    mixed[4] = lines(&forged)[4].clone();
    let fault = verify(BufReader::new(mixed.concat().as_slice()))
        .unwrap()
        .unwrap_err();
    assert_eq!((fault.what, fault.line), (ExcerptWrong::Chain, 6));
    // Signed with another key under this one's name.
    let strange = written(Layout::Json, &whole, &other);
    let mut mixed = lines(&honest);
    let closing = lines(&strange).pop().unwrap();
    let text = String::from_utf8(closing).unwrap();
    let own = data_encoding::BASE64.encode(key.public().spki());
    let theirs = data_encoding::BASE64.encode(other.public().spki());
    *mixed.last_mut().unwrap() = text.replace(&theirs, &own).into_bytes();
    let fault = verify(BufReader::new(mixed.concat().as_slice()))
        .unwrap()
        .unwrap_err();
    assert_eq!(fault.what, ExcerptWrong::Signature);
    // Something behind the end, and something else altogether.
    let more = [honest.as_slice(), b"{}\n"].concat();
    let fault = verify(BufReader::new(more.as_slice()))
        .unwrap()
        .unwrap_err();
    assert_eq!(fault.what, ExcerptWrong::Trailing);
    for text in ["", "{}\n", "a,b\r\n", "\u{feff}"] {
        let fault = verify(BufReader::new(text.as_bytes()))
            .unwrap()
            .unwrap_err();
        assert_eq!(
            (fault.what, fault.line),
            (ExcerptWrong::NotAnExcerpt, 1),
            "{text}"
        );
    }
}
