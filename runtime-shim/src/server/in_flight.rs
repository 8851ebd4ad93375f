//! Counts requests from their head to the end of their answer's body, and lets a drain wait for the last.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus::IntGauge;
use tokio::sync::Notify;

/// The count.
#[derive(Clone)]
pub struct Counter(Arc<Inner>);

struct Inner {
    count: AtomicUsize,
    gauge: IntGauge,
    /// Woken whenever the count has come to zero.
    none: Notify,
}

/// One request in flight; it ends when this is dropped.
pub struct InFlight(Arc<Inner>);

impl Counter {
    /// A count of zero that is shown in `gauge`.
    pub fn new(gauge: IntGauge) -> Self {
        Self(Arc::new(Inner { count: AtomicUsize::new(0), gauge, none: Notify::new() }))
    }

    /// One more request.
    pub fn begin(&self) -> InFlight {
        self.0.count.fetch_add(1, Ordering::Relaxed);
        self.0.gauge.inc();
        InFlight(Arc::clone(&self.0))
    }

    /// Returns once no request is in flight.
    pub async fn none(&self) {
        loop {
            // Made before the count is read, so that no wake-up between the two is missed.
            let woken = self.0.none.notified();
            if self.0.count.load(Ordering::Acquire) == 0 {
                return;
            }
            woken.await;
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.gauge.dec();
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_drain_waits_for_the_last_request() {
        let gauge = IntGauge::new("in_flight", "x").unwrap();
        let counter = Counter::new(gauge.clone());
        let (first, second) = (counter.begin(), counter.begin());
        assert_eq!(gauge.get(), 2);
        let waiting = tokio::spawn({
            let counter = counter.clone();
            async move { counter.none().await }
        });
        drop(first);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(second);
        waiting.await.unwrap();
        assert_eq!(gauge.get(), 0);
    }
}
