//! Which requests are logged.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::ValueEnum;

use crate::metrics::Answered;

/// Which requests have a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Logged {
    /// All, or the share of them that --access-log-sample says.
    All,
    /// Answers with a status of 5xx, and slow ones.
    Errors,
    /// None.
    Off,
}

/// Decides for each request whether it is logged.
pub struct AccessLog {
    logged: Logged,
    /// Of all values that a hash can have, those below are kept; all if there is none.
    kept: Option<u64>,
    slow: Duration,
    /// Requests that were left to chance.
    count: AtomicU64,
    chance: RandomState,
}

impl AccessLog {
    /// Keeps this share of requests, from 0 to 1, and each that takes as long as `slow`.
    pub fn new(logged: Logged, share: f64, slow: Duration) -> Self {
        // Conversion rounds and saturates; what it may be off by is no request in many millions.
        let kept = (share < 1.0).then_some((share * u64::MAX as f64) as u64);
        Self { logged, kept, slow, count: AtomicU64::new(0), chance: RandomState::new() }
    }

    /// Whether this request has a line. Failures and slow ones always have, unless there is no access log.
    pub fn keeps(&self, answered: &Answered<'_>) -> bool {
        match self.logged {
            Logged::Off => false,
            _ if answered.status.is_server_error() || answered.duration >= self.slow => true,
            Logged::Errors => false,
            Logged::All => self.kept.is_none_or(|kept| self.roll() < kept),
        }
    }

    /// A number that nobody can foresee, without asking the system for one each time.
    fn roll(&self) -> u64 {
        self.chance.hash_one(self.count.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use http::{Method, StatusCode};

    use super::*;

    const SLOW: Duration = Duration::from_secs(1);

    fn kept(log: &AccessLog, requests: usize, status: u16, duration: Duration) -> usize {
        let status = StatusCode::from_u16(status).unwrap();
        let answered = Answered { component: "a", method: &Method::GET, route: "/", status, duration };
        (0..requests).filter(|_| log.keeps(&answered)).count()
    }

    #[test]
    fn failures_and_slow_requests_are_kept_whatever_the_share() {
        for (logged, share) in [(Logged::All, 0.0), (Logged::Errors, 1.0)] {
            let log = AccessLog::new(logged, share, SLOW);
            assert_eq!(kept(&log, 100, 200, SLOW / 2), 0, "{logged:?}");
            assert_eq!(kept(&log, 100, 404, SLOW / 2), 0, "{logged:?}");
            assert_eq!(kept(&log, 100, 500, SLOW / 2), 100, "{logged:?}");
            assert_eq!(kept(&log, 100, 200, SLOW), 100, "{logged:?}");
        }
    }

    #[test]
    fn about_the_share_is_kept() {
        let log = AccessLog::new(Logged::All, 0.1, SLOW);
        // Six standard deviations around 1,000.
        let kept = kept(&log, 10_000, 200, Duration::ZERO);
        assert!((820..1_180).contains(&kept), "{kept}");
    }

    #[test]
    fn all_means_all_and_off_means_none() {
        assert_eq!(kept(&AccessLog::new(Logged::All, 1.0, SLOW), 1_000, 200, Duration::ZERO), 1_000);
        assert_eq!(kept(&AccessLog::new(Logged::Off, 1.0, SLOW), 1_000, 500, SLOW), 0);
    }
}
