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
    /// A certificate proves nothing before its first day and after its last.
    Expiry,
    /// Headers have a bound.
    Limits,
    /// A certificate that its authority took back proves nothing.
    Revocation,
    /// A group is synced before anyone is answered.
    Sync,
}

#[cfg(feature = "broken")]
impl Guard {
    const ALL: [Self; 4] = [Self::Expiry, Self::Limits, Self::Revocation, Self::Sync];

    const fn name(self) -> &'static str {
        match self {
            Self::Expiry => "expiry",
            Self::Limits => "limits",
            Self::Revocation => "revocation",
            Self::Sync => "sync",
        }
    }
}

#[cfg(feature = "broken")]
static LEFT_OUT: std::sync::OnceLock<Guard> = std::sync::OnceLock::new();

/// Leaves out the guard of that name for as long as the process runs; returns whether there is one
/// and none was left out before.
#[cfg(feature = "broken")]
pub fn leave_out(name: &str) -> bool {
    Guard::ALL
        .into_iter()
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
