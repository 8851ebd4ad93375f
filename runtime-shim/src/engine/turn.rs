//! Turns on the processors. A request that begins takes one, and gives it back as soon as its guest waits for something, so
//! that guests that compute are kept to about as many as there are processors, while those that wait for a network are
//! bounded by their number alone.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;

/// Turns for each processor. One more than can run, so that no processor waits for the next to be begun; guests that
/// answer fast then share few instances, which stay in the processor's caches.
pub const TURNS_PER_PROCESSOR: usize = 2;

/// Longest time that a turn is kept by one guest. A guest that computes for longer goes on without: a few endless loops
/// must not keep everybody else out until their time is up.
const QUANTUM: Duration = Duration::from_millis(250);

/// A turn, until it is dropped.
pub struct Turn {
    _permit: OwnedSemaphorePermit,
    since: Instant,
}

impl Turn {
    /// A turn that begins now.
    pub fn new(permit: OwnedSemaphorePermit) -> Self {
        Self { _permit: permit, since: Instant::now() }
    }
}

/// The turns that the requests of one instance hold.
#[derive(Default)]
pub(super) struct Turns {
    held: Mutex<Vec<Turn>>,
    /// Whether the guest was interrupted while it computed, since this was last looked at.
    interrupted: AtomicBool,
}

impl Turns {
    /// Keeps the turn of a request that begins.
    pub fn begin(&self, turn: Turn) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).push(turn);
    }

    /// The guest is interrupted while it computes.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// The instance lets others run. Gives turns back, unless it was made to. Says whether to look again soon: whoever
    /// was made to may wait for something by the time it is looked at.
    pub fn pause(&self) -> bool {
        let computes = self.interrupted.swap(false, Ordering::Relaxed);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|turn| computes && turn.since.elapsed() < QUANTUM);
        computes && !held.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    #[test]
    fn a_turn_is_kept_while_the_guest_computes_and_given_back_when_it_waits() {
        let (turns, permits) = (Turns::default(), Arc::new(Semaphore::new(1)));
        turns.begin(Turn::new(Arc::clone(&permits).try_acquire_owned().unwrap()));
        turns.interrupt();
        assert!(turns.pause(), "it is looked at again");
        assert_eq!(permits.available_permits(), 0);
        assert!(!turns.pause());
        assert_eq!(permits.available_permits(), 1);
    }

    #[test]
    fn a_guest_that_computes_for_long_does_not_keep_its_turn() {
        let (turns, permits) = (Turns::default(), Arc::new(Semaphore::new(1)));
        let since = Instant::now() - QUANTUM;
        let permit = Arc::clone(&permits).try_acquire_owned().unwrap();
        turns.begin(Turn { _permit: permit, since });
        turns.interrupt();
        assert!(!turns.pause());
        assert_eq!(permits.available_permits(), 1);
    }
}
