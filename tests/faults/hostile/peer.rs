//! A paired node with its real keys that says what it likes.

use std::{fs, time::SystemTime};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};

use crate::{
    frames::message,
    grpc::{Connection, Status},
    harness::{County, resident},
    protobuf::{bytes, bytes_in, number, number_in},
};

use super::contents::{DEPARTURE, content, kind, names_a_notice};

/// Any head of its own journal: nobody else can say whether it is one.
pub(super) const JOURNAL: [u8; 40] = [7; 40];

pub(super) const DELIVER: &str = "/hongyan.exchange.v1.Exchange/Deliver";
pub(super) const PROBE: &str = "/hongyan.exchange.v1.Exchange/Probe";
pub(super) const SHOW_HOLDINGS: &str = "/hongyan.exchange.v1.Exchange/ShowHoldings";

/// How far a node holds a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) sequence: u64,
    pub(super) head: [u8; 32],
}

impl Held {
    /// With one more notice behind it.
    pub(super) fn with(self, notice: &[u8]) -> Self {
        Self {
            sequence: self.sequence + 1,
            head: sha256(&[&self.head, &notice_digest(notice)]),
        }
    }
}

/// What a node answered on a stream.
pub(super) struct Heard {
    /// What it held when the stream opened; none if it did not open it.
    pub(super) held: Option<Held>,
    pub(super) status: Status,
}

/// The channel from the peer to the node under attack, and the peer's keys.
pub(super) struct Peer {
    from: String,
    to: String,
    connection: Connection,
    key: EcdsaKeyPair,
    drawn: u64,
    now_ms: u64,
}

impl Peer {
    /// Speaks as that county, to that county.
    pub(super) fn of(county: &County, to: &County) -> Self {
        Self {
            from: county.area.clone(),
            to: to.area.clone(),
            connection: Connection::connect(to.exchange, &county.caller()),
            key: signing_key(county),
            drawn: 0,
            now_ms: now_ms(),
        }
    }

    fn channel(&self) -> Vec<u8> {
        self.channel_to(&self.to)
    }

    fn channel_to(&self, to: &str) -> Vec<u8> {
        [bytes(1, &self.from), bytes(2, to), number(3, 1)].concat()
    }

    /// The opening of a channel to that area, of which nothing is held yet.
    pub(super) fn opening_to(&self, to: &str) -> Vec<u8> {
        let opening = [
            bytes(1, self.channel_to(to)),
            number(2, 0),
            bytes(3, [0; 32]),
        ];
        bytes(1, opening.concat())
    }

    /// A `SenderOpening` of one who holds just as much.
    pub(super) fn opening(&self, held: Held) -> Vec<u8> {
        let opening = [
            bytes(1, self.channel()),
            number(2, held.sequence),
            bytes(3, held.head),
        ];
        bytes(1, opening.concat())
    }

    /// A departure that no other is like, and that may be taken.
    pub(super) fn notice(&mut self) -> Vec<u8> {
        self.notice_of(DEPARTURE, None)
    }

    /// A well-formed notice of another kind each time, about a notice that nobody knows.
    pub(super) fn notice_of_any_kind(&mut self) -> Vec<u8> {
        let kind = kind(self.drawn);
        self.notice_of(kind, names_a_notice(kind).then_some([0x80; 16]))
    }

    /// A well-formed notice of that kind that no other is like, about that notice.
    pub(super) fn notice_of(&mut self, kind: u64, answers: Option<[u8; 16]>) -> Vec<u8> {
        self.drawn += 1;
        // Bytes that no message begins with: only what is a message is spoilt from within.
        let mut id = [0x0f; 16];
        id[1..6].copy_from_slice(&self.now_ms.to_be_bytes()[3..]);
        id[6] = 0x80;
        id[8..].copy_from_slice(&self.drawn.to_be_bytes());
        id[8] = 0x80;
        let subject = [
            bytes(1, "测试甲"),
            bytes(2, resident(u32::try_from(self.drawn).unwrap())),
            bytes(4, "21"),
            bytes(5, "19900000000"),
        ];
        let ends = [format!("{}001000", self.from), format!("{}104000", self.to)];
        let ends = ends.each_ref().map(String::as_str);
        let agreement = [bytes(1, self.agreement()), number(2, 1)];
        [
            bytes(1, id),
            bytes(3, &self.from),
            bytes(4, &self.to),
            answers.map_or_else(Vec::new, |id| bytes(6, id)),
            bytes(7, agreement.concat()),
            bytes(8, "mobility_service"),
            number(9, self.now_ms),
            number(10, self.now_ms + 30 * 86_400_000),
            number(11, 1),
            bytes(12, [0x0f; 16]),
            content(kind, &subject.concat(), ends),
        ]
        .concat()
    }

    /// The agreement of the pair: the side that invited comes first.
    fn agreement(&self) -> String {
        format!("{}-{}", self.to, self.from)
    }

    /// The canonical form of a parcel with that notice behind what is held.
    pub(super) fn form(&self, held: Held, notice: &[u8]) -> Vec<u8> {
        self.form_of(held, &[notice])
    }

    fn form_of(&self, held: Held, notices: &[&[u8]]) -> Vec<u8> {
        let behind = notices.iter().fold(held, |held, notice| held.with(notice));
        let mut form = b"hongyan parcel v2\0".to_vec();
        form.extend(self.header());
        form.extend((held.sequence + 1).to_be_bytes());
        form.extend(u32::try_from(notices.len()).unwrap().to_be_bytes());
        form.extend(held.head);
        form.extend(behind.head);
        form.extend(self.now_ms.to_be_bytes());
        form.extend(0_u32.to_be_bytes());
        form.extend(JOURNAL);
        form
    }

    fn header(&self) -> Vec<u8> {
        header(&self.key, &self.from, &self.to)
    }

    /// A `Signed` of that form.
    pub(super) fn sign(&self, form: &[u8]) -> Vec<u8> {
        sign(&self.key, form)
    }

    /// A parcel with that notice, under that signature.
    pub(super) fn parcel(signed: &[u8], notice: &[u8]) -> Vec<u8> {
        Self::parcel_of(signed, &[notice])
    }

    fn parcel_of(signed: &[u8], notices: &[&[u8]]) -> Vec<u8> {
        let items = notices.iter().flat_map(|notice| bytes(2, bytes(1, notice)));
        bytes(
            2,
            bytes(1, signed)
                .into_iter()
                .chain(items)
                .collect::<Vec<u8>>(),
        )
    }

    /// A parcel as it should be.
    pub(super) fn proper(&self, held: Held, notice: &[u8]) -> Vec<u8> {
        Self::parcel(&self.sign(&self.form(held, notice)), notice)
    }

    /// The same of several notices.
    pub(super) fn proper_of(&self, held: Held, notices: &[&[u8]]) -> Vec<u8> {
        Self::parcel_of(&self.sign(&self.form_of(held, notices)), notices)
    }

    /// Opens a stream, says that, and hears it to its end.
    pub(super) fn deliver(&mut self, opening: &[u8], said: &[u8]) -> Heard {
        let mut dialogue = self.connection.begin(DELIVER);
        dialogue.say(&message(opening), false);
        let held = dialogue.hear().map(|answer| {
            let opening = bytes_in(&answer, 1).expect("an opening");
            let head = bytes_in(&opening, 2).unwrap();
            Held {
                sequence: number_in(&opening, 1),
                head: head.try_into().unwrap(),
            }
        });
        dialogue.say(said, true);
        let (_, status) = dialogue.end();
        Heard { held, status }
    }

    /// What the node holds of the channel now.
    pub(super) fn held(&mut self) -> Held {
        let nothing = Held {
            sequence: u64::MAX >> 1,
            head: [0; 32],
        };
        let heard = self.deliver(&self.opening(nothing), &[]);
        heard.held.unwrap_or_else(|| panic!("{:?}", heard.status))
    }

    /// One call that is no stream.
    pub(super) fn call(&mut self, path: &str, said: &[u8]) -> Status {
        self.connection.call(path, said).1
    }

    /// A `ProbeRequest`, with everything that may stand in it.
    pub(super) fn probe(&self, held: Held) -> Vec<u8> {
        let agreement = [bytes(1, self.agreement()), number(2, 1), bytes(3, [7; 32])];
        let channel = [
            bytes(1, self.channel()),
            number(2, held.sequence),
            bytes(3, held.head),
        ];
        [
            number(1, 1),
            number(2, self.now_ms),
            bytes(3, agreement.concat()),
            bytes(4, channel.concat()),
        ]
        .concat()
    }

    /// A `ShowHoldingsRequest`.
    pub(super) fn holdings_request(&self, after: u64) -> Vec<u8> {
        [bytes(1, self.channel()), number(2, after)].concat()
    }

    /// Digest and outcome of every place behind `after`, as the node shows them.
    pub(super) fn holdings(&mut self, mut after: u64) -> Vec<([u8; 32], String)> {
        let mut shown = Vec::new();
        loop {
            let request = self.holdings_request(after);
            let (answers, status) = self.connection.ask(SHOW_HOLDINGS, &request);
            assert_eq!(status.code, 0, "{status:?}");
            let fields = crate::protobuf::fields(&answers[0]).unwrap();
            for field in fields {
                let (1, crate::protobuf::Value::Bytes(place)) = (field.number, field.value) else {
                    continue;
                };
                after = number_in(&place, 1);
                let outcome = bytes_in(&place, 4).unwrap();
                let digest = bytes_in(&place, 2).unwrap().try_into().unwrap();
                shown.push((digest, String::from_utf8(outcome).unwrap()));
            }
            if after >= number_in(&answers[0], 2) {
                return shown;
            }
        }
    }
}

/// What a signed form says of key, trust domain and channel.
pub(super) fn header(key: &EcdsaKeyPair, from: &str, to: &str) -> Vec<u8> {
    let mut spki = SPKI_PREFIX.to_vec();
    spki.extend(key.public_key().as_ref());
    let domain = b"hongyan.test";
    let mut header = vec![1];
    header.extend(sha256(&[&spki]));
    header.extend(u16::try_from(domain.len()).unwrap().to_be_bytes());
    header.extend(domain);
    header.extend(from.bytes());
    header.extend(to.bytes());
    header.push(1);
    header
}

/// A `Signed` of that form.
pub(super) fn sign(key: &EcdsaKeyPair, form: &[u8]) -> Vec<u8> {
    let signature = key.sign(&SystemRandom::new(), form).unwrap();
    [bytes(1, form), bytes(2, signature.as_ref())].concat()
}

/// The key with which a county signs.
pub(super) fn signing_key(county: &County) -> EcdsaKeyPair {
    let pem = fs::read(county.dir.join("keys/signing.key")).unwrap();
    let der = PrivatePkcs8KeyDer::from_pem_slice(&pem).unwrap();
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    EcdsaKeyPair::from_pkcs8(algorithm, der.secret_pkcs8_der()).unwrap()
}

pub(super) fn notice_digest(notice: &[u8]) -> [u8; 32] {
    sha256(&[b"hongyan notice v1\0", notice])
}

pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    digest(&SHA256, &parts.concat())
        .as_ref()
        .try_into()
        .unwrap()
}

pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap().as_millis()).unwrap()
}

/// What stands before the point in the SubjectPublicKeyInfo of every P-256 key.
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
