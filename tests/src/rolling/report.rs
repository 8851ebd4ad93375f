//! What became of the requests.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counts, and a sentence for each failure.
#[derive(Debug, Default)]
pub struct Report {
    answered: AtomicU64,
    /// Requests in flight at each signal.
    at_signal: Mutex<Vec<u64>>,
    failures: Mutex<Vec<String>>,
}

impl Report {
    pub(super) fn answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed(&self, sentence: String) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(sentence);
    }

    pub(super) fn in_flight_at_signal(&self, count: u64) {
        self.at_signal.lock().unwrap_or_else(PoisonError::into_inner).push(count);
    }

    /// Requests whose whole answer came and was right.
    pub fn requests(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// What went wrong, a sentence for each request.
    pub fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failures = self.failures();
        for failure in failures.iter().take(20) {
            writeln!(to, "{failure}")?;
        }
        let at_signal = self.at_signal.lock().unwrap_or_else(PoisonError::into_inner);
        let (least, most) = (at_signal.iter().min(), at_signal.iter().max());
        write!(
            to,
            "drains {} with {} to {} requests in flight, requests answered {}, failed {}",
            at_signal.len(),
            least.unwrap_or(&0),
            most.unwrap_or(&0),
            self.requests(),
            failures.len()
        )
    }
}
