//! The wish that a command that follows something end.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::Failure;

/// Ctrl-C and the system's wish to end.
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
    was_asked: bool,
}

impl Stop {
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            was_asked: false,
        })
    }

    /// Waits for it; at once if it came before.
    pub(super) async fn asked(&mut self) {
        if self.was_asked {
            return;
        }
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        self.was_asked = true;
    }

    pub(super) const fn was_asked(&self) -> bool {
        self.was_asked
    }
}
