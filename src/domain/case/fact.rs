//! What a notice says to its case.

use std::fmt;

use jiff::civil::Date;

use crate::domain::{
    area::AreaCode,
    channel::{Channel, Sequence},
    notice::{CloseReason, NoticeId, Outcome},
};

/// A notice as its case sees it: what both nodes know of it alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its id.
    pub id: NoticeId,
    /// Its channel.
    pub channel: Channel,
    /// Its place there.
    pub sequence: Sequence,
    /// The highest place of the opposite channel that its node had stored when it was published.
    pub opposite: Sequence,
    /// When its node accepted it, by the bytes that were signed: milliseconds since
    /// 1970-01-01T00:00:00Z.
    pub published_at_ms: i64,
    /// The notice that it answers or speaks of.
    pub speaks_of: Option<NoticeId>,
    /// What it says.
    pub says: Says,
}

impl Fact {
    /// Whether the node that published this one had stored the other by then.
    pub fn saw(&self, other: &Self) -> bool {
        if self.channel == other.channel {
            other.sequence < self.sequence
        } else {
            other.channel == self.channel.opposite() && other.sequence <= self.opposite
        }
    }
}

/// What a notice says, as far as it moves a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// A departure or an arrival.
    Movement(Move),
    /// A question about a person, by itself or within a case.
    Verification {
        /// The person.
        person: PersonKey,
        /// By when it is owed what.
        due: Due,
    },
    /// A question within a case: a continuity request, a certificate query.
    Question(Due),
    /// The answer to such a question: a continuity transfer, a certificate result.
    Reply,
    /// The answer to a departure, an arrival or a verification.
    Feedback(Outcome),
    /// What a departure or an arrival should have said.
    Correction(Move),
    /// A departure or an arrival that should not have been.
    Withdrawal,
    /// The person's request that everything of a notice be forgotten.
    Erasure,
    /// She came home, moved on, or is no longer this case's.
    Ending(CloseReason),
    /// A desk of the receiving side took it up.
    TakenUp,
    /// What changes nothing: a message, a service record, a reminder.
    Note,
}

/// A departure or an arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Which of the two.
    pub role: Role,
    /// The woman.
    pub person: PersonKey,
    /// Where she is registered: county, township or village.
    pub origin_area: AreaCode,
    /// Where she lives now.
    pub destination_area: AreaCode,
    /// Whether an answer is urgent: she is expecting, has a newborn child, or care is due.
    pub urgent: bool,
    /// By when it is owed what.
    pub due: Due,
}

/// Which side tells of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The origin area: she left.
    Departure,
    /// The destination area: she lives here.
    Arrival,
}

/// The last days in time, by the agreement that the notice names. None where nothing is owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// For a desk to take it up.
    pub take_up: Option<Date>,
    /// For the answer.
    pub answer: Option<Date>,
}

/// A keyed digest of an identity number: equal for one number within a node, and of no use
/// without its key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonKey([u8; 16]);

impl PersonKey {
    /// The key of those bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKey(..)")
    }
}
