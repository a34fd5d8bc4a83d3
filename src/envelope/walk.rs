//! The walk over the bytes of a notice, before anything is decoded: a decoder drops what it does
//! not know and keeps the last of what stands twice, so only the bytes show either.

use super::{
    decode::EnvelopeError,
    schema::{Shape, Value},
};

/// Checks that the bytes are a message of that shape: every field known, of its wire type, standing
/// once, numbers in their shortest form and range, text in UTF-8; the same at every depth. The
/// depth is that of the table, whatever the bytes say.
pub(super) fn walk(bytes: &[u8], shape: &Shape) -> Result<(), EnvelopeError> {
    let mut rest = Rest(bytes);
    let mut seen = 0_u64;
    let mut chosen = false;
    while !rest.is_empty() {
        let tag = rest.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| EnvelopeError::Malformed)?;
        let (index, place) = shape.place(number).ok_or(EnvelopeError::UnknownField)?;
        let mark = 1_u64 << index;
        if seen & mark != 0 || (place.alternative && chosen) {
            return Err(EnvelopeError::FieldRepeated(place.field));
        }
        seen |= mark;
        chosen |= place.alternative;
        match (place.value, tag & 7) {
            (Value::Number(most), VARINT) => {
                if rest.varint()? > most {
                    return Err(EnvelopeError::Malformed);
                }
            }
            (Value::Bytes, DELIMITED) => {
                rest.delimited()?;
            }
            (Value::Text, DELIMITED) => {
                if str::from_utf8(rest.delimited()?).is_err() {
                    return Err(EnvelopeError::Malformed);
                }
            }
            (Value::Message(inner), DELIMITED) => walk(rest.delimited()?, inner)?,
            _ => return Err(EnvelopeError::Malformed),
        }
    }
    Ok(())
}

const VARINT: u64 = 0;
const DELIMITED: u64 = 2;

/// What is still to be walked over.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A number of at most 64 bits in its shortest form.
    fn varint(&mut self) -> Result<u64, EnvelopeError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(EnvelopeError::Malformed)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if (bits << shift) >> shift != bits {
                return Err(EnvelopeError::Malformed);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                let padded = *byte == 0 && shift > 0;
                return if padded {
                    Err(EnvelopeError::Malformed)
                } else {
                    Ok(value)
                };
            }
        }
        Err(EnvelopeError::Malformed)
    }

    fn delimited(&mut self) -> Result<&'a [u8], EnvelopeError> {
        let len = usize::try_from(self.varint()?).map_err(|_| EnvelopeError::Malformed)?;
        let (bytes, rest) = self
            .0
            .split_at_checked(len)
            .ok_or(EnvelopeError::Malformed)?;
        self.0 = rest;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::field::Field,
        envelope::{SIZE_LIMIT, schema::NOTICE},
    };

    /// Field 20 (departure) around a person (field 1) around those bytes.
    fn in_person(bytes: &[u8]) -> Vec<u8> {
        in_departure(&wrapped(&[0x0a], bytes))
    }

    fn in_departure(bytes: &[u8]) -> Vec<u8> {
        wrapped(&[0xa2, 0x01], bytes)
    }

    fn wrapped(tag: &[u8], bytes: &[u8]) -> Vec<u8> {
        [tag, &[u8::try_from(bytes.len()).unwrap()], bytes].concat()
    }

    #[test]
    fn what_does_not_belong_is_refused() {
        use EnvelopeError::{FieldRepeated, Malformed, UnknownField};
        let cases: &[(&str, Vec<u8>, EnvelopeError)] = &[
            ("unknown field", vec![0x70, 0x01], UnknownField),
            ("reserved field", vec![0xa8, 0x02, 0x01], UnknownField),
            ("field zero", vec![0x00, 0x01], UnknownField),
            (
                "unknown in departure",
                in_departure(&[0x50, 0x01]),
                UnknownField,
            ),
            ("unknown in person", in_person(&[0x30, 0x01]), UnknownField),
            (
                "repeated",
                vec![0x10, 0x01, 0x10, 0x01],
                FieldRepeated(None),
            ),
            (
                "repeated in person",
                in_person(&[0x2a, 0x01, b'1', 0x2a, 0x01, b'1']),
                FieldRepeated(Some(Field::Phone)),
            ),
            (
                "repeated message",
                in_departure(&[0x0a, 0x00, 0x0a, 0x00]),
                FieldRepeated(None),
            ),
            (
                "two contents",
                vec![0xa2, 0x01, 0x00, 0xaa, 0x01, 0x00],
                FieldRepeated(Some(Field::Kind)),
            ),
            (
                "a correction of two movements",
                vec![0xfa, 0x01, 0x04, 0x12, 0x00, 0x1a, 0x00],
                FieldRepeated(Some(Field::Corrects)),
            ),
            (
                "something in a take-up",
                vec![0x92, 0x02, 0x02, 0x08, 0x01],
                UnknownField,
            ),
            ("wrong wire type", vec![0x12, 0x00], Malformed),
            ("fixed32", vec![0x15, 0, 0, 0, 0], Malformed),
            ("group", vec![0xa3, 0x01, 0xa4, 0x01], Malformed),
            ("wire type 7", vec![0x17], Malformed),
            ("no UTF-8", vec![0x1a, 0x01, 0xff], Malformed),
            (
                "no UTF-8 in person",
                in_person(&[0x0a, 0x01, 0xff]),
                Malformed,
            ),
            ("cut tag", vec![0x80], Malformed),
            ("cut length", vec![0x0a, 0x02, 0x00], Malformed),
            (
                "huge length",
                vec![
                    0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
                ],
                Malformed,
            ),
            ("padded number", vec![0x10, 0x81, 0x00], Malformed),
            (
                "65 bits",
                [&[0x10][..], &[0xff; 9], &[0x02]].concat(),
                Malformed,
            ),
            (
                "eleven bytes",
                [&[0x10][..], &[0xff; 10], &[0x01]].concat(),
                Malformed,
            ),
            ("bool of 2", vec![0x58, 0x02], Malformed),
            (
                "33 bits of version",
                vec![0x3a, 0x06, 0x10, 0x80, 0x80, 0x80, 0x80, 0x10],
                Malformed,
            ),
            (
                "negative outcome",
                [&[0xb2, 0x01, 0x0b, 0x08][..], &[0xff; 9], &[0x01]].concat(),
                Malformed,
            ),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(walk(bytes, &NOTICE).as_ref(), Err(expected), "{name}");
        }
    }

    #[test]
    fn what_belongs_passes() {
        for bytes in [
            vec![],
            [&[0x10][..], &[0xff; 9], &[0x01]].concat(),
            in_person(&[0x0a, 0x01, b'a', 0x2a, 0x01, b'1']),
            in_departure(&[]),
        ] {
            assert_eq!(walk(&bytes, &NOTICE), Ok(()));
        }
    }

    #[test]
    fn nesting_goes_no_deeper_than_the_table() {
        let mut bytes = Vec::new();
        while bytes.len() < SIZE_LIMIT / 2 {
            let mut outer = vec![0x0a];
            prost::encoding::encode_varint(bytes.len() as u64, &mut outer);
            outer.append(&mut bytes);
            bytes = outer;
        }
        let mut outer = vec![0xa2, 0x01];
        prost::encoding::encode_varint(bytes.len() as u64, &mut outer);
        outer.append(&mut bytes);
        assert!(walk(&outer, &NOTICE).is_err());
    }
}
