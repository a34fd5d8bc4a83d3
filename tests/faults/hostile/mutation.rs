//! Messages that were well-formed before.

use crate::{
    draw::Draw,
    protobuf::{Field, Value, fields, varint},
};

/// How a message was spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A few bits of it flipped.
    Flip,
    /// Its end is missing.
    Cut,
    /// One of its fields, at some depth, stands twice.
    Repeat,
    /// A field that nobody knows stands in it, at some depth.
    Unknown,
    /// One of its lengths lies.
    Length,
}

const KINDS: [Kind; 5] = [
    Kind::Flip,
    Kind::Cut,
    Kind::Repeat,
    Kind::Unknown,
    Kind::Length,
];

/// Spoils a message that is not empty.
pub(super) fn spoil(draw: &mut Draw, message: &[u8]) -> (Kind, Vec<u8>) {
    let kind = KINDS[draw.below(KINDS.len())];
    let spoilt = match kind {
        Kind::Flip => flip(draw, message),
        Kind::Cut => message[..draw.below(message.len())].to_vec(),
        Kind::Repeat | Kind::Unknown | Kind::Length => {
            deep(draw, message, kind).unwrap_or_else(|| flip(draw, message))
        }
    };
    (kind, spoilt)
}

/// Flips one to four bits.
pub(super) fn flip(draw: &mut Draw, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=draw.below(4) {
        let at = draw.below(bytes.len());
        bytes[at] ^= 1 << draw.below(8);
    }
    bytes
}

/// Changes one field of the message or of a message in it; none where it has no fields.
fn deep(draw: &mut Draw, message: &[u8], kind: Kind) -> Option<Vec<u8>> {
    let mut fields = fields(message).filter(|fields| !fields.is_empty())?;
    let chosen = draw.below(fields.len());
    if let Value::Bytes(content) = &mut fields[chosen].value
        && draw.below(3) > 0
        && let Some(spoilt) = deep(draw, content, kind)
    {
        *content = spoilt;
        return Some(encode(&fields));
    }
    match kind {
        Kind::Repeat => fields.insert(chosen, fields[chosen].clone()),
        Kind::Unknown => {
            let number = [19, 60, 1_000, (1 << 29) - 1][draw.below(4)];
            let value = match draw.coin() {
                true => Value::Number(draw.below(1_000) as u64),
                false => Value::Bytes(vec![0x08; draw.below(40)]),
            };
            fields.insert(chosen, Field { number, value });
        }
        Kind::Length => return Some(lie(draw, &fields, chosen)),
        Kind::Flip | Kind::Cut => {}
    }
    Some(encode(&fields))
}

/// The fields, one of which says that it is longer or shorter than it is.
fn lie(draw: &mut Draw, fields: &[Field], chosen: usize) -> Vec<u8> {
    let Field { number, value } = &fields[chosen];
    let Value::Bytes(content) = value else {
        // A number that goes on.
        let mut bytes = encode(&fields[..chosen]);
        bytes.extend(varint(number << 3));
        bytes.extend([0xff; 11]);
        return bytes;
    };
    let length = content.len() as u64;
    let lies = [length + 1, length.saturating_sub(1), 1 << 31, u64::MAX];
    let mut bytes = encode(&fields[..chosen]);
    bytes.extend(varint(number << 3 | 2));
    let said = lies[draw.below(lies.len())];
    bytes.extend(varint(if said == length { length + 1 } else { said }));
    bytes.extend(content);
    bytes.extend(encode(&fields[chosen + 1..]));
    bytes
}

fn encode(fields: &[Field]) -> Vec<u8> {
    fields.iter().flat_map(Field::encode).collect()
}
