//! What a receiving node answers for each place of a channel.

use super::{
    channel::{Channel, Digest, Sequence},
    refusal::Refusal,
};

/// The final answer for one place: its sequence is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The peer's node has it.
    Stored,
    /// The place was void, and the peer never had the notice.
    Voided,
    /// The notice is refused for good; the office mends it and publishes anew.
    Refused(Refusal),
}

/// Why a place goes out as a void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoidReason {
    /// Its business deadline passed.
    Expired,
    /// Its office took it back.
    Withdrawn,
    /// It waits for an agreement and comes again behind the others.
    OnHold,
}

impl VoidReason {
    /// Its number in stored records and signed forms.
    pub const fn number(self) -> u8 {
        match self {
            Self::Expired => 1,
            Self::Withdrawn => 2,
            Self::OnHold => 3,
        }
    }

    /// The reason of that number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Expired),
            2 => Some(Self::Withdrawn),
            3 => Some(Self::OnHold),
            _ => None,
        }
    }
}

/// An answer for a run of consecutive places, before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The channel.
    pub channel: Channel,
    /// First place answered.
    pub first: Sequence,
    /// The final outcomes, from `first` on. Empty if the first place got none.
    pub outcomes: Vec<Outcome>,
    /// Head of the chain at the last place answered.
    pub head: Digest,
    /// Highest place that the receiver holds.
    pub held: Sequence,
}

impl Receipt {
    /// Last place answered; the one before `first` if none is.
    pub fn last(&self) -> Sequence {
        Sequence::new(
            self.first
                .get()
                .saturating_sub(1)
                .saturating_add(self.outcomes.len() as u64),
        )
    }
}
