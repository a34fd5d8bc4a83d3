//! gRPC messages as bytes: what a bench sends is encoded by itself, and of what it gets it reads
//! two or three fields, so that the load costs little of the machine that it shares.

use bytes::{Buf as _, BufMut as _, Bytes};
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

/// Hands bytes on as they are.
#[derive(Clone, Copy, Default)]
pub struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// A field of a message.
pub enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, with their numbers.
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Field<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let tag = self.varint();
        let value = match tag & 7 {
            0 => Field::Number(self.varint()),
            2 => {
                let len = self.varint() as usize;
                let (value, rest) = self.0.split_at(len);
                self.0 = rest;
                Field::Bytes(value)
            }
            other => panic!("a field of wire type {other}"),
        };
        Some((tag >> 3, value))
    }
}

impl Fields<'_> {
    fn varint(&mut self) -> u64 {
        let mut value = 0;
        for place in 0..10 {
            let byte = self.0[place];
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                self.0 = &self.0[place + 1..];
                return value;
            }
        }
        panic!("a number of more than ten bytes");
    }
}

/// The only field of a message of one field that has bytes.
pub fn inner(message: &[u8]) -> (u64, &[u8]) {
    match Fields(message).next() {
        Some((number, Field::Bytes(bytes))) => (number, bytes),
        _ => panic!("not a message in a message"),
    }
}

/// A number in a message of its own, as acknowledgements and credit are told.
pub fn step(step: u8, number: u64) -> Vec<u8> {
    let mut inside = vec![1 << 3];
    varint(&mut inside, number);
    wrapped(step, &inside)
}

/// A message in a message.
pub fn wrapped(number: u8, inside: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    varint(&mut bytes, inside.len() as u64);
    bytes.extend_from_slice(inside);
    bytes
}

pub fn varint(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}
