//! The plain binary layout of stored records: big-endian numbers, length-prefixed texts.

use crate::{
    domain::{
        area::County,
        channel::{Channel, Digest, Sequence},
        notice::NoticeId,
    },
    guard::Guard,
};

/// Whether bytes whose checksum is `found` are those that were written with the checksum `told`.
pub(crate) fn proven(found: u32, told: u32) -> bool {
    found == told || !Guard::Checksum.holds()
}

/// Bytes that are no record of this version. Never caused by an office or a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored record cannot be read")]
pub(crate) struct Unreadable;

/// Appends values to a buffer.
#[derive(Default)]
pub(crate) struct Put(pub(crate) Vec<u8>);

impl Put {
    pub(crate) fn u8(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    pub(crate) fn u16(&mut self, value: u16) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub(crate) fn i64(&mut self, value: i64) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    /// In as few bytes as it needs: seven bits each, the low ones first, and a sign that more follow.
    pub(crate) fn small(&mut self, mut value: u64) -> &mut Self {
        while value > 0x7f {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.u8(value as u8)
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// A length of four bytes, then the bytes.
    pub(crate) fn long(&mut self, bytes: &[u8]) -> &mut Self {
        self.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX))
            .raw(bytes)
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.long(text.as_bytes())
    }

    pub(crate) fn county(&mut self, county: County) -> &mut Self {
        self.raw(county.as_bytes())
    }

    pub(crate) fn channel(&mut self, channel: Channel) -> &mut Self {
        self.county(channel.from).county(channel.to)
    }

    pub(crate) fn sequence(&mut self, sequence: Sequence) -> &mut Self {
        self.u64(sequence.get())
    }

    pub(crate) fn digest(&mut self, digest: &Digest) -> &mut Self {
        self.raw(digest.as_bytes())
    }

    pub(crate) fn id(&mut self, id: NoticeId) -> &mut Self {
        self.raw(id.as_bytes())
    }

    pub(crate) fn option_id(&mut self, id: Option<NoticeId>) -> &mut Self {
        match id {
            Some(id) => self.u8(1).id(id),
            None => self.u8(0),
        }
    }
}

/// Takes values from a slice.
pub(crate) struct Take<'a>(pub(crate) &'a [u8]);

impl<'a> Take<'a> {
    pub(crate) fn raw(&mut self, len: usize) -> Result<&'a [u8], Unreadable> {
        let (value, rest) = self.0.split_at_checked(len).ok_or(Unreadable)?;
        self.0 = rest;
        Ok(value)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        self.raw(N)?.try_into().map_err(|_| Unreadable)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Unreadable> {
        self.array().map(|[byte]: [u8; 1]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Unreadable> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Unreadable> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Unreadable> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Unreadable> {
        self.array().map(i64::from_be_bytes)
    }

    pub(crate) fn small(&mut self) -> Result<u64, Unreadable> {
        let mut value = 0u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            let placed = bits << shift;
            if placed >> shift != bits {
                return Err(Unreadable);
            }
            value |= placed;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Unreadable)
    }

    pub(crate) fn key(&mut self) -> Result<[u8; 16], Unreadable> {
        self.array()
    }

    pub(crate) fn long(&mut self) -> Result<&'a [u8], Unreadable> {
        let len = self.u32()?;
        self.raw(len as usize)
    }

    pub(crate) fn text(&mut self) -> Result<String, Unreadable> {
        str::from_utf8(self.long()?)
            .map(str::to_owned)
            .map_err(|_| Unreadable)
    }

    pub(crate) fn county(&mut self) -> Result<County, Unreadable> {
        self.array::<6>()?.try_into().map_err(|_| Unreadable)
    }

    pub(crate) fn channel(&mut self) -> Result<Channel, Unreadable> {
        Ok(Channel {
            from: self.county()?,
            to: self.county()?,
        })
    }

    pub(crate) fn sequence(&mut self) -> Result<Sequence, Unreadable> {
        self.u64().map(Sequence::new)
    }

    pub(crate) fn digest(&mut self) -> Result<Digest, Unreadable> {
        self.array().map(Digest::new)
    }

    pub(crate) fn id(&mut self) -> Result<NoticeId, Unreadable> {
        self.raw(16)?.try_into().map_err(|_| Unreadable)
    }

    pub(crate) fn option_id(&mut self) -> Result<Option<NoticeId>, Unreadable> {
        match self.u8()? {
            0 => Ok(None),
            1 => self.id().map(Some),
            _ => Err(Unreadable),
        }
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<(), Unreadable> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Unreadable)
        }
    }
}
