//! The delivery of a notice, as one enum with one pure step.

use super::{
    receipt::{Outcome, VoidReason},
    refusal::Refusal,
};

/// Where a notice stands between its node and its peer's. The three answers *stored* (the peer's
/// node has it), *taken up* and *answered* (its office acts) are different things; this is the
/// first alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Waits for its turn on the channel.
    Queued,
    /// Sent; no answer yet.
    InFlight,
    /// The peer's node has it.
    Stored,
    /// The peer refused it for good.
    Refused(Refusal),
    /// Its business deadline passed first.
    Expired(Confirmation),
    /// Its office took it back first.
    Withdrawn(Confirmation),
}

/// Whether the peer has answered for the place of a notice that ended here first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// Not yet: the peer may have it after all, and its answer decides.
    Unconfirmed,
    /// The peer never had it.
    Confirmed,
}

/// What happens to a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A courier sent it.
    Sent,
    /// The link failed before an answer.
    LinkFailed,
    /// The peer gave its final answer for the place.
    Answered(Outcome),
    /// It ended here.
    Ended(VoidReason),
}

/// An event that the state does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a notice that has its answer, or was never sent, cannot take this event")]
pub struct Illegal;

impl Delivery {
    /// The state after an event. A notice on hold stays [`Delivery::Queued`]: it will come again.
    ///
    /// # Errors
    /// [`Illegal`] for an event that this state cannot meet; a final answer never changes.
    pub fn step(self, event: Event) -> Result<Self, Illegal> {
        match (self, event) {
            (Self::Queued, Event::Sent) => Ok(Self::InFlight),
            (Self::InFlight, Event::Sent) => Ok(Self::InFlight),
            (Self::Queued | Self::InFlight, Event::LinkFailed) => Ok(Self::Queued),
            (Self::Queued | Self::InFlight, Event::Ended(reason)) => Ok(match reason {
                VoidReason::Expired => Self::Expired(Confirmation::Unconfirmed),
                VoidReason::Withdrawn => Self::Withdrawn(Confirmation::Unconfirmed),
                VoidReason::OnHold => Self::Queued,
            }),
            (Self::Queued | Self::InFlight, Event::Answered(outcome)) => match outcome {
                Outcome::Stored => Ok(Self::Stored),
                Outcome::Refused(refusal) => Ok(Self::Refused(refusal)),
                Outcome::Voided => Err(Illegal),
            },
            (
                state @ (Self::Expired(Confirmation::Unconfirmed)
                | Self::Withdrawn(Confirmation::Unconfirmed)),
                event,
            ) => match event {
                Event::Sent | Event::LinkFailed => Ok(state),
                Event::Answered(Outcome::Stored) => Ok(Self::Stored),
                Event::Answered(Outcome::Refused(refusal)) => Ok(Self::Refused(refusal)),
                Event::Answered(Outcome::Voided) => Ok(match state {
                    Self::Withdrawn(_) => Self::Withdrawn(Confirmation::Confirmed),
                    _ => Self::Expired(Confirmation::Confirmed),
                }),
                Event::Ended(_) => Err(Illegal),
            },
            _ => Err(Illegal),
        }
    }

    /// True if it ended without the peer's having stored it, as far as is known here.
    pub const fn has_ended(&self) -> bool {
        match self {
            Self::Queued | Self::InFlight | Self::Stored => false,
            Self::Refused(_) | Self::Expired(_) | Self::Withdrawn(_) => true,
        }
    }

    /// Its stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InFlight => "in_flight",
            Self::Stored => "stored",
            Self::Refused(_) => "refused",
            Self::Expired(_) => "expired",
            Self::Withdrawn(_) => "withdrawn",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::problem::Code;

    fn refused() -> Refusal {
        Refusal::whole(Code::Malformed)
    }

    #[test]
    fn a_link_that_fails_queues_the_notice_again() {
        let sent = Delivery::Queued.step(Event::Sent).unwrap();
        assert_eq!(sent, Delivery::InFlight);
        assert_eq!(sent.step(Event::LinkFailed), Ok(Delivery::Queued));
    }

    #[test]
    fn an_end_here_is_unconfirmed_until_the_peer_answers_and_the_answer_decides() {
        let ended = Delivery::InFlight
            .step(Event::Ended(VoidReason::Expired))
            .unwrap();
        assert_eq!(ended, Delivery::Expired(Confirmation::Unconfirmed));
        for (answer, expected) in [
            (Outcome::Stored, Delivery::Stored),
            (Outcome::Refused(refused()), Delivery::Refused(refused())),
            (Outcome::Voided, Delivery::Expired(Confirmation::Confirmed)),
        ] {
            assert_eq!(ended.clone().step(Event::Answered(answer)), Ok(expected));
        }
    }

    #[test]
    fn a_final_answer_never_changes() {
        for state in [
            Delivery::Stored,
            Delivery::Refused(refused()),
            Delivery::Expired(Confirmation::Confirmed),
            Delivery::Withdrawn(Confirmation::Confirmed),
        ] {
            for event in [
                Event::Sent,
                Event::LinkFailed,
                Event::Answered(Outcome::Stored),
                Event::Ended(VoidReason::Withdrawn),
            ] {
                assert_eq!(state.clone().step(event), Err(Illegal));
            }
        }
    }

    #[test]
    fn a_notice_that_was_not_voided_cannot_be_answered_voided() {
        assert_eq!(
            Delivery::InFlight.step(Event::Answered(Outcome::Voided)),
            Err(Illegal)
        );
    }
}
