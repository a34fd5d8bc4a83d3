//! A notice on its way to bytes.

use bytes::Bytes;
use prost::Message as _;

use super::content::{consent_to_proto, content_to_proto};
use crate::{
    domain::{
        agreement::AgreementVersion,
        area::County,
        channel::Sequence,
        notice::{Consent, Content, NoticeId},
    },
    proto::notice::v1 as wire,
};

/// Everything that a notice says but its id and the opposite sequence, which the store's writer
/// gives at commit.
#[derive(Clone)]
pub struct Outgoing<'a> {
    /// The area that sends.
    pub from: County,
    /// The area that receives.
    pub to: County,
    /// The case; `None` in its first notice.
    pub case_id: Option<NoticeId>,
    /// The notice that this one answers or speaks of.
    pub answers: Option<NoticeId>,
    /// The agreement under which it travels.
    pub agreement: AgreementVersion,
    /// Purpose code of that agreement.
    pub purpose: &'a str,
    /// When the node accepts it: milliseconds since 1970-01-01T00:00:00Z.
    pub published_at_ms: i64,
    /// Up to when the node tries: milliseconds since 1970-01-01T00:00:00Z.
    pub deadline_ms: i64,
    /// Whether it is a trial one.
    pub sandbox: bool,
    /// Random bytes, so that a digest tells nothing once the notice is gone.
    pub nonce: [u8; 16],
    /// The separate consent under which sensitive fields travel.
    pub consent: Option<&'a Consent>,
    /// What is told.
    pub content: &'a Content,
}

/// The bytes of a notice behind its [`prefix`].
pub fn encode_body(notice: &Outgoing<'_>) -> Vec<u8> {
    wire::Notice {
        id: Bytes::new(),
        opposite_sequence: 0,
        from_area: notice.from.to_string(),
        to_area: notice.to.to_string(),
        case_id: id_bytes(notice.case_id),
        answers: id_bytes(notice.answers),
        agreement: Some(wire::AgreementVersion {
            id: notice.agreement.id.to_string(),
            version: notice.agreement.version,
        }),
        purpose: notice.purpose.to_owned(),
        published_at_ms: notice.published_at_ms,
        deadline_ms: notice.deadline_ms,
        sandbox: notice.sandbox,
        nonce: Bytes::copy_from_slice(&notice.nonce),
        consent: notice.consent.map(consent_to_proto),
        content: Some(content_to_proto(notice.content)),
    }
    .encode_to_vec()
}

/// The bytes of a notice before its body: its id, and the highest sequence of the opposite channel
/// that its node had stored when it was published.
pub fn prefix(id: NoticeId, opposite: Sequence) -> Prefix {
    let mut prefix = Prefix {
        bytes: [0; Prefix::CAPACITY],
        len: 0,
    };
    prefix.push(0x0a); // field 1, length-delimited
    prefix.push(0x10);
    for byte in id.as_bytes() {
        prefix.push(*byte);
    }
    let mut rest = opposite.get();
    if rest > 0 {
        prefix.push(0x10); // field 2, varint
        while rest > 0x7f {
            prefix.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        prefix.push(rest as u8);
    }
    prefix
}

/// The first bytes of a notice, on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    bytes: [u8; Self::CAPACITY],
    len: usize,
}

impl Prefix {
    /// A tag, a length and an id; a tag and the longest varint.
    const CAPACITY: usize = 2 + 16 + 1 + 10;

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }
}

impl AsRef<[u8]> for Prefix {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

fn id_bytes(id: Option<NoticeId>) -> Bytes {
    id.map_or_else(Bytes::new, |id| Bytes::copy_from_slice(id.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_what_a_plain_encoding_begins_with() {
        let id = NoticeId::new([7; 8], 9);
        for opposite in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let plain = wire::Notice {
                id: Bytes::copy_from_slice(id.as_bytes()),
                opposite_sequence: opposite,
                ..wire::Notice::default()
            }
            .encode_to_vec();
            let prefix = prefix(id, Sequence::new(opposite));
            assert_eq!(prefix.as_slice(), plain, "{opposite}");
        }
    }
}
