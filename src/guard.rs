//! Guards that the fault harness leaves out, one at a time, to see that its rows notice.
//!
//! A row of `tests/faults` that passes proves something only if it fails against a node that is
//! deliberately broken. The broken node is a program of its own, `hongyan-broken`, built with the
//! feature `broken`; it names the guard to leave out before it starts. Without the feature every
//! guard is the constant `true`, and there is nothing that a setting, an argument or a variable
//! could switch off.

/// A guard that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// An acknowledgement is journaled.
    Acknowledged,
    /// A courier waits for its own peer only.
    Apart,
    /// What an office does is on record before it is answered.
    Audit,
    /// Nothing panics over a draft.
    Calm,
    /// What is read from the journal must match its checksum.
    Checksum,
    /// What cannot be undone waits until the clock has said so for an hour.
    Deadline,
    /// What both sides hold is compared when a stream opens.
    Divergence,
    /// A certificate proves nothing before its first day and after its last.
    Expiry,
    /// Headers have a bound.
    Limits,
    /// What may have been handed over before is marked.
    Mark,
    /// A place or an id that is known is answered from the record.
    Once,
    /// A write or sync that failed is not answered as if it had not.
    Poison,
    /// No line of the log prints what an office wrote.
    Quiet,
    /// The journal must reach as far as the index reflects it.
    Reflection,
    /// A certificate that its authority took back proves nothing.
    Revocation,
    /// What tells of a person is sealed before it is written.
    Sealing,
    /// Who signs must have signed these very bytes.
    Signature,
    /// A group is synced before anyone is answered.
    Sync,
    /// A peer that calls wakes the couriers that wait for it.
    Wake,
    /// A group is written before anyone is answered.
    Written,
}

#[cfg(feature = "broken")]
impl Guard {
    const ALL: &[Self] = &[
        Self::Acknowledged,
        Self::Apart,
        Self::Audit,
        Self::Calm,
        Self::Checksum,
        Self::Deadline,
        Self::Divergence,
        Self::Expiry,
        Self::Limits,
        Self::Mark,
        Self::Once,
        Self::Poison,
        Self::Quiet,
        Self::Reflection,
        Self::Revocation,
        Self::Sealing,
        Self::Signature,
        Self::Sync,
        Self::Wake,
        Self::Written,
    ];

    /// Its name in small letters.
    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

#[cfg(feature = "broken")]
static LEFT_OUT: std::sync::OnceLock<Guard> = std::sync::OnceLock::new();

/// Leaves out the guard of that name for as long as the process runs; returns whether there is one
/// and none was left out before.
#[cfg(feature = "broken")]
pub fn leave_out(name: &str) -> bool {
    Guard::ALL
        .iter()
        .copied()
        .find(|guard| guard.name() == name)
        .is_some_and(|guard| LEFT_OUT.set(guard).is_ok())
}

impl Guard {
    /// Whether the guard is there.
    #[cfg(not(feature = "broken"))]
    pub(crate) const fn holds(self) -> bool {
        true
    }

    /// Whether the guard is there.
    #[cfg(feature = "broken")]
    pub(crate) fn holds(self) -> bool {
        LEFT_OUT.get() != Some(&self)
    }
}
