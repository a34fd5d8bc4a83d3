//! A consent, as the payload of its record.
//!
//! ```text
//! consent := reference | date | text version | how | withdrawn on, or nothing | count 1 | field …
//! ```
//! Each a text with its length before it.

use bytes::Bytes;

use super::bytes::{Put, Take, Unreadable};
use crate::domain::consent::{RawConsent, Registered};

pub(crate) fn encode(consent: &Registered) -> Bytes {
    let Registered {
        reference,
        date,
        scope,
        text_version,
        how,
        withdrawn_on,
    } = consent;
    let mut put = Put::default();
    put.text(reference)
        .text(&date.to_string())
        .text(text_version)
        .text(how.name())
        .text(&withdrawn_on.map(|day| day.to_string()).unwrap_or_default())
        .u8(u8::try_from(scope.len()).unwrap_or(u8::MAX));
    for field in scope {
        put.text(field.name());
    }
    put.0.into()
}

/// Reads a consent back.
///
/// # Errors
/// [`Unreadable`] if it is none.
pub(crate) fn decode(bytes: &[u8]) -> Result<Registered, Unreadable> {
    let mut take = Take(bytes);
    let mut raw = RawConsent {
        reference: take.text()?,
        date: take.text()?,
        text_version: take.text()?,
        how: take.text()?,
        withdrawn_on: take.text()?,
        scope: Vec::new(),
    };
    for _ in 0..take.u8()? {
        raw.scope.push(take.text()?);
    }
    take.end()?;
    Registered::read(raw).map_err(|_| Unreadable)
}

#[cfg(test)]
pub(crate) mod tests {
    use data_encoding::HEXLOWER;

    use super::*;
    use crate::store::journal::{
        payload::Payload,
        record::{Consented, Record},
    };

    pub(crate) fn consent(reference: &str, scope: &[&str]) -> Registered {
        let read = Registered::read(RawConsent {
            reference: reference.into(),
            date: "2026-10-01".into(),
            scope: scope.iter().map(ToString::to_string).collect(),
            text_version: "2026-1".into(),
            how: "paper".into(),
            withdrawn_on: String::new(),
        });
        read.unwrap_or_else(|wrong| panic!("{wrong:?}"))
    }

    #[test]
    fn every_consent_is_read_as_it_was_written_and_nothing_else_is_read() {
        let mut withdrawn = consent("c-2", &["care"]);
        withdrawn.withdrawn_on = Some(withdrawn.date);
        for consent in [consent("c-1", &["next_check_on"]), withdrawn] {
            let bytes = encode(&consent);
            assert!(decode(&bytes).is_ok_and(|read| read == consent));
            for len in 0..bytes.len() {
                assert!(decode(&bytes[..len]).is_err());
            }
            assert!(decode(&[&bytes[..], &[0]].concat()).is_err());
        }
    }

    #[test]
    fn the_layout_of_a_record_is_golden() {
        let record = Record::Consented(Consented {
            home: "350582".parse().unwrap(),
            key: [9; 16],
            withdrawn: true,
            at_ms: 1_791_421_200_000,
            payload: Payload::clear(encode(&consent("c-1", &["next_check_on"]))),
        });
        let (mut header, mut payload) = (Put::default(), Put::default());
        assert_eq!(record.put_header(&mut header), 23);
        record.put_payload(&mut payload);
        assert_eq!(
            HEXLOWER.encode(&header.0),
            "3335303538320909090909090909090909090909090901000001a119063680"
        );
        assert_eq!(
            HEXLOWER.encode(&payload.0),
            "00000003632d310000000a323032362d31302d303100000006323032362d31000000057061706572000000\
             00010000000d6e6578745f636865636b5f6f6e"
        );
    }
}
