//! The shared state of a case, as one enum with one pure step.

use crate::domain::{
    area::AreaCode,
    notice::{CloseReason, Outcome},
};

/// Where a case stands between its two areas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Told, and not answered.
    Opened,
    /// Answered with something that leaves it open: not found, not ours, more is needed …
    Answered(Outcome),
    /// Both sides know that she lives there.
    Active,
    /// What was answered has been corrected since: it is to be answered anew.
    ReconfirmationRequired,
    /// She went to that area: what follows is another case.
    MovedOn(AreaCode),
    /// Whoever told it took it back.
    Withdrawn,
    /// Done.
    Closed(CloseReason),
}

/// What happens to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The other side tells of the same move by itself.
    Met,
    /// The same side tells of it again.
    ToldAgain,
    /// An answer came to what was told.
    Found(Outcome),
    /// What was told has been corrected.
    Corrected,
    /// What met it has been taken back, and it has no other answer.
    Parted,
    /// Nothing that was told of it stands any more.
    TakenBack,
    /// One side ended it.
    Ended(CloseReason),
}

impl State {
    /// The stable names of all of them.
    pub const NAMES: [&'static str; 7] = [
        "opened",
        "answered",
        "active",
        "reconfirmation_required",
        "moved_on",
        "withdrawn",
        "closed",
    ];

    /// The state after an event. An ended case stays as it is: what comes late is kept in its
    /// history and changes nothing.
    #[must_use]
    pub fn step(self, event: Event) -> Self {
        if self.is_ended() {
            return self;
        }
        match event {
            Event::Met => Self::Active,
            Event::ToldAgain => match self {
                // Told anew after a no, it waits for an answer again.
                Self::Answered(_) => Self::Opened,
                state => state,
            },
            Event::Found(outcome) => match outcome {
                Outcome::Confirmed | Outcome::Corrected => Self::Active,
                Outcome::MovedOn(area) => Self::MovedOn(area),
                Outcome::NotFound
                | Outcome::NotOurs
                | Outcome::DuplicateOf(_)
                | Outcome::NeedsInformation
                | Outcome::ConsentWithdrawn => Self::Answered(outcome),
            },
            Event::Corrected => match self {
                // Nobody has relied on it yet; or it brings what was asked for.
                Self::Opened | Self::Answered(Outcome::NeedsInformation) => Self::Opened,
                _ => Self::ReconfirmationRequired,
            },
            Event::Parted => Self::Opened,
            Event::TakenBack => Self::Withdrawn,
            Event::Ended(CloseReason::MovedOn(area)) => Self::MovedOn(area),
            Event::Ended(reason) => Self::Closed(reason),
        }
    }

    /// Whether nothing changes it any more.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::MovedOn(_) | Self::Withdrawn | Self::Closed(_))
    }

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Answered(_) => "answered",
            Self::Active => "active",
            Self::ReconfirmationRequired => "reconfirmation_required",
            Self::MovedOn(_) => "moved_on",
            Self::Withdrawn => "withdrawn",
            Self::Closed(_) => "closed",
        }
    }
}
