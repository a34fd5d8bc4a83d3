//! Protocol buffers by hand: to say what no node would, and to read what any node says.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

/// One field as it stands on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub number: u64,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Number(u64),
    Bytes(Vec<u8>),
}

/// A field of bytes, text or a message.
pub fn bytes(number: u64, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut out = varint(number << 3 | 2);
    out.extend(varint(content.len() as u64));
    out.extend(content);
    out
}

pub fn number(number: u64, value: u64) -> Vec<u8> {
    let mut out = varint(number << 3);
    out.extend(varint(value));
    out
}

pub fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

impl Field {
    pub fn encode(&self) -> Vec<u8> {
        match &self.value {
            Value::Number(value) => number(self.number, *value),
            Value::Bytes(content) => bytes(self.number, content),
        }
    }
}

/// The fields of a message, if these bytes may be one that holds numbers and bytes only.
pub fn fields(mut rest: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let tag = take_varint(&mut rest)?;
        let value = match tag & 7 {
            0 => Value::Number(take_varint(&mut rest)?),
            2 => {
                let length = usize::try_from(take_varint(&mut rest)?).ok()?;
                let (content, behind) = rest.split_at_checked(length)?;
                rest = behind;
                Value::Bytes(content.to_vec())
            }
            _ => return None,
        };
        let number = tag >> 3;
        if number == 0 {
            return None;
        }
        fields.push(Field { number, value });
    }
    Some(fields)
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The last field of that number, which a message holds.
fn last(message: &[u8], number: u64) -> Option<Value> {
    let fields = fields(message).unwrap().into_iter().rev();
    fields
        .into_iter()
        .find(|field| field.number == number)
        .map(|field| field.value)
}

/// What stands in that field of bytes, if it is there.
pub fn bytes_in(message: &[u8], number: u64) -> Option<Vec<u8>> {
    match last(message, number)? {
        Value::Bytes(content) => Some(content),
        Value::Number(_) => None,
    }
}

/// What stands in that field of numbers: 0 if it is not there.
pub fn number_in(message: &[u8], number: u64) -> u64 {
    match last(message, number) {
        Some(Value::Number(value)) => value,
        Some(Value::Bytes(_)) | None => 0,
    }
}
