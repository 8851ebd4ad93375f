//! Where the process is between start and end, and what a drain waits for.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tokio::sync::watch;

/// What the process is doing; it only ever moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Components are being compiled; nothing is served yet.
    Starting,
    /// Requests are served.
    Serving,
    /// Still serving, but no longer ready: load balancers are to look elsewhere.
    Draining,
    /// No new connection is accepted; what is in flight is finished.
    Closing,
}

/// The phase, shared by listeners, probes and the signal handler.
#[derive(Clone)]
pub struct Lifecycle(Arc<Inner>);

struct Inner {
    phase: watch::Sender<Phase>,
    /// When the drain began.
    draining: OnceLock<Instant>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self(Arc::new(Inner { phase: watch::Sender::new(Phase::Starting), draining: OnceLock::new() }))
    }
}

impl Lifecycle {
    /// The phase now.
    pub fn phase(&self) -> Phase {
        *self.0.phase.borrow()
    }

    /// Moves on to `phase`; a step back is ignored.
    pub fn advance(&self, phase: Phase) {
        self.0.phase.send_if_modified(|current| {
            let forward = phase > *current;
            if forward {
                *current = phase;
            }
            forward
        });
    }

    /// Moves on to [`Phase::Draining`], and tells when that was first asked for.
    pub fn drain(&self) -> Instant {
        self.advance(Phase::Draining);
        *self.0.draining.get_or_init(Instant::now)
    }

    /// Returns once `phase` is reached or passed.
    pub async fn reached(&self, phase: Phase) {
        // The sender lives as long as `self`, so the only error cannot occur.
        let _ = self.0.phase.subscribe().wait_for(|current| *current >= phase).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn phases_only_move_forward() {
        let lifecycle = Lifecycle::default();
        lifecycle.advance(Phase::Draining);
        lifecycle.advance(Phase::Serving);
        assert_eq!(lifecycle.phase(), Phase::Draining);
        lifecycle.reached(Phase::Serving).await;
    }

    #[test]
    fn a_drain_began_when_it_was_first_asked_for() {
        let lifecycle = Lifecycle::default();
        assert_eq!(lifecycle.drain(), lifecycle.drain());
    }
}
