//! What a desk did, as the payload of its record: all that must not stand in clear.
//!
//! ```text
//! act := office, as a text with its length before it | what goes with the kind
//! what goes with the kind := the digits of the area | the text of the note or reason | the other id
//!                          | nothing
//! ```
//! The kind itself is in the header of the record.

use bytes::Bytes;

use super::bytes::{Put, Take, Unreadable};
use crate::domain::{
    area::County,
    work::{Act, ActKind, Note, SubArea},
};

/// The payload of an act and its office.
pub(crate) fn encode(act: &Act, office: &str) -> Bytes {
    let mut put = Put::default();
    put.text(office);
    match act {
        Act::Took | Act::Verifying | Act::PassedOn | Act::Released => &mut put,
        Act::Forwarded { to } => put.raw(to.area().as_str().as_bytes()),
        Act::Noted { text: words } | Act::Held { reason: words } => {
            put.raw(words.as_str().as_bytes())
        }
        Act::NotTheSame { other } => put.id(*other),
    };
    put.0.into()
}

/// Reads the payload of an act of that kind, done in that home area, and its office.
///
/// # Errors
/// [`Unreadable`] if it is none.
pub(crate) fn decode(
    kind: ActKind,
    home: County,
    bytes: &[u8],
) -> Result<(Act, String), Unreadable> {
    let mut take = Take(bytes);
    let office = take.text()?;
    let act = match kind {
        ActKind::Took => Act::Took,
        ActKind::Verifying => Act::Verifying,
        ActKind::Forwarded => {
            let area = rest(&mut take)?.parse().map_err(|_| Unreadable)?;
            let to = SubArea::of(home, area).map_err(|_| Unreadable)?;
            Act::Forwarded { to }
        }
        ActKind::Noted => {
            let text = Note::kept(rest(&mut take)?.to_owned());
            Act::Noted { text }
        }
        ActKind::PassedOn => Act::PassedOn,
        ActKind::NotTheSame => Act::NotTheSame { other: take.id()? },
        ActKind::Held => {
            let reason = Note::kept(rest(&mut take)?.to_owned());
            Act::Held { reason }
        }
        ActKind::Released => Act::Released,
    };
    take.end()?;
    Ok((act, office))
}

fn rest<'a>(take: &mut Take<'a>) -> Result<&'a str, Unreadable> {
    str::from_utf8(take.raw(take.0.len())?).map_err(|_| Unreadable)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;
    use crate::{
        domain::notice::NoticeId,
        store::journal::{
            payload::Payload,
            record::{Record, Side, Worked},
        },
    };

    fn home() -> County {
        "350582".parse().unwrap()
    }

    fn acts() -> [Act; 8] {
        let area = "350582104001".parse().unwrap();
        [
            Act::Took,
            Act::Verifying,
            Act::Forwarded {
                to: SubArea::of(home(), area).unwrap(),
            },
            Act::Noted {
                text: "已电话联系".parse().unwrap(),
            },
            Act::PassedOn,
            Act::NotTheSame {
                other: NoticeId::new([2; 8], 5),
            },
            Act::Held {
                reason: "诉讼".parse().unwrap(),
            },
            Act::Released,
        ]
    }

    #[test]
    fn the_layout_of_a_record_is_golden() {
        let mut lines = String::new();
        for act in acts() {
            let record = Record::Worked(Worked {
                side: Side {
                    home: home(),
                    other: "530111".parse().unwrap(),
                },
                about: NoticeId::new([1; 8], 3),
                kind: act.kind(),
                office_key: [9; 16],
                at_ms: 1_791_421_200_000,
                payload: Payload::clear(encode(&act, "desk")),
            });
            let (mut header, mut payload) = (Put::default(), Put::default());
            let kind = record.put_header(&mut header);
            record.put_payload(&mut payload);
            let [header, payload] = [header, payload].map(|put| HEXLOWER.encode(&put.0));
            lines += &format!("{} {kind} {header} {payload}\n", act.kind().name());
        }
        assert_eq!(lines, GOLDEN);
    }

    #[test]
    fn every_act_is_read_as_it_was_written_and_nothing_else_is_read() {
        for act in acts() {
            let bytes = encode(&act, "desk");
            assert_eq!(
                decode(act.kind(), home(), &bytes),
                Ok((act.clone(), "desk".into()))
            );
            // A shorter note is a note, and a place's number a place's.
            let strict = !matches!(act, Act::Noted { .. } | Act::Held { .. });
            let longer = [&bytes[..], b"1"].concat();
            assert_eq!(decode(act.kind(), home(), &longer).is_err(), strict);
            let shorter = &bytes[..bytes.len() - 1];
            assert!(decode(act.kind(), home(), shorter).is_err());
        }
        let elsewhere = "350583".parse().unwrap();
        let [_, _, forwarded, ..] = acts();
        let bytes = encode(&forwarded, "desk");
        assert_eq!(
            decode(ActKind::Forwarded, elsewhere, &bytes),
            Err(Unreadable)
        );
    }

    #[test]
    fn a_kind_that_nobody_knows_is_no_record() {
        let (_, header) = GOLDEN.split_once(" 19 ").unwrap();
        let mut header = HEXLOWER
            .decode(header.split(' ').next().unwrap().as_bytes())
            .unwrap();
        let payload = || Payload::clear(encode(&Act::Took, "desk"));
        assert!(Record::from_parts(19, &header, payload()).is_ok());
        header[28] = 9;
        assert!(Record::from_parts(19, &header, payload()).is_err());
    }

    #[test]
    fn a_note_is_read_whatever_may_be_held_today() {
        let mut put = Put::default();
        put.text("desk").raw("下落不明".as_bytes());
        let (act, _) = decode(ActKind::Noted, home(), &put.0).unwrap();
        assert_eq!(act.kind(), ActKind::Noted);
    }

    /// Name, type, header, payload.
    const GOLDEN: &str = "\
took 19 333530353832353330313131010101010101810180000000000000030109090909090909090909090909090909000001a119063680 000000046465736b
verifying 19 333530353832353330313131010101010101810180000000000000030209090909090909090909090909090909000001a119063680 000000046465736b
forwarded 19 333530353832353330313131010101010101810180000000000000030309090909090909090909090909090909000001a119063680 000000046465736b333530353832313034303031
noted 19 333530353832353330313131010101010101810180000000000000030409090909090909090909090909090909000001a119063680 000000046465736be5b7b2e794b5e8af9de88194e7b3bb
passed_on 19 333530353832353330313131010101010101810180000000000000030509090909090909090909090909090909000001a119063680 000000046465736b
not_the_same 19 333530353832353330313131010101010101810180000000000000030609090909090909090909090909090909000001a119063680 000000046465736b02020202020282028000000000000005
held 19 333530353832353330313131010101010101810180000000000000030709090909090909090909090909090909000001a119063680 000000046465736be8af89e8aebc
released 19 333530353832353330313131010101010101810180000000000000030809090909090909090909090909090909000001a119063680 000000046465736b
";
}
