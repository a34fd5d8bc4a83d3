//! The ids of notices and cases.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// The id of a notice, or of a case: 16 bytes, shown as a UUID of version 8.
///
/// The first half is drawn at random at each start of the node, the second is a counter of its
/// writer, so ids never come again after a restore, rise along a channel and are found by range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeId([u8; 16]);

impl NoticeId {
    /// The id number `counter` of the node's start that drew `epoch`. Of the epoch 60 bits count,
    /// of the counter 62: the rest is taken by the version and variant of the UUID.
    pub fn new(epoch: [u8; 8], counter: u64) -> Self {
        let mut bytes = [0; 16];
        let (head, tail) = bytes.split_at_mut(8);
        head.copy_from_slice(&epoch);
        tail.copy_from_slice(&counter.to_be_bytes());
        let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
        *version = (*version & 0x0f) | 0x80;
        *variant = (*variant & 0x3f) | 0x80;
        Self(bytes)
    }

    /// The half that was drawn, and the half that counts.
    pub fn halves(self) -> (u64, u64) {
        let value = u128::from_be_bytes(self.0);
        #[expect(clippy::cast_possible_truncation, reason = "the two halves are wanted")]
        ((value >> 64) as u64, value as u64)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl TryFrom<&[u8]> for NoticeId {
    type Error = NotANoticeId;

    fn try_from(bytes: &[u8]) -> Result<Self, NotANoticeId> {
        let bytes: [u8; 16] = bytes.try_into().map_err(|_| NotANoticeId)?;
        Uuid::from_bytes(bytes).try_into()
    }
}

impl TryFrom<Uuid> for NoticeId {
    type Error = NotANoticeId;

    fn try_from(uuid: Uuid) -> Result<Self, NotANoticeId> {
        let form = (uuid.get_version_num(), uuid.get_variant());
        match form {
            (8, uuid::Variant::RFC4122) => Ok(Self(uuid.into_bytes())),
            _ => Err(NotANoticeId),
        }
    }
}

impl FromStr for NoticeId {
    type Err = NotANoticeId;

    fn from_str(text: &str) -> Result<Self, NotANoticeId> {
        Uuid::parse_str(text).map_err(|_| NotANoticeId)?.try_into()
    }
}

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes(self.0).fmt(f)
    }
}

/// Not a UUID of version 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a notice id is a UUID of version 8")]
pub struct NotANoticeId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_and_rise() {
        let first = NoticeId::new([0xff; 8], 1);
        let second = NoticeId::new([0xff; 8], 2);
        assert!(first < second);
        assert_eq!(first.to_string().parse(), Ok(first));
        assert_eq!(NoticeId::try_from(first.as_bytes().as_slice()), Ok(first));
        assert_eq!(first.halves().0, second.halves().0);
        assert_eq!(first.halves().1 + 1, second.halves().1);
    }

    #[test]
    fn other_uuids_are_no_ids() {
        assert_eq!(
            "f47ac10b-58cc-4372-a567-0e02b2c3d479".parse::<NoticeId>(),
            Err(NotANoticeId)
        );
        assert_eq!(NoticeId::try_from([0u8; 3].as_slice()), Err(NotANoticeId));
    }
}
