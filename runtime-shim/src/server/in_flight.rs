//! Counts requests from their head to the end of their answer's body, and lets a drain wait for the last.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus::IntGauge;
use tokio::sync::{Notify, OwnedSemaphorePermit};

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
pub struct InFlight {
    counter: Arc<Inner>,
    /// Whether the gauge shows it.
    shown: bool,
    /// Its place among the requests that are worked on, if it needs one.
    permit: Option<OwnedSemaphorePermit>,
}

impl InFlight {
    /// The same, with a place that is free again when the request ends.
    pub fn holding(mut self, permit: OwnedSemaphorePermit) -> Self {
        self.permit = Some(permit);
        self
    }
}

impl Counter {
    /// A count of zero that is shown in `gauge`.
    pub fn new(gauge: IntGauge) -> Self {
        Self(Arc::new(Inner { count: AtomicUsize::new(0), gauge, none: Notify::new() }))
    }

    /// One more request.
    pub fn begin(&self) -> InFlight {
        self.0.gauge.inc();
        self.enter(true)
    }

    /// One more that a drain waits for, but that is no traffic: the gauge does not show it.
    pub fn begin_uncounted(&self) -> InFlight {
        self.enter(false)
    }

    fn enter(&self, shown: bool) -> InFlight {
        self.0.count.fetch_add(1, Ordering::Relaxed);
        InFlight { counter: Arc::clone(&self.0), shown, permit: None }
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
        if self.shown {
            self.counter.gauge.dec();
        }
        if self.counter.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.counter.none.notify_waiters();
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
        let (first, second) = (counter.begin(), counter.begin_uncounted());
        assert_eq!(gauge.get(), 1, "only traffic is shown");
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
