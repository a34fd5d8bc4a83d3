//! The life of one version of an agreement.
//!
//! Each side says what it wants in numbered [`Statement`]s; a [`Standing`] holds those of both
//! sides, and what follows from them depends on no order of arrival between the two: whatever each
//! node heard first, both come to the same [`Record`]. The rest is the calendar's: [`state_on`]
//! says from a record and a day where the version stands.

mod record;
mod standing;
mod statement;

pub(super) use record::records;
pub use record::{Record, Suspension, Yes, state_on};
pub use standing::{Added, NotAdded, Standing};
pub use statement::{NotAStatement, Reason, Says, Statement, What};

/// Where one version of an agreement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// A text: neither side has said yes to it.
    Draft,
    /// One side has said yes.
    Proposed,
    /// Both have; its first day is still to come.
    Accepted,
    /// It lets notices through.
    InForce,
    /// A side has suspended it as a whole; its notices wait.
    Suspended,
    /// A side has ended it.
    Ended,
    /// Its last day has passed.
    Expired,
    /// A newer version is in force, or was.
    Superseded,
}

/// What happens to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// One side says yes.
    Proposed,
    /// So does the other.
    Accepted,
    /// Its first day comes.
    Began,
    /// A side suspends it as a whole.
    Suspended,
    /// The last side that had suspended it resumes it.
    Resumed,
    /// The day comes from which a side ended it, or a side takes its proposal back.
    Ended,
    /// Its last day has passed.
    Expired,
    /// A newer version comes into force.
    Superseded,
}

/// An event that cannot happen in that state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an agreement that is {} cannot be {}", .state.name(), .event.name())]
pub struct NotFrom {
    /// The state.
    pub state: State,
    /// What should have happened.
    pub event: Event,
}

impl State {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 8] = [
        Self::Draft,
        Self::Proposed,
        Self::Accepted,
        Self::InForce,
        Self::Suspended,
        Self::Ended,
        Self::Expired,
        Self::Superseded,
    ];

    /// The state after an event.
    ///
    /// # Errors
    /// [`NotFrom`] for an event that cannot happen here; what is ended, expired or superseded
    /// stays so.
    pub const fn step(self, event: Event) -> Result<Self, NotFrom> {
        match (self, event) {
            (Self::Draft, Event::Proposed) => Ok(Self::Proposed),
            (Self::Proposed, Event::Accepted) => Ok(Self::Accepted),
            (Self::Accepted, Event::Began) | (Self::Suspended, Event::Resumed) => Ok(Self::InForce),
            (Self::InForce, Event::Suspended) => Ok(Self::Suspended),
            (Self::Proposed | Self::Accepted | Self::InForce | Self::Suspended, Event::Ended) => {
                Ok(Self::Ended)
            }
            (Self::Proposed | Self::InForce | Self::Suspended, Event::Expired) => Ok(Self::Expired),
            (
                Self::Proposed | Self::Accepted | Self::InForce | Self::Suspended,
                Event::Superseded,
            ) => Ok(Self::Superseded),
            (state, event) => Err(NotFrom { state, event }),
        }
    }

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Proposed => "proposed",
            Self::Accepted => "accepted",
            Self::InForce => "in_force",
            Self::Suspended => "suspended",
            Self::Ended => "ended",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
        }
    }
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Proposed,
        Self::Accepted,
        Self::Began,
        Self::Suspended,
        Self::Resumed,
        Self::Ended,
        Self::Expired,
        Self::Superseded,
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Accepted => "accepted",
            Self::Began => "begun",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
            Self::Ended => "ended",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
        }
    }
}

#[cfg(test)]
mod tests;
