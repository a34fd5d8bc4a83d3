//! Acts as records of the journal, and the chain that they make among themselves.
//!
//! The chain of the home area covers them with all other entries. This one, of nothing but acts, lets
//! an excerpt prove itself that holds nothing else: each act has a number, and names the digest of the
//! one before it.
//!
//! ```text
//! header  := home area 6 | number 8 | digest of the act before 32 | time in ms 8 | act 2 | came 1
//! payload := who | role text | from text | purpose | code of a refusal text |
//!            done 8 | repeated 8 | refused 8 | count of what it was done on 2 | each of these
//! who     := 1 office | 2 by hand | 3 node, with a text after 1 and 2
//! purpose := 0 none | 1 duty | 2 masked | 3 reason, with its text
//! on      := 1 agreement text, version 4 or 0 | 2 case 16 | 3 consumer text | 4 notice 16 | 5 office text | 6 area 6
//! digest  := SHA-256 of "hongyan audit entry v1" and a zero byte, header, payload
//! ```

use aws_lc_rs::digest::{Context, SHA256};

use super::bytes::{Put, Take, Unreadable};
use crate::domain::{
    area::County,
    audit::{Act, Came, Counts, Entry, On, Purpose, Reason, Who},
    channel::Digest,
};

/// An act with its place in the chain of acts of its home area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// The home area.
    pub home: County,
    /// Its number there, from 1 on without gaps.
    pub number: u64,
    /// Digest of the act before it; 32 zero bytes for the first.
    pub previous: Digest,
    /// The act.
    pub entry: Entry,
}

impl Audited {
    /// Its bytes: header and payload as the journal holds them.
    pub fn bytes(&self) -> Vec<u8> {
        let mut put = Put::default();
        self.put_header(&mut put);
        self.put_payload(&mut put);
        put.0
    }

    /// Reads an act from its bytes; none if they are not the one form of one.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (header, payload) = bytes.split_at_checked(HEADER)?;
        let audited = Self::from_parts(&mut Take(header), payload).ok()?;
        (audited.bytes() == bytes).then_some(audited)
    }

    /// What the next act names as the one before it.
    pub fn digest(&self) -> Digest {
        let mut context = Context::new(&SHA256);
        context.update(b"hongyan audit entry v1\0");
        context.update(&self.bytes());
        context.finish().as_ref().try_into().unwrap_or_default()
    }

    pub(super) fn put_header(&self, put: &mut Put) {
        put.county(self.home)
            .u64(self.number)
            .digest(&self.previous)
            .i64(self.entry.at_ms)
            .u16(self.entry.act.number())
            .u8(match self.entry.came {
                Came::Done => 1,
                Came::Refused(_) => 2,
            });
    }

    pub(super) fn put_payload(&self, put: &mut Put) {
        let Entry {
            at_ms: _,
            who,
            role,
            from,
            act: _,
            on,
            purpose,
            came,
            counts,
        } = &self.entry;
        match who {
            Who::Office(id) => put.u8(1).text(id),
            Who::ByHand(user) => put.u8(2).text(user),
            Who::Node => put.u8(3),
        };
        put.text(role).text(from);
        match purpose {
            Purpose::None => put.u8(0),
            Purpose::Duty => put.u8(1),
            Purpose::Masked => put.u8(2),
            Purpose::Reason(reason) => put.u8(3).text(reason.as_str()),
        };
        put.text(came.code())
            .u64(counts.done)
            .u64(counts.repeated)
            .u64(counts.refused);
        let count = u16::try_from(on.len()).unwrap_or(u16::MAX);
        put.u16(count);
        for on in on.iter().take(usize::from(count)) {
            match on {
                On::Agreement(id, version) => put
                    .u8(1)
                    .text(&id.to_string())
                    .u32(version.unwrap_or_default()),
                On::Case(id) => put.u8(2).id(*id),
                On::Consumer(name) => put.u8(3).text(name),
                On::Notice(id) => put.u8(4).id(*id),
                On::Office(id) => put.u8(5).text(id),
                On::Peer(area) => put.u8(6).county(*area),
                On::Feed(home, first, last) => put.u8(7).county(*home).u64(*first).u64(*last),
            };
        }
    }

    pub(super) fn from_parts(header: &mut Take<'_>, payload: &[u8]) -> Result<Self, Unreadable> {
        let home = header.county()?;
        let number = header.u64()?;
        let previous = header.digest()?;
        let at_ms = header.i64()?;
        let act = Act::from_number(header.u16()?).ok_or(Unreadable)?;
        let done = match header.u8()? {
            1 => true,
            2 => false,
            _ => return Err(Unreadable),
        };
        let mut take = Take(payload);
        let who = match take.u8()? {
            1 => Who::Office(take.text()?),
            2 => Who::ByHand(take.text()?),
            3 => Who::Node,
            _ => return Err(Unreadable),
        };
        let role = take.text()?;
        let from = take.text()?;
        let purpose = match take.u8()? {
            0 => Purpose::None,
            1 => Purpose::Duty,
            2 => Purpose::Masked,
            3 => Purpose::Reason(Reason::kept(take.text()?)),
            _ => return Err(Unreadable),
        };
        let code = take.text()?;
        let counts = Counts {
            done: take.u64()?,
            repeated: take.u64()?,
            refused: take.u64()?,
        };
        let count = take.u16()?;
        let mut on = Vec::new();
        for _ in 0..count {
            on.push(match take.u8()? {
                1 => {
                    let id = take.text()?.parse().map_err(|_| Unreadable)?;
                    let version = take.u32()?;
                    On::Agreement(id, (version > 0).then_some(version))
                }
                2 => On::Case(take.id()?),
                3 => On::Consumer(take.text()?),
                4 => On::Notice(take.id()?),
                5 => On::Office(take.text()?),
                6 => On::Peer(take.county()?),
                7 => On::Feed(take.county()?, take.u64()?, take.u64()?),
                _ => return Err(Unreadable),
            });
        }
        take.end()?;
        Ok(Self {
            home,
            number,
            previous,
            entry: Entry {
                at_ms,
                who,
                role,
                from,
                act,
                on,
                purpose,
                came: if done {
                    Came::Done
                } else {
                    Came::Refused(code)
                },
                counts,
            },
        })
    }
}

/// Bytes of the header.
const HEADER: usize = 6 + 8 + 32 + 8 + 2 + 1;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use data_encoding::HEXLOWER;

    use super::*;
    use crate::{
        domain::notice::NoticeId,
        store::journal::{payload::Payload, record::Record},
    };

    fn audited(number: u64) -> Audited {
        Audited {
            home: "350582".parse().unwrap(),
            number,
            previous: Digest::new([7; 32]),
            entry: Entry {
                at_ms: 1_791_421_200_000,
                who: Who::Office("spiffe://a.test/area/350582/office/desk".into()),
                role: "clerk".into(),
                from: "127.0.0.1:9".into(),
                act: Act::NoticeRead,
                on: vec![On::Notice(NoticeId::new([1; 8], 3))],
                purpose: Purpose::Duty,
                came: Came::Done,
                counts: Counts::of(1),
            },
        }
    }

    fn every_form() -> Vec<Audited> {
        let mut by_hand = audited(2);
        by_hand.entry.who = Who::ByHand("root".into());
        by_hand.entry.act = Act::SigningKeyRotated;
        by_hand.entry.on = vec![
            On::Agreement("350582-530111".parse().unwrap(), Some(2)),
            On::Agreement("350582-530111".parse().unwrap(), None),
            On::Case(NoticeId::new([2; 8], 5)),
            On::Consumer("desk".into()),
            On::Office("spiffe://a.test/area/350582/office/desk".into()),
            On::Peer("530111".parse().unwrap()),
            On::Feed("350582".parse().unwrap(), 7, 9),
        ];
        by_hand.entry.purpose = Purpose::Masked;
        let mut refused = audited(3);
        refused.entry.who = Who::Node;
        refused.entry.purpose = Purpose::Reason("投诉核查".parse().unwrap());
        refused.entry.came = Came::Refused("role_needed".into());
        refused.entry.counts = Counts {
            done: 1,
            repeated: 2,
            refused: 3,
        };
        let mut plain = audited(4);
        plain.entry.on.clear();
        plain.entry.purpose = Purpose::None;
        vec![audited(1), by_hand, refused, plain]
    }

    #[test]
    fn every_form_is_read_as_it_was_written_and_nothing_else_is_read() {
        for audited in every_form() {
            let bytes = audited.bytes();
            assert_eq!(Audited::read(&bytes), Some(audited.clone()));
            assert_eq!(Audited::read(&[&bytes[..], b"1"].concat()), None);
            assert_eq!(Audited::read(&bytes[..bytes.len() - 1]), None);
            let (mut header, mut payload) = (Put::default(), Put::default());
            let record = Record::Audited(audited);
            let kind = record.put_header(&mut header);
            record.put_payload(&mut payload);
            assert_eq!([header.0.as_slice(), &payload.0].concat(), bytes);
            assert!(
                Record::from_parts(kind, &header.0, Payload::clear(payload.0.into())).unwrap()
                    == record
            );
        }
    }

    #[test]
    fn no_two_acts_have_one_digest() {
        let digests: HashSet<Digest> = every_form().iter().map(Audited::digest).collect();
        assert_eq!(digests.len(), every_form().len());
    }

    #[test]
    fn the_layout_of_a_record_is_golden() {
        let bytes = HEXLOWER.encode(&audited(1).bytes());
        assert_eq!(bytes, GOLDEN.replace('\n', ""));
    }

    const GOLDEN: &str = "\
333530353832\
0000000000000001\
0707070707070707070707070707070707070707070707070707070707070707\
000001a119063680\
0001\
01\
01000000277370696666653a2f2f612e746573742f617265612f3335303538322f6f66666963652f6465736b\
00000005636c65726b\
0000000b3132372e302e302e313a39\
01\
00000000\
000000000000000100000000000000000000000000000000\
0001\
0401010101010181018000000000000003";
}
