//! Groups and entries as bytes.
//!
//! ```text
//! group := magic 4 | body length 4 | entries 4 | CRC-32C 4 (of length, entries and body) | body
//! entry := CRC-32C 4 (of the rest) | type 1 | version 1 | home area 6 | header length 2 |
//!          payload length 4 | key slot 8 | header | payload
//! ```
//! One group is one write and one sync, so it is there whole or not at all. The entry's own CRC
//! lets a reader trust one entry without its group. Key slot 0: the payload is not sealed, for it
//! tells of nobody.

use std::ops::Range;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;

use super::{
    bytes::{Put, Take, Unreadable, proven},
    payload::{Kept, Payload, Seal, Slot},
    record::{Position, Record},
};
use crate::{
    domain::{area::County, channel::Digest},
    guard::Guard,
    trust::sealing::{TAG_BYTES, Unsealed},
};

/// Bytes of a group before its body.
pub(crate) const GROUP_HEADER: usize = 16;
/// What a group begins with.
pub(crate) const GROUP_MAGIC: [u8; 4] = *b"HYg1";
/// A body is never longer; the writer closes a group long before.
pub(crate) const MAX_BODY: usize = 256 << 20;

/// Bytes of an entry before its header.
pub(crate) const ENTRY_HEAD: u32 = 26;
/// Bytes of its checksum, which covers the rest.
const ENTRY_CRC: usize = 4;
const ENTRY_VERSION: u8 = 2;

/// A record, and the bytes where it stands.
pub(crate) struct Placed {
    pub(crate) position: Position,
    /// Length of the whole entry.
    pub(crate) len: u32,
    pub(crate) record: Record,
}

/// A group that is being filled.
pub(crate) struct GroupWriter {
    buffer: Put,
    start: Position,
    count: u32,
}

impl GroupWriter {
    /// An empty group that will begin at `start`. Whatever stands in `buffer` is thrown away.
    pub(crate) fn new(start: Position, mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        buffer.resize(GROUP_HEADER, 0);
        Self {
            buffer: Put(buffer),
            start,
            count: 0,
        }
    }

    /// Bytes so far.
    pub(crate) const fn len(&self) -> usize {
        self.buffer.0.len()
    }

    /// True if it holds no record.
    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Where the next record will stand.
    pub(crate) fn next_position(&self) -> Position {
        self.start.plus(self.len() as u64)
    }

    /// Appends a record, sealed if it is to be, and lengthens its home's chain.
    ///
    /// # Errors
    /// [`Unsealed`] if it could not be sealed; nothing was appended.
    pub(crate) fn push(
        &mut self,
        record: Record,
        chain: Option<&mut Digest>,
    ) -> Result<Placed, Unsealed> {
        let (at, position) = (self.len(), self.next_position());
        self.buffer.raw(&[0; ENTRY_HEAD as usize]);
        let kind = record.put_header(&mut self.buffer);
        let header_end = self.len();
        let seal = record.seal().filter(|_| Guard::Sealing.holds());
        if let Some(seal) = seal {
            self.buffer.raw(&seal.nonce);
        }
        let payload_at = self.len();
        record.put_payload(&mut self.buffer);
        let payload_end = self.len();
        if seal.is_some() {
            self.buffer.raw(&[0; TAG_BYTES]);
        }
        let slot = match seal {
            Some(seal) => seal.slot,
            None => record.kept_slot().unwrap_or(Slot::NONE),
        };
        let header = header_end.saturating_sub(at.saturating_add(ENTRY_HEAD as usize));
        let payload = self.len().saturating_sub(header_end);
        let mut head = Head(0);
        if let Some(entry) = self.buffer.0.get_mut(at..) {
            head.put(entry, &[0; 4]);
            head.put(entry, &[kind, ENTRY_VERSION]);
            let home = record.home();
            head.put(entry, home.as_ref().map_or(NO_HOME, |it| it.as_bytes()));
            let header = u16::try_from(header).unwrap_or(u16::MAX);
            head.put(entry, &header.to_be_bytes());
            let payload = u32::try_from(payload).unwrap_or(u32::MAX);
            head.put(entry, &payload.to_be_bytes());
            head.put(entry, &slot.get().to_be_bytes());
            if let Some(seal) = seal {
                let payload = payload_at.saturating_sub(at)..payload_end.saturating_sub(at);
                let about = ENTRY_CRC..header_end.saturating_sub(at);
                if let Err(error) = seal_entry(entry, about, payload, seal) {
                    self.buffer.0.truncate(at);
                    return Err(error);
                }
            }
            let crc = crc32c::crc32c(entry.get(ENTRY_CRC..).unwrap_or_default());
            Head(0).put(entry, &crc.to_be_bytes());
            if let Some(chain) = chain {
                *chain = lengthen(chain, entry);
            }
        }
        self.count = self.count.saturating_add(1);
        Ok(Placed {
            position,
            len: u32::try_from(self.len().saturating_sub(at)).unwrap_or(u32::MAX),
            record,
        })
    }

    /// The finished bytes.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut bytes = self.buffer.0;
        let body = bytes.len().saturating_sub(GROUP_HEADER);
        let mut head = Head(0);
        head.put(&mut bytes, &GROUP_MAGIC);
        let body = u32::try_from(body).unwrap_or(u32::MAX);
        head.put(&mut bytes, &body.to_be_bytes());
        head.put(&mut bytes, &self.count.to_be_bytes());
        let crc = crc32c::crc32c(bytes.get(4..12).unwrap_or_default());
        let crc = crc32c::crc32c_append(crc, bytes.get(GROUP_HEADER..).unwrap_or_default());
        head.put(&mut bytes, &crc.to_be_bytes());
        bytes
    }
}

/// Seals the payload of an entry where it stands, behind its nonce, and puts the tag behind it.
fn seal_entry(
    entry: &mut [u8],
    about: Range<usize>,
    payload: Range<usize>,
    seal: &Seal,
) -> Result<(), Unsealed> {
    let (head, rest) = entry.split_at_mut_checked(payload.start).ok_or(Unsealed)?;
    let about = head.get(about).ok_or(Unsealed)?;
    let (payload, tag) = rest.split_at_mut_checked(payload.len()).ok_or(Unsealed)?;
    let made = seal.key.seal(seal.nonce, about, payload)?;
    tag.copy_from_slice(&made);
    Ok(())
}

/// Fills in a head, part by part, once what it tells of is known.
struct Head(usize);

impl Head {
    fn put(&mut self, bytes: &mut [u8], part: &[u8]) {
        let end = self.0.saturating_add(part.len());
        if let Some(place) = bytes.get_mut(self.0..end) {
            place.copy_from_slice(part);
        }
        self.0 = end;
    }
}

/// The body length that the group at the head of `bytes` claims; `None` if none can begin there.
pub(crate) fn claimed_len(bytes: &[u8]) -> Option<usize> {
    let mut take = Take(bytes);
    if take.raw(4).ok()? != GROUP_MAGIC {
        return None;
    }
    let len = take.u32().ok()? as usize;
    (len <= MAX_BODY).then_some(len)
}

/// The body length that the group at the head of `bytes` claims and proves with its CRC; `None`
/// if no whole group stands there.
pub(crate) fn whole_group(bytes: &[u8]) -> Option<usize> {
    let len = claimed_len(bytes)?;
    let mut take = Take(bytes.get(12..)?);
    let crc = take.u32().ok()?;
    let body = take.raw(len).ok()?;
    let found = crc32c::crc32c_append(crc32c::crc32c(bytes.get(4..12)?), body);
    proven(found, crc).then_some(len)
}

/// Reads the records of a group that [`whole_group`] has proven, and lengthens the chains.
///
/// # Errors
/// [`Unreadable`] for an entry of a type or version that this node does not know.
pub(crate) fn read_group(
    group: &Bytes,
    start: Position,
    mut lengthened: impl FnMut(County, &mut dyn FnMut(&Digest) -> Digest),
) -> Result<Vec<Placed>, Unreadable> {
    let count = Take(group.get(8..12).ok_or(Unreadable)?).u32()?;
    let mut at = GROUP_HEADER;
    let mut placed = Vec::new();
    for _ in 0..count {
        let rest = group.slice(at.min(group.len())..);
        let (record, len) = read_entry(&rest)?;
        if let Some(home) = record.home() {
            let entry = rest.get(..len).ok_or(Unreadable)?;
            lengthened(home, &mut |chain| lengthen(chain, entry));
        }
        placed.push(Placed {
            position: start.plus(at as u64),
            len: u32::try_from(len).map_err(|_| Unreadable)?,
            record,
        });
        at = at.checked_add(len).ok_or(Unreadable)?;
    }
    if at == group.len() {
        Ok(placed)
    } else {
        Err(Unreadable)
    }
}

/// Reads the entry at the head of `bytes`, proven by its own CRC, and says how long it is.
///
/// # Errors
/// [`Unreadable`] if its bytes rotted, or it is of a type or version that this node does not know.
pub(crate) fn read_entry(bytes: &Bytes) -> Result<(Record, usize), Unreadable> {
    let mut take = Take(bytes);
    let crc = take.u32()?;
    let kind = take.u8()?;
    let version = take.u8()?;
    let home = take.raw(6)?;
    let header_len = take.u16()? as usize;
    let payload_len = take.u32()? as usize;
    let slot = Slot::new(take.u64()?);
    let header = take.raw(header_len)?;
    take.raw(payload_len)?;
    let len = (ENTRY_HEAD as usize)
        .checked_add(header_len)
        .and_then(|len| len.checked_add(payload_len))
        .ok_or(Unreadable)?;
    let covered = bytes.get(ENTRY_CRC..len).ok_or(Unreadable)?;
    if !proven(crc32c::crc32c(covered), crc) || version != ENTRY_VERSION {
        return Err(Unreadable);
    }
    let at = (ENTRY_HEAD as usize).saturating_add(header_len);
    let payload = if slot == Slot::NONE {
        Payload::clear(bytes.slice(at..len))
    } else {
        let at = at.saturating_sub(ENTRY_CRC);
        Payload::Kept(Kept::new(slot, bytes.slice(ENTRY_CRC..len), at))
    };
    let record = Record::from_parts(kind, header, payload)?;
    if slot != Slot::NONE && record.kept_slot() != Some(slot) {
        return Err(Unreadable);
    }
    let named = match record.home() {
        Some(county) => county.as_bytes() == home,
        None => home == NO_HOME,
    };
    if named {
        Ok((record, len))
    } else {
        Err(Unreadable)
    }
}

/// How long the entry is that begins with these bytes, as it claims.
pub(crate) fn entry_len(head: &[u8]) -> Option<u32> {
    let mut take = Take(head.get(12..)?);
    let header = u32::from(take.u16().ok()?);
    let payload = take.u32().ok()?;
    ENTRY_HEAD.checked_add(header)?.checked_add(payload)
}

fn lengthen(chain: &Digest, entry: &[u8]) -> Digest {
    let mut context = Context::new(&SHA256);
    context.update(chain.as_bytes());
    context.update(entry);
    context.finish().as_ref().try_into().unwrap_or_default()
}

/// Stands in an entry that belongs to no home area.
const NO_HOME: &[u8] = b"------";
