//! Notices: what they are called, and what they say.

use std::{fmt, str::FromStr};

use jiff::civil::Date;
use uuid::Uuid;

use super::{area::AreaCode, resident::ResidentNumber};

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

/// The kinds of notices that this version speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A woman left for your area.
    Departure,
    /// A woman from your area lives here.
    Arrival,
    /// The answer to a notice.
    Feedback,
    /// A note between two offices.
    Message,
}

impl Kind {
    /// All of them, in the order of the field's table.
    pub const ALL: [Self; 4] = [
        Self::Departure,
        Self::Arrival,
        Self::Feedback,
        Self::Message,
    ];

    /// Its stable name, as in agreements, commands and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Departure => "departure",
            Self::Arrival => "arrival",
            Self::Feedback => "feedback",
            Self::Message => "message",
        }
    }

    /// Its number in stored records.
    pub const fn number(self) -> u8 {
        match self {
            Self::Departure => 1,
            Self::Arrival => 2,
            Self::Feedback => 3,
            Self::Message => 4,
        }
    }

    /// The kind of that number in a stored record.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// True if the other side owes an answer to it.
    pub const fn is_answered(self) -> bool {
        match self {
            Self::Departure | Self::Arrival => true,
            Self::Feedback | Self::Message => false,
        }
    }

    /// True if such a notice speaks of an earlier one.
    pub const fn names_a_notice(self) -> bool {
        match self {
            Self::Departure | Self::Arrival => false,
            Self::Feedback | Self::Message => true,
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or(UnknownKind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// No kind of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such kind of notice; there are departure, arrival, feedback and message")]
pub struct UnknownKind;

/// What a notice says. It has no `Debug` that prints a person.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// She left the sending area.
    Departure(Movement),
    /// She lives in the sending area.
    Arrival(Movement),
    /// The answer to a notice.
    Feedback(Feedback),
    /// A note.
    Message(Message),
}

impl Content {
    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Departure(_) => Kind::Departure,
            Self::Arrival(_) => Kind::Arrival,
            Self::Feedback(_) => Kind::Feedback,
            Self::Message(_) => Kind::Message,
        }
    }
}

/// A move between two areas.
#[derive(Clone, PartialEq, Eq)]
pub struct Movement {
    /// The person.
    pub subject: Person,
    /// Where she is registered (户籍地).
    pub origin_area: AreaCode,
    /// Where she lives now (现居住地).
    pub destination_area: AreaCode,
    /// Where her service record is kept (管理地), if that is neither.
    pub managing_area: Option<AreaCode>,
    /// Address in the destination area.
    pub destination_address: Option<String>,
    /// Day of the move.
    pub event_date: Date,
    /// Day up to which she is expected to stay.
    pub expected_until: Option<Date>,
    /// The entitlement certificate (婚育证明).
    pub certificate: Certificate,
    /// Sensitive care facts.
    pub care: Care,
}

/// The person whom a notice is about.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Name as registered.
    pub name: String,
    /// Identity number.
    pub resident_id: ResidentNumber,
    /// Why a number that fails only its check digit was let through.
    pub resident_id_verified: Option<String>,
    /// Marital status.
    pub marital_status: MaritalStatus,
    /// Telephone number in digits.
    pub phone: Option<String>,
}

/// Marital status within scope, GB/T 2261.2. Statuses out of scope have no value here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaritalStatus {
    /// 20 married 已婚
    Married,
    /// 21 first marriage 初婚
    FirstMarriage,
    /// 22 remarried 再婚
    Remarried,
    /// 23 remarried to the former spouse 复婚
    RemarriedToFormer,
}

impl MaritalStatus {
    /// Its code in GB/T 2261.2.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Married => "20",
            Self::FirstMarriage => "21",
            Self::Remarried => "22",
            Self::RemarriedToFormer => "23",
        }
    }
}

/// An entitlement certificate. All absent: none is told of.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Certificate {
    /// Number.
    pub number: Option<String>,
    /// State as the issuing office names it.
    pub status: Option<String>,
    /// Last day of validity.
    pub valid_until: Option<Date>,
}

/// Sensitive care facts. All absent: none travels.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Care {
    /// Expected day of delivery.
    pub expected_delivery_date: Option<Date>,
    /// Day of the last antenatal check.
    pub last_check_on: Option<Date>,
    /// Day on which the next antenatal check is due.
    pub next_check_on: Option<Date>,
    /// Institution that gives the care.
    pub provider: Option<String>,
    /// Class of the contraception method, three characters.
    pub method_class: Option<String>,
    /// Day on which the next free supply is due.
    pub next_supply_on: Option<Date>,
    /// Day on which the child's next vaccination is due.
    pub vaccination_due_on: Option<Date>,
}

/// A separate consent of the person.
#[derive(Clone, PartialEq, Eq)]
pub struct Consent {
    /// Day on which she gave it.
    pub date: Date,
    /// Reference of the record at the office that took it.
    pub reference: String,
}

/// The answer to a notice.
#[derive(Clone, PartialEq, Eq)]
pub struct Feedback {
    /// What was found.
    pub outcome: Outcome,
    /// Day on which it was found.
    pub event_date: Date,
    /// Free text.
    pub note: Option<String>,
}

/// What the answering office found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As told.
    Confirmed,
    /// Found; details were mended.
    Corrected,
    /// Nobody like this.
    NotFound,
    /// The place is not of the receiving area.
    NotOurs,
    /// She moved on to that area.
    MovedOn(AreaCode),
    /// The same as that notice.
    DuplicateOf(NoticeId),
    /// More is needed.
    NeedsInformation,
    /// She withdrew her consent.
    ConsentWithdrawn,
}

impl Outcome {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Corrected => "corrected",
            Self::NotFound => "not_found",
            Self::NotOurs => "not_ours",
            Self::MovedOn(_) => "moved_on",
            Self::DuplicateOf(_) => "duplicate_of",
            Self::NeedsInformation => "needs_information",
            Self::ConsentWithdrawn => "consent_withdrawn",
        }
    }
}

/// A note between two offices.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Up to 2,000 characters.
    pub text: String,
}

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

    #[test]
    fn kinds_round_trip() {
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(Kind::from_number(kind.number()), Some(kind));
        }
        assert_eq!("return".parse::<Kind>(), Err(UnknownKind));
    }
}
