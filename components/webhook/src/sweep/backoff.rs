//! How long to wait before the next attempt.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_secs(5);
/// The longest wait, before what chance adds.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// One choice of chance: promotions that fail together come back together, to share a commit, and those of other branches
/// or replicas at another time.
pub(super) struct Backoff {
    chance: f64,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { chance: chance() }
    }

    /// The wait after this many attempts: doubled each time, and up to a quarter longer by chance.
    pub(super) fn delay(&self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1).min(16);
        let base = FIRST.saturating_mul(1 << doublings).min(LONGEST);
        base + base.mul_f64(self.chance / 4.0)
    }
}

/// A number from 0 to 1.
fn chance() -> f64 {
    // The keys of a new hasher are random.
    let random = RandomState::new().hash_one(());
    f64::from((random >> 32) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_doubles_up_to_its_limit() {
        for (attempts, seconds) in
            [(0, 5), (1, 5), (2, 10), (3, 20), (6, 160), (7, 300), (20, 300), (u32::MAX, 300)]
        {
            let base = Duration::from_secs(seconds);
            for _ in 0..50 {
                let delay = Backoff::new().delay(attempts);
                assert!(delay >= base && delay <= base + base / 4, "{attempts}: {delay:?}");
            }
        }
    }

    #[test]
    fn chance_spreads_the_waits() {
        let first = Backoff::new().delay(5);
        assert!((0..50).any(|_| Backoff::new().delay(5) != first));
    }
}
